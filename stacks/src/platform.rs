//! The `platform` stack, in the central account: the firewall of the web pages, the alarms for failures, and the
//! updater that refreshes the mesh.

mod firewall;
mod machine;
mod schedule;
mod updater;

use std::collections::BTreeSet;

use lakewright_constructs::cfn::{events, sns};
use lakewright_constructs::key::Key;
use lakewright_constructs::messaging::{Topic, TopicHandle, topic_arn};
use lakewright_policies::condition::{Comparison, Condition, Operator};
use lakewright_policies::service::Service;
use lakewright_policies::{Conditions, Principal, ResourcePolicy, Statement};
use lakewright_synth::{Options, Record, Scope};
use lakewright_template::{Expr, Map, Value};

use crate::Names;

/// The name of the platform as a target, as on the command line.
const TARGET: &str = "platform";

/// The statement that allows accounts to send to the bus. It keeps its name whatever principals it has: with a new
/// name, old and new statement would exist together for a while, and both count towards the limit.
const TELL: &str = "AccountsTell";

pub(crate) fn build(scope: &mut Scope<'_>, names: Names<'_>) {
    firewall::build(scope, names);
    let topic = alarms(scope, names);
    bus(scope, names, &topic);
    let machine = updater::build(scope, names);
    schedule::build(scope, names, machine);
    schedule::alarms(scope, names, &topic);
}

/// The topic of failures, with a subscription for each email address. Each address must confirm by email.
fn alarms(scope: &mut Scope<'_>, names: Names<'_>) -> TopicHandle {
    let place = names.central_place();
    let use_key = |service: Service, sid: &'static str, conditions| {
        Statement::allow(sid, ["kms:Decrypt", "kms:GenerateDataKey"], ["*"])
            .for_principals([Principal::Service(service.principal.into())])
            .when(conditions)
    };
    let for_account = Service::CLOUDWATCH.acting_for(&place.account);
    // EventBridge sends no source keys with requests to a topic's key, so the topic is compared in the encryption
    // context. Source: "Managing Amazon SNS encryption keys and costs" in the SNS developer guide.
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
                use_key(Service::CLOUDWATCH, "AlarmsEncrypt", for_account.clone()),
                use_key(Service::EVENTS, "EventsEncrypt", for_topic),
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
            publishers: vec![
                (Service::CLOUDWATCH, for_account),
                (
                    Service::EVENTS,
                    // The ARN contains the account; EventBridge does not always send the account separately.
                    Conditions::none().with(Condition::new(
                        Comparison::ArnEquals,
                        "aws:SourceArn",
                        rule_arn(names),
                    )),
                ),
            ],
        },
    );
    for address in &names.tenant().alarm_emails {
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

/// The ARN of the bus that environments send failures to.
pub(crate) fn bus_arn(names: Names<'_>) -> String {
    names.central_place().arn("events", &format!("event-bus/{}", bus_name(names)))
}

/// The bus for failures of every account of the mesh, and the rule that sends them by email.
fn bus(scope: &mut Scope<'_>, names: Names<'_>, topic: &TopicHandle) {
    let mut scope = scope.child("Failures");
    let bus = scope.child("Bus").resource(
        events::EventBus {
            name: Some(bus_name(names).into()),
            description: Some("Failures in the accounts of the mesh".into()),
            ..events::EventBus::default()
        },
        Options::default(),
    );
    if let Some(put) = senders(&mut scope, names) {
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
            statement_id: Some(TELL.into()),
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

/// The statement for senders to the bus; `None` if no other account has an environment.
fn senders(scope: &mut Scope<'_>, names: Names<'_>) -> Option<Statement> {
    let central = names.central_place().account;
    let accounts: BTreeSet<&str> = names
        .environments()
        .map(|environment| environment.account.as_str())
        .filter(|account| *account != central)
        .collect();
    if accounts.is_empty() {
        return None;
    }
    Some(match names.organization_id() {
        Some(organization) => of_organization(scope, names, &organization),
        None => of_accounts(scope, names, &accounts),
    })
}

/// Allows each account with an environment. The policy grows with their number.
///
/// EventBridge evaluates this policy when a rule gets the bus as its target, and AWS does not document as which
/// principal. A limit to the rules' roles could make it fail. Each account's own policies determine who may put events.
fn of_accounts(scope: &mut Scope<'_>, names: Names<'_>, accounts: &BTreeSet<&str>) -> Statement {
    let place = names.central_place();
    for account in accounts {
        scope.record(Record {
            principal: format!("account/{account}"),
            principal_arn: place.root_arn(account),
            access: "delegate",
            resource: TARGET.to_owned(),
            actions: vec!["events:PutEvents".into()],
            resources: vec![bus_arn(names)],
            conditions: Vec::new(),
        });
    }
    let roots = accounts.iter().map(|account| Principal::Aws(place.root_arn(account).into()));
    Statement::allow(TELL, ["events:PutEvents"], [bus_arn(names)]).for_principals(roots)
}

/// Allows roles of the organization's accounts by the mesh's role names: the role that sends, and the role that creates
/// the rule, because AWS does not document as which principal EventBridge evaluates the policy. An account outside of
/// the mesh can have such a role.
///
/// Sources: "Permissions for event buses in Amazon EventBridge" in its guide, and `PutPermission` in its API reference:
/// "accounts in that organization must specify a `RoleArn` with proper permissions when they use `PutTarget`".
fn of_organization(scope: &mut Scope<'_>, names: Names<'_>, organization: &str) -> Statement {
    let conditions = in_organization(names).with(Condition {
        operator: Operator::new(Comparison::ArnLike),
        key: "aws:PrincipalArn".into(),
        values: names.tellers_anywhere().into_iter().map(Value::from).collect(),
    });
    scope.record(Record {
        principal: format!("organization/{organization}"),
        principal_arn: "*".to_owned(),
        access: "delegate",
        resource: TARGET.to_owned(),
        actions: vec!["events:PutEvents".into()],
        resources: vec![bus_arn(names)],
        conditions: conditions.lines(|value| value.as_text().map(str::to_owned)),
    });
    Statement::allow(TELL, ["events:PutEvents"], [bus_arn(names)])
        .for_principals([Principal::Anyone])
        .when(conditions)
}

/// The condition that the principal belongs to the mesh's organization; empty if the mesh names none.
pub(crate) fn in_organization(names: Names<'_>) -> Conditions {
    let of = |id: String| Condition::new(Comparison::StringEquals, "aws:PrincipalOrgID", id);
    names.organization_id().map_or_else(Conditions::none, |id| Conditions::none().with(of(id)))
}

/// The ARN of the rule that sends failures by email.
fn rule_arn(names: Names<'_>) -> String {
    let rule = format!("rule/{}/{}", bus_name(names), names.platform("failures"));
    names.central_place().arn("events", &rule)
}

#[cfg(test)]
mod tests {
    use lakewright_template::{ResourceEntry, StackKind, Template};

    use super::*;
    use crate::testing::{DEV, LAB, TENANT, condition, lowered, mesh, named, resources, texts};

    fn template(tenant: &str, environments: &[&str]) -> Template {
        let tenant = TENANT
            .replace("home_region: eu-west-1\n", &format!("home_region: eu-west-1\n{tenant}"));
        let documents: Vec<&str> =
            std::iter::once(tenant.as_str()).chain(environments.iter().copied()).collect();
        lowered(&mesh(&documents), StackKind::Platform, "base").template
    }

    fn senders(template: &Template) -> Option<&Map> {
        let policies = resources(template, "AWS::Events::EventBusPolicy");
        policies.first().and_then(|one| one.properties.get("Statement")).and_then(Value::as_map)
    }

    // "Failures" in `docs/stacks/platform.md`.

    #[test]
    fn the_bus_lets_in_the_accounts_of_environments_and_no_other_one() {
        let both = template("", &[DEV, LAB]);
        let statement = senders(&both).expect("a policy");
        let principal = statement.get("Principal").and_then(Value::as_map).expect("a principal");
        let roots = ["arn:aws:iam::222222222222:root", "arn:aws:iam::333333333333:root"];
        assert_eq!(texts(principal, "AWS"), BTreeSet::from(roots));
        assert_eq!(texts(statement, "Action"), BTreeSet::from(["events:PutEvents"]));
    }

    #[test]
    fn the_bus_of_a_mesh_in_the_central_account_lets_in_nobody() {
        let central = DEV.replace("222222222222", "111111111111");
        assert_eq!(senders(&template("", &[&central])), None);
        assert_eq!(senders(&template("organization_id: o-abcdefghij\n", &[&central])), None);
    }

    #[test]
    fn an_organization_is_let_in_as_roles_of_the_meshs_names_only() {
        let whole = template("organization_id: o-abcdefghij\n", &[DEV, LAB]);
        let statement = senders(&whole).expect("a policy");
        // "Permissions for event buses in Amazon EventBridge": `aws:PrincipalOrgID` with every principal.
        let organization = condition(statement, "StringEquals", "aws:PrincipalOrgID");
        assert_eq!(organization, BTreeSet::from(["o-abcdefghij"]));
        let roles = [
            "arn:aws:iam::*:role/lakewright-*-failures",
            "arn:aws:iam::*:role/lakewright-execution-eu-west-1",
        ];
        assert_eq!(condition(statement, "ArnLike", "aws:PrincipalArn"), BTreeSet::from(roles));
    }

    #[test]
    fn each_address_is_told_and_the_topics_key_is_for_that_topic() {
        let mails = "monitoring: { alarm_emails: [a@example.com, b@example.com] }\n";
        let template = template(mails, &[DEV]);
        let told: Vec<&ResourceEntry> = resources(&template, "AWS::SNS::Subscription");
        let addresses: BTreeSet<&str> =
            told.iter().flat_map(|one| texts(&one.properties, "Endpoint")).collect();
        assert_eq!(addresses, BTreeSet::from(["a@example.com", "b@example.com"]));
        let keys = resources(&template, "AWS::KMS::Key").into_iter();
        let policies = keys.filter_map(|key| key.properties.get("KeyPolicy"));
        let of_alarms = policies.filter(|policy| {
            crate::testing::statements(policy)
                .iter()
                .any(|one| texts(one, "Sid").contains("EventsEncrypt"))
        });
        let found: Vec<&Value> = of_alarms.collect();
        let [policy] = found[..] else { unreachable!("one key") };
        // "Managing Amazon SNS encryption keys and costs" in the SNS developer guide: the encryption context.
        let key = "kms:EncryptionContext:aws:sns:topicArn";
        let topics = condition(named(policy, "EventsEncrypt"), "StringEquals", key);
        assert_eq!(topics.len(), 1);
        assert!(topics.iter().all(|arn| arn.ends_with("-alarms")), "{topics:?}");
    }

    #[test]
    fn the_updater_assumes_deploy_roles_with_the_external_id_and_no_other_role() {
        let template =
            template("", &[DEV, &LAB.replace("region: eu-west-1", "region: eu-north-1")]);
        let all = crate::testing::of_roles(&template).into_iter();
        let assumes: Vec<&Map> =
            all.filter(|one| texts(one, "Action").contains("sts:AssumeRole")).collect();
        let [statement] = assumes[..] else { unreachable!("one statement: {assumes:?}") };
        let roles = [
            "arn:aws:iam::*:role/lakewright-deploy-eu-north-1",
            "arn:aws:iam::*:role/lakewright-deploy-eu-west-1",
        ];
        assert_eq!(texts(statement, "Resource"), BTreeSet::from(roles));
        let id = condition(statement, "StringEquals", "sts:ExternalId");
        assert_eq!(id, BTreeSet::from(["base-0123456789"]));
    }
}
