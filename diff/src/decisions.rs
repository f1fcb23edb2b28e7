//! Decisions of access governance that a change makes otherwise, as data. Templates do not tell them: whoever has the meshes
//! of both sides decides them.

/// How decisions change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DecisionKind {
    /// They are allowed only after the change.
    Gained,
    /// They could not be compared; they may be allowed only after the change.
    Unknown,
    /// They are allowed only before the change.
    Lost,
}

/// Requests of one kind of actor that are decided otherwise, for the same reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecisionChange {
    /// How they change.
    pub kind: DecisionKind,
    /// What the actor is: `team/NAME`, `role/NAME` and `user/NAME`, all of them together; empty for all users.
    pub actor: Vec<String>,
    /// Whoever is one of these as well has not the new decision.
    pub but_not: Vec<String>,
    /// The privileges, such as `metadata.edit_tags`; `metadata.*` is all of them about the resources.
    pub privileges: Vec<String>,
    /// The resources, such as `dataset/january`, sorted; `user/*` is every user whom no document names.
    pub resources: Vec<String>,
    /// One of the requests.
    pub example: DecisionExample,
    /// The policies that decide, before the change and after it; empty if none is about the requests.
    pub policies: [Vec<String>; 2],
    /// The manifest lines of these policies, as `file:line:column`, before the change and after it.
    pub lines: [Vec<String>; 2],
}

/// A request that is decided otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecisionExample {
    /// The user's name.
    pub user: String,
    /// The teams that the user is a member of.
    pub member_of: Vec<String>,
    /// The user's roles.
    pub roles: Vec<String>,
    /// The privilege.
    pub privilege: String,
    /// The resource.
    pub resource: String,
}
