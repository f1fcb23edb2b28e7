//! Which removed resource is which added one.

use std::collections::{BTreeMap, BTreeSet};

use super::candidates::Candidate;

/// Names that a note lists.
const LISTED: usize = 3;

/// The pairs of resources, as positions among those that were removed and those that were added.
pub(super) struct Pairs<'c, 't> {
    removed: &'c [Candidate<'t>],
    added: &'c [Candidate<'t>],
    to: BTreeMap<usize, usize>,
    taken: BTreeSet<usize>,
}

impl<'c, 't> Pairs<'c, 't> {
    /// Pairs the resources that identify each other, the surest first.
    pub(super) fn of(removed: &'c [Candidate<'t>], added: &'c [Candidate<'t>]) -> Self {
        let mut pairs = Self { removed, added, to: BTreeMap::new(), taken: BTreeSet::new() };
        pairs.by(|one, _| Some((one.stack.place, kind(one), one.name.as_deref()?)));
        // A logical id that was renamed inside its stack.
        pairs.by(|one, _| Some((one.stack.address, kind(one), one.digest.as_str())));
        pairs.by(|one, _| Some((one.stack.place, kind(one), one.digest.as_str(), one.id)));
        let renamed = pairs.stacks();
        let stack = |one: &Candidate<'t>, is_before: bool| {
            if is_before {
                renamed.get(one.stack.address).copied()
            } else {
                Some(one.stack.address)
            }
        };
        pairs.by(|one, is_before| {
            Some((stack(one, is_before)?, kind(one), one.digest.as_str(), one.id))
        });
        pairs.by(|one, is_before| Some((stack(one, is_before)?, kind(one), one.digest.as_str())));
        pairs.by(|one, _| Some((one.stack.place, kind(one), one.digest.as_str())));
        // In another account or region it is another resource, of the same name.
        pairs.by(|one, _| Some((kind(one), one.name.as_deref()?)));
        pairs
    }

    /// Each removed resource with the added one.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&'c Candidate<'t>, &'c Candidate<'t>)> {
        let (removed, added) = (self.removed, self.added);
        self.to.iter().filter_map(move |(from, to)| Some((removed.get(*from)?, added.get(*to)?)))
    }

    /// Pairs the resources that have a key alone on both sides. The key's function is told whether the resource was removed.
    fn by<K: Ord>(&mut self, key: impl Fn(&'c Candidate<'t>, bool) -> Option<K>) {
        let mut groups: BTreeMap<K, (Vec<usize>, Vec<usize>)> = BTreeMap::new();
        for (place, one) in self.removed.iter().enumerate() {
            if let Some(key) = key(one, true).filter(|_| !self.to.contains_key(&place)) {
                groups.entry(key).or_default().0.push(place);
            }
        }
        for (place, one) in self.added.iter().enumerate() {
            if let Some(key) = key(one, false).filter(|_| !self.taken.contains(&place)) {
                groups.entry(key).or_default().1.push(place);
            }
        }
        for (removed, added) in groups.into_values() {
            if let ([from], [to]) = (removed.as_slice(), added.as_slice()) {
                self.to.insert(*from, *to);
                self.taken.insert(*to);
            }
        }
    }

    /// The stack that most of a stack's resources move to, where it is one.
    fn stacks(&self) -> BTreeMap<&'t str, &'t str> {
        let mut counts: BTreeMap<&'t str, BTreeMap<&'t str, usize>> = BTreeMap::new();
        for (from, to) in self.iter().filter(|(from, to)| from.stack.place == to.stack.place) {
            let counts = counts.entry(from.stack.address).or_default();
            *counts.entry(to.stack.address).or_default() += 1;
        }
        let most = counts.into_iter().filter_map(|(from, counts)| {
            let most = *counts.values().max()?;
            let mut targets = counts.into_iter().filter(|(_, count)| *count == most);
            let (to, _) = targets.next()?;
            targets.next().is_none().then_some((from, to))
        });
        most.collect()
    }

    /// The resources that could be one of several others, each group in a sentence.
    pub(super) fn ambiguous(&self) -> Vec<String> {
        let mut groups: BTreeMap<_, (Vec<String>, Vec<String>)> = BTreeMap::new();
        let key = |one: &'c Candidate<'t>| (one.stack.place, kind(one), one.digest.as_str());
        for (place, one) in self.removed.iter().enumerate() {
            if !self.to.contains_key(&place) {
                groups.entry(key(one)).or_default().0.push(one.shown());
            }
        }
        for (place, one) in self.added.iter().enumerate() {
            if !self.taken.contains(&place) {
                groups.entry(key(one)).or_default().1.push(one.shown());
            }
        }
        let unclear = groups.iter().filter(|(_, (from, to))| !from.is_empty() && !to.is_empty());
        let sentence = unclear.map(|((_, kind, _), (from, to))| {
            format!(
                "Resources of the type {kind} have equal properties, so it is unclear whether {} became {}: they count as removed \
                 and added.",
                listed(from),
                listed(to)
            )
        });
        sentence.collect()
    }
}

fn kind<'t>(one: &Candidate<'t>) -> &'t str {
    one.entry.kind.as_ref()
}

/// The first names of a list, and how many more there are.
pub(super) fn listed(names: &[String]) -> String {
    let first: Vec<&str> = names.iter().take(LISTED).map(String::as_str).collect();
    match names.len().saturating_sub(LISTED) {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}
