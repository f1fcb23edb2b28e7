//! Folders and tables must not contain each other.
//!
//! Access to a path in a bucket includes everything inside of the path. S3 matches keys by their prefix,
//! and Lake Formation issues credentials for a table's whole location. So access to the outer of two paths
//! would include the inner one.

use std::collections::BTreeMap;

use super::Context;
use crate::Code;
use crate::diagnostic::{Diagnostic, Origin};
use crate::mesh::Dataset;
use crate::name::Id;

/// A folder or a table of a dataset, and its path.
struct Item<'m> {
    /// The path in its bucket, with a slash at its end.
    path: String,
    kind: &'static str,
    name: &'m str,
    dataset: &'m Id,
    origin: Origin,
}

impl Item<'_> {
    fn shown(&self) -> String {
        let Self { path, kind, name, dataset, .. } = self;
        format!("{kind} `{name}` of dataset `{dataset}` at `{path}`")
    }
}

impl Context {
    /// No folder and no table may be inside of another one in the same bucket. Several datasets may import one bucket.
    pub(super) fn places_are_apart(&mut self, datasets: &BTreeMap<Id, Dataset>) {
        let mut buckets: BTreeMap<(&str, &str), Vec<Item<'_>>> = BTreeMap::new();
        for dataset in datasets.values() {
            let bucket = match &dataset.import {
                Some(import) => ("imported", import.bucket.as_str()),
                None => ("made", dataset.header.id.as_str()),
            };
            buckets.entry(bucket).or_default().extend(items(dataset));
        }
        for mut items in buckets.into_values() {
            items.sort_by(|a, b| (&a.path, a.origin).cmp(&(&b.path, b.origin)));
            // In this order, a path is directly followed by the paths inside of it.
            let mut outer: Option<&Item<'_>> = None;
            for item in &items {
                match outer.filter(|outer| item.path.starts_with(&outer.path)) {
                    Some(outer) => self.overlap(outer, item),
                    None => outer = Some(item),
                }
            }
        }
    }

    fn overlap(&mut self, outer: &Item<'_>, inner: &Item<'_>) {
        let message = format!("{} lies in {}", inner.shown(), outer.shown());
        let diagnostic = Diagnostic::new(Code::OverlappingPlaces, message)
            .at(inner.origin, "the inner one")
            .and(outer.origin, "the outer one")
            .help("whoever is given the outer one would have the inner one, too; give each a place of its own");
        self.report.push(diagnostic);
    }
}

fn items(dataset: &Dataset) -> impl Iterator<Item = Item<'_>> {
    let id = &dataset.header.id;
    let folders = dataset.folders.iter().map(move |(name, folder)| Item {
        path: folder.prefix.to_string(),
        kind: "folder",
        name: name.as_str(),
        dataset: id,
        origin: folder.origin,
    });
    let tables = dataset.tables.iter().map(move |(name, table)| Item {
        path: format!("{}/", table.location),
        kind: "table",
        name: name.as_str(),
        dataset: id,
        origin: table.located,
    });
    folders.chain(tables)
}
