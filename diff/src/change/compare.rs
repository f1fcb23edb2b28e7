//! Compares the stacks of the two sides.
//!
//! Fates and updates are first values: properties update in place, whatever the schemas say, and no data is affected.

use std::collections::{BTreeMap, BTreeSet};

use lakewright_template::schema;
use lakewright_template::{
    LogicalId, Map, Output, Parameter, ResourceEntry, Template, Text, Value, revision,
};

use super::value::Differences;
use super::{ChangeKind, PropertyChange, ResourceChange, StackChange};
use crate::Stack;
use crate::update::{DataEffect, Fate, Outcome, Update};

/// The stacks that differ, sorted by address. Stacks with the same address on both sides are the same stack.
///
/// A stack that is added or removed lists its resources, and nothing else of its template. The output with the stack's
/// revision is a change only if nothing else differs, as with changed tags.
pub fn stacks(before: &[Stack<'_>], after: &[Stack<'_>]) -> Vec<StackChange> {
    let mut sides: BTreeMap<&str, Sides<'_>> = BTreeMap::new();
    for stack in before {
        sides.entry(stack.address).or_default().before = Some(stack);
    }
    for stack in after {
        sides.entry(stack.address).or_default().after = Some(stack);
    }
    sides.into_iter().filter_map(|(address, sides)| sides.change(address)).collect()
}

/// A stack on both sides; `None` where it does not exist.
#[derive(Clone, Copy, Default)]
struct Sides<'s> {
    before: Option<&'s Stack<'s>>,
    after: Option<&'s Stack<'s>>,
}

impl Sides<'_> {
    fn change(self, address: &str) -> Option<StackChange> {
        let none = BTreeMap::new();
        let (kind, resources, others) = match (self.before, self.after) {
            (None, None) => return None,
            (None, Some(new)) => {
                (ChangeKind::Added, self.resources(&none, &new.template.resources), Vec::new())
            }
            (Some(old), None) => {
                (ChangeKind::Removed, self.resources(&old.template.resources, &none), Vec::new())
            }
            (Some(old), Some(new)) if old.template == new.template => return None,
            (Some(old), Some(new)) => {
                let (old, new) = (old.template, new.template);
                let resources = self.resources(&old.resources, &new.resources);
                let mut others = others(old, new);
                if resources.is_empty() && others.is_empty() {
                    others = revisions(old, new);
                }
                if resources.is_empty() && others.is_empty() {
                    return None;
                }
                (ChangeKind::Changed, resources, others)
            }
        };
        Some(StackChange { stack: address.to_owned(), kind, resources, others })
    }

    fn resources(self, before: &Resources, after: &Resources) -> Vec<ResourceChange> {
        let mut changes = Vec::new();
        for (id, old) in before {
            changes.extend(self.resource(id, Some(old), after.get(id)));
        }
        for (id, new) in after {
            if !before.contains_key(id) {
                changes.extend(self.resource(id, None, Some(new)));
            }
        }
        changes.sort_by(|one, other| one.logical_id.cmp(&other.logical_id));
        changes
    }

    fn resource(
        self,
        id: &LogicalId,
        old: Option<&ResourceEntry>,
        new: Option<&ResourceEntry>,
    ) -> Option<ResourceChange> {
        let (mut properties, mut attributes) = (Vec::new(), Vec::new());
        let (kind, entry, fate) = match (old, new) {
            (None, None) => return None,
            (None, Some(new)) => (ChangeKind::Added, new, Fate::Created),
            (Some(old), None) => (ChangeKind::Removed, old, Fate::Deleted),
            (Some(old), Some(new)) if old == new => return None,
            (Some(old), Some(new)) => {
                properties = changed_properties(old, new);
                attributes = changed_attributes(old, new);
                let updates = properties.iter().chain(&attributes).map(|change| change.update);
                let fate = match updates.max()? {
                    Update::Nothing => Fate::Unchanged,
                    update => Fate::Updated(update),
                };
                (ChangeKind::Changed, new, fate)
            }
        };
        let outcome = Outcome { fate, data: DataEffect::None, reasons: Vec::new() };
        Some(ResourceChange {
            logical_id: id.clone(),
            resource_type: entry.kind.clone(),
            kind,
            properties,
            attributes,
            outcome,
            lines_before: old.map(|_| lines(self.before, id)).unwrap_or_default(),
            lines_after: new.map(|_| lines(self.after, id)).unwrap_or_default(),
        })
    }
}

type Resources = BTreeMap<LogicalId, ResourceEntry>;

/// The manifest lines that asked for a resource; those of the whole stack if it has none of its own.
fn lines(stack: Option<&Stack<'_>>, id: &LogicalId) -> Vec<String> {
    let lines =
        stack.and_then(|stack| stack.lines.get(id.as_str()).or_else(|| stack.lines.get("*")));
    lines.cloned().unwrap_or_default()
}

fn changed_properties(old: &ResourceEntry, new: &ResourceEntry) -> Vec<PropertyChange> {
    let schema = schema::of(&new.kind).filter(|_| old.kind == new.kind);
    let mut found = Differences::new(schema, Update::InPlace);
    found.maps(&old.properties, &new.properties);
    found.finish()
}

fn changed_attributes(old: &ResourceEntry, new: &ResourceEntry) -> Vec<PropertyChange> {
    let (old, new) = (attributes(old), attributes(new));
    let names: BTreeSet<&Text> = old.iter().chain(new.iter()).map(|(name, _)| name).collect();
    let mut found = Differences::new(None, Update::Nothing);
    for name in names {
        let name: &str = name;
        found.set_update(update_of_attribute(name));
        found.below(name, |found| match (old.get(name), new.get(name)) {
            (Some(Value::List(old)), Some(Value::List(new))) if name == "DependsOn" => {
                found.lists(old, new, false);
            }
            (old, new) => found.sides(old, new),
        });
    }
    found.finish()
}

/// What CloudFormation does with the resource because of a changed attribute.
fn update_of_attribute(name: &str) -> Update {
    match name {
        // "Update of resource type is not permitted." Source: the service's answer in aws/aws-sam-cli#6786.
        "Type" => Update::Fails,
        // They direct CloudFormation, and are no settings of the resource.
        "CreationPolicy"
        | "DeletionPolicy"
        | "DependsOn"
        | "Metadata"
        | "UpdatePolicy"
        | "UpdateReplacePolicy" => Update::Nothing,
        _ => Update::InPlace,
    }
}

/// The attributes of a resource beside its properties, by name.
fn attributes(entry: &ResourceEntry) -> Map {
    let mut attributes = entry.other.clone();
    attributes.insert("Type", entry.kind.clone());
    if let Some(condition) = &entry.condition {
        attributes.insert("Condition", condition.clone());
    }
    if let Some(policy) = entry.deletion_policy {
        attributes.insert("DeletionPolicy", policy.as_str());
    }
    if let Some(policy) = entry.update_replace_policy {
        attributes.insert("UpdateReplacePolicy", policy.as_str());
    }
    if !entry.depends_on.is_empty() {
        let ids: BTreeSet<&str> = entry.depends_on.iter().map(LogicalId::as_str).collect();
        let ids: Vec<Value> = ids.into_iter().map(|id| Value::text(id.to_owned())).collect();
        attributes.insert("DependsOn", ids);
    }
    if !entry.metadata.is_empty() {
        attributes.insert("Metadata", entry.metadata.clone());
    }
    attributes
}

/// The changes outside of resources, without the revision.
fn others(old: &Template, new: &Template) -> Vec<PropertyChange> {
    let mut found = Differences::new(None, Update::Nothing);
    let text = |template: &Template| template.description.clone().map(Value::Text);
    found.below("Description", |found| {
        found.sides(text(old).as_ref(), text(new).as_ref());
    });
    found.below("Metadata", |found| found.maps(&old.metadata, &new.metadata));
    found.below("Outputs", |found| {
        let is_revision = |name: &str| name == revision::OUTPUT;
        named(found, &old.outputs, &new.outputs, is_revision, output);
    });
    found.below("Rules", |found| found.maps(&old.rules, &new.rules));
    // Resources use the sections from here on.
    found.set_update(Update::InPlace);
    found.below("Conditions", |found| {
        named(found, &old.conditions, &new.conditions, |_| false, Value::clone);
    });
    found.below("Parameters", |found| {
        let value = |parameter: &Parameter| Value::from(parameter.attributes.clone());
        named(found, &old.parameters, &new.parameters, |_| false, value);
    });
    found.below("Globals", |found| found.maps(&old.globals, &new.globals));
    found.below("Hooks", |found| found.maps(&old.hooks, &new.hooks));
    found.below("Mappings", |found| found.maps(&old.mappings, &new.mappings));
    found.below("Transform", |found| {
        found.sides(old.transform.as_ref(), new.transform.as_ref());
    });
    includes(&mut found, &old.includes, &new.includes);
    found.finish()
}

/// Compares the entries of a section, except those that are left out.
fn named<T: PartialEq>(
    found: &mut Differences,
    old: &BTreeMap<Text, T>,
    new: &BTreeMap<Text, T>,
    is_left_out: fn(&str) -> bool,
    value: fn(&T) -> Value,
) {
    let names: BTreeSet<&Text> = old.keys().chain(new.keys()).collect();
    for name in names {
        let (one, other) = (old.get(name), new.get(name));
        if one != other && !is_left_out(name) {
            let (one, other) = (one.map(value), other.map(value));
            found.below(name, |found| found.sides(one.as_ref(), other.as_ref()));
        }
    }
}

/// Compares the snippets that a macro or `AWS::Include` inserts into sections, or into the template.
fn includes(found: &mut Differences, old: &Map, new: &Map) {
    let names: BTreeSet<&Text> = old.iter().chain(new.iter()).map(|(name, _)| name).collect();
    for section in names {
        let (one, other) = (old.get(section), new.get(section));
        if section.is_empty() {
            include(found, one, other);
        } else {
            found.below(section, |found| include(found, one, other));
        }
    }
}

fn include(found: &mut Differences, before: Option<&Value>, after: Option<&Value>) {
    found.below("Fn::Transform", |found| found.sides(before, after));
}

/// The change of the output with the stack's revision.
fn revisions(old: &Template, new: &Template) -> Vec<PropertyChange> {
    let mut found = Differences::new(None, Update::Nothing);
    found.below("Outputs", |found| {
        let is_other = |name: &str| name != revision::OUTPUT;
        named(found, &old.outputs, &new.outputs, is_other, output);
    });
    found.finish()
}

/// An output as in the template.
fn output(output: &Output) -> Value {
    let mut attributes = Map::new().with("Value", output.value.clone());
    if let Some(text) = &output.description {
        attributes.insert("Description", text.clone());
    }
    if let Some(condition) = &output.condition {
        attributes.insert("Condition", condition.clone());
    }
    if let Some(name) = &output.export {
        attributes.insert("Export", Map::new().with("Name", name.clone()));
    }
    attributes.into()
}

#[cfg(test)]
mod tests;
