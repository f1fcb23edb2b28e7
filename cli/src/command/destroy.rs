//! `lakewright destroy`: one stack of a mesh goes, or all of them.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::{ArgGroup, Args};
use lakewright_analysis::mesh::load;
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

What the mesh says to retain stays: buckets, keys, databases. It is named before anybody is asked. A
stack that others depend on is not deleted, whether or not the mesh still has these. `--all` deletes
every stack of the mesh, those of environments that have left it as well, in the reverse order of
deployment: the bootstraps last, which are for the accounts' owners, or for a role of theirs with
`--owner-role`. What fails keeps what it depends on, and nothing else. Stacks of an environment that
has left the mesh are found by the record of deployments, and those from before there was one by
`--base` with the mesh before. `--keep-stack` only takes the mesh's tags off a stack, so that
nothing knows it any more; with an account and region in which nobody may look any more, it forgets
what was left there. A bootstrap that its owner deployed without the mesh's tags is known by its
name, and goes when its template is one of the mesh's. Exit codes: 4 some stacks are not deleted,
as others need them or as only an account's owner deletes them, and so for `--plan`; 8 declined, or
another run changes the mesh.")]
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
    /// Leave the stack and its resources, and forget it
    #[arg(long, conflicts_with_all = ["all", "plan"])]
    keep_stack: bool,
    #[command(flatten)]
    options: Options,
}

pub(crate) fn run(arguments: &DestroyArgs, ui: &mut Ui) -> Result<Exit, Failure> {
    let progress = Progress::watched();
    let loaded = load(&arguments.mesh)?;
    let Some(mesh) = loaded.mesh else {
        ui.report(&loaded.report, &loaded.sources);
        return Ok(Exit::No);
    };
    let day = Day { as_of: None }.or_today()?;
    let plan = Plan::of(&mesh, Some(&day));
    let (found, report) = synthesize_all(&plan)?;
    if report.has_errors() {
        ui.report(&report.sorted(), &loaded.sources);
        return Ok(Exit::No);
    }
    let base = base(&mesh, arguments.options.base.as_deref())?;
    // No bootstrap stack is changed by this.
    let needed = BTreeMap::new();
    let wanted = Wanted { mesh: &mesh, found, needed, base, sources: &loaded.sources };
    let deployment = Deployment::connect(wanted, &arguments.options, false, progress)?;
    let removal = Removal {
        stack: arguments.stack.as_deref(),
        keep_stack: arguments.keep_stack,
        only_plan: arguments.plan,
    };
    deployment.destroy(removal, ui)
}
