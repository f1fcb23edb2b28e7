//! `lakewright check`: everything that is wrong with a mesh.

use std::path::{Path, PathBuf};

use clap::Args;
use lakewright_manifest::resolve::{check_change, expired_shares, placeholders};
use lakewright_proof::world::Piece;
use lakewright_stacks::{Mentions, Offer, Plan, StackPlan, Synthesized, connect};
use lakewright_template::assembly::StackEntry;
use serde_json::json;

use crate::exit::{Exit, Failure};
use crate::folder::{Somewhere, Unread};
use crate::guardrails::{self, Checked};
use crate::mesh::{Day, earlier_beside, left_behind, load, stay_behind};
use crate::progress::Progress;
use crate::runway;
use crate::synthesis::{Kept, Unmade, each, in_a_circle};
use crate::ui::{Ui, count};

/// Find everything that is wrong with a mesh
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  lakewright check my-mesh
  lakewright check my-mesh --format json
  lakewright check my-mesh --base the-mesh-before     rules about the change as well
  lakewright check my-mesh --runway                   how much more fits before a limit
  lakewright check --assembly cdk.out                 guardrails on anybody's templates")]
pub(crate) struct CheckArgs {
    /// The mesh's folder, or a single file [default: the current folder]
    mesh: Option<PathBuf>,
    /// Check the templates in a folder instead: an assembly, or anybody's templates
    #[arg(long, value_name = "DIR", conflicts_with_all = ["mesh", "as_of", "runway"])]
    assembly: Option<PathBuf>,
    /// The mesh before a change: checks what may not be edited, and how shares move. With `--assembly` the folder
    /// of templates before it: checks what CloudFormation would refuse
    #[arg(long, value_name = "MESH")]
    base: Option<PathBuf>,
    /// Say how many more datasets, shares and so on fit into each environment before a limit is reached
    #[arg(long)]
    runway: bool,
    #[command(flatten)]
    somewhere: Somewhere,
    #[command(flatten)]
    day: Day,
}

pub(crate) fn run(arguments: &CheckArgs, ui: &mut Ui) -> Result<Exit, Failure> {
    if let Some(folder) = &arguments.assembly {
        return templates(folder, arguments.base.as_deref(), &arguments.somewhere, ui);
    }
    let path = arguments.mesh.as_deref().unwrap_or_else(|| Path::new("."));
    let loaded = load(path)?;
    let mut report = loaded.report;
    let mut stacks = 0;
    let mut breaches = Vec::new();
    let mut runways = Vec::new();
    if let Some(mesh) = &loaded.mesh {
        let plan = Plan::of(mesh, arguments.day.as_of.as_ref());
        let progress = Progress::new(plan.stacks.len(), ui.shows_progress());
        let build = |stack: &StackPlan<'_>| looked_at(stack, arguments.runway);
        let (found, findings) = each(&plan, Offer::Environments, &progress, build)?;
        stacks = found.len();
        let (pieces, mut kept): (Vec<Piece>, Vec<Looked>) = found.into_iter().unzip();
        breaches = guardrails::of_pieces(pieces);
        if !findings.has_errors() {
            let all = kept.iter_mut().map(|one| (&mut one.entry, &one.mentions));
            connect(&mut all.collect::<Vec<_>>()).map_err(|stacks| in_a_circle(&stacks))?;
        }
        if arguments.runway {
            let stacks: Vec<&Synthesized> =
                kept.iter().filter_map(|one| one.whole.as_ref()).collect();
            runways = lakewright_stacks::runway(mesh, &stacks);
        }
        report.extend(plan.report);
        report.extend(findings);
        report.extend(placeholders(mesh));
        report.extend(expired_shares(mesh, &arguments.day.or_today()?));
    }
    let mut sources = loaded.sources;
    let mut left = Vec::new();
    if let Some(base) = &arguments.base {
        let base = earlier_beside(base, &mut sources)?;
        if let Some(head) = &loaded.mesh {
            report.extend(check_change(&base, head, Some(&arguments.day.or_today()?)));
            left = left_behind(&base, head);
        }
    }
    stay_behind(&left, ui);
    let report = report.sorted();
    if ui.is_json() {
        let mut data = guardrails::all_to_json(&report, &sources, &breaches);
        if arguments.base.is_some() {
            data["left_behind"] = json!(left);
        }
        if arguments.runway {
            data["runway"] = runways.iter().map(runway::to_json).collect();
        }
        ui.data(&format!("{data:#}\n"));
    } else {
        guardrails::show_all(&report, &sources, &breaches, ui);
        for line in &runways {
            ui.data(&runway::to_text(line));
        }
    }
    if report.has_errors() || !breaches.is_empty() {
        return Ok(Exit::No);
    }
    ui.note(&format!("{} is fine: {}", path.display(), count(stacks, "stack")));
    Ok(Exit::Done)
}

/// What is kept of a stack beside what it says about access.
struct Looked {
    entry: StackEntry,
    mentions: Mentions,
    /// All of it, where it is said how much more fits.
    whole: Option<Synthesized>,
}

fn looked_at(stack: &StackPlan<'_>, keeps_all: bool) -> Kept<(Piece, Looked)> {
    let made = stack.synthesize().map_err(Unmade::Findings)?;
    let usage = made.usage();
    let piece = guardrails::piece_of(&made).map_err(Unmade::Failure)?;
    let (entry, mentions) = (made.entry.clone(), made.mentions.clone());
    let kept = Looked { entry, mentions, whole: keeps_all.then_some(made) };
    Ok(((piece, kept), usage))
}

/// Guardrails on the templates of a folder.
fn templates(
    folder: &Path,
    base: Option<&Path>,
    somewhere: &Somewhere,
    ui: &mut Ui,
) -> Result<Exit, Failure> {
    let Checked { files, breaches, unread, unseen, has_unreadable } =
        guardrails::of_folder(folder, base, somewhere)?;
    let templates = count(files.len(), "template");
    if ui.is_json() {
        let data = json!({
            "version": 1,
            "templates": files.len(),
            "findings": guardrails::to_json(&breaches, &files),
            "unseen": unseen,
            "unread": unread.iter().map(Unread::to_json).collect::<Vec<_>>(),
        });
        ui.data(&format!("{data:#}\n"));
    } else {
        ui.data(&guardrails::show(&breaches, &files));
    }
    for one in &unseen {
        ui.note(one);
    }
    Unread::say_all(&unread, ui);
    if !breaches.is_empty() {
        ui.error(&format!("{} in {templates}", count(breaches.len(), "finding")));
    }
    if has_unreadable {
        return Ok(Exit::Usage);
    }
    if !breaches.is_empty() {
        return Ok(Exit::No);
    }
    let more = guardrails::asked_next(folder);
    ui.note(&format!("no guardrail finds anything in {templates} of {}; {more}", folder.display()));
    Ok(Exit::Done)
}
