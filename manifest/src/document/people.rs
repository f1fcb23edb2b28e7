//! How people assume the roles of teams: `access` of the tenant.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::field::Field;
use crate::name::{Claim, PermissionSetName, ProviderName, ProviderUrl, RegionName, RoleArn};

/// How people assume the roles of teams: in one way, and only the roles of the teams that are listed.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
pub struct AccessDocument {
    /// People sign in with a permission set of IAM Identity Center.
    #[serde(default)]
    pub identity_center: Field<IdentityCenterDocument>,
    /// People sign in through a SAML provider in each environment's account.
    #[serde(default)]
    pub saml: Field<SamlDocument>,
    /// People sign in through an OIDC provider in each environment's account.
    #[serde(default)]
    pub oidc: Field<OidcDocument>,
    /// A role of the central account acts on behalf of people, each with their own source identity.
    #[serde(default)]
    pub broker: Field<BrokerDocument>,
    /// The people who may assume each team's role, by team. A team without an entry cannot be reached in this way.
    pub teams: Field<BTreeMap<String, Field<TeamAccessDocument>>>,
}

/// IAM Identity Center.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
pub struct IdentityCenterDocument {
    /// The region of IAM Identity Center. It is part of the path of permission sets' roles.
    pub region: Field<RegionName>,
}

/// A SAML provider.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
pub struct SamlDocument {
    /// The provider's name in IAM, the same in each environment's account.
    pub provider: Field<ProviderName>,
}

/// An OIDC provider.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
pub struct OidcDocument {
    /// The provider's URL. Each environment's account must have the provider in IAM.
    pub provider: Field<ProviderUrl>,
    /// The audience of tokens: the id of the client that people sign in with.
    pub audience: Field<Claim>,
}

/// A broker.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
pub struct BrokerDocument {
    /// The role of the central account that acts for people.
    pub role_arn: Field<RoleArn>,
}

/// The people who may assume a team's role.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
pub struct TeamAccessDocument {
    /// With `identity_center`: the permission set.
    #[serde(default)]
    pub permission_set: Field<PermissionSetName>,
    /// With `saml` and `oidc`: the subjects of assertions or tokens. With `broker`: the source identities; default:
    /// any, but a request must have one.
    #[serde(default)]
    pub members: Field<Vec<Field<Claim>>>,
    /// With `saml`: values of `eduPersonAffiliation`. The assertion must contain one of them.
    #[serde(default)]
    pub groups: Field<Vec<Field<Claim>>>,
}
