//! ML Studio's domain, in a given VPC, the default VPC, or one that the stack creates.

use lakewright_constructs::cfn::sagemaker;
use lakewright_constructs::key::{Key, delegated_use};
use lakewright_constructs::network::{NETWORK, PrivateNetwork};
use lakewright_constructs::parameter::Parameter;
use lakewright_constructs::role::{Policies, Role, Trust, principal_is};
use lakewright_constructs::studio::StudioDomain;
use lakewright_manifest::mesh::{Environment, EnvironmentPermission, StudioVpc, Vpc};
use lakewright_policies::condition::{Comparison, Condition};
use lakewright_policies::service::Service;
use lakewright_policies::{Conditions, Principal, Statement};
use lakewright_synth::Scope;
use lakewright_template::Expr;

use super::roles_with;
use crate::Names;

/// The services that use the domain's key for the domain's volumes and outputs.
const SERVICES: [&str; 4] = ["ec2", "elasticfilesystem", "s3", "sagemaker"];

pub(super) fn build(
    scope: &mut Scope<'_>,
    names: Names<'_>,
    environment: &Environment,
    studio_vpc: &StudioVpc,
) {
    let name = names.studio(environment);
    let target = format!("environment/{}", environment.header.id);
    let mut scope = scope.child("Studio");
    let (vpc, subnets) = match studio_vpc {
        StudioVpc::Given(vpc) | StudioVpc::Default(vpc) => {
            let Vpc { vpc_id, subnet_ids } = vpc;
            let subnets = subnet_ids.iter().map(|subnet| Expr::known_name(subnet.to_string()));
            (Expr::known_name(vpc_id.to_string()), subnets.collect())
        }
        StudioVpc::Created => {
            let boundary = Some(Names::boundary_arn(environment));
            let network = PrivateNetwork {
                name: format!("{name}-studio"),
                target: target.clone(),
                boundary,
                zones: environment.availability_zones.iter().map(ToString::to_string).collect(),
            };
            let network = scope.add("Network", network);
            (network.vpc, network.subnets)
        }
    };
    // User profiles name their team's role. This role is for a profile that names none, and has no
    // permissions.
    let role = scope.add(
        "Role",
        Role {
            name: format!("{name}-studio"),
            description: "Default role of ML Studio profiles, without permissions".to_owned(),
            grantee: format!("studio-role/{}", environment.header.id),
            trust: vec![Trust::Service(Service::SAGEMAKER)],
            policies: Policies::Inline("studio".to_owned()),
            boundary: Some(Names::boundary_arn(environment)),
            tags: Vec::new(),
        },
    );
    let key = scope.add("Key", key(names, environment, &target));
    // The VPC that the stack creates has a generated id, which the profiles' security groups need.
    if let StudioVpc::Created = studio_vpc {
        scope.add(
            "VpcId",
            Parameter {
                name: names.parameter(environment, "studio/vpc-id"),
                description: "The id of the ML Studio domain's VPC",
                value: Expr::unchecked(vpc.clone()),
            },
        );
    }
    let domain = scope.add(
        "Domain",
        StudioDomain {
            name,
            vpc,
            subnets,
            key: key.id(),
            address_block: address_block(environment),
            role: role.arn(),
            retain: environment.retain_on_delete,
        },
    );
    scope.add(
        "DomainId",
        Parameter {
            name: names.parameter(environment, "studio/domain-id"),
            description: "The id of the ML Studio domain",
            value: domain.attribute(&sagemaker::Domain::DOMAIN_ID),
        },
    );
}

/// The CIDR block of the domain's VPC, if known.
pub(crate) fn address_block(environment: &Environment) -> Option<String> {
    match environment.studio_vpc.as_ref()? {
        StudioVpc::Given(vpc) | StudioVpc::Default(vpc) => {
            environment.vpc_cidrs.get(&vpc.vpc_id).map(ToString::to_string)
        }
        StudioVpc::Created => Some(NETWORK.to_owned()),
    }
}

fn key(names: Names<'_>, environment: &Environment, target: &str) -> Key {
    let place = Names::place(environment);
    let mut roles =
        roles_with(names, environment, Some(EnvironmentPermission::CreateStudioProfile));
    // The role that creates the domain must be able to create grants on the key for the volumes.
    roles.push(names.execution_role_arn(environment));
    let volumes = Statement::allow("GrantsForVolumes", ["kms:CreateGrant"], ["*"])
        .for_principals([Principal::Aws(place.root_arn(&place.account).into())])
        .when(Conditions::none().with(principal_is(&roles)).with(Condition::new(
            Comparison::Bool,
            "kms:GrantIsForAWSResource",
            "true",
        )));
    Key {
        description: format!("ML Studio of environment {}", environment.header.id),
        alias: format!("{}-studio", names.studio(environment)),
        target: target.to_owned(),
        statements: vec![delegated_use(&place, &roles, &SERVICES), volumes],
        retain: environment.retain_on_delete,
    }
}
