//! What a name or a key means, under the pointer.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use lakewright_manifest::document::Kind;
use serde_json::{Value, json};

use super::View;
use crate::keys;
use crate::names::{Name, Target};
use crate::outline::place;
use crate::readers::Reader;

/// The number of readers that are shown.
const SHOWN: usize = 20;

/// The description of what stands at a byte. It is plain text, since labels are anybody's words.
pub(crate) fn describe(
    view: View<'_>,
    file: usize,
    offset: usize,
    readers: Option<&BTreeMap<String, Vec<Reader>>>,
) -> Option<Value> {
    if let Some(name) = view.workspace.name_at(file, offset) {
        let text = of_name(view, name, readers);
        return Some(hover(&text, &view.range(file, &name.range)));
    }
    let text = &view.workspace.files()[file].text;
    let position = text.position(offset, view.encoding);
    let line = text.line(position.line);
    let (key, _) = line.split_once(':')?;
    let word = key.trim_start().trim_start_matches("- ");
    let start = text.as_str().len().min(
        text.offset(crate::text::Position { line: position.line, character: 0 }, view.encoding),
    );
    let at = start + key.len() - word.len()..start + key.len();
    if !(at.start..=at.end).contains(&offset) {
        return None;
    }
    // The place behind the colon is the value of this key.
    let behind = at.end + 1;
    let (before, after) = text.as_str().split_at_checked(behind)?;
    let place = place(&format!("{before} "), after);
    let meaning = keys::describe(place.kind, &place.path)?;
    Some(hover(&meaning, &view.range(file, &at)))
}

fn hover(text: &str, range: &Value) -> Value {
    json!({ "contents": { "kind": "plaintext", "value": text }, "range": range })
}

fn of_name(view: View<'_>, name: &Name, readers: Option<&BTreeMap<String, Vec<Reader>>>) -> String {
    let places = view.workspace.places(name.target, &name.text);
    let count = places.iter().filter(|(_, name)| !name.is_definition).count();
    let Target::Document(kind) = name.target else {
        return format!("team {}, named in {} places", name.text, places.len());
    };
    let mut text = format!("{} {}", kind.noun(), name.text);
    let defined = places.iter().find(|(_, name)| name.is_definition);
    match defined {
        Some((file, _)) => {
            let path = &view.workspace.files()[*file].path;
            write!(text, ", in {path}, named in {count} other places").expect("a string takes all");
        }
        None => text.push_str(", which no document has as its id"),
    }
    if kind == Kind::Dataset {
        match readers.map(|all| all.get(&name.text).map_or(&[][..], Vec::as_slice)) {
            Some(all) => push_readers(&mut text, all),
            None => text.push_str("\nwho reads it is not known while the mesh has errors"),
        }
    }
    text
}

fn push_readers(text: &mut String, readers: &[Reader]) {
    for Reader { name, why } in readers.iter().take(SHOWN) {
        write!(text, "\n{name} reads it: {why}").expect("a string takes all");
    }
    if let Some(more) = readers.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        write!(text, "\n{more} more").expect("a string takes all");
    }
}
