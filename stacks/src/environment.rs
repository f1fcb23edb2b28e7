//! The `environment` stack: what the teams of an account and region share.

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
            // Results of queries lay here before they had a bucket of their own.
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

/// The bucket for results of queries, which hold what the tables hold: so they have a key as the tables do, and no
/// role but those of teams with workgroups has a use for it.
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
    // A condition without values is none that AWS takes.
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

/// The environment whose stack has the settings of an account and region: there is one list of administrators for all
/// of its environments, and so one owner of it, the first by id.
pub(crate) fn owner_of_settings<'m>(names: Names<'m>, place: &Place) -> Option<&'m Environment> {
    let mut with_data = names.environments().filter(|other| other.features.datasets);
    with_data.find(|other| Names::place(other) == *place)
}

fn has_settings(names: Names<'_>, environment: &Environment) -> bool {
    owner_of_settings(names, &Names::place(environment))
        .is_some_and(|owner| owner.header.id == environment.header.id)
}

/// The administrators of Lake Formation that an account and region needs: whoever gives permissions, whoever takes
/// away what AWS gives by itself, and whoever lists them.
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

/// The ARNs of the roles of the teams that have a permission here.
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
