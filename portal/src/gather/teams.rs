//! Teams: where they are, and what they own.

use std::collections::BTreeMap;

use lakewright_manifest::diagnostic::Origin;
use lakewright_manifest::mesh::{EnvironmentPermission, TenantPermission};
use lakewright_manifest::{Mesh, TeamName};

use crate::model::Team;

/// All teams of the mesh, by name.
pub(super) fn teams(mesh: &Mesh, line: &dyn Fn(Origin) -> String) -> Vec<Team> {
    let mut all: BTreeMap<&str, Team> = BTreeMap::new();
    for name in super::words::teams(mesh) {
        let (places, owns) = (Vec::new(), BTreeMap::new());
        all.insert(name, Team { name: name.to_owned(), places, tenant: None, owns });
    }
    for (team, permissions) in &mesh.tenant.permissions {
        if let Some(team) = all.get_mut(team.as_str()) {
            team.tenant =
                Some(permissions.iter().map(|one| TenantPermission::as_str(*one)).collect());
        }
    }
    for environment in mesh.environments.values() {
        for member in &environment.teams {
            let permissions =
                member.permissions.iter().map(|one| EnvironmentPermission::as_str(*one));
            let role = member.iam_role_arn.as_ref().map(ToString::to_string).unwrap_or_default();
            if let Some(team) = all.get_mut(member.team.as_str()) {
                let id = environment.header.id.to_string();
                team.places.push((id, permissions.collect(), role, line(member.origin)));
            }
        }
    }
    let mut own = |team: &TeamName, kind: &'static str| {
        if let Some(team) = all.get_mut(team.as_str()) {
            *team.owns.entry(kind).or_default() += 1;
        }
    };
    mesh.organizations.values().for_each(|one| own(&one.team, "organization"));
    mesh.environments.values().for_each(|one| own(&one.team, "environment"));
    mesh.datasets.values().for_each(|one| own(&one.team, "dataset"));
    mesh.shares.values().for_each(|one| own(&one.team, "share"));
    mesh.pipelines.values().for_each(|one| own(&one.team, "pipeline"));
    mesh.notebooks.values().for_each(|one| own(&one.team, "notebook"));
    mesh.studio_profiles.values().for_each(|one| own(&one.team, "ML Studio profile"));
    mesh.worksheets.values().for_each(|one| own(&one.team, "worksheet"));
    mesh.dashboards.values().for_each(|one| own(&one.team, "dashboard"));
    mesh.consumption_roles.values().for_each(|one| own(&one.team, "consumption role"));
    all.into_values().collect()
}
