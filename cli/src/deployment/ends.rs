//! How the work on a stack ended, in words.

use lakewright_fleet::machine::Outcome;
use lakewright_fleet::schedule::Because;

/// The error message of a bad outcome; `None` for a good one.
pub(super) fn wrong(outcome: &Outcome) -> Option<String> {
    match outcome {
        Outcome::Created | Outcome::Updated | Outcome::Unchanged | Outcome::Deleted => None,
        Outcome::Declined => Some("declined; nothing was changed".to_owned()),
        Outcome::RolledBack => Some("failed, and CloudFormation rolled it back".to_owned()),
        Outcome::Refused(reason) => Some(format!("refused: {reason}")),
        Outcome::Overtaken(reason) => Some(format!("left to another deployment: {reason}")),
        Outcome::NeedsAttention(advice) => Some(format!("needs attention: {advice}")),
        Outcome::Unreachable(reason) => Some(reason.clone()),
    }
}

/// An outcome in one word.
pub(super) const fn word(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Created => "created",
        Outcome::Updated => "updated",
        Outcome::Unchanged => "unchanged",
        Outcome::Deleted => "deleted",
        Outcome::Declined => "declined",
        Outcome::RolledBack => "rolled back",
        Outcome::Refused(_) => "refused",
        Outcome::Overtaken(_) => "overtaken",
        Outcome::NeedsAttention(_) => "needs attention",
        Outcome::Unreachable(_) => "unreachable",
    }
}

/// Why a stack is skipped. `is_going` says whether it was to be deleted.
pub(super) fn why_skipped(because: &Because, is_going: bool) -> String {
    match because {
        Because::Stack(other) if is_going => format!("{other} depends on it and was not deleted"),
        Because::Stack(other) => format!("it depends on {other}"),
        Because::Stopped(_) | Because::SetAside => because.to_string(),
    }
}
