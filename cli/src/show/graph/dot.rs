//! A graph in DOT, the language of Graphviz.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use lakewright_analysis::graph::{Edge, Graph, Mark, Node};
use lakewright_diff::change::ChangeKind;

use super::{about, colour, label, numbers, of_group, texts};
use crate::show::review::sentences::printable;

/// The graph. Its ids are numbers, and each text is a quoted string.
pub(crate) fn text(graph: &Graph) -> String {
    let mut text =
        "digraph {\n  graph [rankdir=LR, fontname=\"sans-serif\", labelloc=t, ".to_owned();
    let title = [escaped(&graph.title), escaped(about(graph.what))].join("\\n");
    writeln!(text, "label=\"{title}\"]").expect("a string takes all");
    text.push_str("  node [shape=box, fontname=\"sans-serif\"]\n");
    text.push_str("  edge [fontname=\"sans-serif\"]\n");
    let numbers = numbers(graph);
    for (number, group) in graph.groups.iter().enumerate() {
        writeln!(text, "  subgraph cluster_{number} {{").expect("a string takes all");
        writeln!(text, "    label=\"{}\"", escaped(&group.label)).expect("a string takes all");
        for (number, node) in of_group(graph, Some(&group.id)) {
            push_node(&mut text, "    ", number, node);
        }
        text.push_str("  }\n");
    }
    for (number, node) in of_group(graph, None) {
        push_node(&mut text, "  ", number, node);
    }
    push_edges(&mut text, &graph.edges, &numbers);
    text.push_str("}\n");
    text
}

fn push_node(text: &mut String, indent: &str, number: usize, node: &Node) {
    let lines: Vec<String> = texts(node).iter().map(|line| escaped(line)).collect();
    let lines = lines.join("\\n");
    let style = match node.change {
        None => "",
        Some(ChangeKind::Added) => ", style=dashed, penwidth=2, color=\"#2a8a45\"",
        Some(ChangeKind::Removed) => ", style=dotted, penwidth=2, color=\"#d1383d\"",
        Some(ChangeKind::Changed) => ", penwidth=2, color=\"#9a6b00\"",
    };
    writeln!(text, "{indent}n{number} [label=\"{lines}\"{style}]").expect("a string takes all");
}

fn push_edges(text: &mut String, edges: &[Edge], numbers: &BTreeMap<&str, usize>) {
    for edge in edges {
        let ends = (numbers.get(edge.from.as_str()), numbers.get(edge.to.as_str()));
        let (Some(from), Some(to)) = ends else { continue };
        let mut attributes = Vec::new();
        let words = escaped(&label(edge));
        if !words.is_empty() {
            attributes.push(format!("label=\"{words}\""));
        }
        attributes.extend(edge.mark.and_then(style));
        let attributes = if attributes.is_empty() {
            String::new()
        } else {
            format!(" [{}]", attributes.join(", "))
        };
        writeln!(text, "  n{from} -> n{to}{attributes}").expect("a string takes all");
    }
}

/// The style of a line. Graphviz has no pattern of dashes and dots, so what may be gained has another arrow.
fn style(mark: Mark) -> Option<String> {
    let style = match mark {
        Mark::Kept => return None,
        Mark::Gained => "style=dashed",
        Mark::MayGain => "style=dashed, arrowhead=empty",
        Mark::Lost => "style=dotted",
    };
    colour(mark).map(|colour| format!("{style}, penwidth=2, color=\"{colour}\""))
}

/// A text in a quoted string. In labels Graphviz reads a backslash as the beginning of an escape, and `&` as the beginning
/// of an entity of HTML ("escString" and "Character encodings" in Graphviz's pages).
fn escaped(text: &str) -> String {
    let text = printable(text);
    let mut out = String::with_capacity(text.len());
    for one in text.chars() {
        match one {
            '\\' => out.push_str("\\\\"),
            '"' => out.push_str("\\\""),
            '&' => out.push_str("&amp;"),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_becomes_syntax() {
        for (text, expected) in [
            ("lab-team; x", "lab-team; x"),
            ("a\"] n1 -> n2 [\"", "a\\\"] n1 -> n2 [\\\""),
            ("\\N \\", "\\\\N \\\\"),
            ("a\nb", "a\\\\nb"),
            ("&lt;", "&amp;lt;"),
        ] {
            assert_eq!(escaped(text), expected);
        }
    }
}
