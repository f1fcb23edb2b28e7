//! Who asks.

use std::collections::BTreeSet;

/// A user as the identity provider knows it. The mesh does not say who is a member of which team.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Actor {
    /// The user's name.
    pub user: String,
    /// The teams that the user is a member of.
    pub teams: BTreeSet<String>,
    /// The user's roles.
    pub roles: BTreeSet<String>,
}

impl Actor {
    /// A user without teams and roles.
    pub fn new(user: impl Into<String>) -> Self {
        Self { user: user.into(), ..Self::default() }
    }

    /// The user as a member of another team.
    #[must_use]
    pub fn member_of(mut self, team: impl Into<String>) -> Self {
        self.teams.insert(team.into());
        self
    }

    /// The user with another role.
    #[must_use]
    pub fn with_role(mut self, role: impl Into<String>) -> Self {
        self.roles.insert(role.into());
        self
    }
}
