//! The decision table: every row names where AWS says so.

use serde_json::Value;

use super::*;
use crate::action::Action;
use crate::document::Origin;
use crate::request::{Context, account_of};

fn documents(value: &Value, property: &'static str) -> Vec<Document> {
    let list = match value {
        Value::Null => Vec::new(),
        Value::Array(list) => list.clone(),
        one => vec![one.clone()],
    };
    let origin = Origin { property, ..Origin::default() };
    let documents = list.iter().map(|document| Document::parse(&document.into(), origin.clone()));
    documents.collect::<Result<_, _>>().expect("the table has documents")
}

fn principal(row: &Value) -> Principal {
    let text = row["principal"].as_str().expect("a principal");
    if text == "*" {
        Principal::Anonymous
    } else if text.contains(":user/") {
        Principal::User(text.to_owned())
    } else if text.starts_with("arn:") {
        Principal::Role {
            arn: text.to_owned(),
            session: row["session_arn"].as_str().map(str::to_owned),
        }
    } else {
        Principal::Service(text.to_owned())
    }
}

fn context(row: &Value) -> Context {
    let mut context = Context::new();
    for (key, values) in row["context"].as_object().into_iter().flatten() {
        let values = match values {
            Value::Array(values) => values.clone(),
            one => vec![one.clone()],
        };
        context.set(key, values.iter().map(|value| value.as_str().expect("text").to_owned()));
    }
    context
}

fn tags(row: &Value, name: &str) -> std::collections::BTreeMap<String, String> {
    let tags = row[name].as_object().into_iter().flatten();
    tags.map(|(key, value)| (key.clone(), value.as_str().expect("text").to_owned())).collect()
}

#[test]
fn each_row_of_the_decision_table_holds() {
    let table: Value =
        serde_json::from_str(include_str!("../../data/decisions.json")).expect("the table is JSON");
    let rows = table.as_array().expect("the table is a list");
    let mut wrong = Vec::new();
    for row in rows {
        let name = row["name"].as_str().expect("each row has a name");
        assert!(
            row["source"].as_str().is_some_and(|source| source.len() > 8),
            "{name} has no source"
        );
        let [scps, rcps, boundary, session, identity, resource] = [
            documents(&row["scp"], "scp"),
            documents(&row["rcp"], "rcp"),
            documents(&row["boundary"], "boundary"),
            documents(&row["session"], "session"),
            documents(&row["identity"], "identity"),
            documents(&row["resource_policy"], "resource"),
        ];
        let levels = row["scp_levels"].as_array().into_iter().flatten();
        let levels: Vec<Vec<Document>> = levels.map(|level| documents(level, "scp")).collect();
        let principal = principal(row);
        let resource_arn = row["resource"].as_str().expect("a resource");
        let resource_account =
            row["resource_account"].as_str().or_else(|| account_of(resource_arn));
        let layers = Layers {
            is_same_account: principal.account() == resource_account,
            kind: match row["kind"].as_str() {
                Some("key") => ResourceKind::Key,
                Some("trust") => ResourceKind::Trust,
                _ => ResourceKind::Ordinary,
            },
            scps: match levels.as_slice() {
                [] if scps.is_empty() => Vec::new(),
                [] => vec![scps.iter().collect()],
                levels => levels.iter().map(|level| level.iter().collect()).collect(),
            },
            rcps: rcps.iter().collect(),
            boundary: boundary.first(),
            session: session.first(),
            identity: identity.iter().collect(),
            unknown_identity: None,
            resource: resource.first(),
            identity_gap: None,
            resource_gap: None,
            nothing_is_certain: None,
        };
        let (principal_tags, resource_tags) =
            (tags(row, "principal_tags"), tags(row, "resource_tags"));
        let facts = Facts {
            resource_account,
            principal_tags: Some(&principal_tags),
            resource_tags: Some(&resource_tags),
            derived: None,
            region: None,
            through: None,
        };
        let context = context(row);
        let request = Request {
            principal: &principal,
            action: Action::new(row["action"].as_str().expect("an action")),
            resource: resource_arn,
            context: &context,
        };
        let got = decide(&layers, &request, &facts, None).decision.as_str();
        let expected = row["expected"].as_str().expect("a decision");
        if got != expected {
            wrong.push(format!("{name}: got {got}, expected {expected}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(rows.len() >= 180, "only {} rows", rows.len());
}
