//! Access to data that follows from access policies and from dataset-level access.

use std::collections::{BTreeMap, BTreeSet};

use lakewright_masks::rows::Condition;

use super::{Mask, Share, ShareItem, SharePermission};
use crate::diagnostic::Origin;
use crate::name::{CatalogName, Id, TeamName};

/// What access policies and dataset-level access change in the access to data.
#[derive(Debug, Clone, Default, Hash)]
pub struct DataAccess {
    /// What they give, by an id that no share has.
    pub grants: BTreeMap<Id, DataGrant>,
    /// What denials leave of shares. A share that no denial is about has no entry.
    pub shares: BTreeMap<Id, Given>,
    /// The access of owners and stewards, by dataset and team, where it is not the usual one.
    pub standings: BTreeMap<Id, BTreeMap<TeamName, Standing>>,
    /// The teams that have access to an open set of datasets, with the documents that say so.
    pub open: BTreeMap<TeamName, Open>,
}

impl DataAccess {
    /// The access of a team to a dataset, as its owner or as one of its stewards, where it is not the usual one.
    pub fn standing(&self, dataset: &Id, team: &TeamName) -> Option<&Standing> {
        self.standings.get(dataset)?.get(team)
    }
}

/// What a team's role in one environment receives of one dataset.
///
/// It has the form of an approved share, so that everything that is done for a share is done for it. Limits to columns
/// and rows are those of its tables.
#[derive(Debug, Clone, Hash)]
pub struct DataGrant {
    /// The access in the form of an approved share.
    pub share: Share,
    /// Whether it is about all tables, also those that a crawler will find.
    pub all_tables: bool,
    /// The tables of which the role reads a view only, because policies mask columns. None of them is an item of the share.
    pub views: BTreeMap<CatalogName, TableView>,
    /// Whether it is one of an open set: the same documents give access to datasets that are added later. The policies
    /// of the team's role then do not name the dataset.
    pub is_open: bool,
    /// The documents that give it, at least one.
    pub origins: BTreeSet<Origin>,
}

/// A table as policies let a team see it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TableView {
    /// The columns that the team sees, with their masks. At least one is masked.
    pub columns: BTreeMap<CatalogName, Option<Mask>>,
    /// The rows that the team sees; `None` for all.
    pub rows: Option<Condition>,
    /// The documents that give or mask something of it.
    pub origins: BTreeSet<Origin>,
}

/// What a denial leaves of a share.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Given {
    /// The items.
    pub items: Vec<ShareItem>,
    /// The permissions on them.
    pub permissions: BTreeSet<SharePermission>,
    /// The policies that take the rest.
    pub origins: BTreeSet<Origin>,
}

/// The access of an owner or of stewards to a dataset, in its environment.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Standing {
    /// The access to objects.
    pub objects: Level,
    /// The access to tables.
    pub tables: Level,
    /// The documents that make it another than the usual one.
    pub origins: BTreeSet<Origin>,
}

/// How much access. Each level includes those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// None.
    None,
    /// Reading.
    Read,
    /// Reading, writing and deleting.
    Write,
    /// That of the owner, who also creates, changes and drops tables.
    Own,
}

/// The access of a team to an open set of datasets.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Open {
    /// How much access, at the most.
    pub level: Level,
    /// The documents that give it.
    pub origins: BTreeSet<Origin>,
}
