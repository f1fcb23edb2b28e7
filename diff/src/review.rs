//! The whole review of a change.

use crate::Stack;
use crate::access::{AccessChange, Side, compare};
use crate::change::{self, ChangeKind, ResourceChange, StackChange};
use crate::moves::{self, Moves};
use crate::update::{judge, limits};

/// What a change does.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Review {
    /// The stacks that differ, sorted.
    pub stacks: Vec<StackChange>,
    /// The number of stacks that are equal on both sides.
    pub equal: usize,
    /// The principals whose access differs, broadened access first.
    pub access: Vec<AccessChange>,
    /// Resources that move between stacks.
    pub moves: Vec<Move>,
    /// What was left out or could not be compared, each in a sentence.
    pub notes: Vec<String>,
}

/// A resource that moves to another stack or to another logical id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Move {
    /// The resource type.
    pub resource_type: String,
    /// The stack and the logical id before the change.
    pub from: (String, String),
    /// The stack and the logical id after the change.
    pub to: (String, String),
    /// Why CloudFormation's stack refactoring cannot do it; empty if it can.
    pub obstacles: Vec<String>,
}

/// Reviews a change: the stacks that may differ, sorted by address, and the access of both sides. The number of equal
/// stacks is left to the caller, who knows all of them.
pub fn of(before: &[Stack<'_>], after: &[Stack<'_>], sides: [&Side<'_>; 2]) -> Review {
    let mut stacks = change::stacks(before, after);
    for stack in &mut stacks {
        let [old, new] = [before, after].map(|side| of_address(side, &stack.stack));
        judge(stack, old, new);
        for resource in &mut stack.resources {
            add_lines(resource, old, new);
        }
    }
    let Moves { moves, renamed_stacks, notes: of_moves } = moves::find(before, after, &mut stacks);
    let (access, mut notes) = compare(sides[0], sides[1], &stacks);
    notes.extend(of_moves);
    let renamed = renamed_stacks.into_iter();
    notes.extend(renamed.map(|(old, new)| format!("the stack {old} is renamed to {new}")));
    for stack in &stacks {
        let of = |side: &[Stack<'_>]| {
            let stack = of_address(side, &stack.stack);
            stack.map(|stack| limits(stack.template)).unwrap_or_default()
        };
        let known = of(before);
        let near = of(after).into_iter().filter(|sentence| !known.contains(sentence));
        notes.extend(near.map(|sentence| format!("{}: {sentence}", stack.stack)));
    }
    Review { stacks, equal: 0, access, moves, notes }
}

fn of_address<'t>(side: &[Stack<'t>], address: &str) -> Option<Stack<'t>> {
    let place = side.binary_search_by(|stack| stack.address.cmp(address)).ok()?;
    side.get(place).copied()
}

/// Adds the manifest lines of a resource that changes only because of another one.
fn add_lines(resource: &mut ResourceChange, before: Option<Stack<'_>>, after: Option<Stack<'_>>) {
    let lines = |stack: Option<Stack<'_>>| {
        let lines = stack.map(|stack| stack.lines)?;
        lines.get(resource.logical_id.as_str()).or_else(|| lines.get("*")).cloned()
    };
    if resource.kind != ChangeKind::Changed {
        return;
    }
    let (of_before, of_after) = (lines(before), lines(after));
    if resource.lines_before.is_empty() {
        resource.lines_before = of_before.unwrap_or_default();
    }
    if resource.lines_after.is_empty() {
        resource.lines_after = of_after.unwrap_or_default();
    }
}
