//! Runs through throttling, errors, lost connections and incomplete answers.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use serde_json::{Value, json};

use super::{Proxy, REGION, operations_of, retag, status};
use crate::deploy::{check_buckets, check_roles, ends_with, lab};
use crate::run::{example, transcript};

/// A fourth account for the lab.
const FOURTH: &str = "kind: Environment\nid: remote\norganization: data-science\naccount: \"444444444444\"\n\
    region: us-east-1\nteam: DataScienceAdmin\n---\nkind: Dataset\nid: remotedata\nenvironment: remote\n\
    team: DataScienceAdmin\ntopics: [Science]\nkeywords: [lab]\n";
const FOUR: [&str; 4] = ["111111111111", "222222222222", "333333333333", "444444444444"];

/// What happens to requests: a tenth is throttled, and some fail in other ways. The first request of a run is left alone,
/// because the program tries it only twice, to report a wrong address soon.
fn weather(seed: u64) -> Value {
    let faults = [
        ("throttle", 0.1),
        ("500", 0.02),
        ("reset-before", 0.02),
        ("reset-after", 0.02),
        ("truncate", 0.02),
        ("stall", 0.01),
    ];
    let rule = |(fault, p): (&str, f64)| json!({ "fault": fault, "action": "(?!GetCallerIdentity$).*", "p": p, "seed": seed, "seconds": 1 });
    faults.map(rule).to_vec().into()
}

#[test]
fn a_mesh_is_deployed_and_refreshed_through_faults() {
    let folder = tempfile::tempdir().expect("a folder");
    let mesh = lab(folder.path());
    fs::write(mesh.join("remote.yaml"), FOURTH).expect("a file");
    let path = mesh.display().to_string();
    let proxy = Proxy::start();
    proxy.rules(&weather(1));
    let owner = ["--owner-role", "OrganizationAccountAccessRole"];
    let deployed = proxy.run(&[&["deploy", &path, "--yes"][..], &owner].concat());
    ends_with(&deployed, 0, "0 failed, 0 skipped");
    let log = proxy.log();
    for fault in ["throttle", "500", "reset-before", "reset-after", "truncate"] {
        assert!(log.iter().any(|call| call["fault"] == fault), "{fault}: {:#?}", proxy.counts());
    }
    let first = proxy.operations_in(REGION, &FOUR);
    assert!(first.len() > 16, "{:?}", first.keys());
    for (address, stack) in &first {
        assert_eq!(status(stack), "CREATE_COMPLETE", "{address}");
        assert_eq!(operations_of(stack), 1, "{address}: {stack}\n{}", transcript(&deployed));
    }
    let platform = proxy.emulator.look("222222222222", REGION);
    check_buckets(&platform);
    check_roles(&platform);

    retag(&mesh, "changed");
    proxy.rules(&weather(2));
    let refreshed = proxy.refresh(&mesh, &[]);
    ends_with(&refreshed, 0, "0 failed, 0 skipped");
    let second = proxy.operations_in(REGION, &FOUR);
    assert!(second.keys().eq(first.keys()));
    for (address, stack) in &second {
        let is_bootstrap = address.contains("-bootstrap-");
        let count = operations_of(stack);
        let is_once = count == 2 || (is_bootstrap && count == 1);
        assert!(is_once, "{address}: {stack}\n{}", transcript(&refreshed));
        assert!(status(stack).ends_with("_COMPLETE"), "{address}: {stack}");
    }
    let after = proxy.emulator.look("222222222222", REGION);
    check_buckets(&after);
    check_roles(&after);
    for (name, stack) in after["stacks"].as_object().expect("stacks") {
        let tag = &stack["tags"]["CostCenter"];
        assert!(tag == "changed" || name.contains("-bootstrap-"), "{name}: {tag}");
    }
    proxy.has_nothing_to_do(&mesh);
}

/// The tokens of the requests that reached the emulator, by operation and stack.
fn tokens(proxy: &Proxy) -> BTreeMap<String, BTreeSet<String>> {
    let mut tokens: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for call in proxy.calls(&["ExecuteChangeSet", "DeleteStack"]) {
        let of = format!("{} {} {}", call["action"], call["stack"], call["change_set"]);
        tokens.entry(of).or_default().insert(call["token"].to_string());
    }
    tokens
}

/// "All events triggered by a given stack operation are assigned the same client request token, which you can use to
/// track operations": `ClientRequestToken` of `StackEvent` in the CloudFormation API reference. So a request whose answer is
/// lost needs no second one.
#[test]
fn the_effect_of_a_lost_answer_is_found_again() {
    let proxy = Proxy::start();
    let path = example("minimal").display().to_string();
    let owner = ["--yes", "--owner-role", "OrganizationAccountAccessRole"];
    proxy.rules(&json!([{ "fault": "reset-after", "action": "ExecuteChangeSet", "times": 4 }]));
    let deployed = proxy.run(&[&["deploy", &path][..], &owner].concat());
    ends_with(&deployed, 0, "7 created");
    assert_eq!(proxy.counts().get("ExecuteChangeSet reset-after"), Some(&4));
    // A request may be repeated, but only with the same token.
    for (request, tokens) in tokens(&proxy) {
        let is_known = tokens.iter().all(|token| token != "null");
        assert!(tokens.len() == 1 && is_known, "{request}: {tokens:?}");
    }
    let stacks = proxy.operations_in("eu-west-1", &["111111111111", "222222222222"]);
    assert_eq!(stacks.len(), 7);
    for (address, stack) in &stacks {
        assert_eq!(operations_of(stack), 1, "{address}: {stack}");
    }

    proxy.rules(&json!([{ "fault": "reset-after", "action": "DeleteStack", "times": 1 }]));
    let dataset = ["--stack", "lakewright-dataset-sales"];
    let destroyed = proxy.run(&[&["destroy", &path][..], &owner, &dataset].concat());
    ends_with(&destroyed, 0, "1 deleted");
    let deletions: Vec<BTreeSet<String>> = tokens(&proxy).into_values().collect();
    let [one] = &deletions[..] else { unreachable!("{deletions:?}") };
    assert!(one.len() == 1 && !one.contains("null"), "{one:?}");
    let stacks = proxy.operations_in("eu-west-1", &["222222222222"]);
    assert!(!stacks.contains_key("222222222222/eu-west-1/lakewright-dataset-sales"));
}
