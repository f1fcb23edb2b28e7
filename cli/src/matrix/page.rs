//! The matrix as a page of its own, to be looked at and filtered in a browser.

use std::collections::BTreeSet;

use handlebars::Handlebars;
use serde_json::json;

use super::Row;
use crate::exit::Failure;
use crate::proof::Subject;

/// The page's template. Handlebars escapes everything that is put into it.
const PAGE: &str = include_str!("page.html.hbs");

/// The page.
pub(crate) fn html(rows: &[Row], subject: &Subject) -> Result<String, Failure> {
    let rows: Vec<_> = rows
        .iter()
        .map(|Row { principal, resource, access, cell }| {
            // Sorted by name.
            let actions: BTreeSet<String> = cell
                .actions
                .iter()
                .map(|(action, keys)| {
                    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
                    let when = if keys.is_empty() {
                        String::new()
                    } else {
                        format!(" (when {})", keys.join(", "))
                    };
                    format!("{action}{when}")
                })
                .collect();
            let levels: Vec<&str> = cell.levels.iter().map(|level| level.as_str()).collect();
            json!({
                "principal": principal,
                "principal_arn": cell.principal,
                "resource": resource,
                "resource_arn": cell.resource,
                "access": access,
                "levels": levels,
                "cells": cell.cells,
                "tables": subject.world.lake.tables_of(&cell.resource),
                "unknown": cell.unknown.iter().map(ToString::to_string).collect::<BTreeSet<String>>(),
                "actions": actions,
            })
        })
        .collect();
    let handlebars = Handlebars::new();
    handlebars
        .render_template(PAGE, &json!({ "rows": rows }))
        .map_err(|error| Failure::unexpected(error.to_string()))
}
