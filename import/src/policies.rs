//! Key policies without the roles of data.all.

use std::collections::BTreeSet;

use lakewright_template::{Map, Place, Value};

/// The `Sid` of the statement that lets the account's identity policies decide about a key.
const ACCOUNT: &str = "EnableIamPolicies";

/// The policy without principals that go away, and with the statement that every key policy of KMS begins with.
///
/// data.all's keys do not let the account's identity policies decide, so without its roles nobody could use or administer
/// them. Source: "Default key policy" in the KMS developer guide.
pub(crate) fn closed(policy: &Value, place: &Place, gone: &BTreeSet<String>) -> Value {
    let none = Map::new();
    let policy = policy.as_map().unwrap_or(&none);
    let given = match policy.get("Statement") {
        Some(Value::List(items)) => items.clone(),
        Some(one) => vec![one.clone()],
        None => Vec::new(),
    };
    let root = place.root_arn(&place.account);
    let mut statements = vec![account(&root)];
    statements.extend(given.iter().filter_map(|one| narrowed(one, gone)));
    let is_account =
        |one: &Value| one.as_map().and_then(|map| map.get("Sid")?.as_text()) == Some(ACCOUNT);
    let mut seen = false;
    statements.retain(|one| !is_account(one) || !std::mem::replace(&mut seen, true));
    Map::new()
        .with("Statement", Value::List(statements))
        .with("Version", policy.get("Version").cloned().unwrap_or_else(|| "2012-10-17".into()))
        .into()
}

fn account(root: &str) -> Value {
    Map::new()
        .with("Action", "kms:*")
        .with("Effect", "Allow")
        .with("Principal", Map::new().with("AWS", root.to_owned()))
        .with("Resource", "*")
        .with("Sid", ACCOUNT)
        .into()
}

/// The statement without principals that go away; `None` if no other principal is left.
fn narrowed(statement: &Value, gone: &BTreeSet<String>) -> Option<Value> {
    let mut map = statement.as_map()?.clone();
    let Some(Value::Map(principal)) = map.get("Principal").cloned() else {
        return Some(map.into());
    };
    let Some(named) = principal.get("AWS") else { return Some(map.into()) };
    let all = match named {
        Value::List(items) => items.clone(),
        one => vec![one.clone()],
    };
    let left: Vec<Value> = all.into_iter().filter(|one| !is_gone(one, gone)).collect();
    let mut rest = principal.clone();
    rest.remove("AWS");
    if !left.is_empty() {
        rest.insert("AWS", Value::List(left));
    }
    if rest.is_empty() {
        return None;
    }
    map.insert("Principal", rest);
    Some(map.into())
}

fn is_gone(principal: &Value, gone: &BTreeSet<String>) -> bool {
    let Some(text) = principal.as_text() else { return false };
    gone.contains(text) || text.contains(":role/dataallPivotRole")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statement(sid: &str, principals: &[&str]) -> Value {
        let principals: Vec<Value> =
            principals.iter().map(|one| Value::from((*one).to_owned())).collect();
        Map::new()
            .with("Sid", sid.to_owned())
            .with("Principal", Map::new().with("AWS", Value::List(principals)))
            .into()
    }

    #[test]
    fn roles_that_go_away_are_no_principals_and_the_account_is_one() {
        let place = Place::parse("222222222222", "eu-west-1").unwrap();
        let role = |name: &str| format!("arn:aws:iam::222222222222:role/{name}");
        let policy = Map::new().with(
            "Statement",
            vec![
                statement("Owner", &[&role("team")]),
                statement("Pivot", &[&role("dataallPivotRole-cdk"), &role("other")]),
                Map::new()
                    .with("Sid", "Logs")
                    .with("Principal", Map::new().with("Service", "logs.amazonaws.com"))
                    .into(),
            ],
        );
        let closed = closed(&policy.into(), &place, &BTreeSet::from([role("team")]));
        let statements = closed.as_map().unwrap().get("Statement").unwrap().as_list().unwrap();
        let sids: Vec<&str> = statements
            .iter()
            .map(|one| one.as_map().unwrap().get("Sid").unwrap().as_text().unwrap())
            .collect();
        assert_eq!(sids, ["EnableIamPolicies", "Pivot", "Logs"]);
        assert_eq!(statements[1], statement("Pivot", &[&role("other")]));
        let again = super::closed(&closed, &place, &BTreeSet::new());
        assert_eq!(again, closed, "the statement is added once");
    }
}
