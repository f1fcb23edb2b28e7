//! The outline of a file: its documents.

use serde_json::{Value, json};

use super::View;

/// "Object" in the protocol's list of kinds of symbols.
const OBJECT: u8 = 19;

/// The documents of a file.
pub(crate) fn symbols(view: View<'_>, file: usize) -> Vec<Value> {
    let outline = view.workspace.files()[file].outline.iter();
    outline
        .map(|one| {
            let kind = one.kind.map_or("document", |kind| kind.as_str());
            // Editors refuse a symbol without a name.
            let name = if one.id.is_empty() { kind } else { &one.id };
            json!({
                "name": name,
                "detail": kind,
                "kind": OBJECT,
                "range": view.range(file, &one.range),
                "selectionRange": view.range(file, &one.id_range),
            })
        })
        .collect()
}
