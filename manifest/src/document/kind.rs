//! The kinds of documents.

use schemars::JsonSchema;
use serde::Deserialize;

/// The list of all kinds, for another macro. Everything that has a part for each kind is written by it, so that a new
/// kind is a row here.
///
/// A row has the kind, its noun in a sentence, the list of its documents, and their type. A mesh has exactly one document
/// of a kind under `one`. A kind can depend on the kinds before it.
macro_rules! every_kind {
    ($then:ident) => {
        $then! {
            one {
                /// The settings of the whole mesh.
                Tenant "tenant" tenants TenantDocument,
            }
            many {
                /// A group of environments.
                Organization "organization" organizations OrganizationDocument,
                /// An AWS account and region.
                Environment "environment" environments EnvironmentDocument,
                /// A VPC that an environment's teams may use.
                Network "network" networks NetworkDocument,
                /// A role outside the mesh that can receive shares.
                ConsumptionRole "consumption role" consumption_roles ConsumptionRoleDocument,
                /// A group of datasets.
                Domain "domain" domains DomainDocument,
                /// A governed dataset.
                Dataset "dataset" datasets DatasetDocument,
                /// Access of a team to another team's dataset.
                Share "share" shares ShareDocument,
                /// A named query.
                Worksheet "worksheet" worksheets WorksheetDocument,
                /// A notebook instance.
                Notebook "notebook" notebooks NotebookDocument,
                /// An ML Studio user profile.
                StudioProfile "studio profile" studio_profiles StudioProfileDocument,
                /// A pipeline with its repository.
                Pipeline "pipeline" pipelines PipelineDocument,
                /// An imported dashboard.
                Dashboard "dashboard" dashboards DashboardDocument,
                /// A rule of access governance.
                AccessPolicy "access policy" access_policies AccessPolicyDocument,
                /// A form that documents fill in.
                MetadataForm "metadata form" metadata_forms MetadataFormDocument,
            }
        }
    };
}
pub(crate) use every_kind;

macro_rules! kinds {
    ($($count:ident {
        $($(#[$doc:meta])* $kind:ident $noun:literal $list:ident $document:ident,)*
    })*) => {
        /// The kinds of documents.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, JsonSchema)]
        pub enum Kind {
            $($($(#[$doc])* $kind,)*)*
        }

        impl Kind {
            /// Every kind. A kind can depend on the kinds before it.
            pub const ALL: [Self; COUNT] = [$($(Self::$kind,)*)*];

            /// The name in a document.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $($(Self::$kind => stringify!($kind),)*)*
                }
            }

            /// The kind in a sentence, such as "consumption role".
            pub const fn noun(self) -> &'static str {
                match self {
                    $($(Self::$kind => $noun,)*)*
                }
            }
        }

        const COUNT: usize = [$($(Kind::$kind,)*)*].len();
    };
}
every_kind!(kinds);
