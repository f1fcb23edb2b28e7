//! The graphs of access, and of a change.

use lakewright_analysis::folder::Somewhere;
use lakewright_analysis::graph::{
    Graph, Kept, Only, of_access, of_change, of_changed_stack, subject_after,
};
use lakewright_analysis::matrix::{Wanted, nothing_like, rows};
use lakewright_analysis::review::{Reading, Refused, Reviewed, Scope, Side, review};
use lakewright_analysis::subject::{Keep, OfMesh, Subject};
use lakewright_diff::change::{ChangeKind, StackChange};
use lakewright_template::Template;

use super::GraphArgs;
use super::called::Called;
use crate::exit::Failure;
use crate::show::guardrails::show_all;
use crate::ui::Ui;

/// The graph of one stack, with what a change does with its resources.
pub(super) fn changed_stack(
    before: &Side,
    name: &str,
    arguments: &GraphArgs,
    ui: &mut Ui,
) -> Result<Option<Graph>, Failure> {
    let Some(reviewed) = reviewed(before, arguments, ui)? else { return Ok(None) };
    let Some(called) = Called::read(name, arguments, ui)? else { return Ok(None) };
    let stacks = &reviewed.review.stacks;
    let is_gone = |one: &&StackChange| {
        let own = one.stack.rsplit('/').next();
        one.kind == ChangeKind::Removed && (one.stack == name || own == Some(name))
    };
    let gone = stacks.iter().find(is_gone).filter(|_| called.stacks.is_empty());
    let (address, template) = match gone {
        Some(change) => (change.stack.clone(), Template::default()),
        None => called.one(name)?,
    };
    let change = stacks.iter().find(|one| one.stack == address);
    let title = format!("The stack {name} before and after the change since {before}");
    Ok(Some(of_changed_stack(title, &template, change)))
}

/// The graph of a principal's access, or of the access to a dataset.
pub(super) fn access(arguments: &GraphArgs, ui: &mut Ui) -> Result<Option<Graph>, Failure> {
    let day = arguments.day.as_of.as_ref();
    let subject = if let Some(folder) = &arguments.assembly {
        Subject::of_folder(folder, &Somewhere::default())?
    } else {
        let OfMesh { subject, report, breaches, sources } =
            Subject::of_mesh(&arguments.mesh, day, Keep::Names, &ui.progress())?;
        let Some(subject) = subject else {
            show_all(&report, &sources, &breaches, ui);
            return Ok(None);
        };
        subject
    };
    let target = arguments.target();
    let wanted = Wanted {
        principal: arguments.principal.as_deref(),
        resource: target.as_deref(),
        all: true,
    };
    let rows = rows(wanted, &subject);
    match nothing_like(wanted, &subject).filter(|_| rows.is_empty()) {
        Some(message) => Err(Failure::usage(message)),
        None => Ok(Some(of_access(arguments.title(), &rows, &subject))),
    }
}

/// The graph of a change.
pub(super) fn change(
    before: &Side,
    arguments: &GraphArgs,
    ui: &mut Ui,
) -> Result<Option<Graph>, Failure> {
    let Some(reviewed) = reviewed(before, arguments, ui)? else { return Ok(None) };
    let (progress, somewhere) = (ui.progress(), Somewhere::default());
    let reading = reading(arguments, &somewhere);
    let subject = subject_after(arguments.path(), reading, &progress)?;
    let Some(subject) = subject else { return Ok(None) };
    let target = arguments.target();
    let wanted = Wanted {
        principal: arguments.principal.as_deref(),
        resource: target.as_deref(),
        all: false,
    };
    let rows = rows(wanted, &subject);
    let kept = Kept { rows: &rows, subject: &subject };
    let only = Only { principal: wanted.principal, dataset: wanted.resource };
    let graph = of_change(arguments.title(), &reviewed, kept, only);
    match nothing_like(wanted, &subject).filter(|_| graph.edges.is_empty()) {
        Some(message) => Err(Failure::usage(message)),
        None => Ok(Some(graph)),
    }
}

fn reading<'a>(arguments: &'a GraphArgs, somewhere: &'a Somewhere) -> Reading<'a> {
    Reading {
        day: arguments.day.as_of.as_ref(),
        somewhere,
        scope: Scope::Near,
        deployed: None,
        limits: None,
    }
}

/// The review of the change. `None` if a side has errors, which are shown.
fn reviewed(
    before: &Side,
    arguments: &GraphArgs,
    ui: &mut Ui,
) -> Result<Option<Reviewed>, Failure> {
    let (progress, somewhere) = (ui.progress(), Somewhere::default());
    let after = Side::Folder(arguments.path().to_owned());
    match review(before, &after, reading(arguments, &somewhere), &progress)? {
        Ok(reviewed) => Ok(Some(reviewed)),
        Err(refused) => {
            let Refused { side, report, breaches, sources } = *refused;
            show_all(&report, &sources, &breaches, ui);
            ui.error(&format!("{side} has errors, and nothing was compared"));
            Ok(None)
        }
    }
}
