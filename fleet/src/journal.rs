//! What a run writes down: before each request that changes something, and after its answer. Pure.
//!
//! Each such request carries the token of its record. CloudFormation shows the token in the events of the operation, so
//! a run that was killed, or that lost an answer, finds out whether the request had an effect.
//!
//! [`encode`] writes a record as a line, [`Replay`] reads the lines of a run again. [`Hidden`] removes secrets from texts
//! before they are written.

mod hidden;
mod line;
mod outcome;
mod replay;

use std::collections::BTreeMap;

use lakewright_template::StackAddress;
use sha2::{Digest as _, Sha256};

pub use self::hidden::Hidden;
pub use self::line::encode;
pub use self::replay::{Replay, ReplayError, Torn};
use crate::machine::Outcome;
use crate::shard::Shard;

/// The version of the journal's format.
pub const FORMAT: u64 = 1;

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

    /// The operation with this word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|operation| operation.as_str() == word)
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

/// What a run is about: the first record of its journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Begun {
    /// The run's id. All tokens of the run are made from it, also after it was resumed.
    pub run: String,
    /// The id of the mesh.
    pub mesh: String,
    /// The digest of the wanted stacks: [`plan_digest`].
    pub plan: String,
    /// The shard, if the run has only a part of the stacks.
    pub shard: Option<Shard>,
}

/// One record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// The run begins. Only the first record is one.
    Begun(Begun),
    /// A process goes on with the run.
    Resumed,
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
    /// The run has ended.
    Ended {
        /// Why it left stacks for a later run, if it did, such as a signal. Then the run can be resumed.
        stopped: Option<String>,
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

/// The digest of a plan: of the wanted stacks' addresses and revisions, in any order. A run is resumed only with the same
/// digest.
pub fn plan_digest<'s>(wanted: impl IntoIterator<Item = (&'s StackAddress, &'s str)>) -> String {
    let wanted: BTreeMap<&StackAddress, &str> = wanted.into_iter().collect();
    let mut hash = Sha256::new();
    for (address, revision) in wanted {
        for text in [address.to_string().as_str(), revision] {
            // With its length, no text can pass for the beginning of the next one.
            hash.update(format!("{}:{text}", text.len()));
        }
    }
    hex(&hash.finalize(), 16)
}

/// The first bytes of a digest, as two hexadecimal digits each.
pub(crate) fn hex(digest: &[u8], bytes: usize) -> String {
    let digits = |byte: &u8| [byte >> 4, byte & 15];
    let digits = digest.iter().take(bytes).flat_map(digits);
    digits.filter_map(|digit| char::from_digit(u32::from(digit), 16)).collect()
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
    format!("lakewright-{}-{}", operation.as_str(), hex(&digest, 16))
}

#[cfg(test)]
mod tests;
