//! A line above each dataset that says how many teams read it.

use std::collections::BTreeMap;

use lakewright_manifest::document::Kind;
use serde_json::{Value, json};

use super::View;
use crate::readers::{Reader, different};

/// The lines of a file. A mesh with errors has none, because nobody knows who reads.
pub(crate) fn lenses(
    view: View<'_>,
    file: usize,
    readers: Option<&BTreeMap<String, Vec<Reader>>>,
) -> Vec<Value> {
    let Some(readers) = readers else { return Vec::new() };
    let outline = view.workspace.files()[file].outline.iter();
    outline
        .filter(|one| one.kind == Some(Kind::Dataset))
        .filter_map(|one| {
            let count = different(readers.get(&one.id)?);
            let title = if count == 1 {
                "1 team reads this".to_owned()
            } else {
                format!("{count} teams and roles read this")
            };
            Some(json!({
                "range": view.range(file, &one.id_range),
                // Without a command the editor shows the text alone.
                "command": { "title": title, "command": "" },
            }))
        })
        .collect()
}
