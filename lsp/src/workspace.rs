//! The files of one mesh, as they stand on the disk or, where an editor has them open, in the editor.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lakewright_analysis::ReadError;
use lakewright_analysis::mesh::files;
use lakewright_manifest::SourceFile;
use lakewright_manifest::diagnostic::FileId;
use lakewright_manifest::parse::{Parsed, parse};
use rayon::iter::{IntoParallelIterator as _, ParallelIterator as _};

use crate::names::{Name, Outlined, Target, names};
use crate::text::Text;

/// A file of a mesh.
#[derive(Debug, Default)]
pub(crate) struct File {
    /// The path below the mesh's folder.
    pub(crate) path: String,
    /// The text.
    pub(crate) text: Text,
    /// Whether an editor has the file open, so that what stands on the disk does not count.
    pub(crate) is_open: bool,
    /// Its documents and the findings about the file alone.
    pub(crate) parsed: Arc<Parsed>,
    /// The names in it.
    pub(crate) names: Vec<Name>,
    /// Its documents.
    pub(crate) outline: Vec<Outlined>,
}

impl File {
    fn read(number: usize, path: String, text: String, is_open: bool) -> Self {
        let source = SourceFile { path, text };
        let file = FileId(u32::try_from(number).unwrap_or(u32::MAX));
        let parsed = Arc::new(parse(file, &source));
        let (names, outline) = names(&source.text);
        let SourceFile { path, text } = source;
        Self { path, text: Text::new(text), is_open, parsed, names, outline }
    }
}

/// The files of a mesh. A file keeps its number, also when it was deleted: then it is empty.
#[derive(Debug)]
pub(crate) struct Workspace {
    root: PathBuf,
    files: Vec<File>,
    /// The numbers of the files that have a name.
    index: BTreeMap<Target, BTreeMap<String, BTreeSet<usize>>>,
}

impl Workspace {
    /// Reads the mesh in a folder.
    ///
    /// # Errors
    ///
    /// The folder cannot be read.
    pub(crate) fn read(root: PathBuf) -> Result<Self, ReadError> {
        let sources = files(&root)?;
        let numbered: Vec<(usize, SourceFile)> = sources.into_iter().enumerate().collect();
        let files: Vec<File> = numbered
            .into_par_iter()
            .map(|(number, source)| File::read(number, source.path, source.text, false))
            .collect();
        let mut workspace = Self { root, files, index: BTreeMap::new() };
        (0..workspace.files.len()).for_each(|number| workspace.enter(number));
        Ok(workspace)
    }

    /// The folder.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The files, by their numbers.
    pub(crate) fn files(&self) -> &[File] {
        &self.files
    }

    /// The path of a file on the disk.
    pub(crate) fn path(&self, number: usize) -> PathBuf {
        self.root.join(&self.files[number].path)
    }

    /// The number of the file at a path on the disk, if the mesh has it.
    pub(crate) fn number(&self, path: &Path) -> Option<usize> {
        let below = self.below(path)?;
        self.files.iter().position(|file| file.path == below)
    }

    /// The path below the mesh's folder, with `/` as the separator.
    fn below(&self, path: &Path) -> Option<String> {
        let parts = path.strip_prefix(&self.root).ok()?.components();
        let parts: Vec<_> = parts.map(|part| part.as_os_str().to_string_lossy()).collect();
        Some(parts.join("/"))
    }

    /// Puts a text in the place of a file's, or adds the file. Returns its number; `None` if the path is not in the folder.
    pub(crate) fn set(&mut self, path: &Path, text: String, is_open: bool) -> Option<usize> {
        let below = self.below(path)?;
        let known = self.files.iter().position(|file| file.path == below);
        let number = known.unwrap_or(self.files.len());
        if known.is_some() {
            self.forget(number);
            self.files[number] = File::read(number, below, text, is_open);
        } else {
            self.files.push(File::read(number, below, text, is_open));
        }
        self.enter(number);
        Some(number)
    }

    fn enter(&mut self, number: usize) {
        for name in &self.files[number].names {
            let of_target = self.index.entry(name.target).or_default();
            of_target.entry(name.text.clone()).or_default().insert(number);
        }
    }

    fn forget(&mut self, number: usize) {
        for name in &self.files[number].names {
            let Some(of_target) = self.index.get_mut(&name.target) else { continue };
            let Some(numbers) = of_target.get_mut(&name.text) else { continue };
            numbers.remove(&number);
            if numbers.is_empty() {
                of_target.remove(&name.text);
            }
        }
    }

    /// All names of a target, in order.
    pub(crate) fn known(&self, target: Target) -> impl Iterator<Item = &str> {
        self.index.get(&target).into_iter().flatten().map(|(text, _)| text.as_str())
    }

    /// Where a name stands: the file and the name.
    pub(crate) fn places(&self, target: Target, text: &str) -> Vec<(usize, &Name)> {
        let numbers = self.index.get(&target).and_then(|of_target| of_target.get(text));
        let of_file = |number: &usize| {
            let number = *number;
            let names = self.files[number].names.iter();
            names
                .filter(|name| name.target == target && name.text == text)
                .map(move |name| (number, name))
        };
        numbers.into_iter().flatten().flat_map(of_file).collect()
    }

    /// The name at a byte of a file.
    pub(crate) fn name_at(&self, number: usize, offset: usize) -> Option<&Name> {
        let mut names = self.files[number].names.iter();
        names.find(|name| name.range.start <= offset && offset <= name.range.end)
    }

    /// What was parsed of each file.
    pub(crate) fn parsed(&self) -> Vec<Arc<Parsed>> {
        self.files.iter().map(|file| Arc::clone(&file.parsed)).collect()
    }
}

/// The folders below `folder` that are meshes: those with a file that has a document of the kind `Tenant`. A mesh in a
/// mesh's folder is a part of it.
///
/// # Errors
///
/// The folder cannot be read.
pub(crate) fn meshes(folder: &Path) -> Result<Vec<PathBuf>, ReadError> {
    let is_tenant =
        |source: &SourceFile| source.text.lines().any(|line| line.trim_end() == "kind: Tenant");
    let mut found: Vec<PathBuf> = Vec::new();
    // Sorted by path, a folder comes before what lies in it.
    let mut roots: Vec<PathBuf> = files(folder)?
        .iter()
        .filter(|source| is_tenant(source))
        .map(|source| folder.join(&source.path).parent().unwrap_or(folder).to_owned())
        .collect();
    roots.sort();
    for root in roots {
        if !found.iter().any(|outer| root.starts_with(outer)) {
            found.push(root);
        }
    }
    Ok(found)
}
