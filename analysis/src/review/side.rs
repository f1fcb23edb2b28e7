//! The two sides of a review, as they are named on the command line.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::revision::{self, Revision, SyntaxError};

/// The word for what is deployed.
const DEPLOYED: &str = "deployed";

/// The place that one side of a review is read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Side {
    /// A mesh, an assembly, or a folder of anybody's templates.
    Folder(PathBuf),
    /// A mesh, whatever else is in its folder.
    Mesh(PathBuf),
    /// A mesh at a revision of a git repository.
    Revision(Revision),
    /// The stacks that are deployed.
    Deployed,
}

impl Side {
    /// Reads `deployed`, `git:REV:PATH`, or a path. A folder of one of these names is given with `./` before it.
    ///
    /// # Errors
    ///
    /// The text is empty, or not a revision although it begins with `git:`.
    pub fn parse(text: &str) -> Result<Self, SideError> {
        if text.is_empty() {
            Err(SideError::Empty)
        } else if text == DEPLOYED {
            Ok(Self::Deployed)
        } else if text.starts_with(revision::PREFIX) {
            Ok(Self::Revision(Revision::parse(text)?))
        } else {
            Ok(Self::Folder(PathBuf::from(text)))
        }
    }

    /// Reads `git:REV:PATH`, or the path of a mesh or of an assembly.
    ///
    /// # Errors
    ///
    /// As in [`Self::parse`].
    pub fn parse_mesh(text: &str) -> Result<Self, SideError> {
        Ok(match Self::parse(text)? {
            Self::Revision(revision) => Self::Revision(revision),
            Self::Folder(_) | Self::Mesh(_) | Self::Deployed => Self::of_mesh(Path::new(text)),
        })
    }

    /// The mesh or the assembly at a path.
    pub fn of_mesh(path: &Path) -> Self {
        let is_assembly = path.join("assembly.json").is_file();
        if is_assembly { Self::Folder(path.to_owned()) } else { Self::Mesh(path.to_owned()) }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(path) | Self::Mesh(path) => write!(out, "{}", path.display()),
            Self::Revision(revision) => write!(out, "{revision}"),
            Self::Deployed => out.write_str(DEPLOYED),
        }
    }
}

/// Why a text is not a side of a review. Each error has a stable code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SideError {
    /// The text is empty.
    #[error("got an empty text, expected a folder, `git:REV:PATH` or `deployed`")]
    Empty,
    /// The text begins with `git:` and is not a revision.
    #[error("{0}; a folder of this name is given with `./` before it")]
    Revision(#[from] SyntaxError),
}

impl SideError {
    /// The stable code of the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Empty => "empty-side",
            Self::Revision(error) => error.code(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_revisions_and_what_is_deployed_are_told_apart() {
        let folder = |path: &str| Ok(Side::Folder(PathBuf::from(path)));
        assert_eq!(Side::parse("deployed"), Ok(Side::Deployed));
        for path in ["./deployed", "deployed/", "mesh/", "./git:main", "C:/mesh", "github"] {
            assert_eq!(Side::parse(path), folder(path));
        }
        let revision = Revision::parse("git:main:mesh").expect("a revision");
        assert_eq!(Side::parse("git:main:mesh/"), Ok(Side::Revision(revision)));
        assert_eq!(Side::parse(""), Err(SideError::Empty));
        let error = Side::parse("git:").expect_err("no revision");
        assert_eq!(error.code(), "revision-without-name");
        assert!(error.to_string().ends_with("a folder of this name is given with `./` before it"));
    }

    #[test]
    fn the_side_of_a_proof_is_a_mesh_or_an_assembly() {
        let mesh = |path: &str| Ok(Side::Mesh(PathBuf::from(path)));
        for path in ["deployed", "mesh/", "./git:main"] {
            assert_eq!(Side::parse_mesh(path), mesh(path));
        }
        let revision = Revision::parse("git:main:mesh").expect("a revision");
        assert_eq!(Side::parse_mesh("git:main:mesh"), Ok(Side::Revision(revision)));
        assert_eq!(Side::parse_mesh(""), Err(SideError::Empty));
    }

    #[test]
    fn a_side_is_shown_as_it_is_given() {
        for text in ["deployed", "git:main:mesh", "git:HEAD~1", "git:v1:./mesh", "./deployed"] {
            assert_eq!(Side::parse(text).expect("a side").to_string(), text);
        }
    }
}
