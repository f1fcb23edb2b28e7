//! Which stack holds an access policy.
//!
//! A policy must never move to another stack: it would be missing between its deletion there and its creation here, and a
//! policy that denies would then not deny. A stack of a policy that depends on the policy's id alone never changes, and no
//! other rule has this property: if each added policy leaves all others where they are, then, added one by one, each is where
//! it would be alone. So the number of stacks is fixed, and a stack exists as soon as a policy is in it.
//!
//! Eight are enough. A policy has more than 100 bytes, its scope alone, and a policy store takes 200,000 bytes of policies, so
//! at most 2,000 policies, or 250 for each stack on average. A stack takes 500 resources; 400 leave room. Where AWS has
//! raised this quota, a stack can get full, which is an error.

use lakewright_template::digest::hex_prefix;

/// The number of stacks that access policies are spread over.
pub(super) const STACKS: usize = 8;
/// The policies that one stack takes.
pub(super) const MOST: usize = 400;

/// The number of the stack that holds the policy of a rule, from 1 on.
pub(super) fn stack_of(rule: &str) -> usize {
    let digits = hex_prefix(rule.as_bytes(), 8);
    let number = digits.bytes().fold(0_usize, |number, digit| {
        let value = char::from(digit).to_digit(16).unwrap_or_default();
        (number * 16 + usize::try_from(value).unwrap_or_default()) % STACKS
    });
    number + 1
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use proptest::prelude::*;

    use super::*;

    /// Each stack with the policies in it.
    fn spread(ids: &BTreeSet<String>) -> BTreeMap<usize, BTreeSet<&String>> {
        let mut stacks: BTreeMap<usize, BTreeSet<&String>> = BTreeMap::new();
        for id in ids {
            stacks.entry(stack_of(&format!("policy/{id}"))).or_default().insert(id);
        }
        stacks
    }

    proptest! {
        #[test]
        fn one_more_policy_changes_one_stack_and_moves_none(
            ids in prop::collection::btree_set("[a-z][a-z0-9-]{0,39}", 1..200),
            more in "[a-z][a-z0-9-]{0,39}",
        ) {
            let mut after = ids.clone();
            prop_assume!(after.insert(more.clone()));
            let (before, after) = (spread(&ids), spread(&after));
            let all: BTreeSet<&usize> = before.keys().chain(after.keys()).collect();
            let changed: Vec<&&usize> =
                all.iter().filter(|number| before.get(**number) != after.get(**number)).collect();
            prop_assert_eq!(changed.len(), 1);
            for (number, ids) in &before {
                prop_assert!(ids.is_subset(&after[number]));
            }
            prop_assert!(after.keys().all(|number| (1..=STACKS).contains(number)));
            prop_assert!(after.len() >= before.len());
        }
    }

    /// The quota of 200,000 bytes and the size of the smallest policy: see the module.
    #[test]
    fn as_many_policies_as_a_store_takes_fit_into_the_stacks() {
        let ids: BTreeSet<String> = (0..2_000).map(|number| format!("rule-{number}")).collect();
        let stacks = spread(&ids);
        assert_eq!(stacks.len(), STACKS);
        let most = stacks.values().map(BTreeSet::len).max();
        assert!(most.is_some_and(|most| most <= MOST), "{most:?}");
    }

    /// A policy that is deployed stays where it is with each version of the program.
    #[test]
    fn the_stack_of_a_policy_is_the_same_in_each_version() {
        let stacks = ["policy/all-users", "policy/catalog", "policy/editors"].map(stack_of);
        assert_eq!(stacks, PINNED);
    }

    /// SHA-256 of these names by coreutils' `sha256sum`: the last hexadecimal digit of the first eight, modulo 8, plus 1.
    const PINNED: [usize; 3] = [5, 3, 6];
}
