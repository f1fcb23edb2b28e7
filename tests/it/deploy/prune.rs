//! `deploy --prune`: the stacks that the mesh no longer has are deleted like with `destroy`.

use std::fs;

use super::record::two_environments;
use super::{Emulator, ends_with};
use crate::run::transcript;

const LEFT: &str = "333333333333";

#[test]
fn what_left_the_mesh_goes_and_data_only_when_it_is_allowed() {
    let folder = tempfile::tempdir().expect("a folder");
    let mesh = two_environments(folder.path());
    let emulator = Emulator::start();
    ends_with(&emulator.deploy(&mesh), 0, "12 created");
    fs::remove_file(mesh.join("second.yaml")).expect("the environment goes with all in it");
    // Without `--prune` the stacks stay.
    ends_with(&emulator.deploy(&mesh), 0, "5 stacks are no longer in the mesh");
    let names = || {
        let stacks = emulator.look(LEFT, "eu-west-1")["stacks"].take();
        stacks.as_object().expect("stacks").len()
    };
    assert_eq!(names(), 5);
    let plan = emulator.deploy_with(&mesh, &["--plan", "--prune"]);
    ends_with(&plan, 0, "`--allow data-loss`");
    assert!(transcript(&plan).contains("5 to delete"), "{}", transcript(&plan));
    ends_with(&emulator.deploy_with(&mesh, &["--yes", "--prune"]), 4, "it holds data");
    assert_eq!(names(), 5);
    let allowed = ["--yes", "--prune", "--allow", "data-loss,access-broadened"];
    let pruned = emulator.deploy_with(&mesh, &allowed);
    ends_with(&pruned, 0, "5 deleted");
    assert_eq!(names(), 0);
    // Retained buckets stay.
    let look = emulator.look(LEFT, "eu-west-1");
    let buckets = look["buckets"].as_object().expect("buckets");
    assert!(buckets.keys().any(|name| name.contains("orders")), "{buckets:?}");
}
