use lakewright_template::Value;

use super::*;
use crate::document::IdentityPolicy;

fn statement(number: usize, resources: usize) -> Tagged<usize> {
    let resources =
        (0..resources).map(|place| Value::text(format!("arn:aws:s3:::bucket-{number}-{place}")));
    Tagged {
        statement: Statement::allow(format!("S{number}"), ["s3:GetObject"], resources),
        causes: BTreeSet::from([number]),
    }
}

fn resources<'a>(statements: impl IntoIterator<Item = &'a Tagged<usize>>) -> BTreeSet<Value> {
    statements.into_iter().flat_map(|tagged| tagged.statement.resources.clone()).collect()
}

fn all(policies: &[Packed<usize>]) -> impl Iterator<Item = &Tagged<usize>> {
    policies.iter().flat_map(|policy| &policy.statements)
}

fn characters_of(policy: &Packed<usize>) -> usize {
    let statements = policy.statements.iter().map(|tagged| tagged.statement.clone());
    let document = IdentityPolicy::new(statements.collect()).expect("identity statements");
    characters(&document.into_value())
}

#[test]
fn every_policy_is_within_the_limit_and_nothing_is_lost() {
    let statements: Vec<_> = (0..40).map(|number| statement(number, 1 + number % 9)).collect();
    let expected = resources(&statements);
    // With few policies the statements are packed tightly.
    for allowed in [20, 6] {
        let policies = pack(statements.clone(), 2_000, allowed).expect("enough room");
        assert_eq!(resources(all(&policies)), expected);
        assert!(policies.iter().all(|policy| characters_of(policy) <= 2_000));
        let names: BTreeSet<&String> = policies.iter().map(|policy| &policy.name).collect();
        assert_eq!(names.len(), policies.len(), "{names:?}");
    }
}

#[test]
fn a_large_statement_is_cut_by_its_resources() {
    for allowed in [20, 5] {
        let policies = pack(vec![statement(1, 200)], 2_000, allowed).expect("it can be cut");
        assert_eq!(resources(all(&policies)).len(), 200);
        assert!(policies.len() > 1);
        assert!(policies.iter().all(|policy| characters_of(policy) <= 2_000));
    }
}

#[test]
fn what_does_not_fit_says_how_much() {
    let statements: Vec<_> = (0..9).map(|number| statement(number, 40)).collect();
    let error = pack(statements, 2_000, 2).expect_err("too many");
    assert!(matches!(error, PackError::TooMany { allowed: 2, left_out, .. } if left_out > 0));
    let long = Statement::allow("Long", ["s3:GetObject"], ["x".repeat(3_000)]);
    let error = pack(vec![Tagged { statement: long, causes: BTreeSet::from([0]) }], 2_000, 2);
    assert!(matches!(error, Err(PackError::TooLarge { .. })));
}

mod growth {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use proptest::strategy::ValueTree as _;
    use proptest::test_runner::TestRunner;

    use super::*;
    use crate::condition::{Comparison, Condition, Conditions};

    /// Grants as a role receives them: of a few kinds, each with its actions, about one resource,
    /// some under conditions.
    fn grants() -> impl Strategy<Value = Vec<(usize, u32, bool)>> {
        prop::collection::vec((0_usize..24, any::<u32>(), prop::bool::weighted(0.2)), 1..160)
    }

    fn granted((kind, resource, is_limited): (usize, u32, bool)) -> Tagged<usize> {
        let actions = (0..=kind % 7).map(|action| format!("s3:Action{kind}x{action}"));
        let resource = format!("arn:aws:s3:::lakewright-{kind}-{resource:08x}/*");
        let mut statement = Statement::allow(format!("Kind{kind}"), actions, [resource.clone()]);
        if is_limited {
            let like = Condition::new(Comparison::StringLike, "s3:prefix", resource);
            statement = statement.when(Conditions::none().with(like));
        }
        Tagged { statement, causes: BTreeSet::new() }
    }

    /// Grants that fill a few policies.
    fn many_grants() -> impl Strategy<Value = Vec<(usize, u32, bool)>> {
        prop::collection::vec((0_usize..24, any::<u32>(), prop::bool::weighted(0.2)), 500..700)
    }

    type Policies = BTreeMap<String, BTreeSet<Statement>>;

    fn packed(grants: &[(usize, u32, bool)], allowed: usize) -> Option<Policies> {
        let merged = merge(grants.iter().copied().map(granted).collect());
        let policies = pack(merged, 6_144, allowed).ok()?;
        let content = |policy: Packed<usize>| {
            let statements = policy.statements.into_iter().map(|tagged| tagged.statement);
            (policy.name, statements.collect())
        };
        Some(policies.into_iter().map(content).collect())
    }

    /// The policies that differ, come or go.
    fn changed(
        before: &BTreeMap<String, BTreeSet<Statement>>,
        after: &BTreeMap<String, BTreeSet<Statement>>,
    ) -> usize {
        let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
        names.into_iter().filter(|name| before.get(*name) != after.get(*name)).count()
    }

    /// How many policies the grants of random roles change, one after the other: how often how
    /// many.
    fn histogram(
        grants: &impl Strategy<Value = Vec<(usize, u32, bool)>>,
        cases: usize,
        allowed: usize,
    ) -> BTreeMap<usize, usize> {
        let mut runner = TestRunner::deterministic();
        let mut histogram = BTreeMap::new();
        for _ in 0..cases {
            let grants = grants.new_tree(&mut runner).expect("grants").current();
            let mut before = BTreeMap::new();
            for number in 1..=grants.len() {
                let Some(after) = packed(&grants[..number], allowed) else { break };
                *histogram.entry(changed(&before, &after)).or_default() += 1;
                before = after;
            }
        }
        histogram
    }

    /// A policy that is full is split in two, which is two changes; three, when all of it goes
    /// to the side with the new name, or one side has to be split once more.
    #[test]
    fn a_grant_more_changes_one_policy_or_two() {
        let histogram = histogram(&grants(), 60, 60);
        let all: usize = histogram.values().sum();
        let up_to = |most: usize| histogram.range(..=most).map(|(_, count)| count).sum::<usize>();
        assert!(all > 3_000, "{all} grants");
        assert_eq!(up_to(2), all, "{histogram:?}");
        assert!((all - up_to(1)) * 20 <= all, "{histogram:?}");
    }

    /// Where a role may have few policies they are filled to the end. What finds no room any more goes
    /// elsewhere, and once all of them are packed anew.
    #[test]
    fn a_grant_more_changes_few_policies_that_are_nearly_full() {
        for allowed in [4, 6, 10] {
            let histogram = histogram(&many_grants(), 2, allowed);
            let all: usize = histogram.values().sum();
            let few = histogram.range(..=2).map(|(_, count)| count).sum::<usize>();
            assert!(all > 400, "{allowed}: {histogram:?}");
            assert!(few * 100 >= all * 95, "{allowed}: {histogram:?}");
        }
    }
}
