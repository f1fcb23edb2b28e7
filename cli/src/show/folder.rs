//! Shows the files of a folder that were left out, and other notes on its templates.

use lakewright_analysis::folder::Unread;
use lakewright_analysis::subject::Subject;
use serde_json::{Value, json};

use super::differences::CHANGED;
use crate::ui::Ui;

/// Prints the files that were left out: all unreadable files, and the first ones that are no templates.
pub(crate) fn say_unread(all: &[Unread], ui: &mut Ui) {
    for one in all.iter().filter(|one| !one.is_foreign) {
        ui.error(&one.show());
    }
    for line in Unread::foreign(all) {
        ui.note(&line);
    }
}

/// A file that was left out, for programs.
pub(crate) fn unread_to_json(unread: &Unread) -> Value {
    let Unread { path, reason, is_foreign } = unread;
    let kind = if *is_foreign { "foreign" } else { "unreadable" };
    json!({ "file": path.display().to_string(), "kind": kind, "reason": reason })
}

/// Prints the templates that `synth` did not write like this, and the notes on anybody's templates.
pub(crate) fn say_changes(subject: &Subject, ui: &mut Ui) {
    for path in &subject.changed {
        ui.note(&format!("{path} {CHANGED}"));
    }
    for note in subject.foreign.iter().flat_map(|foreign| &foreign.notes) {
        ui.note(note);
    }
}
