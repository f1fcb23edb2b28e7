//! The `notebook` stack: a notebook instance of a team, and its key.

use lakewright_constructs::key::{Key, delegated_use};
use lakewright_constructs::notebook::{Notebook as Instance, NotebookNetwork};
use lakewright_constructs::role::principal_is;
use lakewright_manifest::mesh::Notebook;
use lakewright_policies::condition::{Comparison, Condition};
use lakewright_policies::{Conditions, Principal, Statement};
use lakewright_synth::Scope;

use crate::Names;

/// The services through which the team uses the key: the instance's volume is one of EC2.
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
            // The volume goes with the instance, and without it the key protects nothing.
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
