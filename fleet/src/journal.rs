//! What a run writes down: before each request that changes something, and after its answer. Pure.
//!
//! Each such request carries the token of its record. CloudFormation shows the token in the events of the operation, so
//! a run that was killed, or that lost an answer, finds out whether the request had an effect.

use lakewright_template::StackAddress;
use sha2::{Digest as _, Sha256};

use crate::machine::Outcome;

/// A request to CloudFormation that changes something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operation {
    /// `CreateChangeSet`.
    Prepare,
    /// `ExecuteChangeSet`.
    Execute,
    /// `DeleteStack`.
    Delete,
    /// `ContinueUpdateRollback`.
    ContinueRollback,
}

impl Operation {
    /// All operations.
    pub const ALL: [Self; 4] = [Self::Prepare, Self::Execute, Self::Delete, Self::ContinueRollback];

    /// The word in the journal.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Prepare => "prepare",
            Self::Execute => "execute",
            Self::Delete => "delete",
            Self::ContinueRollback => "continue-rollback",
        }
    }
}

/// The record of one request, written before it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intent {
    /// The stack.
    pub address: StackAddress,
    /// The request.
    pub operation: Operation,
    /// The token that the request carries.
    pub token: String,
    /// The change set, for [`Operation::Execute`].
    pub change_set: Option<String>,
    /// Whether the change set creates the stack.
    pub creates: bool,
}

/// One record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// A request is sent next.
    Intends(Intent),
    /// CloudFormation answered the request with this token. Without an error it has begun; otherwise nothing was begun.
    Answered {
        /// The token.
        token: String,
        /// Why CloudFormation refused it.
        error: Option<String>,
    },
    /// The work on a stack has ended.
    Finished {
        /// The stack.
        address: StackAddress,
        /// The outcome.
        outcome: Outcome,
    },
}

/// Why a record could not be written. Nothing may be changed then.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the journal cannot be written: {0}")]
pub struct JournalError(pub String);

/// Where records are written. [`Self::write`] returns only after the record is safe.
pub trait Journal {
    /// Writes a record.
    fn write(&self, entry: &Entry) -> Result<(), JournalError>;
}

/// Keeps nothing: for runs that cannot be resumed.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoJournal;

impl Journal for NoJournal {
    fn write(&self, _: &Entry) -> Result<(), JournalError> {
        Ok(())
    }
}

/// The token of a request: at most 128 letters, digits and hyphens, as CloudFormation takes them. Two requests of a run
/// have two tokens; `count` numbers the requests to one stack.
pub fn token(run: &str, address: &StackAddress, operation: Operation, count: u32) -> String {
    let text = format!("{run}\n{address}\n{}\n{count}", operation.as_str());
    let digest = Sha256::digest(text.as_bytes());
    let hex: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("lakewright-{}-{hex}", operation.as_str())
}
