//! Changes that references carry on: a resource that is replaced has another `Ref` and other attributes, and so do
//! parameters, mappings and conditions that change.

use std::collections::{BTreeMap, BTreeSet};

use lakewright_template::intrinsic::SubPart;
use lakewright_template::{Intrinsic, LogicalId, ResourceEntry, Template, Value};

use super::compare::{Differs, Sides, is_related, joined, tokens};
use super::rules::Question;
use super::{Update, Verdict};
use crate::change::PropertyChange;

/// What a function refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Target<'t> {
    /// A resource or a parameter.
    Name(&'t str),
    Mapping(&'t str),
    Condition(&'t str),
}

/// A reference in a resource's properties: the JSON pointer of the value that contains it, and what it refers to.
type Reference<'t> = (String, Target<'t>);

/// Adds to the verdicts what references carry on. Returns what changes besides resources.
pub(super) fn carry(
    verdicts: &mut BTreeMap<LogicalId, Verdict>,
    others: &[PropertyChange],
    sides: Sides<'_>,
) -> Named {
    let named = Named::of(others, sides.after);
    if named.is_empty() && !verdicts.values().any(Verdict::is_replaced) {
        return named;
    }
    let kept: Vec<Kept<'_>> = Kept::all(sides);
    while raise(verdicts, &kept, &named) {}
    explain(verdicts, &kept, &named);
    named
}

/// A resource that exists on both sides with one type.
struct Kept<'t> {
    id: &'t LogicalId,
    pair: (&'t ResourceEntry, &'t ResourceEntry),
    references: Vec<Reference<'t>>,
}

impl<'t> Kept<'t> {
    fn all(sides: Sides<'t>) -> Vec<Self> {
        let each = sides.after.resources.iter().filter_map(|(id, after)| {
            let before = sides.before.resources.get(id)?;
            let references = references(after);
            (before.kind == after.kind).then_some(Self { id, pair: (before, after), references })
        });
        each.collect()
    }

    /// What CloudFormation does because of a reference to something that changes: `source` is what happens to it.
    fn carried(&self, path: &str, source: Update) -> Verdict {
        let reached = tokens(path);
        let touches = |pattern: &str| {
            let pattern = tokens(pattern);
            if !is_related(&reached, &pattern) {
                Differs::No
            } else if source == Update::Replaces && reached.len() >= pattern.len() {
                Differs::Yes
            } else {
                Differs::Maybe
            }
        };
        let (_, after) = self.pair;
        let pair = Some(self.pair);
        Question { kind: &after.kind, path, touches: &touches, pair }.verdict()
    }
}

/// The parameters, mappings and conditions that change.
#[derive(Default)]
pub(super) struct Named {
    parameters: BTreeSet<String>,
    mappings: BTreeSet<String>,
    conditions: BTreeSet<String>,
}

impl Named {
    fn of(others: &[PropertyChange], after: &Template) -> Self {
        let mut named = Self::default();
        for other in others {
            let tokens = tokens(&other.path);
            let [section, name, rest @ ..] = tokens.as_slice() else { continue };
            match section.as_str() {
                // Without a value for a parameter, CloudFormation uses its default.
                "Parameters" if rest.first().is_none_or(|token| token == "Default") => {
                    named.parameters.insert(name.clone());
                }
                "Mappings" => {
                    named.mappings.insert(name.clone());
                }
                "Conditions" => {
                    named.conditions.insert(name.clone());
                }
                _ => {}
            }
        }
        if !named.is_empty() {
            while named.conditions_of(after) {}
        }
        named
    }

    /// Adds the conditions that refer to what changes. Whether there are new ones.
    fn conditions_of(&mut self, after: &Template) -> bool {
        let mut found = BTreeSet::new();
        for (name, condition) in &after.conditions {
            let mut references = Vec::new();
            descend(condition, "", &mut references);
            let is_touched = references.iter().any(|(_, target)| self.contains(*target));
            if is_touched && !self.conditions.contains(&**name) {
                found.insert(name.to_string());
            }
        }
        let has_new = !found.is_empty();
        self.conditions.extend(found);
        has_new
    }

    fn is_empty(&self) -> bool {
        self.parameters.is_empty() && self.mappings.is_empty() && self.conditions.is_empty()
    }

    fn contains(&self, target: Target<'_>) -> bool {
        match target {
            Target::Name(name) => self.parameters.contains(name),
            Target::Mapping(name) => self.mappings.contains(name),
            Target::Condition(name) => self.conditions.contains(name),
        }
    }

    /// What happens to what a reference refers to, if its value changes or may change.
    fn source(&self, target: Target<'_>, updates: &BTreeMap<&str, Update>) -> Option<Update> {
        if self.contains(target) {
            return Some(Update::MayReplace);
        }
        let Target::Name(name) = target else { return None };
        updates.get(name).copied()
    }

    fn is_condition(&self, resource: &ResourceEntry) -> bool {
        let condition = resource.condition.as_ref();
        condition.is_some_and(|name| self.conditions.contains(&**name))
    }
}

/// The resources that are replaced or may be, with which of both.
fn replaced(verdicts: &BTreeMap<LogicalId, Verdict>) -> BTreeMap<&str, Update> {
    let replaced = verdicts.iter().filter(|(_, verdict)| verdict.is_replaced());
    replaced.map(|(id, verdict)| (id.as_str(), verdict.update)).collect()
}

/// Raises each verdict to what its references carry on. Whether one was raised.
fn raise(verdicts: &mut BTreeMap<LogicalId, Verdict>, kept: &[Kept<'_>], named: &Named) -> bool {
    let updates = replaced(verdicts);
    let mut raised: Vec<(LogicalId, Update)> = Vec::new();
    for resource in kept {
        let carried = resource.references.iter().filter_map(|(path, target)| {
            let source = named.source(*target, &updates)?;
            Some(resource.carried(path, source).update)
        });
        let condition = named.is_condition(resource.pair.1).then_some(Update::MayReplace);
        let Some(highest) = carried.chain(condition).max() else { continue };
        let current = verdicts.get(resource.id).map_or(Update::Nothing, |verdict| verdict.update);
        if highest > current {
            raised.push((resource.id.clone(), highest));
        }
    }
    let has_raised = !raised.is_empty();
    for (id, update) in raised {
        verdicts.entry(id).or_default().update = update;
    }
    has_raised
}

/// Adds a reason for each reference to something that changes.
fn explain(verdicts: &mut BTreeMap<LogicalId, Verdict>, kept: &[Kept<'_>], named: &Named) {
    let mut reasons: Vec<(LogicalId, Vec<String>)> = Vec::new();
    {
        let updates = replaced(verdicts);
        for resource in kept {
            let mut found: BTreeSet<String> = BTreeSet::new();
            for (path, target) in &resource.references {
                let Some(source) = named.source(*target, &updates) else { continue };
                let update = resource.carried(path, source).update;
                let cause = match target {
                    Target::Name(name) if updates.contains_key(name) => {
                        let is_sure = source == Update::Replaces;
                        let happens = if is_sure { "is replaced" } else { "may be replaced" };
                        format!("resource {name}, which {happens}")
                    }
                    Target::Name(name) => format!("parameter {name}, whose default changes"),
                    Target::Mapping(name) => format!("mapping {name}, which changes"),
                    Target::Condition(name) => format!("condition {name}, which changes"),
                };
                let effect = effect(update);
                found.insert(format!("`{path}` refers to {cause}, so {effect}."));
            }
            if named.is_condition(resource.pair.1) {
                let name = resource.pair.1.condition.as_deref().unwrap_or_default();
                found.insert(format!(
                    "The resource exists only under condition {name}, which changes: CloudFormation deletes the resource if \
                     the condition is no longer true."
                ));
            }
            if !found.is_empty() {
                reasons.push((resource.id.clone(), found.into_iter().collect()));
            }
        }
    }
    for (id, found) in reasons {
        verdicts.entry(id).or_default().reasons.extend(found);
    }
}

fn effect(update: Update) -> &'static str {
    match update {
        Update::Nothing | Update::InPlace => "CloudFormation updates this resource in place",
        Update::Interrupts => "CloudFormation updates this resource in place and interrupts it",
        Update::MayReplace => "CloudFormation may replace this resource too",
        Update::Replaces => "CloudFormation replaces this resource too",
        Update::Fails => "the update fails: the service refuses another value",
    }
}

/// Every reference in the properties of a resource.
fn references(resource: &ResourceEntry) -> Vec<Reference<'_>> {
    let mut found = Vec::new();
    for (key, value) in resource.properties.iter() {
        descend(value, &joined("", key), &mut found);
    }
    found
}

/// Whether a value refers to a resource that is replaced or may be, or to something else that changes.
pub(super) fn is_moving(
    value: &Value,
    verdicts: &BTreeMap<LogicalId, Verdict>,
    named: &Named,
) -> bool {
    let is_replaced = |name: &str| {
        verdicts.iter().any(|(id, verdict)| id.as_str() == name && verdict.is_replaced())
    };
    let mut found = Vec::new();
    descend(value, "", &mut found);
    found.iter().any(|(_, target)| match target {
        Target::Name(name) => is_replaced(name) || named.contains(*target),
        Target::Mapping(_) | Target::Condition(_) => named.contains(*target),
    })
}

/// The resources and parameters that a value refers to, sorted.
pub(super) fn names(value: &Value) -> BTreeSet<&str> {
    let mut found = Vec::new();
    descend(value, "", &mut found);
    let names = found.into_iter().filter_map(|(_, target)| match target {
        Target::Name(name) => Some(name),
        Target::Mapping(_) | Target::Condition(_) => None,
    });
    names.collect()
}

/// Inside a function the pointer stays that of the function's call.
fn descend<'t>(value: &'t Value, path: &str, found: &mut Vec<Reference<'t>>) {
    match value {
        Value::Map(map) => {
            for (key, item) in map.iter() {
                descend(item, &joined(path, key), found);
            }
        }
        Value::List(items) => {
            for (place, item) in items.iter().enumerate() {
                descend(item, &joined(path, &place.to_string()), found);
            }
        }
        Value::Intrinsic(_) => value.walk(&mut |inner| called(inner, path, found)),
        Value::Null | Value::Bool(_) | Value::Integer(_) | Value::Decimal(_) | Value::Text(_) => {}
    }
}

/// What one call of a function refers to, without its arguments.
fn called<'t>(value: &'t Value, path: &str, found: &mut Vec<Reference<'t>>) {
    let Value::Intrinsic(call) = value else { return };
    let mut push = |target| found.push((path.to_owned(), target));
    match call.as_ref() {
        Intrinsic::Ref(id) | Intrinsic::GetAtt(id, _) => push(Target::Name(id.as_str())),
        Intrinsic::Sub { parts, variables } => {
            for part in parts {
                let SubPart::Variable(name) = part else { continue };
                if variables.get(name).is_none() {
                    push(Target::Name(name.split('.').next().unwrap_or(name)));
                }
            }
        }
        Intrinsic::If { condition: name, .. } | Intrinsic::Condition(name) => {
            push(Target::Condition(name));
        }
        Intrinsic::FindInMap { map: Value::Text(name), .. } => push(Target::Mapping(name)),
        _ => {}
    }
}
