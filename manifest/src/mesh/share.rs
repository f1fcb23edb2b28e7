//! Shares as the mesh has them.

use std::collections::{BTreeMap, BTreeSet};

use super::{Header, ItemStatus, SharePermission, ShareStatus};
use crate::diagnostic::Origin;
use crate::name::{CatalogName, Date, Id, TeamName};

/// Access to another team's dataset.
#[derive(Debug, Clone, PartialEq)]
pub struct Share {
    /// What every document has.
    pub header: Header,
    /// The dataset.
    pub dataset: Id,
    /// The consumer's environment.
    pub environment: Id,
    /// The consumer's team.
    pub team: TeamName,
    /// The consumption role.
    pub consumption_role: Option<Id>,
    /// Why it is asked for.
    pub purpose: String,
    /// What is shared: the items that give access when the share does.
    pub items: Vec<ShareItem>,
    /// Every item with its own state.
    pub states: BTreeMap<ShareItem, ItemStatus>,
    /// Where every item stands.
    pub items_at: BTreeMap<ShareItem, Origin>,
    /// What may be done.
    pub permissions: BTreeSet<SharePermission>,
    /// Where it is in its life cycle.
    pub status: ShareStatus,
    /// The team that approved it.
    pub approved_by: Option<TeamName>,
    /// The last day on which it gives access.
    pub expires: Option<Date>,
    /// Where that stands: the share, when it has no last day.
    pub expires_at: Origin,
}

impl Share {
    /// Whether the share gives access: it is approved, has an item that is, and is not over on a day. Without
    /// a day no share is over, as synthesis knows no clock.
    pub fn is_live(&self, as_of: Option<&Date>) -> bool {
        let is_over = match (&self.expires, as_of) {
            (Some(last), Some(day)) => day > last,
            (_, None) | (None, Some(_)) => false,
        };
        self.status == ShareStatus::Approved && !self.items.is_empty() && !is_over
    }
}

/// One thing that is shared.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum ShareItem {
    /// A table.
    Table(SharedTable),
    /// A folder.
    Folder(Id),
    /// The whole bucket.
    Bucket,
}

/// A table that is shared, or a part of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SharedTable {
    /// The table.
    pub name: CatalogName,
    /// The columns; empty for all of them.
    pub columns: Vec<CatalogName>,
    /// Which rows, as a condition of PartiQL; `None` for all of them.
    pub rows: Option<String>,
}
