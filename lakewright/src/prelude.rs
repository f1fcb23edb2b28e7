//! What most programs use: `use lakewright::prelude::*;`.

pub use lakewright_manifest::build::{
    Access, Broker, Built, Cognito, Column, ConsumptionRole, Crawler, Dataset, Decision, Domain,
    Environment, Feature, Folder, FormField, IdOf, IdentityCenter, IdentityProvider, Import,
    InvitedTeam, Item, MeshBuilder, MetadataForm, Network, Notebook, NotebookNetwork, Oidc, OpenId,
    Organization, Part, Pipeline, PivotRole, PolicyStore, QuickSight, Quotas, Refused, Repository,
    Saml, Share, SharedTable, Source, Stage, StudioProfile, StudioVpc, Table, Tenant, VolumeSize,
    Vpc, Worksheet,
};
pub use lakewright_manifest::mesh::{
    Confidentiality, Enforcement, EnvironmentPermission, FormFieldType, FormSubject, GovernedBy,
    HybridAccess, InstanceType, ItemStatus, Location, Maintenance, PivotMode, SharePermission,
    Strategy, TableFormat, TenantPermission, TokenKind,
};
pub use lakewright_manifest::{Code, Date, Id, Mesh, NameError, Report, RoleArn, TeamName};
pub use lakewright_stacks::{
    DashboardsStack, DatasetStack, EnvironmentStack, GovernanceStack, NotebookStack, PipelineStack,
    PivotRoleStack, Plan, PlatformStack, ShareStack, StackPlan, StudioProfileStack, Synthesized,
    TeamStack,
};
pub use lakewright_template::write::template_to_yaml;
pub use lakewright_template::{AccountId, Place, Region, StackKind};

pub use crate::proof::{Proof, ProofError, prove};
