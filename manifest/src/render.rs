//! Findings as text for people and as JSON for machines.

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use serde_json::{Value, json};

use crate::diagnostic::{Diagnostic, FileId, Label, Origin};
use crate::{Report, Severity, SourceFile};

/// How text is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// With colours of a terminal.
    Colour,
    /// Without.
    Plain,
}

/// The findings as the Rust compiler would show them.
pub fn human(report: &Report, sources: &[SourceFile], style: Style) -> String {
    let renderer = match style {
        Style::Colour => Renderer::styled(),
        Style::Plain => Renderer::plain(),
    };
    let mut out = String::new();
    for diagnostic in report {
        out.push_str(&renderer.render(&groups(diagnostic, sources)));
        out.push_str("\n\n");
    }
    out
}

/// The findings as a list of objects.
pub fn json(report: &Report, sources: &[SourceFile]) -> Value {
    let findings: Vec<Value> = report
        .iter()
        .map(|diagnostic| {
            let Diagnostic { code, severity, message, primary, related, help } = diagnostic;
            json!({
                "code": code.as_str(),
                "severity": match severity { Severity::Error => "error", Severity::Warning => "warning" },
                "message": message,
                "place": primary.as_ref().map(|label| json_label(label, sources)),
                "related": related.iter().map(|label| json_label(label, sources)).collect::<Vec<_>>(),
                "help": help,
            })
        })
        .collect();
    json!({ "version": 1, "diagnostics": findings })
}

/// A place as `file:line:column`.
pub fn place(origin: Origin, sources: &[SourceFile]) -> String {
    let path = source(origin.file, sources).map_or("<unknown>", |source| source.path.as_str());
    format!("{path}:{}:{}", origin.span.line, origin.span.column)
}

fn json_label(label: &Label, sources: &[SourceFile]) -> Value {
    let Origin { file, span } = label.origin;
    json!({
        "file": source(file, sources).map(|source| source.path.as_str()),
        "line": span.line,
        "column": span.column,
        "text": label.text,
    })
}

fn source(file: FileId, sources: &[SourceFile]) -> Option<&SourceFile> {
    sources.get(usize::try_from(file.0).ok()?)
}

fn groups<'a>(diagnostic: &'a Diagnostic, sources: &'a [SourceFile]) -> Vec<Group<'a>> {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let title = level.primary_title(diagnostic.message.as_str()).id(diagnostic.code.as_str());
    let mut snippets: Vec<(FileId, Snippet<'a, _>)> = Vec::new();
    let primary = diagnostic.primary.iter().map(|label| (label, AnnotationKind::Primary));
    let related = diagnostic.related.iter().map(|label| (label, AnnotationKind::Context));
    for (label, kind) in primary.chain(related) {
        let Some(source) = source(label.origin.file, sources) else { continue };
        let annotation =
            kind.span(first_line(label.origin, &source.text)).label(label.text.as_str());
        let place = snippets.iter().position(|(file, _)| *file == label.origin.file);
        if let Some(place) = place {
            let (file, snippet) = snippets.swap_remove(place);
            snippets.insert(place, (file, snippet.annotation(annotation)));
        } else {
            let snippet = Snippet::source(source.text.as_str())
                .line_start(1)
                .path(source.path.as_str())
                .fold(true)
                .annotation(annotation);
            snippets.push((label.origin.file, snippet));
        }
    }
    let mut group = Group::with_title(title);
    for (_, snippet) in snippets {
        group = group.element(snippet);
    }
    if let Some(help) = &diagnostic.help {
        group = group.element(Level::HELP.message(help.as_str()));
    }
    vec![group]
}

/// The part of a place that lies on its first line: a whole document would fill the screen.
fn first_line(origin: Origin, text: &str) -> std::ops::Range<usize> {
    let clamp = |byte: u32| {
        let mut byte = usize::try_from(byte).unwrap_or(text.len()).min(text.len());
        while !text.is_char_boundary(byte) {
            byte -= 1;
        }
        byte
    };
    let (start, end) = (clamp(origin.span.start), clamp(origin.span.end));
    let line_end = text[start..].find('\n').map_or(text.len(), |offset| start + offset);
    start..end.min(line_end).max(start)
}
