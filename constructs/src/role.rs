//! IAM roles: their trust policies, and the handles that receive grants.

use std::collections::BTreeSet;

use lakewright_policies::condition::{Comparison, Condition, Operator};
use lakewright_policies::document::DocumentError;
use lakewright_policies::merge::{Tagged, merge};
use lakewright_policies::service::{SendsSource, Service};
use lakewright_policies::size::document_characters;
use lakewright_policies::{Conditions, Principal, Statement, TrustPolicy};
use lakewright_synth::{
    Cause, Construct, Grantee, Options, PolicyOwner, PolicySlot, Record, Scope, Together,
};
use lakewright_template::arn::ArnParts;
use lakewright_template::place::Place;
use lakewright_template::{AccountId, Arn, Expr, Map, Name, Ref, Value};

use crate::cfn::iam;
use crate::people::ByPeople;

/// Something that can receive grants: a role of this stack, or one known by its ARN.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot receive permissions",
    label = "not a role",
    note = "grant to a `RoleHandle` or an `ImportedRole`"
)]
pub trait Receives: sealed::Sealed {
    /// The role's identity, as grants use it.
    fn grantee(&self) -> &Grantee;
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::RoleHandle {}
    impl Sealed for super::ImportedRole {}
}

/// An entry of a role's trust policy. A role needs at least one.
#[derive(Debug, Clone, PartialEq)]
pub enum Trust {
    /// An AWS service, restricted by `aws:SourceAccount` to the role's account. Where AWS does not document that the service
    /// sends this key, the condition applies only if the key is sent.
    Service(Service),
    /// Another role of the mesh, which must exist.
    Role {
        /// The role's ARN.
        arn: String,
        /// The name on the command line, such as `pivot-role/finance`.
        name: String,
        /// The allowed actions. Session tags and the external id are not restricted.
        actions: &'static [&'static str],
    },
    /// A role that may be created later than this one. The statement names its account and restricts it to the role by a
    /// condition. The role's own policy must allow the action as well.
    Later {
        /// The role's ARN.
        arn: String,
        /// The name on the command line.
        name: String,
    },
    /// Roles of another account, which must pass an external id.
    External {
        /// The account.
        account: AccountId,
        /// The roles' ARNs.
        roles: Vec<String>,
        /// The external id.
        external_id: String,
    },
    /// Session tags that whoever assumes the role by another entry may pass, if it is a role of this account: no other keys
    /// than these, and one of them with this value. By this entry alone nobody assumes the role.
    SessionTags {
        /// The account.
        account: AccountId,
        /// The keys that may be passed.
        keys: Vec<String>,
        /// The tag that has to be passed, with its value.
        required: (String, String),
    },
    /// People, by one statement of their sign-in method.
    People(Box<ByPeople>),
}

/// The kind of identity policy that holds a role's statements.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Policies {
    /// One inline policy with this name.
    Inline(String),
    /// Managed policies.
    Managed {
        /// The prefix of their names; a number follows.
        name: String,
        /// The maximum number of policies.
        policies: usize,
    },
}

/// A role.
#[derive(Debug, Clone, PartialEq)]
pub struct Role {
    /// The role's name: 64 characters at most.
    pub name: String,
    /// The description.
    pub description: String,
    /// The role's name on the command line, such as `team/finance/Analysts`.
    pub grantee: String,
    /// The entries of its trust policy.
    pub trust: Vec<Trust>,
    /// The kind of policy that holds its statements.
    pub policies: Policies,
    /// The ARN of its permissions boundary; `None` for a role without one.
    pub boundary: Option<String>,
    /// Tags besides the tags of the stack.
    pub tags: Vec<(&'static str, String)>,
}

/// A role of this stack.
#[derive(Debug, Clone)]
pub struct RoleHandle {
    reference: Ref<iam::Role>,
    grantee: Grantee,
}

/// A role that already exists, or that another stack creates. This stack cannot delete it.
#[derive(Debug, Clone)]
pub struct ImportedRole {
    grantee: Grantee,
}

impl Receives for RoleHandle {
    fn grantee(&self) -> &Grantee {
        &self.grantee
    }
}

impl Receives for ImportedRole {
    fn grantee(&self) -> &Grantee {
        &self.grantee
    }
}

impl ImportedRole {
    /// A role by its ARN, and its name on the command line.
    pub fn new(account: AccountId, arn: &str, name: &str) -> Self {
        Self {
            grantee: Grantee {
                name: name.to_owned(),
                arn: Value::text(arn.to_owned()),
                known_arn: arn.to_owned(),
                account,
                identity: None,
                tag: None,
            },
        }
    }

    /// This role, known to have the tag [`lakewright_synth::ROLE_TAG`] with this value.
    #[must_use]
    pub fn with_tag(self, value: String) -> Self {
        Self { grantee: Grantee { tag: Some(value), ..self.grantee } }
    }

    /// The role's ARN.
    pub fn arn(&self) -> Expr<Arn<iam::Role>> {
        Expr::known_arn(self.grantee.known_arn.clone())
    }

    /// This role, whose grants go into a policy of this stack that is attached to it.
    #[must_use]
    pub fn with_policy(&self, policy: PolicySlot) -> Self {
        Self { grantee: Grantee { identity: Some(policy), ..self.grantee.clone() } }
    }
}

impl RoleHandle {
    /// The role's ARN.
    pub fn arn(&self) -> Expr<Arn<iam::Role>> {
        self.reference.attribute(&iam::Role::ARN)
    }

    /// The role's name.
    pub fn name(&self) -> Expr<Name<iam::Role>> {
        self.reference.name()
    }

    /// The role's identity policy, to which grants add statements.
    pub fn policy(&self) -> Option<PolicySlot> {
        self.grantee.identity
    }

    /// This role, whose further grants go into separate managed policies, so that these change independently of its other
    /// grants. `name` is the prefix of their names, `policies` their maximum number.
    #[must_use]
    pub fn with_policies(&self, scope: &mut Scope<'_>, name: String, policies: usize) -> Self {
        let role = self.reference.name().into();
        let together = Together::Target;
        let owner = PolicyOwner::RoleManaged { role, name, policies, together };
        let identity = Some(scope.policy(owner, Vec::new()));
        Self { grantee: Grantee { identity, ..self.grantee.clone() }, ..self.clone() }
    }
}

impl Construct for Role {
    type Handle = RoleHandle;

    fn build(self, scope: &mut Scope<'_>) -> RoleHandle {
        let place = scope.spec().place.clone();
        let known_arn = place.role_arn(&self.name);
        self.record_trust(scope, &place, &known_arn);
        // A missing boundary that denies nothing cannot be found by any request, so the boundary is recorded.
        self.record_boundary(scope, &known_arn);
        let document = trust_document(&self.trust, &place).unwrap_or_else(|error| {
            scope.refuse(error);
            Map::new().into()
        });
        let tags = self.tags.iter().map(|(key, value)| iam::RoleTag {
            key: Some((*key).into()),
            value: Some(value.clone().into()),
        });
        let resource = iam::Role {
            role_name: Some(self.name.clone().into()),
            description: Some(printable(&self.description).into()),
            assume_role_policy_document: Some(Expr::unchecked(document)),
            permissions_boundary: self.boundary.clone().map(Expr::unchecked),
            tags: Some(tags.collect()),
            ..iam::Role::default()
        };
        let reference = scope.resource(resource, Options::default());
        let role = Value::from(reference.name());
        let owner = match self.policies {
            Policies::Inline(name) => PolicyOwner::RoleInline { role, name },
            Policies::Managed { name, policies } => {
                PolicyOwner::RoleManaged { role, name, policies, together: Together::Name }
            }
        };
        let identity = scope.policy(owner, Vec::new());
        let grantee = Grantee {
            name: self.grantee,
            arn: reference.attribute(&iam::Role::ARN).into(),
            known_arn,
            account: place.account,
            identity: Some(identity),
            tag: None,
        };
        RoleHandle { reference, grantee }
    }
}

impl Role {
    fn record_boundary(&self, scope: &mut Scope<'_>, known_arn: &str) {
        if let Some(boundary) = &self.boundary {
            scope.record(Record {
                principal: self.grantee.clone(),
                principal_arn: known_arn.to_owned(),
                access: "bounded",
                resource: self.grantee.clone(),
                actions: Vec::new(),
                resources: vec![boundary.clone()],
                conditions: Vec::new(),
            });
        }
    }

    fn record_trust(&self, scope: &mut Scope<'_>, place: &Place, known_arn: &str) {
        for trust in &self.trust {
            let assume = || vec!["sts:AssumeRole".into()];
            let (principal, principal_arn, actions, conditions) = match trust {
                Trust::Service(service) => (
                    format!("service/{}", service.principal),
                    service.principal.to_owned(),
                    assume(),
                    shown(&service.acting_for(&place.account)),
                ),
                Trust::Role { arn, name, actions } => (
                    name.clone(),
                    arn.clone(),
                    actions.iter().map(|action| (*action).into()).collect(),
                    Vec::new(),
                ),
                Trust::Later { arn, name } => (name.clone(), arn.clone(), assume(), Vec::new()),
                Trust::External { account, roles, external_id } => (
                    format!("account/{account}"),
                    place.root_arn(account),
                    assume(),
                    shown(&external_conditions(roles, external_id)),
                ),
                Trust::SessionTags { account, keys, required } => (
                    format!("account/{account}"),
                    place.root_arn(account),
                    vec!["sts:TagSession".into()],
                    shown(&session_tags(keys, required)),
                ),
                Trust::People(people) => people.meant(),
            };
            scope.record(Record {
                principal,
                principal_arn,
                access: "assume",
                resource: self.grantee.clone(),
                actions,
                resources: vec![known_arn.to_owned()],
                conditions,
            });
        }
    }
}

/// The size of a trust policy with these entries, in characters as IAM counts them.
pub fn trust_characters(trust: &[Trust], place: &Place) -> usize {
    document_characters(&trust_statements(trust, place))
}

fn trust_document(trust: &[Trust], place: &Place) -> Result<Value, DocumentError> {
    if trust.is_empty() {
        return Err(DocumentError::NoStatement);
    }
    Ok(TrustPolicy::new(trust_statements(trust, place))?.into_value())
}

/// The statements of a trust policy. Statements that differ in one set only, such as their services or the roles in one
/// condition, are merged: the meaning stays the same, and IAM limits a trust policy to 2,048 characters.
fn trust_statements(trust: &[Trust], place: &Place) -> Vec<Statement> {
    let statements = trust.iter().enumerate().map(|(number, one)| match one {
        Trust::Service(service) => {
            Statement::allow(service_sid(trust, *service), ["sts:AssumeRole"], [""; 0])
                .for_principals([Principal::Service(service.principal.into())])
                .when(service.acting_for(&place.account))
        }
        Trust::Role { arn, actions, .. } => {
            Statement::allow(format!("Role{number}"), actions.iter().copied(), [""; 0])
                .for_principals([Principal::Aws(arn.clone().into())])
        }
        Trust::Later { arn, .. } => {
            Statement::allow(later_sid(arn, place), ["sts:AssumeRole"], [""; 0])
                .for_principals([Principal::Aws(place.root_arn(account_of(arn)).into())])
                .when(Conditions::none().with(principal_is(std::slice::from_ref(arn))))
        }
        Trust::External { account, roles, external_id } => {
            Statement::allow(format!("External{number}"), ["sts:AssumeRole"], [""; 0])
                .for_principals([Principal::Aws(place.root_arn(account).into())])
                .when(external_conditions(roles, external_id))
        }
        Trust::SessionTags { account, keys, required } => {
            Statement::allow(format!("SessionTags{number}"), ["sts:TagSession"], [""; 0])
                .for_principals([Principal::Aws(place.root_arn(account).into())])
                .when(session_tags(keys, required))
        }
        Trust::People(people) => people.statement(),
    });
    let tagged = statements.map(|statement| Tagged::new(statement, BTreeSet::<Cause>::new()));
    merge(tagged.collect()).into_iter().map(|tagged| tagged.statement).collect()
}

/// The `Sid` of the statement for a service. It contains the service's name if the statement covers no other service.
fn service_sid(trust: &[Trust], service: Service) -> String {
    let sends = service.sends_source;
    let is_alike =
        |one: &&Trust| matches!(one, Trust::Service(other) if other.sends_source == sends);
    if trust.iter().filter(is_alike).count() > 1 {
        let name = match sends {
            SendsSource::Documented => "Services",
            SendsSource::Undocumented => "ServicesIfSent",
        };
        return name.to_owned();
    }
    // A `Sid` has only letters and digits, so not the `-` of `vpc-flow-logs`.
    let words = service.principal.split('.').next().unwrap_or_default().split('-');
    let letters = words.flat_map(|word| {
        let mut rest = word.chars();
        let first = rest.next().map(|first| first.to_ascii_uppercase());
        first.into_iter().chain(rest)
    });
    let name: String = letters.filter(char::is_ascii_alphanumeric).collect();
    format!("Service{name}")
}

/// The `Sid` of the statement for roles that may be created later. The roles of one account share a statement.
fn later_sid(arn: &str, place: &Place) -> String {
    let account = account_of(arn);
    if account == place.account { "Later".to_owned() } else { format!("Later{account}") }
}

pub(crate) fn account_of(arn: &str) -> &str {
    ArnParts::parse(arn).map_or("", |arn| arn.account)
}

fn external_conditions(roles: &[String], external_id: &str) -> Conditions {
    Conditions::none()
        .with(Condition::new(Comparison::StringEquals, "sts:ExternalId", external_id.to_owned()))
        .with(principal_is(roles))
}

/// The conditions of a request that passes session tags: no other keys than these, and one tag with this value.
///
/// Session tags take the place of a role's own tags ("Pass session tags in AWS STS" in the IAM user guide), and policies of a
/// mesh know teams' roles by a tag, so no other key may be passed. `sts:TagSession` has no condition key for the external id
/// (service authorization reference), and needs none: without the external id the role is not assumed.
pub fn session_tags(keys: &[String], (key, value): &(String, String)) -> Conditions {
    let only = Condition {
        operator: Operator::new(Comparison::StringEquals).for_all_values(),
        key: "aws:TagKeys".into(),
        values: keys.iter().cloned().map(Value::from).collect(),
    };
    let required =
        Condition::new(Comparison::StringEquals, format!("aws:RequestTag/{key}"), value.clone());
    // `ForAllValues` also holds for a request without the key.
    let some = Condition::new(Comparison::Null, "aws:TagKeys", "false");
    Conditions::none().with(only).with(some).with(required)
}

/// The condition that the caller is one of these roles, given by ARN, for statements that cannot name them as principals.
pub fn principal_is(roles: &[String]) -> Condition {
    Condition {
        operator: Operator::new(Comparison::ArnEquals),
        key: "aws:PrincipalArn".into(),
        values: roles.iter().cloned().map(Value::from).collect(),
    }
}

/// Conditions in the form of intended grants. Values that are not text are left out.
pub(crate) fn shown(conditions: &Conditions) -> Vec<String> {
    conditions.lines(|value| value.as_text().map(str::to_owned))
}

/// A text that IAM and Glue accept as a description: Latin characters, at most 1,000.
pub fn printable(text: &str) -> String {
    // Linters take `${` for a variable of `Fn::Sub`.
    let text = text.replace("${", "$ {");
    let is_printable = |c: &char| matches!(c, ' '..='~' | '\u{a1}'..='\u{ff}');
    text.chars()
        .map(|c| if c.is_whitespace() { ' ' } else { c })
        .filter(is_printable)
        .take(1_000)
        .collect()
}

/// A map as the JSON property of a generated struct.
pub(crate) fn json(map: Map) -> Expr<lakewright_template::Json> {
    map.into()
}

#[cfg(test)]
mod tests;
