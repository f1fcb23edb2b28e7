//! How the program ends. The codes are stable: scripts depend on them.

use std::process::ExitCode;

use crate::ui::Ui;

/// How the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// What was asked for is done.
    Done,
    /// Something that should not happen happened, such as a full disk.
    Unexpected,
    /// The command line is wrong, or the mesh cannot be read.
    Usage,
    /// A check, a proof or a decision said no, or somebody else has to do something first.
    No,
    /// It cannot be said.
    Unknown,
    /// A deployment failed, and what it had done was undone; or AWS refused it before it did anything.
    RolledBack,
    /// A stack is in a state that somebody has to look at.
    Attention,
    /// Somebody said no or stopped it, nobody could be asked, or somebody else deploys the same.
    Declined,
    /// No credentials, no network, or too many requests.
    Unreachable,
}

impl Exit {
    /// The code.
    pub(crate) const fn number(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Unexpected => 1,
            Self::Usage => 2,
            Self::No => 4,
            Self::Unknown => 5,
            Self::RolledBack => 6,
            Self::Attention => 7,
            Self::Declined => 8,
            Self::Unreachable => 9,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.number())
    }
}

/// The code of a command's end; what went wrong is said.
pub(crate) fn code(result: Result<Exit, Failure>, ui: &mut Ui) -> ExitCode {
    let (exit, message) = match result {
        Err(Failure { exit, message }) => (exit, Some(message)),
        // What was written is not all there, whatever the command found.
        Ok(exit) => match ui.lost() {
            Some(message) => (Exit::Unexpected, Some(message)),
            None => (exit, None),
        },
    };
    if let Some(message) = message {
        ui.error(&message);
    }
    exit.into()
}

/// A command that could not do its work.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    pub(crate) message: String,
}

impl Failure {
    /// The command line is wrong, or something to read is not there.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self { exit: Exit::Usage, message: message.into() }
    }

    /// Something that should not happen happened.
    pub(crate) fn unexpected(message: impl Into<String>) -> Self {
        Self { exit: Exit::Unexpected, message: message.into() }
    }
}

impl From<lakewright_analysis::Error> for Failure {
    fn from(error: lakewright_analysis::Error) -> Self {
        let exit = if error.is_of_input() { Exit::Usage } else { Exit::Unexpected };
        Self { exit, message: error.to_string() }
    }
}

impl From<lakewright_analysis::ReadError> for Failure {
    fn from(error: lakewright_analysis::ReadError) -> Self {
        lakewright_analysis::Error::from(error).into()
    }
}

impl From<lakewright_analysis::WriteError> for Failure {
    fn from(error: lakewright_analysis::WriteError) -> Self {
        lakewright_analysis::Error::from(error).into()
    }
}

impl From<lakewright_analysis::decision::QuestionError> for Failure {
    fn from(error: lakewright_analysis::decision::QuestionError) -> Self {
        lakewright_analysis::Error::from(error).into()
    }
}
