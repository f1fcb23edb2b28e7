//! The access that principals gain and lose.

use lakewright_access::document::Origin;

/// How the access of a principal after a change compares with the access before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Relation {
    /// It allows less.
    Narrower,
    /// It allows other requests, and no longer some of the earlier ones.
    Incomparable,
    /// It cannot be decided; it may allow more.
    Unknown,
    /// It allows more.
    Broader,
}

/// A principal whose access differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessChange {
    /// The principal: an ARN, the name of a service, `*` for everybody, or an account's ARN for all of its principals.
    pub principal: String,
    /// How its access changes.
    pub relation: Relation,
    /// What it can do after the change and not before, or may be able to do.
    pub gained: Vec<Reach>,
    /// What it can do before the change and not after.
    pub lost: Vec<Reach>,
    /// What could not be compared, each with the reason.
    pub unknown: Vec<Reach>,
}

/// Requests of one principal that are decided differently, on one resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reach {
    /// The actions, in the catalogue's spelling, such as `s3:GetObject`; sorted.
    pub actions: Vec<String>,
    /// The resource: an ARN, a pattern of ARNs, or `*`.
    pub resource: String,
    /// The conditions that a request meets, as `Operator key value`.
    pub conditions: Vec<String>,
    /// A request that the sides decide differently.
    pub witness: Witness,
    /// The answer before the change, and after it.
    pub decisions: (Answer, Answer),
    /// The statements that decide, of either side.
    pub statements: Vec<Deciding>,
    /// The manifest lines that asked for it, as `file:line:column`: after the change for what is gained, before the
    /// change for what is lost.
    pub because: Vec<String>,
    /// Why, if statements alone do not say it; empty otherwise.
    pub reason: String,
}

/// A request of the principal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Witness {
    /// The action.
    pub action: String,
    /// The ARN of the resource.
    pub resource: String,
    /// The condition keys, each with its values.
    pub context: Vec<(String, Vec<String>)>,
}

/// The answer to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Answer {
    /// The request is denied.
    Denied,
    /// The templates do not decide it: policies outside of them do.
    Depends,
    /// The request is allowed.
    Allowed,
}

/// A statement that decides a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deciding {
    /// Whether it is a statement of the templates after the change, not before it.
    pub is_after: bool,
    /// Where it is declared.
    pub origin: Origin,
    /// Its `Sid`, or its position in the document.
    pub sid: String,
    /// Whether it allows, not denies.
    pub is_allow: bool,
}
