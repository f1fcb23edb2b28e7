//! Findings as text for people and as JSON for programs.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Renderer, Snippet};
use serde_json::{Value, json};

use crate::diagnostic::{Diagnostic, FileId, Label, Origin};
use crate::{Code, Report, Severity, SourceFile};

/// The style of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// With terminal colours.
    Colour,
    /// Without colours.
    Plain,
}

/// The findings in the style of the Rust compiler.
pub fn human(report: &Report, sources: &[SourceFile], style: Style) -> String {
    let renderer = match style {
        Style::Colour => Renderer::styled(),
        Style::Plain => Renderer::plain(),
    };
    let files = files(report, sources);
    let mut out = String::new();
    let mut of_code: BTreeMap<Code, usize> = BTreeMap::new();
    for diagnostic in report {
        let count = of_code.entry(diagnostic.code).or_default();
        *count += 1;
        if *count <= SHOWN {
            out.push_str(&renderer.render(&groups(diagnostic, &files)));
            // Without a position there is no margin for the help text.
            if let Some(help) = diagnostic.help.as_ref().filter(|_| diagnostic.is_without_place()) {
                out.push_str("\n = help: ");
                out.push_str(&help.replace('\n', "\n         "));
            }
            out.push_str("\n\n");
        }
    }
    for (code, count) in of_code {
        let Some(more) = count.checked_sub(SHOWN).filter(|more| *more > 0) else { continue };
        let title = format!("{more} more of this code; `--format json` has all");
        let group =
            Group::with_title(level(code.severity()).primary_title(title).id(code.as_str()));
        out.push_str(&renderer.render(&[group]));
        out.push_str("\n\n");
    }
    out
}

/// How many findings of one code are shown separately: one cause can produce thousands.
const SHOWN: usize = 20;

fn level(severity: Severity) -> Level<'static> {
    match severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    }
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

/// A position as `file:line:column`.
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

/// The distance in lines up to which two positions are shown in one snippet, which leaves out the lines between them.
/// Positions farther apart have separate snippets, so that the time for a finding depends on its number of positions
/// and not on the length of its file.
const NEAR_LINES: usize = 100;

/// A file, and the bytes where its lines begin.
struct Lines<'a> {
    source: &'a SourceFile,
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    fn of(source: &'a SourceFile) -> Self {
        let text = source.text.as_str();
        let after = text.match_indices('\n').map(|(byte, _)| byte + 1);
        // No line begins after a line break at the end.
        let after = after.filter(|start| *start < text.len());
        Self { source, starts: std::iter::once(0).chain(after).collect() }
    }

    /// The line of a byte, from 0.
    fn line_of(&self, byte: usize) -> usize {
        self.starts.partition_point(|start| *start <= byte).saturating_sub(1)
    }

    /// The text of some lines, and its first byte.
    fn text(&self, first: usize, last: usize) -> (&'a str, usize) {
        let text = self.source.text.as_str();
        let byte = |line: usize| self.starts.get(line).copied().unwrap_or(text.len());
        (&text[byte(first)..byte(last + 1)], byte(first))
    }
}

/// The lines of each file that findings name.
fn files<'a>(report: &Report, sources: &'a [SourceFile]) -> BTreeMap<FileId, Lines<'a>> {
    let labels = report.iter().flat_map(|one| one.primary.iter().chain(&one.related));
    let named: BTreeSet<FileId> = labels.map(|label| label.origin.file).collect();
    let files = named.into_iter();
    files.filter_map(|file| Some((file, Lines::of(source(file, sources)?)))).collect()
}

/// Lines of a file, with the remarks on them.
struct Piece<'a> {
    file: FileId,
    first: usize,
    last: usize,
    remarks: Vec<(AnnotationKind, Range<usize>, &'a str)>,
}

impl<'a> Piece<'a> {
    fn is_near(&self, file: FileId, line: usize) -> bool {
        let before = self.first.saturating_sub(NEAR_LINES);
        self.file == file && (before..=self.last + NEAR_LINES).contains(&line)
    }

    fn snippet(self, lines: &Lines<'a>) -> Snippet<'a, Annotation<'a>> {
        let (text, begin) = lines.text(self.first, self.last);
        let remarks = self.remarks.into_iter().map(|(kind, span, remark)| {
            kind.span(span.start - begin..span.end - begin).label(remark)
        });
        Snippet::source(text)
            .line_start(self.first + 1)
            .path(lines.source.path.as_str())
            .fold(true)
            .annotations(remarks)
    }
}

fn groups<'a>(diagnostic: &'a Diagnostic, files: &BTreeMap<FileId, Lines<'a>>) -> Vec<Group<'a>> {
    let title = level(diagnostic.severity)
        .primary_title(diagnostic.message.as_str())
        .id(diagnostic.code.as_str());
    let mut pieces: Vec<Piece<'a>> = Vec::new();
    let primary = diagnostic.primary.iter().map(|label| (label, AnnotationKind::Primary));
    let related = diagnostic.related.iter().map(|label| (label, AnnotationKind::Context));
    for (label, kind) in primary.chain(related) {
        let file = label.origin.file;
        let Some(lines) = files.get(&file) else { continue };
        let span = first_line(label.origin, &lines.source.text);
        let line = lines.line_of(span.start);
        let remark = (kind, span, label.text.as_str());
        if let Some(piece) = pieces.iter_mut().find(|piece| piece.is_near(file, line)) {
            piece.first = piece.first.min(line);
            piece.last = piece.last.max(line);
            piece.remarks.push(remark);
        } else {
            pieces.push(Piece { file, first: line, last: line, remarks: vec![remark] });
        }
    }
    let mut group = Group::with_title(title);
    for piece in pieces {
        let Some(lines) = files.get(&piece.file) else { continue };
        group = group.element(piece.snippet(lines));
    }
    if let Some(help) = diagnostic.help.as_ref().filter(|_| !diagnostic.is_without_place()) {
        group = group.element(Level::HELP.message(help.as_str()));
    }
    vec![group]
}

/// The part of a position on its first line: a whole document would fill the screen.
fn first_line(origin: Origin, text: &str) -> Range<usize> {
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

#[cfg(test)]
mod tests {
    use lakewright_template::yaml::Span;

    use super::*;

    const LINE: &str = "key: value\n";

    /// A position at the beginning of a line, from 1.
    fn place(line: u32) -> Origin {
        let start = (line - 1) * u32::try_from(LINE.len()).expect("a short line");
        Origin { file: FileId(0), span: Span { start, end: start + 3, line, column: 1 } }
    }

    fn shown(lines: usize, diagnostic: Diagnostic) -> String {
        let sources = [SourceFile { path: "mesh.yaml".to_owned(), text: LINE.repeat(lines) }];
        let mut report = Report::new();
        report.push(diagnostic);
        human(&report, &sources, Style::Plain)
    }

    #[test]
    fn a_finding_is_shown_alike_however_long_its_file_is() {
        let finding = || {
            let diagnostic = Diagnostic::new(Code::DuplicateId, "twice").at(place(60), "again");
            diagnostic.and(place(7), "first").and(place(62), "and here").help("choose another")
        };
        let short = shown(62, finding());
        assert_eq!(shown(50_000, finding()), short);
        for line in ["--> mesh.yaml:60:1", "first", "...", "61 | key: value", "62 | key: value"] {
            assert!(short.contains(line), "{line}: {short}");
        }
    }

    #[test]
    fn places_far_apart_are_pieces_with_a_line_each() {
        let finding = Diagnostic::new(Code::DuplicateId, "twice").at(place(9_000), "again");
        let text = shown(10_000, finding.and(place(3), "first"));
        for line in ["--> mesh.yaml:9000:1", "9000 | key: value", "::: mesh.yaml:3:1", "first"] {
            assert!(text.contains(line), "{line}: {text}");
        }
    }

    #[test]
    fn thousands_of_one_code_are_counted_and_the_first_ones_shown() {
        let sources = [SourceFile { path: "mesh.yaml".to_owned(), text: LINE.repeat(3_000) }];
        let mut report = Report::new();
        for line in 1..=3_000 {
            let wrong = Diagnostic::new(Code::InvalidValue, "misspelt");
            report.push(wrong.at(place(line), "here"));
        }
        report.push(Diagnostic::new(Code::DuplicateId, "twice").at(place(9), "again"));
        let text = human(&report, &sources, Style::Plain);
        assert_eq!(text.matches("error[invalid-value]: misspelt").count(), SHOWN);
        assert!(text.contains("error[invalid-value]: 2980 more of this code"), "{text}");
        assert!(text.contains("error[duplicate-id]: twice"), "{text}");
        assert!(text.lines().count() < 200, "{text}");
    }

    #[test]
    fn a_place_behind_the_last_line_is_shown_on_it() {
        let text = shown(3, Diagnostic::new(Code::YamlSyntax, "cut off").at(place(4), "here"));
        assert!(text.contains("3 | key: value"), "{text}");
        let empty = shown(0, Diagnostic::new(Code::EmptyMesh, "nothing").at(place(1), "here"));
        assert!(empty.contains("--> mesh.yaml:1:1"), "{empty}");
    }
}
