//! `governance` of the tenant: the policy store of Amazon Verified Permissions.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::field::Field;
use crate::name::{Claim, EntityPrefix, IssuerUrl, RoleArn, TeamName, UserPoolArn};

/// The policy store of Amazon Verified Permissions, which decides requests by the access policies of the mesh.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
pub struct GovernanceDocument {
    /// The identity provider whose groups are the teams.
    pub identity_provider: Field<IdentityProviderDocument>,
    /// The roles of the central account that ask for decisions. Default: `pivot_role.trusted_roles`.
    #[serde(default)]
    pub callers: Field<Vec<Field<RoleArn>>>,
}

/// The identity provider: exactly one of `cognito` and `oidc`.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
pub struct IdentityProviderDocument {
    /// An Amazon Cognito user pool of the central account.
    #[serde(default)]
    pub cognito: Field<CognitoDocument>,
    /// An OpenID Connect provider.
    #[serde(default)]
    pub oidc: Field<OpenIdDocument>,
    /// The group whose members have a role, by the role. Every role that an active access policy names needs one: tokens
    /// contain groups, and no roles.
    #[serde(default)]
    pub roles: Field<BTreeMap<String, Field<TeamName>>>,
}

/// An Amazon Cognito user pool.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
pub struct CognitoDocument {
    /// The ARN of the user pool.
    pub user_pool_arn: Field<UserPoolArn>,
    /// The app clients whose tokens are accepted.
    pub client_ids: Field<Vec<Field<Claim>>>,
}

/// An OpenID Connect provider.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
pub struct OpenIdDocument {
    /// The issuer, exactly as tokens have it in `iss`.
    pub issuer: Field<IssuerUrl>,
    /// The values of `aud` that are accepted: the client ids of applications, or the audiences of access tokens.
    pub audiences: Field<Vec<Field<Claim>>>,
    /// The kind of token that applications send. Default: `identity`.
    #[serde(default)]
    pub token: Field<TokenKind>,
    /// The claim with the user's groups. Default: `groups`.
    #[serde(default)]
    pub group_claim: Field<Claim>,
    /// The claim with the user's name, as access policies name users. Default: `sub`.
    #[serde(default)]
    pub user_claim: Field<Claim>,
    /// The text before `|` in the ids of users and teams. Default: the tenant's id.
    #[serde(default)]
    pub entity_id_prefix: Field<EntityPrefix>,
}

/// A kind of token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema, Hash)]
#[serde(rename_all = "snake_case")]
pub enum TokenKind {
    /// ID tokens.
    #[default]
    Identity,
    /// Access tokens.
    Access,
}
