//! What every finished template is checked for: emitted means deployable.

use lakewright_template::intrinsic::{SubPart, is_function_name};
use lakewright_template::limits::{RESOURCES, STACK_NAME_CHARACTERS, TEMPLATE_BYTES};
use lakewright_template::{Intrinsic, LogicalId, Value, schema};

use crate::{Cause, Problem, Stack};

/// Checks references, limits and schemas.
pub(crate) fn check(stack: &mut Stack, bytes: usize) {
    let mut problems: Vec<(Problem, Option<LogicalId>)> = Vec::new();
    references(stack, &mut problems);
    limits(stack, bytes, &mut problems);
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
                    // IAM statements have `Condition` among other keys, never alone.
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
                                || stack.ids.keys().any(|id| id.as_str() == target)
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
    let counts = [
        ("the stack's name", spec.name.chars().count(), STACK_NAME_CHARACTERS, "characters"),
        ("the template", bytes, TEMPLATE_BYTES, "bytes"),
        ("the template", stack.template.resources.len(), RESOURCES, "resources"),
    ];
    for (what, actual, limit, unit) in counts {
        if actual > limit {
            let problem = Problem::Limit { what: what.to_owned(), actual, limit, unit };
            problems.push((problem, None));
        }
    }
    for (id, resource) in &stack.template.resources {
        if resource.kind != "AWS::IAM::Role" {
            continue;
        }
        let Some(trust) = resource.properties.get("AssumeRolePolicyDocument") else { continue };
        let actual = lakewright_policies::size::characters(trust);
        let limit = spec.trust_policy_characters;
        if actual > limit {
            let what = format!("the trust policy of {id}");
            let problem = Problem::Limit { what, actual, limit, unit: "characters" };
            problems.push((problem, Some(id.clone())));
        }
    }
}
