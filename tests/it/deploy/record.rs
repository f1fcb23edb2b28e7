//! The record of where a mesh has stacks: stacks of a removed environment are found without the earlier mesh.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use lakewright_stacks::Names;
use lakewright_template::StackKind;
use lakewright_template::place::Place;
use serde_json::json;

use super::{Emulator, ends_with};
use crate::calls::{Call, Deployed};
use crate::run::{example, mesh, sources, transcript};

const LEFT: &str = "333333333333/eu-west-1";
/// The record of the mesh below with one more place, as another deployment may write it.
const OTHER: &str = r#"{"version": 1, "mesh": "acme", "stacks_in": [
    {"account": "444444444444", "region": "eu-west-1", "resource_prefix": "lakewright"}]}"#;

/// The minimal mesh, with a second environment and its dataset in another account.
pub(super) fn two_environments(folder: &Path) -> PathBuf {
    let mesh = folder.join("mesh");
    fs::create_dir(&mesh).expect("a folder");
    for file in ["mesh.yaml", "datasets.yaml"] {
        fs::copy(example("minimal").join(file), mesh.join(file)).expect("a copy");
    }
    let second = "kind: Environment\nid: second\norganization: analytics\naccount: \"333333333333\"\n\
                  region: eu-west-1\nteam: DataPlatform\n---\nkind: Dataset\nid: orders\nenvironment: second\n\
                  team: DataPlatform\ntopics: [Orders]\nkeywords: [orders]\n";
    fs::write(mesh.join("second.yaml"), second).expect("a file");
    mesh
}

/// The same mesh, with the first environment deployed and the second one not.
pub(super) fn a_second_environment_comes(folder: &Path) -> (Emulator, PathBuf) {
    let mesh = two_environments(folder);
    let second = mesh.join("second.yaml");
    let document = fs::read(&second).expect("the environment");
    fs::remove_file(&second).expect("it is not there yet");
    let emulator = Emulator::start();
    ends_with(&emulator.deploy(&mesh), 0, "7 created");
    fs::write(&second, document).expect("the environment comes");
    (emulator, mesh)
}

/// The stacks in the second account that, according to a plan, are not in the mesh.
fn left(plan: &Output) -> Vec<String> {
    let out = String::from_utf8_lossy(&plan.stdout).into_owned();
    let lines = out.lines().filter_map(|line| line.trim().strip_prefix("not in the mesh "));
    lines.map(str::trim).filter(|one| one.starts_with(LEFT)).map(str::to_owned).collect()
}

#[test]
fn what_a_removed_environment_leaves_is_named_until_each_stack_is_destroyed() {
    let folder = tempfile::tempdir().expect("a folder");
    let mesh = two_environments(folder.path());
    let emulator = Emulator::start();
    ends_with(&emulator.deploy(&mesh), 0, "12 created");
    let kept = emulator.look("111111111111", "eu-west-1")["buckets"].take();
    assert!(kept.to_string().contains("\"deployments/acme.json\""), "{kept}");
    fs::remove_file(mesh.join("second.yaml")).expect("the environment goes with all in it");
    let path = mesh.display().to_string();
    let plan = || emulator.lakewright_alone(&["deploy", &path, "--plan"]);
    let names = left(&plan());
    let kinds = ["dataset", "team", "environment", "pivot-role", "bootstrap"];
    assert_eq!(names.len(), kinds.len(), "{names:?}");
    for (name, kind) in names.iter().zip(kinds) {
        assert!(name.starts_with(&format!("{LEFT}/lakewright-{kind}-")), "{names:?}");
    }
    // A complete deployment keeps the place in the record as long as stacks exist there.
    ends_with(&emulator.deploy(&mesh), 0, "0 failed, 0 skipped");
    ends_with(&emulator.deploy(&mesh), 0, "no longer in the mesh");
    assert_eq!(left(&plan()), names);
    let destroy = |stack: &str| emulator.lakewright(&["destroy", &path, "--yes", "--stack", stack]);
    // The bootstrap comes last, because its roles delete the others.
    ends_with(&destroy(&names[4]), 4, "depend on it");
    for name in &names {
        ends_with(&destroy(name), 0, "1 deleted");
    }
    let after = emulator.look("333333333333", "eu-west-1")["stacks"].take();
    assert!(after.as_object().expect("stacks").is_empty(), "{after:?}");
    // The place is removed from the record, so later runs do not access that account.
    emulator.closes("333333333333");
    let done = plan();
    ends_with(&done, 0, "0 to create, 0 to update");
    assert!(!transcript(&done).contains("333333333333"), "{}", transcript(&done));
}

#[test]
fn a_place_that_lets_nobody_in_is_named_until_it_is_forgotten() {
    let folder = tempfile::tempdir().expect("a folder");
    let mesh = two_environments(folder.path());
    let emulator = Emulator::start();
    ends_with(&emulator.deploy(&mesh), 0, "12 created");
    fs::remove_file(mesh.join("second.yaml")).expect("the environment goes with all in it");
    emulator.closes("333333333333");
    let path = mesh.display().to_string();
    let said = "333333333333/eu-west-1 had stacks of the mesh, and what is left there is not known";
    ends_with(&emulator.lakewright_alone(&["deploy", &path, "--plan"]), 0, said);
    ends_with(&emulator.lakewright_alone(&["deploy", &path, "--yes"]), 0, said);
    let stack = "lakewright-environment-second";
    let destroy = ["destroy", &path, "--yes", "--stack", stack];
    ends_with(&emulator.lakewright_alone(&destroy), 2, said);
    // With the owner role, the stacks there are still visible.
    let owner = emulator.lakewright(&["deploy", &path, "--plan"]);
    assert_eq!(left(&owner).len(), 5, "{}", transcript(&owner));
    let forget = ["destroy", &path, "--yes", "--keep-stack", "--stack", LEFT];
    ends_with(&emulator.lakewright_alone(&forget), 0, "is not looked for any more");
    let plan = emulator.lakewright_alone(&["deploy", &path, "--plan"]);
    ends_with(&plan, 0, "0 to create");
    assert!(!transcript(&plan).contains("333333333333"), "{}", transcript(&plan));
}

/// A write that is conditional on an outdated version fails with 412: "Conditional write behavior" in the S3 user
/// guide.
#[test]
fn the_second_of_two_deployments_does_not_write_over_the_first() {
    let folder = tempfile::tempdir().expect("a folder");
    let (emulator, mesh) = a_second_environment_comes(folder.path());
    let body = json!({ "contains": "/deployments/acme.json", "text": OTHER }).to_string();
    emulator.request("POST", "/_test/overtake", &body).expect("an answer");
    let overtaken = emulator.deploy(&mesh);
    ends_with(&overtaken, 8, "another deployment of the mesh wrote it since it was read");
    assert!(transcript(&overtaken).contains("nothing was changed"), "{}", transcript(&overtaken));
    let stacks = emulator.look("333333333333", "eu-west-1")["stacks"].take();
    assert!(stacks.as_object().expect("stacks").is_empty(), "{stacks:?}");
    ends_with(&emulator.deploy(&mesh), 0, "0 failed, 0 skipped");
}

#[test]
fn a_failure_in_the_middle_leaves_the_record() {
    let folder = tempfile::tempdir().expect("a folder");
    let mesh = two_environments(folder.path());
    let emulator = Emulator::start();
    // Without the stack that holds the record, no other stack is started.
    emulator.fail_next("AWS::SSM::Parameter");
    ends_with(&emulator.deploy(&mesh), 6, "1 failed, 11 skipped");
    let stacks = emulator.look("333333333333", "eu-west-1")["stacks"].take();
    assert!(stacks.as_object().expect("stacks").is_empty(), "{stacks:?}");
    emulator.fail_next("AWS::Glue::Database");
    ends_with(&emulator.deploy(&mesh), 6, "1 failed");
    fs::remove_file(mesh.join("second.yaml")).expect("the environment goes with all in it");
    let path = mesh.display().to_string();
    let plan = emulator.lakewright_alone(&["deploy", &path, "--plan"]);
    assert!(left(&plan).len() >= 4, "{}", transcript(&plan));
}

#[test]
fn a_record_that_cannot_be_read_is_not_taken_for_an_empty_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let mesh = two_environments(folder.path());
    let emulator = Emulator::start();
    ends_with(&emulator.deploy(&mesh), 0, "12 created");
    let path = mesh.display().to_string();
    let plan = || emulator.lakewright_alone(&["deploy", &path, "--plan"]);
    let refused = json!({ "method": "GET", "contains": "/deployments/", "times": 1 });
    emulator.request("POST", "/_test/refuse", &refused.to_string()).expect("an answer");
    ends_with(&plan(), 9, "deployments/acme.json");
    for (text, said) in [
        ("{", "it is no JSON"),
        (r#"{"version": 2, "mesh": "acme", "stacks_in": []}"#, "a newer `lakewright` reads it"),
    ] {
        let body = json!({ "contains": "/deployments/acme.json", "text": text }).to_string();
        emulator.request("POST", "/_test/overtake", &body).expect("an answer");
        // The first plan reads the record as it was, the second one as somebody wrote it in between.
        plan();
        ends_with(&plan(), 6, said);
        let body = json!({ "contains": "/deployments/acme.json", "text": OTHER }).to_string();
        emulator.request("POST", "/_test/overtake", &body).expect("an answer");
        plan();
        ends_with(&plan(), 0, "0 to create");
    }
}

/// The deploy role of the central account reads and writes the record and the leases of the mesh's parts, and can list no
/// other object. Other deploy roles cannot access them.
#[test]
fn the_record_of_deployments_is_read_and_written_by_one_role() {
    let lab = mesh(&sources(&example("lab")));
    let (names, deployed) = (Names::new(&lab), Deployed::of("lab"));
    let key = names.record_key();
    for stack in deployed.stacks.iter().filter(|stack| stack.entry.kind != StackKind::Bootstrap) {
        let role = deployed.role_of_bootstrap(stack, "-deploy-");
        let place =
            Place { account: stack.entry.account.clone(), region: stack.entry.region.clone() };
        let bucket = names.template_bucket(&lab.tenant.resource_prefix, &place);
        let bucket = format!("arn:aws:s3:::{bucket}");
        let object = |action: &str, key: &str| Call::new(action, &format!("{bucket}/{key}"));
        let list = |prefix: &str| Call::new("s3:ListBucket", &bucket).with("s3:prefix", prefix);
        let others = [
            object("s3:PutObject", "deployments/other.json"),
            object("s3:PutObject", "deployments/other/222222222222-eu-west-1.json"),
            object("s3:PutObject", "deployments/lab/222222222222-eu-west-1.txt"),
            list("deployments/"),
            list("deployments/lab/"),
            list("deployments/other/222222222222-eu-west-1.json"),
        ];
        for call in &others {
            deployed.refuses(&role, call);
        }
        // The bucket is versioned: older versions cannot be read or deleted.
        for action in ["s3:DeleteObject", "s3:DeleteObjectVersion", "s3:GetObjectVersion"] {
            deployed.refuses(&role, &object(action, &key));
        }
        let part = names.part_record_key("222222222222-eu-west-1");
        assert_eq!(part, "deployments/lab/222222222222-eu-west-1.json");
        let keys = [key.as_str(), part.as_str()].into_iter();
        let own = keys
            .flat_map(|key| [object("s3:GetObject", key), object("s3:PutObject", key), list(key)]);
        let own: Vec<Call> = own.collect();
        if place == names.central_place() {
            for call in &own {
                deployed.allows(&role, call);
            }
        } else {
            for call in &own {
                deployed.refuses(&role, call);
            }
        }
        for key in ["templates/x.json", "seeds/x.zip"] {
            deployed.allows(&role, &object("s3:PutObject", key));
        }
    }
}

impl Emulator {
    /// Makes the deploy role of an account impossible to assume, as if it were deleted.
    fn closes(&self, account: &str) {
        let arn = format!("arn:aws:iam::{account}:role/lakewright-deploy-eu-west-1");
        let body = json!({ "arn": arn }).to_string();
        self.request("POST", "/_test/close", &body).expect("an answer");
    }
}
