//! Reads the journal of a run again.

use std::collections::{BTreeMap, BTreeSet};

use lakewright_template::StackAddress;

use super::line::{DIGITS, START, Wrong, decode, sum};
use super::{Begun, Entry, Intent};
use crate::machine::Outcome;

/// What to do about a journal that contradicts itself.
const START_ANEW: &str = "the file is not what a run has written; do not resume from it, but start a new run, which \
    looks at each stack first";

/// Why a journal cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReplayError {
    /// The first record is missing or not complete, so the run has changed nothing.
    #[error(
        "the journal has no complete record: the run was stopped before it changed anything; delete the file and start a \
         new run"
    )]
    Empty,
    /// Another version of the format.
    #[error(
        "line 1 of the journal: got format {got}, expected {}; resume with the version of Lakewright that wrote it, or \
         start a new run, which looks at each stack first",
        super::FORMAT
    )]
    Format {
        /// The format of the file.
        got: String,
    },
    /// A line that no run has written, or not at this position.
    #[error("line {line} of the journal: got `{got}`, expected {expected}; {START_ANEW}")]
    Line {
        /// The number of the line, from 1.
        line: usize,
        /// What the line has.
        got: String,
        /// What was expected.
        expected: String,
    },
}

/// The end of a journal whose last line is not complete, because the run was killed while it wrote the line. The request
/// of such a record was not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Torn {
    /// The number of the line, from 1.
    pub line: usize,
    /// The length of what is left of it, in bytes.
    pub bytes: usize,
}

/// What the journal of a run says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replay {
    /// What the run is about.
    pub begun: Begun,
    /// The last request to each stack that may have had an effect whose end is not known: it was not answered with an error,
    /// and the stack is not finished, or finished only because AWS could not be reached.
    pub open: BTreeMap<StackAddress, Intent>,
    /// The stacks whose work has ended, with the last outcome. Work on a stack that begins again removes its outcome.
    pub finished: BTreeMap<StackAddress, Outcome>,
    /// How often the work on each stack has ended.
    pub ends: BTreeMap<StackAddress, u32>,
    /// How many processes have gone on with the run.
    pub resumed: u32,
    /// How many requests each stack has had, for [`super::token`].
    pub requests: BTreeMap<StackAddress, u32>,
    /// Whether the run has ended: no process works on it.
    pub ended: bool,
    /// Why the run left stacks for later, if it did.
    pub stopped: Option<String>,
    /// The checksum of the last line, for [`super::encode`].
    pub sum: String,
    /// The length of all complete lines, in bytes.
    pub bytes: usize,
    /// The last line, if it is not complete. It is not counted.
    pub torn: Option<Torn>,
    /// The stack of each token that was sent and not answered.
    unanswered: BTreeMap<String, StackAddress>,
    /// All tokens.
    tokens: BTreeSet<String>,
}

impl Replay {
    /// Reads the bytes of a journal.
    ///
    /// # Errors
    ///
    /// A line was changed, removed, moved or added, or the first record is missing.
    pub fn read(bytes: &[u8]) -> Result<Self, ReplayError> {
        let mut replay: Option<Self> = None;
        let mut torn = None;
        for (line, raw) in (1..).zip(bytes.split_inclusive(|byte| *byte == b'\n')) {
            let Some(raw) = raw.strip_suffix(b"\n") else {
                torn = Some(Torn { line, bytes: raw.len() });
                break;
            };
            let before = replay.as_ref().map_or(START, |replay| replay.sum.as_str());
            let (sum, entry) = checked(line, raw, before)?;
            let mut so_far = match replay.take() {
                None => Self::begin(&entry).map_err(|expected| wrong(line, raw, expected))?,
                Some(mut so_far) => {
                    so_far.add(&entry).map_err(|expected| wrong(line, raw, expected))?;
                    so_far
                }
            };
            so_far.sum = sum;
            so_far.bytes += raw.len() + 1;
            replay = Some(so_far);
        }
        let mut replay = replay.ok_or(ReplayError::Empty)?;
        replay.torn = torn;
        Ok(replay)
    }

    /// A journal with nothing but its first record. The error is what was expected.
    fn begin(entry: &Entry) -> Result<Self, &'static str> {
        let Entry::Begun(begun) = entry else { return Err("the record `begun`") };
        Ok(Self {
            begun: begun.clone(),
            open: BTreeMap::new(),
            finished: BTreeMap::new(),
            ends: BTreeMap::new(),
            resumed: 0,
            requests: BTreeMap::new(),
            ended: false,
            stopped: None,
            sum: String::new(),
            bytes: 0,
            torn: None,
            unanswered: BTreeMap::new(),
            tokens: BTreeSet::new(),
        })
    }

    /// The state after a further record. The error is what was expected, and nothing changes.
    ///
    /// # Errors
    ///
    /// The record contradicts those before it.
    pub fn add(&mut self, entry: &Entry) -> Result<(), &'static str> {
        if self.ended && *entry != Entry::Resumed {
            return Err("the record `resumed` or nothing, as the run has ended");
        }
        match entry {
            Entry::Begun(_) => return Err("the record `begun` in the first line only"),
            Entry::Resumed => {
                self.ended = false;
                self.resumed += 1;
                self.stopped = None;
            }
            Entry::Intends(intent) => self.intends(intent)?,
            Entry::Answered { token, error } => {
                let Some(address) = self.unanswered.remove(token) else {
                    return Err("the answer to a request of a line above, once");
                };
                let is_last = |intent: &Intent| intent.token == *token;
                if error.is_some() && self.open.get(&address).is_some_and(is_last) {
                    self.open.remove(&address);
                }
            }
            Entry::Finished { address, outcome } => {
                if !matches!(outcome, Outcome::Unreachable(_)) {
                    self.open.remove(address);
                }
                self.finished.insert(address.clone(), outcome.clone());
                *self.ends.entry(address.clone()).or_default() += 1;
            }
            Entry::Ended { stopped } => {
                self.ended = true;
                self.stopped.clone_from(stopped);
            }
        }
        Ok(())
    }

    /// Notes the line that was written for the last record added.
    pub fn follow(&mut self, line: &str) {
        self.sum = line.chars().take(DIGITS).collect();
        self.bytes += line.len();
        self.torn = None;
    }

    fn intends(&mut self, intent: &Intent) -> Result<(), &'static str> {
        if !self.tokens.insert(intent.token.clone()) {
            return Err("a token that no request above has");
        }
        let address = &intent.address;
        *self.requests.entry(address.clone()).or_default() += 1;
        self.finished.remove(address);
        self.unanswered.insert(intent.token.clone(), address.clone());
        self.open.insert(address.clone(), intent.clone());
        Ok(())
    }
}

/// The checksum and the record of a complete line.
fn checked(line: usize, raw: &[u8], before: &str) -> Result<(String, Entry), ReplayError> {
    let text = std::str::from_utf8(raw).ok();
    let parts = text.and_then(|text| text.split_at_checked(DIGITS));
    let parts = parts.and_then(|(given, rest)| Some((given, rest.strip_prefix(' ')?)));
    let Some((given, json)) = parts else {
        return Err(wrong(line, raw, "a checksum of 16 digits, a space and a record"));
    };
    let right = sum(before, json);
    if given != right {
        let expected = format!("the checksum {right}");
        return Err(ReplayError::Line { line, got: given.to_owned(), expected });
    }
    match decode(json) {
        Ok(entry) => Ok((right, entry)),
        Err(Wrong::Format(got)) => Err(ReplayError::Format { got }),
        Err(Wrong::Record { got, expected }) => {
            Err(ReplayError::Line { line, got, expected: expected.to_owned() })
        }
    }
}

fn wrong(line: usize, raw: &[u8], expected: &str) -> ReplayError {
    let got = String::from_utf8_lossy(raw).chars().take(80).collect();
    ReplayError::Line { line, got, expected: expected.to_owned() }
}
