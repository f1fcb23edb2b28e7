//! Policy documents as templates contain them, with every intrinsic function resolved.
//!
//! Source: "IAM JSON policy elements reference" in the IAM user guide.

mod parse;
mod problem;
mod public;
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
    /// Where the document is declared.
    pub origin: Origin,
    /// Whether `${...}` is a policy variable: only with version 2012-10-17.
    pub has_variables: bool,
    /// The statements, in document order.
    pub statements: Vec<Statement>,
    /// Whether a part of the document is known only at deployment, so that it may allow or deny anything.
    pub is_partial: bool,
}

/// Where a document is declared.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Origin {
    /// The stack, as `account/region/name`, or a file path.
    pub stack: Arc<str>,
    /// The logical id of the resource.
    pub logical_id: String,
    /// The property that contains the document.
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
    /// The `Sid`, or the statement's position in the document if it has none.
    pub sid: String,
    /// Whether the effect is `Allow`, not `Deny`.
    pub is_allow: bool,
    /// The principals; `None` in identity policies.
    pub principals: Option<Principals>,
    /// The actions.
    pub actions: Actions,
    /// Whether `actions` lists the exceptions (`NotAction`).
    pub not_actions: bool,
    /// The resources; empty in trust policies.
    pub resources: Vec<String>,
    /// Whether `resources` lists the exceptions (`NotResource`).
    pub not_resources: bool,
    /// The conditions, all of which must hold.
    pub conditions: Vec<Condition>,
    /// Whether the statement exists however the template is deployed. It is uncertain if it depends on a condition of
    /// the template or on a value that is known only at deployment.
    pub is_certain: bool,
}

/// A statement that IAM would reject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Malformed {
    /// Where the statement is declared.
    pub origin: Origin,
    /// What was found, and what was expected.
    pub problem: DocumentProblem,
}

/// The actions of a statement.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Actions {
    names: Vec<Action>,
    patterns: Vec<String>,
    /// The services of all actions: rules out most statements without comparing names.
    services: Services,
}

impl Statement {
    /// Whether the statement applies to this action.
    pub fn is_of(&self, action: Action) -> bool {
        self.actions.contain(action) != self.not_actions
    }

    /// Whether a part of the statement is known only at deployment, and comparing that part would not yield `Unknown`:
    /// its effect, an action, or a principal that is not a role.
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

    /// Whether the statement can apply to an action of this service.
    pub(crate) fn is_of_service(&self, service: ServiceId) -> bool {
        self.not_actions || self.actions.services.contain(service)
    }
}

impl Actions {
    /// Creates the list from action names and from lower-case patterns.
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

    /// The actions without wildcards, sorted.
    pub fn names(&self) -> &[Action] {
        &self.names
    }

    /// The patterns, in lower case.
    pub fn patterns(&self) -> &[String] {
        &self.patterns
    }

    /// Whether the list contains or matches this action.
    pub fn contain(&self, action: Action) -> bool {
        // Equality compares addresses, which is faster than a binary search by name.
        self.names.contains(&action)
            || self.patterns.iter().any(|pattern| crate::pattern::matches(pattern, action.lower()))
    }
}

/// The principals of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principals {
    /// The entries.
    pub entries: Vec<PrincipalEntry>,
    /// Whether the entries are the exceptions (`NotPrincipal`).
    pub is_not: bool,
}

/// One entry of a `Principal` element.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum PrincipalEntry {
    /// `*`.
    Everyone,
    /// An account, by the ARN of its root or by its 12 digits.
    Account(String),
    /// A role, a user or a session, by ARN.
    Arn(String),
    /// A service.
    Service(String),
    /// An identity provider: all identities that it authenticates.
    Federated(String),
    /// An account, by its canonical user ID in S3.
    CanonicalUser(String),
}

/// One comparison of a condition key with values.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Condition {
    /// The set operator for keys with several values.
    pub qualifier: Option<Qualifier>,
    /// The comparison.
    pub comparison: Comparison,
    /// Whether the condition holds if the request lacks the key (`...IfExists`).
    pub if_exists: bool,
    /// The key, in lower case: IAM treats `aws:SourceIp` and `aws:sourceip` as equal.
    pub key: String,
    /// The values of the policy.
    pub values: Vec<String>,
}

/// The set operators for keys with several values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names are IAM's")]
pub enum Qualifier {
    ForAllValues,
    ForAnyValue,
}

/// A comparison operator, and whether it is negated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
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
    /// An unknown operator: its result is unknown, too.
    Unknown,
}

/// The order of two numbers or dates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names are IAM's")]
pub enum Order {
    Equals,
    NotEquals,
    LessThan,
    LessThanEquals,
    GreaterThan,
    GreaterThanEquals,
}

/// A value that is not a policy document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{origin}: {problem}")]
pub struct DocumentError {
    /// Where the value is declared.
    pub origin: Origin,
    /// What was found, and what was expected.
    #[source]
    pub problem: DocumentProblem,
}

impl Condition {
    /// Creates a condition from an operator such as `ForAnyValue:StringLikeIfExists`.
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
    /// Whether one of the values matches everything, so that the condition restricts nothing.
    pub fn takes_anything(&self) -> bool {
        self.values.iter().any(|value| is_anything(value))
    }

    /// Whether the condition restricts the key to certain values.
    pub fn limits(&self) -> bool {
        !self.comparison.is_negated()
            && self.comparison != Comparison::Null
            && !self.takes_anything()
    }
}

/// Whether a value of a condition matches everything: a wildcard, every address, or an ARN pattern for any account and
/// name.
pub fn is_anything(value: &str) -> bool {
    const ANYWHERE: [&str; 2] = ["0.0.0.0/0", "::/0"];
    let is_open = |text: &str| text.chars().all(|character| matches!(character, '*' | '?'));
    let is_any_arn = || {
        let Some(ArnParts { service, account, resource, .. }) = ArnParts::parse(value) else {
            return false;
        };
        // Such ARNs have no account, or no type: the resource part begins with the name.
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

    /// Whether the comparison is negated.
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
