//! Masks and conditions on rows of access policies: the tables and their columns must fit them.

use std::collections::{BTreeMap, BTreeSet};

use super::{Context, at};
use crate::Code;
use crate::decode::suggest;
use crate::diagnostic::{Diagnostic, FileId, Origin};
use crate::document::{AccessPolicyDocument, ColumnMaskDocument};
use crate::field::Field;
use crate::mesh::{AccessPolicy, Column, Dataset, Effect, Mask, Masking, RowFilter, Table};
use crate::name::{CatalogName, Id};

/// The privileges that only read data: what a mask or a condition on rows can limit.
const READING: [&str; 5] =
    ["data.list_entities", "data.preview", "data.query", "data.read", "data.read_only"];

impl Context {
    /// The masks of a policy.
    pub(super) fn masking(
        &mut self,
        document: &AccessPolicyDocument,
        privileges: &[String],
        file: FileId,
    ) -> Masking {
        let (mask, masks, rows) = (&document.mask, &document.masks, &document.rows);
        self.limit_goes_with_reading(
            document,
            privileges,
            "a mask",
            at(file, mask),
            !mask.is_absent(),
        );
        self.limit_goes_with_reading(
            document,
            privileges,
            "a mask",
            at(file, masks),
            !masks.is_absent(),
        );
        let limit = "a condition on rows";
        self.limit_goes_with_reading(
            document,
            privileges,
            limit,
            at(file, rows),
            !rows.is_absent(),
        );
        if !mask.is_absent() && !masks.is_absent() {
            let diagnostic =
                Diagnostic::new(Code::FieldConflict, "`mask` and `masks` exclude each other")
                    .at(at(file, masks), "")
                    .and(at(file, mask), "the mask of all columns that the policy selects")
                    .help("remove `mask`, and name each masked column under `masks`");
            self.report.push(diagnostic);
        }
        match (mask.value(), masks.value()) {
            (Some(mask), _) => Masking::Selected(*mask),
            (None, Some(list)) => self.column_masks(file, masks, list),
            (None, None) => Masking::Nothing,
        }
    }

    fn column_masks(
        &mut self,
        file: FileId,
        masks: &Field<Vec<Field<ColumnMaskDocument>>>,
        list: &[Field<ColumnMaskDocument>],
    ) -> Masking {
        if list.is_empty() {
            let diagnostic = Diagnostic::new(Code::InvalidValue, "no column is masked")
                .at(at(file, masks), "an empty list")
                .help("name a column and its mask, or remove `masks`");
            self.report.push(diagnostic);
        }
        let mut found: BTreeMap<CatalogName, Mask> = BTreeMap::new();
        for entry in list {
            let Some(document) = entry.value() else { continue };
            let origin = at(file, entry);
            let column = self.entry(&document.column, "column", origin);
            let mask = self.entry(&document.mask, "mask", origin);
            let (Some(column), Some(mask)) = (column, mask) else { continue };
            if found.insert(column.clone(), *mask).is_some() {
                let message = format!("column `{column}` has two masks");
                let diagnostic = Diagnostic::new(Code::FieldConflict, message)
                    .at(at(file, &document.column), "the second one")
                    .help("remove one of them");
                self.report.push(diagnostic);
            }
        }
        Masking::Columns(found)
    }

    /// A limit is a limit of what the policy gives, and views are only read.
    fn limit_goes_with_reading(
        &mut self,
        document: &AccessPolicyDocument,
        privileges: &[String],
        limit: &str,
        origin: Origin,
        is_there: bool,
    ) {
        if !is_there {
            return;
        }
        let effect = document.effect.value().copied().unwrap_or_default();
        let other = privileges.iter().find(|name| !READING.contains(&name.as_str()));
        let (message, help) = match (other, effect) {
            (Some(other), _) if other.starts_with("data.") => (
                format!("{limit} does not limit `{other}`, which is more than reading"),
                format!("take of {} what the policy means", READING.join(", ")),
            ),
            (Some(_), _) => (
                format!("{limit} goes with data privileges only"),
                "remove it, or the privileges that do not begin with `data.`".to_owned(),
            ),
            (None, Effect::Deny) => (
                format!("{limit} limits what a policy allows, and this one denies"),
                "remove `effect: deny`: the policy then allows reading within the limit".to_owned(),
            ),
            (None, Effect::Allow) => return,
        };
        let diagnostic = Diagnostic::new(Code::FieldConflict, message).at(origin, "").help(help);
        self.report.push(diagnostic);
    }

    /// The condition on the rows of the tables that a policy selects.
    pub(super) fn rows_of_policy(
        &mut self,
        document: &AccessPolicyDocument,
        policy: &AccessPolicy,
        datasets: &BTreeMap<Id, Dataset>,
    ) -> Option<RowFilter> {
        let tables = touched(policy, datasets);
        let tables: Vec<_> = tables.iter().map(|(_, name, table)| (*name, *table)).collect();
        let (text, condition) = self.filter(policy.header.origin.file, &document.rows, &tables)?;
        Some(RowFilter { text, condition: condition? })
    }

    /// Every masked column exists and has a type that can take its mask. Tables with masks have declared columns.
    pub(super) fn masks_fit(
        &mut self,
        document: &AccessPolicyDocument,
        policy: &AccessPolicy,
        datasets: &BTreeMap<Id, Dataset>,
    ) {
        let file = policy.header.origin.file;
        match &policy.masking {
            Masking::Nothing => return,
            Masking::Selected(_) => {}
            Masking::Columns(_) => self.masked_columns_exist(document, policy, datasets),
        }
        self.named_columns_exist(document, file, datasets);
        let touched = touched(policy, datasets);
        self.tables_have_columns(document, &touched, file);
        for (dataset, name, table) in touched {
            for (column, mask) in policy.masks(dataset, name, table) {
                let found = table.all_columns().find(|one| one.name == column);
                let Some(found) = found else { continue };
                self.type_takes(file, document, (dataset, name, found), mask);
            }
        }
    }

    fn type_takes(
        &mut self,
        file: FileId,
        document: &AccessPolicyDocument,
        (dataset, table, column): (&Dataset, &CatalogName, &Column),
        mask: Mask,
    ) {
        let Some(why) = mask.applied().refusal(&column.kind) else { return };
        let entries = document.masks.value().into_iter().flatten();
        let mut of_column = entries
            .filter_map(Field::value)
            .filter(|entry| entry.column.value().is_some_and(|name| *name == column.name));
        let origin = of_column
            .next()
            .map_or_else(|| at(file, &document.mask), |entry| at(file, &entry.mask));
        let message = format!(
            "column `{}` of table `{table}` of dataset `{}` is of type `{}` and cannot take the mask `{}`: {why}",
            column.name,
            dataset.header.id,
            column.kind,
            mask.applied().as_str()
        );
        let diagnostic = Diagnostic::new(Code::MaskType, message)
            .at(origin, "")
            .help("take `nullify` for this column, or leave it out of what the policy selects");
        self.report.push(diagnostic);
    }

    /// Each column under `masks` is in a table that the policy selects.
    fn masked_columns_exist(
        &mut self,
        document: &AccessPolicyDocument,
        policy: &AccessPolicy,
        datasets: &BTreeMap<Id, Dataset>,
    ) {
        let file = policy.header.origin.file;
        let touched = touched(policy, datasets);
        let seen = touched.iter().map(|(dataset, name, table)| policy.seen(dataset, name, table));
        let known: BTreeSet<CatalogName> = seen.flatten().collect();
        for entry in document.masks.value().into_iter().flatten().filter_map(Field::value) {
            let Some(column) = entry.column.value().filter(|column| !known.contains(*column))
            else {
                continue;
            };
            let near = suggest(column.as_str(), known.iter().map(CatalogName::as_str));
            let help = match near {
                Some(near) => format!("did you mean `{near}`?"),
                None if touched.is_empty() => {
                    "select tables: under `resources`, name `ids: [table/DATASET/TABLE]` or `types: [table]`".to_owned()
                }
                None => "name a column that stands under `columns` of the table".to_owned(),
            };
            let message = format!("no table that the policy selects declares a column `{column}`");
            self.mask_column(message, at(file, &entry.column), help);
        }
    }

    /// A view needs to know the columns that it shows.
    fn tables_have_columns(
        &mut self,
        document: &AccessPolicyDocument,
        touched: &[(&Dataset, &CatalogName, &Table)],
        file: FileId,
    ) {
        for (dataset, name, _) in touched.iter().filter(|(_, _, table)| table.columns.is_empty()) {
            let message = format!(
                "table `{name}` of dataset `{}` cannot be shown masked: its columns are not declared",
                dataset.header.id
            );
            let help = "declare its `columns`, or leave the table out of what the policy selects"
                .to_owned();
            let field = if document.mask.is_absent() {
                at(file, &document.masks)
            } else {
                at(file, &document.mask)
            };
            self.mask_column(message, field, help);
        }
    }

    /// Columns that are selected by name exist.
    fn named_columns_exist(
        &mut self,
        document: &AccessPolicyDocument,
        file: FileId,
        datasets: &BTreeMap<Id, Dataset>,
    ) {
        let ids = document.resources.value().and_then(|resources| resources.ids.value());
        for field in ids.into_iter().flatten() {
            let Some(text) = field.value() else { continue };
            let parts: Vec<&str> = text.split('/').collect();
            let &["column", dataset, table, column] = parts.as_slice() else { continue };
            let Some(dataset) = datasets.values().find(|one| one.header.id.as_str() == dataset)
            else {
                continue;
            };
            let found = dataset.tables.iter().find(|(name, _)| name.as_str() == table);
            let columns: Vec<&str> = found
                .iter()
                .flat_map(|(_, one)| one.all_columns())
                .map(|one| one.name.as_str())
                .collect();
            if columns.contains(&column) {
                continue;
            }
            let tables = dataset.tables.keys().map(CatalogName::as_str);
            let near = match found {
                Some(_) => suggest(column, columns.iter().copied())
                    .map(|near| format!("column/{}/{table}/{near}", dataset.header.id)),
                None => suggest(table, tables)
                    .map(|near| format!("column/{}/{near}/{column}", dataset.header.id)),
            };
            let help = near.map_or_else(
                || "name a column that stands under `columns` of the table".to_owned(),
                |near| format!("did you mean `{near}`?"),
            );
            let message = format!("`{text}` is masked and not declared");
            self.mask_column(message, at(file, field), help);
        }
    }

    fn mask_column(&mut self, message: String, origin: Origin, help: String) {
        let diagnostic = Diagnostic::new(Code::MaskColumn, message).at(origin, "").help(help);
        self.report.push(diagnostic);
    }
}

/// The tables that a policy selects, or of which it selects a column.
fn touched<'m>(
    policy: &AccessPolicy,
    datasets: &'m BTreeMap<Id, Dataset>,
) -> Vec<(&'m Dataset, &'m CatalogName, &'m Table)> {
    let tables = datasets
        .values()
        .flat_map(|dataset| dataset.tables.iter().map(move |(name, table)| (dataset, name, table)));
    let is_touched = |(dataset, name, table): &(&Dataset, &CatalogName, &Table)| {
        policy.resources.select_table(dataset, name, table)
            || !policy.seen(dataset, name, table).is_empty()
    };
    tables.filter(is_touched).collect()
}

#[cfg(test)]
mod tests;
