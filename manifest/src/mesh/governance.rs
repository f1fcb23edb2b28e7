//! The policy store of Amazon Verified Permissions.

use std::collections::BTreeMap;

use crate::diagnostic::Origin;
pub use crate::document::TokenKind;
use crate::name::{Claim, EntityPrefix, IssuerUrl, RoleArn, TeamName, UserPoolArn};

/// What the policy store of a mesh depends on, besides the access policies.
#[derive(Debug, Clone, PartialEq, Hash)]
pub struct GovernanceSettings {
    /// The identity provider.
    pub provider: IdentityProvider,
    /// The group of the identity provider whose members have a role, by the role.
    pub roles: BTreeMap<String, TeamName>,
    /// The roles that ask for decisions: at least one.
    pub callers: Vec<RoleArn>,
    /// The position of the section.
    pub origin: Origin,
}

/// The identity provider whose groups are the teams.
#[derive(Debug, Clone, PartialEq, Hash)]
pub enum IdentityProvider {
    /// An Amazon Cognito user pool.
    Cognito {
        /// The user pool.
        user_pool: UserPoolArn,
        /// The app clients whose tokens are accepted: at least one.
        client_ids: Vec<Claim>,
    },
    /// An OpenID Connect provider.
    OpenId {
        /// The issuer.
        issuer: IssuerUrl,
        /// The accepted values of `aud`: at least one.
        audiences: Vec<Claim>,
        /// The kind of token.
        token: TokenKind,
        /// The claim with the groups.
        group_claim: Claim,
        /// The claim with the user's name.
        user_claim: Claim,
        /// The text before `|` in the ids of users and teams.
        prefix: EntityPrefix,
    },
}

impl IdentityProvider {
    /// The text before `|` in the ids of users and teams, as Amazon Verified Permissions makes them of tokens.
    ///
    /// Source: `CreateIdentitySource` in its API reference: the id of the user pool, or `entityIdPrefix`.
    pub fn prefix(&self) -> &str {
        match self {
            Self::Cognito { user_pool, .. } => user_pool.pool(),
            Self::OpenId { prefix, .. } => prefix.as_str(),
        }
    }
}
