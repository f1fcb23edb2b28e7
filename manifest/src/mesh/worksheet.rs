//! Worksheets in the validated mesh.

use super::{Dataset, Environment, Header, Link, Share};
use crate::diagnostic::Origin;
use crate::name::{CatalogName, TeamName, WorksheetDatabase};

/// A named query.
#[derive(Debug, Clone, Hash)]
pub struct Worksheet {
    /// The fields that every document has.
    pub header: Header,
    /// The environment.
    pub environment: Link<Environment>,
    /// The team.
    pub team: TeamName,
    /// The query.
    pub query: String,
    /// The database; `None` for `default`.
    pub database: Option<Database>,
    /// The position of `database`; that of the worksheet if it has none.
    pub database_at: Origin,
}

/// The database of a worksheet.
#[derive(Debug, Clone, Hash)]
pub enum Database {
    /// The dataset's database, whatever its name.
    Dataset(Link<Dataset>),
    /// The database in the consumer's catalog that links to the tables of a share.
    Share(Link<Share>),
    /// A name in the catalog.
    Named(CatalogName),
}

impl From<WorksheetDatabase> for Database {
    fn from(written: WorksheetDatabase) -> Self {
        match written {
            WorksheetDatabase::Dataset(id) => Self::Dataset(Link::unlinked(id)),
            WorksheetDatabase::Share(id) => Self::Share(Link::unlinked(id)),
            WorksheetDatabase::Named(name) => Self::Named(name),
        }
    }
}
