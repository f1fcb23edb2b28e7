//! The command line: exit codes, streams, and messages.

use std::fs;
use std::process::Command;

use crate::run::{BASE, BASE_DATASET, example, lakewright, root, transcript};

#[test]
fn a_new_mesh_can_be_checked_and_synthesized() {
    let folder = tempfile::tempdir().expect("a folder");
    let mesh = folder.path().join("my-mesh");
    let out = folder.path().join("out");
    let init = lakewright(["init".as_ref(), mesh.as_os_str()]);
    assert_eq!(init.status.code(), Some(0), "{}", transcript(&init));
    let check = lakewright(["check".as_ref(), mesh.as_os_str()]);
    assert_eq!(check.status.code(), Some(0), "{}", transcript(&check));
    assert!(check.stdout.is_empty(), "people's words go to standard error");
    // Two findings: others must replace the external id, and the accounts, which count as one finding.
    assert_eq!(transcript(&check).matches("warning[left-as-written]").count(), 2);
    let deploy = Command::new(env!("CARGO_BIN_EXE_lakewright"))
        .env_remove("COLUMNS")
        .args(["deploy".as_ref(), mesh.as_os_str()])
        .env_remove("AWS_ENDPOINT_URL")
        .output()
        .expect("the binary runs");
    assert_eq!(deploy.status.code(), Some(4), "{}", transcript(&deploy));
    assert!(transcript(&deploy).contains("warning[left-as-written]"));
    let synth = lakewright(["synth".as_ref(), mesh.as_os_str(), "--out".as_ref(), out.as_os_str()]);
    assert_eq!(synth.status.code(), Some(0), "{}", transcript(&synth));
    assert!(out.join("assembly.json").is_file());
    let again = lakewright(["init".as_ref(), mesh.as_os_str()]);
    assert_eq!(again.status.code(), Some(2), "nothing is overwritten: {}", transcript(&again));
}

#[test]
fn the_minimal_example_is_what_init_writes() {
    let folder = tempfile::tempdir().expect("a folder");
    let mesh = folder.path().join("mesh");
    assert!(lakewright(["init".as_ref(), mesh.as_os_str()]).status.success());
    for name in ["mesh.yaml", "datasets.yaml", "README.md"] {
        let written = fs::read_to_string(mesh.join(name)).expect(name);
        let example = fs::read_to_string(example("minimal").join(name)).expect(name);
        assert_eq!(
            written.replace("=mesh.schema.json", "=../../docs/mesh.schema.json"),
            example,
            "{name}"
        );
    }
    let other = folder.path().join("other");
    let team = "Équipe: [x] #1".replace(['[', ']', '#'], "_");
    let output = lakewright([
        "init".as_ref(),
        other.as_os_str(),
        "--account".as_ref(),
        "012345678901".as_ref(),
        "--team".as_ref(),
        team.as_ref(),
    ]);
    assert!(output.status.success(), "{}", transcript(&output));
    let check = lakewright(["check".as_ref(), other.as_os_str()]);
    assert!(check.status.success(), "{}", transcript(&check));
    let bad = lakewright(["init".as_ref(), other.as_os_str(), "--account".as_ref(), "12".as_ref()]);
    assert_eq!(bad.status.code(), Some(2));
}

/// Commands that need no AWS account do what the README says. The other commands are only parsed.
#[test]
fn the_commands_of_a_new_meshs_readme_are_true() {
    let folder = tempfile::tempdir().expect("a folder");
    let mesh = folder.path().join("mesh");
    let place = ["--account", "333333333333", "--region", "eu-central-1"];
    let mut arguments = vec!["init".as_ref(), mesh.as_os_str()];
    arguments.extend(place.iter().map(std::ffi::OsStr::new));
    assert!(lakewright(&arguments).status.success());
    let text = fs::read_to_string(mesh.join("README.md")).expect("a README");
    let commands: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("    ")).collect();
    let words: Vec<&str> =
        commands.iter().filter_map(|command| command.split_whitespace().nth(1)).collect();
    let expected =
        "check synth prove bootstrap cloudformation bootstrap deploy deploy access destroy";
    assert_eq!(words.join(" "), expected);
    let mut said = String::new();
    for command in &commands {
        let Some(arguments) = command.strip_prefix("lakewright ") else { continue };
        let goes_to_aws = arguments.starts_with("deploy ") || arguments.starts_with("destroy ");
        let help = if goes_to_aws { " --help" } else { "" };
        let output = Command::new("sh")
            .args(["-c", &format!("{} {arguments}{help}", env!("CARGO_BIN_EXE_lakewright"))])
            .current_dir(&mesh)
            .output()
            .expect("a shell");
        said.push_str(&transcript(&output));
        assert!(output.status.success(), "$ {command}\n{said}");
    }
    // `bootstrap` prints the owner's command beside the template.
    let owner = commands.iter().find(|command| command.starts_with("aws ")).expect("a command");
    assert!(said.contains(*owner), "{owner}\n{said}");
    let template = fs::read_to_string(folder.path().join("bootstrap.yaml")).expect("a template");
    assert!(template.contains("notebook-instance"), "the last one is for notebooks as well");
}

/// Without a terminal, help is wrapped at 100 columns ("term_width" in clap's reference). A line that is longer or ends in a
/// backslash cannot be pasted.
#[test]
fn examples_of_help_can_be_pasted() {
    let help = |arguments: &[&str]| {
        let output = lakewright(arguments);
        assert!(output.status.success(), "{arguments:?}\n{}", transcript(&output));
        String::from_utf8(output.stdout).expect("text")
    };
    let whole = help(&["--help"]);
    let (_, list) = whole.split_once("Usage:").expect("the usage");
    let (list, _) = list.split_once("\nOptions:").expect("commands before options");
    let list = list.lines().filter_map(|line| line.strip_prefix("  "));
    let names = list.filter(|line| !line.starts_with(' '));
    let names: Vec<&str> = names.filter_map(|line| line.split_whitespace().next()).collect();
    assert!(names.len() >= 14, "{names:?}");
    let pages = names.iter().map(|name| help(&[*name, "--help"]));
    for page in pages.chain([whole.clone()]) {
        let (_, examples) = page.split_once("\nExample").expect("examples");
        let examples = examples.lines().skip(1).take_while(|line| !line.is_empty());
        for line in examples {
            assert!(line.starts_with("  lakewright ") && !line.ends_with('\\'), "{line}\n{page}");
            assert!(line.chars().count() <= 100, "{line}");
            // The text after two spaces describes the command.
            let command = line.trim().split("  ").next().unwrap_or_default();
            for command in command.split(" && ") {
                let command = command.split(" > ").next().unwrap_or_default();
                let arguments: Vec<&str> = command.split_whitespace().skip(1).collect();
                help(&[&arguments[..], &["--help"][..]].concat());
            }
        }
    }
}

#[test]
fn findings_show_the_line_what_was_got_and_what_to_do() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("base.yaml"), BASE).expect("a file");
    let dataset =
        BASE_DATASET.replace("environment: dev", "environment: dv").replace("topics", "topic");
    fs::write(folder.path().join("sales.yaml"), dataset).expect("a file");
    let output = lakewright(["check".as_ref(), folder.path().as_os_str()]);
    insta::assert_snapshot!(transcript(&output), @r"
exit: 4
--- stdout
--- stderr
error[unknown-reference]: there is no environment `dv` in the mesh
 --> sales.yaml:3:14
  |
3 | environment: dv
  |              ^^
  |
  = help: did you mean `dev`?

error[unknown-key]: unknown key `topic`
 --> sales.yaml:5:1
  |
5 | topic: [T]
  | ^^^^^ not a key of this document
  |
  = help: did you mean `topics`?

2 errors, 0 warnings; `lakewright explain unknown-reference` says more
");
}

#[test]
fn a_bad_id_does_not_hide_what_else_is_wrong() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("base.yaml"), BASE).expect("a file");
    let dataset = BASE_DATASET
        .replace("id: sales", "id: Sales_1")
        .replace("environment: dev", "environment: dv")
        .replace("  - name: orders", "  - location: orders");
    fs::write(folder.path().join("sales.yaml"), dataset).expect("a file");
    let output = lakewright(["check".as_ref(), folder.path().as_os_str()]);
    let text = transcript(&output);
    for code in ["invalid-value", "unknown-reference", "missing-field"] {
        assert!(text.contains(&format!("error[{code}]")), "{code}\n{text}");
    }
    assert!(
        text.contains("8 |   - location: orders"),
        "the entry is shown, not the document\n{text}"
    );
}

/// A file that is silently ignored could hold a denial or an expiry date.
#[test]
fn files_are_read_at_any_depth_whatever_the_case_of_their_ending() {
    let folder = tempfile::tempdir().expect("a folder");
    let deep = folder.path().join("a/b/c");
    fs::create_dir_all(&deep).expect("folders");
    fs::write(folder.path().join("base.yml"), BASE).expect("a file");
    let dataset = BASE_DATASET.replace("environment: dev", "environment: dv");
    fs::write(deep.join("sales.YAML"), dataset).expect("a file");
    let text = transcript(&lakewright(["check".as_ref(), folder.path().as_os_str()]));
    assert!(text.contains("--> a/b/c/sales.YAML:3:14"), "{text}");
}

#[test]
fn settings_that_would_be_ignored_are_errors() {
    let environment = |extra: &str| {
        let folder = tempfile::tempdir().expect("a folder");
        let text = format!(
            "{BASE}---\nkind: Environment\nid: other\norganization: org\naccount: \"333333333333\"\nregion: eu-west-1\n\
             team: Owners\n{extra}\n"
        );
        fs::write(folder.path().join("mesh.yaml"), text).expect("a file");
        transcript(&lakewright(["check".as_ref(), folder.path().as_os_str()]))
    };
    let topic = "subscriptions: { producers_topic: \"arn:aws:sns:eu-west-1:333333333333:t\" }";
    assert!(environment(topic).contains("error[feature-off]"));
    let on = format!("{topic}\nfeatures: {{ subscriptions: true }}");
    assert!(environment(&on).contains("is fine"));
    assert!(
        environment(&on.replace(":333333333333:t", ":999999999999:t"))
            .contains("error[invalid-value]")
    );
    let boundary = "permissions_boundary: arn:aws:iam::999999999999:policy/b";
    assert!(environment(boundary).contains("error[invalid-value]"));
    assert!(environment("tags: { CostCenter: }").contains("error[missing-field]"));
}

#[test]
fn the_output_does_not_go_among_the_sources() {
    let folder = tempfile::tempdir().expect("a folder");
    let mesh = folder.path().join("mesh");
    assert!(lakewright(["init".as_ref(), mesh.as_os_str()]).status.success());
    let file = folder.path().join("file");
    fs::write(&file, "mine").expect("a file");
    for out in [&mesh, &folder.path().to_owned(), &file] {
        let output =
            lakewright(["synth".as_ref(), mesh.as_os_str(), "--out".as_ref(), out.as_os_str()]);
        assert_eq!(output.status.code(), Some(2), "{}", transcript(&output));
    }
    assert!(!mesh.join("assembly.json").exists());
}

#[test]
fn programs_get_json_with_a_version() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("mesh.yaml"), format!("{BASE}---\nkind: Datset\nid: x\n"))
        .expect("a file");
    let output = lakewright([
        "check".as_ref(),
        folder.path().as_os_str(),
        "--format".as_ref(),
        "json".as_ref(),
    ]);
    assert_eq!(output.status.code(), Some(4));
    assert!(output.stderr.is_empty(), "{}", transcript(&output));
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(json["version"], 1);
    assert_eq!(json["diagnostics"][0]["code"], "unknown-kind");
    assert_eq!(json["diagnostics"][0]["place"]["line"], 29);
    assert_eq!(json["diagnostics"][0]["help"], "did you mean `Dataset`?");
    let mesh = example("lab");
    let out = folder.path().join("out");
    let output = lakewright([
        "synth".as_ref(),
        mesh.as_os_str(),
        "--out".as_ref(),
        out.as_os_str(),
        "--format".as_ref(),
        "json".as_ref(),
    ]);
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(
        (&json["version"], &json["stacks"], &json["accounts"]),
        (&1.into(), &16.into(), &3.into())
    );
}

#[test]
fn exit_codes_are_stable() {
    let folder = tempfile::tempdir().expect("a folder");
    let missing = folder.path().join("nowhere");
    let cases: [(Vec<&std::ffi::OsStr>, i32); 6] = [
        (vec!["--version".as_ref()], 0),
        (vec!["frobnicate".as_ref()], 2),
        (vec!["check".as_ref(), missing.as_os_str()], 2),
        (vec!["check".as_ref(), folder.path().as_os_str()], 4),
        (vec!["explain".as_ref(), "no-such-code".as_ref()], 2),
        (vec!["explain".as_ref(), "unknown-key".as_ref()], 0),
    ];
    for (arguments, expected) in cases {
        let output = lakewright(&arguments);
        assert_eq!(output.status.code(), Some(expected), "{arguments:?}\n{}", transcript(&output));
    }
}

#[test]
fn colours_are_used_only_when_asked_for_or_on_a_terminal() {
    let folder = tempfile::tempdir().expect("a folder");
    let check = |arguments: &[&str]| {
        let mut all = vec!["check".as_ref(), folder.path().as_os_str()];
        all.extend(arguments.iter().map(std::ffi::OsStr::new));
        lakewright(all).stderr
    };
    assert!(!check(&[]).contains(&0x1b), "in a pipe");
    assert!(check(&["--color", "always"]).contains(&0x1b));
    assert!(!check(&["--color", "never"]).contains(&0x1b));
}

#[test]
fn completions_exist_for_the_usual_shells() {
    for shell in ["bash", "zsh", "fish", "powershell"] {
        let output = lakewright(["completions", shell]);
        assert!(output.status.success() && output.stdout.len() > 500, "{shell}");
    }
}

#[test]
fn one_stack_can_be_printed_for_reading() {
    let mesh = example("minimal");
    let print = |name: &str, format: &str| {
        lakewright([
            "synth".as_ref(),
            mesh.as_os_str(),
            "--print".as_ref(),
            name.as_ref(),
            "--as".as_ref(),
            format.as_ref(),
        ])
    };
    let yaml = print("lakewright-dataset-sales", "yaml");
    let text = String::from_utf8(yaml.stdout).expect("text");
    assert!(text.contains("Type: AWS::S3::Bucket\n"), "{text}");
    let json = print("lakewright-dataset-sales", "json");
    let template = lakewright_template::read::template(&String::from_utf8_lossy(&json.stdout));
    assert_eq!(lakewright_template::read::template(&text), template);
    assert_eq!(print("no-such-stack", "yaml").status.code(), Some(2));
    let misspelt = transcript(&print("lakewright-dataset-slaes", "yaml"));
    assert!(misspelt.contains("did you mean `lakewright-dataset-sales`?"), "{misspelt}");
}

#[test]
fn the_editor_schema_is_fresh_and_the_examples_name_it() {
    let output = lakewright(["schema"]);
    let fresh = String::from_utf8(output.stdout).expect("text");
    let path = root().join("docs/mesh.schema.json");
    if std::env::var_os("INSTA_UPDATE").is_some_and(|update| update == "always") {
        fs::write(&path, &fresh).expect("the schema is written");
    }
    assert_eq!(fs::read_to_string(&path).expect("the schema"), fresh, "run `lakewright schema`");
    let schema: serde_json::Value = serde_json::from_str(&fresh).expect("JSON");
    assert!(schema["definitions"]["dataset"]["properties"]["stewards"].is_object());
    for name in crate::run::EXAMPLES {
        for source in crate::run::sources(&example(name)) {
            // The comment applies to one document only: redhat-developer/yaml-language-server issue #946.
            let comment = "# yaml-language-server: $schema=../../docs/mesh.schema.json";
            for document in source.text.split("\n---\n") {
                let line = document.lines().next().unwrap_or_default();
                assert_eq!(line, comment, "{name}/{}", source.path);
            }
        }
    }
}

/// A template that a full disk truncated must not look complete.
#[test]
#[cfg(target_os = "linux")]
fn output_that_is_lost_is_an_error() {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("the device");
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_lakewright"))
        .env_remove("COLUMNS")
        .args(["schema"])
        .stdout(full)
        .output()
        .expect("the binary runs");
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(text.contains("standard output cannot be written"), "{text}");
}

#[test]
fn an_assembly_in_the_place_of_a_mesh_is_told_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("out");
    let done = lakewright([
        "synth".as_ref(),
        example("minimal").as_os_str(),
        "--out".as_ref(),
        out.as_os_str(),
    ]);
    assert_eq!(done.status.code(), Some(0));
    for command in ["check", "access", "prove"] {
        let output = lakewright([command.as_ref(), out.as_os_str()]);
        let text = transcript(&output);
        assert!(text.starts_with("exit: 2\n") && text.contains("is an assembly"), "{text}");
    }
}
