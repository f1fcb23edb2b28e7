//! Concurrent runs: one changes the mesh, the others report this and change nothing (exit code 8 in the table of
//! docs/guide.md).

use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use serde_json::json;

use super::record::a_second_environment_comes;
use super::{ALLOWED, Emulator, change, ends_with, lab};
use crate::run::transcript;

/// The account that has the bucket with the record of the lab.
const CENTRAL: &str = "111111111111";

impl Emulator {
    fn begin(&self, mesh: &Path) -> Child {
        Command::new(env!("CARGO_BIN_EXE_lakewright"))
            .env_remove("COLUMNS")
            .arg("deploy")
            .arg(mesh)
            .args(["--yes", ALLOWED, "--owner-role", "OrganizationAccountAccessRole"])
            .env("AWS_ENDPOINT_URL", self.endpoint())
            .env("AWS_ACCESS_KEY_ID", CENTRAL)
            .env("AWS_SECRET_ACCESS_KEY", "any")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary runs")
    }

    /// Starts several deployments of a mesh at the same time, and waits for their ends.
    fn together(&self, mesh: &Path, runs: usize) -> Vec<Output> {
        let runs: Vec<Child> = (0..runs).map(|_| self.begin(mesh)).collect();
        runs.into_iter().map(|run| run.wait_with_output().expect("an end")).collect()
    }

    /// Writes a run into the record of the lab, as if it were still running or had been killed.
    fn someone_deploys(&self, heard: &str) {
        let look = self.look(CENTRAL, "us-east-1");
        let mut buckets = look["buckets"].as_object().expect("buckets").keys();
        let bucket = buckets.find(|name| name.starts_with("lab-templates-")).expect("the bucket");
        let spots = ["111111111111", "222222222222", "333333333333"].map(|account| {
            json!({ "account": account, "region": "us-east-1", "resource_prefix": "lab" })
        });
        let run = json!({ "id": "other", "begun": heard, "heard": heard, "has_ended": false });
        let record = json!({ "version": 1, "mesh": "lab", "stacks_in": spots, "run": run });
        let object =
            json!({ "Bucket": bucket, "Key": "deployments/lab.json", "Body": record.to_string() });
        self.call(CENTRAL, "s3", "put_object", &object);
    }
}

fn codes(runs: &[Output]) -> Vec<Option<i32>> {
    let mut codes: Vec<Option<i32>> = runs.iter().map(|run| run.status.code()).collect();
    codes.sort_unstable();
    codes
}

#[test]
fn of_two_deployments_at_once_one_changes_the_mesh() {
    let folder = tempfile::tempdir().expect("a folder");
    let (emulator, mesh) = a_second_environment_comes(folder.path());
    let runs = emulator.together(&mesh, 2);
    assert_eq!(
        codes(&runs),
        [Some(0), Some(8)],
        "{}",
        runs.iter().map(transcript).collect::<String>()
    );
    let other = runs.iter().find(|run| run.status.code() == Some(8)).expect("the second");
    let text = transcript(other);
    assert!(text.contains("another deployment of the mesh"), "{text}");
    assert!(text.contains("nothing was changed") && !text.contains("[1/"), "{text}");
    ends_with(&emulator.deploy(&mesh), 0, "0 to create, 0 to update");
}

/// Before a record exists, CloudFormation keeps two runs from changing one stack: the execution of one change set deletes
/// all others of the stack ("ExecuteChangeSet" in the CloudFormation API reference).
#[test]
fn of_several_first_deployments_none_fails_for_another() {
    let folder = tempfile::tempdir().expect("a folder");
    let mesh = lab(folder.path());
    let emulator = Emulator::start();
    for run in emulator.together(&mesh, 3) {
        let text = transcript(&run);
        assert!(matches!(run.status.code(), Some(0 | 8)), "{text}");
        for raw in
            ["ChangeSetNotFound", "InvalidChangeSetStatus", "20 change sets", "AlreadyExists"]
        {
            assert!(!text.contains(raw), "{raw}: {text}");
        }
    }
    // Whichever run ended last, one more deployment completes the mesh.
    let last = emulator.deploy(&mesh);
    let text = transcript(&last);
    let is_done = text.contains("0 failed, 0 skipped") || text.contains("16 unchanged");
    assert!(last.status.success() && is_done, "{text}");
}

#[test]
fn a_run_that_goes_on_is_waited_for_and_one_that_was_stopped_is_taken_over() {
    let folder = tempfile::tempdir().expect("a folder");
    let mesh = lab(folder.path());
    let emulator = Emulator::start();
    ends_with(&emulator.deploy(&mesh), 0, "16 created");
    change(&mesh.join("datasets.yaml"), "confidentiality: official", "confidentiality: secret");
    let now = Command::new("date").args(["-u", "+%FT%TZ"]).output().expect("a clock");
    emulator.someone_deploys(String::from_utf8_lossy(&now.stdout).trim());
    let path = mesh.display().to_string();
    let said = "another deployment of the mesh is running: it began at 20";
    ends_with(&emulator.lakewright(&["deploy", &path, "--plan"]), 0, said);
    let before = emulator.look("222222222222", "us-east-1")["stacks"].take();
    for arguments in [["deploy", &path, "--yes"].as_slice(), &["destroy", &path, "--all", "--yes"]]
    {
        let output = emulator.lakewright(arguments);
        ends_with(&output, 8, said);
        assert!(transcript(&output).contains("nothing was changed"), "{}", transcript(&output));
    }
    assert_eq!(emulator.look("222222222222", "us-east-1")["stacks"], before);
    emulator.someone_deploys("2020-01-31T12:00:00Z");
    let over = emulator.deploy(&mesh);
    ends_with(
        &over,
        0,
        "takes over from a deployment that was stopped before its end: it began at 2020",
    );
    ends_with(&over, 0, "1 updated");
    // A run marks itself as ended, whether or not it failed.
    change(&mesh.join("datasets.yaml"), "cron(0 2 * * ? *)", "cron(0 3 * * ? *)");
    emulator.fail_next("AWS::Glue::Crawler");
    ends_with(&emulator.deploy(&mesh), 6, "no more room");
    ends_with(&emulator.deploy(&mesh), 0, "1 updated");
}
