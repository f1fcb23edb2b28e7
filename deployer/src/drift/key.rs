//! Keys: their policies and grants.

use std::collections::BTreeSet;

use futures_util::future::join;
use serde_json::{Map, Value, json};

use super::document::canonical;
use super::look;
use super::sides::{At, Sides};
use super::stated::{StatedStack, as_stated};
use super::{Asked, Deployed};
use crate::at_once::by_place;
use crate::cloud::{Cloud, Site};

/// Compares the keys of all stacks.
pub(super) async fn compare(
    cloud: &impl Cloud,
    stacks: &[StatedStack<'_>],
    sides: &mut Sides,
    asked: &mut BTreeSet<Asked>,
) {
    let property = "KeyPolicy";
    let mut keys: Vec<(At<'_>, &Site, &str, &Value)> = Vec::new();
    for stack in stacks {
        let Deployed { address, site, .. } = stack.deployed;
        for (id, key) in stack.of_kind("AWS::KMS::Key") {
            let at = At { stack: address, id };
            match (stack.physical(id), key.properties.get(property)) {
                (Some(real), Some(stated)) => keys.push((at, site, real, stated)),
                _ => sides.not_stated(at, property),
            }
        }
    }
    let looking = keys.iter().map(|(at, site, real, _)| {
        let policy = look::key_policy(cloud, site, real);
        (&at.stack.place, join(policy, look::grants(cloud, site, real)))
    });
    let found = by_place(looking).await;
    for ((at, _, real, stated), (policy, grants)) in keys.into_iter().zip(found) {
        let place = &at.stack.place;
        let policy = match policy {
            Ok(Some(policy)) => policy,
            Ok(None) => {
                sides.remove(at);
                continue;
            }
            Err(error) => {
                sides.note(at, "the policy", &error);
                continue;
            }
        };
        asked.insert((at.stack.clone(), at.id.to_owned(), property));
        let grants = grants.unwrap_or_else(|error| {
            sides.note(at, "who has grants", &error);
            Vec::new()
        });
        let mut found = canonical(&as_stated(stacks, &policy), place);
        for grant in &grants {
            match statement(&as_stated(stacks, grant)) {
                Ok(statement) => push(&mut found, statement),
                Err(reason) => sides.note(at, "what a grant", &reason),
            }
            sides.by_hand.push(removal(real, grant, place.account.as_str()));
        }
        sides.set_document(at, property, canonical(stated, place), found);
    }
}

fn push(document: &mut Value, statement: Value) {
    if let Some(statements) = document["Statement"].as_array_mut() {
        statements.push(statement);
    }
}

/// How a grant is removed.
fn removal(key: &str, grant: &Value, account: &str) -> String {
    let text = |name: &str| grant[name].as_str().unwrap_or("?");
    let (id, to) = (text("GrantId"), text("GranteePrincipal"));
    format!(
        "a grant on key {key} of account {account} is for {to}: `aws kms revoke-grant --key-id {key} --grant-id {id}` removes it"
    )
}

/// The statement of a key policy that allows the same as a grant. The error says why there is none.
///
/// Source: "Grants in AWS KMS" in the KMS developer guide: a grant allows its operations, and denies nothing.
fn statement(grant: &Value) -> Result<Value, String> {
    let id = grant["GrantId"].as_str().unwrap_or("?");
    let grantee = grant["GranteePrincipal"].as_str().or(grant["GranteeServicePrincipal"].as_str());
    let principal = match grantee {
        Some(arn) if arn.starts_with("arn:") => json!({ "AWS": arn }),
        Some(service) if service.contains(".amazonaws.") => json!({ "Service": service }),
        Some(other) => {
            return Err(format!("{id} is for {other}, which is neither an ARN nor a service"));
        }
        None => return Err(format!("{id} does not say whom it is for")),
    };
    let operations = grant["Operations"].as_array().into_iter().flatten();
    let actions = operations.filter_map(Value::as_str).map(|name| format!("kms:{name}"));
    let actions: BTreeSet<String> = actions.collect();
    let mut condition = Map::new();
    for (name, value) in grant["Constraints"].as_object().into_iter().flatten() {
        match name.as_str() {
            "EncryptionContextEquals" | "EncryptionContextSubset" => {
                let keys = value.as_object().into_iter().flatten();
                let keys: Map<String, Value> = keys
                    .map(|(key, value)| (format!("kms:EncryptionContext:{key}"), value.clone()))
                    .collect();
                condition.insert("StringEquals".to_owned(), Value::Object(keys));
            }
            "SourceArn" => {
                let keys = json!({ "aws:SourceArn": value });
                condition.insert("ArnLike".to_owned(), keys);
            }
            other => return Err(format!("{id} has the constraint {other}")),
        }
    }
    let mut statement = json!({
        "Sid": format!("Grant{}", id.chars().filter(char::is_ascii_alphanumeric).take(16).collect::<String>()),
        "Effect": "Allow",
        "Principal": principal,
        "Action": actions,
        "Resource": "*",
    });
    if !condition.is_empty() {
        statement["Condition"] = Value::Object(condition);
    }
    Ok(statement)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The fields of `GrantListEntry` and `GrantConstraints` in the KMS API reference.
    #[test]
    fn a_grant_allows_what_a_statement_would() {
        let grant = json!({
            "GrantId": "0d8a-12", "KeyId": "k", "Operations": ["Encrypt", "Decrypt"],
            "GranteePrincipal": "arn:aws:iam::111122223333:role/r",
            "Constraints": { "EncryptionContextSubset": { "Department": "IT" } },
        });
        let expected = json!({
            "Sid": "Grant0d8a12", "Effect": "Allow", "Resource": "*",
            "Principal": { "AWS": "arn:aws:iam::111122223333:role/r" },
            "Action": ["kms:Decrypt", "kms:Encrypt"],
            "Condition": { "StringEquals": { "kms:EncryptionContext:Department": "IT" } },
        });
        assert_eq!(statement(&grant), Ok(expected));
        let service = json!({ "GrantId": "1", "GranteePrincipal": "glue.amazonaws.com" });
        let made = statement(&service).expect("a statement");
        assert_eq!(made["Principal"], json!({ "Service": "glue.amazonaws.com" }));
    }

    /// `GranteePrincipal` of a deleted principal is its unique id: "Grants in AWS KMS".
    #[test]
    fn a_grant_that_no_statement_states_is_unknown() {
        assert!(statement(&json!({ "GrantId": "1", "GranteePrincipal": "AROAEXAMPLE" })).is_err());
        let new = json!({
            "GrantId": "1", "GranteePrincipal": "arn:aws:iam::111122223333:role/r",
            "Constraints": { "Later": "x" },
        });
        assert!(statement(&new).is_err());
    }
}
