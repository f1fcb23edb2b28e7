//! Renames an id or a team in all files of a mesh.

use std::collections::BTreeMap;

use lakewright_manifest::{Id, NameError, TeamName};
use serde_json::{Value, json};

use super::View;
use crate::names::{Name, Target};

/// What the editor can do with an edit.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Abilities {
    /// It shows why an edit needs a look, and asks.
    pub(crate) asks: bool,
}

/// Why something cannot be renamed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RenameError {
    /// There is no name at this place.
    #[error("there is no id and no team here")]
    NoName,
    /// The new name is not valid.
    #[error("{0}")]
    Invalid(#[from] NameError),
    /// Another document has it.
    #[error("`{0}` exists already")]
    Taken(String),
}

/// The bytes of the name at a place, and the name.
pub(crate) fn prepare(view: View<'_>, file: usize, offset: usize) -> Option<Value> {
    let name = view.workspace.name_at(file, offset)?;
    Some(json!({ "range": view.range(file, &name.range), "placeholder": name.text }))
}

/// The edits of all files.
pub(crate) fn rename(
    view: View<'_>,
    (file, offset): (usize, usize),
    new: &str,
    abilities: Abilities,
) -> Result<Value, RenameError> {
    let name = view.workspace.name_at(file, offset).ok_or(RenameError::NoName)?;
    match name.target {
        Target::Document(_) => drop(Id::parse(new)?),
        Target::Team => drop(TeamName::parse(new)?),
    }
    // Two teams would become one, and two documents would have one id.
    if new != name.text && view.workspace.known(name.target).any(|known| known == new) {
        return Err(RenameError::Taken(new.to_owned()));
    }
    let mut by_file: BTreeMap<usize, Vec<&Name>> = BTreeMap::new();
    for (file, name) in view.workspace.places(name.target, &name.text) {
        by_file.entry(file).or_default().push(name);
    }
    if !abilities.asks {
        let changes: serde_json::Map<String, Value> = by_file
            .into_iter()
            .map(|(file, names)| {
                let edits = names.iter().map(|name| edit(view, file, name, new));
                (view.uri(file), Value::Array(edits.collect()))
            })
            .collect();
        return Ok(json!({ "changes": changes }));
    }
    let changes: Vec<Value> = by_file
        .into_iter()
        .map(|(file, names)| {
            let edits = names.iter().map(|name| {
                let mut edit = edit(view, file, name, new);
                edit["annotationId"] = json!("names");
                edit
            });
            let document = json!({ "uri": view.uri(file), "version": null });
            json!({ "textDocument": document, "edits": edits.collect::<Vec<_>>() })
        })
        .collect();
    Ok(json!({ "documentChanges": changes, "changeAnnotations": { "names": {
        "label": "Names of AWS resources",
        "description": "names of stacks, buckets and roles are made from it: CloudFormation replaces what is deployed",
        "needsConfirmation": true,
    }}}))
}

fn edit(view: View<'_>, file: usize, name: &Name, new: &str) -> Value {
    json!({ "range": view.range(file, &name.range), "newText": new })
}
