//! The access matrix as it is shown.

pub(crate) mod page;

use std::collections::{BTreeMap, BTreeSet};

use lakewright_proof::matrix::{Cell, Index};
use lakewright_proof::pattern;
use rayon::iter::{IntoParallelIterator as _, IntoParallelRefIterator as _, ParallelIterator as _};
use rayon::slice::ParallelSliceMut as _;
use serde_json::json;

use crate::proof::{Subject, name_of};

/// What is wanted of the matrix.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted<'a> {
    /// A principal's name or ARN, or a part of it.
    pub(crate) principal: Option<&'a str>,
    /// A resource's name or ARN, or a part of it.
    pub(crate) resource: Option<&'a str>,
    /// Every kind of resource, not only data.
    pub(crate) all: bool,
}

/// A row of the matrix as it is shown.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) principal: String,
    pub(crate) resource: String,
    pub(crate) access: String,
    pub(crate) cell: Cell,
}

/// The kinds of resources that hold data or open it.
const DATA: [&str; 4] =
    ["AWS::Glue::Database", "AWS::KMS::Key", "AWS::S3::AccessPoint", "AWS::S3::Bucket"];

/// The rows of the matrix.
pub(crate) fn rows(wanted: Wanted<'_>, subject: &Subject) -> Vec<Row> {
    let index = Index::of(&subject.world);
    let names = subject.resource_names();
    let arns: Vec<&str> = subject
        .world
        .resources
        .values()
        .filter(|resource| wanted.all || DATA.contains(&resource.kind.as_str()))
        .map(|resource| resource.arn.as_str())
        .chain(subject.world.roles.keys().filter(|_| wanted.all).map(String::as_str))
        .filter(|arn| is_wanted(wanted.resource, arn, names.get(*arn)))
        .collect();
    let mut cells: Vec<Cell> = arns.par_iter().flat_map_iter(|arn| index.cells(arn)).collect();
    let lake: Vec<&String> = subject.world.lake.grants.keys().collect();
    let lake: Vec<Cell> = lake.par_iter().flat_map_iter(|arn| index.lake_cells(arn)).collect();
    cells.extend(lake.into_iter().filter(|cell| {
        is_wanted(wanted.resource, &cell.resource, name_of(&names, &cell.resource))
    }));
    let mut rows: Vec<Row> = merged(cells)
        .into_par_iter()
        .map(|cell| row(cell, subject, &names))
        .filter(|row| is_wanted(wanted.principal, &row.cell.principal, Some(&row.principal)))
        .collect();
    rows.par_sort_unstable_by(|a, b| a.shown().cmp(&b.shown()));
    rows
}

/// What a filter names that is not in the mesh, in words.
pub(crate) fn nothing_like(wanted: Wanted<'_>, subject: &Subject) -> Option<String> {
    let Subject { world, intended, .. } = subject;
    if let Some(name) = wanted.principal {
        let mut known = intended.names().chain(world.roles.keys().map(String::as_str));
        if !known.any(|known| known.contains(name)) {
            return Some(format!(
                "no principal of this mesh is like `{name}`; expected a name such as team/ENVIRONMENT/TEAM, an ARN, or a part of one"
            ));
        }
    }
    let name = wanted.resource?;
    let names = subject.resource_names();
    let is_like = |(arn, known): (&String, &String)| arn.contains(name) || known.contains(name);
    let is_table = name.contains(":table/") || name.contains(":::");
    (!is_table && !names.iter().any(is_like)).then(|| {
        format!("no resource of this mesh is like `{name}`; expected dataset/ID, dataset/ID/table/NAME, an ARN, or a part of one")
    })
}

impl Row {
    fn shown(&self) -> (&str, &str, &str, &str, &str) {
        let Self { principal, resource, access, cell } = self;
        (principal, resource, access, &cell.principal, &cell.resource)
    }
}

fn row(cell: Cell, subject: &Subject, names: &BTreeMap<String, String>) -> Row {
    let name = subject.intended.name_of(&cell.principal).unwrap_or(&cell.principal);
    Row {
        principal: name.to_owned(),
        resource: match name_of(names, &cell.resource) {
            Some(target) => format!("{target} {}", short(&cell.resource)),
            None => cell.resource.clone(),
        },
        access: access(&cell),
        cell,
    }
}

/// Cells with one principal and resource as one: IAM and Lake Formation both have a say.
fn merged(mut cells: Vec<Cell>) -> Vec<Cell> {
    fn key(cell: &Cell) -> (&str, &str, Option<&str>) {
        (&cell.principal, &cell.resource, cell.cells.as_deref())
    }
    cells.par_sort_unstable_by(|a, b| key(a).cmp(&key(b)));
    let mut all: Vec<Cell> = Vec::with_capacity(cells.len());
    for cell in cells {
        match all.last_mut() {
            Some(known) if key(known) == key(&cell) => {
                known.actions.extend(cell.actions);
                known.unknown.extend(cell.unknown);
                known.levels.extend(cell.levels);
            }
            _ => all.push(cell),
        }
    }
    all
}

fn is_wanted(wanted: Option<&str>, arn: &str, name: Option<&String>) -> bool {
    let Some(wanted) = wanted else { return true };
    name.is_some_and(|name| name == wanted || (!wanted.contains('/') && name.contains(wanted)))
        || arn.contains(wanted)
        // All tables of a database, or all objects, are about each one.
        || (arn.ends_with("/*") && pattern::matches(arn, wanted))
}

/// What is read first of an ARN: its last part.
fn short(arn: &str) -> &str {
    arn.splitn(6, ':').nth(5).unwrap_or(arn)
}

fn access(cell: &Cell) -> String {
    let mut words: Vec<String> =
        cell.levels.iter().map(|level| level.as_str().to_owned()).collect();
    if let Some(cells) = &cell.cells {
        words.push(format!("({cells})"));
    }
    if !cell.unknown.is_empty() {
        let unknown: BTreeSet<&str> = cell.unknown.iter().map(|action| action.name()).collect();
        words.push(format!("unknown: {}", unknown.into_iter().collect::<Vec<_>>().join(" ")));
    }
    words.join(" ")
}

/// Lines for people.
pub(crate) fn table(rows: &[Row]) -> String {
    let width = |text: fn(&Row) -> &str| {
        rows.iter().map(|row| text(row).chars().count()).max().unwrap_or(0)
    };
    let (first, second) = (width(|row| &row.principal), width(|row| &row.resource));
    let lines = rows.iter().map(|Row { principal, resource, access, .. }| {
        format!("{principal:<first$}  {resource:<second$}  {access}\n")
    });
    lines.collect()
}

/// Comma-separated values for spreadsheets.
pub(crate) fn csv(rows: &[Row]) -> String {
    let field = |text: &str| {
        // A spreadsheet would run a field that begins like a formula.
        let text = if text.starts_with(['=', '+', '-', '@']) {
            format!("'{text}")
        } else {
            text.to_owned()
        };
        format!("\"{}\"", text.replace('"', "\"\""))
    };
    let mut text = "principal,principal_arn,resource,resource_arn,access\n".to_owned();
    for Row { principal, resource, access, cell } in rows {
        let fields = [principal, &cell.principal, resource, &cell.resource, access];
        text.push_str(&fields.map(|text| field(text)).join(","));
        text.push('\n');
    }
    text
}

/// Data for programs.
pub(crate) fn to_json(rows: &[Row], subject: &Subject) -> serde_json::Value {
    let rows: Vec<_> = rows
        .iter()
        .map(|Row { principal, resource, cell, .. }| {
            let actions: BTreeMap<String, &BTreeSet<String>> =
                cell.actions.iter().map(|(action, keys)| (action.to_string(), keys)).collect();
            let unknown: BTreeSet<String> = cell.unknown.iter().map(ToString::to_string).collect();
            json!({
                "principal": principal,
                "principal_arn": cell.principal,
                "resource": resource,
                "resource_arn": cell.resource,
                "levels": cell.levels.iter().map(|level| level.as_str()).collect::<Vec<_>>(),
                "cells": cell.cells,
                "tables": subject.world.lake.tables_of(&cell.resource),
                "actions": actions,
                "unknown": unknown,
            })
        })
        .collect();
    json!({ "version": 1, "rows": rows })
}
