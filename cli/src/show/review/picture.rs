//! The picture of who reaches what before and after a change: principals left, resources right.
//!
//! A review knows what differs and not what stays, so every line of the picture is a difference.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::sentences::{label, shortened, target, who};
use super::{How, Shown, entries};

/// The maximum number of lines of a readable picture.
const LINES: usize = 120;
/// The height of a line and of a resource, in pixels.
const STEP: usize = 26;
const TOP: usize = 20;
/// The columns: the end of the principals, of the labels and of the lines; the width.
const PRINCIPALS: usize = 250;
const LABELS: usize = 520;
const TARGETS: usize = 660;
const WIDTH: usize = 960;
/// The maximum length of texts, in characters.
const NAME: usize = 34;
const LABEL: usize = 36;

/// Who, what, and how it changes, each with the verbs.
type Edges = BTreeMap<String, BTreeMap<(String, How), BTreeSet<String>>>;

/// The picture as coordinates and texts. `None` if there is nothing to draw, or too much to read.
pub(crate) fn picture(shown: &Shown<'_>) -> Option<Value> {
    let edges = edges(shown);
    let number: usize = edges.values().map(BTreeMap::len).sum();
    if number == 0 || number > LINES {
        return None;
    }
    let targets: BTreeSet<&String> =
        edges.values().flat_map(BTreeMap::keys).map(|(target, _)| target).collect();
    let rows = number.max(targets.len());
    let height_of = |row: usize, of: usize| TOP + (row * 2 + 1) * rows * STEP / (of * 2);
    let places: BTreeMap<&String, usize> = targets
        .iter()
        .enumerate()
        .map(|(row, target)| (*target, height_of(row, targets.len())))
        .collect();
    let mut lines = Vec::new();
    let mut principals = Vec::new();
    for (principal, reached) in &edges {
        let first = height_of(lines.len(), number);
        for ((target, how), verbs) in reached {
            let start = height_of(lines.len(), number);
            let end = places.get(target).copied().unwrap_or(start);
            lines.push(line(start, end, *how, verbs));
        }
        let last = height_of(lines.len() - 1, number);
        principals.push(text(PRINCIPALS, usize::midpoint(first, last), principal));
    }
    let targets: Vec<Value> =
        places.iter().map(|(target, y)| text(TARGETS + 10, *y, target)).collect();
    Some(json!({
        "width": WIDTH,
        "height": 2 * TOP + rows * STEP,
        "principals": principals,
        "targets": targets,
        "lines": lines,
    }))
}

fn edges(shown: &Shown<'_>) -> Edges {
    let mut edges = Edges::new();
    for entry in shown.review.access.iter().flat_map(entries) {
        let Some(reach) = entry.reach else { continue };
        let principal = who(&entry.change.principal, shown.named);
        let targets = edges.entry(principal).or_default();
        let target = (target(reach, shown.named), entry.how);
        targets.entry(target).or_default().insert(label(reach));
    }
    edges
}

fn line(start: usize, end: usize, how: How, verbs: &BTreeSet<String>) -> Value {
    let verbs: Vec<&str> = verbs.iter().map(String::as_str).collect();
    let (kind, word) = match how {
        How::Gained => ("gained", "gains"),
        How::Unknown => ("unknown", "may gain"),
        How::Lost => ("lost", "loses"),
    };
    let label = format!("{word}: {}", verbs.join(", "));
    let middle = usize::midpoint(LABELS, TARGETS);
    json!({
        "kind": kind,
        "path": format!("M{LABELS},{start} C{middle},{start} {middle},{end} {TARGETS},{end}"),
        "label": text(PRINCIPALS + 14, start, &label),
    })
}

/// A text with its place, shortened to its column.
fn text(x: usize, y: usize, text: &str) -> Value {
    let room = if x == PRINCIPALS + 14 { LABEL } else { NAME };
    json!({ "x": x, "y": y + 4, "short": shortened(text, room), "whole": text })
}
