//! `AccessPolicy`: a rule of access governance.

use schemars::JsonSchema;
use serde::Deserialize;

use super::document;
use crate::field::Field;
use crate::name::{CatalogName, Id, TeamName};

document! {
    /// A rule of access governance: actors, their privileges, and the resources. A deny overrides every allow.
    AccessPolicyDocument {
        /// Whether the policy applies. Default: `active`.
        #[serde(default)]
        state: Field<PolicyState>,
        /// Whether the policy allows or denies. Default: `allow`.
        #[serde(default)]
        effect: Field<Effect>,
        /// The actors.
        actors: Field<ActorsDocument>,
        /// The privileges, such as `platform.manage_datasets`, `metadata.edit_tags` or `data.*`.
        #[schemars(schema_with = "crate::document::privilege::schema")]
        privileges: Field<Vec<Field<String>>>,
        /// The resources. Default: everything.
        #[serde(default)]
        resources: Field<ResourcesDocument>,
        /// How the values of all columns that the policy selects are masked, for privileges that read data.
        #[serde(default)]
        mask: Field<Mask>,
        /// How the values of single columns are masked, in all tables that the policy selects. Not together with `mask`.
        #[serde(default)]
        masks: Field<Vec<Field<ColumnMaskDocument>>>,
        /// A condition that selects the rows of the tables that the policy selects, as in `items` of a share, such as
        /// `country = 'PL'`. Default: all rows.
        #[serde(default)]
        rows: Field<String>,
    }
}

/// Whether a policy applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema, Hash)]
#[serde(rename_all = "snake_case")]
pub enum PolicyState {
    /// It applies.
    #[default]
    Active,
    /// It does not apply.
    Inactive,
}

/// Whether a policy allows or denies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema, Hash)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// The policy grants the privileges.
    #[default]
    Allow,
    /// The policy denies the privileges, even if another policy grants them.
    Deny,
}

/// The actors of a policy: everyone who is in at least one of the lists.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
pub struct ActorsDocument {
    /// Teams.
    #[serde(default)]
    pub teams: Field<Vec<Field<TeamName>>>,
    /// Users, as the identity provider names them.
    #[serde(default)]
    pub users: Field<Vec<Field<String>>>,
    /// All users.
    #[serde(default)]
    pub all_users: Field<bool>,
    /// Roles of the identity provider, such as `Editor`.
    #[serde(default)]
    pub roles: Field<Vec<Field<String>>>,
    /// The owners of the requested resource.
    #[serde(default)]
    pub owners: Field<bool>,
    /// The stewards of the dataset that the requested resource belongs to.
    #[serde(default)]
    pub stewards: Field<bool>,
    /// The team of the environment that the requested resource belongs to. It is the connection admin of its assets.
    #[serde(default)]
    pub connection_admins: Field<bool>,
    /// The actors that the policy does not apply to.
    #[serde(default)]
    pub except: Field<ExceptionsDocument>,
}

/// The actors that a policy does not apply to: everyone who is in at least one of the lists.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
pub struct ExceptionsDocument {
    /// Teams.
    #[serde(default)]
    pub teams: Field<Vec<Field<TeamName>>>,
    /// Users, as the identity provider names them.
    #[serde(default)]
    pub users: Field<Vec<Field<String>>>,
    /// Roles of the identity provider.
    #[serde(default)]
    pub roles: Field<Vec<Field<String>>>,
}

/// The resources of a policy: those that match every list that is set.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
pub struct ResourcesDocument {
    /// Types of resources, such as `dataset` or `column`.
    #[serde(default)]
    pub types: Field<Vec<Field<String>>>,
    /// Single resources, such as `dataset/january`.
    #[serde(default)]
    pub ids: Field<Vec<Field<String>>>,
    /// Domains.
    #[serde(default)]
    pub domains: Field<Vec<Field<Id>>>,
    /// Tags, keywords and column tags.
    #[serde(default)]
    pub tags: Field<Vec<Field<String>>>,
    /// Environments.
    #[serde(default)]
    pub environments: Field<Vec<Field<Id>>>,
}

/// The mask of one column.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
pub struct ColumnMaskDocument {
    /// The column's name.
    pub column: Field<CatalogName>,
    /// How its values are masked.
    pub mask: Field<Mask>,
}

/// How a value is masked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema, Hash)]
#[serde(rename_all = "snake_case")]
pub enum Mask {
    /// The first four characters, then `XXXX`; only `XXXX` for values of four characters or fewer.
    ShowFirst4,
    /// `XXXX`, then the last four characters; only `XXXX` for values of four characters or fewer.
    ShowLast4,
    /// A SHA-256 digest; equal values have equal digests.
    Hash,
    /// No value.
    Nullify,
    /// Letters as `x` and `X`, digits as `0`.
    Redact,
}

impl Mask {
    /// The mask as views apply it.
    pub const fn applied(self) -> lakewright_masks::Mask {
        match self {
            Self::ShowFirst4 => lakewright_masks::Mask::ShowFirst4,
            Self::ShowLast4 => lakewright_masks::Mask::ShowLast4,
            Self::Hash => lakewright_masks::Mask::Hash,
            Self::Nullify => lakewright_masks::Mask::Nullify,
            Self::Redact => lakewright_masks::Mask::Redact,
        }
    }
}
