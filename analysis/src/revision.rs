//! A mesh at a revision of a git repository, without checking it out: `git:main:mesh/`.
//!
//! The `git` program reads the repository, so every form of repository and every name of a revision that the installed
//! git knows can be read. The work tree and the index stay as they are, and nothing is fetched.
//!
//! The same files are read as in a folder. A file that git does not have the content of is an error and is never
//! skipped, because it could have a denial or an expiry: links, submodules, pointers of Git LFS, and files that a partial
//! clone left out.

mod error;
mod git;
mod read;
#[cfg(test)]
mod tests;

use std::fmt;
use std::path::Path;

pub use error::{RevisionError, SyntaxError};

use crate::error::ReadError;
use crate::mesh::{Loaded, understand};

/// The beginning of every revision on the command line.
pub(crate) const PREFIX: &str = "git:";

/// A path at a revision: `git:REV:PATH`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revision {
    /// The name of the revision, as git reads it.
    name: String,
    /// The path as it was given, without the slashes at its end.
    path: String,
}

impl Revision {
    /// Reads `git:REV:PATH`. REV is whatever git takes for a commit, and PATH is relative to the repository's root.
    /// With `./` or `../` before it, PATH is relative to the current folder. Without a PATH it is the root.
    ///
    /// # Errors
    ///
    /// The text has no such form.
    pub fn parse(text: &str) -> Result<Self, SyntaxError> {
        let Some(rest) = text.strip_prefix(PREFIX) else {
            return Err(SyntaxError::NoPrefix { given: text.to_owned() });
        };
        let (name, path) = split(rest);
        if name.is_empty() {
            return Err(SyntaxError::NoRevision { given: text.to_owned() });
        }
        if path.starts_with('/') {
            return Err(SyntaxError::Absolute { given: text.to_owned(), path: path.to_owned() });
        }
        Ok(Self { name: name.to_owned(), path: path.trim_end_matches('/').to_owned() })
    }

    /// Whether the path is relative to the current folder, and not to the repository's root.
    fn is_relative(&self) -> bool {
        let first = self.path.split('/').next();
        first == Some(".") || first == Some("..")
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, path } = self;
        if path.is_empty() {
            write!(out, "{PREFIX}{name}")
        } else {
            write!(out, "{PREFIX}{name}:{path}")
        }
    }
}

/// Reads and resolves the mesh at a revision, of the repository that the folder is in. Errors in documents are part of
/// the result, and the paths of its files are relative to the mesh.
///
/// # Errors
///
/// The files cannot be read, or the path is an assembly.
pub fn load_revision(revision: &Revision, folder: &Path) -> Result<Loaded, ReadError> {
    let files = read::files(revision, folder)?;
    Ok(understand(files, 0, &revision.to_string()))
}

/// The name of the revision and the path. A colon within braces belongs to the name, as in `main@{2026-11-30 10:00}`:
/// git separates the two in the same way.
fn split(text: &str) -> (&str, &str) {
    let mut braces = 0_usize;
    let is_end = |one: char| {
        match one {
            '{' => braces += 1,
            '}' => braces = braces.saturating_sub(1),
            _ => {}
        }
        one == ':' && braces == 0
    };
    match text.find(is_end) {
        Some(at) => (&text[..at], &text[at + 1..]),
        None => (text, ""),
    }
}
