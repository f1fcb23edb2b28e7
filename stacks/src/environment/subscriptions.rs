//! Notifications. Each team publishes to its own topic, which the team's stack creates. The platform receives
//! these messages from a queue and notifies consumers through another topic. An imported topic sends to the same
//! queue.

use lakewright_constructs::cfn::sns;
use lakewright_constructs::key::{Key, delegated_use};
use lakewright_constructs::messaging::{Queue, Topic, from_topics, queue_arn, topic_arn};
use lakewright_constructs::role::{ImportedRole, Receives as _, principal_is};
use lakewright_manifest::mesh::{Environment, Tenant};
use lakewright_policies::condition::Condition;
use lakewright_policies::service::Service;
use lakewright_policies::{Conditions, Principal, Statement};
use lakewright_synth::{Grantee, Options, Record, Scope};
use lakewright_template::Expr;
use lakewright_template::arn::ArnParts;
use lakewright_template::place::Place;

use super::roles_with;
use crate::Names;

/// Actions to encrypt and decrypt messages.
const MESSAGE_KEY_USE: [&str; 2] = ["kms:Decrypt", "kms:GenerateDataKey"];

pub(super) fn build(scope: &mut Scope<'_>, names: Names<'_>, environment: &Environment) {
    let place = Names::place(environment);
    let target = format!("environment/{}", environment.header.id);
    let mut scope = scope.child("Subscriptions");
    let imported = environment.producers_topic.as_ref();
    let of_teams = topic_arn(&place, &names.every_producers(environment));
    let producers: Vec<String> =
        imported.map(ToString::to_string).into_iter().chain([of_teams]).collect();
    let platform = platform(names.tenant(), &place);
    let platform_roles = Conditions::none().with(platform_condition(names.tenant()));
    let key = scope.add("Key", key(names, environment, &producers, &target));
    let dead_letters = scope.add(
        "DeadLetters",
        Queue {
            name: names.subscription(environment, "dead-letters"),
            key: key.id(),
            dead_letters: None,
            failures_of: vec![queue_arn(&place, &names.subscription(environment, "producers"))],
            topics: Vec::new(),
            events_of: None,
            target: target.clone(),
        },
    );
    let queue = scope.add(
        "Queue",
        Queue {
            name: names.subscription(environment, "producers"),
            key: key.id(),
            dead_letters: Some(dead_letters.arn()),
            failures_of: Vec::new(),
            topics: producers.clone(),
            events_of: None,
            target: target.clone(),
        },
    );
    if let Some(topic) = imported {
        let subscription = sns::Subscription {
            topic_arn: Some(Expr::known_arn(topic.to_string())),
            protocol: Some("sqs".into()),
            endpoint: Some(queue.arn().into()),
            region: ArnParts::parse(topic.as_str()).map(|arn| arn.region.to_owned().into()),
            ..sns::Subscription::default()
        };
        scope.child("Subscription").resource(subscription, Options::default());
    }
    let consumers =
        scope.add("Consumers", topic_for(names, environment, "consumers", &key.id(), &target));
    scope.grant(queue.grant_consume(&platform, platform_roles.clone()));
    scope.grant(dead_letters.grant_consume(&platform, platform_roles.clone()));
    scope.grant(consumers.grant_publish(&platform, platform_roles));
    record_deliveries(&mut scope, &place, &producers, &target, names, environment);
}

fn topic_for(
    names: Names<'_>,
    environment: &Environment,
    part: &str,
    key: &Expr<lakewright_template::Name<lakewright_constructs::cfn::kms::Key>>,
    target: &str,
) -> Topic {
    Topic {
        name: names.subscription(environment, part),
        key: key.clone(),
        target: target.to_owned(),
        publishers: Vec::new(),
    }
}

/// The platform's account. Its roles may be created and deleted at any time, so policies name the account and
/// limit it to the roles by a condition.
fn platform(tenant: &Tenant, place: &Place) -> Grantee {
    let account = tenant.central_account.clone();
    let (arn, name) = (place.root_arn(&account), format!("account/{account}"));
    let root = ImportedRole::new(account, &arn, &name);
    root.grantee().clone()
}

fn platform_condition(tenant: &Tenant) -> Condition {
    let roles: Vec<String> =
        tenant.pivot_role.trusted_roles.iter().map(ToString::to_string).collect();
    principal_is(&roles)
}

fn key(names: Names<'_>, environment: &Environment, producers: &[String], target: &str) -> Key {
    let place = Names::place(environment);
    let sns = Statement::allow("TopicsEncrypt", MESSAGE_KEY_USE, ["*"])
        .for_principals([Principal::Service(Service::SNS.principal.into())])
        .when(from_topics(&place.account, producers));
    let platform = Statement::allow("PlatformReads", MESSAGE_KEY_USE, ["*"])
        .for_principals([Principal::Aws(
            place.root_arn(names.tenant().central_account.as_str()).into(),
        )])
        .when(Conditions::none().with(platform_condition(names.tenant())));
    let teams = delegated_use(&place, &roles_with(names, environment, None), &["sns", "sqs"]);
    Key {
        description: format!("Subscriptions of environment {}", environment.header.id),
        alias: names.subscription(environment, "subscriptions"),
        target: target.to_owned(),
        statements: vec![platform, sns, teams],
        retain: false,
    }
}

fn record_deliveries(
    scope: &mut Scope<'_>,
    place: &Place,
    producers: &[String],
    target: &str,
    names: Names<'_>,
    environment: &Environment,
) {
    let queue = lakewright_constructs::messaging::queue_arn(
        place,
        &names.subscription(environment, "producers"),
    );
    scope.record(Record {
        principal: format!("service/{}", Service::SNS.principal),
        principal_arn: Service::SNS.principal.to_owned(),
        access: "deliver",
        resource: target.to_owned(),
        actions: vec!["sqs:SendMessage".into()],
        resources: vec![queue],
        conditions: from_topics(&place.account, producers)
            .lines(|value| value.as_text().map(str::to_owned)),
    });
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use lakewright_template::{StackKind, Template, Value};

    use super::*;
    use crate::testing::{
        DEV, TENANT, condition, environment, lowered, mesh, named, resources, texts,
    };

    const ON: &str = "features: { subscriptions: true }\n";
    const TOPIC: &str =
        "subscriptions: { producers_topic: \"arn:aws:sns:eu-west-1:222222222222:imported\" }\n";

    fn template(lines: &str) -> Template {
        let mesh = mesh(&[TENANT, &format!("{DEV}{ON}{lines}")]);
        lowered(&mesh, StackKind::Environment, "dev").template
    }

    /// The policies of queues that let somebody send.
    fn sending(template: &Template) -> Vec<&Value> {
        let all = resources(template, "AWS::SQS::QueuePolicy").into_iter();
        let all = all.filter_map(|policy| policy.properties.get("PolicyDocument"));
        all.filter(|policy| {
            let statements = crate::testing::statements(policy);
            statements.iter().any(|one| texts(one, "Action").contains("sqs:SendMessage"))
        })
        .collect()
    }

    // "Subscriptions" in `docs/stacks/environment.md`.

    #[test]
    fn the_queue_takes_messages_of_teams_topics_and_of_an_imported_one_alone() {
        let mesh = mesh(&[TENANT, DEV]);
        let names = Names::new(&mesh);
        let of_teams = names.every_producers(environment(&mesh, "dev"));
        let of_teams = format!("arn:aws:sns:eu-west-1:222222222222:{of_teams}");
        let sources = |lines: &str| -> Vec<String> {
            let template = template(lines);
            let [policy] = sending(&template)[..] else { unreachable!("one queue") };
            let sends = named(policy, "TopicSends");
            // "Subscribing an Amazon SQS queue to an Amazon SNS topic": the topic is the source.
            let account = condition(sends, "StringEquals", "aws:SourceAccount");
            assert_eq!(account, BTreeSet::from(["222222222222"]));
            let from = condition(sends, "ArnLike", "aws:SourceArn");
            from.into_iter().map(str::to_owned).collect()
        };
        assert_eq!(sources(""), [of_teams.as_str()]);
        assert_eq!(
            sources(TOPIC),
            ["arn:aws:sns:eu-west-1:222222222222:imported", of_teams.as_str()]
        );
    }

    #[test]
    fn the_platforms_trusted_roles_read_the_queues_and_publish_to_consumers() {
        let template = template("");
        let queues = resources(&template, "AWS::SQS::QueuePolicy");
        let topics = resources(&template, "AWS::SNS::TopicPolicy");
        assert_eq!((queues.len(), topics.len()), (2, 1));
        for (policies, sid) in [(queues, "Consume"), (topics, "Publish")] {
            for policy in policies {
                let document = policy.properties.get("PolicyDocument").expect("a policy");
                let roles = condition(named(document, sid), "ArnEquals", "aws:PrincipalArn");
                assert_eq!(roles, BTreeSet::from(["arn:aws:iam::111111111111:role/platform"]));
                named(document, "DenyWithoutTls");
            }
        }
    }

    #[test]
    fn only_an_imported_topic_is_subscribed_to_here() {
        let count = |lines: &str| resources(&template(lines), "AWS::SNS::Subscription").len();
        assert_eq!((count(""), count(TOPIC)), (0, 1));
    }
}
