//! The `platform` stack, in the central account: who reaches the web pages, who is told of failures,
//! and what is to refresh the mesh.

mod firewall;
mod machine;
mod updater;

use lakewright_constructs::cfn::{events, sns};
use lakewright_constructs::key::Key;
use lakewright_constructs::messaging::{Topic, TopicHandle, topic_arn};
use lakewright_manifest::Mesh;
use lakewright_policies::condition::{Comparison, Condition};
use lakewright_policies::service::Service;
use lakewright_policies::{Conditions, Principal, ResourcePolicy, Statement};
use lakewright_synth::{Options, Record, Scope};
use lakewright_template::{Expr, Map, Value};

use crate::Names;

/// What is named on the command line as the platform's.
const TARGET: &str = "platform";

pub(crate) fn build(scope: &mut Scope<'_>, mesh: &Mesh, names: Names<'_>) {
    firewall::build(scope, mesh, names);
    let topic = alarms(scope, mesh, names);
    bus(scope, mesh, names, &topic);
    updater::build(scope, mesh, names);
}

/// The topic of failures, with a subscription for each address. Each confirms by mail.
fn alarms(scope: &mut Scope<'_>, mesh: &Mesh, names: Names<'_>) -> TopicHandle {
    let place = names.central_place();
    // EventBridge sends no source keys to the key of a topic: the topic stands in the encryption context.
    // Source: "Managing Amazon SNS encryption keys and costs" in the SNS developer guide.
    let for_topic = Conditions::none().with(Condition::new(
        Comparison::StringEquals,
        "kms:EncryptionContext:aws:sns:topicArn",
        topic_arn(&place, &names.platform("alarms")),
    ));
    let mut scope = scope.child("Alarms");
    let key = scope.add(
        "Key",
        Key {
            description: "Alarms of the platform".to_owned(),
            alias: names.platform("alarms"),
            target: TARGET.to_owned(),
            statements: vec![
                Statement::allow("EventsEncrypt", ["kms:Decrypt", "kms:GenerateDataKey"], ["*"])
                    .for_principals([Principal::Service(Service::EVENTS.principal.into())])
                    .when(for_topic),
            ],
            retain: false,
        },
    );
    let topic = scope.add(
        "Topic",
        Topic {
            name: names.platform("alarms"),
            key: key.id(),
            target: TARGET.to_owned(),
            publishers: vec![(
                Service::EVENTS,
                // The ARN has the account in it; EventBridge does not send the account by itself everywhere.
                Conditions::none().with(Condition::new(
                    Comparison::ArnEquals,
                    "aws:SourceArn",
                    rule_arn(names),
                )),
            )],
        },
    );
    for address in &mesh.tenant.alarm_emails {
        let subscription = sns::Subscription {
            topic_arn: Some(topic.arn()),
            protocol: Some("email".into()),
            endpoint: Some(address.to_string().into()),
            ..sns::Subscription::default()
        };
        scope.named_child("Mail", address.as_str()).resource(subscription, Options::default());
    }
    topic
}

/// The name of the bus that environments send failures to.
pub(crate) fn bus_name(names: Names<'_>) -> String {
    names.platform("failures")
}

/// The ARN of that bus.
pub(crate) fn bus_arn(names: Names<'_>) -> String {
    let place = names.central_place();
    format!(
        "arn:{}:events:{}:{}:event-bus/{}",
        place.partition(),
        place.region,
        place.account,
        bus_name(names)
    )
}

/// The bus for failures in every account of the mesh, and the rule that makes mails of them.
fn bus(scope: &mut Scope<'_>, mesh: &Mesh, names: Names<'_>, topic: &TopicHandle) {
    let place = names.central_place();
    let mut accounts: Vec<String> = mesh
        .environments
        .values()
        .map(|environment| environment.account.to_string())
        .filter(|account| *account != place.account)
        .collect();
    accounts.sort();
    accounts.dedup();
    let mut scope = scope.child("Failures");
    let bus = scope.child("Bus").resource(
        events::EventBus {
            name: Some(bus_name(names).into()),
            description: Some("Failures in the accounts of the mesh".into()),
            ..events::EventBus::default()
        },
        Options::default(),
    );
    if !accounts.is_empty() {
        let roots = accounts.iter().map(|account| {
            Principal::Aws(lakewright_constructs::role::root_arn(&place, account).into())
        });
        // EventBridge looks at this policy when a rule gets the bus for its target, and does not say as whom:
        // held to the roles of the rules it could refuse. Each account's own policies say who may put events.
        let put = Statement::allow("AccountsTell", ["events:PutEvents"], [bus_arn(names)])
            .for_principals(roots);
        for account in &accounts {
            scope.record(Record {
                principal: format!("account/{account}"),
                principal_arn: lakewright_constructs::role::root_arn(&place, account),
                access: "delegate",
                resource: TARGET.to_owned(),
                actions: vec!["events:PutEvents".into()],
                resources: vec![bus_arn(names)],
                conditions: Vec::new(),
            });
        }
        let policy = ResourcePolicy::new(vec![put]).expect("a whole statement").into_value();
        let statement =
            policy.as_map().and_then(|policy| policy.get("Statement")).and_then(|statements| {
                match statements {
                    Value::List(statements) => statements.first().cloned(),
                    other => Some(other.clone()),
                }
            });
        let policy = events::EventBusPolicy {
            event_bus_name: Some(bus.name().into()),
            statement_id: Some("AccountsTell".into()),
            statement: statement.map(Expr::unchecked),
            ..events::EventBusPolicy::default()
        };
        scope.child("BusPolicy").resource(policy, Options::default());
    }
    let list =
        |values: &[&'static str]| Value::List(values.iter().map(|value| (*value).into()).collect());
    let pattern =
        Map::new().with("source", list(&["aws.cloudformation", "aws.codepipeline", "aws.glue"]));
    let paths = Map::new()
        .with("account", "$.account")
        .with("detail", "$.detail")
        .with("kind", "$.detail-type")
        .with("region", "$.region");
    let rule = events::Rule {
        name: Some(names.platform("failures").into()),
        description: Some("Failures become mails".into()),
        event_bus_name: Some(bus.name().into()),
        event_pattern: Some(pattern.into()),
        state: Some("ENABLED".into()),
        targets: Some(vec![events::RuleTarget {
            id: Some("alarms".into()),
            arn: Some(topic.arn().into()),
            input_transformer: Some(events::RuleInputTransformer {
                input_paths_map: Some(paths.into()),
                input_template: Some(
                    "\"<kind> in account <account>, region <region>: <detail>\"".into(),
                ),
            }),
            ..events::RuleTarget::default()
        }]),
        ..events::Rule::default()
    };
    scope.child("Rule").resource(rule, Options::default());
}

/// The ARN of the rule that makes mails of failures.
fn rule_arn(names: Names<'_>) -> String {
    let place = names.central_place();
    format!(
        "arn:{}:events:{}:{}:rule/{}/{}",
        place.partition(),
        place.region,
        place.account,
        bus_name(names),
        names.platform("failures")
    )
}
