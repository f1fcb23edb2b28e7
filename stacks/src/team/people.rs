//! How people assume a team's role, from the tenant's `access`. Teams without an entry admit nobody.

use lakewright_constructs::people::People;
use lakewright_constructs::role::Trust;
use lakewright_manifest::mesh::{Access, Environment, EnvironmentTeam, Tenant};

use crate::Names;

/// The trust entries of a team's role for people.
pub(super) fn trust(
    tenant: &Tenant,
    environment: &Environment,
    member: &EnvironmentTeam,
) -> Vec<Trust> {
    let people = tenant.access.as_ref().and_then(|access| people(access, member));
    people.map(|people| people.trust(&Names::place(environment))).unwrap_or_default()
}

/// Claims of identity providers, as text.
fn texts<T: ToString>(claims: &[T]) -> Vec<String> {
    claims.iter().map(ToString::to_string).collect()
}

fn people(access: &Access, member: &EnvironmentTeam) -> Option<People> {
    let team = &member.team;
    Some(match access {
        Access::IdentityCenter { region, teams } => {
            People::PermissionSet { name: teams.get(team)?.to_string(), region: region.to_string() }
        }
        Access::Saml { provider, endpoint, teams } => {
            let of_team = teams.get(team)?;
            People::Saml {
                provider: provider.to_string(),
                endpoint: (*endpoint).to_owned(),
                members: texts(&of_team.members),
                groups: texts(&of_team.groups),
            }
        }
        Access::Oidc { provider, audience, teams } => People::Oidc {
            provider: provider.without_scheme().to_owned(),
            audience: audience.to_string(),
            members: texts(teams.get(team)?),
        },
        Access::Broker { role, teams } => People::Broker {
            role: role.to_string(),
            team: team.to_string(),
            members: texts(teams.get(team)?),
        },
    })
}
