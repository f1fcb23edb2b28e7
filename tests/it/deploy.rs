//! Deployments over real HTTP, against the emulator of `tests/emulator`.

use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::run::{example, root, transcript};

mod allow;
mod credentials;
mod drift;
mod dry_run;
mod lease;
mod masks;
mod once;
mod others;
mod plans;
mod policy_store;
mod prune;
mod readme;
mod reality;
mod record;
mod review;
mod said;
mod screens;
mod seed;
mod status;
mod unfinished;
mod untagged;
mod verdicts;

/// The option with which a run without a question may broaden access.
const ALLOWED: &str = "--allow=access-broadened";

/// A running emulator; it ends with the test.
pub(crate) struct Emulator {
    child: Child,
    pub(crate) port: u16,
}

impl Drop for Emulator {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Emulator {
    pub(crate) fn start() -> Self {
        let python = root().join("target/python/bin/python");
        assert!(python.exists(), "run `cargo xtask test`, which installs the emulator");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        drop(listener);
        let child = Command::new(python)
            .arg(root().join("tests/emulator/server.py"))
            .args(["--port", &port.to_string(), "--schemas"])
            .arg(root().join("template/data/schemas"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the emulator starts");
        let emulator = Self { child, port };
        let start = Instant::now();
        while emulator.request("GET", "/_test/ready", "").is_none() {
            assert!(start.elapsed() < Duration::from_mins(1), "the emulator is not ready");
            std::thread::sleep(Duration::from_millis(100));
        }
        emulator
    }

    pub(crate) fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Sends a request to the emulator. Returns the body of the response; `None` if there is none.
    pub(crate) fn request(&self, method: &str, path: &str, body: &str) -> Option<String> {
        request(self.port, method, path, body)
    }

    /// Makes the next creation or update of a resource of this type fail.
    pub(crate) fn fail_next(&self, kind: &str) {
        let fault = json!({ "type": kind, "contains": "", "times": 1, "message": "no more room" });
        self.request("POST", "/_test/fail", &fault.to_string()).expect("an answer");
    }

    /// Expires the caller's token at the end of a CloudFormation operation; `None` makes it valid again.
    fn expire_after(&self, operation: Option<&str>) {
        let body = operation.map_or_else(|| json!({}), |after| json!({ "after": after }));
        self.request("POST", "/_test/expire", &body.to_string()).expect("an answer");
    }

    /// Creates a role that belongs to somebody else.
    fn has_role(&self, arn: &str) {
        let body = json!({ "arn": arn }).to_string();
        self.request("POST", "/_test/roles", &body).expect("an answer");
    }

    /// Switches a behaviour of the real services on or off: `tests/emulator/README.md` lists them.
    fn switch(&self, behaviour: &str, is_on: bool) {
        let body = json!({ behaviour: is_on }).to_string();
        let answer = self.request("POST", "/_test/behaviours", &body).expect("an answer");
        assert!(answer.contains(behaviour), "{answer}");
    }

    /// The resources of types that only a schema describes.
    pub(crate) fn resources(&self) -> Vec<Value> {
        let text = self.request("GET", "/_test/resources", "").expect("an answer");
        serde_json::from_str(&text).expect("JSON")
    }

    /// Runs `lakewright` as a principal of the central account that may assume this owner role in the other accounts.
    pub(crate) fn lakewright(&self, arguments: &[&str]) -> Output {
        let owner = ["--owner-role", "OrganizationAccountAccessRole"];
        self.lakewright_alone(&[arguments, &owner[..]].concat())
    }

    /// Runs `lakewright` as a principal of the central account, without an owner role.
    fn lakewright_alone(&self, arguments: &[&str]) -> Output {
        self.command().args(arguments).output().expect("the binary runs")
    }

    /// `lakewright` as somebody of the central account.
    pub(crate) fn command(&self) -> Command {
        self.of_emulator(env!("CARGO_BIN_EXE_lakewright"))
    }

    /// A program as somebody of the central account.
    pub(crate) fn of_emulator(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command
            .env("AWS_ENDPOINT_URL", self.endpoint())
            .env("AWS_ACCESS_KEY_ID", "111111111111")
            .env("AWS_SECRET_ACCESS_KEY", "any")
            .env("AWS_REGION", "us-east-1")
            .env_remove("COLUMNS")
            .stdin(Stdio::null());
        command
    }

    /// Deploys a mesh without a question. Access may broaden; `allow.rs` tests when it may not.
    pub(crate) fn deploy(&self, mesh: &Path) -> Output {
        self.deploy_with(mesh, &["--yes", ALLOWED])
    }

    fn deploy_with(&self, mesh: &Path, options: &[&str]) -> Output {
        self.lakewright(&[&["deploy", &mesh.display().to_string()][..], options].concat())
    }

    /// What the emulated services report about an account.
    pub(crate) fn look(&self, account: &str, region: &str) -> Value {
        let output = Command::new(root().join("target/python/bin/python"))
            .arg(root().join("tests/emulator/look.py"))
            .args([&self.endpoint(), account, region])
            .output()
            .expect("Python runs");
        assert!(output.status.success(), "{}", transcript(&output));
        serde_json::from_slice(&output.stdout).expect("JSON")
    }
}

/// Sends a request to a server of this machine. Returns the body of the response; `None` if there is none.
pub(crate) fn request(port: u16, method: &str, path: &str, body: &str) -> Option<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    let request = format!(
        "{method} {path} HTTP/1.0\r\nHost: localhost\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).ok()?;
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    let mut length = None;
    while reader.read_line(&mut line).ok()? > 2 {
        let lower = line.to_lowercase();
        if let Some(value) = lower.strip_prefix("content-length:") {
            length = value.trim().parse::<usize>().ok();
        }
        line.clear();
    }
    let mut bytes = Vec::new();
    match length {
        Some(length) => {
            bytes.resize(length, 0);
            reader.read_exact(&mut bytes).ok()?;
        }
        None => drop(reader.read_to_end(&mut bytes).ok()?),
    }
    String::from_utf8(bytes).ok()
}

/// A copy of the lab that tests can change.
pub(crate) fn lab(folder: &Path) -> std::path::PathBuf {
    let mesh = folder.join("mesh");
    fs::create_dir(&mesh).expect("a folder");
    for file in ["mesh.yaml", "datasets.yaml", "shares.yaml"] {
        fs::copy(example("lab").join(file), mesh.join(file)).expect("a copy");
    }
    mesh
}

pub(crate) fn change(file: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(file).expect("a file");
    assert!(text.contains(from), "{}: {from}", file.display());
    fs::write(file, text.replacen(from, to, 1)).expect("a file");
}

pub(crate) fn ends_with(output: &Output, code: i32, text: &str) {
    let all = transcript(output);
    assert_eq!(output.status.code(), Some(code), "{all}");
    assert!(all.contains(text), "expected: {text}\n{all}");
}

#[test]
fn the_lab_goes_from_nothing_through_its_life() {
    let folder = tempfile::tempdir().expect("a folder");
    let mesh = lab(folder.path());
    let emulator = Emulator::start();
    ends_with(&emulator.deploy(&mesh), 0, "16 created, 0 updated");
    let platform = emulator.look("222222222222", "us-east-1");
    for (name, stack) in platform["stacks"].as_object().expect("stacks") {
        assert_eq!(stack["status"], "CREATE_COMPLETE", "{name}");
        assert_eq!(stack["tags"]["lakewright:mesh"], "lab", "{name}");
    }
    check_buckets(&platform);
    check_roles(&platform);
    // Each account was accessed through its deploy role, with the external id; the owner roles only for the bootstrap.
    let requests = emulator.request("GET", "/_test/requests", "").expect("an answer");
    let requests: Vec<Value> = serde_json::from_str(&requests).expect("JSON");
    let deploys: Vec<&Value> = requests
        .iter()
        .filter(|request| request["role_arn"].to_string().contains("lab-deploy-us-east-1"))
        .collect();
    assert!(deploys.iter().all(|request| request["external_id"] == "lab-4f1c6c2e"), "{deploys:?}");
    assert!(deploys.len() >= 3, "{requests:?}");

    // Nothing has changed: one listing per account and region, and no change set.
    ends_with(&emulator.deploy(&mesh), 0, "0 to create, 0 to update, 0 to delete, 16 unchanged");

    // An update of one dataset changes one stack.
    change(&mesh.join("datasets.yaml"), "confidentiality: official", "confidentiality: secret");
    ends_with(&emulator.deploy(&mesh), 0, "0 created, 1 updated");

    // A revoked share is deleted with its stacks, and so are its permissions in the dataset's stack.
    let has_grant = |emulator: &Emulator| {
        emulator.resources().iter().any(|resource| {
            resource["type"] == "AWS::LakeFormation::PrincipalPermissions"
                && resource["account"] == "222222222222"
                && resource["properties"].to_string().contains("role/lab-teama-ewsex6a7")
        })
    };
    assert!(has_grant(&emulator), "the share gives access");
    change(&mesh.join("shares.yaml"), "status: approved\n", "status: revoked\n");
    ends_with(&emulator.deploy(&mesh), 0, "2 updated, 0 unchanged, 1 deleted");
    assert!(!has_grant(&emulator), "the share gives no access any more");

    // A stack that others depend on is not deleted. A stack that nothing needs is deleted, and its data is retained.
    let path = mesh.display().to_string();
    let destroy = |stack: &str| emulator.lakewright(&["destroy", &path, "--yes", "--stack", stack]);
    ends_with(&destroy("lab-environment-platform"), 4, "depend on it");
    ends_with(&destroy("lab-dataset-dpdataset"), 0, "1 deleted");
    let after = emulator.look("222222222222", "us-east-1");
    assert!(after["stacks"].get("lab-dataset-dpdataset").is_none(), "{}", after["stacks"]);
    let buckets = after["buckets"].as_object().expect("buckets");
    assert!(buckets.keys().any(|name| name.starts_with("lab-dpdataset-")), "{buckets:?}");

    // A stack that is kept loses its tags, and later runs do not report it.
    let keep = ["destroy", &path, "--yes", "--keep-stack", "--stack", "lab-dataset-teama"];
    ends_with(&emulator.lakewright(&keep), 0, "no longer knows it");
    let science = emulator.look("333333333333", "us-east-1");
    let tags = &science["stacks"]["lab-dataset-teama"]["tags"];
    assert!(tags.get("lakewright:mesh").is_none() && tags.get("Team").is_none(), "{tags}");
}

pub(crate) fn check_buckets(account: &Value) {
    let buckets = account["buckets"].as_object().expect("buckets");
    let expected = "templates and their log, environment and its log, results, dataset";
    assert_eq!(buckets.len(), 6, "{expected}: {:?}", buckets.keys());
    for (name, bucket) in buckets {
        assert_eq!(bucket["versioning"], "Enabled", "{name}");
        let public = bucket["public"].as_object().expect("a block");
        assert!(public.values().all(|value| value == true), "{name}");
        assert!(bucket["policy"].to_string().contains("DenyWithoutTls"), "{name}");
    }
    let objects = |begins: &str| {
        let found = buckets.iter().find(|(name, _)| name.starts_with(begins));
        found.expect("the bucket").1["objects"].to_string()
    };
    assert!(objects("lab-platform-").contains("profiling/code/"));
    assert!(account["keys"].as_object().expect("keys").values().all(|rotates| rotates == true));
    let databases = account["databases"].to_string();
    assert!(databases.contains("lab_dpdataset_"), "{databases}");
}

pub(crate) fn check_roles(account: &Value) {
    let roles = account["roles"].as_object().expect("roles");
    // Two roles of the bootstrap stack, the pivot role, one for failures, two teams and a dataset.
    assert_eq!(roles.len(), 7, "{:?}", roles.keys());
    let pivot = roles.iter().find(|(name, _)| name.starts_with("lab-pivot-role-platform-"));
    let (_, pivot) = pivot.expect("the pivot role");
    assert!(pivot["trust"].to_string().contains("lab-4f1c6c2e"), "{pivot}");
    let execution = roles["lab-execution-us-east-1"]["policies"].as_array().expect("policies");
    assert!(!execution.is_empty());
}

#[test]
fn every_stack_of_the_full_example_is_deployed() {
    let emulator = Emulator::start();
    // The deployment checks that roles of others exist before a policy names them. The date is fixed, because shares would
    // otherwise expire with today's date.
    let path = example("full").display().to_string();
    let deploy =
        || emulator.lakewright(&["deploy", &path, "--yes", ALLOWED, "--as-of", "2026-06-01"]);
    let without = deploy();
    ends_with(&without, 6, "name roles that do not exist");
    let text = transcript(&without);
    assert!(text.contains("arn:aws:iam::222222222222:role/Reporting"), "{text}");
    for role in ["222222222222:role/Reporting", "222222222222:role/imported/ImportedTeam"] {
        emulator.has_role(&format!("arn:aws:iam::{role}"));
    }
    for role in ["333333333333:role/service/Warehouse", "333333333333:role/FinanceAdmins"] {
        emulator.has_role(&format!("arn:aws:iam::{role}"));
    }
    ends_with(&deploy(), 0, "0 failed, 0 skipped");
    ends_with(&deploy(), 0, "0 to create, 0 to update, 0 to delete");
    // On a later date the share has expired. The dataset's update removes its permissions.
    let later = emulator.lakewright(&["deploy", &path, "--yes", "--as-of", "2026-07-01"]);
    ends_with(&later, 0, "0 created, 2 updated");
    // A pipeline whose artifacts are not retained is deleted with them.
    let gone =
        emulator.lakewright(&["destroy", &path, "--yes", "--stack", "fin-pipeline-branches"]);
    ends_with(&gone, 0, "emptied fin-branches-");
}

#[test]
fn a_failure_is_rolled_back_and_the_next_run_goes_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let mesh = lab(folder.path());
    let emulator = Emulator::start();
    emulator.fail_next("AWS::Glue::Crawler");
    ends_with(&emulator.deploy(&mesh), 6, "no more room");
    // The rolled-back stack is deleted and created again, then the stacks that depend on it.
    ends_with(&emulator.deploy(&mesh), 0, "0 failed, 0 skipped");

    // A failed update leaves the stack unchanged, and the next run tries it again.
    change(&mesh.join("datasets.yaml"), "cron(0 2 * * ? *)", "cron(0 3 * * ? *)");
    emulator.fail_next("AWS::Glue::Crawler");
    ends_with(&emulator.deploy(&mesh), 6, "no more room");
    let account = emulator.look("222222222222", "us-east-1");
    let status = &account["stacks"]["lab-dataset-dpdataset"]["status"];
    assert_eq!(status, "UPDATE_ROLLBACK_COMPLETE");
    ends_with(&emulator.deploy(&mesh), 0, "1 updated");
}

/// The emulator assumes that every sender is in the organization. This tests that the bus allows the rules' roles by their
/// names, and that an existing mesh can move into an organization.
#[test]
fn a_mesh_comes_to_be_in_an_organization() {
    let folder = tempfile::tempdir().expect("a folder");
    let mesh = lab(folder.path());
    let emulator = Emulator::start();
    ends_with(&emulator.deploy(&mesh), 0, "16 created, 0 updated");
    let named = "resource_prefix: lab\norganization_id: o-a1b2c3d4e5";
    change(&mesh.join("mesh.yaml"), "resource_prefix: lab", named);
    // The platform, and the two environments with their roles for failure events.
    ends_with(&emulator.deploy(&mesh), 0, "0 created, 3 updated");
}

#[test]
fn deployments_say_why_they_cannot() {
    let emulator = Emulator::start();
    let path = example("minimal").display().to_string();
    let folder = tempfile::tempdir().expect("a folder");
    let resting = lab(folder.path());
    change(
        &resting.join("mesh.yaml"),
        "resource_prefix: lab",
        "resource_prefix: lab\nmaintenance: read_only",
    );
    ends_with(&emulator.deploy(&resting), 8, "in maintenance");
    let resting = resting.display().to_string();
    let said = "the tenant is in maintenance: `deploy` ends with 8";
    ends_with(&emulator.lakewright(&["deploy", &resting, "--plan"]), 0, said);
    let output = emulator.lakewright(&["deploy", &path, "--yes", "--format", "json", "--quiet"]);
    assert_eq!(output.status.code(), Some(0), "{}", transcript(&output));
    let lines: Vec<Value> = String::from_utf8_lossy(&output.stdout)
        .lines()
        .map(|line| serde_json::from_str(line).expect("a line of JSON"))
        .collect();
    assert_eq!((&lines[0]["event"], &lines[0]["version"]), (&"plan".into(), &1.into()));
    let end = lines.last().expect("an end");
    assert_eq!(end["event"], "end");
    let outcomes = end["outcomes"].as_object().expect("outcomes");
    assert!(outcomes.len() == 7 && outcomes.values().all(|outcome| outcome == "created"));
    drop(emulator);
    let nobody = Command::new(env!("CARGO_BIN_EXE_lakewright"))
        .env_remove("COLUMNS")
        .args(["deploy", &path, "--yes"])
        .env_remove("AWS_PROFILE")
        .env_remove("AWS_ACCESS_KEY_ID")
        .env("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_CONFIG_FILE", "/nowhere")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
        .output()
        .expect("the binary runs");
    ends_with(&nobody, 9, "credentials");
}
