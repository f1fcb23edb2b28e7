//! Signals: the first one lets a run finish what it has begun, the second one ends it at once.

use std::time::{Duration, Instant};

use serde_json::json;

use super::{Proxy, retag, signal, since, status};
use crate::deploy::{ends_with, lab};
use crate::run::transcript;

#[test]
fn a_run_that_is_told_to_stop_finishes_what_it_has_begun() {
    let folder = tempfile::tempdir().expect("a folder");
    let mesh = lab(folder.path());
    let proxy = Proxy::with(&mesh);
    let path = mesh.display().to_string();

    retag(&mesh, "once");
    let before = proxy.operations();
    proxy.rules(&json!([{ "fault": "delay", "action": "ExecuteChangeSet", "seconds": 2 }]));
    let run = proxy.begin(&["refresh", &path, "--concurrency", "2"]);
    proxy.wait_until("the run changes stacks", || !proxy.calls(&["ExecuteChangeSet"]).is_empty());
    signal(&run, "-TERM");
    let output = run.wait_with_output().expect("an end");
    ends_with(&output, 8, "SIGTERM");
    let stopped = proxy.operations();
    let begun = since(&before, &stopped);
    // The two under way are done, and the others are not begun.
    assert!((1..=2).contains(&begun.len()), "{begun:?}\n{}", transcript(&output));
    for (address, stack) in &stopped {
        assert!(!status(stack).ends_with("_IN_PROGRESS"), "{address}: {stack}");
    }
    proxy.rules(&json!([]));
    ends_with(&proxy.refresh(&mesh, &[]), 0, "0 failed, 0 skipped");
    let all = since(&before, &proxy.operations());
    assert!(all.len() >= 13 && all.values().all(|count| *count == 1), "{all:?}");

    // The answers that the run waits for never come.
    retag(&mesh, "twice");
    let journal = folder.path().join("run.journal").display().to_string();
    let before = proxy.operations();
    proxy.rules(&json!([{ "fault": "hold-after", "action": "ExecuteChangeSet", "seconds": 60 }]));
    let run = proxy.begin(&["refresh", &path, "--journal", &journal]);
    proxy.wait_until("the run changes stacks", || !proxy.calls(&["ExecuteChangeSet"]).is_empty());
    let start = Instant::now();
    signal(&run, "-TERM");
    std::thread::sleep(Duration::from_millis(500));
    signal(&run, "-TERM");
    let output = run.wait_with_output().expect("an end");
    assert!(start.elapsed() < Duration::from_secs(5), "{}", transcript(&output));
    ends_with(&output, 8, "--resume");
    proxy.rules(&json!([]));
    ends_with(&proxy.refresh(&mesh, &["--resume", &journal]), 0, "0 failed, 0 skipped");
    let all = since(&before, &proxy.operations());
    assert!(all.len() >= 13 && all.values().all(|count| *count == 1), "{all:?}");
    proxy.has_nothing_to_do(&mesh);
}
