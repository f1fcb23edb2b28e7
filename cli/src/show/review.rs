//! Shows the review of a change. Each form has the same findings, with the same ids and the same sentences.

pub(crate) mod html;
pub(crate) mod json;
pub(crate) mod markdown;
pub(crate) mod names;
mod picture;
pub(crate) mod sarif;
pub(crate) mod sentences;
pub(crate) mod terminal;

use std::cmp::Reverse;
use std::collections::BTreeSet;

use lakewright_access::action::{Action, Level};
use lakewright_analysis::words::count;
use lakewright_diff::access::{AccessChange, Answer, Reach, Relation};
use lakewright_diff::change::{ChangeKind, PropertyChange, ResourceChange, StackChange};
use lakewright_diff::review::Review;
use lakewright_diff::update::{DataEffect, Fate, Outcome, Update};
use lakewright_template::digest::hex_prefix;

/// The names that people know, of what templates name by an ARN or an address.
pub(crate) trait Named {
    /// The name of a principal, such as `team/science/TeamB`.
    fn principal(&self, principal: &str) -> Option<String>;

    /// The name of a stack, such as `dataset/sales (222222222222, eu-west-1)`.
    fn stack(&self, stack: &str) -> Option<String>;

    /// The name of what a resource belongs to, such as `dataset/sales`.
    fn resource(&self, _resource: &str) -> Option<String> {
        None
    }
}

/// A review with everything that is needed to show it.
#[derive(Clone, Copy)]
pub(crate) struct Shown<'r> {
    /// The review.
    pub(crate) review: &'r Review,
    /// The side before the change, as the user named it.
    pub(crate) before: &'r str,
    /// The side after the change, as the user named it.
    pub(crate) after: &'r str,
    /// The names that people know.
    pub(crate) named: &'r dyn Named,
}

/// Whether a principal gains access, may gain it, or loses it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum How {
    Gained,
    Unknown,
    Lost,
}

/// Access that one principal gains or loses.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry<'r> {
    pub(crate) change: &'r AccessChange,
    /// The requests; `None` for a change that lists none.
    pub(crate) reach: Option<&'r Reach>,
    pub(crate) how: How,
}

/// What a finding is about, from severe to mild.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Rule {
    AccessGained,
    AccessUnknown,
    DataLoss,
    UpdateFails,
    Replacement,
    AccessLost,
    Change,
}

impl Rule {
    pub(crate) const ALL: [Self; 7] = [
        Self::AccessGained,
        Self::AccessUnknown,
        Self::DataLoss,
        Self::UpdateFails,
        Self::Replacement,
        Self::AccessLost,
        Self::Change,
    ];

    pub(crate) fn of_access(change: &AccessChange) -> Self {
        match change.relation {
            Relation::Broader | Relation::Incomparable => Self::AccessGained,
            Relation::Unknown => Self::AccessUnknown,
            Relation::Narrower => Self::AccessLost,
        }
    }

    pub(crate) fn of_outcome(outcome: &Outcome) -> Self {
        match (outcome.data, outcome.fate) {
            (DataEffect::Unreadable | DataEffect::Lost, _) => Self::DataLoss,
            (_, Fate::Updated(Update::Fails)) => Self::UpdateFails,
            (_, Fate::Updated(Update::Replaces | Update::MayReplace)) => Self::Replacement,
            _ => Self::Change,
        }
    }
}

/// A changed resource with its stack.
pub(crate) type InStack<'r> = (&'r StackChange, &'r ResourceChange);

/// The findings in the order in which people read them.
#[derive(Debug)]
pub(crate) struct Sections<'r> {
    /// Access that is gained or may be gained, most severe first.
    pub(crate) gained: Vec<Entry<'r>>,
    /// Resources whose data could be lost.
    pub(crate) data: Vec<InStack<'r>>,
    /// Updates that fail, and other resources that are replaced.
    pub(crate) replaced: Vec<InStack<'r>>,
    /// Access that is lost.
    pub(crate) lost: Vec<Entry<'r>>,
    /// The stacks with their other changes.
    pub(crate) others: Vec<(&'r StackChange, Vec<&'r ResourceChange>)>,
}

impl<'r> Shown<'r> {
    /// The name of a stack for people.
    pub(crate) fn stack(&self, stack: &str) -> String {
        self.named.stack(stack).unwrap_or_else(|| stack.to_owned())
    }

    pub(crate) fn is_equal(&self) -> bool {
        let Review { stacks, equal: _, access, moves, notes: _ } = self.review;
        stacks.is_empty() && access.is_empty() && moves.is_empty()
    }

    /// The number of resources with a fate.
    pub(crate) fn fates(&self, fate: Fate) -> usize {
        self.resources().filter(|(_, one)| one.outcome.fate == fate).count()
    }

    fn resources(&self) -> impl Iterator<Item = InStack<'r>> {
        let stacks = self.review.stacks.iter();
        stacks.flat_map(|stack| stack.resources.iter().map(move |resource| (stack, resource)))
    }

    /// The review in one line.
    pub(crate) fn summary(&self) -> String {
        if self.is_equal() {
            return "no changes".to_owned();
        }
        let stacks = self.review.stacks.len();
        let data = self.resources().filter(|(_, one)| {
            matches!(one.outcome.data, DataEffect::Unreadable | DataEffect::Lost)
        });
        format!(
            "{} {} ({}); {}; data could be lost in {}",
            count(stacks, "stack"),
            if stacks == 1 { "changes" } else { "change" },
            self.summary_of_fates(),
            self.summary_of_access(),
            count(data.count(), "resource"),
        )
    }

    fn summary_of_fates(&self) -> String {
        let may_replace = self.fates(Fate::Updated(Update::MayReplace));
        let fails = self.fates(Fate::Updated(Update::Fails));
        let mut parts = vec![format!("{} replaced", self.fates(Fate::Updated(Update::Replaces)))];
        if may_replace > 0 {
            parts.push(format!("{may_replace} may be replaced"));
        }
        parts.push(format!("{} deleted", self.fates(Fate::Deleted)));
        if fails > 0 {
            parts.push(format!("{fails} cannot be updated"));
        }
        parts.join(", ")
    }

    fn summary_of_access(&self) -> String {
        let related = |wanted: &[Relation]| {
            let access = self.review.access.iter();
            access.filter(|change| wanted.contains(&change.relation)).count()
        };
        let gaining = related(&[Relation::Broader, Relation::Incomparable]);
        let unknown = related(&[Relation::Unknown]);
        let losing = related(&[Relation::Narrower, Relation::Incomparable]);
        let gain = if gaining == 1 { "gains" } else { "gain" };
        let lose = if losing == 1 { "loses" } else { "lose" };
        let mut parts = vec![format!("{} {gain} access", count(gaining, "principal"))];
        if unknown > 0 {
            parts.push(format!("{unknown} may gain access"));
        }
        parts.push(format!("{losing} {lose} access"));
        parts.join(", ")
    }

    pub(crate) fn sections(&self) -> Sections<'r> {
        let mut entries: Vec<Entry<'r>> = self.review.access.iter().flat_map(entries).collect();
        entries.sort_by_key(|entry| entry.rank());
        let (lost, gained) = entries.into_iter().partition(|entry| entry.how == How::Lost);
        let of_rule = |rules: &[Rule]| -> Vec<InStack<'r>> {
            let mut list: Vec<InStack<'r>> = self
                .resources()
                .filter(|(_, one)| rules.contains(&Rule::of_outcome(&one.outcome)))
                .collect();
            list.sort_by_key(|(_, one)| {
                (
                    Rule::of_outcome(&one.outcome),
                    Reverse(one.outcome.data),
                    Reverse(one.outcome.fate),
                )
            });
            list
        };
        let others = self.review.stacks.iter().map(|stack| {
            let resources = stack.resources.iter();
            let is_other = |one: &&ResourceChange| Rule::of_outcome(&one.outcome) == Rule::Change;
            (stack, resources.filter(is_other).collect::<Vec<_>>())
        });
        let is_shown = |(stack, resources): &(&StackChange, Vec<&ResourceChange>)| {
            !resources.is_empty() || !stack.others.is_empty() || stack.resources.is_empty()
        };
        Sections {
            gained,
            data: of_rule(&[Rule::DataLoss]),
            replaced: of_rule(&[Rule::UpdateFails, Rule::Replacement]),
            lost,
            others: others.filter(is_shown).collect(),
        }
    }

    /// The ids of all findings.
    pub(crate) fn ids(&self) -> BTreeSet<String> {
        let resources = self.resources().map(|(stack, one)| id_of_resource(&stack.stack, one));
        let others =
            self.review.stacks.iter().flat_map(|stack| {
                stack.others.iter().map(|other| id_of_other(&stack.stack, other))
            });
        resources.chain(others).chain(self.review.access.iter().map(id_of_access)).collect()
    }
}

/// The access that a principal gains and loses, one entry for each resource.
fn entries(change: &AccessChange) -> Vec<Entry<'_>> {
    let lists =
        [(How::Gained, &change.gained), (How::Unknown, &change.unknown), (How::Lost, &change.lost)];
    let listed = lists.into_iter().flat_map(|(how, list)| {
        list.iter().map(move |reach| Entry { change, reach: Some(reach), how })
    });
    let mut all: Vec<Entry<'_>> = listed.collect();
    if all.is_empty() {
        let how = match change.relation {
            Relation::Broader | Relation::Incomparable => How::Gained,
            Relation::Unknown => How::Unknown,
            Relation::Narrower => How::Lost,
        };
        all.push(Entry { change, reach: None, how });
    }
    all
}

impl Entry<'_> {
    /// Everybody before others, certain access before uncertain, the strongest level first.
    fn rank(&self) -> (bool, How, bool, Reverse<Option<Level>>) {
        let actions = self.reach.map_or(&[][..], |reach| reach.actions.as_slice());
        let level = actions.iter().map(|action| Action::new(action).level()).max();
        let is_certain = self.reach.is_some_and(|reach| reach.decisions.1 == Answer::Allowed);
        (self.change.principal != "*", self.how, !is_certain, Reverse(level))
    }
}

/// The id of a finding: the same in every form and in every later review that has the finding.
fn id(parts: &[&str]) -> String {
    // No part contains this character unless a template does.
    hex_prefix(parts.join("\u{0}").as_bytes(), 12)
}

pub(crate) fn id_of_resource(stack: &str, resource: &ResourceChange) -> String {
    id(&["resource", stack, resource.logical_id.as_str()])
}

pub(crate) fn id_of_other(stack: &str, change: &PropertyChange) -> String {
    id(&["template", stack, &change.path])
}

pub(crate) fn id_of_access(change: &AccessChange) -> String {
    let AccessChange { principal, relation: how, gained, lost, unknown } = change;
    let first = gained.iter().chain(unknown).chain(lost).next();
    let resource = first.map_or("", |reach| reach.resource.as_str());
    let action = first.and_then(|reach| reach.actions.first()).map_or("", String::as_str);
    id(&["access", principal, relation(*how), resource, action])
}

pub(crate) const fn kind(kind: ChangeKind) -> &'static str {
    match kind {
        ChangeKind::Added => "added",
        ChangeKind::Removed => "removed",
        ChangeKind::Changed => "changed",
    }
}

/// Every fate, each once, with the fates that share its word left out.
pub(crate) const FATES: [&str; 10] = [
    "unchanged",
    "created",
    "updated",
    "interrupted",
    "may-replace",
    "replaced",
    "fails",
    "retained",
    "deleted",
    "moved",
];

pub(crate) const fn fate(fate: Fate) -> &'static str {
    match fate {
        Fate::Unchanged | Fate::Updated(Update::Nothing) => "unchanged",
        Fate::Created => "created",
        Fate::Updated(Update::InPlace) => "updated",
        Fate::Updated(Update::Interrupts) => "interrupted",
        Fate::Updated(Update::MayReplace) => "may-replace",
        Fate::Updated(Update::Replaces) => "replaced",
        Fate::Updated(Update::Fails) => "fails",
        Fate::Retained => "retained",
        Fate::Deleted => "deleted",
        Fate::Moved => "moved",
    }
}

pub(crate) const DATA_EFFECTS: [DataEffect; 6] = [
    DataEffect::None,
    DataEffect::Orphaned,
    DataEffect::LeftBehind,
    DataEffect::Snapshot,
    DataEffect::Unreadable,
    DataEffect::Lost,
];

pub(crate) const fn data(effect: DataEffect) -> &'static str {
    match effect {
        DataEffect::None => "none",
        DataEffect::Orphaned => "orphaned",
        DataEffect::LeftBehind => "left-behind",
        DataEffect::Snapshot => "snapshot",
        DataEffect::Unreadable => "unreadable",
        DataEffect::Lost => "lost",
    }
}

pub(crate) const fn update(update: Update) -> &'static str {
    match update {
        Update::Nothing => "nothing",
        Update::InPlace => "in-place",
        Update::Interrupts => "interrupts",
        Update::MayReplace => "may-replace",
        Update::Replaces => "replaces",
        Update::Fails => "fails",
    }
}

pub(crate) const RELATIONS: [Relation; 4] =
    [Relation::Broader, Relation::Narrower, Relation::Incomparable, Relation::Unknown];

pub(crate) const fn relation(relation: Relation) -> &'static str {
    match relation {
        Relation::Narrower => "narrower",
        Relation::Incomparable => "incomparable",
        Relation::Unknown => "unknown",
        Relation::Broader => "broader",
    }
}

pub(crate) const fn answer(answer: Answer) -> &'static str {
    match answer {
        Answer::Denied => "denied",
        Answer::Depends => "depends",
        Answer::Allowed => "allowed",
    }
}

/// The sign of a resource: what `plan` of other tools writes before it.
pub(crate) const fn glyph(outcome: &Outcome) -> &'static str {
    match outcome.fate {
        Fate::Created => "+",
        Fate::Deleted | Fate::Retained => "-",
        Fate::Updated(Update::Replaces | Update::MayReplace) => "-/+",
        Fate::Moved => "<-",
        Fate::Unchanged | Fate::Updated(_) => "~",
    }
}

pub(crate) const fn glyph_of_kind(kind: ChangeKind) -> &'static str {
    match kind {
        ChangeKind::Added => "+",
        ChangeKind::Removed => "-",
        ChangeKind::Changed => "~",
    }
}

#[cfg(test)]
mod tests;
