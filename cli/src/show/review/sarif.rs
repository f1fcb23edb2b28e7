//! A review in the Static Analysis Results Interchange Format (SARIF) 2.1.0.
//!
//! Each finding is a result at the manifest lines that cause it, or at the template if no manifest is known.

use std::collections::{BTreeMap, BTreeSet};

use lakewright_diff::access::{AccessChange, Reach};
use lakewright_diff::change::{PropertyChange, ResourceChange};
use lakewright_diff::decisions::DecisionChange;
use lakewright_diff::disagreement::Disagreement;
use lakewright_diff::update::DataEffect;
use lakewright_template::StackAddress;
use serde_json::{Map, Value, json};

use super::{
    Entry, How, Rule, Sections, Shown, ShownStack, decisions, disagreements, entries, id_of_access,
    id_of_other, id_of_resource, sentences, update,
};
use crate::ui::sorted;

/// The maximum number of sentences in a message, and of further positions of a result.
const LISTED: usize = 10;
const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// The log, with a line break at its end.
pub(crate) fn text(shown: &Shown<'_>) -> String {
    format!("{:#}\n", sorted(log(shown)))
}

pub(crate) fn log(shown: &Shown<'_>) -> Value {
    let alike = alike_to(shown);
    let of_access = shown.review.access.iter().map(|change| {
        let (rule, mut result) = access(change, shown);
        if let Some(id) = alike.get(change.principal.as_str()) {
            result["properties"] = json!({ "alikeTo": id });
        }
        (rule, result)
    });
    let mut results: Vec<(Rule, Value)> = of_access.collect();
    for stack in shown.shown_stacks() {
        let resources = stack.change.resources.iter();
        results.extend(resources.map(|one| resource(stack, one, shown)));
        results.extend(stack.change.others.iter().map(|one| other(stack, one, shown)));
    }
    for one in decisions::grouped(shown).iter().flatten() {
        results.push(decision(one.change));
        let alike = json!({ "alikeTo": decisions::id(one.change) });
        results.extend(one.others.iter().map(|other| {
            let (rule, mut result) = decision(other);
            result["properties"] = alike.clone();
            (rule, result)
        }));
    }
    results.extend(shown.review.disagreements.iter().map(|one| disagreement(one, shown)));
    results.sort_by_key(|(rule, _)| *rule);
    let results: Vec<Value> = results.into_iter().map(|(_, result)| result).collect();
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "lakewright",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": Rule::ALL.map(rule),
            } },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

/// The id of the finding about another principal that says everything about this one but for names, by principal.
fn alike_to<'r>(shown: &Shown<'r>) -> BTreeMap<&'r str, String> {
    let Sections { gained, lost, .. } = shown.sections();
    let mut told: BTreeMap<&str, (usize, BTreeSet<String>)> = BTreeMap::new();
    for one in gained.iter().chain(&lost) {
        for other in &one.others {
            let (number, ids) = told.entry(other.change.principal.as_str()).or_default();
            *number += 1;
            ids.insert(id_of_access(one.entry.change));
        }
    }
    let all = |change: &AccessChange| entries(change).len();
    let changes = shown.review.access.iter();
    let complete = changes.filter_map(|change| {
        let (number, mut ids) = told.remove(change.principal.as_str())?;
        let id = ids.pop_first().filter(|_| ids.is_empty() && number == all(change))?;
        Some((change.principal.as_str(), id))
    });
    complete.collect()
}

/// The id, the level, what it says, and what to do.
pub(super) const fn described(rule: Rule) -> [&'static str; 4] {
    match rule {
        Rule::AccessGained => [
            "access-gained",
            "error",
            "A principal gains access.",
            "Check that the principal needs the access. The sentence names the manifest lines that ask for it.",
        ],
        Rule::AccessUnknown => [
            "access-unknown",
            "error",
            "A principal may gain access.",
            "The access before and after the change cannot be compared. Read the statements and decide.",
        ],
        Rule::DecisionGained => [
            "decision-gained",
            "error",
            "Access governance newly allows requests.",
            "Check that the users need the privilege. The sentence names the manifest lines that give it.",
        ],
        Rule::DecisionUnknown => [
            "decision-unknown",
            "error",
            "Access governance may newly allow requests.",
            "The decisions before and after the change cannot be compared. Read the policies and decide.",
        ],
        Rule::DataLoss => [
            "data-loss",
            "error",
            "Data could be lost or become unreadable.",
            "Keep the resource, or set DeletionPolicy and UpdateReplacePolicy to Retain and copy the data first.",
        ],
        Rule::UpdateFails => [
            "update-fails",
            "error",
            "An update of a resource fails.",
            "The service refuses the new value for an existing resource. Create another resource in its place.",
        ],
        Rule::Replacement => [
            "replacement",
            "warning",
            "CloudFormation replaces a resource, or may replace it.",
            "Check that the resource may get another physical id, and that everything that uses it follows.",
        ],
        Rule::Disagreement => [
            "disagreement",
            "warning",
            "CloudFormation's own change set says something else than the review.",
            "Believe the severer one of the two until it is known which one is right, and report the difference.",
        ],
        Rule::AccessLost => [
            "access-lost",
            "note",
            "A principal loses access.",
            "Check that nobody needs the access any more.",
        ],
        Rule::DecisionLost => [
            "decision-lost",
            "note",
            "Access governance no longer allows requests.",
            "Check that nobody needs the privilege any more.",
        ],
        Rule::Change => [
            "change",
            "note",
            "A part of a template changes.",
            "Read the values before and after the change.",
        ],
    }
}

fn rule(rule: Rule) -> Value {
    let [id, level, says, help] = described(rule);
    json!({
        "id": id,
        "shortDescription": { "text": says },
        "fullDescription": { "text": says },
        "help": { "text": help },
        "defaultConfiguration": { "level": level },
    })
}

/// What a result says, and where.
struct Finding {
    id: String,
    rule: Rule,
    level: &'static str,
    message: String,
    lines: Vec<String>,
    stack: Option<String>,
}

/// The result of a finding.
fn result(finding: Finding) -> (Rule, Value) {
    let Finding { id, rule, level, message, lines, stack } = finding;
    // The schema refuses two equal positions.
    let mut known = BTreeSet::new();
    let lines = lines.iter().filter(|line| known.insert(*line));
    let mut places: Vec<Value> = lines.map(|line| place(line)).collect();
    if places.is_empty() {
        places.extend(stack.map(|stack| located(&template(&stack), None)));
    }
    let mut places = places.into_iter();
    let first: Vec<Value> = places.next().into_iter().collect();
    let related: Vec<Value> = places.take(LISTED).collect();
    let index = Rule::ALL.iter().position(|one| *one == rule);
    let mut result = json!({
        "ruleId": described(rule)[0],
        "ruleIndex": index,
        "level": level,
        "message": { "text": escaped(&message) },
        "locations": first,
        "partialFingerprints": { "lakewrightFinding/v1": id },
    });
    if !related.is_empty() {
        result["relatedLocations"] = json!(related);
    }
    (rule, result)
}

fn access(change: &AccessChange, shown: &Shown<'_>) -> (Rule, Value) {
    let AccessChange { gained, lost, unknown, .. } = change;
    let rule = Rule::of_access(change);
    // What is gained and lost has manifest lines of different sides: those after the change come first.
    let reaches: Vec<&Reach> = gained.iter().chain(unknown).chain(lost).collect();
    let lines = reaches.iter().flat_map(|reach| &reach.because).cloned().collect();
    let statements = || reaches.iter().flat_map(|reach| &reach.statements);
    let deciding = statements().find(|one| one.is_after).or_else(|| statements().next());
    result(Finding {
        id: id_of_access(change),
        rule,
        level: described(rule)[1],
        message: about_access(change, shown),
        lines,
        stack: deciding.map(|one| one.origin.stack.to_string()),
    })
}

/// The first sentences about the access of a principal.
pub(super) fn about_access(change: &AccessChange, shown: &Shown<'_>) -> String {
    let all = entries(change);
    let mut sentences: Vec<String> =
        all.iter().take(LISTED).map(|entry| told(entry, shown)).collect();
    if all.len() > LISTED {
        sentences.push(format!("And {} more.", all.len() - LISTED));
    }
    sentences.join(" ")
}

/// The sentences about one entry: what changes, and an example unless the change is a loss.
fn told(entry: &Entry<'_>, shown: &Shown<'_>) -> String {
    let sentence = sentences::access(entry, shown.named);
    match entry.reach {
        Some(reach) if entry.how != How::Lost => {
            format!("{sentence}; {}.", sentences::example(reach))
        }
        _ => format!("{sentence}."),
    }
}

fn resource(stack: ShownStack<'_>, one: &ResourceChange, shown: &Shown<'_>) -> (Rule, Value) {
    let ResourceChange { outcome, lines_before, lines_after, .. } = one;
    let rule = Rule::of_outcome(outcome);
    let level = match outcome.data {
        DataEffect::Orphaned | DataEffect::LeftBehind | DataEffect::Snapshot
            if rule == Rule::Change =>
        {
            "warning"
        }
        _ => described(rule)[1],
    };
    result(Finding {
        id: id_of_resource(&stack.change.stack, one),
        rule,
        level,
        message: about_resource(stack, one, shown),
        lines: if lines_after.is_empty() { lines_before.clone() } else { lines_after.clone() },
        stack: Some(stack.change.stack.clone()),
    })
}

/// The sentence about a resource, and the first reasons.
pub(super) fn about_resource(
    stack: ShownStack<'_>,
    one: &ResourceChange,
    shown: &Shown<'_>,
) -> String {
    let mut sentences = vec![format!("{}.", sentences::resource_of(stack, one, shown))];
    let reasons = one.outcome.reasons.iter().take(LISTED);
    sentences.extend(reasons.map(|reason| format!("{}.", reason.trim_end_matches('.'))));
    sentences.join(" ")
}

fn decision(one: &DecisionChange) -> (Rule, Value) {
    let rule = decisions::rule(one);
    let [before, after] = &one.lines;
    result(Finding {
        id: decisions::id(one),
        rule,
        level: described(rule)[1],
        message: about_decision(one),
        lines: after.iter().chain(before).cloned().collect(),
        stack: None,
    })
}

/// The sentence about a decision, and what decides it on each side.
pub(super) fn about_decision(one: &DecisionChange) -> String {
    let sentences = std::iter::once(decisions::sentence(one)).chain(decisions::details(one));
    sentences.map(|sentence| format!("{sentence}.")).collect::<Vec<_>>().join(" ")
}

fn disagreement(one: &Disagreement, shown: &Shown<'_>) -> (Rule, Value) {
    result(Finding {
        id: disagreements::id(one),
        rule: Rule::Disagreement,
        level: described(Rule::Disagreement)[1],
        message: about_disagreement(one, shown),
        lines: one.lines.clone(),
        stack: Some(one.stack.clone()),
    })
}

/// The sentence about a disagreement, and its first details.
pub(super) fn about_disagreement(one: &Disagreement, shown: &Shown<'_>) -> String {
    let mut sentences = vec![format!("{}.", disagreements::sentence(one, shown))];
    let details = one.details.iter().take(LISTED);
    sentences.extend(details.map(|detail| format!("{}.", detail.trim_end_matches('.'))));
    sentences.join(" ")
}

fn other(stack: ShownStack<'_>, change: &PropertyChange, shown: &Shown<'_>) -> (Rule, Value) {
    let sentence = sentences::other_of(stack, change, shown);
    result(Finding {
        id: id_of_other(&stack.change.stack, change),
        rule: Rule::Change,
        level: described(Rule::Change)[1],
        message: format!("{sentence} ({}).", update(change.update)),
        lines: Vec::new(),
        stack: Some(stack.change.stack.clone()),
    })
}

/// The position of a manifest line `file:line:column`.
fn place(line: &str) -> Value {
    let number = |text: &str| text.parse::<u32>().ok().map(|number| number.max(1));
    let Some((start, last)) = line.rsplit_once(':') else { return located(line, None) };
    let Some(last) = number(last) else { return located(line, None) };
    match start.rsplit_once(':').and_then(|(file, line)| Some((file, number(line)?))) {
        Some((file, line)) => located(file, Some((line, Some(last)))),
        None => located(start, Some((last, None))),
    }
}

/// A position in a file. Without a line there is no region: an empty one is an error of validators.
fn located(file: &str, position: Option<(u32, Option<u32>)>) -> Value {
    let mut physical = Map::new();
    physical.insert("artifactLocation".to_owned(), json!({ "uri": uri(file) }));
    if let Some((line, column)) = position {
        let mut region = json!({ "startLine": line });
        if let Some(column) = column {
            region["startColumn"] = json!(column);
        }
        physical.insert("region".to_owned(), region);
    }
    json!({ "physicalLocation": physical })
}

/// The file of a stack's template: below the assembly for a stack's address, and the path itself for others.
pub(super) fn template(stack: &str) -> String {
    match StackAddress::parse(stack) {
        Ok(address) => format!("templates/{address}.json"),
        Err(_) => stack.to_owned(),
    }
}

/// The address of a file, relative to the folder of the run. Source: RFC 3986, "Percent-Encoding" and "Relative
/// Reference": a colon in the first segment would make it a scheme. An absolute path is an address of `file`.
fn uri(path: &str) -> String {
    let path = path.replace('\\', "/");
    let is_drive = path.as_bytes().get(1) == Some(&b':') && path.as_bytes().get(2) == Some(&b'/');
    let mut out = String::with_capacity(path.len() + 8);
    let rest = if path.starts_with('/') {
        out.push_str("file://");
        path.as_str()
    } else if is_drive {
        out.push_str("file:///");
        path.as_str()
    } else {
        path.trim_start_matches("./")
    };
    for byte in rest.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format_byte(byte));
        }
    }
    // An address must name something.
    if out.is_empty() { ".".to_owned() } else { out }
}

fn format_byte(byte: u8) -> String {
    format!("%{byte:02X}")
}

/// A plain text message. Source: SARIF 2.1.0, "Messages with placeholders": braces are doubled; "Messages with embedded
/// links": `[text](address)` is a link.
fn escaped(text: &str) -> String {
    let text = sentences::printable(text);
    text.replace('{', "{{").replace('}', "}}").replace("](", "] (")
}

#[cfg(test)]
mod tests {
    use super::super::tests::{sample, shown};
    use super::*;

    fn results(log: &Value) -> Vec<&Value> {
        log["runs"][0]["results"].as_array().expect("results").iter().collect()
    }

    /// What the standard's schema and validators ask for: the table in "SARIF" of the facts about reviews.
    #[test]
    fn each_result_has_what_validators_ask_for() {
        let review = sample();
        let log = log(&shown(&review));
        assert_eq!(log["version"], "2.1.0");
        let rules = log["runs"][0]["tool"]["driver"]["rules"].as_array().expect("rules");
        let results = results(&log);
        assert_eq!(results.len(), 9);
        for result in results {
            let index = result["ruleIndex"].as_u64().expect("an index");
            let rule = &rules[usize::try_from(index).expect("small")];
            assert_eq!(rule["id"], result["ruleId"]);
            assert!(rule["help"]["text"].is_string(), "{rule:#}");
            assert!(["error", "warning", "note"].iter().any(|level| result["level"] == *level));
            assert!(!result["message"]["text"].as_str().expect("a text").is_empty());
            let id = result["partialFingerprints"]["lakewrightFinding/v1"].as_str();
            assert_eq!(id.expect("an id").len(), 12);
            let locations = result["locations"].as_array().expect("a list");
            for location in locations {
                let place = &location["physicalLocation"];
                let uri = place["artifactLocation"]["uri"].as_str().expect("an address");
                let is_allowed = |one: char| one.is_ascii_alphanumeric() || "-._~/%".contains(one);
                assert!(uri.chars().all(is_allowed), "{uri}");
                if let Some(region) = place.get("region") {
                    assert!(region["startLine"].as_u64() >= Some(1), "{region}");
                    assert!(region.get("endLine").is_none(), "{region}");
                }
            }
        }
    }

    #[test]
    fn results_are_at_manifest_lines_and_severe_ones_come_first() {
        let review = sample();
        let log = log(&shown(&review));
        let results = results(&log);
        let levels: Vec<&str> =
            results.iter().map(|one| one["level"].as_str().expect("a level")).collect();
        assert_eq!(
            levels,
            ["error", "error", "error", "error", "note", "note", "note", "note", "note"]
        );
        let first = &results[0]["locations"][0]["physicalLocation"];
        assert_eq!(first["artifactLocation"]["uri"], "mesh/my%20shares.yaml");
        assert_eq!(first["region"], json!({ "startLine": 12, "startColumn": 3 }));
        let file = |result: &Value| {
            let place = &result["locations"][0]["physicalLocation"];
            assert!(place.get("region").is_none(), "{place}");
            place["artifactLocation"]["uri"].as_str().expect("a file").to_owned()
        };
        assert_eq!(file(results[3]), "templates/222222222222/eu-west-1/sales.json");
        assert_eq!(file(results[8]), "apps/my%20%5Bapp%5D%28x%29.yaml");
        // Nobody knows where access comes from that no statement and no line gives.
        assert_eq!(results[4]["locations"], json!([]));
    }

    #[test]
    fn addresses_and_messages_are_escaped() {
        for (path, expected) in [
            ("./a b/é.yaml", "a%20b/%C3%A9.yaml"),
            ("a:b.yaml", "a%3Ab.yaml"),
            ("dir\\file.yaml", "dir/file.yaml"),
            ("/tmp/mesh.yaml", "file:///tmp/mesh.yaml"),
            ("C:/mesh.yaml", "file:///C%3A/mesh.yaml"),
            ("", "."),
        ] {
            assert_eq!(uri(path), expected);
        }
        assert_eq!(escaped("${A} [x](http://y)\n"), "${{A}} [x] (http://y)\\n");
        assert_eq!(
            place("a.yaml:0:0")["physicalLocation"]["region"],
            json!({ "startLine": 1, "startColumn": 1 })
        );
        assert_eq!(place("a.yaml:4")["physicalLocation"]["region"], json!({ "startLine": 4 }));
        assert!(place("a.yaml")["physicalLocation"].get("region").is_none());
    }
}
