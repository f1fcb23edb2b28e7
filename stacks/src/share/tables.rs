//! The Lake Formation permissions of shares on a dataset's tables.
//!
//! Lake Formation has one set of permissions per principal and resource, so all shares of a dataset are processed
//! together, and each set is written once.

use std::collections::{BTreeMap, BTreeSet};

use lakewright_constructs::lakeformation::{
    Catalog, DataFilter, Permission, PermissionChain, PermissionSet,
};
use lakewright_constructs::role::{ImportedRole, Receives as _};
use lakewright_manifest::mesh::{Dataset, HybridAccess, SharePermission};
use lakewright_synth::{Construct as _, Scope};

use super::{LiveShare, tags};
use crate::Names;

/// The dataset whose tables are shared.
#[derive(Clone, Copy)]
pub(crate) struct SharedTables<'m> {
    pub(crate) names: Names<'m>,
    pub(crate) dataset: &'m Dataset,
    /// Whether its tables are shared by tags, if possible.
    pub(crate) by_tag: bool,
}

/// Grants the permissions of a dataset's shares on its tables. `known` are the ARNs of the roles that can see the
/// database without a share.
pub(crate) fn grant(
    scope: &mut Scope<'_>,
    on: SharedTables<'_>,
    chain: &mut PermissionChain,
    shares: &[LiveShare<'_>],
    known: &BTreeSet<String>,
) {
    let SharedTables { names, dataset, by_tag } = on;
    let environment = &*dataset.environment;
    let mut consumers: BTreeMap<String, (ImportedRole, Vec<&LiveShare<'_>>)> = BTreeMap::new();
    for live in shares.iter().filter(|live| live.has_tables()) {
        let role = live.consumer_role(names);
        let arn = role.grantee().known_arn.clone();
        consumers.entry(arn).or_insert_with(|| (role, Vec::new())).1.push(live);
    }
    let database = names.dataset_database(environment, dataset);
    let tags = (by_tag && has_tags(dataset)).then(|| {
        let all = consumers.values().flat_map(|(_, shares)| whole_tables(shares).into_keys());
        tags::declare(scope, names, dataset, chain, &all.collect())
    });
    for (arn, (role, shares)) in &consumers {
        let Some(first) = shares.first() else { continue };
        let account = first.catalog_account();
        let causes = shares.iter().flat_map(|live| live.causes());
        if !known.contains(arn) {
            let mut scope = scope.because_all(causes.clone());
            let all = Catalog::Database { account: account.clone(), name: database.clone() };
            chain.grant(&mut scope, role, &all, set("read", &[Permission::Describe]));
        }
        let every = every_table(shares);
        if !every.is_empty() {
            let permissions: Vec<Permission> = every.into_iter().collect();
            let word = if permissions.contains(&Permission::Insert) { "write" } else { "read" };
            let all = Catalog::Tables { account: account.clone(), database: database.clone() };
            let mut scope = scope.because_all(causes.clone());
            chain.grant(&mut scope, role, &all, set(word, &permissions));
        }
        let tables = whole_tables(shares);
        if let Some(tags) = &tags {
            tags.grant(&mut scope.because_all(causes.clone()), chain, role, &tables);
        }
        let by_name = tables.into_iter().filter(|_| tags.is_none());
        for (table, permissions) in by_name {
            let mut scope = scope.because_all(causes.clone());
            let (account, database) = (account.clone(), database.clone());
            let (reads, writes): (Vec<Permission>, Vec<Permission>) =
                permissions.into_iter().partition(|permission| *permission == Permission::Select);
            let columns = Catalog::Columns {
                account: account.clone(),
                database: database.clone(),
                table: table.clone(),
            };
            chain.grant(&mut scope, role, &columns, set("read", &reads));
            if !writes.is_empty() {
                let one = Catalog::Table { account, database, table };
                chain.grant(&mut scope, role, &one, set("write", &writes));
            }
        }
        for live in shares {
            parts(scope, on, chain, live, role);
        }
    }
}

/// Whether the dataset's tables can be shared by tags. Lakewright does not create tags in another account's catalog,
/// and in hybrid access mode consumers are opted in table by table ("Hybrid access mode considerations and
/// limitations").
pub(crate) fn has_tags(dataset: &Dataset) -> bool {
    dataset.import.as_ref().is_none_or(|import| {
        import.catalog_account.is_none() && import.hybrid_access == HybridAccess::Closed
    })
}

/// The permissions on all tables as one, with the union of all that give them.
fn every_table(shares: &[&LiveShare<'_>]) -> BTreeSet<Permission> {
    let mut permissions = BTreeSet::new();
    for live in shares.iter().filter(|live| live.has_all_tables()) {
        permissions.extend([Permission::Describe, Permission::Select]);
        if live.permits(SharePermission::Modify) {
            permissions.extend([Permission::Delete, Permission::Insert]);
        }
    }
    permissions
}

/// The tables that are shared completely, with the union of all shares' permissions on each.
fn whole_tables(shares: &[&LiveShare<'_>]) -> BTreeMap<String, BTreeSet<Permission>> {
    let mut tables: BTreeMap<String, BTreeSet<Permission>> = BTreeMap::new();
    for live in shares {
        let whole = live.tables().filter(|table| table.columns.is_empty() && table.rows.is_none());
        for table in whole {
            let permissions = tables.entry(table.name.to_string()).or_default();
            // Any permission on a table makes it visible.
            permissions.insert(Permission::Select);
            if live.permits(SharePermission::Write) {
                permissions.insert(Permission::Insert);
            }
            if live.permits(SharePermission::Modify) {
                permissions.extend([Permission::Delete, Permission::Insert]);
            }
        }
    }
    tables
}

/// Shared columns and rows of tables, each through its own data cells filter.
fn parts(
    scope: &mut Scope<'_>,
    on: SharedTables<'_>,
    chain: &mut PermissionChain,
    live: &LiveShare<'_>,
    role: &ImportedRole,
) {
    let SharedTables { names, dataset, .. } = on;
    let environment = &*dataset.environment;
    let database = names.dataset_database(environment, dataset);
    let account = live.catalog_account();
    let limited = live.tables().filter(|table| !table.columns.is_empty() || table.rows.is_some());
    for table in limited {
        let id = &live.share.header.id;
        let filter = names.data_filter(environment, id, table);
        let mut scope = scope.because_all(live.causes());
        let mut scope = scope.named_child("SharedPart", &format!("{id} {}", table.name));
        let part = DataFilter {
            name: filter.clone(),
            account: account.clone(),
            database: database.clone(),
            table: table.name.to_string(),
            columns: table.columns.iter().map(ToString::to_string).collect(),
            rows: table.rows.clone(),
            after: chain.last().to_vec(),
        };
        let cells = part.cells();
        let resource = part.build(&mut scope.child("Filter"));
        chain.wait_for(resource.logical_id());
        let seen = Catalog::Filter {
            account: account.clone(),
            database: database.clone(),
            table: table.name.to_string(),
            filter,
            cells,
        };
        // Lake Formation allows only `SELECT` through a filter.
        chain.grant(&mut scope, role, &seen, set("read", &[Permission::Select]));
    }
}

const fn set<'a>(access: &'static str, permissions: &'a [Permission]) -> PermissionSet<'a> {
    PermissionSet { access, permissions, with_grant_option: false }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::share::live;
    use crate::testing::{DEV, SALES, TENANT, mesh, share};

    /// What shares with these lines give together on whole tables.
    fn given(shares: &[&str]) -> BTreeMap<String, BTreeSet<Permission>> {
        let named = ["a", "b", "c"].into_iter().zip(shares);
        let texts: Vec<String> =
            named.map(|(id, more)| share(id, "dev", "Readers", more)).collect();
        let mut documents = vec![TENANT, DEV, SALES];
        documents.extend(texts.iter().map(String::as_str));
        let mesh = mesh(&documents);
        let all = live(&mesh, None);
        assert_eq!(all.len(), shares.len());
        whole_tables(&all.iter().collect::<Vec<_>>())
    }

    const READ: &str = "items: [{ table: orders }]";
    const WRITE: &str = "permissions: [write]\nitems: [{ table: orders }]";
    const MODIFY: &str = "permissions: [modify]\nitems: [{ table: orders }]";

    // `docs/stacks/share.md`, "What `permissions` mean"; the words are those of "Lake Formation permissions reference".

    #[test]
    fn each_permission_of_a_share_is_one_of_lake_formations() {
        use Permission::{Delete, Insert, Select};
        let orders = |shares: &[&str]| given(shares).remove("orders").expect("the table");
        assert_eq!(orders(&[READ]), BTreeSet::from([Select]));
        assert_eq!(orders(&[WRITE]), BTreeSet::from([Select, Insert]));
        assert_eq!(orders(&[MODIFY]), BTreeSet::from([Select, Insert, Delete]));
    }

    #[test]
    fn a_second_share_of_a_table_adds_its_rights_and_takes_none() {
        assert_eq!(given(&[READ, WRITE]), given(&[WRITE]));
        assert_eq!(given(&[WRITE, READ]), given(&[WRITE]));
        assert_eq!(given(&[READ, WRITE, MODIFY]), given(&[MODIFY]));
    }

    #[test]
    fn a_part_of_a_table_is_not_given_as_the_whole() {
        assert!(given(&["items: [{ table: orders, columns: [id] }]"]).is_empty());
        assert!(given(&["items: [{ table: orders, rows: \"region = 'EU'\" }]"]).is_empty());
        assert!(given(&["items: [{ folder: exports }]"]).is_empty());
        assert!(given(&["items: [{ bucket: true }]"]).is_empty());
    }
}
