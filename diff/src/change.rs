//! Changed stacks, resources and properties.

mod compare;
mod value;

pub use compare::stacks;

use lakewright_template::{LogicalId, Text, Value};

use crate::update::{Outcome, Update};

/// Whether something exists on one side only, or differs between the sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ChangeKind {
    /// It exists only after the change.
    Added,
    /// It exists only before the change.
    Removed,
    /// It exists on both sides, and differs.
    Changed,
}

/// A stack that the change adds, removes or changes.
#[derive(Debug, Clone, PartialEq)]
pub struct StackChange {
    /// The stack's address (`account/region/name`), or the path of the template's file below its folder.
    pub stack: String,
    /// What happens to the stack.
    pub kind: ChangeKind,
    /// The changed resources, sorted by logical id.
    pub resources: Vec<ResourceChange>,
    /// The changes outside of resources (outputs, parameters, conditions, mappings, ...), with paths such as
    /// `/Outputs/Name/Value`.
    pub others: Vec<PropertyChange>,
}

/// A resource that the change adds, removes or changes.
#[derive(Debug, Clone, PartialEq)]
pub struct ResourceChange {
    /// The logical id.
    pub logical_id: LogicalId,
    /// The resource type after the change; before it, if the resource is removed.
    pub resource_type: Text,
    /// What happens to the resource in the template.
    pub kind: ChangeKind,
    /// The changes of properties, with JSON pointers below `Properties`, such as `/Tags/0/Value`. Empty for resources
    /// that are added or removed.
    pub properties: Vec<PropertyChange>,
    /// The changes of attributes beside properties, with paths such as `/DeletionPolicy` or `/DependsOn`.
    pub attributes: Vec<PropertyChange>,
    /// What CloudFormation does with the resource.
    pub outcome: Outcome,
    /// The manifest lines that asked for the resource before the change, as `file:line:column`.
    pub lines_before: Vec<String>,
    /// The manifest lines that ask for the resource after the change.
    pub lines_after: Vec<String>,
}

/// A value that differs.
#[derive(Debug, Clone, PartialEq)]
pub struct PropertyChange {
    /// The JSON pointer of the value. The index of a removed item is that before the change, all others are those after
    /// it. So a removed and an added item can have the same path.
    pub path: String,
    /// The value before the change; `None` if there is none.
    pub before: Option<Value>,
    /// The value after the change; `None` if there is none.
    pub after: Option<Value>,
    /// What CloudFormation does with the resource because of this value.
    pub update: Update,
}
