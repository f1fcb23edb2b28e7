//! Writes an assembly completely or not at all.
//!
//! All files are first written into a staging folder inside the output folder. They are moved into
//! place once all of them exist. If a move fails, the earlier moves are undone. Files that
//! Lakewright did not write are never touched.

pub mod files;
pub mod recorded;

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use lakewright_template::StackAddress;
use lakewright_template::assembly::StackEntry;
use rayon::iter::{IntoParallelRefIterator as _, ParallelIterator as _};
use serde::Deserialize;

use crate::error::WriteError;

/// The name of the folder for new files until they are moved.
const STAGING: &str = ".lakewright-staging";

/// An assembly that is being written.
#[derive(Debug)]
pub struct Staging {
    out: PathBuf,
    folder: PathBuf,
    /// Folders that were created for `out`. They are removed again if the assembly is not written.
    made: Vec<PathBuf>,
    is_done: bool,
}

impl Staging {
    /// Begins to write into `out`.
    ///
    /// # Errors
    ///
    /// `out` is a file, or the staging folder cannot be created.
    pub fn begin(out: &Path) -> Result<Self, WriteError> {
        if out.is_file() {
            return Err(WriteError::IsFile(out.to_owned()));
        }
        let made: Vec<PathBuf> = out
            .ancestors()
            .take_while(|path| !path.as_os_str().is_empty() && !path.exists())
            .map(Path::to_owned)
            .collect();
        let folder = out.join(STAGING);
        // The remains of an interrupted run.
        if folder.exists() {
            fs::remove_dir_all(&folder).map_err(WriteError::unwritable(&folder))?;
        }
        fs::create_dir_all(folder.join("new")).map_err(WriteError::unwritable(&folder))?;
        Ok(Self { out: out.to_owned(), folder, made, is_done: false })
    }

    /// Writes a file of the new assembly. Threads may call this at the same time.
    ///
    /// # Errors
    ///
    /// The file or its folder cannot be written.
    pub fn write(&self, path: &str, bytes: &[u8]) -> Result<(), WriteError> {
        let target = self.folder.join("new").join(path);
        if let Ok(()) = fs::write(&target, bytes) {
            Ok(())
        } else {
            // The folder is created with the first file in it.
            let parent = target.parent().unwrap_or(&self.folder);
            fs::create_dir_all(parent).map_err(WriteError::unwritable(parent))?;
            fs::write(&target, bytes).map_err(WriteError::unwritable(&target))
        }
    }

    /// Opens a file of the new assembly that is written piece by piece.
    ///
    /// # Errors
    ///
    /// The file cannot be created.
    pub fn file(&self, path: &str) -> Result<Output, WriteError> {
        let path = self.folder.join("new").join(path);
        let file = fs::File::create(&path).map_err(WriteError::unwritable(&path))?;
        Ok(Output { file: BufWriter::with_capacity(1 << 18, file), path })
    }

    /// Replaces the old files by the new ones; `files` has the paths of all new files, relative to
    /// the output folder.
    ///
    /// # Errors
    ///
    /// A file cannot be moved, or a file that Lakewright did not write has the path of a new one.
    /// The old files are then moved back.
    pub fn commit(mut self, files: &BTreeSet<String>) -> Result<(), WriteError> {
        let old = owned_files(&self.out);
        let mut moved: Vec<(PathBuf, PathBuf)> = Vec::new();
        let result = self.exchange(&old, files, &mut moved);
        if result.is_err() {
            for (from, to) in moved.iter().rev() {
                // Only the first error is reported; a second one here cannot be corrected.
                drop(fs::rename(to, from));
            }
            return result;
        }
        self.is_done = true;
        Ok(())
    }

    fn exchange(
        &self,
        old: &BTreeSet<String>,
        new: &BTreeSet<String>,
        moved: &mut Vec<(PathBuf, PathBuf)>,
    ) -> Result<(), WriteError> {
        let mut rename = |from: PathBuf, to: PathBuf| -> Result<(), WriteError> {
            if fs::rename(&from, &to).is_err() {
                let parent = to.parent().unwrap_or(&self.out);
                fs::create_dir_all(parent).map_err(WriteError::unwritable(parent))?;
                fs::rename(&from, &to).map_err(WriteError::unwritable(&to))?;
            }
            moved.push((from, to));
            Ok(())
        };
        // A folder with no other files is moved as a whole.
        let only_ours: Vec<&str> =
            FOLDERS.into_iter().filter(|folder| holds_only(&self.out, folder, old)).collect();
        for folder in &only_ours {
            rename(self.out.join(folder), self.folder.join("old").join(folder))?;
        }
        let is_moved = |file: &str| only_ours.iter().any(|folder| is_below(file, folder));
        for file in old.iter().filter(|file| !is_moved(file)) {
            let from = self.out.join(file);
            if from.exists() {
                rename(from, self.folder.join("old").join(file))?;
            }
        }
        for file in old {
            remove_empty_parents(&self.out, file);
        }
        let is_free = |folder: &&str| {
            !self.out.join(folder).exists() && new.iter().any(|file| is_below(file, folder))
        };
        let free: Vec<&str> = FOLDERS.into_iter().filter(is_free).collect();
        for folder in &free {
            rename(self.folder.join("new").join(folder), self.out.join(folder))?;
        }
        let is_moved = |file: &str| free.iter().any(|folder| is_below(file, folder));
        for file in new.iter().filter(|file| !is_moved(file)) {
            let to = self.out.join(file);
            if to.exists() {
                return Err(WriteError::InTheWay(to));
            }
            rename(self.folder.join("new").join(file), to)?;
        }
        Ok(())
    }
}

/// A file that is written piece by piece.
#[derive(Debug)]
pub struct Output {
    file: BufWriter<fs::File>,
    path: PathBuf,
}

impl Output {
    /// Appends text.
    ///
    /// # Errors
    ///
    /// The file cannot be written.
    pub fn put(&mut self, text: &str) -> Result<(), WriteError> {
        self.file.write_all(text.as_bytes()).map_err(WriteError::unwritable(&self.path))
    }

    /// Writes the rest of the buffer. Dropping the value would do so as well, but lose the error.
    ///
    /// # Errors
    ///
    /// The file cannot be written.
    pub fn close(mut self) -> Result<(), WriteError> {
        self.file.flush().map_err(WriteError::unwritable(&self.path))
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        // If the folder cannot be removed, the next run tries again.
        drop(remove_all(&self.folder));
        if !self.is_done {
            for folder in &self.made {
                drop(fs::remove_dir(folder));
            }
        }
    }
}

/// The paths of the files that an earlier run wrote.
fn owned_files(out: &Path) -> BTreeSet<String> {
    let Ok(text) = fs::read_to_string(out.join("assembly.json")) else { return BTreeSet::new() };
    let Ok(assembly) = serde_json::from_str::<Owned>(&text) else { return BTreeSet::new() };
    let handouts = assembly.handouts.into_iter().map(|handout| handout.path);
    let of_stack = |stack: OwnedStack| {
        let OwnedStack { account, region, name, template, assets } = stack;
        let address = StackAddress::parse(&format!("{account}/{region}/{name}")).ok();
        // Earlier versions wrote no asset manifest. A file that does not exist is skipped.
        let address = address.filter(|_| !assets.is_empty());
        let manifest = address.as_ref().map(StackEntry::asset_manifest_path);
        std::iter::once(template).chain(assets.into_iter().map(|asset| asset.path)).chain(manifest)
    };
    let files = assembly.stacks.into_iter().flat_map(of_stack).chain(handouts);
    // Lakewright writes no path that leads out of the folder.
    let is_ours = |path: &String| {
        let is_inside = !path.split('/').any(|part| part == "..");
        is_inside && FOLDERS.iter().any(|folder| is_below(path, folder))
    };
    files.filter(is_ours).chain(FIXED.map(str::to_owned)).collect()
}

/// The paths in `assembly.json`, which may come from another version of Lakewright.
#[derive(Debug, Deserialize)]
struct Owned {
    #[serde(default)]
    handouts: Vec<OwnedFile>,
    stacks: Vec<OwnedStack>,
}

#[derive(Debug, Deserialize)]
struct OwnedStack {
    #[serde(default)]
    account: String,
    #[serde(default)]
    region: String,
    #[serde(default)]
    name: String,
    template: String,
    #[serde(default)]
    assets: Vec<OwnedFile>,
}

#[derive(Debug, Deserialize)]
struct OwnedFile {
    path: String,
}

/// The folders of an assembly's other files.
const FOLDERS: [&str; 2] = ["assets", "templates"];

fn is_below(file: &str, folder: &str) -> bool {
    file.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}

/// Whether a folder exists and contains only these files.
fn holds_only(out: &Path, folder: &str, files: &BTreeSet<String>) -> bool {
    let Ok(entries) = fs::read_dir(out.join(folder)) else { return false };
    entries.into_iter().all(|entry| {
        let Ok(entry) = entry else { return false };
        let name = entry.file_name();
        let path = format!("{folder}/{}", name.to_string_lossy());
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => holds_only(out, &path, files),
            Ok(_) => files.contains(&path),
            Err(_) => false,
        }
    })
}

/// Removes a folder and its contents, on all cores, because it may contain thousands of templates.
fn remove_all(folder: &Path) -> std::io::Result<()> {
    let entries = fs::read_dir(folder)?.collect::<Result<Vec<_>, _>>()?;
    entries.par_iter().try_for_each(|entry| {
        if entry.file_type()?.is_dir() { remove_all(&entry.path()) } else { Ok(()) }
    })?;
    fs::remove_dir_all(folder)
}

/// The files that every assembly has.
pub const FIXED: [&str; 5] =
    ["assembly.json", "grants.json", "manifest.json", "places.json", "provenance.json"];

fn remove_empty_parents(out: &Path, file: &str) {
    let path = out.join(file);
    for folder in path.ancestors().skip(1).take_while(|folder| *folder != out) {
        if fs::remove_dir(folder).is_err() {
            break;
        }
    }
}
