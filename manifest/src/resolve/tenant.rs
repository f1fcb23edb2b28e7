//! The tenant and the organizations.

use std::collections::{BTreeMap, BTreeSet};

use lakewright_template::limits;

use super::{Context, at, distinct, values};
use crate::Code;
use crate::diagnostic::{Diagnostic, Origin};
use crate::document::{
    Kind, OrganizationDocument, PivotRoleDocument, TenantDocument, TenantPermissionsDocument,
    UpdaterDocument,
};
use crate::field::Field;
use crate::mesh::{Header, Organization, PivotRole, Quotas, Tenant, TenantPermission, Updater};
use crate::name::{ResourcePrefix, RoleArn, Schedule, TeamName, TimeZone};
use crate::parse::Located;

/// The team that administers the platform if the tenant names none.
pub(super) const ADMIN_TEAM: &str = "DAAdministrators";

impl Context {
    pub(super) fn tenant(
        &mut self,
        documents: &[Located<TenantDocument>],
        has_parse_errors: bool,
    ) -> Option<Tenant> {
        let (first, others) = match documents {
            [] => {
                if !has_parse_errors {
                    let diagnostic = Diagnostic::new(Code::TenantCount, "the mesh has no tenant")
                        .help("add a document with `kind: Tenant`; `lakewright init` writes one");
                    self.report.push(diagnostic);
                }
                return None;
            }
            [first, others @ ..] => (first, others),
        };
        for other in others {
            let diagnostic =
                Diagnostic::new(Code::TenantCount, "the mesh has more than one tenant")
                    .at(other.origin, "another one")
                    .and(first.origin, "the first one")
                    .help("keep one of them");
            self.report.push(diagnostic);
        }
        let header = self.header(first, Kind::Tenant);
        let Located { document, origin } = first;
        let central_account =
            self.required(&document.central_account, "central_account", Kind::Tenant, *origin);
        let home_region =
            self.required(&document.home_region, "home_region", Kind::Tenant, *origin);
        if let Some(region) = home_region {
            self.platform_types_exist(region.as_str(), at(origin.file, &document.home_region));
        }
        let pivot_role = self.required(&document.pivot_role, "pivot_role", Kind::Tenant, *origin);
        let pivot_role = pivot_role.and_then(|role| self.pivot_role(role, *origin));
        self.trusted_roles_are_central(document, *origin);
        self.nothing_is_open_to_all(document, *origin);
        let quotas = self.quotas(document, *origin);
        let access = self.access(document, *origin);
        let permissions = self.tenant_permissions(document, *origin);
        let waf = document.waf.value();
        let monitoring = document.monitoring.value();
        let platform =
            pivot_role.as_ref().map(|role| role.trusted_roles.as_slice()).unwrap_or_default();
        let governance = self.policy_store(document, platform, *origin);
        Some(Tenant {
            header,
            admin_team: document.admin_team.value().cloned().unwrap_or_else(|| {
                TeamName::parse(ADMIN_TEAM).expect("the default is a team's name")
            }),
            central_account: central_account?.into(),
            central_account_at: at(origin.file, &document.central_account),
            home_region: home_region?.into(),
            organization_id: document.organization_id.value().cloned(),
            resource_prefix: document.resource_prefix.value().cloned().unwrap_or_else(|| {
                ResourcePrefix::parse("lakewright").expect("the default is a prefix")
            }),
            deployers: document.deployment.value().map_or_else(
                || pivot_role.as_ref().map(|role| role.trusted_roles.clone()).unwrap_or_default(),
                |deployment| distinct(&deployment.trusted_roles),
            ),
            pivot_role: pivot_role?,
            access,
            access_at: at(origin.file, &document.access),
            permissions,
            maintenance: document.maintenance.value().copied().unwrap_or_default(),
            permissions_boundary: document.permissions_boundary.value().cloned(),
            quotas,
            allowed_geo: waf.map(|waf| distinct(&waf.allowed_geo_list)).unwrap_or_default(),
            allowed_ip: waf.map(|waf| distinct(&waf.allowed_ip_list)).unwrap_or_default(),
            alarm_emails: monitoring
                .map(|monitoring| distinct(&monitoring.alarm_emails))
                .unwrap_or_default(),
            updater: updater(document.updater.value()),
            governance,
        })
    }

    fn pivot_role(&mut self, role: &PivotRoleDocument, tenant: Origin) -> Option<PivotRole> {
        let external_id =
            self.required(&role.external_id, "pivot_role.external_id", Kind::Tenant, tenant);
        let trusted =
            self.required(&role.trusted_roles, "pivot_role.trusted_roles", Kind::Tenant, tenant);
        if let Some(id) = external_id {
            let is_id = (2..=128).contains(&id.len())
                && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"_+=,.@:/-".contains(&b));
            if !is_id {
                let message = format!(
                    "an external id has 2 to 128 letters, digits and `_+=,.@:/-`, got `{id:?}`"
                );
                let diagnostic = Diagnostic::new(Code::InvalidValue, message)
                    .at(at(tenant.file, &role.external_id), "")
                    .help("write a text of your own that nobody can guess");
                self.report.push(diagnostic);
                return None;
            }
        }
        if let Some(name) = role.name.value() {
            let is_name = (1..=40).contains(&name.len())
                && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_+=,.@-".contains(&b));
            if !is_name {
                let message = format!(
                    "a pivot role's name has 1 to 40 letters, digits and `_+=,.@-`, got `{name:?}`"
                );
                let diagnostic = Diagnostic::new(Code::InvalidValue, message)
                    .at(at(tenant.file, &role.name), "")
                    .help("write such a name, or remove `name`");
                self.report.push(diagnostic);
                return None;
            }
        }
        if trusted.is_some_and(Vec::is_empty) {
            let diagnostic =
                Diagnostic::new(Code::InvalidValue, "no role may assume the pivot role")
                    .at(at(tenant.file, &role.trusted_roles), "an empty list")
                    .help("name the roles of the central account that the platform runs as");
            self.report.push(diagnostic);
        }
        Some(PivotRole {
            mode: role.mode.value().copied().unwrap_or_default(),
            name: role.name.value().cloned(),
            external_id: external_id?.clone(),
            external_id_at: at(tenant.file, &role.external_id),
            trusted_roles: distinct(&role.trusted_roles),
        })
    }

    /// An empty list of countries or addresses would allow everybody; an empty list of deployers, nobody.
    fn nothing_is_open_to_all(&mut self, document: &TenantDocument, tenant: Origin) {
        let file = tenant.file;
        if let Some(deployment) = document.deployment.value() {
            let name = "deployment.trusted_roles";
            let roles = self.required(&deployment.trusted_roles, name, Kind::Tenant, tenant);
            let origin = at(file, &deployment.trusted_roles);
            self.not_empty(roles.is_some_and(Vec::is_empty), "no role may deploy the mesh", origin);
        }
        let is_empty = document.permissions.value().is_some_and(BTreeMap::is_empty);
        let message = "no team is named, and a team without an entry has all permissions";
        self.not_empty(is_empty, message, at(file, &document.permissions));
        let Some(waf) = document.waf.value() else { return };
        let is_empty = waf.allowed_geo_list.is_absent() && waf.allowed_ip_list.is_absent();
        self.not_empty(
            is_empty,
            "an empty `waf` would allow every request",
            at(file, &document.waf),
        );
        self.web_blocks_are_taken(&waf.allowed_ip_list, file);
        let message = "an empty list would allow every request";
        let geo = waf.allowed_geo_list.value().is_some_and(Vec::is_empty);
        self.not_empty(geo, message, at(file, &waf.allowed_geo_list));
        let ip = waf.allowed_ip_list.value().is_some_and(Vec::is_empty);
        self.not_empty(ip, message, at(file, &waf.allowed_ip_list));
    }

    pub(super) fn not_empty(&mut self, is_empty: bool, message: &str, origin: Origin) {
        if is_empty {
            let diagnostic = Diagnostic::new(Code::InvalidValue, message)
                .at(origin, "nothing stands in it")
                .help("name at least one, or remove the key");
            self.report.push(diagnostic);
        }
    }

    /// Trust policies allow the central account on condition of these roles, so a role of another account could never
    /// assume the role: both conditions must hold ("Multiple keys or values in a condition" in the IAM user guide).
    fn trusted_roles_are_central(&mut self, document: &TenantDocument, tenant: Origin) {
        let pivot = document.pivot_role.value().map(|role| &role.trusted_roles);
        let deployers = document.deployment.value().map(|deployment| &deployment.trusted_roles);
        let roles = pivot.into_iter().chain(deployers).filter_map(Field::value).flatten();
        let help = "trusted roles are roles of the central account: the platform and whoever deploys run there";
        self.are_central(document, roles, tenant, help);
    }

    /// Reports each role that is not one of the central account.
    pub(super) fn are_central<'f>(
        &mut self,
        document: &'f TenantDocument,
        roles: impl Iterator<Item = &'f Field<RoleArn>>,
        tenant: Origin,
        help: &str,
    ) {
        let Some(central) = document.central_account.value() else { return };
        for field in roles {
            let Some(role) = field.value().filter(|role| role.account() != central.as_str()) else {
                continue;
            };
            let message = format!(
                "this role is in account {}, and the central account is {central}",
                role.account()
            );
            let diagnostic = Diagnostic::new(Code::InvalidValue, message)
                .at(at(tenant.file, field), "")
                .and(at(tenant.file, &document.central_account), "the central account")
                .help(help);
            self.report.push(diagnostic);
        }
    }

    fn quotas(&mut self, document: &TenantDocument, tenant: Origin) -> Quotas {
        let mut quotas = Quotas {
            managed_policies_per_role: limits::MANAGED_POLICIES_PER_ROLE,
            trust_policy_characters: limits::TRUST_POLICY_CHARACTERS,
            event_bus_policy_characters: limits::EVENT_BUS_POLICY_CHARACTERS,
            roles_per_account: limits::ROLES_PER_ACCOUNT,
            managed_policies_per_account: limits::MANAGED_POLICIES_PER_ACCOUNT,
            stacks_per_region: limits::STACKS_PER_REGION,
            buckets_per_account: limits::BUCKETS_PER_ACCOUNT,
            policy_bytes_per_resource: limits::CEDAR_RESOURCE_BYTES,
        };
        let Some(given) = document.quotas.value() else { return quotas };
        let mut within = |field: &Field<u32>,
                          range: std::ops::RangeInclusive<u32>,
                          quota: &mut usize| {
            let Some(value) = field.value() else { return };
            if range.contains(value) {
                *quota = usize::try_from(*value).unwrap_or(*quota);
            } else {
                let message = format!("{value} is not within {} to {}", range.start(), range.end());
                self.report.push(
                    Diagnostic::new(Code::InvalidValue, message).at(at(tenant.file, field), ""),
                );
            }
        };
        within(&given.managed_policies_per_role, 10..=20, &mut quotas.managed_policies_per_role);
        within(&given.trust_policy_characters, 2_048..=8_192, &mut quotas.trust_policy_characters);
        within(
            &given.event_bus_policy_characters,
            10_240..=102_400,
            &mut quotas.event_bus_policy_characters,
        );
        within(&given.roles_per_account, 1_000..=10_000, &mut quotas.roles_per_account);
        within(
            &given.managed_policies_per_account,
            1_500..=10_000,
            &mut quotas.managed_policies_per_account,
        );
        within(&given.stacks_per_region, 2_000..=100_000, &mut quotas.stacks_per_region);
        within(&given.buckets_per_account, 10_000..=1_000_000, &mut quotas.buckets_per_account);
        within(
            &given.policy_bytes_per_resource,
            200_000..=100_000_000,
            &mut quotas.policy_bytes_per_resource,
        );
        quotas
    }

    fn tenant_permissions(
        &mut self,
        document: &TenantDocument,
        tenant: Origin,
    ) -> BTreeMap<TeamName, BTreeSet<TenantPermission>> {
        let mut permissions = BTreeMap::new();
        for (team, field) in document.permissions.value().into_iter().flatten() {
            let origin = at(tenant.file, field);
            let Some(entry) = field.value() else { continue };
            let team = match TeamName::parse(team) {
                Ok(team) => team,
                Err(wrong) => {
                    let message = wrong.to_string();
                    self.report.push(Diagnostic::new(Code::InvalidValue, message).at(origin, ""));
                    continue;
                }
            };
            let TenantPermissionsDocument { allow, deny } = entry;
            let allowed = match (allow.is_absent(), deny.is_absent()) {
                (false, true) => values(allow).into_iter().collect(),
                (true, false) => {
                    let is_empty = deny.value().is_some_and(Vec::is_empty);
                    let message = "an empty list denies nothing";
                    self.not_empty(is_empty, message, at(tenant.file, deny));
                    let denied = values(deny);
                    TenantPermission::ALL
                        .into_iter()
                        .filter(|permission| !denied.contains(permission))
                        .collect()
                }
                _ => {
                    let diagnostic = Diagnostic::new(
                        Code::FieldConflict,
                        format!("team `{team}` has neither or both of `allow` and `deny`"),
                    )
                    .at(origin, "")
                    .help("give one of the two lists");
                    self.report.push(diagnostic);
                    continue;
                }
            };
            permissions.insert(team, allowed);
        }
        permissions
    }

    pub(super) fn organization(
        &mut self,
        located: &Located<OrganizationDocument>,
        header: Header,
    ) -> Option<Organization> {
        let document = &located.document;
        let team =
            self.required(&document.team, "team", Kind::Organization, located.origin)?.clone();
        Some(Organization {
            header,
            team,
            admins: distinct(&document.admins),
            archived: document.archived.value().copied().unwrap_or_default(),
        })
    }
}

/// When the platform refreshes the mesh: every night, unless the tenant states another time.
fn updater(document: Option<&UpdaterDocument>) -> Updater {
    Updater {
        enabled: document.and_then(|updater| updater.enabled.value().copied()).unwrap_or(true),
        schedule: document.and_then(|updater| updater.schedule.value().cloned()).unwrap_or_else(
            || Schedule::parse("cron(0 1 * * ? *)").expect("the default is a schedule"),
        ),
        timezone: document
            .and_then(|updater| updater.timezone.value().cloned())
            .unwrap_or_else(|| TimeZone::parse("UTC").expect("the default is a time zone")),
    }
}
