//! The errors of this crate.

use std::io;
use std::path::{Path, PathBuf};

use lakewright_access::world::PieceError;
use lakewright_template::{StackAddress, read};

use crate::decision::QuestionError;
use crate::folder::Unread;
use crate::revision::RevisionError;
use crate::subject::{BoundaryError, PolicyError};

/// Why an analysis failed. Each error has a stable code.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A mesh, a folder of templates or a policy cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// An assembly cannot be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// Stacks depend on each other in a circle; their addresses. A defect of Lakewright.
    #[error("stacks wait for each other: {}", listed(.0))]
    Circle(Vec<StackAddress>),
    /// A template that was just synthesized cannot be read. A defect of Lakewright.
    #[error("{0}")]
    Made(PieceError),
    /// A question is about something that does not exist.
    #[error(transparent)]
    Question(#[from] QuestionError),
}

impl Error {
    /// The stable code of the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Read(error) => error.code(),
            Self::Write(error) => error.code(),
            Self::Circle(_) => "circle",
            Self::Made(_) => "unreadable-template-made",
            Self::Question(error) => error.code(),
        }
    }

    /// Whether the input is wrong, so that the caller can correct it, rather than Lakewright or the machine.
    pub fn is_of_input(&self) -> bool {
        match self {
            Self::Read(_) | Self::Question(_) => true,
            Self::Write(error) => error.is_of_input(),
            Self::Circle(_) | Self::Made(_) => false,
        }
    }
}

fn listed(addresses: &[StackAddress]) -> String {
    addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// Why a mesh, a folder of templates or a policy cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The operating system cannot read it.
    #[error("{} cannot be read: {source}", .path.display())]
    Unreadable {
        /// The file or folder.
        path: PathBuf,
        /// The operating system's error.
        source: io::Error,
    },
    /// Nothing says which stacks `deployed` means.
    #[error(
        "`deployed` needs a mesh on the other side, which names the accounts to look into; expected the folder of a mesh or git:REV:PATH"
    )]
    Deployed,
    /// The template of a deployed stack cannot be read.
    #[error(
        "the deployed template of {stack} cannot be read: {source}; it was not written by Lakewright, or was changed since"
    )]
    DeployedTemplate {
        /// The stack, as `account/region/name`.
        stack: String,
        /// What is wrong with the template.
        source: read::ReadError,
    },
    /// The path is an assembly; a mesh is expected.
    #[error(
        "{} is an assembly; expected a mesh here (`prove`, `access`, `can`, `why`, `graph` and `check` take one with `--assembly`)",
        .0.display()
    )]
    IsAssembly(PathBuf),
    /// A folder is not an assembly.
    #[error(
        "{} has no assembly.json; expected a folder that `lakewright synth MESH --out` wrote",
        .0.display()
    )]
    NoAssembly(PathBuf),
    /// A file of an assembly does not have the expected form.
    #[error("{} is not a file of an assembly: {source}; `synth` writes them", .path.display())]
    NotOfAssembly {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// A template of an assembly cannot be read.
    #[error("{}: {source}", .path.display())]
    Template {
        /// The template.
        path: PathBuf,
        /// What is wrong with it.
        source: read::ReadError,
    },
    /// A part of a template that concerns access cannot be read.
    #[error("{0}")]
    Piece(#[from] PieceError),
    /// The folder or file contains no template.
    #[error("{}", nothing_in(.folder, .left_out))]
    NoTemplate {
        /// The folder.
        folder: PathBuf,
        /// The files in it that were left out.
        left_out: Vec<Unread>,
    },
    /// The earlier version of a mesh has errors, so nothing can be compared with it.
    #[error(
        "{} has errors, so nothing can be compared with it; `lakewright check` shows them",
        .0.display()
    )]
    WrongBase(PathBuf),
    /// A file with policies is not JSON.
    #[error("{}: this is not JSON: {source}", .path.display())]
    NotJson {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// A policy of the organization, a boundary or a session policy is not valid.
    #[error("{}: {problem}", .path.display())]
    Policy {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: PolicyError,
    },
    /// A permissions boundary does not match the templates.
    #[error(transparent)]
    Boundary(#[from] BoundaryError),
    /// A mesh cannot be read at a revision of a git repository.
    #[error(transparent)]
    Revision(#[from] RevisionError),
}

impl ReadError {
    /// The stable code of the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => "unreadable",
            Self::Deployed => "deployed-without-mesh",
            Self::IsAssembly(_) => "assembly-instead-of-mesh",
            Self::NoAssembly(_) => "not-an-assembly",
            Self::NotOfAssembly { .. } => "not-a-file-of-an-assembly",
            Self::DeployedTemplate { .. } | Self::Template { .. } | Self::Piece(_) => {
                "unreadable-template"
            }
            Self::NoTemplate { .. } => "no-template",
            Self::WrongBase(_) => "wrong-base",
            Self::NotJson { .. } => "not-json",
            Self::Policy { .. } => "not-a-policy",
            Self::Boundary(_) => "boundary",
            Self::Revision(error) => error.code(),
        }
    }

    pub(crate) fn unreadable(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        |source| Self::Unreadable { path, source }
    }
}

/// The message for a folder or file without a template.
fn nothing_in(folder: &Path, left_out: &[Unread]) -> String {
    let first = left_out.first().map(|first| format!("; {}", first.show())).unwrap_or_default();
    let more = match left_out.len() {
        0 | 1 => String::new(),
        2 => ", and so is one more file".to_owned(),
        several => format!(", and so are {} more files", several - 1),
    };
    format!(
        "there is no template in {}; expected an assembly, or templates in JSON or YAML{first}{more}",
        folder.display()
    )
}

/// Why an assembly cannot be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// The operating system cannot write it.
    #[error("{} cannot be written: {source}", .path.display())]
    Unwritable {
        /// The file or folder.
        path: PathBuf,
        /// The operating system's error.
        source: io::Error,
    },
    /// The output folder is a file.
    #[error("{} is a file; `--out` takes a folder", .0.display())]
    IsFile(PathBuf),
    /// A file that Lakewright did not write has the path of a file of the assembly.
    #[error("{} is in the way and was not written by Lakewright", .0.display())]
    InTheWay(PathBuf),
    /// A value cannot be written as JSON. A defect of Lakewright.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
}

impl WriteError {
    /// The stable code of the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unwritable { .. } => "unwritable",
            Self::IsFile(_) => "file-instead-of-folder",
            Self::InTheWay(_) => "in-the-way",
            Self::Json(_) => "unwritable-json",
        }
    }

    fn is_of_input(&self) -> bool {
        match self {
            Self::IsFile(_) | Self::InTheWay(_) => true,
            Self::Unwritable { .. } | Self::Json(_) => false,
        }
    }

    pub(crate) fn unwritable(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        |source| Self::Unwritable { path, source }
    }
}
