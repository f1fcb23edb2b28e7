//! The picture of who reaches what before and after a change: principals left, resources right.
//!
//! A review knows what differs. The access that stays comes from the access after the change.

use std::collections::{BTreeMap, BTreeSet};

use lakewright_analysis::graph::Access;
use lakewright_analysis::words::count;
use serde_json::{Value, json};

use super::sentences::{label, printable, shortened, target, who};
use super::{How, Named, Shown, entries};

/// The maximum number of lines of a readable picture.
const LINES: usize = 120;
/// The maximum number of lines for access that stays.
const KEPT: usize = 40;
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

/// Who, what, and how it changes, each with the verbs. Access without a change stays.
type Edges = BTreeMap<String, BTreeMap<(String, Option<How>), BTreeSet<String>>>;

/// The picture as coordinates and texts. `None` if there is nothing to draw, or too much to read.
pub(crate) fn picture(shown: &Shown<'_>, stays: Option<&[Access]>) -> Option<Value> {
    let mut edges = edges(shown);
    let number: usize = edges.values().map(BTreeMap::len).sum();
    if number == 0 || number > LINES {
        return None;
    }
    let caption = match stays {
        Some(stays) => add_staying(&mut edges, stays, LINES - number, shown),
        None => "Access that stays is not drawn.".to_owned(),
    };
    let number: usize = edges.values().map(BTreeMap::len).sum();
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
        "stays": caption,
    }))
}

/// The name by which the access that stays calls a principal.
pub(super) fn known_as(principal: &str, named: &dyn Named) -> String {
    let name = named.principal(principal).unwrap_or_else(|| principal.to_owned());
    if name == "*" { "everybody".to_owned() } else { name }
}

/// Adds the access that stays, as far as it can be read, and says what is not drawn.
fn add_staying(edges: &mut Edges, stays: &[Access], room: usize, shown: &Shown<'_>) -> String {
    let drawn: BTreeMap<String, String> = shown
        .review
        .access
        .iter()
        .map(|one| (known_as(&one.principal, shown.named), who(&one.principal, shown.named)))
        .collect();
    let (mut left, mut omitted) = (room.min(KEPT), 0);
    for Access { principal, target, label } in stays {
        let Some(name) = drawn.get(principal) else { continue };
        let Some(of_principal) = edges.get_mut(name) else { continue };
        if left == 0 {
            omitted += 1;
            continue;
        }
        left -= 1;
        let line = (printable(target).into_owned(), None);
        of_principal.entry(line).or_default().insert(label.clone());
    }
    match omitted {
        0 => "Thin and grey: stays.".to_owned(),
        _ => format!(
            "Thin and grey: stays; {} of access that stays {} not drawn.",
            count(omitted, "more line"),
            if omitted == 1 { "is" } else { "are" }
        ),
    }
}

fn edges(shown: &Shown<'_>) -> Edges {
    let mut edges = Edges::new();
    for entry in shown.review.access.iter().flat_map(entries) {
        let Some(reach) = entry.reach else { continue };
        let principal = who(&entry.change.principal, shown.named);
        let targets = edges.entry(principal).or_default();
        let target = (target(reach, shown.named), Some(entry.how));
        targets.entry(target).or_default().insert(label(reach));
    }
    edges
}

fn line(start: usize, end: usize, how: Option<How>, verbs: &BTreeSet<String>) -> Value {
    let verbs: Vec<&str> = verbs.iter().map(String::as_str).collect();
    let (kind, word) = match how {
        Some(How::Gained) => ("gained", "gains"),
        Some(How::Unknown) => ("unknown", "may gain"),
        Some(How::Lost) => ("lost", "loses"),
        None => ("kept", "keeps"),
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
