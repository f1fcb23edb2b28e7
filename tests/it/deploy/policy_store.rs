//! A policy store in the emulator: it is made, its policies change, and it stays when its stack goes.

use std::fs;

use serde_json::Value;

use super::{Emulator, change, ends_with};
use crate::run::example;

/// The names of the policies in all policy stores.
fn policies(emulator: &Emulator) -> Vec<String> {
    let resources = emulator.resources().into_iter();
    let own = resources.filter(|one| one["type"] == "AWS::VerifiedPermissions::Policy");
    own.filter_map(|one| one["properties"]["Name"].as_str().map(str::to_owned)).collect()
}

/// The ids of the policy stores.
fn stores(emulator: &Emulator) -> Vec<Value> {
    let resources = emulator.resources().into_iter();
    let own = resources.filter(|one| one["type"] == "AWS::VerifiedPermissions::PolicyStore");
    own.map(|one| one["id"].clone()).collect()
}

#[test]
fn a_policy_store_is_deployed_changes_and_stays() {
    let folder = tempfile::tempdir().expect("a folder");
    let mesh = folder.path().join("mesh");
    fs::create_dir(&mesh).expect("a folder");
    for file in ["forms.yaml", "mesh.yaml", "policies.yaml"] {
        fs::copy(example("governance").join(file), mesh.join(file)).expect("a copy");
    }
    let emulator = Emulator::start();
    ends_with(&emulator.deploy(&mesh), 0, " created, 0 updated");
    let before = policies(&emulator);
    assert!(before.len() > 45, "{before:?}");
    assert!(before.contains(&"name/permit/policy/analysts-describe".to_owned()), "{before:?}");
    assert_eq!(stores(&emulator).len(), 1);

    // Conditions and actions change in place, and an effect makes another policy: the service refuses to change it.
    let file = mesh.join("policies.yaml");
    change(
        &file,
        "resources: { domains: [sales] }",
        "resources: { types: [dataset], domains: [sales] }",
    );
    ends_with(&emulator.deploy(&mesh), 0, "0 created, 1 updated");
    change(&file, "actors: { teams: [Analysts] }", "effect: deny\nactors: { teams: [Analysts] }");
    ends_with(&emulator.deploy(&mesh), 0, "0 created, 1 updated");
    let after = policies(&emulator);
    assert_eq!(after.len(), before.len());
    assert!(after.contains(&"name/forbid/policy/analysts-describe".to_owned()), "{after:?}");
    assert!(!after.contains(&"name/permit/policy/analysts-describe".to_owned()), "{after:?}");

    // The store is protected, so it stays, without a policy: it denies everything.
    let path = mesh.display().to_string();
    let all = ["destroy", &path, "--yes", "--all"];
    let output = emulator.lakewright(&all);
    ends_with(&output, 0, " deleted");
    assert_eq!((stores(&emulator).len(), policies(&emulator).len()), (1, 0));
}
