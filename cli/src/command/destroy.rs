//! `lakewright destroy`: deletes one stack of a mesh, or all of them.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::{ArgGroup, Args};
use lakewright_analysis::synthesis::synthesize_all;
use lakewright_stacks::Plan;

use crate::arguments::day::Day;
use crate::deployment::removal::Removal;
use crate::deployment::{Deployment, Options, Progress, Wanted, base};
use crate::exit::{Exit, Failure};
use crate::ui::Ui;

/// Delete one stack of a mesh, or all of them
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("which").args(["stack", "all"]).required(true))]
#[command(after_help = "Examples:
  lakewright destroy my-mesh --stack lakewright-dataset-sales
  lakewright destroy my-mesh --stack lakewright-dataset-sales --keep-stack
  lakewright destroy my-mesh --stack 333333333333/eu-west-1/lakewright-environment-old
  lakewright destroy my-mesh --stack 333333333333/eu-west-1 --keep-stack
  lakewright destroy my-mesh --all --plan --owner-role OrganizationAccountAccessRole
  lakewright destroy my-mesh --all --yes --owner-role OrganizationAccountAccessRole

Buckets, keys and databases that the mesh retains stay. They are listed before you confirm. A stack
that others depend on is not deleted, even if the mesh no longer has the others.

`--all` deletes every stack of the mesh in the reverse order of deployment, at once where none
depends on another, including stacks of environments that have left the mesh. The bootstraps come last: the accounts' owners delete them, or
`--owner-role` as a role of theirs. If a deletion fails, only the stacks that it depends on stay.

Stacks of an environment that has left the mesh are found in the record of deployments, and stacks
from before there was a record by `--base` with the earlier mesh. A bootstrap that its owner
deployed without the mesh's tags is recognized by its name, and deleted if its template is one of
the mesh's.

`--keep-stack` only removes the mesh's tags from a stack, so that Lakewright no longer knows it. For
an account and region that can no longer be accessed, it forgets the stacks that were left there.

Exit codes: 4 some stacks are not deleted, because others need them or because only an account's
owner deletes them (the same for `--plan`); 8 declined, or another run changes the mesh.")]
pub(crate) struct DestroyArgs {
    /// The mesh's folder, or a single file [default: the current folder]
    #[arg(default_value = ".", hide_default_value = true)]
    mesh: PathBuf,
    /// The stack's name, or its address `account/region/name`
    #[arg(long)]
    stack: Option<String>,
    /// All stacks of the mesh, also those that have left it
    #[arg(long)]
    all: bool,
    /// Say what would be deleted and what stays behind, and change nothing
    #[arg(long)]
    plan: bool,
    /// Keep the stack and its resources, and forget it
    #[arg(long, conflicts_with_all = ["all", "plan"])]
    keep_stack: bool,
    #[command(flatten)]
    options: Options,
}

pub(crate) fn run(arguments: &DestroyArgs, ui: &mut Ui) -> Result<Exit, Failure> {
    let progress = Progress::watched();
    let loaded = ui.load(&arguments.mesh)?;
    let Some(mesh) = loaded.mesh else {
        ui.report(&loaded.report, &loaded.sources);
        return Ok(Exit::No);
    };
    ui.hide(&mesh.tenant.pivot_role.external_id);
    let day = Day { as_of: None }.or_today()?;
    let plan = Plan::of(&mesh, Some(&day));
    let (found, report) = synthesize_all(&plan)?;
    if report.has_errors() {
        ui.report(&report.sorted(), &loaded.sources);
        return Ok(Exit::No);
    }
    let base = base(&mesh, arguments.options.base.as_deref())?;
    // `destroy` changes no bootstrap stack.
    let needed = BTreeMap::new();
    let wanted =
        Wanted { mesh: &mesh, found, listed: None, needed, base, sources: &loaded.sources };
    let deployment = Deployment::connect(wanted, &arguments.options, false, progress)?;
    let removal = Removal {
        stack: arguments.stack.as_deref(),
        keep_stack: arguments.keep_stack,
        only_plan: arguments.plan,
    };
    deployment.destroy(removal, ui)
}
