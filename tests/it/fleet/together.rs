//! Several refreshes of a mesh at the same time: one changes it.

use serde_json::json;

use super::{Proxy, REGION, retag, since};
use crate::deploy::{ends_with, lab, request};
use crate::run::transcript;

/// The second run comes while the first one changes stacks. It ends with 8 (the table of exit codes in docs/guide.md), or
/// waits if it may.
#[test]
fn of_two_refreshes_at_once_one_changes_the_mesh() {
    let folder = tempfile::tempdir().expect("a folder");
    let mesh = lab(folder.path());
    let proxy = Proxy::with(&mesh);
    let path = mesh.display().to_string();
    retag(&mesh, "together");
    let before = proxy.operations();
    // The first run has change sets under way until the others have begun.
    proxy.rules(
        &json!([{ "fault": "delay", "action": "ExecuteChangeSet", "times": 4, "seconds": 6 }]),
    );
    let first = proxy.begin(&["refresh", &path]);
    proxy.wait_until("the first run changes stacks", || {
        !proxy.calls(&["ExecuteChangeSet"]).is_empty()
    });
    let waiting = proxy.begin(&["refresh", &path, "--wait", "5"]);
    let second = proxy.refresh(&mesh, &[]);
    ends_with(&second, 8, "nothing was changed");
    ends_with(&first.wait_with_output().expect("an end"), 0, "0 failed, 0 skipped");
    let waited = waiting.wait_with_output().expect("an end");
    ends_with(&waited, 0, "every stack is up to date");
    assert!(transcript(&waited).contains("waits for its end"), "{}", transcript(&waited));
    let begun = since(&before, &proxy.operations());
    assert!(begun.len() >= 13 && begun.values().all(|count| *count == 1), "{begun:?}");
}

/// Two runs that begin at the same moment both read a record without a run in it.
#[test]
fn of_two_refreshes_that_begin_together_none_fails_for_the_other() {
    let folder = tempfile::tempdir().expect("a folder");
    let mesh = lab(folder.path());
    let proxy = Proxy::with(&mesh);
    let path = mesh.display().to_string();
    retag(&mesh, "together");
    let before = proxy.operations();
    let runs = [(); 2].map(|()| proxy.begin(&["refresh", &path]));
    let outputs = runs.map(|run| run.wait_with_output().expect("an end"));
    let mut codes = outputs.each_ref().map(|output| output.status.code());
    codes.sort_unstable();
    let text: String = outputs.iter().map(transcript).collect();
    // One may have begun after the other was done.
    let is_right = [[Some(0), Some(8)], [Some(0), Some(0)]].contains(&codes);
    assert!(is_right, "{text}");
    let begun = since(&before, &proxy.operations());
    assert!(begun.len() >= 13 && begun.values().all(|count| *count == 1), "{begun:?}\n{text}");
    proxy.has_nothing_to_do(&mesh);
}

/// "Exit codes" in docs/guide.md: 8 if somebody else changes stacks.
#[test]
fn a_stack_that_somebody_changes_is_set_aside_and_the_others_are_refreshed() {
    const BUSY: &str = "222222222222/us-east-1/lab-dataset-dpdataset";
    let folder = tempfile::tempdir().expect("a folder");
    let mesh = lab(folder.path());
    let proxy = Proxy::with(&mesh);
    retag(&mesh, "aside");
    let before = proxy.operations();
    let set = |status: &str| {
        let body = json!({ "account": "222222222222", "region": REGION, "name": "lab-dataset-dpdataset", "status": status });
        let answer = request(proxy.emulator.port, "POST", "/_test/stacks", &body.to_string());
        assert!(!answer.expect("an answer").contains("\"error\""));
    };
    set("UPDATE_IN_PROGRESS");
    let output = proxy.refresh(&mesh, &[]);
    ends_with(&output, 8, "something else changes it just now (UPDATE_IN_PROGRESS)");
    let begun = since(&before, &proxy.operations());
    assert!(!begun.contains_key(BUSY), "{begun:?}");
    // Most of the lab's 13 stacks or more do not depend on this one.
    assert!(begun.len() >= 8 && begun.values().all(|count| *count == 1), "{begun:?}");
    set("UPDATE_COMPLETE");
    ends_with(&proxy.refresh(&mesh, &[]), 0, "0 failed, 0 skipped");
    proxy.has_nothing_to_do(&mesh);
}
