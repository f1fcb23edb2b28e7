//! `lakewright deploy`: the stacks of a mesh through CloudFormation.

mod told;

use std::path::PathBuf;

use clap::Args;
use lakewright_analysis::synthesis::{needed, synthesize_all};
use lakewright_manifest::mesh::Maintenance;
use lakewright_manifest::resolve::placeholders;
use lakewright_manifest::{Mesh, SourceFile};
use lakewright_stacks::Plan;

use crate::arguments::day::Day;
use crate::deployment::{Choices, Deployment, Options, Progress, Wanted, base};
use crate::exit::{Exit, Failure};
use crate::ui::Ui;
use told::{left_to_owners, warn};

/// Deploy the stacks of a mesh through CloudFormation
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  lakewright deploy my-mesh --plan             say what would be done, and change nothing
  lakewright deploy my-mesh                    plan, review, ask, deploy
  lakewright deploy my-mesh --only dataset/sales --with-dependencies
  lakewright deploy my-mesh --yes --allow access-broadened --format json
  lakewright deploy my-mesh --live             show the run on the whole screen
  lakewright deploy my-mesh --plan-out plan.json
  lakewright deploy my-mesh --apply plan.json --yes

Each account is reached through its deploy role. An account without one, or with an older one, is
bootstrapped first: with your own credentials if they belong to that account, otherwise only as the
role that `--owner-role` names. Stacks whose deployed revision equals the new one are skipped.
Before the question, a review shows what the changes do, and who gains or loses access. If somebody
changes the stacks before the answer, `deploy` asks again, or ends with 8 if it runs with `--yes`.
Shares that expired before today, or before the date of `--as-of`, grant no access.

With `--yes` or `--apply`, access that broadens needs `--allow access-broadened`, and data that may
be lost `--allow data-loss`. `--apply` takes a file with `--approval` instead. Without `--yes`,
`--apply` asks before it changes anything.

Exit codes: 0 done, or the plan can be carried out; 4 nothing was changed: an account's owner has to
bootstrap it first, a stack belongs to another mesh, or a database or repository already has the
name of one that a stack would create (the same for `--plan`), or `--allow` lacks what the review
finds; 5 a dry run could not ask about each stack; 6 a stack failed and was rolled back, or AWS
refused its change; 7 a stack needs attention; 8 declined, in maintenance, another run changes the
mesh, or the plan of `--apply` is not true any more; 9 no credentials or no network.")]
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
    #[command(flatten)]
    choices: Choices,
    /// Deploy although the tenant is in maintenance
    #[arg(long)]
    admin: bool,
}

pub(crate) fn run(arguments: &DeployArgs, ui: &mut Ui) -> Result<Exit, Failure> {
    let choices = &arguments.choices;
    // A dry run deletes what it prepared before it ends.
    let progress = if choices.is_dry_run() { Progress::default() } else { Progress::watched() };
    let file = choices.plan_file()?;
    let loaded = ui.load(&arguments.mesh)?;
    let Some(mesh) = loaded.mesh else {
        ui.report(&loaded.report, &loaded.sources);
        return Ok(Exit::No);
    };
    ui.hide(&mesh.tenant.pivot_role.external_id);
    if mesh.tenant.maintenance != Maintenance::Off && !arguments.admin && !choices.is_looking() {
        ui.error(
            "the tenant is in maintenance; only an administrator's run with --admin changes stacks",
        );
        return Ok(Exit::Declined);
    }
    if !ready(&mesh, &loaded.sources, ui) {
        return Ok(Exit::No);
    }
    let purpose = match &file {
        Some(file) => file.purpose()?,
        None => choices.purpose(arguments.day.or_today()?, arguments.import_existing),
    };
    let plan = Plan::of(&mesh, Some(&purpose.day));
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
        Deployment::connect(wanted, &arguments.options, purpose.import_existing, progress)?;
    let path = arguments.mesh.display().to_string();
    let exit = deployment.run(choices.request(&path, &purpose, file.as_ref()), ui)?;
    left_to_owners(&arguments.mesh, &plan, ui);
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
