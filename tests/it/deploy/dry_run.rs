//! `deploy --dry-run`: CloudFormation's own words, and nothing that is executed or left behind.

use serde_json::json;

use super::reality::REGION;
use super::{Emulator, change, ends_with, lab};
use crate::run::transcript;

impl Emulator {
    /// The number of change sets of the dataset's stack.
    fn change_sets(&self) -> usize {
        let stack = json!({ "StackName": "lab-dataset-dpdataset" });
        let answer = self.call("222222222222", "cloudformation", "list_change_sets", &stack);
        answer["Summaries"].as_array().map_or(0, Vec::len)
    }
}

#[test]
fn a_dry_run_shows_the_change_set_and_leaves_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let mesh = lab(folder.path());
    let emulator = Emulator::start();
    // Before the bootstrap stacks nobody can ask about the others. A creation leaves no empty stack.
    let first = emulator.deploy_with(&mesh, &["--dry-run"]);
    ends_with(&first, 5, "before the bootstrap stack of its account and region is created");
    ends_with(&first, 5, "Add ");
    assert!(emulator.stacks().is_empty(), "{:?}", emulator.stacks());
    ends_with(&emulator.deploy(&mesh), 0, "16 created");
    change(&mesh.join("datasets.yaml"), "cron(0 2 * * ? *)", "cron(0 3 * * ? *)");
    let (before, sets) =
        (emulator.look("222222222222", REGION)["stacks"].take(), emulator.change_sets());
    let said = emulator.deploy_with(&mesh, &["--dry-run"]);
    ends_with(&said, 0, "nothing was executed");
    assert!(transcript(&said).contains("  Modify "), "{}", transcript(&said));
    assert_eq!(emulator.look("222222222222", REGION)["stacks"], before);
    assert_eq!(emulator.change_sets(), sets);
    // The change is still there to be made.
    ends_with(&emulator.deploy(&mesh), 0, "0 created, 1 updated");
}

/// A token that expires after the change set was requested: what was prepared cannot be deleted, and the run says so.
#[test]
fn what_a_dry_run_cannot_delete_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let mesh = lab(folder.path());
    let emulator = Emulator::start();
    ends_with(&emulator.deploy(&mesh), 0, "16 created");
    change(&mesh.join("datasets.yaml"), "cron(0 2 * * ? *)", "cron(0 3 * * ? *)");
    emulator.expire_after(Some("CreateChangeSet"));
    let said = emulator.deploy_with(&mesh, &["--dry-run"]);
    ends_with(&said, 7, "what was prepared for the dry run is left there");
    emulator.expire_after(None);
}
