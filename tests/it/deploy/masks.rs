//! Views of masks in the emulator: they are made, change in place, and go with their mask. The emulator keeps what a template
//! says of a view. It neither checks the text nor reads through views (docs/aws-behaviour.md, 1:26 and 1:27).

use std::fs;

use serde_json::{Value, json};

use super::{Emulator, change, ends_with};
use crate::run::example;

/// The texts of all views, as Glue says them.
fn views(emulator: &Emulator) -> Vec<String> {
    let database = json!({ "DatabaseName": "lakewright_january_irqpxthz" });
    let answer = emulator.call_in("eu-west-1", "222222222222", ["glue", "get_tables"], &database);
    let tables = answer["TableList"].as_array().cloned().unwrap_or_default();
    let text = |table: &Value| {
        let view = &table["ViewDefinition"]["Representations"][0]["ViewOriginalText"];
        view.as_str().map(str::to_owned)
    };
    tables.iter().filter_map(text).collect()
}

#[test]
fn views_of_masks_are_made_change_and_go() {
    let folder = tempfile::tempdir().expect("a folder");
    let mesh = folder.path().join("mesh");
    fs::create_dir(&mesh).expect("a folder");
    for file in ["data.yaml", "forms.yaml", "mesh.yaml", "policies.yaml"] {
        fs::copy(example("governance").join(file), mesh.join(file)).expect("a copy");
    }
    let emulator = Emulator::start();
    ends_with(&emulator.deploy(&mesh), 0, " created, 0 updated");
    let made = views(&emulator);
    assert!(made.len() == 2 && made.iter().all(|text| text.contains("sha")), "{made:?}");
    let file = mesh.join("data.yaml");
    change(&file, "mask: hash", "mask: nullify");
    ends_with(&emulator.deploy(&mesh), 0, "0 created, 1 updated");
    let changed = views(&emulator);
    assert!(
        changed.len() == 2 && changed.iter().all(|text| text.contains("CAST(NULL AS")),
        "{changed:?}"
    );
    // Without the mask there is neither a view nor a definer.
    change(
        &file,
        "id: personal-data-is-masked\n",
        "id: personal-data-is-masked\nstate: inactive\n",
    );
    // The workgroup that Athena checks views in goes, too.
    let allow = ["--yes", "--allow", "data-loss,access-broadened"];
    let done = emulator.deploy_with(&mesh, &allow);
    assert_eq!(done.status.code(), Some(0), "{}", crate::run::transcript(&done));
    assert_eq!(views(&emulator), Vec::<String>::new());
    let roles = emulator.resources().into_iter().filter(|one| one["type"] == "AWS::IAM::Role");
    let names: Vec<Value> = roles.map(|one| one["properties"]["RoleName"].clone()).collect();
    let is_definer = |name: &&Value| name.as_str().is_some_and(|name| name.ends_with("-views"));
    assert!(!names.iter().any(|name| is_definer(&name)), "{names:?}");
}
