//! The validated mesh: every reference is resolved, every default is filled in.
//!
//! Only [`resolve`](crate::resolve::resolve) creates one, so code that receives
//! a [`Mesh`] need not check it again.

mod access_policy;
mod alarms;
mod data_access;
mod governance;
mod link;
mod metadata_form;
mod people;
mod share;
mod worksheet;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use lakewright_template::{AccountId, Region};

pub use access_policy::{AccessPolicy, Actors, Exceptions, Masking, PolicyResources, RowFilter};
pub use data_access::{DataAccess, DataGrant, Given, Level, Open, Standing, TableView};

use crate::diagnostic::Origin;
pub use crate::document::{
    Confidentiality, Effect, Enforcement, EnvironmentPermission, FormFieldType, FormSubject,
    GovernedBy, HybridAccess, InstanceType, ItemStatus, Maintenance, Mask, PivotMode, PolicyState,
    SharePermission, ShareStatus, Strategy, TableFormat, TenantPermission,
};
pub use alarms::Alarms;
pub use governance::{GovernanceSettings, IdentityProvider, TokenKind};
pub use link::Link;
pub use metadata_form::{FilledForm, FormField, FormScope, FormValue, MetadataForm};
pub use people::{Access, SamlTeam};
pub use share::{Share, ShareItem, SharedTable};
pub use worksheet::{Database, Worksheet};

use crate::name::{
    AddressBlock, BranchName, BucketName, CatalogName, ConnectionArn, CountryCode, FolderPrefix,
    Id, KeyAlias, MailAddress, OrganizationId, PolicyArn, RepositoryName, ResourcePrefix, RoleArn,
    Schedule, SubnetId, TeamName, TimeZone, TopicArn, VpcId, ZoneId,
};

/// A governed data mesh.
#[derive(Debug, Clone, Hash)]
#[expect(missing_docs, reason = "one map for each kind of document, named after it")]
pub struct Mesh {
    pub tenant: Tenant,
    pub organizations: BTreeMap<Id, Arc<Organization>>,
    pub environments: BTreeMap<Id, Arc<Environment>>,
    pub networks: BTreeMap<Id, Arc<Network>>,
    pub consumption_roles: BTreeMap<Id, Arc<ConsumptionRole>>,
    pub domains: BTreeMap<Id, Arc<Domain>>,
    pub datasets: BTreeMap<Id, Arc<Dataset>>,
    pub shares: BTreeMap<Id, Arc<Share>>,
    pub worksheets: BTreeMap<Id, Arc<Worksheet>>,
    pub notebooks: BTreeMap<Id, Arc<Notebook>>,
    pub studio_profiles: BTreeMap<Id, Arc<StudioProfile>>,
    pub pipelines: BTreeMap<Id, Arc<Pipeline>>,
    pub dashboards: BTreeMap<Id, Arc<Dashboard>>,
    pub access_policies: BTreeMap<Id, Arc<AccessPolicy>>,
    /// What access policies and dataset-level access change in the access to data.
    pub data_access: DataAccess,
    pub metadata_forms: BTreeMap<Id, Arc<MetadataForm>>,
    /// What documents and their parts fill in, in the order of kinds, documents and forms.
    pub filled_forms: Vec<FilledForm>,
}

/// The fields that every document has.
#[derive(Debug, Clone, PartialEq, Hash)]
pub struct Header {
    /// The id.
    pub id: Id,
    /// The name for readers; the id if the document has no label.
    pub label: String,
    /// The purpose; empty if the document has no description.
    pub description: String,
    /// The AWS tags of the document itself.
    pub tags: BTreeMap<String, String>,
    /// The catalog's topics.
    pub topics: Vec<String>,
    /// The catalog's keywords.
    pub keywords: Vec<String>,
    /// The catalog's glossary terms.
    pub glossary: Vec<String>,
    /// The position of the document.
    pub origin: Origin,
}

/// The settings of the whole mesh.
#[derive(Debug, Clone, PartialEq, Hash)]
pub struct Tenant {
    /// The fields that every document has.
    pub header: Header,
    /// The team that administers the platform.
    pub admin_team: TeamName,
    /// The account that the platform runs in.
    pub central_account: AccountId,
    /// The position of `central_account`.
    pub central_account_at: Origin,
    /// The region that the platform runs in.
    pub home_region: Region,
    /// The organization of AWS Organizations that every account of the mesh belongs to, if the mesh names one.
    pub organization_id: Option<OrganizationId>,
    /// The prefix of physical names.
    pub resource_prefix: ResourcePrefix,
    /// The role that the platform assumes.
    pub pivot_role: PivotRole,
    /// The roles that may assume the deploy roles.
    pub deployers: Vec<RoleArn>,
    /// How people assume the roles of teams, besides through the pivot role.
    pub access: Option<Access>,
    /// The position of `access`.
    pub access_at: Origin,
    /// The permissions of teams; a team without an entry has all permissions.
    pub permissions: BTreeMap<TeamName, BTreeSet<TenantPermission>>,
    /// Whether the platform is in maintenance.
    pub maintenance: Maintenance,
    /// The permissions boundary of every role.
    pub permissions_boundary: Option<PolicyArn>,
    /// The quotas of the accounts.
    pub quotas: Quotas,
    /// Countries that may reach the web pages; if empty, all may.
    pub allowed_geo: Vec<CountryCode>,
    /// Address blocks that may reach the web pages; if empty, all may.
    pub allowed_ip: Vec<AddressBlock>,
    /// The recipients of alarms.
    pub alarm_emails: Vec<MailAddress>,
    /// When the platform refreshes the mesh.
    pub updater: Updater,
    /// The policy store of Amazon Verified Permissions, if the mesh has one.
    pub governance: Option<GovernanceSettings>,
}

/// When the platform refreshes the mesh.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Updater {
    /// Whether the schedule is on.
    pub enabled: bool,
    /// The schedule.
    pub schedule: Schedule,
    /// The time zone of the schedule.
    pub timezone: TimeZone,
}

/// The role that the platform assumes in each environment.
#[derive(Debug, Clone, PartialEq, Hash)]
pub struct PivotRole {
    /// Who creates the role.
    pub mode: PivotMode,
    /// The role's name, if the mesh sets it.
    pub name: Option<String>,
    /// The external id.
    pub external_id: String,
    /// The position of `external_id`.
    pub external_id_at: Origin,
    /// The roles that may assume it.
    pub trusted_roles: Vec<RoleArn>,
}

/// Quotas of the accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Quotas {
    /// Managed policies of one role.
    pub managed_policies_per_role: usize,
    /// Characters of a role's trust policy.
    pub trust_policy_characters: usize,
    /// Characters of an event bus's policy.
    pub event_bus_policy_characters: usize,
    /// Roles of an account.
    pub roles_per_account: usize,
    /// Customer managed policies of an account.
    pub managed_policies_per_account: usize,
    /// Stacks of an account in one region.
    pub stacks_per_region: usize,
    /// Buckets of an account.
    pub buckets_per_account: usize,
    /// Bytes of the policies about a resource, and of those about no single one, in a policy store.
    pub policy_bytes_per_resource: usize,
}

/// A group of environments.
#[derive(Debug, Clone, PartialEq, Hash)]
pub struct Organization {
    /// The fields that every document has.
    pub header: Header,
    /// The team that owns it.
    pub team: TeamName,
    /// Other teams that may link environments to it.
    pub admins: Vec<TeamName>,
    /// Whether it is archived.
    pub archived: bool,
}

/// An AWS account and region.
#[derive(Debug, Clone, Hash)]
pub struct Environment {
    /// The fields that every document has.
    pub header: Header,
    /// The organization.
    pub organization: Link<Organization>,
    /// The account.
    pub account: AccountId,
    /// The position of `account`.
    pub account_at: Origin,
    /// The region.
    pub region: Region,
    /// The team that owns it.
    pub team: TeamName,
    /// The prefix of physical names.
    pub resource_prefix: ResourcePrefix,
    /// The features that are on.
    pub features: Features,
    /// The position of `features`; that of `team` if the environment has the default features.
    pub features_at: Origin,
    /// The VPC of the ML Studio domain, if the feature is on.
    pub studio_vpc: Option<StudioVpc>,
    /// An existing topic that producers write to.
    pub producers_topic: Option<TopicArn>,
    /// The address blocks of VPCs, as far as the mesh states them.
    pub vpc_cidrs: BTreeMap<VpcId, AddressBlock>,
    /// The availability zones of the network that the stack creates.
    pub availability_zones: Vec<ZoneId>,
    /// The account's QuickSight subscription.
    pub quicksight: QuickSight,
    /// The teams: the environment's own team first, then the invited teams by name.
    pub teams: Vec<EnvironmentTeam>,
    /// The permissions boundary of every role.
    pub permissions_boundary: Option<PolicyArn>,
    /// The alarms that are watched while the environment's stacks change.
    pub alarms: Alarms,
    /// Whether the environment's buckets are retained when it is removed.
    pub retain_on_delete: bool,
}

impl Environment {
    /// The entry of a team in this environment, if it is the environment's own team or an invited one.
    pub fn team_named(&self, team: &TeamName) -> Option<&EnvironmentTeam> {
        self.teams.iter().find(|candidate| candidate.team == *team)
    }

    /// The team of a document that stands in this environment. Resolution refuses a document of any other team.
    fn member(&self, team: &TeamName) -> &EnvironmentTeam {
        self.team_named(team).expect("the team of a document is a team of its environment")
    }
}

/// The account's QuickSight subscription.
#[derive(Debug, Clone, PartialEq, Eq, Default, Hash)]
pub struct QuickSight {
    /// Whether the account is subscribed.
    pub is_subscribed: bool,
    /// The region of its users and groups, which was chosen at sign-up.
    pub identity_region: Option<Region>,
}

/// The features of an environment: whether each is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(clippy::struct_excessive_bools, reason = "seven independent switches of the manifest")]
pub struct Features {
    /// Datasets.
    pub datasets: bool,
    /// Notebook instances.
    pub notebooks: bool,
    /// ML Studio.
    pub ml_studio: bool,
    /// Pipelines.
    pub pipelines: bool,
    /// Dashboards.
    pub dashboards: bool,
    /// Worksheets and Athena.
    pub worksheets: bool,
    /// Notifications.
    pub subscriptions: bool,
}

/// The VPC of an ML Studio domain, by the first of three rules that applies.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum StudioVpc {
    /// The mesh names a VPC.
    Given(Vpc),
    /// The region's default VPC.
    Default(Vpc),
    /// There is no default VPC: the stack creates a VPC.
    Created,
}

/// A VPC and subnets in it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Vpc {
    /// The VPC.
    pub vpc_id: VpcId,
    /// The subnets.
    pub subnet_ids: Vec<SubnetId>,
}

/// A team in an environment.
#[derive(Debug, Clone, PartialEq, Hash)]
pub struct EnvironmentTeam {
    /// The team.
    pub team: TeamName,
    /// Its permissions.
    pub permissions: BTreeSet<EnvironmentPermission>,
    /// An existing role for the team, if the mesh names one.
    pub iam_role_arn: Option<RoleArn>,
    /// The position of the team's name.
    pub origin: Origin,
}

/// An existing VPC.
#[derive(Debug, Clone, Hash)]
pub struct Network {
    /// The fields that every document has.
    pub header: Header,
    /// The environment.
    pub environment: Link<Environment>,
    /// The team that registers it.
    pub team: TeamName,
    /// The VPC.
    pub vpc: Vpc,
}

/// An existing role that consumes data.
#[derive(Debug, Clone, Hash)]
pub struct ConsumptionRole {
    /// The fields that every document has.
    pub header: Header,
    /// The environment.
    pub environment: Link<Environment>,
    /// The team that registers it.
    pub team: TeamName,
    /// The role.
    pub role_arn: RoleArn,
    /// Whether Lakewright attaches its policy.
    pub managed: bool,
}

/// A group of datasets.
#[derive(Debug, Clone, PartialEq, Hash)]
pub struct Domain {
    /// The fields that every document has.
    pub header: Header,
    /// Teams with full access.
    pub owners: Vec<TeamName>,
    /// Teams with read-only access.
    pub readers: Vec<TeamName>,
    /// Teams with the same access to the datasets of the domain.
    pub dataset_level_access: Vec<TeamName>,
    /// Where the teams of `dataset_level_access` are named.
    pub dataset_level_access_at: Origin,
    /// The datasets governed in Lake Formation by others that dataset-level access covers: those that existed when it
    /// was given.
    pub lake_formation_datasets: Vec<Id>,
}

/// A governed dataset.
#[derive(Debug, Clone, Hash)]
pub struct Dataset {
    /// The fields that every document has.
    pub header: Header,
    /// The environment.
    pub environment: Link<Environment>,
    /// The team that owns it.
    pub team: TeamName,
    /// The teams that approve shares besides the owner, without duplicates. Those of the dataset's
    /// environment also read the data.
    pub stewards: Vec<TeamName>,
    /// The domain.
    pub domain: Option<Link<Domain>>,
    /// The confidentiality.
    pub confidentiality: Confidentiality,
    /// Whether shares need no approval.
    pub auto_approval: bool,
    /// Existing resources that the dataset consists of.
    pub import: Option<Import>,
    /// The crawler.
    pub crawler: Crawler,
    /// The schedule of the profiling job.
    pub profiling_schedule: Option<Schedule>,
    /// The tables by name.
    pub tables: BTreeMap<CatalogName, Table>,
    /// The folders by id.
    pub folders: BTreeMap<Id, Folder>,
    /// Whether the data is retained when the dataset is removed.
    pub retain_on_delete: bool,
}

/// A dataset's crawler.
#[derive(Debug, Clone, Default, PartialEq, Hash)]
pub struct Crawler {
    /// The schedule; `None` if somebody starts it.
    pub schedule: Option<Schedule>,
    /// The prefix of the names of tables that it finds.
    pub prefix: Option<CatalogName>,
    /// Whether it looks only at folders for which S3 reported changes.
    pub event_mode: bool,
}

/// Existing resources that a dataset consists of.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Import {
    /// The bucket.
    pub bucket: BucketName,
    /// The alias of the bucket's key; `None` for SSE-S3.
    pub kms_key_alias: Option<KeyAlias>,
    /// The Glue database.
    pub glue_database: Option<CatalogName>,
    /// The account whose catalog has the database; `None` for the environment's account.
    pub catalog_account: Option<AccountId>,
    /// Who registers the bucket with Lake Formation.
    pub location: Location,
    /// Whether IAM permissions continue to work on its tables.
    pub hybrid_access: HybridAccess,
    /// Who governs the access to its tables beside the mesh.
    pub governed_by: Option<GovernedBy>,
}

/// Who registers an imported bucket with Lake Formation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Location {
    /// The dataset's stack registers it.
    Here,
    /// Others have registered it.
    Elsewhere,
    /// Nobody registers it.
    Nowhere,
}

/// A table.
#[derive(Debug, Clone, PartialEq, Hash)]
pub struct Table {
    /// The path of its files in the bucket, without a slash at the end.
    pub location: String,
    /// The position of `location`; that of the table's name if it has no location.
    pub located: Origin,
    /// The format of its files.
    pub format: TableFormat,
    /// Its columns in order; empty if the crawler finds them.
    pub columns: Vec<Column>,
    /// Its partition keys in order.
    pub partitions: Vec<Column>,
    /// Its description, keywords and glossary terms.
    pub about: About,
    /// The position of the table.
    pub origin: Origin,
}

impl Table {
    /// All columns that queries see: those of the files, and the partition keys.
    pub fn all_columns(&self) -> impl Iterator<Item = &Column> {
        self.columns.iter().chain(&self.partitions)
    }
}

/// The catalog's information about a table, a column or a folder.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct About {
    /// The purpose; empty if there is no description.
    pub description: String,
    /// The catalog's keywords.
    pub keywords: Vec<String>,
    /// The catalog's glossary terms.
    pub glossary: Vec<String>,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Column {
    /// The name.
    pub name: CatalogName,
    /// The type.
    pub kind: String,
    /// Tags for access policies.
    pub tags: Vec<String>,
    /// Its description, keywords and glossary terms.
    pub about: About,
}

/// A folder.
#[derive(Debug, Clone, PartialEq, Hash)]
pub struct Folder {
    /// Its path in the bucket: the prefix of the keys of its objects.
    pub prefix: FolderPrefix,
    /// Its description, keywords and glossary terms.
    pub about: About,
    /// The position of its prefix.
    pub origin: Origin,
}

/// A notebook instance.
#[derive(Debug, Clone, Hash)]
pub struct Notebook {
    /// The fields that every document has.
    pub header: Header,
    /// The environment.
    pub environment: Link<Environment>,
    /// The team.
    pub team: TeamName,
    /// The VPC and the subnet; `None` if the notebook has no VPC.
    pub vpc: Option<(VpcId, SubnetId)>,
    /// The instance type.
    pub instance_type: InstanceType,
    /// The volume in GiB.
    pub volume_size: u16,
    /// Whether it reaches the internet directly.
    pub internet_access: bool,
    /// Whether its users have root access.
    pub root_access: bool,
}

/// An ML Studio user profile.
#[derive(Debug, Clone, Hash)]
pub struct StudioProfile {
    /// The fields that every document has.
    pub header: Header,
    /// The environment.
    pub environment: Link<Environment>,
    /// The team.
    pub team: TeamName,
}

/// A data pipeline.
#[derive(Debug, Clone, Hash)]
pub struct Pipeline {
    /// The fields that every document has.
    pub header: Header,
    /// The environment in which CI/CD runs.
    pub environment: Link<Environment>,
    /// The team.
    pub team: TeamName,
    /// How it deploys.
    pub strategy: Strategy,
    /// The stages in the order of deployment.
    pub stages: Vec<Stage>,
    /// An existing repository; `None` if the stack creates one.
    pub source: Option<PipelineSource>,
    /// Whether repository and artifacts are retained when the pipeline is removed.
    pub retain_on_delete: bool,
}

/// An existing repository, reached through a connection.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PipelineSource {
    /// The repository's name at its host, such as `owner/name`.
    pub repository: RepositoryName,
    /// The ARN of the connection to the host.
    pub connection_arn: ConnectionArn,
    /// The branch that `trunk` and `cdk_trunk` follow.
    pub branch: BranchName,
}

/// A stage of a pipeline.
#[derive(Debug, Clone, Hash)]
pub struct Stage {
    /// The stage's name.
    pub stage: Id,
    /// The environment.
    pub environment: Link<Environment>,
    /// The team in that environment.
    pub team: TeamName,
    /// The position of the team's name.
    pub origin: Origin,
}

impl Stage {
    /// The stage's name.
    pub fn id(&self) -> &str {
        self.stage.as_str()
    }
}

/// An imported dashboard.
#[derive(Debug, Clone, Hash)]
pub struct Dashboard {
    /// The fields that every document has.
    pub header: Header,
    /// The environment.
    pub environment: Link<Environment>,
    /// The team.
    pub team: TeamName,
    /// QuickSight's id of the dashboard.
    pub dashboard_id: String,
    /// The teams that may see it.
    pub shared_with: Vec<TeamName>,
}

macro_rules! of_member {
    ($($document:ident)*) => {
        $(impl $document {
            /// The team as its environment invites it.
            pub fn member(&self) -> &EnvironmentTeam {
                self.environment.member(&self.team)
            }
        })*
    };
}

of_member!(Dataset Notebook Pipeline Share Stage StudioProfile);
