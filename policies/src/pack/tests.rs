use lakewright_template::Value;

use std::collections::BTreeSet;

use super::*;
use crate::document::{IdentityPolicy, Statement};
use crate::size::characters;

fn group(number: usize, resources: usize) -> Group<usize> {
    let resources =
        (0..resources).map(|place| Value::text(format!("arn:aws:s3:::bucket-{number}-{place}")));
    let statement = Statement::allow(format!("S{number}"), ["s3:GetObject"], resources);
    let statements = vec![Tagged::new(statement, BTreeSet::from([number]))];
    Group { name: format!("S{number}"), statements }
}

fn resources<'a>(statements: impl IntoIterator<Item = &'a Tagged<usize>>) -> BTreeSet<Value> {
    statements.into_iter().flat_map(|tagged| tagged.statement.resources.clone()).collect()
}

fn characters_of(policy: &Packed<usize>) -> usize {
    let statements = policy.statements.iter().map(|tagged| tagged.statement.clone());
    let document = IdentityPolicy::new(statements.collect()).expect("identity statements");
    characters(&document.into_value())
}

#[test]
fn every_policy_is_within_the_limit_and_nothing_is_lost() {
    let groups: Vec<_> = (0..40).map(|number| group(number, 1 + number % 9)).collect();
    let expected = resources(groups.iter().flat_map(|group| &group.statements));
    for allowed in [20, 7] {
        let policies = pack(groups.clone(), 2_000, allowed).expect("enough room");
        assert_eq!(resources(policies.iter().flat_map(|policy| &policy.statements)), expected);
        assert!(policies.iter().all(|policy| characters_of(policy) <= 2_000));
        assert!(policies.len() <= allowed);
        let numbers: BTreeSet<usize> = policies.iter().map(|policy| policy.number).collect();
        assert_eq!(numbers.len(), policies.len(), "{numbers:?}");
    }
}

#[test]
fn a_group_that_fills_more_than_a_policy_spills() {
    let statements = (0..80).flat_map(|number| group(number, 1).statements).collect();
    let group = Group { name: "one".to_owned(), statements };
    let policies = pack(vec![group], 2_000, 2).expect("two policies hold it");
    assert_eq!(policies.len(), 2, "one is its home, and one is spare");
    assert!(policies.iter().all(|policy| characters_of(policy) <= 2_000));
}

#[test]
fn what_does_not_fit_says_how_much() {
    let groups: Vec<_> = (0..9).map(|number| group(number, 40)).collect();
    for allowed in [1, 2] {
        let error = pack(groups.clone(), 2_000, allowed).expect_err("too many");
        let PackError::TooMany { needed, allowed: given, left_out } = error else {
            panic!("{error}")
        };
        assert!(needed > allowed && given == allowed && left_out > 0);
    }
    let error = pack(vec![group(1, 200)], 2_000, 2);
    assert!(matches!(error, Err(PackError::TooLarge { .. })), "{error:?}");
}

mod growth {
    use proptest::prelude::*;
    use proptest::strategy::ValueTree as _;
    use proptest::test_runner::TestRunner;

    use super::*;
    use crate::condition::{Comparison, Condition, Conditions};

    type Policies = BTreeMap<usize, BTreeSet<Statement>>;

    /// Statements that a role receives together, such as a share: of a few kinds, about one target.
    /// Some have conditions, and some are about a resource that other grants name as well.
    #[derive(Debug, Clone)]
    struct Grant {
        target: u32,
        kinds: BTreeSet<usize>,
        is_limited: bool,
    }

    fn grants(count: usize) -> impl Strategy<Value = Vec<Grant>> {
        let kinds = prop::collection::btree_set(0_usize..24, 1..4);
        let grant = (any::<u32>(), kinds, prop::bool::weighted(0.2));
        let grant =
            grant.prop_map(|(target, kinds, is_limited)| Grant { target, kinds, is_limited });
        prop::collection::vec(grant, count)
    }

    fn group(grant: &Grant) -> Group<usize> {
        let Grant { target, kinds, is_limited } = grant;
        let statement = |kind: &usize| {
            let actions = (0..=kind % 7).map(|action| format!("s3:Action{kind}x{action}"));
            let resource = if kind.is_multiple_of(8) {
                "arn:aws:s3:::lakewright-shared".to_owned()
            } else {
                format!("arn:aws:s3:::lakewright-{kind}-{target:08x}/*")
            };
            let statement = Statement::allow(format!("Kind{kind}"), actions, [resource]);
            if !is_limited {
                return statement;
            }
            let like = Condition::new(Comparison::StringLike, "s3:prefix", format!("{target:08x}"));
            statement.when(Conditions::none().with(like))
        };
        let statements = kinds.iter().map(statement);
        let tagged = statements.map(|statement| Tagged::new(statement, BTreeSet::<usize>::new()));
        Group { name: format!("dataset/{target:08x}"), statements: tagged.collect() }
    }

    fn packed(grants: &[Grant], allowed: usize) -> Option<Policies> {
        let policies = pack(grants.iter().map(group).collect(), 6_144, allowed).ok()?;
        let content = |policy: Packed<usize>| {
            let statements = policy.statements.into_iter().map(|tagged| tagged.statement);
            (policy.number, statements.collect())
        };
        Some(policies.into_iter().map(content).collect())
    }

    /// Grows random roles until a grant does not fit. Returns how often each pair of numbers (policies changed,
    /// policies added) occurred, and the percentage of each role's policies that was filled at the end.
    fn grown(allowed: usize, roles: usize) -> (BTreeMap<(usize, usize), usize>, Vec<usize>) {
        let mut runner = TestRunner::deterministic();
        let (mut histogram, mut fill) = (BTreeMap::new(), Vec::new());
        for _ in 0..roles {
            let grants = grants(60 * allowed).new_tree(&mut runner).expect("grants").current();
            let mut before = Policies::new();
            for number in 1..=grants.len() {
                let Some(after) = packed(&grants[..number], allowed) else { break };
                let of_before = |number: &usize| before.get(number);
                let changed = before.iter().filter(|(number, of)| after.get(*number) != Some(*of));
                let new = after.keys().filter(|number| of_before(number).is_none());
                *histogram.entry((changed.count(), new.count())).or_default() += 1;
                before = after;
            }
            let characters: usize = before.values().map(document_characters).sum();
            fill.push(characters * 100 / (6_144 * allowed));
        }
        (histogram, fill)
    }

    /// The bound: at most two existing policies change, whatever the role has, up to the grant that does not
    /// fit. The parts into which a full policy is divided are new.
    #[test]
    fn a_grant_more_changes_two_policies_at_the_most() {
        for (allowed, roles) in [(1, 4), (2, 4), (4, 3), (6, 2), (10, 1)] {
            let (histogram, fill) = grown(allowed, roles);
            // `check --runway` relies on this percentage.
            assert!(fill.iter().all(|fill| *fill > FILLED_PERCENT), "{allowed}: {fill:?}");
            let all: usize = histogram.values().sum();
            assert!(all > 20 * allowed, "{allowed}: {all} grants");
            assert!(histogram.keys().all(|(changed, _)| *changed <= 2), "{allowed}: {histogram:?}");
            let new: usize = histogram.iter().map(|((_, new), count)| new * count).sum();
            assert!(new <= allowed * roles, "{allowed}: {histogram:?}");
        }
    }
}
