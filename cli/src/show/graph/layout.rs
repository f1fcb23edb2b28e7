//! Places the boxes of a graph in columns from left to right, and in a lane for each group.
//!
//! A node's column is the length of the longest way to it. Each text has a box, the label of a line too, and each line has a
//! row of its own in every column that it crosses. The boxes of a column are below each other, so no two overlap, and lines
//! change their height between columns only, so none crosses a box.

mod columns;
mod steps;

use std::collections::BTreeMap;

use lakewright_analysis::graph::Graph;

use super::{label, numbers, texts};
use columns::{Drawing, Item};
use steps::{Step, longest_ways};

/// The width of a character of the fixed-width font, in pixels. The drawing sets the length of each text, so it is right
/// whatever the font.
pub(super) const CHARACTER: usize = 8;
/// The height of a line of text.
pub(super) const LINE: usize = 18;
/// The space around texts in a box.
pub(super) const PAD: usize = 10;
/// The space between columns, in which lines change their height.
const BETWEEN: usize = 72;
/// The space around the drawing.
const MARGIN: usize = 16;
/// The height of the row of a line that crosses a column.
const BEND: usize = 6;

/// Where everything is.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) width: usize,
    pub(super) height: usize,
    /// The rectangle of each node, by its number.
    pub(super) nodes: Vec<Rect>,
    /// The lines.
    pub(super) lines: Vec<Line>,
    /// The groups with nodes, and the nodes without a group.
    pub(super) lanes: Vec<Lane>,
}

/// A rectangle, in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rect {
    pub(super) x: usize,
    pub(super) y: usize,
    pub(super) width: usize,
    pub(super) height: usize,
}

/// The line of an edge.
#[derive(Debug)]
pub(super) struct Line {
    /// The number of the edge.
    pub(super) edge: usize,
    /// The points that it goes through, from its first node to its second one.
    pub(super) points: Vec<(usize, usize)>,
    /// The rectangle of its label.
    pub(super) label: Option<Rect>,
}

/// The band of a group.
#[derive(Debug)]
pub(super) struct Lane {
    /// The words of its title, one below the other.
    pub(super) title: Vec<String>,
    pub(super) rect: Rect,
}

/// The width of a text in characters. Those of East Asian scripts and most symbols are twice as wide ("East Asian Width" in
/// Unicode Standard Annex 11).
pub(super) fn cells(text: &str) -> usize {
    let width = |one: char| match one {
        '\u{1100}'..='\u{115f}'
        | '\u{2e80}'..='\u{a4cf}'
        | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}'
        | '\u{fe30}'..='\u{fe6f}'
        | '\u{ff00}'..='\u{ff60}'
        | '\u{ffe0}'..='\u{ffe6}'
        | '\u{1f300}'..='\u{1faff}'
        | '\u{20000}'..='\u{3fffd}' => 2,
        _ => 1,
    };
    text.chars().map(width).sum()
}

/// The edges whose line is drawn: the number of each, and the numbers of its nodes. An edge from a node to itself says nothing
/// here.
fn drawn(graph: &Graph) -> Vec<(usize, (usize, usize))> {
    let numbers = numbers(graph);
    let ends = graph.edges.iter().map(|edge| {
        let (from, to) = (numbers.get(edge.from.as_str())?, numbers.get(edge.to.as_str())?);
        (from != to).then_some((*from, *to))
    });
    ends.enumerate().filter_map(|(number, ends)| Some((number, ends?))).collect()
}

/// Lays a graph out.
pub(super) fn lay_out(graph: &Graph) -> Layout {
    let drawn = drawn(graph);
    let labels: Vec<usize> = graph.edges.iter().map(|edge| cells(&label(edge))).collect();
    let length_of =
        |edge: usize| if labels.get(edge).is_some_and(|cells| *cells > 0) { 2 } else { 1 };
    let lines = drawn.iter().map(|(edge, ends)| Step::new(*ends, length_of(*edge)));
    let mut lines: Vec<Step> = lines.collect();
    let columns = longest_ways(graph.nodes.len(), &mut lines);

    let lane_of: BTreeMap<&str, usize> =
        graph.groups.iter().enumerate().map(|(lane, group)| (group.id.as_str(), lane)).collect();
    let mut titles: Vec<Vec<String>> = Vec::new();
    for group in &graph.groups {
        titles.push(group.label.split(' ').map(str::to_owned).collect());
    }
    titles.push(Vec::new());
    let last = graph.groups.len();
    let mut drawing = Drawing::new(titles);
    for (node, column) in graph.nodes.iter().zip(columns) {
        let texts = texts(node);
        let widest = texts.iter().map(|text| cells(text)).max().unwrap_or_default();
        let lane = node.group.as_deref().and_then(|group| lane_of.get(group).copied());
        drawing.add(Item::new(
            lane.unwrap_or(last),
            column,
            widest * CHARACTER + 2 * PAD,
            texts.len() * LINE + PAD,
        ));
    }
    for ((edge, _), line) in drawn.iter().zip(&lines) {
        let cells = labels.get(*edge).copied().unwrap_or_default();
        let room = (cells > 0).then(|| (cells * CHARACTER + PAD, LINE + BEND));
        drawing.connect(*edge, line, room, BEND);
    }
    drawing.finish(graph.nodes.len())
}
