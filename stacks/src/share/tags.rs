//! The LF-tags by which a dataset's tables are shared if its stack is nearly full (ADR 12).
//!
//! Each table has its own tag value. So a permission covers exactly the tables whose values it lists, and
//! does not change when other tables are shared.

use std::collections::{BTreeMap, BTreeSet};

use lakewright_constructs::lakeformation::{
    Catalog, Permission, PermissionChain, PermissionSet, TableTag,
};
use lakewright_constructs::role::ImportedRole;
use lakewright_manifest::mesh::Dataset;
use lakewright_synth::Scope;
use lakewright_template::digest::hex_prefix;

use crate::Names;
use crate::diagnose::cause;

/// The LF-tags of a dataset's tables.
///
/// CloudFormation replaces resources with tags by deleting them first. So their construct ids contain their
/// content: changed content is a new resource next to the old one, which is deleted when no longer needed.
pub(super) struct TableTags(Vec<TableTag>);

/// Declares the tags, and assigns them to the shared tables.
pub(super) fn declare(
    scope: &mut Scope<'_>,
    names: Names<'_>,
    dataset: &Dataset,
    chain: &mut PermissionChain,
    shared: &BTreeSet<String>,
) -> TableTags {
    let environment = &*dataset.environment;
    let mut tags = Vec::new();
    for tables in parts(dataset) {
        if !tables.iter().any(|table| shared.contains(*table)) {
            continue;
        }
        let tag = TableTag {
            account: environment.account.clone(),
            database: names.dataset_database(environment, dataset),
            key: names.table_tag(environment, dataset, tables.iter().copied()),
            values: tables
                .iter()
                .map(|table| ((*table).to_owned(), Names::table_tag_value(table)))
                .collect(),
        };
        chain.tag(&mut scope.named_child("TableTag", &tag.key), &tag);
        for (name, table) in &dataset.tables {
            let name = name.as_str();
            if tables.contains(&name) && shared.contains(name) {
                let mut scope = scope.because(cause(table.origin));
                let mut scope = scope.named_child("TaggedTable", &format!("{name} {}", tag.key));
                chain.tag_table(&mut scope, &tag, name);
            }
        }
        tags.push(tag);
    }
    TableTags(tags)
}

/// The tables of a dataset, grouped by tag key.
pub(crate) fn parts(dataset: &Dataset) -> Vec<Vec<&str>> {
    let tables = dataset.tables.keys().map(|name| (hash(name.as_str()), name.as_str()));
    let mut parts = Vec::new();
    divide(tables.collect(), u64::BITS, &mut parts);
    parts
}

/// Divides tables by the bits of their hashes until no tag exceeds its maximum number of values. So an
/// additional table changes only the tag of its own group.
fn divide<'n>(tables: Vec<(u64, &'n str)>, bits: u32, parts: &mut Vec<Vec<&'n str>>) {
    let Some(bit) = bits.checked_sub(1).filter(|_| tables.len() > TableTag::VALUES) else {
        parts.push(tables.into_iter().map(|(_, table)| table).collect());
        return;
    };
    let (ones, zeros) = tables.into_iter().partition(|(hash, _)| hash >> bit & 1 == 1);
    divide(zeros, bit, parts);
    divide(ones, bit, parts);
}

fn hash(table: &str) -> u64 {
    let digits = hex_prefix(table.as_bytes(), 16);
    u64::from_str_radix(&digits, 16).unwrap_or_default()
}

impl TableTags {
    /// Grants a role its permissions on whole tables: one permission for each tag and set of permissions.
    pub(super) fn grant(
        &self,
        scope: &mut Scope<'_>,
        chain: &mut PermissionChain,
        role: &ImportedRole,
        tables: &BTreeMap<String, BTreeSet<Permission>>,
    ) {
        for tag in &self.0 {
            let mut sets: BTreeMap<&BTreeSet<Permission>, Vec<String>> = BTreeMap::new();
            for (table, permissions) in tables {
                if tag.values.contains_key(table) {
                    sets.entry(permissions).or_default().push(table.clone());
                }
            }
            for (permissions, tables) in sets {
                let permissions: Vec<Permission> = permissions.iter().copied().collect();
                let access = access(&permissions);
                let set =
                    PermissionSet { access, permissions: &permissions, with_grant_option: false };
                chain.grant(scope, role, &Catalog::Tagged { tag: tag.clone(), tables }, set);
            }
        }
    }
}

/// The access to a table, in one word.
const fn access(permissions: &[Permission]) -> &'static str {
    if permissions.len() > 1 { "write" } else { "read" }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(count: usize) -> Vec<String> {
        (0..count).map(|number| format!("table_{number}")).collect()
    }

    fn divided(names: &[String]) -> Vec<Vec<&str>> {
        let mut parts = Vec::new();
        let tables = names.iter().map(|name| (hash(name), name.as_str()));
        divide(tables.collect(), u64::BITS, &mut parts);
        parts
    }

    #[test]
    fn no_tag_has_more_values_than_lake_formation_takes() {
        // `TagValues` of "CreateLFTag" in the Lake Formation API reference: 50 items at the most.
        assert_eq!(divided(&names(50)).len(), 1);
        for count in [51, 1_000] {
            let names = names(count);
            let parts = divided(&names);
            assert!(parts.iter().all(|part| part.len() <= 50), "{count}");
            let tables: BTreeSet<&str> = parts.iter().flatten().copied().collect();
            assert_eq!((parts.iter().flatten().count(), tables.len()), (count, count));
        }
    }

    #[test]
    fn one_more_table_makes_another_tag_of_its_own_part_only() {
        let more = names(301);
        for count in 200..300 {
            let (before, after) = (divided(&more[..count]), divided(&more[..=count]));
            let gone = before.iter().filter(|part| !after.contains(part)).count();
            assert_eq!(gone, 1, "{count} tables and one more");
        }
    }
}
