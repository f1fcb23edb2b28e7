//! Datasets whose stacks are nearly full share their tables by Lake Formation tags.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use lakewright_manifest::SourceFile;
use lakewright_stacks::{Runway, Synthesized, runway};
use serde_json::{Value, json};

use crate::limits::{shares, with};
use crate::run::{lakewright, mesh, synthesized, transcript, write_mesh};

/// The size of a dataset: its tables, the teams of another account, and the number of tables that each
/// team shares.
#[derive(Clone, Copy)]
struct Size {
    teams: usize,
    tables: usize,
    shared: usize,
}

/// By name, these shares would take 40 times 21 permissions.
const MANY: Size = Size { teams: 40, tables: 30, shared: 20 };

/// A mesh whose tables are shared by tags.
pub(crate) fn many() -> Vec<SourceFile> {
    sources(MANY)
}

fn sources(size: Size) -> Vec<SourceFile> {
    let Size { teams, tables, shared } = size;
    let declared: Vec<String> = (0..tables).map(|table| format!("  - name: t{table}\n")).collect();
    with(shares(teams, &format!("tables:\n{}", declared.concat()), |team| {
        let items = (team..team + shared).map(|one| format!("{{ table: t{} }}", one % tables));
        let items: Vec<String> = items.collect();
        // Writing needs a permission of its own on each table; teams that share one table only read.
        let permissions = ["read", "read, write", "read, modify"][team % shared.min(3)];
        format!("items: [{}]\npermissions: [{permissions}]\n", items.join(", "))
    }))
}

fn dataset(size: Size) -> Synthesized {
    let stacks = synthesized(&mesh(&sources(size)));
    let found = stacks.into_iter().find(|stack| stack.entry.id == "popular");
    found.expect("the dataset's stack")
}

/// The resources of the dataset's stack that concern tables, without their dependencies.
fn about_tables(size: Size) -> BTreeMap<String, Value> {
    let template: Value = serde_json::from_str(&dataset(size).json).expect("JSON");
    let resources = template["Resources"].as_object().expect("resources").clone();
    let about = |kind: &Value| {
        kind.as_str().is_some_and(|kind| {
            kind.ends_with("::PrincipalPermissions") || kind.starts_with("AWS::LakeFormation::Tag")
        })
    };
    let about = resources.into_iter().filter(|(_, resource)| about(&resource["Type"]));
    about.map(|(id, resource)| (id, resource["Properties"].clone())).collect()
}

fn count(stack: &Synthesized, kind: &str) -> usize {
    stack.lowered.template.resources.values().filter(|one| one.kind == kind).count()
}

#[test]
fn tables_are_shared_by_tags_once_the_stack_is_nearly_full() {
    let few = dataset(Size { teams: 10, ..MANY });
    assert_eq!(count(&few, "AWS::LakeFormation::Tag"), 0, "by name as long as there is room");
    let many = dataset(MANY);
    assert_eq!(count(&many, "AWS::LakeFormation::Tag"), 1);
    assert_eq!(count(&many, "AWS::LakeFormation::TagAssociation"), 30);
    // For each team one permission on the database and one on its tables; six for the dataset's own
    // roles.
    assert_eq!(count(&many, "AWS::LakeFormation::PrincipalPermissions"), 86);
    // If each share has one table, tags would need more resources.
    let single = dataset(Size { teams: 225, tables: 30, shared: 1 });
    assert_eq!(count(&single, "AWS::LakeFormation::Tag"), 0);
    assert!(single.lowered.template.resources.len() > 450, "it is nearly full");
    // More tables than one tag can have values.
    let wide = dataset(Size { teams: 20, tables: 120, shared: 40 });
    let tags = count(&wide, "AWS::LakeFormation::Tag");
    assert!((3..=6).contains(&tags), "{tags} tags");
    for resource in wide.lowered.template.resources.values() {
        if resource.kind == "AWS::LakeFormation::Tag" {
            let values = resource.properties.get("TagValues").and_then(|values| values.as_list());
            assert!(values.is_some_and(|values| values.len() <= 50));
        }
    }
}

#[test]
fn consumers_of_a_hybrid_location_are_named_table_by_table() {
    // The readers are opted in on databases and tables, because an opt-in on a tag is not possible.
    let of = |hybrid_access: &str| {
        let import = format!(
            "import: {{ bucket: their-bucket, hybrid_access: {hybrid_access} }}\ntables:\n{}",
            (0..30).map(|table| format!("  - name: t{table}\n")).collect::<Vec<_>>().concat()
        );
        // 23 teams with 20 tables each: nearly full.
        let text = shares(23, &import, |team| {
            let items: Vec<String> =
                (team..team + 20).map(|one| format!("{{ table: t{} }}", one % 30)).collect();
            format!("items: [{}]\n", items.join(", "))
        });
        let stacks = synthesized(&mesh(&with(text)));
        let dataset = stacks.iter().find(|stack| stack.entry.id == "popular").expect("it");
        (dataset.lowered.template.resources.len(), count(dataset, "AWS::LakeFormation::Tag"))
    };
    let (open, tags) = of("opt_in");
    assert!(open > 450, "it is nearly full: {open}");
    assert_eq!(tags, 0);
    assert_eq!(of("closed").1, 1);
}

#[test]
fn one_more_share_changes_no_permission_of_others() {
    let before = about_tables(MANY);
    let after = about_tables(Size { teams: 41, ..MANY });
    let changed: Vec<&String> =
        before.iter().filter(|(id, one)| after.get(*id) != Some(*one)).map(|(id, _)| id).collect();
    assert!(changed.is_empty(), "{changed:?}");
    assert_eq!(after.len(), before.len() + 2);
}

#[test]
fn one_more_table_makes_new_tags_beside_the_old_ones() {
    // A value that tables use cannot be removed from a tag, and resources that name tags are deleted
    // before they are replaced. So no existing one may change.
    let before = about_tables(MANY);
    let after = about_tables(Size { tables: 31, ..MANY });
    let changed: Vec<&String> = before
        .iter()
        .filter(|(id, one)| after.get(*id).is_some_and(|now| now != *one))
        .map(|(id, _)| id)
        .collect();
    assert!(changed.is_empty(), "{changed:?}");
    let tag = |resources: &BTreeMap<String, Value>| {
        let found = resources.iter().find(|(_, one)| !one["TagValues"].is_null());
        found.map(|(id, _)| id.clone()).expect("a tag")
    };
    assert_ne!(tag(&before), tag(&after));
}

#[test]
fn another_permission_is_a_change_of_the_one_that_is_there() {
    // Lake Formation identifies a permission by its role and resource. When a second resource for the
    // same pair is deleted, it revokes what the first one granted.
    let identities = |text: &str| -> BTreeMap<(String, String), (String, Value)> {
        let template: Value = serde_json::from_str(text).expect("JSON");
        let resources = template["Resources"].as_object().expect("resources").clone();
        let permissions = resources
            .into_iter()
            .filter(|(_, resource)| resource["Type"] == "AWS::LakeFormation::PrincipalPermissions");
        let identity = |(id, resource): (String, Value)| {
            let properties = &resource["Properties"];
            let who = properties["Principal"].to_string();
            ((who, properties["Resource"].to_string()), (id, properties["Permissions"].clone()))
        };
        permissions.map(identity).collect()
    };
    let before = identities(&dataset(MANY).json);
    let mut sources = sources(MANY);
    for source in &mut sources {
        source.text =
            source.text.replace("permissions: [read, write]", "permissions: [read, modify]");
    }
    let stacks = synthesized(&mesh(&sources));
    let after = stacks.iter().find(|stack| stack.entry.id == "popular").expect("the stack");
    let after = identities(&after.json);
    let mut changed = 0;
    for (identity, (id, permissions)) in &before {
        let (now, others) = after.get(identity).expect("the same role and tables");
        assert_eq!(id, now, "{identity:?}");
        changed += usize::from(permissions != others);
    }
    assert_eq!(changed, 13, "every third of 40 teams");
}

/// A manual change of the properties of each resource.
type ByHand = (&'static str, fn(&mut Value), &'static str);

/// The tag values in a permission by tag.
fn values_of(properties: &mut Value) -> Option<&mut Vec<Value>> {
    properties.pointer_mut("/Resource/LFTagPolicy/Expression/0/TagValues")?.as_array_mut()
}

/// Changes of permissions by tag, or of a tagged table.
const BY_HAND: [ByHand; 5] = [
    (
        "a permission on one more table",
        |properties| {
            if let Some(values) = values_of(properties) {
                let other = (0..30).map(|table| json!(format!("t{table}")));
                let other = other.filter(|table| !values.contains(table)).take(1);
                let other: Vec<Value> = other.collect();
                values.extend(other);
            }
        },
        "too much",
    ),
    (
        "a permission on one table less",
        |properties| {
            if let Some(values) = values_of(properties) {
                values.pop();
            }
        },
        "missing",
    ),
    (
        "a permission to write besides",
        |properties| {
            if properties["Resource"]["LFTagPolicy"].is_object() {
                properties["Permissions"] = json!(["ALTER", "DESCRIBE", "SELECT"]);
            }
        },
        "too much",
    ),
    (
        "a table with the value of another one",
        |properties| {
            if properties["Resource"]["Table"]["Name"] == "t1" && properties["LFTags"].is_array() {
                properties["LFTags"][0]["TagValues"] = json!(["t2"]);
            }
        },
        "missing",
    ),
    (
        "the whole database with the value of a table",
        |properties| {
            if properties["Resource"]["Table"]["Name"] == "t1" && properties["LFTags"].is_array() {
                let database = properties["Resource"]["Table"]["DatabaseName"].clone();
                properties["Resource"] =
                    json!({ "Database": { "CatalogId": "222222222222", "Name": database } });
            }
        },
        "too much",
    ),
];

#[test]
fn what_is_shared_by_tags_is_proven_and_seen() {
    let folder = tempfile::tempdir().expect("a folder");
    let files = sources(MANY).into_iter().map(|file| (file.path, file.text));
    write_mesh(folder.path(), &files.collect::<Vec<_>>());
    let path = folder.path().to_str().expect("text");
    let proof = transcript(&lakewright(["prove", path]));
    assert!(proof.starts_with("exit: 0\n"), "{proof}");
    let asked = ["access", path, "--principal", "team/big/Reader0", "--format", "csv"];
    let access = transcript(&lakewright(asked));
    let lists = |table: &str| access.contains(&format!("/{table}\""));
    assert!(lists("t0") && lists("t19") && !lists("t20"), "{access}");

    let out = folder.path().join("out").to_str().expect("text").to_owned();
    let synth = lakewright(["synth", path, "--out", &out]);
    assert_eq!(synth.status.code(), Some(0));
    let stack = dataset(MANY);
    let template = Path::new(&out).join(&stack.entry.template);
    let as_emitted: Value = serde_json::from_str(&stack.json).expect("JSON");
    for (name, change, expected) in BY_HAND {
        let mut value = as_emitted.clone();
        let resources = value["Resources"].as_object_mut().expect("resources");
        resources.values_mut().for_each(|resource| change(&mut resource["Properties"]));
        assert_ne!(value, as_emitted, "{name}: nothing was changed");
        fs::write(&template, value.to_string()).expect("a template");
        let proof = transcript(&lakewright(["prove", "--assembly", &out]));
        assert!(proof.starts_with("exit: 4\n") && proof.contains(expected), "{name}: {proof}");
    }
}

#[test]
fn the_runway_knows_of_tags() {
    let line = |size: Size| -> Runway {
        let mesh = mesh(&sources(size));
        let stacks = synthesized(&mesh);
        let lines = runway(&mesh, &stacks.iter().collect::<Vec<_>>());
        let found = lines
            .into_iter()
            .find(|line| line.environment.as_deref() == Some("dev") && line.what == "share");
        found.expect("a line")
    };
    let few = line(Size { teams: 10, ..MANY });
    assert_eq!((few.limit, few.then), (450, Some("tables are shared by tags")), "{few:?}");
    // The runway's number of further shares fits by name; beyond that, tags make room for many more.
    let full = dataset(Size { teams: 10 + few.more, ..MANY });
    assert_eq!(count(&full, "AWS::LakeFormation::Tag"), 0, "{few:?}");
    let beyond = line(Size { teams: 10 + few.more + 2, ..MANY });
    assert!(beyond.then.is_none() && beyond.more > 2 * few.more, "{beyond:?}");
}
