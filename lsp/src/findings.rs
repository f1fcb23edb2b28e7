//! Findings, as editors show them.

use std::ops::Range;

use lakewright_manifest::diagnostic::{Label, Origin};
use lakewright_manifest::{Diagnostic, Report, Severity};
use serde_json::{Value, json};

use crate::features::View;

/// The findings of each file, by its number. Those that are about the mesh as a whole stand in the first file.
pub(crate) fn by_file(report: &Report, files: usize) -> Vec<Vec<Diagnostic>> {
    let mut found = vec![Vec::new(); files];
    for one in report {
        let file = one.primary.as_ref().map_or(0, |label| number(label.origin));
        if let Some(of_file) = found.get_mut(file) {
            of_file.push(one.clone());
        }
    }
    found
}

fn number(origin: Origin) -> usize {
    usize::try_from(origin.file.0).unwrap_or(usize::MAX)
}

/// The bytes of a finding in its file; the first line, if it has no place.
pub(crate) fn bytes(view: View<'_>, file: usize, finding: &Diagnostic) -> Range<usize> {
    let text = &view.workspace.files()[file].text;
    match &finding.primary {
        Some(label) => of_label(text.as_str(), label),
        None => 0..text.line(0).len(),
    }
}

/// The bytes of a label. Those of a whole document are cut to its first line, since nobody reads red pages.
fn of_label(text: &str, label: &Label) -> Range<usize> {
    let index = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
    let mark = text.len() - text.trim_start_matches('\u{feff}').len();
    let start = text.floor_char_boundary((index(label.origin.span.start) + mark).min(text.len()));
    let end =
        text.floor_char_boundary((index(label.origin.span.end) + mark).clamp(start, text.len()));
    let first = text[start..end].find('\n').map_or(end, |at| start + at);
    start..first
}

/// A finding in the protocol.
pub(crate) fn shown(view: View<'_>, file: usize, finding: &Diagnostic) -> Value {
    let Diagnostic { code, severity, message, primary, related, help } = finding;
    let mut text = message.clone();
    if let Some(label) = primary.as_ref().filter(|label| !label.text.is_empty()) {
        text = format!("{text} ({})", label.text);
    }
    if let Some(help) = help {
        text = format!("{text}\nhelp: {help}");
    }
    let related: Vec<Value> = related
        .iter()
        .filter_map(|label| {
            let file = number(label.origin);
            let text = view.workspace.files().get(file)?.text.as_str();
            let location = view.location(file, &of_label(text, label));
            Some(json!({ "location": location, "message": label.text }))
        })
        .collect();
    let mut shown = json!({
        "range": view.range(file, &bytes(view, file, finding)),
        "severity": match severity { Severity::Error => 1, Severity::Warning => 2 },
        "code": code.as_str(),
        "source": "lakewright",
        "message": text,
    });
    if !related.is_empty() {
        shown["relatedInformation"] = Value::Array(related);
    }
    shown
}
