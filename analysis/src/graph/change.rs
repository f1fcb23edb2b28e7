//! The graph of a change: the access that is gained and lost, and the access of the same principals that stays.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use lakewright_access::action::{Action, Level};
use lakewright_diff::access::{AccessChange, Answer, Reach, Relation};
use lakewright_diff::change::ChangeKind;

use super::{
    Access, Accounts, Edge, EdgeKind, Graph, Mark, Node, What, accesses, add_ends, kind_of,
    of_principal, of_target, who,
};
use crate::error::Error;
use crate::folder::Folder;
use crate::matrix::Row;
use crate::matrix::summary::Reached;
use crate::progress::Watch;
use crate::review::{Reading, Reviewed};
use crate::subject::{Keep, Subject};

/// The access after a change.
#[derive(Debug, Clone, Copy)]
pub struct Kept<'r, 's> {
    /// The rows of the access matrix.
    pub rows: &'r [Row<'s>],
    /// The templates.
    pub subject: &'s Subject,
}

/// The part of a change that is drawn; everything by default.
#[derive(Debug, Clone, Copy, Default)]
pub struct Only<'a> {
    /// A principal's name or ARN, or a part of it.
    pub principal: Option<&'a str>,
    /// A dataset, such as `dataset/sales`.
    pub dataset: Option<&'a str>,
}

/// Reads the templates after a change, for [`Kept`]. `None` if the mesh has errors.
///
/// # Errors
///
/// The templates cannot be read.
pub fn subject_after(
    path: &Path,
    reading: Reading<'_>,
    watch: &dyn Watch,
) -> Result<Option<Subject>, Error> {
    if path.join("assembly.json").is_file() || Folder::has_template(path) {
        return Subject::of_folder(path, reading.somewhere).map(Some);
    }
    Ok(Subject::of_mesh(path, reading.day, Keep::Names, watch)?.subject)
}

/// Requests of one principal on one thing that a change decides in one way.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Line {
    principal: String,
    target: String,
    mark: Mark,
    word: &'static str,
}

/// The levels of access to data, and those to keys.
#[derive(Debug, Default)]
struct Levels {
    data: BTreeSet<Level>,
    keys: BTreeSet<Level>,
}

/// The graph of a change.
///
/// A review has differences only. The access that stays comes from the rows after the change: of the principals whose access
/// differs, or of all principals if `only` selects some access.
pub fn of_change(title: String, reviewed: &Reviewed, kept: Kept<'_, '_>, only: Only<'_>) -> Graph {
    let lines = lines(reviewed, kept, only);
    let mut accounts = Accounts::of(kept.rows, kept.subject);
    for change in &reviewed.review.access {
        accounts.add_principal(&name_of(reviewed, &change.principal), &change.principal);
    }
    let mut nodes = BTreeMap::new();
    let mut edges = BTreeSet::new();
    for (line, levels) in &lines {
        let (from, to) = add_ends(&mut nodes, &line.principal, &line.target, &accounts);
        let label = [line.word, &levels.words()].join(" ");
        edges.insert(Edge { from, to, kind: EdgeKind::Reaches, label, mark: Some(line.mark) });
    }
    for Access { principal, target, label } in staying(&lines, kept.rows, only) {
        let (from, to) = add_ends(&mut nodes, &principal, &target, &accounts);
        let label = format!("keeps {label}");
        edges.insert(Edge { from, to, kind: EdgeKind::Reaches, label, mark: Some(Mark::Kept) });
    }
    mark_stacks(&mut nodes, reviewed, &accounts, only);
    Graph::of(What::Change, title, nodes.into_values(), edges)
}

/// The access that stays, of the principals whose access differs.
pub fn kept_access(reviewed: &Reviewed, kept: Kept<'_, '_>) -> Vec<Access> {
    let only = Only::default();
    staying(&lines(reviewed, kept, only), kept.rows, only)
}

impl Only<'_> {
    fn is_everything(self) -> bool {
        self.principal.is_none() && self.dataset.is_none()
    }
}

fn name_of(reviewed: &Reviewed, principal: &str) -> String {
    who(reviewed.principals.get(principal).map_or(principal, String::as_str))
}

/// The differences, by what an edge shows.
fn lines(reviewed: &Reviewed, kept: Kept<'_, '_>, only: Only<'_>) -> BTreeMap<Line, Levels> {
    let names = reviewed.principals.values().map(String::as_str);
    let mut names = names.chain(kept.subject.intended.names());
    // A complete name is not also a part of longer ones.
    let is_whole = only.principal.is_some_and(|wanted| names.any(|name| name == wanted));
    let takes = |principal: &str, name: &str| {
        only.principal.is_none_or(|wanted| {
            principal == wanted
                || name == wanted
                || (!is_whole && (name.contains(wanted) || principal.contains(wanted)))
        })
    };
    let mut lines: BTreeMap<Line, Levels> = BTreeMap::new();
    for change in &reviewed.review.access {
        let name = name_of(reviewed, &change.principal);
        if !takes(&change.principal, &name) {
            continue;
        }
        for (mark, word, reach) in differences(change) {
            let target = match reach {
                Some(reach) => thing(reviewed, &reach.resource),
                None => "requests that cannot be listed".to_owned(),
            };
            if only.dataset.is_none_or(|wanted| wanted == target) {
                let line = Line { principal: name.clone(), target, mark, word };
                lines.entry(line).or_default().extend(reach);
            }
        }
    }
    lines
}

/// What differs for a principal. A change that lists no request has one entry.
fn differences(change: &AccessChange) -> Vec<(Mark, &'static str, Option<&Reach>)> {
    let mut all = Vec::new();
    for reach in &change.gained {
        let is_certain = reach.decisions.1 == Answer::Allowed;
        let (mark, word) =
            if is_certain { (Mark::Gained, "gains") } else { (Mark::MayGain, "may gain") };
        all.push((mark, word, Some(reach)));
    }
    all.extend(change.unknown.iter().map(|reach| (Mark::MayGain, "may gain", Some(reach))));
    for reach in &change.lost {
        let is_certain = reach.decisions == (Answer::Allowed, Answer::Denied);
        all.push((Mark::Lost, if is_certain { "loses" } else { "may lose" }, Some(reach)));
    }
    if all.is_empty() {
        all.push(match change.relation {
            Relation::Broader | Relation::Incomparable => (Mark::Gained, "gains", None),
            Relation::Unknown => (Mark::MayGain, "may gain", None),
            Relation::Narrower => (Mark::Lost, "loses", None),
        });
    }
    all
}

/// What a resource belongs to, or the resource.
fn thing(reviewed: &Reviewed, resource: &str) -> String {
    let name = reviewed.resources.get(resource).map(String::as_str);
    let everything = (resource == "*").then_some("any resource");
    name.or(everything).unwrap_or(resource).to_owned()
}

impl Levels {
    fn extend(&mut self, reach: Option<&Reach>) {
        for action in reach.into_iter().flat_map(|reach| &reach.actions) {
            let levels = if action.starts_with("kms:") { &mut self.keys } else { &mut self.data };
            levels.insert(Action::new(action).level());
        }
    }

    /// The levels, as the access matrix calls them.
    fn words(&self) -> String {
        let words = |levels: &BTreeSet<Level>, is_key| {
            let reached = Reached { levels: levels.clone(), ..Reached::default() };
            reached.words(is_key).replace(' ', ", ")
        };
        match (words(&self.data, false), words(&self.keys, true)) {
            (data, keys) if keys.is_empty() && data.is_empty() => "access".to_owned(),
            (data, keys) if keys.is_empty() => data,
            (data, keys) if data.is_empty() => format!("key {keys}"),
            (data, keys) => format!("{data}, key {keys}"),
        }
    }
}

/// The access that stays. A principal that loses access to something keeps the rest of it; what one had that gains access
/// there is not known from the rows after the change.
fn staying(lines: &BTreeMap<Line, Levels>, rows: &[Row<'_>], only: Only<'_>) -> Vec<Access> {
    let principals: BTreeSet<&str> = lines.keys().map(|line| line.principal.as_str()).collect();
    let growing = lines.keys().filter(|line| line.mark != Mark::Lost);
    let growing: BTreeSet<(&str, &str)> =
        growing.map(|line| (line.principal.as_str(), line.target.as_str())).collect();
    let mut all = accesses(rows);
    all.retain(|Access { principal, target, label: _ }| {
        let is_shown = !only.is_everything() || principals.contains(principal.as_str());
        is_shown && !growing.contains(&(principal.as_str(), target.as_str()))
    });
    all
}

/// Marks the nodes whose stacks change, and adds the other stacks that change if everything is drawn.
fn mark_stacks(
    nodes: &mut BTreeMap<String, Node>,
    reviewed: &Reviewed,
    accounts: &Accounts,
    only: Only<'_>,
) {
    let mut kinds: BTreeMap<&str, BTreeSet<ChangeKind>> = BTreeMap::new();
    for stack in &reviewed.review.stacks {
        let subject = reviewed.stacks.get(&stack.stack).unwrap_or(&stack.stack);
        kinds.entry(subject).or_default().insert(stack.kind);
    }
    for (subject, kinds) in kinds {
        let change = match kinds.first() {
            Some(kind) if kinds.len() == 1 => *kind,
            // One stack of it is added, for example, and another one removed.
            _ => ChangeKind::Changed,
        };
        let ids = [of_principal(subject), of_target(subject)];
        let mut is_there = false;
        for id in &ids {
            if let Some(node) = nodes.get_mut(id) {
                node.change = Some(change);
                is_there = true;
            }
        }
        if !is_there && only.is_everything() {
            let [_, id] = ids;
            let node = Node::new(&id, subject, kind_of(subject, "stack"));
            let group = accounts.of_node(&id);
            nodes.insert(id, Node { group, change: Some(change), ..node });
        }
    }
}
