//! When the updater runs, and the alarms about its runs.

use lakewright_constructs::cfn::{cloudwatch, scheduler};
use lakewright_constructs::messaging::TopicHandle;
use lakewright_manifest::mesh::Maintenance;
use lakewright_policies::service::Service;
use lakewright_synth::{Grants, Options, Scope};
use lakewright_template::{Expr, Text};

use super::updater::{grant, role};
use crate::Names;

/// How a run can end without success: the part of the alarm's name, the metric, and the words in its description.
///
/// Source: "Monitoring Step Functions metrics using Amazon CloudWatch" in the Step Functions guide.
const ENDS: [(&str, &str, &str); 3] = [
    ("updater-failed", "ExecutionsFailed", "failed"),
    ("updater-timed-out", "ExecutionsTimedOut", "took too long"),
    ("updater-aborted", "ExecutionsAborted", "was stopped"),
];

/// The schedule that starts the updater's state machine. During maintenance only administrators change something, so it is
/// off.
pub(super) fn build(scope: &mut Scope<'_>, names: Names<'_>, machine: Expr<Text>) {
    let mut scope = scope.child("Updater");
    let starter = scope.add(
        "ScheduleRole",
        role(names, "updater-start", Service::SCHEDULER, "Starts the updater"),
    );
    let start = ["states:StartExecution"];
    let of_machine = vec![machine_arn(names)];
    scope.grant(Grants(vec![grant(names, "Start", &starter, &start, of_machine)]));
    let tenant = names.tenant();
    let is_on = tenant.updater.enabled && tenant.maintenance == Maintenance::Off;
    let schedule = scheduler::Schedule {
        name: Some(names.platform("updater").into()),
        description: Some("Refreshes the mesh".into()),
        schedule_expression: Some(tenant.updater.schedule.to_string().into()),
        schedule_expression_timezone: Some(tenant.updater.timezone.to_string().into()),
        flexible_time_window: Some(scheduler::ScheduleFlexibleTimeWindow {
            mode: Some("OFF".into()),
            maximum_window_in_minutes: None,
        }),
        state: Some(if is_on { "ENABLED" } else { "DISABLED" }.into()),
        target: Some(scheduler::ScheduleTarget {
            arn: Some(machine),
            role_arn: Some(starter.arn()),
            ..scheduler::ScheduleTarget::default()
        }),
        ..scheduler::Schedule::default()
    };
    let after = starter.policy().into_iter().collect();
    let options = Options { after_policies: after, ..Options::default() };
    scope.child("Schedule").resource(schedule, options);
}

/// An alarm for each way in which a run ends without success. A run fails if an account and region was not refreshed,
/// also if its build was never started.
pub(super) fn alarms(scope: &mut Scope<'_>, names: Names<'_>, topic: &TopicHandle) {
    for (part, metric, words) in ENDS {
        let alarm = cloudwatch::Alarm {
            alarm_name: Some(names.platform(part).into()),
            alarm_description: Some(format!("A refresh of the mesh {words}").into()),
            namespace: Some("AWS/States".into()),
            metric_name: Some(metric.into()),
            dimensions: Some(vec![cloudwatch::AlarmDimension {
                name: Some("StateMachineArn".into()),
                value: Some(machine_arn(names).into()),
            }]),
            statistic: Some("Sum".into()),
            period: Some(300.into()),
            evaluation_periods: Some(1.into()),
            threshold: Some(1.into()),
            comparison_operator: Some("GreaterThanOrEqualToThreshold".into()),
            treat_missing_data: Some("notBreaching".into()),
            alarm_actions: Some(vec![topic.arn().into()]),
            ..cloudwatch::Alarm::default()
        };
        scope.named_child("UpdaterAlarm", metric).resource(alarm, Options::default());
    }
}

/// The ARN of the updater's state machine.
fn machine_arn(names: Names<'_>) -> String {
    names.central_place().arn("states", &format!("stateMachine:{}", names.platform("updater")))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use lakewright_template::{StackKind, Template, Value};

    use crate::testing::{DEV, TENANT, condition, lowered, mesh, named, resources, texts};

    fn template(tenant: &str) -> Template {
        let tenant = TENANT
            .replace("home_region: eu-west-1\n", &format!("home_region: eu-west-1\n{tenant}"));
        lowered(&mesh(&[&tenant, DEV]), StackKind::Platform, "base").template
    }

    fn schedule(tenant: &str) -> [String; 3] {
        let template = template(tenant);
        let found = resources(&template, "AWS::Scheduler::Schedule");
        let [schedule] = found[..] else { unreachable!("one schedule") };
        ["ScheduleExpression", "ScheduleExpressionTimezone", "State"].map(|key| {
            let value = schedule.properties.get(key).and_then(Value::as_text);
            value.expect("a text").to_owned()
        })
    }

    // `updater` and `maintenance` in `docs/mesh.md`.

    #[test]
    fn the_schedule_is_that_of_the_tenant_and_off_in_maintenance() {
        assert_eq!(schedule(""), ["cron(0 1 * * ? *)", "UTC", "ENABLED"]);
        let own = "updater: {schedule: \"cron(30 4 ? * MON-FRI *)\", timezone: Europe/Berlin}\n";
        assert_eq!(schedule(own), ["cron(30 4 ? * MON-FRI *)", "Europe/Berlin", "ENABLED"]);
        for off in
            ["updater: {enabled: false}\n", "maintenance: read_only\n", "maintenance: no_access\n"]
        {
            assert_eq!(schedule(off)[2], "DISABLED", "{off}");
        }
    }

    #[test]
    fn each_end_without_success_is_told_to_the_topic_which_takes_it() {
        let template = template("");
        let alarms = resources(&template, "AWS::CloudWatch::Alarm");
        let metrics = alarms.iter().flat_map(|alarm| texts(&alarm.properties, "MetricName"));
        // "Monitoring Step Functions metrics using Amazon CloudWatch": the executions that did not succeed.
        let expected = ["ExecutionsAborted", "ExecutionsFailed", "ExecutionsTimedOut"];
        assert_eq!(metrics.collect::<BTreeSet<_>>(), BTreeSet::from(expected));
        // "Configuring Amazon SNS permissions" for alarms: the service publishes, and uses the topic's key.
        let policies = resources(&template, "AWS::SNS::TopicPolicy");
        let [policy] = policies[..] else { unreachable!("one topic") };
        let document = policy.properties.get("PolicyDocument").expect("a policy");
        let publishers = crate::testing::statements(document).into_iter().filter(|statement| {
            let principal = statement.get("Principal").and_then(Value::as_map);
            principal.is_some_and(|principal| {
                texts(principal, "Service").contains("cloudwatch.amazonaws.com")
            })
        });
        let publishers: Vec<_> = publishers.collect();
        let [publisher] = publishers[..] else { unreachable!("one statement for alarms") };
        let account = condition(publisher, "StringEquals", "aws:SourceAccount");
        assert_eq!(account, BTreeSet::from(["111111111111"]));
        let keys = resources(&template, "AWS::KMS::Key");
        let policies = keys.iter().filter_map(|key| key.properties.get("KeyPolicy"));
        let mut of_alarms = policies.filter(|policy| {
            let statements = crate::testing::statements(policy);
            statements.iter().any(|one| texts(one, "Sid").contains("AlarmsEncrypt"))
        });
        let policy = of_alarms.next().expect("the topic's key");
        let account =
            condition(named(policy, "AlarmsEncrypt"), "StringEquals", "aws:SourceAccount");
        assert_eq!(account, BTreeSet::from(["111111111111"]));
    }
}
