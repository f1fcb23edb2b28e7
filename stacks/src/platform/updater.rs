//! The updater: one build for each account and region refreshes its stacks.

use lakewright_constructs::bucket::{
    Bucket, BucketTraffic as _, Encryption, Lifecycle, bucket_arn,
};
use lakewright_constructs::cfn::{logs, stepfunctions};
use lakewright_constructs::delivery::{Build, BuildSource, log_group};
use lakewright_constructs::key::Key;
use lakewright_constructs::role::{
    Policies, Receives as _, Role, RoleHandle, Trust, principal_is, session_tags,
};
use lakewright_policies::actions::LOG_WRITE;
use lakewright_policies::condition::{Comparison, Condition};
use lakewright_policies::service::Service;
use lakewright_policies::{Conditions, Principal, Statement};
use lakewright_synth::{Grant, Grants, Options, Scope, Target};
use lakewright_template::{DeletionPolicy, Expr, Text, Value};

use super::{TARGET, machine};
use crate::Names;
use crate::bootstrap::session;

/// The build commands. The source is a zip file with the mesh and the program, uploaded with each release of the mesh,
/// next to the list of accounts and regions.
///
/// A build ends after 60 minutes ([`Build`]), so a run waits at most 10 minutes for another one, and starts nothing after
/// 45. The project has no artifacts, so the report goes to the build's log, also after a failure. Source: "Build
/// specification reference for CodeBuild", `finally`.
const BUILD_SPEC: &str = "\
version: 0.2
phases:
  build:
    commands:
      - chmod +x lakewright
      - ./lakewright refresh mesh --place \"$ACCOUNT/$REGION\" --as-of \"$(date -u +%F)\" --wait 10 --minutes 45 --report report.md
    finally:
      - test ! -f report.md || cat report.md
";

/// Retention of the log of the runs, in days.
const LOG_DAYS: i64 = 365;

/// Returns the ARN of the state machine.
pub(super) fn build(scope: &mut Scope<'_>, names: Names<'_>) -> Expr<Text> {
    let place = names.central_place();
    let mut scope = scope.child("Updater");
    let key = scope.add(
        "Key",
        Key {
            description: "The updater's source".to_owned(),
            alias: names.platform("updater"),
            target: TARGET.to_owned(),
            statements: vec![by_deployers(
                names,
                "DeployersEncrypt",
                &["kms:Decrypt", "kms:GenerateDataKey"],
                &["*".to_owned()],
            )],
            retain: false,
        },
    );
    let objects = ["updater.zip", machine::PLACES]
        .map(|file| format!("{}/{file}", bucket_arn(&place, &names.platform("updater"))));
    let logs = scope.add(
        "SourceLogs",
        Bucket::of_access_logs(
            &place,
            names.platform("access-logs"),
            bucket_arn(&place, &names.platform("updater")),
            TARGET.to_owned(),
            true,
        ),
    );
    let bucket = scope.add(
        "Source",
        Bucket {
            name: names.platform("updater"),
            encryption: Encryption::Kms(key.clone()),
            access_logs: Some(logs.name()),
            lifecycle: vec![Lifecycle::Expire { prefix: "logs/", days: 90 }],
            // These files run as the deploy roles, so only the deployers may write them.
            statements: vec![by_deployers(
                names,
                "DeployersUpload",
                &["s3:GetObject", "s3:PutObject"],
                &objects,
            )],
            target: TARGET.to_owned(),
            retain: true,
            access_points: None,
            events: None,
        },
    );
    let builder = scope
        .add("BuildRole", role(names, "updater-build", Service::CODEBUILD, "Refreshes stacks"));
    scope.grant(bucket.grant_read(&builder));
    builder_grants(&mut scope, names, &builder);
    let project_name = names.platform("updater");
    scope.add(
        "Build",
        Build {
            name: project_name.clone(),
            description: "Refreshes the stacks of one account and region".to_owned(),
            role: builder,
            key: key.clone(),
            build_spec: BUILD_SPEC.to_owned(),
            variables: Vec::new(),
            source: BuildSource::S3(format!("{}/updater.zip", names.platform("updater"))),
        },
    );
    let runner = scope.add(
        "MachineRole",
        role(names, "updater-run", Service::STEP_FUNCTIONS, "Runs the updater"),
    );
    runner_grants(&mut scope, names, &runner, &project_name);
    let [_, places] = objects;
    scope.grant(Grants(vec![grant(names, "Places", &runner, &["s3:GetObject"], vec![places])]));
    scope.grant(key.grant_decrypt_via(&runner, &["s3"], &place.region));
    let definition = machine::definition(&place, &project_name, &names.platform("updater"));
    let machine = stepfunctions::StateMachine {
        state_machine_name: Some(names.platform("updater").into()),
        state_machine_type: Some("STANDARD".into()),
        role_arn: Some(runner.arn()),
        definition: Some(definition.into()),
        logging_configuration: Some(log(&mut scope, names)),
        ..stepfunctions::StateMachine::default()
    };
    let after = runner.policy().into_iter().collect();
    let options = Options { after_policies: after, ..Options::default() };
    let machine = scope.child("Machine").resource(machine, options);
    machine.attribute(&stepfunctions::StateMachine::ARN).into()
}

/// The log of the state machine's runs: every event, without input and output.
///
/// With this name prefix, the account's resource policy for log delivery need not name the group. Source: "Avoiding
/// Amazon CloudWatch Logs resource policy size restrictions" in the Step Functions guide.
fn log(scope: &mut Scope<'_>, names: Names<'_>) -> stepfunctions::StateMachineLoggingConfiguration {
    let group = logs::LogGroup {
        log_group_name: Some(
            format!("/aws/vendedlogs/states/{}", names.platform("updater")).into(),
        ),
        retention_in_days: Some(LOG_DAYS.into()),
        ..logs::LogGroup::default()
    };
    let options = Options { deletion: Some(DeletionPolicy::Delete), ..Options::default() };
    let group = scope.child("Log").resource(group, options);
    // Step Functions requires all streams of the group. The attribute has that form: `log-group:NAME:*`.
    let arn: Expr<Text> = group.attribute(&logs::LogGroup::ARN).into();
    let destination = stepfunctions::StateMachineLogDestination {
        cloud_watch_logs_log_group: Some(stepfunctions::StateMachineCloudWatchLogsLogGroup {
            log_group_arn: Some(arn),
        }),
    };
    stepfunctions::StateMachineLoggingConfiguration {
        destinations: Some(vec![destination]),
        include_execution_data: Some(false.into()),
        level: Some("ALL".into()),
    }
}

/// The permissions of the deployers. Their roles may be created after this stack, so the statement names their account
/// and limits it to them by a condition. Their own policies must also allow the actions.
fn by_deployers(
    names: Names<'_>,
    sid: &'static str,
    actions: &[&'static str],
    resources: &[String],
) -> Statement {
    let place = names.central_place();
    let roles: Vec<String> = names.tenant().deployers.iter().map(ToString::to_string).collect();
    Statement::allow(sid, actions.iter().copied(), resources.iter().cloned())
        .for_principals([Principal::Aws(place.root_arn(&place.account).into())])
        .when(Conditions::none().with(principal_is(&roles)))
}

/// A role of the updater.
pub(super) fn role(names: Names<'_>, part: &str, service: Service, what: &str) -> Role {
    Role {
        name: names.platform(part),
        description: what.to_owned(),
        grantee: format!("platform/{part}"),
        trust: vec![Trust::Service(service)],
        policies: Policies::Inline("updater".to_owned()),
        boundary: Some(names.central_boundary_arn()),
        tags: Vec::new(),
    }
}

/// A grant to a role of the updater.
pub(super) fn grant(
    names: Names<'_>,
    sid: &str,
    to: &RoleHandle,
    actions: &[&'static str],
    resources: Vec<String>,
) -> Grant {
    Grant {
        sid: sid.to_owned(),
        grantee: to.grantee().clone(),
        access: "work",
        target: Target {
            name: TARGET.to_owned(),
            account: names.central_place().account,
            policy: None,
        },
        actions: actions.to_vec(),
        resources: resources.iter().cloned().map(Value::from).collect(),
        own_resources: Vec::new(),
        known_resources: resources,
        conditions: Conditions::none(),
    }
}

/// Grants assuming the mesh's deploy roles, and writing the build's own logs.
///
/// The roles are listed by name, in any account: a list of accounts is unlimited, and an inline policy has at most
/// 10,240 characters. This is as narrow as a list. Each role's trust policy names this role and requires the external
/// id, without which this statement allows nothing; and a role of that name in an account outside of the mesh has no
/// access to the mesh. The organization's id is unknown here, and an account sets its roles' tags itself, so neither
/// would restrict access further.
fn builder_grants(scope: &mut Scope<'_>, names: Names<'_>, builder: &RoleHandle) {
    let place = names.central_place();
    let group = log_group(&names.platform("updater"));
    let group = place.arn("logs", &format!("log-group:{group}"));
    let roles: Vec<String> = names.deploy_roles_anywhere().into_iter().collect();
    let deploy = grant(names, "Deploy", builder, &["sts:AssumeRole"], roles.clone());
    // The role of each account restricts the tags in its trust policy in the same way.
    let (keys, required) = session::tags(names);
    let tags = Grant {
        conditions: session_tags(&keys, &required),
        ..grant(names, "DeployTags", builder, &["sts:TagSession"], roles)
    };
    let with_external_id = Conditions::none().with(Condition::new(
        Comparison::StringEquals,
        "sts:ExternalId",
        names.tenant().pivot_role.external_id.clone(),
    ));
    scope.grant(Grants(vec![
        grant(names, "Logs", builder, &LOG_WRITE, vec![group.clone(), format!("{group}:*")]),
        Grant { conditions: with_external_id, ..deploy },
        tags,
    ]));
}

/// Grants starting builds of the updater, and watching them through the rule that Step Functions manages.
///
/// Source: "IAM policies for calling CodeBuild", "Distributed Map" in the Step Functions guide.
fn runner_grants(scope: &mut Scope<'_>, names: Names<'_>, runner: &RoleHandle, project: &str) {
    let place = names.central_place();
    let builds = ["codebuild:BatchGetBuilds", "codebuild:StartBuild", "codebuild:StopBuild"];
    let machine = names.platform("updater");
    let watch = ["events:DescribeRule", "events:PutRule", "events:PutTargets"];
    let rule = place.arn("events", "rule/StepFunctionsGetEventForCodeBuildStartBuildRule");
    scope.grant(Grants(vec![
        grant(
            names,
            "Builds",
            runner,
            &builds,
            vec![place.arn("codebuild", &format!("project/{project}"))],
        ),
        grant(names, "WatchBuilds", runner, &watch, vec![rule]),
        grant(
            names,
            "MapRuns",
            runner,
            &["states:StartExecution"],
            vec![place.arn("states", &format!("stateMachine:{machine}"))],
        ),
        grant(
            names,
            "MapRunsWatch",
            runner,
            &["states:DescribeExecution", "states:StopExecution"],
            // The ARNs of a map run's child executions contain the map's label after a slash.
            vec![
                place.arn("states", &format!("execution:{machine}/*")),
                place.arn("states", &format!("execution:{machine}:*")),
            ],
        ),
        grant(names, "LogDelivery", runner, &LOG_DELIVERY, vec!["*".to_owned()]),
    ]));
}

/// The actions that a state machine's role needs for its log. None of them has resource types.
///
/// Source: "Using CloudWatch Logs to log execution history in Step Functions" in the Step Functions guide, "IAM
/// Policies for logging to CloudWatch Logs". Actions of that list that write streams and events are left out, because
/// the log delivery service performs them itself.
const LOG_DELIVERY: [&str; 8] = [
    "logs:CreateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies",
    "logs:GetLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:UpdateLogDelivery",
];
