//! Sends failures of the mesh's crawlers, jobs, pipelines and stacks to the platform.

use lakewright_constructs::cfn::events;
use lakewright_constructs::role::{Policies, Receives as _, Role, Trust};
use lakewright_manifest::mesh::Environment;
use lakewright_policies::service::Service;
use lakewright_synth::{Grant, Grants, Options, Scope, Target};
use lakewright_template::{Map, Value};

use crate::{Names, platform};

pub(super) fn build(scope: &mut Scope<'_>, names: Names<'_>, environment: &Environment) {
    let mut scope = scope.child("Failures");
    let role = scope.add(
        "Role",
        Role {
            name: names.failure_role(environment),
            description: "Tells the platform of failures".to_owned(),
            grantee: format!("failure-role/{}", environment.header.id),
            trust: vec![Trust::Service(Service::EVENTS)],
            policies: Policies::Inline("failures".to_owned()),
            boundary: Some(Names::boundary_arn(environment)),
            tags: Vec::new(),
        },
    );
    let bus = platform::bus_arn(names);
    scope.grant(Grants(vec![Grant {
        sid: "TellPlatform".to_owned(),
        grantee: role.grantee().clone(),
        access: "publish",
        target: Target {
            name: "platform".to_owned(),
            account: names.central_place().account,
            policy: None,
        },
        actions: vec!["events:PutEvents"],
        resources: vec![bus.clone().into()],
        own_resources: Vec::new(),
        known_resources: vec![bus.clone()],
        // If the bus admits an organization, an account that has left it cannot send.
        conditions: platform::in_organization(names),
    }]));
    let prefix = format!("{}-", environment.resource_prefix);
    for (id, pattern) in patterns(&prefix, environment) {
        let failed = events::Rule {
            name: Some(names.failure_rule(environment, id).into()),
            event_pattern: Some(pattern.into()),
            state: Some("ENABLED".into()),
            targets: Some(vec![events::RuleTarget {
                id: Some("platform".into()),
                arn: Some(bus.clone().into()),
                role_arn: Some(role.arn()),
                ..events::RuleTarget::default()
            }]),
            ..events::Rule::default()
        };
        scope.child("Rule").child(id).resource(failed, Options::default());
    }
}

/// The event patterns of failures, for each source. Names must begin with the prefix.
fn patterns(prefix: &str, environment: &Environment) -> Vec<(&'static str, Map)> {
    let begins = |text: &str| Value::List(vec![Map::new().with("prefix", text.to_owned()).into()]);
    let any_of = |values: &[&'static str]| -> Value {
        Value::List(values.iter().map(|value| (*value).into()).collect())
    };
    let of = |source: &'static str, kind: &'static str, detail: Map| {
        Map::new()
            .with("detail", detail)
            .with("detail-type", any_of(&[kind]))
            .with("source", any_of(&[source]))
    };
    let place = Names::place(environment);
    let stacks = place.arn("cloudformation", &format!("stack/{prefix}"));
    let failed = any_of(&[
        "CREATE_FAILED",
        "DELETE_FAILED",
        "ROLLBACK_COMPLETE",
        "ROLLBACK_FAILED",
        "UPDATE_ROLLBACK_COMPLETE",
        "UPDATE_ROLLBACK_FAILED",
    ]);
    vec![
        (
            "Crawlers",
            of(
                "aws.glue",
                "Glue Crawler State Change",
                Map::new().with("crawlerName", begins(prefix)).with("state", any_of(&["Failed"])),
            ),
        ),
        (
            "Jobs",
            of(
                "aws.glue",
                "Glue Job State Change",
                Map::new()
                    .with("jobName", begins(prefix))
                    .with("state", any_of(&["FAILED", "TIMEOUT"])),
            ),
        ),
        (
            "Pipelines",
            of(
                "aws.codepipeline",
                "CodePipeline Pipeline Execution State Change",
                Map::new().with("pipeline", begins(prefix)).with("state", any_of(&["FAILED"])),
            ),
        ),
        (
            "Stacks",
            of(
                "aws.cloudformation",
                "CloudFormation Stack Status Change",
                Map::new()
                    .with("stack-id", begins(&stacks))
                    .with("status-details", Map::new().with("status", failed)),
            ),
        ),
    ]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use lakewright_template::StackKind;
    use lakewright_template::write::value_to_compact_json;

    use super::*;
    use crate::testing::{DEV, TENANT, allowed, environment, lowered, mesh};

    // The failure role and its rules in `docs/stacks/environment.md`.

    #[test]
    fn failures_are_told_of_what_begins_with_the_prefix_alone() {
        let mesh = mesh(&[TENANT, DEV]);
        let all = patterns("lakewright-", environment(&mesh, "dev"));
        assert_eq!(all.len(), 4);
        for (id, pattern) in all {
            let detail = value_to_compact_json(pattern.get("detail").expect("a detail"));
            let begins = match id {
                "Stacks" => "arn:aws:cloudformation:eu-west-1:222222222222:stack/lakewright-",
                _ => "lakewright-",
            };
            // "Comparison operators for use in event patterns" in the EventBridge user guide.
            let matched = format!(r#"[{{"prefix":"{begins}"}}]"#);
            assert!(detail.contains(&matched), "{id}: {detail}");
        }
    }

    #[test]
    fn each_status_of_a_stack_that_went_wrong_is_told_and_no_other_one() {
        let mesh = mesh(&[TENANT, DEV]);
        let all = patterns("lakewright-", environment(&mesh, "dev"));
        let (_, pattern) = all.iter().find(|(id, _)| *id == "Stacks").expect("a rule for stacks");
        let text = value_to_compact_json(&pattern.clone().into());
        // "Stack status codes" in the CloudFormation user guide.
        for failed in [
            "CREATE_FAILED",
            "DELETE_FAILED",
            "ROLLBACK_COMPLETE",
            "ROLLBACK_FAILED",
            "UPDATE_ROLLBACK_COMPLETE",
            "UPDATE_ROLLBACK_FAILED",
        ] {
            assert!(text.contains(&format!("\"{failed}\"")), "{failed}");
        }
        for fine in ["CREATE_COMPLETE", "UPDATE_COMPLETE", "DELETE_COMPLETE", "UPDATE_IN_PROGRESS"]
        {
            assert!(!text.contains(&format!("\"{fine}\"")), "{fine}");
        }
    }

    #[test]
    fn the_role_puts_events_and_can_do_nothing_else() {
        let mesh = mesh(&[TENANT, DEV]);
        let template = lowered(&mesh, StackKind::Environment, "dev").template;
        assert_eq!(allowed(&template), BTreeSet::from(["events:PutEvents"]));
    }
}
