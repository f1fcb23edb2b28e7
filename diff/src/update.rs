//! What CloudFormation does with a changed resource, and the data that could be lost.
//!
//! [`judge`] decides from the schemas of all types, from what AWS documents beside them (`facts`), from the conditions of
//! resources (`presence`), from the references between resources (`carry`), from names that are taken (`taken`), and from
//! the policies on deletion and replacement (`data`). Values are resolved first, as far as they are known (`side`, `ways`).

mod carry;
mod cedar;
mod compare;
mod data;
mod exports;
mod facts;
mod interruptions;
mod judge;
mod pieces;
mod presence;
mod protection;
mod room;
mod rules;
mod side;
mod taken;
mod ways;

pub use exports::exports_changed;
pub(crate) use interruptions::unknown_interruptions;
pub use judge::judge;
pub use room::limits;

/// What CloudFormation does with a resource because of a changed property, from mild to severe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Update {
    /// Nothing: the property has no effect on the resource, such as a template's metadata.
    Nothing,
    /// It updates the resource in place.
    InPlace,
    /// It updates the resource in place, and the resource is interrupted meanwhile, or may be.
    Interrupts,
    /// It may replace the resource: the property is conditionally create-only, its value may be the same, the type is a
    /// custom resource, or the type's schema is not known or does not tell.
    MayReplace,
    /// It replaces the resource.
    Replaces,
    /// The update fails: the service refuses it.
    Fails,
}

/// What CloudFormation does with a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// What happens to the resource.
    pub fate: Fate,
    /// What happens to the data in the resource.
    pub data: DataEffect,
    /// Why, in sentences: the property that decides, the resource whose replacement is carried on by a reference, the
    /// name that is taken.
    pub reasons: Vec<String>,
}

/// What happens to a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fate {
    /// Nothing: only attributes or metadata differ.
    Unchanged,
    /// CloudFormation creates it.
    Created,
    /// CloudFormation updates it.
    Updated(Update),
    /// It leaves the template, and CloudFormation keeps it: `DeletionPolicy: Retain`.
    Retained,
    /// CloudFormation deletes it.
    Deleted,
    /// It moves to another stack or to another logical id: see the review's moves.
    Moved,
}

/// What happens to the data in a resource, from mild to severe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DataEffect {
    /// The type holds no data, or the data stays as it is.
    None,
    /// The data stays, and no stack has the resource any more.
    Orphaned,
    /// The data stays in the old resource, and everything that refers to the resource uses a new, empty one.
    LeftBehind,
    /// A snapshot stays, the resource is deleted.
    Snapshot,
    /// The data stays, and can no longer be read: its key is deleted or no longer used.
    Unreadable,
    /// The data is deleted, or the deletion fails because there is data.
    Lost,
}

/// What CloudFormation does with a resource that exists on both sides, while it is being decided.
#[derive(Debug, Clone)]
struct Verdict {
    update: Update,
    reasons: Vec<String>,
}

impl Default for Verdict {
    fn default() -> Self {
        Self { update: Update::Nothing, reasons: Vec::new() }
    }
}

impl Verdict {
    fn new(update: Update, reason: String) -> Self {
        Self { update, reasons: vec![reason] }
    }

    /// Whether the resource is replaced, or may be.
    fn is_replaced(&self) -> bool {
        matches!(self.update, Update::MayReplace | Update::Replaces)
    }

    fn add(&mut self, other: Self) {
        self.update = self.update.max(other.update);
        self.reasons.extend(other.reasons);
    }
}

#[cfg(test)]
mod tests;
