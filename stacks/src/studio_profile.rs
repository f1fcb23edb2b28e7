//! The `studio-profile` stack: a user profile of the environment's ML Studio domain.

use lakewright_constructs::studio::StudioProfile as Profile;
use lakewright_manifest::mesh::{StudioProfile, StudioVpc};
use lakewright_synth::Scope;
use lakewright_template::Expr;

use crate::Names;
use crate::environment::studio::address_block;

pub(crate) fn build(scope: &mut Scope<'_>, names: Names<'_>, profile: &StudioProfile) {
    let (environment, team) = (&*profile.environment, profile.member());
    // The domain's id is generated, so the environment's stack stores it in an SSM parameter.
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use lakewright_template::{StackKind, Template};

    use super::*;
    use crate::testing::{
        DEV, TENANT, environment, lowered, member, mesh, resources, with_permissions,
    };

    const PROFILE: &str = "kind: StudioProfile\nid: one\nenvironment: dev\nteam: Readers\n";
    const GIVEN: &str =
        "ml_studio: { vpc_id: vpc-0123456789abcdef0, subnet_ids: [subnet-0123456789abcdef0] }\n";
    const CREATED: &str =
        "context: { default_vpc: { exists: false }, availability_zones: [euw1-az1, euw1-az2] }\n";

    fn dev(lines: &str) -> String {
        with_permissions(DEV, "create_studio_profile") + "features: { ml_studio: true }\n" + lines
    }

    fn template(lines: &str) -> Template {
        let mesh = mesh(&[TENANT, &dev(lines), PROFILE]);
        lowered(&mesh, StackKind::StudioProfile, "one").template
    }

    // `docs/stacks/studio-profile.md`.

    #[test]
    fn the_vpc_is_asked_for_only_where_the_environments_stack_makes_it() {
        let asked = |lines: &str| -> Vec<String> {
            template(lines).parameters.keys().map(ToString::to_string).collect()
        };
        assert_eq!(asked(GIVEN), ["DomainId"]);
        assert_eq!(asked(CREATED), ["DomainId", "VpcId"]);
    }

    #[test]
    fn home_folders_are_reached_in_the_vpcs_addresses_where_they_are_known() {
        let block = |lines: &str| {
            let mesh = mesh(&[TENANT, &dev(lines)]);
            address_block(environment(&mesh, "dev"))
        };
        assert_eq!(block(GIVEN), None);
        let known = "context: { vpcs: [{ vpc_id: vpc-0123456789abcdef0, cidr: 10.1.0.0/16 }] }\n";
        assert_eq!(block(&format!("{GIVEN}{known}")).as_deref(), Some("10.1.0.0/16"));
        assert!(block(CREATED).is_some(), "the mesh makes the network");
    }

    #[test]
    fn a_profile_runs_as_its_team_and_has_a_group_of_its_own() {
        let template = template(GIVEN);
        let profile = resources(&template, "AWS::SageMaker::UserProfile")[0];
        let mut texts = BTreeSet::new();
        for (_, value) in profile.properties.iter() {
            value.walk(&mut |value| texts.extend(value.as_text()));
        }
        let mesh = mesh(&[TENANT, &dev(GIVEN)]);
        let dev = environment(&mesh, "dev");
        let own = Names::new(&mesh).team_role_arn(dev, member(dev, "Readers"));
        assert!(texts.contains(own.as_str()), "{texts:?}");
        assert_eq!(resources(&template, "AWS::EC2::SecurityGroup").len(), 1);
        assert!(resources(&template, "AWS::IAM::Role").is_empty());
    }
}
