//! Policies of the organization: service and resource control policies.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use lakewright_access::action::Action;
use lakewright_access::document::{Comparison, Document, DocumentProblem, Origin};
use lakewright_access::world::{Organization, OrganizationPolicy};
use lakewright_template::AccountId;
use serde::Deserialize;
use serde_json::Value;

use crate::error::ReadError;

/// The fields of the file that list policies.
const SERVICE: &str = "service_control_policies";
const RESOURCE: &str = "resource_control_policies";

/// The file's form.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PolicyFile {
    /// The account that the policies do not apply to.
    management_account: Option<String>,
    #[serde(default)]
    service_control_policies: Vec<Entry>,
    #[serde(default)]
    resource_control_policies: Vec<Entry>,
}

/// A policy, the level that it is attached to, and the accounts below that level. An empty list means all accounts.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    #[serde(default = "root")]
    level: String,
    #[serde(default)]
    accounts: BTreeSet<String>,
    document: Value,
}

/// The default level of a policy.
fn root() -> String {
    "root".to_owned()
}

/// Why a file has no valid policy.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// The file does not have the expected form.
    #[error(transparent)]
    Form(#[from] serde_json::Error),
    /// The file has no policy.
    #[error(
        "got no policy; expected a policy document, `service_control_policies` or `resource_control_policies`"
    )]
    None,
    /// An account is not given by its id.
    #[error("{field}: got the account `{got}`, expected 12 digits")]
    Account {
        /// The field of the file.
        field: &'static str,
        /// The text given instead.
        got: String,
    },
    /// No service control policy allows anything.
    #[error(
        "no service control policy allows anything, so nothing would be allowed; add the attached FullAWSAccess"
    )]
    AllowsNothing,
    /// A policy is not valid where it is used.
    #[error("{field}: {problem}")]
    Document {
        /// The field of the file.
        field: &'static str,
        /// What is wrong with the policy.
        problem: DocumentError,
    },
}

/// Why a policy is not valid where it is used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DocumentError {
    /// It is not a JSON object.
    #[error("got no object, expected a policy document")]
    NoObject,
    /// It has no statement.
    #[error("got no statement, expected a policy document")]
    NoStatement,
    /// It has an element that policies do not have.
    #[error("`{0}` is not an element of a policy")]
    Element(String),
    /// A statement must have one of two elements, and has none or both.
    #[error("statement {sid} has {number} of {one} and {other}, expected one")]
    Pair {
        /// The statement's `Sid`, or its index.
        sid: String,
        /// The number of elements that it has.
        number: usize,
        /// The first element.
        one: &'static str,
        /// The second element.
        other: &'static str,
    },
    /// It cannot be read.
    #[error(transparent)]
    Unreadable(DocumentProblem),
    /// A statement names an action that does not exist.
    #[error("statement {sid} names {action}, which is not an action")]
    Action {
        /// The statement.
        sid: String,
        /// The action.
        action: Action,
    },
    /// A statement names a principal, which this kind of policy may not.
    #[error("statement {sid} names a principal; {whom}")]
    Principal {
        /// The statement.
        sid: String,
        /// The principals that such a policy applies to, in words.
        whom: &'static str,
    },
    /// A condition has an operator that does not exist.
    #[error("statement {sid} compares {key} by an operator that IAM does not have")]
    Operator {
        /// The statement.
        sid: String,
        /// The condition key.
        key: String,
    },
}

/// Reads the organization's policies from a file.
pub(super) fn of_file(path: &Path) -> Result<Organization, ReadError> {
    let wrong = |problem: PolicyError| ReadError::Policy { path: path.to_owned(), problem };
    let data = json(path)?;
    let mut organization = Organization::default();
    if data.get("Statement").is_some() {
        let document = read(path, &data, SERVICE)?;
        let (level, accounts) = (root(), BTreeSet::new());
        organization.scps.push(OrganizationPolicy { level, accounts, document });
        return Ok(organization);
    }
    let policies: PolicyFile = serde_json::from_value(data).map_err(|error| wrong(error.into()))?;
    let (service, resource) =
        (policies.service_control_policies, policies.resource_control_policies);
    if service.is_empty() && resource.is_empty() {
        return Err(wrong(PolicyError::None));
    }
    if let Some(id) = &policies.management_account {
        account("management_account", id).map_err(wrong)?;
    }
    organization.management_account = policies.management_account;
    let lists =
        [(SERVICE, service, &mut organization.scps), (RESOURCE, resource, &mut organization.rcps)];
    for (field, entries, known) in lists {
        for Entry { level, accounts, document } in entries {
            accounts.iter().try_for_each(|id| account(field, id)).map_err(wrong)?;
            let document = read(path, &document, field)?;
            known.push(OrganizationPolicy { level, accounts, document });
        }
    }
    let allows = |policy: &OrganizationPolicy| {
        policy.document.statements.iter().any(|statement| statement.is_allow)
    };
    if !organization.scps.is_empty() && !organization.scps.iter().any(allows) {
        return Err(wrong(PolicyError::AllowsNothing));
    }
    Ok(organization)
}

fn account(field: &'static str, id: &str) -> Result<(), PolicyError> {
    match AccountId::parse(id) {
        Ok(_) => Ok(()),
        Err(_) => Err(PolicyError::Account { field, got: id.to_owned() }),
    }
}

/// Reads a JSON file. A byte order mark is skipped.
pub(super) fn json(path: &Path) -> Result<Value, ReadError> {
    let text = fs::read_to_string(path).map_err(ReadError::unreadable(path))?;
    serde_json::from_str(text.trim_start_matches('\u{feff}'))
        .map_err(|source| ReadError::NotJson { path: path.to_owned(), source })
}

/// Checks that a policy has the elements that IAM requires and no unknown ones, so that a misspelt element does not
/// make an empty policy.
fn complete(policy: &Value) -> Result<(), DocumentError> {
    const ELEMENTS: [&str; 3] = ["Id", "Statement", "Version"];
    let Some(policy) = policy.as_object() else {
        return Err(DocumentError::NoObject);
    };
    if let Some(key) = policy.keys().find(|key| !ELEMENTS.contains(&key.as_str())) {
        return Err(DocumentError::Element(key.clone()));
    }
    let statements = match policy.get("Statement") {
        Some(Value::Array(statements)) if !statements.is_empty() => statements.iter().collect(),
        Some(statement @ Value::Object(_)) => vec![statement],
        _ => return Err(DocumentError::NoStatement),
    };
    for (place, statement) in statements.into_iter().enumerate() {
        for pair in [["Action", "NotAction"], ["Resource", "NotResource"]] {
            let number = pair.iter().filter(|element| statement.get(element).is_some()).count();
            if number != 1 {
                let sid = statement.get("Sid").and_then(Value::as_str);
                let sid = sid.map_or_else(|| place.to_string(), str::to_owned);
                let [one, other] = pair;
                return Err(DocumentError::Pair { sid, number, one, other });
            }
        }
    }
    Ok(())
}

/// Reads a policy and checks that it is valid for `property`, the place where it is used.
pub(super) fn read(
    path: &Path,
    value: &Value,
    property: &'static str,
) -> Result<Document, ReadError> {
    let origin =
        Origin { stack: path.display().to_string().into(), logical_id: String::new(), property };
    let wrong = |problem: DocumentError| {
        let problem = PolicyError::Document { field: property, problem };
        ReadError::Policy { path: path.to_owned(), problem }
    };
    complete(value).map_err(wrong)?;
    let document = Document::parse(&value.into(), origin)
        .map_err(|error| wrong(DocumentError::Unreadable(error.problem)))?;
    for statement in &document.statements {
        let mut actions = statement.actions.names().iter();
        let sid = || statement.sid.clone();
        if let Some(action) = actions.find(|action| action.is_unknown()) {
            return Err(wrong(DocumentError::Action { sid: sid(), action: *action }));
        }
        let whom = match property {
            "boundary" => Some("a boundary is for whoever has it"),
            "session_policy" => Some("a session policy is for whoever has the session"),
            SERVICE => Some("a service control policy is for a whole account"),
            _ => None,
        };
        if let Some(whom) = whom.filter(|_| statement.principals.is_some()) {
            return Err(wrong(DocumentError::Principal { sid: sid(), whom }));
        }
        let unknown = statement.conditions.iter().find(|one| one.comparison == Comparison::Unknown);
        if let Some(condition) = unknown {
            let key = condition.key.clone();
            return Err(wrong(DocumentError::Operator { sid: sid(), key }));
        }
    }
    Ok(document)
}
