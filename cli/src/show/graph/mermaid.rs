//! A graph as a flowchart of Mermaid, which GitHub and GitLab draw in Markdown.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use lakewright_analysis::graph::{Edge, Graph, Mark, Node};

use super::{about, colour, dashes, label, numbers, of_group, texts};
use crate::show::review::kind;
use crate::show::review::sentences::printable;

/// The styles of boxes that a change adds, removes or changes.
const STYLES: &str = "  classDef added stroke:#2a8a45,stroke-width:3px,stroke-dasharray:8 4
  classDef removed stroke:#d1383d,stroke-width:3px,stroke-dasharray:2 4
  classDef changed stroke:#9a6b00,stroke-width:3px
";

/// The flowchart. Its ids are numbers, and each text is between quotes.
pub(crate) fn text(graph: &Graph) -> String {
    let mut text = format!(
        "flowchart LR\n  accTitle: {}\n  accDescr: {}\n",
        escaped(&graph.title),
        about(graph.what)
    );
    let numbers = numbers(graph);
    for (number, group) in graph.groups.iter().enumerate() {
        writeln!(text, "  subgraph g{number}[\"{}\"]", escaped(&group.label))
            .expect("a string takes all");
        for (number, node) in of_group(graph, Some(&group.id)) {
            push_node(&mut text, "    ", number, node);
        }
        text.push_str("  end\n");
    }
    for (number, node) in of_group(graph, None) {
        push_node(&mut text, "  ", number, node);
    }
    push_edges(&mut text, &graph.edges, &numbers);
    if graph.nodes.iter().any(|node| node.change.is_some()) {
        text.push_str(STYLES);
    }
    text
}

fn push_node(text: &mut String, indent: &str, number: usize, node: &Node) {
    let lines: Vec<String> = texts(node).iter().map(|line| escaped(line)).collect();
    let lines = lines.join("<br/>");
    let class = node.change.map(|change| format!(":::{}", kind(change))).unwrap_or_default();
    writeln!(text, "{indent}n{number}[\"{lines}\"]{class}").expect("a string takes all");
}

fn push_edges(text: &mut String, edges: &[Edge], numbers: &BTreeMap<&str, usize>) {
    let mut styles = String::new();
    let mut drawn = 0_usize;
    for edge in edges {
        let ends = (numbers.get(edge.from.as_str()), numbers.get(edge.to.as_str()));
        let (Some(from), Some(to)) = ends else { continue };
        let words = escaped(&label(edge));
        let words = if words.is_empty() { words } else { format!("|\"{words}\"|") };
        let arrow = if edge.mark.is_some_and(|mark| mark != Mark::Kept) { "-.->" } else { "-->" };
        writeln!(text, "  n{from} {arrow}{words} n{to}").expect("a string takes all");
        if let Some(mark) = edge.mark
            && let (Some(colour), Some(dashes)) = (colour(mark), dashes(mark))
        {
            let style = format!("stroke:{colour},stroke-width:2px,stroke-dasharray:{dashes}");
            writeln!(styles, "  linkStyle {drawn} {style}").expect("a string takes all");
        }
        drawn += 1;
    }
    text.push_str(&styles);
}

/// A text between quotes. Characters with a meaning in Mermaid, HTML or Markdown are written as `#NUMBER;` ("Entity codes to
/// escape characters" in Mermaid's page about flowcharts), and so is the beginning of a list, which Mermaid takes for Markdown.
fn escaped(text: &str) -> String {
    let text = printable(text);
    let mut out = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(one) = characters.next() {
        let is_list = match one {
            '-' => out.is_empty(),
            '.' => characters.peek().is_none_or(|next| *next == ' '),
            _ => false,
        };
        let is_plain =
            one.is_alphanumeric() || matches!(one, ' ' | '-' | '_' | '.' | '/' | ',' | '×' | '…');
        if is_plain && !is_list {
            out.push(one);
        } else {
            write!(out, "#{};", u32::from(one)).expect("a string takes all");
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
            ("lab-team_1/x.y, z", "lab-team_1/x.y, z"),
            ("a\"] --> b", "a#34;#93; --#62; b"),
            ("<img src=x>", "#60;img src#61;x#62;"),
            ("x;y#1", "x#59;y#35;1"),
            ("`code`", "#96;code#96;"),
            ("1. first", "1#46; first"),
            ("- item", "#45; item"),
            ("end\nclick", "end#92;nclick"),
            ("%%{init}%%", "#37;#37;#123;init#125;#37;#37;"),
            ("Données 数据", "Données 数据"),
        ] {
            assert_eq!(escaped(text), expected);
        }
    }
}
