//! `governance` of the tenant: the policy store of Amazon Verified Permissions.

use super::list;
use crate::document::{
    CognitoDocument, GovernanceDocument, IdentityProviderDocument, OpenIdDocument, TokenKind,
};
use crate::field::Field;
use crate::name::{Claim, EntityPrefix, IssuerUrl, RoleArn, TeamName, UserPoolArn};

/// The policy store, with an identity provider: [`Cognito`] or [`OpenId`].
#[derive(Debug, Clone)]
pub struct PolicyStore(pub(super) GovernanceDocument);

impl PolicyStore {
    /// With the identity provider whose groups are the teams.
    pub fn new(provider: impl Into<IdentityProvider>) -> Self {
        let IdentityProvider(provider) = provider.into();
        Self(GovernanceDocument {
            identity_provider: Field::of(provider),
            ..GovernanceDocument::default()
        })
    }

    /// Adds a role of the central account that asks for decisions. Default: the roles that the pivot role trusts.
    #[must_use]
    pub fn caller(mut self, role: RoleArn) -> Self {
        self.0.callers.push(role);
        self
    }

    /// Sets the group whose members have a role that access policies name.
    #[must_use]
    pub fn role_group(mut self, role: impl Into<String>, group: TeamName) -> Self {
        self.0.identity_provider.change(|provider| {
            provider.roles.change(|roles| {
                roles.insert(role.into(), Field::of(group));
            });
        });
        self
    }
}

/// An identity provider: [`Cognito`] or [`OpenId`].
#[derive(Debug, Clone)]
pub struct IdentityProvider(IdentityProviderDocument);

/// An Amazon Cognito user pool of the central account.
#[derive(Debug, Clone)]
pub struct Cognito(CognitoDocument);

impl Cognito {
    /// With the user pool, and an app client whose tokens are accepted.
    pub fn new(user_pool: UserPoolArn, client: Claim) -> Self {
        Self(CognitoDocument { user_pool_arn: Field::of(user_pool), client_ids: list([client]) })
    }

    /// Adds another app client.
    #[must_use]
    pub fn client(mut self, client: Claim) -> Self {
        self.0.client_ids.push(client);
        self
    }
}

impl From<Cognito> for IdentityProvider {
    fn from(Cognito(cognito): Cognito) -> Self {
        Self(IdentityProviderDocument {
            cognito: Field::of(cognito),
            ..IdentityProviderDocument::default()
        })
    }
}

/// An OpenID Connect provider.
#[derive(Debug, Clone)]
pub struct OpenId(OpenIdDocument);

impl OpenId {
    /// With the issuer, and a value of `aud` that is accepted.
    pub fn new(issuer: IssuerUrl, audience: Claim) -> Self {
        Self(OpenIdDocument {
            issuer: Field::of(issuer),
            audiences: list([audience]),
            ..OpenIdDocument::default()
        })
    }

    /// Adds another value of `aud`.
    #[must_use]
    pub fn audience(mut self, audience: Claim) -> Self {
        self.0.audiences.push(audience);
        self
    }

    /// Sets the kind of token that applications send. Default: ID tokens.
    #[must_use]
    pub fn token(mut self, token: TokenKind) -> Self {
        self.0.token = Field::of(token);
        self
    }

    /// Sets the claim with the user's groups. Default: `groups`.
    #[must_use]
    pub fn group_claim(mut self, claim: Claim) -> Self {
        self.0.group_claim = Field::of(claim);
        self
    }

    /// Sets the claim with the user's name. Default: `sub`.
    #[must_use]
    pub fn user_claim(mut self, claim: Claim) -> Self {
        self.0.user_claim = Field::of(claim);
        self
    }

    /// Sets the text before `|` in the ids of users and teams. Default: the tenant's id.
    #[must_use]
    pub fn entity_id_prefix(mut self, prefix: EntityPrefix) -> Self {
        self.0.entity_id_prefix = Field::of(prefix);
        self
    }
}

impl From<OpenId> for IdentityProvider {
    fn from(OpenId(open_id): OpenId) -> Self {
        Self(IdentityProviderDocument {
            oidc: Field::of(open_id),
            ..IdentityProviderDocument::default()
        })
    }
}
