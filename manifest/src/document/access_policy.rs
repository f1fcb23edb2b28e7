//! `AccessPolicy`: a rule of access governance.

use schemars::JsonSchema;
use serde::Deserialize;

use super::document;
use crate::field::Field;
use crate::name::{Id, TeamName};

document! {
    /// A rule of access governance: who may do what to what. A deny wins over every allow.
    AccessPolicyDocument {
        /// Whether it applies. Default: `active`.
        #[serde(default)]
        state: Field<PolicyState>,
        /// What it does. Default: `allow`.
        #[serde(default)]
        effect: Field<Effect>,
        /// Who.
        actors: Field<ActorsDocument>,
        /// What, such as `platform.manage_datasets`, `metadata.edit_tags` or `data.*`.
        #[schemars(schema_with = "crate::document::privilege::schema")]
        privileges: Field<Vec<Field<String>>>,
        /// To what. Default: everything.
        #[serde(default)]
        resources: Field<ResourcesDocument>,
        /// How values are shown, for data privileges.
        #[serde(default)]
        mask: Field<Mask>,
    }
}

/// Whether a policy applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PolicyState {
    /// It applies.
    #[default]
    Active,
    /// It does not apply.
    Inactive,
}

/// What a policy does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// It gives the privileges.
    #[default]
    Allow,
    /// It takes the privileges away, whatever else gives them.
    Deny,
}

/// Who a policy is about: whoever is in one of the lists.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct ActorsDocument {
    /// Teams.
    #[serde(default)]
    pub teams: Field<Vec<Field<TeamName>>>,
    /// Users, as the identity provider names them.
    #[serde(default)]
    pub users: Field<Vec<Field<String>>>,
    /// Everybody.
    #[serde(default)]
    pub all_users: Field<bool>,
    /// The owners of the resource that is asked for.
    #[serde(default)]
    pub owners: Field<bool>,
}

/// What a policy is about: whatever is in all the lists that are given.
#[derive(Debug, Deserialize, JsonSchema)]
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

/// How a value is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mask {
    /// The first four characters, then one mark.
    ShowFirst4,
    /// The last four characters.
    ShowLast4,
    /// A digest that is the same for the same value.
    Hash,
    /// Nothing.
    Nullify,
    /// Letters as `x`, digits as `0`.
    Redact,
}
