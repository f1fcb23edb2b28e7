//! The document types that users write. Editors show their doc comments.

mod access_policy;
mod environment;
mod people;
pub(crate) mod privilege;
mod tenant;
mod work;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

pub use access_policy::{
    AccessPolicyDocument, ActorsDocument, Effect, Mask, PolicyState, ResourcesDocument,
};
pub use environment::{
    ConsumptionRoleDocument, ContextDocument, ContextVpcDocument, DefaultVpcDocument,
    EnvironmentDocument, EnvironmentPermission, EnvironmentTeamDocument, FeaturesDocument,
    NetworkDocument, OrganizationDocument, SubscriptionsDocument, VpcDocument,
};
pub use people::{
    AccessDocument, BrokerDocument, IdentityCenterDocument, OidcDocument, SamlDocument,
    TeamAccessDocument,
};
pub use tenant::{
    Maintenance, MonitoringDocument, PivotMode, PivotRoleDocument, QuotasDocument, TenantDocument,
    TenantPermission, TenantPermissionsDocument, WafDocument,
};
pub use work::{
    ColumnDocument, Confidentiality, CrawlerDocument, DashboardDocument, DatasetDocument,
    DomainDocument, FolderDocument, HybridAccess, ImportDocument, InstanceType, ItemStatus,
    NotebookDocument, PipelineDocument, ScheduleDocument, ShareDocument, ShareItemDocument,
    SharePermission, ShareStatus, StageDocument, Strategy, StudioProfileDocument, TableDocument,
    TableFormat, WorksheetDocument,
};

use crate::field::Field;
use crate::name::Id;

/// A document type with the fields that every document has.
macro_rules! document {
    (
        $(#[$doc:meta])*
        $name:ident { $($(#[$field_doc:meta])* $field:ident: $kind:ty,)* }
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Default, serde::Deserialize, schemars::JsonSchema)]
        pub struct $name {
            /// The kind of document.
            #[schemars(with = "String")]
            #[allow(dead_code, reason = "the parser reads the kind before it knows this type")]
            pub(crate) kind: $crate::field::Field<String>,
            /// The id by which other documents refer to this one. Unique within its kind; never changes.
            pub id: $crate::field::Field<$crate::name::Id>,
            /// The name for readers. Any text; may change.
            #[serde(default)]
            pub label: $crate::field::Field<String>,
            /// The purpose. Any text; may change.
            #[serde(default)]
            pub description: $crate::field::Field<String>,
            /// AWS tags for everything that is created for this document.
            #[serde(default)]
            pub tags: $crate::field::Field<std::collections::BTreeMap<String, $crate::field::Field<String>>>,
            /// The catalog's topics.
            #[serde(default)]
            pub topics: $crate::field::Field<Vec<$crate::field::Field<String>>>,
            /// The catalog's keywords (data.all calls them tags).
            #[serde(default)]
            pub keywords: $crate::field::Field<Vec<$crate::field::Field<String>>>,
            /// The catalog's glossary terms.
            #[serde(default)]
            pub glossary: $crate::field::Field<Vec<$crate::field::Field<String>>>,
            $($(#[$field_doc])* pub $field: $kind,)*
        }

        impl $crate::document::Document for $name {
            fn header(&self) -> $crate::document::Header<'_> {
                $crate::document::Header {
                    id: &self.id,
                    label: &self.label,
                    description: &self.description,
                    tags: &self.tags,
                    topics: &self.topics,
                    keywords: &self.keywords,
                    glossary: &self.glossary,
                }
            }
        }
    };
}
pub(crate) use document;

/// The fields that every document has.
#[derive(Debug)]
pub struct Header<'a> {
    /// `id`.
    pub id: &'a Field<Id>,
    /// `label`.
    pub label: &'a Field<String>,
    /// `description`.
    pub description: &'a Field<String>,
    /// `tags`.
    pub tags: &'a Field<BTreeMap<String, Field<String>>>,
    /// `topics`.
    pub topics: &'a Field<Vec<Field<String>>>,
    /// `keywords`.
    pub keywords: &'a Field<Vec<Field<String>>>,
    /// `glossary`.
    pub glossary: &'a Field<Vec<Field<String>>>,
}

/// Any document.
pub trait Document {
    /// The fields that every document has.
    fn header(&self) -> Header<'_>;
}

/// The kinds of documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, JsonSchema)]
pub enum Kind {
    /// The settings of the whole mesh.
    Tenant,
    /// A group of environments.
    Organization,
    /// An AWS account and region.
    Environment,
    /// A VPC that an environment's teams may use.
    Network,
    /// A role outside the mesh that can receive shares.
    ConsumptionRole,
    /// A group of datasets.
    Domain,
    /// A governed dataset.
    Dataset,
    /// Access of a team to another team's dataset.
    Share,
    /// A named query.
    Worksheet,
    /// A notebook instance.
    Notebook,
    /// An ML Studio user profile.
    StudioProfile,
    /// A pipeline with its repository.
    Pipeline,
    /// An imported dashboard.
    Dashboard,
    /// A rule of access governance.
    AccessPolicy,
}

impl Kind {
    /// Every kind. A kind can depend on the kinds before it.
    pub const ALL: [Self; 14] = [
        Self::Tenant,
        Self::Organization,
        Self::Environment,
        Self::Network,
        Self::ConsumptionRole,
        Self::Domain,
        Self::Dataset,
        Self::Share,
        Self::Worksheet,
        Self::Notebook,
        Self::StudioProfile,
        Self::Pipeline,
        Self::Dashboard,
        Self::AccessPolicy,
    ];

    /// The name in a document.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tenant => "Tenant",
            Self::Organization => "Organization",
            Self::Environment => "Environment",
            Self::Network => "Network",
            Self::ConsumptionRole => "ConsumptionRole",
            Self::Domain => "Domain",
            Self::Dataset => "Dataset",
            Self::Share => "Share",
            Self::Worksheet => "Worksheet",
            Self::Notebook => "Notebook",
            Self::StudioProfile => "StudioProfile",
            Self::Pipeline => "Pipeline",
            Self::Dashboard => "Dashboard",
            Self::AccessPolicy => "AccessPolicy",
        }
    }

    /// The kind in a sentence, such as "consumption role".
    pub const fn noun(self) -> &'static str {
        match self {
            Self::Tenant => "tenant",
            Self::Organization => "organization",
            Self::Environment => "environment",
            Self::Network => "network",
            Self::ConsumptionRole => "consumption role",
            Self::Domain => "domain",
            Self::Dataset => "dataset",
            Self::Share => "share",
            Self::Worksheet => "worksheet",
            Self::Notebook => "notebook",
            Self::StudioProfile => "studio profile",
            Self::Pipeline => "pipeline",
            Self::Dashboard => "dashboard",
            Self::AccessPolicy => "access policy",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_listed_once_and_in_order() {
        let next = |kind: Kind| match kind {
            Kind::Tenant => Some(Kind::Organization),
            Kind::Organization => Some(Kind::Environment),
            Kind::Environment => Some(Kind::Network),
            Kind::Network => Some(Kind::ConsumptionRole),
            Kind::ConsumptionRole => Some(Kind::Domain),
            Kind::Domain => Some(Kind::Dataset),
            Kind::Dataset => Some(Kind::Share),
            Kind::Share => Some(Kind::Worksheet),
            Kind::Worksheet => Some(Kind::Notebook),
            Kind::Notebook => Some(Kind::StudioProfile),
            Kind::StudioProfile => Some(Kind::Pipeline),
            Kind::Pipeline => Some(Kind::Dashboard),
            Kind::Dashboard => Some(Kind::AccessPolicy),
            Kind::AccessPolicy => None,
        };
        let mut found = vec![Kind::Tenant];
        while let Some(kind) = found.last().copied().and_then(next) {
            found.push(kind);
        }
        assert_eq!(found, Kind::ALL);
    }
}
