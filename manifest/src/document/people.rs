//! How people come to the roles of teams: `access` of the tenant.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::field::Field;
use crate::name::{Claim, PermissionSetName, ProviderName, ProviderUrl, RegionName, RoleArn};

/// How people come to the roles of teams: in one way, and only to those of the teams that are listed.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct AccessDocument {
    /// People sign in with a permission set of IAM Identity Center.
    #[serde(default)]
    pub identity_center: Field<IdentityCenterDocument>,
    /// A SAML provider of each environment's account vouches for people.
    #[serde(default)]
    pub saml: Field<SamlDocument>,
    /// An OIDC provider of each environment's account vouches for people.
    #[serde(default)]
    pub oidc: Field<OidcDocument>,
    /// A role of the central account acts for people, each under a name of their own.
    #[serde(default)]
    pub broker: Field<BrokerDocument>,
    /// Who comes to which team, by team. A team without an entry is nobody's by this way.
    pub teams: Field<BTreeMap<String, Field<TeamAccessDocument>>>,
}

/// IAM Identity Center.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct IdentityCenterDocument {
    /// Its region: the roles of permission sets have it in their path.
    pub region: Field<RegionName>,
}

/// A SAML provider.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct SamlDocument {
    /// The provider's name in IAM, the same in each environment's account.
    pub provider: Field<ProviderName>,
}

/// An OIDC provider.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct OidcDocument {
    /// The provider's URL, which each environment's account has in IAM.
    pub provider: Field<ProviderUrl>,
    /// For whom tokens are: the id of the client that people sign in with.
    pub audience: Field<Claim>,
}

/// A broker.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct BrokerDocument {
    /// The role of the central account that acts for people.
    pub role_arn: Field<RoleArn>,
}

/// Who comes to a team.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct TeamAccessDocument {
    /// With `identity_center`: the permission set.
    #[serde(default)]
    pub permission_set: Field<PermissionSetName>,
    /// With `saml` and `oidc`: the subjects of assertions or tokens. With `broker`: the source identities. Default there: any,
    /// but one must be set.
    #[serde(default)]
    pub members: Field<Vec<Field<Claim>>>,
    /// With `saml`: values of `eduPersonAffiliation`, of which one must be there.
    #[serde(default)]
    pub groups: Field<Vec<Field<Claim>>>,
}
