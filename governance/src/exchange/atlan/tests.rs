//! What pyatlan writes, and policies with what has no counterpart.

use lakewright_manifest::mesh::{Effect, Mask, Masking, PolicyState};
use serde_json::{Value, json};

use super::*;
use crate::exchange::{Extent, parse};
use crate::tests::scenarios::{LAB, actor, mesh};
use crate::{Decider, Decision, Governance};

/// See `samples/README.md` for its source.
const PYATLAN: &str = include_str!("samples/pyatlan.json");
const NAMES: &str = r#"{
    "default/glue/1700000000": "environment/dev",
    "default/glue/1700000000/airline/sales": "table/january/sales",
    "gLoSsArY1": "glossary/glossary",
    "default/domain/AbC123/super": "domain/airline"
}"#;

fn imported(names: &str) -> Imported {
    import(&parse(PYATLAN).expect("JSON"), &Names::read(names).expect("names")).expect("policies")
}

fn decide(text: &str, who: &str, privilege: &str, resource: &str) -> Decision {
    let governance = Governance::of(&mesh(text), None).expect("policies that apply");
    let actor = governance.actor(actor(who));
    let resource = governance.resource(resource).expect("a resource");
    let privilege = governance.privilege(privilege).expect("a privilege");
    let mut decider = Decider::new(&governance);
    decider.decide(&actor, privilege, governance.target(&resource)).expect("a request").decision
}

/// AT-4, AT-5, AT-7, AT-8 and AT-11, for the policies of `samples/make.py`.
#[test]
fn personas_and_purposes_decide_as_in_atlan() {
    let mut imported = imported(NAMES);
    // Policies about data are refused by `check` for now.
    imported
        .policies
        .retain(|one| !one.policy.privileges.iter().any(|name| name.starts_with("data.")));
    let text = format!("{LAB}---\n{}", imported.to_yaml());
    let cases = [
        ("al@TeamB", "metadata.update", "table/january/sales", Decision::Allow),
        ("jo", "metadata.update", "dataset/march", Decision::Allow),
        ("al", "metadata.update", "dataset/march", Decision::Deny),
        ("jo", "metadata.data_quality.read", "dataset/march", Decision::Allow),
        ("jo", "metadata.update", "environment/dev", Decision::Deny),
        ("jo", "metadata.glossary.update", "term/Revenue", Decision::Allow),
        ("jo", "metadata.domain.create_products", "domain/airline", Decision::Allow),
        ("jo", "metadata.domain.update", "domain/airline", Decision::Deny),
        // AT-8: not the assets inside the domain.
        ("jo", "metadata.delete", "dataset/january", Decision::Deny),
        // The purpose's denial wins over the owner's rights.
        ("al@TeamA", "metadata.remove_tags", "column/january/sales/email", Decision::Deny),
        ("al@TeamA", "metadata.remove_tags", "column/january/sales/id", Decision::Allow),
    ];
    for (who, privilege, resource, expected) in cases {
        assert_eq!(
            decide(&text, who, privilege, resource),
            expected,
            "{who} {privilege} {resource}"
        );
    }
}

#[test]
fn policies_about_data_and_masks_are_read() {
    let imported = imported(NAMES);
    let named = |label: &str| {
        let found = imported.policies.iter().find(|one| one.policy.header.label == label);
        found.map(|one| one.policy.clone()).expect("a policy")
    };
    let query = named("Data analysts: Query");
    assert_eq!(query.privileges, ["data.preview", "data.query"]);
    assert_eq!(query.resources.ids, ["table/january/sales"]);
    assert_eq!((query.effect, query.state), (Effect::Allow, PolicyState::Active));
    let mask = named("Personal data: Mask");
    assert_eq!(mask.masking, Masking::Selected(Mask::ShowLast4));
    // A mask of Atlan gives nobody access.
    assert_eq!(mask.state, PolicyState::Inactive);
    assert_eq!(mask.resources.tags, ["pii"]);
}

#[test]
fn what_has_no_counterpart_is_listed() {
    let lost = imported(NAMES).lost;
    let said = |text: &str| lost.iter().any(|one| one.reason.contains(text));
    assert!(said("airline/unknown") && said("`entity-read-classification`"), "{lost:?}");
    // Without names only the tags are known.
    let without = imported("{}");
    let labels: Vec<&str> =
        without.policies.iter().map(|one| one.policy.header.label.as_str()).collect();
    assert_eq!(labels, ["Personal data: Nobody untags", "Personal data: Mask"]);
    let whole = without.lost.iter().filter(|one| one.extent == Extent::Policy).count();
    assert_eq!(whole, 5, "{:?}", without.lost);
}

/// Each would widen the policy if it were ignored.
#[test]
fn what_restricts_a_policy_and_has_no_counterpart_leaves_it_out() {
    let first = |object: usize, key: &str, value: Value| {
        let mut json = parse(PYATLAN).expect("JSON");
        json[object]["attributes"][key] = value;
        let imported = import(&json, &Names::read(NAMES).expect("names")).expect("policies");
        imported.policies.iter().any(|one| one.policy.header.label == "Data analysts: Describe")
    };
    assert!(first(1, "description", json!("unchanged")));
    for (key, value) in [
        ("policyType", json!("allowExceptions")),
        ("policyType", json!("rowFilter")),
        ("policyType", json!("null")),
        ("policyCategory", json!("bootstrap")),
        ("policySubCategory", json!("ai")),
        ("policyConditions", json!([{ "policyConditionType": "ip" }])),
        ("policyValiditySchedule", json!([{ "policyValidityScheduleStartTime": "x" }])),
        ("policyNewThing", json!("x")),
        ("policyActions", json!(["fly"])),
        ("policyResources", json!([])),
        ("accessControl", json!({ "guid": "-9" })),
        ("accessControl", json!({ "guid": "-2" })),
    ] {
        assert!(!first(1, key, value.clone()), "{key}: {value}");
    }
    for (key, value) in [("isAccessControlEnabled", Value::Null), ("personaGroups", json!(["a*b"]))]
    {
        let users = key == "isAccessControlEnabled";
        assert_eq!(first(0, key, value), !users, "{key}");
    }
}

#[test]
fn a_disabled_persona_has_inactive_policies() {
    let mut json = parse(PYATLAN).expect("JSON");
    json[0]["attributes"]["isAccessControlEnabled"] = json!(false);
    let imported = import(&json, &Names::read(NAMES).expect("names")).expect("policies");
    let of_persona = imported.policies.iter().filter(|one| one.from.contains("Data analysts"));
    assert!(of_persona.clone().count() > 3);
    assert!(of_persona.clone().all(|one| one.policy.state == PolicyState::Inactive));
}

#[test]
fn wrong_shapes_are_errors_with_their_path() {
    let cases = [
        (json!("text"), "`$`: expected an object, got the text `text`"),
        (json!([{ "attributes": {} }]), "`$[0]` has no `typeName`"),
        (json!([{ "typeName": "AuthPolicy" }]), "`$[0]` has no `attributes`"),
        (json!({ "entities": 1 }), "`$.entities`: expected a list, got the number `1`"),
        (
            json!([{ "typeName": "AuthPolicy", "attributes": { "name": "x", "policyCategory": 1 } }]),
            "`$[0].attributes.policyCategory`: expected text, got the number `1`",
        ),
    ];
    for (json, expected) in cases {
        let error = import(&json, &Names::default()).expect_err("a wrong shape").to_string();
        assert!(error.starts_with(expected), "{error}");
    }
}
