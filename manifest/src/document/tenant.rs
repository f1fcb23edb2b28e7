//! `Tenant`: the settings of the whole mesh.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{AccessDocument, GovernanceDocument, document};
use crate::field::Field;
use crate::name::{
    AccountNumber, AddressBlock, CountryCode, MailAddress, OrganizationId, PolicyArn, RegionName,
    ResourcePrefix, RoleArn, Schedule, TeamName, TimeZone,
};

document! {
    /// The tenant: exactly one in a mesh.
    TenantDocument {
        /// The team that administers the platform. Default: `DAAdministrators`.
        #[serde(default)]
        admin_team: Field<TeamName>,
        /// The account that the platform runs in.
        central_account: Field<AccountNumber>,
        /// The region that the platform runs in.
        home_region: Field<RegionName>,
        /// The id of the organization of AWS Organizations that every account of the mesh belongs to, including the
        /// central account. With it, nothing in the central account grows with the number of accounts.
        #[serde(default)]
        organization_id: Field<OrganizationId>,
        /// The prefix of physical names. Default: `lakewright`.
        #[serde(default)]
        resource_prefix: Field<ResourcePrefix>,
        /// The role that the platform assumes in each environment.
        pivot_role: Field<PivotRoleDocument>,
        /// The roles that may deploy the mesh.
        #[serde(default)]
        deployment: Field<DeploymentDocument>,
        /// How people assume the roles of teams. Default: only through the pivot role.
        #[serde(default)]
        access: Field<AccessDocument>,
        /// The permissions of teams, by team. A team without an entry has all permissions.
        #[serde(default)]
        permissions: Field<BTreeMap<String, Field<TenantPermissionsDocument>>>,
        /// Whether the platform is in maintenance. Default: `off`.
        #[serde(default)]
        maintenance: Field<Maintenance>,
        /// The permissions boundary of every role, unless its environment has one: the policy of
        /// this name in each account, or an AWS managed policy.
        #[serde(default)]
        permissions_boundary: Field<PolicyArn>,
        /// Quotas that AWS has raised for the accounts of this mesh.
        #[serde(default)]
        quotas: Field<QuotasDocument>,
        /// The countries and addresses that may reach the platform's web pages. Default: all.
        #[serde(default)]
        waf: Field<WafDocument>,
        /// The recipients of alarms.
        #[serde(default)]
        monitoring: Field<MonitoringDocument>,
        /// When the platform refreshes the mesh.
        #[serde(default)]
        updater: Field<UpdaterDocument>,
        /// The policy store of Amazon Verified Permissions that decides requests by the access policies. Default: none.
        #[serde(default)]
        governance: Field<GovernanceDocument>,
    }
}

/// The role that the platform assumes in each environment.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
pub struct PivotRoleDocument {
    /// Who creates the role: `auto`: Lakewright; `manual`: the account's owner. Default: `auto`.
    #[serde(default)]
    pub mode: Field<PivotMode>,
    /// The role's name. Default: the prefix followed by `-pivot-role`.
    #[serde(default)]
    pub name: Field<String>,
    /// The external id that is required to assume the role: 2 to 128 characters.
    pub external_id: Field<String>,
    /// The roles of the central account that may assume it.
    pub trusted_roles: Field<Vec<Field<RoleArn>>>,
}

/// The roles that may deploy the mesh.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
pub struct DeploymentDocument {
    /// The roles of the central account that may assume the deploy role of each account, with the
    /// pivot role's external id. Default: `pivot_role.trusted_roles`.
    pub trusted_roles: Field<Vec<Field<RoleArn>>>,
}

/// Who creates the pivot role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema, Hash)]
#[serde(rename_all = "snake_case")]
pub enum PivotMode {
    /// Lakewright.
    #[default]
    Auto,
    /// The account's owner, from a template that Lakewright prints.
    Manual,
}

/// A team's permissions in the whole tenant: one of the two lists.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
pub struct TenantPermissionsDocument {
    /// The team has only these permissions.
    #[serde(default)]
    pub allow: Field<Vec<Field<TenantPermission>>>,
    /// The team has all permissions except these.
    #[serde(default)]
    pub deny: Field<Vec<Field<TenantPermission>>>,
}

/// A tenant permission.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it; `docs/mesh.md` lists what each is needed for")]
pub enum TenantPermission {
    ManageDashboards,
    ManageDatasets,
    ManageEnvironments,
    ManageGlossaries,
    ManageNotebooks,
    ManageOrganizations,
    ManagePipelines,
    ManageRedshiftClusters,
    ManageShares,
    ManageStudioProfiles,
    ManageTeams,
    ManageWorksheets,
}

impl TenantPermission {
    /// Every permission. A team without an entry has all of them.
    pub const ALL: [Self; 12] = [
        Self::ManageDashboards,
        Self::ManageDatasets,
        Self::ManageEnvironments,
        Self::ManageGlossaries,
        Self::ManageNotebooks,
        Self::ManageOrganizations,
        Self::ManagePipelines,
        Self::ManageRedshiftClusters,
        Self::ManageShares,
        Self::ManageStudioProfiles,
        Self::ManageTeams,
        Self::ManageWorksheets,
    ];

    /// The name in a document.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ManageDashboards => "manage_dashboards",
            Self::ManageDatasets => "manage_datasets",
            Self::ManageEnvironments => "manage_environments",
            Self::ManageGlossaries => "manage_glossaries",
            Self::ManageNotebooks => "manage_notebooks",
            Self::ManageOrganizations => "manage_organizations",
            Self::ManagePipelines => "manage_pipelines",
            Self::ManageRedshiftClusters => "manage_redshift_clusters",
            Self::ManageShares => "manage_shares",
            Self::ManageStudioProfiles => "manage_studio_profiles",
            Self::ManageTeams => "manage_teams",
            Self::ManageWorksheets => "manage_worksheets",
        }
    }
}

/// Whether the platform is in maintenance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema, Hash)]
#[serde(rename_all = "snake_case")]
pub enum Maintenance {
    /// Everything works.
    #[default]
    Off,
    /// Only administrators can make changes.
    ReadOnly,
    /// Only administrators have access.
    NoAccess,
}

/// Quotas that AWS has raised for the accounts of this mesh.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
pub struct QuotasDocument {
    /// IAM's "Managed policies attached to an IAM role": 10 to 20. Default: 10.
    #[serde(default)]
    pub managed_policies_per_role: Field<u32>,
    /// IAM's "Role trust policy length": 2,048 to 8,192 characters. Default: 2,048.
    #[serde(default)]
    pub trust_policy_characters: Field<u32>,
    /// EventBridge's "Event bus policy size", in the central account: 10,240 to 102,400 characters. Default: 10,240.
    #[serde(default)]
    pub event_bus_policy_characters: Field<u32>,
    /// IAM's "Roles per account": 1,000 to 10,000. Default: 1,000.
    #[serde(default)]
    pub roles_per_account: Field<u32>,
    /// IAM's "Customer managed policies per account": 1,500 to 10,000. Default: 1,500.
    #[serde(default)]
    pub managed_policies_per_account: Field<u32>,
    /// CloudFormation's "Stack count": 2,000 to 100,000. Default: 2,000.
    #[serde(default)]
    pub stacks_per_region: Field<u32>,
    /// S3's "General purpose buckets": 10,000 to 1,000,000. Default: 10,000.
    #[serde(default)]
    pub buckets_per_account: Field<u32>,
    /// Verified Permissions' "Policy size per resource": 200,000 to 100,000,000 bytes. Default: 200,000.
    #[serde(default)]
    pub policy_bytes_per_resource: Field<u32>,
}

/// The countries and addresses that may reach the platform's web pages. If both lists are set,
/// a request must match both.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
pub struct WafDocument {
    /// Countries, as two letters of ISO 3166.
    #[serde(default)]
    pub allowed_geo_list: Field<Vec<Field<CountryCode>>>,
    /// Address blocks, such as `192.0.2.0/24`.
    #[serde(default)]
    pub allowed_ip_list: Field<Vec<Field<AddressBlock>>>,
}

/// The recipients of alarms.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
pub struct MonitoringDocument {
    /// Mail addresses.
    #[serde(default)]
    pub alarm_emails: Field<Vec<Field<MailAddress>>>,
}

/// When the platform refreshes the mesh.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
pub struct UpdaterDocument {
    /// Whether the schedule is on. Default: true.
    #[serde(default)]
    pub enabled: Field<bool>,
    /// When the refresh starts. Default: `cron(0 1 * * ? *)`, every night at one o'clock.
    #[serde(default)]
    pub schedule: Field<Schedule>,
    /// The time zone of the schedule, such as `Europe/Berlin`. Default: `UTC`.
    #[serde(default)]
    pub timezone: Field<TimeZone>,
}
