//! The regions of patterns and the values of condition keys. Many elements are about the same resources with the same conditions, so these are kept.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use indexmap::IndexMap;
use lakewright_access::document::Condition;

use crate::language::{Limit, Machines, Pattern, Syntax, regions};
use crate::values::{Candidates, candidates};

/// The witnesses of the regions of a pattern, by the pattern and those that divide it.
type Known = BTreeMap<(String, Vec<String>), Result<Rc<[String]>, Limit>>;

/// The candidates of condition keys, by the key and the conditions on it.
type KnownValues = IndexMap<(String, Vec<Condition>), Result<Rc<Candidates>, Limit>>;

/// The regions and the candidates that were found in one comparison.
#[derive(Debug, Default)]
pub(super) struct Divided {
    known: RefCell<Known>,
    values: RefCell<KnownValues>,
    machines: Machines,
}

impl Divided {
    /// A resource for each region of `within` that the same patterns match.
    pub(super) fn witnesses(
        &self,
        within: &str,
        patterns: &BTreeSet<String>,
    ) -> Result<Rc<[String]>, Limit> {
        let near = patterns.iter().filter(|pattern| begin_alike(pattern, within));
        let key = (within.to_owned(), near.cloned().collect::<Vec<String>>());
        if let Some(known) = self.known.borrow().get(&key) {
            return known.clone();
        }
        let near: Vec<Pattern> = key.1.iter().filter_map(|text| readable(text)).collect();
        let atoms = readable(within)
            .map_or_else(|| Ok(Vec::new()), |one| regions(&self.machines, &one, &near));
        let found = atoms.map(|atoms| atoms.into_iter().map(|atom| atom.witness).collect());
        self.known.borrow_mut().insert(key, found.clone());
        found
    }

    /// The values of a condition key that tell conditions apart.
    pub(super) fn candidates(
        &self,
        condition_key: String,
        conditions: Vec<Condition>,
    ) -> Result<Rc<Candidates>, Limit> {
        let key = (condition_key, conditions);
        if let Some(known) = self.values.borrow().get(&key) {
            return known.clone();
        }
        let conditions: Vec<&Condition> = key.1.iter().collect();
        let found = candidates(&self.machines, &key.0, &conditions).map(Rc::new);
        self.values.borrow_mut().insert(key, found.clone());
        found
    }
}

/// Whether the texts before the first wildcard allow a common match.
fn begin_alike(one: &str, other: &str) -> bool {
    let literal = |text: &'_ str| text.find(['*', '?']).unwrap_or(text.len());
    let length = literal(one).min(literal(other));
    one.as_bytes()[..length] == other.as_bytes()[..length]
}

/// A pattern of resources. No ARN has a colon within its first five fields, so a wildcard there stays in its field.
fn readable(text: &str) -> Option<Pattern> {
    let is_whole = text.starts_with("arn:") && text.splitn(6, ':').count() == 6;
    Pattern::of(text, if is_whole { Syntax::Arn } else { Syntax::Like })
}
