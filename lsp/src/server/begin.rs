//! `initialize`: what the editor can do and where its folders are, and what the server can do.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::text::Encoding;
use crate::uri;

/// An editor.
#[derive(Debug)]
pub(super) struct Client {
    /// How it counts characters.
    pub(super) encoding: Encoding,
    /// Its folders.
    pub(super) folders: Vec<PathBuf>,
    /// The folder of the mesh, if its settings name one.
    pub(super) mesh: Option<PathBuf>,
    /// Whether it asks before edits that need a look.
    pub(super) asks: bool,
    /// Whether it can be told to ask for the lines above datasets again.
    pub(super) refreshes_lenses: bool,
}

impl Client {
    /// The editor that sent these parameters of `initialize`.
    pub(super) fn of(parameters: &Value) -> Self {
        let capabilities = &parameters["capabilities"];
        let offered = capabilities["general"]["positionEncodings"].as_array();
        let offered: Vec<&str> = offered.into_iter().flatten().filter_map(Value::as_str).collect();
        let folders = parameters["workspaceFolders"].as_array();
        let mut folders: Vec<PathBuf> = folders
            .into_iter()
            .flatten()
            .filter_map(|folder| uri::to_path(folder["uri"].as_str()?))
            .collect();
        if folders.is_empty() {
            // Editors from before workspace folders.
            let root = parameters["rootUri"].as_str().and_then(uri::to_path);
            folders.extend(root.or_else(|| parameters["rootPath"].as_str().map(PathBuf::from)));
        }
        let mesh = parameters["initializationOptions"]["mesh"].as_str().map(PathBuf::from);
        let workspace = &capabilities["workspace"];
        let edit = &workspace["workspaceEdit"];
        Self {
            encoding: Encoding::chosen(&offered),
            mesh: mesh.map(|mesh| folders.first().map_or(mesh.clone(), |folder| folder.join(mesh))),
            folders,
            asks: edit["documentChanges"] == true && edit["changeAnnotationSupport"].is_object(),
            refreshes_lenses: workspace["codeLens"]["refreshSupport"] == true,
        }
    }
}

/// The answer to `initialize`. Findings are pushed, also to editors that would ask for them: those drop what is about other
/// files.
pub(super) fn answer(client: &Client) -> Value {
    json!({
        "serverInfo": { "name": "lakewright", "version": env!("CARGO_PKG_VERSION") },
        "capabilities": {
            "positionEncoding": client.encoding.as_str(),
            "textDocumentSync": { "openClose": true, "change": 2, "save": true },
            "completionProvider": { "triggerCharacters": [" ", "/", "[", "{"] },
            "definitionProvider": true,
            "referencesProvider": true,
            "renameProvider": { "prepareProvider": true },
            "hoverProvider": true,
            "documentSymbolProvider": true,
            "codeActionProvider": { "codeActionKinds": ["quickfix"] },
            "codeLensProvider": {},
        },
    })
}
