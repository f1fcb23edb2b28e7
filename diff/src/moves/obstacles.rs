//! Why CloudFormation's stack refactoring cannot move resources.
//!
//! Source of each rule where none is named: "Stack refactoring considerations" and "How stack refactoring works" in "Stack
//! refactoring", CloudFormation user guide.

use std::collections::{BTreeMap, BTreeSet};

use lakewright_template::{ResourceEntry, Template};

use super::Sides;
use super::candidates::of_stack;
use super::pairs::listed;
use super::support::refusal;
use super::written::parts;
use crate::change::{ChangeKind, StackChange};
use crate::review::Move;

/// The most stacks of a refactoring.
const STACKS: usize = 5;

/// Where a resource is: its stack and its logical id.
type At<'m> = (&'m str, &'m str);

/// The moves with all that decides about their obstacles.
struct Moved<'m> {
    sides: &'m Sides<'m>,
    changes: BTreeMap<&'m str, &'m StackChange>,
    to: BTreeMap<At<'m>, At<'m>>,
    targets: BTreeSet<At<'m>>,
}

/// The obstacles of each move.
pub(super) fn of(moves: &[Move], sides: &Sides<'_>, changes: &[StackChange]) -> Vec<Vec<String>> {
    // What has its like in another account or region is removed here, and added there.
    let near: Vec<&Move> = moves.iter().filter(|one| sides.is_within_a_place(one)).collect();
    let context = Moved {
        sides,
        changes: changes.iter().map(|change| (change.stack.as_str(), change)).collect(),
        to: near.iter().map(|one| (at(&one.from), at(&one.to))).collect(),
        targets: near.iter().map(|one| at(&one.to)).collect(),
    };
    let mut all: Vec<Vec<String>> = moves.iter().map(|one| context.of_one(one)).collect();
    let within: Vec<usize> = (0..moves.len())
        .filter(|place| moves.get(*place).is_some_and(|one| sides.is_within_a_place(one)))
        .collect();
    for (stacks, members) in groups(moves, &within) {
        let of_stacks = context.of_stacks(&stacks);
        let stuck =
            members.iter().filter(|place| all.get(**place).is_some_and(|own| !own.is_empty()));
        let stuck: Vec<usize> = stuck.copied().collect();
        let names: Vec<String> =
            stuck.iter().filter_map(|place| Some(shown(moves.get(*place)?))).collect();
        for place in members {
            let Some(own) = all.get_mut(place) else { continue };
            own.extend(of_stacks.iter().cloned());
            if stuck.iter().any(|other| *other != place) {
                own.push(format!(
                    "A refactoring does all moves of its stacks at once, and these cannot be part of it: {}.",
                    listed(&names)
                ));
            }
        }
    }
    all
}

/// The moves among `which` that share stacks: the stacks, and the positions of the moves.
pub(super) fn groups<'m>(
    moves: &'m [Move],
    which: &[usize],
) -> Vec<(BTreeSet<&'m str>, Vec<usize>)> {
    let mut parents: BTreeMap<&'m str, &'m str> = BTreeMap::new();
    let chosen = which.iter().filter_map(|place| Some((*place, moves.get(*place)?)));
    let chosen: Vec<(usize, &'m Move)> = chosen.collect();
    for (_, one) in &chosen {
        let (from, to) = (root(&parents, &one.from.0), root(&parents, &one.to.0));
        if from != to {
            parents.insert(from, to);
        }
    }
    let mut groups: BTreeMap<&'m str, (BTreeSet<&'m str>, Vec<usize>)> = BTreeMap::new();
    for (place, one) in chosen {
        let (stacks, members) = groups.entry(root(&parents, &one.from.0)).or_default();
        stacks.extend([one.from.0.as_str(), one.to.0.as_str()]);
        members.push(place);
    }
    groups.into_values().collect()
}

fn root<'m>(parents: &BTreeMap<&'m str, &'m str>, stack: &'m str) -> &'m str {
    let mut at = stack;
    while let Some(&parent) = parents.get(at) {
        at = parent;
    }
    at
}

fn at(place: &(String, String)) -> At<'_> {
    (&place.0, &place.1)
}

/// A moved resource in a sentence.
fn shown(one: &Move) -> String {
    format!("`{}` of {}", one.from.1, one.from.0)
}

impl Moved<'_> {
    /// The obstacles of one move itself.
    fn of_one(&self, one: &Move) -> Vec<String> {
        if !self.sides.is_within_a_place(one) {
            return vec![
                "The stacks lie in different accounts or regions. A refactoring is a request to one account and region, and there \
                 the resource would be another one of the same name."
                    .to_owned(),
            ];
        }
        let mut found: Vec<String> = refusal(&one.resource_type).into_iter().collect();
        let before = self.sides.entry_before(at(&one.from));
        let after = self.sides.entry_after(at(&one.to));
        let (Some(before), Some(after)) = (before, after) else { return found };
        if one.from.0 != one.to.0 {
            let used: BTreeSet<&str> =
                before.properties.iter().flat_map(|(_, value)| of_stack(value)).collect();
            found.extend(used.into_iter().map(|name| {
                format!("The resource uses `{name}`, whose value differs between the stacks.")
            }));
        }
        let changed = self.changed((one.from.0.as_str(), before), (one.to.0.as_str(), after));
        if !changed.is_empty() {
            found.push(format!(
                "A refactoring changes no resource, and of this one {} changes as well: deploy that before or afterwards.",
                listed(&changed)
            ));
        }
        found
    }

    /// The properties and attributes that differ between a resource before the moves, and the same resource after them.
    /// A reference to a resource that moves along is no difference.
    fn changed(
        &self,
        (stack_before, before): (&str, &ResourceEntry),
        (stack_after, after): (&str, &ResourceEntry),
    ) -> Vec<String> {
        let before = parts(before, &mut |id: &str| match self.to.get(&(stack_before, id)) {
            Some((stack, id)) => format!("{stack}#{id}"),
            None if self.sides.entry_before((stack_before, id)).is_some() => {
                format!("{stack_before}#{id}")
            }
            None => id.to_owned(),
        });
        let after = parts(after, &mut |id: &str| {
            let is_resource = self.sides.entry_after((stack_after, id)).is_some();
            if is_resource { format!("{stack_after}#{id}") } else { id.to_owned() }
        });
        let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
        let differ = names.into_iter().filter(|name| before.get(*name) != after.get(*name));
        differ.map(|name| format!("`{name}`").replace(" (attribute)`", "`")).collect()
    }

    /// The obstacles that a group of stacks has.
    fn of_stacks(&self, stacks: &BTreeSet<&str>) -> Vec<String> {
        let mut found = Vec::new();
        if stacks.len() > STACKS {
            found.push(format!(
                "A refactoring has at most {STACKS} stacks, and these moves connect {}.",
                stacks.len()
            ));
        }
        for stack in stacks {
            let others = self.other_changes(stack);
            if !others.is_empty() {
                found.push(format!(
                    "A refactoring does nothing but move, and in {stack} there are other changes ({}): deploy them before or \
                     afterwards.",
                    listed(&others)
                ));
            }
            let is_empty = |template: &Template| template.resources.is_empty();
            if self.sides.before.contains_key(stack)
                && self.sides.after.get(stack).is_none_or(|stack| is_empty(stack.template))
            {
                found.push(format!(
                    "CloudFormation has no empty stacks, and nothing would stay in {stack}: add a resource to it first, such as an \
                     SNS topic, and delete the stack afterwards."
                ));
            }
        }
        found
    }

    /// The changes of a stack that are no moves.
    fn other_changes(&self, stack: &str) -> Vec<String> {
        let mut found = Vec::new();
        let change = self.changes.get(stack);
        for resource in change.into_iter().flat_map(|change| &change.resources) {
            let id = resource.logical_id.as_str();
            let here = (stack, id);
            let is_other = match resource.kind {
                ChangeKind::Added => !self.targets.contains(&here),
                ChangeKind::Removed => !self.to.contains_key(&here),
                ChangeKind::Changed => {
                    match (self.sides.entry_before(here), self.sides.entry_after(here)) {
                        (Some(before), Some(after)) => {
                            !self.changed((stack, before), (stack, after)).is_empty()
                        }
                        _ => true,
                    }
                }
            };
            if is_other {
                found.push(format!("`{id}` is {}", word(resource.kind)));
            }
        }
        let none = Template::default();
        let before = self.sides.before.get(stack).map_or(&none, |stack| stack.template);
        // A stack that goes away keeps its sections until it is deleted.
        let after = self.sides.after.get(stack).map_or(before, |stack| stack.template);
        found.extend(sections(before, after));
        found
    }
}

fn word(kind: ChangeKind) -> &'static str {
    match kind {
        ChangeKind::Added => "added",
        ChangeKind::Removed => "removed",
        ChangeKind::Changed => "changed",
    }
}

/// The sections that differ and that a refactoring may not change. Outputs may change: a reference to a resource that is
/// in another stack afterwards needs one (aws/aws-cdk-cli, issue 657). Of the other sections nothing says so.
fn sections(before: &Template, after: &Template) -> Vec<String> {
    let differ = [
        ("Conditions", before.conditions != after.conditions),
        ("Fn::Transform", before.includes != after.includes),
        ("Globals", before.globals != after.globals),
        ("Hooks", before.hooks != after.hooks),
        ("Mappings", before.mappings != after.mappings),
        ("Parameters", before.parameters != after.parameters),
        ("Rules", before.rules != after.rules),
        ("Transform", before.transform != after.transform),
    ];
    let differ = differ.into_iter().filter(|(_, differs)| *differs);
    differ.map(|(name, _)| format!("`{name}` differs")).collect()
}
