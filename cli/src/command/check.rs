//! `lakewright check`: everything that is wrong with a mesh.

use std::path::PathBuf;

use clap::Args;
use lakewright_manifest::resolve::check_change;
use lakewright_stacks::Plan;

use crate::exit::{Exit, Failure};
use crate::mesh::{Day, load};
use crate::synthesis::synthesize_all;
use crate::ui::{Ui, count};

/// Find everything that is wrong with a mesh
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  lakewright check my-mesh
  lakewright check my-mesh --format json
  lakewright check my-mesh --base the-mesh-before     rules about the change as well")]
pub(crate) struct CheckArgs {
    /// The mesh's folder, or a single file
    mesh: PathBuf,
    /// The mesh before a change: checks what may not be edited, and how shares move
    #[arg(long, value_name = "MESH")]
    base: Option<PathBuf>,
    #[command(flatten)]
    day: Day,
}

pub(crate) fn run(arguments: &CheckArgs, ui: &mut Ui) -> Result<Exit, Failure> {
    let loaded = load(&arguments.mesh)?;
    let mut report = loaded.report;
    let mut stacks = 0;
    if let Some(mesh) = &loaded.mesh {
        let plan = Plan::of(mesh, arguments.day.as_of.as_ref());
        let (found, findings) = synthesize_all(&plan);
        stacks = found.len();
        report.extend(plan.report);
        report.extend(findings);
    }
    if let Some(base) = &arguments.base {
        let base_mesh = load(base)?;
        match (&base_mesh.mesh, &loaded.mesh) {
            (Some(base), Some(head)) => report.extend(check_change(base, head)),
            (None, _) => {
                let message = format!(
                    "{} has errors of its own, so nothing can be compared with it; `lakewright check` it first",
                    base.display()
                );
                return Err(Failure::usage(message));
            }
            (Some(_), None) => {}
        }
    }
    let report = report.sorted();
    ui.report(&report, &loaded.sources);
    if report.has_errors() {
        return Ok(Exit::No);
    }
    ui.note(&format!("{} is fine: {}", arguments.mesh.display(), count(stacks, "stack")));
    Ok(Exit::Done)
}
