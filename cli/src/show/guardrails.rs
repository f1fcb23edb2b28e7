//! Shows the findings of guardrails.

use std::path::Path;

use lakewright_analysis::guardrails::{Files, places};
use lakewright_guardrails::Breach;
use lakewright_manifest::{Report, SourceFile, render};
use serde_json::{Value, json};

use crate::ui::Ui;

/// The command that answers what guardrails leave open. Anybody's templates have no intended access.
pub(crate) fn asked_next(folder: &Path) -> &'static str {
    if folder.join("assembly.json").is_file() {
        "whether access is as it was asked for is what `prove --assembly` says"
    } else {
        "who reaches what is what `access --assembly` says"
    }
}

/// Breaches for people.
pub(crate) fn to_text(breaches: &[Breach], files: &Files) -> String {
    let lines = breaches.iter().zip(places(breaches, files)).map(|(breach, place)| {
        let Breach { rule, origin, sid, message } = breach;
        let statement = if sid.is_empty() { String::new() } else { format!(" statement {sid}") };
        let place = match place {
            Some((path, Some(line))) => format!("  --> {}:{line}\n  in", path.display()),
            Some((path, None)) => format!("  --> {}\n  in", path.display()),
            None => "  -->".to_owned(),
        };
        format!("error[{}]: {message}\n{place} {origin}{statement}\n", rule.code())
    });
    lines.collect()
}

/// Shows the findings of a mesh and of its templates together, in the requested format.
pub(crate) fn show_all(report: &Report, sources: &[SourceFile], breaches: &[Breach], ui: &mut Ui) {
    if ui.is_json() {
        ui.document(all_to_json(report, sources, breaches));
    } else {
        ui.report(report, sources);
        ui.data(&to_text(breaches, &Files::new()));
    }
}

/// The findings of a mesh and of its templates together, for programs.
pub(crate) fn all_to_json(report: &Report, sources: &[SourceFile], breaches: &[Breach]) -> Value {
    let mut data = render::json(report, sources);
    data["guardrails"] = to_json(breaches, &Files::new());
    data
}

/// Breaches for programs.
pub(crate) fn to_json(breaches: &[Breach], files: &Files) -> Value {
    let breaches = breaches.iter().zip(places(breaches, files)).map(|(breach, place)| {
        let Breach { rule, origin, sid, message } = breach;
        json!({
            "file": place.map(|(path, _)| path.display().to_string()),
            "line": place.and_then(|(_, line)| line),
            "code": rule.code(),
            "message": message,
            "stack": &*origin.stack,
            "logical_id": origin.logical_id,
            "property": origin.property,
            "sid": sid,
        })
    });
    breaches.collect()
}
