//! What a pipeline refuses in a change.

use clap::ValueEnum;
use lakewright_diff::access::Relation;
use lakewright_diff::decisions::DecisionKind;
use lakewright_diff::review::Review;
use lakewright_diff::update::{DataEffect, Fate, Update};

/// What a pipeline may refuse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FailOn {
    /// Somebody gains access, or it cannot be decided whether
    #[value(alias = "broadening")]
    AccessBroadened,
    /// Access governance newly allows requests, or it cannot be decided whether; told of two meshes only
    DecisionsBroadened,
    /// CloudFormation replaces a resource, may do so, or fails to update it
    Replacement,
    /// Data is deleted, can no longer be read, or is left behind
    DataLoss,
    /// A resource is replaced or deleted, or leaves its stack
    Destructive,
    /// Anything differs
    AnyChange,
}

impl FailOn {
    /// Whether a review has such a finding.
    pub(crate) fn is_met(self, review: &Review) -> bool {
        let resources = || review.stacks.iter().flat_map(|stack| &stack.resources);
        let is_replaced = |fate: Fate| {
            matches!(fate, Fate::Updated(Update::MayReplace | Update::Replaces | Update::Fails))
        };
        match self {
            Self::AccessBroadened => {
                review.access.iter().any(|one| one.relation != Relation::Narrower)
            }
            Self::DecisionsBroadened => {
                review.decisions.iter().flatten().any(|one| one.kind != DecisionKind::Lost)
            }
            Self::Replacement => resources().any(|one| is_replaced(one.outcome.fate)),
            Self::DataLoss => resources().any(|one| one.outcome.data > DataEffect::Orphaned),
            Self::Destructive => resources().any(|one| {
                is_replaced(one.outcome.fate)
                    || matches!(one.outcome.fate, Fate::Deleted | Fate::Retained)
            }),
            Self::AnyChange => differs(review),
        }
    }
}

/// Whether anything differs.
pub(crate) fn differs(review: &Review) -> bool {
    let decisions = review.decisions.iter().flatten();
    !review.stacks.is_empty() || !review.access.is_empty() || decisions.count() > 0
}
