//! The whole review of a change.

use crate::Stack;
use crate::access::{AccessChange, Side, compare};
use crate::change::{self, StackChange};

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
    let stacks = change::stacks(before, after);
    let (access, notes) = compare(sides[0], sides[1], &stacks);
    Review { stacks, equal: 0, access, moves: Vec::new(), notes }
}
