//! Programs that use the library: `examples/rust` runs, depends on nothing else of the repository, and is what
//! `docs/rust.md` shows.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use lakewright_manifest::build::{
    Dataset, Environment, MeshBuilder, Organization, PivotRole, Tenant,
};
use lakewright_template::read;

use crate::run::{root, transcript};

/// A program of `examples/rust`.
///
/// It is built as an example of the library and not in its own folder: a workspace of its own would compile every
/// dependency again, under other profiles and features, which takes longer than all these tests. The whole workspace is
/// named, because features are then those of the test run, and its artifacts are used.
fn program(name: &str) -> PathBuf {
    let output = Command::new(env!("CARGO"))
        .args(["build", "--workspace", "--example", name, "--offline", "--quiet"])
        .args(["--message-format", "json"])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", transcript(&output));
    let messages = String::from_utf8(output.stdout).expect("text");
    let executable = messages.lines().find_map(|line| {
        let message: serde_json::Value = serde_json::from_str(line).ok()?;
        let is_example = message["target"]["name"] == name && message["executable"].is_string();
        is_example.then(|| message["executable"].as_str().map(PathBuf::from))?
    });
    executable.expect("the example's program")
}

#[test]
fn a_mesh_that_is_built_in_rust_is_synthesized_and_proven() {
    let output = Command::new(program("mesh")).output().expect("the program runs");
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

#[test]
fn the_shortest_program_proves_its_mesh() {
    let output = Command::new(program("shortest")).output().expect("the program runs");
    assert!(output.status.success(), "{}", transcript(&output));
    let text = String::from_utf8(output.stdout).expect("text");
    // As many stacks as `examples/minimal` has, which is the same mesh with other names.
    assert!(text.starts_with("acme is proven: 7 stacks grant exactly the access"), "{text}");
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
    let targets = package["targets"].as_array().expect("targets").iter();
    let targets: Vec<_> = targets.map(|target| target["name"].as_str()).collect();
    assert_eq!(targets, [Some("lakewright-example"), Some("shortest")]);
    for (path, text) in program_sources() {
        assert!(!text.contains("lakewright_"), "{}: only the library", path.display());
    }
}

/// The sources of `examples/rust`.
fn program_sources() -> Vec<(PathBuf, String)> {
    let src = root().join("examples/rust/src");
    let entries =
        [src.clone(), src.join("bin")].map(|folder| fs::read_dir(folder).expect("sources"));
    let paths = entries.into_iter().flatten().map(|entry| entry.expect("an entry").path());
    let files = paths.filter(|path| path.is_file());
    files.map(|path| (path.clone(), fs::read_to_string(path).expect("text"))).collect()
}

/// The lines of a text without the white space around them.
fn lines(text: &str) -> Vec<&str> {
    text.lines().map(str::trim).collect()
}

/// Each `rust` block of the page is a part of a program that runs. The `text` block is the error of the shortest
/// program's mesh without its topic.
#[test]
fn the_page_about_rust_shows_what_runs() {
    let page = fs::read_to_string(root().join("docs/rust.md")).expect("the page");
    let sources = program_sources();
    let mut shown = 0;
    for block in page.split("```").skip(1).step_by(2) {
        let (head, content) = block.split_once('\n').expect("a block has a first line");
        match head {
            "rust" => {
                shown += 1;
                let block = lines(content);
                let has = |text: &str| lines(text).windows(block.len()).any(|part| part == block);
                assert!(sources.iter().any(|(_, text)| has(text)), "no program has:\n{content}");
            }
            "text" => assert_eq!(content.trim_end(), without_topic()),
            "toml" => {
                let manifest = root().join("examples/rust/Cargo.toml");
                let manifest = fs::read_to_string(manifest).expect("the manifest");
                assert!(manifest.contains(content), "{content}");
            }
            other => unreachable!("the page has a block `{other}` that no test runs"),
        }
    }
    assert!(shown >= 8, "{shown} blocks");
}

/// What the mesh of the shortest program says without a topic.
fn without_topic() -> String {
    let platform = "arn:aws:iam::111111111111:role/lakewright-platform";
    let pivot_role =
        PivotRole::new("a-text-that-nobody-can-guess", platform.parse().expect("a role"));
    let region = || "eu-west-1".parse().expect("a region");
    let account = |text: &str| text.parse().expect("an account");
    let id = |text: &str| text.parse().expect("an id");
    let team = || "Analysts".parse().expect("a team");
    let tenant = Tenant::new(id("acme"), account("111111111111"), region(), pivot_role);
    let organization = Organization::new(id("analytics"), team());
    let environment =
        Environment::new(id("dev"), &organization, account("222222222222"), region(), team());
    let dataset = Dataset::new(id("sales"), &environment, team()).keyword("orders");
    let mesh = MeshBuilder::new(tenant).with(organization).with(environment).with(dataset);
    mesh.build().expect_err("a dataset needs a topic").to_string()
}
