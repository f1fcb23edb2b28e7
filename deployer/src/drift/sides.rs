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
    pub(super) fn set_document(&mut self, at: At<'_>, property: &str, stated: Value, found: Value) {
        if !are_equal(&stated, &found) {
            self.set(at, property, stated, found);
        }
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
            let mut resource = json!({ "Type": kind });
            resource["Properties"] = properties;
            after["Resources"][&id] = resource;
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
        if !drift.unknown.is_empty() {
            let unknown = drift.unknown.join("; ");
            self.unknown.push(format!("CloudFormation did not check all of {address}: {unknown}"));
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

#[cfg(test)]
mod tests {
    use lakewright_template::Place;

    use super::super::{Differing, ResourceDrift};
    use super::*;
    use crate::cloud::{Access, Placed, Site};

    const TEMPLATE: &str = r#"{"Resources": {
        "Role": {"Type": "AWS::IAM::Role", "Properties": {"RoleName": "r"}},
        "Policy": {"Type": "AWS::IAM::ManagedPolicy", "Properties": {
            "ManagedPolicyName": "p", "Roles": [{"Ref": "Role"}, "other"]}},
        "Key": {"Type": "AWS::KMS::Key", "Properties": {"EnableKeyRotation": true}}}}"#;
    /// The id of a key in the KMS API reference.
    const KEY: &str = "1234abcd-12ab-34cd-56ef-1234567890ab";

    fn deployed() -> Deployed {
        let place = Place::parse("111122223333", "eu-west-1").expect("a place");
        let address = StackAddress::new(place.clone(), "s");
        let site = Site { place, access: Access::Owner { role: String::new() } };
        let placed = Placed {
            logical_id: "Key".to_owned(),
            kind: "AWS::KMS::Key".to_owned(),
            physical_id: KEY.to_owned(),
        };
        Deployed::of(&address, site, TEMPLATE, vec![placed], true).expect("a template")
    }

    fn both(sides: &Sides, stack: &Deployed) -> [Value; 2] {
        let differing = sides.differing();
        let texts = differing.get(&stack.address).expect("the stack differs");
        texts.each_ref().map(|text| serde_json::from_str(text).expect("JSON"))
    }

    #[test]
    fn what_is_as_it_was_deployed_does_not_differ() {
        assert!(Sides::of(&[deployed()]).differing().is_empty());
    }

    #[test]
    fn a_policy_that_somebody_made_is_a_resource_of_the_side_that_was_found() {
        let stack = deployed();
        let mut sides = Sides::of(std::slice::from_ref(&stack));
        let properties = json!({ "RoleName": "r", "PolicyName": "hand", "PolicyDocument": {} });
        sides.add(&stack.address, "r hand", "AWS::IAM::RolePolicy", properties);
        let [before, after] = both(&sides, &stack);
        let resources = |side: &Value| side["Resources"].as_object().map(serde_json::Map::len);
        assert_eq!((resources(&before), resources(&after)), (Some(3), Some(4)));
    }

    #[test]
    fn a_policy_that_was_detached_lacks_the_role() {
        let stack = deployed();
        let mut sides = Sides::of(std::slice::from_ref(&stack));
        let at = At { stack: &stack.address, id: "Policy" };
        let all = ["r".to_owned(), "other".to_owned()];
        sides.without(at, "Roles", &all, "r");
        let [before, after] = both(&sides, &stack);
        let roles = |side: &Value| side["Resources"]["Policy"]["Properties"]["Roles"].clone();
        assert_eq!((roles(&before), roles(&after)), (json!(["r", "other"]), json!(["other"])));
        sides.without(at, "Roles", &all, "other");
        let [_, after] = both(&sides, &stack);
        assert_eq!(roles(&after), json!([]));
    }

    /// The fields of `PropertyDifference` and the status DELETED in the CloudFormation API reference.
    #[test]
    fn what_cloudformation_finds_is_put_in_unless_the_service_was_asked() {
        let stack = deployed();
        let stated = StatedStack::of(&stack);
        let differing = Differing {
            paths: vec!["/EnableKeyRotation".to_owned(), "/KeyPolicy/Statement/0".to_owned()],
            stated: json!({ "EnableKeyRotation": true, "KeyPolicy": {} }),
            found: json!({ "EnableKeyRotation": false, "KeyPolicy": { "Statement": [] } }),
        };
        let key = ResourceDrift { logical_id: "Key".to_owned(), differing: Some(differing) };
        let gone = ResourceDrift { logical_id: "Policy".to_owned(), differing: None };
        let unknown = vec!["Role (AWS::IAM::Role): denied".to_owned()];
        let drift = StackDrift { resources: vec![key, gone], unknown };
        let asked = BTreeSet::from([(stack.address.clone(), "Key".to_owned(), "KeyPolicy")]);
        let mut sides = Sides::of(std::slice::from_ref(&stack));
        sides.put_drift(&stated, &drift, &asked);
        let [before, after] = both(&sides, &stack);
        assert_eq!(before["Resources"]["Key"]["Properties"], json!({ "EnableKeyRotation": true }));
        assert_eq!(after["Resources"]["Key"]["Properties"], json!({ "EnableKeyRotation": false }));
        assert!(after["Resources"].get("Policy").is_none());
        assert!(sides.unknown[0].contains("denied"), "{:?}", sides.unknown);
    }

    /// A key of a condition may be any text, and a text of somebody else never becomes a function.
    #[test]
    fn a_value_that_would_be_a_function_is_unknown() {
        let stack = deployed();
        let mut sides = Sides::of(std::slice::from_ref(&stack));
        let at = At { stack: &stack.address, id: "Key" };
        let found =
            json!({ "Statement": [{ "Condition": { "StringEquals": { "Ref": "Role" } } }] });
        sides.set(at, "KeyPolicy", json!({}), found);
        assert!(sides.differing().is_empty() && sides.unknown.len() == 1);
    }

    #[test]
    fn ids_of_aws_are_those_of_resolved_templates() {
        let stack = deployed();
        let stated = [StatedStack::of(&stack)];
        let arn = format!("arn:aws:kms:eu-west-1:111122223333:key/{KEY}");
        let found = super::super::stated::as_stated(&stated, &json!({ "Resource": arn }));
        assert!(!found.to_string().contains(KEY), "{found}");
    }
}
