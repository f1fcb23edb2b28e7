//! What may be typed at a place.

use lakewright_manifest::document::Kind;
use serde_json::{Value, json};

use super::View;
use crate::keys::{self, Shape, Word};
use crate::names::{Step, Target, is_with_kind, target, target_of_keys};
use crate::outline::{Place, place};

/// "Field", "Enum member" and "Reference" in the protocol's list of kinds of completions.
const FIELD: u8 = 5;
const MEMBER: u8 = 20;
const REFERENCE: u8 = 18;

/// The most ids that are sent at once; the editor asks again as the word grows.
const MOST: usize = 200;

/// The words that fit at a byte of a file, those that begin like the typed word first.
pub(crate) fn complete(view: View<'_>, file: usize, offset: usize) -> Value {
    let text = view.workspace.files()[file].text.as_str();
    let Some((before, after)) = text.split_at_checked(offset) else { return json!([]) };
    let line = before.rsplit('\n').next().unwrap_or_default();
    if line.trim_start().starts_with('#') {
        return json!([]);
    }
    let place = place(before, after);
    let typed = offset - place.prefix.len()..offset;
    let range = view.range(file, &typed);
    let mut items: Vec<Value> = Vec::new();
    let names = names(view, &place);
    let is_incomplete = names.len() > MOST;
    for (name, detail) in names.into_iter().take(MOST) {
        items.push(item(&quoted(&name), REFERENCE, &detail, "", &range));
    }
    for word in keys::values(place.kind, &place.path) {
        items.push(item(&word.text, MEMBER, "", &word.meaning, &range));
    }
    if !place.is_value {
        let words = keys::keys(place.kind, &place.path);
        let words = words.into_iter().filter(|word| !place.taken.contains(&word.text));
        items.extend(words.map(|word| of_key(&word, &range)));
    }
    // The order is ours: what is required comes first.
    for (number, item) in items.iter_mut().enumerate() {
        item["sortText"] = json!(format!("{number:05}"));
    }
    json!({ "isIncomplete": is_incomplete, "items": items })
}

/// The ids and teams that fit, each with what it is.
fn names(view: View<'_>, place: &Place) -> Vec<(String, String)> {
    let known = |target: Target, detail: &str| -> Vec<(String, String)> {
        let names = view.workspace.known(target).filter(|name| name.starts_with(&place.prefix));
        // What is typed so far is a name of its own in the text.
        let names = names
            .filter(|name| *name != place.prefix || view.workspace.places(target, name).len() > 1);
        names.map(|name| (name.to_owned(), detail.to_owned())).collect()
    };
    let noun = |target: Target| match target {
        Target::Document(kind) => kind.noun(),
        Target::Team => "team",
    };
    if is_with_kind(&place.path) {
        return of_kinds(view, place);
    }
    if let Some(found) = target(&place.path) {
        return known(found, noun(found));
    }
    let of_keys = target_of_keys(&place.path).filter(|_| place.kind == Some(Kind::Tenant));
    match of_keys.filter(|_| !place.is_value) {
        Some(found) => known(found, noun(found)),
        None => Vec::new(),
    }
}

/// References with their kind, such as `dataset/sales`.
fn of_kinds(view: View<'_>, place: &Place) -> Vec<(String, String)> {
    let is_database = place.path.last() == Some(&Step::Key("database".to_owned()));
    let kinds = Kind::ALL.into_iter().filter(|kind| match kind {
        Kind::Dataset | Kind::Share => true,
        Kind::Organization
        | Kind::Environment
        | Kind::Network
        | Kind::ConsumptionRole
        | Kind::Domain
        | Kind::Worksheet
        | Kind::Notebook
        | Kind::StudioProfile
        | Kind::Pipeline
        | Kind::Dashboard => !is_database,
        // No policy is about these.
        Kind::Tenant | Kind::AccessPolicy | Kind::MetadataForm => false,
    });
    let mut found = Vec::new();
    for kind in kinds {
        let word = kind.noun().replace(' ', "_");
        for id in view.workspace.known(Target::Document(kind)) {
            let text = format!("{word}/{id}");
            if text.starts_with(&place.prefix) {
                found.push((text, kind.noun().to_owned()));
            }
        }
    }
    found
}

/// A name as YAML takes it: team names may have spaces, and one that looks like a number needs quotes.
fn quoted(name: &str) -> String {
    let is_plain = name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name.chars().all(|one| one.is_alphanumeric() || "-_./ ".contains(one))
        && !["true", "false", "null", "yes", "no", "on", "off", "y", "n"]
            .contains(&name.to_ascii_lowercase().as_str());
    if is_plain { name.to_owned() } else { format!("\"{name}\"") }
}

fn of_key(word: &Word, range: &Value) -> Value {
    let detail = if word.is_required { "required" } else { "" };
    let mut item = item(&word.text, FIELD, detail, &word.meaning, range);
    let text = match word.shape {
        Shape::Scalar => format!("{}: ", word.text),
        Shape::Mapping | Shape::List => format!("{}:", word.text),
    };
    item["textEdit"]["newText"] = json!(text);
    item
}

fn item(label: &str, kind: u8, detail: &str, meaning: &str, range: &Value) -> Value {
    let mut item = json!({
        "label": label,
        "kind": kind,
        "textEdit": { "range": range, "newText": label },
    });
    if !detail.is_empty() {
        item["detail"] = json!(detail);
    }
    if !meaning.is_empty() {
        item["documentation"] = json!(meaning);
    }
    item
}
