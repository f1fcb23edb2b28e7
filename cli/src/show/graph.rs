//! Draws graphs, and writes them for programs.

pub(crate) mod dot;
pub(crate) mod json;
mod layout;
pub(crate) mod mermaid;
pub(crate) mod svg;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use lakewright_analysis::graph::{Edge, Graph, Mark, Node, What};

use super::review::kind;
use super::review::sentences::{printable, shortened};

/// The maximum length of a line of text, in characters.
const ROOM: usize = 80;

/// The number of each node, by id.
fn numbers(graph: &Graph) -> BTreeMap<&str, usize> {
    graph.nodes.iter().enumerate().map(|(number, node)| (node.id.as_str(), number)).collect()
}

/// The nodes of a group, or those without one, each with its number.
fn of_group<'g>(
    graph: &'g Graph,
    wanted: Option<&'g str>,
) -> impl Iterator<Item = (usize, &'g Node)> {
    let nodes = graph.nodes.iter().enumerate();
    nodes.filter(move |(_, node)| node.group.as_deref() == wanted)
}

/// The texts in the box of a node: its name, and its kind with what a change does.
fn texts(node: &Node) -> Vec<String> {
    let kind_of_node = (node.count == 1).then_some(node.kind.as_str());
    let change = node.change.map(kind);
    let details: Vec<&str> = kind_of_node.into_iter().chain(change).collect();
    let details = details.join(", ");
    let lines = [node.label.as_str(), &details].into_iter().filter(|line| !line.is_empty());
    lines.map(line).collect()
}

/// The text on an edge; empty if there is none.
fn label(edge: &Edge) -> String {
    line(&edge.label)
}

fn line(text: &str) -> String {
    shortened(&printable(text), ROOM).into_owned()
}

/// What the lines of a drawing mean.
const fn about(what: What) -> &'static str {
    match what {
        What::Mesh => {
            "A line leads from a stack to a stack that is deployed before it. Dependencies that follow from others are not drawn."
        }
        What::Stack => {
            "A line leads from a resource to a resource that its properties or its DependsOn name."
        }
        What::Access => {
            "A line leads from a principal to something that it can access, with the strongest access."
        }
        What::Change => {
            "A line leads from a principal to something that it can access. Solid lines stay, dashed lines are gained, lines of dashes and dots may be gained, dotted lines are lost."
        }
    }
}

const fn name(mark: Mark) -> &'static str {
    match mark {
        Mark::Kept => "kept",
        Mark::Gained => "gained",
        Mark::MayGain => "may-gain",
        Mark::Lost => "lost",
    }
}

/// The dashes of a line and the gaps between them; `None` for a solid line.
const fn dashes(mark: Mark) -> Option<&'static str> {
    match mark {
        Mark::Kept => None,
        Mark::Gained => Some("8 4"),
        Mark::MayGain => Some("8 4 2 4"),
        Mark::Lost => Some("2 4"),
    }
}

/// The colour of a line on any background. Its contrast is 3:1 on white and on the dark background of GitHub, as WCAG 2.2
/// requires of graphics ("Success Criterion 1.4.11 Non-text Contrast").
const fn colour(mark: Mark) -> Option<&'static str> {
    match mark {
        Mark::Kept => None,
        Mark::Gained => Some("#2a8a45"),
        Mark::MayGain => Some("#9a6b00"),
        Mark::Lost => Some("#d1383d"),
    }
}
