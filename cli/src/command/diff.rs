//! `lakewright diff`: what a change does, who gains access, and what could be lost.

mod deployed;
pub(crate) mod fail_on;

use clap::Args;
use lakewright_analysis::folder::Somewhere;
use lakewright_analysis::review::{Reading, Refused, Reviewed, Scope, Side, SideError, review};
use lakewright_diff::disagreement::disagreements;
use lakewright_manifest::RegionName;
use lakewright_template::AccountId;

use crate::arguments::day::Day;
use crate::arguments::subject::account;
use crate::exit::{Exit, Failure};
use crate::memory;
use crate::show;
use crate::show::review::written::show_review;
use crate::ui::Ui;
use deployed::{change_sets_fit, deployed, mesh_beside};
use fail_on::{FailOn, differs};

/// Say what a change does: who gains access, what is replaced, and what could be lost
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  lakewright diff git:main:mesh/ mesh/             a change of a mesh that is not committed yet
  lakewright diff the-mesh-before my-mesh          two folders
  lakewright diff out-before out                   two assemblies, as `synth` wrote them
  lakewright diff cdk.out.before cdk.out           anybody's templates
  lakewright diff deployed my-mesh                 what a deployment would change
  lakewright diff deployed my-mesh --change-sets   the same, beside CloudFormation's change sets
  lakewright diff my-mesh deployed                 what somebody changed in the accounts
  lakewright diff before after --format markdown   for a comment on a pull request
  lakewright diff before after --fail-on access-broadened,data-loss

The side `deployed` is what CloudFormation has now for the stacks of the mesh on the other side, read
with the credentials that `deploy` takes. Shares that expired before today, or before the date of
`--as-of`, grant no access then.

Exit codes: 0 compared, 3 with `--exit-code` if anything differs, 4 if the change does something that `--fail-on` names,
9 no credentials or no network for `deployed`.")]
pub(crate) struct DiffArgs {
    /// The side before the change: a mesh, an assembly, a folder of templates, `git:REVISION:PATH`, or `deployed`
    #[arg(value_parser = side)]
    before: Side,
    /// The side after the change
    #[arg(value_parser = side, default_value = ".")]
    after: Side,
    /// Exit with code 3 if anything differs
    #[arg(long)]
    exit_code: bool,
    /// Exit with code 4 if the change does one of these
    #[arg(long, value_name = "WHAT", value_enum, value_delimiter = ',')]
    fail_on: Vec<FailOn>,
    /// The account that templates are deployed in, if nothing beside them says it: 12 digits
    #[arg(long, value_name = "ACCOUNT", value_parser = account)]
    account: Option<AccountId>,
    /// The region that these templates are deployed in; for `deployed`, the region of the first request
    #[arg(long, value_name = "REGION", value_parser = RegionName::parse)]
    region: Option<RegionName>,
    /// For `deployed`: the AWS profile with the credentials
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
    /// For `deployed`: a role of the accounts' owners, assumed where the deploy role cannot be
    #[arg(long, value_name = "NAME")]
    owner_role: Option<String>,
    /// With `deployed` before the change: compare with CloudFormation's own change sets, and delete them again
    #[arg(long)]
    change_sets: bool,
    #[command(flatten)]
    day: Day,
}

fn side(text: &str) -> Result<Side, SideError> {
    Side::parse(text)
}

pub(crate) fn run(arguments: &DiffArgs, ui: &mut Ui) -> Result<Exit, Failure> {
    memory::small_pages();
    let DiffArgs { before, after, .. } = arguments;
    let somewhere = Somewhere {
        account: arguments.account.clone(),
        region: arguments.region.as_ref().map(Into::into),
        file: None,
    };
    change_sets_fit(arguments)?;
    let of_deployed = match mesh_beside(before, after)? {
        None => None,
        Some(mesh) => {
            let day = arguments.day.or_today()?;
            match deployed(mesh, &day, arguments)? {
                Ok(deployed) => Some((deployed, day)),
                Err(refused) => return Ok(say(&refused, ui)),
            }
        }
    };
    let stacks = of_deployed.as_ref().map(|(deployed, _)| deployed.stacks());
    let reading = Reading {
        // What is deployed has the shares of today.
        day: of_deployed.as_ref().map(|(_, day)| day).or(arguments.day.as_of.as_ref()),
        somewhere: &somewhere,
        scope: Scope::Near,
        deployed: stacks.as_deref(),
        limits: None,
    };
    let progress = ui.progress();
    let mut reviewed = match review(before, after, reading, &progress)? {
        Ok(reviewed) => reviewed,
        Err(refused) => return Ok(say(&refused, ui)),
    };
    let notes = of_deployed.iter().flat_map(|(deployed, _)| &deployed.notes);
    reviewed.review.notes.extend(notes.cloned());
    if let Some((deployed, _)) = &of_deployed {
        let found = disagreements(&reviewed.review.stacks, &deployed.services);
        reviewed.review.disagreements = found;
    }
    show_review(&reviewed, [&before.to_string(), &after.to_string()], ui)?;
    let Reviewed { review, .. } = &reviewed;
    let failed = arguments.fail_on.iter().any(|one| one.is_met(review));
    let exit = if failed {
        Exit::No
    } else if arguments.exit_code && differs(review) {
        Exit::Differs
    } else {
        Exit::Done
    };
    Ok(exit)
}

/// Says why a side is no valid mesh.
fn say(refused: &Refused, ui: &mut Ui) -> Exit {
    let Refused { side, report, breaches, sources } = refused;
    show::guardrails::show_all(report, sources, breaches, ui);
    ui.error(&format!("{side} has errors, and nothing was compared"));
    Exit::No
}
