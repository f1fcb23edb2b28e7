//! A graph as SVG, for browsers, pages and slides. It needs no other program, no font and no network.

use std::fmt::Write as _;

use lakewright_analysis::graph::{Edge, Graph, Mark, Node};

use super::layout::{CHARACTER, LINE, Lane, Layout, Line, PAD, Rect, cells, lay_out};
use super::{about, dashes, label, name, texts};
use crate::show::review::kind;
use crate::show::review::sentences::printable;

/// Colours. On each of the grounds, the contrast of texts is 4.5:1 at least, as WCAG 2.2 requires ("Success Criterion 1.4.3
/// Contrast (Minimum)").
pub(super) struct Palette {
    /// That of the drawing and its boxes.
    pub(super) ground: &'static str,
    /// That of lanes.
    pub(super) lane: &'static str,
    /// That of names.
    pub(super) text: &'static str,
    /// That of kinds, titles of lanes, borders and lines that stay.
    pub(super) muted: &'static str,
    /// That of lines that are gained, and of boxes that are added.
    pub(super) gained: &'static str,
    /// That of lines that may be gained, and of boxes that are changed.
    pub(super) unknown: &'static str,
    /// That of lines that are lost, and of boxes that are removed.
    pub(super) lost: &'static str,
}

pub(super) const LIGHT: Palette = Palette {
    ground: "#ffffff",
    lane: "#f6f8fa",
    text: "#1f2328",
    muted: "#59636e",
    gained: "#116329",
    unknown: "#7d4e00",
    lost: "#a40e26",
};

pub(super) const DARK: Palette = Palette {
    ground: "#0d1117",
    lane: "#161b22",
    text: "#e6edf3",
    muted: "#9ea7b3",
    gained: "#4ac26b",
    unknown: "#e3b341",
    lost: "#ff8182",
};

const MARKS: [Mark; 4] = [Mark::Kept, Mark::Gained, Mark::MayGain, Mark::Lost];

const FONT: &str = "<style>
.lakewright { font: 13px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; max-width: 100%; height: auto; }
.lakewright .line { fill: none; stroke-width: 1.5; }
.lakewright .name { font-weight: 600; }
.lakewright .box.added { stroke-dasharray: 8 4; stroke-width: 2.5; }
.lakewright .box.removed { stroke-dasharray: 2 4; stroke-width: 2.5; }
.lakewright .box.changed { stroke-width: 2.5; }
";

/// The drawing.
pub(crate) fn text(graph: &Graph) -> String {
    let Layout { width, height, nodes, lines, lanes } = lay_out(graph);
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"lakewright\" role=\"img\" aria-labelledby=\"graph-title graph-about\" \
         viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\">\n\
         <title id=\"graph-title\">{}</title>\n<desc id=\"graph-about\">{}</desc>\n",
        escaped(&graph.title),
        about(graph.what)
    );
    push_styles(&mut text);
    let whole = Rect { x: 0, y: 0, width, height };
    push_rect(&mut text, "ground", whole);
    for lane in lanes.iter().filter(|lane| !lane.title.is_empty()) {
        push_lane(&mut text, lane);
    }
    // Each label is above its line.
    for line in &lines {
        push_line(&mut text, line, graph.edges.get(line.edge));
    }
    for line in &lines {
        if let (Some(rect), Some(edge)) = (line.label, graph.edges.get(line.edge)) {
            push_label(&mut text, rect, edge);
        }
    }
    for (node, rect) in graph.nodes.iter().zip(nodes) {
        push_node(&mut text, node, rect);
    }
    text.push_str("</svg>\n");
    text
}

fn push_styles(text: &mut String) {
    text.push_str(FONT);
    for mark in MARKS {
        if let Some(dashes) = dashes(mark) {
            let name = name(mark);
            writeln!(
                text,
                ".lakewright .line.{name} {{ stroke-dasharray: {dashes}; stroke-width: 2; }}"
            )
            .expect("a string takes all");
        }
    }
    push_colours(text, &LIGHT);
    text.push_str("@media (prefers-color-scheme: dark) {\n");
    push_colours(text, &DARK);
    text.push_str("}\n</style>\n<defs>\n");
    for name in MARKS.map(name) {
        writeln!(
            text,
            "<marker id=\"graph-{name}\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" markerWidth=\"9\" markerHeight=\"9\" \
             markerUnits=\"userSpaceOnUse\" orient=\"auto\"><path class=\"end {name}\" d=\"M0,0 L8,4 L0,8 Z\"/></marker>"
        )
        .expect("a string takes all");
    }
    text.push_str("</defs>\n");
}

fn push_colours(text: &mut String, palette: &Palette) {
    let Palette { ground, lane, text: names, muted, gained, unknown, lost } = palette;
    write!(
        text,
        ".lakewright .ground {{ fill: {ground}; }}
.lakewright .lane {{ fill: {lane}; stroke: {muted}; }}
.lakewright .under {{ fill: {lane}; }}
.lakewright .box {{ fill: {ground}; stroke: {muted}; }}
.lakewright text {{ fill: {muted}; }}
.lakewright .name {{ fill: {names}; }}
.lakewright .line {{ stroke: {muted}; }}
.lakewright .end {{ fill: {muted}; }}
"
    )
    .expect("a string takes all");
    for (mark, change, colour) in
        [("gained", "added", gained), ("may-gain", "changed", unknown), ("lost", "removed", lost)]
    {
        write!(
            text,
            ".lakewright .line.{mark}, .lakewright .box.{change} {{ stroke: {colour}; }}
.lakewright .end.{mark}, .lakewright text.{mark}, .lakewright text.{change} {{ fill: {colour}; }}
"
        )
        .expect("a string takes all");
    }
}

fn push_rect(text: &mut String, class: &str, rect: Rect) {
    let Rect { x, y, width, height } = rect;
    writeln!(
        text,
        "<rect class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"4\"/>"
    )
    .expect("a string takes all");
}

/// A text whose length is set, so that it is as wide as its box is made for.
fn push_text(text: &mut String, class: &str, [x, y]: [usize; 2], words: &str) {
    let length = cells(words) * CHARACTER;
    if length > 0 {
        writeln!(
            text,
            "<text class=\"{class}\" x=\"{x}\" y=\"{y}\" textLength=\"{length}\" lengthAdjust=\"spacingAndGlyphs\">{}</text>",
            escaped(words)
        )
        .expect("a string takes all");
    }
}

/// The line of text with a number in a rectangle: its place, above which the letters stand.
const fn place(rect: Rect, above: usize, line: usize) -> [usize; 2] {
    [rect.x + PAD, rect.y + above + line * LINE + 13]
}

fn push_lane(text: &mut String, lane: &Lane) {
    push_rect(text, "lane", lane.rect);
    for (number, word) in lane.title.iter().enumerate() {
        push_text(text, "title", place(lane.rect, PAD, number), word);
    }
}

fn push_line(text: &mut String, line: &Line, edge: Option<&Edge>) {
    let mut points = line.points.iter();
    let Some((x, y)) = points.next() else { return };
    let mut path = format!("M{x},{y}");
    let mut last = (*x, *y);
    for (x, y) in points {
        if *y == last.1 {
            write!(path, " L{x},{y}").expect("a string takes all");
        } else {
            let middle = usize::midpoint(last.0, *x);
            write!(path, " C{middle},{} {middle},{y} {x},{y}", last.1).expect("a string takes all");
        }
        last = (*x, *y);
    }
    let mark = name(edge.and_then(|edge| edge.mark).unwrap_or(Mark::Kept));
    writeln!(text, "<path class=\"line {mark}\" marker-end=\"url(#graph-{mark})\" d=\"{path}\"/>")
        .expect("a string takes all");
}

fn push_label(text: &mut String, rect: Rect, edge: &Edge) {
    push_rect(text, "under", rect);
    let mark = edge.mark.map(name).unwrap_or_default();
    let [x, y] = place(rect, 4, 0);
    push_text(text, mark, [x - PAD / 2, y], &label(edge));
}

fn push_node(text: &mut String, node: &Node, rect: Rect) {
    let change = node.change.map(kind).unwrap_or_default();
    writeln!(text, "<g><title>{} ({})</title>", escaped(&node.label), escaped(&node.kind))
        .expect("a string takes all");
    push_rect(text, &format!("box {change}"), rect);
    for (number, line) in texts(node).iter().enumerate() {
        let class = if number == 0 { "name" } else { change };
        push_text(text, class, place(rect, PAD / 2, number), line);
    }
    text.push_str("</g>\n");
}

/// A text in XML. Characters that XML 1.0 does not allow are not printable, but for two.
fn escaped(text: &str) -> String {
    let text = printable(text);
    let mut out = String::with_capacity(text.len());
    for one in text.chars() {
        match one {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_becomes_markup() {
        for (text, expected) in [
            ("a<b>&amp;\"'", "a&lt;b&gt;&amp;amp;&quot;&#39;"),
            ("]]></text><script>", "]]&gt;&lt;/text&gt;&lt;script&gt;"),
            ("a\u{0}b\u{ffff}", "a\\u{0}b\u{fffd}"),
        ] {
            assert_eq!(escaped(text), expected);
        }
    }

    /// The contrast of two colours. Source: "relative luminance" and "contrast ratio" in WCAG 2.2.
    fn contrast(one: &str, other: &str) -> f64 {
        let luminance = |colour: &str| {
            let channel = |start: usize| {
                let value = u8::from_str_radix(&colour[start..start + 2], 16).expect("a colour");
                let value = f64::from(value) / 255.0;
                if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
            };
            0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
        };
        let (one, other) = (luminance(one), luminance(other));
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    #[test]
    fn every_text_can_be_read_on_every_ground() {
        for Palette { ground, lane, text, muted, gained, unknown, lost } in [LIGHT, DARK] {
            for behind in [ground, lane] {
                for colour in [text, muted, gained, unknown, lost] {
                    let found = contrast(colour, behind);
                    assert!(found >= 4.5, "{colour} on {behind}: {found}");
                }
            }
        }
    }

    /// Mermaid and Graphviz draw on a background that is not known here.
    #[test]
    fn every_line_of_other_drawings_can_be_seen_on_every_ground() {
        for colour in MARKS.into_iter().filter_map(super::super::colour) {
            for behind in [LIGHT.ground, DARK.ground] {
                let found = contrast(colour, behind);
                assert!(found >= 3.0, "{colour} on {behind}: {found}");
            }
        }
    }
}
