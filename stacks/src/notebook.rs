//! The `notebook` stack: a notebook instance of a team, and its key.

use lakewright_constructs::key::{Key, delegated_use};
use lakewright_constructs::notebook::{Notebook as Instance, NotebookNetwork};
use lakewright_constructs::role::principal_is;
use lakewright_manifest::mesh::Notebook;
use lakewright_policies::condition::{Comparison, Condition};
use lakewright_policies::{Conditions, Principal, Statement};
use lakewright_synth::Scope;

use crate::Names;

/// The services through which the team uses the key. The instance's volume belongs to EC2.
const SERVICES: [&str; 2] = ["ec2", "sagemaker"];

pub(crate) fn build(scope: &mut Scope<'_>, names: Names<'_>, notebook: &Notebook) {
    let (environment, team) = (&*notebook.environment, notebook.member());
    let role = names.team_role_arn(environment, team);
    let name = names.notebook(environment, &notebook.header.id);
    let place = Names::place(environment);
    let roles = [role.clone(), names.execution_role_arn(environment)];
    let key = scope.add(
        "Key",
        Key {
            description: format!("Notebook {}", notebook.header.id),
            alias: name.clone(),
            target: format!("notebook/{}", notebook.header.id),
            statements: vec![
                delegated_use(&place, &roles, &SERVICES),
                Statement::allow("GrantsForVolumes", ["kms:CreateGrant"], ["*"])
                    .for_principals([Principal::Aws(place.root_arn(&place.account).into())])
                    .when(Conditions::none().with(principal_is(&roles)).with(Condition::new(
                        Comparison::Bool,
                        "kms:GrantIsForAWSResource",
                        "true",
                    ))),
            ],
            // The volume is deleted with the instance; then the key protects nothing.
            retain: false,
        },
    );
    let network = notebook.vpc.as_ref().map(|(vpc, subnet)| NotebookNetwork {
        vpc_id: vpc.to_string(),
        subnet_id: subnet.to_string(),
        cidr: environment.vpc_cidrs.get(vpc).map(ToString::to_string),
    });
    scope.add(
        "Notebook",
        Instance {
            name,
            instance_type: notebook.instance_type.as_str(),
            volume_size: notebook.volume_size,
            role: names.team_role(environment, team),
            key,
            network,
            internet_access: notebook.internet_access,
            root_access: notebook.root_access,
        },
    );
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use lakewright_template::{StackKind, Template};

    use super::*;
    use crate::testing::{
        DEV, TENANT, condition, environment, lowered, member, mesh, named, resources, texts,
        with_permissions,
    };

    fn template(lines: &str, notebook: &str) -> Template {
        let dev = with_permissions(DEV, "create_notebook") + "features: { notebooks: true }\n";
        let notebook =
            format!("kind: Notebook\nid: explorer\nenvironment: dev\nteam: Readers\n{notebook}");
        let mesh = mesh(&[TENANT, &(dev + lines), &notebook]);
        lowered(&mesh, StackKind::Notebook, "explorer").template
    }

    const IN_VPC: &str = "vpc_id: vpc-0123456789abcdef0\nsubnet_id: subnet-0123456789abcdef0\n";

    // `docs/stacks/notebook.md`.

    #[test]
    fn an_instance_runs_as_its_team_and_has_no_role_of_its_own() {
        let template = template("", "internet_access: true\n");
        let instance = resources(&template, "AWS::SageMaker::NotebookInstance")[0];
        let mesh = mesh(&[TENANT, DEV]);
        let dev = environment(&mesh, "dev");
        let own = Names::new(&mesh).team_role_arn(dev, member(dev, "Readers"));
        assert_eq!(texts(&instance.properties, "RoleArn"), BTreeSet::from([own.as_str()]));
        assert!(resources(&template, "AWS::IAM::Role").is_empty());
        assert_eq!(texts(&instance.properties, "RootAccess"), BTreeSet::from(["Disabled"]));
    }

    #[test]
    fn the_internet_is_reached_only_where_that_is_asked_for() {
        let access = |notebook: &str| {
            let template = template("", notebook);
            let instance = resources(&template, "AWS::SageMaker::NotebookInstance")[0];
            texts(&instance.properties, "DirectInternetAccess").into_iter().collect::<String>()
        };
        assert_eq!(access(IN_VPC), "Disabled");
        assert_eq!(access(&format!("{IN_VPC}internet_access: true\n")), "Enabled");
    }

    #[test]
    fn the_group_of_an_instance_opens_to_the_addresses_of_its_own_vpc_alone() {
        let known = "context: { vpcs: [{ vpc_id: vpc-0123456789abcdef0, cidr: 10.1.0.0/16 }] }\n";
        let from = |lines: &str, notebook: &str| -> Vec<String> {
            let template = template(lines, notebook);
            let rules = resources(&template, "AWS::EC2::SecurityGroupIngress").into_iter();
            rules.flat_map(|rule| texts(&rule.properties, "CidrIp")).map(str::to_owned).collect()
        };
        assert_eq!(from(known, IN_VPC), ["10.1.0.0/16"]);
        assert!(from("", IN_VPC).is_empty(), "what is not known is not opened");
        assert!(from(known, "internet_access: true\n").is_empty());
    }

    #[test]
    fn the_key_is_for_the_volume_of_the_instance() {
        let template = template("", "internet_access: true\n");
        let key = resources(&template, "AWS::KMS::Key")[0];
        let policy = key.properties.get("KeyPolicy").expect("a policy");
        // "Services that support the kms:ViaService condition key" and `kms:GrantIsForAWSResource` in the KMS guide.
        let services = ["ec2.eu-west-1.amazonaws.com", "sagemaker.eu-west-1.amazonaws.com"];
        let through = condition(named(policy, "UseByTeams"), "StringEquals", "kms:ViaService");
        assert_eq!(through, BTreeSet::from(services));
        let grants = named(policy, "GrantsForVolumes");
        assert_eq!(
            condition(grants, "Bool", "kms:GrantIsForAWSResource"),
            BTreeSet::from(["true"])
        );
        for statement in ["UseByTeams", "GrantsForVolumes"] {
            let roles = condition(named(policy, statement), "ArnEquals", "aws:PrincipalArn");
            assert_eq!(roles.len(), 2, "the team and whoever makes the instance: {roles:?}");
        }
        let administers = named(policy, "AccountAdministers");
        let actions = texts(administers, "Action");
        assert!(!actions.contains("kms:Decrypt") && !actions.contains("kms:CreateGrant"));
    }
}
