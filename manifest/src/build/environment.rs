//! Organizations, environments, and the documents that belong to an environment's account and region.

use lakewright_template::{AccountId, Region};

use super::{IdOf, builder, list, region_field};
use crate::document::{
    ConsumptionRoleDocument, ContextVpcDocument, EnvironmentDocument, EnvironmentPermission,
    EnvironmentTeamDocument, NetworkDocument, OrganizationDocument, VpcDocument,
};
use crate::field::Field;
use crate::name::{
    AddressBlock, AlarmArn, Id, PolicyArn, ResourcePrefix, RoleArn, SubnetId, TeamName, TopicArn,
    VpcId, ZoneId,
};

builder! {
    /// A group of environments.
    Organization of OrganizationDocument
}

impl Organization {
    /// With the team that owns it.
    pub fn new(id: Id, team: TeamName) -> Self {
        let document = OrganizationDocument {
            id: Field::of(id.clone()),
            team: Field::of(team),
            ..OrganizationDocument::default()
        };
        Self { id, document, wrong: Vec::new() }
    }

    /// Adds another team that may link environments to it.
    #[must_use]
    pub fn admin(mut self, team: TeamName) -> Self {
        self.document.admins.push(team);
        self
    }

    /// Sets whether it is archived. An archived organization has no environments.
    #[must_use]
    pub fn archived(mut self, is_archived: bool) -> Self {
        self.document.archived = Field::of(is_archived);
        self
    }
}

builder! {
    /// An AWS account and region of the mesh.
    Environment of EnvironmentDocument
}

/// A feature of an environment that needs no other fact. For dashboards there is [`Environment::dashboards`], for ML
/// Studio [`Environment::ml_studio`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Feature {
    /// Datasets. Default: on.
    Datasets,
    /// Notebook instances. Default: off.
    Notebooks,
    /// Pipelines. Default: off.
    Pipelines,
    /// Notifications of producers and consumers. Default: off.
    Subscriptions,
    /// Worksheets and Athena. Default: on.
    Worksheets,
}

/// The VPC of an environment's ML Studio domain.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum StudioVpc {
    /// This VPC.
    Given(Vpc),
    /// The region's default VPC, which is this one.
    Default(Vpc),
    /// The region has no default VPC: the environment's stack creates one in these two availability zones.
    Created([ZoneId; 2]),
}

/// A VPC with at least one subnet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vpc {
    vpc_id: VpcId,
    subnet_ids: Vec<SubnetId>,
}

impl Vpc {
    /// With its first subnet.
    pub fn new(vpc_id: VpcId, subnet_id: SubnetId) -> Self {
        Self { vpc_id, subnet_ids: vec![subnet_id] }
    }

    /// Adds another subnet.
    #[must_use]
    pub fn subnet(mut self, subnet_id: SubnetId) -> Self {
        self.subnet_ids.push(subnet_id);
        self
    }
}

/// The account's QuickSight subscription.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum QuickSight {
    /// The account is subscribed, with its users and groups in this region.
    Subscribed(Region),
    /// The account is not subscribed: its stacks have no data sources and no groups.
    NotSubscribed,
}

impl Environment {
    /// With its organization, its account and region, and the team that owns it.
    pub fn new(
        id: Id,
        organization: &impl IdOf<Organization>,
        account: AccountId,
        region: Region,
        team: TeamName,
    ) -> Self {
        let mut wrong = Vec::new();
        let document = EnvironmentDocument {
            id: Field::of(id.clone()),
            organization: Field::of(organization.id_of().clone()),
            account: Field::of(account.into()),
            region: region_field(region, &mut wrong),
            team: Field::of(team),
            ..EnvironmentDocument::default()
        };
        Self { id, document, wrong }
    }

    /// Sets the team that links the environment to the organization. Default: the organization's team.
    #[must_use]
    pub fn linked_by(mut self, team: TeamName) -> Self {
        self.document.linked_by = Field::of(team);
        self
    }

    /// Sets the prefix of physical names. Default: the tenant's prefix.
    #[must_use]
    pub fn resource_prefix(mut self, prefix: ResourcePrefix) -> Self {
        self.document.resource_prefix = Field::of(prefix);
        self
    }

    /// Sets an existing role for the environment's team, which is used unchanged.
    #[must_use]
    pub fn team_role(mut self, role: RoleArn) -> Self {
        self.document.iam_role_arn = Field::of(role);
        self
    }

    /// Invites a team.
    #[must_use]
    pub fn team(mut self, team: InvitedTeam) -> Self {
        self.document.teams.push(team.0);
        self
    }

    /// Switches a feature on.
    #[must_use]
    pub fn on(self, feature: Feature) -> Self {
        self.switch(feature, true)
    }

    /// Switches a feature off.
    #[must_use]
    pub fn off(self, feature: Feature) -> Self {
        self.switch(feature, false)
    }

    fn switch(mut self, feature: Feature, is_on: bool) -> Self {
        self.document.features.change(|features| {
            let field = match feature {
                Feature::Datasets => &mut features.datasets,
                Feature::Notebooks => &mut features.notebooks,
                Feature::Pipelines => &mut features.pipelines,
                Feature::Subscriptions => &mut features.subscriptions,
                Feature::Worksheets => &mut features.worksheets,
            };
            *field = Field::of(is_on);
        });
        self
    }

    /// Switches ML Studio on, with the VPC of its domain.
    #[must_use]
    pub fn ml_studio(mut self, vpc: StudioVpc) -> Self {
        let Self { document, .. } = &mut self;
        document.features.change(|features| features.ml_studio = Field::of(true));
        match vpc {
            StudioVpc::Given(Vpc { vpc_id, subnet_ids }) => {
                let (vpc_id, subnet_ids) = (Field::of(vpc_id), list(subnet_ids));
                document.ml_studio = Field::of(VpcDocument { vpc_id, subnet_ids });
            }
            StudioVpc::Default(Vpc { vpc_id, subnet_ids }) => document.context.change(|context| {
                context.default_vpc.change(|vpc| {
                    vpc.vpc_id = Field::of(vpc_id);
                    vpc.subnet_ids = list(subnet_ids);
                });
            }),
            StudioVpc::Created(zones) => document.context.change(|context| {
                context.default_vpc.change(|vpc| vpc.exists = Field::of(false));
                context.availability_zones = list(zones);
            }),
        }
        self
    }

    /// Switches dashboards on, with the account's QuickSight subscription.
    #[must_use]
    pub fn dashboards(mut self, quicksight: QuickSight) -> Self {
        let Self { document, wrong, .. } = &mut self;
        document.features.change(|features| features.dashboards = Field::of(true));
        document.context.change(|context| {
            context.quicksight.change(|account| match quicksight {
                QuickSight::Subscribed(region) => {
                    account.subscribed = Field::of(true);
                    account.identity_region = region_field(region, wrong);
                }
                QuickSight::NotSubscribed => account.subscribed = Field::of(false),
            });
        });
        self
    }

    /// Switches notifications on, and sets an existing topic that producers publish to as well.
    #[must_use]
    pub fn producers_topic(self, topic: TopicArn) -> Self {
        let mut environment = self.on(Feature::Subscriptions);
        let subscriptions = &mut environment.document.subscriptions;
        subscriptions.change(|subscriptions| subscriptions.producers_topic = Field::of(topic));
        environment
    }

    /// Sets the permissions boundary of every role in this environment.
    #[must_use]
    pub fn permissions_boundary(mut self, policy: PolicyArn) -> Self {
        self.document.permissions_boundary = Field::of(policy);
        self
    }

    /// States the address block of a VPC that the environment uses.
    #[must_use]
    pub fn vpc_cidr(mut self, vpc_id: VpcId, cidr: AddressBlock) -> Self {
        let vpc = ContextVpcDocument { vpc_id: Field::of(vpc_id), cidr: Field::of(cidr) };
        self.document.context.change(|context| context.vpcs.push(vpc));
        self
    }

    /// Adds an alarm for which CloudFormation rolls back a change of the environment's stacks. There are 5 at most.
    #[must_use]
    pub fn rollback_alarm(mut self, alarm: AlarmArn) -> Self {
        self.document.deployment.change(|deployment| deployment.rollback_alarms.push(alarm));
        self
    }

    /// Sets how many minutes CloudFormation watches the alarms after a change: 180 at most. Default: 0.
    #[must_use]
    pub fn monitoring_minutes(mut self, minutes: u32) -> Self {
        self.document
            .deployment
            .change(|deployment| deployment.monitoring_minutes = Field::of(minutes));
        self
    }

    /// Adds an alarm that has to be `OK` after a canary, before a refresh goes on.
    #[must_use]
    pub fn wave_alarm(mut self, alarm: AlarmArn) -> Self {
        self.document.deployment.change(|deployment| deployment.wave_alarms.push(alarm));
        self
    }

    /// Sets whether the environment's buckets are retained when the environment is removed. Default: true.
    #[must_use]
    pub fn retain_on_delete(mut self, retain: bool) -> Self {
        self.document.retain_on_delete = Field::of(retain);
        self
    }
}

/// A team that is invited to an environment.
#[derive(Debug, Clone)]
pub struct InvitedTeam(EnvironmentTeamDocument);

super::metadata_form::fills_forms!(InvitedTeam, 0);

impl InvitedTeam {
    /// Without any permission.
    pub fn new(team: TeamName) -> Self {
        let team = Field::of(team);
        Self(EnvironmentTeamDocument { team, ..EnvironmentTeamDocument::default() })
    }

    /// Adds a permission in the environment.
    #[must_use]
    pub fn may(mut self, permission: EnvironmentPermission) -> Self {
        self.0.permissions.push(permission);
        self
    }

    /// Sets an existing role for the team, which is used unchanged.
    #[must_use]
    pub fn role(mut self, role: RoleArn) -> Self {
        self.0.iam_role_arn = Field::of(role);
        self
    }
}

builder! {
    /// An existing VPC that an environment's teams may use.
    Network of NetworkDocument
}

impl Network {
    /// With the environment, the team that registers it, and the VPC.
    pub fn new(id: Id, environment: &impl IdOf<Environment>, team: TeamName, vpc: Vpc) -> Self {
        let Vpc { vpc_id, subnet_ids } = vpc;
        let document = NetworkDocument {
            id: Field::of(id.clone()),
            environment: Field::of(environment.id_of().clone()),
            team: Field::of(team),
            vpc_id: Field::of(vpc_id),
            subnet_ids: list(subnet_ids),
            ..NetworkDocument::default()
        };
        Self { id, document, wrong: Vec::new() }
    }
}

builder! {
    /// An existing role, which is not a team's role, that can receive shares.
    ConsumptionRole of ConsumptionRoleDocument
}

impl ConsumptionRole {
    /// With the environment, the team that registers it, and the role.
    pub fn new(
        id: Id,
        environment: &impl IdOf<Environment>,
        team: TeamName,
        role_arn: RoleArn,
    ) -> Self {
        let document = ConsumptionRoleDocument {
            id: Field::of(id.clone()),
            environment: Field::of(environment.id_of().clone()),
            team: Field::of(team),
            role_arn: Field::of(role_arn),
            ..ConsumptionRoleDocument::default()
        };
        Self { id, document, wrong: Vec::new() }
    }

    /// Sets whether Lakewright attaches the policy that the role needs. Default: true.
    #[must_use]
    pub fn managed(mut self, is_managed: bool) -> Self {
        self.document.managed = Field::of(is_managed);
        self
    }
}
