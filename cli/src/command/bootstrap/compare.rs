//! What a new bootstrap template allows and denies that the old one does not, and the other way round.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use lakewright_template::write::value_to_compact_json;
use lakewright_template::{Map, Template, Value};
use serde_json::json;

/// An action that is allowed or denied; `everything but ..` for a statement about others.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Subject {
    is_denied: bool,
    action: String,
}

/// For whom, on what and when.
type Rules = BTreeSet<String>;

/// What changes of one action.
#[derive(Debug, PartialEq, Eq)]
struct Change {
    lost: Rules,
    gained: Rules,
    /// Whether the old template knew the action, and whether the new one does.
    is_known: (bool, bool),
}

/// The actions that two templates allow or deny in different ways.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Difference(BTreeMap<Subject, Change>);

/// Compares what the statements of two templates allow and deny, action by action.
pub(crate) fn actions(old: &Template, new: &Template) -> Difference {
    let (old, new) = (rules(old), rules(new));
    let none = Rules::new();
    let subjects: BTreeSet<&Subject> = old.keys().chain(new.keys()).collect();
    let changes = subjects.into_iter().filter_map(|subject| {
        let (before, after) =
            (old.get(subject).unwrap_or(&none), new.get(subject).unwrap_or(&none));
        let change = Change {
            lost: before.difference(after).cloned().collect(),
            gained: after.difference(before).cloned().collect(),
            is_known: (!before.is_empty(), !after.is_empty()),
        };
        (before != after).then(|| (subject.clone(), change))
    });
    Difference(changes.collect())
}

/// Each action that is allowed or denied, with the rules under which it is.
fn rules(template: &Template) -> BTreeMap<Subject, Rules> {
    let mut rules: BTreeMap<Subject, Rules> = BTreeMap::new();
    for resource in template.resources.values() {
        for (_, value) in resource.properties.iter() {
            value.walk(&mut |value| {
                let Some(statement) = value.as_map() else { return };
                let is_denied = match statement.get("Effect").and_then(Value::as_text) {
                    Some("Allow") => false,
                    Some("Deny") => true,
                    _ => return,
                };
                for action in actions_of(statement) {
                    let subject = Subject { is_denied, action };
                    rules.entry(subject).or_default().insert(rule(statement));
                }
            });
        }
    }
    rules
}

fn actions_of(statement: &Map) -> Vec<String> {
    let names = |element: &str| {
        let mut names = Vec::new();
        if let Some(value) = statement.get(element) {
            value.walk(&mut |value| names.extend(value.as_text().map(str::to_owned)));
        }
        names
    };
    let others = names("NotAction");
    if others.is_empty() {
        return names("Action");
    }
    vec![format!("everything but {}", others.join(", "))]
}

/// The rest of a statement in one line.
fn rule(statement: &Map) -> String {
    let elements = [
        ("on ", "Resource"),
        ("on everything but ", "NotResource"),
        ("for ", "Principal"),
        ("for everybody but ", "NotPrincipal"),
        ("when ", "Condition"),
    ];
    let parts = elements.iter().filter_map(|(word, element)| {
        let value = statement.get(element)?;
        let text = value.as_text().map_or_else(|| value_to_compact_json(value), str::to_owned);
        Some(format!("{word}{text}"))
    });
    parts.collect::<Vec<_>>().join(" ")
}

impl Difference {
    /// Whether nothing new is allowed, and nothing denied no longer.
    pub(crate) fn only_removes(&self) -> bool {
        self.0.iter().all(|(subject, change)| {
            if subject.is_denied { change.lost.is_empty() } else { change.gained.is_empty() }
        })
    }

    /// What is allowed, or denied, and was not; is no longer; or is in another way.
    fn part(&self, is_denied: bool, is_known: (bool, bool)) -> Vec<(&str, &Change)> {
        let part = self.0.iter().filter(|(subject, change)| {
            subject.is_denied == is_denied && change.is_known == is_known
        });
        part.map(|(subject, change)| (subject.action.as_str(), change)).collect()
    }

    pub(super) fn to_text(&self) -> String {
        let mut text = String::new();
        for (sign, title, is_denied, is_known) in [
            ('+', "added", false, (false, true)),
            ('-', "removed", false, (true, false)),
            ('~', "on other resources or conditions", false, (true, true)),
            ('+', "denied", true, (false, true)),
            ('-', "denied no longer", true, (true, false)),
            ('~', "denied on other resources or conditions", true, (true, true)),
        ] {
            let part = self.part(is_denied, is_known);
            writeln!(text, "{title}: {}", part.len()).expect("a string takes all");
            for (action, change) in part {
                writeln!(text, "  {sign} {action}").expect("a string takes all");
                for (sign, rules) in [('-', &change.lost), ('+', &change.gained)] {
                    for rule in rules {
                        writeln!(text, "      {sign} {rule}").expect("a string takes all");
                    }
                }
            }
        }
        text
    }

    pub(super) fn to_json(&self) -> String {
        let names = |is_denied: bool, is_known: (bool, bool)| -> Vec<&str> {
            self.part(is_denied, is_known).into_iter().map(|(action, _)| action).collect()
        };
        let rules: Vec<_> = self
            .0
            .iter()
            .map(|(Subject { is_denied, action }, Change { lost, gained, .. })| {
                let effect = if *is_denied { "deny" } else { "allow" };
                json!({ "effect": effect, "action": action, "lost": lost, "gained": gained })
            })
            .collect();
        let json = json!({
            "version": 1,
            "added": names(false, (false, true)),
            "removed": names(false, (true, false)),
            "changed": names(false, (true, true)),
            "denied": names(true, (false, true)),
            "denied_no_longer": names(true, (true, false)),
            "denied_differently": names(true, (true, true)),
            "rules": rules,
        });
        format!("{json:#}\n")
    }
}

#[cfg(test)]
mod tests {
    use lakewright_template::read;

    use super::*;

    fn template(statements: &str) -> Template {
        let text = format!(
            "Resources:\n  P:\n    Type: AWS::IAM::ManagedPolicy\n    Properties:\n      PolicyDocument: {{Statement: [{statements}]}}\n"
        );
        read::template(&text).expect("a template")
    }

    fn difference(old: &str, new: &str) -> Difference {
        actions(&template(old), &template(new))
    }

    const ALLOW: &str = "{Effect: Allow, Action: ['s3:GetObject', 's3:PutObject'], Resource: b}";
    const DENY: &str = "{Effect: Deny, Action: 's3:PutObject', Resource: b}";

    #[test]
    fn equal_statements_have_no_difference() {
        assert_eq!(difference(ALLOW, ALLOW), Difference::default());
        assert!(difference(ALLOW, ALLOW).only_removes());
    }

    #[test]
    fn what_is_allowed_elsewhere_or_denied_no_longer_is_more() {
        let fewer = difference(ALLOW, "{Effect: Allow, Action: 's3:GetObject', Resource: b}");
        assert!(fewer.only_removes());
        assert!(fewer.to_text().contains("removed: 1\n  - s3:PutObject\n      - on b\n"));
        let elsewhere = difference(ALLOW, &ALLOW.replace("Resource: b", "Resource: c"));
        assert!(!elsewhere.only_removes());
        let text = elsewhere.to_text();
        assert!(text.contains("  ~ s3:GetObject\n      - on b\n      + on c\n"), "{text}");
        let both = format!("{ALLOW}, {DENY}");
        assert!(difference(ALLOW, &both).only_removes());
        let freed = difference(&both, ALLOW);
        assert!(!freed.only_removes());
        assert!(freed.to_text().contains("denied no longer: 1\n  - s3:PutObject\n"));
        // A denial of everything but some actions is one.
        let others = "{Effect: Deny, NotAction: ['s3:GetObject'], Resource: '*'}";
        assert!(!difference(others, "").only_removes());
    }
}
