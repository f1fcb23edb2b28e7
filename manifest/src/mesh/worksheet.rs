//! Worksheets as the mesh has them.

use super::Header;
use crate::diagnostic::Origin;
use crate::name::{Id, TeamName, WorksheetDatabase};

/// A named query.
#[derive(Debug, Clone, PartialEq)]
pub struct Worksheet {
    /// What every document has.
    pub header: Header,
    /// The environment.
    pub environment: Id,
    /// The team.
    pub team: TeamName,
    /// The query.
    pub query: String,
    /// The database; `None` for `default`.
    pub database: Option<WorksheetDatabase>,
    /// Where that stands: the worksheet, when it says none.
    pub database_at: Origin,
}
