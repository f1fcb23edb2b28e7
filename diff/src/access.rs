//! The access that principals gain and lose.
//!
//! [`compare`] finds the parts of policies that only one side has ([`elements`]), divides the requests that they are about
//! into cells that each side decides alike ([`requests`]), and asks the model of access of both sides one request of each
//! cell. So statements that are only written in another way make no difference, and neither does an `Allow` below a
//! `Deny` that covers it.

mod answers;
mod divided;
mod elements;
mod exposure;
mod index;
mod lake;
mod merge;
mod naming;
mod requests;
mod subjects;
mod tags;
mod unmodelled;

use std::collections::BTreeMap;

use lakewright_access::document::Origin;
use lakewright_access::world::World;

use crate::change::StackChange;
use answers::Worlds;
pub(crate) use exposure::refuse;
use index::Index;
use merge::Merged;

/// The access on one side.
#[derive(Debug, Clone, Copy)]
pub struct Side<'w> {
    /// The model of access of all templates.
    pub world: &'w World,
    /// The same without the gaps of third-party templates: see [`World::as_stated`]. For a mesh, the same as `world`.
    pub stated: &'w World,
    /// The manifest lines of each stack's parts, by address, as in `provenance.json`.
    pub lines: &'w BTreeMap<String, BTreeMap<String, Vec<String>>>,
}

/// Compares the access before a change with the access after it. The second list has what could not be asked, each in a
/// sentence.
pub fn compare(
    before: &Side<'_>,
    after: &Side<'_>,
    stacks: &[StackChange],
) -> (Vec<AccessChange>, Vec<String>) {
    let worlds =
        Worlds { open: [before.world, after.world], stated: [before.stated, after.stated] };
    let index = Index::of(worlds.both());
    let subjects::Questions { all, attached, partial, notes } = subjects::questions(&worlds);
    let mut merged = Merged::default();
    for question in &all {
        let found =
            requests::ask(&worlds, &index, &question.whom, &question.element, &question.resource);
        for one in found {
            merged.add(&question.whom.shown, one, [before, after]);
        }
    }
    for (role, gone, new) in attached {
        merged.attached(&role, &gone, &new);
    }
    for (principal, origin) in partial {
        merged.partial(&principal, &origin);
    }
    for change in lake::changes(&worlds, [before, after]) {
        merged.join(change);
    }
    for change in unmodelled::changes(&worlds) {
        merged.join(change);
    }
    for change in unmodelled::of_organization(&worlds) {
        merged.join(change);
    }
    for change in exposure::changes(&worlds, stacks) {
        merged.join(change);
    }
    (merged.finish(), notes)
}

/// Whether a change of a stack affects access in a way that the model of access does not contain.
pub(crate) fn is_exposed(stack: &StackChange) -> bool {
    exposure::is_changed(stack)
}

/// The manifest lines of a statement.
fn lines_of(side: &Side<'_>, origin: &Origin, sid: &str) -> Vec<String> {
    let Some(parts) = side.lines.get(&*origin.stack) else { return Vec::new() };
    let of_statement = || parts.get(&format!("{}#{sid}", origin.logical_id));
    let of_resource = || parts.get(&origin.logical_id);
    let lines = of_statement().or_else(of_resource).or_else(|| parts.get("*"));
    lines.cloned().unwrap_or_default()
}

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

impl Relation {
    /// The relation of a principal's access, by whether it gains, loses, or has something that cannot be compared. `None`
    /// if nothing differs.
    const fn of(gains: bool, loses: bool, has_unknown: bool) -> Option<Self> {
        match (gains, loses, has_unknown) {
            (true, true, _) => Some(Self::Incomparable),
            (true, false, _) => Some(Self::Broader),
            (false, _, true) => Some(Self::Unknown),
            (false, true, false) => Some(Self::Narrower),
            (false, false, false) => None,
        }
    }
}

/// A principal whose access differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessChange {
    /// The principal: an ARN, the name of a service, `*` for everybody, or an account's ARN for all of its principals. The
    /// caller may add a principal with the ARN of a managed policy, for everybody who has it.
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

#[cfg(test)]
mod tests;
