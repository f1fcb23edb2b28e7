//! Policy documents as they stand in a template, every function resolved.
//!
//! Source: "IAM JSON policy elements reference" in the IAM user guide.

mod parse;
mod problem;
mod words;

use std::fmt;
use std::sync::Arc;

use lakewright_template::arn::ArnParts;
use lakewright_template::resolve::UNKNOWN;

pub use problem::{DocumentProblem, ElementProblem, OpenText, StatementProblem};

use crate::action::{Action, ServiceId, Services};

/// A policy document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Where it stands.
    pub origin: Origin,
    /// Whether `${...}` in it are variables: only from version 2012-10-17 on.
    pub has_variables: bool,
    /// The statements, in their order.
    pub statements: Vec<Statement>,
    /// Whether it says more, which is only known at deployment: it may allow or deny anything.
    pub is_partial: bool,
}

/// Where a document stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Origin {
    /// The stack, as `account/region/name`, or a file.
    pub stack: Arc<str>,
    /// The logical id of the resource.
    pub logical_id: String,
    /// The property that the document stands in.
    pub property: &'static str,
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { stack, logical_id, property } = self;
        write!(formatter, "{stack} {logical_id}.{property}")
    }
}

/// A statement.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is an element of its own in a policy")]
pub struct Statement {
    /// The name; the statement's place in the document when it has none.
    pub sid: String,
    /// Whether it allows or denies.
    pub is_allow: bool,
    /// Who; `None` in identity policies.
    pub principals: Option<Principals>,
    /// Which actions.
    pub actions: Actions,
    /// Whether the statement is about all actions but these.
    pub not_actions: bool,
    /// Which resources; none in trust policies.
    pub resources: Vec<String>,
    /// Whether the statement is about all resources but these.
    pub not_resources: bool,
    /// When.
    pub conditions: Vec<Condition>,
    /// Whether it stands there however the template is deployed. What depends on a condition of the template, or on a
    /// value that is only known at deployment, may be there.
    pub is_certain: bool,
}

/// A statement that says nothing which IAM would take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Malformed {
    /// Where it stands.
    pub origin: Origin,
    /// What was got, and what was expected.
    pub problem: DocumentProblem,
}

/// The actions of a statement.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Actions {
    names: Vec<Action>,
    patterns: Vec<String>,
    /// The services of all of them: most statements say nothing of the service that is asked for, and
    /// need no other look.
    services: Services,
}

impl Statement {
    /// Whether the statement is about an action.
    pub fn is_of(&self, action: Action) -> bool {
        self.actions.contain(action) != self.not_actions
    }

    /// Whether a part of it is only known at deployment that no comparison takes for unknown: its effect, an action, a
    /// principal that is no role.
    fn has_unknown_part(&self) -> bool {
        let is_unknown_entry = |entry: &PrincipalEntry| match entry {
            PrincipalEntry::Everyone | PrincipalEntry::Arn(_) => false,
            PrincipalEntry::Account(text)
            | PrincipalEntry::Service(text)
            | PrincipalEntry::Federated(text)
            | PrincipalEntry::CanonicalUser(text) => text.contains(UNKNOWN),
        };
        let is_unknown_arn = |entry: &PrincipalEntry| matches!(entry, PrincipalEntry::Arn(arn) if arn.contains(UNKNOWN));
        let of_principals = self.principals.as_ref().is_some_and(|principals| {
            let mut entries = principals.entries.iter();
            entries.any(|entry| {
                is_unknown_entry(entry) || (principals.is_not && is_unknown_arn(entry))
            })
        });
        let Actions { names, patterns, services: _ } = &self.actions;
        !self.is_certain
            || of_principals
            || names.iter().any(|action| action.name().contains(UNKNOWN))
            || patterns.iter().any(|pattern| pattern.contains(UNKNOWN))
    }

    /// Whether the statement can be about an action of a service.
    pub(crate) fn is_of_service(&self, service: ServiceId) -> bool {
        self.not_actions || self.actions.services.contain(service)
    }
}

impl Actions {
    /// Actions by their names, and by patterns in lower case.
    pub fn new(mut names: Vec<Action>, patterns: Vec<String>) -> Self {
        names.sort_unstable();
        names.dedup();
        let services = if patterns.is_empty() {
            names.iter().map(|action| action.service_id()).collect()
        } else {
            Services::ALL
        };
        Self { names, patterns, services }
    }

    /// Actions without wildcards; sorted.
    pub fn names(&self) -> &[Action] {
        &self.names
    }

    /// Patterns, in lower case.
    pub fn patterns(&self) -> &[String] {
        &self.patterns
    }

    /// Whether an action is among them.
    pub fn contain(&self, action: Action) -> bool {
        // Addresses are compared, which is faster than to search by names.
        self.names.contains(&action)
            || self.patterns.iter().any(|pattern| crate::pattern::matches(pattern, action.lower()))
    }
}

/// Who a statement is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principals {
    /// The entries.
    pub entries: Vec<PrincipalEntry>,
    /// Whether the statement is about everybody but these.
    pub is_not: bool,
}

/// One entry of a `Principal` element.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum PrincipalEntry {
    /// `*`.
    Everyone,
    /// An account, by its root's ARN or its 12 digits.
    Account(String),
    /// A role, a user or a session, by ARN.
    Arn(String),
    /// A service.
    Service(String),
    /// An identity provider: whoever it vouches for.
    Federated(String),
    /// An account, by its canonical user id in S3.
    CanonicalUser(String),
}

/// One comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// How sets of values are compared.
    pub qualifier: Option<Qualifier>,
    /// The comparison.
    pub comparison: Comparison,
    /// Whether it holds when the request does not carry the key.
    pub if_exists: bool,
    /// The key, in lower case: IAM does not tell `aws:SourceIp` from `aws:sourceip`.
    pub key: String,
    /// The values.
    pub values: Vec<String>,
}

/// How a key with several values is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are IAM's")]
pub enum Qualifier {
    ForAllValues,
    ForAnyValue,
}

/// A comparison, and whether it is negated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are IAM's")]
pub enum Comparison {
    Arn {
        not: bool,
    },
    Binary,
    Bool,
    Date {
        order: Order,
    },
    Ip {
        not: bool,
    },
    Null,
    Numeric {
        order: Order,
    },
    StringEquals {
        not: bool,
        ignore_case: bool,
    },
    StringLike {
        not: bool,
    },
    /// An operator that is not known: what it decides is not known either.
    Unknown,
}

/// The order that two numbers or dates must have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are IAM's")]
pub enum Order {
    Equals,
    NotEquals,
    LessThan,
    LessThanEquals,
    GreaterThan,
    GreaterThanEquals,
}

/// A document that is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{origin}: {problem}")]
pub struct DocumentError {
    /// Where it stands.
    pub origin: Origin,
    /// What was got, and what was expected.
    #[source]
    pub problem: DocumentProblem,
}

impl Condition {
    /// A condition from its operator's name, such as `ForAnyValue:StringLikeIfExists`.
    pub fn new(operator: &str, key: &str, values: Vec<String>) -> Self {
        let (qualifier, rest) = match operator.split_once(':') {
            Some((qualifier, rest)) if qualifier.eq_ignore_ascii_case("ForAllValues") => {
                (Some(Qualifier::ForAllValues), rest)
            }
            Some((qualifier, rest)) if qualifier.eq_ignore_ascii_case("ForAnyValue") => {
                (Some(Qualifier::ForAnyValue), rest)
            }
            _ => (None, operator),
        };
        let lower = rest.to_ascii_lowercase();
        let (name, if_exists) = match lower.strip_suffix("ifexists") {
            Some(name) => (name, true),
            None => (lower.as_str(), false),
        };
        let comparison = Comparison::parse(name);
        Self { qualifier, comparison, if_exists, key: key.to_ascii_lowercase(), values }
    }
}

impl Condition {
    /// Whether it says nothing: it is fulfilled by any value.
    pub fn takes_anything(&self) -> bool {
        self.values.iter().any(|value| is_anything(value))
    }

    /// Whether it says which values a key may have, so that a request without one of them does not fulfil it.
    pub fn limits(&self) -> bool {
        !self.comparison.is_negated()
            && self.comparison != Comparison::Null
            && !self.takes_anything()
    }
}

/// Whether a value of a condition stands for all: a wildcard, every address, or the ARN of anything in any account.
pub fn is_anything(value: &str) -> bool {
    const ANYWHERE: [&str; 2] = ["0.0.0.0/0", "::/0"];
    let is_open = |text: &str| text.chars().all(|character| matches!(character, '*' | '?'));
    let is_any_arn = || {
        let Some(ArnParts { service, account, resource, .. }) = ArnParts::parse(value) else {
            return false;
        };
        // Without an account, and where the first part of a resource is its name, the type is no type.
        let has_type = !account.is_empty() && !["execute-api", "s3"].contains(&service);
        let name =
            resource.split_once(['/', ':']).filter(|_| has_type).map_or(resource, |one| one.1);
        is_open(account) && !name.is_empty() && is_open(name)
    };
    (!value.is_empty() && is_open(value)) || ANYWHERE.contains(&value) || is_any_arn()
}

impl Comparison {
    fn parse(name: &str) -> Self {
        let order = |name: &str| {
            Some(match name {
                "equals" => Order::Equals,
                "notequals" => Order::NotEquals,
                "lessthan" => Order::LessThan,
                "lessthanequals" => Order::LessThanEquals,
                "greaterthan" => Order::GreaterThan,
                "greaterthanequals" => Order::GreaterThanEquals,
                _ => return None,
            })
        };
        match name {
            "arnequals" | "arnlike" => Self::Arn { not: false },
            "arnnotequals" | "arnnotlike" => Self::Arn { not: true },
            "binaryequals" => Self::Binary,
            "bool" => Self::Bool,
            "ipaddress" => Self::Ip { not: false },
            "notipaddress" => Self::Ip { not: true },
            "null" => Self::Null,
            "stringequals" => Self::StringEquals { not: false, ignore_case: false },
            "stringequalsignorecase" => Self::StringEquals { not: false, ignore_case: true },
            "stringlike" => Self::StringLike { not: false },
            "stringnotequals" => Self::StringEquals { not: true, ignore_case: false },
            "stringnotequalsignorecase" => Self::StringEquals { not: true, ignore_case: true },
            "stringnotlike" => Self::StringLike { not: true },
            other => {
                let numeric = other.strip_prefix("numeric").and_then(order);
                let date = other.strip_prefix("date").and_then(order);
                match (numeric, date) {
                    (Some(order), _) => Self::Numeric { order },
                    (_, Some(order)) => Self::Date { order },
                    _ => Self::Unknown,
                }
            }
        }
    }

    /// Whether the comparison says what a value is not.
    pub const fn is_negated(self) -> bool {
        match self {
            Self::Arn { not }
            | Self::Ip { not }
            | Self::StringEquals { not, .. }
            | Self::StringLike { not } => not,
            Self::Date { order } | Self::Numeric { order } => matches!(order, Order::NotEquals),
            Self::Binary | Self::Bool | Self::Null | Self::Unknown => false,
        }
    }
}
