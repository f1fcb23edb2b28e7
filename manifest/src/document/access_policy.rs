//! `AccessPolicy`: a rule of access governance.

use schemars::JsonSchema;
use serde::Deserialize;

use super::document;
use crate::field::Field;
use crate::name::{Id, TeamName};

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
        /// How values are masked, for data privileges.
        #[serde(default)]
        mask: Field<Mask>,
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

/// How a value is masked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema, Hash)]
#[serde(rename_all = "snake_case")]
pub enum Mask {
    /// The first four characters, then one mark.
    ShowFirst4,
    /// The last four characters.
    ShowLast4,
    /// A digest; equal values have equal digests.
    Hash,
    /// No value.
    Nullify,
    /// Letters as `x`, digits as `0`.
    Redact,
}
