//! Grants: who may do what to which resource, and why.

use std::collections::BTreeSet;
use std::sync::Arc;

use lakewright_policies::{Conditions, Principal, Statement};
use lakewright_template::yaml::Span;
use lakewright_template::{AccountId, Text, Value};

use crate::PolicySlot;

/// A manifest node that asked for something: a file, by its index in the list of sources, and a position in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Cause {
    /// The file's index.
    pub file: u32,
    /// The position in it.
    pub span: Span,
}

/// Manifest nodes that asked for the same thing. Most parts of a stack have those of the whole stack, so the set is
/// shared.
pub type Causes = Arc<BTreeSet<Cause>>;

/// Who receives access.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grantee {
    /// The name on the command line, such as `team/finance/Analysts`.
    pub name: String,
    /// The ARN as policies of this stack name it: a reference if the role is declared in this stack.
    pub arn: Value,
    /// The same ARN as text.
    pub known_arn: String,
    /// The role's account.
    pub account: AccountId,
    /// The role's identity policy, when the role's policies belong to this stack.
    pub identity: Option<PolicySlot>,
    /// The value of the role's tag [`ROLE_TAG`], if the role has the tag.
    pub tag: Option<String>,
}

/// The tag by which a nearly full key policy identifies a role: no other role of the account has the same value.
pub const ROLE_TAG: &str = "lakewright:role";

/// The resource that access is granted to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The name on the command line, such as `dataset/january`.
    pub name: String,
    /// The resource's account.
    pub account: AccountId,
    /// The resource's own policy, when it belongs to this stack.
    pub policy: Option<PolicySlot>,
}

/// One grant. It has the resources in both forms, because a key policy names its own key `*`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The statement's name: letters and digits.
    pub sid: String,
    /// The principal that receives access.
    pub grantee: Grantee,
    /// The kind of access in a word, such as `read`.
    pub access: &'static str,
    /// The resource.
    pub target: Target,
    /// IAM actions.
    pub actions: Vec<&'static str>,
    /// The ARNs in an identity policy.
    pub resources: Vec<Value>,
    /// The ARNs in the resource's own policy.
    pub own_resources: Vec<Value>,
    /// The ARNs as text, for the record; keys by their alias.
    pub known_resources: Vec<String>,
    /// The conditions.
    pub conditions: Conditions,
}

impl Grant {
    /// The statement in the grantee's own policy.
    pub fn identity_statement(&self) -> Statement {
        self.statement(&self.resources)
    }

    /// The statement in the resource's own policy.
    pub fn resource_statement(&self) -> Statement {
        self.statement(&self.own_resources)
            .for_principals([Principal::Aws(self.grantee.arn.clone())])
    }

    /// The record, and the statements for the sides that are needed: the resource's own policy and the grantee's.
    pub(crate) fn lower(self, [own, identity]: [bool; 2]) -> (Record, [Option<Statement>; 2]) {
        let record = Record {
            conditions: self.conditions.lines(|value| Some(show(value))),
            principal: self.grantee.name,
            principal_arn: self.grantee.known_arn,
            access: self.access,
            resource: self.target.name,
            actions: self.actions.iter().copied().map(Into::into).collect(),
            resources: self.known_resources,
        };
        let statement = |resources: Vec<Value>| {
            Statement::allow(self.sid.clone(), self.actions.iter().copied(), resources)
                .when(self.conditions.clone())
        };
        let own = own.then(|| {
            statement(self.own_resources).for_principals([Principal::Aws(self.grantee.arn)])
        });
        let identity = identity.then(|| statement(self.resources));
        (record, [own, identity])
    }

    fn statement(&self, resources: &[Value]) -> Statement {
        Statement::allow(self.sid.clone(), self.actions.iter().copied(), resources.iter().cloned())
            .when(self.conditions.clone())
    }
}

/// Grants that belong together. Computing them does nothing: [`Scope::grant`](crate::Scope::grant)
/// records them.
#[must_use = "a grant does nothing until a scope records it with `scope.grant(..)`"]
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Grants(pub Vec<Grant>);

impl Grants {
    /// These grants and others.
    pub fn and(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }
}

/// An intended grant as the assembly lists it. A construct records it directly if it lowers the grant itself,
/// such as a Lake Formation permission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The principal's name.
    pub principal: String,
    /// The principal's ARN.
    pub principal_arn: String,
    /// The kind of access in a word.
    pub access: &'static str,
    /// The resource's name.
    pub resource: String,
    /// The actions or permissions.
    pub actions: Vec<Text>,
    /// The resources' ARNs.
    pub resources: Vec<String>,
    /// Conditions, as `Operator key value`.
    pub conditions: Vec<String>,
}

fn show(value: &Value) -> String {
    match value.as_text() {
        Some(text) => text.to_owned(),
        None => lakewright_template::write::value_to_compact_json(value),
    }
}
