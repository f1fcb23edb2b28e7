//! The updater's state machine with real child executions, and builds that run the real binary on an emulated AWS.
//!
//! The emulator starts no builds and reads no objects for a state machine; `tests/emulator/updater.py` says what stands in for
//! these. `states.rs` interprets the machine as it is.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::deploy::{Emulator, change, ends_with, lab};
use crate::run::{lakewright, root, transcript};

/// A run of the state machine.
struct Run {
    /// The status and the error of the run.
    end: (String, String),
    /// The places of the builds, with their exit codes, in the order in which the builds ended.
    builds: Vec<(String, i64)>,
    /// The number of items of each map run.
    maps: Vec<u64>,
    /// Everything, for messages.
    all: String,
}

impl Run {
    /// The exit codes of the builds by place.
    fn codes(&self) -> BTreeMap<&str, Vec<i64>> {
        let mut codes: BTreeMap<&str, Vec<i64>> = BTreeMap::new();
        for (place, code) in &self.builds {
            codes.entry(place.as_str()).or_default().push(*code);
        }
        codes
    }
}

/// What the state machine and its builds are made of, for the mesh in this folder.
fn input(folder: &Path) -> Value {
    let (mesh, out) = (folder.join("mesh"), folder.join("out"));
    let synth = ["synth".as_ref(), mesh.as_os_str(), "--quiet".as_ref(), "--out".as_ref()];
    let synth = lakewright(synth.into_iter().chain([out.as_os_str()]));
    assert!(synth.status.success(), "{}", transcript(&synth));
    let json = |path: &str| -> Value {
        let text = fs::read_to_string(out.join(path)).expect(path);
        serde_json::from_str(&text).expect("JSON")
    };
    let template = json("templates/111111111111/us-east-1/lab-platform-lab.json");
    let resources = template["Resources"].as_object().expect("resources");
    let properties = |kind: &str| -> Value {
        let mut of_kind = resources.values().filter(|resource| resource["Type"] == kind);
        of_kind.next().expect(kind)["Properties"].clone()
    };
    json!({
        "definition": properties("AWS::StepFunctions::StateMachine")["Definition"],
        "build_spec": properties("AWS::CodeBuild::Project")["Source"]["BuildSpec"],
        "places": json("places.json"),
    })
}

/// Runs the state machine of the mesh in this folder, with what `updater.zip` would have.
fn run(emulator: &Emulator, folder: &Path) -> Run {
    let zip = folder.join("zip");
    if !zip.exists() {
        fs::create_dir(&zip).expect("a folder");
        let link = |from: &Path, name: &str| {
            std::os::unix::fs::symlink(from, zip.join(name)).expect("a link");
        };
        link(Path::new(env!("CARGO_BIN_EXE_lakewright")), "lakewright");
        link(&folder.join("mesh"), "mesh");
    }
    let mut python = emulator.of_emulator(root().join("target/python/bin/python"));
    let mut child = python
        .arg(root().join("tests/emulator/updater.py"))
        .args([&emulator.endpoint(), "111111111111", "us-east-1"])
        .arg(&zip)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("Python runs");
    let text = input(folder).to_string();
    child.stdin.take().expect("a pipe").write_all(text.as_bytes()).expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{}", transcript(&output));
    let ran: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let builds = ran["builds"].as_array().expect("builds").iter();
    let told = builds.clone().map(|one| {
        format!("--- {} exits with {}\n{}", one["place"], one["exit"], text(&one["output"]))
    });
    let told: Vec<String> = told.collect();
    let ended = format!("{} {} {}\n", ran["status"], ran["error"], ran["maps"]);
    Run {
        end: (text(&ran["status"]), text(&ran["error"])),
        builds: builds
            .map(|one| (text(&one["place"]), one["exit"].as_i64().expect("a code")))
            .collect(),
        maps: ran["maps"].as_array().into_iter().flatten().filter_map(Value::as_u64).collect(),
        all: ended + &told.concat(),
    }
}

#[test]
fn a_place_that_failed_is_taken_up_again_and_one_that_fails_twice_fails_the_run() {
    const CENTRAL: &str = "111111111111/us-east-1";
    const DATA: &str = "222222222222/us-east-1";
    const SCIENCE: &str = "333333333333/us-east-1";
    let folder = tempfile::tempdir().expect("a folder");
    let mesh = lab(folder.path());
    let emulator = Emulator::start();
    ends_with(&emulator.deploy(&mesh), 0, "16 created");

    // One stack changes, in one account, and its first update fails.
    change(&mesh.join("datasets.yaml"), "cron(0 2 * * ? *)", "cron(0 3 * * ? *)");
    emulator.fail_next("AWS::Glue::Crawler");
    let ran = run(&emulator, folder.path());
    assert_eq!(ran.end, ("SUCCEEDED".to_owned(), String::new()), "{}", ran.all);
    // Exit code 6: rolled back.
    let codes = [(CENTRAL, vec![0]), (DATA, vec![6, 0]), (SCIENCE, vec![0])];
    assert_eq!(ran.codes(), BTreeMap::from(codes), "{}", ran.all);
    assert_eq!(ran.builds.last(), Some(&(DATA.to_owned(), 0)), "after all others: {}", ran.all);
    assert_eq!(ran.maps, [3, 1], "{}", ran.all);
    let account = emulator.look("222222222222", "us-east-1");
    let status = &account["stacks"]["lab-dataset-dpdataset"]["status"];
    assert_eq!(status, "UPDATE_COMPLETE", "{}", ran.all);
    assert!(!ran.all.contains("lab-4f1c6c2e"), "the external id: {}", ran.all);

    // An account whose deploy role nobody can assume is missed, also the second time. The others are refreshed.
    let closed = json!({ "arn": "arn:aws:iam::333333333333:role/lab-deploy-us-east-1" });
    emulator.request("POST", "/_test/close", &closed.to_string()).expect("an answer");
    let ran = run(&emulator, folder.path());
    assert_eq!(ran.end, ("FAILED".to_owned(), "NotRefreshed".to_owned()), "{}", ran.all);
    let codes = ran.codes();
    assert!(codes[CENTRAL] == [0] && codes[DATA] == [0], "{}", ran.all);
    assert!(codes[SCIENCE].len() == 2 && !codes[SCIENCE].contains(&0), "{}", ran.all);
    assert_eq!(ran.maps, [3, 1], "{}", ran.all);
    assert!(!ran.all.contains("lab-4f1c6c2e"), "the external id: {}", ran.all);
}
