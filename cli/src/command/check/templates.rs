//! `check --assembly`: the guardrails on anybody's templates.

use std::path::Path;

use lakewright_analysis::words::count;
use lakewright_analysis::{folder, guardrails};
use serde_json::json;

use crate::exit::{Exit, Failure};
use crate::show;
use crate::ui::Ui;

/// Checks guardrails on the templates of a folder.
pub(super) fn check(
    folder: &Path,
    base: Option<&Path>,
    somewhere: &folder::Somewhere,
    ui: &mut Ui,
) -> Result<Exit, Failure> {
    let guardrails::Checked { files, breaches, unread, unseen, has_unreadable } =
        guardrails::of_folder(folder, base, somewhere)?;
    let templates = count(files.len(), "template");
    if ui.is_json() {
        let data = json!({
            "version": 1,
            "templates": files.len(),
            "findings": show::guardrails::to_json(&breaches, &files),
            "unseen": unseen,
            "unread": unread.iter().map(show::folder::unread_to_json).collect::<Vec<_>>(),
        });
        ui.document(data);
    } else {
        ui.data(&show::guardrails::to_text(&breaches, &files));
    }
    for one in &unseen {
        ui.note(one);
    }
    show::folder::say_unread(&unread, ui);
    if !breaches.is_empty() {
        ui.error(&format!("{} in {templates}", count(breaches.len(), "finding")));
    }
    if has_unreadable {
        return Ok(Exit::Usage);
    }
    if !breaches.is_empty() {
        return Ok(Exit::No);
    }
    let more = show::guardrails::asked_next(folder);
    ui.note(&format!("no guardrail finds anything in {templates} of {}; {more}", folder.display()));
    Ok(Exit::Done)
}
