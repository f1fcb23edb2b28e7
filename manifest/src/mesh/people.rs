//! How people assume the roles of teams.

use std::collections::BTreeMap;

use lakewright_template::Region;

use crate::name::{Claim, PermissionSetName, ProviderName, ProviderUrl, RoleArn, TeamName};

/// The one way in which people assume the roles of teams. It exists only for teams with an entry.
#[derive(Debug, Clone, PartialEq, Hash)]
pub enum Access {
    /// With a permission set of IAM Identity Center.
    IdentityCenter {
        /// The region of IAM Identity Center.
        region: Region,
        /// The permission set of each team.
        teams: BTreeMap<TeamName, PermissionSetName>,
    },
    /// Through a SAML provider, which authenticates them.
    Saml {
        /// The provider of each environment's account.
        provider: ProviderName,
        /// The endpoint for assertions in the mesh's partition.
        endpoint: &'static str,
        /// The people of each team.
        teams: BTreeMap<TeamName, SamlTeam>,
    },
    /// Through an OIDC provider, which authenticates them.
    Oidc {
        /// The provider of each environment's account.
        provider: ProviderUrl,
        /// The audience of tokens.
        audience: Claim,
        /// The subjects that may assume each team's role: at least one.
        teams: BTreeMap<TeamName, Vec<Claim>>,
    },
    /// Through a role of the central account, which acts on behalf of people.
    Broker {
        /// The role.
        role: RoleArn,
        /// The source identities that may assume each team's role; if empty, any may.
        teams: BTreeMap<TeamName, Vec<Claim>>,
    },
}

/// The people of a team by SAML: members or groups. If both lists are set, people must be in both.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SamlTeam {
    /// Subjects of assertions.
    pub members: Vec<Claim>,
    /// Values of `eduPersonAffiliation`.
    pub groups: Vec<Claim>,
}
