//! A review in the form of the CDK's `validation-report.json`.
//!
//! Source: `validation-report.schema.json` in the package `@aws-cdk/cloud-assembly-schema`, version 55.6.0.

use std::collections::{BTreeMap, BTreeSet};

use lakewright_diff::access::AccessChange;
use lakewright_diff::change::{ResourceChange, StackChange};
use lakewright_diff::decisions::DecisionChange;
use lakewright_diff::disagreement::Disagreement;
use serde_json::{Value, json};

use super::sarif::{
    about_access, about_decision, about_disagreement, about_resource, described, template,
};
use super::{
    Rule, Shown, ShownStack, decisions, disagreements, entries, id_of_access, id_of_other,
    id_of_resource, sentences,
};
use crate::ui::sorted;

/// The version of the schema, as the package's `Manifest.version` has it. A program refuses a report with a larger major
/// version than its own.
const VERSION: &str = "55.0.0";

/// The report, with a line break at its end.
pub(crate) fn text(shown: &Shown<'_>) -> String {
    format!("{:#}\n", sorted(report(shown)))
}

pub(crate) fn report(shown: &Shown<'_>) -> Value {
    let by_address: BTreeMap<&str, &StackChange> =
        shown.review.stacks.iter().map(|one| (one.stack.as_str(), one)).collect();
    let mut violations: Vec<(Rule, Value)> =
        shown.review.access.iter().map(|change| access(change, shown)).collect();
    for stack in shown.shown_stacks() {
        violations.extend(of_stack(stack, &by_address, shown));
    }
    violations.extend(decisions::all(shown).map(decision));
    violations.extend(shown.review.disagreements.iter().map(|one| disagreement(one, shown)));
    violations.sort_by_key(|(rule, _)| *rule);
    let is_failure = violations.iter().any(|(_, one)| one["severity"] == "error");
    let violations: Vec<Value> = violations.into_iter().map(|(_, one)| one).collect();
    json!({
        "version": VERSION,
        "title": format!("Review of a change: {}", shown.summary()),
        "pluginReports": [{
            "pluginName": "lakewright",
            "pluginVersion": env!("CARGO_PKG_VERSION"),
            "conclusion": if is_failure { "failure" } else { "success" },
            "metadata": { "before": shown.before, "after": shown.after },
            "violations": violations,
        }],
    })
}

/// What a violation says, and where.
struct Violation {
    id: String,
    rule: Rule,
    description: String,
    lines: Vec<String>,
    constructs: Vec<Value>,
}

fn violation(one: Violation) -> (Rule, Value) {
    let Violation { id, rule, description, lines, constructs } = one;
    let [name, level, _, help] = described(rule);
    let severity = if level == "note" { "info" } else { level };
    let mut metadata = json!({ "finding": id });
    if !lines.is_empty() {
        metadata["lines"] = json!(lines.join(", "));
    }
    let value = json!({
        "ruleName": name,
        "description": sentences::printable(&description),
        "suggestedFix": help,
        "severity": severity,
        "ruleMetadata": metadata,
        "violatingConstructs": constructs,
    });
    (rule, value)
}

fn access(change: &AccessChange, shown: &Shown<'_>) -> (Rule, Value) {
    let all = entries(change);
    let reaches = || all.iter().filter_map(|entry| entry.reach);
    let statements = reaches().flat_map(|reach| &reach.statements);
    let places: BTreeSet<(&str, &str, &str)> = statements
        .map(|one| {
            let origin = &one.origin;
            (&*origin.stack, origin.logical_id.as_str(), origin.property)
        })
        .collect();
    let mut constructs: Vec<Value> = places
        .into_iter()
        .map(|(stack, id, property)| construct(stack, id, &[property.to_owned()]))
        .collect();
    if constructs.is_empty() {
        constructs.push(json!({ "constructPath": change.principal }));
    }
    violation(Violation {
        id: id_of_access(change),
        rule: Rule::of_access(change),
        description: about_access(change, shown),
        lines: reaches().flat_map(|reach| &reach.because).cloned().collect(),
        constructs,
    })
}

/// The violations of a stack. Each has the resources of all stacks that change alike.
fn of_stack(
    stack: ShownStack<'_>,
    by_address: &BTreeMap<&str, &StackChange>,
    shown: &Shown<'_>,
) -> Vec<(Rule, Value)> {
    let address = stack.change.stack.as_str();
    let alike = stack.alike.iter().filter(|one| *one != address);
    let alike = alike.filter_map(|one| by_address.get(one.as_str()).copied());
    let members: Vec<&StackChange> = std::iter::once(stack.change).chain(alike).collect();
    let mut found = Vec::new();
    for (place, one) in stack.change.resources.iter().enumerate() {
        // Stacks that change alike have the same resources in the same order.
        let alike = members.iter().filter_map(|member| {
            let resource = member.resources.get(place)?;
            Some(construct(&member.stack, resource.logical_id.as_str(), &properties(resource)))
        });
        let ResourceChange { outcome, lines_before, lines_after, .. } = one;
        let lines = if lines_after.is_empty() { lines_before } else { lines_after };
        found.push(violation(Violation {
            id: id_of_resource(address, one),
            rule: Rule::of_outcome(outcome),
            description: about_resource(stack, one, shown),
            lines: lines.clone(),
            constructs: alike.collect(),
        }));
    }
    for one in &stack.change.others {
        let paths = members.iter().map(|member| json!({ "constructPath": member.stack }));
        found.push(violation(Violation {
            id: id_of_other(address, one),
            rule: Rule::Change,
            description: format!("{}.", sentences::other_of(stack, one, shown)),
            lines: Vec::new(),
            constructs: paths.collect(),
        }));
    }
    found
}

/// A decision is about no construct: the first of its resources stands in its place.
fn decision(one: &DecisionChange) -> (Rule, Value) {
    let [before, after] = &one.lines;
    violation(Violation {
        id: decisions::id(one),
        rule: decisions::rule(one),
        description: about_decision(one),
        lines: after.iter().chain(before).cloned().collect(),
        constructs: vec![json!({ "constructPath": one.resources.first() })],
    })
}

fn disagreement(one: &Disagreement, shown: &Shown<'_>) -> (Rule, Value) {
    let place = match &one.resource {
        Some((logical_id, _)) => construct(&one.stack, logical_id, &[]),
        None => json!({ "constructPath": one.stack }),
    };
    violation(Violation {
        id: disagreements::id(one),
        rule: Rule::Disagreement,
        description: about_disagreement(one, shown),
        lines: one.lines.clone(),
        constructs: vec![place],
    })
}

fn construct(stack: &str, logical_id: &str, properties: &[String]) -> Value {
    json!({
        "constructPath": format!("{stack}/{logical_id}"),
        "cloudFormationResource": {
            "templatePath": template(stack),
            "logicalId": logical_id,
            "propertyPaths": properties,
        },
    })
}

/// The changed properties of a resource, each once.
fn properties(resource: &ResourceChange) -> Vec<String> {
    let paths = resource.properties.iter().map(|one| property_path(&one.path));
    paths.collect::<BTreeSet<_>>().into_iter().collect()
}

/// The path of a property: its name, or a JSON path if it is inside of another property. The schema asks for these forms.
fn property_path(pointer: &str) -> String {
    let parts: Vec<String> =
        pointer.split('/').skip(1).map(|part| part.replace("~1", "/").replace("~0", "~")).collect();
    if let [name] = parts.as_slice() {
        return name.clone();
    }
    let mut path = "$".to_owned();
    for part in &parts {
        if part.bytes().all(|byte| byte.is_ascii_digit()) {
            path.push_str(&["[", part, "]"].concat());
        } else if part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            path.push_str(&[".", part].concat());
        } else {
            let name = part.replace('\\', "\\\\").replace('\'', "\\'");
            path.push_str(&["['", &name, "']"].concat());
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use lakewright_diff::review::{Alike, Review};

    use super::super::tests::{sample, shown};
    use super::*;

    fn violations(report: &Value) -> Vec<Value> {
        report["pluginReports"][0]["violations"].as_array().expect("a list").clone()
    }

    /// The keys that `validation-report.schema.json` of `@aws-cdk/cloud-assembly-schema` 55.6.0 requires, and the values of
    /// its enumerations.
    #[test]
    fn a_report_has_what_the_schema_of_the_package_requires() {
        let review = sample();
        let report = report(&shown(&review));
        assert_eq!(report["version"], "55.0.0");
        let plugin = &report["pluginReports"][0];
        assert_eq!(plugin["pluginName"], "lakewright");
        assert_eq!(plugin["conclusion"], "failure");
        assert!(plugin["metadata"].as_object().expect("texts").values().all(Value::is_string));
        let all = violations(&report);
        assert_eq!(all.len(), 9);
        for one in &all {
            for key in ["ruleName", "description", "suggestedFix"] {
                assert!(one[key].is_string(), "{key}: {one:#}");
            }
            let severities = ["fatal", "error", "warning", "info", "custom"];
            assert!(severities.iter().any(|severity| one["severity"] == *severity), "{one:#}");
            let metadata = one["ruleMetadata"].as_object().expect("texts");
            assert!(metadata.values().all(Value::is_string), "{one:#}");
            let constructs = one["violatingConstructs"].as_array().expect("a list");
            assert!(!constructs.is_empty(), "{one:#}");
            for construct in constructs {
                assert!(construct["constructPath"].is_string(), "{one:#}");
                if let Some(resource) = construct.get("cloudFormationResource") {
                    assert!(resource["templatePath"].is_string(), "{one:#}");
                    assert!(resource["logicalId"].is_string(), "{one:#}");
                }
            }
        }
        let resource = &all[2]["violatingConstructs"][0]["cloudFormationResource"];
        assert_eq!(resource["templatePath"], "templates/222222222222/eu-west-1/sales.json");
        assert_eq!(resource["propertyPaths"], json!(["BucketName"]));
        let equal = super::report(&shown(&Review::default()));
        assert_eq!(equal["pluginReports"][0]["conclusion"], "success");
        assert!(violations(&equal).is_empty());
    }

    #[test]
    fn stacks_that_change_alike_are_one_violation() {
        let mut review = sample();
        let mut other = review.stacks[1].clone();
        other.stack = "apps/other.yaml".to_owned();
        let members = vec![other.stack.clone(), review.stacks[1].stack.clone()];
        review.stacks.push(other);
        let representative = members[0].clone();
        review.alike = vec![Alike { representative, members }];
        let all = violations(&report(&shown(&review)));
        assert_eq!(all.len(), 9);
        let constructs = all.iter().map(|one| one["violatingConstructs"].as_array());
        let most = constructs.flatten().map(Vec::len).max();
        assert_eq!(most, Some(2));
    }

    /// Source: `propertyPaths` of `CloudFormationResourceJson` in the package: a name, or a JSON path that begins with `$.`.
    #[test]
    fn property_paths_are_names_or_json_paths() {
        for (pointer, path) in [
            ("/BucketName", "BucketName"),
            ("/Tags/0/Value", "$.Tags[0].Value"),
            ("/Map/a~1b", "$.Map['a/b']"),
            ("/Map/it's", "$.Map['it\\'s']"),
        ] {
            assert_eq!(property_path(pointer), path);
        }
    }
}
