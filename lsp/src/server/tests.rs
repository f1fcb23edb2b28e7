//! A scripted editor. What it expects are the shapes of the Language Server Protocol 3.17.

use std::fs;
use std::path::Path;
use std::time::Duration;

use lsp_server::{Notification, Request};
use serde_json::json;
use tempfile::TempDir;

use super::*;
use crate::uri;

const BASE: &str = include_str!("../../../tests/base.yaml");
const DATASET: &str = "kind: Dataset
id: sales
environment: dev
team: Owners
topics: [T]
keywords: [k]
tables: [{ name: orders, columns: [{ name: region, type: string }] }]
";
const SHARE: &str = "kind: Share
id: part
dataset: sales
environment: dev
team: Readers
items: [{ table: orders }]
status: approved
approved_by: Owners
";

/// How long an answer may take on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

struct Editor {
    folder: TempDir,
    connection: Connection,
    thread: Option<std::thread::JoinHandle<Result<(), ServeError>>>,
    next: i32,
    /// What was pushed and not looked at yet.
    pushed: Vec<Notification>,
    answer: Value,
}

impl Editor {
    fn open(files: &[(&str, &str)], capabilities: &Value) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, text) in files {
            fs::write(folder.path().join(name), text).expect("a file");
        }
        let (server, connection) = Connection::memory();
        let thread = std::thread::spawn(move || serve(&server, &Settings::default()));
        let root = folder.path().canonicalize().expect("a path");
        let mut editor = Self {
            folder,
            connection,
            thread: Some(thread),
            next: 0,
            pushed: Vec::new(),
            answer: Value::Null,
        };
        let workspace = json!([{ "uri": uri::of_path(&root), "name": "mesh" }]);
        let parameters = json!({ "capabilities": capabilities, "workspaceFolders": workspace, "processId": null });
        editor.answer = editor.ask("initialize", parameters).expect("an answer");
        editor.tell("initialized", json!({}));
        editor
    }

    fn uri(&self, name: &str) -> String {
        uri::of_path(&self.folder.path().canonicalize().expect("a path").join(name))
    }

    fn tell(&self, method: &str, parameters: Value) {
        let notification = Notification::new(method.to_owned(), parameters);
        self.connection.sender.send(Message::Notification(notification)).expect("a server");
    }

    fn ask(&mut self, method: &str, parameters: Value) -> Result<Value, String> {
        self.next += 1;
        let id = lsp_server::RequestId::from(self.next);
        let request = Request::new(id.clone(), method.to_owned(), parameters);
        self.connection.sender.send(Message::Request(request)).expect("a server");
        loop {
            match self.connection.receiver.recv_timeout(PATIENCE).expect("an answer") {
                Message::Response(response) if response.id == id => {
                    let value = serde_json::to_value(&response).expect("JSON");
                    return match value.get("error") {
                        Some(error) => {
                            Err(error["message"].as_str().unwrap_or_default().to_owned())
                        }
                        None => Ok(value["result"].clone()),
                    };
                }
                Message::Notification(one) => self.pushed.push(one),
                Message::Response(_) | Message::Request(_) => {}
            }
        }
    }

    /// Waits for the findings of a file.
    fn findings(&mut self, name: &str) -> Vec<Value> {
        let uri = self.uri(name);
        loop {
            let found = self.pushed.iter().position(|one| one.params["uri"] == uri.as_str());
            if let Some(at) = found {
                let one = self.pushed.remove(at);
                return one.params["diagnostics"].as_array().expect("findings").clone();
            }
            match self.connection.receiver.recv_timeout(PATIENCE).expect("findings") {
                Message::Notification(one) => self.pushed.push(one),
                Message::Response(_) | Message::Request(_) => {}
            }
        }
    }

    fn open_file(&self, name: &str, text: &str) {
        let document =
            json!({ "uri": self.uri(name), "languageId": "yaml", "version": 1, "text": text });
        self.tell("textDocument/didOpen", json!({ "textDocument": document }));
    }

    /// Replaces the whole text.
    fn type_all(&self, name: &str, text: &str) {
        let document = json!({ "uri": self.uri(name), "version": 2 });
        let changes = json!([{ "text": text }]);
        self.tell(
            "textDocument/didChange",
            json!({ "textDocument": document, "contentChanges": changes }),
        );
    }

    /// A question about the place of `|` in the text of an open file.
    fn at(&self, name: &str, marked: &str) -> Value {
        let before = marked.split('|').next().expect("a mark");
        let line = before.matches('\n').count();
        let character = before.rsplit('\n').next().unwrap_or_default().chars().count();
        json!({
            "textDocument": { "uri": self.uri(name) },
            "position": { "line": line, "character": character },
        })
    }

    fn labels(&mut self, name: &str, marked: &str) -> Vec<String> {
        self.type_all(name, &marked.replacen('|', "", 1));
        let at = self.at(name, marked);
        let answer = self.ask("textDocument/completion", at).expect("words");
        let items = answer["items"].as_array().expect("a list").iter();
        items.map(|item| item["label"].as_str().expect("a label").to_owned()).collect()
    }
}

impl Drop for Editor {
    fn drop(&mut self) {
        drop(self.ask("shutdown", Value::Null));
        self.tell("exit", Value::Null);
        let ended = self.thread.take().expect("a thread").join().expect("no panic");
        assert!(ended.is_ok(), "{ended:?}");
    }
}

fn small() -> Editor {
    Editor::open(
        &[("base.yaml", BASE), ("sales.yaml", DATASET), ("shares.yaml", SHARE)],
        &json!({}),
    )
}

#[test]
fn findings_come_and_go_as_somebody_types() {
    let mut editor = small();
    editor.open_file("sales.yaml", DATASET);
    editor.type_all("sales.yaml", &DATASET.replace("team: Owners", "team: Ownrs"));
    let findings = editor.findings("sales.yaml");
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert_eq!(findings[0]["source"], "lakewright");
    assert_eq!(findings[0]["range"]["start"], json!({ "line": 3, "character": 6 }));
    editor.type_all("sales.yaml", DATASET);
    assert!(editor.findings("sales.yaml").is_empty());
}

#[test]
fn a_mistake_in_one_file_is_shown_in_another_that_is_not_open() {
    let mut editor = small();
    editor.open_file("sales.yaml", DATASET);
    editor.type_all("sales.yaml", &DATASET.replace("id: sales", "id: orders"));
    let findings = editor.findings("shares.yaml");
    assert_eq!(findings[0]["code"], "still-in-use", "{findings:?}");
    // What was typed and not saved is forgotten when the file is closed.
    let document = json!({ "uri": editor.uri("sales.yaml") });
    editor.tell("textDocument/didClose", json!({ "textDocument": document }));
    assert!(editor.findings("shares.yaml").is_empty());
}

#[test]
fn text_that_is_no_yaml_is_said_at_once() {
    let mut editor = small();
    editor.open_file("sales.yaml", DATASET);
    editor.type_all("sales.yaml", "kind: Dataset\n  id: [\n");
    let findings = editor.findings("sales.yaml");
    assert_eq!(findings[0]["code"], "yaml-syntax", "{findings:?}");
}

#[test]
fn words_that_fit_are_proposed() {
    let mut editor = small();
    editor.open_file("shares.yaml", SHARE);
    assert_eq!(editor.labels("shares.yaml", "kind: Share\nid: a\ndataset: |\n"), ["sales"]);
    let teams = editor.labels("shares.yaml", "kind: Share\nid: a\nteam: R|\n");
    assert_eq!(teams, ["Readers"]);
    let statuses = editor.labels("shares.yaml", "kind: Share\nid: a\nstatus: |\n");
    assert_eq!(statuses, ["draft", "submitted", "approved", "rejected", "revoked"]);
    let keys = editor.labels("shares.yaml", "kind: Share\nid: a\n|\n");
    assert_eq!(&keys[..3], ["dataset", "environment", "team"], "{keys:?}");
    assert!(!keys.contains(&"id".to_owned()), "it is there already: {keys:?}");
    let kinds = editor.labels("shares.yaml", "kind: |\n");
    assert!(kinds.contains(&"Dataset".to_owned()), "{kinds:?}");
}

#[test]
fn a_name_leads_to_its_document_and_to_all_who_name_it() {
    let mut editor = small();
    editor.open_file("shares.yaml", SHARE);
    let at = editor.at("shares.yaml", "kind: Share\nid: part\ndataset: sa|les\n");
    let found = editor.ask("textDocument/definition", at.clone()).expect("a place");
    let start = json!({ "line": 1, "character": 4 });
    assert_eq!(found[0]["uri"], editor.uri("sales.yaml").as_str());
    assert_eq!(found[0]["range"]["start"], start);
    let mut asked = at;
    asked["context"] = json!({ "includeDeclaration": true });
    let found = editor.ask("textDocument/references", asked).expect("places");
    assert_eq!(found.as_array().expect("a list").len(), 2);
}

#[test]
fn an_id_is_renamed_in_all_files_and_never_to_one_that_exists() {
    let mut editor = small();
    editor.open_file("shares.yaml", SHARE);
    let mut at = editor.at("shares.yaml", "kind: Share\nid: part\ndataset: sa|les\n");
    let prepared = editor.ask("textDocument/prepareRename", at.clone()).expect("a range");
    assert_eq!(prepared["placeholder"], "sales");
    at["newName"] = json!("orders");
    let edit = editor.ask("textDocument/rename", at.clone()).expect("edits");
    for name in ["sales.yaml", "shares.yaml"] {
        let edits = edit["changes"][editor.uri(name)].as_array().expect("edits");
        assert_eq!(edits.len(), 1, "{name}");
        assert_eq!(edits[0]["newText"], "orders");
    }
    at["newName"] = json!("Not An Id");
    assert!(editor.ask("textDocument/rename", at).is_err());
    let mut team = editor
        .at("shares.yaml", "kind: Share\nid: part\ndataset: sales\nenvironment: dev\nteam: R|\n");
    team["newName"] = json!("Owners");
    let refused = editor.ask("textDocument/rename", team).expect_err("two teams are not one");
    assert_eq!(refused, "`Owners` exists already");
}

#[test]
fn an_editor_that_can_ask_asks_before_names_of_resources_change() {
    let edit = json!({ "documentChanges": true, "changeAnnotationSupport": {} });
    let capabilities = json!({ "workspace": { "workspaceEdit": edit } });
    let files = [("base.yaml", BASE), ("sales.yaml", DATASET), ("shares.yaml", SHARE)];
    let mut editor = Editor::open(&files, &capabilities);
    let mut at = editor.at("sales.yaml", "kind: Dataset\nid: sa|les\n");
    at["newName"] = json!("orders");
    let edit = editor.ask("textDocument/rename", at).expect("edits");
    assert_eq!(edit["changeAnnotations"]["names"]["needsConfirmation"], true);
    assert_eq!(edit["documentChanges"].as_array().expect("edits").len(), 2);
}

#[test]
fn a_dataset_says_who_reads_it() {
    let mut editor = small();
    let capabilities = editor.answer["capabilities"].clone();
    assert_eq!(capabilities["positionEncoding"], "utf-16");
    editor.open_file("sales.yaml", DATASET);
    // The readers are known once the mesh was resolved, which a finding shows.
    editor.type_all("sales.yaml", &DATASET.replace("Owners", "Nobody"));
    drop(editor.findings("sales.yaml"));
    editor.type_all("sales.yaml", DATASET);
    drop(editor.findings("sales.yaml"));
    let at = editor.at("sales.yaml", "kind: Dataset\nid: sa|les\n");
    let hover = editor.ask("textDocument/hover", at.clone()).expect("a text");
    let text = hover["contents"]["value"].as_str().expect("a text");
    assert!(text.contains("team Owners reads it: owner"), "{text}");
    assert!(text.contains("team Readers reads it: share `part` of 1 item"), "{text}");
    let lenses = editor.ask("textDocument/codeLens", at).expect("lines");
    assert_eq!(lenses[0]["command"]["title"], "2 teams and roles read this");
    let key = editor.at("sales.yaml", "kind: Dataset\nid: sales\nenviro|nment: dev\n");
    let hover = editor.ask("textDocument/hover", key).expect("a text");
    assert_eq!(hover["contents"]["value"], "The environment.");
}

#[test]
fn a_suggestion_is_an_edit() {
    let mut editor = small();
    editor.open_file("sales.yaml", DATASET);
    editor.type_all("sales.yaml", &DATASET.replace("team: Owners", "tem: Owners"));
    let findings = editor.findings("sales.yaml");
    let asked = json!({
        "textDocument": { "uri": editor.uri("sales.yaml") },
        "range": { "start": { "line": 3, "character": 0 }, "end": { "line": 3, "character": 3 } },
        "context": { "diagnostics": findings },
    });
    let actions = editor.ask("textDocument/codeAction", asked).expect("actions");
    let edits = &actions[0]["edit"]["changes"][editor.uri("sales.yaml")];
    assert_eq!(edits[0]["newText"], "team", "{actions}");
    let range =
        json!({ "start": { "line": 3, "character": 0 }, "end": { "line": 3, "character": 3 } });
    assert_eq!(edits[0]["range"], range);
}

#[test]
fn the_encoding_is_the_first_that_the_editor_offers() {
    let general = json!({ "general": { "positionEncodings": ["utf-8", "utf-16"] } });
    let editor = Editor::open(&[("base.yaml", BASE)], &general);
    assert_eq!(editor.answer["capabilities"]["positionEncoding"], "utf-8");
}

#[test]
fn files_of_no_mesh_are_left_alone() {
    let mut editor = Editor::open(&[("workflow.yaml", "on: push\n")], &json!({}));
    editor.open_file("workflow.yaml", "on: push\n");
    let at = editor.at("workflow.yaml", "on: pu|sh\n");
    assert_eq!(editor.ask("textDocument/hover", at), Ok(Value::Null));
    assert!(editor.ask("textDocument/unheard", json!({})).is_err());
    assert!(editor.pushed.is_empty(), "{:?}", editor.pushed);
    assert!(Path::new(&editor.folder.path().join("workflow.yaml")).exists());
}
