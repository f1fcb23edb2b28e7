//! Changes that references carry on: a resource that is replaced has another `Ref` and other attributes, and so do
//! parameters, mappings and conditions that change.

use std::collections::{BTreeMap, BTreeSet};

use lakewright_template::intrinsic::SubPart;
use lakewright_template::{Intrinsic, LogicalId, ResourceEntry, Template, Value};

use super::compare::{Differs, Sides, is_related, joined, tokens, value_at};
use super::rules::{NESTED, Question};
use super::{Update, Verdict};
use crate::change::PropertyChange;

/// What a function refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Target<'t> {
    /// A resource or a parameter.
    Name(&'t str),
    /// An output of a nested stack.
    Output(&'t str),
    Mapping(&'t str),
    Condition(&'t str),
}

impl<'t> Target<'t> {
    fn of_attribute(id: &'t str, attribute: &str) -> Self {
        if attribute.starts_with("Outputs.") { Self::Output(id) } else { Self::Name(id) }
    }
}

/// A reference in a resource's properties: the JSON pointer of the value that contains it, and what it refers to.
type Reference<'t> = (String, Target<'t>);

/// Adds to the verdicts what references carry on.
pub(super) fn carry(
    verdicts: &mut BTreeMap<LogicalId, Verdict>,
    others: &[PropertyChange],
    sides: Sides<'_>,
) {
    let named = Named::of(others, sides.after);
    if named.is_empty() && Moving::of(verdicts, sides).is_empty() {
        return;
    }
    let kept: Vec<Kept<'_>> = Kept::all(&named, sides);
    while raise(verdicts, &kept, sides) {}
    explain(verdicts, &kept, sides);
}

/// A resource that exists on both sides with one type.
struct Kept<'t> {
    id: &'t LogicalId,
    pair: (&'t ResourceEntry, &'t ResourceEntry),
    /// The references, each with whether its value differs because of a parameter, mapping or condition.
    references: Vec<(Reference<'t>, Differs)>,
}

impl<'t> Kept<'t> {
    fn all(named: &Named, sides: Sides<'t>) -> Vec<Self> {
        let each = sides.after.resources.iter().filter_map(|(id, after)| {
            let before = sides.before.resources.get(id)?;
            let pair = (before, after);
            let references = references(after).into_iter().map(|(path, target)| {
                let is_named = named.contains(target);
                let differs = if is_named { at(&path, pair, sides) } else { Differs::No };
                ((path, target), differs)
            });
            let references = references.collect();
            (before.kind == after.kind).then_some(Self { id, pair, references })
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

/// Whether the value at a path differs.
fn at(path: &str, pair: (&ResourceEntry, &ResourceEntry), sides: Sides<'_>) -> Differs {
    let (before, after) = (value_at(pair.0, path), value_at(pair.1, path));
    let differs = sides.differs(before, after);
    // The items of a list may have other places before the change.
    if before == after { differs } else { differs.min(Differs::Maybe) }
}

/// The parameters, mappings and conditions that change.
#[derive(Default)]
struct Named {
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
                "Parameters"
                    if rest.first().is_none_or(|token| token == "Default" || token == "Type") =>
                {
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
            Target::Output(_) => false,
            Target::Mapping(name) => self.mappings.contains(name),
            Target::Condition(name) => self.conditions.contains(name),
        }
    }
}

/// The resources whose references have other values, or may have.
struct Moving<'v> {
    /// The resources that are replaced or may be, with which of both.
    replaced: BTreeMap<&'v str, Update>,
    /// The nested stacks that are updated: their outputs may change.
    nested: BTreeSet<&'v str>,
}

impl<'v> Moving<'v> {
    fn of(verdicts: &'v BTreeMap<LogicalId, Verdict>, sides: Sides<'_>) -> Self {
        let replaced = verdicts.iter().filter(|(_, verdict)| verdict.is_replaced());
        let nested = verdicts.iter().filter(|(id, verdict)| {
            let entry = sides.after.resources.get(*id);
            verdict.update != Update::Nothing && entry.is_some_and(|entry| entry.kind == NESTED)
        });
        Self {
            replaced: replaced.map(|(id, verdict)| (id.as_str(), verdict.update)).collect(),
            nested: nested.map(|(id, _)| id.as_str()).collect(),
        }
    }

    fn is_empty(&self) -> bool {
        self.replaced.is_empty() && self.nested.is_empty()
    }

    /// What happens to what a reference refers to, if its value changes or may change.
    fn source(&self, target: Target<'_>, differs: Differs) -> Option<Update> {
        match (differs, target) {
            (Differs::Yes, _) => Some(Update::Replaces),
            (Differs::Maybe, _) => Some(Update::MayReplace),
            (Differs::No, Target::Name(name)) => self.replaced.get(name).copied(),
            (Differs::No, Target::Output(name)) => {
                let is_updated = self.nested.contains(name);
                let replaced = self.replaced.get(name).copied();
                replaced.or_else(|| is_updated.then_some(Update::MayReplace))
            }
            (Differs::No, Target::Mapping(_) | Target::Condition(_)) => None,
        }
    }
}

/// Raises each verdict to what its references carry on. Whether one was raised.
fn raise(verdicts: &mut BTreeMap<LogicalId, Verdict>, kept: &[Kept<'_>], sides: Sides<'_>) -> bool {
    let moving = Moving::of(verdicts, sides);
    let mut raised: Vec<(LogicalId, Update)> = Vec::new();
    for resource in kept {
        let carried = resource.references.iter().filter_map(|((path, target), differs)| {
            let source = moving.source(*target, *differs)?;
            Some(resource.carried(path, source).update)
        });
        let Some(highest) = carried.max() else { continue };
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
fn explain(verdicts: &mut BTreeMap<LogicalId, Verdict>, kept: &[Kept<'_>], sides: Sides<'_>) {
    let mut reasons: Vec<(LogicalId, Vec<String>)> = Vec::new();
    {
        let moving = Moving::of(verdicts, sides);
        for resource in kept {
            let mut found: BTreeSet<String> = BTreeSet::new();
            for ((path, target), differs) in &resource.references {
                let Some(source) = moving.source(*target, *differs) else { continue };
                let effect = effect(resource.carried(path, source).update);
                let cause = cause(*target, source, &moving);
                found.insert(format!("`{path}` refers to {cause}, so {effect}."));
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

/// What a reference refers to, with what happens to it.
fn cause(target: Target<'_>, source: Update, moving: &Moving<'_>) -> String {
    match target {
        Target::Name(name) | Target::Output(name) if moving.replaced.contains_key(name) => {
            let is_sure = source == Update::Replaces;
            let happens = if is_sure { "is replaced" } else { "may be replaced" };
            format!("resource {name}, which {happens}")
        }
        Target::Name(name) => format!("parameter {name}, which changes"),
        Target::Output(name) => format!("nested stack {name}, whose outputs may change"),
        Target::Mapping(name) => format!("mapping {name}, which changes"),
        Target::Condition(name) => format!("condition {name}, which changes"),
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

/// Whether a value refers to a resource that is replaced or may be.
pub(super) fn is_moving(value: &Value, verdicts: &BTreeMap<LogicalId, Verdict>) -> bool {
    let names = names(value);
    let mut replaced = verdicts.iter().filter(|(_, verdict)| verdict.is_replaced());
    replaced.any(|(id, _)| names.contains(id.as_str()))
}

/// The resources and parameters that a value refers to, sorted.
pub(super) fn names(value: &Value) -> BTreeSet<&str> {
    let mut found = Vec::new();
    descend(value, "", &mut found);
    let names = found.into_iter().filter_map(|(_, target)| match target {
        Target::Name(name) | Target::Output(name) => Some(name),
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
        Intrinsic::Ref(id) => push(Target::Name(id.as_str())),
        Intrinsic::GetAtt(id, attribute) => push(Target::of_attribute(id.as_str(), attribute)),
        Intrinsic::Sub { parts, variables } => {
            for part in parts {
                let SubPart::Variable(name) = part else { continue };
                if variables.get(name).is_none() {
                    push(match name.split_once('.') {
                        Some((id, attribute)) => Target::of_attribute(id, attribute),
                        None => Target::Name(name),
                    });
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
