//! Shows the review of a change. Each form has the same findings, with the same ids and the same sentences.

mod alike;
pub(crate) mod cdk;
mod decisions;
mod disagreements;
pub(crate) mod html;
pub(crate) mod json;
pub(crate) mod markdown;
mod moves;
pub(crate) mod names;
mod picture;
pub(crate) mod sarif;
pub(crate) mod sentences;
pub(crate) mod terminal;
pub(crate) mod written;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use lakewright_access::action::{Action, Level};
use lakewright_analysis::words::count;
use lakewright_diff::access::{AccessChange, Answer, Reach, Relation};
use lakewright_diff::change::{ChangeKind, PropertyChange, ResourceChange, StackChange};
use lakewright_diff::review::Review;
use lakewright_diff::update::{DataEffect, Fate, Outcome, Update};
use lakewright_template::digest::hex_prefix;

use alike::AlikeAccess;

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
    DecisionGained,
    DecisionUnknown,
    DataLoss,
    UpdateFails,
    Replacement,
    Disagreement,
    AccessLost,
    DecisionLost,
    Change,
}

impl Rule {
    pub(crate) const ALL: [Self; 11] = [
        Self::AccessGained,
        Self::AccessUnknown,
        Self::DecisionGained,
        Self::DecisionUnknown,
        Self::DataLoss,
        Self::UpdateFails,
        Self::Replacement,
        Self::Disagreement,
        Self::AccessLost,
        Self::DecisionLost,
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

/// A stack that is shown: for itself, or for all stacks that change alike.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ShownStack<'r> {
    pub(crate) change: &'r StackChange,
    /// The addresses of the stacks that change alike, this one included; empty if it is shown for itself.
    pub(crate) alike: &'r [String],
}

impl ShownStack<'_> {
    /// The number of stacks that it is shown for, besides itself.
    pub(crate) fn others(&self) -> usize {
        self.alike.len().saturating_sub(1)
    }
}

/// A changed resource with its stack.
pub(crate) type InStack<'r> = (ShownStack<'r>, &'r ResourceChange);

/// The findings in the order in which people read them.
#[derive(Debug)]
pub(crate) struct Sections<'r> {
    /// Access that is gained or may be gained, most severe first.
    pub(crate) gained: Vec<AlikeAccess<'r>>,
    /// Resources whose data could be lost.
    pub(crate) data: Vec<InStack<'r>>,
    /// Updates that fail, and other resources that are replaced.
    pub(crate) replaced: Vec<InStack<'r>>,
    /// Access that is lost.
    pub(crate) lost: Vec<AlikeAccess<'r>>,
    /// The stacks with their other changes; those that stand for others come last.
    pub(crate) others: Vec<(ShownStack<'r>, Vec<&'r ResourceChange>)>,
}

impl<'r> Shown<'r> {
    /// The name of a stack for people.
    pub(crate) fn stack(&self, stack: &str) -> String {
        self.named.stack(stack).unwrap_or_else(|| stack.to_owned())
    }

    pub(crate) fn is_equal(&self) -> bool {
        let Review { stacks, access, moves, disagreements, .. } = self.review;
        let is_decided_alike = decisions::all(self).next().is_none();
        let is_empty = stacks.is_empty() && access.is_empty() && moves.is_empty();
        is_empty && disagreements.is_empty() && is_decided_alike
    }

    /// The number of resources with a fate.
    pub(crate) fn fates(&self, fate: Fate) -> usize {
        self.resources().filter(|one| one.outcome.fate == fate).count()
    }

    fn resources(&self) -> impl Iterator<Item = &'r ResourceChange> {
        self.review.stacks.iter().flat_map(|stack| &stack.resources)
    }

    /// The names of the stacks that a stack is shown for, besides its own.
    pub(crate) fn names_of_alike(&self, stack: ShownStack<'_>) -> Vec<String> {
        let others = stack.alike.iter().filter(|one| **one != stack.change.stack);
        others.map(|one| self.stack(one)).collect()
    }

    /// The stacks that are shown: first those that are shown for themselves, and then one of each group that changes alike.
    pub(crate) fn shown_stacks(&self) -> Vec<ShownStack<'r>> {
        let Review { stacks, alike, .. } = self.review;
        let members: BTreeSet<&String> = alike.iter().flat_map(|one| &one.members).collect();
        let single = stacks.iter().filter(|one| !members.contains(&one.stack));
        let mut shown: Vec<ShownStack<'r>> =
            single.map(|change| ShownStack { change, alike: &[] }).collect();
        let by_address: BTreeMap<&str, &StackChange> =
            stacks.iter().map(|one| (one.stack.as_str(), one)).collect();
        shown.extend(alike.iter().filter_map(|one| {
            let change = by_address.get(one.representative.as_str()).copied()?;
            Some(ShownStack { change, alike: &one.members })
        }));
        shown
    }

    /// The review in one line.
    pub(crate) fn summary(&self) -> String {
        if self.is_equal() {
            return "no changes".to_owned();
        }
        let stacks = self.review.stacks.len();
        let data = self
            .resources()
            .filter(|one| matches!(one.outcome.data, DataEffect::Unreadable | DataEffect::Lost));
        let disagreements = match self.review.disagreements.len() {
            0 => String::new(),
            number => {
                format!("; CloudFormation's change sets differ in {}", count(number, "finding"))
            }
        };
        format!(
            "{} {} ({}); {}; data could be lost in {}{}{disagreements}",
            count(stacks, "stack"),
            if stacks == 1 { "changes" } else { "change" },
            self.summary_of_fates(),
            self.summary_of_access(),
            count(data.count(), "resource"),
            decisions::summary(self),
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
        let moved = self.review.moves.len();
        if moved > 0 {
            parts.push(format!("{moved} moved"));
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
        entries.sort_by_key(Entry::rank);
        let (lost, gained): (Vec<_>, Vec<_>) =
            entries.into_iter().partition(|entry| entry.how == How::Lost);
        let stacks = self.shown_stacks();
        let of_rule = |rules: &[Rule]| -> Vec<InStack<'r>> {
            let all = stacks
                .iter()
                .flat_map(|stack| stack.change.resources.iter().map(move |one| (*stack, one)));
            let mut found: Vec<InStack<'r>> =
                all.filter(|(_, one)| rules.contains(&Rule::of_outcome(&one.outcome))).collect();
            found.sort_by_key(|(_, one)| {
                (
                    Rule::of_outcome(&one.outcome),
                    Reverse(one.outcome.data),
                    Reverse(one.outcome.fate),
                )
            });
            found
        };
        let others = stacks.iter().map(|stack| {
            let resources = stack.change.resources.iter();
            let is_other = |one: &&ResourceChange| Rule::of_outcome(&one.outcome) == Rule::Change;
            (*stack, resources.filter(is_other).collect::<Vec<_>>())
        });
        let is_shown = |(stack, resources): &(ShownStack<'_>, Vec<&ResourceChange>)| {
            let StackChange { others, resources: all, .. } = stack.change;
            !resources.is_empty() || !others.is_empty() || all.is_empty()
        };
        Sections {
            gained: alike::grouped(gained),
            data: of_rule(&[Rule::DataLoss]),
            replaced: of_rule(&[Rule::UpdateFails, Rule::Replacement]),
            lost: alike::grouped(lost),
            others: others.filter(is_shown).collect(),
        }
    }

    /// The ids of the findings that are shown: of stacks and principals that change alike, those of one.
    pub(crate) fn ids(&self) -> BTreeSet<String> {
        let mut ids = BTreeSet::new();
        for ShownStack { change, alike: _ } in self.shown_stacks() {
            let StackChange { stack, resources, others, kind: _ } = change;
            ids.extend(resources.iter().map(|one| id_of_resource(stack, one)));
            ids.extend(others.iter().map(|one| id_of_other(stack, one)));
        }
        let Sections { gained, lost, .. } = self.sections();
        ids.extend(gained.iter().chain(&lost).map(|one| id_of_access(one.entry.change)));
        let decided = decisions::grouped(self);
        ids.extend(decided.iter().flatten().map(|one| decisions::id(one.change)));
        ids.extend(self.review.disagreements.iter().map(disagreements::id));
        ids
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
