//! The resources that were removed or added, with what identifies each of them.

use std::collections::BTreeMap;

use lakewright_template::intrinsic::SubPart;
use lakewright_template::schema::updates_of;
use lakewright_template::{Intrinsic, LogicalId, Place, ResourceEntry, Value};

use super::written::Digests;
use crate::Stack;
use crate::change::{ChangeKind, StackChange};

/// Types whose name is not the property that their `primaryIdentifier` names.
///
/// Source: `DatabaseInput` of `AWS::Glue::Database` and `TableInput` of `AWS::Glue::Table` in the CloudFormation template
/// reference.
const INSIDE: [(&str, &[&str]); 2] = [
    ("AWS::Glue::Database", &["/DatabaseInput/Name"]),
    ("AWS::Glue::Table", &["/DatabaseName", "/TableInput/Name"]),
];

/// The pseudo parameters whose values differ between stacks of one account and region.
///
/// Source: "Get AWS values using pseudo parameters" in the CloudFormation template reference; that refactoring fails with
/// each of the three, dev.classmethod.jp, "stack-refactoring-pseudo-parameters-migration" (2025-02).
const OF_STACK: [&str; 3] = ["AWS::NotificationARNs", "AWS::StackId", "AWS::StackName"];

/// A resource that exists on one side only.
pub(super) struct Candidate<'t> {
    /// Its position: that of the stack's change, and its own in that change.
    pub(super) at: (usize, usize),
    pub(super) stack: &'t Stack<'t>,
    pub(super) id: &'t LogicalId,
    pub(super) entry: &'t ResourceEntry,
    /// Its explicit physical name, if all of it is known.
    pub(super) name: Option<String>,
    /// What resources with equal properties have in common.
    pub(super) digest: String,
}

impl Candidate<'_> {
    /// The resource in a sentence.
    pub(super) fn shown(&self) -> String {
        format!("`{}` of {}", self.id, self.stack.address)
    }
}

/// The resources of a kind of change.
pub(super) fn gather<'t>(
    stacks: &BTreeMap<&'t str, &'t Stack<'t>>,
    changes: &[StackChange],
    kind: ChangeKind,
) -> Vec<Candidate<'t>> {
    let mut found = Vec::new();
    for (at, change) in changes.iter().enumerate() {
        let Some(&stack) = stacks.get(change.stack.as_str()) else { continue };
        let mut digests = Digests::of(stack.template);
        for (position, resource) in change.resources.iter().enumerate() {
            let entry = stack.template.resources.get_key_value(&resource.logical_id);
            let Some((id, entry)) = entry.filter(|_| resource.kind == kind) else { continue };
            let mut digest = digests.digest(id.as_str());
            if is_named_by_stack(entry) {
                digest.push_str(stack.address);
            }
            let name = name(entry, stack.place);
            found.push(Candidate { at: (at, position), stack, id, entry, name, digest });
        }
    }
    found
}

/// The properties that hold a resource's name, as JSON pointers.
fn pointers(kind: &str) -> Vec<&'static str> {
    let inside = INSIDE.iter().find(|(name, _)| *name == kind);
    match (inside, updates_of(kind)) {
        (Some((_, pointers)), _) => pointers.to_vec(),
        (None, Some(rules)) => rules.primary_identifier().collect(),
        (None, None) => Vec::new(),
    }
}

/// The explicit physical name of a resource: the texts of all properties that identify it.
fn name(entry: &ResourceEntry, place: &Place) -> Option<String> {
    let pointers = pointers(&entry.kind);
    let parts: Option<Vec<String>> =
        pointers.iter().map(|pointer| literal(at(entry, pointer)?, place)).collect();
    parts.filter(|parts| !parts.is_empty()).map(|parts| parts.join("\n"))
}

/// Whether a resource's name contains its stack's name, so that it is another resource in another stack.
fn is_named_by_stack(entry: &ResourceEntry) -> bool {
    let pointers = pointers(&entry.kind);
    let mut values = pointers.iter().filter_map(|pointer| at(entry, pointer));
    values.any(|value| !of_stack(value).is_empty())
}

fn at<'e>(entry: &'e ResourceEntry, pointer: &str) -> Option<&'e Value> {
    let mut keys = pointer.split('/').skip(1);
    let mut value = entry.properties.get(keys.next()?)?;
    for key in keys {
        value = value.as_map()?.get(key)?;
    }
    Some(value)
}

/// The text of a value that is known without deploying it.
fn literal(value: &Value, place: &Place) -> Option<String> {
    match value {
        Value::Text(text) => Some(text.to_string()),
        Value::Intrinsic(call) => match call.as_ref() {
            Intrinsic::Ref(id) => pseudo(id.as_str(), place),
            Intrinsic::Sub { parts, variables } if variables.is_empty() => {
                let texts = parts.iter().map(|part| match part {
                    SubPart::Literal(text) => Some(text.to_string()),
                    SubPart::Variable(name) => pseudo(name, place),
                });
                texts.collect()
            }
            Intrinsic::Join { delimiter, values } => {
                let texts: Option<Vec<String>> =
                    values.as_list()?.iter().map(|value| literal(value, place)).collect();
                Some(texts?.join(delimiter))
            }
            _ => None,
        },
        _ => None,
    }
}

fn pseudo(name: &str, place: &Place) -> Option<String> {
    match name {
        "AWS::AccountId" => Some(place.account.to_string()),
        "AWS::Partition" => Some(place.partition().to_owned()),
        "AWS::Region" => Some(place.region.to_string()),
        "AWS::URLSuffix" => Some(place.url_suffix().to_owned()),
        _ => None,
    }
}

/// The pseudo parameters in a value whose values differ between stacks of one account and region, sorted.
pub(super) fn of_stack(value: &Value) -> Vec<&'static str> {
    let mut used = Vec::new();
    value.walk(&mut |value| match value.as_intrinsic() {
        Some(Intrinsic::Ref(id)) => used.push(id.as_str()),
        Some(Intrinsic::Sub { parts, .. }) => {
            used.extend(parts.iter().filter_map(|part| match part {
                SubPart::Variable(name) => Some(name.as_ref()),
                SubPart::Literal(_) => None,
            }));
        }
        _ => {}
    });
    OF_STACK.into_iter().filter(|name| used.contains(name)).collect()
}
