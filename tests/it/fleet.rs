//! Refreshes over real HTTP, with a proxy between that makes requests fail (`tests/emulator/proxy.py`).

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::deploy::{Emulator, change, ends_with, request};
use crate::run::{root, transcript};

mod alarms;
mod faults;
mod killed;
mod night;
mod parts;
mod secrets;
mod signals;
mod together;
mod trace;

/// The accounts of the lab, and its region.
const ACCOUNTS: [&str; 3] = ["111111111111", "222222222222", "333333333333"];
const REGION: &str = "us-east-1";
/// The caller's secret access key: AWS's own example ("Manage access keys for IAM users" in the IAM user guide).
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

/// An emulator behind a proxy; both end with the test.
struct Proxy {
    emulator: Emulator,
    child: Child,
    port: u16,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Proxy {
    fn start() -> Self {
        let emulator = Emulator::start();
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        drop(listener);
        let child = Command::new(root().join("target/python/bin/python"))
            .arg(root().join("tests/emulator/proxy.py"))
            .args(["--port", &port.to_string(), "--to", &emulator.port.to_string()])
            .stdout(Stdio::null())
            .spawn()
            .expect("the proxy starts");
        let proxy = Self { emulator, child, port };
        proxy.wait_until("the proxy is ready", || {
            request(port, "GET", "/_proxy/ready", "").is_some()
        });
        proxy
    }

    /// The emulator has the lab in `mesh`, deployed without faults.
    fn with(mesh: &Path) -> Self {
        let proxy = Self::start();
        ends_with(&proxy.emulator.deploy(mesh), 0, "0 failed, 0 skipped");
        proxy
    }

    /// Waits up to two minutes.
    fn wait_until(&self, what: &str, mut is_so: impl FnMut() -> bool) {
        let start = Instant::now();
        while !is_so() {
            assert!(start.elapsed() < Duration::from_mins(2), "{what}: {:#?}", self.counts());
            std::thread::sleep(Duration::from_millis(30));
        }
    }

    /// Replaces the rules by which requests fail, and begins a new log.
    fn rules(&self, rules: &Value) {
        let answer = request(self.port, "POST", "/_proxy/rules", &rules.to_string());
        let answer = answer.expect("an answer");
        assert!(!answer.contains("error"), "{answer}");
    }

    fn read(&self, path: &str) -> Vec<Value> {
        let text = request(self.port, "GET", path, "").expect("an answer");
        serde_json::from_str(&text).expect("JSON")
    }

    /// The requests since the rules were set.
    fn log(&self) -> Vec<Value> {
        self.read("/_proxy/log")
    }

    /// The number of requests by operation and fault.
    fn counts(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for call in self.log() {
            let fault = call["fault"].as_str().unwrap_or("none");
            *counts.entry(format!("{} {fault}", action(&call))).or_default() += 1;
        }
        counts
    }

    /// The requests of these operations.
    fn calls(&self, actions: &[&str]) -> Vec<Value> {
        self.log().into_iter().filter(|call| actions.contains(&action(call))).collect()
    }

    /// The operations of the requests that may change something.
    fn changing(&self) -> Vec<String> {
        let log = self.log();
        let calls = log.iter().map(action).filter(|action| !is_reading(action));
        calls.map(str::to_owned).collect()
    }

    /// `lakewright` as somebody of the central account, behind the proxy.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.emulator.command();
        command
            .env("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{}", self.port))
            .env("AWS_SECRET_ACCESS_KEY", SECRET)
            .args(arguments);
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("the binary runs")
    }

    fn begin(&self, arguments: &[&str]) -> Child {
        let mut command = self.command(arguments);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary runs")
    }

    /// Refreshes a mesh.
    fn refresh(&self, mesh: &Path, arguments: &[&str]) -> Output {
        let path = mesh.display().to_string();
        self.run(&[&["refresh", &path][..], arguments].concat())
    }

    /// Refreshes a mesh once more: nothing is left to do.
    fn has_nothing_to_do(&self, mesh: &Path) {
        self.rules(&json!([]));
        ends_with(&self.refresh(mesh, &[]), 0, "every stack is up to date");
        assert_eq!(self.changing(), [""; 0]);
    }

    /// The stacks of accounts by address, with their status and operations, from CloudFormation's events.
    fn operations_in(&self, region: &str, accounts: &[&str]) -> BTreeMap<String, Value> {
        let output = Command::new(root().join("target/python/bin/python"))
            .arg(root().join("tests/emulator/operations.py"))
            .args([&self.emulator.endpoint(), region])
            .args(accounts)
            .output()
            .expect("Python runs");
        assert!(output.status.success(), "{}", transcript(&output));
        serde_json::from_slice(&output.stdout).expect("JSON")
    }

    /// The stacks of the lab.
    fn operations(&self) -> BTreeMap<String, Value> {
        self.operations_in(REGION, &ACCOUNTS)
    }

    /// Waits until CloudFormation changes no stack.
    fn comes_to_rest(&self) {
        self.wait_until("no stack is in progress", || {
            self.operations().values().all(|stack| !status(stack).ends_with("_IN_PROGRESS"))
        });
    }

    /// What the services tell about the lab, without what differs by the history: whether stacks were created or updated, and
    /// uploaded templates and records.
    fn state(&self, tag: &str) -> BTreeMap<&'static str, Value> {
        let of = |account: &'static str| {
            let text = self.emulator.look(account, REGION).to_string();
            let text = text.replace(tag, "TAG").replace("UPDATE_COMPLETE", "CREATE_COMPLETE");
            let mut look: Value = serde_json::from_str(&text).expect("JSON");
            for bucket in look["buckets"].as_object_mut().expect("buckets").values_mut() {
                if let Some(objects) = bucket["objects"].as_array_mut() {
                    objects.retain(|key| {
                        let key = key.as_str().unwrap_or_default();
                        !key.starts_with("templates/") && !key.starts_with("deployments/")
                    });
                }
            }
            (account, look)
        };
        ACCOUNTS.map(of).into()
    }
}

/// The operation of a request.
fn action(call: &Value) -> &str {
    call["action"].as_str().unwrap_or_default()
}

/// Whether an operation changes nothing, by its name: `AssumeRole` gives credentials only.
fn is_reading(action: &str) -> bool {
    let begins = ["AssumeRole", "BatchGet", "Describe", "Get", "List", "s3:GET", "s3:HEAD"];
    begins.iter().any(|begin| action.starts_with(begin))
}

fn status(stack: &Value) -> &str {
    stack["status"].as_str().unwrap_or_default()
}

fn operations_of(stack: &Value) -> usize {
    stack["operations"].as_array().map_or(0, Vec::len)
}

/// How many operations each stack has had since an earlier look; stacks without any are left out.
fn since(
    before: &BTreeMap<String, Value>,
    after: &BTreeMap<String, Value>,
) -> BTreeMap<String, usize> {
    let had = |address: &String| before.get(address).map_or(0, operations_of);
    let new = |(address, stack): (&String, &Value)| {
        let count = operations_of(stack) - had(address);
        (count > 0).then(|| (address.clone(), count))
    };
    after.iter().filter_map(new).collect()
}

/// The accounts of addresses.
fn accounts(stacks: &BTreeMap<String, usize>) -> BTreeSet<&str> {
    stacks.keys().filter_map(|address| address.split('/').next()).collect()
}

/// Gives the tag of all resources of the lab another value, which changes each stack.
fn retag(mesh: &Path, value: &str) {
    let file = mesh.join("mesh.yaml");
    let text = fs::read_to_string(&file).expect("a file");
    let line = text.lines().find(|line| line.starts_with("  CostCenter: ")).expect("the tag");
    change(&file, line, &format!("  CostCenter: {value}"));
}

/// Sends a signal to a program that a test has started.
fn signal(child: &Child, name: &str) {
    let status = Command::new("kill").args([name, &child.id().to_string()]).status();
    assert!(status.expect("kill runs").success(), "{name}");
}
