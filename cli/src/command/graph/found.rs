//! The graphs of a mesh and of one of its stacks.

use lakewright_analysis::graph::{Graph, of_assembly, of_stacks, of_template};
use lakewright_template::assembly::StackEntry;

use super::GraphArgs;
use super::called::{Called, synthesized};
use crate::exit::Failure;
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
