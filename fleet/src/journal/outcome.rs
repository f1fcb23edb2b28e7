//! Outcomes as words and texts that do not change between versions.

use crate::machine::Outcome;

impl Outcome {
    /// The word for programs. It never changes.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Updated => "updated",
            Self::Unchanged => "unchanged",
            Self::Deleted => "deleted",
            Self::Declined => "declined",
            Self::RolledBack => "rolled-back",
            Self::Refused(_) => "refused",
            Self::Overtaken(_) => "overtaken",
            Self::NeedsAttention(_) => "needs-attention",
            Self::Unreachable(_) => "unreachable",
        }
    }

    /// The text, for outcomes that have one.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Created
            | Self::Updated
            | Self::Unchanged
            | Self::Deleted
            | Self::Declined
            | Self::RolledBack => None,
            Self::Refused(text)
            | Self::Overtaken(text)
            | Self::NeedsAttention(text)
            | Self::Unreachable(text) => Some(text),
        }
    }

    /// The outcome with this word and text. `None` if no outcome has the word, or if a text is missing or too much.
    pub fn parse(code: &str, text: Option<&str>) -> Option<Self> {
        Some(match (code, text.map(str::to_owned)) {
            ("created", None) => Self::Created,
            ("updated", None) => Self::Updated,
            ("unchanged", None) => Self::Unchanged,
            ("deleted", None) => Self::Deleted,
            ("declined", None) => Self::Declined,
            ("rolled-back", None) => Self::RolledBack,
            ("refused", Some(text)) => Self::Refused(text),
            ("overtaken", Some(text)) => Self::Overtaken(text),
            ("needs-attention", Some(text)) => Self::NeedsAttention(text),
            ("unreachable", Some(text)) => Self::Unreachable(text),
            _ => return None,
        })
    }
}
