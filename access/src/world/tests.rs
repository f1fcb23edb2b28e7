//! Decisions in whole worlds: Lake Formation and access points, each row with where AWS says so.

use lakewright_template::place::Place;
use lakewright_template::read;
use serde_json::Value;

use super::*;
use crate::world::{OnUnresolved, Piece, StackTemplate};

fn world(base: &Value, add: &Value) -> World {
    let mut resources = base.as_object().expect("resources").clone();
    resources.extend(add.as_object().expect("resources").clone());
    let text = serde_json::json!({ "Resources": resources }).to_string();
    let template = read::template(&text).expect("a template");
    let place = Place::parse("111111111111", "eu-west-1").expect("a place");
    let address = "111111111111/eu-west-1/s";
    let unresolved = OnUnresolved::Fail;
    let stack = StackTemplate { address, place: &place, template: &template, unresolved };
    World::of(vec![Piece::of(stack).expect("nothing outside of what is proven")])
}

#[test]
fn each_row_of_the_table_of_worlds_holds() {
    let table: Value =
        serde_json::from_str(include_str!("../../data/worlds.json")).expect("the table is JSON");
    let rows = table["rows"].as_array().expect("rows");
    let text = |row: &Value, field: &str| row[field].as_str().expect("text").to_owned();
    let mut wrong = Vec::new();
    for row in rows {
        let name = text(row, "name");
        assert!(text(row, "source").contains("guide, "), "{name} has no source");
        let world = world(&table["base"], &row["add"]);
        let principal = Principal::role(text(row, "principal"));
        let mut context = Context::new();
        for (key, value) in row["context"].as_object().into_iter().flatten() {
            context.set(key, [value.as_str().expect("text")]);
        }
        let resource = text(row, "resource");
        let request = Request {
            principal: &principal,
            action: Action::new(&text(row, "action")),
            resource: &resource,
            context: &context,
        };
        let got = world.decide(&request, Outside::Unknown);
        let expected = text(row, "expected");
        if got.decision.as_str() != expected {
            wrong.push(format!(
                "{name}: got {} as {}, expected {expected}",
                got.decision.as_str(),
                got.reason
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(rows.len() >= 50, "only {} rows", rows.len());
}
