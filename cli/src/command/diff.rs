//! `lakewright diff`: what a change does, who gains access, and what could be lost.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use lakewright_analysis::review::{Input, Reading, Refused, Reviewed, review};
use lakewright_diff::access::Relation;
use lakewright_diff::review::Review;
use lakewright_diff::update::{DataEffect, Fate, Update};

use crate::arguments::Format;
use crate::arguments::day::Day;
use crate::arguments::subject::Somewhere;
use crate::exit::{Exit, Failure};
use crate::memory;
use crate::show;
use crate::ui::Ui;

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
    before: PathBuf,
    /// The side after the change [default: the current folder]
    after: Option<PathBuf>,
    /// Exit with code 3 if anything differs
    #[arg(long)]
    exit_code: bool,
    /// Exit with code 4 if the change does one of these
    #[arg(long, value_name = "WHAT", value_enum, value_delimiter = ',')]
    fail_on: Vec<FailOn>,
    #[command(flatten)]
    somewhere: Somewhere,
    #[command(flatten)]
    day: Day,
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
    let after = arguments.after.clone().unwrap_or_else(|| PathBuf::from("."));
    let [before, after] = [&arguments.before, &after];
    let somewhere = arguments.somewhere.place();
    let reading = Reading { day: arguments.day.as_of.as_ref(), somewhere: &somewhere };
    let progress = ui.progress();
    let reviewed =
        match review(&Input::at(before), &Input::at(after), reading, &progress)? {
            Ok(reviewed) => reviewed,
            Err(refused) => return Ok(say(&refused, ui)),
        };
    let titles = [before, after].map(|path| path.display().to_string());
    show_review(&reviewed, &titles, ui)?;
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
    let Refused { path, report, breaches, sources } = refused;
    show::guardrails::show_all(report, sources, breaches, ui);
    ui.error(&format!("{} has errors, and nothing was compared", path.display()));
    Exit::Usage
}

fn show_review(reviewed: &Reviewed, titles: &[String; 2], ui: &mut Ui) -> Result<(), Failure> {
    let _ = (reviewed, titles, Format::Human);
    ui.data("");
    Ok(())
}
