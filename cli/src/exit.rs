//! Exit codes. They are stable, because scripts depend on them.

use std::process::ExitCode;

use crate::ui::Ui;

/// An exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// The command succeeded.
    Done,
    /// An unexpected error, such as a full disk.
    Unexpected,
    /// The command line is wrong, or the mesh cannot be read.
    Usage,
    /// The sides of a change differ.
    Differs,
    /// A check or proof failed, a request is denied, or somebody else has to act first.
    No,
    /// The decision is unknown.
    Unknown,
    /// A deployment failed and was rolled back, or AWS refused it before any change.
    RolledBack,
    /// A stack is in a state that needs attention.
    Attention,
    /// The user declined or stopped the run, no confirmation was possible, or another run deploys
    /// the same mesh.
    Declined,
    /// No credentials, no network, or too many requests.
    Unreachable,
}

impl Exit {
    /// The number of the code.
    pub(crate) const fn number(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Unexpected => 1,
            Self::Usage => 2,
            Self::Differs => 3,
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

/// The exit code of a command's result. Prints the error, if any.
pub(crate) fn code(result: Result<Exit, Failure>, ui: &mut Ui) -> ExitCode {
    let (exit, message) = match result {
        Err(Failure { exit, message }) => (exit, Some(message)),
        // The output is incomplete, whatever the result.
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

/// The failure of a command.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    pub(crate) message: String,
}

impl Failure {
    /// A failure with [`Exit::Usage`]: wrong usage, or an input that cannot be read.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self { exit: Exit::Usage, message: message.into() }
    }

    /// A failure with [`Exit::Unexpected`].
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
