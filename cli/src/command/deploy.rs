//! `lakewright deploy`: the stacks of a mesh through CloudFormation.

use std::path::PathBuf;

use clap::Args;
use lakewright_analysis::mesh::load;
use lakewright_analysis::synthesis::{needed, synthesize_all};
use lakewright_manifest::mesh::Maintenance;
use lakewright_manifest::render;
use lakewright_manifest::resolve::placeholders;
use lakewright_manifest::{Mesh, Report, SourceFile};
use lakewright_stacks::Plan;

use crate::arguments::day::Day;
use crate::deployment::{Deployment, Options, Progress, Request, Wanted, base};
use crate::exit::{Exit, Failure};
use crate::ui::Ui;

/// Deploy the stacks of a mesh through CloudFormation
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  lakewright deploy my-mesh --plan             say what would be done, and change nothing
  lakewright deploy my-mesh                    plan, review, ask, deploy
  lakewright deploy my-mesh --yes --as-of 2026-12-01 --format json

Each account is reached through its deploy role. An account without one, or with an older one, is
bootstrapped first: with your own credentials if they belong to that account, otherwise only as the
role that `--owner-role` names. Stacks whose deployed revision equals the new one are skipped.
Before the question, a review shows what the changes do, and who gains or loses access. If somebody
changes the stacks before the answer, `deploy` asks again, or ends with 8 if it runs with `--yes`.
Shares that expired before today, or before the date of `--as-of`, grant no access.

Exit codes: 0 done, or the plan can be carried out; 4 nothing was changed: an account's owner has to
bootstrap it first, a stack belongs to another mesh, or a database or repository already has the
name of one that a stack would create (the same for `--plan`); 6 a stack failed and was rolled back,
or AWS refused its change; 7 a stack needs attention; 8 declined, in maintenance, or another run
changes the mesh; 9 no credentials or no network.")]
pub(crate) struct DeployArgs {
    /// The mesh's folder, or a single file [default: the current folder]
    #[arg(default_value = ".", hide_default_value = true)]
    mesh: PathBuf,
    #[command(flatten)]
    day: Day,
    #[command(flatten)]
    options: Options,
    /// Take resources that exist already under a name of the mesh into its stacks
    #[arg(long)]
    import_existing: bool,
    /// Say what would be done, and change nothing
    #[arg(long)]
    plan: bool,
    /// Deploy although the tenant is in maintenance
    #[arg(long)]
    admin: bool,
}

pub(crate) fn run(arguments: &DeployArgs, ui: &mut Ui) -> Result<Exit, Failure> {
    let progress = Progress::watched();
    let loaded = load(&arguments.mesh)?;
    let Some(mesh) = loaded.mesh else {
        ui.report(&loaded.report, &loaded.sources);
        return Ok(Exit::No);
    };
    if mesh.tenant.maintenance != Maintenance::Off && !arguments.admin && !arguments.plan {
        ui.error(
            "the tenant is in maintenance; only an administrator's run with --admin changes stacks",
        );
        return Ok(Exit::Declined);
    }
    if !ready(&mesh, &loaded.sources, ui) {
        return Ok(Exit::No);
    }
    let day = arguments.day.or_today()?;
    let plan = Plan::of(&mesh, Some(&day));
    let (found, report) = synthesize_all(&plan)?;
    if report.has_errors() {
        ui.report(&report.sorted(), &loaded.sources);
        return Ok(Exit::No);
    }
    let mut warnings = loaded.report;
    warnings.extend(plan.report.clone());
    warnings.extend(report);
    warn(&warnings.sorted(), &loaded.sources, ui);
    let base = base(&mesh, arguments.options.base.as_deref())?;
    let needed = match needed(&plan, &found) {
        Ok(needed) => needed,
        Err(report) => {
            ui.report(&report.sorted(), &loaded.sources);
            return Ok(Exit::No);
        }
    };
    let sources = &loaded.sources;
    let wanted = Wanted { mesh: &mesh, found, listed: None, needed, base, sources };
    let deployment =
        Deployment::connect(wanted, &arguments.options, arguments.import_existing, progress)?;
    let path = arguments.mesh.display().to_string();
    let request = Request { only_plan: arguments.plan, day: &day, mesh: &path };
    let exit = deployment.run(request, ui)?;
    left_to_owners(arguments, &plan, ui);
    Ok(exit)
}

/// Whether a mesh can be deployed: it has no values of the examples, which AWS does not know. Says why not.
pub(crate) fn ready(mesh: &Mesh, sources: &[SourceFile], ui: &mut Ui) -> bool {
    let left = placeholders(mesh);
    if left.is_empty() {
        return true;
    }
    // At another endpoint than AWS, such as an emulator, all accounts are made up.
    let is_elsewhere = std::env::var_os("AWS_ENDPOINT_URL").is_some_and(|url| !url.is_empty());
    if is_elsewhere {
        ui.note(
            "the examples' own values are accepted, because AWS_ENDPOINT_URL is set; on AWS they are refused",
        );
    } else {
        ui.report(&left, sources);
        ui.error("nothing is deployed until these values are replaced");
    }
    is_elsewhere
}

/// Shows the warnings that `check` shows. In JSON they are one event on a line, like everything that a deployment
/// prints.
fn warn(report: &Report, sources: &[SourceFile], ui: &mut Ui) {
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
fn left_to_owners(arguments: &DeployArgs, plan: &Plan<'_>, ui: &mut Ui) {
    let mesh = arguments.mesh.display();
    for handout in &plan.handouts {
        ui.note(&format!("to do by the owner: {}: {}", handout.path, handout.task));
    }
    if !plan.handouts.is_empty() {
        ui.note(&format!(
            "until the owner has done that, the access that it is for does not work; `lakewright synth {mesh} --out out` writes the files into `out`"
        ));
    }
}
