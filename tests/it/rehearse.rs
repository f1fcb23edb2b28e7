//! `lakewright rehearse`: what it says agrees with `ls`, and the same seed gives the same times.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::run::{example, files, lakewright, transcript};

fn rehearsed(more: &[&str]) -> Value {
    let mesh = example("lab").display().to_string();
    let output = lakewright([&["rehearse", &mesh, "--format", "json"][..], more].concat());
    assert!(output.status.success(), "{more:?}: {}", transcript(&output));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// The stacks as `ls` lists them, with what each depends on.
fn listed() -> BTreeMap<String, BTreeSet<String>> {
    let mesh = example("lab").display().to_string();
    let output = lakewright(["ls", mesh.as_str(), "--format", "json"]);
    let list: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let stacks = list["stacks"].as_array().expect("stacks").iter();
    let others = |stack: &Value| -> BTreeSet<String> {
        stack["depends_on"].as_array().into_iter().flatten().map(text).collect()
    };
    stacks.map(|stack| (text(&stack["address"]), others(stack))).collect()
}

#[test]
fn a_rehearsal_has_the_stacks_the_accounts_and_the_order_of_the_mesh() {
    let (stacks, data) = (listed(), rehearsed(&[]));
    assert_eq!(data["changed"].as_u64(), u64::try_from(stacks.len()).ok());
    assert_eq!((&data["kept"], &data["failed"]), (&0.into(), &Value::Array(Vec::new())));
    let accounts: BTreeSet<&str> = stacks.keys().filter_map(|one| one.split('/').next()).collect();
    let requests = data["requests"].as_object().expect("requests");
    assert_eq!(requests.keys().map(String::as_str).collect::<BTreeSet<_>>(), accounts);
    let path = data["critical_path"].as_array().expect("a path");
    assert!(path.len() > 2, "{path:?}");
    for pair in path.windows(2) {
        let (before, after) = (text(&pair[0]["address"]), text(&pair[1]["address"]));
        assert!(stacks[&after].contains(&before), "{after} does not depend on {before}");
        let (until, from) = (&pair[0]["until_milliseconds"], &pair[1]["from_milliseconds"]);
        assert!(until.as_u64() <= from.as_u64(), "{after} starts before {before} has ended");
    }
    let end = path.last().expect("a last one")["until_milliseconds"].as_u64();
    assert!(end.is_some() && end <= data["milliseconds"].as_u64(), "{data}");
}

#[test]
fn a_seed_gives_the_same_rehearsal_again() {
    assert_eq!(rehearsed(&["--seed", "7"]), rehearsed(&["--seed", "7"]));
    assert_ne!(
        rehearsed(&["--seed", "7"])["milliseconds"],
        rehearsed(&["--seed", "8"])["milliseconds"]
    );
}

/// A mesh that is deployed as it is changes nothing, and no stack starts.
#[test]
fn what_is_deployed_already_is_not_changed() {
    let mesh = example("lab").display().to_string();
    for more in [&["--changed", "0"][..], &["--since", &mesh]] {
        let data = rehearsed(more);
        assert_eq!(data["changed"], 0, "{more:?}: {data}");
        assert_eq!(data["kept"].as_u64(), u64::try_from(listed().len()).ok(), "{more:?}");
        assert_eq!(data["critical_path"], Value::Array(Vec::new()), "{more:?}");
    }
}

#[test]
fn nothing_is_written_by_a_rehearsal() {
    let before = files(&example("lab"));
    rehearsed(&[]);
    assert_eq!(files(&example("lab")), before);
}
