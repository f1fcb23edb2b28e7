//! Shows the changes in what policies allow and deny.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use lakewright_analysis::comparison::{Change, Difference, Rules, Said};
use serde_json::json;

use crate::width::{push_wrapped, width};

/// A difference for people.
pub(crate) fn to_text(difference: &Difference) -> String {
    let mut text = String::new();
    for (sign, title, is_denied, is_known) in [
        ('+', "added", false, (false, true)),
        ('-', "removed", false, (true, false)),
        ('~', "on other resources or conditions", false, (true, true)),
        ('+', "denied", true, (false, true)),
        ('-', "denied no longer", true, (true, false)),
        ('~', "denied on other resources or conditions", true, (true, true)),
    ] {
        let part = difference.part(is_denied, is_known);
        writeln!(text, "{title}: {}", part.len()).expect("a string takes all");
        // Actions of one statement have the same changes.
        let mut alike: BTreeMap<(&str, &Rules, &Rules), Vec<&str>> = BTreeMap::new();
        for (Said { action, by, .. }, Change { lost, gained, .. }) in part {
            alike.entry((by.as_str(), lost, gained)).or_default().push(action.as_str());
        }
        for ((by, lost, gained), actions) in alike {
            let by = difference.named.get(by).map_or(by, String::as_str);
            let line = format!("  {sign} {} {by}", actions.join(", "));
            push_wrapped(&mut text, &line, [0, 4], width());
            text.push('\n');
            for (sign, rules) in [('-', lost), ('+', gained)] {
                for rule in rules {
                    writeln!(text, "      {sign} {rule}").expect("a string takes all");
                }
            }
        }
    }
    let Change { lost, gained, .. } = &difference.attached;
    writeln!(text, "attached: {}", lost.len() + gained.len()).expect("a string takes all");
    for (sign, lines) in [('-', lost), ('+', gained)] {
        for line in lines {
            writeln!(text, "  {sign} {line}").expect("a string takes all");
        }
    }
    text
}

/// A difference for programs.
pub(crate) fn to_json(difference: &Difference) -> String {
    let names = |is_denied: bool, is_known: (bool, bool)| -> BTreeSet<&str> {
        let part = difference.part(is_denied, is_known);
        part.into_iter().map(|(said, _)| said.action.as_str()).collect()
    };
    let rules: Vec<_> = difference
        .said
        .iter()
        .map(|(Said { is_denied, action, by }, Change { lost, gained, .. })| {
            let effect = if *is_denied { "deny" } else { "allow" };
            json!({ "effect": effect, "action": action, "policy": by, "lost": lost, "gained": gained })
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
        "attached": { "lost": difference.attached.lost, "gained": difference.attached.gained },
    });
    format!("{json:#}\n")
}

#[cfg(test)]
mod tests;
