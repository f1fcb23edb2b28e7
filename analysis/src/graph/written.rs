//! Graphs of stacks that are written already, and of one that a change touches.

use std::fs;
use std::path::Path;

use lakewright_diff::change::{ChangeKind, StackChange};
use lakewright_template::Template;
use lakewright_template::assembly::Assembly;

use super::{Graph, Node, of_stacks, of_template};
use crate::error::ReadError;

/// The stacks of an assembly, each with the stacks that it depends on.
///
/// # Errors
///
/// The folder is not an assembly.
pub fn of_assembly(folder: &Path) -> Result<Graph, ReadError> {
    let path = folder.join("assembly.json");
    if !path.is_file() {
        return Err(ReadError::NoAssembly(folder.to_owned()));
    }
    let text = fs::read_to_string(&path).map_err(ReadError::unreadable(&path))?;
    let assembly: Assembly = serde_json::from_str(&text)
        .map_err(|source| ReadError::NotOfAssembly { path: path.clone(), source })?;
    Ok(of_stacks(format!("The stacks of {}", assembly.mesh), &assembly.stacks))
}

/// The resources of a stack after a change, with what the change does with each. A resource that the change removes has no
/// lines: the template after the change does not name it.
pub fn of_changed_stack(title: String, after: &Template, change: Option<&StackChange>) -> Graph {
    let mut graph = of_template(title, after);
    for resource in change.into_iter().flat_map(|change| &change.resources) {
        let id = resource.logical_id.as_str();
        if let Some(node) = graph.nodes.iter_mut().find(|node| node.id == id) {
            node.change = Some(resource.kind);
        } else if resource.kind == ChangeKind::Removed {
            let node = Node::new(id, id, &*resource.resource_type);
            graph.nodes.push(Node { change: Some(resource.kind), ..node });
        }
    }
    graph.nodes.sort();
    graph
}
