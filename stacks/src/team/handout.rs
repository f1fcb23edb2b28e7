//! The policies that the owner of a team's imported role attaches to it: the same permissions as a created role gets.

use std::collections::BTreeMap;

use lakewright_constructs::role::ImportedRole;
use lakewright_manifest::mesh::{Environment, EnvironmentTeam};
use lakewright_manifest::{Mesh, Report, RoleArn};
use lakewright_synth::{PolicyOwner, Stack, Together};
use lakewright_template::Value;

use super::{Belongings, grant, grant_belongings};
use crate::Names;
use crate::diagnose::cause;
use crate::handout::{Carrier, Handout, text};
use crate::names::grantee_name;
use crate::stack::{report, spec};

/// The policies for an imported role, one handout each. Policies for shares are handed out separately, because they are
/// removed with their shares.
pub(crate) fn handouts(
    mesh: &Mesh,
    environment: &Environment,
    team: &EnvironmentTeam,
    belongings: &Belongings<'_>,
) -> (Vec<Handout>, Report) {
    let policies = match policies(mesh, environment, team, belongings) {
        Ok(policies) => policies,
        Err(errors) => return (Vec::new(), errors),
    };
    let (mut handouts, mut report) = (Vec::new(), Report::new());
    for (handout, policy) in policies {
        let role = team.iam_role_arn.as_ref().map(RoleArn::role_name);
        let carrier = Carrier {
            kind: "AWS::IAM::RolePolicy",
            property: "PolicyDocument",
            role: role.unwrap_or_default(),
        };
        report.extend(carrier.check(&handout, policy, &Names::place(environment), team.origin));
        handouts.push(handout);
    }
    (handouts, report)
}

fn policies(
    mesh: &Mesh,
    environment: &Environment,
    team: &EnvironmentTeam,
    belongings: &Belongings<'_>,
) -> Result<Vec<(Handout, Value)>, Report> {
    let Some(arn) = &team.iam_role_arn else { return Ok(Vec::new()) };
    let names = Names::new(mesh);
    let name = names.team(environment, &team.team);
    let place = Names::place(environment);
    // A stack that is never deployed: only its policies are used.
    let mut stack =
        Stack::new(spec(&mesh.tenant, place, name.clone(), String::new(), BTreeMap::new()));
    let mut root = stack.root(cause(team.origin));
    let owner = PolicyOwner::RoleManaged {
        role: Value::text(arn.role_name().to_owned()),
        name,
        policies: mesh.tenant.quotas.managed_policies_per_role,
        together: Together::Name,
    };
    let slot = root.policy(owner, Vec::new());
    let role = ImportedRole::new(arn.account(), arn.as_str(), &grantee_name(environment, team))
        .with_policy(slot);
    grant(&mut root, names, environment, team, &role);
    grant_belongings(&mut root, names, environment, team, &role, belongings);
    let lowered = stack.lower().map_err(|errors| report(&errors))?;
    let of_team = names.team_stack(environment, &team.team);
    // A stack in which only grants to the role are recorded has no other resources than the role's policies.
    let documents = lowered.template.resources.values();
    let documents = documents.filter_map(|resource| resource.properties.get("PolicyDocument"));
    let handouts = (1..).zip(documents).map(|(number, policy)| {
        let handout = Handout {
            path: format!("assets/team-policies/{of_team}-{number}.json"),
            task: if arn.is_reserved() {
                format!("put this policy into the permission set of {arn}")
            } else {
                format!("attach this policy to {arn}")
            },
            json: text(policy),
        };
        (handout, policy.clone())
    });
    Ok(handouts.collect())
}
