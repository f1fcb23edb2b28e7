//! Merges statements without changing any decision.
//!
//! Two statements that differ in one set only (actions, resources, principals,
//! or the values of one condition of which one must match) are equivalent to
//! one statement with the union of that set. Nothing else is merged: a union of
//! two sets at once would allow combinations that neither statement allowed.

use std::collections::BTreeSet;
use std::hash::BuildHasher as _;
use std::sync::Arc;

use crate::document::Statement;

/// A statement with data that its owner attaches, such as its causes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tagged<C> {
    /// The statement.
    pub statement: Statement,
    /// The attached data. Merging statements unites it. Most statements of a stack share one set.
    pub causes: Arc<BTreeSet<C>>,
    /// Whether statements with other names were merged into it.
    pub is_mixed: bool,
}

impl<C> Tagged<C> {
    /// A statement that nothing was merged into.
    pub fn new(statement: Statement, causes: impl Into<Arc<BTreeSet<C>>>) -> Self {
        Self { statement, causes: causes.into(), is_mixed: false }
    }
}

/// Merges statements until no two differ in one set only. A merged statement keeps the name that comes
/// first in the alphabet: adding or removing other statements then seldom changes it, and packing groups
/// statements by name. A policy may show another name ([`Tagged::telling_name`]).
pub fn merge<C: Ord + Clone>(statements: Vec<Tagged<C>>) -> Vec<Tagged<C>> {
    let mut merged = statements;
    merged.sort_by(|a, b| a.statement.cmp(&b.statement));
    let mut merged: Vec<(Sets, Tagged<C>)> =
        merged.into_iter().map(|tagged| (Sets::of(&tagged.statement), tagged)).collect();
    // A pass can make further statements mergeable; a pass without change ends the loop.
    loop {
        let before = merged.len();
        merged = pass(merged);
        if merged.len() == before {
            return merged.into_iter().map(|(_, tagged)| tagged).collect();
        }
    }
}

fn pass<C: Ord + Clone>(statements: Vec<(Sets, Tagged<C>)>) -> Vec<(Sets, Tagged<C>)> {
    let mut merged: Vec<(Sets, Tagged<C>)> = Vec::with_capacity(statements.len());
    for (sets, next) in statements {
        let alike = merged.iter_mut().find(|(kept_sets, kept)| {
            kept_sets.can_merge_with(&sets) && differ_in_one_set(&kept.statement, &next.statement)
        });
        match alike {
            Some((kept_sets, kept)) => {
                kept.is_mixed |= next.is_mixed || kept.statement.sid != next.statement.sid;
                unite(&mut kept.statement, next.statement);
                if kept.causes != next.causes {
                    Arc::make_mut(&mut kept.causes).extend(next.causes.iter().cloned());
                }
                *kept_sets = Sets::of(&kept.statement);
            }
            None => merged.push((sets, next)),
        }
    }
    merged
}

/// Unites the one set in which two statements differ. The others stay as they are, because inserting what is there
/// already takes longer than comparing.
fn unite(kept: &mut Statement, next: Statement) {
    if kept.conditions != next.conditions {
        kept.conditions = kept.conditions.union(&next.conditions);
    }
    if kept.principals != next.principals {
        kept.principals.extend(next.principals);
    }
    if kept.actions != next.actions {
        kept.actions.extend(next.actions);
    }
    if kept.resources != next.resources {
        kept.resources.extend(next.resources);
    }
}

/// Hashes of a statement's sets. Most pairs differ in several sets, which hashes show faster than the sets do. They are
/// compared within one run and never written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Sets([u64; 4]);

impl Sets {
    fn of(statement: &Statement) -> Self {
        let hasher = foldhash::fast::FixedState::default();
        let Statement { principals, actions, resources, conditions, .. } = statement;
        Self([
            hasher.hash_one(resources),
            hasher.hash_one(actions),
            hasher.hash_one(principals),
            hasher.hash_one(conditions),
        ])
    }

    /// Whether at most one set differs.
    fn can_merge_with(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).filter(|(one, another)| one != another).count() <= 1
    }
}

fn differ_in_one_set(a: &Statement, b: &Statement) -> bool {
    let differ = [
        a.resources != b.resources,
        a.actions != b.actions,
        a.principals != b.principals,
        a.conditions != b.conditions,
    ];
    a.effect == b.effect
        && differ.into_iter().filter(|differs| *differs).count() <= 1
        && a.conditions.are_alternatives(&b.conditions)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tagged(statement: Statement, cause: u8) -> Tagged<u8> {
        Tagged::new(statement, BTreeSet::from([cause]))
    }

    #[test]
    fn statements_that_differ_in_one_set_become_one() {
        let merged = merge(vec![
            tagged(Statement::allow("B", ["s3:PutObject"], ["x"]), 2),
            tagged(Statement::allow("A", ["s3:GetObject"], ["x"]), 1),
        ]);
        assert_eq!(
            merged,
            [Tagged {
                statement: Statement::allow("A", ["s3:GetObject", "s3:PutObject"], ["x"]),
                causes: BTreeSet::from([1, 2]).into(),
                is_mixed: true,
            }]
        );
    }

    #[test]
    fn statements_that_differ_in_two_sets_stay_two() {
        let statements = vec![
            tagged(Statement::allow("A", ["s3:GetObject"], ["x"]), 1),
            tagged(Statement::allow("B", ["s3:PutObject"], ["y"]), 2),
        ];
        assert_eq!(merge(statements.clone()), statements);
    }

    #[test]
    fn values_of_one_positive_condition_are_alternatives() {
        use crate::condition::{Comparison, Condition, Conditions};
        let with = |comparison, value: &'static str| {
            let conditions =
                Conditions::none().with(Condition::new(comparison, "aws:PrincipalOrgID", value));
            Statement::allow("S", ["s3:GetObject"], ["x"]).when(conditions)
        };
        let merged = |comparison| {
            merge(vec![tagged(with(comparison, "a"), 1), tagged(with(comparison, "b"), 2)]).len()
        };
        assert_eq!(merged(Comparison::StringEquals), 1);
        // "not a" or "not b" is always true; "neither a nor b" is not.
        assert_eq!(merged(Comparison::StringNotEquals), 2);
        assert_eq!(merged(Comparison::Null), 2);
        let mut twice = with(Comparison::StringEquals, "a");
        twice.conditions.add(Condition::new(Comparison::Bool, "aws:SecureTransport", "true"));
        let other = with(Comparison::StringEquals, "b");
        assert_eq!(merge(vec![tagged(twice, 1), tagged(other, 2)]).len(), 2);
    }

    mod properties {
        use proptest::prelude::*;

        use super::*;

        /// The pairs of action and resource that a set of unconditioned statements allows.
        fn allowed(statements: &[Tagged<u8>]) -> BTreeSet<(String, String)> {
            statements
                .iter()
                .flat_map(|tagged| {
                    let Statement { actions, resources, .. } = &tagged.statement;
                    actions.iter().flat_map(move |action| {
                        resources.iter().map(move |resource| {
                            (action.to_string(), resource.as_text().unwrap_or_default().to_owned())
                        })
                    })
                })
                .collect()
        }

        proptest! {
            #[test]
            fn merging_changes_no_decision(
                pairs in prop::collection::vec(
                    (prop::collection::btree_set("[abc]", 1..3), prop::collection::btree_set("[xyz]", 1..3)), 0..8)
            ) {
                let statements: Vec<_> = pairs.into_iter().enumerate().map(|(place, (actions, resources))| {
                    tagged(Statement::allow(format!("S{place}"), actions, resources), 0)
                }).collect();
                let merged = merge(statements.clone());
                prop_assert_eq!(allowed(&statements), allowed(&merged));
                prop_assert!(merged.len() <= statements.len());
            }
        }
    }
}
