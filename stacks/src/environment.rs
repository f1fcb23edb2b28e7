//! The `environment` stack: the resources that the teams of an account and region share.

mod failures;
pub(crate) mod studio;
mod subscriptions;

use std::collections::BTreeSet;

use lakewright_constructs::bucket::{Bucket, Encryption, Lifecycle, bucket_arn};
use lakewright_constructs::cfn::{quicksight, s3};
use lakewright_constructs::key::{Key, delegated_objects};
use lakewright_constructs::lakeformation::Settings;
use lakewright_manifest::mesh::{Environment, EnvironmentPermission};
use lakewright_synth::{Options, Scope};
use lakewright_template::place::Place;
use lakewright_template::{Expr, Name};

use crate::Names;

/// Days that query results are kept.
const RESULT_DAYS: i64 = 30;

pub(crate) fn build(scope: &mut Scope<'_>, names: Names<'_>, environment: &Environment) {
    let target = format!("environment/{}", environment.header.id);
    let logs = scope.add("LogBucket", log_bucket(names, environment, &target));
    scope.add(
        "Bucket",
        Bucket {
            name: names.environment_bucket(environment),
            encryption: Encryption::S3Managed,
            access_logs: Some(logs.name()),
            // Older versions stored query results here, before they had a bucket of their own.
            lifecycle: vec![Lifecycle::Expire { prefix: "athenaqueries/", days: RESULT_DAYS }],
            statements: Vec::new(),
            target: target.clone(),
            retain: environment.retain_on_delete,
            access_points: None,
            events: None,
        },
    );
    if environment.features.worksheets {
        results(scope, names, environment, &target, logs.name());
    }
    if has_settings(names, environment) {
        let admins = administrators(names, &Names::place(environment));
        scope.add("LakeFormationSettings", Settings { admins, target: target.clone() });
    }
    failures::build(scope, names, environment);
    if environment.features.dashboards
        && let Some(name) = names.dashboard_group(environment)
    {
        let group = quicksight::Group {
            group_name: Some(name.into()),
            namespace: Some("default".into()),
            description: Some(
                format!("Dashboards of environment {}", environment.header.id).into(),
            ),
        };
        scope.child("DashboardGroup").resource(group, Options::default());
    }
    if environment.features.subscriptions {
        subscriptions::build(scope, names, environment);
    }
    if let Some(vpc) = &environment.studio_vpc {
        studio::build(scope, names, environment, vpc);
    }
}

/// The bucket for query results. Results contain table data, so they have a key as the tables do. Only roles of teams
/// with workgroups need it.
fn results(
    scope: &mut Scope<'_>,
    names: Names<'_>,
    environment: &Environment,
    target: &str,
    logs: Expr<Name<s3::Bucket>>,
) {
    let place = Names::place(environment);
    let name = names.results_bucket(environment);
    let roles = roles_with(names, environment, Some(EnvironmentPermission::RunAthenaQuery));
    // AWS rejects a condition without values.
    let teams =
        (!roles.is_empty()).then(|| delegated_objects(&place, &roles, &bucket_arn(&place, &name)));
    let mut scope = scope.child("Results");
    let key = scope.add(
        "Key",
        Key {
            description: format!("Query results of environment {}", environment.header.id),
            alias: name.clone(),
            target: target.to_owned(),
            statements: teams.into_iter().collect(),
            retain: environment.retain_on_delete,
        },
    );
    scope.add(
        "Bucket",
        Bucket {
            name,
            encryption: Encryption::Kms(key),
            access_logs: Some(logs),
            lifecycle: vec![Lifecycle::Expire { prefix: "athenaqueries/", days: RESULT_DAYS }],
            statements: Vec::new(),
            target: target.to_owned(),
            retain: environment.retain_on_delete,
            access_points: None,
            events: None,
        },
    );
}

/// The environment whose stack contains the Lake Formation settings of an account and region. There is one list of
/// administrators for all of its environments, so one of them owns it: the first by id.
pub(crate) fn owner_of_settings<'m>(names: Names<'m>, place: &Place) -> Option<&'m Environment> {
    let mut with_data = names.environments().filter(|other| other.features.datasets);
    with_data.find(|other| Names::place(other) == *place)
}

fn has_settings(names: Names<'_>, environment: &Environment) -> bool {
    owner_of_settings(names, &Names::place(environment))
        .is_some_and(|owner| owner.header.id == environment.header.id)
}

/// The data lake administrators of an account and region: the roles that grant permissions, that revoke AWS's default
/// permissions, and that list permissions.
fn administrators(names: Names<'_>, place: &Place) -> Vec<(String, String)> {
    let mut admins = BTreeSet::new();
    let here = names.environments().filter(|other| Names::place(other) == *place);
    for environment in here.filter(|other| other.features.datasets) {
        let bootstrap =
            |kind: &str| names.bootstrap_role(kind, &environment.resource_prefix, place);
        let deploy = Names::deploy_role(&environment.resource_prefix, &place.region);
        admins.extend([
            (names.execution_role_arn(environment), bootstrap("execution-role")),
            (place.role_arn(&deploy), bootstrap("deploy-role")),
            (names.pivot_role_arn(environment), format!("pivot-role/{}", environment.header.id)),
        ]);
    }
    admins.into_iter().collect()
}

fn log_bucket(names: Names<'_>, environment: &Environment, target: &str) -> Bucket {
    let place = Names::place(environment);
    Bucket::of_access_logs(
        &place,
        names.log_bucket(environment),
        bucket_arn(&place, &format!("{}-*", environment.resource_prefix)),
        target.to_owned(),
        environment.retain_on_delete,
    )
}

/// The ARNs of the roles of teams with a permission in this environment; with `None`, of all teams.
pub(crate) fn roles_with(
    names: Names<'_>,
    environment: &Environment,
    permission: Option<EnvironmentPermission>,
) -> Vec<String> {
    environment
        .teams
        .iter()
        .filter(|team| permission.is_none_or(|permission| team.permissions.contains(&permission)))
        .map(|team| names.team_role_arn(environment, team))
        .collect()
}

#[cfg(test)]
mod tests {
    use lakewright_template::StackKind;

    use super::*;
    use crate::testing::{
        DEV, LAB, TENANT, condition, environment, lowered, mesh, named, resources, with_permissions,
    };

    /// An environment in the account and region of `dev`, with an id before it.
    const AGE: &str = r#"kind: Environment
id: age
organization: org
account: "222222222222"
region: eu-west-1
team: Owners
resource_prefix: age
"#;

    // "Lake Formation" and "Query results" in `docs/stacks/environment.md`.

    #[test]
    fn the_settings_of_an_account_and_region_have_one_owner_among_those_with_datasets() {
        let owner = |documents: &[&str]| {
            let mesh = mesh(documents);
            let place = Names::place(environment(&mesh, "dev"));
            let owners: Vec<String> = mesh
                .environments
                .values()
                .filter(|one| Names::place(one) == place && has_settings(Names::new(&mesh), one))
                .map(|one| one.header.id.to_string())
                .collect();
            owners.join(" ")
        };
        assert_eq!(owner(&[TENANT, DEV, LAB]), "dev");
        assert_eq!(owner(&[TENANT, DEV, AGE]), "age", "the first by id");
        let off = "features: { datasets: false }\n";
        assert_eq!(owner(&[TENANT, DEV, &format!("{AGE}{off}")]), "dev");
        assert_eq!(owner(&[TENANT, &format!("{DEV}{off}")]), "");
    }

    #[test]
    fn administrators_are_the_roles_that_grant_revoke_and_list_and_no_teams() {
        let mesh = mesh(&[TENANT, DEV, AGE, LAB]);
        let names = Names::new(&mesh);
        let admins = administrators(names, &Names::place(environment(&mesh, "dev")));
        let mut arns: Vec<&str> = admins.iter().map(|(arn, _)| arn.as_str()).collect();
        let role = |name: &str| format!("arn:aws:iam::222222222222:role/{name}");
        let mut expected = vec![
            role("age-execution-eu-west-1"),
            role("age-deploy-eu-west-1"),
            role("lakewright-execution-eu-west-1"),
            role("lakewright-deploy-eu-west-1"),
            names.pivot_role_arn(environment(&mesh, "age")),
            names.pivot_role_arn(environment(&mesh, "dev")),
        ];
        arns.sort_unstable();
        expected.sort();
        assert_eq!(arns, expected);
    }

    #[test]
    fn results_are_decrypted_by_teams_with_workgroups_alone() {
        let mesh = mesh(&[TENANT, &with_permissions(DEV, "create_share")]);
        let template = lowered(&mesh, StackKind::Environment, "dev").template;
        let keys = resources(&template, "AWS::KMS::Key");
        let policy = keys[0].properties.get("KeyPolicy").expect("a policy");
        let teams = named(policy, "ObjectsByTeams");
        let dev = environment(&mesh, "dev");
        let owners = Names::new(&mesh).team_role_arn(dev, &dev.teams[0]);
        let roles = condition(teams, "ArnEquals", "aws:PrincipalArn");
        assert_eq!(
            roles,
            BTreeSet::from([owners.as_str()]),
            "the environment's own team has all permissions"
        );
        let context = "kms:EncryptionContext:aws:s3:arn";
        let bucket = bucket_arn(&Names::place(dev), &Names::new(&mesh).results_bucket(dev));
        // "Reducing the cost of SSE-KMS with Amazon S3 Bucket Keys": the context is the bucket's ARN.
        assert_eq!(condition(teams, "StringEquals", context), BTreeSet::from([bucket.as_str()]));
    }

    #[test]
    fn a_feature_that_is_off_has_nothing_in_the_stack() {
        let off = "features: { datasets: false, worksheets: false }\n";
        let mesh = mesh(&[TENANT, &format!("{DEV}{off}")]);
        let template = lowered(&mesh, StackKind::Environment, "dev").template;
        let kinds: BTreeSet<&str> =
            template.resources.values().map(|resource| &*resource.kind).collect();
        let left = [
            "AWS::Events::Rule",
            "AWS::IAM::Role",
            "AWS::IAM::RolePolicy",
            "AWS::S3::Bucket",
            "AWS::S3::BucketPolicy",
        ];
        assert_eq!(kinds, BTreeSet::from(left));
    }
}
