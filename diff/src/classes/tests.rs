use lakewright_template::intrinsic::SubPart;
use lakewright_template::{Intrinsic, LogicalId, Map};
use proptest::prelude::*;

use super::*;
use crate::change::ChangeKind;
use crate::update::{DataEffect, Fate, Outcome};

fn property(path: &str, before: impl Into<Value>, after: impl Into<Value>) -> PropertyChange {
    PropertyChange {
        path: path.to_owned(),
        before: Some(before.into()),
        after: Some(after.into()),
        update: Update::InPlace,
    }
}

fn resource(id: &str, properties: Vec<PropertyChange>) -> ResourceChange {
    ResourceChange {
        logical_id: LogicalId::parameter(id),
        resource_type: "AWS::S3::Bucket".into(),
        kind: ChangeKind::Changed,
        properties,
        attributes: Vec::new(),
        outcome: Outcome {
            fate: Fate::Updated(Update::InPlace),
            data: DataEffect::None,
            reasons: Vec::new(),
        },
        lines_before: Vec::new(),
        lines_after: Vec::new(),
    }
}

fn change(stack: &str, resources: Vec<ResourceChange>) -> StackChange {
    StackChange {
        stack: stack.to_owned(),
        kind: ChangeKind::Changed,
        resources,
        others: Vec::new(),
    }
}

/// A change of one text.
fn one_text(stack: &str, before: &str, after: &str) -> StackChange {
    let properties = vec![property("/Text", before.to_owned(), after.to_owned())];
    change(stack, vec![resource("Bucket", properties)])
}

fn address(name: &str) -> String {
    format!("111122223333/eu-west-1/mesh-dataset-{name}")
}

/// The stacks' names by class, in order; and that each change comes back.
fn grouped(changes: &[StackChange]) -> Vec<Vec<String>> {
    let classes = of(changes);
    let written = |changes: Vec<&StackChange>| -> Vec<String> {
        let mut all: Vec<String> = changes.iter().map(|change| format!("{change:?}")).collect();
        all.sort();
        all
    };
    let back: Vec<StackChange> = classes
        .iter()
        .flat_map(|class| class.members.iter().map(|member| class.expand(member)))
        .collect();
    assert_eq!(written(back.iter().collect()), written(changes.iter().collect()));
    let name = |member: &Member| member.stack.rsplit('/').next().unwrap_or_default().to_owned();
    classes.iter().map(|class| class.members.iter().map(name).collect()).collect()
}

/// The names and digests as in the snapshots `full.full-mesh-dataset-*`.
#[test]
fn datasets_that_get_the_same_tag_are_one_class() {
    let dataset = |name: &str, digest: &str| {
        let bucket = format!("arn:aws:s3:::mesh-{name}-{digest}/*");
        one_text(&address(name), &bucket, &format!("{bucket}x"))
    };
    let changes = [
        dataset("invoices", "mt3nmkxk"),
        dataset("ledger", "fbyqzfcv"),
        dataset("exports-for-all", "a2b3c4d5"),
    ];
    let names = ["mesh-dataset-exports-for-all", "mesh-dataset-invoices", "mesh-dataset-ledger"];
    assert_eq!(grouped(&changes), [names]);
    let class = of(&changes).into_iter().next().expect("a class");
    assert_eq!(class.shape.change.stack, "111122223333/eu-west-1/⟨stack⟩");
    let member = class.members.get(1).expect("a member");
    let bindings: Vec<(&str, &str)> =
        member.bindings.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    assert_eq!(
        bindings,
        [("digest 1", "mt3nmkxk"), ("name", "invoices"), ("stack", "mesh-dataset-invoices")]
    );
    let shape = class.shape.change.resources.first().and_then(|one| one.properties.first());
    let before = shape.and_then(|one| one.before.clone());
    assert_eq!(before, Some(Value::from("arn:aws:s3:::mesh-⟨name⟩-⟨digest 1⟩/*".to_owned())));
}

#[test]
fn another_value_is_another_class_and_outliers_come_first() {
    let mut changes: Vec<StackChange> =
        ["a1", "b1", "c1"].iter().map(|name| one_text(&address(name), "Off", "Enabled")).collect();
    changes.push(one_text(&address("d1"), "Off", "Suspended"));
    let expected: [&[&str]; 2] =
        [&["mesh-dataset-d1"], &["mesh-dataset-a1", "mesh-dataset-b1", "mesh-dataset-c1"]];
    assert_eq!(grouped(&changes), expected);
}

#[test]
fn accounts_and_regions_are_variables() {
    let places = [("111122223333", "eu-west-1"), ("444455556666", "us-east-1")];
    let changes = places.map(|(account, region)| {
        let arn = format!("arn:aws:sns:{region}:{account}:events");
        one_text(&format!("{account}/{region}/mesh-environment-x{account}"), &arn, "")
    });
    assert_eq!(grouped(&changes).len(), 1);
    // The account of another stack is a value.
    let other = changes.clone().map(|mut change| {
        change.others = vec![property("/Outputs/Other/Value", "777788889999".to_owned(), 1_i64)];
        change
    });
    let [first, mut second] = other;
    second.others = vec![property("/Outputs/Other/Value", "111122223333".to_owned(), 1_i64)];
    assert_eq!(grouped(&[first, second]).len(), 2);
}

/// Source: `LogicalId` in `lakewright_template`, and the logical ids of the CDK: a path, then eight hexadecimal digits.
#[test]
fn logical_ids_may_differ_in_the_digest_at_their_end() {
    let stack = |name: &str, id: &str| {
        let reference = Value::from(Intrinsic::Ref(LogicalId::parameter(id)));
        let sub = Intrinsic::Sub {
            parts: vec![
                SubPart::Variable(format!("{id}.Arn").into()),
                SubPart::Literal("/*".into()),
            ],
            variables: Map::new(),
        };
        let mut one = resource(id, vec![property("/Reference", reference, sub)]);
        one.outcome.reasons.push(format!("`{id}` is replaced."));
        change(&address(name), vec![one])
    };
    let changes = [stack("ab", "Data5547C3BE"), stack("cd", "DataA9B6965E")];
    assert_eq!(grouped(&changes).len(), 1);
    assert_eq!(grouped(&[stack("ab", "Data5547C3BE"), stack("cd", "Logs5547C3BE")]).len(), 2);
}

#[test]
fn a_logical_id_that_has_the_name_is_no_difference() {
    let stack = |name: &str, digest: &str| {
        let id = lakewright_template::ConstructId::from_name(name).expect("letters");
        change(&address(name), vec![resource(&format!("Table{}{digest}", id.as_str()), Vec::new())])
    };
    assert_eq!(grouped(&[stack("sales", "5547C3BE"), stack("orders-eu", "A9B6965E")]).len(), 1);
}

#[test]
fn revisions_and_manifest_lines_are_no_difference() {
    let stack = |name: &str, revision: &str, lines: &[&str]| {
        let mut change = one_text(&address(name), "a", "b");
        let path = "/Outputs/LakewrightRevision/Value";
        change.others = vec![property(path, format!("1{revision}"), format!("2{revision}"))];
        for resource in &mut change.resources {
            resource.lines_before = lines.iter().map(|line| (*line).to_owned()).collect();
            resource.lines_after = resource.lines_before.clone();
        }
        change
    };
    let changes = [
        stack("ab", "c48bb304", &["a.yaml:1:1"]),
        stack("cd", "08ef9833", &["b.yaml:7:3", "c.yaml:2:1"]),
        stack("ef", "7a7cdc69", &[]),
    ];
    assert_eq!(grouped(&changes).len(), 1);
    let class = of(&changes).into_iter().next().expect("a class");
    let resource = class.shape.change.resources.first().expect("a resource");
    assert_eq!(resource.lines_before, ["⟨lines 1⟩"]);
    assert_eq!(resource.lines_after, ["⟨lines 1⟩"], "equal columns are one variable");
}

#[test]
fn a_word_of_eight_letters_behind_a_name_is_no_digest() {
    let changes = [
        one_text(&address("sales"), "sales-readonly", ""),
        one_text(&address("orders"), "orders-auditors", ""),
    ];
    assert_eq!(grouped(&changes).len(), 2);
}

/// The names as in the snapshot `full.full-mesh-team-finance-eu-analysts-j4ylnade`.
#[test]
fn a_team_is_known_by_its_name_without_the_environment() {
    let team = |environment: &str, team: &str| {
        let stack = format!("111122223333/eu-west-1/mesh-team-{environment}-{team}");
        one_text(&stack, &format!("mesh-{team}-data-1"), &format!("role/{environment}-{team}"))
    };
    let changes = [team("finance-eu", "analysts-j4ylnade"), team("finance-us", "interns-2lpqtonr")];
    assert_eq!(grouped(&changes).len(), 1);
}

#[test]
fn a_class_of_one_stack_has_no_variables() {
    let changes = [one_text(&address("sales"), "sales", "⟨name⟩")];
    let class = of(&changes).into_iter().next().expect("a class");
    assert!(class.members.iter().all(|member| member.bindings.is_empty()), "{class:?}");
    assert_eq!(class.shape.change.stack, address("sales"));
    assert_eq!(grouped(&changes).len(), 1);
}

#[test]
fn a_name_is_no_part_of_a_word() {
    let changes = [
        one_text(&address("us"), "status of us", ""),
        one_text(&address("it"), "status of it", ""),
    ];
    assert_eq!(grouped(&changes).len(), 1);
    let changes = [one_text(&address("us"), "status", ""), one_text(&address("it"), "statit", "")];
    assert_eq!(grouped(&changes).len(), 2);
}

/// The number of stacks of the benchmark's mesh.
#[test]
fn a_release_that_changes_every_stack_of_a_large_mesh_is_one_class() {
    let stack = |number: usize| {
        let name = format!("set{number}");
        one_text(&address(&name), &format!("x-{name}-a2b3c4d5/*"), &format!("y-{name}-a2b3c4d5/*"))
    };
    let changes: Vec<StackChange> = (0..15_402).map(stack).collect();
    let classes = of(&changes);
    assert_eq!(classes.iter().map(|class| class.members.len()).collect::<Vec<_>>(), [15_402]);
}

/// Texts of pieces that bindings, digests and patterns consist of.
fn text() -> impl Strategy<Value = String> {
    let pieces = [
        "sales",
        "orders-eu",
        "orders_eu",
        "111122223333",
        "eu-west-1",
        "-",
        "_",
        "mt3nmkxk",
        "readonly",
        "Enabled",
        "⟨",
        "⟩",
        "⟨name⟩",
        "/",
        ".",
        "AB12CD34",
        "\n",
        "\\",
        "lines 1",
        "mesh-dataset-sales",
        "é",
        "",
    ];
    let piece = proptest::sample::select(pieces.to_vec());
    proptest::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat())
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        text().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        text().prop_map(|id| Value::from(Intrinsic::Ref(LogicalId::parameter(&id)))),
        text().prop_map(|text| {
            let parts = Intrinsic::parse_sub(&format!("{text}${{{text}.Arn}}"));
            Value::from(Intrinsic::Sub { parts, variables: Map::new() })
        }),
    ];
    leaf.prop_recursive(2, 12, 3, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..3).prop_map(Value::List),
            proptest::collection::vec((text(), inner.clone()), 0..3).prop_map(|entries| {
                let entries = entries.into_iter().map(|(key, item)| (key.into(), item));
                Value::Map(entries.collect())
            }),
            (text(), inner.clone(), inner).prop_map(|(name, then, otherwise)| {
                Value::from(Intrinsic::If { condition: name.into(), then, otherwise })
            }),
        ]
    })
}

fn any_property() -> impl Strategy<Value = PropertyChange> {
    let path = prop_oneof![text(), Just("/Outputs/LakewrightRevision/Value".to_owned())];
    let side = || proptest::option::of(value());
    (path, side(), side()).prop_map(|(path, before, after)| PropertyChange {
        path,
        before,
        after,
        update: Update::MayReplace,
    })
}

fn any_resource() -> impl Strategy<Value = ResourceChange> {
    let lines = || proptest::collection::vec(text(), 0..3);
    let properties = proptest::collection::vec(any_property(), 0..3);
    (text(), properties, text(), lines(), lines()).prop_map(
        |(id, properties, reason, lines_before, lines_after)| {
            let mut one = resource(&id, properties);
            one.outcome.reasons.push(reason);
            ResourceChange { lines_before, lines_after, ..one }
        },
    )
}

fn any_change() -> impl Strategy<Value = StackChange> {
    let name = proptest::sample::select(vec!["sales", "orders-eu", "team-a-mt3nmkxk"]);
    let known = (name, any::<bool>()).prop_map(|(name, is_first)| {
        let place = if is_first { "111122223333/eu-west-1" } else { "444455556666/us-east-1" };
        format!("{place}/mesh-dataset-{name}")
    });
    let stack = prop_oneof![3 => known, 1 => text()];
    let resources = proptest::collection::vec(any_resource(), 0..3);
    let others = proptest::collection::vec(any_property(), 0..2);
    (stack, resources, others)
        .prop_map(|(stack, resources, others)| StackChange { others, ..change(&stack, resources) })
}

proptest! {
    #[test]
    fn each_member_gives_its_change_back(changes in proptest::collection::vec(any_change(), 0..8)) {
        let classes = grouped(&changes);
        prop_assert_eq!(classes.iter().map(Vec::len).sum::<usize>(), changes.len());
        prop_assert!(classes.iter().map(Vec::len).is_sorted());
    }
}
