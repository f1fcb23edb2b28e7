//! `lakewright rehearse`: tonight's refresh of a mesh, against a simulated CloudFormation.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;
use lakewright_analysis::mesh::earlier;
use lakewright_analysis::synthesis::{Found, synthesize_all};
use lakewright_analysis::words::count;
use lakewright_deployer::cloud::{Access, Site, Stack};
use lakewright_simulator::rehearsal::{Rehearsal, Rehearsed};
use lakewright_stacks::Plan;
use lakewright_template::{StackAddress, StackKind};

use crate::arguments::day::Day;
use crate::deployment::deployer;
use crate::exit::{Exit, Failure};
use crate::show::rehearsal::{show, to_json};
use crate::ui::Ui;

/// Rehearse tonight's refresh against a simulated CloudFormation
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  lakewright rehearse my-mesh                     every stack changes, as after a release
  lakewright rehearse my-mesh --changed 10        one stack in ten changes
  lakewright rehearse my-mesh --since old-mesh    the stacks that differ from an earlier mesh

Nothing is sent to AWS, and no credentials are needed. The simulation decides how long a resource takes,
by the seed; AWS publishes no such times. So the time in all is no forecast. The order, the critical path,
and which stacks wait for each other are those of a real refresh.

Exit codes: 0 all stacks ended well; 4 the mesh has errors, or a stack failed in the rehearsal.")]
pub(crate) struct RehearseArgs {
    /// The mesh's folder, or a single file [default: the current folder]
    #[arg(default_value = ".", hide_default_value = true)]
    mesh: PathBuf,
    #[command(flatten)]
    day: Day,
    /// How many of a hundred stacks change
    #[arg(long, value_name = "PERCENT", default_value_t = 100)]
    #[arg(value_parser = clap::value_parser!(u64).range(0..=100), conflicts_with = "since")]
    changed: u64,
    /// The version of the mesh that is deployed: its folder, or a single file
    #[arg(long, value_name = "MESH")]
    since: Option<PathBuf>,
    /// The seed of the simulation: the same seed gives the same times
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

pub(crate) fn run(arguments: &RehearseArgs, ui: &mut Ui) -> Result<Exit, Failure> {
    let loaded = ui.load(&arguments.mesh)?;
    let Some(mesh) = loaded.mesh else {
        ui.report(&loaded.report, &loaded.sources);
        return Ok(Exit::No);
    };
    let plan = Plan::of(&mesh, arguments.day.as_of.as_ref());
    let (found, mut report) = synthesize_all(&plan)?;
    report.extend(plan.report);
    if report.has_errors() {
        ui.report(&report.sorted(), &loaded.sources);
        return Ok(Exit::No);
    }
    let before = match &arguments.since {
        Some(path) => deployed(path)?,
        None => BTreeMap::new(),
    };
    let stacks = stacks(found);
    let id = mesh.tenant.header.id.to_string();
    let (changed, seed) = (arguments.changed, arguments.seed);
    let rehearsal = Rehearsal { mesh: &id, stacks: &stacks, before: &before, changed, seed };
    let rehearsed = rehearsal.run().map_err(|error| Failure::unexpected(error.to_string()))?;
    if ui.is_json() {
        ui.data(&format!("{:#}\n", to_json(&rehearsed, seed)));
    } else {
        show(&rehearsed, ui);
    }
    note(&rehearsed, seed, ui);
    let is_good = rehearsed.failed().next().is_none() && rehearsed.skipped.is_empty();
    Ok(if is_good { Exit::Done } else { Exit::No })
}

/// The stacks of an earlier version.
fn deployed(path: &Path) -> Result<BTreeMap<StackAddress, Stack>, Failure> {
    let mesh = earlier(path)?;
    let plan = Plan::of(&mesh, None);
    let (found, report) = synthesize_all(&plan)?;
    if report.has_errors() {
        let message = format!("{} has errors: `lakewright check` lists them", path.display());
        return Err(Failure::usage(message));
    }
    Ok(stacks(found))
}

fn stacks(found: Vec<Found>) -> BTreeMap<StackAddress, Stack> {
    let mut stacks = BTreeMap::new();
    for Found { stack, target } in found {
        let entry = stack.entry;
        let access = if entry.kind == StackKind::Bootstrap {
            Access::Owner { role: String::new() }
        } else {
            deployer(&target)
        };
        let site = Site { place: entry.place(), access };
        let assets = stack.assets.into_iter();
        let assets = assets.map(|asset| (asset.entry.path, asset.bytes.into_owned())).collect();
        stacks.insert(entry.address(), Stack { entry, template: stack.json, assets, site });
    }
    stacks
}

fn note(rehearsed: &Rehearsed, seed: u64, ui: &mut Ui) {
    let worked_on = rehearsed.outcomes.len() + rehearsed.skipped.len();
    let all = count(worked_on + rehearsed.kept, "stack");
    ui.note(&format!("{worked_on} of {all} changed; seed {seed}"));
}
