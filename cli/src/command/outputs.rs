//! `lakewright outputs`: the outputs of deployed stacks.

use clap::Args;

use crate::deployment::{Looking, look};
use crate::exit::{Exit, Failure};
use crate::ui::Ui;

/// Show the outputs of the deployed stacks
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  lakewright outputs my-mesh
  lakewright outputs my-mesh lakewright-dataset-sales
  lakewright outputs my-mesh --format json

Exit codes: 0 shown; 2 no such stack is deployed; 4 an account is not bootstrapped; 9 no credentials
or no network.")]
pub(crate) struct OutputsArgs {
    #[command(flatten)]
    looking: Looking,
    /// Only this stack: its name, or ACCOUNT/REGION/NAME
    stack: Option<String>,
}

pub(crate) fn run(arguments: &OutputsArgs, ui: &mut Ui) -> Result<Exit, Failure> {
    let OutputsArgs { looking, stack } = arguments;
    let options = looking.options();
    look(looking, &options, ui, |deployment, _, ui| deployment.outputs(stack.as_deref(), ui))
}
