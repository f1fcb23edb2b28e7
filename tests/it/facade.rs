//! Programs that use the library: `examples/rust` runs, and depends on nothing else of the repository.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use lakewright_template::read;

use crate::run::{root, transcript};

/// The program of `examples/rust`.
///
/// It is built as an example of the library and not in its own folder: a workspace of its own would compile every
/// dependency again, under other profiles and features, which takes longer than all these tests. The whole workspace is
/// named, because features are then those of the test run, and its artifacts are used.
fn program() -> PathBuf {
    let output = Command::new(env!("CARGO"))
        .args(["build", "--workspace", "--example", "mesh", "--offline", "--quiet"])
        .args(["--message-format", "json"])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", transcript(&output));
    let messages = String::from_utf8(output.stdout).expect("text");
    let executable = messages.lines().find_map(|line| {
        let message: serde_json::Value = serde_json::from_str(line).ok()?;
        let is_example = message["target"]["name"] == "mesh" && message["executable"].is_string();
        is_example.then(|| message["executable"].as_str().map(PathBuf::from))?
    });
    executable.expect("the example's program")
}

#[test]
fn a_mesh_that_is_built_in_rust_is_synthesized_and_proven() {
    let output = Command::new(program()).output().expect("the program runs");
    assert!(output.status.success(), "{}", transcript(&output));
    let text = String::from_utf8(output.stdout).expect("text");
    let said = String::from_utf8(output.stderr).expect("text");
    // The same mesh as YAML: `lakewright check` counts 12 stacks with the bootstrap stacks of two accounts.
    assert!(text.starts_with("# 9 documents, 10 stacks\n---\n"), "{text}");
    assert!(said.starts_with("acme is proven: 12 stacks grant exactly the access"), "{said}");
    let [_, dataset, reports] = text.split("---\n").collect::<Vec<_>>()[..] else {
        unreachable!("two templates: {text}")
    };
    let name = "# 222222222222/eu-west-1/lakewright-dataset-sales\n";
    assert!(dataset.starts_with(name), "{dataset}");
    assert!(reports.starts_with("# acme-reports\n"), "{reports}");
    let has = |template: &str, kinds: &[&str]| {
        let template = read::template(template).expect("a template");
        for kind in kinds {
            let is_there = template.resources.values().any(|resource| resource.kind == *kind);
            assert!(is_there, "{kind}");
        }
    };
    has(dataset, &["AWS::S3::Bucket", "AWS::KMS::Key", "AWS::Glue::Database", "AWS::Glue::Table"]);
    has(reports, &["AWS::S3::Bucket", "AWS::S3::BucketPolicy", "AWS::KMS::Key", "AWS::IAM::Role"]);
    linter_is_silent(&[dataset, reports]);
}

/// `cfn-lint` finds nothing in templates, by the checks that it makes of the examples.
fn linter_is_silent(templates: &[&str]) {
    let linter = root().join("target/python/bin/cfn-lint");
    assert!(linter.exists(), "run `cargo xtask test`, which installs the linter");
    let folder = tempfile::tempdir().expect("a folder");
    let files = (0..).zip(templates).map(|(number, template): (u32, _)| {
        let path = folder.path().join(format!("{number}.yaml"));
        fs::write(&path, template).expect("a file");
        path
    });
    let output = Command::new(linter)
        .args(["--regions", "eu-west-1", "--include-checks", "I", "--ignore-checks", "I3042", "--"])
        .args(files)
        .output()
        .expect("the linter runs");
    assert!(output.status.success(), "{}", transcript(&output));
}

/// As an example of the library the program could use what the library depends on. Outside of the workspace it cannot.
#[test]
fn the_program_depends_on_the_library_alone() {
    let folder = root().join("examples/rust");
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--format-version", "1", "--offline"])
        .current_dir(&folder)
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", transcript(&output));
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let [package] = metadata["packages"].as_array().expect("packages").as_slice() else {
        unreachable!("one package: {metadata}")
    };
    let dependencies = package["dependencies"].as_array().expect("dependencies").iter();
    let dependencies: Vec<_> =
        dependencies.map(|one| (one["name"].as_str(), one["path"].as_str())).collect();
    let library = root().join("lakewright");
    assert_eq!(dependencies, [(Some("lakewright"), library.to_str())]);
    assert_eq!(package["targets"][0]["name"], "lakewright-example");
    for entry in fs::read_dir(folder.join("src")).expect("the sources") {
        let path = entry.expect("an entry").path();
        let text = fs::read_to_string(&path).expect("text");
        assert!(!text.contains("lakewright_"), "{}: only the library", path.display());
    }
}
