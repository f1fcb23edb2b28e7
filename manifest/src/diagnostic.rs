//! Findings about a mesh: what is wrong, where, and how to fix it.

use lakewright_template::yaml::Span;
use std::hash::{Hash, Hasher};

use crate::Code;

/// The severity of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The mesh cannot be used.
    Error,
    /// The mesh can be used, but its author should check the finding.
    Warning,
}

/// A file of the mesh, as its index in the list of sources.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct FileId(pub u32);

/// A position in a file of the mesh.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Origin {
    /// The file.
    pub file: FileId,
    /// The position in it.
    pub span: Span,
}

/// Where something is written says nothing about what it is: documents that were only moved have the same hash.
impl Hash for Origin {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}

/// A position with a remark.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Label {
    /// The position.
    pub origin: Origin,
    /// The remark; may be empty.
    pub text: String,
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// The kind of finding.
    pub code: Code,
    /// Its severity.
    pub severity: Severity,
    /// What was found and what was expected, in one sentence.
    pub message: String,
    /// The position; `None` for a finding about the mesh as a whole.
    pub primary: Option<Label>,
    /// Other positions that explain the finding.
    pub related: Vec<Label>,
    /// How to fix it.
    pub help: Option<String>,
}

impl Diagnostic {
    /// A finding without a position. The code determines its severity.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: code.severity(),
            message: message.into(),
            primary: None,
            related: Vec::new(),
            help: None,
        }
    }

    /// Sets the position, with a remark.
    #[must_use]
    pub fn at(mut self, origin: Origin, text: impl Into<String>) -> Self {
        self.primary = Some(Label { origin, text: text.into() });
        self
    }

    /// Adds another position that explains the finding.
    #[must_use]
    pub fn and(mut self, origin: Origin, text: impl Into<String>) -> Self {
        self.related.push(Label { origin, text: text.into() });
        self
    }

    /// Whether the finding has no position in a file, such as a missing document.
    pub const fn is_without_place(&self) -> bool {
        self.primary.is_none() && self.related.is_empty()
    }

    /// Sets the suggested fix.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// All findings of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    diagnostics: Vec<Diagnostic>,
}

impl Report {
    /// An empty report.
    pub const fn new() -> Self {
        Self { diagnostics: Vec::new() }
    }

    /// Adds a finding.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    /// Adds the findings of another report.
    pub fn extend(&mut self, other: Self) {
        self.diagnostics.extend(other.diagnostics);
    }

    /// The findings in the order of files and lines, without duplicates.
    #[must_use]
    pub fn sorted(mut self) -> Self {
        let place = |diagnostic: &Diagnostic| {
            let origin = diagnostic.primary.as_ref().map(|label| label.origin);
            (origin, diagnostic.code, diagnostic.message.clone())
        };
        self.diagnostics.sort_by_cached_key(place);
        self.diagnostics.dedup();
        self
    }

    /// The findings.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.diagnostics.iter()
    }

    /// Whether the report has an error.
    pub fn has_errors(&self) -> bool {
        self.count(Severity::Error) > 0
    }

    /// The number of findings with a severity.
    pub fn count(&self, severity: Severity) -> usize {
        self.diagnostics.iter().filter(|diagnostic| diagnostic.severity == severity).count()
    }

    /// Whether the report has no findings.
    pub fn is_empty(&self) -> bool {
        self.diagnostics.is_empty()
    }
}

impl<'a> IntoIterator for &'a Report {
    type Item = &'a Diagnostic;
    type IntoIter = std::slice::Iter<'a, Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
