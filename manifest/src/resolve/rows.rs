//! The condition on the rows of a shared table: Lake Formation must be able to parse it, and the
//! table's columns must fit it.

use lakewright_masks::rows::{Comparison, Condition, ConstantKind};

use super::{Context, at, column_type};
use crate::Code;
use crate::decode::suggest;
use crate::diagnostic::{Diagnostic, FileId, Origin};
use crate::field::Field;
use crate::mesh::{Column, Table};
use crate::name::CatalogName;

impl Context {
    /// The condition on rows. Reports an error if Lake Formation cannot parse it or the table lacks one of its columns.
    pub(super) fn rows(
        &mut self,
        file: FileId,
        name: &CatalogName,
        rows: &Field<String>,
        table: Option<&Table>,
    ) -> Option<String> {
        let tables = table.map(|table| (name, table));
        let read = self.filter(file, rows, &tables.into_iter().collect::<Vec<_>>())?;
        Some(read.0)
    }

    /// A condition on the rows of several tables, as it is written and as it was read. Reports an error if Lake Formation
    /// cannot read it, or for each table that lacks one of its columns.
    pub(super) fn filter(
        &mut self,
        file: FileId,
        rows: &Field<String>,
        tables: &[(&CatalogName, &Table)],
    ) -> Option<(String, Option<Condition>)> {
        let text = self.text(file, rows, "rows")?.trim().to_owned();
        let origin = at(file, rows);
        // Lake Formation's limit for the expression of a row filter.
        if !(1..=2_048).contains(&text.len()) {
            let diagnostic =
                Diagnostic::new(Code::ShareItem, "a condition for rows has 1 to 2,048 bytes")
                    .at(origin, "")
                    .help("write a condition such as `region = 'EU'`");
            self.report.push(diagnostic);
            return Some((text, None));
        }
        let condition = match Condition::parse(&text) {
            Ok(condition) => condition,
            Err(wrong) => {
                let message = format!("Lake Formation cannot read this condition on rows: {wrong}");
                let help = "compare columns with constants, such as `region = 'EU' AND amount > 0`; for all rows leave `rows` out";
                self.wrong_rows(message, origin, help);
                return Some((text, None));
            }
        };
        // The columns that a crawler finds are unknown.
        for (name, table) in tables.iter().filter(|(_, table)| table.all_columns().next().is_some())
        {
            for comparison in condition.comparisons() {
                self.row_comparison(name, table, comparison, origin);
            }
        }
        Some((text, Some(condition)))
    }

    fn wrong_rows(&mut self, message: String, origin: Origin, help: impl Into<String>) {
        let diagnostic = Diagnostic::new(Code::RowFilter, message).at(origin, "").help(help.into());
        // The same column may be compared several times; the error is reported once.
        if !self.report.iter().any(|other| *other == diagnostic) {
            self.report.push(diagnostic);
        }
    }

    /// Whether a column can be compared in this way. Source: "PartiQL support in row filter expressions" in the Lake Formation
    /// developer guide.
    fn row_comparison(
        &mut self,
        name: &CatalogName,
        table: &Table,
        comparison: &Comparison,
        origin: Origin,
    ) {
        let (path, constants) = (&comparison.path, comparison.constants());
        let Some((first, fields)) = path.split_first() else { return };
        let is_it = |column: &&Column| column.name.as_str() == first;
        let Some(column) = table.all_columns().find(is_it) else {
            let known = table.all_columns().map(|column| column.name.as_str());
            let help = suggest(first, known).map_or_else(
                || "name a column that stands under the table's `columns`".to_owned(),
                |near| format!("did you mean `{near}`?"),
            );
            let message =
                format!("table `{name}` has no column `{first}`, by which its rows are told");
            return self.wrong_rows(message, origin, help);
        };
        let mut kind = column.kind.as_str();
        for field in fields {
            let Some(inner) = column_type::field(kind, field) else {
                let message = format!(
                    "column `{first}` of table `{name}` has no field `{}`",
                    fields.join(".")
                );
                let help = format!("its type is `{}`", column.kind);
                return self.wrong_rows(message, origin, help);
            };
            kind = inner;
        }
        // A struct can be tested for `NULL`.
        if constants.is_empty() && kind.to_ascii_lowercase().starts_with("struct") {
            return;
        }
        let Some(takes) = ConstantKind::of_type(kind) else {
            let message = format!(
                "rows of table `{name}` cannot be told by column `{}` of type `{kind}`",
                path.join(".")
            );
            let help = "Lake Formation's conditions on rows take texts, numbers and booleans, also as fields of a `struct`; leave \
                 the column out";
            return self.wrong_rows(message, origin, help);
        };
        if comparison.is_null() && table.partitions.iter().any(|key| is_it(&key)) {
            let message = format!(
                "`{first}` is a partition key, and Lake Formation does not compare these with NULL"
            );
            self.wrong_rows(message, origin, "leave the comparison out: a partition has a value");
        }
        if let Some(other) = constants.iter().find(|constant| **constant != takes) {
            let message = format!(
                "column `{}` of table `{name}` is of type `{kind}` and is compared with {}",
                path.join("."),
                other.shown()
            );
            self.wrong_rows(message, origin, format!("compare it with {}", takes.shown()));
        }
    }
}
