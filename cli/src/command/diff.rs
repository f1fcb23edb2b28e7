//! `lakewright diff`: what a change does, who gains access, and what could be lost.

use clap::{Args, ValueEnum};
use lakewright_analysis::folder::Somewhere;
use lakewright_analysis::review::{Reading, Refused, Reviewed, Scope, Side, SideError, review};
use lakewright_diff::access::Relation;
use lakewright_diff::review::Review;
use lakewright_diff::update::{DataEffect, Fate, Update};
use lakewright_manifest::RegionName;
use lakewright_template::{AccountId, StackAddress};

use crate::arguments::Format;
use crate::arguments::day::Day;
use crate::arguments::subject::account;
use crate::exit::{Exit, Failure};
use crate::memory;
use crate::show;
use crate::show::review::{Named, Shown, cdk, html, json, markdown, sarif, terminal};
use crate::ui::Ui;
use crate::width::width;

/// Say what a change does: who gains access, what is replaced, and what could be lost
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  lakewright diff git:main:mesh/ mesh/             a change of a mesh that is not committed yet
  lakewright diff the-mesh-before my-mesh          two folders
  lakewright diff out-before out                   two assemblies, as `synth` wrote them
  lakewright diff cdk.out.before cdk.out           anybody's templates
  lakewright diff before after --format markdown   for a comment on a pull request
  lakewright diff before after --fail-on access-broadened,data-loss

Exit codes: 0 compared, 3 with `--exit-code` if anything differs, 4 if the change does something that `--fail-on` names.")]
pub(crate) struct DiffArgs {
    /// The side before the change: a mesh, an assembly, a folder of templates, or `git:REVISION:PATH`
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
    /// The region of these templates
    #[arg(long, value_name = "REGION", value_parser = RegionName::parse)]
    region: Option<RegionName>,
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
    let reading =
        Reading { day: arguments.day.as_of.as_ref(), somewhere: &somewhere, scope: Scope::Near };
    let progress = ui.progress();
    let reviewed = match review(before, after, reading, &progress)? {
        Ok(reviewed) => reviewed,
        Err(refused) => return Ok(say(&refused, ui)),
    };
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

/// The names that people know, from the meshes of both sides.
struct Names<'r>(&'r Reviewed);

impl Named for Names<'_> {
    fn principal(&self, principal: &str) -> Option<String> {
        self.0.principals.get(principal).cloned()
    }

    fn stack(&self, stack: &str) -> Option<String> {
        let subject = self.0.stacks.get(stack).filter(|subject| *subject != stack)?;
        let StackAddress { place, .. } = StackAddress::parse(stack).ok()?;
        Some(format!("{subject} ({}, {})", place.account, place.region))
    }

    fn resource(&self, resource: &str) -> Option<String> {
        self.0.resources.get(resource).cloned()
    }
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
