//! Lake Formation tags that distinguish tables.
//!
//! A permission on a table by name covers one table. A permission by tag covers all tables with any
//! of the named values, so it replaces many.

use std::collections::BTreeMap;

use lakewright_template::{AccountId, Expr, Text};

use crate::cfn::lakeformation::{
    PrincipalPermissionsLFTag, PrincipalPermissionsLFTagPolicyResource, Tag, TagAssociation,
    TagAssociationLFTagPair, TagAssociationResource, TagAssociationTableResource,
};

/// A tag with a distinct value for each table of a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableTag {
    /// The account of the catalog.
    pub account: AccountId,
    /// The database's name.
    pub database: String,
    /// The tag's key.
    pub key: String,
    /// The value of each table, by the table's name: 1 to [`TableTag::VALUES`] entries.
    pub values: BTreeMap<String, String>,
}

impl TableTag {
    /// The maximum number of values when a tag is created, and in a permission.
    ///
    /// Source: `TagValues` of `CreateLFTag` and `LFTag` in the Lake Formation API reference.
    pub const VALUES: usize = 50;
    /// The maximum length of a key or a value, in characters.
    ///
    /// Source: "Lake Formation tag-based access control notes and restrictions".
    pub const CHARACTERS: usize = 50;

    pub(super) fn to_resource(&self) -> Tag {
        Tag {
            catalog_id: Some(self.account.clone().into()),
            tag_key: Some(self.key.clone().into()),
            tag_values: Some(self.values.values().cloned().map(Into::into).collect()),
        }
    }

    /// The association of a table with its value; `None` if the tag has no value for it.
    pub(super) fn association(&self, table: &str) -> Option<TagAssociation> {
        let value = self.values.get(table)?;
        let pair = TagAssociationLFTagPair {
            catalog_id: Some(self.account.clone().into()),
            tag_key: Some(self.key.clone().into()),
            tag_values: Some(vec![value.clone().into()]),
        };
        let table = TagAssociationTableResource {
            catalog_id: Some(self.account.clone().into()),
            database_name: Some(self.database.clone().into()),
            name: Some(table.to_owned().into()),
            ..TagAssociationTableResource::default()
        };
        Some(TagAssociation {
            lf_tags: Some(vec![pair]),
            resource: Some(TagAssociationResource {
                table: Some(table),
                ..TagAssociationResource::default()
            }),
        })
    }

    /// The resource of a permission that selects these tables by their values.
    pub(super) fn policy(&self, tables: &[String]) -> PrincipalPermissionsLFTagPolicyResource {
        let values = tables.iter().filter_map(|table| self.values.get(table)).cloned();
        let values: Vec<Expr<Text>> = values.map(Into::into).collect();
        PrincipalPermissionsLFTagPolicyResource {
            catalog_id: Some(self.account.clone().into()),
            resource_type: Some("TABLE".into()),
            expression: Some(vec![PrincipalPermissionsLFTag {
                tag_key: Some(self.key.clone().into()),
                tag_values: Some(values),
            }]),
        }
    }
}
