//! Writes a site completely or not at all.
//!
//! All files are written into a new folder beside the old one, which is then put in its place.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::{fs, process};

use lakewright_portal::{File, MARKER, Marker};

use crate::exit::Failure;

/// Why a site is not written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SiteError {
    /// The operating system cannot write it.
    #[error("{} cannot be written: {source}", .path.display())]
    Unwritable { path: PathBuf, source: io::Error },
    /// It would be written over a file.
    #[error("{} is a file; `--out` takes a folder", .0.display())]
    IsFile(PathBuf),
    /// It would be written over something else.
    #[error(
        "{} is in the way: `lakewright report` did not write it; expected a new or an empty folder, or a site",
        .0.display()
    )]
    NotOurs(PathBuf),
    /// The folder has no name, such as `..`.
    #[error("{} has no name that a folder beside it could have; expected a path such as site", .0.display())]
    Nameless(PathBuf),
}

impl From<SiteError> for Failure {
    fn from(error: SiteError) -> Self {
        match error {
            SiteError::Unwritable { .. } => Self::unexpected(error.to_string()),
            SiteError::IsFile(_) | SiteError::NotOurs(_) | SiteError::Nameless(_) => {
                Self::usage(error.to_string())
            }
        }
    }
}

/// The folder of a site: it does not exist yet, is empty, or has a site and nothing else.
#[derive(Debug)]
pub(crate) struct SiteFolder {
    path: PathBuf,
}

impl SiteFolder {
    /// A folder that may be replaced.
    pub(crate) fn at(path: &Path) -> Result<Self, SiteError> {
        if path.is_file() {
            return Err(SiteError::IsFile(path.to_owned()));
        }
        // It may not exist yet.
        let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        if path.file_name().is_none() {
            return Err(SiteError::Nameless(path));
        }
        let folder = Self { path };
        folder.check()?;
        Ok(folder)
    }

    /// Fails at the first file that no earlier run wrote.
    fn check(&self) -> Result<(), SiteError> {
        let files = files_below(&self.path, &self.path)?;
        let marker = fs::read_to_string(self.path.join(MARKER)).ok();
        let marker = marker.and_then(|text| serde_json::from_str::<Marker>(&text).ok());
        let ours: BTreeSet<String> = marker.into_iter().flat_map(|marker| marker.files).collect();
        match files.into_iter().find(|file| file != MARKER && !ours.contains(file)) {
            Some(file) => Err(SiteError::NotOurs(self.path.join(file))),
            None => Ok(()),
        }
    }

    /// Replaces what is there. If this fails, the folder is as it was.
    pub(crate) fn replace(&self, files: &[File]) -> Result<(), SiteError> {
        let parent = self.path.parent().filter(|parent| !parent.as_os_str().is_empty());
        if let Some(parent) = parent {
            fs::create_dir_all(parent).map_err(unwritable(parent))?;
        }
        let new = Beside { path: self.beside("new") };
        new.remove();
        for File { path, text } in files {
            let path = new.path.join(path);
            let folder = path.parent().unwrap_or(&new.path);
            fs::create_dir_all(folder).map_err(unwritable(folder))?;
            fs::write(&path, text.as_bytes()).map_err(unwritable(&path))?;
        }
        // Somebody may have written into the folder meanwhile.
        self.check()?;
        let old = Beside { path: self.beside("old") };
        old.remove();
        let was_there = self.path.exists();
        if was_there {
            fs::rename(&self.path, &old.path).map_err(unwritable(&self.path))?;
        }
        if let Err(source) = fs::rename(&new.path, &self.path) {
            if was_there {
                // Only the first error is reported.
                drop(fs::rename(&old.path, &self.path));
            }
            return Err(SiteError::Unwritable { path: self.path.clone(), source });
        }
        Ok(())
    }

    /// A path beside the folder, which no other run uses.
    fn beside(&self, what: &str) -> PathBuf {
        let mut name = OsString::from(".");
        name.push(self.path.file_name().unwrap_or_default());
        name.push(format!(".lakewright-{what}-{}", process::id()));
        self.path.with_file_name(name)
    }
}

/// A folder beside that of the site. It is removed at the end, whatever happens.
struct Beside {
    path: PathBuf,
}

impl Beside {
    fn remove(&self) {
        // What cannot be removed stays; the next run takes another name.
        drop(fs::remove_dir_all(&self.path));
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        self.remove();
    }
}

fn unwritable(path: &Path) -> impl FnOnce(io::Error) -> SiteError {
    let path = path.to_owned();
    |source| SiteError::Unwritable { path, source }
}

/// The paths of all files below a folder, with `/` between their parts. A link counts as a file, and is not followed.
fn files_below(folder: &Path, root: &Path) -> Result<Vec<String>, SiteError> {
    let mut all = Vec::new();
    if !folder.exists() {
        return Ok(all);
    }
    let entries = fs::read_dir(folder).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    for entry in entries.map_err(unwritable(folder))? {
        let kind = entry.file_type().map_err(unwritable(&entry.path()))?;
        if kind.is_dir() {
            all.extend(files_below(&entry.path(), root)?);
        } else {
            let path = entry.path();
            let below = path.strip_prefix(root).unwrap_or(&path);
            let parts = below.components().map(|part| part.as_os_str().to_string_lossy());
            all.push(parts.collect::<Vec<_>>().join("/"));
        }
    }
    all.sort();
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(text: &'static str) -> Vec<File> {
        let file = |path: &str, text: String| File { path: path.to_owned(), text: text.into() };
        let marker = Marker {
            site: 1,
            tool: String::new(),
            mesh: "m".to_owned(),
            files: vec!["data/a.js".to_owned()],
        };
        let marker = serde_json::to_string(&marker).expect("JSON");
        vec![file("data/a.js", text.to_owned()), file(MARKER, marker)]
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).expect("a folder");
        let names = entries.map(|entry| entry.expect("an entry").file_name());
        names.map(|name| name.to_string_lossy().into_owned()).collect()
    }

    #[test]
    fn a_site_is_replaced_and_nothing_else_is() {
        let parent = tempfile::tempdir().expect("a folder");
        let path = parent.path().join("site");
        for text in ["one", "two"] {
            SiteFolder::at(&path).expect("ours").replace(&files(text)).expect("written");
            assert_eq!(fs::read_to_string(path.join("data/a.js")).expect("a file"), text);
        }
        assert_eq!(names(parent.path()), ["site"], "nothing stays beside it");

        // A file of somebody else, also in a folder of the site, or a link.
        let other = path.join("data/notes.txt");
        fs::write(&other, "mine").expect("a file");
        let error = SiteFolder::at(&path).expect_err("not ours");
        assert!(matches!(&error, SiteError::NotOurs(path) if path.ends_with("data/notes.txt")));
        assert_eq!(fs::read_to_string(path.join("data/a.js")).expect("a file"), "two");
        fs::remove_file(&other).expect("a file");

        // Without the marker, it is somebody's folder.
        fs::remove_file(path.join(MARKER)).expect("a file");
        assert!(matches!(SiteFolder::at(&path), Err(SiteError::NotOurs(_))));
        assert!(matches!(SiteFolder::at(&path.join("data/a.js")), Err(SiteError::IsFile(_))));
        assert!(matches!(SiteFolder::at(Path::new("/")), Err(SiteError::Nameless(_))));
    }

    #[test]
    fn a_folder_that_changes_meanwhile_stays_as_it_is() {
        let parent = tempfile::tempdir().expect("a folder");
        let path = parent.path().join("site");
        let folder = SiteFolder::at(&path).expect("a new folder");
        fs::create_dir(&path).expect("a folder");
        fs::write(path.join("mine"), "").expect("a file");
        assert!(matches!(folder.replace(&files("one")), Err(SiteError::NotOurs(_))));
        assert_eq!(names(&path), ["mine"]);
        assert_eq!(names(parent.path()), ["site"]);
    }
}
