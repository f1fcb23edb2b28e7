//! What a run without a question has to be allowed (docs/adr/0021-what-a-pipeline-has-to-be-allowed.md). The exit code is 4, "a
//! check, a proof or a decision said no".

use std::fs;

use super::{ALLOWED, Emulator, change, ends_with, lab};
use crate::run::transcript;

/// The share gives TeamA the table (examples/lab/shares.yaml).
#[test]
fn access_to_what_exists_broadens_only_when_it_is_allowed() {
    let folder = tempfile::tempdir().expect("a folder");
    let mesh = lab(folder.path());
    let shares = mesh.join("shares.yaml");
    change(&shares, "status: approved\napproved_by: DataPlatformAdmin", "status: submitted");
    let emulator = Emulator::start();
    // Whoever deploys a mesh for the first time need not allow anything.
    ends_with(&emulator.deploy_with(&mesh, &["--yes"]), 0, "0 failed, 0 skipped");
    change(&shares, "status: submitted", "status: approved\napproved_by: DataPlatformAdmin");
    let plan = emulator.deploy_with(&mesh, &["--plan"]);
    ends_with(&plan, 0, "`deploy` needs `--allow access-broadened` for this plan (1 principal)");
    let before = emulator.stacks();
    for options in [&["--yes"] as &[&str], &["--yes", "--allow", "data-loss"]] {
        let refused = emulator.deploy_with(&mesh, options);
        ends_with(&refused, 4, "`--allow access-broadened`");
        assert!(
            transcript(&refused).contains("team/science/TeamA gains"),
            "{}",
            transcript(&refused)
        );
    }
    assert_eq!(emulator.stacks(), before);
    ends_with(&emulator.deploy_with(&mesh, &["--yes", ALLOWED]), 0, "0 failed, 0 skipped");
    // Less access needs nothing.
    change(&shares, "status: approved\n", "status: revoked\n");
    ends_with(&emulator.deploy_with(&mesh, &["--yes"]), 0, "1 deleted");
}

/// Only its own team and its own roles have access to a new dataset.
#[test]
fn a_new_dataset_needs_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let mesh = lab(folder.path());
    let emulator = Emulator::start();
    ends_with(&emulator.deploy_with(&mesh, &["--yes"]), 0, "16 created");
    let fresh = "kind: Dataset\nid: fresh\nenvironment: platform\nteam: DataPlatformAdmin\ntopics: [t]\nkeywords: [k]\n";
    fs::write(mesh.join("fresh.yaml"), fresh).expect("a file");
    ends_with(&emulator.deploy_with(&mesh, &["--yes"]), 0, "1 created");
}
