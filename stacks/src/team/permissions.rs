//! The permissions of a team's role besides data access, by permission and feature.
//!
//! The tables list actions, never patterns of actions. `*` as a resource is used only with actions that the service
//! authorization reference lists without resource types. `lakewright:mesh` is the tag of every resource that
//! Lakewright's stacks create: teams may use these resources, but change only their own.

mod analytics;
mod base;
mod dashboards;
mod machine_learning;
mod pipelines;

use lakewright_constructs::role::Receives;
use lakewright_manifest::mesh::{Environment, EnvironmentPermission, EnvironmentTeam, Features};
use lakewright_policies::service::Service;
use lakewright_synth::{Grants, Scope};

use crate::Names;
use crate::rules::{Fill, Rule, When};

/// Rules with the same requirements.
struct Block {
    /// The permission that the team needs.
    permission: Option<EnvironmentPermission>,
    /// The required feature.
    feature: fn(&Features) -> bool,
    rules: &'static [Rule],
}

const BLOCKS: [&[Block]; 5] = [
    base::BLOCKS,
    analytics::BLOCKS,
    machine_learning::BLOCKS,
    pipelines::BLOCKS,
    dashboards::BLOCKS,
];

/// A service, the permission that the team needs, and the required feature.
type Gate = (Service, Option<EnvironmentPermission>, fn(&Features) -> bool);

/// Services that a team's role may be passed to, with the requirements of each.
const SERVICES: [Gate; 9] = [
    (Service::GLUE, Some(EnvironmentPermission::CreateDataset), |features| features.datasets),
    (Service::DATABREW, Some(EnvironmentPermission::CreateDataset), |features| features.datasets),
    (Service::SAGEMAKER, Some(EnvironmentPermission::CreateStudioProfile), |features| {
        features.ml_studio
    }),
    (Service::SAGEMAKER, Some(EnvironmentPermission::CreateNotebook), |features| {
        features.notebooks
    }),
    (Service::QUICKSIGHT, Some(EnvironmentPermission::CreateDashboard), |features| {
        features.dashboards
    }),
    (Service::LAMBDA, Some(EnvironmentPermission::CreatePipeline), |features| features.pipelines),
    (Service::STEP_FUNCTIONS, Some(EnvironmentPermission::CreatePipeline), |features| {
        features.pipelines
    }),
    (Service::CODEBUILD, Some(EnvironmentPermission::CreatePipeline), |features| {
        features.pipelines
    }),
    (Service::CODEPIPELINE, Some(EnvironmentPermission::CreatePipeline), |features| {
        features.pipelines
    }),
];

fn is_allowed(team: &EnvironmentTeam, permission: Option<EnvironmentPermission>) -> bool {
    permission.is_none_or(|permission| team.permissions.contains(&permission))
}

/// The services that may assume the role: those that the team may pass it to.
pub(super) fn services(environment: &Environment, team: &EnvironmentTeam) -> Vec<Service> {
    let mut services: Vec<Service> = SERVICES
        .into_iter()
        .filter(|(_, permission, feature)| {
            is_allowed(team, *permission) && feature(&environment.features)
        })
        .map(|(service, ..)| service)
        .collect();
    services.sort_unstable();
    services.dedup();
    services
}

/// Grants the role what the team's permissions and the environment's features allow.
pub(super) fn grant(
    scope: &mut Scope<'_>,
    names: Names<'_>,
    environment: &Environment,
    team: &EnvironmentTeam,
    role: &impl Receives,
) {
    let fill = Fill::of_environment(names, environment)
        .with("team", team.team.to_string())
        .with("role_name", names.team(environment, &team.team))
        .with("team_role_arn", names.team_role_arn(environment, team))
        .with("workgroup_arn", names.workgroup_arn(environment, &team.team));
    let mut grants = Vec::new();
    for block in BLOCKS.into_iter().flatten() {
        if is_allowed(team, block.permission) && (block.feature)(&environment.features) {
            grants.extend(block.rules.iter().map(|rule| fill.rule(rule, role)));
        }
    }
    let services = services(environment, team);
    if !services.is_empty() {
        grants.push(fill.pass_role("{team_role_arn}", &services, role));
    }
    scope.grant(Grants(grants));
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use lakewright_template::{Map, StackKind, Template, Value};

    use super::*;
    use crate::testing::{
        self, ALL_ON, DEV, TENANT, allowed, condition, lowered, member, of_roles, resources,
        statements, texts, with_permissions,
    };

    fn rules() -> impl Iterator<Item = &'static Rule> {
        BLOCKS.into_iter().flatten().flat_map(|block| block.rules)
    }

    #[test]
    fn actions_are_named_and_resources_are_filled_in() {
        for rule in rules() {
            assert!(rule.actions.iter().all(|action| !action.contains('*')), "{}", rule.sid);
            assert!(rule.actions.iter().all(|action| action.contains(':')), "{}", rule.sid);
        }
    }

    #[test]
    fn names_of_statements_are_unique() {
        let mut sids: Vec<&str> = rules().map(|rule| rule.sid).collect();
        let count = sids.len();
        sids.sort_unstable();
        sids.dedup();
        assert_eq!(sids.len(), count);
    }

    #[test]
    fn what_escalates_is_in_no_rule() {
        // data.all's weaknesses 1, 2, 4, 6, 8 and 9 (docs/parity.md).
        const FORBIDDEN: [&str; 12] = [
            "cloudformation:CreateStackSet",
            "cloudformation:UpdateStack",
            "codebuild:ImportSourceCredentials",
            "codepipeline:PutJobSuccessResult",
            "iam:AttachRolePolicy",
            "iam:CreatePolicyVersion",
            "iam:CreateRole",
            "iam:PutRolePolicy",
            "iam:UpdateAssumeRolePolicy",
            "sagemaker:CreateUserProfile",
            "states:SendTaskSuccess",
            "sts:AssumeRole",
        ];
        for rule in rules() {
            for action in rule.actions {
                assert!(!FORBIDDEN.contains(action), "{}: {action}", rule.sid);
            }
            let changes_stacks = rule.actions.contains(&"cloudformation:ExecuteChangeSet");
            assert!(!changes_stacks || matches!(rule.when, When::TaggedByTeam), "{}", rule.sid);
        }
    }
    fn template(environment: &str) -> Template {
        let mesh = testing::mesh(&[TENANT, environment]);
        lowered(&mesh, StackKind::Team, "dev/Readers").template
    }

    /// What the role of a team may do in an environment with these lines.
    fn rights(permissions: &str, lines: &str) -> BTreeSet<String> {
        let environment = with_permissions(DEV, permissions) + lines;
        allowed(&template(&environment)).into_iter().map(str::to_owned).collect()
    }

    /// The services of AWS that a permission is about. Source: "Permissions" in `docs/mesh.md`.
    const ABOUT: [(&str, &[&str]); 6] = [
        ("create_dataset", &["databrew", "glue"]),
        ("run_athena_query", &["athena"]),
        ("create_notebook", &["sagemaker"]),
        ("create_studio_profile", &["sagemaker"]),
        ("create_pipeline", &["codebuild", "codecommit", "codepipeline", "lambda", "states"]),
        ("create_dashboard", &["quicksight"]),
    ];

    #[test]
    fn a_permission_adds_what_it_is_about_and_no_other_service() {
        let none = rights("", ALL_ON);
        for (permission, about) in ABOUT {
            let all = rights(permission, ALL_ON);
            assert!(all.is_superset(&none), "{permission} takes nothing");
            let added: Vec<&str> = all.difference(&none).map(String::as_str).collect();
            // Besides, files in the environment's buckets, logs, images and keys. Of IAM it is handing over the role.
            let besides = ["ecr", "kms", "logs", "s3"];
            let own = added.iter().copied().filter(|action| *action != "iam:PassRole");
            let services = testing::services(own).into_iter();
            let services: BTreeSet<&str> = services.filter(|one| !besides.contains(one)).collect();
            let about: BTreeSet<&str> = about.iter().copied().collect();
            assert_eq!(services, about, "{permission}");
        }
    }

    #[test]
    fn no_permission_gives_anything_while_its_feature_is_off() {
        let off = "features: { datasets: false, worksheets: false }\n";
        let none = rights("", off);
        for (permission, _) in ABOUT {
            assert_eq!(rights(permission, off), none, "{permission}");
        }
    }

    #[test]
    fn permissions_of_the_mesh_give_nothing_in_aws() {
        let none = rights("", ALL_ON);
        for permission in
            ["create_share", "create_network", "add_consumption_roles", "invite_teams"]
        {
            assert_eq!(rights(permission, ALL_ON), none, "{permission}");
        }
    }

    #[test]
    fn a_team_without_permissions_reaches_no_data_and_writes_to_no_catalog() {
        let none = rights("", ALL_ON);
        let of =
            |service: &'static str| none.iter().filter(move |action| action.starts_with(service));
        let lists = ["s3:ListAccessPoints", "s3:ListAllMyBuckets"];
        assert!(of("s3:").all(|action| lists.contains(&action.as_str())), "{none:?}");
        let reads = ["glue:Get", "glue:BatchGet", "glue:Search"];
        assert!(of("glue:").all(|action| reads.iter().any(|read| action.starts_with(read))));
        let looks = ["iam:Get", "iam:List"];
        assert!(of("iam:").all(|action| looks.iter().any(|look| action.starts_with(look))));
        for service in ["athena:", "databrew:", "lambda:", "quicksight:", "sagemaker:", "states:"] {
            assert_eq!(of(service).count(), 0, "{service}");
        }
    }

    #[test]
    fn the_role_hands_over_itself_alone_and_to_services_that_it_trusts() {
        for (permission, _) in ABOUT {
            let environment = with_permissions(DEV, permission) + ALL_ON;
            let mesh = testing::mesh(&[TENANT, &environment]);
            let template = lowered(&mesh, StackKind::Team, "dev/Readers").template;
            let passes: Vec<&Map> = of_roles(&template)
                .into_iter()
                .filter(|statement| texts(statement, "Action").contains("iam:PassRole"))
                .collect();
            let role = resources(&template, "AWS::IAM::Role")[0];
            let trust = role.properties.get("AssumeRolePolicyDocument").expect("a trust policy");
            let principals = statements(trust).into_iter().filter_map(|one| one.get("Principal"));
            let trusted: BTreeSet<&str> = principals
                .filter_map(Value::as_map)
                .flat_map(|principal| texts(principal, "Service"))
                .collect();
            let handed: BTreeSet<&str> = passes
                .iter()
                .flat_map(|one| condition(one, "StringEquals", "iam:PassedToService"))
                .collect();
            assert_eq!(handed, trusted, "{permission}");
            let dev = testing::environment(&mesh, "dev");
            let own = Names::new(&mesh).team_role_arn(dev, member(dev, "Readers"));
            for statement in passes {
                assert_eq!(texts(statement, "Resource"), BTreeSet::from([own.as_str()]));
            }
        }
    }
}
