use serde_json::Value as Plain;

use crate::place::Place;
use crate::resolve::{Branch, Resolver};
use crate::schema::{Schema, kinds, of};
use crate::{Intrinsic, LogicalId, Map, ResourceEntry, Template, Value};

/// Values are made at most this deep; deeper ones repeat the definitions of others.
const DEPTH: usize = 5;

/// Values of one schema at most, so that the test takes seconds.
const MOST: usize = 40;

/// Values that are valid for a schema or nearly so, and values of other types.
fn values(root: &Plain, schema: &Plain, depth: usize) -> Vec<Value> {
    if let Some(pointer) = schema["$ref"].as_str().and_then(|reference| reference.strip_prefix('#'))
    {
        let target = root.pointer(pointer).expect("a test compiles each pinned schema");
        return values(root, target, depth);
    }
    let mut made: Vec<Value> = Vec::new();
    for value in schema["enum"].as_array().into_iter().flatten() {
        made.extend(value.as_str().map(|text| Value::text(text.to_owned())));
        made.extend(value.as_i64().map(Value::Integer));
    }
    if schema["properties"].is_object() && depth > 0 {
        made.extend(objects(root, schema, depth).into_iter().map(Value::Map));
    }
    if schema["items"].is_object() && depth > 0 {
        let items = values(root, &schema["items"], depth - 1);
        made.extend(items.iter().map(|item| Value::List(vec![item.clone()])));
        made.extend(items.first().map(|item| Value::List(vec![item.clone(), item.clone()])));
        made.push(Value::List(items));
    }
    made.truncate(MOST);
    let texts = [
        "name",
        "",
        "a-b/c",
        "sg-12345678",
        "\u{e9} \u{1f600}",
        "arn:aws:iam::111122223333:role/r",
    ];
    made.extend(texts.map(Value::from));
    made.push("x".repeat(3000).into());
    made.extend([0_i64, -1, 1, 30, 1_000_000].map(Value::from));
    made.extend([Value::from(true), Value::Null, Value::List(Vec::new()), Map::new().into()]);
    made.push(Intrinsic::Ref(LogicalId::parameter("AWS::NoValue")).into());
    made.push(Intrinsic::Ref(LogicalId::parameter("AWS::AccountId")).into());
    made.push(Intrinsic::Ref(LogicalId::parameter("Unknown")).into());
    made
}

/// Objects with the required properties, and one more property each.
fn objects(root: &Plain, schema: &Plain, depth: usize) -> Vec<Map> {
    let property = |name: &str| values(root, &schema["properties"][name], depth - 1);
    let required = schema["required"].as_array().into_iter().flatten().filter_map(Plain::as_str);
    let least: Map =
        required.map(|name| (name.to_owned().into(), property(name).swap_remove(0))).collect();
    let mut made = vec![least.clone(), Map::new(), least.clone().with("Unknown", "name")];
    for (name, _) in schema["properties"].as_object().into_iter().flatten() {
        made.extend(property(name).into_iter().map(|one| least.clone().with(name.clone(), one)));
    }
    made
}

fn resource(schema: &Schema, properties: Map) -> ResourceEntry {
    let kind = schema.plain["typeName"].as_str().expect("a name").to_owned();
    ResourceEntry { kind: kind.into(), properties, ..ResourceEntry::default() }
}

/// The right answer is that of JSON Schema's validator.
#[test]
fn what_is_accepted_is_valid_and_most_of_what_is_valid_is_accepted() {
    let (template, place) = (Template::default(), Place::parse("111122223333", "eu-west-1"));
    let place = place.expect("a place");
    let (mut accepted, mut valid, mut all) = (0, 0, 0);
    for kind in kinds() {
        let schema = of(kind).expect(kind);
        for properties in objects(&schema.plain, &schema.plain, DEPTH) {
            let resource = resource(schema, properties);
            let resolver = || Resolver::new(&template, &place, Branch::Then);
            let is_accepted = schema.accepts(&resource, &resolver());
            let violations = schema.violations(&resource, &resolver());
            assert!(!is_accepted || violations.is_empty(), "{resource:?}: {violations:?}");
            accepted += usize::from(is_accepted);
            valid += usize::from(violations.is_empty());
            all += 1;
        }
    }
    assert!(valid > 1000 && valid < all, "{valid} of {all} are valid");
    assert!(accepted * 3 > valid * 2, "{accepted} of {valid} are accepted");
}

/// A value that is valid only where its condition is true. The validator decides about both branches.
#[test]
fn a_value_under_a_condition_is_left_to_the_validator() {
    let schema = of("AWS::S3::Bucket").expect("a schema");
    let place = Place::parse("111122223333", "eu-west-1").expect("a place");
    let template = Template::default();
    let is_accepted = |value: Value| {
        let resource = resource(schema, Map::new().with("AccessControl", value));
        schema.accepts(&resource, &Resolver::new(&template, &place, Branch::Then))
    };
    assert!(is_accepted("Private".into()));
    let (condition, then, otherwise) = ("C".into(), "Private".into(), "Nobody".into());
    assert!(!is_accepted(Intrinsic::If { condition, then, otherwise }.into()));
}
