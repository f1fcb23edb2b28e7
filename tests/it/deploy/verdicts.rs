//! `lakewright diff deployed MESH --change-sets`: CloudFormation's own change sets beside the review.

use serde_json::{Value, json};

use super::{Emulator, change, ends_with, lab};
use crate::run::{lakewright, transcript};

const ACCOUNTS: [&str; 2] = ["222222222222", "333333333333"];

impl Emulator {
    /// The review with CloudFormation's change sets.
    fn compared(&self, mesh: &str) -> Value {
        let arguments = ["diff", "deployed", mesh, "--change-sets", "--format", "json"];
        let output = self.lakewright(&arguments);
        assert_eq!(output.status.code(), Some(0), "{}", transcript(&output));
        serde_json::from_slice(&output.stdout).expect("JSON")
    }

    /// The stacks of the lab with their statuses.
    fn listed_stacks(&self) -> Vec<Value> {
        ACCOUNTS.map(|account| self.look(account, "us-east-1")["stacks"].clone()).to_vec()
    }
}

/// The kinds of the disagreements.
fn kinds(review: &Value) -> Vec<&str> {
    let found = review["disagreements"].as_array().expect("disagreements");
    found.iter().map(|one| one["kind"].as_str().expect("a kind")).collect()
}

/// A new share: one stack is created, and two are updated (`the_lab_goes_from_nothing_through_its_life`).
#[test]
fn nothing_is_left_of_what_cloudformation_was_asked() {
    let folder = tempfile::tempdir().expect("a folder");
    let mesh = lab(folder.path());
    let shares = mesh.join("shares.yaml");
    change(&shares, "status: approved\napproved_by: DataPlatformAdmin", "status: submitted");
    let emulator = Emulator::start();
    ends_with(&emulator.deploy(&mesh), 0, "0 failed, 0 skipped");
    change(&shares, "status: submitted", "status: approved\napproved_by: DataPlatformAdmin");
    let before = emulator.listed_stacks();
    let path = mesh.display().to_string();
    let review = emulator.compared(&path);
    assert_eq!(review["summary"]["stacks"]["added"], 1, "{review:#}");
    assert_eq!(kinds(&review), [""; 0], "{:#}", review["disagreements"]);
    let notes = review["notes"].to_string();
    assert!(!notes.contains("change set"), "{notes}");
    // The stack of the share would be there as an empty one.
    assert_eq!(emulator.listed_stacks(), before);
    ends_with(&emulator.deploy(&mesh), 0, "1 created, 2 updated");
}

/// CloudFormation refuses a change set, as for a template that its validation does not pass.
#[test]
fn what_cloudformation_refuses_is_a_finding_and_leaves_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let mesh = lab(folder.path());
    let emulator = Emulator::start();
    let shares = mesh.join("shares.yaml");
    change(&shares, "status: approved\napproved_by: DataPlatformAdmin", "status: submitted");
    ends_with(&emulator.deploy(&mesh), 0, "0 failed, 0 skipped");
    change(&shares, "status: submitted", "status: approved\napproved_by: DataPlatformAdmin");
    let before = emulator.listed_stacks();
    let path = mesh.display().to_string();
    let refused = json!({
        "Status": "FAILED",
        "ExecutionStatus": "UNAVAILABLE",
        "StatusReason": "no more room",
    });
    emulator.request("POST", "/_test/change-sets", &refused.to_string()).expect("an answer");
    let review = emulator.compared(&path);
    assert_eq!(kinds(&review), ["service-refuses"], "{:#}", review["disagreements"]);
    assert_eq!(review["disagreements"][0]["details"], json!(["no more room"]));
    assert_eq!(emulator.listed_stacks(), before);
    // The next question is answered, and the deployment has no change set in its way.
    assert_eq!(kinds(&emulator.compared(&path)), [""; 0]);
    ends_with(&emulator.deploy(&mesh), 0, "1 created, 2 updated");
}

#[test]
fn cloudformation_is_asked_about_a_deployment_only() {
    let mesh = crate::run::example("lab").display().to_string();
    for sides in [[mesh.as_str(), mesh.as_str()], [mesh.as_str(), "deployed"]] {
        let output = lakewright([&["diff", "--change-sets"][..], &sides[..]].concat());
        ends_with(&output, 2, "`--change-sets` asks CloudFormation what a deployment would do");
    }
}
