//! What the organization adds to the templates: service and resource control policies.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use lakewright_proof::document::{Comparison, Document, Origin};
use lakewright_proof::world::{OrganizationPolicy, World};
use serde::Deserialize;
use serde_json::Value;

use crate::exit::Failure;

/// What the organization adds to the templates.
#[derive(Debug, clap::Args)]
pub(crate) struct Scp {
    /// Policies of the organization, in JSON: one service control policy for all accounts, or
    /// {"management_account": "..", "service_control_policies": [{"level": "root", "accounts": [..],
    /// "document": {..}}], "resource_control_policies": [..]}. Every attached policy, FullAWSAccess too: an
    /// action must be allowed at each level above an account (the root, units, the account), and denied by none
    #[arg(long = "scp", value_name = "FILE")]
    file: Option<PathBuf>,
}

/// The file's form.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PolicyFile {
    /// The account that the policies do not bind.
    management_account: Option<String>,
    #[serde(default)]
    service_control_policies: Vec<Entry>,
    #[serde(default)]
    resource_control_policies: Vec<Entry>,
}

/// A policy, the level that it is attached to, and the accounts below; all, when none are named.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    #[serde(default = "root")]
    level: String,
    #[serde(default)]
    accounts: BTreeSet<String>,
    document: Value,
}

/// The level of a policy that names none.
fn root() -> String {
    "root".to_owned()
}

/// An account's id.
fn account(id: &str) -> Result<(), String> {
    let is_id = id.len() == 12 && id.bytes().all(|byte| byte.is_ascii_digit());
    if is_id { Ok(()) } else { Err(format!("got the account `{id}`, expected 12 digits")) }
}

impl Scp {
    /// Puts the policies into a world.
    pub(crate) fn add_to(&self, world: &mut World) -> Result<(), Failure> {
        let Some(path) = &self.file else { return Ok(()) };
        let wrong = |message: String| Failure::usage(format!("{}: {message}", path.display()));
        let data = json(path)?;
        if data.get("Statement").is_some() {
            let document = read(path, &data, "service_control_policies")?;
            let (level, accounts) = (root(), BTreeSet::new());
            world.organization.scps.push(OrganizationPolicy { level, accounts, document });
            return Ok(());
        }
        let policies: PolicyFile =
            serde_json::from_value(data).map_err(|error| wrong(error.to_string()))?;
        if policies.service_control_policies.is_empty()
            && policies.resource_control_policies.is_empty()
        {
            let message = "got no policy; expected a policy document, `service_control_policies` or `resource_control_policies`";
            return Err(wrong(message.to_owned()));
        }
        if let Some(id) = &policies.management_account {
            account(id).map_err(|message| wrong(format!("management_account: {message}")))?;
        }
        let organization = &mut world.organization;
        organization.management_account = policies.management_account;
        for (name, entries, known) in [
            ("service_control_policies", policies.service_control_policies, &mut organization.scps),
            (
                "resource_control_policies",
                policies.resource_control_policies,
                &mut organization.rcps,
            ),
        ] {
            for Entry { level, accounts, document } in entries {
                accounts
                    .iter()
                    .try_for_each(|id| account(id))
                    .map_err(|message| wrong(format!("{name}: {message}")))?;
                let document = read(path, &document, name)?;
                known.push(OrganizationPolicy { level, accounts, document });
            }
        }
        let allows = |policy: &OrganizationPolicy| {
            policy.document.statements.iter().any(|statement| statement.is_allow)
        };
        if !organization.scps.is_empty() && !organization.scps.iter().any(allows) {
            let message = "no service control policy allows anything, so nothing would be allowed; add the attached FullAWSAccess";
            return Err(wrong(message.to_owned()));
        }
        Ok(())
    }
}

/// Reads JSON that somebody has written.
pub(super) fn json(path: &Path) -> Result<Value, Failure> {
    let text = fs::read_to_string(path)
        .map_err(|error| Failure::usage(format!("{} cannot be read: {error}", path.display())))?;
    serde_json::from_str(text.trim_start_matches('\u{feff}'))
        .map_err(|error| Failure::usage(format!("{}: this is not JSON: {error}", path.display())))
}

/// Whether a policy has everything that IAM asks for, so that a misspelt element is not taken for a policy
/// that says nothing.
fn complete(policy: &Value) -> Result<(), String> {
    const ELEMENTS: [&str; 3] = ["Id", "Statement", "Version"];
    let Some(policy) = policy.as_object() else {
        return Err("got no object, expected a policy document".to_owned());
    };
    if let Some(key) = policy.keys().find(|key| !ELEMENTS.contains(&key.as_str())) {
        return Err(format!("`{key}` is not an element of a policy"));
    }
    let statements = match policy.get("Statement") {
        Some(Value::Array(statements)) if !statements.is_empty() => statements.iter().collect(),
        Some(statement @ Value::Object(_)) => vec![statement],
        _ => return Err("got no statement, expected a policy document".to_owned()),
    };
    for (place, statement) in statements.into_iter().enumerate() {
        for pair in [["Action", "NotAction"], ["Resource", "NotResource"]] {
            let number = pair.iter().filter(|element| statement.get(element).is_some()).count();
            if number != 1 {
                let sid = statement.get("Sid").and_then(Value::as_str);
                let sid = sid.map_or_else(|| place.to_string(), str::to_owned);
                let [one, other] = pair;
                return Err(format!(
                    "statement {sid} has {number} of {one} and {other}, expected one"
                ));
            }
        }
    }
    Ok(())
}

/// Reads a policy, which must be one that its owner can have.
pub(super) fn read(
    path: &Path,
    value: &Value,
    property: &'static str,
) -> Result<Document, Failure> {
    let origin =
        Origin { stack: path.display().to_string().into(), logical_id: String::new(), property };
    let wrong =
        |message: String| Failure::usage(format!("{}: {property}: {message}", path.display()));
    complete(value).map_err(wrong)?;
    let document = Document::parse(&value.into(), origin).map_err(|error| wrong(error.message))?;
    for statement in &document.statements {
        let mut actions = statement.actions.names().iter();
        if let Some(action) = actions.find(|action| action.is_unknown()) {
            let sid = &statement.sid;
            return Err(wrong(format!("statement {sid} names {action}, which is not an action")));
        }
        let sid = &statement.sid;
        let whom = match property {
            "boundary" => Some("a boundary is for whoever has it"),
            "session_policy" => Some("a session policy is for whoever has the session"),
            "service_control_policies" => Some("a service control policy is for a whole account"),
            _ => None,
        };
        if let Some(whom) = whom.filter(|_| statement.principals.is_some()) {
            return Err(wrong(format!("statement {sid} names a principal; {whom}")));
        }
        let unknown = statement.conditions.iter().find(|one| one.comparison == Comparison::Unknown);
        if let Some(condition) = unknown {
            return Err(wrong(format!(
                "statement {sid} compares {} by an operator that IAM does not have",
                condition.key
            )));
        }
    }
    Ok(document)
}
