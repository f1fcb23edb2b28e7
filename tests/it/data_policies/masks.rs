//! Masks: what a team sees of a table is a view, and nothing else gives it the table.

use std::fs;
use std::path::{Path, PathBuf};

use lakewright_manifest::Mesh;
use lakewright_template::StackKind;

use super::{Data, How, codes, dataset, domain, policy, templates, two_datasets, with};
use crate::run::{lakewright, resolved, synthesized, transcript};

const PERSONA: &str = "actors: { teams: [Near, Far] }\nprivileges: [data.query]\nresources: { types: [table, column] }";
const PURPOSE: &str = "actors: { all_users: true, except: { teams: [Owners, Keepers] } }\nprivileges: [data.query]\nresources: { tags: [pii] }\nmask: hash";

fn masked() -> Vec<String> {
    vec![policy("persona", PERSONA), policy("purpose", PURPOSE)]
}

/// The views of the dataset `one` that a team has: name and text.
fn views(mesh: &Mesh, team: &str) -> Vec<(String, String)> {
    let stacks = synthesized(mesh);
    let is_it = |kind: &StackKind, id: &str| *kind == StackKind::Dataset && id == "one";
    let stack = stacks.iter().find(|one| is_it(&one.entry.kind, &one.entry.id)).expect("a stack");
    let document: serde_json::Value = serde_json::from_str(&stack.json).expect("JSON");
    let resources = document["Resources"].as_object().expect("resources").values();
    let inputs = resources.map(|one| &one["Properties"]["TableInput"]);
    let own = inputs.filter(|input| {
        let said = input["Description"].as_str().unwrap_or_default();
        input["ViewDefinition"].is_object() && said.ends_with(&format!(" as team {team} sees it"))
    });
    own.map(|input| {
        let text = &input["ViewDefinition"]["Representations"][0]["ViewOriginalText"];
        let text = text.as_str().expect("a text").to_owned();
        (input["Name"].as_str().expect("a name").to_owned(), text)
    })
    .collect()
}

/// AT-11: with a purpose that masks, a user who may query the asset sees it masked, in the table's account and in others.
#[test]
fn a_team_reads_views_and_not_their_tables() {
    let mesh = two_datasets("", &masked());
    let data = Data::of(&mesh);
    for team in ["Near", "Far"] {
        let own = views(&mesh, team);
        assert_eq!(own.len(), 2, "{team}: one for each dialect: {own:?}");
        for (name, text) in &own {
            assert!(data.table(team, "one", name, &[], How::Read), "{team} {name}");
            assert!(!data.table(team, "one", name, &[], How::Write), "{team} {name}");
            let other = if team == "Near" { "Far" } else { "Near" };
            assert!(!data.table(other, "one", name, &[], How::Read), "{other} {name}");
            assert!(text.contains("sha"), "{text}");
            assert!(text.contains("base.\"id\" AS") || text.contains("base.`id` AS"), "{text}");
        }
        for columns in [&[][..], &["email"], &["id"], &["id", "email"]] {
            assert!(!data.table(team, "one", "orders", columns, How::Read), "{team} {columns:?}");
        }
        assert!(data.table(team, "one", "sums", &[], How::Read), "{team}");
        assert!(!data.object(team, "one", "any", How::Read), "{team}");
    }
    // A team that only the purpose is about sees the masked column alone.
    let both = views(&mesh, "Both");
    assert!(both.len() == 2 && both.iter().all(|(_, text)| !text.contains("id")), "{both:?}");
    // The others read the table as before.
    for team in ["Owners", "Keepers"] {
        assert!(data.table(team, "one", "orders", &[], How::Read), "{team}");
        assert!(views(&mesh, team).is_empty(), "{team}");
    }
}

/// docs/governance.md: setting a policy to `inactive` leaves the templates as they were before.
#[test]
fn a_mask_that_is_revoked_leaves_no_trace() {
    let before = templates(&synthesized(&two_datasets("", &[policy("persona", PERSONA)])));
    let inactive = policy("purpose", &format!("state: inactive\n{PURPOSE}"));
    let after = two_datasets("", &[policy("persona", PERSONA), inactive]);
    assert_eq!(before, templates(&synthesized(&after)));
}

/// Dataset-level access gives the bucket with the table's files.
#[test]
fn a_mask_and_dataset_level_access_exclude_each_other() {
    let of_domain = domain("dataset_level_access: [Near]\n");
    let mut all = vec![of_domain, dataset("one")];
    all.extend(masked());
    assert_eq!(codes(&resolved(&with(&all)).1), ["mask-not-enforced"]);
}

/// An assembly of a mesh with masks, and the template of the stack of the dataset `one`.
fn assembly(folder: &Path) -> (PathBuf, PathBuf) {
    let (mesh, out) = (folder.join("mesh"), folder.join("out"));
    fs::create_dir(&mesh).expect("a folder");
    let mut all = vec![domain(""), dataset("one"), dataset("two")];
    all.extend(masked());
    fs::write(mesh.join("mesh.yaml"), &with(&all)[0].text).expect("a mesh");
    let synth = ["synth".as_ref(), mesh.as_os_str(), "--out".as_ref(), out.as_os_str()];
    let done = lakewright(synth);
    assert!(done.status.success(), "{}", transcript(&done));
    let template = "templates/222222222222/eu-west-1/lakewright-dataset-one.json";
    (out.clone(), out.join(template))
}

/// The rights of the definer stand in the matrix, and `prove` finds a permission on a masked table: instead of that on the
/// view, and beside it.
#[test]
fn a_permission_on_a_masked_table_is_not_proven() {
    let folder = tempfile::tempdir().expect("a folder");
    let (out, template) = assembly(folder.path());
    let prove = || {
        let done = lakewright(["prove".as_ref(), "--assembly".as_ref(), out.as_os_str()]);
        (done.status.code(), transcript(&done))
    };
    let (code, said) = prove();
    assert_eq!(code, Some(0), "{said}");
    let access = ["access".as_ref(), "--assembly".as_ref(), out.as_os_str(), "--detail".as_ref()];
    let matrix = transcript(&lakewright(access));
    assert!(matrix.contains("definer/one"), "{matrix}");
    let before = fs::read_to_string(&template).expect("a template");
    let document: serde_json::Value = serde_json::from_str(&before).expect("JSON");
    let resources = document["Resources"].as_object().expect("resources");
    let is_of_view = |resource: &serde_json::Value| {
        let principal = resource["Properties"]["Principal"].to_string();
        let on = resource["Properties"]["Resource"]["TableWithColumns"]["Name"].as_str();
        principal.contains("-near-") && on.is_some_and(|on| on.starts_with("orders_near"))
    };
    let found = resources.iter().find(|(_, resource)| is_of_view(resource));
    let (id, permission) = found.expect("a permission on a view");
    let mut on_table = permission.clone();
    on_table["Properties"]["Resource"]["TableWithColumns"]["Name"] = "orders".into();
    for place in [id.as_str(), "Another"] {
        let mut changed = document.clone();
        changed["Resources"][place] = on_table.clone();
        fs::write(&template, changed.to_string()).expect("a template");
        let (code, said) = prove();
        assert_eq!(code, Some(4), "{place}: {said}");
        assert!(said.contains("orders"), "{place}: {said}");
    }
}

/// docs/governance.md: `can` answers about the view by its name.
#[test]
fn can_answers_about_the_view_and_about_the_table() {
    let folder = tempfile::tempdir().expect("a folder");
    let (out, _) = assembly(folder.path());
    let name = views(&two_datasets("", &masked()), "Near").swap_remove(0).0;
    let can = |principal: &str, table: &str| {
        let resource = format!("dataset/one/table/{table}");
        let mut arguments = vec!["can".into(), "--assembly".into(), out.clone().into_os_string()];
        for (option, value) in [
            ("--principal", principal),
            ("--action", "lakeformation:SELECT"),
            ("--resource", resource.as_str()),
        ] {
            arguments.extend([option.into(), value.into()]);
        }
        let done = lakewright::<std::ffi::OsString>(arguments);
        (done.status.code(), transcript(&done))
    };
    for (principal, table, code) in [
        ("team/dev/Near", name.as_str(), 0),
        ("team/dev/Near", "orders", 4),
        ("team/dev/Owners", "orders", 0),
        ("definer/one", "orders", 0),
        ("definer/one", "sums", 4),
    ] {
        let (answered, said) = can(principal, table);
        assert_eq!(answered, Some(code), "{principal} {table}: {said}");
    }
}
