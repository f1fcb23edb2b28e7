//! Events during a deployment, for people and programs.

use lakewright_template::StackAddress;

use crate::machine::Outcome;
use crate::schedule::Because;

/// An event during a deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Work on a stack starts.
    Started {
        /// The stack.
        address: StackAddress,
    },
    /// A change set's planned changes.
    Changes {
        /// The stack, as `account/region/name`.
        address: StackAddress,
        /// The changes.
        changes: Vec<Change>,
    },
    /// CloudFormation reports the status of a resource.
    Resource {
        /// The stack, as `account/region/name`.
        address: StackAddress,
        /// The resource's logical id.
        logical_id: String,
        /// Its resource type.
        kind: String,
        /// Its status.
        status: String,
        /// The reason of a failure.
        reason: Option<String>,
    },
    /// A file of a stack was uploaded.
    Uploaded {
        /// The stack that needs it, as `account/region/name`.
        address: StackAddress,
        /// Its location, as `s3://bucket/key`.
        target: String,
    },
    /// Work on a stack has ended.
    Finished {
        /// The stack, as `account/region/name`.
        address: StackAddress,
        /// The outcome.
        outcome: Outcome,
    },
    /// A note for people.
    Note {
        /// The stack, as `account/region/name`.
        address: StackAddress,
        /// The text.
        text: String,
    },
    /// A stack was skipped.
    Skipped {
        /// The stack, as `account/region/name`.
        address: StackAddress,
        /// Why: the stack that caused it, or why nothing more is started.
        because: Because,
    },
}

/// A resource that CloudFormation's validation refused before it changed anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    /// The resource's logical id.
    pub logical_id: String,
    /// Its resource type.
    pub kind: String,
    /// The reason.
    pub reason: String,
}

impl Rejection {
    /// The status with which a rejection is reported as the event of a resource.
    pub const STATUS: &str = "VALIDATION_FAILED";
}

/// One change of a change set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// `Add`, `Modify`, `Remove` and so on.
    pub action: String,
    /// The resource's logical id.
    pub logical_id: String,
    /// Its resource type.
    pub kind: String,
    /// For a modification, whether it replaces the resource: `True`, `False` or `Conditional`.
    pub replacement: Option<String>,
}
