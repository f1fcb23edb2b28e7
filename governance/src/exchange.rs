//! Access policies of other systems: read into documents of a mesh, and written for them.
//!
//! ```text
//! JSON of DataHub or Atlan -> Draft (an access policy, checked) -> YAML
//! access policies of a mesh -> JSON of DataHub
//! ```
//!
//! Nothing is read as more than it says. What has no counterpart is listed ([`Lost`]): a policy is left out as a whole
//! if a part that restricts it has none, or if its effect or its state is not known.

pub mod atlan;
pub mod datahub;
mod draft;
mod json;
mod names;
mod yaml;

pub use draft::Draft;
pub use json::{JsonError, parse};
pub use names::{Names, NamesError};

/// What an import gives.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Imported {
    /// The access policies, in the order of the input.
    pub policies: Vec<Draft>,
    /// What has no counterpart, in the order of the input.
    pub lost: Vec<Lost>,
}

/// Something that has no counterpart on the other side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lost {
    /// The place in the input: of JSON `$[2].info.effect`, of a mesh the id of the access policy.
    pub path: String,
    /// The policy, as the input names it.
    pub policy: String,
    /// What has no counterpart, and what that means.
    pub reason: String,
    /// How much of the policy is lost.
    pub extent: Extent,
}

/// How much of a policy is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Extent {
    /// The policy is left out.
    Policy,
    /// The rest of the policy is written. It allows less, or denies less, than the original.
    Part,
    /// Everything is written, and a reader should look at it.
    Note,
}

impl Extent {
    /// The word in output.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Policy => "policy",
            Self::Part => "part",
            Self::Note => "note",
        }
    }
}

/// Collects what one policy loses.
#[derive(Debug)]
pub(crate) struct Losses<'a> {
    policy: String,
    all: &'a mut Vec<Lost>,
    /// What stands as comments above the document.
    notes: Vec<String>,
    is_left_out: bool,
}

impl<'a> Losses<'a> {
    pub(crate) fn of(policy: impl Into<String>, all: &'a mut Vec<Lost>) -> Self {
        Self { policy: policy.into(), all, notes: Vec::new(), is_left_out: false }
    }

    fn push(&mut self, path: &str, reason: String, extent: Extent) {
        let (path, policy) = (path.to_owned(), self.policy.clone());
        self.all.push(Lost { path, policy, reason, extent });
    }

    /// Leaves the whole policy out.
    pub(crate) fn leave_out(&mut self, path: &str, reason: impl Into<String>) {
        self.is_left_out = true;
        self.push(path, reason.into(), Extent::Policy);
    }

    /// Leaves a part out.
    pub(crate) fn part(&mut self, path: &str, reason: impl Into<String>) {
        let reason = reason.into();
        self.notes.push(format!("left out: {reason}"));
        self.push(path, reason, Extent::Part);
    }

    /// Writes everything, and says what a reader should look at.
    pub(crate) fn note(&mut self, path: &str, reason: impl Into<String>) {
        let reason = reason.into();
        self.notes.push(reason.clone());
        self.push(path, reason, Extent::Note);
    }

    /// The comments of the document; `None` if the policy is left out.
    pub(crate) fn into_notes(self) -> Option<Vec<String>> {
        (!self.is_left_out).then_some(self.notes)
    }
}
