//! The documentation as a site: the pages of `docs`, and pages that are generated from the program and its schemas.

mod links;
mod pages;

use std::fs;
use std::path::{Path, PathBuf};

use crate::run::{Result, read, root, run, write};
use crate::tasks;

/// The pinned program that makes the site.
const MDBOOK: &str = "0.5.4";

/// Pages that are not about one command, kind, code, stack or shape, in reading order.
const PAGES: [(&str, &str); 19] = [
    ("guide.md", "From nothing to a template"),
    ("mesh.md", "The mesh format"),
    ("people.md", "How people come in"),
    ("review.md", "Reviewing a change"),
    ("proof.md", "What is proven"),
    ("anybody.md", "Templates of other tools"),
    ("governance.md", "Access governance"),
    ("fleet.md", "Deploying and refreshing"),
    ("fleet-states.md", "States of stacks"),
    ("status.md", "Status"),
    ("drift.md", "Drift"),
    ("simulation.md", "Simulated CloudFormation"),
    ("portal.md", "The portal"),
    ("graph.md", "Drawings"),
    ("editor.md", "In an editor"),
    ("rust.md", "From Rust"),
    ("limits.md", "Limits"),
    ("parity.md", "Compared with data.all"),
    ("performance.md", "Performance"),
];

/// Writes the site to `target/site/book`, and fails if one of its links leads nowhere.
pub(crate) fn build() -> Result {
    let book = tasks::cargo_tool("mdbook", MDBOOK)?;
    let target = root().join("target/site");
    if target.exists() {
        fs::remove_dir_all(&target).map_err(|error| format!("{}: {error}", target.display()))?;
    }
    let source = target.join("src");
    copy(&root().join("docs"), &source)?;
    let readme = read(&root().join("README.md"))?.replace("](docs/", "](");
    write(&source.join("README.md"), &readme)?;
    run("cargo", &["build", "--quiet", "--package", "lakewright-cli", "--bin", "lakewright"])?;
    let program = root().join("target/debug/lakewright").display().to_string();
    let mut summary = "# Summary\n\n[Lakewright](README.md)\n\n".to_owned();
    summary.push_str(&list(PAGES));
    summary.push_str(&section("Commands", &pages::commands(&program, &source)?));
    summary.push_str(&section("Kinds of documents", &pages::kinds(&source)?));
    summary.push_str(&section("Kinds of stacks", &pages::existing(&source, "stacks")?));
    summary.push_str(&section("Guardrails", &pages::existing(&source, "guardrails")?));
    summary.push_str(&section("Codes of findings", &pages::existing(&source, "codes")?));
    summary.push_str(&section("What commands write", &pages::shapes(&source)?));
    summary.push_str(&section("Decisions", &pages::existing(&source, "adr")?));
    summary.push_str(&section("For maintainers", &pages::existing(&source, "maintainers")?));
    summary.push_str(&pages::others(&source, &summary)?);
    links::stay_inside(&source)?;
    write(&source.join("SUMMARY.md"), &summary)?;
    write(&target.join("book.toml"), include_str!("site/book.toml"))?;
    run(&book, &["build", &target.display().to_string()])?;
    links::lead_somewhere(&target.join("book"))
}

/// A part of the table of contents.
fn section(title: &str, pages: &[(String, String)]) -> String {
    let pages = pages.iter().map(|(file, name)| (file.as_str(), name.as_str()));
    format!("\n# {title}\n\n{}", list(pages))
}

/// Lines of the table of contents, for paths with titles.
fn list<'p>(pages: impl IntoIterator<Item = (&'p str, &'p str)>) -> String {
    pages.into_iter().map(|(file, title)| ["- [", title, "](", file, ")\n"].concat()).collect()
}

/// Copies the files of a folder.
fn copy(from: &Path, to: &Path) -> Result {
    for path in files(from)? {
        let below = path.strip_prefix(from).map_err(|error| error.to_string())?;
        let copy = to.join(below);
        let fail = |error| format!("{}: {error}", copy.display());
        if let Some(parent) = copy.parent() {
            fs::create_dir_all(parent).map_err(fail)?;
        }
        fs::copy(&path, &copy).map_err(fail)?;
    }
    Ok(())
}

/// All files below a folder, sorted.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let fail = |error| format!("{}: {error}", folder.display());
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(fail)? {
        let path = entry.map_err(fail)?.path();
        if path.is_dir() {
            found.extend(files(&path)?);
        } else {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}
