//! The files of `examples/fleet` are right for checkers of others: the schemas of Kubernetes, cfn-lint and actionlint. They
//! use options that `refresh` has.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use lakewright_template::StackKind;
use serde_json::Value;

use crate::run::{example, lakewright, mesh, root, sources, synthesized, transcript};
use crate::workflows::{actionlint, broken};

/// A file of the example.
fn file(name: &str) -> (PathBuf, String) {
    let path = root().join("examples/fleet").join(name);
    let text = fs::read_to_string(&path).expect("a file");
    (path, text)
}

/// A program that `cargo xtask test` installs.
fn tool(name: &str) -> Command {
    let program = root().join("target/python/bin").join(name);
    assert!(program.exists(), "run `cargo xtask test`, which installs {name}");
    Command::new(program)
}

/// The documents of a YAML file.
fn documents(path: &Path) -> Vec<Value> {
    let program = "import json, sys, yaml; json.dump(list(yaml.safe_load_all(open(sys.argv[1]))), sys.stdout)";
    let output = tool("python").args(["-c", program]).arg(path).output().expect("Python runs");
    assert!(output.status.success(), "{}", transcript(&output));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// Compares the objects of a file with the schemas of Kubernetes 1.37, without fields that these do not have.
fn kubernetes(path: &Path) -> Output {
    let mut validator = tool("kubernetes-validate");
    validator.args(["--strict", "-k", "1.37"]).arg(path).output().expect("the validator runs")
}

#[test]
fn kubernetes_takes_the_indexed_job() {
    let (path, text) = file("kubernetes.yaml");
    let output = kubernetes(&path);
    assert!(output.status.success(), "{}", transcript(&output));
    let folder = tempfile::tempdir().expect("a folder");
    for (right, wrong) in [
        ("completionMode: Indexed", "completionMod: Indexed"),
        ("readOnlyRootFilesystem", "readOnlyRootFileSystem"),
        ("parallelism: 4", "parallelism: four"),
    ] {
        let file = folder.path().join("wrong.yaml");
        fs::write(&file, broken(&text, right, wrong)).expect("a file");
        assert!(!kubernetes(&file).status.success(), "{wrong}");
    }
}

/// What no schema says. Sources: "Jobs" in the Kubernetes documentation (`backoffLimitPerIndex` and `podFailurePolicy` need
/// `restartPolicy: Never`, and the container that a rule names), and the restricted policy of its "Pod Security Standards".
#[test]
fn the_indexed_job_is_whole_and_restricted() {
    let (path, _) = file("kubernetes.yaml");
    let all = documents(&path);
    let of_kind = |kind: &str| all.iter().find(|one| one["kind"] == kind).expect("a document");
    let job = &of_kind("CronJob")["spec"]["jobTemplate"]["spec"];
    let pod = &job["template"]["spec"];
    let container = &pod["containers"][0];
    assert_eq!(job["completionMode"], "Indexed");
    assert_eq!(pod["restartPolicy"], "Never");
    assert_eq!(pod["serviceAccountName"], of_kind("ServiceAccount")["metadata"]["name"]);
    assert_eq!(
        job["podFailurePolicy"]["rules"][1]["onExitCodes"]["containerName"],
        container["name"]
    );
    let arguments = container["args"].as_array().expect("arguments");
    let place = arguments.iter().position(|one| one == "--shards").expect("the number of shards");
    assert_eq!(arguments[place + 1], job["completions"].to_string());
    assert_eq!(pod["securityContext"]["runAsNonRoot"], true);
    assert_eq!(pod["securityContext"]["seccompProfile"]["type"], "RuntimeDefault");
    let limits = &container["securityContext"];
    assert_eq!(limits["allowPrivilegeEscalation"], false);
    assert_eq!(limits["readOnlyRootFilesystem"], true);
    assert_eq!(limits["capabilities"]["drop"], serde_json::json!(["ALL"]));
    assert!(container["resources"]["limits"]["memory"].is_string());
}

#[test]
fn the_linter_finds_nothing_in_the_array_job() {
    let (path, text) = file("batch.yaml");
    let lint = |path: &Path| {
        let mut linter = tool("cfn-lint");
        linter.args(["--regions", "eu-west-1", "--include-checks", "I", "--"]).arg(path);
        linter.output().expect("the linter runs")
    };
    let output = lint(&path);
    assert!(output.status.success(), "{}", transcript(&output));
    let folder = tempfile::tempdir().expect("a folder");
    let wrong = folder.path().join("batch.yaml");
    fs::write(&wrong, broken(&text, "PlatformCapabilities", "PlatformCapability")).expect("a file");
    assert!(!lint(&wrong).status.success());
    // As many jobs as shards, whoever starts them.
    assert!(text.contains("--shards, \"8\""), "{text}");
    assert!(text.contains("\"ArrayProperties\": {\"Size\": 8}"), "{text}");
    assert!(text.contains("--array-properties size=8"), "{text}");
}

#[test]
fn actionlint_finds_nothing_in_the_workflow_of_the_refresh() {
    let (_, text) = file("github-refresh.yml");
    assert_eq!(actionlint(&text), Vec::<String>::new());
    for (right, wrong) in [("id-token: write", "id-token: writes"), ("always()", "alway()")] {
        assert_ne!(actionlint(&broken(&text, right, wrong)), Vec::<String>::new(), "{wrong}");
    }
}

/// The options in a text.
fn options(text: &str) -> BTreeSet<&str> {
    let is_part = |c: char| c == '-' || c.is_ascii_lowercase();
    let words = text.split(|c: char| !is_part(c));
    words.filter(|word| word.len() > 2 && word.starts_with("--")).collect()
}

/// The part of a text between two others.
fn between<'t>(text: &'t str, from: &str, to: &str) -> &'t str {
    let (_, rest) = text.split_once(from).expect("the beginning");
    rest.split_once(to).expect("the end").0
}

#[test]
fn whatever_starts_a_refresh_uses_options_that_it_has() {
    let help = lakewright(["refresh", "--help"]);
    let help = transcript(&help);
    let known = options(&help);
    let (_, kubernetes) = file("kubernetes.yaml");
    let (_, batch) = file("batch.yaml");
    let (_, github) = file("github-refresh.yml");
    let stacks = synthesized(&mesh(&sources(&example("minimal"))));
    let platform = stacks.iter().find(|stack| stack.entry.kind == StackKind::Platform);
    let platform = &platform.expect("the platform's stack").json;
    for (what, text) in [
        ("Kubernetes", between(&kubernetes, "args:", "workingDir:")),
        ("AWS Batch", between(&batch, "Command: [", "]")),
        ("GitHub Actions", between(&github, "lakewright refresh", "- name:")),
        ("the platform's build", between(platform, "./lakewright refresh", "finally:")),
    ] {
        let used = options(text);
        assert!(used.len() >= 3, "{what}: {used:?}");
        let unknown: Vec<_> = used.difference(&known).collect();
        assert!(unknown.is_empty(), "{what}: {unknown:?}\n{help}");
    }
}
