//! The kinds of stacks that a mesh has.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The kinds of stacks, in the order in which stacks that do not wait for each other are deployed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StackKind {
    /// What makes an account and region ready.
    Bootstrap,
    /// The role that the platform assumes.
    PivotRole,
    /// What an environment's teams share.
    Environment,
    /// A team's role and workgroup.
    Team,
    /// A team's dashboards.
    Dashboards,
    /// A dataset.
    Dataset,
    /// A share, or one side of it.
    Share,
    /// A notebook instance.
    Notebook,
    /// An ML Studio user profile.
    StudioProfile,
    /// A pipeline.
    Pipeline,
    /// The policy store of Amazon Verified Permissions, or a part of its policies.
    Governance,
    /// The platform itself.
    Platform,
}

/// A text that names no kind of stack.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a kind of stack: expected one of {known}", known = StackKind::names())]
pub struct UnknownKind(pub String);

impl StackKind {
    /// Every kind, in order. `tests` below finds one that is missing.
    pub const ALL: [Self; 12] = [
        Self::Bootstrap,
        Self::PivotRole,
        Self::Environment,
        Self::Team,
        Self::Dashboards,
        Self::Dataset,
        Self::Share,
        Self::Notebook,
        Self::StudioProfile,
        Self::Pipeline,
        Self::Governance,
        Self::Platform,
    ];

    /// The name in assemblies, tags and names of stacks.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bootstrap => "bootstrap",
            Self::PivotRole => "pivot-role",
            Self::Environment => "environment",
            Self::Team => "team",
            Self::Dashboards => "dashboards",
            Self::Dataset => "dataset",
            Self::Share => "share",
            Self::Notebook => "notebook",
            Self::StudioProfile => "studio-profile",
            Self::Pipeline => "pipeline",
            Self::Governance => "governance",
            Self::Platform => "platform",
        }
    }

    /// The kind with a name.
    pub fn parse(name: &str) -> Result<Self, UnknownKind> {
        let found = Self::ALL.into_iter().find(|kind| kind.as_str() == name);
        found.ok_or_else(|| UnknownKind(name.to_owned()))
    }

    /// Whether a stack of the kind is deleted when the mesh no longer asks for it: it holds access, and no data.
    pub const fn is_deleted_when_unwanted(self) -> bool {
        match self {
            Self::Share => true,
            Self::Bootstrap
            | Self::PivotRole
            | Self::Environment
            | Self::Team
            | Self::Dashboards
            | Self::Dataset
            | Self::Notebook
            | Self::StudioProfile
            | Self::Pipeline
            | Self::Governance
            | Self::Platform => false,
        }
    }

    /// Whether others in its account and region cannot be changed or deleted without a stack of the kind.
    pub const fn is_foundation(self) -> bool {
        match self {
            Self::Environment | Self::PivotRole => true,
            Self::Bootstrap
            | Self::Team
            | Self::Dashboards
            | Self::Dataset
            | Self::Share
            | Self::Notebook
            | Self::StudioProfile
            | Self::Pipeline
            | Self::Governance
            | Self::Platform => false,
        }
    }

    /// Whether its stacks are in the central account and belong to no environment.
    pub const fn is_central(self) -> bool {
        match self {
            Self::Governance | Self::Platform => true,
            Self::Bootstrap
            | Self::PivotRole
            | Self::Environment
            | Self::Team
            | Self::Dashboards
            | Self::Dataset
            | Self::Share
            | Self::Notebook
            | Self::StudioProfile
            | Self::Pipeline => false,
        }
    }

    fn names() -> String {
        Self::ALL.map(Self::as_str).join(", ")
    }
}

impl fmt::Display for StackKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

impl Serialize for StackKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for StackKind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_listed_once_and_in_order() {
        let next = |kind: StackKind| match kind {
            StackKind::Bootstrap => Some(StackKind::PivotRole),
            StackKind::PivotRole => Some(StackKind::Environment),
            StackKind::Environment => Some(StackKind::Team),
            StackKind::Team => Some(StackKind::Dashboards),
            StackKind::Dashboards => Some(StackKind::Dataset),
            StackKind::Dataset => Some(StackKind::Share),
            StackKind::Share => Some(StackKind::Notebook),
            StackKind::Notebook => Some(StackKind::StudioProfile),
            StackKind::StudioProfile => Some(StackKind::Pipeline),
            StackKind::Pipeline => Some(StackKind::Governance),
            StackKind::Governance => Some(StackKind::Platform),
            StackKind::Platform => None,
        };
        let mut found = vec![StackKind::Bootstrap];
        while let Some(kind) = found.last().copied().and_then(next) {
            found.push(kind);
        }
        assert_eq!(found, StackKind::ALL);
        assert!(StackKind::ALL.is_sorted());
    }

    #[test]
    fn a_kind_is_read_as_it_is_written() {
        for kind in StackKind::ALL {
            assert_eq!(StackKind::parse(kind.as_str()), Ok(kind));
        }
        let error = StackKind::parse("datasets").expect_err("no kind");
        assert!(
            error
                .to_string()
                .starts_with("`datasets` is not a kind of stack: expected one of bootstrap, ")
        );
    }
}
