//! Runs the binary, and provides meshes for it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use lakewright_access::world::{OnUnresolved, Piece, StackTemplate, World};
use lakewright_analysis::synthesis::synthesize_all;
use lakewright_manifest::diagnostic::FileId;
use lakewright_manifest::parse::{Documents, parse};
use lakewright_manifest::resolve::resolve;
use lakewright_manifest::{Date, Mesh, Report, SourceFile};
use lakewright_stacks::{Plan, Synthesized};

/// The examples, which every test about templates runs on.
pub(crate) const EXAMPLES: [&str; 4] = ["full", "governance", "lab", "minimal"];

/// The repository's root folder.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("cli lies in the root").to_owned()
}

/// An example's folder.
pub(crate) fn example(name: &str) -> PathBuf {
    root().join("examples").join(name)
}

/// Runs `lakewright` with these arguments.
pub(crate) fn lakewright<A: AsRef<std::ffi::OsStr>>(
    arguments: impl IntoIterator<Item = A>,
) -> Output {
    Command::new(env!("CARGO_BIN_EXE_lakewright"))
        .args(arguments)
        .env_remove("NO_COLOR")
        .env_remove("COLUMNS")
        .output()
        .expect("the binary runs")
}

/// The exit code, standard output and standard error in one text.
pub(crate) fn transcript(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    format!("exit: {}\n--- stdout\n{out}--- stderr\n{err}", output.status.code().unwrap_or(-1))
}

/// Writes the files of a mesh into a folder.
pub(crate) fn write_mesh(folder: &Path, files: &[(String, String)]) {
    for (path, text) in files {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().expect("a file in the folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    }
}

/// The YAML files of a folder.
pub(crate) fn sources(folder: &Path) -> Vec<SourceFile> {
    let mut sources: Vec<SourceFile> = fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
        .map(|path| SourceFile {
            path: path.file_name().expect("a file").to_string_lossy().into_owned(),
            text: fs::read_to_string(&path).expect("text"),
        })
        .collect();
    sources.sort_by(|a, b| a.path.cmp(&b.path));
    sources
}

/// Parses and resolves sources.
pub(crate) fn resolved(sources: &[SourceFile]) -> (Option<Mesh>, Report) {
    let mut files = Vec::new();
    let mut report = Report::new();
    for (number, source) in (0..).zip(sources) {
        let parsed = parse(FileId(number), source);
        files.push(parsed.documents);
        report.extend(parsed.report);
    }
    resolve(&Documents::of_files(files), report)
}

/// The mesh of valid sources.
pub(crate) fn mesh(sources: &[SourceFile]) -> Mesh {
    let (mesh, report) = resolved(sources);
    let text = lakewright_manifest::render::human(
        &report,
        sources,
        lakewright_manifest::render::Style::Plain,
    );
    mesh.unwrap_or_else(|| unreachable!("the mesh has errors:\n{text}"))
}

/// Every stack of a mesh.
pub(crate) fn synthesized(mesh: &Mesh) -> Vec<Synthesized> {
    synthesized_on(mesh, None)
}

/// Every stack of a mesh on a date, sorted as in an assembly.
pub(crate) fn synthesized_on(mesh: &Mesh, as_of: Option<&Date>) -> Vec<Synthesized> {
    let plan = Plan::of(mesh, as_of);
    let (found, report) = synthesize_all(&plan).expect("an order of deployment");
    assert!(!report.has_errors(), "a valid mesh synthesizes: {report:?}");
    let mut all: Vec<Synthesized> = found.into_iter().map(|one| one.stack).collect();
    all.sort_by_key(|stack| stack.entry.address());
    all
}

/// The access model of these stacks.
pub(crate) fn world(stacks: &[Synthesized]) -> World {
    let pieces = stacks.iter().map(|stack| {
        let stack = StackTemplate {
            address: &stack.entry.address().to_string(),
            place: &stack.entry.place(),
            template: &stack.lowered.template,
            unresolved: OnUnresolved::Fail,
        };
        Piece::of(stack).expect("our own template")
    });
    World::of(pieces.collect())
}

/// All files below a folder, by path, with their bytes.
pub(crate) fn files(folder: &Path) -> std::collections::BTreeMap<String, Vec<u8>> {
    let mut found = std::collections::BTreeMap::new();
    let mut queue = vec![folder.to_owned()];
    while let Some(next) = queue.pop() {
        for entry in fs::read_dir(&next).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                queue.push(path);
            } else {
                let name = path.strip_prefix(folder).expect("below the folder");
                found.insert(name.to_string_lossy().into_owned(), fs::read(&path).expect("a file"));
            }
        }
    }
    found
}

/// A mesh with one of everything that samples refer to.
pub(crate) const BASE: &str = include_str!("../base.yaml");

/// The dataset that samples refer to.
pub(crate) const BASE_DATASET: &str = r"kind: Dataset
id: sales
environment: dev
team: Owners
topics: [T]
keywords: [k]
tables:
  - name: orders
";
