//! The files that an import reads and writes.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use lakewright_import::{Gap, Source};

use crate::exit::Failure;

/// The maximum depth of nested folders that are read.
const DEPTH: usize = 8;
/// The ends of the names of files that can be templates or answers of the AWS CLI.
const READ: [&str; 4] = ["json", "template", "yaml", "yml"];

/// The files of a folder, sorted by path; and those that are no text.
pub(super) fn read(folder: &Path) -> Result<(Vec<Source>, Vec<Gap>), Failure> {
    let mut paths = Vec::new();
    collect(folder, 0, &mut paths)?;
    paths.sort();
    let (mut sources, mut unread) = (Vec::new(), Vec::new());
    for path in paths {
        let name = path.strip_prefix(folder).unwrap_or(&path).display().to_string();
        match fs::read_to_string(&path) {
            Ok(text) => sources.push(Source { path: name, text }),
            Err(error) => unread.push(Gap {
                subject: name,
                unknown: format!("it cannot be read: {error}"),
                todo: "save it as UTF-8 text that you may read".to_owned(),
            }),
        }
    }
    Ok((sources, unread))
}

fn collect(folder: &Path, depth: usize, paths: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let failed = |error: std::io::Error| {
        Failure::usage(format!("{} cannot be read: {error}", folder.display()))
    };
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let is_read = path
            .extension()
            .and_then(|end| end.to_str())
            .is_some_and(|end| READ.contains(&end.to_lowercase().as_str()));
        if path.is_dir() {
            if depth == DEPTH {
                return Err(Failure::usage(format!(
                    "{} is more than {DEPTH} folders deep: give the folder with the templates",
                    path.display()
                )));
            }
            collect(&path, depth + 1, paths)?;
        } else if is_read {
            paths.push(path);
        }
    }
    Ok(())
}

/// A folder with files of an earlier import, or of anything else, is left alone.
pub(super) fn must_be_empty(folder: &Path) -> Result<(), Failure> {
    let is_empty = match fs::read_dir(folder) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => true,
        Err(error) => {
            return Err(Failure::usage(format!("{} cannot be read: {error}", folder.display())));
        }
    };
    if is_empty {
        return Ok(());
    }
    Err(Failure::usage(format!(
        "{} has files already: nothing was overwritten; give an empty folder",
        folder.display()
    )))
}

/// Writes files below a folder.
pub(super) fn write<'f>(
    folder: &Path,
    files: impl IntoIterator<Item = (&'f String, &'f String)>,
) -> Result<(), Failure> {
    for (name, text) in files {
        let path = folder.join(name);
        let failed = |error: std::io::Error| {
            Failure::unexpected(format!("{} cannot be written: {error}", path.display()))
        };
        fs::create_dir_all(path.parent().unwrap_or(folder)).map_err(failed)?;
        let mut file = fs::File::create_new(&path).map_err(failed)?;
        file.write_all(text.as_bytes()).map_err(failed)?;
    }
    Ok(())
}

/// A path as a word of a shell's command, absolute where it can be: commands run in another folder.
pub(super) fn shell(path: &Path) -> String {
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned()).display().to_string();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
    if path.chars().all(is_plain) { path } else { format!("'{}'", path.replace('\'', "'\\''")) }
}
