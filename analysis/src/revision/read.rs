//! Reads the files of a mesh at a revision.

use std::path::{Path, PathBuf};

use super::Revision;
use super::error::RevisionError;
use super::git::{Content, Entry, EntryKind, Git};
use crate::error::ReadError;
use crate::mesh::{DEPTH, Files, is_hidden, is_yaml};

/// The first lines of pointers, of Git LFS and of its first versions. Source: "The Pointer" in `docs/spec.md` of Git LFS.
const POINTERS: [&str; 2] =
    ["version https://git-lfs.github.com/spec/", "version https://hawser.github.com/spec/"];

/// The files of a mesh at a revision, sorted by path.
pub(super) fn files(revision: &Revision, folder: &Path) -> Result<Files, ReadError> {
    let git = Git { folder };
    let commit = git.commit(&revision.name)?;
    let path = from_root(revision, &git)?;
    if path.is_empty() {
        return of_tree(revision, &git, (&commit, &commit), &path);
    }
    let Some(entry) = git.entry(&commit, &path)? else {
        return Err(missing(revision, &git, &commit, path)?.into());
    };
    match entry.kind {
        EntryKind::Folder => of_tree(revision, &git, (&commit, &entry.id), &path),
        EntryKind::File => {
            let name = path.rsplit('/').next().unwrap_or_default().to_owned();
            let file = Entry { path: name, ..entry };
            Ok(contents(&git, &[file], parent(&path))?)
        }
        EntryKind::Link => Err(RevisionError::Link { path }.into()),
        EntryKind::Submodule => Err(RevisionError::Submodule { path }.into()),
    }
}

/// The path from the repository's root, without slashes at its ends.
fn from_root(revision: &Revision, git: &Git<'_>) -> Result<String, RevisionError> {
    let mut prefix = String::new();
    if revision.is_relative() {
        let Some(found) = git.prefix()? else {
            let (folder, path) = (git.folder.to_owned(), revision.path.clone());
            return Err(RevisionError::NoWorkTree { folder, path });
        };
        prefix = found;
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in prefix.split('/').chain(revision.path.split('/')) {
        match part {
            "" | "." => {}
            ".." => {
                if parts.pop().is_none() {
                    return Err(RevisionError::Outside { path: revision.path.clone() });
                }
            }
            name => parts.push(name),
        }
    }
    Ok(parts.join("/"))
}

/// Why a commit has nothing at a path: it may have a link or a submodule above the path.
fn missing(
    revision: &Revision,
    git: &Git<'_>,
    commit: &str,
    path: String,
) -> Result<RevisionError, RevisionError> {
    for (at, _) in path.match_indices('/') {
        let above = &path[..at];
        match git.entry(commit, above)?.map(|entry| entry.kind) {
            Some(EntryKind::Link) => return Ok(RevisionError::Link { path: above.to_owned() }),
            Some(EntryKind::Submodule) => {
                return Ok(RevisionError::Submodule { path: above.to_owned() });
            }
            Some(EntryKind::Folder) => {}
            Some(EntryKind::File) | None => break,
        }
    }
    Ok(RevisionError::NoPath { name: revision.name.clone(), path })
}

/// The files of a mesh in a tree that a commit has at this path.
fn of_tree(
    revision: &Revision,
    git: &Git<'_>,
    (commit, tree): (&str, &str),
    path: &str,
) -> Result<Files, ReadError> {
    let entries = git.tree(tree, path)?;
    let is_assembly =
        |entry: &Entry| entry.kind == EntryKind::File && entry.path == "assembly.json";
    if entries.iter().any(is_assembly) {
        return Err(ReadError::IsAssembly(PathBuf::from(revision.to_string())));
    }
    let mut files = Vec::new();
    for entry in entries {
        if entry.path.split('/').any(is_hidden) {
            continue;
        }
        let whole = below(path, &entry.path);
        // As in a folder: a skipped file could contain a denial or an expiry.
        if entry.path.matches('/').count() > DEPTH {
            return Err(RevisionError::TooDeep { path: whole, levels: DEPTH }.into());
        }
        let is_read = is_yaml(Path::new(&entry.path));
        match entry.kind {
            EntryKind::File if is_read => files.push(entry),
            EntryKind::File | EntryKind::Folder => {}
            // In a folder, the file behind such a link is not read either.
            EntryKind::Link if !is_read && git.leads_to_file(commit, &whole)? => {}
            EntryKind::Link => return Err(RevisionError::Link { path: whole }.into()),
            EntryKind::Submodule => return Err(RevisionError::Submodule { path: whole }.into()),
        }
    }
    files.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(contents(git, &files, path)?)
}

/// The content of files that are in the folder `path`.
fn contents(git: &Git<'_>, files: &[Entry], path: &str) -> Result<Files, RevisionError> {
    let mut read = Files::default();
    let result = git.read(files, |file, content| {
        match content {
            Content::TooLarge(size) => read.refuse(&file.path, size),
            Content::Bytes(bytes) => {
                if POINTERS.iter().any(|first| bytes.starts_with(first.as_bytes())) {
                    return Err(RevisionError::Lfs { path: below(path, &file.path) });
                }
                read.add(file.path.clone(), bytes);
            }
        }
        Ok(())
    });
    result.map(|()| read)
}

/// A path from the repository's root.
fn below(folder: &str, path: &str) -> String {
    if folder.is_empty() { path.to_owned() } else { format!("{folder}/{path}") }
}

fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(parent, _)| parent)
}
