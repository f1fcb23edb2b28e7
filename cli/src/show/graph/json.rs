//! A graph for programs.

use lakewright_analysis::graph::{Edge, EdgeKind, Graph, Group, Node, What};
use serde_json::{Value, json};

use super::name;
use crate::show::review::kind;

/// The whole graph, whatever its size.
pub(crate) fn to_json(graph: &Graph) -> Value {
    let Graph { what, title, groups, nodes, edges } = graph;
    let groups: Vec<Value> =
        groups.iter().map(|Group { id, label }| json!({ "id": id, "label": label })).collect();
    let nodes: Vec<Value> = nodes.iter().map(node).collect();
    let edges: Vec<Value> = edges.iter().map(edge).collect();
    json!({
        "version": 1,
        "what": of_what(*what),
        "title": title,
        "groups": groups,
        "nodes": nodes,
        "edges": edges,
    })
}

fn node(node: &Node) -> Value {
    // Each node stands for itself.
    let Node { id, label, kind: of, group, change, count: _ } = node;
    json!({
        "id": id,
        "label": label,
        "kind": of,
        "group": group,
        "change": change.map(kind),
    })
}

fn edge(edge: &Edge) -> Value {
    let Edge { from, to, kind, label, mark } = edge;
    json!({
        "from": from,
        "to": to,
        "kind": of_edge(*kind),
        "label": label,
        "change": mark.map(name),
    })
}

const fn of_what(what: What) -> &'static str {
    match what {
        What::Mesh => "mesh",
        What::Stack => "stack",
        What::Access => "access",
        What::Change => "change",
    }
}

const fn of_edge(kind: EdgeKind) -> &'static str {
    match kind {
        EdgeKind::DependsOn => "depends-on",
        EdgeKind::RefersTo => "refers-to",
        EdgeKind::WaitsFor => "waits-for",
        EdgeKind::Reaches => "reaches",
    }
}
