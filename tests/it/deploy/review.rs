//! The review of a deployment, and what is deployed as a side of `lakewright diff`.

use std::path::Path;

use serde_json::{Value, json};

use super::{ALLOWED, Emulator, change, ends_with, lab};
use crate::run::{lakewright, transcript};

/// The dataset's stack of the lab.
const STACK: [&str; 3] = ["222222222222", "us-east-1", "lab-dataset-dpdataset"];
/// The role of the lab's TeamA.
const TEAM_A: &str = "arn:aws:iam::333333333333:role/lab-teama-ewsex6a7";

impl Emulator {
    /// Somebody turns off the rotation of the dataset's key: at once, or right after the template was read next.
    fn turns_rotation_off(&self, after_read: bool) {
        let [account, region, name] = STACK;
        let body = json!({
            "account": account,
            "region": region,
            "name": name,
            "from": "\"EnableKeyRotation\": true",
            "to": "\"EnableKeyRotation\": false",
            "after_read": after_read,
        });
        let answer = self.request("POST", "/_test/templates", &body.to_string());
        let answer = answer.expect("an answer");
        assert!(!answer.contains("\"error\""), "{answer}");
    }

    /// The review of two sides.
    fn review(&self, before: &str, after: &str) -> Value {
        let output = self.lakewright(&["diff", before, after, "--format", "json"]);
        assert_eq!(output.status.code(), Some(0), "{}", transcript(&output));
        serde_json::from_slice(&output.stdout).expect("JSON")
    }

    /// The review in the plan of a deployment.
    fn planned(&self, mesh: &Path) -> Value {
        let path = mesh.display().to_string();
        let output = self.lakewright(&["deploy", &path, "--plan", "--format", "json"]);
        assert_eq!(output.status.code(), Some(0), "{}", transcript(&output));
        let plan: Value = serde_json::from_slice(&output.stdout).expect("one line of JSON");
        plan["review"].clone()
    }
}

/// The properties that differ, each with its value before and after the change.
fn properties(review: &Value) -> Vec<(String, Value, Value)> {
    let list = |value: &Value, key: &str| value[key].as_array().cloned().unwrap_or_default();
    let stacks = list(review, "stacks");
    let resources = stacks.iter().flat_map(|stack| list(stack, "resources"));
    let properties = resources.flat_map(|resource| list(&resource, "properties"));
    let each = properties.map(|one| {
        let path = one["path"].as_str().expect("a path").to_owned();
        (path, one["before"].clone(), one["after"].clone())
    });
    each.collect()
}

/// The principals that gain access.
fn gaining(review: &Value) -> Vec<&str> {
    let access = review["access"].as_array().expect("access");
    let gaining = access.iter().filter(|one| one["relation"] != "narrower");
    gaining.map(|one| one["principal"].as_str().expect("a principal")).collect()
}

/// The lab has 16 stacks: the first deployment creates as many.
#[test]
fn before_the_first_deployment_every_stack_is_new() {
    let folder = tempfile::tempdir().expect("a folder");
    let mesh = lab(folder.path());
    let emulator = Emulator::start();
    let path = mesh.display().to_string();
    for review in [emulator.review("deployed", &path), emulator.planned(&mesh)] {
        let stacks = json!({ "added": 16, "removed": 0, "changed": 0, "equal": 0 });
        assert_eq!(review["summary"]["stacks"], stacks);
        assert!(gaining(&review).contains(&TEAM_A), "{:?}", gaining(&review));
    }
    let plan = emulator.lakewright(&["deploy", &path, "--plan"]);
    ends_with(&plan, 0, "nothing of the mesh is deployed yet");
    assert!(!transcript(&plan).contains("Access gained"), "{}", transcript(&plan));
    ends_with(&emulator.deploy(&mesh), 0, "16 created, 0 updated");
}

#[test]
fn what_is_deployed_as_the_mesh_says_does_not_differ() {
    let folder = tempfile::tempdir().expect("a folder");
    let mesh = lab(folder.path());
    let emulator = Emulator::start();
    ends_with(&emulator.deploy(&mesh), 0, "16 created, 0 updated");
    let path = mesh.display().to_string();
    for sides in [["deployed", &path], [&path, "deployed"]] {
        let output = emulator.lakewright(&[&["diff", "--exit-code"][..], &sides[..]].concat());
        ends_with(&output, 0, "no changes");
    }
    let review = emulator.review("deployed", &path);
    let stacks = json!({ "added": 0, "removed": 0, "changed": 0, "equal": 16 });
    assert_eq!(review["summary"]["stacks"], stacks);
    assert_eq!(emulator.planned(&mesh), Value::Null);
}

/// The share gives TeamA the table, and nothing to anybody else (examples/lab/shares.yaml).
#[test]
fn access_that_a_share_gives_is_shown_before_the_question() {
    let folder = tempfile::tempdir().expect("a folder");
    let mesh = lab(folder.path());
    let shares = mesh.join("shares.yaml");
    change(&shares, "status: approved\napproved_by: DataPlatformAdmin", "status: submitted");
    let emulator = Emulator::start();
    ends_with(&emulator.deploy(&mesh), 0, "0 failed, 0 skipped");
    change(&shares, "status: submitted", "status: approved\napproved_by: DataPlatformAdmin");
    assert_eq!(gaining(&emulator.planned(&mesh)), [TEAM_A]);
    let path = mesh.display().to_string();
    assert_eq!(gaining(&emulator.review("deployed", &path)), [TEAM_A]);
    // Nobody can confirm without a terminal, so nothing is changed.
    let asked = emulator.lakewright(&["deploy", &path]);
    ends_with(&asked, 8, "nothing was changed");
    let text = transcript(&asked);
    let places = ["1 principal gains access", "Access gained", TEAM_A, "nobody can confirm"]
        .map(|part| text.find(part).unwrap_or_else(|| unreachable!("no {part}\n{text}")));
    assert!(places.is_sorted(), "{places:?}\n{text}");
    let quiet = emulator.lakewright(&["deploy", &path, "--yes", ALLOWED, "--quiet"]);
    ends_with(&quiet, 0, "");
    assert!(!transcript(&quiet).contains("Access gained"), "{}", transcript(&quiet));
    let review = emulator.review("deployed", &path);
    assert!(gaining(&review).is_empty(), "{review:#}");
}

/// `GetTemplate` in the CloudFormation API reference: it returns the template of the stack as it is, and no revision hides
/// a change that somebody made without Lakewright.
#[test]
fn a_template_that_was_changed_by_hand_differs() {
    let folder = tempfile::tempdir().expect("a folder");
    let mesh = lab(folder.path());
    let emulator = Emulator::start();
    ends_with(&emulator.deploy(&mesh), 0, "16 created, 0 updated");
    emulator.turns_rotation_off(false);
    let path = mesh.display().to_string();
    let is_off = ("/EnableKeyRotation".to_owned(), json!(false), json!(true));
    assert_eq!(properties(&emulator.review("deployed", &path)), std::slice::from_ref(&is_off));
    let back = ("/EnableKeyRotation".to_owned(), json!(true), json!(false));
    assert_eq!(properties(&emulator.review(&path, "deployed")), [back]);
    // The next change of the stack turns the rotation on again, which its review shows as well.
    change(&mesh.join("datasets.yaml"), "cron(0 2 * * ? *)", "cron(0 3 * * ? *)");
    let properties = properties(&emulator.planned(&mesh));
    assert!(properties.contains(&is_off), "{properties:?}");
    assert!(properties.iter().any(|(path, _, _)| path.contains("Schedule")), "{properties:?}");
}

#[test]
fn a_review_that_is_not_true_any_more_is_not_deployed() {
    let folder = tempfile::tempdir().expect("a folder");
    let mesh = lab(folder.path());
    let emulator = Emulator::start();
    ends_with(&emulator.deploy(&mesh), 0, "16 created, 0 updated");
    change(&mesh.join("datasets.yaml"), "cron(0 2 * * ? *)", "cron(0 3 * * ? *)");
    emulator.turns_rotation_off(true);
    let before = emulator.look(STACK[0], STACK[1])["stacks"].take();
    let overtaken = emulator.deploy(&mesh);
    ends_with(&overtaken, 8, "since the review was made");
    assert!(!transcript(&overtaken).contains("[1/"), "{}", transcript(&overtaken));
    assert_eq!(emulator.look(STACK[0], STACK[1])["stacks"], before);
    ends_with(&emulator.deploy(&mesh), 0, "1 updated");
}

/// A template that nobody could read is not taken for an empty one: the run ends with 9, "no credentials" (the exit codes
/// in docs/guide.md).
#[test]
fn without_the_deployed_templates_nothing_is_deployed() {
    let folder = tempfile::tempdir().expect("a folder");
    let mesh = lab(folder.path());
    let emulator = Emulator::start();
    ends_with(&emulator.deploy(&mesh), 0, "16 created, 0 updated");
    let path = mesh.display().to_string();
    change(&mesh.join("shares.yaml"), "status: approved\n", "status: revoked\n");
    emulator.expire_after(Some("GetTemplate"));
    let unread = "without the templates of all deployed stacks, nobody can say what changes";
    for arguments in [["deploy", &path, "--yes"], ["deploy", &path, "--plan"]] {
        ends_with(&emulator.lakewright(&arguments), 9, unread);
        emulator.expire_after(Some("GetTemplate"));
    }
    ends_with(&emulator.lakewright(&["diff", "deployed", &path]), 9, unread);
    emulator.expire_after(None);
    ends_with(&emulator.deploy(&mesh), 0, "2 updated, 0 unchanged, 1 deleted");
}

#[test]
fn deployed_needs_a_mesh_beside_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("out").display().to_string();
    let mesh = lab(folder.path()).display().to_string();
    assert!(lakewright(["synth", &mesh, "--out", &out]).status.success());
    ends_with(&lakewright(["diff", "deployed", "deployed"]), 2, "both sides are `deployed`");
    ends_with(&lakewright(["diff", &out, "deployed"]), 2, "needs a mesh on the other side");
}
