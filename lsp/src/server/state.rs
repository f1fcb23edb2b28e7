//! What the server knows: the meshes of the editor's folders, and what was said about them.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use crossbeam_channel::Sender;
use lakewright_manifest::{Diagnostic, Report};
use lsp_server::{Message, Notification, Request, RequestId};
use serde_json::{Value, json};

use super::begin::Client;
use super::{ServeError, Settings};
use crate::features::View;
use crate::findings;
use crate::judge::{Asked, Judged};
use crate::readers::Reader;
use crate::text::Position;
use crate::uri;
use crate::workspace::{Workspace, meshes};

/// A mesh.
#[derive(Debug)]
pub(super) struct Mesh {
    workspace: Workspace,
    /// How many changes there were.
    version: u64,
    /// The findings of each file, as the editor has them.
    pub(super) findings: Vec<Vec<Diagnostic>>,
    /// What the editor was sent for each file.
    sent: BTreeMap<usize, Value>,
    /// Who reads each dataset; `None` while the mesh has errors.
    pub(super) readers: Option<BTreeMap<String, Vec<Reader>>>,
}

/// A place that the editor asks about.
#[derive(Debug)]
pub(super) struct At<'s> {
    pub(super) view: View<'s>,
    pub(super) file: usize,
    pub(super) offset: usize,
    pub(super) mesh: &'s Mesh,
}

/// Everything.
#[derive(Debug)]
pub(super) struct State {
    pub(super) client: Client,
    meshes: Vec<Mesh>,
    asked: Sender<Asked>,
    sender: Sender<Message>,
    /// The number of the next request to the editor.
    next: i32,
}

impl State {
    /// Reads the meshes of the editor's folders.
    pub(super) fn begin(
        client: Client,
        settings: &Settings,
        asked: Sender<Asked>,
        sender: Sender<Message>,
    ) -> Result<Self, ServeError> {
        let roots = roots(&client, settings)?;
        let mut state = Self { client, meshes: Vec::new(), asked, sender, next: 0 };
        for root in roots {
            let workspace = Workspace::read(root)?;
            state.meshes.push(Mesh {
                workspace,
                version: 0,
                findings: Vec::new(),
                sent: BTreeMap::new(),
                readers: None,
            });
        }
        (0..state.meshes.len()).for_each(|mesh| state.ask(mesh));
        Ok(state)
    }

    /// Sends a message. An editor that is gone ends the conversation elsewhere.
    pub(super) fn send(&self, message: Message) {
        drop(self.sender.send(message));
    }

    /// Takes in what the editor tells.
    pub(super) fn take_in(&mut self, method: &str, parameters: &Value) {
        let document = &parameters["textDocument"];
        let path = document["uri"].as_str().and_then(uri::to_path);
        match (method, path) {
            ("textDocument/didOpen", Some(path)) => {
                let text = document["text"].as_str().unwrap_or_default().to_owned();
                self.set(&path, text, true);
            }
            ("textDocument/didChange", Some(path)) => self.change(&path, parameters),
            // What was typed and not saved is forgotten.
            ("textDocument/didClose", Some(path)) => self.read_again(&path),
            ("workspace/didChangeWatchedFiles", _) => {
                for change in parameters["changes"].as_array().into_iter().flatten() {
                    let Some(path) = change["uri"].as_str().and_then(uri::to_path) else {
                        continue;
                    };
                    let is_open = self.find(&path).is_some_and(|(mesh, file)| {
                        self.meshes[mesh].workspace.files()[file].is_open
                    });
                    if !is_open {
                        self.read_again(&path);
                    }
                }
            }
            // The protocol has many notifications, and a server takes those that it needs.
            _ => {}
        }
    }

    /// The mesh and the file at a path.
    fn find(&self, path: &Path) -> Option<(usize, usize)> {
        let mesh = self.mesh_of(path)?;
        Some((mesh, self.meshes[mesh].workspace.number(path)?))
    }

    fn mesh_of(&self, path: &Path) -> Option<usize> {
        self.meshes.iter().position(|mesh| path.starts_with(mesh.workspace.root()))
    }

    fn set(&mut self, path: &Path, text: String, is_open: bool) {
        let Some(mesh) = self.mesh_of(path) else { return };
        let Some(file) = self.meshes[mesh].workspace.set(path, text, is_open) else { return };
        self.changed(mesh, file);
    }

    /// Reads a file again. A file that is gone is empty from now on.
    fn read_again(&mut self, path: &Path) {
        let is_yaml =
            path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml");
        if is_yaml {
            let text = std::fs::read_to_string(path).unwrap_or_default();
            self.set(path, text, false);
        }
    }

    fn change(&mut self, path: &Path, parameters: &Value) {
        let Some((mesh, file)) = self.find(path) else { return };
        let mut text = self.meshes[mesh].workspace.files()[file].text.clone();
        for change in parameters["contentChanges"].as_array().into_iter().flatten() {
            let new = change["text"].as_str().unwrap_or_default();
            let range = &change["range"];
            text = if range.is_object() {
                let start = text.offset(position(&range["start"]), self.client.encoding);
                let end = text.offset(position(&range["end"]), self.client.encoding);
                text.with(start, end, new)
            } else {
                crate::text::Text::new(new.to_owned())
            };
        }
        self.set(path, text.as_str().to_owned(), true);
    }

    /// Says at once what is wrong with the file alone, and asks about the mesh.
    fn changed(&mut self, mesh: usize, file: usize) {
        let one = &mut self.meshes[mesh];
        one.version += 1;
        one.findings.resize_with(one.workspace.files().len(), Vec::new);
        let report: &Report = &one.workspace.files()[file].parsed.report;
        if report.has_errors() {
            one.findings[file] = report.iter().cloned().collect();
            self.publish(mesh, file);
        }
        self.ask(mesh);
    }

    fn ask(&self, mesh: usize) {
        let one = &self.meshes[mesh];
        let asked = Asked { mesh, version: one.version, parsed: one.workspace.parsed() };
        // The thread lives as long as this sender.
        drop(self.asked.send(asked));
    }

    /// Takes what there is to say about a mesh. An answer about an older version is out of date: a newer one comes.
    pub(super) fn judged(&mut self, judged: Judged) {
        let Judged { mesh, version, report, readers } = judged;
        let one = &mut self.meshes[mesh];
        if version != one.version {
            return;
        }
        one.findings = findings::by_file(&report, one.workspace.files().len());
        let is_other = one.readers != readers;
        one.readers = readers;
        (0..self.meshes[mesh].workspace.files().len()).for_each(|file| self.publish(mesh, file));
        if is_other && self.client.refreshes_lenses {
            self.next += 1;
            let id = RequestId::from(self.next);
            self.send(Message::Request(Request::new(
                id,
                "workspace/codeLens/refresh".to_owned(),
                Value::Null,
            )));
        }
    }

    /// Sends the findings of a file, unless the editor has the same.
    fn publish(&mut self, mesh: usize, file: usize) {
        let one = &self.meshes[mesh];
        let view = View { workspace: &one.workspace, encoding: self.client.encoding };
        let shown = one.findings[file].iter().map(|finding| findings::shown(view, file, finding));
        let shown = Value::Array(shown.collect());
        let before = one.sent.get(&file);
        let is_same =
            before.map_or(shown.as_array().is_some_and(Vec::is_empty), |sent| *sent == shown);
        if is_same {
            return;
        }
        let parameters = json!({ "uri": view.uri(file), "diagnostics": shown });
        let method = "textDocument/publishDiagnostics".to_owned();
        self.send(Message::Notification(Notification::new(method, parameters)));
        self.meshes[mesh].sent.insert(file, shown);
    }

    /// The place that a question is about.
    pub(super) fn at(&self, parameters: &Value) -> Option<At<'_>> {
        let path = uri::to_path(parameters["textDocument"]["uri"].as_str()?)?;
        let (mesh, file) = self.find(&path)?;
        let mesh = &self.meshes[mesh];
        let view = View { workspace: &mesh.workspace, encoding: self.client.encoding };
        let text = &mesh.workspace.files()[file].text;
        let offset = text.offset(position(&parameters["position"]), self.client.encoding);
        Some(At { view, file, offset, mesh })
    }

    /// The bytes of a range in a file.
    pub(super) fn bytes(&self, view: View<'_>, file: usize, range: &Value) -> Range<usize> {
        let text = &view.workspace.files()[file].text;
        let offset = |end: &Value| text.offset(position(end), self.client.encoding);
        offset(&range["start"])..offset(&range["end"])
    }
}

fn position(value: &Value) -> Position {
    let number = |key: &str| {
        let number = value[key].as_u64().unwrap_or_default();
        usize::try_from(number).unwrap_or(usize::MAX)
    };
    Position { line: number("line"), character: number("character") }
}

/// The folders of the meshes: the one that somebody named, or those in the editor's folders with a tenant.
fn roots(client: &Client, settings: &Settings) -> Result<Vec<PathBuf>, ServeError> {
    if let Some(mesh) = client.mesh.as_ref().or(settings.mesh.as_ref()) {
        return Ok(vec![std::path::absolute(mesh)?]);
    }
    let mut found = Vec::new();
    for folder in &client.folders {
        found.extend(meshes(folder)?);
    }
    Ok(found)
}
