//! The matrix as a page of its own, to be looked at and filtered in a browser.

use std::collections::BTreeSet;

use handlebars::Handlebars;
use lakewright_proof::action::Level;
use serde_json::json;

use super::{Row, Wanted};
use crate::exit::Failure;
use crate::proof::Subject;

/// The page's template. Handlebars escapes everything that is put into it.
const PAGE: &str = include_str!("page.html.hbs");

/// The page.
pub(crate) fn html(
    rows: &[Row<'_>],
    wanted: Wanted<'_>,
    subject: &Subject,
) -> Result<String, Failure> {
    let rows: Vec<_> = rows
        .iter()
        .map(|row| {
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
            let levels: Vec<&str> = cell.levels.iter().map(Level::as_str).collect();
            let unknown: BTreeSet<&str> =
                cell.unknown().iter().map(|action| action.name()).collect();
            json!({
                "principal": row.principal(),
                "principal_arn": cell.principal.name(),
                "resource": row.resource(),
                "resource_arn": &*cell.resource,
                "access": row.access(),
                "levels": levels,
                "cells": cell.cells,
                "tables": subject.world.lake.tables_of(&cell.resource),
                "unknown": unknown,
                "doubts": cell.doubts(),
                "actions": actions,
            })
        })
        .collect();
    let handlebars = Handlebars::new();
    handlebars
        .render_template(
            PAGE,
            &json!({
                "mesh": subject.mesh,
                "principal": wanted.principal,
                "resource": wanted.resource,
                "rows": rows,
            }),
        )
        .map_err(|error| Failure::unexpected(error.to_string()))
}
