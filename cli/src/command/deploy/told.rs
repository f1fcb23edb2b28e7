//! What `deploy` says besides its plan.

use std::path::Path;

use lakewright_manifest::render;
use lakewright_manifest::{Report, SourceFile};
use lakewright_stacks::Plan;

use crate::ui::Ui;

/// Shows the warnings that `check` shows. In JSON they are one event on a line, like everything that a deployment
/// prints.
pub(super) fn warn(report: &Report, sources: &[SourceFile], ui: &mut Ui) {
    if report.is_empty() {
        return;
    }
    if !ui.is_json() {
        ui.report(report, sources);
        return;
    }
    let mut told = render::json(report, sources);
    told["event"] = "warnings".into();
    ui.data(&format!("{told}\n"));
}

/// Prints what a deployment cannot do: the owners of imported resources add policies themselves.
pub(super) fn left_to_owners(mesh: &Path, plan: &Plan<'_>, ui: &mut Ui) {
    let mesh = mesh.display();
    for handout in &plan.handouts {
        ui.note(&format!("to do by the owner: {}: {}", handout.path, handout.task));
    }
    if !plan.handouts.is_empty() {
        ui.note(&format!(
            "until the owner has done that, the access that it is for does not work; `lakewright synth {mesh} --out out` writes the files into `out`"
        ));
    }
}
