//! Reads a mesh from files.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::string::FromUtf8Error;
use std::time::SystemTime;

use lakewright_manifest::diagnostic::{FileId, Origin};
use lakewright_manifest::parse::{Documents, Parsed, parse};
use lakewright_manifest::resolve::resolve;
use lakewright_manifest::{Code, Diagnostic, Mesh, Report, SourceFile};
use lakewright_stacks::{Plan, StackPlan};
use lakewright_template::yaml::Span;
use lakewright_template::{Place, StackAddress};
use rayon::iter::{
    IndexedParallelIterator as _, IntoParallelRefIterator as _, ParallelIterator as _,
};

use crate::error::ReadError;

/// The maximum depth of nested folders that are read.
pub(crate) const DEPTH: usize = 16;
/// The maximum size of a file, in bytes: more than any person writes.
pub(crate) const FILE_BYTES: u64 = 64 * 1024 * 1024;

/// The result of reading a mesh.
#[derive(Debug)]
pub struct Loaded {
    /// The files, sorted by path.
    pub sources: Vec<SourceFile>,
    /// The mesh, if it has no errors.
    pub mesh: Option<Mesh>,
    /// Errors and warnings.
    pub report: Report,
}

/// Reads an earlier version of a mesh.
///
/// # Errors
///
/// The files cannot be read, or the mesh has errors.
pub fn earlier(path: &Path) -> Result<Mesh, ReadError> {
    load(path)?.mesh.ok_or_else(|| ReadError::WrongBase(path.to_owned()))
}

/// Reads an earlier version of a mesh and appends its files to those of the later one, with its folder in their paths.
/// The files are numbered after those of the later mesh.
///
/// # Errors
///
/// The files cannot be read, or the mesh has errors.
pub fn earlier_beside(path: &Path, sources: &mut Vec<SourceFile>) -> Result<Mesh, ReadError> {
    let loaded = load_from(path, sources.len())?;
    let mesh = loaded.mesh.ok_or_else(|| ReadError::WrongBase(path.to_owned()))?;
    let folder = if path.is_dir() { path } else { path.parent().unwrap_or(path) };
    sources.extend(loaded.sources.into_iter().map(|source| {
        let path = folder.join(source.path).display().to_string();
        SourceFile { path, text: source.text }
    }));
    Ok(mesh)
}

/// The stacks of an earlier mesh in accounts and regions that the later mesh no longer has: its deployments do not look
/// there.
pub fn left_behind(base: &Mesh, head: &Mesh) -> Vec<StackAddress> {
    let (before, after) = (Plan::of(base, None), Plan::of(head, None));
    let places: BTreeSet<&Place> = after.stacks.iter().map(StackPlan::place).collect();
    let left = before.stacks.iter().filter(|stack| !places.contains(stack.place()));
    let addresses: BTreeSet<StackAddress> =
        left.flat_map(|stack| [stack.bootstrap_address(), stack.address()]).collect();
    addresses.into_iter().collect()
}

/// Reads and resolves the mesh in a folder or in one file. Errors in documents are part of the result.
///
/// # Errors
///
/// The files cannot be read, or the path is an assembly.
pub fn load(path: &Path) -> Result<Loaded, ReadError> {
    load_from(path, 0)
}

/// The files of a mesh that are text, sorted by path.
///
/// # Errors
///
/// The files cannot be read.
pub fn files(path: &Path) -> Result<Vec<SourceFile>, ReadError> {
    read(path).map(|files| files.sources)
}

/// The files of a mesh with the time of their last change and their size, in bytes. It differs once a file was changed, added
/// or removed.
///
/// # Errors
///
/// The folder cannot be read.
pub fn stamps(path: &Path) -> Result<Vec<(PathBuf, SystemTime, u64)>, ReadError> {
    let mut stamps = Vec::new();
    for (_, file) in found(path)? {
        let metadata = fs::metadata(&file).map_err(ReadError::unreadable(&file))?;
        let changed = metadata.modified().map_err(ReadError::unreadable(&file))?;
        stamps.push((file, changed, metadata.len()));
    }
    Ok(stamps)
}

/// Like [`load`], with file numbers that begin at `first`.
fn load_from(path: &Path, first: usize) -> Result<Loaded, ReadError> {
    if path.join("assembly.json").is_file() {
        return Err(ReadError::IsAssembly(path.to_owned()));
    }
    Ok(understand(read(path)?, first, &path.display().to_string()))
}

/// Parses and resolves the files of a mesh. `place` is the place that they are from, as messages show it.
pub(crate) fn understand(files: Files, first: usize, place: &str) -> Loaded {
    let Files { mut sources, not_text, mut report } = files;
    let is_file_lost = report.has_errors() || !not_text.is_empty();
    let parsed: Vec<Parsed> = sources
        .par_iter()
        .enumerate()
        .map(|(number, source)| parse(file_id(first + number), source))
        .collect();
    for NotText { source, at } in not_text {
        let origin = Origin { file: file_id(first + sources.len()), span: at };
        let message = format!("{} is not UTF-8 text", source.path);
        let diagnostic = Diagnostic::new(Code::NotUtf8, message)
            .at(origin, format!("the byte at offset {}", at.start))
            .help("save the file as UTF-8");
        report.push(diagnostic);
        sources.push(source);
    }
    let mut by_file = Vec::with_capacity(parsed.len());
    let mut is_empty = true;
    for one in parsed {
        is_empty &= one.report.is_empty() && one.documents.is_empty();
        by_file.push(one.documents);
        report.extend(one.report);
    }
    if is_empty && report.is_empty() {
        let message = format!("there is no document in {place}");
        let diagnostic = Diagnostic::new(Code::EmptyMesh, message)
            .help("a mesh is a folder of `.yaml` files; `lakewright init` writes one");
        report.push(diagnostic);
    }
    let mut documents = Documents::of_files(by_file);
    if is_file_lost {
        documents.lost.of_file();
    }
    let (mesh, report) = resolve(&documents, report);
    Loaded { sources, mesh, report }
}

/// The files of a mesh, before parsing.
#[derive(Default)]
pub(crate) struct Files {
    sources: Vec<SourceFile>,
    not_text: Vec<NotText>,
    report: Report,
}

impl Files {
    /// Adds the file at a path below the mesh.
    pub(crate) fn add(&mut self, path: String, bytes: Vec<u8>) {
        match String::from_utf8(bytes) {
            Ok(text) => self.sources.push(SourceFile { path, text }),
            Err(error) => self.not_text.push(NotText::of(path, &error)),
        }
    }

    /// Reports a file with more than [`FILE_BYTES`].
    pub(crate) fn refuse(&mut self, path: &str, size: u64) {
        let message = format!("{path} has {size} bytes, and a file may have {FILE_BYTES}");
        let diagnostic = Diagnostic::new(Code::LimitExceeded, message).help("split the file");
        self.report.push(diagnostic);
    }
}

/// Whether a file or folder of this name is skipped.
pub(crate) fn is_hidden(name: &str) -> bool {
    name.starts_with('.')
}

/// Whether a mesh is read from a file of this name.
pub(crate) fn is_yaml(path: &Path) -> bool {
    path.extension().is_some_and(|extension| {
        extension.eq_ignore_ascii_case("yaml") || extension.eq_ignore_ascii_case("yml")
    })
}

/// A file that is not UTF-8. It is shown with replacement characters, and not parsed.
struct NotText {
    source: SourceFile,
    /// The position of the first byte that is not UTF-8.
    at: Span,
}

impl NotText {
    fn of(path: String, error: &FromUtf8Error) -> Self {
        let bytes = error.as_bytes();
        let start = error.utf8_error().valid_up_to();
        let before = String::from_utf8_lossy(&bytes[..start]);
        let number = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        let last = before.rsplit('\n').next().unwrap_or_default();
        let at = Span {
            start: number(start),
            end: number(start + char::REPLACEMENT_CHARACTER.len_utf8()),
            line: number(before.split('\n').count()),
            column: number(last.chars().count() + 1),
        };
        let text = String::from_utf8_lossy(bytes).into_owned();
        Self { source: SourceFile { path, text }, at }
    }
}

fn file_id(number: usize) -> FileId {
    FileId(u32::try_from(number).unwrap_or(u32::MAX))
}

fn read(path: &Path) -> Result<Files, ReadError> {
    let mut files = Files::default();
    for (name, file) in found(path)? {
        let size = fs::metadata(&file).map_err(ReadError::unreadable(&file))?.len();
        if size > FILE_BYTES {
            files.refuse(&name, size);
            continue;
        }
        let bytes = fs::read(&file).map_err(ReadError::unreadable(&file))?;
        files.add(name, bytes);
    }
    Ok(files)
}

/// The files of a mesh, sorted by their names below the mesh.
fn found(path: &Path) -> Result<Vec<(String, PathBuf)>, ReadError> {
    let metadata = fs::metadata(path).map_err(ReadError::unreadable(path))?;
    let mut files = Vec::new();
    if metadata.is_dir() {
        let mut seen = BTreeSet::new();
        collect(path, 0, &mut seen, &mut files)
            .map_err(|(path, source)| ReadError::Unreadable { path, source })?;
    } else {
        files.push(path.to_owned());
    }
    let root = if metadata.is_dir() { path } else { path.parent().unwrap_or(path) };
    let mut named: Vec<(String, PathBuf)> =
        files.into_iter().map(|file| (relative(root, &file), file)).collect();
    named.sort();
    Ok(named)
}

/// The YAML files of a folder. A folder that links lead back to is read once.
fn collect(
    folder: &Path,
    depth: usize,
    seen: &mut BTreeSet<PathBuf>,
    files: &mut Vec<PathBuf>,
) -> Result<(), (PathBuf, std::io::Error)> {
    let at = |path: &Path| {
        let path = path.to_owned();
        move |error| (path, error)
    };
    let real = fs::canonicalize(folder).map_err(at(folder))?;
    if !seen.insert(real) {
        return Ok(());
    }
    // A skipped file could contain a denial or an expiry, so too deep a folder is an error.
    if depth > DEPTH {
        let message = format!("folders lie more than {DEPTH} levels deep in each other");
        return Err((folder.to_owned(), std::io::Error::other(message)));
    }
    for entry in fs::read_dir(folder).map_err(at(folder))? {
        let path = entry.map_err(at(folder))?.path();
        if path.file_name().is_some_and(|name| is_hidden(&name.to_string_lossy())) {
            continue;
        }
        // Behind a link that leads nowhere there may have been one of the mesh's files, or a folder of them.
        let metadata = fs::metadata(&path).map_err(at(&path))?;
        if metadata.is_dir() {
            collect(&path, depth + 1, seen, files)?;
        } else if metadata.is_file() && is_yaml(&path) {
            files.push(path);
        }
    }
    Ok(())
}

fn relative(root: &Path, file: &Path) -> String {
    let path = file.strip_prefix(root).unwrap_or(file);
    let parts: Vec<_> = path.components().map(|part| part.as_os_str().to_string_lossy()).collect();
    parts.join("/")
}
