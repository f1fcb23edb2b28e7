use lakewright_analysis::graph::{EdgeKind, Group};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::layout::{Layout, Rect, cells, lay_out};
use super::*;

/// A graph of nodes with these names, each in a group or in none, and of edges with these labels.
fn graph(nodes: &[(String, Option<usize>)], edges: &[(usize, usize, String)]) -> Graph {
    let group = |number: usize| format!("11112222333{number}/eu-west-1");
    let id = |number: usize| format!("node {}", number % nodes.len());
    let node = |(number, (label, place)): (usize, &(String, Option<usize>))| Node {
        id: id(number),
        label: label.clone(),
        kind: "dataset".to_owned(),
        group: place.map(group),
        change: None,
        count: 1,
    };
    let edge = |(from, to, label): &(usize, usize, String)| Edge {
        from: id(*from),
        to: id(*to),
        kind: EdgeKind::Reaches,
        label: label.clone(),
        mark: Some(Mark::Gained),
    };
    let places: std::collections::BTreeSet<usize> =
        nodes.iter().filter_map(|(_, place)| *place).collect();
    let groups = places.into_iter().map(|place| {
        let id = group(place);
        Group { label: id.replace('/', " "), id }
    });
    Graph {
        what: What::Change,
        title: "sample".to_owned(),
        groups: groups.collect(),
        nodes: nodes.iter().enumerate().map(node).collect(),
        edges: if nodes.is_empty() { Vec::new() } else { edges.iter().map(edge).collect() },
    }
}

fn overlap(one: Rect, other: Rect) -> bool {
    let meet = |start: usize, length: usize, other_start: usize, other_length: usize| {
        start < other_start + other_length && other_start < start + length
    };
    meet(one.x, one.width, other.x, other.width) && meet(one.y, one.height, other.y, other.height)
}

/// The part of a drawing that a piece of a line may touch: all of the height between its ends.
fn around(one: (usize, usize), other: (usize, usize)) -> Rect {
    let (x, y) = (one.0.min(other.0), one.1.min(other.1));
    let (right, below) = (one.0.max(other.0), one.1.max(other.1));
    Rect { x, y, width: right - x, height: (below - y).max(1) }
}

fn check(graph: &Graph) {
    let Layout { width, height, nodes, lines, lanes } = lay_out(graph);
    assert_eq!(nodes.len(), graph.nodes.len());
    let labels = || lines.iter().filter_map(|line| line.label);
    let boxes: Vec<Rect> = nodes.iter().copied().chain(labels()).collect();
    for (number, one) in boxes.iter().enumerate() {
        assert!(one.x + one.width <= width && one.y + one.height <= height, "{one:?} is outside");
        for other in &boxes[number + 1..] {
            assert!(!overlap(*one, *other), "{one:?} and {other:?} overlap");
        }
        let around: Vec<Rect> =
            lanes.iter().map(|lane| lane.rect).filter(|lane| overlap(*lane, *one)).collect();
        assert_eq!(around.len(), 1, "{one:?} is in one lane");
    }
    for (number, one) in lanes.iter().enumerate() {
        for other in &lanes[number + 1..] {
            assert!(!overlap(one.rect, other.rect), "{one:?} and {other:?} overlap");
        }
        let title = one.title.iter().map(|word| cells(word) * 8).max().unwrap_or_default();
        let title = Rect { width: title, ..one.rect };
        assert!(boxes.iter().all(|other| !overlap(title, *other)), "the title of {one:?}");
    }
    for line in &lines {
        let [.., last] = line.points.as_slice() else { unreachable!("a line has points") };
        let edge = &graph.edges[line.edge];
        let end = graph.nodes.iter().position(|node| node.id == edge.to).expect("the node");
        let end = nodes[end];
        let is_beside = last.0 == end.x || last.0 == end.x + end.width;
        assert!(is_beside && (end.y..end.y + end.height).contains(&last.1), "{line:?}");
        for pair in line.points.windows(2) {
            let piece = around(pair[0], pair[1]);
            let others = labels().filter(|label| line.label != Some(*label));
            let mut others = nodes.iter().copied().chain(others);
            assert!(others.all(|other| !overlap(piece, other)), "{line:?} crosses a box");
        }
    }
}

proptest! {
    #[test]
    fn no_boxes_overlap_and_no_line_crosses_one(
        nodes in vec(("[a-z数 ]{0,80}", option::of(0..4_usize)), 0..25),
        edges in vec((0..25_usize, 0..25_usize, "([a-z]{1,20})?"), 0..40),
    ) {
        check(&graph(&nodes, &edges));
    }
}

#[test]
fn a_drawing_without_nodes_is_a_drawing() {
    let graph = graph(&[], &[]);
    check(&graph);
    assert!(svg::text(&graph).contains("viewBox=\"0 0 "));
    assert!(mermaid::text(&graph).starts_with("flowchart LR\n"));
    assert!(dot::text(&graph).ends_with("}\n"));
}

/// Colours alone say nothing to some people ("Success Criterion 1.4.1 Use of Color" in WCAG 2.2).
#[test]
fn what_is_gained_and_lost_differs_in_dashes_and_words_too() {
    let marks = [Mark::Kept, Mark::Gained, Mark::MayGain, Mark::Lost];
    let different: std::collections::BTreeSet<_> = marks.into_iter().map(dashes).collect();
    assert_eq!(different.len(), marks.len());
    let nodes = [("a".to_owned(), None), ("b".to_owned(), None)];
    let drawn = graph(&nodes, &[(0, 1, "gains read".to_owned())]);
    assert!(mermaid::text(&drawn).contains("  n0 -.->|\"gains read\"| n1\n"));
    assert!(mermaid::text(&drawn).contains("stroke-dasharray:8 4\n"));
    assert!(dot::text(&drawn).contains("n0 -> n1 [label=\"gains read\", style=dashed, "));
    let svg = svg::text(&drawn);
    assert!(svg.contains(">gains read</text>") && svg.contains("class=\"line gained\""), "{svg}");
}

#[test]
fn wide_characters_take_two_cells() {
    for (text, expected) in [("", 0), ("abc", 3), ("é…×", 3), ("数据", 4), ("한글", 4)] {
        assert_eq!(cells(text), expected, "{text}");
    }
}
