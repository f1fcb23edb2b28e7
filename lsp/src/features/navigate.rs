//! From a name to its document, and to everything that names it.

use serde_json::Value;

use super::View;

/// Where the document with the name at a byte stands. For a team: the lists of teams in environments.
pub(crate) fn definition(view: View<'_>, file: usize, offset: usize) -> Vec<Value> {
    places(view, file, offset, |is_definition| is_definition)
}

/// Where the name at a byte stands.
pub(crate) fn references(
    view: View<'_>,
    file: usize,
    offset: usize,
    with_definition: bool,
) -> Vec<Value> {
    places(view, file, offset, |is_definition| with_definition || !is_definition)
}

fn places(view: View<'_>, file: usize, offset: usize, wanted: impl Fn(bool) -> bool) -> Vec<Value> {
    let Some(name) = view.workspace.name_at(file, offset) else { return Vec::new() };
    let places = view.workspace.places(name.target, &name.text);
    let wanted = places.into_iter().filter(|(_, name)| wanted(name.is_definition));
    wanted.map(|(file, name)| view.location(file, &name.range)).collect()
}
