//! Tags of Lake Formation that tell tables apart.
//!
//! A permission on tables by name is about one table. One by a tag is about all
//! tables that have one of some values of it, and so takes the place of many.

use std::collections::BTreeMap;

use lakewright_template::{AccountId, Expr, Text};

use crate::cfn::lakeformation::{
    PrincipalPermissionsLFTag, PrincipalPermissionsLFTagPolicyResource, Tag, TagAssociation,
    TagAssociationLFTagPair, TagAssociationResource, TagAssociationTableResource,
};

/// A tag of which each table of a database has a value of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableTag {
    /// The account of the catalog.
    pub account: AccountId,
    /// The database's name.
    pub database: String,
    /// The tag's key.
    pub key: String,
    /// The values by the names of the tables: 1 to [`TableTag::VALUES`].
    pub values: BTreeMap<String, String>,
}

impl TableTag {
    /// The values that a tag is made with, and those that a permission names.
    ///
    /// Source: `TagValues` of `CreateLFTag` and `LFTag` in the Lake Formation API reference.
    pub const VALUES: usize = 50;
    /// The characters of a key or a value.
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

    /// What gives a table its value; nothing for a table that has none.
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

    /// The tables of a permission, by their values.
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
