//! Alarms: CloudFormation rolls changes back because of them, and a refresh looks at them between its waves.

use serde_json::{Value, json};

use super::{Proxy, retag};
use crate::deploy::{change, ends_with, lab};
use crate::run::{lakewright, transcript};

const PLATFORM: &str = "222222222222";
const ALARM: &str = "arn:aws:cloudwatch:us-east-1:222222222222:alarm:errors";
const JOBS: &str = "arn:aws:cloudwatch:us-east-1:222222222222:alarm:jobs";

/// Makes an alarm with a state.
fn set(proxy: &Proxy, name: &str, state: &str) {
    let alarm = json!({
        "AlarmName": name, "MetricName": "Errors", "Namespace": "Jobs", "Statistic": "Sum", "Period": 60,
        "EvaluationPeriods": 1, "Threshold": 1.0, "ComparisonOperator": "GreaterThanThreshold",
    });
    proxy.emulator.call(PLATFORM, "cloudwatch", "put_metric_alarm", &alarm);
    let state = json!({ "AlarmName": name, "StateValue": state, "StateReason": "3 errors" });
    proxy.emulator.call(PLATFORM, "cloudwatch", "set_alarm_state", &state);
}

/// The alarms that change sets asked CloudFormation to watch.
fn rollbacks(proxy: &Proxy) -> Vec<Value> {
    let text = proxy.emulator.request("GET", "/_test/rollbacks", "").expect("an answer");
    serde_json::from_str(&text).expect("JSON")
}

#[test]
fn a_wave_begins_only_if_the_alarms_of_the_waves_before_it_are_ok() {
    let folder = tempfile::tempdir().expect("a folder");
    let mesh = lab(folder.path());
    let proxy = Proxy::with(&mesh);
    let alarms =
        format!("\ndeployment: {{ rollback_alarms: [\"{ALARM}\"], wave_alarms: [\"{JOBS}\"] }}\n");
    let features = "\nfeatures: { notebooks: true, pipelines: true }\n";
    change(&mesh.join("mesh.yaml"), features, &format!("{features}{}", &alarms[1..]));
    // The stacks of both environments depend on each other. The central account comes after them.
    let canary = ["--canary", PLATFORM, "--canary", "333333333333"];
    set(&proxy, "jobs", "OK");
    // Only `OK` is good. The canary changes each time, but for the last.
    for (state, said) in [
        ("", "CloudWatch has no metric alarm"),
        ("INSUFFICIENT_DATA", "has INSUFFICIENT_DATA"),
        ("ALARM", "is in ALARM (3 errors)"),
    ] {
        if !state.is_empty() {
            set(&proxy, "errors", state);
        }
        retag(&mesh, &format!("state-{}", state.to_lowercase().replace('_', "-")));
        let stopped = proxy.refresh(&mesh, &canary);
        ends_with(&stopped, 8, said);
        assert!(transcript(&stopped).contains(ALARM), "{}", transcript(&stopped));
        assert!(transcript(&stopped).contains("0 failed"), "{}", transcript(&stopped));
    }
    let again = proxy.refresh(&mesh, &canary);
    ends_with(&again, 8, "is in ALARM");
    set(&proxy, "errors", "OK");
    ends_with(&proxy.refresh(&mesh, &canary), 0, "the alarms of the waves before it are OK");
    proxy.has_nothing_to_do(&mesh);
}

#[test]
fn cloudformation_is_asked_to_watch_the_alarms_and_a_rollback_names_them() {
    let folder = tempfile::tempdir().expect("a folder");
    let mesh = lab(folder.path());
    let proxy = Proxy::with(&mesh);
    assert!(rollbacks(&proxy).is_empty(), "a mesh without alarms asks for none");
    let features = "\nfeatures: { notebooks: true, pipelines: true }\n";
    let alarms =
        format!("deployment: {{ rollback_alarms: [\"{ALARM}\"], monitoring_minutes: 5 }}\n");
    change(&mesh.join("mesh.yaml"), features, &format!("{features}{alarms}"));
    retag(&mesh, "watched");
    set(&proxy, "errors", "ALARM");
    let fault =
        json!({ "type": "AWS::Glue::Crawler", "contains": "dpdataset", "message": "no more room" });
    proxy.emulator.request("POST", "/_test/fail", &fault.to_string()).expect("an answer");
    let failed = proxy.refresh(&mesh, &[]);
    ends_with(&failed, 6, &format!("{ALARM} is in ALARM (3 errors)"));
    let asked = rollbacks(&proxy);
    let of = |name: &str| asked.iter().find(|one| one["stack"] == name);
    let dataset = of("lab-dataset-dpdataset").expect("a stack of the environment");
    assert_eq!(dataset["alarms"], json!([ALARM]));
    assert_eq!(dataset["minutes"], 5);
    assert!(of("lab-environment-science").is_none(), "another environment: {asked:#?}");
    assert!(asked.iter().all(|one| one["stack"] != "lab-bootstrap-111111111111-us-east-1"));

    // The assembly has the alarms as well.
    set(&proxy, "errors", "OK");
    let before = rollbacks(&proxy).len();
    retag(&mesh, "assembled");
    let out = folder.path().join("out").display().to_string();
    let path = mesh.display().to_string();
    let written = lakewright(["synth", &path, "--out", &out]);
    assert!(written.status.success(), "{}", transcript(&written));
    ends_with(&proxy.refresh(&mesh, &["--assembly", &out]), 0, "0 failed");
    assert!(rollbacks(&proxy).len() > before);
}
