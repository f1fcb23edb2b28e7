//! Templates in which a part depends on a condition or on a value stored elsewhere: the template does not say what is
//! deployed, so nothing is proven about it.
//!
//! Sources: "Condition functions" (`Fn::If`) and "Conditions" in the CloudFormation template reference, and "Get values
//! stored in other services using dynamic references" in the CloudFormation user guide.

use std::collections::BTreeMap;

use lakewright_access::world::{OnUnresolved, Piece, StackTemplate};
use lakewright_template::place::Place;
use lakewright_template::{Intrinsic, LogicalId, Map, Template, Value};

use super::mutation::templates;
use crate::run::EXAMPLES;

/// The types whose policy documents grant access.
const KINDS: [&str; 11] = [
    "AWS::Events::EventBus",
    "AWS::Events::EventBusPolicy",
    "AWS::IAM::ManagedPolicy",
    "AWS::IAM::Policy",
    "AWS::IAM::Role",
    "AWS::IAM::RolePolicy",
    "AWS::KMS::Key",
    "AWS::S3::AccessPoint",
    "AWS::S3::BucketPolicy",
    "AWS::SNS::TopicPolicy",
    "AWS::SQS::QueuePolicy",
];

/// A change of a statement; `None` where it has no such part.
type Change = fn(&mut Value) -> Option<()>;

const CHANGES: [(&str, Change); 13] = [
    ("the statement, or one about everything", |statement| {
        let wide = Map::new().with("Effect", "Allow").with("Action", "*").with("Resource", "*");
        otherwise(statement, wide.into());
        Some(())
    }),
    ("the statement, or none", |statement| {
        otherwise(statement, Intrinsic::Ref(LogicalId::parameter("AWS::NoValue")).into());
        Some(())
    }),
    ("the effect", |statement| {
        otherwise(element(statement, "Effect")?, "Allow".into());
        Some(())
    }),
    ("the action", |statement| {
        otherwise(element(statement, "Action")?, "*".into());
        Some(())
    }),
    ("the resource", |statement| {
        otherwise(element(statement, "Resource")?, "*".into());
        Some(())
    }),
    ("the principal", |statement| {
        otherwise(element(statement, "Principal")?, "*".into());
        Some(())
    }),
    ("one kind of principal", |statement| {
        otherwise(element(element(statement, "Principal")?, "AWS")?, "*".into());
        Some(())
    }),
    ("the condition", |statement| {
        let none = Intrinsic::Ref(LogicalId::parameter("AWS::NoValue")).into();
        otherwise(element(statement, "Condition")?, none);
        Some(())
    }),
    ("one comparison", |statement| {
        let Value::Map(condition) = element(statement, "Condition")? else { return None };
        let (operator, _) = condition.iter().next()?;
        let operator = operator.clone();
        otherwise(condition.get_mut(&operator)?, Map::new().into());
        Some(())
    }),
    ("an action that lies elsewhere", |statement| {
        *element(statement, "Action")? = "{{resolve:ssm:/mesh/action}}".into();
        Some(())
    }),
    ("a resource of which a part lies elsewhere", |statement| {
        *element(statement, "Resource")? = "arn:aws:s3:::{{resolve:ssm:/mesh/bucket}}/*".into();
        Some(())
    }),
    ("an account that lies elsewhere", |statement| {
        let account = "arn:aws:iam::{{resolve:ssm:/mesh/account}}:root";
        *element(statement, "Principal")? = Map::new().with("AWS", account).into();
        Some(())
    }),
    ("a condition whose value lies elsewhere", |statement| {
        let key = "{{resolve:secretsmanager:mesh:SecretString:organization}}";
        let keys = Map::new().with("aws:PrincipalOrgID", key);
        let Value::Map(statement) = statement else { return None };
        statement.insert("Condition", Map::new().with("StringEquals", keys));
        Some(())
    }),
];

/// Puts a value under a condition, with another value if it is false. An evaluator that assumes that conditions are true
/// sees the original value.
fn otherwise(value: &mut Value, other: Value) {
    let then = std::mem::replace(value, Value::Null);
    *value = Intrinsic::If { condition: "IsMesh".into(), then, otherwise: other }.into();
}

fn element<'v>(value: &'v mut Value, name: &str) -> Option<&'v mut Value> {
    match value {
        Value::Map(map) => map.get_mut(name),
        _ => None,
    }
}

/// Calls a function for each statement within a value.
fn statements(value: &mut Value, each: &mut dyn FnMut(&mut Value)) {
    if element(value, "Effect").is_some() {
        each(value);
        return;
    }
    match value {
        Value::Map(map) => {
            let keys: Vec<_> = map.iter().map(|(key, _)| key.clone()).collect();
            for key in keys {
                statements(map.get_mut(&key).expect("one of its keys"), each);
            }
        }
        Value::List(items) => items.iter_mut().for_each(|item| statements(item, each)),
        _ => {}
    }
}

/// Calls a function for each statement of a resource.
fn statements_of(properties: &mut Map, each: &mut dyn FnMut(&mut Value)) {
    let mut all = Value::Map(std::mem::take(properties));
    statements(&mut all, each);
    if let Value::Map(changed) = all {
        *properties = changed;
    }
}

fn is_read(address: &str, place: &Place, template: &Template) -> bool {
    let unresolved = OnUnresolved::Fail;
    Piece::of(StackTemplate { address, place, template, unresolved }).is_ok()
}

#[test]
fn what_depends_on_a_condition_or_lies_elsewhere_is_not_proven() {
    // Only every 29th change is tried, because the stack is read again for each.
    const STEP: usize = 29;
    let (mut number, mut passed) = (0_usize, Vec::new());
    let mut tried: BTreeMap<&str, usize> = BTreeMap::new();
    for name in EXAMPLES {
        for (address, place, template) in &mut templates(name).0 {
            let condition = Intrinsic::Equals("a".into(), "b".into());
            template.conditions.insert("IsMesh".into(), condition.into());
            assert!(is_read(address, place, template), "{name} {address}");
            let resources = template.resources.iter();
            let resources = resources.filter(|(_, one)| KINDS.contains(&one.kind.as_ref()));
            let ids: Vec<LogicalId> = resources.map(|(id, _)| id.clone()).collect();
            for id in ids {
                let properties = template.resources[&id].properties.clone();
                let mut count = 0;
                statements_of(&mut properties.clone(), &mut |_| count += 1);
                for (wanted, (what, change)) in
                    (0..count).flat_map(|wanted| CHANGES.map(|change| (wanted, change)))
                {
                    number += 1;
                    if !number.is_multiple_of(STEP) {
                        continue;
                    }
                    let (mut changed, mut place_of, mut is_there) = (properties.clone(), 0, false);
                    statements_of(&mut changed, &mut |statement| {
                        if place_of == wanted {
                            is_there = change(statement).is_some();
                        }
                        place_of += 1;
                    });
                    if !is_there {
                        continue;
                    }
                    *tried.entry(what).or_default() += 1;
                    template.resources.get_mut(&id).expect("the resource").properties = changed;
                    if is_read(address, place, template) {
                        passed.push(format!("{name} {address} {id}: {what}"));
                    }
                }
                template.resources.get_mut(&id).expect("the resource").properties = properties;
            }
        }
    }
    assert!(passed.is_empty(), "taken for known:\n{}", passed.join("\n"));
    assert!(tried.len() == CHANGES.len() && tried.values().sum::<usize>() > 200, "{tried:?}");
}
