//! What happens while stacks are deployed, for people and programs.

use lakewright_template::StackAddress;

use crate::machine::Outcome;

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Work on a stack begins.
    Started {
        /// The stack.
        address: StackAddress,
    },
    /// The changes that a change set would make.
    Changes {
        /// The stack.
        address: StackAddress,
        /// The changes.
        changes: Vec<Change>,
    },
    /// CloudFormation reports on a resource.
    Resource {
        /// The stack.
        address: StackAddress,
        /// The resource's logical id.
        logical_id: String,
        /// Its type.
        kind: String,
        /// Its status.
        status: String,
        /// Why, when something went wrong.
        reason: Option<String>,
    },
    /// A file was uploaded.
    Uploaded {
        /// The stack that needs it.
        address: StackAddress,
        /// Where it is, as `s3://bucket/key`.
        target: String,
    },
    /// Work on a stack ended.
    Finished {
        /// The stack.
        address: StackAddress,
        /// How.
        outcome: Outcome,
    },
    /// Something that people should know.
    Note {
        /// The stack.
        address: StackAddress,
        /// What.
        text: String,
    },
    /// A stack was left alone, because one that it depends on is not there.
    Skipped {
        /// The stack.
        address: StackAddress,
        /// The stack that it waits for.
        because: StackAddress,
    },
}

/// A resource that CloudFormation would not make or change, found before it did anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    /// The resource's logical id.
    pub logical_id: String,
    /// Its type.
    pub kind: String,
    /// Why.
    pub reason: String,
}

impl Rejection {
    /// The status under which it is told as the event of a resource.
    pub const STATUS: &str = "VALIDATION_FAILED";
}

/// One change of a change set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// `Add`, `Modify`, `Remove` and so on.
    pub action: String,
    /// The resource's logical id.
    pub logical_id: String,
    /// Its type.
    pub kind: String,
    /// `True`, `False` or `Conditional`, for changes.
    pub replacement: Option<String>,
}
