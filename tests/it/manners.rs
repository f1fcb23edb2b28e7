//! What people expect of a command line: lists of what exists, and helpful answers to habitual input.

use std::ffi::OsStr;
use std::process::{Command, Output};

use serde_json::Value;

use crate::run::{EXAMPLES, example, files, lakewright, root, transcript};

/// Runs `lakewright` in a terminal of a given width.
fn in_columns(width: usize, arguments: &[&OsStr]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_lakewright"))
        .args(arguments)
        .env_remove("NO_COLOR")
        .env("COLUMNS", width.to_string())
        .output()
        .expect("the binary runs")
}

/// The dependencies shown are those in the assembly. A separate computation could differ from it.
#[test]
fn the_stacks_of_a_mesh_are_those_of_its_assembly() {
    let folder = tempfile::tempdir().expect("a folder");
    for name in EXAMPLES {
        let mesh = example(name);
        let out = folder.path().join(name);
        let synth =
            lakewright(["synth".as_ref(), mesh.as_os_str(), "--out".as_ref(), out.as_os_str()]);
        assert!(synth.status.success(), "{}", transcript(&synth));
        let text = std::fs::read(out.join("assembly.json")).expect("an assembly");
        let assembly: Value = serde_json::from_slice(&text).expect("JSON");
        let list =
            lakewright(["ls".as_ref(), mesh.as_os_str(), "--format".as_ref(), "json".as_ref()]);
        assert!(list.status.success(), "{}", transcript(&list));
        let list: Value = serde_json::from_slice(&list.stdout).expect("JSON");
        assert_eq!(list["version"], 1);
        let made = assembly["stacks"].as_array().expect("stacks");
        let listed = list["stacks"].as_array().expect("stacks");
        assert_eq!(listed.len(), made.len(), "{name}");
        for (listed, made) in listed.iter().zip(made) {
            for key in ["account", "region", "name", "kind", "id", "depends_on"] {
                assert_eq!(listed[key], made[key], "{name}: {key}");
            }
            let text = |key: &str| made[key].as_str().expect("text").to_owned();
            let address = format!("{}/{}/{}", text("account"), text("region"), text("name"));
            assert_eq!(listed["address"], address);
        }
    }
}

#[test]
fn the_list_of_stacks_is_never_wider_than_the_terminal() {
    let mesh = example("minimal");
    for width in [40, 60, 100, 160] {
        let output = in_columns(width, &["ls".as_ref(), mesh.as_os_str()]);
        assert!(output.status.success(), "{}", transcript(&output));
        let text = String::from_utf8(output.stdout).expect("text");
        let widest = text.lines().map(|line| line.chars().count()).max().expect("lines");
        assert!(widest <= width, "{width}: {widest}\n{text}");
        assert_eq!(text.lines().filter(|line| line.ends_with(' ')).count(), 0, "{text}");
    }
    let output = in_columns(160, &["ls".as_ref(), mesh.as_os_str()]);
    let text = String::from_utf8(output.stdout).expect("text");
    let columns = |start: &str| {
        let line = text.lines().find(|line| line.starts_with(start)).expect("a line");
        line.split("  ").map(str::trim).filter(|part| !part.is_empty()).collect::<Vec<_>>()
    };
    assert_eq!(columns("STACK"), ["STACK", "KIND", "DEPENDS ON"]);
    // The bootstrap comes first. Stacks of the same account and region are shown by name only.
    let place = "222222222222/eu-west-1";
    let bootstrap = format!("{place}/lakewright-bootstrap-222222222222-eu-west-1");
    assert_eq!(columns(&bootstrap), [&*bootstrap, "bootstrap", "-"]);
    let pivot_role = format!("{place}/lakewright-pivot-role-dev");
    let before = "lakewright-bootstrap-222222222222-eu-west-1";
    assert_eq!(columns(&pivot_role), [&*pivot_role, "pivot-role", before]);
}

#[test]
fn a_mesh_with_errors_has_no_list_of_stacks() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("mesh.yaml"), "kind: Datset\nid: x\n").expect("a file");
    let output = lakewright(["ls".as_ref(), folder.path().as_os_str()]);
    assert_eq!(output.status.code(), Some(4), "{}", transcript(&output));
    assert!(output.stdout.is_empty(), "{}", transcript(&output));
}

/// In the mesh's folder, the path may be left out.
#[test]
fn every_command_about_a_mesh_takes_the_current_folder() {
    let mesh = example("minimal");
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("out");
    let question = ["--principal", "team/dev/DataPlatform", "--action", "s3:GetObject"];
    let question = [&question[..], &["--resource", "dataset/sales"][..]].concat();
    let place = ["--account", "222222222222", "--region", "eu-west-1"];
    let request = ["--actor", "user:jo", "--privilege", "platform.view_analytics"];
    let request = [&request[..], &["--resource", "tenant/acme"][..]].concat();
    let cases: [(&str, Vec<&str>); 14] = [
        ("access", vec![]),
        ("authorize", request),
        ("bootstrap", place.to_vec()),
        ("can", question.clone()),
        ("check", vec![]),
        ("export-policies", vec!["--to", "datahub"]),
        ("graph", vec![]),
        ("ls", vec![]),
        ("pivot-role", vec!["--environment", "dev"]),
        ("policies", vec![]),
        ("prove", vec![]),
        ("rehearse", vec![]),
        ("synth", vec!["--out", out.to_str().expect("a path")]),
        ("why", question),
    ];
    for (command, options) in cases {
        let output = Command::new(env!("CARGO_BIN_EXE_lakewright"))
            .env_remove("COLUMNS")
            .arg(command)
            .args(options)
            .current_dir(&mesh)
            .output()
            .expect("the binary runs");
        assert!(output.status.success(), "{command}: {}", transcript(&output));
    }
    // Commands that deploy, and those that look at what is deployed, read the mesh before they look for credentials.
    let empty = folder.path().join("empty");
    std::fs::create_dir(&empty).expect("a folder");
    for arguments in [
        &["deploy", "--plan"][..],
        &["destroy", "--all", "--plan"],
        &["drift"],
        &["outputs"],
        &["status"],
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_lakewright"))
            .env_remove("COLUMNS")
            .args(arguments)
            .current_dir(&empty)
            .output()
            .expect("the binary runs");
        let text = transcript(&output);
        assert!(text.starts_with("exit: 4\n") && text.contains("error[empty-mesh]"), "{text}");
        assert!(text.contains("there is no document in .\n"), "{text}");
    }
}

/// The built-in facts are those in the files that `cargo xtask codegen --refresh` writes.
#[test]
fn the_version_names_the_commit_and_the_facts_about_aws() {
    let said = |argument: &str| {
        let output = lakewright([argument]);
        assert!(output.status.success() && output.stderr.is_empty(), "{}", transcript(&output));
        String::from_utf8(output.stdout).expect("text")
    };
    let short = said("-V");
    assert_eq!(short, concat!("lakewright ", env!("CARGO_PKG_VERSION"), "\n"));
    let long = said("--version");
    let lines: Vec<&str> = long.lines().collect();
    let [first, commit, schemas, catalogue] = lines[..] else { unreachable!("{long}") };
    assert_eq!(first, short.trim_end());
    let head = Command::new("git").args(["rev-parse", "HEAD"]).current_dir(root()).output().ok();
    let head = head.filter(|output| output.status.success());
    let head = head.and_then(|output| String::from_utf8(output.stdout).ok());
    let head = head.as_deref().map_or("unknown", str::trim_end);
    assert!([format!("commit {head}"), "commit unknown".to_owned()].contains(&commit.to_owned()));
    for (line, path) in [(schemas, "template"), (catalogue, "policies")] {
        let text = std::fs::read_to_string(root().join(path).join("data/PROVENANCE"));
        let first = text.expect("the provenance").lines().next().expect("a line").to_owned();
        let (_, package) = line.rsplit_once(' ').expect("a package");
        assert!(first.contains(&format!(" package {package} ")), "{line}: {first}");
        assert!(package.contains(|digit: char| digit.is_ascii_digit()), "{line}");
    }
}

#[test]
fn help_is_never_wider_than_the_terminal() {
    for width in [40, 60, 80, 100] {
        let output = in_columns(width, &["--help".as_ref()]);
        assert!(output.status.success(), "{}", transcript(&output));
        let text = String::from_utf8(output.stdout).expect("text");
        let widest = text.lines().map(|line| line.chars().count()).max().expect("lines");
        assert!(widest <= width, "{width}: {widest}\n{text}");
    }
}

/// Sources: the commands of Terraform, the AWS CDK, AWS SAM and Pulumi, which the code lists by tool.
#[test]
fn commands_of_other_tools_point_to_ours() {
    for (theirs, ours) in [
        ("plan", "`lakewright deploy --plan`"),
        ("preview", "`lakewright deploy --plan`"),
        ("apply", "`lakewright deploy`"),
        ("up", "`lakewright deploy`"),
        ("validate", "`lakewright check`"),
        ("list", "`lakewright ls`"),
        ("build", "`lakewright synth`"),
        ("generate", "`lakewright synth`"),
        ("teardown", "`lakewright destroy --stack NAME`"),
        ("delete", "`lakewright destroy --stack NAME`"),
        ("rm", "`lakewright destroy --stack NAME`"),
        ("help", "`lakewright --help`"),
        ("version", "`lakewright --version`"),
        ("completion", "`lakewright completions SHELL`"),
        // Misspelt commands of ours.
        ("synht", "a similar subcommand exists: 'synth'"),
        ("compltions", "a similar subcommand exists: 'completions'"),
    ] {
        let output = lakewright([theirs, "my-mesh"]);
        let text = transcript(&output);
        assert!(text.starts_with("exit: 2\n--- stdout\n--- stderr\nerror: "), "{text}");
        assert!(text.contains(&format!("'{theirs}'")), "{text}");
        let tips: Vec<&str> = text.lines().filter(|line| line.starts_with("  tip: ")).collect();
        let [tip] = tips[..] else { unreachable!("{theirs}: {text}") };
        assert!(tip.contains(ours), "{theirs}: {tip}");
    }
    let nothing_like = transcript(&lakewright(["frobnicate"]));
    assert!(nothing_like.starts_with("exit: 2\n") && !nothing_like.contains("tip:"));
}

/// `init .` often runs in a folder with other files, such as a repository with a README.
#[test]
fn a_new_mesh_goes_beside_files_and_over_none() {
    let init = |folder: &std::path::Path| {
        Command::new(env!("CARGO_BIN_EXE_lakewright"))
            .env_remove("COLUMNS")
            .args(["init", "."])
            .current_dir(folder)
            .output()
            .expect("the binary runs")
    };
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("LICENSE"), "mine").expect("a file");
    std::fs::write(folder.path().join("README.md"), "mine").expect("a file");
    std::fs::write(folder.path().join("datasets.yaml"), "mine").expect("a file");
    let before = files(folder.path());
    let output = init(folder.path());
    assert_eq!(output.status.code(), Some(2), "{}", transcript(&output));
    let text = transcript(&output);
    assert!(text.contains(". has datasets.yaml, README.md already"), "{text}");
    assert_eq!(files(folder.path()), before);
    std::fs::remove_file(folder.path().join("README.md")).expect("a file");
    std::fs::remove_file(folder.path().join("datasets.yaml")).expect("a file");
    let output = init(folder.path());
    assert!(output.status.success(), "{}", transcript(&output));
    let after = files(folder.path());
    assert_eq!(after["LICENSE"], b"mine");
    let names: Vec<&str> = after.keys().map(String::as_str).collect();
    assert_eq!(names, ["LICENSE", "README.md", "datasets.yaml", "mesh.schema.json", "mesh.yaml"]);
}

/// A dangling symbolic link counts as a file in the way. Otherwise `init` would fail after it has written other files.
#[test]
#[cfg(unix)]
fn a_link_that_leads_nowhere_stands_in_the_way_of_a_new_mesh() {
    let folder = tempfile::tempdir().expect("a folder");
    std::os::unix::fs::symlink("nowhere", folder.path().join("README.md")).expect("a link");
    let output = lakewright(["init".as_ref(), folder.path().as_os_str()]);
    let text = transcript(&output);
    assert!(text.starts_with("exit: 2\n") && text.contains("README.md already"), "{text}");
    assert!(!folder.path().join("mesh.yaml").exists());
}

/// If a program asks for JSON and gets something else with exit code 0, it fails later and elsewhere.
#[test]
fn every_command_gives_json_when_it_is_asked_for() {
    let mesh = example("minimal");
    let mesh = mesh.to_str().expect("a path");
    let folder = tempfile::tempdir().expect("a folder");
    let dir = folder.path().join("new");
    let dir = dir.to_str().expect("a path");
    let out = folder.path().join("out");
    let out = out.to_str().expect("a path");
    let place = ["--account", "222222222222", "--region", "eu-west-1"];
    let question = ["--principal", "team/dev/DataPlatform", "--action", "s3:GetObject"];
    let question = [&question[..], &["--resource", "dataset/sales"][..]].concat();
    let request = ["--actor", "user:jo", "--privilege", "platform.view_analytics"];
    let request = [&request[..], &["--resource", "tenant/acme"][..]].concat();
    let boot = root().join("governance/src/exchange/datahub/samples/policies.json");
    let boot = boot.to_str().expect("a path");
    let all: [&[&str]; 20] = [
        &["access", mesh],
        &[&["authorize", mesh][..], &request[..]].concat(),
        &[&["bootstrap", mesh][..], &place[..]].concat(),
        &[&["can", mesh][..], &question[..]].concat(),
        &["check", mesh],
        &["completions", "bash"],
        &["explain", "unknown-key"],
        &["export-policies", mesh, "--to", "datahub"],
        &["graph", mesh],
        &["import-policies", "--from", "datahub", boot],
        &["init", dir],
        &["ls", mesh],
        &["pivot-role", mesh, "--environment", "dev"],
        &["policies", mesh],
        &["prove", mesh],
        &["rehearse", mesh],
        &["schema"],
        &["synth", mesh, "--out", out],
        &["synth", mesh, "--print", "lakewright-dataset-sales"],
        &[&["why", mesh][..], &question[..]].concat(),
    ];
    for arguments in all {
        let output = lakewright([arguments, &["--format", "json"][..]].concat());
        assert!(output.status.success(), "{arguments:?}: {}", transcript(&output));
        let json: Result<Value, _> = serde_json::from_slice(&output.stdout);
        assert!(json.is_ok(), "{arguments:?}: {}", transcript(&output));
    }
}

/// The completions that the program offers in a mesh.
fn offered(words: &str, mesh: &str, start: &str) -> Vec<String> {
    let output = lakewright(["__complete", "--", words, mesh, start]);
    assert!(output.status.success() && output.stderr.is_empty(), "{}", transcript(&output));
    let text = String::from_utf8(output.stdout).expect("text");
    text.lines().map(str::to_owned).collect()
}

/// Completion must not offer a name that is then refused. So stacks are compared with the assembly, and principals with its
/// grants.
#[test]
fn what_is_offered_to_complete_is_there() {
    let folder = tempfile::tempdir().expect("a folder");
    for name in EXAMPLES {
        let mesh = example(name);
        let out = folder.path().join(name);
        let synth =
            lakewright(["synth".as_ref(), mesh.as_os_str(), "--out".as_ref(), out.as_os_str()]);
        assert!(synth.status.success(), "{}", transcript(&synth));
        let read = |file: &str| -> Value {
            let text = std::fs::read(out.join(file)).expect("a file of the assembly");
            serde_json::from_slice(&text).expect("JSON")
        };
        let mesh = mesh.to_str().expect("a path");
        let assembly = read("assembly.json");
        let stacks = assembly["stacks"].as_array().expect("stacks").iter();
        let names = stacks.map(|stack| stack["name"].as_str().expect("a name").to_owned());
        let names: std::collections::BTreeSet<String> = names.collect();
        assert_eq!(offered("stacks", mesh, ""), names.into_iter().collect::<Vec<_>>());
        let grants = read("grants.json");
        let principals = offered("principals", mesh, "");
        assert!(principals.iter().any(|principal| principal.starts_with("team/")));
        for principal in principals {
            assert!(grants["principals"][&principal].is_string(), "{name}: {principal}");
        }
    }
    let full = example("full");
    let full = full.to_str().expect("a path");
    assert_eq!(offered("datasets", full, "ledg"), ["ledger"]);
    assert_eq!(offered("environments", full, "finance"), ["finance-eu", "finance-us"]);
    for resource in offered("resources", full, "dataset/ledger") {
        let output = lakewright(["access", full, "--resource", resource.as_str()]);
        assert!(output.status.success(), "{resource}: {}", transcript(&output));
    }
    let codes = String::from_utf8(lakewright(["explain", "--list"]).stdout).expect("text");
    assert_eq!(offered("codes", "nowhere", ""), codes.lines().collect::<Vec<_>>());
    assert!(offered("stacks", "nowhere", "").is_empty(), "nobody asked what is wrong with it");
}

/// Bash executes what a command line contains, so names must be completed as plain text.
#[test]
fn bash_completes_names_of_the_mesh() {
    let folder = tempfile::tempdir().expect("a folder");
    let script = folder.path().join("script");
    let completions = lakewright(["completions", "bash"]);
    assert!(completions.status.success(), "{}", transcript(&completions));
    std::fs::write(&script, completions.stdout).expect("a file");
    let full = example("full");
    let complete = |line: &[&str]| {
        let (last, before) = line.split_last().expect("words");
        let binary = env!("CARGO_BIN_EXE_lakewright");
        let previous = before.last().copied().unwrap_or(binary);
        let output = Command::new("bash")
            .arg("-uc")
            .arg(
                "source \"$1\"; COMP_WORDS=(\"${@:5}\"); COMP_CWORD=$(($# - 5)); \
                 _lakewright \"$2\" \"$3\" \"$4\"; printf '%s\\n' \"${COMPREPLY[@]}\"",
            )
            .args(["bash".as_ref(), script.as_os_str()])
            .args([binary, *last, previous, binary])
            .args(line)
            .current_dir(&full)
            .env("LC_ALL", "C.UTF-8")
            .output()
            .expect("bash runs");
        assert!(output.stderr.is_empty(), "{line:?}: {}", transcript(&output));
        String::from_utf8(output.stdout).expect("text")
    };
    assert_eq!(complete(&["pivot-role", "--environment", "finance-u"]), "finance-us\n");
    assert_eq!(complete(&["explain", "unknown-k"]), "unknown-key\nunknown-kind\n");
    let teams = complete(&["can", "--principal", "team/finance-eu/I"]);
    assert_eq!(teams, "team/finance-eu/Imported\\ Team\nteam/finance-eu/Interns\n");
    let lab = example("lab");
    let lab = lab.to_str().expect("a path");
    let of_lab = complete(&["destroy", lab, "--stack", "lab-platform"]);
    assert!(of_lab.starts_with("lab-platform"), "{of_lab}");
    // Completion of options and commands works as without a mesh, and hides internal commands.
    assert_eq!(complete(&["destroy", "--keep"]), "--keep-stack\n");
    assert!(!complete(&["a"]).contains("__complete"));
    let zsh = String::from_utf8(lakewright(["completions", "zsh"]).stdout).expect("text");
    assert!(
        zsh.starts_with("#compdef lakewright\n") && zsh.contains("_lakewright_named \"$@\" &&")
    );
}

/// The mesh is optional, which the help shows by brackets. The usage below an error shows them too, even if a mesh was
/// given.
#[test]
fn usage_under_an_error_is_the_usage_of_the_help() {
    for arguments in [&["synth"][..], &["synth", "my-mesh"], &["pivot-role", "my-mesh"]] {
        let text = transcript(&lakewright(arguments));
        assert!(text.starts_with("exit: 2\n"), "{text}");
        let usage = text.lines().find(|line| line.starts_with("Usage: ")).expect("the usage");
        assert!(usage.ends_with(" [MESH]"), "{usage}");
    }
    // The value of an option is not an optional mesh.
    let text = transcript(&lakewright(["check", "my-mesh", "--base", "a", "--assembly", "b"]));
    assert!(text.contains("[MESH]") && !text.contains("--base [MESH]"), "{text}");
}

/// `-v` says what was read and made, on standard error, and changes nothing of what is written.
#[test]
fn with_more_words_each_step_is_told_on_standard_error() {
    let mesh = example("minimal");
    let plain = lakewright(["ls".as_ref(), mesh.as_os_str()]);
    let out = tempfile::tempdir().expect("a folder");
    let told = lakewright(["ls".as_ref(), mesh.as_os_str(), "-v".as_ref()]);
    assert!(told.status.success(), "{}", transcript(&told));
    assert_eq!(told.stdout, plain.stdout);
    let notes = String::from_utf8(told.stderr).expect("text");
    assert!(notes.starts_with("read 2 files of "), "{notes}");
    assert!(notes.lines().last().is_some_and(|line| line.starts_with("took ")), "{notes}");
    let assembly = out.path().join("out");
    let made = lakewright([
        "synth".as_ref(),
        mesh.as_os_str(),
        "--out".as_ref(),
        assembly.as_os_str(),
        "--verbose".as_ref(),
    ]);
    let notes = String::from_utf8(made.stderr).expect("text");
    // Bootstrap stacks are made from the others, at the end.
    assert!(notes.contains("\nmade 5 stacks in "), "{notes}");
    let both = lakewright(["ls".as_ref(), mesh.as_os_str(), "-v".as_ref(), "-q".as_ref()]);
    assert_eq!(both.status.code(), Some(2), "{}", transcript(&both));
}

/// A pipeline sets the variables once for commands of which not all write every format.
#[test]
fn variables_stand_for_options_where_these_have_a_meaning() {
    let mesh = example("minimal");
    let with = |format: &str, arguments: &[&OsStr]| {
        Command::new(env!("CARGO_BIN_EXE_lakewright"))
            .args(arguments)
            .env("LAKEWRIGHT_FORMAT", format)
            .output()
            .expect("the binary runs")
    };
    let list = |format: &str| with(format, &["ls".as_ref(), mesh.as_os_str()]);
    let json: Value = serde_json::from_slice(&list("json").stdout).expect("JSON");
    assert_eq!(json["version"], 1);
    let people = lakewright(["ls".as_ref(), mesh.as_os_str()]).stdout;
    assert_eq!(list("csv").stdout, people, "only `access` writes CSV");
    let table = with("csv", &["access".as_ref(), mesh.as_os_str()]).stdout;
    let table = String::from_utf8(table).expect("text");
    assert!(table.lines().next().is_some_and(|line| line.contains(',')), "{table}");
    let option: [&OsStr; 4] =
        ["ls".as_ref(), mesh.as_os_str(), "--format".as_ref(), "csv".as_ref()];
    assert_eq!(with("human", &option).status.code(), Some(2));
    assert_eq!(list("yaml").status.code(), Some(2), "a wrong value is an error wherever it stands");
    let coloured = Command::new(env!("CARGO_BIN_EXE_lakewright"))
        .args(["check", "no-such-folder"])
        .env("LAKEWRIGHT_COLOR", "always")
        .output()
        .expect("the binary runs");
    assert!(String::from_utf8_lossy(&coloured.stderr).contains("\u{1b}["));
}

/// The program is ended by the test, as people do.
#[test]
fn a_mesh_is_checked_again_after_each_change() {
    use std::io::{BufRead as _, BufReader};

    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("mesh.yaml");
    std::fs::write(&file, "kind: Tenannt\n").expect("a file");
    let mut watching = Command::new(env!("CARGO_BIN_EXE_lakewright"))
        .args(["check".as_ref(), folder.path().as_os_str(), "--watch".as_ref()])
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("the program runs");
    let lines = BufReader::new(watching.stderr.take().expect("a pipe")).lines();
    let mut lines = lines.map(|line| line.expect("text"));
    assert!(lines.any(|line| line.starts_with("error[unknown-kind]")));
    assert!(lines.any(|line| line.starts_with("waiting for changes of ")));
    std::fs::write(&file, "kind: Tenant\nids: a\n").expect("a file");
    assert!(lines.any(|line| line.starts_with("error[unknown-key]")));
    watching.kill().expect("a program that runs");
    watching.wait().expect("an end");
}
