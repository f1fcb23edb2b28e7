//! Shows the access matrix for spreadsheets and programs, and what is unknown in it.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use lakewright_access::action::Level;
use lakewright_access::evaluate::BOUNDARY_IS_MISSING;
use lakewright_access::sample::shown;
use lakewright_analysis::matrix::Row;
use lakewright_analysis::subject::Subject;
use lakewright_analysis::words::count;
use lakewright_proof::matrix::Needed;
use serde_json::json;

/// The reasons for unknown decisions, each with the number of its rows, in words.
pub(crate) fn doubts(rows: &[Row<'_>]) -> Vec<String> {
    let mut known: BTreeMap<&str, usize> = BTreeMap::new();
    for reason in rows.iter().flat_map(|row| row.cell.doubts()) {
        *known.entry(reason).or_default() += 1;
    }
    known
        .into_iter()
        .map(|(reason, number)| {
            let hint =
                if reason == BOUNDARY_IS_MISSING { " (--boundary ARN=FILE gives it)" } else { "" };
            format!("unknown in {}: {reason}{hint}", count(number, "row"))
        })
        .collect()
}

/// Comma-separated values for spreadsheets.
pub(crate) fn csv(rows: &[Row<'_>]) -> String {
    let field = |text: &str| {
        // A spreadsheet would evaluate a field that begins like a formula.
        let text = if text.starts_with(['=', '+', '-', '@']) {
            format!("'{text}")
        } else {
            text.to_owned()
        };
        format!("\"{}\"", text.replace('"', "\"\""))
    };
    let mut text =
        "principal,principal_arn,resource,resource_arn,access,levels,conditions,unknown,unknown_because\n"
            .to_owned();
    for row in rows {
        let (resource, access) = (row.resource(), row.access());
        let cell = &row.cell;
        let levels: Vec<&str> = cell.levels.iter().map(Level::as_str).collect();
        let (Needed::Always(keys) | Needed::Partly(keys)) = cell.needed();
        let conditions: Vec<&str> = keys.into_iter().collect();
        let unknown = cell.unknown();
        let unknown: BTreeSet<Cow<'_, str>> = unknown.into_iter().map(shown).collect();
        let unknown: Vec<&str> = unknown.iter().map(AsRef::as_ref).collect();
        let doubts: Vec<&str> = cell.doubts().into_iter().collect();
        let lists = [levels, conditions, unknown].map(|list| list.join(" "));
        let [levels, conditions, unknown] = &lists;
        let doubts = doubts.join("; ");
        let fields = [
            row.principal(),
            cell.principal.name(),
            &resource,
            &cell.resource,
            &access,
            levels,
            conditions,
            unknown,
            &doubts,
        ];
        text.push_str(&fields.map(field).join(","));
        text.push('\n');
    }
    text
}

/// The matrix for programs.
pub(crate) fn to_json(rows: &[Row<'_>], subject: &Subject) -> serde_json::Value {
    let rows: Vec<_> = rows
        .iter()
        .map(|row| {
            let cell = &row.cell;
            let actions: BTreeMap<Cow<'_, str>, Vec<&str>> =
                cell.actions().into_iter().map(|(action, keys)| (shown(action), keys)).collect();
            let unknown: BTreeSet<Cow<'_, str>> = cell.unknown().into_iter().map(shown).collect();
            json!({
                "principal": row.principal(),
                "principal_arn": cell.principal.name(),
                "resource": row.resource(),
                "resource_arn": &*cell.resource,
                "levels": cell.levels.iter().map(Level::as_str).collect::<Vec<_>>(),
                "cells": cell.cells,
                "tables": subject.world.lake().tables_of(&cell.resource),
                "actions": actions,
                "unknown": unknown,
                "unknown_because": cell.doubts(),
            })
        })
        .collect();
    json!({ "version": 1, "rows": rows })
}
