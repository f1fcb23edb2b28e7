//! Renders the matrix as a web page that can be filtered.

use std::borrow::Cow;
use std::collections::BTreeSet;

use handlebars::Handlebars;
use lakewright_access::action::Level;
use lakewright_access::sample;
use lakewright_analysis::matrix::summary::{Column, Reached, Summary};
use lakewright_analysis::matrix::{Row, Wanted, short};
use lakewright_analysis::subject::Subject;
use serde_json::{Value, json};

use super::matrix::doubts;
use crate::exit::Failure;

/// The page's template. Handlebars escapes all values.
const PAGE: &str = include_str!("page.html.hbs");
/// The maximum number of columns and lines of a readable overview.
const COLUMNS: usize = 200;
const LINES: usize = 400;

/// Renders the page.
pub(crate) fn html(
    rows: &[Row<'_>],
    wanted: Wanted<'_>,
    subject: &Subject,
) -> Result<String, Failure> {
    let summary = Summary::of(rows);
    let data = json!({
        "mesh": subject.mesh,
        "principal": wanted.principal,
        "resource": wanted.resource,
        "overview": overview(&summary),
        "doubts": doubts(rows),
        "empty": rows.is_empty(),
        "groups": summary
            .groups
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

/// The overview: the strongest level of each principal in each group, with data and keys separate. `None` if it would
/// be too large to read.
fn overview(summary: &Summary<'_, '_>) -> Option<Value> {
    let (columns, names) = (summary.columns(), summary.names());
    if columns.len() > COLUMNS || summary.lines.len() > LINES {
        return None;
    }
    let label = |column: &Column| {
        let name = names[column.group];
        if column.is_key { format!("{name} key") } else { name.to_owned() }
    };
    let lines = summary.lines.iter().map(|((_, principal), line)| {
        let cells = columns.iter().map(|column| {
            let reached = line.get(column);
            reached.map(|reached| shown_at_once(reached, principal, *column, &label(column)))
        });
        json!({ "principal": principal, "cells": cells.collect::<Vec<_>>() })
    });
    let labels: Vec<String> = columns.iter().map(label).collect();
    Some(json!({ "columns": labels, "lines": lines.collect::<Vec<_>>() }))
}

fn shown_at_once(reached: &Reached, principal: &str, column: Column, label: &str) -> Value {
    let Column { group, is_key } = column;
    json!({
        "strongest": reached.strongest(is_key),
        "unknown": reached.is_unknown,
        "says": format!("{principal} on {label}: {}", reached.words(is_key)),
        "row": format!("row-{group}-{}", reached.first),
    })
}

/// A row with all its details.
fn shown(row: &Row<'_>, id: &str, subject: &Subject) -> Value {
    let cell = &row.cell;
    // Sorted by name.
    let actions: BTreeSet<String> = cell
        .actions()
        .into_iter()
        .map(|(action, keys)| {
            if keys.is_empty() {
                sample::shown(action).into_owned()
            } else {
                format!("{} (when {})", sample::shown(action), keys.join(", "))
            }
        })
        .collect();
    let unknown: BTreeSet<Cow<'_, str>> = cell.unknown().into_iter().map(sample::shown).collect();
    json!({
        "id": id,
        "principal": row.principal(),
        "principal_arn": cell.principal.name(),
        "resource": short(&cell.resource),
        "resource_arn": &*cell.resource,
        "levels": cell.levels.iter().map(Level::as_str).collect::<Vec<_>>(),
        "cells": cell.cells,
        "tables": subject.world.lake().tables_of(&cell.resource),
        "unknown": unknown,
        "doubts": cell.doubts(),
        "actions": actions,
    })
}
