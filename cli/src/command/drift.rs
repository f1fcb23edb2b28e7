//! `lakewright drift`: what somebody changed by hand.

use clap::Args;

use super::diff::fail_on::{FailOn, differs};
use crate::deployment::{DriftRequest, Looking, look};
use crate::exit::{Exit, Failure};
use crate::show::review::written::show_review;
use crate::ui::Ui;

/// Find what somebody changed by hand: who gained or lost access, and what else differs
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  lakewright drift my-mesh
  lakewright drift my-mesh --stack lakewright-dataset-sales
  lakewright drift my-mesh --exit-code --format markdown
  lakewright drift my-mesh --repair            undo what CloudFormation can undo, after asking

Compares what is really there with the templates as they were deployed: CloudFormation's own drift
detection, and what it does not see: policies that were attached to roles or written into them,
trust policies, policies and grants of keys, policies of buckets and what blocks public access to
them, permissions of Lake Formation. The findings are those of `lakewright diff`. What could not be
read is told, and counts as unknown.

Exit codes: 0 compared; 3 with `--exit-code` if anything differs; 4 if a difference is one that
`--fail-on` names, or if nothing could be repaired; 5 with `--exit-code` if nothing differs and
something is not known; 6 and 7 a repair failed; 8 declined, in maintenance, or another run changes
the mesh; 9 no credentials or no network.")]
pub(crate) struct DriftArgs {
    #[command(flatten)]
    looking: Looking,
    /// Look at this stack only: its name, or ACCOUNT/REGION/NAME
    #[arg(long, value_name = "STACK")]
    stack: Option<String>,
    /// Exit with code 3 if anything differs
    #[arg(long)]
    exit_code: bool,
    /// Exit with code 4 if a difference is one of these
    #[arg(long, value_name = "WHAT", value_enum, value_delimiter = ',')]
    fail_on: Vec<FailOn>,
    /// Undo the drift of stacks, where CloudFormation replaces nothing for it
    #[arg(long)]
    repair: bool,
    /// With `--repair`: go on without asking for confirmation
    #[arg(long, short, requires = "repair")]
    yes: bool,
}

pub(crate) fn run(arguments: &DriftArgs, ui: &mut Ui) -> Result<Exit, Failure> {
    let DriftArgs { looking, stack, exit_code, fail_on, repair, yes } = arguments;
    let options = looking.options().confirmed(*yes);
    look(looking, &options, ui, |mut deployment, day, ui| {
        let mut drift = deployment.drift(DriftRequest { day, stack: stack.as_deref() })?;
        show_review(&drift.reviewed, ["deployed", "found"], ui)?;
        if *repair {
            return deployment.repair(&mut drift, ui);
        }
        let review = &drift.reviewed.review;
        Ok(if fail_on.iter().any(|one| one.is_met(review)) {
            Exit::No
        } else if *exit_code && differs(review) {
            Exit::Differs
        } else if *exit_code && drift.is_unknown {
            Exit::Unknown
        } else {
            Exit::Done
        })
    })
}
