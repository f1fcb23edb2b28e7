//! Why a revision cannot be read.

use std::io;
use std::path::PathBuf;

/// How to read the files of a revision that git alone cannot give.
const CHECK_OUT: &str =
    "check the revision out with `git worktree add FOLDER REV`, and pass that folder";

/// Why a text is not a revision. Each error has a stable code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SyntaxError {
    /// The text does not begin with `git:`.
    #[error("got `{given}`, expected a revision such as `git:main:mesh/`")]
    NoPrefix {
        /// The text.
        given: String,
    },
    /// No revision is named.
    #[error(
        "`{given}` names no revision, expected `git:REV:PATH` such as `git:main:mesh/`; pass the mesh's folder to read files \
         that are not committed"
    )]
    NoRevision {
        /// The text.
        given: String,
    },
    /// The path is absolute.
    #[error(
        "the path `{path}` of `{given}` is absolute, expected one from the repository's root such as `mesh/`, or from the \
         current folder such as `./mesh/`"
    )]
    Absolute {
        /// The text.
        given: String,
        /// The path.
        path: String,
    },
}

impl SyntaxError {
    /// The stable code of the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoPrefix { .. } => "not-a-revision",
            Self::NoRevision { .. } => "revision-without-name",
            Self::Absolute { .. } => "absolute-path",
        }
    }
}

/// Why a mesh cannot be read at a revision. Each error has a stable code.
///
/// Paths are relative to the repository's root.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RevisionError {
    /// There is no `git` program.
    #[error("the program `git` is not found; install git, or pass folders instead of revisions")]
    NoGit {
        /// The operating system's error.
        source: io::Error,
    },
    /// The `git` program cannot be started or read from.
    #[error("`git` cannot be run in {}: {source}", .folder.display())]
    NotRun {
        /// The folder that git is started in.
        folder: PathBuf,
        /// The operating system's error.
        source: io::Error,
    },
    /// The folder is not in a repository.
    #[error(
        "{} is not in a git repository; run this in the repository that has the revision",
        .folder.display()
    )]
    NoRepository {
        /// The folder.
        folder: PathBuf,
    },
    /// Git reports an error that has no kind of its own, such as a repository of another owner.
    #[error("git cannot read the repository of {}: {said}", .folder.display())]
    Failed {
        /// The folder.
        folder: PathBuf,
        /// Git's message.
        said: String,
    },
    /// An answer of git has another form than its documentation says.
    #[error(
        "got the answer `{answer}` from git, expected {expected}; `git fsck` checks the repository"
    )]
    Answer {
        /// The answer.
        answer: String,
        /// The form of the answer that was expected.
        expected: &'static str,
    },
    /// The repository has no such revision.
    #[error(
        "the repository has no revision `{name}`; expected a branch, tag or commit: `git branch --all` lists the branches"
    )]
    UnknownRevision {
        /// The name.
        name: String,
    },
    /// The revision is not known, and the clone has only the newest commits.
    #[error(
        "the repository has no revision `{name}`, and is a shallow clone: get the history with `git fetch --unshallow`, or in a \
         pipeline with `fetch-depth: 0` (GitHub) or `GIT_DEPTH: 0` (GitLab)"
    )]
    Shallow {
        /// The name.
        name: String,
    },
    /// Only a remote repository has a branch of this name.
    #[error(
        "the repository has no revision `{name}`, but `{remote}`; expected `git:{remote}:PATH`"
    )]
    OnlyRemote {
        /// The name.
        name: String,
        /// The branch of the remote repository.
        remote: String,
    },
    /// The name does not lead to one commit.
    #[error("`{name}` is not one commit, expected a branch, tag or commit: {said}")]
    NotACommit {
        /// The name.
        name: String,
        /// Git's message, or its answer.
        said: String,
    },
    /// A path relative to the current folder is given, and the current folder is not in a work tree.
    #[error(
        "{} is not in a work tree, so `{path}` has no meaning there; expected a path from the repository's root, without `./`",
        .folder.display()
    )]
    NoWorkTree {
        /// The folder.
        folder: PathBuf,
        /// The path.
        path: String,
    },
    /// The path leads out of the repository.
    #[error("the path `{path}` leads out of the repository; expected a path in it")]
    Outside {
        /// The path.
        path: String,
    },
    /// The revision has nothing at the path.
    #[error(
        "the revision `{name}` has no file or folder `{path}`; paths are relative to the repository's root unless they begin \
         with `./`, and `git ls-tree -r --name-only {name}` lists them"
    )]
    NoPath {
        /// The name of the revision.
        name: String,
        /// The path.
        path: String,
    },
    /// A symbolic link is in the mesh, or in the path to the mesh.
    #[error(
        "`{path}` is a symbolic link, and git has only the name of its target; put the file or folder in its place, or {CHECK_OUT}"
    )]
    Link {
        /// The link.
        path: String,
    },
    /// A submodule is in the mesh, or in the path to the mesh.
    #[error(
        "`{path}` is a submodule, and its files are in another repository; move them into this repository, or {CHECK_OUT}"
    )]
    Submodule {
        /// The submodule.
        path: String,
    },
    /// Git has a pointer of Git LFS instead of the file.
    #[error(
        "`{path}` is in Git LFS, and git has only a pointer to its content; take it out of LFS with \
         `git lfs migrate export`, or {CHECK_OUT}"
    )]
    Lfs {
        /// The file.
        path: String,
    },
    /// The clone is partial and lacks a file or folder.
    #[error(
        "the clone is partial and lacks `{path}`; nothing is fetched to read a revision: get all files with \
         `git fetch --refetch --no-filter`, or clone without `--filter`"
    )]
    Partial {
        /// The file or folder.
        path: String,
    },
    /// The repository lacks a file that its commit has.
    #[error("the repository is damaged, it lacks `{path}`; `git fsck` lists all that it lacks")]
    Damaged {
        /// The file.
        path: String,
    },
    /// Folders are nested too deep.
    #[error("`{path}` lies more than {levels} folders deep in the mesh; move it up")]
    TooDeep {
        /// The file.
        path: String,
        /// The highest number of folders.
        levels: usize,
    },
}

impl RevisionError {
    /// The stable code of the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoGit { .. } => "no-git",
            Self::NotRun { .. } => "git-not-run",
            Self::NoRepository { .. } => "no-repository",
            Self::Failed { .. } => "git-failed",
            Self::Answer { .. } => "git-answer",
            Self::UnknownRevision { .. } => "unknown-revision",
            Self::Shallow { .. } => "shallow-clone",
            Self::OnlyRemote { .. } => "remote-branch",
            Self::NotACommit { .. } => "not-a-commit",
            Self::NoWorkTree { .. } => "no-work-tree",
            Self::Outside { .. } => "outside-repository",
            Self::NoPath { .. } => "not-in-revision",
            Self::Link { .. } => "link-in-revision",
            Self::Submodule { .. } => "submodule-in-revision",
            Self::Lfs { .. } => "lfs-pointer",
            Self::Partial { .. } => "partial-clone",
            Self::Damaged { .. } => "damaged-repository",
            Self::TooDeep { .. } => "too-deep",
        }
    }
}
