//! External ids and credentials are in no output, event, journal, plan or report.

use std::fs;

use serde_json::{Value, json};

use super::{Proxy, SECRET, retag};
use crate::deploy::{change, ends_with, lab};
use crate::run::{files, transcript};

/// The lab's external id.
const EXTERNAL_ID: &str = "lab-4f1c6c2e";

#[test]
fn external_ids_and_credentials_are_nowhere() {
    let folder = tempfile::tempdir().expect("a folder");
    let mesh = lab(folder.path());
    let out = folder.path().join("out");
    fs::create_dir(&out).expect("a folder");
    let path = mesh.display().to_string();
    let to = |name: &str| out.join(name).display().to_string();
    let proxy = Proxy::start();
    let mut said = Vec::new();
    let owner = ["--owner-role", "OrganizationAccountAccessRole"];
    let plan = to("plan.json");
    let planned = proxy.run(&[&["deploy", &path, "--plan-out", &plan][..], &owner].concat());
    assert!(planned.status.success(), "{}", transcript(&planned));
    said.push(planned);
    let json = ["deploy", &path, "--yes", "--format", "json"];
    let deployed = proxy.run(&[&json[..], &owner].concat());
    ends_with(&deployed, 0, "\"end\"");
    said.push(deployed);

    // A stack that fails, with all that a run can write.
    for (number, end) in ["md", "html"].into_iter().enumerate() {
        retag(&mesh, end);
        proxy.emulator.fail_next("AWS::Glue::Crawler");
        let (journal, report) = (to(&format!("{number}.journal")), to(&format!("report.{end}")));
        let written = ["--journal", &journal, "--report", &report, "--format", "json"];
        let failed = proxy.refresh(&mesh, &written);
        ends_with(&failed, 6, "no more room");
        said.push(failed);
        said.push(proxy.refresh(&mesh, &["--resume", &journal]));
    }
    // Roles that cannot be assumed, and credentials that have expired, are named without their secrets.
    retag(&mesh, "closed");
    let expired = json!([{ "fault": "expired", "action": "CreateChangeSet", "times": 1 }]);
    proxy.rules(&expired);
    let journal = to("expired.journal");
    said.push(proxy.refresh(&mesh, &["--journal", &journal, "--format", "json"]));
    let role = json!({ "arn": "arn:aws:iam::222222222222:role/lab-deploy-us-east-1" });
    proxy.emulator.request("POST", "/_test/close", &role.to_string()).expect("an answer");
    let journal = to("closed.journal");
    let closed = proxy.refresh(&mesh, &["--journal", &journal]);
    assert!(!closed.status.success(), "{}", transcript(&closed));
    said.push(closed);
    // A mesh with an error shows the line with the error, not the one with the external id.
    change(&mesh.join("shares.yaml"), "team: TeamA", "team: Nobody");
    let broken = proxy.refresh(&mesh, &[]);
    ends_with(&broken, 4, "Nobody");
    said.push(broken);

    let mut texts: Vec<(String, String)> =
        said.iter().map(|output| ("output".to_owned(), transcript(output))).collect();
    for (name, bytes) in files(&out) {
        texts.push((name, String::from_utf8_lossy(&bytes).into_owned()));
    }
    let written: Vec<&str> = texts.iter().map(|(name, _)| name.as_str()).collect();
    for name in ["plan.json", "0.journal", "1.journal", "report.md", "report.html"] {
        assert!(written.contains(&name), "{name} was not written: {written:?}");
    }
    let secrets = proxy.read("/_proxy/secrets");
    assert!(!secrets.is_empty(), "the roles' credentials are known");
    let secrets = secrets.iter().filter_map(Value::as_str);
    for secret in secrets.chain([EXTERNAL_ID, SECRET]) {
        for (name, text) in &texts {
            assert!(!text.contains(secret), "{secret} is in {name}:\n{text}");
        }
    }
}
