//! Worksheets in the validated mesh.

use super::Header;
use crate::diagnostic::Origin;
use crate::name::{Id, TeamName, WorksheetDatabase};

/// A named query.
#[derive(Debug, Clone, PartialEq)]
pub struct Worksheet {
    /// The fields that every document has.
    pub header: Header,
    /// The environment.
    pub environment: Id,
    /// The team.
    pub team: TeamName,
    /// The query.
    pub query: String,
    /// The database; `None` for `default`.
    pub database: Option<WorksheetDatabase>,
    /// The position of `database`; that of the worksheet if it has none.
    pub database_at: Origin,
}
