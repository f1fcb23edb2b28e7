//! What the fuzz targets (`fuzz/`) and the bounded runs of the tests feed with anything.

use lakewright_manifest::diagnostic::FileId;
use lakewright_manifest::parse::{Documents, parse};
use lakewright_manifest::render::{Style, human};
use lakewright_manifest::resolve::resolve;
use lakewright_manifest::{Mesh, Report, SourceFile};
use lakewright_stacks::Plan;
use lakewright_template::read;

/// A mesh that text is added to, so that it has something to refer to.
const BASE: &str = include_str!("base.yaml");

/// Parses, resolves and renders; nothing may panic.
pub(crate) fn parse_anything(text: &str) {
    let source = SourceFile { path: "fuzz.yaml".to_owned(), text: text.to_owned() };
    let (_, report) = resolved(std::slice::from_ref(&source));
    // Rendering must survive any span as well.
    human(&report, &[source], Style::Plain);
}

/// Synthesizes every stack when the text is a mesh; what is written can be read.
pub(crate) fn synthesize_anything(text: &str) {
    let sources = [("base.yaml", BASE), ("fuzz.yaml", text)]
        .map(|(path, text)| SourceFile { path: path.to_owned(), text: text.to_owned() });
    let (mesh, _) = resolved(&sources);
    let Some(mesh) = mesh else { return };
    for stack in Plan::of(&mesh, None).stacks {
        if let Ok(synthesized) = stack.synthesize() {
            read::template(&synthesized.json).expect("what is written can be read");
        }
    }
}

fn resolved(sources: &[SourceFile]) -> (Option<Mesh>, Report) {
    let mut files = Vec::new();
    let mut report = Report::new();
    for (number, source) in (0..).zip(sources) {
        let parsed = parse(FileId(number), source);
        files.push(parsed.documents);
        report.extend(parsed.report);
    }
    resolve(&Documents::of_files(files), report)
}
