//! Where documents name other documents and teams.

use std::ops::Range;

use lakewright_manifest::document::Kind;
use lakewright_template::yaml::{Budget, Node, NodeKind, parse};

/// What a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Target {
    /// A document, by its id.
    Document(Kind),
    /// A team.
    Team,
}

/// A name in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Name {
    /// What it stands for.
    pub(crate) target: Target,
    /// The name.
    pub(crate) text: String,
    /// Its bytes in the file, without quotes and without what stands before it, such as `dataset/`.
    pub(crate) range: Range<usize>,
    /// Whether the document with this id, or the environment's list of its teams, stands here.
    pub(crate) is_definition: bool,
}

/// A document of a file, as an outline shows it.
#[derive(Debug, Clone)]
pub(crate) struct Outlined {
    /// The kind; `None` if it is not known.
    pub(crate) kind: Option<Kind>,
    /// The id; empty if there is none.
    pub(crate) id: String,
    /// The bytes of the document.
    pub(crate) range: Range<usize>,
    /// The bytes of the id.
    pub(crate) id_range: Range<usize>,
}

/// A step from a document to a part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// The value of a key.
    Key(String),
    /// An entry of a list.
    Item,
}

/// The keys of any kind of document that name documents and teams. `*` is an entry of a list, and `{}` a key that is a name
/// itself. The property test `tests::renaming_an_id_leaves_no_reference_behind` finds a key that is missing.
const ANYWHERE: [(&str, Target); 31] = [
    ("organization", Target::Document(Kind::Organization)),
    ("environment", Target::Document(Kind::Environment)),
    ("network", Target::Document(Kind::Network)),
    ("consumption_role", Target::Document(Kind::ConsumptionRole)),
    ("domain", Target::Document(Kind::Domain)),
    ("dataset", Target::Document(Kind::Dataset)),
    ("stages/*/environment", Target::Document(Kind::Environment)),
    ("resources/domains/*", Target::Document(Kind::Domain)),
    ("resources/environments/*", Target::Document(Kind::Environment)),
    ("team", Target::Team),
    ("teams/*/team", Target::Team),
    ("admins/*", Target::Team),
    ("linked_by", Target::Team),
    ("admin_team", Target::Team),
    ("access/teams/{}", Target::Team),
    ("permissions/{}", Target::Team),
    ("owners/*", Target::Team),
    ("owners", Target::Team),
    ("readers/*", Target::Team),
    ("readers", Target::Team),
    ("dataset_level_access/*", Target::Team),
    ("dataset_level_access", Target::Team),
    ("stewards", Target::Team),
    ("stewards/*", Target::Team),
    ("approved_by", Target::Team),
    ("stages/*/team", Target::Team),
    ("shared_with/*", Target::Team),
    ("actors/teams/*", Target::Team),
    ("actors/except/teams/*", Target::Team),
    ("actors/consumption_roles/*", Target::Document(Kind::ConsumptionRole)),
    ("scope/team", Target::Team),
];

/// The keys whose text is a kind in lower case, a slash and an id.
const WITH_KIND: [&str; 2] = ["resources/ids/*", "database"];

/// What the value at a path names.
pub(crate) fn target(path: &[Step]) -> Option<Target> {
    let path = written(path);
    ANYWHERE.iter().find(|(known, _)| *known == path).map(|(_, target)| *target)
}

/// What the keys of the mapping at a path name.
pub(crate) fn target_of_keys(path: &[Step]) -> Option<Target> {
    let path = format!("{}/{{}}", written(path));
    ANYWHERE.iter().find(|(known, _)| *known == path).map(|(_, target)| *target)
}

/// Whether the value at a path is a kind, a slash and an id.
pub(crate) fn is_with_kind(path: &[Step]) -> bool {
    WITH_KIND.contains(&&*written(path))
}

fn written(path: &[Step]) -> String {
    let steps: Vec<&str> = path
        .iter()
        .map(|step| match step {
            Step::Key(key) => key.as_str(),
            Step::Item => "*",
        })
        .collect();
    steps.join("/")
}

/// The kind that stands before the slash of a reference, such as `consumption_role`.
fn kind_before_slash(word: &str) -> Option<Kind> {
    Kind::ALL.into_iter().find(|kind| kind.noun().replace(' ', "_") == word)
}

/// The names and the outline of a file. A text that is no YAML has those before the error.
pub(crate) fn names(text: &str) -> (Vec<Name>, Vec<Outlined>) {
    let content = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut found = Found { text: content, names: Vec::new() };
    let mut outline = Vec::new();
    for document in &parse(content, &Budget::FILE).documents {
        outline.push(found.document(document));
    }
    let shift = text.len() - content.len();
    let mut names = found.names;
    let moved = |range: &Range<usize>| range.start + shift..range.end + shift;
    for name in &mut names {
        name.range = moved(&name.range);
    }
    for one in &mut outline {
        (one.range, one.id_range) = (moved(&one.range), moved(&one.id_range));
    }
    (names, outline)
}

struct Found<'t> {
    text: &'t str,
    names: Vec<Name>,
}

impl Found<'_> {
    fn document(&mut self, node: &Node) -> Outlined {
        let range = bytes(node);
        let mut outlined =
            Outlined { kind: None, id: String::new(), id_range: range.clone(), range };
        let NodeKind::Mapping(entries) = &node.kind else { return outlined };
        let value = |wanted: &str| {
            let found = entries.iter().find(|(key, _)| scalar(key) == Some(wanted));
            found.map(|(_, value)| value)
        };
        let kind = value("kind").and_then(scalar);
        outlined.kind =
            kind.and_then(|text| Kind::ALL.into_iter().find(|one| one.as_str() == text));
        if let Some((id, text)) = value("id").and_then(|id| Some((id, scalar(id)?))) {
            text.clone_into(&mut outlined.id);
            outlined.id_range = self.written(id, text).unwrap_or_else(|| bytes(id));
            if let Some(kind) = outlined.kind {
                self.push(id, text, Target::Document(kind), true);
            }
        }
        self.inside(node, &mut Vec::new(), outlined.kind);
        outlined
    }

    fn inside(&mut self, node: &Node, path: &mut Vec<Step>, kind: Option<Kind>) {
        match &node.kind {
            NodeKind::Scalar { text, .. } => self.value(node, text, path, kind),
            NodeKind::Sequence(items) => {
                path.push(Step::Item);
                for item in items {
                    self.inside(item, path, kind);
                }
                path.pop();
            }
            NodeKind::Mapping(entries) => {
                let of_keys = target_of_keys(path).filter(|_| kind == Some(Kind::Tenant));
                for (key, value) in entries {
                    let Some(text) = scalar(key) else { continue };
                    if let Some(target) = of_keys {
                        self.push(key, text, target, false);
                    }
                    path.push(Step::Key(text.to_owned()));
                    self.inside(value, path, kind);
                    path.pop();
                }
            }
        }
    }

    fn value(&mut self, node: &Node, text: &str, path: &[Step], kind: Option<Kind>) {
        if is_with_kind(path)
            && let Some((word, rest)) = text.split_once('/')
            && let Some(named) = kind_before_slash(word)
        {
            // Behind the id of a dataset there may be a table.
            let id = rest.split('/').next().unwrap_or(rest);
            let before = word.len() + 1;
            if let Some(whole) = self.written(node, text) {
                let range = whole.start + before..whole.start + before + id.len();
                let target = Target::Document(named);
                self.names.push(Name { target, text: id.to_owned(), range, is_definition: false });
            }
        } else if let Some(target) = target(path) {
            // Teams have no document: an environment's lists say which there are.
            let is_definition = target == Target::Team && kind == Some(Kind::Environment);
            self.push(node, text, target, is_definition);
        }
    }

    fn push(&mut self, node: &Node, text: &str, target: Target, is_definition: bool) {
        if let Some(range) = self.written(node, text) {
            self.names.push(Name { target, text: text.to_owned(), range, is_definition });
        }
    }

    /// The bytes of a scalar without quotes; `None` if it is written with escapes.
    fn written(&self, node: &Node, text: &str) -> Option<Range<usize>> {
        let range = bytes(node);
        let at = self.text.get(range.clone())?.find(text)?;
        Some(range.start + at..range.start + at + text.len())
    }
}

fn scalar(node: &Node) -> Option<&str> {
    match &node.kind {
        NodeKind::Scalar { text, .. } => Some(text),
        NodeKind::Sequence(_) | NodeKind::Mapping(_) => None,
    }
}

fn bytes(node: &Node) -> Range<usize> {
    let index = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
    index(node.span.start)..index(node.span.end)
}

#[cfg(test)]
mod tests;
