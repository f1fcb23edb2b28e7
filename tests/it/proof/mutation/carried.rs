//! The condition keys that requests carry.

use std::collections::{BTreeMap, BTreeSet};

use lakewright_access::document::{Comparison, Condition};

use super::{FILL, sample};

pub(super) type Keys = BTreeMap<String, Vec<String>>;

/// The condition keys that requests carry, by the conditions of one statement.
#[derive(Default)]
pub(super) struct Carried {
    /// Keys with which the conditions hold.
    base: Keys,
    /// Other values of single keys.
    others: Vec<(String, Vec<String>)>,
}

impl Carried {
    pub(super) fn add(&mut self, condition: &Condition) {
        let is_null = condition.comparison == Comparison::Null;
        for value in &condition.values {
            let values = match (is_null, value.as_str()) {
                (true, "true") => continue,
                (true, _) => vec![FILL.to_owned()],
                _ => vec![sample(value, FILL)],
            };
            self.base.entry(condition.key.clone()).or_insert_with(|| values.clone());
            self.others.push((condition.key.clone(), values));
            self.others.push((condition.key.clone(), vec!["different".to_owned()]));
        }
    }

    /// All keys, all with another value of one, and all but one.
    pub(super) fn contexts(self) -> BTreeSet<Keys> {
        let mut contexts = BTreeSet::new();
        for (key, values) in self.others {
            let mut context = self.base.clone();
            context.insert(key.clone(), values);
            contexts.insert(context);
            let mut context = self.base.clone();
            context.remove(&key);
            contexts.insert(context);
        }
        contexts.insert(self.base);
        contexts
    }
}
