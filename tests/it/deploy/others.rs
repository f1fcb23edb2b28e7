//! Changes that somebody else makes to the same stacks, concurrently or earlier.

use serde_json::{Value, json};

use super::{Emulator, change, ends_with, lab};
use crate::run::transcript;

const REGION: &str = "us-east-1";
const STACK: &str = "lab-dataset-dpdataset";

impl Emulator {
    fn post(&self, endpoint: &str, body: &Value) {
        let answer = self.request("POST", &format!("/_test/{endpoint}"), &body.to_string());
        let answer = answer.expect("an answer");
        assert!(!answer.contains("\"error\""), "{answer}");
    }

    fn set_status(&self, status: &str) {
        let body =
            json!({ "account": "222222222222", "region": REGION, "name": STACK, "status": status });
        self.post("stacks", &body);
    }
}

#[test]
fn two_deployments_at_once_end_with_a_clear_word() {
    let folder = tempfile::tempdir().expect("a folder");
    let mesh = lab(folder.path());
    let emulator = Emulator::start();
    ends_with(&emulator.deploy(&mesh), 0, "0 failed");
    change(&mesh.join("datasets.yaml"), "confidentiality: official", "confidentiality: secret");
    emulator.set_status("UPDATE_IN_PROGRESS");
    ends_with(
        &emulator.deploy(&mesh),
        8,
        "something else changes it just now (UPDATE_IN_PROGRESS)",
    );
    emulator.set_status("UPDATE_COMPLETE");
    // `DescribeChangeSet` in the CloudFormation API reference: change sets in these states cannot
    // be executed any more.
    for (fields, said) in [
        (json!({ "Status": "DELETE_COMPLETE" }), "somebody deleted its change set"),
        (json!({ "Status": "DELETE_FAILED" }), "somebody deleted its change set"),
        (json!({ "ExecutionStatus": "OBSOLETE" }), "another change of the stack came first"),
        (json!({ "ExecutionStatus": "EXECUTE_IN_PROGRESS" }), "somebody else runs its change set"),
    ] {
        emulator.post("change-sets", &fields);
        let output = emulator.deploy(&mesh);
        ends_with(&output, 8, said);
        assert!(transcript(&output).contains("left to another deployment"), "{fields}");
    }
    ends_with(&emulator.deploy(&mesh), 0, "1 updated");
}

/// CloudFormation decides with its own change set what it deletes; the review is made from templates. The fields are those of
/// `ResourceChange` in the CloudFormation API reference.
#[test]
fn a_change_set_that_loses_data_of_which_the_review_says_nothing_is_not_run() {
    let folder = tempfile::tempdir().expect("a folder");
    let mesh = lab(folder.path());
    let emulator = Emulator::start();
    ends_with(&emulator.deploy(&mesh), 0, "0 failed");
    change(&mesh.join("datasets.yaml"), "confidentiality: official", "confidentiality: secret");
    let changed = |policy_action: &str| {
        let one = json!({
            "Action": "Modify", "LogicalResourceId": "Unsaid", "ResourceType": "AWS::S3::Bucket", "Replacement": "True",
            "PolicyAction": policy_action, "Scope": ["Properties"], "Details": [],
        });
        json!({ "Changes": [{ "Type": "Resource", "ResourceChange": one }] })
    };
    emulator.post("change-sets", &changed("ReplaceAndDelete"));
    let output = emulator.deploy(&mesh);
    ends_with(&output, 8, "the review did not say so: Unsaid (AWS::S3::Bucket)");
    assert!(transcript(&output).contains("`--allow data-loss`"), "{}", transcript(&output));
    // The stack was not touched, so the next run has the same to do.
    emulator.post("change-sets", &changed("ReplaceAndRetain"));
    ends_with(&emulator.deploy(&mesh), 0, "1 updated");
    change(&mesh.join("datasets.yaml"), "confidentiality: secret", "confidentiality: official");
    emulator.post("change-sets", &changed("ReplaceAndDelete"));
    let path = mesh.display().to_string();
    let allow = ["deploy", &path, "--yes", "--allow", "data-loss,access-broadened"];
    ends_with(&emulator.lakewright(&allow), 0, "1 updated");
}
