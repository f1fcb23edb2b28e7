//! The trace of a refresh, as a collector of OpenTelemetry reads it.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use super::{Proxy, retag, signal};
use crate::deploy::{ends_with, lab};
use crate::run::{root, transcript};

/// The spans of a file, read with the protobuf definition of OTLP.
fn spans(file: &Path) -> Vec<Value> {
    let output = Command::new(root().join("target/python/bin/python"))
        .arg(root().join("tests/check_trace.py"))
        .arg(file)
        .output()
        .expect("Python runs");
    assert!(output.status.success(), "{}", transcript(&output));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

fn named<'s>(spans: &'s [Value], name: &str) -> Vec<&'s Value> {
    spans.iter().filter(|span| span["name"] == name).collect()
}

fn ids(spans: &[Value], key: &str) -> BTreeSet<String> {
    spans.iter().map(|span| span[key].as_str().unwrap_or_default().to_owned()).collect()
}

/// The definition is the package opentelemetry-proto; it knows neither this program nor its tests.
#[test]
fn a_collector_reads_the_spans_of_a_run_and_of_the_one_that_goes_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let mesh = lab(folder.path());
    let proxy = Proxy::with(&mesh);
    let file = folder.path().join("trace.jsonl");
    let trace = file.display().to_string();

    retag(&mesh, "failed");
    proxy.emulator.fail_next("AWS::Glue::Crawler");
    ends_with(&proxy.refresh(&mesh, &["--trace", &trace]), 6, "no more room");
    let found = spans(&file);
    let [run] = named(&found, "refresh lab")[..] else { unreachable!("{found:#?}") };
    assert_eq!(run["parent"], "", "{run}");
    assert_eq!(run["status"], 2, "{run}");
    let rolled_back = |span: &&Value| span["attributes"]["lakewright.outcome"] == "rolled-back";
    let stack = found.iter().find(rolled_back).expect("a stack that failed");
    assert_eq!(stack["attributes"]["cloud.region"], "us-east-1", "{stack}");
    assert_eq!(stack["events"][0], "resource failed");
    assert!(named(&found, "ExecuteChangeSet").iter().all(|span| span["kind"] == 3));
    // Each parent is a span of the file, and ends after its child begins.
    let known = ids(&found, "id");
    assert_eq!(known.len(), found.len(), "no id is used twice");
    for span in &found {
        let parent = span["parent"].as_str().expect("an id");
        assert!(parent.is_empty() || known.contains(parent), "{span}");
        assert!(span["start"].as_u64() <= span["end"].as_u64(), "{span}");
        assert_eq!(span["service"], json!(["lakewright"]));
    }

    // A deployment writes the same.
    let file = folder.path().join("deployment.jsonl");
    let trace = file.display().to_string();
    let path = mesh.display().to_string();
    let owner = ["--owner-role", "OrganizationAccountAccessRole"];
    let deploy = [&["deploy", &path, "--yes", "--trace", &trace][..], &owner].concat();
    ends_with(&proxy.run(&deploy), 0, "0 failed");
    let found = spans(&file);
    let [run] = named(&found, "deploy lab")[..] else { unreachable!("{found:#?}") };
    assert_eq!((run["parent"].as_str(), run["status"].as_u64()), (Some(""), Some(1)), "{run}");
    let known = ids(&found, "id");
    let executed = named(&found, "ExecuteChangeSet");
    assert!(!executed.is_empty());
    for operation in executed {
        assert!(known.contains(operation["parent"].as_str().expect("an id")), "{operation}");
    }

    // A run that is killed, and the one that goes on with it, have one trace.
    retag(&mesh, "killed");
    let journal = folder.path().join("run.journal").display().to_string();
    let file = folder.path().join("resumed.jsonl");
    let trace = file.display().to_string();
    let path = mesh.display().to_string();
    proxy.rules(&json!([{ "fault": "delay", "action": "ExecuteChangeSet", "seconds": 2 }]));
    let options = ["refresh", &path, "--journal", &journal, "--trace", &trace];
    let mut killed = proxy.begin(&options);
    proxy.wait_until("the run changes stacks", || !proxy.calls(&["ExecuteChangeSet"]).is_empty());
    signal(&killed, "-KILL");
    killed.wait().expect("an end");
    proxy.rules(&json!([]));
    let resumed = proxy.refresh(&mesh, &["--resume", &journal, "--trace", &trace]);
    ends_with(&resumed, 0, "0 failed");
    let found = spans(&file);
    assert_eq!(ids(&found, "trace").len(), 1, "{found:#?}");
    assert_eq!(ids(&found, "id").len(), found.len(), "no id is used twice");
    // What the killed run prepared belongs to stacks that the second one ended.
    let known = ids(&found, "id");
    for operation in named(&found, "CreateChangeSet") {
        assert!(known.contains(operation["parent"].as_str().expect("an id")), "{operation}");
    }
}
