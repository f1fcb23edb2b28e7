//! Which items of two lists belong together.

use std::collections::{BTreeMap, BTreeSet};

use lakewright_template::Value;

use super::normal::{is_same, normal};

/// The indexes of an item before and after the change; `None` where it does not exist.
pub(super) type Pair = (Option<usize>, Option<usize>);

/// The members that identify an item among others. The first of them that all items have, each with its own value, is used.
const NAMES: [&str; 6] = ["Key", "Id", "Name", "PolicyName", "AttributeName", "Sid"];

/// The items of lists without an order that differ.
pub(super) fn unordered(before: &[Value], after: &[Value]) -> Vec<Pair> {
    let mut places: BTreeMap<Value, Vec<usize>> = BTreeMap::new();
    for (index, item) in after.iter().enumerate().rev() {
        places.entry(normal(item)).or_default().push(index);
    }
    let mut removed = Vec::new();
    for (index, item) in before.iter().enumerate() {
        if places.get_mut(&normal(item)).and_then(Vec::pop).is_none() {
            removed.push(index);
        }
    }
    let mut added: Vec<usize> = places.into_values().flatten().collect();
    added.sort_unstable();
    if let Some(pairs) = by_name(before, after, &removed, &added) {
        return pairs;
    }
    // One item that differs is the same item.
    if let ([old], [new]) = (removed.as_slice(), added.as_slice())
        && is_map(before.get(*old))
        && is_map(after.get(*new))
    {
        return vec![(Some(*old), Some(*new))];
    }
    let removed = removed.into_iter().map(|index| (Some(index), None));
    removed.chain(added.into_iter().map(|index| (None, Some(index)))).collect()
}

/// The items of lists with an order that differ: those between the items with which both lists begin and end.
pub(super) fn ordered(before: &[Value], after: &[Value]) -> Vec<Pair> {
    let is_equal = |(old, new): &(&Value, &Value)| is_same(old, new);
    let first = before.iter().zip(after).take_while(is_equal).count();
    let (old_rest, new_rest) = (before.iter().skip(first).rev(), after.iter().skip(first).rev());
    let last = old_rest.zip(new_rest).take_while(is_equal).count();
    let removed: Vec<usize> = (first..before.len() - last).collect();
    let added: Vec<usize> = (first..after.len() - last).collect();
    if let Some(pairs) = by_name(before, after, &removed, &added).filter(|pairs| is_sorted(pairs)) {
        return pairs;
    }
    let length = removed.len().max(added.len());
    (0..length).map(|place| (removed.get(place).copied(), added.get(place).copied())).collect()
}

/// Pairs items that have the same name. `None` if the items have no names.
fn by_name(
    before: &[Value],
    after: &[Value],
    removed: &[usize],
    added: &[usize],
) -> Option<Vec<Pair>> {
    let (old_names, new_names) = NAMES.iter().find_map(|member| {
        let old_names = names_of(before, removed, member)?;
        let new_names = names_of(after, added, member)?;
        (are_distinct(&old_names) && are_distinct(&new_names)).then_some((old_names, new_names))
    })?;
    let places: BTreeMap<&Value, usize> = new_names.iter().zip(added.iter().copied()).collect();
    let known: BTreeSet<&Value> = old_names.iter().collect();
    let mut pairs: Vec<Pair> = Vec::new();
    for (name, index) in old_names.iter().zip(removed) {
        pairs.push((Some(*index), places.get(name).copied()));
    }
    for (name, index) in new_names.iter().zip(added) {
        if !known.contains(name) {
            pairs.push((None, Some(*index)));
        }
    }
    Some(pairs)
}

/// The values that the items have under a member. `None` if an item has none.
fn names_of(items: &[Value], indexes: &[usize], member: &str) -> Option<Vec<Value>> {
    let name = |index: &usize| items.get(*index)?.as_map()?.get(member).map(normal);
    indexes.iter().map(name).collect()
}

fn are_distinct(names: &[Value]) -> bool {
    names.iter().collect::<BTreeSet<_>>().len() == names.len()
}

/// Whether the items that exist on both sides have the same order there. The pairs have the order before the change.
fn is_sorted(pairs: &[Pair]) -> bool {
    let both = pairs.iter().filter_map(|(old, new)| old.and(*new));
    both.collect::<Vec<_>>().is_sorted()
}

fn is_map(item: Option<&Value>) -> bool {
    item.is_some_and(|item| item.as_map().is_some())
}
