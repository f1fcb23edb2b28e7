//! Guardrails: rules for the policies of templates, both synthesized and third-party.
//!
//! | function | looks at | called |
//! | --- | --- | --- |
//! | [`emitted()`] | one template of ours; skips statements of a shape that is known to be fine | when the template is made |
//! | [`across`] | all templates of a mesh, for what only several show together | by `check` and `prove` |
//! | [`check_with`] | everything in one template | for each template of a folder |
//! | [`together`] | the templates of a folder, for what only several show together | for a folder |
//! | [`lakeformation`], [`moved`] | Lake Formation's resources, and what a change moves | for a folder |

#[cfg(test)]
mod anybodys;
mod catalog;
mod combined;
mod emitted;
mod escalation;
#[cfg(test)]
mod partitions;
mod principals;
mod role_tag;
mod shape;
mod statement;
#[cfg(test)]
mod tests;
mod unknown;
mod write_and_attach;

use std::collections::BTreeSet;

use lakewright_access::document::{Document, Origin};
use lakewright_access::world::World;

pub use catalog::{lakeformation, moved};
pub use emitted::emitted;

macro_rules! guardrails {
    ($($(#[$doc:meta])* $variant:ident $code:literal,)*) => {
        /// A guardrail rule. Codes are stable: scripts match on them.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Guardrail {
            $($(#[$doc])* $variant,)*
        }

        impl Guardrail {
            /// Every rule, in the order of the list below.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The code as users see it.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code,)* }
            }

            /// The page that explains the rule, in Markdown.
            pub const fn page(self) -> &'static str {
                match self {
                    $(Self::$variant => include_str!(concat!("../../docs/guardrails/", $code, ".md")),)*
                }
            }
        }
    };
}

guardrails! {
    /// An allowed action never applies to any of the listed resources.
    ActionWithoutResource "action-without-resource",
    /// Two roles may assume each other.
    AssumeBack "assume-back",
    /// Any role may be assumed.
    AssumeAnyRole "assume-any-role",
    /// A role has an AWS managed policy that opens a whole service.
    BroadManagedPolicy "broad-managed-policy",
    /// A statement names an account by its canonical user ID, which does not show which account it is.
    CanonicalUser "canonical-user",
    /// A principal may change other owners' stacks with the execution roles of these stacks.
    ChangeSetsOnOthers "change-sets-on-others",
    /// A role may change the code that another role runs.
    CodeOfOthers "code-of-others",
    /// A role may set tags that policies compare.
    DecidingTag "deciding-tag",
    /// Lake Formation settings contain an empty list of default permissions.
    EmptyDefaults "empty-defaults",
    /// Lake Formation grants something to every IAM principal with access.
    EverybodyInLakeFormation "everybody-in-lake-formation",
    /// A `ForAllValues` condition holds for a request without the key.
    ForAllValuesWithoutNull "for-all-values-without-null",
    /// A condition key that the action never carries.
    ForeignConditionKey "foreign-condition-key",
    /// Roles or policies may be created without a permissions boundary.
    IamWithoutBoundary "iam-without-boundary",
    /// No principal can change the policy of a key.
    KeyLockout "key-lockout",
    /// A policy, or a principal in it, that IAM would reject.
    MalformedPolicy "malformed-policy",
    /// An `Allow` statement with `NotAction`, `NotResource` or `NotPrincipal`.
    NotWithAllow "not-with-allow",
    /// Any identity of an identity provider may assume a role.
    OpenFederation "open-federation",
    /// A role or a key is open to a whole organization.
    OpenOrganization "open-organization",
    /// A role may pass another role to a service and create what runs with it.
    PassAndCreate "pass-and-create",
    /// Any role may be passed, or to any service.
    PassAnyRole "pass-any-role",
    /// Two Lake Formation permissions have the same principal and resource.
    PermissionTwice "permission-twice",
    /// A role may change its own rights.
    PolicyOnOneself "policy-on-oneself",
    /// A presigned URL may be created for any user profile.
    PresignedUrl "presigned-url",
    /// A role may set tags of roles that policies compare.
    RoleTag "role-tag",
    /// A service may act for any account.
    ServiceWithoutSource "service-without-source",
    /// Two tags of a resource differ in case only.
    TagCase "tag-case",
    /// An action that does not exist.
    UnknownAction "unknown-action",
    /// Actions are allowed by a wildcard pattern.
    WildcardAction "wildcard-action",
    /// Everybody is allowed, without a condition.
    WildcardPrincipal "wildcard-principal",
    /// All resources are allowed, for an action that supports narrower ones.
    WildcardResource "wildcard-resource",
    /// A role may both write and attach a managed policy.
    WriteAndAttach "write-and-attach",
}

impl Guardrail {
    /// The rule with this code.
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|rule| rule.code() == code)
    }
}

/// The kind of a policy document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DocumentKind {
    /// An identity policy.
    Identity,
    /// A permissions boundary: it grants nothing by itself.
    Boundary,
    /// The key policy of a KMS key.
    Key,
    /// The policy of another resource.
    Resource,
    /// The trust policy of a role.
    Trust,
}

/// The origin of a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Whose {
    /// A third-party template: its actions may be newer than the catalogue.
    Anybodys,
    /// A synthesized template: all of its services are in the catalogue.
    Ours,
}

/// A violation of a rule.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Breach {
    /// The rule.
    pub rule: Guardrail,
    /// Where the violation is declared.
    pub origin: Origin,
    /// The `Sid` of the statement; empty if several are involved.
    pub sid: String,
    /// What was found, and what was expected.
    pub message: String,
}

impl Breach {
    /// A violation by one statement or, with an empty `sid`, by the whole document.
    fn new(rule: Guardrail, origin: &Origin, sid: &str, message: String) -> Self {
        Self { rule, origin: origin.clone(), sid: sid.to_owned(), message }
    }
}

/// Checks all templates of a world.
pub fn check(world: &World) -> Vec<Breach> {
    check_with(world, &BTreeSet::new())
}

/// Checks some of several templates. `of_others` has the ARNs of policies that other templates use as permissions
/// boundaries: these grant nothing.
pub fn check_with(world: &World, of_others: &BTreeSet<String>) -> Vec<Breach> {
    let mut breaches = Vec::new();
    roles(world, &mut breaches);
    between_roles(world, &mut breaches);
    for (origin, name) in world.attachments() {
        escalation::broad(name, origin, &mut breaches);
    }
    for malformed in world.malformed() {
        let message = malformed.problem.to_string();
        breaches.push(Breach::new(Guardrail::MalformedPolicy, &malformed.origin, "", message));
    }
    documents(world, of_others, &mut breaches);
    breaches.sort();
    breaches.dedup();
    breaches
}

/// Runs the rules that need several third-party templates together.
pub fn together(world: &World) -> Vec<Breach> {
    let mut breaches = Vec::new();
    roles(world, &mut breaches);
    between_roles(world, &mut breaches);
    breaches
}

/// Runs the rules that need all templates of a mesh together. [`emitted`] has already checked each template.
pub fn across(world: &World) -> Vec<Breach> {
    let mut breaches = Vec::new();
    roles(world, &mut breaches);
    between_roles(world, &mut breaches);
    // Policies of roles that another template creates.
    for role in world.roles().values() {
        let is_elsewhere = |document: &&Document| document.origin.stack != role.trust.origin.stack;
        for document in role.identity.iter().map(AsRef::as_ref).filter(is_elsewhere) {
            for statement in &document.statements {
                statement::check(
                    document,
                    statement,
                    DocumentKind::Identity,
                    Whose::Ours,
                    &mut breaches,
                );
            }
        }
    }
    breaches.sort();
    breaches.dedup();
    breaches
}

/// Checks the combined statements of each role, and roles that can assume each other.
fn roles(world: &World, breaches: &mut Vec<Breach>) {
    for role in world.roles().values() {
        escalation::role(role, breaches);
    }
    escalation::assume_back(world, breaches);
    combined::pass_and_create(world, breaches);
    combined::deciding_tags(world, breaches);
}

/// Checks the effects of roles on other roles, which may be in other templates.
fn between_roles(world: &World, breaches: &mut Vec<Breach>) {
    escalation::code_of_others(world, breaches);
    role_tag::check(world, breaches);
    write_and_attach::check(world, breaches);
}

/// Checks each document separately.
fn documents(world: &World, of_others: &BTreeSet<String>, breaches: &mut Vec<Breach>) {
    let own = world.roles().values().filter_map(|role| role.boundary.as_ref());
    let boundaries: BTreeSet<&String> = own.chain(of_others).collect();
    let mut seen: BTreeSet<&Origin> = BTreeSet::new();
    let mut documents: Vec<(&Document, DocumentKind)> = Vec::new();
    for (arn, document) in world.managed() {
        if boundaries.contains(arn) {
            documents.push((document, DocumentKind::Boundary));
            seen.insert(&document.origin);
        }
    }
    for role in world.roles().values() {
        statement::tags(&role.tags, &role.trust.origin, breaches);
        documents.push((&role.trust, DocumentKind::Trust));
        documents
            .extend(role.identity.iter().map(|document| (&**document, DocumentKind::Identity)));
    }
    let unattached = world
        .managed()
        .values()
        .map(std::convert::AsRef::as_ref)
        .filter(|document| !seen.contains(&document.origin));
    documents.extend(unattached.map(|document| (document, DocumentKind::Identity)));
    for resource in world.resources().values() {
        let is_key = resource.is_key();
        let kind = if is_key { DocumentKind::Key } else { DocumentKind::Resource };
        documents.extend(resource.policy.iter().map(|document| (document, kind)));
        statement::tags(&resource.tags, &resource.origin, breaches);
        if let Some(policy) = resource.policy.as_ref().filter(|_| is_key) {
            escalation::key(policy, &resource.account, breaches);
        }
    }
    documents.extend(world.others().iter().map(|document| {
        let names_somebody = document.statements.iter().any(|one| one.principals.is_some());
        let kind = match (document.origin.property, names_somebody) {
            ("KeyPolicy", _) => DocumentKind::Key,
            (_, true) => DocumentKind::Resource,
            (_, false) => DocumentKind::Identity,
        };
        (document, kind)
    }));
    for (document, kind) in documents {
        for statement in &document.statements {
            statement::check(document, statement, kind, Whose::Anybodys, breaches);
        }
    }
}
