//! The `pivot-role` stack: the role that the platform assumes in an environment's account.
//!
//! It looks, starts what teams have made, and opens consoles as the teams' roles. It reads no data:
//! whoever wants data assumes a team's or a dataset's role. It has no permission that writes to
//! IAM, so it cannot change itself, its policies or its boundary.

mod manual;
mod permissions;

use lakewright_constructs::role::{Policies, Role, Trust};
use lakewright_manifest::mesh::{Environment, Tenant};
use lakewright_policies::Statement;
use lakewright_synth::{Grants, PolicyOwner, Scope};

use crate::Names;
use crate::names::policy_arn;
use crate::rules::Fill;
pub use manual::template as manual_template;

/// Managed policies that the role may take: half of IAM's default.
const POLICIES: usize = 5;

pub(crate) fn build(scope: &mut Scope<'_>, names: Names<'_>, environment: &Environment) {
    let boundary = Some(Names::boundary_arn(environment));
    let fill = Fill::of_environment(names, environment);
    let role = role(names.tenant(), names.pivot_role(environment), boundary, environment);
    add(scope, names, environment, role, &fill);
}

fn role(
    tenant: &Tenant,
    name: String,
    boundary: Option<String>,
    environment: &Environment,
) -> Role {
    let trusted = tenant.pivot_role.trusted_roles.iter().map(ToString::to_string);
    Role {
        policies: Policies::Managed { name: name.clone(), policies: POLICIES },
        name,
        description: format!("The platform in environment {}", environment.header.id),
        grantee: format!("pivot-role/{}", environment.header.id),
        trust: vec![Trust::External {
            account: tenant.central_account.clone(),
            roles: trusted.collect(),
            external_id: tenant.pivot_role.external_id.clone(),
        }],
        boundary,
        tags: Vec::new(),
    }
}

fn add(
    scope: &mut Scope<'_>,
    names: Names<'_>,
    environment: &Environment,
    role: Role,
    fill: &Fill,
) {
    let name = role.name.clone();
    let role = scope.add("Role", role);
    let rules = permissions::BLOCKS
        .iter()
        .filter(|block| (block.feature)(&environment.features))
        .flat_map(|block| block.rules);
    scope.grant(Grants(rules.map(|rule| fill.rule(rule, &role)).collect()));
    // The role has none of these; should somebody attach a policy that has, they still do nothing.
    let place = Names::place(environment);
    let mut own = vec![
        place.role_arn(&name),
        policy_arn(&place, &format!("{name}*")),
        Names::boundary_arn(environment),
    ];
    for (prefix, region) in names.bootstrapped(&place.account) {
        let execution = Names::execution_role(&prefix, &region);
        own.push(place.role_arn(&Names::deploy_role(&prefix, &region)));
        own.push(policy_arn(&place, &format!("{execution}-*")));
        own.push(place.role_arn(&execution));
    }
    own.sort();
    own.dedup();
    let deny = Statement::deny("DenySelfChange", permissions::SELF_CHANGE, own);
    let owner = PolicyOwner::RoleInline { role: role.name().into(), name: "protection".to_owned() };
    scope.child("Protection").policy(owner, vec![deny]);
}
