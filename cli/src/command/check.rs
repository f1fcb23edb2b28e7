//! `lakewright check`: everything that is wrong with a mesh.

mod templates;
mod watch;

use std::path::{Path, PathBuf};

use clap::Args;
use lakewright_analysis::checked::Checked;
use lakewright_analysis::mesh::{earlier_beside, left_behind};
use lakewright_analysis::words::count;
use lakewright_governance::{Governance, Problem};
use lakewright_manifest::mesh::PolicyState;
use lakewright_manifest::resolve::{check_change, expired_shares, placeholders};
use lakewright_stacks::Plan;
use serde_json::json;

use crate::arguments::day::Day;
use crate::arguments::governed::reported;
use crate::arguments::subject::Somewhere;
use crate::exit::{Exit, Failure};
use crate::show;
use crate::ui::Ui;

/// Find everything that is wrong with a mesh
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  lakewright check my-mesh
  lakewright check my-mesh --format json
  lakewright check my-mesh --base the-mesh-before     rules about the change as well
  lakewright check my-mesh --runway                   how much more fits before a limit
  lakewright check my-mesh --watch                    again after each change of a file
  lakewright check --assembly cdk.out                 guardrails on anybody's templates")]
pub(crate) struct CheckArgs {
    /// The mesh's folder, or a single file [default: the current folder]
    mesh: Option<PathBuf>,
    /// Check the templates in a folder instead: an assembly, or anybody's templates
    #[arg(long, value_name = "DIR", conflicts_with_all = ["mesh", "as_of", "runway"])]
    assembly: Option<PathBuf>,
    /// The mesh before a change: checks what may not be edited, and how shares move. With `--assembly` the folder
    /// of templates before it: checks what CloudFormation would refuse
    #[arg(long, value_name = "MESH")]
    base: Option<PathBuf>,
    /// Say how many more datasets, shares and so on fit into each environment before a limit is reached
    #[arg(long)]
    runway: bool,
    /// Check again after each change of a file, until the program is ended
    #[arg(long, conflicts_with = "assembly")]
    watch: bool,
    #[command(flatten)]
    somewhere: Somewhere,
    #[command(flatten)]
    day: Day,
}

pub(crate) fn run(arguments: &CheckArgs, ui: &mut Ui) -> Result<Exit, Failure> {
    if let Some(folder) = &arguments.assembly {
        return templates::check(
            folder,
            arguments.base.as_deref(),
            &arguments.somewhere.place(),
            ui,
        );
    }
    let path = arguments.mesh.as_deref().unwrap_or_else(|| Path::new("."));
    if arguments.watch {
        return watch::watch(path, ui, |ui| once(path, arguments, ui));
    }
    once(path, arguments, ui)
}

fn once(path: &Path, arguments: &CheckArgs, ui: &mut Ui) -> Result<Exit, Failure> {
    let loaded = ui.load(path)?;
    let mut report = loaded.report;
    let mut checked = Checked::default();
    if let Some(mesh) = &loaded.mesh {
        let plan = Plan::of(mesh, arguments.day.as_of.as_ref());
        checked = Checked::of(&plan, mesh, arguments.runway, &ui.progress())?;
        report.extend(plan.report);
        report.extend(std::mem::take(&mut checked.findings));
        // The plan of a mesh with a policy store has found those of active policies already.
        let has_store = mesh.tenant.governance.is_some();
        let is_active = |problem: &Problem| {
            let mut policies = mesh.access_policies.values();
            policies.any(|policy| {
                policy.header.origin == problem.origin && policy.state == PolicyState::Active
            })
        };
        let mut problems = Governance::problems(mesh);
        problems.retain(|problem| !(has_store && is_active(problem)));
        report.extend(reported(&problems));
        report.extend(placeholders(mesh));
        report.extend(expired_shares(mesh, &arguments.day.or_today()?));
    }
    let mut sources = loaded.sources;
    let mut left = Vec::new();
    if let Some(base) = &arguments.base {
        let base = earlier_beside(base, &mut sources)?;
        if let Some(head) = &loaded.mesh {
            report.extend(check_change(&base, head, Some(&arguments.day.or_today()?)));
            left = left_behind(&base, head);
        }
    }
    show::left_behind::say(&left, ui);
    let report = report.sorted();
    let Checked { stacks, breaches, runways, .. } = checked;
    if ui.is_json() {
        let mut data = show::guardrails::all_to_json(&report, &sources, &breaches);
        if arguments.base.is_some() {
            data["left_behind"] = json!(left);
        }
        if arguments.runway {
            data["runway"] = runways.iter().map(show::runway::to_json).collect();
        }
        ui.document(data);
    } else {
        show::guardrails::show_all(&report, &sources, &breaches, ui);
        for line in &runways {
            ui.prose(&show::runway::to_text(line));
        }
    }
    if report.has_errors() || !breaches.is_empty() {
        return Ok(Exit::No);
    }
    ui.note(&format!("{} is fine: {}", path.display(), count(stacks, "stack")));
    Ok(Exit::Done)
}
