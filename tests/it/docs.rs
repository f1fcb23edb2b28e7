//! The documentation is correct: its commands run and give the output that it shows.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use lakewright_manifest::document::Kind;

use crate::run::{example, lakewright, root, sources, transcript};

/// Runs each `console` block of the guide in one folder: lines that start with `$ ` are commands, and the lines after them
/// must be in the output.
#[test]
fn the_guide_runs() {
    let folder = tempfile::tempdir().expect("a folder");
    let governance = folder.path().join("examples/governance");
    fs::create_dir_all(&governance).expect("a folder");
    for file in fs::read_dir(example("governance")).expect("an example") {
        let file = file.expect("a file").path();
        fs::copy(&file, governance.join(file.file_name().expect("a name"))).expect("a copy");
    }
    let text = fs::read_to_string(root().join("docs/guide.md")).expect("the guide");
    let mut commands = 0;
    for block in blocks(&text) {
        match block {
            Block::File(name, content) => {
                fs::write(folder.path().join(name), content).expect("a file");
            }
            Block::Append(name, content) => {
                let path = folder.path().join(name);
                let before = fs::read_to_string(&path).expect("a file of the guide");
                fs::write(path, before + content).expect("a file");
            }
            Block::First(name, content) => {
                let path = folder.path().join(name);
                let before = fs::read_to_string(&path).expect("a file of the guide");
                let (first, others) = before.split_once("---\n").expect("several documents");
                fs::write(path, format!("{first}{content}---\n{others}")).expect("a file");
            }
            Block::Console(lines) => {
                for (command, expected) in steps(lines) {
                    commands += 1;
                    run(folder.path(), &command, &expected);
                }
            }
            Block::Access(_) => unreachable!("the guide changes its mesh by files"),
        }
    }
    assert!(commands >= 6, "{commands} commands");
}

/// Runs the commands of the page about the templates of other tools, in the repository. They use its examples, and the page
/// shows their complete output.
#[test]
fn answers_on_anybodys_templates_are_as_the_page_says() {
    let text = fs::read_to_string(root().join("docs/anybody.md")).expect("the page");
    let mut commands = 0;
    for block in blocks(&text) {
        let Block::Console(lines) = block else { unreachable!("the page has commands only") };
        for (command, expected) in steps(lines) {
            commands += 1;
            says_exactly(&root(), &command, &expected);
        }
    }
    assert!(commands >= 7, "{commands} commands");
}

/// Runs the commands of the page about access governance, in the repository. The page shows their complete output.
#[test]
fn requests_are_decided_as_the_page_about_governance_says() {
    let text = fs::read_to_string(root().join("docs/governance.md")).expect("the page");
    // `policy_store` reads the chapter about Verified Permissions.
    let (text, _) = text.split_once("\n## Asking Amazon Verified Permissions\n").expect("it");
    let mut commands = 0;
    for block in blocks(text) {
        let Block::Console(lines) = block else { unreachable!("the page has commands only") };
        for (command, expected) in steps(lines) {
            commands += 1;
            says_exactly(&root(), &command, &expected);
        }
    }
    assert_eq!(commands, 2);
}

/// Runs the commands of the page about people. Each uses `examples/people` with the `access` shown before it, and the page
/// shows the complete output.
#[test]
fn people_come_in_as_the_page_says() {
    let example = fs::read_to_string(root().join("examples/people/mesh.yaml")).expect("a mesh");
    let (before, rest) = example.split_once("access:\n").expect("the tenant's access");
    let (_, after) = rest.split_once("---\n").expect("the next document");
    let folder = tempfile::tempdir().expect("a folder");
    let mesh = folder.path().join("my-mesh");
    fs::create_dir(&mesh).expect("a folder");
    let text = fs::read_to_string(root().join("docs/people.md")).expect("the page");
    let (mut ways, mut asked, mut commands) = (0, 0, 0);
    for block in blocks(&text) {
        match block {
            Block::Access(access) => {
                assert!(ways == asked, "the way {ways} shows no command");
                ways += 1;
                let text = format!("{before}{access}---\n{after}");
                fs::write(mesh.join("mesh.yaml"), text).expect("the mesh");
            }
            Block::Console(lines) => {
                asked = ways;
                for (command, expected) in steps(lines) {
                    commands += 1;
                    says_exactly(folder.path(), &command, &expected);
                }
            }
            Block::File(name, _) | Block::Append(name, _) | Block::First(name, _) => {
                unreachable!("the page has `{name}`")
            }
        }
    }
    assert!((ways, asked) == (4, 4) && commands >= 9, "{ways} ways, {commands} commands");
}

/// Runs the commands of the page about `prove`, in a folder with the lab. The output has the lines that the page shows.
#[test]
fn findings_of_prove_are_debugged_as_the_page_says() {
    let folder = tempfile::tempdir().expect("a folder");
    let lab = folder.path().join("examples/lab");
    fs::create_dir_all(&lab).expect("a folder");
    for source in sources(&example("lab")) {
        fs::write(lab.join(&source.path), source.text).expect("a file");
    }
    let text = fs::read_to_string(root().join("docs/maintainers/prove.md")).expect("the page");
    let mut commands = 0;
    for block in blocks(&text) {
        let Block::Console(lines) = block else { unreachable!("the page has commands only") };
        for (command, expected) in steps(lines) {
            commands += 1;
            run(folder.path(), &command, &expected);
        }
    }
    assert!(commands >= 10, "{commands} commands");
}

/// The page about the format has a document of each kind. Together they are a mesh without findings. A sample that is
/// refused has its code after `yaml`, and gives that finding alone.
#[test]
fn the_page_of_the_format_has_an_example_of_each_kind() {
    let text = fs::read_to_string(root().join("docs/mesh.md")).expect("the page");
    let blocks = text.split("```").skip(1).step_by(2);
    let blocks = blocks.map(|block| block.split_once('\n').expect("a block has a first line"));
    let blocks: Vec<(&str, &str)> = blocks.collect();
    let right = blocks.iter().filter(|(head, _)| *head == "yaml").map(|(_, document)| *document);
    let right: Vec<&str> = right.collect();
    for kind in Kind::ALL {
        let begins = format!("kind: {}\n", kind.as_str());
        let of_kind = blocks.iter().filter(|(_, document)| document.starts_with(&begins));
        assert_eq!(of_kind.count(), 1, "{}", kind.as_str());
    }
    assert_eq!(blocks.len(), Kind::ALL.len(), "a block is a document");
    let check = |documents: &[&str]| {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("mesh.yaml"), documents.join("---\n")).expect("a file");
        let path = folder.path().to_str().expect("text");
        lakewright(["check", path, "--format", "json"])
    };
    let output = check(&right);
    assert_eq!(output.status.code(), Some(0), "{}", transcript(&output));
    let codes = |output: &std::process::Output| -> Vec<String> {
        let data: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
        let found = data["diagnostics"].as_array().expect("findings").iter();
        found.map(|one| one["code"].as_str().unwrap_or_default().to_owned()).collect()
    };
    assert_eq!(codes(&output), [""; 0], "{}", transcript(&output));
    for &(head, document) in blocks.iter().filter(|(head, _)| *head != "yaml") {
        let code = head.strip_prefix("yaml ").expect("the code of the finding");
        assert_eq!(codes(&check(&[&right[..], &[document][..]].concat())), [code]);
    }
}

/// Fields of every kind, which the page explains once for all of them.
const OF_EVERY_KIND: [&str; 9] =
    ["kind", "id", "label", "description", "tags", "topics", "keywords", "glossary", "forms"];

/// The page of the format explains each field of each kind once, and says which ones are required.
///
/// Source: `docs/mesh.schema.json`, which is generated from the types of the documents.
#[test]
fn the_page_of_the_format_explains_each_field_once() {
    let page = fs::read_to_string(root().join("docs/mesh.md")).expect("the page");
    let schema = fs::read_to_string(root().join("docs/mesh.schema.json")).expect("the schema");
    let schema: serde_json::Value = serde_json::from_str(&schema).expect("JSON");
    for kind in Kind::ALL {
        let head = format!("\n## {}\n", kind.as_str());
        let (_, section) = page.split_once(&head).expect("the section of the kind");
        let section = section.split("\n## ").next().unwrap_or_default();
        let mut known = BTreeMap::new();
        fields_of(&schema, &kind.noun().replace(' ', "-"), "", &mut known);
        known.retain(|path, _| !OF_EVERY_KIND.contains(&path.as_str()));
        let mut explained = BTreeSet::new();
        for row in section.lines().filter(|line| line.starts_with("| `")) {
            let cells: Vec<&str> = row.split('|').map(str::trim).collect();
            let ["", names, required, _, _, _, ""] = cells.as_slice() else {
                unreachable!("a row of five cells: {row}")
            };
            for path in names.split('`').skip(1).step_by(2) {
                let field = known.get(path).unwrap_or_else(|| unreachable!("no field: {row}"));
                assert_eq!(*required == "yes", field.is_required, "{row}");
                assert!(explained.insert(path), "twice: {row}");
            }
        }
        let missing = known
            .iter()
            .filter(|(path, field)| !field.has_fields && !explained.contains(path.as_str()));
        let missing: Vec<&String> = missing.map(|(path, _)| path).collect();
        assert!(missing.is_empty(), "{}: {missing:?}", kind.as_str());
    }
}

/// A field of the JSON Schema.
struct SchemaField {
    is_required: bool,
    has_fields: bool,
}

/// Each field of a definition of the JSON Schema by its path, as the page writes paths. Partition keys have the fields of columns.
fn fields_of(
    schema: &serde_json::Value,
    definition: &str,
    before: &str,
    known: &mut BTreeMap<String, SchemaField>,
) {
    let definition = &schema["definitions"][definition];
    let required = definition["required"].as_array();
    for (name, field) in definition["properties"].as_object().expect("properties") {
        let is_required =
            required.is_some_and(|required| required.iter().any(|one| one == name.as_str()));
        let (inner, in_list, in_map) = if field["items"].is_object() {
            (&field["items"], "[]", "")
        } else if field["additionalProperties"].is_object() {
            (&field["additionalProperties"], "", ".TEAM")
        } else {
            (field, "", "")
        };
        let reference = inner["$ref"].as_str().or_else(|| inner["allOf"][0]["$ref"].as_str());
        let below = reference.and_then(|reference| reference.strip_prefix("#/definitions/"));
        let below = below.filter(|below| {
            name != "partitions" && schema["definitions"][below]["properties"].is_object()
        });
        let mut path = format!("{before}{name}");
        if let Some(below) = below {
            path.push_str(in_map);
            fields_of(schema, below, &format!("{path}{in_list}."), known);
        }
        known.insert(path, SchemaField { is_required, has_fields: below.is_some() });
    }
}

/// Runs a command, and compares all that it says.
fn says_exactly(folder: &Path, command: &str, expected: &[&str]) {
    let output = shell(folder, command);
    let said = String::from_utf8([output.stdout, output.stderr].concat()).expect("text");
    assert_eq!(said.lines().collect::<Vec<_>>(), expected, "$ {command}");
}

enum Block<'a> {
    /// The `access` of a tenant.
    Access(&'a str),
    File(&'a str, &'a str),
    Append(&'a str, &'a str),
    /// Lines at the end of a file's first document.
    First(&'a str, &'a str),
    Console(&'a str),
}

fn blocks(text: &str) -> Vec<Block<'_>> {
    let mut parts = text.split("```");
    let mut blocks = Vec::new();
    parts.next();
    while let Some(block) = parts.next() {
        let (head, content) = block.split_once('\n').expect("a block has a first line");
        if ["yaml part", "json"].contains(&head) {
            // A part of a document, or what another program takes: nothing to run.
            parts.next();
            continue;
        }
        blocks.push(match head.split_whitespace().collect::<Vec<_>>().as_slice() {
            ["console"] => Block::Console(content),
            ["yaml", "access"] => Block::Access(content),
            ["yaml", "file", name] => Block::File(name, content),
            ["yaml", "append", name] => Block::Append(name, content),
            ["yaml", "first", name] => Block::First(name, content),
            other => unreachable!("the guide has a block `{other:?}` that no test runs"),
        });
        parts.next();
    }
    blocks
}

/// Commands, each with its output lines. A command whose line ends in a backslash continues on the next line.
fn steps(lines: &str) -> Vec<(String, Vec<&str>)> {
    let mut steps: Vec<(String, Vec<&str>)> = Vec::new();
    let mut goes_on = false;
    for line in lines.lines() {
        let command = line.strip_prefix("$ ");
        if goes_on {
            let step = steps.last_mut().expect("a command that goes on");
            step.0.push('\n');
            step.0.push_str(line);
        } else if let Some(command) = command {
            steps.push((command.to_owned(), Vec::new()));
        } else {
            steps.last_mut().expect("output follows a command").1.push(line);
        }
        goes_on = (goes_on || command.is_some()) && line.ends_with('\\');
    }
    steps
}

/// Runs a command of a page.
fn shell(folder: &Path, command: &str) -> std::process::Output {
    let binary = Path::new(env!("CARGO_BIN_EXE_lakewright")).parent().expect("a folder");
    let path = format!("{}:{}", binary.display(), std::env::var("PATH").expect("a path"));
    let mut shell = Command::new("sh");
    shell.args(["-c", command]).current_dir(folder).env("PATH", path).env_remove("COLUMNS");
    shell.output().expect("a shell")
}

fn run(folder: &Path, command: &str, expected: &[&str]) {
    let text = crate::run::transcript(&shell(folder, command));
    for line in expected {
        let line = line.trim();
        assert!(line == "..." || text.contains(line), "$ {command}\nexpected: {line}\n{text}");
    }
}

/// Every link to a file in the repository has a target, and every page in these folders is the target of a link.
#[test]
fn links_lead_somewhere() {
    const LINKED_ONE_BY_ONE: [&str; 2] = ["docs", "docs/maintainers"];
    let mut pages = vec![
        root().join("README.md"),
        root().join("ARCHITECTURE.md"),
        root().join("CONTRIBUTING.md"),
    ];
    for folder in ["docs", "docs/adr", "docs/maintainers", "docs/stacks"] {
        for entry in fs::read_dir(root().join(folder)).expect("the documents") {
            let path = entry.expect("an entry").path();
            if path.extension().is_some_and(|extension| extension == "md") {
                pages.push(path);
            }
        }
    }
    let mut linked = BTreeSet::new();
    for page in &pages {
        let text = fs::read_to_string(page).expect("a page");
        assert!(!text.contains("@TABLE@"), "{}: a placeholder", page.display());
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let target = link.split('#').next().unwrap_or_default();
            if target.is_empty() || target.contains("://") {
                continue;
            }
            let path = page.parent().expect("a folder").join(target);
            assert!(path.exists(), "{}: {link}", page.display());
            linked.insert(path.canonicalize().expect("a path"));
        }
    }
    for page in &pages {
        let path = page.canonicalize().expect("a path");
        let folder = page.parent().expect("a folder");
        let is_alone = LINKED_ONE_BY_ONE.iter().any(|one| root().join(one) == folder);
        assert!(!is_alone || linked.contains(&path), "{}: no page links to it", page.display());
    }
}

/// Parts of paths that stand for any name.
const ANY_NAME: [&str; 3] = ["CODE.", "KIND.", "NAME."];

/// The paths of code in the pages for maintainers exist. A path that begins in no folder of the repository is beside the one
/// before it, or below a folder of that one.
#[test]
fn paths_of_the_code_exist() {
    let mut pages = vec![root().join("ARCHITECTURE.md"), root().join("CONTRIBUTING.md")];
    let maintainers = fs::read_dir(root().join("docs/maintainers")).expect("the pages");
    pages.extend(maintainers.map(|entry| entry.expect("an entry").path()));
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || "_./-".contains(letter);
    let is_rust =
        |name: &str| Path::new(name).extension().is_some_and(|extension| extension == "rs");
    let mut paths = 0;
    for page in pages {
        let text = fs::read_to_string(&page).expect("a page");
        let mut before = PathBuf::new();
        for span in text.split('`').skip(1).step_by(2) {
            if !span.chars().all(is_part) || ANY_NAME.iter().any(|name| span.contains(name)) {
                continue;
            }
            let top = span.split_once('/').map(|(top, _)| top).unwrap_or_default();
            if !top.is_empty() && root().join(top).is_dir() {
                assert!(root().join(span).exists(), "{}: no {span}", page.display());
                before = PathBuf::from(span);
                paths += 1;
            } else if is_rust(span) && before != PathBuf::new() {
                let mut folders = before.ancestors().map(|folder| root().join(folder));
                let is_beside = folders.any(|folder| folder.join(span).exists());
                let after = before.display();
                assert!(is_beside, "{}: no {span} beside {after}", page.display());
                paths += 1;
            }
        }
    }
    assert!(paths > 250, "{paths} paths");
}

/// The steps of `ARCHITECTURE.md` name each function with its file and line.
#[test]
fn functions_stand_at_the_lines_that_are_named() {
    let text = fs::read_to_string(root().join("ARCHITECTURE.md")).expect("the page");
    let spans: Vec<&str> = text.split('`').skip(1).step_by(2).collect();
    let mut functions = 0;
    for pair in spans.windows(2) {
        let Some((path, line)) = pair[1].split_once(".rs:") else { continue };
        let code = fs::read_to_string(root().join(format!("{path}.rs"))).expect("the file");
        let line: usize = line.parse().expect("a line");
        let name = pair[0].rsplit("::").next().unwrap_or_default();
        let found = code.lines().nth(line - 1).unwrap_or_default();
        assert!(found.contains(&format!("fn {name}")), "{}: no `{name}`: {found}", pair[1]);
        functions += 1;
    }
    assert!(functions > 25, "{functions} functions");
}
