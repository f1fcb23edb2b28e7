//! Shares and their items.

use super::{ConsumptionRole, Dataset, Environment, IdOf, builder};
use crate::document::{ItemStatus, ShareDocument, ShareItemDocument, SharePermission, ShareStatus};
use crate::field::Field;
use crate::name::{CatalogName, Date, Id, TeamName};

builder! {
    /// Access of a team, or of a consumption role, to another team's dataset. Without a decision it is a draft.
    Share of ShareDocument
}

/// Where a share is in its life cycle.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Decision {
    /// It is not submitted yet.
    Draft,
    /// It waits for approval.
    Submitted,
    /// A team has approved it: it grants access.
    ApprovedBy(TeamName),
    /// The dataset needs no approval: it grants access.
    ApprovedAutomatically,
    /// It was rejected.
    Rejected,
    /// It was revoked: it no longer grants access.
    Revoked,
}

/// What is shared.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Item {
    /// A table, or a part of one.
    Table(SharedTable),
    /// A folder of the dataset.
    Folder(Id),
    /// The whole bucket.
    Bucket,
}

/// A table that is shared, or a part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SharedTable {
    name: CatalogName,
    columns: Vec<CatalogName>,
    rows: Option<String>,
}

impl SharedTable {
    /// The whole table.
    pub fn new(name: CatalogName) -> Self {
        Self { name, columns: Vec::new(), rows: None }
    }

    /// Adds a column that is shared. Without one, all columns are.
    #[must_use]
    pub fn column(mut self, name: CatalogName) -> Self {
        self.columns.push(name);
        self
    }

    /// Sets the rows that are shared, as a PartiQL condition. Without one, all rows are.
    #[must_use]
    pub fn rows(mut self, condition: impl Into<String>) -> Self {
        self.rows = Some(condition.into());
        self
    }
}

impl From<SharedTable> for Item {
    fn from(table: SharedTable) -> Self {
        Self::Table(table)
    }
}

impl Item {
    fn into_document(self) -> ShareItemDocument {
        let mut document = ShareItemDocument::default();
        match self {
            Self::Table(SharedTable { name, columns, rows }) => {
                document.table = Field::of(name);
                for column in columns {
                    document.columns.push(column);
                }
                if let Some(condition) = rows {
                    document.rows = Field::of(condition);
                }
            }
            Self::Folder(id) => document.folder = Field::of(id),
            Self::Bucket => document.bucket = Field::of(true),
        }
        document
    }
}

impl Share {
    /// With the dataset, and the environment and the team that consume it.
    pub fn new(
        id: Id,
        dataset: &impl IdOf<Dataset>,
        environment: &impl IdOf<Environment>,
        team: TeamName,
    ) -> Self {
        let document = ShareDocument {
            id: Field::of(id.clone()),
            dataset: Field::of(dataset.id_of().clone()),
            environment: Field::of(environment.id_of().clone()),
            team: Field::of(team),
            ..ShareDocument::default()
        };
        Self { id, document, wrong: Vec::new() }
    }

    /// Sets the consumption role, if the share is not for the team's own role.
    #[must_use]
    pub fn consumption_role(mut self, role: &impl IdOf<ConsumptionRole>) -> Self {
        self.document.consumption_role = Field::of(role.id_of().clone());
        self
    }

    /// Sets the reason for the request.
    #[must_use]
    pub fn purpose(mut self, text: impl Into<String>) -> Self {
        self.document.purpose = Field::of(text.into());
        self
    }

    /// Adds an item. It has the status of the share.
    #[must_use]
    pub fn item(mut self, item: impl Into<Item>) -> Self {
        let item: Item = item.into();
        self.document.items.push(item.into_document());
        self
    }

    /// Adds an item of an approved share with a status of its own.
    #[must_use]
    pub fn item_with(mut self, item: impl Into<Item>, status: ItemStatus) -> Self {
        let item: Item = item.into();
        let status = Field::of(status);
        self.document.items.push(ShareItemDocument { status, ..item.into_document() });
        self
    }

    /// Adds a permission on the items. Default: only [`SharePermission::Read`].
    #[must_use]
    pub fn permission(mut self, permission: SharePermission) -> Self {
        self.document.permissions.push(permission);
        self
    }

    /// Sets where the share is in its life cycle.
    #[must_use]
    pub fn decision(mut self, decision: Decision) -> Self {
        let (status, team) = match decision {
            Decision::Draft => (ShareStatus::Draft, None),
            Decision::Submitted => (ShareStatus::Submitted, None),
            Decision::ApprovedBy(team) => (ShareStatus::Approved, Some(team)),
            Decision::ApprovedAutomatically => (ShareStatus::Approved, None),
            Decision::Rejected => (ShareStatus::Rejected, None),
            Decision::Revoked => (ShareStatus::Revoked, None),
        };
        self.document.status = Field::of(status);
        self.document.approved_by = team.map(Field::of).unwrap_or_default();
        self
    }

    /// Sets the last day of access. Default: the share does not expire.
    #[must_use]
    pub fn expires(mut self, last_day: Date) -> Self {
        self.document.expires = Field::of(last_day);
        self
    }
}
