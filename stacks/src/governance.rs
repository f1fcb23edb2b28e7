//! The `governance` stacks, in the central account: the policy store of Amazon Verified Permissions with what is built in, and
//! the access policies of the mesh, spread over further stacks.

mod placement;
mod runway;

use std::collections::BTreeMap;

use lakewright_constructs::key::Key;
use lakewright_constructs::parameter::Parameter;
use lakewright_constructs::policy_store::{
    IdentitySource, PolicyStore, Provider, StaticPolicy, Tokens, key_statements,
};
use lakewright_governance::store::{Store, StoreError, StoredPolicy};
use lakewright_governance::{Source, schema};
use lakewright_manifest::mesh::{Effect, GovernanceSettings, IdentityProvider, TokenKind};
use lakewright_manifest::name::Claim;
use lakewright_manifest::{Code, Diagnostic, Id, Mesh, Report};
use lakewright_synth::{Construct as _, Scope};
use lakewright_template::limits::quota;
use lakewright_template::{Expr, Text};

use crate::Names;
use crate::diagnose::cause;
pub(crate) use runway::bounds;

/// The name of the policy store as a target, as on the command line.
const TARGET: &str = "governance";

/// What one of the stacks holds.
#[derive(Debug, Clone, Hash)]
pub(crate) struct Part {
    /// The schema, in the stack of the policy store.
    schema: Option<String>,
    /// The number of a stack with access policies.
    pub(crate) number: Option<usize>,
    policies: Vec<Labelled>,
}

/// A policy with the label of its document.
#[derive(Debug, Clone, Hash)]
struct Labelled {
    policy: StoredPolicy,
    label: String,
}

/// The stacks that the policy store of a mesh needs: none, if the mesh has no policy store.
///
/// # Errors
///
/// What a policy store does not take, at manifest lines.
pub(crate) fn parts(mesh: &Mesh) -> Result<Vec<Part>, Report> {
    let store = match Store::of(mesh) {
        None => return Ok(Vec::new()),
        Some(Ok(store)) => store,
        Some(Err(errors)) => {
            let mut report = Report::new();
            errors.iter().map(diagnostic).for_each(|one| report.push(one));
            return Err(report);
        }
    };
    let mut own = Vec::new();
    let mut others: BTreeMap<usize, Vec<Labelled>> = BTreeMap::new();
    for policy in store.policies {
        let document = policy.rule.strip_prefix("policy/").and_then(|id| Id::parse(id).ok());
        let document = document.and_then(|id| mesh.access_policies.get(&id));
        let label = document.map(|document| document.header.label.clone()).unwrap_or_default();
        let list = match policy.source {
            Source::Document => others.entry(placement::stack_of(&policy.rule)).or_default(),
            Source::Default | Source::BuiltIn | Source::Implied => &mut own,
        };
        list.push(Labelled { policy, label });
    }
    let report = too_many(&others);
    if report.has_errors() {
        return Err(report);
    }
    let first = Part { schema: Some(store.schema), number: None, policies: own };
    let others = others.into_iter();
    let others =
        others.map(|(number, policies)| Part { schema: None, number: Some(number), policies });
    Ok(std::iter::once(first).chain(others).collect())
}

fn diagnostic(error: &StoreError) -> Diagnostic {
    let help = match error {
        StoreError::Policy { .. } | StoreError::Invalid { .. } => {
            "name privileges that are about the resources of the policy".to_owned()
        }
        StoreError::TooLarge { .. } => {
            format!("split the policy; {}", quota::CEDAR_POLICY_BYTES.raise())
        }
        StoreError::LongName { .. } => "name a group of the identity provider instead".to_owned(),
        StoreError::TooLargeTogether { .. } => {
            format!("join policies; {}", quota::CEDAR_RESOURCE_BYTES.raise())
        }
        StoreError::Schema { .. } => "this is a defect of Lakewright; please report it".to_owned(),
    };
    let code = if error.is_limit() { Code::LimitExceeded } else { Code::InvalidValue };
    Diagnostic::new(code, error.to_string()).at(error.origin(), "").help(help)
}

/// Policies beyond what one stack takes. They cannot move to another stack: the policy would be missing in between.
fn too_many(stacks: &BTreeMap<usize, Vec<Labelled>>) -> Report {
    let mut report = Report::new();
    for policies in stacks.values() {
        for Labelled { policy, .. } in policies.iter().skip(placement::MOST) {
            let message = format!(
                "the stack of access policy `{}` has {} policies, and takes {}",
                policy.rule,
                policies.len(),
                placement::MOST
            );
            let diagnostic = Diagnostic::new(Code::LimitExceeded, message)
                .at(policy.origin, "")
                .help("join policies, or give this one another id: its id decides which stack it is in");
            report.push(diagnostic);
        }
    }
    report
}

pub(crate) fn build(scope: &mut Scope<'_>, names: Names<'_>, part: &Part) {
    // Only a mesh with these settings has parts.
    let Some(settings) = &names.tenant().governance else { return };
    let store = match &part.schema {
        Some(schema) => store(scope, names, settings, schema),
        None => scope.ssm_parameter(
            "PolicyStoreId",
            names.policy_store_parameter(),
            "The SSM parameter with the id of the policy store",
        ),
    };
    for Labelled { policy, label } in &part.policies {
        let group = match policy.effect {
            Effect::Allow => "Permit",
            Effect::Deny => "Forbid",
        };
        let mut scope = scope.because(cause(policy.origin));
        let mut scope = scope.named_child(group, &policy.rule);
        let policy = StaticPolicy {
            name: policy.name(),
            description: label.clone(),
            statement: policy.text.clone(),
            store: store.clone(),
        };
        policy.build(&mut scope);
    }
}

/// The policy store with its key, its alias, its identity source, and the parameter by which the other stacks find it.
fn store(
    scope: &mut Scope<'_>,
    names: Names<'_>,
    settings: &GovernanceSettings,
    schema: &str,
) -> Expr<Text> {
    let tenant = names.tenant();
    let place = names.central_place();
    let deployer = place.role_arn(&Names::execution_role(&tenant.resource_prefix, &place.region));
    let callers: Vec<String> = settings.callers.iter().map(ToString::to_string).collect();
    let key = scope.add(
        "Key",
        Key {
            description: "Access policies".to_owned(),
            alias: names.policy_store(),
            target: TARGET.to_owned(),
            statements: key_statements(&place, &[deployer], &callers),
            // The policy store stays when its stack is deleted, and cannot be read without its key.
            retain: true,
        },
    );
    let id = scope.add(
        "Store",
        PolicyStore {
            description: format!("Access policies of the mesh {}", tenant.header.id),
            alias: names.policy_store(),
            schema: schema.to_owned(),
            key,
            source: source(settings),
        },
    );
    let parameter = Parameter {
        name: names.policy_store_parameter(),
        description: "The id of the policy store",
        value: id.clone(),
    };
    scope.add("Id", parameter);
    id
}

fn source(settings: &GovernanceSettings) -> IdentitySource {
    let texts = |list: &[Claim]| -> Vec<String> { list.iter().map(ToString::to_string).collect() };
    let provider = match &settings.provider {
        IdentityProvider::Cognito { user_pool, client_ids } => {
            Provider::Cognito { user_pool: user_pool.to_string(), client_ids: texts(client_ids) }
        }
        IdentityProvider::OpenId { issuer, audiences, token, group_claim, user_claim, prefix } => {
            Provider::OpenId {
                issuer: issuer.to_string(),
                prefix: prefix.to_string(),
                group_claim: group_claim.to_string(),
                user_claim: user_claim.to_string(),
                tokens: match token {
                    TokenKind::Identity => Tokens::Identity(texts(audiences)),
                    TokenKind::Access => Tokens::Access(texts(audiences)),
                },
            }
        }
    };
    IdentitySource { users: schema::users(), groups: schema::teams(), provider }
}

#[cfg(test)]
mod tests;
