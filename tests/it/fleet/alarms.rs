//! Alarms: CloudFormation rolls changes back because of them. What a refresh does between its waves is tested in the
//! simulation (`simulator/tests/simulation/held.rs`).

use serde_json::{Value, json};

use super::{Proxy, retag};
use crate::deploy::{change, ends_with, lab};
use crate::run::{lakewright, transcript};

const PLATFORM: &str = "222222222222";
const ALARM: &str = "arn:aws:cloudwatch:us-east-1:222222222222:alarm:errors";

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
