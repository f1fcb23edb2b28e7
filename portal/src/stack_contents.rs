//! What a stack contains, taken from its template before the template is dropped.

use std::collections::BTreeMap;

use lakewright_stacks::StackPlan;
use lakewright_template::{StackKind, Template};

use crate::billed;

/// What a stack contains.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct StackContents {
    /// The address, `account/region/name`.
    pub address: String,
    /// The kind.
    pub kind: StackKind,
    /// The id of the document that it belongs to.
    pub id: String,
    /// The manifest lines that ask for it.
    pub lines: Vec<String>,
    /// The resources, by logical id.
    pub resources: Vec<MadeResource>,
}

/// A resource of a stack.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct MadeResource {
    /// The logical id.
    pub logical_id: String,
    /// The resource type.
    pub kind: String,
    /// What matters for its cost, such as the instance type.
    pub facts: Vec<String>,
}

impl StackContents {
    /// The contents of a stack. `lines` has the manifest lines of its parts; those of the whole stack have the key `*`.
    pub fn of(
        stack: &StackPlan<'_>,
        template: &Template,
        lines: &BTreeMap<String, Vec<String>>,
    ) -> Self {
        let resources = template.resources.iter().map(|(id, resource)| MadeResource {
            logical_id: id.to_string(),
            kind: resource.kind.to_string(),
            facts: billed::facts(resource),
        });
        Self {
            address: stack.address().to_string(),
            kind: stack.kind(),
            id: stack.id().to_owned(),
            lines: lines.get("*").cloned().unwrap_or_default(),
            resources: resources.collect(),
        }
    }

    /// The document that it belongs to, such as `dataset/sales`.
    pub fn of_document(&self) -> String {
        format!("{}/{}", self.kind.as_str(), self.id)
    }
}
