//! The graphs of a mesh, of one of its stacks, of access, and of a change.

use lakewright_analysis::decision::nearest;
use lakewright_analysis::folder::Somewhere;
use lakewright_analysis::graph::{
    Graph, Kept, Only, of_access, of_change, of_stacks, of_template, subject_after,
};
use lakewright_analysis::matrix::{Wanted, nothing_like, rows};
use lakewright_analysis::mesh::load;
use lakewright_analysis::review::{Reading, Refused, Scope, Side, review};
use lakewright_analysis::subject::{Keep, OfMesh, Subject};
use lakewright_analysis::synthesis::{Found, synthesize_all};
use lakewright_stacks::Plan;
use lakewright_template::assembly::StackEntry;

use super::GraphArgs;
use crate::exit::Failure;
use crate::show::guardrails::show_all;
use crate::ui::Ui;

/// The graph of all stacks, or of one. `None` if the mesh has errors, which are shown.
pub(super) fn stacks(arguments: &GraphArgs, ui: &mut Ui) -> Result<Option<Graph>, Failure> {
    let loaded = load(&arguments.mesh)?;
    let Some(mesh) = loaded.mesh else {
        ui.report(&loaded.report, &loaded.sources);
        return Ok(None);
    };
    let plan = Plan::of(&mesh, arguments.day.as_of.as_ref());
    let (found, mut report) = synthesize_all(&plan)?;
    report.extend(plan.report);
    if report.has_errors() {
        ui.report(&report.sorted(), &loaded.sources);
        return Ok(None);
    }
    if let Some(name) = &arguments.stack {
        return one(name, &found).map(Some);
    }
    let title = format!("The stacks of {}", mesh.tenant.header.id);
    let mut stacks: Vec<StackEntry> = found.into_iter().map(|one| one.stack.entry).collect();
    stacks.sort_by_cached_key(StackEntry::address);
    Ok(Some(of_stacks(title, &stacks)))
}

fn one(name: &str, found: &[Found]) -> Result<Graph, Failure> {
    let address = |one: &Found| one.stack.entry.address().to_string();
    let is_asked = |one: &&Found| one.stack.entry.name == name || address(one) == name;
    match found.iter().filter(is_asked).collect::<Vec<_>>().as_slice() {
        [one] => Ok(of_template(format!("The stack {name}"), &one.stack.lowered.template)),
        [] => {
            let like = nearest(name, found.iter().map(|one| one.stack.entry.name.as_str()));
            let hint = like.map_or_else(
                || "`lakewright ls` lists them".to_owned(),
                |like| format!("did you mean `{like}`?"),
            );
            Err(Failure::usage(format!("there is no stack `{name}`; {hint}")))
        }
        several => {
            let several: Vec<String> = several.iter().map(|one| address(one)).collect();
            let places = several.join(", ");
            Err(Failure::usage(format!("`{name}` is in several places: {places}")))
        }
    }
}

/// The graph of a principal's access, or of the access to a dataset.
pub(super) fn access(arguments: &GraphArgs, ui: &mut Ui) -> Result<Option<Graph>, Failure> {
    let day = arguments.day.as_of.as_ref();
    let OfMesh { subject, report, breaches, sources } =
        Subject::of_mesh(&arguments.mesh, day, Keep::Names, &ui.progress())?;
    let Some(subject) = subject else {
        show_all(&report, &sources, &breaches, ui);
        return Ok(None);
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
    let (progress, somewhere) = (ui.progress(), Somewhere::default());
    let reading = Reading {
        day: arguments.day.as_of.as_ref(),
        somewhere: &somewhere,
        scope: Scope::Near,
        deployed: None,
        limits: None,
    };
    let after = Side::Folder(arguments.mesh.clone());
    let reviewed = match review(before, &after, reading, &progress)? {
        Ok(reviewed) => reviewed,
        Err(refused) => {
            let Refused { side, report, breaches, sources } = *refused;
            show_all(&report, &sources, &breaches, ui);
            ui.error(&format!("{side} has errors, and nothing was compared"));
            return Ok(None);
        }
    };
    let subject = subject_after(&arguments.mesh, reading, &progress)?;
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
