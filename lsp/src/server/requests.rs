//! The editor's questions.

use lsp_server::{ErrorCode, Request};
use serde_json::{Value, json};

use super::Refusal;
use super::state::{At, State};
use crate::features::rename::{Abilities, RenameError};
use crate::features::{actions, complete, describe, lenses, navigate, rename, symbols};

/// What can be asked about a place in a file.
const METHODS: [&str; 9] = [
    "codeAction",
    "codeLens",
    "completion",
    "definition",
    "documentSymbol",
    "hover",
    "prepareRename",
    "references",
    "rename",
];

/// The answer to a question. A question about a file of no mesh has the answer `null`.
pub(super) fn answer(state: &State, request: &Request) -> Result<Value, Refusal> {
    let parameters = &request.params;
    let unknown = || {
        let message = format!("`{}` is not a method of this server", request.method);
        Refusal { code: ErrorCode::MethodNotFound, message }
    };
    let method = request.method.strip_prefix("textDocument/").ok_or_else(unknown)?;
    if !METHODS.contains(&method) {
        return Err(unknown());
    }
    let Some(at) = state.at(parameters) else { return Ok(Value::Null) };
    let At { view, file, offset, mesh } = at;
    Ok(match method {
        "completion" => complete::complete(view, file, offset),
        "definition" => json!(navigate::definition(view, file, offset)),
        "references" => {
            let with_definition = parameters["context"]["includeDeclaration"] == true;
            json!(navigate::references(view, file, offset, with_definition))
        }
        "hover" => json!(describe::describe(view, file, offset, mesh.readers.as_ref())),
        "prepareRename" => json!(rename::prepare(view, file, offset)),
        "rename" => {
            let new = parameters["newName"].as_str().unwrap_or_default();
            let abilities = Abilities { asks: state.client.asks };
            return rename::rename(view, (file, offset), new, abilities)
                .map_err(|error| refused(&error));
        }
        "documentSymbol" => json!(symbols::symbols(view, file)),
        "codeLens" => json!(lenses::lenses(view, file, mesh.readers.as_ref())),
        "codeAction" => {
            let range = state.bytes(view, file, &parameters["range"]);
            let findings = mesh.findings.get(file).map_or(&[][..], Vec::as_slice);
            json!(actions::actions(view, file, findings, &range))
        }
        _ => return Err(unknown()),
    })
}

fn refused(error: &RenameError) -> Refusal {
    Refusal { code: ErrorCode::InvalidParams, message: error.to_string() }
}
