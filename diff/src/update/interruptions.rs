//! Types of which it is not known whether an update in place interrupts their resources.

use std::collections::BTreeSet;

use lakewright_template::schema;

use super::facts::UPDATED;
use super::rules::NESTED;
use super::{Fate, Update};
use crate::change::StackChange;

/// A note on the types that a change updates in place, and whose updates may interrupt their resources for all that is known
/// here; `None` if there is none. No schema says it. [`INTERRUPTED`](super::facts::INTERRUPTED) has what the pages of the types
/// with a pinned schema say.
pub(crate) fn unknown_interruptions(stacks: &[StackChange]) -> Option<String> {
    let resources = stacks.iter().flat_map(|stack| &stack.resources);
    let in_place = resources.filter(|one| one.outcome.fate == Fate::Updated(Update::InPlace));
    let kinds: BTreeSet<&str> = in_place.map(|one| one.resource_type.as_ref()).collect();
    let is_unknown = |kind: &&str| {
        schema::kinds().all(|pinned| pinned != *kind) && *kind != NESTED && !UPDATED.contains(kind)
    };
    let unknown: Vec<&str> = kinds.into_iter().filter(is_unknown).collect();
    (!unknown.is_empty()).then(|| {
        format!(
            "Whether an update in place interrupts the resource is not known of these types: {}. See `Update requires` on their \
             pages in the CloudFormation template reference.",
            unknown.join(", ")
        )
    })
}
