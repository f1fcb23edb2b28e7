//! `lakewright diff`: what a change does, who gains access, and what could be lost.

use std::collections::BTreeMap;

use clap::{Args, ValueEnum};
use lakewright_analysis::ReadError;
use lakewright_analysis::folder::Somewhere;
use lakewright_analysis::mesh::Loaded;
use lakewright_analysis::review::{
    Reading, Refused, Reviewed, Scope, Side, SideError, mesh_of, review,
};
use lakewright_analysis::synthesis::synthesize_all;
use lakewright_diff::access::Relation;
use lakewright_diff::review::Review;
use lakewright_diff::update::{DataEffect, Fate, Update};
use lakewright_manifest::{Date, RegionName, Report};
use lakewright_stacks::Plan;
use lakewright_template::AccountId;

use crate::arguments::Format;
use crate::arguments::day::Day;
use crate::arguments::subject::account;
use crate::deployment::{AllDeployed, Deployment, Options, Progress, Wanted};
use crate::exit::{Exit, Failure};
use crate::memory;
use crate::show;
use crate::show::review::names::Names;
use crate::show::review::{Shown, cdk, html, json, markdown, sarif, terminal};
use crate::ui::Ui;
use crate::width::width;

/// Say what a change does: who gains access, what is replaced, and what could be lost
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  lakewright diff git:main:mesh/ mesh/             a change of a mesh that is not committed yet
  lakewright diff the-mesh-before my-mesh          two folders
  lakewright diff out-before out                   two assemblies, as `synth` wrote them
  lakewright diff cdk.out.before cdk.out           anybody's templates
  lakewright diff deployed my-mesh                 what a deployment would change
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
    /// The account of templates whose account nothing else determines: 12 digits
    #[arg(long, value_name = "ACCOUNT", value_parser = account)]
    account: Option<AccountId>,
    /// The region of these templates; for `deployed`, that of the first request, as for `deploy`
    #[arg(long, value_name = "REGION", value_parser = RegionName::parse)]
    region: Option<RegionName>,
    /// For `deployed`: the AWS profile with the credentials
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
    /// For `deployed`: the role of the accounts' owners that looks where the deploy role may not
    #[arg(long, value_name = "NAME")]
    owner_role: Option<String>,
    #[command(flatten)]
    day: Day,
}

fn side(text: &str) -> Result<Side, SideError> {
    Side::parse(text)
}

/// What a pipeline may refuse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FailOn {
    /// Somebody gains access, or it cannot be decided whether
    #[value(alias = "broadening")]
    AccessBroadened,
    /// CloudFormation replaces a resource, may do so, or fails to update it
    Replacement,
    /// Data is deleted, can no longer be read, or is left behind
    DataLoss,
    /// A resource is replaced or deleted, or leaves its stack
    Destructive,
    /// Anything differs
    AnyChange,
}

impl FailOn {
    fn is_met(self, review: &Review) -> bool {
        let resources = || review.stacks.iter().flat_map(|stack| &stack.resources);
        let is_replaced = |fate: Fate| {
            matches!(fate, Fate::Updated(Update::MayReplace | Update::Replaces | Update::Fails))
        };
        match self {
            Self::AccessBroadened => {
                review.access.iter().any(|one| one.relation != Relation::Narrower)
            }
            Self::Replacement => resources().any(|one| is_replaced(one.outcome.fate)),
            Self::DataLoss => resources().any(|one| one.outcome.data > DataEffect::Orphaned),
            Self::Destructive => resources().any(|one| {
                is_replaced(one.outcome.fate)
                    || matches!(one.outcome.fate, Fate::Deleted | Fate::Retained)
            }),
            Self::AnyChange => differs(review),
        }
    }
}

fn differs(review: &Review) -> bool {
    !review.stacks.is_empty() || !review.access.is_empty()
}

pub(crate) fn run(arguments: &DiffArgs, ui: &mut Ui) -> Result<Exit, Failure> {
    memory::small_pages();
    let DiffArgs { before, after, .. } = arguments;
    let somewhere = Somewhere {
        account: arguments.account.clone(),
        region: arguments.region.as_ref().map(Into::into),
    };
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
    };
    let progress = ui.progress();
    let mut reviewed = match review(before, after, reading, &progress)? {
        Ok(reviewed) => reviewed,
        Err(refused) => return Ok(say(&refused, ui)),
    };
    let notes = of_deployed.iter().flat_map(|(deployed, _)| &deployed.notes);
    reviewed.review.notes.extend(notes.cloned());
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
    Exit::Usage
}

/// The side beside `deployed`; `None` if neither side is.
fn mesh_beside<'s>(before: &'s Side, after: &'s Side) -> Result<Option<&'s Side>, Failure> {
    match (before, after) {
        (Side::Deployed, Side::Deployed) => Err(Failure::usage(
            "both sides are `deployed`; expected a mesh as one of them, such as `lakewright diff deployed my-mesh`",
        )),
        (Side::Deployed, mesh) | (mesh, Side::Deployed) => Ok(Some(mesh)),
        _ => Ok(None),
    }
}

/// What CloudFormation has for the stacks of a mesh. The inner error is a mesh with errors.
fn deployed(
    side: &Side,
    day: &Date,
    arguments: &DiffArgs,
) -> Result<Result<AllDeployed, Box<Refused>>, Failure> {
    let Loaded { sources, mesh, report } = mesh_of(side)?.ok_or(ReadError::Deployed)?;
    let refused = |report: Report, sources| {
        let breaches = Vec::new();
        Ok(Err(Box::new(Refused { side: side.to_string(), report, breaches, sources })))
    };
    let Some(mesh) = mesh else { return refused(report, sources) };
    let plan = Plan::of(&mesh, Some(day));
    let (found, report) = synthesize_all(&plan)?;
    if report.has_errors() {
        return refused(report.sorted(), sources);
    }
    // Nothing is deployed, so neither the bootstraps that would be enough nor former places beside the record matter.
    let (needed, base) = (BTreeMap::new(), BTreeMap::new());
    let wanted = Wanted { mesh: &mesh, found, needed, base, sources: &sources };
    let DiffArgs { profile, region, owner_role, .. } = arguments;
    let options = Options::looking(profile.clone(), region.clone(), owner_role.clone());
    let deployment = Deployment::connect(wanted, &options, false, Progress::watched())?;
    Ok(Ok(deployment.all_deployed()?))
}

fn show_review(
    reviewed: &Reviewed,
    [before, after]: [&str; 2],
    ui: &mut Ui,
) -> Result<(), Failure> {
    let names = Names(reviewed);
    let shown = Shown { review: &reviewed.review, before, after, named: &names };
    let text = match ui.format() {
        Format::Json => json::text(&shown),
        Format::Html => html::page(&shown)?,
        Format::Markdown => markdown::text(&shown),
        Format::Sarif => sarif::text(&shown),
        Format::CdkReport => cdk::text(&shown),
        // `Arguments::check` refuses the formats of other commands.
        Format::Human | Format::Csv => terminal::text(&shown, ui.data_style(), width()),
    };
    ui.data(&text);
    Ok(())
}
