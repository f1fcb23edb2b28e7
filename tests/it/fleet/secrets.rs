//! External ids and credentials are in no output, event, journal, plan or report.

use std::fs;

use serde_json::{Value, json};

use super::{Proxy, SECRET, retag};
use crate::deploy::{change, ends_with, lab};
use crate::run::{files, transcript};

/// The lab's external id.
const EXTERNAL_ID: &str = "lab-4f1c6c2e";

/// The text before a secret, for the message of the test.
fn before<'t>(text: &'t str, secret: &str) -> Option<&'t str> {
    let (before, _) = text.split_once(secret)?;
    let start = before.char_indices().rev().nth(300).map_or(0, |(index, _)| index);
    before.get(start..)
}

#[test]
fn external_ids_and_credentials_are_nowhere() {
    let folder = tempfile::tempdir().expect("a folder");
    let mesh = lab(folder.path());
    let out = folder.path().join("out");
    fs::create_dir(&out).expect("a folder");
    let path = mesh.display().to_string();
    let to = |name: &str| out.join(name).display().to_string();
    let proxy = Proxy::start();
    // The texts of runs and files, by name.
    let mut texts = Vec::new();
    let owner = ["--owner-role", "OrganizationAccountAccessRole"];
    let plan = to("plan.json");
    let planned = proxy.run(&[&["deploy", &path, "--plan-out", &plan][..], &owner].concat());
    assert!(planned.status.success(), "{}", transcript(&planned));
    texts.push(("deploy --plan-out".to_owned(), transcript(&planned)));
    let events = ["deploy", &path, "--yes", "--format", "json"];
    let deployed = proxy.run(&[&events[..], &owner].concat());
    ends_with(&deployed, 0, "\"end\"");
    texts.push(("deploy --format json".to_owned(), transcript(&deployed)));

    // A stack that fails, with all that a run can write, and the run that goes on.
    for end in ["md", "html"] {
        retag(&mesh, end);
        proxy.emulator.fail_next("AWS::Glue::Crawler");
        let (journal, report) = (to(&format!("{end}.journal")), to(&format!("report.{end}")));
        let trace = to("trace.jsonl");
        let options = ["--journal", &journal, "--report", &report, "--trace", &trace];
        let failed = proxy.refresh(&mesh, &[&options[..], &["--format", "json"]].concat());
        ends_with(&failed, 6, "no more room");
        let resumed = proxy.refresh(&mesh, &["--resume", &journal, "--trace", &trace]);
        texts.push((format!("refresh --report report.{end}"), transcript(&failed)));
        texts.push((format!("refresh --resume {end}.journal"), transcript(&resumed)));
    }
    // Credentials that have expired, and a role that cannot be assumed.
    retag(&mesh, "closed");
    proxy.rules(&json!([{ "fault": "expired", "action": "CreateChangeSet", "times": 1 }]));
    let expired = proxy.refresh(&mesh, &["--journal", &to("expired.journal"), "--format", "json"]);
    texts.push(("refresh with an expired token".to_owned(), transcript(&expired)));
    let role = json!({ "arn": "arn:aws:iam::222222222222:role/lab-deploy-us-east-1" });
    proxy.emulator.request("POST", "/_test/close", &role.to_string()).expect("an answer");
    let closed = proxy.refresh(&mesh, &["--journal", &to("closed.journal")]);
    assert!(!closed.status.success(), "{}", transcript(&closed));
    texts.push(("refresh without a role".to_owned(), transcript(&closed)));
    // A mesh with an error: the line with the error is shown.
    change(&mesh.join("shares.yaml"), "team: TeamA", "team: Nobody");
    let broken = proxy.refresh(&mesh, &[]);
    ends_with(&broken, 4, "Nobody");
    texts.push(("refresh of a mesh with an error".to_owned(), transcript(&broken)));

    let written = files(&out);
    let expected =
        ["plan.json", "md.journal", "html.journal", "report.md", "report.html", "trace.jsonl"];
    for name in expected {
        assert!(written.contains_key(name), "{name} was not written: {:?}", written.keys());
    }
    texts.extend(
        written
            .into_iter()
            .map(|(name, bytes)| (name, String::from_utf8_lossy(&bytes).into_owned())),
    );
    let secrets = proxy.read("/_proxy/secrets");
    assert!(!secrets.is_empty(), "the roles' credentials are known");
    let secrets = secrets.iter().filter_map(Value::as_str).chain([EXTERNAL_ID, SECRET]);
    let found: Vec<String> = secrets
        .flat_map(|secret| {
            texts.iter().filter_map(move |(name, text)| {
                before(text, secret).map(|before| format!("{name}: {secret} after\n{before}"))
            })
        })
        .collect();
    assert!(found.is_empty(), "{}", found.join("\n\n"));
}
