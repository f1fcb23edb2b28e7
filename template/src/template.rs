//! A template and its sections.

use std::collections::BTreeMap;

use crate::{LogicalId, Map, Text, Value};

/// A CloudFormation template.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Template {
    /// `Description`, 1,024 bytes at most.
    pub description: Option<Text>,
    /// `Metadata`.
    pub metadata: Map,
    /// `Parameters` by name.
    pub parameters: BTreeMap<Text, Parameter>,
    /// `Rules` by name, unchanged.
    pub rules: Map,
    /// `Mappings` by name, unchanged.
    pub mappings: Map,
    /// `Conditions` by name.
    pub conditions: BTreeMap<Text, Value>,
    /// `Transform`, unchanged.
    pub transform: Option<Value>,
    /// `Globals` of the serverless transform, unchanged.
    pub globals: Map,
    /// `Hooks` by logical id, unchanged.
    pub hooks: Map,
    /// `Fn::Transform` beside the entries of a section, by the section's name; the key is
    /// empty for the template itself.
    pub includes: Map,
    /// `Resources` by logical id.
    pub resources: BTreeMap<LogicalId, ResourceEntry>,
    /// `Outputs` by name.
    pub outputs: BTreeMap<Text, Output>,
}

/// A parameter: its attributes as in the template.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Parameter {
    /// `Type`, `Default`, `Description`, `AllowedPattern` and so on.
    pub attributes: Map,
}

/// One resource of a template.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ResourceEntry {
    /// The resource type, such as `AWS::S3::Bucket`.
    pub kind: Text,
    /// `Properties`.
    pub properties: Map,
    /// `DependsOn`, sorted.
    pub depends_on: Vec<LogicalId>,
    /// `Condition`.
    pub condition: Option<Text>,
    /// `DeletionPolicy`.
    pub deletion_policy: Option<DeletionPolicy>,
    /// `UpdateReplacePolicy`.
    pub update_replace_policy: Option<DeletionPolicy>,
    /// `Metadata`.
    pub metadata: Map,
    /// `CreationPolicy`, `UpdatePolicy` and any other attribute of a foreign template.
    pub other: Map,
}

/// What CloudFormation does with a resource that is removed from the stack.
///
/// Source: "DeletionPolicy attribute" in the CloudFormation template reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeletionPolicy {
    /// The resource is deleted.
    Delete,
    /// The resource is retained.
    Retain,
    /// The resource is retained, except if the operation that creates it is rolled back.
    RetainExceptOnCreate,
    /// A snapshot is retained, for the types that have snapshots.
    Snapshot,
}

impl DeletionPolicy {
    /// The name in a template.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Delete => "Delete",
            Self::Retain => "Retain",
            Self::RetainExceptOnCreate => "RetainExceptOnCreate",
            Self::Snapshot => "Snapshot",
        }
    }

    /// Parses the name in a template.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Delete, Self::Retain, Self::RetainExceptOnCreate, Self::Snapshot]
            .into_iter()
            .find(|policy| policy.as_str() == name)
    }
}

/// An output of a template.
#[derive(Debug, Clone, PartialEq)]
pub struct Output {
    /// `Value`.
    pub value: Value,
    /// `Description`.
    pub description: Option<Text>,
    /// `Condition`.
    pub condition: Option<Text>,
    /// The name under which the value is exported. Lakewright exports nothing.
    pub export: Option<Value>,
}
