//! `Organization`, `Environment`, and the documents that belong to an environment's account and region.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{FormsDocument, document};
use crate::field::Field;
use crate::name::{
    AccountNumber, AddressBlock, AlarmArn, Id, PolicyArn, RegionName, ResourcePrefix, RoleArn,
    SubnetId, TeamName, TopicArn, VpcId, ZoneId,
};

document! {
    /// A group of environments.
    OrganizationDocument {
        /// The team that owns it.
        team: Field<TeamName>,
        /// Other teams that may link environments to it.
        #[serde(default)]
        admins: Field<Vec<Field<TeamName>>>,
        /// Whether the organization is archived. An archived organization has no environments.
        #[serde(default)]
        archived: Field<bool>,
    }
}

document! {
    /// An AWS account and region of the mesh.
    EnvironmentDocument {
        /// The organization that it belongs to.
        organization: Field<Id>,
        /// The team that links the environment to the organization. Default: the organization's team.
        #[serde(default)]
        linked_by: Field<TeamName>,
        /// The account.
        account: Field<AccountNumber>,
        /// The region.
        region: Field<RegionName>,
        /// The team that owns it, with all permissions in it.
        team: Field<TeamName>,
        /// The prefix of physical names. Default: the tenant's prefix.
        #[serde(default)]
        resource_prefix: Field<ResourcePrefix>,
        /// An existing role for the environment's team, which is used unchanged.
        #[serde(default)]
        iam_role_arn: Field<RoleArn>,
        /// The features that can be used in this environment.
        #[serde(default)]
        features: Field<FeaturesDocument>,
        /// The VPC of the ML Studio domain.
        #[serde(default)]
        ml_studio: Field<VpcDocument>,
        /// Notifications of producers and consumers.
        #[serde(default)]
        subscriptions: Field<SubscriptionsDocument>,
        /// The invited teams, besides the environment's own team.
        #[serde(default)]
        teams: Field<Vec<Field<EnvironmentTeamDocument>>>,
        /// The permissions boundary of every role in this environment.
        #[serde(default)]
        permissions_boundary: Field<PolicyArn>,
        /// Facts that only the AWS account knows; `lakewright context` fetches them.
        #[serde(default)]
        context: Field<ContextDocument>,
        /// The alarms that are watched while the environment's stacks change.
        #[serde(default)]
        deployment: Field<EnvironmentDeploymentDocument>,
        /// Whether the environment's buckets are retained when the environment is removed. Default: true.
        #[serde(default)]
        retain_on_delete: Field<bool>,
    }
}

/// The alarms that are watched while an environment's stacks change.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
pub struct EnvironmentDeploymentDocument {
    /// Alarms of CloudWatch, at most 5: CloudFormation rolls a change of a stack back if one of them goes into `ALARM`. An
    /// empty list takes away those that the stacks have.
    #[serde(default)]
    pub rollback_alarms: Field<Vec<Field<AlarmArn>>>,
    /// How long CloudFormation watches these alarms after a stack has changed, 0 to 180 minutes. Default: 0.
    #[serde(default)]
    pub monitoring_minutes: Field<u32>,
    /// Further alarms that have to be `OK` after a canary, before `lakewright refresh` goes on.
    #[serde(default)]
    pub wave_alarms: Field<Vec<Field<AlarmArn>>>,
}

/// The features that can be used in an environment.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
pub struct FeaturesDocument {
    /// Datasets. Default: true.
    #[serde(default)]
    pub datasets: Field<bool>,
    /// Notebook instances. Default: false.
    #[serde(default)]
    pub notebooks: Field<bool>,
    /// ML Studio. Default: false.
    #[serde(default)]
    pub ml_studio: Field<bool>,
    /// Pipelines. Default: false.
    #[serde(default)]
    pub pipelines: Field<bool>,
    /// Dashboards. Default: false.
    #[serde(default)]
    pub dashboards: Field<bool>,
    /// Worksheets and Athena. Default: true.
    #[serde(default)]
    pub worksheets: Field<bool>,
    /// Notifications of producers and consumers. Default: false.
    #[serde(default)]
    pub subscriptions: Field<bool>,
}

/// A VPC and subnets in it.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
pub struct VpcDocument {
    /// The VPC.
    pub vpc_id: Field<VpcId>,
    /// The subnets.
    pub subnet_ids: Field<Vec<Field<SubnetId>>>,
}

/// Notifications of producers and consumers.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
pub struct SubscriptionsDocument {
    /// An additional, existing topic that producers publish to. Each team also has a topic of its own.
    #[serde(default)]
    pub producers_topic: Field<TopicArn>,
}

/// A team that is invited to an environment.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
pub struct EnvironmentTeamDocument {
    /// The team.
    pub team: Field<TeamName>,
    /// The team's permissions in this environment. Default: none.
    #[serde(default)]
    pub permissions: Field<Vec<Field<EnvironmentPermission>>>,
    /// An existing role for the team, which is used unchanged.
    #[serde(default)]
    pub iam_role_arn: Field<RoleArn>,
    /// The values of metadata forms, by form and by field.
    #[serde(default)]
    pub forms: Field<FormsDocument>,
}

/// A permission of a team in an environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it; `docs/mesh.md` lists what each is needed for")]
pub enum EnvironmentPermission {
    AddConsumptionRoles,
    CreateDashboard,
    CreateDataset,
    CreateNetwork,
    CreateNotebook,
    CreatePipeline,
    CreateShare,
    CreateStudioProfile,
    InviteTeams,
    RunAthenaQuery,
}

impl EnvironmentPermission {
    /// Every permission. The environment's own team has all of them.
    pub const ALL: [Self; 10] = [
        Self::AddConsumptionRoles,
        Self::CreateDashboard,
        Self::CreateDataset,
        Self::CreateNetwork,
        Self::CreateNotebook,
        Self::CreatePipeline,
        Self::CreateShare,
        Self::CreateStudioProfile,
        Self::InviteTeams,
        Self::RunAthenaQuery,
    ];

    /// The name in a document.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AddConsumptionRoles => "add_consumption_roles",
            Self::CreateDashboard => "create_dashboard",
            Self::CreateDataset => "create_dataset",
            Self::CreateNetwork => "create_network",
            Self::CreateNotebook => "create_notebook",
            Self::CreatePipeline => "create_pipeline",
            Self::CreateShare => "create_share",
            Self::CreateStudioProfile => "create_studio_profile",
            Self::InviteTeams => "invite_teams",
            Self::RunAthenaQuery => "run_athena_query",
        }
    }
}

/// Facts that only the AWS account knows.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
pub struct ContextDocument {
    /// The region's default VPC.
    #[serde(default)]
    pub default_vpc: Field<DefaultVpcDocument>,
    /// The address blocks of the VPCs that the environment uses.
    #[serde(default)]
    pub vpcs: Field<Vec<Field<ContextVpcDocument>>>,
    /// The ids of two availability zones, for the network that is created if the region has no default VPC.
    #[serde(default)]
    pub availability_zones: Field<Vec<Field<ZoneId>>>,
    /// The account's QuickSight subscription.
    #[serde(default)]
    pub quicksight: Field<QuickSightDocument>,
}

/// The account's QuickSight subscription.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
pub struct QuickSightDocument {
    /// Whether the account is subscribed. If it is not, its stacks have no data sources and no groups.
    pub subscribed: Field<bool>,
    /// The region of users and groups, which was chosen at sign-up. No API returns it.
    #[serde(default)]
    pub identity_region: Field<RegionName>,
}

/// The address block of a VPC.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
pub struct ContextVpcDocument {
    /// The VPC.
    pub vpc_id: Field<VpcId>,
    /// Its address block.
    pub cidr: Field<AddressBlock>,
}

/// The default VPC of a region, or the fact that the region has none.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
pub struct DefaultVpcDocument {
    /// Whether the region has a default VPC. Default: true.
    #[serde(default)]
    pub exists: Field<bool>,
    /// The VPC.
    #[serde(default)]
    pub vpc_id: Field<VpcId>,
    /// Its subnets.
    #[serde(default)]
    pub subnet_ids: Field<Vec<Field<SubnetId>>>,
}

document! {
    /// An existing VPC that an environment's teams may use.
    NetworkDocument {
        /// The environment.
        environment: Field<Id>,
        /// The team that registers it.
        team: Field<TeamName>,
        /// The VPC.
        vpc_id: Field<VpcId>,
        /// Its subnets.
        subnet_ids: Field<Vec<Field<SubnetId>>>,
    }
}

document! {
    /// An existing role, which is not a team's role, that can receive shares.
    ConsumptionRoleDocument {
        /// The environment.
        environment: Field<Id>,
        /// The team that registers it.
        team: Field<TeamName>,
        /// The role.
        role_arn: Field<RoleArn>,
        /// Whether Lakewright attaches the policy that the role needs. Default: true.
        #[serde(default)]
        managed: Field<bool>,
    }
}
