//! Descriptions, keywords and glossary terms of tables, columns and folders, within Glue's limits.
//!
//! Limits and patterns: "Column" in the Glue web API reference, and "Table API" in the Glue developer guide. There are
//! no limits for folders and for tables that a crawler finds, because their texts are not stored in AWS.

use std::collections::BTreeMap;

use super::{Context, at};
use crate::Code;
use crate::diagnostic::{Diagnostic, FileId, Origin};
use crate::field::Field;
use crate::mesh::{About, Folder, Table, Tenant, TenantPermission};
use crate::name::{CatalogName, Id, TeamName};

/// Bytes of a table's description.
const DESCRIPTION: usize = 2_048;
/// Bytes of a column's comment.
const COMMENT: usize = 255;
/// Bytes of a table's parameter.
const PARAMETER: usize = 512_000;

/// The fields of a document that describe a table, a column or a folder.
#[derive(Clone, Copy)]
pub(super) struct Said<'d> {
    pub(super) description: &'d Field<String>,
    pub(super) keywords: &'d Field<Vec<Field<String>>>,
    pub(super) glossary: &'d Field<Vec<Field<String>>>,
}

impl Context {
    pub(super) fn about(&mut self, file: FileId, said: Said<'_>) -> About {
        About {
            description: self.text(file, said.description, "description").unwrap_or_default(),
            keywords: self.texts(file, said.keywords, "keyword"),
            glossary: self.texts(file, said.glossary, "term"),
        }
    }

    /// The texts of a table that the stack creates: its description, and a parameter for each list.
    pub(super) fn about_table(&mut self, file: FileId, said: Said<'_>) -> About {
        let about = self.about(file, said);
        let origin = at(file, said.description);
        self.fits("a table's description", about.description.len(), DESCRIPTION, origin);
        let origin = at(file, said.keywords);
        self.fits("the keywords of a table", about.keywords.join(", ").len(), PARAMETER, origin);
        let origin = at(file, said.glossary);
        let bytes = about.glossary.join(", ").len();
        self.fits("the glossary terms of a table", bytes, PARAMETER, origin);
        about
    }

    /// The texts of a column of a table that the stack creates: its description is Glue's comment, a single line.
    pub(super) fn about_column(&mut self, file: FileId, said: Said<'_>) -> About {
        let about = self.about(file, said);
        let origin = at(file, said.description);
        self.fits("a column's description", about.description.len(), COMMENT, origin);
        if about.description.contains(['\n', '\r']) {
            let message = "a column's description is one line, and this one has a line break";
            let diagnostic = Diagnostic::new(Code::InvalidValue, message)
                .at(origin, "")
                .help("Glue takes it as the column's comment; write it in one line, or after `>-`");
            self.report.push(diagnostic);
        }
        about
    }

    fn fits(&mut self, what: &str, bytes: usize, most: usize, origin: Origin) {
        if bytes > most {
            let message = format!("{what} has {bytes} bytes, and Glue takes {most} at the most");
            let diagnostic = Diagnostic::new(Code::LimitExceeded, message)
                .at(origin, "")
                .help("shorten it; letters beyond those of English take two bytes and more");
            self.report.push(diagnostic);
        }
    }

    /// Teams that may not manage glossaries cannot assign glossary terms to parts of a dataset.
    pub(super) fn terms_of_parts_are_allowed(
        &mut self,
        tables: &BTreeMap<CatalogName, Table>,
        folders: &BTreeMap<Id, Folder>,
        team: &TeamName,
        tenant: Option<&Tenant>,
    ) {
        let has_terms = |about: &About| !about.glossary.is_empty();
        let of_tables = tables.iter().filter(|(_, table)| {
            has_terms(&table.about) || table.all_columns().any(|column| has_terms(&column.about))
        });
        let of_tables = of_tables.map(|(name, table)| (format!("table `{name}`"), table.origin));
        let of_folders = folders.iter().filter(|(_, folder)| has_terms(&folder.about));
        let of_folders = of_folders.map(|(id, folder)| (format!("folder `{id}`"), folder.origin));
        for (part, origin) in of_tables.chain(of_folders) {
            let what = format!("the glossary terms of {part}");
            let needed = TenantPermission::ManageGlossaries;
            self.tenant_allows(tenant, team, needed, (&what, origin));
        }
    }
}
