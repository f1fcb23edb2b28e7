//! Plans in files: what `--plan-out` writes, and when `--apply` carries it out (exit code 8 if it is not true any more).

use std::fs;
use std::process::Command;

use serde_json::{Value, json};

use super::{ALLOWED, Emulator, change, ends_with, lab};
use crate::run::transcript;

/// The external id of the lab's mesh (examples/lab/mesh.yaml).
const EXTERNAL_ID: &str = "lab-4f1c6c2e";

#[test]
fn a_plan_is_applied_as_it_was_written_or_not_at_all() {
    let folder = tempfile::tempdir().expect("a folder");
    let mesh = lab(folder.path());
    let plan = folder.path().join("plan.json");
    let file = plan.display().to_string();
    let emulator = Emulator::start();
    let write = || emulator.deploy_with(&mesh, &["--plan-out", &file]);
    let apply = || emulator.deploy_with(&mesh, &["--apply", &file, "--yes"]);
    ends_with(&write(), 0, "the plan is in");
    assert!(emulator.stacks().is_empty(), "nothing was changed");
    ends_with(&apply(), 0, "16 created, 0 updated");
    // The stacks are there now.
    ends_with(&apply(), 8, "was not there and is CREATE_COMPLETE");

    // The mesh moved.
    change(&mesh.join("datasets.yaml"), "cron(0 2 * * ? *)", "cron(0 3 * * ? *)");
    ends_with(&write(), 0, "the plan is in");
    change(&mesh.join("datasets.yaml"), "cron(0 3 * * ? *)", "cron(0 4 * * ? *)");
    ends_with(&apply(), 8, "the mesh gives other templates");
    change(&mesh.join("datasets.yaml"), "cron(0 4 * * ? *)", "cron(0 3 * * ? *)");
    let none = ["--apply", &file, "--yes", "--only", "dpdataset"];
    ends_with(&emulator.deploy_with(&mesh, &none), 2, "cannot be used with");
    ends_with(&apply(), 0, "0 created, 1 updated");
    fs::write(&plan, "{}").expect("a file");
    ends_with(&apply(), 2, "is not a plan");
}

/// Neither the roles' external id nor the caller's credentials are in a plan, although its stacks' templates name the id.
#[test]
fn a_plan_has_no_external_id_and_no_credentials() {
    let folder = tempfile::tempdir().expect("a folder");
    let mesh = lab(folder.path());
    let file = folder.path().join("plan.json");
    let emulator = Emulator::start();
    let path = file.display().to_string();
    let said = emulator
        .command()
        .env("AWS_SECRET_ACCESS_KEY", "a-secret-that-nobody-sees")
        .env("AWS_SESSION_TOKEN", "a-token-that-nobody-sees")
        .args(["deploy", &mesh.display().to_string(), "--plan-out", &path])
        .args(["--owner-role", "OrganizationAccountAccessRole"])
        .output()
        .expect("the binary runs");
    ends_with(&said, 0, "the plan is in");
    let text = fs::read_to_string(&file).expect("a plan");
    assert!(text.contains("lab-dataset-dpdataset"), "{text}");
    for secret in [EXTERNAL_ID, "nobody-sees", "Statement"] {
        assert!(!text.contains(secret), "{secret}: {text}");
        assert!(secret == "Statement" || !transcript(&said).contains(secret), "{secret}");
    }
    let mode = Command::new("stat").args(["-c", "%a", &path]).output().expect("stat runs");
    assert_eq!(String::from_utf8_lossy(&mode.stdout).trim(), "600");
}

#[test]
fn an_approval_allows_one_plan() {
    let folder = tempfile::tempdir().expect("a folder");
    let mesh = lab(folder.path());
    let shares = mesh.join("shares.yaml");
    change(&shares, "status: approved\napproved_by: DataPlatformAdmin", "status: submitted");
    let emulator = Emulator::start();
    ends_with(&emulator.deploy(&mesh), 0, "0 failed, 0 skipped");
    change(&shares, "status: submitted", "status: approved\napproved_by: DataPlatformAdmin");
    let [plan, approval] =
        ["plan.json", "approval"].map(|name| folder.path().join(name).display().to_string());
    ends_with(&emulator.deploy_with(&mesh, &["--plan-out", &plan]), 0, "the plan is in");
    let apply = ["--apply", &plan, "--yes"];
    ends_with(&emulator.deploy_with(&mesh, &apply), 4, "`--allow access-broadened`");
    let approved = [&apply[..], &["--approval", &approval]].concat();
    fs::write(&approval, "0000  plan.json\n").expect("a file");
    ends_with(&emulator.deploy_with(&mesh, &approved), 4, "does not approve this plan");
    let sum = Command::new("sha256sum").arg(&plan).output().expect("sha256sum runs");
    fs::write(&approval, sum.stdout).expect("a file");
    ends_with(&emulator.deploy_with(&mesh, &approved), 0, "0 failed, 0 skipped");
}

#[test]
fn only_the_chosen_stacks_are_deployed() {
    let folder = tempfile::tempdir().expect("a folder");
    let mesh = lab(folder.path());
    let emulator = Emulator::start();
    let only = ["--yes", "--only", "dataset/dpdataset"];
    ends_with(&emulator.deploy_with(&mesh, &only), 2, "`--with-dependencies` deploys them as well");
    let none = ["--yes", "--only", "lab-dataset-dpdatase"];
    ends_with(&emulator.deploy_with(&mesh, &none), 2, "did you mean `lab-dataset-dpdataset`?");
    assert!(emulator.stacks().is_empty());
    let with = [&only[..], &["--with-dependencies"]].concat();
    ends_with(&emulator.deploy_with(&mesh, &with), 0, "0 failed, 0 skipped");
    let stacks = emulator.stacks();
    assert!(stacks.contains(&"lab-dataset-dpdataset".to_owned()), "{stacks:?}");
    assert!(!stacks.contains(&"lab-dataset-teama".to_owned()), "{stacks:?}");
    // The next run deploys the rest.
    ends_with(&emulator.deploy(&mesh), 0, "0 failed, 0 skipped");
    assert_eq!(emulator.stacks().len(), 16);
    // An excluded stack stays as it is.
    change(&mesh.join("datasets.yaml"), "cron(0 2 * * ? *)", "cron(0 3 * * ? *)");
    let without = ["--plan", "--exclude", "kind:dataset"];
    ends_with(&emulator.deploy_with(&mesh, &without), 0, "0 to create, 0 to update, 0 to delete");
    let one_at_a_time =
        ["--yes", ALLOWED, "--concurrency", "1", "--per-region", "1", "--failures", "0"];
    ends_with(&emulator.deploy_with(&mesh, &one_at_a_time), 0, "0 created, 1 updated");
}

/// A plan has the steps of `--plan` in their order.
#[test]
fn a_plan_has_each_step_with_its_stack() {
    let folder = tempfile::tempdir().expect("a folder");
    let mesh = lab(folder.path());
    let file = folder.path().join("plan.json");
    let path = file.display().to_string();
    let emulator = Emulator::start();
    ends_with(&emulator.deploy(&mesh), 0, "16 created");
    change(&mesh.join("datasets.yaml"), "cron(0 2 * * ? *)", "cron(0 3 * * ? *)");
    ends_with(&emulator.deploy_with(&mesh, &["--plan-out", &path]), 0, "the plan is in");
    let plan: Value = serde_json::from_slice(&fs::read(&file).expect("a plan")).expect("JSON");
    let steps = plan["steps"].as_array().expect("steps");
    assert_eq!(steps.len(), 16);
    let of = |action: &str| steps.iter().filter(|step| step["action"] == action).count();
    assert_eq!((of("keep"), of("update")), (15, 1));
    for step in steps {
        assert_eq!(step["status"], json!("CREATE_COMPLETE"), "{step}");
        let id = step["stack_id"].as_str().unwrap_or_default();
        assert!(id.starts_with("arn:aws:cloudformation:"), "{step}");
    }
}
