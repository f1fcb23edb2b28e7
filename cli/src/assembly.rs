//! Writing an assembly: all of it, or nothing.
//!
//! Everything is first written into a folder beside the final places. Only
//! when all is there do files move, and when a move fails the ones before are
//! moved back. Files that Lakewright did not write are never touched.

pub(crate) mod files;

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use lakewright_template::assembly::{Assembly, StackEntry};

use crate::exit::Failure;

/// The name of the folder in which new files wait.
const STAGING: &str = ".lakewright-staging";

/// An assembly that is being written.
#[derive(Debug)]
pub(crate) struct Staging {
    out: PathBuf,
    folder: PathBuf,
    /// Folders that were made on the way to `out`, to be removed again when nothing comes of it.
    made: Vec<PathBuf>,
    is_done: bool,
}

impl Staging {
    /// Begins to write into `out`.
    pub(crate) fn begin(out: &Path) -> Result<Self, Failure> {
        if out.is_file() {
            return Err(Failure::usage(format!(
                "{} is a file; `--out` takes a folder",
                out.display()
            )));
        }
        let made: Vec<PathBuf> = out
            .ancestors()
            .take_while(|path| !path.as_os_str().is_empty() && !path.exists())
            .map(Path::to_owned)
            .collect();
        let folder = out.join(STAGING);
        // What an interrupted run left behind.
        if folder.exists() {
            fs::remove_dir_all(&folder).map_err(|error| failed(&folder, &error))?;
        }
        fs::create_dir_all(folder.join("new")).map_err(|error| failed(&folder, &error))?;
        Ok(Self { out: out.to_owned(), folder, made, is_done: false })
    }

    /// Writes a file of the new assembly. Several threads may.
    pub(crate) fn write(&self, path: &str, bytes: &[u8]) -> Result<(), Failure> {
        let target = self.folder.join("new").join(path);
        if let Ok(()) = fs::write(&target, bytes) {
            Ok(())
        } else {
            // The folder is made when the first file in it is written.
            let parent = target.parent().unwrap_or(&self.folder);
            fs::create_dir_all(parent).map_err(|error| failed(parent, &error))?;
            fs::write(&target, bytes).map_err(|error| failed(&target, &error))
        }
    }

    /// Opens a file of the new assembly that is written piece by piece.
    pub(crate) fn file(&self, path: &str) -> Result<Output, Failure> {
        let path = self.folder.join("new").join(path);
        let file = fs::File::create(&path).map_err(|error| failed(&path, &error))?;
        Ok(Output { file: BufWriter::with_capacity(1 << 18, file), path })
    }

    /// Puts the new files in the place of the old ones.
    pub(crate) fn commit(mut self, files: &BTreeSet<String>) -> Result<(), Failure> {
        let old = owned_files(&self.out);
        let mut moved: Vec<(PathBuf, PathBuf)> = Vec::new();
        let result = self.exchange(&old, files, &mut moved);
        if result.is_err() {
            for (from, to) in moved.iter().rev() {
                // The first error is reported; a second one here cannot be mended.
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
    ) -> Result<(), Failure> {
        let mut rename = |from: PathBuf, to: PathBuf| -> Result<(), Failure> {
            if fs::rename(&from, &to).is_err() {
                let parent = to.parent().unwrap_or(&self.out);
                fs::create_dir_all(parent).map_err(|error| failed(parent, &error))?;
                fs::rename(&from, &to).map_err(|error| failed(&to, &error))?;
            }
            moved.push((from, to));
            Ok(())
        };
        for file in old {
            let from = self.out.join(file);
            if from.exists() {
                rename(from, self.folder.join("old").join(file))?;
            }
        }
        for file in old {
            remove_empty_parents(&self.out, file);
        }
        // Where nothing else lies, a whole folder moves at once.
        let templates = self.out.join("templates");
        let moves_folder =
            !templates.exists() && new.iter().any(|file| file.starts_with("templates/"));
        if moves_folder {
            rename(self.folder.join("new/templates"), templates)?;
        }
        for file in new.iter().filter(|file| !(moves_folder && file.starts_with("templates/"))) {
            let to = self.out.join(file);
            if to.exists() {
                let message =
                    format!("{} is in the way and was not written by Lakewright", to.display());
                return Err(Failure::usage(message));
            }
            rename(self.folder.join("new").join(file), to)?;
        }
        Ok(())
    }
}

/// A file that is written piece by piece.
#[derive(Debug)]
pub(crate) struct Output {
    file: BufWriter<fs::File>,
    path: PathBuf,
}

impl Output {
    pub(crate) fn put(&mut self, text: &str) -> Result<(), Failure> {
        self.file.write_all(text.as_bytes()).map_err(|error| failed(&self.path, &error))
    }

    /// Writes what is still held back. Dropping would do it too, and lose the error.
    pub(crate) fn close(mut self) -> Result<(), Failure> {
        self.file.flush().map_err(|error| failed(&self.path, &error))
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        // Nothing can be done about a folder that cannot be removed; the next run tries again.
        drop(fs::remove_dir_all(&self.folder));
        if !self.is_done {
            for folder in &self.made {
                drop(fs::remove_dir(folder));
            }
        }
    }
}

/// The files that an earlier run wrote.
fn owned_files(out: &Path) -> BTreeSet<String> {
    let Ok(text) = fs::read_to_string(out.join("assembly.json")) else { return BTreeSet::new() };
    let Ok(assembly) = serde_json::from_str::<Assembly>(&text) else { return BTreeSet::new() };
    let handouts = assembly.handouts.into_iter().map(|handout| handout.path);
    let of_stack = |stack: StackEntry| {
        let assets = stack.assets.into_iter().map(|asset| asset.path);
        std::iter::once(stack.template).chain(assets)
    };
    let files = assembly.stacks.into_iter().flat_map(of_stack).chain(handouts);
    // A path that leads out of the folder was not written by us.
    let is_ours = |path: &String| {
        let is_inside = !path.split('/').any(|part| part == "..");
        is_inside && (path.starts_with("templates/") || path.starts_with("assets/"))
    };
    files.filter(is_ours).chain(FIXED.map(str::to_owned)).collect()
}

/// The files that every assembly has.
pub(crate) const FIXED: [&str; 4] =
    ["assembly.json", "grants.json", "manifest.json", "provenance.json"];

fn remove_empty_parents(out: &Path, file: &str) {
    let path = out.join(file);
    for folder in path.ancestors().skip(1).take_while(|folder| *folder != out) {
        if fs::remove_dir(folder).is_err() {
            break;
        }
    }
}

fn failed(path: &Path, error: &std::io::Error) -> Failure {
    Failure::unexpected(format!("{} cannot be written: {error}", path.display()))
}
