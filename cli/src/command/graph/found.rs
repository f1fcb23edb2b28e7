//! The graphs of a mesh, of one of its stacks, of access, and of a change.

use lakewright_analysis::decision::nearest;
use lakewright_analysis::folder::{Folder, Somewhere, Unread};
use lakewright_analysis::graph::{
    Graph, Kept, Only, of_access, of_assembly, of_change, of_changed_stack, of_stacks, of_template,
    subject_after,
};
use lakewright_analysis::matrix::{Wanted, nothing_like, rows};
use lakewright_analysis::mesh::load;
use lakewright_analysis::review::{Reading, Refused, Reviewed, Scope, Side, review};
use lakewright_analysis::subject::{Keep, OfMesh, Subject};
use lakewright_analysis::synthesis::{Found, synthesize_all};
use lakewright_diff::change::{ChangeKind, StackChange};
use lakewright_stacks::Plan;
use lakewright_template::Template;
use lakewright_template::assembly::StackEntry;

use super::GraphArgs;
use crate::exit::Failure;
use crate::show::guardrails::show_all;
use crate::ui::Ui;

/// The graph of all stacks. `None` if the mesh has errors, which are shown.
pub(super) fn stacks(arguments: &GraphArgs, ui: &mut Ui) -> Result<Option<Graph>, Failure> {
    if let Some(folder) = &arguments.assembly {
        return Ok(Some(of_assembly(folder)?));
    }
    let Some((id, found)) = synthesized(arguments, ui)? else { return Ok(None) };
    let mut stacks: Vec<StackEntry> = found.into_iter().map(|one| one.stack.entry).collect();
    stacks.sort_by_cached_key(StackEntry::address);
    Ok(Some(of_stacks(format!("The stacks of {id}"), &stacks)))
}

/// The graph of one stack.
pub(super) fn stack(
    name: &str,
    arguments: &GraphArgs,
    ui: &mut Ui,
) -> Result<Option<Graph>, Failure> {
    let Some(called) = Called::read(name, arguments, ui)? else { return Ok(None) };
    let (_, template) = called.one(name)?;
    Ok(Some(of_template(format!("The stack {name}"), &template)))
}

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

/// The id of the mesh, and its stacks. `None` if the mesh has errors, which are shown.
fn synthesized(
    arguments: &GraphArgs,
    ui: &mut Ui,
) -> Result<Option<(String, Vec<Found>)>, Failure> {
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
    Ok(Some((mesh.tenant.header.id.to_string(), found)))
}

/// The stacks of one name or address, and the names of all stacks.
struct Called {
    /// The address and the template of each.
    stacks: Vec<(String, Template)>,
    names: Vec<String>,
}

impl Called {
    /// Reads the templates. `None` if the mesh has errors, which are shown.
    fn read(name: &str, arguments: &GraphArgs, ui: &mut Ui) -> Result<Option<Self>, Failure> {
        let mut called = Self { stacks: Vec::new(), names: Vec::new() };
        if let Some(folder) = &arguments.assembly {
            let folder = Folder::read(folder, &Somewhere::default())?;
            for line in Unread::lines(&folder.unread) {
                ui.note(&line);
            }
            for one in folder.templates {
                let own = one.name.unwrap_or_else(|| one.address.clone());
                called.add(name, own, one.address, &one.template);
            }
            return Ok(Some(called));
        }
        let Some((_, found)) = synthesized(arguments, ui)? else { return Ok(None) };
        for one in found {
            let address = one.stack.entry.address().to_string();
            called.add(name, one.stack.entry.name, address, &one.stack.lowered.template);
        }
        Ok(Some(called))
    }

    fn add(&mut self, name: &str, own: String, address: String, template: &Template) {
        if own == name || address == name {
            self.stacks.push((address, template.clone()));
        }
        self.names.push(own);
    }

    /// The address and the template of the stack, if there is exactly one.
    fn one(mut self, name: &str) -> Result<(String, Template), Failure> {
        if self.stacks.len() > 1 {
            let several: Vec<String> =
                self.stacks.into_iter().map(|(address, _)| address).collect();
            let places = several.join(", ");
            return Err(Failure::usage(format!("`{name}` is in several places: {places}")));
        }
        self.stacks.pop().ok_or_else(|| {
            let like = nearest(name, self.names.iter().map(String::as_str));
            let hint = like.map_or_else(
                || "`lakewright ls` lists them".to_owned(),
                |like| format!("did you mean `{like}`?"),
            );
            Failure::usage(format!("there is no stack `{name}`; {hint}"))
        })
    }
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
