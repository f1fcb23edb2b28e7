//! Checks of each finished template, so that every emitted template can be deployed.

use lakewright_policies::size::{characters, one_statement_characters};
use lakewright_template::intrinsic::{SubPart, is_function_name};
use lakewright_template::limits::{Limit, quota};
use lakewright_template::{Intrinsic, LogicalId, Value, schema};

use crate::{Cause, Problem, Stack};

/// The last character that IAM and KMS allow in policies.
const LAST: char = '\u{ff}';

/// Checks references, limits, characters and schemas.
pub(crate) fn check(stack: &mut Stack, bytes: usize) {
    let mut problems: Vec<(Problem, Option<LogicalId>)> = Vec::new();
    references(stack, &mut problems);
    limits(stack, bytes, &mut problems);
    characters_of_policies(stack, &mut problems);
    for violation in schema::validate(&stack.template, &stack.spec().place) {
        let id = stack.ids.keys().find(|id| id.as_str() == violation.logical_id).cloned();
        problems.push((Problem::Schema(violation), id));
    }
    for (problem, id) in problems {
        let part = id.and_then(|id| stack.provenance.get(id.as_str()));
        let causes: Vec<Cause> = part.unwrap_or(&stack.causes).iter().copied().collect();
        stack.problem(problem, causes);
    }
}

fn references(stack: &Stack, problems: &mut Vec<(Problem, Option<LogicalId>)>) {
    let foreign = |from: &LogicalId, to: &str| Problem::ForeignReference {
        from: from.to_string(),
        to: to.to_owned(),
    };
    let is_ours = |to: &LogicalId| {
        to.as_str().starts_with("AWS::")
            || stack.template.parameters.contains_key(to.as_str())
            || stack.ids.get(to).is_some_and(|declared| declared.is_same_declaration(to))
    };
    for (id, resource) in &stack.template.resources {
        for dependency in resource.depends_on.iter().filter(|dependency| !is_ours(dependency)) {
            problems.push((foreign(id, dependency.as_str()), Some(id.clone())));
        }
        for (_, value) in resource.properties.iter() {
            value.walk(&mut |value| match value {
                Value::Map(map) => {
                    if let Some((key, _)) = map.iter().next()
                        && map.len() == 1
                        && is_function_name(key)
                    // IAM statements have `Condition` only among other keys.
                    {
                        let problem =
                            Problem::InjectedFunction { at: id.to_string(), key: key.to_string() };
                        problems.push((problem, Some(id.clone())));
                    }
                }
                Value::Intrinsic(call) => match call.as_ref() {
                    Intrinsic::Ref(to) | Intrinsic::GetAtt(to, _) if !is_ours(to) => {
                        problems.push((foreign(id, to.as_str()), Some(id.clone())));
                    }
                    Intrinsic::Sub { parts, variables } => {
                        for part in parts {
                            let SubPart::Variable(name) = part else { continue };
                            let target = name.split('.').next().unwrap_or(name);
                            let is_known = target.starts_with("AWS::")
                                || variables.get(name).is_some()
                                || stack.ids.contains_key(target)
                                || stack.template.parameters.contains_key(target);
                            if !is_known {
                                problems.push((foreign(id, target), Some(id.clone())));
                            }
                        }
                    }
                    _ => {}
                },
                Value::Null
                | Value::Bool(_)
                | Value::Integer(_)
                | Value::Decimal(_)
                | Value::Text(_)
                | Value::List(_) => {}
            });
        }
    }
}

fn limits(stack: &Stack, bytes: usize, problems: &mut Vec<(Problem, Option<LogicalId>)>) {
    let spec = stack.spec();
    let counts: [(&str, usize, &Limit, &str); 3] = [
        (
            "the stack's name",
            spec.name.chars().count(),
            &quota::STACK_NAME_CHARACTERS,
            "characters",
        ),
        ("the template", bytes, &quota::TEMPLATE_BYTES, "bytes"),
        ("the template", stack.template.resources.len(), &quota::RESOURCES, "resources"),
    ];
    for (what, actual, quota, unit) in counts {
        let limit = quota.value;
        if actual > limit {
            let problem = Problem::Limit { what: what.to_owned(), actual, limit, unit, quota };
            problems.push((problem, None));
        }
    }
    for (id, resource) in &stack.template.resources {
        let property = |name| resource.properties.get(name);
        let (what, actual, limit, quota): (_, _, _, &Limit) = match resource.kind.as_ref() {
            "AWS::IAM::Role" => (
                "trust policy",
                property("AssumeRolePolicyDocument").map(characters),
                spec.trust_policy_characters,
                &quota::TRUST_POLICY_CHARACTERS,
            ),
            // A bus has one policy. Each of these resources is one statement of it, and a stack has one such resource.
            "AWS::Events::EventBusPolicy" => (
                "event bus policy",
                property("Statement").map(one_statement_characters),
                spec.event_bus_policy_characters,
                &quota::EVENT_BUS_POLICY_CHARACTERS,
            ),
            _ => continue,
        };
        let Some(actual) = actual.filter(|actual| *actual > limit) else { continue };
        let what = format!("the {what} of {id}");
        let problem = Problem::Limit { what, actual, limit, unit: "characters", quota };
        problems.push((problem, Some(id.clone())));
    }
}

/// IAM and KMS allow no characters beyond Latin-1 in policies. Sources: "IAM and AWS STS quotas" in the IAM user guide,
/// about policy documents; `Policy` of "PutKeyPolicy" in the KMS API reference.
fn characters_of_policies(stack: &Stack, problems: &mut Vec<(Problem, Option<LogicalId>)>) {
    for (id, resource) in &stack.template.resources {
        let policies = match resource.kind.as_ref() {
            kind if kind.starts_with("AWS::IAM::") => {
                ["AssumeRolePolicyDocument", "PolicyDocument"].as_slice()
            }
            "AWS::KMS::Key" => &["KeyPolicy"],
            _ => continue,
        };
        let mut found = None;
        let mut look = |text: &str| {
            let beyond = text.chars().find(|one| *one > LAST);
            found = found.take().or(beyond.map(|character| (text.to_owned(), character)));
        };
        for policy in policies.iter().filter_map(|name| resource.properties.get(name)) {
            policy.walk(&mut |value| match value {
                Value::Text(text) => look(text),
                Value::Map(map) => map.iter().for_each(|(key, _)| look(key)),
                _ => {}
            });
        }
        if let Some((text, character)) = found {
            let problem = Problem::PolicyCharacter { at: id.to_string(), text, character };
            problems.push((problem, Some(id.clone())));
        }
    }
}
