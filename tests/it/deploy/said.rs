//! The output of a deployment: before it starts, on failures, and when it is interrupted.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use super::{Emulator, change, ends_with, lab};
use crate::run::{example, transcript};

/// A copy of the minimal mesh that tests can change.
fn minimal(folder: &Path) -> std::path::PathBuf {
    let mesh = folder.join("mesh");
    fs::create_dir(&mesh).expect("a folder");
    for file in ["mesh.yaml", "datasets.yaml"] {
        fs::copy(example("minimal").join(file), mesh.join(file)).expect("a copy");
    }
    mesh
}

#[test]
fn only_a_plan_that_is_told_to_becomes_the_owner() {
    let emulator = Emulator::start();
    let path = example("minimal").display().to_string();
    let plan = emulator.lakewright(&["deploy", &path, "--plan"]);
    assert_eq!(plan.status.code(), Some(0), "{}", transcript(&plan));
    // Without `--owner-role`, no account is accessed as its owner. The exit code is 4, "a check, a proof or a decision said
    // no", because another try does not help (the exit codes in docs/guide.md).
    for arguments in [["deploy", &path, "--plan"], ["deploy", &path, "--yes"]] {
        let alone = emulator.lakewright_alone(&arguments);
        ends_with(&alone, 4, "`--owner-role OrganizationAccountAccessRole`");
        assert!(transcript(&alone).contains("lakewright bootstrap MESH --account 222222222222"));
    }
    let requests = emulator.request("GET", "/_test/requests", "").expect("an answer");
    let requests: Vec<Value> = serde_json::from_str(&requests).expect("JSON");
    let as_owner = |one: &&Value| one["role_arn"].to_string().contains("OrganizationAccountAccess");
    let before = requests.iter().filter(as_owner).count();
    ends_with(&emulator.lakewright(&["deploy", &path]), 8, "nothing was changed");
    ends_with(&emulator.lakewright(&["deploy", &path, "--yes"]), 0, "7 created");
    // Only the plan with the owner role accessed the accounts.
    assert!(before <= 2, "only the plan that was told to: {requests:?}");
}

#[test]
fn destroy_says_what_it_can_be_told_to_delete() {
    let folder = tempfile::tempdir().expect("a folder");
    let mesh = minimal(folder.path());
    let emulator = Emulator::start();
    ends_with(&emulator.deploy(&mesh), 0, "7 created");
    let path = mesh.display().to_string();
    ends_with(&emulator.lakewright_alone(&["destroy", &path, "--all", "--stack", "x"]), 2, "--all");
    let place = ["destroy", &path, "--yes", "--keep-stack", "--stack", "222222222222/eu-west-1"];
    ends_with(
        &emulator.lakewright_alone(&place),
        2,
        "where nobody may look any more, it takes a place",
    );
}

/// A stack whose creation was rolled back can only be deleted and created again ("Stack status codes" in the CloudFormation
/// user guide). All stacks that need the bootstrap wait for it.
#[test]
fn a_first_bootstrap_that_failed_comes_first_and_is_made_anew() {
    let folder = tempfile::tempdir().expect("a folder");
    let mesh = minimal(folder.path());
    let emulator = Emulator::start();
    let fault =
        r#"{"type": "AWS::S3::Bucket", "contains": "222222222222", "message": "no more room"}"#;
    emulator.request("POST", "/_test/fail", fault).expect("an answer");
    ends_with(&emulator.deploy(&mesh), 6, "no more room");
    let plan = emulator.lakewright(&["deploy", &mesh.display().to_string(), "--plan"]);
    let out = String::from_utf8_lossy(&plan.stdout);
    let first = out.lines().next().unwrap_or_default();
    let (action, address) = first.trim().split_once(' ').unwrap_or_default();
    assert_eq!(action, "create", "{out}");
    assert!(address.trim().starts_with("222222222222/eu-west-1/lakewright-bootstrap-"), "{out}");
    ends_with(&emulator.deploy(&mesh), 0, "5 created");
}

/// The share expired on a date that is in the past on every clock.
#[test]
fn shares_expire_as_of_today() {
    let folder = tempfile::tempdir().expect("a folder");
    let mesh = lab(folder.path());
    let emulator = Emulator::start();
    let path = mesh.display().to_string();
    let plan = || emulator.lakewright(&["deploy", &path, "--plan"]);
    ends_with(&plan(), 0, "lab-share-mydpdata-for-team-a");
    let shares = mesh.join("shares.yaml");
    change(&shares, "status: approved\n", "status: approved\nexpires: 2020-01-31\n");
    let over = plan();
    ends_with(&over, 0, "to create");
    assert!(!transcript(&over).contains("-share-"), "{}", transcript(&over));
}

#[test]
fn ctrl_c_says_what_was_done_and_what_goes_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let mesh = lab(folder.path());
    let emulator = Emulator::start();
    let mut child = Command::new(env!("CARGO_BIN_EXE_lakewright"))
        .env_remove("COLUMNS")
        .arg("deploy")
        .arg(&mesh)
        .args(["--yes", "--owner-role", "OrganizationAccountAccessRole"])
        .env("AWS_ENDPOINT_URL", emulator.endpoint())
        .env("AWS_ACCESS_KEY_ID", "111111111111")
        .env("AWS_SECRET_ACCESS_KEY", "any")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary runs");
    let mut lines = BufReader::new(child.stderr.take().expect("a stream"));
    let mut line = String::new();
    while !line.contains(" [2/") {
        line.clear();
        assert!(lines.read_line(&mut line).expect("a line") > 0, "the second stack begins");
    }
    let stopped = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(stopped.expect("kill runs").success());
    let mut rest = String::new();
    lines.read_to_string(&mut rest).expect("the rest");
    assert_eq!(child.wait().expect("an end").code(), Some(8), "{rest}");
    assert!(rest.contains("stopped: ") && rest.contains(" not begun;"), "{rest}");
    assert!(rest.contains("CloudFormation finishes what it has begun with"), "{rest}");
    // The next run need not wait for this one.
    let next = transcript(&emulator.deploy(&mesh));
    assert!(!next.contains("another deployment of the mesh is running"), "{next}");
}

/// Each AWS RAM share is accepted once ("Accepting a resource share invitation from AWS RAM" in the Lake Formation developer
/// guide), so a change of the dataset without new shares mentions no invitation.
#[test]
fn invitations_are_told_when_something_is_newly_shared() {
    const TOLD: &str = "are shared with account 333333333333";
    let folder = tempfile::tempdir().expect("a folder");
    let mesh = lab(folder.path());
    let emulator = Emulator::start();
    ends_with(&emulator.deploy(&mesh), 0, TOLD);
    change(&mesh.join("datasets.yaml"), "cron(0 2 * * ? *)", "cron(0 3 * * ? *)");
    for said in ["1 updated", "0 to create, 0 to update"] {
        let output = emulator.deploy(&mesh);
        ends_with(&output, 0, said);
        assert!(!transcript(&output).contains(TOLD), "{}", transcript(&output));
    }
    change(&mesh.join("shares.yaml"), "permissions: [read]", "permissions: [read, write]");
    ends_with(&emulator.deploy(&mesh), 0, TOLD);
}

#[test]
fn another_meshs_stacks_are_never_changed() {
    let folder = tempfile::tempdir().expect("a folder");
    let mesh = minimal(folder.path());
    let emulator = Emulator::start();
    ends_with(&emulator.deploy(&mesh), 0, "7 created");
    let before = emulator.look("222222222222", "eu-west-1")["stacks"].take();
    // The same prefix and accounts, and therefore the same names.
    change(&mesh.join("mesh.yaml"), "id: acme", "id: other");
    let second = emulator.deploy(&mesh);
    ends_with(&second, 4, "is the mesh `acme`'s, as its tag says, and is not changed");
    assert_eq!(emulator.look("222222222222", "eu-west-1")["stacks"], before);
}

/// A removed environment leaves its stacks in an account that the mesh no longer names.
#[test]
fn what_an_environment_leaves_behind_is_found_and_removed_by_the_mesh_before() {
    let folder = tempfile::tempdir().expect("a folder");
    let mesh = minimal(folder.path());
    let before = folder.path().join("before");
    let second = "kind: Environment\nid: second\norganization: analytics\naccount: \"333333333333\"\n\
                  region: eu-west-1\nteam: DataPlatform\n";
    fs::write(mesh.join("second.yaml"), second).expect("a file");
    fs::create_dir(&before).expect("a folder");
    for file in ["mesh.yaml", "datasets.yaml", "second.yaml"] {
        fs::copy(mesh.join(file), before.join(file)).expect("a copy");
    }
    let emulator = Emulator::start();
    ends_with(&emulator.deploy(&mesh), 0, "0 failed");
    fs::remove_file(mesh.join("second.yaml")).expect("the environment goes");
    let (mesh, before) = (mesh.display().to_string(), before.display().to_string());
    let checked = emulator.lakewright_alone(&["check", &mesh, "--base", &before]);
    ends_with(&checked, 0, "the mesh leaves 333333333333/eu-west-1, where its 4 stacks would stay");
    ends_with(&checked, 0, "\n  lakewright-environment-second\n");
    let plan = emulator.lakewright(&["deploy", &mesh, "--plan", "--base", &before]);
    ends_with(
        &plan,
        0,
        "4 stacks are no longer in the mesh and stay deployed; to delete one of them: `lakewright destroy MESH",
    );
    let out = String::from_utf8_lossy(&plan.stdout).into_owned();
    let left: Vec<&str> = out
        .lines()
        .filter_map(|line| line.trim().strip_prefix("not in the mesh "))
        .map(str::trim)
        .filter(|address| address.starts_with("333333333333/"))
        .collect();
    assert_eq!(left.len(), 4, "bootstrap, pivot role, environment and team: {out}");
    for stack in left {
        let arguments = ["destroy", &mesh, "--base", &before, "--yes", "--stack", stack];
        ends_with(&emulator.lakewright(&arguments), 0, "1 deleted");
    }
    let after = emulator.look("333333333333", "eu-west-1")["stacks"].take();
    let after = after.as_object().expect("stacks");
    assert!(after.is_empty(), "{after:?}");
}

/// `check` and `synth` warn of steps that a deployment does not do: the share of an imported bucket works once its owner has
/// added the statements, and only the command tells the user.
#[test]
fn what_is_left_to_owners_is_said_at_the_end() {
    let folder = tempfile::tempdir().expect("a folder");
    let mesh = lab(folder.path());
    let emulator = Emulator::start();
    let path = mesh.display().to_string();
    let plan = ["deploy", &path, "--plan"];
    let before = transcript(&emulator.lakewright(&plan));
    assert!(!before.contains("to do by the owner") && !before.contains("warning"), "{before}");
    let import = "kind: Dataset\nid: old\nenvironment: platform\nteam: DataPlatformAdmin\ntopics: [t]\nkeywords: [k]\n\
                  import: { bucket: old-orders-bucket }\n---\nkind: Share\nid: old-for-a\ndataset: old\nenvironment: science\n\
                  team: TeamA\nitems: [{ bucket: true }]\nstatus: approved\napproved_by: DataPlatformAdmin\n";
    fs::write(mesh.join("old.yaml"), import).expect("a file");
    let said = transcript(&emulator.lakewright(&plan));
    for expected in [
        "warning[imported-bucket-share]" as &str,
        "to do by the owner: assets/bucket-policies/old-for-a.json: add these statements to the policy of bucket old-orders-bucket",
        &format!("`lakewright synth {path} --out out` writes the files"),
    ] {
        assert!(said.contains(expected), "expected: {expected}\n{said}");
    }
}

/// A request that fails while CloudFormation works says nothing about the stack's end: what `ExecuteChangeSet` started
/// continues by itself.
#[test]
fn what_was_begun_is_told_when_the_credentials_end() {
    let folder = tempfile::tempdir().expect("a folder");
    let mesh = lab(folder.path());
    let emulator = Emulator::start();
    ends_with(&emulator.deploy(&mesh), 0, "16 created");
    change(&mesh.join("datasets.yaml"), "cron(0 2 * * ? *)", "cron(0 3 * * ? *)");
    emulator.expire_after(Some("ExecuteChangeSet"));
    let begun = "ExpiredToken: The security token included in the request is expired; CloudFormation has begun with the stack";
    ends_with(&emulator.deploy(&mesh), 9, begun);
    emulator.expire_after(None);
    ends_with(&emulator.deploy(&mesh), 0, "0 to update, 0 to delete, 16 unchanged");
    // If the token expires earlier, nothing was started, and the output does not claim it.
    change(&mesh.join("datasets.yaml"), "cron(0 3 * * ? *)", "cron(0 4 * * ? *)");
    emulator.expire_after(Some("CreateChangeSet"));
    let early = emulator.deploy(&mesh);
    ends_with(&early, 9, "ExpiredToken");
    assert!(!transcript(&early).contains("has begun"), "{}", transcript(&early));
}
