//! Statements, and the three kinds of policy documents.

use std::collections::BTreeSet;

use lakewright_template::{Map, Text, Value};

use crate::condition::{Conditions, one_or_list};

/// What a statement does when it matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// It allows.
    Allow,
    /// It denies, even if another statement allows.
    Deny,
}

/// The principal of a statement in a resource or trust policy.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Principal {
    /// Everybody: `{"AWS": "*"}`.
    Anyone,
    /// A role, a user or an account, by ARN.
    Aws(Value),
    /// A service, such as `glue.amazonaws.com`.
    Service(Text),
    /// Identities that an identity provider authenticates, by the provider's ARN.
    Federated(Text),
}

/// One statement. Lists are sets: their order has no meaning.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Statement {
    /// The statement's name: letters and digits, unique in its document.
    pub sid: Text,
    /// Allow or deny.
    pub effect: Effect,
    /// The principals; empty in identity policies.
    pub principals: BTreeSet<Principal>,
    /// The actions, such as `s3:GetObject`.
    pub actions: BTreeSet<Text>,
    /// The resources' ARNs; empty in trust policies.
    pub resources: BTreeSet<Value>,
    /// The conditions, all of which must hold.
    pub conditions: Conditions,
}

impl Statement {
    /// A statement that allows actions on resources.
    pub fn allow(
        sid: impl Into<Text>,
        actions: impl IntoIterator<Item = impl Into<Text>>,
        resources: impl IntoIterator<Item = impl Into<Value>>,
    ) -> Self {
        Self {
            sid: sid.into(),
            effect: Effect::Allow,
            principals: BTreeSet::new(),
            actions: actions.into_iter().map(Into::into).collect(),
            resources: resources.into_iter().map(Into::into).collect(),
            conditions: Conditions::none(),
        }
    }

    /// A statement that denies actions on resources.
    pub fn deny(
        sid: impl Into<Text>,
        actions: impl IntoIterator<Item = impl Into<Text>>,
        resources: impl IntoIterator<Item = impl Into<Value>>,
    ) -> Self {
        Self { effect: Effect::Deny, ..Self::allow(sid, actions, resources) }
    }

    /// The statement, about these principals.
    #[must_use]
    pub fn for_principals(mut self, principals: impl IntoIterator<Item = Principal>) -> Self {
        self.principals.extend(principals);
        self
    }

    /// The statement, under these conditions.
    #[must_use]
    pub fn when(self, conditions: Conditions) -> Self {
        Self { conditions, ..self }
    }

    /// The statement as it appears in a document.
    pub fn into_value(self) -> Value {
        let mut statement = Map::new();
        let actions: Vec<Value> = self.actions.into_iter().map(Value::Text).collect();
        statement.insert("Action", one_or_list(actions.into_iter()));
        if !self.conditions.is_empty() {
            statement.insert("Condition", self.conditions.into_value());
        }
        statement.insert(
            "Effect",
            match self.effect {
                Effect::Allow => "Allow",
                Effect::Deny => "Deny",
            },
        );
        if !self.principals.is_empty() {
            statement.insert("Principal", principals_to_value(self.principals));
        }
        if !self.resources.is_empty() {
            statement.insert("Resource", one_or_list(self.resources.into_iter()));
        }
        if !self.sid.is_empty() {
            statement.insert("Sid", self.sid);
        }
        statement.into()
    }
}

fn principals_to_value(principals: BTreeSet<Principal>) -> Value {
    let mut aws = Vec::new();
    let mut services = Vec::new();
    let mut providers = Vec::new();
    for principal in principals {
        match principal {
            Principal::Anyone => aws.push(Value::from("*")),
            Principal::Aws(arn) => aws.push(arn),
            Principal::Service(name) => services.push(Value::Text(name)),
            Principal::Federated(arn) => providers.push(Value::Text(arn)),
        }
    }
    let mut element = Map::new();
    if !aws.is_empty() {
        element.insert("AWS", one_or_list(aws.into_iter()));
    }
    if !providers.is_empty() {
        element.insert("Federated", one_or_list(providers.into_iter()));
    }
    if !services.is_empty() {
        element.insert("Service", one_or_list(services.into_iter()));
    }
    element.into()
}

/// A statement that is not valid in its kind of document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DocumentError {
    /// Two statements have the same name.
    #[error("two statements are named `{0}`")]
    DuplicateSid(Text),
    /// A statement without an action.
    #[error("statement `{0}` has no action")]
    NoAction(Text),
    /// A trust policy without a statement: nothing could assume the role.
    #[error("the trust policy has no statement, so nothing can assume the role")]
    NoStatement,
    /// A statement of a resource or trust policy names no principal.
    #[error("statement `{0}` names no principal")]
    NoPrincipal(Text),
    /// A statement of an identity or resource policy names no resource.
    #[error("statement `{0}` names no resource")]
    NoResource(Text),
    /// A statement of an identity policy names a principal.
    #[error("statement `{0}` of an identity policy names a principal")]
    Principal(Text),
    /// A statement of a trust policy names a resource.
    #[error("statement `{0}` of a trust policy names a resource")]
    Resource(Text),
}

macro_rules! policy {
    ($(#[$doc:meta])* $name:ident, principal: $principal:literal, resource: $resource:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $name {
            statements: Vec<Statement>,
        }

        impl $name {
            /// A document of these statements, sorted by name. Each statement must be valid in this kind of document.
            pub fn new(mut statements: Vec<Statement>) -> Result<Self, DocumentError> {
                statements.sort();
                check(&statements, $principal, $resource)?;
                Ok(Self { statements })
            }

            /// The statements.
            pub fn statements(&self) -> &[Statement] {
                &self.statements
            }

            /// The document as it appears in a template.
            pub fn into_value(self) -> Value {
                let statements: Vec<Value> =
                    self.statements.into_iter().map(Statement::into_value).collect();
                Map::new().with("Statement", statements).with("Version", "2012-10-17").into()
            }
        }
    };
}

policy!(
    /// A policy of a role. Its statements name no principal, because the role is the principal.
    IdentityPolicy,
    principal: false,
    resource: true
);
policy!(
    /// A policy of a bucket, key, topic or queue: each statement names its principals.
    ResourcePolicy,
    principal: true,
    resource: true
);
policy!(
    /// A role's trust policy. Its statements name no resource, because the role is the resource.
    TrustPolicy,
    principal: true,
    resource: false
);

/// Checks that a statement is valid in an identity policy.
pub(crate) fn check_identity(statement: &Statement) -> Result<(), DocumentError> {
    check(std::slice::from_ref(statement), false, true)
}

fn check(statements: &[Statement], principal: bool, resource: bool) -> Result<(), DocumentError> {
    let mut sids = BTreeSet::new();
    for statement in statements {
        let sid = || statement.sid.clone();
        if !statement.sid.is_empty() && !sids.insert(&statement.sid) {
            return Err(DocumentError::DuplicateSid(sid()));
        }
        if statement.actions.is_empty() {
            return Err(DocumentError::NoAction(sid()));
        }
        match (principal, statement.principals.is_empty()) {
            (true, true) => return Err(DocumentError::NoPrincipal(sid())),
            (false, false) => return Err(DocumentError::Principal(sid())),
            _ => {}
        }
        match (resource, statement.resources.is_empty()) {
            (true, true) => return Err(DocumentError::NoResource(sid())),
            (false, false) => return Err(DocumentError::Resource(sid())),
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::condition::{Comparison, Condition};

    #[test]
    fn a_resource_policy_is_canonical_whatever_the_order() {
        let read = Statement::allow(
            "Read",
            ["s3:ListBucket", "s3:GetObject"],
            ["arn:aws:s3:::b/*", "arn:aws:s3:::b"],
        )
        .for_principals([Principal::Aws("arn:aws:iam::111122223333:role/r".into())]);
        let tls = Statement::deny("Tls", ["s3:*"], ["arn:aws:s3:::b"])
            .for_principals([Principal::Anyone])
            .when(Conditions::none().with(Condition::new(
                Comparison::Bool,
                "aws:SecureTransport",
                "false",
            )));
        let one =
            ResourcePolicy::new(vec![read.clone(), tls.clone()]).expect("complete statements");
        let two = ResourcePolicy::new(vec![tls, read]).expect("complete statements");
        assert_eq!(one, two);
        let text = lakewright_template::write::value_to_compact_json(&one.into_value());
        let expected = concat!(
            r#"{"Statement":[{"Action":["s3:GetObject","s3:ListBucket"],"Effect":"Allow","#,
            r#""Principal":{"AWS":"arn:aws:iam::111122223333:role/r"},"#,
            r#""Resource":["arn:aws:s3:::b","arn:aws:s3:::b/*"],"Sid":"Read"},"#,
            r#"{"Action":"s3:*","Condition":{"Bool":{"aws:SecureTransport":"false"}},"Effect":"Deny","#,
            r#""Principal":{"AWS":"*"},"Resource":"arn:aws:s3:::b","Sid":"Tls"}],"Version":"2012-10-17"}"#
        );
        assert_eq!(text, expected);
    }

    #[test]
    fn statements_of_the_wrong_kind_are_refused() {
        let plain = Statement::allow("A", ["s3:GetObject"], ["*"]);
        assert_eq!(
            ResourcePolicy::new(vec![plain.clone()]),
            Err(DocumentError::NoPrincipal("A".into()))
        );
        let named = plain.clone().for_principals([Principal::Anyone]);
        assert_eq!(
            IdentityPolicy::new(vec![named.clone()]),
            Err(DocumentError::Principal("A".into()))
        );
        assert_eq!(TrustPolicy::new(vec![named]), Err(DocumentError::Resource("A".into())));
        assert_eq!(
            IdentityPolicy::new(vec![
                plain.clone(),
                Statement::allow("A", ["s3:PutObject"], ["*"])
            ]),
            Err(DocumentError::DuplicateSid("A".into()))
        );
        let empty = Statement::allow("E", [""; 0], ["*"]);
        assert_eq!(IdentityPolicy::new(vec![empty]), Err(DocumentError::NoAction("E".into())));
    }
}
