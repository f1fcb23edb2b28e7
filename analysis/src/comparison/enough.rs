//! Whether a deployed bootstrap is sufficient for a mesh's stacks, although it differs from the one that the mesh asks
//! for.

use std::collections::{BTreeMap, BTreeSet};

use lakewright_template::write::value_to_compact_json;
use lakewright_template::{Map, ResourceEntry, Template, Value};

use super::{Rules, Said, holder, rules};

/// A permission of a role: one action on one resource, under one combination of condition values.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Right {
    by: String,
    action: String,
    resource: String,
    condition: String,
}

/// The operators that are met by any one of their values.
///
/// Source: "Conditions with multiple context keys or values" in the IAM guide: several values of a key are a logical
/// OR, and with a negated operator a logical NOR. All operators and keys must be met.
const ONE_IS_ENOUGH: [&str; 4] = ["ArnEquals", "ArnLike", "StringEquals", "StringLike"];

/// Whether the deployed template grants its roles everything in `needed`, and equals `wanted` in everything else,
/// including denials.
pub fn is_enough(deployed: &Template, wanted: &Template, needed: &Template) -> bool {
    rest(deployed) == rest(wanted)
        && denials(deployed) == denials(wanted)
        && rights(needed).is_subset(&rights(deployed))
}

/// A template without its roles' policies, whose packing changes with every permission, and without the parts that do
/// not affect permissions.
fn rest(template: &Template) -> Template {
    let mut rest = template.clone();
    rest.description = None;
    rest.metadata = Map::new();
    rest.outputs.clear();
    rest.resources.retain(|_, resource| !is_of_role(resource));
    rest
}

fn is_of_role(resource: &ResourceEntry) -> bool {
    match resource.kind.as_ref() {
        "AWS::IAM::ManagedPolicy" => resource.properties.get("Roles").is_some(),
        "AWS::IAM::RolePolicy" => true,
        _ => false,
    }
}

fn denials(template: &Template) -> BTreeMap<Said, Rules> {
    rules(template).into_iter().filter(|(said, _)| said.is_denied).collect()
}

fn rights(template: &Template) -> BTreeSet<Right> {
    let mut rights = BTreeSet::new();
    for (id, resource) in template.resources.iter().filter(|(_, one)| is_of_role(one)) {
        let by = holder(id.as_str(), &resource.properties);
        for (_, value) in resource.properties.iter() {
            value.walk(&mut |value| {
                let statement = value.as_map();
                let effect = statement.and_then(|one| one.get("Effect")?.as_text());
                if let Some(statement) = statement.filter(|_| effect == Some("Allow")) {
                    add(&mut rights, &by, statement);
                }
            });
        }
    }
    rights
}

fn add(rights: &mut BTreeSet<Right>, by: &str, statement: &Map) {
    let actions = each(statement, "Action", "NotAction");
    let resources = each(statement, "Resource", "NotResource");
    let conditions = ways(statement.get("Condition"));
    for action in &actions {
        for resource in &resources {
            rights.extend(conditions.iter().map(|condition| Right {
                by: by.to_owned(),
                action: action.clone(),
                resource: resource.clone(),
                condition: condition.clone(),
            }));
        }
    }
}

/// The values of an element, one by one. The values of its opposite stay together, because removing one of them would
/// allow more.
fn each(statement: &Map, element: &str, opposite: &str) -> Vec<String> {
    match (statement.get(element), statement.get(opposite)) {
        (Some(value), _) => texts(value),
        (None, Some(value)) => vec![format!("{opposite} {}", value_to_compact_json(value))],
        (None, None) => vec![String::new()],
    }
}

fn texts(value: &Value) -> Vec<String> {
    let text =
        |one: &Value| one.as_text().map_or_else(|| value_to_compact_json(one), str::to_owned);
    match value.as_list() {
        Some(list) => list.iter().map(text).collect(),
        None => vec![text(value)],
    }
}

/// The combinations of values that meet a condition, one value for each key.
fn ways(condition: Option<&Value>) -> Vec<String> {
    let mut ways = vec![String::new()];
    let Some(condition) = condition else { return ways };
    let Some(operators) = condition.as_map() else {
        return vec![value_to_compact_json(condition)];
    };
    for (operator, keys) in operators.iter() {
        for values in alternatives(operator, keys) {
            let longer = |way: &String| -> Vec<String> {
                values.iter().map(|value| format!("{way}{operator} {value};")).collect()
            };
            ways = ways.iter().flat_map(longer).collect();
        }
    }
    ways
}

/// For each key of an operator, the values of which any one is sufficient.
fn alternatives(operator: &str, keys: &Value) -> Vec<Vec<String>> {
    match keys.as_map().filter(|_| ONE_IS_ENOUGH.contains(&operator)) {
        None => vec![vec![value_to_compact_json(keys)]],
        Some(keys) => keys
            .iter()
            .map(|(key, value)| texts(value).iter().map(|one| format!("{key} {one}")).collect())
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use lakewright_template::read;

    use super::*;

    fn template(statements: &str) -> Template {
        let text = format!(
            "Resources:\n  R:\n    Type: AWS::IAM::Role\n    Properties:\n      RoleName: r\n  P:\n    \
             Type: AWS::IAM::ManagedPolicy\n    Properties:\n      Roles: [{{ Ref: R }}]\n      \
             PolicyDocument: {{Statement: [{statements}]}}\n"
        );
        read::template(&text).expect("a template")
    }

    const PASS: &str = "{Effect: Allow, Action: 'iam:PassRole', Resource: [a, b], Condition: \
                        {StringEquals: {'iam:PassedToService': [glue.amazonaws.com, sagemaker.amazonaws.com]}}}";

    fn enough(deployed: &str, needed: &str) -> bool {
        is_enough(&template(deployed), &template(PASS), &template(needed))
    }

    #[test]
    fn what_allows_more_is_enough() {
        assert!(enough(PASS, PASS));
        assert!(enough(PASS, ""));
        assert!(enough(PASS, &PASS.replace("[a, b]", "b")));
        assert!(enough(PASS, &PASS.replace("glue.amazonaws.com, ", "")));
        // In two statements as in one.
        let apart = format!("{}, {}", PASS.replace("[a, b]", "a"), PASS.replace("[a, b]", "b"));
        assert!(enough(&apart, PASS));
    }

    #[test]
    fn what_allows_less_or_in_another_way_is_not() {
        assert!(!enough("", PASS));
        assert!(!enough(&PASS.replace("[a, b]", "b"), PASS));
        assert!(!enough(PASS, &PASS.replace("iam:PassRole", "iam:GetRole")));
        let other = PASS.replace("glue.amazonaws.com", "lambda.amazonaws.com");
        assert!(!enough(&other, PASS));
        // With each value more, a negated operator allows less.
        let negated = PASS.replace("StringEquals", "StringNotEquals");
        assert!(!enough(&negated, &negated.replace("glue.amazonaws.com, ", "")));
        assert!(enough(&negated, &negated));
    }

    #[test]
    fn denials_and_everything_else_are_as_wanted() {
        let denied = format!("{PASS}, {{Effect: Deny, Action: 'iam:PassRole', Resource: b}}");
        assert!(!enough(&denied, PASS), "denied, and not wanted to be");
        let (wanted, lax) = (template(&denied), template(PASS));
        assert!(!is_enough(&lax, &wanted, &template("")), "no longer denied");
        assert!(is_enough(&wanted, &wanted, &template("")));
        let mut other = template(PASS);
        for resource in other.resources.values_mut().filter(|one| one.kind == "AWS::IAM::Role") {
            resource.properties.insert("RoleName", "other");
        }
        assert!(!is_enough(&other, &template(PASS), &template("")), "another role");
    }
}
