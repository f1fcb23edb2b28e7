//! The matrix as a page of its own, to be looked at and filtered in a browser.

use std::collections::{BTreeMap, BTreeSet};

use handlebars::Handlebars;
use lakewright_proof::action::Level;
use serde_json::{Value, json};

use super::{Row, Wanted};
use crate::exit::Failure;
use crate::proof::Subject;

/// The page's template. Handlebars escapes everything that is put into it.
const PAGE: &str = include_str!("page.html.hbs");
/// Columns and lines of an overview that somebody can look at.
const COLUMNS: usize = 100;
const LINES: usize = 400;

/// What people look for first, in names on the command line; everything else comes later.
const FIRST: [&str; 6] =
    ["dataset/", "share/", "team/", "consumption-role/", "dataset-role/", "pivot-role/"];

/// The rows of what resources belong to, by its name, in the order that people look for it.
type Groups<'r, 's> = BTreeMap<(usize, String), Vec<&'r Row<'s>>>;

/// Where people look for a name.
fn rank(name: &str) -> usize {
    FIRST.iter().position(|start| name.starts_with(start)).unwrap_or(FIRST.len())
}

/// The page.
pub(crate) fn html(
    rows: &[Row<'_>],
    wanted: Wanted<'_>,
    subject: &Subject,
) -> Result<String, Failure> {
    let mut groups: Groups<'_, '_> = BTreeMap::new();
    for row in rows {
        let name = group_of(row);
        groups.entry((rank(&name), name)).or_default().push(row);
    }
    let data = json!({
        "mesh": subject.mesh,
        "principal": wanted.principal,
        "resource": wanted.resource,
        "overview": overview(rows, &groups),
        "doubts": super::doubts(rows),
        "empty": rows.is_empty(),
        "groups": groups
            .iter()
            .enumerate()
            .map(|(place, ((_, name), rows))| {
                let rows = rows.iter().enumerate();
                let rows = rows.map(|(line, row)| shown(row, &format!("row-{place}-{line}"), subject));
                json!({ "name": name, "rows": rows.collect::<Vec<Value>>() })
            })
            .collect::<Vec<_>>(),
    });
    let rendered = Handlebars::new().render_template(PAGE, &data);
    rendered.map_err(|error| Failure::unexpected(error.to_string()))
}

/// What a resource belongs to; its account, such as with a whole catalog, when it belongs to nothing else.
fn group_of(row: &Row<'_>) -> String {
    let account = row.cell.resource.split(':').nth(4).filter(|account| !account.is_empty());
    match (row.target, account) {
        (Some(target), _) => target.to_owned(),
        (None, Some(account)) => format!("account/{account}"),
        (None, None) => "elsewhere".to_owned(),
    }
}

/// Who reaches what at a glance: the strongest level of each principal in each group. `None` when nobody
/// could look at it.
fn overview(rows: &[Row<'_>], groups: &Groups<'_, '_>) -> Option<Value> {
    let names = rows.iter().map(Row::principal);
    let principals: BTreeSet<(usize, &str)> = names.map(|name| (rank(name), name)).collect();
    if groups.len() > COLUMNS || principals.len() > LINES {
        return None;
    }
    let mut reached: BTreeMap<(&str, usize), Reached> = BTreeMap::new();
    for (place, rows) in groups.values().enumerate() {
        for (line, row) in rows.iter().enumerate() {
            let known = reached.entry((row.principal(), place)).or_default();
            known.levels.extend(row.cell.levels.iter());
            known.is_unknown |= !row.cell.unknown().is_empty();
            known.first.get_or_insert(line);
        }
    }
    let columns: Vec<&String> = groups.keys().map(|(_, name)| name).collect();
    let lines = principals.iter().map(|(_, principal)| {
        let cells = (0..groups.len()).map(|place| {
            let reached = reached.get(&(*principal, place));
            reached.map(|reached| reached.shown(principal, columns[place], place))
        });
        json!({ "principal": principal, "cells": cells.collect::<Vec<_>>() })
    });
    Some(json!({ "columns": columns, "lines": lines.collect::<Vec<_>>() }))
}

/// What a principal reaches in a group.
#[derive(Debug, Default)]
struct Reached {
    levels: BTreeSet<Level>,
    is_unknown: bool,
    /// The first of the principal's lines in the group.
    first: Option<usize>,
}

impl Reached {
    fn shown(&self, principal: &str, group: &str, place: usize) -> Value {
        let mut words: Vec<&str> = self.levels.iter().map(|level| level.as_str()).collect();
        if self.is_unknown {
            words.push("unknown");
        }
        // Tags give nothing by themselves: what lies below says more.
        let strongest = self.levels.iter().rev().find(|level| **level != Level::Tag);
        let strongest = strongest.or_else(|| self.levels.last());
        let strongest = strongest.map_or("unknown", |level| level.as_str());
        json!({
            "strongest": strongest,
            "unknown": self.is_unknown,
            "says": format!("{principal} on {group}: {}", words.join(" ")),
            "row": format!("row-{place}-{}", self.first.unwrap_or_default()),
        })
    }
}

/// A row with everything that is said of it.
fn shown(row: &Row<'_>, id: &str, subject: &Subject) -> Value {
    let cell = &row.cell;
    // Sorted by name.
    let actions: BTreeSet<String> = cell
        .actions()
        .into_iter()
        .map(|(action, keys)| {
            if keys.is_empty() {
                action.to_string()
            } else {
                format!("{action} (when {})", keys.join(", "))
            }
        })
        .collect();
    let unknown: BTreeSet<&str> = cell.unknown().iter().map(|action| action.name()).collect();
    json!({
        "id": id,
        "principal": row.principal(),
        "principal_arn": cell.principal.name(),
        "resource": super::short(&cell.resource),
        "resource_arn": &*cell.resource,
        "levels": cell.levels.iter().map(Level::as_str).collect::<Vec<_>>(),
        "cells": cell.cells,
        "tables": subject.world.lake.tables_of(&cell.resource),
        "unknown": unknown,
        "doubts": cell.doubts(),
        "actions": actions,
    })
}
