//! The relations between teams and resources that rights follow from.

use lakewright_manifest::mesh::{EnvironmentPermission, TenantPermission};

use crate::kind::ResourceKind;

/// A relation of teams to a resource. In Cedar it is an optional attribute of the resource: a set of teams.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Relation {
    /// The teams that own the resource.
    Owner,
    /// The stewards of the resource's dataset.
    Steward,
    /// The team of the resource's environment.
    ConnectionAdmin,
    /// Teams with full access to the datasets of the domain.
    DomainOwner,
    /// Teams with read-only access to the datasets of the domain.
    DomainReader,
    /// Teams that read the data: by a share, or as stewards.
    Reader,
    /// Teams that write the data by a share.
    Writer,
    /// Teams that a dashboard is shared with.
    Viewer,
    /// Teams that may link environments to an organization.
    Linker,
    /// Teams that decide about a share.
    Approver,
    /// The team that asked for a share.
    Requester,
    /// Teams of an environment.
    Member,
    /// Teams with a permission in an environment.
    Permitted(EnvironmentPermission),
    /// Teams with a permission of the tenant.
    Holder(TenantPermission),
}

impl Relation {
    /// The attribute in Cedar.
    pub(crate) const fn attribute(self) -> &'static str {
        match self {
            Self::Owner => "owners",
            Self::Steward => "stewards",
            Self::ConnectionAdmin => "connection_admins",
            Self::DomainOwner => "domain_owners",
            Self::DomainReader => "domain_readers",
            Self::Reader => "readers",
            Self::Writer => "writers",
            Self::Viewer => "viewers",
            Self::Linker => "linkers",
            Self::Approver => "approvers",
            Self::Requester => "requesters",
            Self::Member => "members",
            Self::Permitted(permission) => permission.as_str(),
            Self::Holder(permission) => permission.as_str(),
        }
    }

    /// The relations that a resource of a kind can have.
    pub(crate) fn of(kind: ResourceKind) -> Vec<Self> {
        match kind {
            ResourceKind::Tenant => TenantPermission::ALL.map(Self::Holder).to_vec(),
            ResourceKind::Organization => vec![Self::Owner, Self::Linker],
            ResourceKind::Environment => {
                let permitted = EnvironmentPermission::ALL.map(Self::Permitted);
                [Self::Owner, Self::ConnectionAdmin, Self::Member]
                    .into_iter()
                    .chain(permitted)
                    .collect()
            }
            ResourceKind::Domain => vec![Self::Owner],
            ResourceKind::Dataset
            | ResourceKind::Table
            | ResourceKind::Column
            | ResourceKind::Folder => vec![
                Self::Owner,
                Self::Steward,
                Self::ConnectionAdmin,
                Self::DomainOwner,
                Self::DomainReader,
                Self::Reader,
                Self::Writer,
            ],
            ResourceKind::Share => vec![Self::Approver, Self::Requester],
            ResourceKind::Dashboard => vec![Self::Owner, Self::ConnectionAdmin, Self::Viewer],
            ResourceKind::Network
            | ResourceKind::ConsumptionRole
            | ResourceKind::Worksheet
            | ResourceKind::Notebook
            | ResourceKind::StudioProfile
            | ResourceKind::Pipeline => vec![Self::Owner, Self::ConnectionAdmin],
            ResourceKind::Glossary
            | ResourceKind::Term
            | ResourceKind::Tag
            | ResourceKind::Team
            | ResourceKind::User => Vec::new(),
        }
    }

    /// Whether a resource of a kind can have this relation.
    pub(crate) fn is_of(self, kind: ResourceKind) -> bool {
        Self::of(kind).contains(&self)
    }
}
