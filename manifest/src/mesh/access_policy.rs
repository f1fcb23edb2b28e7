//! Access policies.

use super::{Effect, Header, Mask, PolicyState};
use crate::name::{Id, TeamName};

/// A rule of access governance.
#[derive(Debug, Clone, PartialEq, Hash)]
pub struct AccessPolicy {
    /// The fields that every document has.
    pub header: Header,
    /// Whether it applies.
    pub state: PolicyState,
    /// Whether it allows or denies.
    pub effect: Effect,
    /// The principals.
    pub actors: Actors,
    /// The privileges.
    pub privileges: Vec<String>,
    /// The resources.
    pub resources: PolicyResources,
    /// How values are shown.
    pub mask: Option<Mask>,
}

/// The principals of a policy: everyone who is in one of the lists.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
#[expect(clippy::struct_excessive_bools, reason = "four independent switches of the manifest")]
pub struct Actors {
    /// Teams.
    pub teams: Vec<TeamName>,
    /// Users.
    pub users: Vec<String>,
    /// All users.
    pub all_users: bool,
    /// Roles of the identity provider.
    pub roles: Vec<String>,
    /// The owners of the resource.
    pub owners: bool,
    /// The stewards of the resource's dataset.
    pub stewards: bool,
    /// The team of the resource's environment.
    pub connection_admins: bool,
    /// The principals that the policy does not apply to.
    pub except: Exceptions,
}

/// The principals that a policy does not apply to: everyone who is in one of the lists.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Exceptions {
    /// Teams.
    pub teams: Vec<TeamName>,
    /// Users.
    pub users: Vec<String>,
    /// Roles of the identity provider.
    pub roles: Vec<String>,
}

/// The resources of a policy: those that match every list; an empty list matches all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct PolicyResources {
    /// Types of resources.
    pub types: Vec<String>,
    /// Single resources.
    pub ids: Vec<String>,
    /// Domains.
    pub domains: Vec<Id>,
    /// Tags.
    pub tags: Vec<String>,
    /// Environments.
    pub environments: Vec<Id>,
}
