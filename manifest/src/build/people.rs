//! `access` of the tenant: the one way in which people assume the roles of teams.

use lakewright_template::Region;

use super::{list, region_field};
use crate::document::{
    AccessDocument, BrokerDocument, IdentityCenterDocument, OidcDocument, SamlDocument,
    TeamAccessDocument,
};
use crate::field::Field;
use crate::name::{
    Claim, NameError, PermissionSetName, ProviderName, ProviderUrl, RoleArn, TeamName,
};

/// One of the ways in which people assume the roles of teams: [`IdentityCenter`], [`Saml`], [`Oidc`] or [`Broker`].
#[derive(Debug, Clone, Default)]
pub struct Access {
    pub(super) document: AccessDocument,
    pub(super) wrong: Vec<NameError>,
}

impl Access {
    fn team(&mut self, team: TeamName, entry: TeamAccessDocument) {
        self.document.teams.change(|teams| {
            teams.insert(team.into(), Field::of(entry));
        });
    }
}

/// People sign in with permission sets of IAM Identity Center.
#[derive(Debug, Clone)]
pub struct IdentityCenter(Access);

impl IdentityCenter {
    /// With the region of IAM Identity Center.
    pub fn new(region: Region) -> Self {
        let mut access = Access::default();
        let region = region_field(region, &mut access.wrong);
        access.document.identity_center = Field::of(IdentityCenterDocument { region });
        Self(access)
    }

    /// Sets the permission set that assumes the role of a team.
    #[must_use]
    pub fn team(mut self, team: TeamName, permission_set: PermissionSetName) -> Self {
        let permission_set = Field::of(permission_set);
        self.0.team(team, TeamAccessDocument { permission_set, ..TeamAccessDocument::default() });
        self
    }
}

/// People sign in through a SAML provider in each environment's account.
#[derive(Debug, Clone)]
pub struct Saml(Access);

impl Saml {
    /// With the provider's name in IAM, the same in each environment's account.
    pub fn new(provider: ProviderName) -> Self {
        let mut access = Access::default();
        access.document.saml = Field::of(SamlDocument { provider: Field::of(provider) });
        Self(access)
    }

    /// Sets the subjects of assertions that may assume the role of a team.
    #[must_use]
    pub fn members(mut self, team: TeamName, members: impl IntoIterator<Item = Claim>) -> Self {
        let members = list(members);
        self.0.team(team, TeamAccessDocument { members, ..TeamAccessDocument::default() });
        self
    }

    /// Sets the values of `eduPersonAffiliation` of those who may assume the role of a team.
    #[must_use]
    pub fn groups(mut self, team: TeamName, groups: impl IntoIterator<Item = Claim>) -> Self {
        let groups = list(groups);
        self.0.team(team, TeamAccessDocument { groups, ..TeamAccessDocument::default() });
        self
    }

    /// Sets both for a team: people must be in both lists.
    #[must_use]
    pub fn members_in_groups(
        mut self,
        team: TeamName,
        members: impl IntoIterator<Item = Claim>,
        groups: impl IntoIterator<Item = Claim>,
    ) -> Self {
        let (members, groups) = (list(members), list(groups));
        self.0.team(team, TeamAccessDocument { members, groups, ..TeamAccessDocument::default() });
        self
    }
}

/// People sign in through an OIDC provider in each environment's account.
#[derive(Debug, Clone)]
pub struct Oidc(Access);

impl Oidc {
    /// With the provider's URL, and the audience of its tokens.
    pub fn new(provider: ProviderUrl, audience: Claim) -> Self {
        let mut access = Access::default();
        let (provider, audience) = (Field::of(provider), Field::of(audience));
        access.document.oidc = Field::of(OidcDocument { provider, audience });
        Self(access)
    }

    /// Sets the subjects of tokens that may assume the role of a team.
    #[must_use]
    pub fn team(mut self, team: TeamName, members: impl IntoIterator<Item = Claim>) -> Self {
        let members = list(members);
        self.0.team(team, TeamAccessDocument { members, ..TeamAccessDocument::default() });
        self
    }
}

/// A role of the central account acts on behalf of people, each with their own source identity.
#[derive(Debug, Clone)]
pub struct Broker(Access);

impl Broker {
    /// With the role of the central account.
    pub fn new(role_arn: RoleArn) -> Self {
        let mut access = Access::default();
        access.document.broker = Field::of(BrokerDocument { role_arn: Field::of(role_arn) });
        Self(access)
    }

    /// Sets the source identities that may assume the role of a team.
    #[must_use]
    pub fn team(mut self, team: TeamName, members: impl IntoIterator<Item = Claim>) -> Self {
        let members = list(members);
        self.0.team(team, TeamAccessDocument { members, ..TeamAccessDocument::default() });
        self
    }

    /// Lets every source identity assume the role of a team.
    #[must_use]
    pub fn team_of_all(mut self, team: TeamName) -> Self {
        self.0.team(team, TeamAccessDocument::default());
        self
    }
}

macro_rules! ways {
    ($($name:ident)*) => {
        $(impl From<$name> for Access {
            fn from(way: $name) -> Self {
                way.0
            }
        })*
    };
}

ways!(IdentityCenter Saml Oidc Broker);
