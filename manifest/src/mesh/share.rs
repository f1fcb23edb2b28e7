//! Shares in the validated mesh.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    ConsumptionRole, Dataset, Environment, Header, ItemStatus, Link, SharePermission, ShareStatus,
};
use crate::diagnostic::Origin;
use crate::name::{CatalogName, Date, Id, TeamName};

/// Access to another team's dataset.
#[derive(Debug, Clone, Hash)]
pub struct Share {
    /// The fields that every document has.
    pub header: Header,
    /// The dataset.
    pub dataset: Link<Dataset>,
    /// The consumer's environment.
    pub environment: Link<Environment>,
    /// The consumer's team.
    pub team: TeamName,
    /// The consumption role.
    pub consumption_role: Option<Link<ConsumptionRole>>,
    /// The reason for the request.
    pub purpose: String,
    /// The items that grant access when the share does.
    pub items: Vec<ShareItem>,
    /// Every item with its own status.
    pub states: BTreeMap<ShareItem, ItemStatus>,
    /// The position of every item.
    pub items_at: BTreeMap<ShareItem, Origin>,
    /// The permissions on the items.
    pub permissions: BTreeSet<SharePermission>,
    /// The status in its life cycle.
    pub status: ShareStatus,
    /// The team that approved it.
    pub approved_by: Option<TeamName>,
    /// The last day of access.
    pub expires: Option<Date>,
    /// The position of `expires`; that of the share if it has no last day.
    pub expires_at: Origin,
}

impl Share {
    /// Whether the share grants access: it is approved, has an approved item, and has not expired on `as_of`.
    /// Without `as_of` no share has expired, because synthesis uses no clock.
    pub fn is_live(&self, as_of: Option<&Date>) -> bool {
        let is_over = match (&self.expires, as_of) {
            (Some(last), Some(day)) => day > last,
            (_, None) | (None, Some(_)) => false,
        };
        self.status == ShareStatus::Approved && !self.items.is_empty() && !is_over
    }
}

/// One item that is shared.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ShareItem {
    /// A table.
    Table(SharedTable),
    /// A folder.
    Folder(Id),
    /// The whole bucket.
    Bucket,
}

/// A shared table, or a shared part of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SharedTable {
    /// The table.
    pub name: CatalogName,
    /// The columns; empty for all columns.
    pub columns: Vec<CatalogName>,
    /// A PartiQL condition for rows; `None` for all rows.
    pub rows: Option<String>,
}
