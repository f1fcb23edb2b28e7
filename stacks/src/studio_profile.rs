//! The `studio-profile` stack: a user profile of the environment's ML Studio domain.

use lakewright_constructs::studio::StudioProfile as Profile;
use lakewright_manifest::mesh::{StudioProfile, StudioVpc};
use lakewright_synth::Scope;
use lakewright_template::Expr;

use crate::Names;
use crate::environment::studio::address_block;

pub(crate) fn build(scope: &mut Scope<'_>, names: Names<'_>, profile: &StudioProfile) {
    let (environment, team) = (&*profile.environment, profile.member());
    // The id is generated, so the environment's stack leaves it in a parameter.
    let domain = scope.ssm_parameter(
        "DomainId",
        names.parameter(environment, "studio/domain-id"),
        "The SSM parameter with the id of the environment's ML Studio domain",
    );
    let vpc = match &environment.studio_vpc {
        Some(StudioVpc::Given(vpc) | StudioVpc::Default(vpc)) => {
            Expr::known_name(vpc.vpc_id.to_string())
        }
        Some(StudioVpc::Created) | None => scope.ssm_parameter(
            "VpcId",
            names.parameter(environment, "studio/vpc-id"),
            "The SSM parameter with the id of the VPC that the environment's stack makes",
        ),
    };
    scope.add(
        "Profile",
        Profile {
            name: names.studio_profile(environment, &profile.header.id),
            domain,
            vpc,
            address_block: address_block(environment),
            role: names.team_role(environment, team),
        },
    );
}
