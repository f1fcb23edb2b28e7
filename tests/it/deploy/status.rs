//! What is deployed where, its outputs, and the facts that only accounts know.

use std::fs;

use serde_json::{Value, json};

use super::{Emulator, change, ends_with, lab};
use crate::run::transcript;

impl Emulator {
    /// The document that a command writes.
    pub(super) fn document(&self, arguments: &[&str], code: i32) -> Value {
        let output = self.lakewright(&[arguments, &["--format", "json"]].concat());
        assert_eq!(output.status.code(), Some(code), "{}", transcript(&output));
        serde_json::from_slice(&output.stdout).expect("JSON")
    }
}

/// The stacks by what a refresh would do with them.
fn actions(document: &Value, action: &str) -> usize {
    let stacks = document["stacks"].as_array().expect("stacks");
    stacks.iter().filter(|stack| stack["action"] == action).count()
}

/// The lab has 16 stacks in three accounts (examples/lab).
#[test]
fn the_status_says_what_a_refresh_would_do() {
    let folder = tempfile::tempdir().expect("a folder");
    let mesh = lab(folder.path());
    let path = mesh.display().to_string();
    let emulator = Emulator::start();
    let new = emulator.document(&["status", &path, "--exit-code"], 3);
    assert_eq!(actions(&new, "create"), 16);
    ends_with(&emulator.deploy(&mesh), 0, "16 created, 0 updated");

    let kept = emulator.document(&["status", &path, "--exit-code"], 0);
    assert_eq!(actions(&kept, "keep"), 16);
    assert_eq!(kept["run"], Value::Null, "the deployment has ended");
    let stack = &kept["stacks"][0];
    assert_eq!(stack["status"], "CREATE_COMPLETE");
    assert!(stack["changed"].as_str().is_some_and(|time| time.starts_with("20")), "{stack}");

    // Filters, and the table for people.
    let place = ["--account", "333333333333", "--region", "us-east-1", "--kind", "team"];
    let teams = emulator.document(&[&["status", &path][..], &place[..]].concat(), 0);
    let teams = teams["stacks"].as_array().expect("stacks").iter();
    let names: Vec<&str> = teams.filter_map(|stack| stack["subject"].as_str()).collect();
    assert_eq!(names.len(), 3, "{names:?}");
    assert!(names.iter().all(|name| name.starts_with("team/science/")), "{names:?}");
    let table = emulator.lakewright(&["status", &path]);
    ends_with(&table, 0, "16 stacks: 16 keep");
    assert!(transcript(&table).contains("222222222222 us-east-1\n"), "{}", transcript(&table));

    // A change of the mesh, and a stack that it no longer has.
    change(&mesh.join("datasets.yaml"), "confidentiality: official", "confidentiality: secret");
    change(&mesh.join("shares.yaml"), "status: approved\n", "status: revoked\n");
    let changed = emulator.document(&["status", &path, "--exit-code"], 3);
    assert!(actions(&changed, "update") > 0, "{changed:#}");
    assert_eq!(actions(&changed, "delete"), 1);
    ends_with(&emulator.lakewright(&["status", &path]), 0, "1 delete");
}

/// "Stack status codes" in the CloudFormation user guide: `UPDATE_ROLLBACK_FAILED` needs `ContinueUpdateRollback`.
#[test]
fn a_stack_that_is_stuck_is_shown_with_the_advice() {
    let folder = tempfile::tempdir().expect("a folder");
    let mesh = lab(folder.path());
    let path = mesh.display().to_string();
    let emulator = Emulator::start();
    ends_with(&emulator.deploy(&mesh), 0, "16 created, 0 updated");
    let body = json!({
        "account": "222222222222", "region": "us-east-1", "name": "lab-dataset-dpdataset",
        "status": "UPDATE_ROLLBACK_FAILED",
    });
    emulator.request("POST", "/_test/stacks", &body.to_string()).expect("an answer");
    ends_with(&emulator.lakewright(&["status", &path]), 7, "continue-update-rollback");
    // A filter leaves it out.
    ends_with(&emulator.lakewright(&["status", &path, "--kind", "team"]), 0, "stacks");
}

#[test]
fn the_outputs_of_a_stack_are_shown() {
    let folder = tempfile::tempdir().expect("a folder");
    let mesh = lab(folder.path());
    let path = mesh.display().to_string();
    let emulator = Emulator::start();
    ends_with(&emulator.deploy(&mesh), 0, "16 created, 0 updated");
    let outputs = emulator.document(&["outputs", &path, "lab-dataset-dpdataset"], 0);
    let [stack] = outputs["stacks"].as_array().expect("stacks").as_slice() else {
        unreachable!("{outputs:#}")
    };
    let names = stack["outputs"].as_array().expect("outputs").iter();
    let names: Vec<&str> = names.filter_map(|output| output["name"].as_str()).collect();
    assert!(names.contains(&"LakewrightRevision"), "{names:?}");
    ends_with(&emulator.lakewright(&["outputs", &path, "no-such-stack"]), 2, "no stack");
}

/// The emulator's EC2 has a default VPC in each region, as AWS makes it ("Default VPCs" in the VPC user guide).
#[test]
fn facts_are_fetched_and_put_into_the_mesh() {
    let folder = tempfile::tempdir().expect("a folder");
    let mesh = lab(folder.path());
    let path = mesh.display().to_string();
    let file = mesh.join("mesh.yaml");
    let features = "features: { notebooks: true, ml_studio: true } # for forecasts";
    change(&file, "features: { notebooks: true }", features);
    let emulator = Emulator::start();
    let shown = emulator.lakewright(&["context", &path]);
    ends_with(&shown, 0, "default_vpc: {exists: true, vpc_id: vpc-");
    let before = fs::read_to_string(&file).expect("a file");
    ends_with(&emulator.lakewright(&["context", &path, "--write"]), 0, "wrote ");
    let after = fs::read_to_string(&file).expect("a file");
    let added: Vec<&str> = after.lines().filter(|line| !before.contains(line)).collect();
    assert_eq!(added.len(), 2, "{added:?}");
    assert!(after.contains("# for forecasts"), "{after}");
    // A second run finds nothing to write.
    ends_with(&emulator.lakewright(&["context", &path, "--write"]), 0, "");
    assert_eq!(fs::read_to_string(&file).expect("a file"), after);
}
