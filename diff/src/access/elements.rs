//! Policies divided into elements, so that documents which are only written in another way do not differ.
//!
//! An element is one effect on one principal and one resource under certain conditions, with all of its actions. So
//! order, splitting, merging and re-packing of statements do not matter.

use std::collections::{BTreeMap, BTreeSet};

use lakewright_access::action::Action;
use lakewright_access::document::{
    Actions, Condition, Document, PrincipalEntry, Principals, Statement,
};

/// A part of a policy that only one side has: a statement with one resource, and the actions that the other side lacks.
#[derive(Debug, Clone)]
pub(super) struct Element {
    /// The statement, reduced to the actions in question and to one principal.
    pub(super) statement: Statement,
    /// The pattern of the resource; `None` if the statement excludes resources, or names none.
    pub(super) resource: Option<String>,
}

/// What elements of both sides must have in common to be compared by their actions.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[expect(clippy::struct_excessive_bools, reason = "each is a property of its own of a statement")]
struct Key {
    is_allow: bool,
    is_certain: bool,
    has_variables: bool,
    principals: Option<(bool, Vec<PrincipalEntry>)>,
    resources: (bool, Vec<String>),
    conditions: Vec<String>,
    /// Whether the actions are exceptions.
    not_actions: bool,
}

/// The actions of one key on both sides, and a statement of either side that they come from.
#[derive(Debug, Default)]
struct Sides<'d> {
    actions: [BTreeSet<&'d str>; 2],
    /// The lists of exceptions, one for each statement with `NotAction`.
    exceptions: [BTreeSet<BTreeSet<&'d str>>; 2],
    statement: Option<(&'d Document, &'d Statement)>,
}

/// The elements that only one side has.
pub(super) fn differing<'d>(
    before: impl Iterator<Item = &'d Document>,
    after: impl Iterator<Item = &'d Document>,
) -> Vec<Element> {
    let mut all: BTreeMap<Key, Sides<'d>> = BTreeMap::new();
    add(&mut all, 0, before);
    add(&mut all, 1, after);
    all.into_iter().filter_map(|(key, sides)| element(key, &sides)).collect()
}

/// Every element of these documents.
pub(super) fn all<'d>(documents: impl Iterator<Item = &'d Document>) -> Vec<Element> {
    differing(std::iter::empty(), documents)
}

fn add<'d>(
    all: &mut BTreeMap<Key, Sides<'d>>,
    side: usize,
    documents: impl Iterator<Item = &'d Document>,
) {
    for document in documents {
        for statement in &document.statements {
            for key in keys(document, statement) {
                let sides = all.entry(key).or_default();
                sides.statement = Some((document, statement));
                let names = statement.actions.names().iter().map(|action| action.lower());
                let patterns = statement.actions.patterns().iter().map(String::as_str);
                let texts: BTreeSet<&str> = names.chain(patterns).collect();
                sides.actions[side].extend(&texts);
                if statement.not_actions {
                    sides.exceptions[side].insert(texts);
                }
            }
        }
    }
}

fn keys(document: &Document, statement: &Statement) -> Vec<Key> {
    let mut conditions: Vec<String> = statement.conditions.iter().map(canonical).collect();
    conditions.sort();
    conditions.dedup();
    let has_variables = document.has_variables && mentions_variables(statement);
    let principals: Vec<Option<(bool, Vec<PrincipalEntry>)>> = match &statement.principals {
        None => vec![None],
        Some(Principals { entries, is_not: true }) => {
            let mut entries = entries.clone();
            entries.sort();
            vec![Some((true, entries))]
        }
        Some(Principals { entries, is_not: false }) => {
            entries.iter().map(|entry| Some((false, vec![entry.clone()]))).collect()
        }
    };
    let resources: Vec<(bool, Vec<String>)> = if statement.not_resources {
        let mut resources = statement.resources.clone();
        resources.sort();
        vec![(true, resources)]
    } else if statement.resources.is_empty() {
        vec![(false, Vec::new())]
    } else {
        statement.resources.iter().map(|one| (false, vec![one.clone()])).collect()
    };
    let mut keys = Vec::with_capacity(principals.len() * resources.len());
    for principals in &principals {
        for resources in &resources {
            keys.push(Key {
                is_allow: statement.is_allow,
                is_certain: statement.is_certain,
                has_variables,
                principals: principals.clone(),
                resources: resources.clone(),
                conditions: conditions.clone(),
                not_actions: statement.not_actions,
            });
        }
    }
    keys
}

fn mentions_variables(statement: &Statement) -> bool {
    let values = statement.conditions.iter().flat_map(|condition| &condition.values);
    statement.resources.iter().chain(values).any(|text| text.contains("${"))
}

/// The condition as text: equal texts mean the same.
fn canonical(condition: &Condition) -> String {
    let mut condition = condition.clone();
    condition.values.sort();
    condition.values.dedup();
    format!("{condition:?}")
}

impl<'d> Sides<'d> {
    fn are_equal(&self) -> bool {
        let ([before, after], [of_before, of_after]) = (&self.actions, &self.exceptions);
        before == after && of_before == of_after
    }

    /// The actions that the sides treat differently, and whether all actions but these are meant.
    ///
    /// Several statements with `NotAction` together exclude only what each of them excludes.
    fn differing(&self) -> (BTreeSet<&'d str>, bool) {
        let [before, after] = &self.actions;
        match self.exceptions.each_ref().map(BTreeSet::len) {
            // Actions, or one list of exceptions on each side.
            [0, 0] | [1, 1] => (before.symmetric_difference(after).copied().collect(), false),
            // Only one side has statements.
            [0, _] | [_, 0] => {
                let mut excluded: BTreeSet<&str> = before.union(after).copied().collect();
                for list in self.exceptions.iter().flatten() {
                    excluded.retain(|action| list.contains(action));
                }
                (excluded, true)
            }
            _ => (before.union(after).copied().collect(), false),
        }
    }
}

/// The element of a key whose actions differ between the sides.
fn element(key: Key, sides: &Sides<'_>) -> Option<Element> {
    if sides.are_equal() {
        return None;
    }
    let (_, statement) = sides.statement?;
    let (differing, not_actions) = sides.differing();
    let (patterns, names): (Vec<&str>, Vec<&str>) =
        differing.into_iter().partition(|action| action.contains(['*', '?']));
    let names = names.into_iter().map(Action::new).collect();
    let patterns = patterns.into_iter().map(str::to_owned).collect();
    let Key { principals, resources: (not_resources, resources), .. } = key;
    let resource = if not_resources { None } else { resources.first().cloned() };
    let principals = principals.map(|(is_not, entries)| Principals { entries, is_not });
    let statement = Statement {
        principals,
        actions: Actions::new(names, patterns),
        not_actions,
        resources,
        ..statement.clone()
    };
    Some(Element { statement, resource })
}
