//! Resources that move to another stack or to another logical id.
//!
//! CloudFormation knows a resource by its stack and its logical id. If one of them changes, an update deletes the resource and
//! creates another one. Stack refactoring (`CreateStackRefactor`) moves it instead, under conditions; [`refactorings`] has the
//! requests. For the other moves, [`detour`] says which deployments lead there.

mod candidates;
mod obstacles;
mod pairs;
mod refactoring;
mod support;
mod written;

use std::collections::BTreeMap;

use lakewright_template::{DeletionPolicy, LogicalId, ResourceEntry};

use crate::Stack;
use crate::change::{ChangeKind, ResourceChange, StackChange};
use crate::review::Move;
use crate::update::Fate;
use candidates::Candidate;
use pairs::Pairs;

pub use refactoring::{Refactoring, STACK_POLICY, detour, refactorings};

/// The moves of a change.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Moves {
    /// The moves, sorted.
    pub moves: Vec<Move>,
    /// The stacks whose name changes: nearly all resources of the first one, which goes away, move to the second one, which is
    /// new. Sorted.
    pub renamed_stacks: Vec<(String, String)>,
    /// Which moves could not be told apart, each in a sentence.
    pub notes: Vec<String>,
}

/// The stacks of both sides by address.
struct Sides<'t> {
    before: BTreeMap<&'t str, &'t Stack<'t>>,
    after: BTreeMap<&'t str, &'t Stack<'t>>,
}

/// Finds resources that were removed in one place and added in another.
///
/// They are the same if they have the same type and the same explicit name, or equal properties and no other resource has
/// these. The fate of both becomes [`Fate::Moved`]; the data effect stays, because it is what happens without a refactoring. A
/// move to another account or region is listed, but the fates stay, because no operation takes a resource there. Call it when
/// the outcomes are known.
pub fn find(before: &[Stack<'_>], after: &[Stack<'_>], changes: &mut [StackChange]) -> Moves {
    let sides = Sides::of(before, after);
    let removed = candidates::gather(&sides.before, changes, ChangeKind::Removed);
    let added = candidates::gather(&sides.after, changes, ChangeKind::Added);
    let pairs = Pairs::of(&removed, &added);
    let mut found: Vec<(Move, &Candidate<'_>, &Candidate<'_>)> =
        pairs.iter().map(|(from, to)| (moved(from, to), from, to)).collect();
    found.sort_by(|(one, ..), (other, ..)| (&one.from, &one.to).cmp(&(&other.from, &other.to)));
    let mut moves: Vec<Move> = found.iter().map(|(one, ..)| one.clone()).collect();
    let obstacles = obstacles::of(&moves, &sides, changes);
    for (one, obstacles) in moves.iter_mut().zip(obstacles) {
        one.obstacles = obstacles;
    }
    let marks = moves.iter().zip(&found).filter(|(one, _)| sides.is_within_a_place(one));
    for (one, (_, from, to)) in marks {
        let (left, arrives) = reasons(one, from.entry);
        mark(changes, from.at, left);
        mark(changes, to.at, arrives);
    }
    let renamed = sides.renamed(&moves);
    let mut notes = pairs.ambiguous();
    notes.extend(renamed.iter().map(|(from, to, count)| {
        format!("The stack {from} becomes {to}: {count} resources move.")
    }));
    let renamed_stacks = renamed.into_iter().map(|(from, to, _)| (from, to)).collect();
    Moves { moves, renamed_stacks, notes }
}

fn moved(from: &Candidate<'_>, to: &Candidate<'_>) -> Move {
    let place = |one: &Candidate<'_>| (one.stack.address.to_owned(), one.id.to_string());
    Move {
        resource_type: to.entry.kind.to_string(),
        from: place(from),
        to: place(to),
        obstacles: Vec::new(),
    }
}

/// What is said of a moved resource where it was, and where it will be.
fn reasons(one: &Move, entry: &ResourceEntry) -> (String, String) {
    let stays = match entry.deletion_policy {
        Some(DeletionPolicy::Retain | DeletionPolicy::RetainExceptOnCreate) => {
            "keeps this one without a stack"
        }
        Some(DeletionPolicy::Snapshot) => "deletes this one after a snapshot",
        Some(DeletionPolicy::Delete) | None => "deletes this one",
    };
    let how = if one.obstacles.is_empty() {
        "A stack refactoring moves it as it is."
    } else {
        "A stack refactoring cannot move it."
    };
    let left = format!(
        "It moves to `{}` of {}. {how} A deployment alone {stays} and creates another one there.",
        one.to.1, one.to.0
    );
    let arrives = format!(
        "It moves here from `{}` of {}. {how} A deployment alone creates another one, which fails while the name of the first one \
         is taken.",
        one.from.1, one.from.0
    );
    (left, arrives)
}

fn mark(changes: &mut [StackChange], (change, resource): (usize, usize), reason: String) {
    let change = changes.get_mut(change);
    let resource: Option<&mut ResourceChange> =
        change.and_then(|change| change.resources.get_mut(resource));
    if let Some(resource) = resource {
        resource.outcome.fate = Fate::Moved;
        resource.outcome.reasons.push(reason);
    }
}

impl<'t> Sides<'t> {
    fn of(before: &'t [Stack<'t>], after: &'t [Stack<'t>]) -> Self {
        let map =
            |stacks: &'t [Stack<'t>]| stacks.iter().map(|stack| (stack.address, stack)).collect();
        Self { before: map(before), after: map(after) }
    }

    fn entry_before(&self, (stack, id): (&str, &str)) -> Option<&'t ResourceEntry> {
        self.before.get(stack)?.template.resources.get(&LogicalId::parameter(id))
    }

    fn entry_after(&self, (stack, id): (&str, &str)) -> Option<&'t ResourceEntry> {
        self.after.get(stack)?.template.resources.get(&LogicalId::parameter(id))
    }

    /// Whether both stacks of a move lie in one account and region.
    fn is_within_a_place(&self, one: &Move) -> bool {
        let from = self.before.get(one.from.0.as_str()).map(|stack| stack.place);
        from == self.after.get(one.to.0.as_str()).map(|stack| stack.place)
    }

    /// The stacks that go away while at least four fifths of their resources move to one new stack, and make four fifths of
    /// that stack; and how many these are.
    fn renamed(&self, moves: &[Move]) -> Vec<(String, String, usize)> {
        let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        for one in moves {
            *counts.entry((one.from.0.as_str(), one.to.0.as_str())).or_default() += 1;
        }
        let renamed = counts.into_iter().filter(|((from, to), count)| {
            let size = |stacks: &BTreeMap<&str, &Stack<'_>>, stack: &str| {
                stacks.get(stack).map_or(0, |stack| stack.template.resources.len())
            };
            let is_most = |size: usize| count * 5 >= size * 4;
            !self.after.contains_key(from)
                && !self.before.contains_key(to)
                && is_most(size(&self.before, from))
                && is_most(size(&self.after, to))
        });
        renamed.map(|((from, to), count)| (from.to_owned(), to.to_owned(), count)).collect()
    }
}

#[cfg(test)]
mod tests;
