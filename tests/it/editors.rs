//! Editors and validators of others find the same mistakes as `check`: yaml-language-server, Ajv 8 and Python's jsonschema
//! run for real.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use lakewright_manifest::SourceFile;
use serde_json::Value;

use crate::run::{BASE, EXAMPLES, example, lakewright, resolved, root, transcript};

/// What a program reports, by file of a folder.
type Said = BTreeMap<String, Vec<Value>>;

fn said(command: &mut Command) -> Said {
    let output = command.output().expect("the program runs");
    assert!(output.status.success(), "{}", transcript(&output));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

fn modules() -> PathBuf {
    let modules = root().join("target/node/node_modules");
    assert!(modules.exists(), "run `cargo xtask test`, which installs what editors use");
    modules
}

fn schema() -> PathBuf {
    root().join("docs/mesh.schema.json")
}

/// The marks of the language server. It finds the schema by comments in the files, or by the editor's settings.
fn marks(folder: &Path, setting: Option<&Path>) -> Said {
    let server = modules().join("yaml-language-server/bin/yaml-language-server");
    let script = root().join("tests/editors/marks.js");
    said(Command::new("node").arg(script).arg(server).arg(folder).args(setting))
}

fn ajv(folder: &Path) -> Said {
    let script = root().join("tests/editors/validate.js");
    said(Command::new("node").arg(script).arg(modules()).arg(schema()).arg(folder))
}

fn jsonschema(folder: &Path) -> Said {
    let python = root().join("target/python/bin/python");
    let script = root().join("tests/editors/validate.py");
    said(Command::new(python).arg(script).arg(schema()).arg(folder))
}

/// The line and the text of a file's first mark.
fn first(said: &Said, file: &str) -> (Option<u64>, String) {
    let marks = &said[file];
    assert!(marks.len() < 2, "{file}: {marks:?}");
    let Some(mark) = marks.first() else { return (None, String::new()) };
    (mark["line"].as_u64(), mark["message"].as_str().unwrap_or_default().to_owned())
}

/// The comment for the server applies to one document only (redhat-developer/yaml-language-server issue #946), so mistakes
/// from the second document on were not marked.
#[test]
fn a_mistake_is_marked_in_whichever_document_it_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let new = folder.path().join("new");
    let output = lakewright(["init".as_ref(), new.as_os_str()]);
    assert!(output.status.success(), "{}", transcript(&output));
    let text = fs::read_to_string(new.join("mesh.yaml")).expect("the mesh");
    let labels: Vec<usize> =
        text.match_indices("\nlabel:").map(|(place, _)| place + "\n".len()).collect();
    assert_eq!(labels.len(), 3, "one for each document");
    let (commented, plain) = (folder.path().join("commented"), folder.path().join("plain"));
    for (kind, is_commented) in [(&commented, true), (&plain, false)] {
        fs::create_dir(kind).expect("a folder");
        fs::copy(new.join("mesh.schema.json"), kind.join("mesh.schema.json")).expect("the schema");
        for (number, place) in labels.iter().enumerate() {
            let (before, after) = text.split_at(*place);
            let wrong = format!("{before}{}", after.replacen("label:", "labell:", 1));
            // Keeps the line numbers.
            let kept = |line: &str| is_commented || !line.starts_with("# yaml-language-server");
            let lines: Vec<&str> =
                wrong.lines().map(|line| if kept(line) { line } else { "#" }).collect();
            fs::write(kind.join(format!("{number}.yaml")), lines.join("\n") + "\n")
                .expect("a file");
        }
        fs::write(kind.join("right.yaml"), &text).expect("a file");
    }
    let setting = plain.join("mesh.schema.json");
    for said in [marks(&commented, None), marks(&plain, Some(&setting))] {
        for (number, place) in labels.iter().enumerate() {
            let line = text[..*place].lines().count() + 1;
            let expected = "Property labell is not allowed.".to_owned();
            let file = format!("{number}.yaml");
            assert_eq!(first(&said, &file), (u64::try_from(line).ok(), expected), "{file}");
        }
        assert_eq!(first(&said, "right.yaml"), (None, String::new()));
    }
    // Without comments and settings there are no marks, so the marks above come from the schema.
    let silent = marks(&plain, None);
    assert_eq!(first(&silent, "0.yaml"), (None, String::new()));
}

#[test]
fn nothing_is_marked_in_the_examples() {
    for name in EXAMPLES {
        let folder = example(name);
        for said in [marks(&folder, None), ajv(&folder), jsonschema(&folder)] {
            assert!(!said.is_empty() && said.values().all(Vec::is_empty), "{name}: {said:?}");
        }
    }
}

/// The documents that the cases change.
const MORE: &str = r#"
---
kind: Dataset
id: sales
environment: dev
team: Owners
topics: [T]
keywords: [k]
label: Sales
crawler: { schedule: "cron(0 1 * * ? *)" }
tables: [{ name: orders, format: parquet }]
folders: [{ id: exports, prefix: exports/ }]
---
kind: Share
id: given
dataset: sales
environment: dev
team: Readers
items: [{ table: orders, columns: [id] }]
permissions: [read]
status: approved
approved_by: Owners
expires: "2027-12-31"
---
kind: Notebook
id: book
environment: dev
team: Owners
internet_access: true
volume_size: 64
---
kind: AccessPolicy
id: later
state: inactive
actors: { teams: [Owners] }
privileges: [data.query]
resources: { ids: [dataset/sales] }
---
kind: MetadataForm
id: protection
about: [dataset]
scope: { team: Owners }
fields: [{ id: basis, type: choice, values: [consent, contract] }]
"#;

/// Texts in the mesh, each with a wrong replacement.
const RIGHT: [(&str, &str); 17] = [
    ("", ""),
    ("label: Sales", "forms: { protection: { basis: contract } }"),
    ("state: inactive\n", ""),
    ("state: inactive", "state: active"),
    (
        "kind: Notebook\n",
        "kind: Domain\nid: d\nowners: [Owners]\ndataset_level_access: [Owners]\n---\nkind: Notebook\n",
    ),
    (
        "permissions:\n",
        "updater: { enabled: false, schedule: \"cron(0 3 * * ? *)\", timezone: Etc/GMT+5 }\npermissions:\n",
    ),
    ("account: \"222222222222\"", "account: 222222222222"),
    ("account: \"222222222222\"", "account: 012345678901"),
    ("permissions:\n", "maintenance: off\npermissions:\n"),
    // YAML 1.1 reads `NO` as false, like `off`.
    ("permissions:\n", "waf: { allowed_geo_list: [NO, DE] }\npermissions:\n"),
    ("label: Sales", "label: 2027"),
    ("label: Sales", "label: yes"),
    ("\"2027-12-31\"", "2027-12-31"),
    ("  - team: Limited\n", "  - team: 42\n    permissions: []\n  - team: Limited\n"),
    ("resources: { ids: [dataset/sales] }\n", "resources: { ids: [dataset/sales] }\n---\n"),
    (
        "resources: { ids: [dataset/sales] }\n",
        "resources: { ids: [dataset/sales] }\n---\n# nothing\n",
    ),
    ("status: approved\napproved_by: Owners\nexpires", "status: draft\nexpires"),
];

const WRONG: [(&str, &str); 58] = [
    ("about: [dataset]", "about: [datasets]"),
    ("about: [dataset]", "about: []"),
    ("{ team: Owners }\nfields", "{ team: Owners, environment: dev }\nfields"),
    (", values: [consent, contract]", ""),
    ("type: choice, values", "type: string, values"),
    ("fields: [{ id: basis, type: choice, values: [consent, contract] }]", "fields: []"),
    ("permissions:\n", "forms: { protection: { basis: consent } }\npermissions:\n"),
    ("permissions:\n", "updater: { timezone: utc }\npermissions:\n"),
    ("permissions:\n", "updater: { schedule: rate(1 day) }\npermissions:\n"),
    ("topics: [T]\n", ""),
    ("topics: [T]", "topics: []"),
    ("topics: [T]", "topics: T"),
    ("topics: [T]", "topics: [\"\"]"),
    ("label: Sales", "label: \"\""),
    ("permissions:\n", "waf: {}\npermissions:\n"),
    ("0 1 * * ? *", "0 1 * * *"),
    ("0 1 * * ? *", "0 1 * * * *"),
    ("cron(0 1 * * ? *)", "rate(1 day)"),
    ("label: Sales", "labell: Sales"),
    ("format: parquet", "format: orc"),
    ("prefix: exports/", "prefix: exports"),
    ("region: eu-west-1\nteam", "region: eu-west-9\nteam"),
    ("account: \"222222222222\"", "account: \"22222222222\""),
    ("account: \"222222222222\"", "account: 2222222222222"),
    ("account: \"222222222222\"\n", ""),
    ("columns: [id]", "columns: []"),
    ("columns: [id]", "columns:"),
    ("{ table: orders, columns: [id] }", "{ table: orders, folder: exports }"),
    ("{ table: orders, columns: [id] }", "{ bucket: false }"),
    ("permissions: [read]", "permissions: []"),
    ("status: approved", "status: aproved"),
    ("\"2027-12-31\"", "2027-13-31"),
    ("\"2027-12-31\"", "5"),
    ("\"2027-12-31\"", "{}"),
    ("\"2027-12-31\"", ""),
    ("allow: [manage_datasets]", "deny: []"),
    ("allow: [manage_datasets]", "allow: [manage_dataset]"),
    ("{ allow: [manage_datasets] }", "{ alow: [manage_datasets] }"),
    ("volume_size: 64", "volume_size: 65"),
    ("kind: Notebook", "kind: Notebok"),
    ("features: { notebooks: true }", "features: [notebooks]"),
    ("id: org\n", "id: Org_1\n"),
    ("table: orders, columns: [id]", "table: orders, rows: \"\""),
    ("items: [{ table: orders, columns: [id] }]\n", ""),
    ("items: [{ table: orders, columns: [id] }]", "items: []"),
    ("allow: [manage_datasets]", "allow: [manage_datasets], deny: [manage_shares]"),
    ("{ allow: [manage_datasets] }", "{}"),
    ("base-0123456789", "b"),
    ("label: Sales", "tags: { Team: x }"),
    ("label: Sales", "tags: { tEAM: x }"),
    ("label: Sales", "tags: { \"lakewright:mesh\": x }"),
    ("format: parquet }", "columns: [{ name: id, type: integer }] }"),
    (
        "team: Owners\nfeatures",
        "team: Owners\ncontext: { vpcs: [{ vpc_id: vpc-0123abcd, cidr: 10.0.0.0/8 }] }\nfeatures",
    ),
    ("\"2027-12-31\"", "\"2027-04-31\""),
    ("\"2027-12-31\"", "\"2027-02-30\""),
    ("teams: [Owners]", "teams: []"),
    ("ids: [dataset/sales]", "ids: []"),
    (
        "kind: Notebook\n",
        "kind: Dashboard\nid: dash\nenvironment: dev\nteam: Owners\n---\nkind: Notebook\n",
    ),
];

#[test]
fn validators_take_and_refuse_what_check_does() {
    let mesh = format!("{}{MORE}", BASE.trim_end());
    let folder = tempfile::tempdir().expect("a folder");
    let cases = RIGHT.iter().map(|case| (case, true)).chain(WRONG.iter().map(|case| (case, false)));
    let cases: Vec<_> = cases.enumerate().collect();
    for (number, ((from, to), is_right)) in &cases {
        assert!(mesh.contains(*from), "{from}");
        let text = mesh.replacen(*from, to, 1);
        fs::write(folder.path().join(format!("{number}.yaml")), &text).expect("a file");
        let (_, report) = resolved(&[SourceFile { path: "mesh.yaml".to_owned(), text }]);
        assert_eq!(!report.has_errors(), *is_right, "check: {to}: {report:?}");
    }
    let tools = [
        ("yaml-language-server", marks(folder.path(), Some(&schema()))),
        ("Ajv", ajv(folder.path())),
        ("jsonschema", jsonschema(folder.path())),
    ];
    let mut wrong = Vec::new();
    for (tool, said) in &tools {
        for (number, ((_, to), is_right)) in &cases {
            let messages = &said[&format!("{number}.yaml")];
            if messages.is_empty() != *is_right {
                wrong.push(format!("{tool}: {to:?}: {messages:?}"));
            }
        }
        // Messages must not name types of our program, which users do not know.
        let text = format!("{said:?}");
        for word in ["Document", "Field<", "Vec<", "Option<", "u16", "u32", "u64"] {
            assert!(!text.contains(word), "{tool} says {word}");
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// An editor that starts the program and ends it again, by the protocol: each message has a header with its length.
#[test]
fn the_language_server_follows_the_protocol_from_the_first_byte_to_the_last() {
    use std::io::{Read as _, Write as _};
    use std::process::Stdio;

    let mut server = Command::new(env!("CARGO_BIN_EXE_lakewright"))
        .args(["lsp", "--stdio"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program runs");
    let mesh = example("minimal").display().to_string();
    let folders = serde_json::json!([{ "uri": format!("file://{mesh}"), "name": "mesh" }]);
    let parameters = serde_json::json!({ "capabilities": {}, "workspaceFolders": folders });
    let messages = [
        serde_json::json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": parameters }),
        serde_json::json!({ "jsonrpc": "2.0", "method": "initialized", "params": {} }),
        serde_json::json!({ "jsonrpc": "2.0", "id": 2, "method": "shutdown" }),
        serde_json::json!({ "jsonrpc": "2.0", "method": "exit" }),
    ];
    let mut stdin = server.stdin.take().expect("a pipe");
    for message in messages {
        let text = message.to_string();
        write!(stdin, "Content-Length: {}\r\n\r\n{text}", text.len()).expect("a reader");
    }
    let mut said = String::new();
    server.stdout.take().expect("a pipe").read_to_string(&mut said).expect("text");
    assert!(server.wait().expect("an end").success(), "{said}");
    assert!(said.starts_with("Content-Length: "), "{said}");
    assert!(said.contains(r#""name":"lakewright""#), "{said}");
}
