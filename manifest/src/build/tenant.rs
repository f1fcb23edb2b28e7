//! The tenant.

use lakewright_template::{AccountId, Region};

use super::{Access, PolicyStore, builder, list, region_field};
use crate::document::{
    Maintenance, PivotMode, PivotRoleDocument, QuotasDocument, TenantDocument, TenantPermission,
    TenantPermissionsDocument,
};
use crate::field::Field;
use crate::name::{
    AddressBlock, CountryCode, Id, MailAddress, OrganizationId, PolicyArn, ResourcePrefix, RoleArn,
    Schedule, TeamName, TimeZone,
};

builder! {
    /// The settings of the whole mesh.
    Tenant of TenantDocument
}

impl Tenant {
    /// With the account and the region that the platform runs in, and the role that it assumes in each environment.
    pub fn new(
        id: Id,
        central_account: AccountId,
        home_region: Region,
        pivot_role: PivotRole,
    ) -> Self {
        let mut wrong = Vec::new();
        let document = TenantDocument {
            id: Field::of(id.clone()),
            central_account: Field::of(central_account.into()),
            home_region: region_field(home_region, &mut wrong),
            pivot_role: Field::of(pivot_role.0),
            ..TenantDocument::default()
        };
        Self { id, document, wrong }
    }

    /// Sets the team that administers the platform. Default: `DAAdministrators`.
    #[must_use]
    pub fn admin_team(mut self, team: TeamName) -> Self {
        self.document.admin_team = Field::of(team);
        self
    }

    /// Sets the organization of AWS Organizations that every account of the mesh belongs to.
    #[must_use]
    pub fn organization_id(mut self, organization: OrganizationId) -> Self {
        self.document.organization_id = Field::of(organization);
        self
    }

    /// Sets the prefix of physical names. Default: `lakewright`.
    #[must_use]
    pub fn resource_prefix(mut self, prefix: ResourcePrefix) -> Self {
        self.document.resource_prefix = Field::of(prefix);
        self
    }

    /// Adds a role of the central account that may deploy the mesh. Default: the roles that the pivot role trusts.
    #[must_use]
    pub fn deployer(mut self, role: RoleArn) -> Self {
        self.document.deployment.change(|deployment| deployment.trusted_roles.push(role));
        self
    }

    /// Sets how people assume the roles of teams. Default: only through the pivot role.
    #[must_use]
    pub fn access(mut self, access: impl Into<Access>) -> Self {
        let access: Access = access.into();
        self.document.access = Field::of(access.document);
        self.wrong.extend(access.wrong);
        self
    }

    /// Gives a team only these permissions. A team without an entry has all permissions.
    #[must_use]
    pub fn allow_only(
        self,
        team: TeamName,
        permissions: impl IntoIterator<Item = TenantPermission>,
    ) -> Self {
        let allow = list(permissions);
        self.permissions(team, TenantPermissionsDocument { allow, deny: Field::default() })
    }

    /// Gives a team all permissions except these.
    #[must_use]
    pub fn deny(
        self,
        team: TeamName,
        permissions: impl IntoIterator<Item = TenantPermission>,
    ) -> Self {
        let deny = list(permissions);
        self.permissions(team, TenantPermissionsDocument { allow: Field::default(), deny })
    }

    fn permissions(mut self, team: TeamName, entry: TenantPermissionsDocument) -> Self {
        self.document.permissions.change(|teams| {
            teams.insert(team.into(), Field::of(entry));
        });
        self
    }

    /// Sets whether the platform is in maintenance.
    #[must_use]
    pub fn maintenance(mut self, maintenance: Maintenance) -> Self {
        self.document.maintenance = Field::of(maintenance);
        self
    }

    /// Sets the permissions boundary of every role, unless its environment has one: the policy of this name in each
    /// account, or an AWS managed policy.
    #[must_use]
    pub fn permissions_boundary(mut self, policy: PolicyArn) -> Self {
        self.document.permissions_boundary = Field::of(policy);
        self
    }

    /// Sets the quotas that AWS has raised for the accounts of the mesh.
    #[must_use]
    pub fn quotas(mut self, quotas: Quotas) -> Self {
        self.document.quotas = Field::of(quotas.0);
        self
    }

    /// Adds a country that may reach the platform's web pages. Default: all may.
    #[must_use]
    pub fn allow_country(mut self, country: CountryCode) -> Self {
        self.document.waf.change(|waf| waf.allowed_geo_list.push(country));
        self
    }

    /// Adds an address block that may reach the platform's web pages. Default: all may.
    #[must_use]
    pub fn allow_addresses(mut self, block: AddressBlock) -> Self {
        self.document.waf.change(|waf| waf.allowed_ip_list.push(block));
        self
    }

    /// Adds a recipient of alarms.
    #[must_use]
    pub fn alarm_email(mut self, address: MailAddress) -> Self {
        self.document.monitoring.change(|monitoring| monitoring.alarm_emails.push(address));
        self
    }

    /// Sets whether the platform refreshes the mesh by its schedule. Default: true.
    #[must_use]
    pub fn updater_enabled(mut self, enabled: bool) -> Self {
        self.document.updater.change(|updater| updater.enabled = Field::of(enabled));
        self
    }

    /// Sets when the platform refreshes the mesh. Default: every night at one o'clock.
    #[must_use]
    pub fn updater_schedule(mut self, schedule: Schedule) -> Self {
        self.document.updater.change(|updater| updater.schedule = Field::of(schedule));
        self
    }

    /// Sets the time zone of that schedule. Default: UTC.
    #[must_use]
    pub fn updater_timezone(mut self, timezone: TimeZone) -> Self {
        self.document.updater.change(|updater| updater.timezone = Field::of(timezone));
        self
    }

    /// Sets the policy store of Amazon Verified Permissions. Default: none.
    #[must_use]
    pub fn policy_store(mut self, store: PolicyStore) -> Self {
        self.document.governance = Field::of(store.0);
        self
    }
}

/// The role that the platform assumes in each environment.
#[derive(Debug, Clone)]
pub struct PivotRole(PivotRoleDocument);

impl PivotRole {
    /// With the external id that is required to assume it, and a role of the central account that may assume it.
    pub fn new(external_id: impl Into<String>, trusted_role: RoleArn) -> Self {
        Self(PivotRoleDocument {
            external_id: Field::of(external_id.into()),
            trusted_roles: list([trusted_role]),
            ..PivotRoleDocument::default()
        })
    }

    /// Adds another role of the central account that may assume it.
    #[must_use]
    pub fn trusted_role(mut self, role: RoleArn) -> Self {
        self.0.trusted_roles.push(role);
        self
    }

    /// Sets the role's name. Default: the prefix followed by `-pivot-role`.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.0.name = Field::of(name.into());
        self
    }

    /// Sets who creates the role. Default: Lakewright.
    #[must_use]
    pub fn mode(mut self, mode: PivotMode) -> Self {
        self.0.mode = Field::of(mode);
        self
    }
}

/// Quotas that AWS has raised.
#[derive(Debug, Clone, Default)]
pub struct Quotas(QuotasDocument);

macro_rules! quotas {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        impl Quotas {
            $($(#[$doc])*
            #[must_use]
            pub fn $name(mut self, value: u32) -> Self {
                self.0.$name = Field::of(value);
                self
            })*
        }
    };
}

quotas! {
    /// Sets IAM's "Managed policies attached to an IAM role".
    managed_policies_per_role,
    /// Sets IAM's "Role trust policy length".
    trust_policy_characters,
    /// Sets EventBridge's "Event bus policy size".
    event_bus_policy_characters,
    /// Sets IAM's "Roles per account".
    roles_per_account,
    /// Sets IAM's "Customer managed policies per account".
    managed_policies_per_account,
    /// Sets CloudFormation's "Stack count".
    stacks_per_region,
    /// Sets S3's "General purpose buckets".
    buckets_per_account,
    /// Sets Verified Permissions' "Policy size per resource".
    policy_bytes_per_resource,
}
