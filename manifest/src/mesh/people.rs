//! How people come to the roles of teams.

use std::collections::BTreeMap;

use lakewright_template::Region;

use crate::name::{Claim, PermissionSetName, ProviderName, ProviderUrl, RoleArn, TeamName};

/// The one way by which people come to the roles of teams. Only teams with an entry have it.
#[derive(Debug, Clone, PartialEq)]
pub enum Access {
    /// They sign in with a permission set of IAM Identity Center.
    IdentityCenter {
        /// Its region.
        region: Region,
        /// The permission set of each team.
        teams: BTreeMap<TeamName, PermissionSetName>,
    },
    /// A SAML provider vouches for them.
    Saml {
        /// The provider of each environment's account.
        provider: ProviderName,
        /// Where assertions are presented in the mesh's partition.
        endpoint: &'static str,
        /// Who comes to each team.
        teams: BTreeMap<TeamName, SamlTeam>,
    },
    /// An OIDC provider vouches for them.
    Oidc {
        /// The provider of each environment's account.
        provider: ProviderUrl,
        /// For whom tokens are.
        audience: Claim,
        /// The subjects that come to each team: one at least.
        teams: BTreeMap<TeamName, Vec<Claim>>,
    },
    /// A role of the central account acts for them.
    Broker {
        /// The role.
        role: RoleArn,
        /// The source identities that come to each team; any, when there is none.
        teams: BTreeMap<TeamName, Vec<Claim>>,
    },
}

/// Who comes to a team by SAML: members or groups, or who is among both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SamlTeam {
    /// Subjects of assertions.
    pub members: Vec<Claim>,
    /// Values of `eduPersonAffiliation`.
    pub groups: Vec<Claim>,
}
