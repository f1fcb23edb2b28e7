//! `lakewright status`: what is where, and what a refresh would do with it.

use clap::Args;
use lakewright_manifest::RegionName;
use lakewright_template::{AccountId, StackKind, UnknownKind};

use crate::arguments::subject::account;
use crate::deployment::{Filter, Looking, look};
use crate::exit::{Exit, Failure};
use crate::ui::Ui;

/// Show what is deployed where, and what a refresh would do with it
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  lakewright status my-mesh
  lakewright status my-mesh --account 222233334444 --kind dataset
  lakewright status my-mesh --exit-code --format json

Shows each stack of the mesh, and each deployed stack that the mesh no longer has: its status, its
last operation, and what a refresh would do: create, update, keep, delete (only `deploy` does it),
orphan (not in the mesh any more, and left for a person to decide), foreign (it belongs to another
mesh). Also: who gets alarms, and the run that changes the mesh. Nothing is changed.

Exit codes: 0 shown; 3 with `--exit-code` if a refresh would change a stack; 4 an account is not
bootstrapped; 7 a stack needs attention; 9 no credentials or no network.")]
pub(crate) struct StatusArgs {
    #[command(flatten)]
    looking: Looking,
    /// Show the stacks of this account only: 12 digits
    #[arg(long, value_name = "ACCOUNT", value_parser = account)]
    account: Option<AccountId>,
    /// Show the stacks of this region only
    #[arg(long, value_name = "REGION", value_parser = RegionName::parse)]
    region: Option<RegionName>,
    /// Show the stacks of this kind only, such as `dataset`
    #[arg(long, value_name = "KIND", value_parser = kind)]
    kind: Option<StackKind>,
    /// Exit with code 3 if a refresh would change something
    #[arg(long)]
    exit_code: bool,
}

fn kind(text: &str) -> Result<StackKind, UnknownKind> {
    StackKind::parse(text)
}

pub(crate) fn run(arguments: &StatusArgs, ui: &mut Ui) -> Result<Exit, Failure> {
    let StatusArgs { looking, account, region, kind, exit_code } = arguments;
    let filter = Filter { account: account.clone(), region: region.clone(), kind: *kind };
    let differs = if *exit_code { Exit::Differs } else { Exit::Done };
    let options = looking.options();
    look(looking, &options, ui, |deployment, _, ui| deployment.status(&filter, differs, ui))
}
