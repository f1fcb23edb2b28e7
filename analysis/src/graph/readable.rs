//! Graphs that a person can read when they are drawn.

use std::collections::{BTreeMap, BTreeSet};

use lakewright_diff::change::ChangeKind;

use super::{Edge, EdgeKind, Graph, Node};
use crate::words::count;

/// The maximum number of nodes of a readable drawing.
pub const READABLE: usize = 200;
/// The maximum number of lines. Mermaid draws no more (`maxEdges` in its configuration, 500 by default).
const LINES: usize = 500;

/// A graph to draw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Readable {
    /// The graph.
    pub graph: Graph,
    /// What was put together, in a sentence; `None` if nothing was.
    pub note: Option<String>,
}

/// How nodes are put together, from many to few boxes.
#[derive(Debug, Clone, Copy)]
enum By {
    Group,
    Account,
    Kind,
}

impl By {
    /// The group of the box that a node is put into.
    fn group(self, node: &Node) -> Option<String> {
        let group = node.group.as_deref()?;
        match self {
            Self::Group => Some(group.to_owned()),
            Self::Account => group.split('/').next().map(str::to_owned),
            Self::Kind => None,
        }
    }
}

/// The kind, the group and the change of the nodes in a box.
type Key<'g> = (&'g str, Option<String>, Option<ChangeKind>);

/// Makes a graph readable: a dependency is left out if it follows from others. With more than [`READABLE`] nodes or too many
/// lines, the nodes of one kind and account become one box.
pub fn readable(graph: Graph) -> Readable {
    // Whether a dependency follows from others is decided for few nodes only, because it takes long for many.
    let graph = if graph.nodes.len() <= READABLE { reduced(graph) } else { graph };
    if is_readable(&graph) {
        return Readable { graph, note: None };
    }
    let mut drawn = merged(&graph, By::Group);
    for by in [By::Account, By::Kind] {
        if !is_readable(&drawn) {
            drawn = merged(&graph, by);
        }
    }
    let note = format!(
        "{} and {} are too many to read, so those of one kind and account are drawn together, as {}; `--format json` lists all",
        count(graph.nodes.len(), "node"),
        count(graph.edges.len(), "line"),
        drawn.nodes.len(),
    );
    Readable { graph: drawn, note: Some(note) }
}

fn is_readable(graph: &Graph) -> bool {
    graph.nodes.len() <= READABLE && graph.edges.len() <= LINES
}

/// Puts the nodes of one kind into one box for each group. Edges between the same boxes become one.
fn merged(graph: &Graph, by: By) -> Graph {
    let mut boxes: BTreeMap<Key<'_>, Vec<&Node>> = BTreeMap::new();
    for node in &graph.nodes {
        boxes.entry((&node.kind, by.group(node), node.change)).or_default().push(node);
    }
    let mut box_of: BTreeMap<&str, String> = BTreeMap::new();
    let mut nodes = Vec::with_capacity(boxes.len());
    for (number, ((kind, group, change), members)) in boxes.into_iter().enumerate() {
        let merged = match members.as_slice() {
            [one] => Node { group, ..(*one).clone() },
            several => Node {
                id: format!("box:{number}"),
                label: format!("{} × {kind}", several.len()),
                kind: kind.to_owned(),
                group,
                change,
                count: several.len(),
            },
        };
        box_of.extend(members.iter().map(|node| (node.id.as_str(), merged.id.clone())));
        nodes.push(merged);
    }
    let mut edges = BTreeSet::new();
    for edge in &graph.edges {
        let (from, to) = (box_of.get(edge.from.as_str()), box_of.get(edge.to.as_str()));
        if let (Some(from), Some(to)) = (from, to)
            && from != to
        {
            edges.insert(Edge { from: from.clone(), to: to.clone(), ..edge.clone() });
        }
    }
    Graph::of(graph.what, graph.title.clone(), nodes, edges)
}

/// Leaves out each dependency on a stack that another dependency depends on: the order of deployment stays the same.
fn reduced(graph: Graph) -> Graph {
    let edges = needed(&graph.edges);
    Graph { edges, ..graph }
}

fn needed(edges: &[Edge]) -> Vec<Edge> {
    let mut next: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for edge in edges.iter().filter(|edge| edge.kind == EdgeKind::DependsOn) {
        next.entry(&edge.from).or_default().insert(&edge.to);
    }
    let beyond: BTreeMap<&str, BTreeSet<&str>> =
        next.keys().map(|start| (*start, reachable(start, &next))).collect();
    let leads = |from: &str, to: &str| beyond.get(from).is_some_and(|all| all.contains(to));
    let follows = |edge: &Edge| {
        let others = next.get(edge.from.as_str()).into_iter().flatten();
        // Stacks in a circle lead to each other, and none of their edges follows from the others.
        let mut others =
            others.filter(|other| !leads(&edge.to, other) && !leads(other, &edge.from));
        edge.kind == EdgeKind::DependsOn && others.any(|other| leads(other, &edge.to))
    };
    edges.iter().filter(|edge| !follows(edge)).cloned().collect()
}

/// The nodes that edges lead to, one after the other.
fn reachable<'g>(start: &str, next: &BTreeMap<&'g str, BTreeSet<&'g str>>) -> BTreeSet<&'g str> {
    let mut found = BTreeSet::new();
    let mut queue: Vec<&str> = next.get(start).into_iter().flatten().copied().collect();
    while let Some(node) = queue.pop() {
        if found.insert(node) {
            queue.extend(next.get(node).into_iter().flatten().copied());
        }
    }
    found
}
