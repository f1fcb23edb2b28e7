//! The database of a worksheet, as users write it.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, Error as _};

use super::{CatalogName, Id, NameError};

/// The database of a worksheet: that of a dataset or a share of the mesh, or a name in the catalog.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum WorksheetDatabase {
    /// `dataset/ID`: the dataset's database, whatever its name.
    Dataset(Id),
    /// `share/ID`: the database in the consumer's catalog that links to the tables of a share.
    Share(Id),
    /// A name in the catalog.
    Named(CatalogName),
}

impl WorksheetDatabase {
    /// Parses the text. The error says what was expected.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let parsed = match text.split_once('/') {
            Some(("dataset", id)) => Id::parse(id).map(Self::Dataset),
            Some(("share", id)) => Id::parse(id).map(Self::Share),
            Some(_) | None => CatalogName::parse(text).map(Self::Named),
        };
        parsed.map_err(|_| {
            NameError::new(
                text,
                "a worksheet's database: expected `dataset/ID`, `share/ID` or a name in the catalog of 1 to 255 lower-case letters, digits, `_` and `-`",
                None,
            )
        })
    }
}

impl std::str::FromStr for WorksheetDatabase {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        Self::parse(text)
    }
}

impl<'de> Deserialize<'de> for WorksheetDatabase {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(D::Error::custom)
    }
}

impl JsonSchema for WorksheetDatabase {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "WorksheetDatabase".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": "^([a-z0-9_-]{1,255}|(dataset|share)/[a-z][a-z0-9-]{0,39})$",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_is_a_reference_or_a_name() {
        let id = |text| Id::parse(text).expect("an id");
        assert_eq!(
            WorksheetDatabase::parse("dataset/sales"),
            Ok(WorksheetDatabase::Dataset(id("sales")))
        );
        assert_eq!(
            WorksheetDatabase::parse("share/eu-sales"),
            Ok(WorksheetDatabase::Share(id("eu-sales")))
        );
        let name = CatalogName::parse("default").expect("a name");
        assert_eq!(WorksheetDatabase::parse("default"), Ok(WorksheetDatabase::Named(name)));
        for wrong in ["dataset/", "dataset/Sales", "table/sales", "dataset/a/b", "", "Sales"] {
            assert!(WorksheetDatabase::parse(wrong).is_err(), "{wrong}");
        }
    }
}
