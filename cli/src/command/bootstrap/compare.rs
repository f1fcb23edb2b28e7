//! What a new bootstrap template adds and removes.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use lakewright_template::{Template, Value};
use serde_json::json;

/// The actions that each role gains and loses.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Difference {
    added: BTreeSet<String>,
    removed: BTreeSet<String>,
    /// Actions whose resources or conditions change.
    changed: BTreeSet<String>,
}

/// Compares what the statements of two templates allow, action by action.
pub(crate) fn actions(old: &Template, new: &Template) -> Difference {
    let (old, new) = (allowed(old), allowed(new));
    let mut difference = Difference::default();
    for (action, rules) in &new {
        match old.get(action) {
            None => drop(difference.added.insert(action.clone())),
            Some(before) if before != rules => drop(difference.changed.insert(action.clone())),
            Some(_) => {}
        }
    }
    difference.removed = old.keys().filter(|action| !new.contains_key(*action)).cloned().collect();
    difference
}

/// Each allowed action, with the resources and conditions under which it is.
fn allowed(template: &Template) -> BTreeMap<String, BTreeSet<String>> {
    let mut allowed: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for resource in template.resources.values() {
        for (_, value) in resource.properties.iter() {
            value.walk(&mut |value| {
                let Some(statement) = value.as_map() else { return };
                if statement.get("Effect") != Some(&Value::from("Allow")) {
                    return;
                }
                let rule = ["Principal", "Resource", "Condition"].map(|element| {
                    statement.get(element).map(lakewright_template::write::value_to_compact_json)
                });
                let Some(actions) = statement.get("Action") else { return };
                actions.walk(&mut |action| {
                    if let Some(action) = action.as_text() {
                        allowed.entry(action.to_owned()).or_default().insert(format!("{rule:?}"));
                    }
                });
            });
        }
    }
    allowed
}

impl Difference {
    /// Whether nothing new is allowed.
    pub(crate) fn only_removes(&self) -> bool {
        self.added.is_empty() && self.changed.is_empty()
    }

    pub(super) fn to_text(&self) -> String {
        let mut text = String::new();
        for (sign, title, actions) in [
            ('+', "added", &self.added),
            ('-', "removed", &self.removed),
            ('~', "on other resources or conditions", &self.changed),
        ] {
            writeln!(text, "{title}: {}", actions.len()).expect("a string takes all");
            for action in actions {
                writeln!(text, "  {sign} {action}").expect("a string takes all");
            }
        }
        text
    }

    pub(super) fn to_json(&self) -> String {
        let Self { added, removed, changed } = self;
        let json = json!({ "version": 1, "added": added, "removed": removed, "changed": changed });
        format!("{json:#}\n")
    }
}
