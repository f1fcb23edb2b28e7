//! Policy documents as they stand in a template, every function resolved.
//!
//! Source: "IAM JSON policy elements reference" in the IAM user guide.

mod words;

use std::fmt;
use std::sync::Arc;

use lakewright_template::resolve::{Resolved, UNKNOWN};

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
    pub message: String,
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
#[error("{origin}: {message}")]
pub struct DocumentError {
    /// Where it stands.
    pub origin: Origin,
    /// What was got, and what was expected.
    pub message: String,
}

impl Document {
    /// Reads a document.
    pub fn parse(document: &Resolved<'_>, origin: Origin) -> Result<Self, DocumentError> {
        let fail = |message: String| DocumentError { origin: origin.clone(), message };
        if document.as_map().is_none() {
            return Err(fail(format!("got {}, expected a policy document", kind(document))));
        }
        let has_variables = document.get("Version").as_text() == Some("2012-10-17");
        let mut statements = Vec::new();
        for (place, statement) in items_of(document, "Statement").iter().enumerate() {
            statements.push(Statement::parse(statement, place, Known::All).map_err(&fail)?);
        }
        Ok(Self { origin, has_variables, statements, is_partial: false })
    }

    /// Reads a document of anybody's template: what is no statement is told beside the others.
    pub(crate) fn read(document: &Resolved<'_>, origin: &Origin) -> (Self, Vec<Malformed>) {
        let wrong = |message: String| Malformed { origin: origin.clone(), message };
        let mut read = Self {
            origin: origin.clone(),
            has_variables: true,
            statements: Vec::new(),
            is_partial: false,
        };
        // Some types take a policy as text.
        if let Some(text) = document.as_text().filter(|text| text.trim_start().starts_with('{')) {
            return match serde_json::from_str::<serde_json::Value>(text) {
                Ok(plain) => Self::read(&Resolved::from(&plain), origin),
                // A part of it may only be known at deployment.
                Err(_) if text.contains(UNKNOWN) => (Self { is_partial: true, ..read }, Vec::new()),
                Err(error) => (read, vec![wrong(format!("the policy is no JSON: {error}"))]),
            };
        }
        let mut malformed = Vec::new();
        // A macro puts elements or statements in its place.
        read.is_partial = is_open(document);
        if document.as_map().is_none() {
            read.is_partial = true;
            if !is_open(document) {
                let message = format!("got {}, expected a policy document", kind(document));
                malformed.push(wrong(message));
            }
            return (read, malformed);
        }
        read.has_variables = document.get("Version").as_text() == Some("2012-10-17");
        for (place, statement) in items_of(document, "Statement").iter().enumerate() {
            match Statement::parse(statement, place, Known::Partly) {
                Ok(parsed) => {
                    read.is_partial |= is_open(statement) || parsed.has_unknown_part();
                    read.statements.push(parsed);
                }
                Err(_) if is_open(statement) => read.is_partial = true,
                Err(message) => {
                    read.is_partial = true;
                    malformed.push(wrong(message));
                }
            }
        }
        (read, malformed)
    }

    /// The policy of an event bus, whose statement stands without a document around it.
    pub(crate) fn around(statement: Resolved<'_>) -> Resolved<'_> {
        let version = Resolved::Text("2012-10-17".into());
        Resolved::Map(vec![("Statement", statement), ("Version", version)])
    }
}

/// What is known of a template's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Known {
    All,
    /// Parts are only known at deployment.
    Partly,
}

impl Statement {
    fn parse(statement: &Resolved<'_>, place: usize, known: Known) -> Result<Self, String> {
        let Some(elements) = statement.as_map() else {
            return Err(format!("statement {place} is {}, expected an object", kind(statement)));
        };
        let name = |sid: &str| format!("statement `{sid}`");
        let has = |element: &str| elements.iter().any(|(key, _)| *key == element);
        let sid = statement.get("Sid").as_text().filter(|sid| !sid.is_empty());
        let sid = sid.map_or_else(|| place.to_string(), str::to_owned);
        let is_told = |element: &Resolved<'_>| known == Known::All || !is_open(element);
        let effect = statement.get("Effect");
        let is_allow = match effect.as_text() {
            Some("Allow") => true,
            Some("Deny") => false,
            // It may allow.
            Some(_) if !is_told(effect) => true,
            Some(other) => {
                return Err(format!(
                    "{}: got effect `{other}`, expected Allow or Deny",
                    name(&sid)
                ));
            }
            None => return Err(format!("{} has no effect, expected Allow or Deny", name(&sid))),
        };
        // A macro puts elements in its place.
        let is_known = |key: &str| names_of_elements(key, known);
        if let Some((key, _)) = elements.iter().find(|(key, _)| !is_known(key)) {
            return Err(format!("{}: `{key}` is not an element of a statement", name(&sid)));
        }
        let texts = |element: &str| -> Result<Vec<String>, String> {
            items_of(statement, element)
                .iter()
                .map(|item| {
                    item.as_text().map(str::to_owned).ok_or_else(|| {
                        format!("{}: `{element}` holds {}, expected text", name(&sid), kind(item))
                    })
                })
                .map(|text| {
                    text.and_then(|text| {
                        deployed(text, known)
                            .map_err(|error| format!("{}: `{element}` {error}", name(&sid)))
                    })
                })
                .collect()
        };
        let not_actions = has("NotAction");
        let (mut names, mut patterns) = (Vec::new(), Vec::new());
        for action in texts(if not_actions { "NotAction" } else { "Action" })? {
            if action.contains(['*', '?']) {
                patterns.push(action.to_ascii_lowercase());
            } else {
                names.push(Action::new(&action));
            }
        }
        let actions = Actions::new(names, patterns);
        let not_resources = has("NotResource");
        let mut resources = texts(if not_resources { "NotResource" } else { "Resource" })?;
        if !has("Principal") && !has("NotPrincipal") {
            resources.iter_mut().for_each(complete);
        }
        let principals = match (has("Principal"), has("NotPrincipal")) {
            (true, _) => Some((statement.get("Principal"), false)),
            (false, true) => Some((statement.get("NotPrincipal"), true)),
            (false, false) => None,
        };
        let principals = principals
            .map(|(element, is_not)| {
                let entries =
                    entries(element, known).map_err(|error| format!("{}: {error}", name(&sid)))?;
                Ok::<_, String>(Principals { entries, is_not })
            })
            .transpose()?;
        let conditions = if has("Condition") {
            let read = conditions(statement.get("Condition"), known);
            read.map_err(|error| format!("{}: {error}", name(&sid)))?
        } else {
            Vec::new()
        };
        Ok(Self {
            sid,
            is_allow,
            principals,
            actions,
            not_actions,
            resources,
            not_resources,
            conditions,
            is_certain: is_told(effect),
        })
    }
}

/// The conditions of a statement. One that nobody knows may hold or not.
fn conditions(element: &Resolved<'_>, known: Known) -> Result<Vec<Condition>, String> {
    let open = || Condition::new(UNKNOWN, UNKNOWN, Vec::new());
    let wrong =
        |value: &Resolved<'_>| format!("`Condition` holds {}, expected an object", kind(value));
    let is_unknown = |value: &Resolved<'_>| known == Known::Partly && is_open(value);
    if is_unknown(element) {
        return Ok(vec![open()]);
    }
    let mut conditions = Vec::new();
    for (operator, keys) in element.as_map().ok_or_else(|| wrong(element))? {
        if is_unknown(keys) {
            conditions.push(open());
            continue;
        }
        for (key, values) in keys.as_map().ok_or_else(|| wrong(keys))? {
            let values = one_or_many(values).iter().map(|value| match value {
                Resolved::Text(text) => deployed(text.to_string(), known),
                other => Ok(other.clone().into_plain().to_string()),
            });
            let values: Result<_, String> = values.collect();
            let values = values.map_err(|error| format!("`{key}` {error}"))?;
            conditions.push(Condition::new(operator, key, values));
        }
    }
    Ok(conditions)
}

/// Completes an ARN of an identity policy that has fewer than six fields.
///
/// Source: "IAM JSON policy elements: Resource", incomplete ARNs.
fn complete(resource: &mut String) {
    if resource.starts_with("arn:") {
        for _ in resource.split(':').count()..6 {
            resource.push_str(":*");
        }
    }
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
    pub(crate) fn takes_anything(&self) -> bool {
        self.values.iter().any(|value| is_anything(value))
    }

    /// Whether it says which values a key may have, so that a request without one of them does not fulfil it.
    pub(crate) fn limits(&self) -> bool {
        !self.comparison.is_negated()
            && self.comparison != Comparison::Null
            && !self.takes_anything()
    }
}

/// Whether a value of a condition stands for all: a wildcard, every address, or the ARN of anything in any account.
pub(crate) fn is_anything(value: &str) -> bool {
    const ANYWHERE: [&str; 2] = ["0.0.0.0/0", "::/0"];
    let is_open = |text: &str| text.chars().all(|character| matches!(character, '*' | '?'));
    let is_any_arn = || {
        let mut fields = value.splitn(6, ':');
        let (service, account) = (fields.nth(2), fields.nth(1));
        let (Some(service), Some(account), Some(resource)) = (service, account, fields.next())
        else {
            return false;
        };
        // Without an account, and where the first part of a resource is its name, the type is no type.
        let has_type = !account.is_empty() && !["execute-api", "s3"].contains(&service);
        let name =
            resource.split_once(['/', ':']).filter(|_| has_type).map_or(resource, |one| one.1);
        value.starts_with("arn:") && is_open(account) && !name.is_empty() && is_open(name)
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
    pub(crate) const fn is_negated(self) -> bool {
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

/// Whether an element may be known to IAM. A macro puts others in its place.
fn names_of_elements(key: &str, known: Known) -> bool {
    const ELEMENTS: [&str; 9] = [
        "Action",
        "Condition",
        "Effect",
        "NotAction",
        "NotPrincipal",
        "NotResource",
        "Principal",
        "Resource",
        "Sid",
    ];
    ELEMENTS.contains(&key) || known == Known::Partly && key.starts_with("Fn::")
}

/// A text as IAM gets it: what a dynamic reference stands for is only known at deployment, and may be anything.
fn deployed(text: String, known: Known) -> Result<String, String> {
    let is_open = || text.contains('{') && (text.contains("{{resolve:") || text.contains(UNKNOWN));
    if known == Known::All && is_open() {
        return Err(format!("holds `{text}`, which is only known at deployment"));
    }
    Ok(text)
}

/// Whether a value is only known at deployment, all of it.
fn is_open(value: &Resolved<'_>) -> bool {
    value.as_text() == Some(UNKNOWN)
        || value.as_map().is_some_and(|map| map.iter().any(|(key, _)| key.starts_with("Fn::")))
}

fn entries(element: &Resolved<'_>, known: Known) -> Result<Vec<PrincipalEntry>, String> {
    if element.as_text() == Some("*") {
        return Ok(vec![PrincipalEntry::Everyone]);
    }
    if known == Known::Partly && is_open(element) {
        return Ok(vec![PrincipalEntry::Arn(UNKNOWN.to_owned())]);
    }
    let Some(kinds) = element.as_map() else {
        return Err(format!("the principal is {}, expected `*` or an object", kind(element)));
    };
    let mut entries = Vec::new();
    for (of, values) in kinds {
        for value in one_or_many(values) {
            let Some(text) = value.as_text() else {
                return Err(format!("a principal is {}, expected text", kind(value)));
            };
            let text = deployed(text.to_owned(), known)?;
            entries.push(match *of {
                "AWS" if text == "*" => PrincipalEntry::Everyone,
                "AWS" => match account_of_root(&text) {
                    Some(account) => PrincipalEntry::Account(account),
                    None => PrincipalEntry::Arn(text),
                },
                "Service" => PrincipalEntry::Service(text),
                "CanonicalUser" => PrincipalEntry::CanonicalUser(text),
                "Federated" => PrincipalEntry::Federated(text),
                other => return Err(format!("`{other}` is no kind of principal")),
            });
        }
    }
    Ok(entries)
}

/// The account, when a principal names one as a whole.
fn account_of_root(text: &str) -> Option<String> {
    if text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(text.to_owned());
    }
    let fields: Vec<&str> = text.splitn(6, ':').collect();
    match fields.as_slice() {
        ["arn", _, "iam", "", account, "root"] => Some((*account).to_owned()),
        _ => None,
    }
}

/// The items of a list, or the value that stands for a list of one.
fn one_or_many<'r, 'v>(value: &'r Resolved<'v>) -> &'r [Resolved<'v>] {
    value.as_list().unwrap_or(std::slice::from_ref(value))
}

/// The items of an element; none where it is missing.
fn items_of<'r, 'v>(object: &'r Resolved<'v>, element: &str) -> &'r [Resolved<'v>] {
    let mut elements = object.as_map().into_iter().flatten();
    let found = elements.find(|(key, _)| *key == element);
    found.map_or(&[], |(_, value)| one_or_many(value))
}

fn kind(value: &Resolved<'_>) -> &'static str {
    match value {
        Resolved::Null => "null",
        Resolved::Bool(_) => "true or false",
        Resolved::Number(_) => "a number",
        Resolved::Text(_) => "text",
        Resolved::List(_) => "a list",
        Resolved::Map(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_document_is_read_in_all_its_forms() {
        let document = json!({"Version": "2012-10-17", "Statement": {
            "Effect": "Deny", "NotPrincipal": {"AWS": ["111122223333", "arn:aws:iam::1:role/r"]},
            "NotAction": ["s3:*", "S3:getobject"], "Resource": "*",
            "Condition": {"ForAnyValue:StringLikeIfExists": {"aws:TagKeys": ["a", "b"]}}}});
        let read = Document::parse(&(&document).into(), Origin::default()).expect("a document");
        let statement = &read.statements[0];
        assert!(read.has_variables && !statement.is_allow && statement.not_actions);
        assert!(statement.actions.contain(Action::new("s3:GetObject")));
        assert!(!statement.actions.contain(Action::new("kms:Decrypt")));
        let principals = statement.principals.as_ref().expect("principals");
        assert!(principals.is_not);
        assert_eq!(principals.entries[0], PrincipalEntry::Account("111122223333".to_owned()));
        let condition = &statement.conditions[0];
        assert_eq!(condition.qualifier, Some(Qualifier::ForAnyValue));
        assert!(condition.if_exists);
        assert_eq!(condition.key, "aws:tagkeys");
    }

    /// Source: "AWS::SecretsManager::ResourcePolicy" and others in the CloudFormation template reference, whose policies may be
    /// text: it is the JSON that counts.
    #[test]
    fn a_document_as_text_is_what_its_json_says() {
        let plain = json!({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}]});
        let text = json!(plain.to_string());
        let origin = Origin::default();
        let expected = Document::read(&(&plain).into(), &origin);
        assert_eq!(expected.0.statements.len(), 1);
        assert_eq!(Document::read(&(&text).into(), &origin), expected);
        let broken = json!("{\"Version\": ");
        assert_eq!(Document::read(&(&broken).into(), &origin).1.len(), 1);
    }

    #[test]
    fn what_is_no_document_says_what_it_is() {
        for (document, expected) in [
            (json!([]), "got a list"),
            (json!({"Statement": "x"}), "statement 0 is text"),
            (json!({"Statement": [{"Effect": "allow"}]}), "expected Allow or Deny"),
            (json!({"Statement": [{"Effect": "Allow", "Actions": "x"}]}), "`Actions`"),
            (json!({"Statement": [{"Effect": "Allow", "Action": 7}]}), "holds a number"),
            (json!({"Statement": [{"Effect": "Allow", "Principal": {"Who": "x"}}]}), "`Who`"),
        ] {
            let error =
                Document::parse(&(&document).into(), Origin::default()).expect_err("no document");
            assert!(error.to_string().contains(expected), "{error}");
        }
    }
}
