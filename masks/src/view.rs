//! A view of one table: its columns, some of them masked, and the rows that it shows.

use crate::rows::Condition;
use crate::{Dialect, Mask, sql};

/// The name of the table within the view's own text. Each column is written with it, so none is taken for a masked one.
const TABLE: &str = "base";

/// A view of one table.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct View<'a> {
    /// The database of the table.
    pub database: &'a str,
    /// The table.
    pub table: &'a str,
    /// Its columns in order, partition keys last; at least one.
    pub columns: Vec<Shown<'a>>,
    /// The rows; `None` for all.
    pub rows: Option<&'a Condition>,
}

/// A column as a view shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Shown<'a> {
    /// The column's name.
    pub name: &'a str,
    /// Its type in the table, as Hive writes it.
    pub kind: &'a str,
    /// How its values are shown; `None` for as they are.
    pub mask: Option<Mask>,
}

/// A column of the view itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ViewColumn {
    /// Its name, that of the table's column.
    pub name: String,
    /// Its type, as Hive writes it: `string` for every masked column.
    pub kind: String,
}

impl View<'_> {
    /// The query of the view. The types must be able to take their masks ([`Mask::refusal`]).
    pub fn sql(&self, dialect: Dialect) -> String {
        let columns: Vec<String> =
            self.columns.iter().map(|column| column.selected(dialect)).collect();
        let (database, table) = (dialect.identifier(self.database), dialect.identifier(self.table));
        let mut text = format!("SELECT {} FROM {database}.{table} AS {TABLE}", columns.join(", "));
        if let Some(rows) = self.rows {
            text.push_str(" WHERE ");
            text.push_str(&sql::condition(dialect, TABLE, rows));
        }
        text
    }

    /// The columns of the view, in the order of the query.
    pub fn declared(&self) -> Vec<ViewColumn> {
        let declared = |column: &Shown<'_>| ViewColumn {
            name: column.name.to_owned(),
            kind: match column.mask {
                Some(_) => "string".to_owned(),
                None => column.kind.to_owned(),
            },
        };
        self.columns.iter().map(declared).collect()
    }
}

impl Shown<'_> {
    fn selected(&self, dialect: Dialect) -> String {
        let name = dialect.identifier(self.name);
        let column = format!("{TABLE}.{name}");
        match self.mask {
            None => format!("{column} AS {name}"),
            Some(mask) => format!("{} AS {name}", mask.expression(dialect, &column, self.kind)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_names_its_columns_and_quotes_all_names() {
        let rows = Condition::parse("country = 'PL'").expect("a condition");
        let view = View {
            database: "prod_sales-1",
            table: "bookings",
            columns: vec![
                Shown { name: "id", kind: "bigint", mask: Some(Mask::Hash) },
                Shown { name: "select", kind: "double", mask: None },
                Shown { name: "paid", kind: "boolean", mask: Some(Mask::Nullify) },
            ],
            rows: Some(&rows),
        };
        assert_eq!(
            view.sql(Dialect::Athena),
            "SELECT lower(to_hex(sha256(to_utf8(CAST(base.\"id\" AS varchar))))) AS \"id\", base.\"select\" AS \"select\", \
             CAST(NULL AS varchar) AS \"paid\" FROM \"prod_sales-1\".\"bookings\" AS base WHERE (base.\"country\" = 'PL')"
        );
        assert_eq!(
            view.sql(Dialect::Spark),
            "SELECT sha2(CAST(base.`id` AS string), 256) AS `id`, base.`select` AS `select`, CAST(NULL AS string) AS `paid` \
             FROM `prod_sales-1`.`bookings` AS base WHERE (base.`country` = 'PL')"
        );
        let kinds: Vec<String> = view.declared().into_iter().map(|column| column.kind).collect();
        assert_eq!(kinds, ["string", "double", "string"], "a masked column is a text");
    }
}
