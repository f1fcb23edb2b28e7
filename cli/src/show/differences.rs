//! Shows the differences between intended and granted access.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use lakewright_access::document::Origin;
use lakewright_access::sample::FILL;
use lakewright_analysis::subject::Subject;
use lakewright_proof::prove::{Difference, DifferenceKind};
use serde_json::json;

/// The message for a template whose digest is not the one in `assembly.json`.
pub(crate) const CHANGED: &str =
    "is not what `synth` wrote: its SHA-256 is not the digest in assembly.json";

/// The message for a stack whose properties besides policies are not those that `synth` wrote.
pub(crate) const RESET: &str = "is not what `synth` wrote: a role, code, a destination, a condition or another property beside its policies was changed";

/// Differences for people. Differences by the same statement or grant are grouped, and the first
/// represents its group.
pub(crate) fn to_text(differences: &[Difference], subject: &Subject) -> String {
    type Key<'d> = (DifferenceKind, &'d str, &'d [(Origin, String)], &'d str, &'d str);
    fn key(one: &Difference) -> Key<'_> {
        (one.kind, &one.principal, &one.statements, &one.reason, &one.stack)
    }
    let mut groups: BTreeMap<Key<'_>, Vec<&Difference>> = BTreeMap::new();
    for one in differences {
        groups.entry(key(one)).or_default().push(one);
    }
    let mut text = String::new();
    for (_, group) in groups {
        text.push_str(&one(group[0], subject));
        if group.len() > 1 {
            let others = group[1..].iter().map(|one| readable(&one.action));
            let others: BTreeSet<String> =
                others.filter(|action| *action != group[0].action).collect();
            let others: Vec<String> = others.into_iter().take(6).collect();
            let such = if others.is_empty() { "" } else { ", such as " };
            writeln!(text, "  and {} more like it{such}{}", group.len() - 1, others.join(" "))
                .expect("a string takes all");
        }
    }
    text
}

/// A sample for people: the sample text in place of a wildcard becomes `<any>`.
fn readable(text: &str) -> String {
    text.replace(FILL, "<any>").replace("Zzsample", "<any other>")
}

/// A difference for people.
fn one(difference: &Difference, subject: &Subject) -> String {
    let Difference {
        kind, principal, action, resource, context, statements, reason, stack, ..
    } = difference;
    let head = match kind {
        DifferenceKind::Missing => "missing",
        DifferenceKind::More => "too much",
        DifferenceKind::Gained => "gained",
        DifferenceKind::Path => "path",
    };
    let name = subject.intended.name_of(principal).unwrap_or(principal);
    let (principal, resource) = (readable(principal), readable(resource));
    let (name, action) = (readable(name), readable(action));
    let mut text = format!("{head}: {name} {action} {resource}\n  principal: {principal}\n");
    for (key, values) in context {
        let values = readable(&values.join(", "));
        writeln!(text, "  when {key} = {values}").expect("a string takes all");
    }
    writeln!(text, "  because {reason}").expect("a string takes all");
    for (origin, sid) in statements {
        writeln!(text, "  statement: {origin} {sid}").expect("a string takes all");
    }
    if !stack.is_empty() {
        writeln!(text, "  stack: {stack}").expect("a string takes all");
    }
    // Excess access is not asked for, so these lines are those of its stack.
    let is_asked = *kind != DifferenceKind::More || !difference.because.is_empty();
    let asked = if is_asked { "asked for at" } else { "the stack comes from" };
    for line in subject.lines_of_difference(difference) {
        writeln!(text, "  {asked} {line}").expect("a string takes all");
    }
    text
}

/// A difference for programs.
pub(crate) fn to_json(difference: &Difference, subject: &Subject) -> serde_json::Value {
    let Difference {
        kind, principal, action, resource, context, statements, reason, stack, ..
    } = difference;
    let context: serde_json::Map<_, _> =
        context.iter().map(|(key, values)| (key.clone(), json!(values))).collect();
    let statements: Vec<_> = statements
        .iter()
        .map(|(origin, sid)| {
            json!({ "stack": &*origin.stack, "logical_id": origin.logical_id, "property": origin.property, "sid": sid })
        })
        .collect();
    json!({
        "kind": match kind {
            DifferenceKind::Missing => "missing",
            DifferenceKind::More => "more",
            DifferenceKind::Gained => "gained",
            DifferenceKind::Path => "path",
        },
        "principal": principal,
        "name": subject.intended.name_of(principal),
        "action": action,
        "resource": resource,
        "context": context,
        "statements": statements,
        "reason": reason,
        "stack": stack,
        "asked_for_at": subject.lines_of_difference(difference),
    })
}
