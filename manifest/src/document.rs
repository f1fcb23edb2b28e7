//! The document types that users write. Editors show their doc comments.

mod access_policy;
mod environment;
mod governance;
mod kind;
mod metadata_form;
mod people;
pub(crate) mod privilege;
mod tenant;
mod work;

use std::collections::BTreeMap;

pub use access_policy::{
    AccessPolicyDocument, ActorsDocument, ColumnMaskDocument, Effect, ExceptionsDocument, Mask,
    PolicyState, ResourcesDocument,
};
pub use environment::{
    ConsumptionRoleDocument, ContextDocument, ContextVpcDocument, DefaultVpcDocument,
    EnvironmentDeploymentDocument, EnvironmentDocument, EnvironmentPermission,
    EnvironmentTeamDocument, FeaturesDocument, NetworkDocument, OrganizationDocument,
    SubscriptionsDocument, VpcDocument,
};
pub use governance::{
    CognitoDocument, GovernanceDocument, IdentityProviderDocument, OpenIdDocument, TokenKind,
};
pub use kind::Kind;
pub(crate) use kind::every_kind;
pub use metadata_form::{
    Enforcement, FormFieldDocument, FormFieldType, FormScopeDocument, FormSubject, FormsDocument,
    MetadataFormDocument,
};
pub use people::{
    AccessDocument, BrokerDocument, IdentityCenterDocument, OidcDocument, SamlDocument,
    TeamAccessDocument,
};
pub use privilege::all as all_privileges;
pub use tenant::{
    Maintenance, MonitoringDocument, PivotMode, PivotRoleDocument, QuotasDocument, TenantDocument,
    TenantPermission, TenantPermissionsDocument, UpdaterDocument, WafDocument,
};
pub use work::{
    ColumnDocument, Confidentiality, CrawlerDocument, DashboardDocument, DatasetDocument,
    DomainDocument, FolderDocument, GovernedBy, HybridAccess, ImportDocument, InstanceType,
    ItemStatus, NotebookDocument, PipelineDocument, ScheduleDocument, ShareDocument,
    ShareItemDocument, SharePermission, ShareStatus, StageDocument, Strategy,
    StudioProfileDocument, TableDocument, TableFormat, WorksheetDocument,
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
            /// The values of metadata forms, by form and by field.
            #[serde(default)]
            pub forms: $crate::field::Field<$crate::document::FormsDocument>,
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
                    forms: &self.forms,
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
    /// `forms`.
    pub forms: &'a Field<FormsDocument>,
}

/// Any document.
pub trait Document {
    /// The fields that every document has.
    fn header(&self) -> Header<'_>;
}
