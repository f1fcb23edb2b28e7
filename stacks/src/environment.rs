//! The `environment` stack: what the teams of an account and region share.

mod failures;
mod studio;
mod subscriptions;

use lakewright_constructs::bucket::{Bucket, Encryption, Lifecycle, bucket_arn};
use lakewright_constructs::cfn::quicksight;
use lakewright_constructs::lakeformation::Settings;
use lakewright_manifest::Mesh;
use lakewright_manifest::mesh::{Environment, EnvironmentPermission};
use lakewright_policies::condition::{Comparison, Condition};
use lakewright_policies::service::Service;
use lakewright_policies::{Principal, Statement};
use lakewright_synth::{Options, Scope};
use lakewright_template::assembly::AssetMoment;

use crate::Names;
use crate::asset::Asset;

/// Days that access logs are kept.
const LOG_DAYS: i64 = 365;
/// Days that query results are kept.
const RESULT_DAYS: i64 = 30;

/// The profiling job of every dataset, which reads its script from the environment's bucket.
const PROFILE: &str = include_str!("environment/profile.py");

pub(crate) fn build(
    scope: &mut Scope<'_>,
    mesh: &Mesh,
    names: Names<'_>,
    environment: &Environment,
) -> Vec<Asset> {
    let target = format!("environment/{}", environment.header.id);
    let logs = scope.add("LogBucket", log_bucket(names, environment, &target));
    scope.add(
        "Bucket",
        Bucket {
            name: names.environment_bucket(environment),
            encryption: Encryption::S3Managed,
            access_logs: Some(logs.name()),
            lifecycle: vec![Lifecycle::Expire { prefix: "athenaqueries/", days: RESULT_DAYS }],
            statements: Vec::new(),
            target: target.clone(),
            retain: environment.retain_on_delete,
            access_points: None,
        },
    );
    if environment.features.datasets {
        let bootstrap = Names::bootstrap_id(&Names::place(environment));
        let admins = vec![
            (names.execution_role_arn(environment), format!("execution-role/{bootstrap}")),
            (names.pivot_role_arn(environment), format!("pivot-role/{}", environment.header.id)),
        ];
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
        subscriptions::build(scope, mesh, names, environment);
    }
    if let Some(vpc) = &environment.studio_vpc {
        studio::build(scope, names, environment, vpc);
    }
    if !environment.features.datasets {
        return Vec::new();
    }
    let bucket = names.environment_bucket(environment);
    vec![Asset::new(
        PROFILE.as_bytes().into(),
        "py",
        bucket,
        |_| "profiling/code/profile.py".to_owned(),
        AssetMoment::AfterStack,
    )]
}

fn log_bucket(names: Names<'_>, environment: &Environment, target: &str) -> Bucket {
    let place = Names::place(environment);
    let name = names.log_bucket(environment);
    let delivery = Statement::allow(
        "AccessLogs",
        ["s3:PutObject"],
        [format!("{}/access-logs/*", bucket_arn(&place, &name))],
    )
    .for_principals([Principal::Service(Service::S3_LOGGING.principal.into())])
    .when(Service::S3_LOGGING.acting_for(&place.account).with(Condition::new(
        Comparison::ArnLike,
        "aws:SourceArn",
        bucket_arn(&place, &format!("{}-*", environment.resource_prefix)),
    )));
    Bucket {
        name,
        // S3 delivers access logs to buckets with SSE-S3 only.
        encryption: Encryption::S3Managed,
        access_logs: None,
        lifecycle: vec![Lifecycle::Expire { prefix: "", days: LOG_DAYS }],
        statements: vec![delivery],
        target: target.to_owned(),
        retain: environment.retain_on_delete,
        access_points: None,
    }
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
