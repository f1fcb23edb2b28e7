//! The templates of stacks as they were deployed, and with what was found.

use std::collections::{BTreeMap, BTreeSet};

use lakewright_template::StackAddress;
use lakewright_template::digest::hex_prefix;
use lakewright_template::write::template_to_json;
use serde_json::{Value, json};

use super::document::{are_equal, has_function};
use super::stated::StatedStack;
use super::{Asked, Deployed, StackDrift};

/// Both sides of each stack.
#[derive(Debug, Default)]
pub struct Sides {
    /// The template as it was deployed, and with what was found.
    templates: BTreeMap<StackAddress, [Value; 2]>,
    /// What could not be compared, and why, each in a sentence.
    pub unknown: Vec<String>,
    /// What somebody made by hand, each with the command that removes it.
    pub by_hand: Vec<String>,
}

/// A resource of a stack.
#[derive(Debug, Clone, Copy)]
pub(super) struct At<'a> {
    pub(super) stack: &'a StackAddress,
    pub(super) id: &'a str,
}

impl Sides {
    pub(super) fn of(stacks: &[Deployed]) -> Self {
        let mut sides = Self::default();
        for stack in stacks {
            let text = template_to_json(&stack.template);
            match serde_json::from_str::<Value>(&text) {
                Ok(template) => {
                    let both = [template.clone(), template];
                    sides.templates.insert(stack.address.clone(), both);
                }
                Err(error) => sides
                    .unknown
                    .push(format!("the template of {} cannot be read: {error}", stack.address)),
            }
        }
        sides
    }

    /// The stacks that differ: each template as it was deployed, and as it was found.
    pub fn differing(&self) -> BTreeMap<StackAddress, [String; 2]> {
        let differing = self.templates.iter().filter(|(_, [before, after])| before != after);
        differing
            .map(|(address, both)| (address.clone(), both.each_ref().map(ToString::to_string)))
            .collect()
    }

    /// Notes that something is not known.
    pub(super) fn note(&mut self, at: At<'_>, what: &str, reason: &dyn std::fmt::Display) {
        self.unknown.push(format!("{what} of {} in {} is not known: {reason}", at.id, at.stack));
    }

    /// Notes that a property is not in the template.
    pub(super) fn not_stated(&mut self, at: At<'_>, property: &str) {
        let reason = "the template does not state it before the deployment";
        self.note(at, &format!("whether `{property}`"), &reason);
    }

    /// Sets a property on both sides.
    pub(super) fn set(&mut self, at: At<'_>, property: &str, stated: Value, found: Value) {
        if has_function(&found) {
            let reason = "AWS returned a value that CloudFormation would read as a function";
            self.note(at, &format!("what `{property}`"), &reason);
            return;
        }
        for (side, value) in [stated, found].into_iter().enumerate() {
            let Some(properties) = self.properties(at, side) else { continue };
            if value.is_null() {
                properties.remove(property);
            } else {
                properties.insert(property.to_owned(), value);
            }
        }
    }

    /// Sets a policy document on both sides if the found one means something else. Both are in one form.
    pub(super) fn set_document(
        &mut self,
        at: At<'_>,
        property: &str,
        stated: Value,
        found: Value,
    ) -> bool {
        let differs = !are_equal(&stated, &found);
        if differs {
            self.set(at, property, stated, found);
        }
        differs
    }

    /// Removes one text from a list, on the side that was found. `all` is what the template states.
    pub(super) fn without(&mut self, at: At<'_>, property: &str, all: &[String], one: &str) {
        let Some(before) = self.properties(at, 0) else { return };
        before.insert(property.to_owned(), json!(all));
        let Some(after) = self.properties(at, 1) else { return };
        let list = after.get(property).and_then(Value::as_array);
        // An earlier call may have removed another one.
        let is_plain = |list: &&Vec<Value>| list.iter().all(Value::is_string);
        let mut left = list
            .filter(is_plain)
            .cloned()
            .unwrap_or_else(|| all.iter().map(|text| Value::String(text.clone())).collect());
        left.retain(|text| text != one);
        after.insert(property.to_owned(), left.into());
    }

    /// Adds a resource that somebody made by hand, on the side that was found.
    pub(super) fn add(&mut self, stack: &StackAddress, name: &str, kind: &str, properties: Value) {
        let id = format!("Found{}", hex_prefix(format!("{kind} {name}").as_bytes(), 12));
        let at = At { stack, id: &id };
        if has_function(&properties) {
            let reason = "AWS returned a value that CloudFormation would read as a function";
            self.note(at, &format!("what {name}"), &reason);
            return;
        }
        if let Some([_, after]) = self.templates.get_mut(stack) {
            after["Resources"][&id] = json!({ "Type": kind, "Properties": properties });
        }
    }

    /// Removes a resource that is not there any more, on the side that was found.
    pub(super) fn remove(&mut self, at: At<'_>) {
        if let Some([_, after]) = self.templates.get_mut(at.stack)
            && let Some(resources) = after["Resources"].as_object_mut()
        {
            resources.remove(at.id);
        }
    }

    /// Puts in what CloudFormation found, but for what the services themselves were asked about.
    pub(super) fn put_drift(
        &mut self,
        stack: &StatedStack<'_>,
        drift: &StackDrift,
        asked: &BTreeSet<Asked>,
    ) {
        let address = &stack.deployed.address;
        for one in &drift.unknown {
            self.unknown.push(format!("CloudFormation did not check all of {address}: {one}"));
        }
        for resource in &drift.resources {
            let at = At { stack: address, id: &resource.logical_id };
            let Some(differing) = &resource.differing else {
                self.remove(at);
                continue;
            };
            // `/PolicyDocument/Statement/0` is part of `PolicyDocument`.
            let names = differing.paths.iter().filter_map(|path| path.split('/').nth(1));
            for name in names.collect::<BTreeSet<&str>>() {
                let is_asked = asked
                    .iter()
                    .any(|(stack, id, of)| (stack, id.as_str(), *of) == (address, at.id, name));
                if is_asked {
                    continue;
                }
                let found = differing.found[name].clone();
                self.set(at, name, differing.stated[name].clone(), found);
            }
        }
    }

    fn properties(
        &mut self,
        at: At<'_>,
        side: usize,
    ) -> Option<&mut serde_json::Map<String, Value>> {
        let template = self.templates.get_mut(at.stack)?.get_mut(side)?;
        let resource = template["Resources"].get_mut(at.id)?.as_object_mut()?;
        resource.entry("Properties").or_insert_with(|| json!({})).as_object_mut()
    }
}
