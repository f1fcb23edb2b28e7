//! The owner of an account has to act once: the bootstrap covers all that the features allow, not only
//! what is deployed first.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::{ALLOWED, Emulator, change, ends_with};
use crate::offered::{MESH, WORK};
use crate::run::{lakewright, transcript};

/// The bootstrap templates of the two accounts, as bytes.
fn bootstraps(mesh: &Path) -> Vec<Vec<u8>> {
    let path = mesh.display().to_string();
    let of = |account: &str| {
        let place = ["--account", account, "--region", "eu-west-1"];
        let output = lakewright([&["bootstrap", &path][..], &place[..]].concat());
        assert!(output.status.success(), "{}", transcript(&output));
        output.stdout
    };
    vec![of("222222222222"), of("333333333333")]
}

/// The number of requests as an account's owner.
fn as_owner(emulator: &Emulator) -> usize {
    let requests = emulator.request("GET", "/_test/requests", "").expect("an answer");
    let requests: Vec<Value> = serde_json::from_str(&requests).expect("JSON");
    let is_owner =
        |one: &&Value| one["role_arn"].to_string().contains("OrganizationAccountAccessRole");
    requests.iter().filter(is_owner).count()
}

/// Deploys as a caller who cannot become an account's owner.
fn alone(emulator: &Emulator, mesh: &Path) -> std::process::Output {
    emulator.lakewright_alone(&["deploy", &mesh.display().to_string(), "--yes", ALLOWED])
}

#[test]
fn new_kinds_are_deployed_without_a_new_bootstrap() {
    let folder = tempfile::tempdir().expect("a folder");
    let mesh = folder.path();
    fs::write(mesh.join("mesh.yaml"), MESH).expect("a file");
    let emulator = Emulator::start();
    ends_with(&emulator.deploy(mesh), 0, "10 created");
    let before = (bootstraps(mesh), as_owner(&emulator));
    assert!(before.1 > 0);
    // A dataset, a share with another account, a notebook, an ML Studio profile, a pipeline and a query.
    fs::write(mesh.join("work.yaml"), WORK).expect("a file");
    ends_with(&alone(&emulator, mesh), 0, "6 created, 2 updated");
    assert!((bootstraps(mesh), as_owner(&emulator)) == before, "the bootstraps are as they were");
    ends_with(&alone(&emulator, mesh), 0, "0 to create, 0 to update");
}

#[test]
fn a_bootstrap_that_is_enough_is_left_to_its_owner() {
    const LEFT: &str = "nothing has to be done now: it allows all that the stacks use, though";
    let folder = tempfile::tempdir().expect("a folder");
    let mesh = folder.path();
    fs::write(mesh.join("mesh.yaml"), MESH).expect("a file");
    let emulator = Emulator::start();
    ends_with(&emulator.deploy(mesh), 0, "10 created");
    let owned = as_owner(&emulator);
    // One bootstrap now allows more than its features. The other one allows less than its features, but no
    // stack needs the rest.
    change(&mesh.join("mesh.yaml"), "notebooks: true, ", "");
    change(
        &mesh.join("mesh.yaml"),
        "team: Readers\n",
        "team: Readers\nfeatures: { notebooks: true }\n",
    );
    let left = alone(&emulator, mesh);
    ends_with(&left, 0, LEFT);
    let text = transcript(&left);
    assert_eq!(text.matches(LEFT).count(), 2, "{text}");
    assert!(text.contains("lakewright bootstrap MESH --account 333333333333"), "{text}");
    // The first notebook needs permissions that the second bootstrap lacks.
    let notebook = "kind: Notebook\nid: explorer\nenvironment: lab\nteam: Readers\n\
                    vpc_id: vpc-0123456789abcdef0\nsubnet_id: subnet-0123456789abcdef0\n";
    fs::write(mesh.join("notebook.yaml"), notebook).expect("a file");
    let refused = alone(&emulator, mesh);
    ends_with(&refused, 4, "333333333333 --region eu-west-1` prints the template");
    let text = transcript(&refused);
    assert!(
        !text.contains("222222222222-eu-west-1 must be deployed by the account's owner"),
        "{text}"
    );
    assert_eq!(as_owner(&emulator), owned);
    // With an owner role, a deployment brings both bootstraps up to date.
    ends_with(&emulator.deploy(mesh), 0, "0 failed, 0 skipped");
    ends_with(&alone(&emulator, mesh), 0, "0 to create, 0 to update");
}
