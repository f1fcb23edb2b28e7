//! The script for the first day on AWS distinguishes the behaviours that it tests.

use std::process::Command;

use crate::run::{root, transcript};

#[test]
fn each_probe_reports_another_behaviour_as_another() {
    let output = Command::new(root().join("target/python/bin/python"))
        .arg(root().join("examples/first-day/test_first_day.py"))
        .output()
        .expect("Python runs");
    let text = transcript(&output);
    assert!(output.status.success() && text.contains(" passed, 0 failed"), "{text}");
}
