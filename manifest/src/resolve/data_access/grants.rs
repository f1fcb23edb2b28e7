//! The grants that follow from access policies and dataset-level access, in the form of approved shares.

use std::collections::{BTreeMap, BTreeSet};

use lakewright_template::digest::hex_prefix;

use super::wanted::{Access, Wanted};
use crate::mesh::{
    DataGrant, Dataset, Environment, Header, HybridAccess, ItemStatus, Level, Link, Location,
    Share, ShareItem, SharePermission, ShareStatus, SharedTable, Standing, TableView,
};
use crate::name::{CatalogName, Id, TeamName};

/// What one role receives of one dataset, apart from its standing access.
pub(super) fn grants(
    dataset: &Link<Dataset>,
    environment: &Link<Environment>,
    team: &TeamName,
    wanted: &Wanted,
    standing: Option<&Standing>,
) -> Vec<DataGrant> {
    let levels = [(Level::Write, "write"), (Level::Read, "read")];
    let each = levels.into_iter().filter_map(|(level, word)| {
        let items = Items::of(dataset, wanted, standing, level);
        items.grant(dataset, environment, team, wanted, (level, word))
    });
    each.collect()
}

/// The items at one level.
struct Items {
    all: Vec<ShareItem>,
    all_tables: bool,
    /// The least access that open rules give to one of the items.
    open: Level,
}

impl Items {
    fn of(dataset: &Dataset, wanted: &Wanted, standing: Option<&Standing>, level: Level) -> Self {
        let (objects, tables) =
            standing.map_or((Level::None, Level::None), |one| (one.objects, one.tables));
        let is_here = |access: &Access, has: Level| access.level == level && access.level > has;
        let mut all = Self { all: Vec::new(), all_tables: false, open: Level::Own };
        if is_here(&wanted.objects, objects) {
            all.add(ShareItem::Bucket, wanted.objects.open);
        }
        let covered = wanted.objects.level.max(objects);
        for (folder, access) in &wanted.folders {
            if is_here(access, covered) {
                // The policy of an access point is one for each grant, so none of them is open.
                all.add(ShareItem::Folder(folder.clone()), Level::None);
            }
        }
        all.all_tables = is_here(&wanted.every_table, tables) && takes_all_tables(dataset);
        if all.all_tables {
            all.open = all.open.min(wanted.every_table.open);
        }
        let covered =
            if takes_all_tables(dataset) { wanted.every_table.level.max(tables) } else { tables };
        for (name, access) in &wanted.tables {
            if is_here(access, covered) {
                let table = SharedTable { name: name.clone(), columns: Vec::new(), rows: None };
                all.add(ShareItem::Table(table), access.open);
            }
        }
        let takes_parts = level == Level::Read && tables == Level::None;
        for (name, (columns, open)) in wanted.columns.iter().filter(|_| takes_parts) {
            let columns = columns.iter().cloned().collect();
            let table = SharedTable { name: name.clone(), columns, rows: None };
            all.add(ShareItem::Table(table), *open);
        }
        for table in wanted.rows.values().filter(|_| takes_parts) {
            all.add(ShareItem::Table(table.clone()), Level::None);
        }
        all
    }

    fn add(&mut self, item: ShareItem, open: Level) {
        self.all.push(item);
        self.open = self.open.min(open);
    }

    fn grant(
        self,
        dataset: &Link<Dataset>,
        environment: &Link<Environment>,
        team: &TeamName,
        wanted: &Wanted,
        (level, word): (Level, &str),
    ) -> Option<DataGrant> {
        let first = wanted.origins.first().copied()?;
        let views: BTreeMap<CatalogName, TableView> = match level {
            Level::Read => {
                wanted.views.iter().map(|(name, one)| (name.clone(), one.view.clone())).collect()
            }
            Level::None | Level::Write | Level::Own => BTreeMap::new(),
        };
        if self.all.is_empty() && !self.all_tables && views.is_empty() {
            return None;
        }
        let id = grant_id(dataset.header.id.as_str(), environment.id().as_str(), team, word);
        let states = self.all.iter().map(|item| (item.clone(), ItemStatus::Approved));
        let permissions = match level {
            Level::Write | Level::Own => BTreeSet::from([
                SharePermission::Read,
                SharePermission::Write,
                SharePermission::Modify,
            ]),
            Level::Read | Level::None => BTreeSet::from([SharePermission::Read]),
        };
        let share = Share {
            header: Header {
                label: format!("{team} in {environment}: {}", dataset.header.label),
                id,
                description: String::new(),
                tags: BTreeMap::new(),
                topics: Vec::new(),
                keywords: Vec::new(),
                glossary: Vec::new(),
                origin: first,
            },
            dataset: dataset.clone(),
            environment: environment.clone(),
            team: team.clone(),
            consumption_role: None,
            purpose: String::new(),
            states: states.collect(),
            items: self.all,
            items_at: BTreeMap::new(),
            permissions,
            status: ShareStatus::Approved,
            approved_by: None,
            expires: None,
            expires_at: first,
        };
        Some(DataGrant {
            share,
            all_tables: self.all_tables,
            is_open: self.open >= level && dataset.import.is_none() && views.is_empty(),
            views,
            origins: wanted.origins.clone(),
        })
    }
}

/// Whether one permission of Lake Formation can be about all tables of a dataset. In hybrid access mode consumers are
/// opted in table by table.
fn takes_all_tables(dataset: &Dataset) -> bool {
    dataset.import.as_ref().is_none_or(|import| {
        import.location == Location::Nowhere || import.hybrid_access == HybridAccess::Closed
    })
}

/// An id that depends on nothing but what the grant connects, so that no other grant changes it.
fn grant_id(dataset: &str, environment: &str, team: &TeamName, word: &str) -> Id {
    let whole = format!("{dataset}/{environment}/{team}/{word}");
    let hash = hex_prefix(whole.as_bytes(), 12);
    let short: String = dataset.chars().take(18).collect();
    let short = short.trim_end_matches('-');
    Id::parse(&format!("{short}-{word}-{hash}")).expect("an id that is cut, a word and digits")
}
