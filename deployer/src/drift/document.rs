//! Policy documents in one form, so that two of them can be compared.

use std::collections::BTreeSet;

use lakewright_template::Place;
use serde_json::{Map, Value, json};

/// A policy document in one form. Services return documents with the same meaning in other forms: one text for a list of
/// one, an account's number for its root, an order of their own.
///
/// Source: "Grammar of the IAM JSON policy language" and "AWS JSON policy elements: Principal" in the IAM user guide.
pub(super) fn canonical(document: &Value, place: &Place) -> Value {
    let Some(elements) = document.as_object() else { return document.clone() };
    let elements = elements.iter().map(|(name, value)| {
        let value = match name.as_str() {
            "Statement" => several(value).iter().map(|one| statement(one, place)).collect(),
            _ => value.clone(),
        };
        (name.clone(), value)
    });
    Value::Object(elements.collect())
}

/// Whether two documents in one form mean the same: neither the order of statements nor the document's `Id` matters.
pub(super) fn are_equal(one: &Value, other: &Value) -> bool {
    let parts = |document: &Value| {
        let statements = several(&document["Statement"]).iter().map(ToString::to_string);
        // The default of IAM.
        let version = document["Version"].as_str().unwrap_or("2008-10-17").to_owned();
        (version, statements.collect::<BTreeSet<String>>())
    };
    parts(one) == parts(other)
}

/// Whether a value that came from AWS would be read as a function of CloudFormation.
pub(super) fn has_function(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().any(has_function),
        Value::Object(entries) => {
            let is_function = |name: &String| {
                name == "Ref"
                    || name.starts_with("Fn::")
                    || name == "Condition" && entries[name].is_string()
            };
            entries.len() == 1 && entries.keys().any(is_function)
                || entries.values().any(has_function)
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

fn several(value: &Value) -> &[Value] {
    match value {
        Value::Array(items) => items,
        Value::Null => &[],
        one => std::slice::from_ref(one),
    }
}

fn statement(statement: &Value, place: &Place) -> Value {
    let Some(elements) = statement.as_object() else { return statement.clone() };
    let elements = elements.iter().map(|(name, value)| {
        let value = match name.as_str() {
            "Action" | "NotAction" | "Resource" | "NotResource" => list(value),
            "Principal" | "NotPrincipal" => principal(value, place),
            "Condition" => condition(value),
            _ => value.clone(),
        };
        (name.clone(), value)
    });
    Value::Object(elements.collect())
}

/// A list without an order; one text for a list of one.
fn list(value: &Value) -> Value {
    let texts: BTreeSet<String> = several(value).iter().map(plain).collect();
    if texts.len() == 1 { texts.into_iter().next().into() } else { json!(texts) }
}

/// Numbers and booleans are texts for IAM.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn principal(value: &Value, place: &Place) -> Value {
    let Some(kinds) = value.as_object() else {
        return if value == "*" { json!({ "AWS": "*" }) } else { value.clone() };
    };
    let kinds = kinds.iter().map(|(kind, names)| {
        let names = several(names).iter().map(|name| {
            let name = plain(name);
            let is_account = name.len() == 12 && name.bytes().all(|byte| byte.is_ascii_digit());
            if is_account { place.root_arn(&name) } else { name }
        });
        (kind.clone(), list(&names.collect()))
    });
    Value::Object(kinds.collect())
}

fn condition(value: &Value) -> Value {
    let Some(operators) = value.as_object() else { return value.clone() };
    let operators = operators.iter().map(|(operator, keys)| {
        let keys = keys.as_object().into_iter().flatten();
        let keys: Map<String, Value> =
            keys.map(|(key, values)| (key.clone(), list(values))).collect();
        (operator.clone(), Value::Object(keys))
    });
    Value::Object(operators.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn equal(one: &Value, other: &Value) -> bool {
        let place = Place::parse("111122223333", "eu-west-1").expect("a place");
        are_equal(&canonical(one, &place), &canonical(other, &place))
    }

    /// Source: "AWS JSON policy elements: Principal" and the grammar in the IAM user guide.
    #[test]
    fn forms_with_the_same_meaning_are_equal() {
        let one = json!({ "Version": "2012-10-17", "Statement": {
            "Effect": "Allow", "Action": ["s3:GetObject"], "Resource": "*",
            "Principal": { "AWS": "111122223333" },
            "Condition": { "Bool": { "aws:SecureTransport": true } },
        } });
        let other = json!({ "Version": "2012-10-17", "Id": "x", "Statement": [{
            "Effect": "Allow", "Action": "s3:GetObject", "Resource": ["*"],
            "Principal": { "AWS": ["arn:aws:iam::111122223333:root"] },
            "Condition": { "Bool": { "aws:SecureTransport": ["true"] } },
        }] });
        assert!(equal(&one, &other));
        let everybody = |principal: Value| json!({ "Statement": [{ "Principal": principal }] });
        assert!(equal(&everybody(json!("*")), &everybody(json!({ "AWS": "*" }))));
    }

    #[test]
    fn another_action_is_a_difference() {
        let with = |actions: Value| json!({ "Statement": [{ "Effect": "Allow", "Action": actions, "Resource": "*" }] });
        let get = with(json!("s3:GetObject"));
        assert!(!equal(&get, &with(json!(["s3:GetObject", "s3:PutObject"]))));
        assert!(!equal(&get, &json!({ "Statement": [] })));
    }

    #[test]
    fn values_that_would_be_functions_are_noticed() {
        assert!(has_function(&json!({ "Condition": { "StringEquals": { "Ref": "x" } } })));
        assert!(has_function(&json!([{ "Fn::Sub": "${AWS::Region}" }])));
        assert!(!has_function(&json!({ "Condition": { "Bool": { "aws:x": "true" } } })));
    }
}
