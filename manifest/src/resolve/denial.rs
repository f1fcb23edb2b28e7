//! Permissions that the tenant denies a team: they are also removed from the team's permissions in every environment.
//!
//! "A team whose tenant permission for a kind of object is taken away can do nothing with objects of that kind,
//! although other permissions remain" (data.all's tenant permissions).

use std::collections::{BTreeMap, BTreeSet};

use super::tenant::ADMIN_TEAM;
use super::{Context, at};
use crate::Code;
use crate::decode::suggest;
use crate::diagnostic::{Diagnostic, Origin};
use crate::field::Field;
use crate::mesh::{EnvironmentPermission, Header, Organization, Tenant, TenantPermission};
use crate::name::{Id, TeamName};
use crate::parse::Documents;

/// The tenant permission that a permission in an environment also requires.
const fn needed_for(permission: EnvironmentPermission) -> TenantPermission {
    match permission {
        EnvironmentPermission::AddConsumptionRoles | EnvironmentPermission::CreateNetwork => {
            TenantPermission::ManageEnvironments
        }
        EnvironmentPermission::CreateDashboard => TenantPermission::ManageDashboards,
        EnvironmentPermission::CreateDataset => TenantPermission::ManageDatasets,
        EnvironmentPermission::CreateNotebook => TenantPermission::ManageNotebooks,
        EnvironmentPermission::CreatePipeline => TenantPermission::ManagePipelines,
        EnvironmentPermission::CreateShare => TenantPermission::ManageShares,
        EnvironmentPermission::CreateStudioProfile => TenantPermission::ManageStudioProfiles,
        EnvironmentPermission::InviteTeams => TenantPermission::ManageTeams,
        EnvironmentPermission::RunAthenaQuery => TenantPermission::ManageWorksheets,
    }
}

/// The permissions of an environment without those that the tenant denies the team.
pub(super) fn left_of(
    given: impl IntoIterator<Item = EnvironmentPermission>,
    team: &TeamName,
    tenant: Option<&Tenant>,
) -> BTreeSet<EnvironmentPermission> {
    let allowed = tenant.and_then(|tenant| tenant.permissions.get(team));
    let is_left = |permission: &EnvironmentPermission| {
        allowed.is_none_or(|allowed| allowed.contains(&needed_for(*permission)))
    };
    given.into_iter().filter(is_left).collect()
}

impl Context {
    /// Every team in the tenant's `permissions` or `access`, or in an access policy, must be a team of the mesh: a
    /// misspelt denial would deny nobody.
    pub(super) fn denied_teams_are_known(&mut self, documents: &Documents) {
        let mut known = teams(documents);
        known.insert(ADMIN_TEAM);
        for located in &documents.access_policies {
            let actors = located.document.actors.value();
            let named = actors.and_then(|actors| actors.teams.value()).into_iter().flatten();
            let except = actors.and_then(|actors| actors.except.value());
            let except = except.and_then(|except| except.teams.value()).into_iter().flatten();
            for field in named.chain(except) {
                let name = field.value().map(TeamName::as_str);
                if let Some(name) = name.filter(|name| !known.contains(name)) {
                    self.unknown_team(name, &known, (at(located.origin.file, field), ""));
                }
            }
        }
        for located in &documents.tenants {
            let file = located.origin.file;
            let permissions = located.document.permissions.value().into_iter().flatten();
            let permissions =
                permissions.map(|(name, field)| (name, at(file, field), "what it may do"));
            let access = located.document.access.value().and_then(|access| access.teams.value());
            let access = access.into_iter().flatten();
            let access = access.map(|(name, field)| (name, at(file, field), "who comes to it"));
            for (name, origin, label) in permissions.chain(access) {
                if known.contains(name.as_str()) || TeamName::parse(name).is_err() {
                    continue;
                }
                self.unknown_team(name, &known, (origin, label));
            }
        }
    }

    fn unknown_team(
        &mut self,
        name: &str,
        known: &BTreeSet<&str>,
        (origin, label): (Origin, &str),
    ) {
        let message = format!("there is no team `{name}` in the mesh");
        let help = suggest(name, known.iter().copied()).map_or_else(
            || {
                "name a team of an organization, an environment or a domain, or remove the entry; it holds for nobody"
                    .to_owned()
            },
            |near| format!("did you mean `{near}`?"),
        );
        let diagnostic =
            Diagnostic::new(Code::UnknownReference, message).at(origin, label).help(help);
        self.report.push(diagnostic);
    }

    /// Teams that may not manage organizations cannot own one.
    pub(super) fn organizations_are_allowed(
        &mut self,
        organizations: &BTreeMap<Id, Organization>,
        tenant: Option<&Tenant>,
    ) {
        for Organization { header, team, .. } in organizations.values() {
            let what = format!("the organization `{}`", header.id);
            let needed = TenantPermission::ManageOrganizations;
            self.tenant_allows(tenant, team, needed, (&what, header.origin));
            self.terms_are_allowed(header, team, tenant);
        }
    }

    /// Teams that may not manage glossaries cannot assign glossary terms.
    pub(super) fn terms_are_allowed(
        &mut self,
        header: &Header,
        team: &TeamName,
        tenant: Option<&Tenant>,
    ) {
        if !header.glossary.is_empty() {
            let what = format!("the glossary terms of `{}`", header.id);
            let needed = TenantPermission::ManageGlossaries;
            self.tenant_allows(tenant, team, needed, (&what, header.origin));
        }
    }

    /// Teams that may not manage teams cannot invite teams to their environments.
    pub(super) fn inviting_is_allowed<T>(
        &mut self,
        invited: &Field<Vec<T>>,
        team: &TeamName,
        header: &Header,
        tenant: Option<&Tenant>,
    ) {
        if invited.value().is_some_and(|teams| !teams.is_empty()) {
            let what = format!("inviting teams to environment `{}`", header.id);
            let origin = at(header.origin.file, invited);
            self.tenant_allows(tenant, team, TenantPermission::ManageTeams, (&what, origin));
        }
    }

    /// Whether a team has a permission of the tenant. Reports an error if it does not.
    pub(super) fn tenant_allows(
        &mut self,
        tenant: Option<&Tenant>,
        team: &TeamName,
        permission: TenantPermission,
        (what, origin): (&str, Origin),
    ) -> bool {
        let Some(tenant) = tenant else { return true };
        let allowed = tenant.permissions.get(team);
        if allowed.is_none_or(|allowed| allowed.contains(&permission)) {
            return true;
        }
        let name = permission.as_str();
        let message = format!("team `{team}` lacks the tenant's `{name}`, which {what} needs");
        let diagnostic = Diagnostic::new(Code::TenantPermission, message)
            .at(origin, "")
            .and(tenant.header.origin, "the tenant's `permissions`")
            .help(format!("allow `{name}` for the team in the tenant, or change the owner"));
        self.report.push(diagnostic);
        false
    }
}

/// The teams that documents name: administrators, owners and invited teams.
pub(super) fn teams(documents: &Documents) -> BTreeSet<&str> {
    let mut all: Vec<&Field<TeamName>> = Vec::new();
    all.extend(documents.tenants.iter().map(|located| &located.document.admin_team));
    for located in &documents.organizations {
        all.push(&located.document.team);
        all.extend(located.document.admins.value().into_iter().flatten());
    }
    for located in &documents.environments {
        let document = &located.document;
        all.extend([&document.team, &document.linked_by]);
        let invited = document.teams.value().into_iter().flatten().filter_map(Field::value);
        all.extend(invited.map(|entry| &entry.team));
    }
    for located in &documents.domains {
        let document = &located.document;
        let lists = [&document.owners, &document.readers];
        all.extend(lists.into_iter().filter_map(Field::value).flatten());
    }
    all.into_iter().filter_map(Field::value).map(TeamName::as_str).collect()
}
