//! `lakewright refresh`: brings every stack of a mesh up to date, unattended.

use std::path::PathBuf;

use clap::Args;
use lakewright_manifest::mesh::Maintenance;
use lakewright_manifest::{Mesh, RegionName, Report, SourceFile};
use lakewright_stacks::Plan;

use crate::arguments::day::Day;
use crate::command::deploy::ready;
use crate::deployment::refresh::{Night, Part, Prepared};
use crate::deployment::{Deployment, Options, Progress};
use crate::exit::{Exit, Failure};
use crate::ui::Ui;

/// Bring every stack of a mesh up to date, unattended
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  lakewright refresh my-mesh                                  what the nightly job runs
  lakewright refresh my-mesh --journal night.journal --report night.html
  lakewright refresh my-mesh --resume night.journal           go on with a run that was killed
  lakewright refresh my-mesh --place 111111111111/eu-west-1   one account and region
  lakewright refresh my-mesh --shard 3/20                     one machine of twenty
  lakewright refresh my-mesh --live                           show the run on the whole screen

Stacks whose deployed revision equals the new one are skipped: an account and region without changes
costs one listing. Each other stack is updated as soon as the stacks that it depends on are done.
Nobody is asked. A change that replaces or deletes what holds data is not made, but for
`--allow data-loss`. Stacks that the mesh no longer has stay; `lakewright deploy` and
`lakewright destroy` remove them.

The first Ctrl-C or SIGTERM starts nothing more and waits for what CloudFormation is doing; a second
one ends the program at once. In both cases `--resume` goes on.

Exit codes: 0 done; 4 nothing was changed: the mesh has errors, an account is not bootstrapped, or a
stack belongs to another mesh; 6 a stack failed and was rolled back, or AWS refused its change; 7 a
stack needs attention; 8 in maintenance, stopped, another run changes the mesh, or a change was not
made because data may be lost; 9 no credentials or no network.")]
pub(crate) struct RefreshArgs {
    /// The mesh's folder, or a single file [default: the current folder]
    #[arg(default_value = ".", hide_default_value = true)]
    mesh: PathBuf,
    #[command(flatten)]
    day: Day,
    /// Take the templates from this assembly of the mesh instead of synthesizing them; shares count as of the day for
    /// which `lakewright synth` wrote it
    #[arg(long, value_name = "DIR")]
    assembly: Option<PathBuf>,
    #[command(flatten)]
    part: Part,
    #[command(flatten)]
    night: Night,
    /// The AWS profile with the credentials; it takes precedence over credentials in the environment
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
    /// The region of the first request, and of profiles without one; by default the mesh's home region
    #[arg(long, value_parser = RegionName::parse)]
    region: Option<RegionName>,
    /// Refresh although the tenant is in maintenance
    #[arg(long)]
    admin: bool,
    /// Accepted for jobs that pass it to every command: `refresh` never asks
    #[arg(long, short, hide = true)]
    yes: bool,
}

pub(crate) fn run(arguments: &RefreshArgs, ui: &mut Ui) -> Result<Exit, Failure> {
    let part = arguments.part.resolved()?;
    let loaded = ui.load(&arguments.mesh)?;
    let Some(mesh) = &loaded.mesh else {
        ui.report(&loaded.report, &loaded.sources);
        return Ok(Exit::No);
    };
    ui.hide(&mesh.tenant.pivot_role.external_id);
    if mesh.tenant.maintenance != Maintenance::Off && !arguments.admin {
        ui.error(
            "the tenant is in maintenance; only an administrator's run with --admin changes stacks",
        );
        return Ok(Exit::Declined);
    }
    if !ready(mesh, &loaded.sources, ui) {
        return Ok(Exit::No);
    }
    let day = arguments.day.or_today()?;
    let plan = Plan::of(mesh, Some(&day));
    let (report, sources) = (loaded.report.clone(), &loaded.sources);
    let Some(prepared) = prepare(arguments, (mesh, &plan), report, sources, ui)? else {
        return Ok(Exit::No);
    };
    let options = Options::looking(arguments.profile.clone(), arguments.region.clone(), None);
    let deployment = connect(mesh, prepared, &options, &loaded.sources)?;
    deployment.refresh(&part, &arguments.night, ui)
}

/// The stacks of the mesh; `None` if it has errors, which are shown.
fn prepare(
    arguments: &RefreshArgs,
    (mesh, plan): (&Mesh, &Plan<'_>),
    report: Report,
    sources: &[SourceFile],
    ui: &mut Ui,
) -> Result<Option<Prepared>, Failure> {
    if let Some(folder) = &arguments.assembly {
        return Prepared::from_assembly(folder, plan, mesh).map(Some);
    }
    match Prepared::synthesized(plan)? {
        Ok(prepared) => Ok(Some(prepared)),
        Err(found) => {
            let mut all = report;
            all.extend(found);
            ui.report(&all.sorted(), sources);
            Ok(None)
        }
    }
}

fn connect<'m>(
    mesh: &'m Mesh,
    prepared: Prepared,
    options: &Options,
    sources: &'m [SourceFile],
) -> Result<Deployment<'m>, Failure> {
    let wanted = prepared.wanted(mesh, sources);
    // A first signal stops the run in an orderly way, so nothing else watches for them.
    Deployment::connect(wanted, options, false, Progress::default())
}
