//! The validated mesh: every reference resolved, every default filled in.
//!
//! Only [`resolve`](crate::resolve::resolve) makes one, so whoever holds a
//! [`Mesh`] need not check it again.

mod people;
mod share;
mod worksheet;

use std::collections::{BTreeMap, BTreeSet};

use lakewright_template::{AccountId, Region};

use crate::diagnostic::Origin;
pub use crate::document::{
    Confidentiality, Effect, EnvironmentPermission, HybridAccess, InstanceType, ItemStatus,
    Maintenance, Mask, PivotMode, PolicyState, SharePermission, ShareStatus, Strategy, TableFormat,
    TenantPermission,
};
pub use crate::name::WorksheetDatabase;
pub use people::{Access, SamlTeam};
pub use share::{Share, ShareItem, SharedTable};
pub use worksheet::Worksheet;

use crate::name::{
    AddressBlock, BranchName, BucketName, CatalogName, ConnectionArn, CountryCode, FolderPrefix,
    Id, KeyAlias, MailAddress, OrganizationId, PolicyArn, RepositoryName, ResourcePrefix, RoleArn,
    Schedule, SubnetId, TeamName, TopicArn, VpcId, ZoneId,
};

/// A governed data mesh.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "one map for each kind of document, named after it")]
pub struct Mesh {
    pub tenant: Tenant,
    pub organizations: BTreeMap<Id, Organization>,
    pub environments: BTreeMap<Id, Environment>,
    pub networks: BTreeMap<Id, Network>,
    pub consumption_roles: BTreeMap<Id, ConsumptionRole>,
    pub domains: BTreeMap<Id, Domain>,
    pub datasets: BTreeMap<Id, Dataset>,
    pub shares: BTreeMap<Id, Share>,
    pub worksheets: BTreeMap<Id, Worksheet>,
    pub notebooks: BTreeMap<Id, Notebook>,
    pub studio_profiles: BTreeMap<Id, StudioProfile>,
    pub pipelines: BTreeMap<Id, Pipeline>,
    pub dashboards: BTreeMap<Id, Dashboard>,
    pub access_policies: BTreeMap<Id, AccessPolicy>,
}

/// What every document has.
#[derive(Debug, Clone, PartialEq)]
pub struct Header {
    /// The id.
    pub id: Id,
    /// The name that people read; the id where none is given.
    pub label: String,
    /// What it is for; empty where nothing is said.
    pub description: String,
    /// AWS tags that the document itself asks for.
    pub tags: BTreeMap<String, String>,
    /// The catalog's topics.
    pub topics: Vec<String>,
    /// The catalog's keywords.
    pub keywords: Vec<String>,
    /// The catalog's glossary terms.
    pub glossary: Vec<String>,
    /// Where the document stands.
    pub origin: Origin,
}

/// What holds for the whole mesh.
#[derive(Debug, Clone, PartialEq)]
pub struct Tenant {
    /// What every document has.
    pub header: Header,
    /// The team that may do everything.
    pub admin_team: TeamName,
    /// The account that the platform runs in.
    pub central_account: AccountId,
    /// Where that stands.
    pub central_account_at: Origin,
    /// The region that the platform runs in.
    pub home_region: Region,
    /// The organization of AWS that every account of the mesh is in, where the mesh names one.
    pub organization_id: Option<OrganizationId>,
    /// How physical names begin.
    pub resource_prefix: ResourcePrefix,
    /// The role that the platform assumes.
    pub pivot_role: PivotRole,
    /// The roles that may assume the deploy roles.
    pub deployers: Vec<RoleArn>,
    /// How people come to the roles of teams, besides through the pivot role.
    pub access: Option<Access>,
    /// Where that stands.
    pub access_at: Origin,
    /// What teams may do; a team without an entry may do everything.
    pub permissions: BTreeMap<TeamName, BTreeSet<TenantPermission>>,
    /// Whether the platform is in maintenance.
    pub maintenance: Maintenance,
    /// The boundary of every role.
    pub permissions_boundary: Option<PolicyArn>,
    /// Raised quotas.
    pub quotas: Quotas,
    /// Countries and address blocks that reach the web pages; empty for everybody.
    pub allowed_geo: Vec<CountryCode>,
    /// Address blocks that reach the web pages; empty for everybody.
    pub allowed_ip: Vec<AddressBlock>,
    /// Who is told of alarms.
    pub alarm_emails: Vec<MailAddress>,
}

/// The role that the platform assumes in each environment.
#[derive(Debug, Clone, PartialEq)]
pub struct PivotRole {
    /// Who makes it.
    pub mode: PivotMode,
    /// The name that the mesh gives it.
    pub name: Option<String>,
    /// The external id.
    pub external_id: String,
    /// Where that stands.
    pub external_id_at: Origin,
    /// The roles that may assume it.
    pub trusted_roles: Vec<RoleArn>,
}

/// Quotas of the accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quotas {
    /// Managed policies of one role.
    pub managed_policies_per_role: usize,
    /// Characters of a role's trust policy.
    pub trust_policy_characters: usize,
    /// Characters of an event bus's policy.
    pub event_bus_policy_characters: usize,
    /// Roles of an account.
    pub roles_per_account: usize,
    /// Managed policies that an account makes.
    pub managed_policies_per_account: usize,
    /// Stacks of an account in one region.
    pub stacks_per_region: usize,
    /// Buckets of an account.
    pub buckets_per_account: usize,
}

/// A group of environments.
#[derive(Debug, Clone, PartialEq)]
pub struct Organization {
    /// What every document has.
    pub header: Header,
    /// The team that owns it.
    pub team: TeamName,
    /// Other teams that may link environments.
    pub admins: Vec<TeamName>,
    /// Whether it is out of use.
    pub archived: bool,
}

/// An AWS account and region.
#[derive(Debug, Clone, PartialEq)]
pub struct Environment {
    /// What every document has.
    pub header: Header,
    /// The organization.
    pub organization: Id,
    /// The account.
    pub account: AccountId,
    /// Where that stands.
    pub account_at: Origin,
    /// The region.
    pub region: Region,
    /// The team that owns it.
    pub team: TeamName,
    /// How physical names begin.
    pub resource_prefix: ResourcePrefix,
    /// What can be used.
    pub features: Features,
    /// Where that stands: the team, when the environment has what is on by default.
    pub features_at: Origin,
    /// The VPC of the ML Studio domain, when the feature is on.
    pub studio_vpc: Option<StudioVpc>,
    /// An existing topic that producers write to.
    pub producers_topic: Option<TopicArn>,
    /// The address blocks of VPCs, as far as they are known.
    pub vpc_cidrs: BTreeMap<VpcId, AddressBlock>,
    /// The availability zones of the network that is made.
    pub availability_zones: Vec<ZoneId>,
    /// The account's QuickSight subscription.
    pub quicksight: QuickSight,
    /// The teams: its own first, then the invited ones by name.
    pub teams: Vec<EnvironmentTeam>,
    /// The boundary of every role.
    pub permissions_boundary: Option<PolicyArn>,
    /// Whether its buckets stay when it is removed.
    pub retain_on_delete: bool,
}

impl Environment {
    /// The team's place in this environment, when it is its own or an invited team.
    pub fn team_named(&self, team: &TeamName) -> Option<&EnvironmentTeam> {
        self.teams.iter().find(|candidate| candidate.team == *team)
    }
}

/// The account's QuickSight subscription.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct QuickSight {
    /// Whether there is one.
    pub is_subscribed: bool,
    /// The region of its users and groups.
    pub identity_region: Option<Region>,
}

/// What can be used in an environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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

/// Where an ML Studio domain lies: the three steps of the rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StudioVpc {
    /// The mesh names a VPC.
    Given(Vpc),
    /// The region's default VPC.
    Default(Vpc),
    /// There is no default VPC: the stack makes one.
    Created,
}

/// A VPC and subnets in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vpc {
    /// The VPC.
    pub vpc_id: VpcId,
    /// The subnets.
    pub subnet_ids: Vec<SubnetId>,
}

/// A team in an environment.
#[derive(Debug, Clone, PartialEq)]
pub struct EnvironmentTeam {
    /// The team.
    pub team: TeamName,
    /// What it may do.
    pub permissions: BTreeSet<EnvironmentPermission>,
    /// An existing role.
    pub iam_role_arn: Option<RoleArn>,
    /// Where the team is named.
    pub origin: Origin,
}

/// An existing VPC.
#[derive(Debug, Clone, PartialEq)]
pub struct Network {
    /// What every document has.
    pub header: Header,
    /// The environment.
    pub environment: Id,
    /// The team.
    pub team: TeamName,
    /// The VPC.
    pub vpc: Vpc,
}

/// An existing role that consumes data.
#[derive(Debug, Clone, PartialEq)]
pub struct ConsumptionRole {
    /// What every document has.
    pub header: Header,
    /// The environment.
    pub environment: Id,
    /// The team.
    pub team: TeamName,
    /// The role.
    pub role_arn: RoleArn,
    /// Whether this tool attaches its policy.
    pub managed: bool,
}

/// A group of datasets.
#[derive(Debug, Clone, PartialEq)]
pub struct Domain {
    /// What every document has.
    pub header: Header,
    /// Teams with full access.
    pub owners: Vec<TeamName>,
    /// Teams with read-only access.
    pub readers: Vec<TeamName>,
    /// Teams that reach every dataset.
    pub dataset_level_access: Vec<TeamName>,
}

/// A governed dataset.
#[derive(Debug, Clone, PartialEq)]
pub struct Dataset {
    /// What every document has.
    pub header: Header,
    /// The environment.
    pub environment: Id,
    /// The team that owns it.
    pub team: TeamName,
    /// The teams that approve shares besides the owner, each once; those of the environment read the data as well.
    pub stewards: Vec<TeamName>,
    /// The domain.
    pub domain: Option<Id>,
    /// How confidential it is.
    pub confidentiality: Confidentiality,
    /// Whether shares are approved without asking.
    pub auto_approval: bool,
    /// Existing things that it consists of.
    pub import: Option<Import>,
    /// The crawler.
    pub crawler: Crawler,
    /// When the profiling job runs.
    pub profiling_schedule: Option<Schedule>,
    /// The tables by name.
    pub tables: BTreeMap<CatalogName, Table>,
    /// The folders by id.
    pub folders: BTreeMap<Id, Folder>,
    /// Whether its data stays when it is removed.
    pub retain_on_delete: bool,
}

/// A dataset's crawler.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Crawler {
    /// When it runs.
    pub schedule: Option<Schedule>,
    /// How the names of tables that it finds begin.
    pub prefix: Option<CatalogName>,
    /// Whether it looks only at what S3 has told of.
    pub event_mode: bool,
}

/// Existing things that a dataset consists of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// The bucket.
    pub bucket: BucketName,
    /// The alias of the bucket's key; `None` for SSE-S3.
    pub kms_key_alias: Option<KeyAlias>,
    /// The Glue database.
    pub glue_database: Option<CatalogName>,
    /// The account of the catalog.
    pub catalog_account: Option<AccountId>,
    /// With whose help the bucket is registered with Lake Formation.
    pub location: Location,
    /// What is left to IAM permissions.
    pub hybrid_access: HybridAccess,
}

/// With whose help an imported bucket is registered with Lake Formation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Location {
    /// The dataset's stack registers it.
    Here,
    /// Others have registered it.
    Elsewhere,
    /// Nobody registers it.
    Nowhere,
}

/// A table.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// Where its files lie, without a slash at the end.
    pub location: String,
    /// Where that stands: the table's name, when nothing else says it.
    pub located: Origin,
    /// The format of its files.
    pub format: TableFormat,
    /// Its columns in order; empty when the crawler finds them.
    pub columns: Vec<Column>,
    /// Its partition keys in order.
    pub partitions: Vec<Column>,
    /// What the catalog says of it.
    pub about: About,
    /// Where it is declared.
    pub origin: Origin,
}

impl Table {
    /// Everything that queries know as a column: those of the files, and the partition keys.
    pub fn all_columns(&self) -> impl Iterator<Item = &Column> {
        self.columns.iter().chain(&self.partitions)
    }
}

/// What the catalog says of a table, a column or a folder.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct About {
    /// What it is for; empty where nothing is said.
    pub description: String,
    /// The catalog's keywords.
    pub keywords: Vec<String>,
    /// The catalog's glossary terms.
    pub glossary: Vec<String>,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// The name.
    pub name: CatalogName,
    /// The type.
    pub kind: String,
    /// Tags for access policies.
    pub tags: Vec<String>,
    /// What the catalog says of it.
    pub about: About,
}

/// A folder.
#[derive(Debug, Clone, PartialEq)]
pub struct Folder {
    /// Where it lies: what begins with it lies in the folder.
    pub prefix: FolderPrefix,
    /// What the catalog says of it.
    pub about: About,
    /// Where its prefix stands.
    pub origin: Origin,
}

/// A notebook instance.
#[derive(Debug, Clone, PartialEq)]
pub struct Notebook {
    /// What every document has.
    pub header: Header,
    /// The environment.
    pub environment: Id,
    /// The team.
    pub team: TeamName,
    /// The VPC and the subnet; `None` without a VPC.
    pub vpc: Option<(VpcId, SubnetId)>,
    /// The instance type.
    pub instance_type: InstanceType,
    /// The volume in GiB.
    pub volume_size: u16,
    /// Whether it reaches the internet by itself.
    pub internet_access: bool,
    /// Whether its users are root on it.
    pub root_access: bool,
}

/// An ML Studio user profile.
#[derive(Debug, Clone, PartialEq)]
pub struct StudioProfile {
    /// What every document has.
    pub header: Header,
    /// The environment.
    pub environment: Id,
    /// The team.
    pub team: TeamName,
}

/// A data pipeline.
#[derive(Debug, Clone, PartialEq)]
pub struct Pipeline {
    /// What every document has.
    pub header: Header,
    /// The environment in which CI/CD runs.
    pub environment: Id,
    /// The team.
    pub team: TeamName,
    /// How it deploys.
    pub strategy: Strategy,
    /// Where it deploys, in order.
    pub stages: Vec<Stage>,
    /// An existing repository; `None` for one that is made.
    pub source: Option<PipelineSource>,
    /// Whether repository and artifacts stay when it is removed.
    pub retain_on_delete: bool,
}

/// An existing repository, reached through a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PipelineSource {
    /// The repository at its host.
    pub repository: RepositoryName,
    /// The connection.
    pub connection_arn: ConnectionArn,
    /// The branch that `trunk` and `cdk_trunk` follow.
    pub branch: BranchName,
}

/// A stage of a pipeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stage {
    /// The stage's name.
    pub stage: Id,
    /// The environment.
    pub environment: Id,
    /// The team there.
    pub team: TeamName,
    /// Where the team stands.
    pub origin: Origin,
}

impl Stage {
    /// The stage's name.
    pub fn id(&self) -> &str {
        self.stage.as_str()
    }
}

/// An imported dashboard.
#[derive(Debug, Clone, PartialEq)]
pub struct Dashboard {
    /// What every document has.
    pub header: Header,
    /// The environment.
    pub environment: Id,
    /// The team.
    pub team: TeamName,
    /// QuickSight's id.
    pub dashboard_id: String,
    /// The teams that may see it.
    pub shared_with: Vec<TeamName>,
}

/// A rule of access governance.
#[derive(Debug, Clone, PartialEq)]
pub struct AccessPolicy {
    /// What every document has.
    pub header: Header,
    /// Whether it applies.
    pub state: PolicyState,
    /// What it does.
    pub effect: Effect,
    /// Who.
    pub actors: Actors,
    /// What.
    pub privileges: Vec<String>,
    /// To what.
    pub resources: PolicyResources,
    /// How values are shown.
    pub mask: Option<Mask>,
}

/// Who a policy is about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Actors {
    /// Teams.
    pub teams: Vec<TeamName>,
    /// Users.
    pub users: Vec<String>,
    /// Everybody.
    pub all_users: bool,
    /// The owners of the resource.
    pub owners: bool,
}

/// What a policy is about; an empty list means all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PolicyResources {
    /// Types of resources.
    pub types: Vec<String>,
    /// Single resources.
    pub ids: Vec<String>,
    /// Domains.
    pub domains: Vec<Id>,
    /// Tags.
    pub tags: Vec<String>,
    /// Environments.
    pub environments: Vec<Id>,
}
