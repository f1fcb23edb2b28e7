//! A team's topic: the team publishes there what it produces, and the topic identifies the sender.
//!
//! A message's content cannot prove its sender. So each team has its own topic, to which no other team publishes, and
//! the environment's queue receives each message with the ARN of its topic (source: "Amazon SNS message formats",
//! TopicArn). No team's role publishes to an imported topic. A team with an imported role also has a topic: the role's
//! owner lets the role publish there.

use lakewright_constructs::cfn::sns;
use lakewright_constructs::key::ImportedKey;
use lakewright_constructs::messaging::{Topic, queue_arn, topic_arn};
use lakewright_constructs::role::Receives;
use lakewright_manifest::mesh::{Environment, EnvironmentTeam};
use lakewright_policies::Conditions;
use lakewright_policies::condition::{Comparison, Condition};
use lakewright_synth::{Grant, Grants, Options, Scope, Target};
use lakewright_template::Expr;

use crate::Names;

/// The team's topic, with its subscription to the queue. The owner of an imported role lets it publish there.
pub(super) fn topic(
    scope: &mut Scope<'_>,
    names: Names<'_>,
    environment: &Environment,
    team: &EnvironmentTeam,
) {
    if !environment.features.subscriptions {
        return;
    }
    let place = Names::place(environment);
    let target = format!("environment/{}", environment.header.id);
    let alias = names.subscription(environment, "subscriptions");
    let name = names.producers(environment, &team.team);
    let topic = scope.add(
        "Producers",
        Topic {
            name,
            // SNS accepts an alias as well. Source: "CreateTopic" in the SNS API reference, KmsMasterKeyId.
            key: Expr::known_name(format!("alias/{alias}")),
            target,
            publishers: Vec::new(),
        },
    );
    let queue = queue_arn(&place, &names.subscription(environment, "producers"));
    let subscription = sns::Subscription {
        topic_arn: Some(topic.arn()),
        protocol: Some("sqs".into()),
        endpoint: Some(queue.into()),
        ..sns::Subscription::default()
    };
    scope.child("ProducersSubscription").resource(subscription, Options::default());
}

/// The permissions of a team's role for messages.
pub(super) fn grant(
    scope: &mut Scope<'_>,
    names: Names<'_>,
    environment: &Environment,
    team: &EnvironmentTeam,
    role: &impl Receives,
) {
    if !environment.features.subscriptions {
        return;
    }
    let place = Names::place(environment);
    let target = format!("environment/{}", environment.header.id);
    let alias = names.subscription(environment, "subscriptions");
    let producers = topic_arn(&place, &names.producers(environment, &team.team));
    let consumers = topic_arn(&place, &names.subscription(environment, "consumers"));
    let grant = |sid: &str, access, actions: &[&'static str], arn: String, conditions| Grant {
        sid: sid.to_owned(),
        grantee: role.grantee().clone(),
        access,
        target: Target { name: target.clone(), account: place.account.clone(), policy: None },
        actions: actions.to_vec(),
        resources: vec![arn.clone().into()],
        own_resources: Vec::new(),
        known_resources: vec![arn],
        conditions,
    };
    // A subscription outlives the team, so its endpoint must be in this account and region, and cannot be an address.
    let here = place.arn("*", "*");
    let here =
        Conditions::none().with(Condition::new(Comparison::StringLike, "sns:Endpoint", here));
    scope.grant(Grants(vec![
        grant("PublishToProducers", "publish", &["sns:Publish"], producers, Conditions::none()),
        grant("SubscribeToConsumers", "subscribe", &["sns:Subscribe"], consumers, here),
    ]));
    let key = ImportedKey::new(&place, &alias, &target);
    scope.grant(key.grant_use_via(role, &["sns", "sqs"], &place.region));
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use lakewright_template::{Map, StackKind, Template};

    use super::*;
    use crate::testing::{
        DEV, TENANT, condition, environment, lowered, mesh, of_roles, resources, team, texts,
    };

    const ON: &str = "features: { subscriptions: true }\n";

    fn about<'t>(template: &'t Template, action: &str) -> Vec<&'t Map> {
        let all = of_roles(template).into_iter();
        all.filter(|statement| texts(statement, "Action").contains(action)).collect()
    }

    // "Subscriptions" in `docs/stacks/environment.md`, and `docs/stacks/team.md`.

    #[test]
    fn a_team_publishes_to_its_own_topic_alone() {
        let mesh = mesh(&[TENANT, &format!("{DEV}{ON}")]);
        let template = lowered(&mesh, StackKind::Team, "dev/Readers").template;
        let [statement] = about(&template, "sns:Publish")[..] else {
            unreachable!("one statement")
        };
        let own = Names::new(&mesh).producers(environment(&mesh, "dev"), &team("Readers"));
        let arn = format!("arn:aws:sns:eu-west-1:222222222222:{own}");
        assert_eq!(texts(statement, "Resource"), BTreeSet::from([arn.as_str()]));
    }

    #[test]
    fn a_subscription_ends_at_something_of_the_account() {
        let mesh = mesh(&[TENANT, &format!("{DEV}{ON}")]);
        let template = lowered(&mesh, StackKind::Team, "dev/Readers").template;
        let [statement] = about(&template, "sns:Subscribe")[..] else {
            unreachable!("one statement")
        };
        // `sns:Endpoint` in "Actions, resources, and condition keys for Amazon SNS": URL, mail address or ARN of a request.
        let here = "arn:aws:*:eu-west-1:222222222222:*";
        assert_eq!(condition(statement, "StringLike", "sns:Endpoint"), BTreeSet::from([here]));
    }

    #[test]
    fn there_is_no_topic_and_no_right_on_any_without_the_feature() {
        let mesh = mesh(&[TENANT, DEV]);
        let template = lowered(&mesh, StackKind::Team, "dev/Readers").template;
        assert!(resources(&template, "AWS::SNS::Topic").is_empty());
        assert!(about(&template, "sns:Publish").is_empty());
        assert!(about(&template, "sns:Subscribe").is_empty());
    }
}
