//! The comparison of access on random templates and random changes, against the evaluator of both sides.
//!
//! A long run: `PROPTEST_CASES=4096 cargo test --release -p lakewright-cli --test it -- review_random`. Each case decides
//! about 1,100 requests by both sides.

mod generate;

use std::collections::BTreeMap;

use lakewright_access::action::Action;
use lakewright_access::evaluate::Decision;
use lakewright_access::pattern;
use lakewright_access::request::{Context, Principal, Request, account_of};
use lakewright_access::sample::{FILL, STRANGERS};
use lakewright_access::world::{Outside, World};
use lakewright_diff::access::{AccessChange, Answer, Reach, Relation, Side, Witness, compare};
use proptest::prelude::*;
use proptest::test_runner::{RngSeed, TestCaseError};

use generate::{
    ACCOUNT, ONE, OTHER, POINT, Rewriting, TARGET, TWO, Templates, edit, rewriting, templates,
};

/// Cases of each property, unless `PROPTEST_CASES` says otherwise. They are the same in each run.
const CASES: u32 = 24;

fn config() -> ProptestConfig {
    let default = ProptestConfig::default();
    let is_long = std::env::var_os("PROPTEST_CASES").is_some();
    let cases = if is_long { default.cases } else { CASES };
    let rng_seed = if is_long { default.rng_seed } else { RngSeed::Fixed(1) };
    ProptestConfig { cases, failure_persistence: None, rng_seed, ..default }
}

/// Both sides of a change, and what the comparison finds.
struct Compared {
    templates: [Templates; 2],
    worlds: [World; 2],
    changes: Vec<AccessChange>,
}

impl Compared {
    fn of(before: Templates, after: Templates) -> Self {
        let worlds = [before.world(), after.world()];
        let lines = BTreeMap::new();
        let [one, other] =
            worlds.each_ref().map(|world| Side { world, stated: world, lines: &lines });
        let (changes, _) = compare(&one, &other, &[]);
        Self { templates: [before, after], worlds, changes }
    }

    /// Everything that a failure needs to be understood.
    fn told(&self) -> String {
        let [before, after] = self.templates.each_ref().map(Templates::json);
        let changes: Vec<String> = self.changes.iter().map(|one| format!("{one:#?}")).collect();
        format!(
            "before: {}\n{}\nafter: {}\n{}\nreview: {}",
            before[0],
            before[1],
            after[0],
            after[1],
            changes.join("\n")
        )
    }

    fn answers(&self, request: &Request<'_>) -> [Answer; 2] {
        self.worlds.each_ref().map(|world| answer(world, request))
    }
}

/// What a side says to a request: `Depends` if policies that no template contains decide it, or facts that the request
/// leaves open.
fn answer(world: &World, request: &Request<'_>) -> Answer {
    match world.decide(request, Outside::Unknown).decision {
        Decision::Allow => Answer::Allowed,
        Decision::ExplicitDeny | Decision::ImplicitDeny => Answer::Denied,
        Decision::Unknown => match world.decide(request, Outside::Allows).decision {
            Decision::ExplicitDeny | Decision::ImplicitDeny => Answer::Denied,
            Decision::Allow | Decision::Unknown => Answer::Depends,
        },
    }
}

/// Whether the request leaves something open that decides it, such as its address: a review decides such requests with
/// every value that counts.
fn is_open(world: &World, request: &Request<'_>) -> bool {
    let decision = |outside| world.decide(request, outside).decision == Decision::Unknown;
    decision(Outside::Unknown) && decision(Outside::Allows)
}

/// The principals that send requests.
fn principals() -> Vec<Principal> {
    vec![
        Principal::role(ONE),
        Principal::role(TWO),
        Principal::role(TARGET),
        Principal::role(format!("arn:aws:iam::{OTHER}:role/unknown")),
        Principal::role(format!("arn:aws:iam::{STRANGERS}:role/stranger")),
        Principal::Service("glue.amazonaws.com".to_owned()),
        Principal::Service("sns.amazonaws.com".to_owned()),
        Principal::Anonymous,
    ]
}

/// The contexts of requests. The keys are those that a requester chooses.
fn contexts() -> Vec<Context> {
    let sets: [&[(&str, &[&str])]; 12] = [
        &[],
        &[("aws:sourceip", &["10.1.2.3"])],
        &[("aws:sourceip", &["192.0.2.9"]), ("aws:requesttag/team", &["a"])],
        &[("aws:sourceip", &["10.200.0.1"]), ("s3:max-keys", &["5"])],
        &[("aws:sourceip", &["203.0.113.5"]), ("s3:max-keys", &["7"])],
        &[("aws:requesttag/team", &["a"]), ("sts:externalid", &["a"])],
        &[("aws:requesttag/team", &["b"]), ("aws:tagkeys", &["b1"])],
        &[("aws:requesttag/team", &["c"]), ("aws:tagkeys", &["a"])],
        &[("sts:externalid", &["b"]), ("aws:tagkeys", &["a", "b"])],
        &[("sts:externalid", &["ab"]), ("aws:securetransport", &["false"])],
        &[("s3:max-keys", &["10"]), ("aws:securetransport", &["false"])],
        &[("s3:max-keys", &["11"]), ("aws:tagkeys", &["c"])],
    ];
    let context = |set: &&[(&str, &[&str])]| {
        set.iter().fold(Context::new(), |context, (key, values)| {
            context.with(key, values.iter().copied())
        })
    };
    sets.iter().map(context).collect()
}

/// The actions, each with a resource.
fn subjects(worlds: &[World; 2]) -> Vec<(&'static str, String)> {
    let key = worlds[0].aliases().values().next().expect("the key").clone();
    let table = format!("arn:aws:glue:eu-west-1:{ACCOUNT}:table/sales/t");
    vec![
        ("s3:GetObject", "arn:aws:s3:::data/a/x".to_owned()),
        ("s3:GetObject", "arn:aws:s3:::data/b/x".to_owned()),
        ("s3:PutObject", "arn:aws:s3:::data/c/x".to_owned()),
        ("s3:GetObject", "arn:aws:s3:::another/x".to_owned()),
        ("s3:ListBucket", "arn:aws:s3:::data".to_owned()),
        ("s3:GetObject", format!("{POINT}/object/a/x")),
        ("s3:PutObject", format!("{POINT}/object/b/x")),
        ("kms:Decrypt", key),
        ("kms:Decrypt", format!("arn:aws:kms:us-east-1:{OTHER}:key/k")),
        ("sts:AssumeRole", TARGET.to_owned()),
        ("lakeformation:GetDataAccess", "*".to_owned()),
        ("lakeformation:SELECT", table),
    ]
}

/// Whether a finding about `found` covers requests of a principal.
fn covers(found: &str, principal: &Principal) -> bool {
    let name = principal.name();
    let is_of_account = || {
        let account = found.strip_suffix(":root").and_then(account_of);
        account.is_some() && account == principal.account()
    };
    found == name || found == "*" || is_of_account() || pattern::matches(found, name)
}

/// Checks each sampled request: who is answered otherwise has a finding that says so.
fn check_requests(compared: &Compared) -> Result<(), TestCaseError> {
    let (principals, contexts) = (principals(), contexts());
    for (action, resource) in subjects(&compared.worlds) {
        for principal in &principals {
            for context in &contexts {
                let action = Action::new(action);
                let request = Request { principal, action, resource: &resource, context };
                if compared.worlds.iter().any(|world| is_open(world, &request)) {
                    continue;
                }
                let [before, after] = compared.answers(&request);
                let wanted = match before.cmp(&after) {
                    std::cmp::Ordering::Equal => continue,
                    std::cmp::Ordering::Less => Relation::Broader,
                    std::cmp::Ordering::Greater => Relation::Narrower,
                };
                let is_found = compared.changes.iter().any(|change| {
                    let relation = change.relation;
                    covers(&change.principal, principal)
                        && (relation == wanted
                            || [Relation::Incomparable, Relation::Unknown].contains(&relation))
                });
                prop_assert!(
                    is_found,
                    "no finding that it is {wanted:?}: {request:?}\n{before:?} -> {after:?}\n{}",
                    compared.told()
                );
            }
        }
    }
    Ok(())
}

/// The principals that a finding may be about.
fn meant(found: &str) -> Vec<Principal> {
    if found == "*" {
        return vec![
            Principal::Anonymous,
            Principal::role(format!("arn:aws:iam::{STRANGERS}:role/{FILL}")),
            Principal::Service(format!("{FILL}.amazonaws.com")),
        ];
    }
    if found.ends_with(".amazonaws.com") {
        return vec![Principal::Service(found.to_owned())];
    }
    let role = found.strip_suffix(":root").map(|account| format!("{account}:role/{FILL}"));
    vec![Principal::role(role.unwrap_or_else(|| found.replace('*', FILL)))]
}

/// Checks each witness: both sides answer it as the review says.
fn check_witnesses(compared: &Compared) -> Result<(), TestCaseError> {
    for change in &compared.changes {
        for reach in change.gained.iter().chain(&change.lost) {
            // The action of a wildcard that AWS may add, and what is no request of IAM.
            if reach.witness.action.contains('*') || reach.statements.is_empty() {
                continue;
            }
            let is_so =
                meant(&change.principal).iter().any(|one| is_answered(compared, one, reach));
            prop_assert!(
                is_so,
                "{} is not answered so: {reach:#?}\n{}",
                change.principal,
                compared.told()
            );
        }
    }
    Ok(())
}

fn is_answered(compared: &Compared, principal: &Principal, reach: &Reach) -> bool {
    let Witness { action, resource, context } = &reach.witness;
    let context = context.iter().fold(Context::new(), |context, (key, values)| {
        context.with(key, values.iter().map(String::as_str))
    });
    let action = Action::new(action);
    let request = Request { principal, action, resource, context: &context };
    let [before, after] = compared.answers(&request);
    (before, after) == reach.decisions
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn the_evaluator_contradicts_no_finding(templates in templates(), edit in edit()) {
        let after = templates.edited(&edit);
        let compared = Compared::of(templates, after);
        check_requests(&compared)?;
        check_witnesses(&compared)?;
    }

    #[test]
    fn several_changes_at_once_are_found(
        templates in templates(),
        edits in prop::collection::vec(edit(), 2..5),
    ) {
        let after = edits.iter().fold(templates.clone(), |after, edit| after.edited(edit));
        let compared = Compared::of(templates, after);
        check_requests(&compared)?;
        check_witnesses(&compared)?;
    }

    #[test]
    fn another_way_to_write_the_same_is_no_finding(
        templates in templates(),
        rewriting in rewriting(),
    ) {
        let after = templates.rewritten(&rewriting);
        let compared = Compared::of(templates, after);
        // A comparison with too many combinations is unknown.
        let may_be_unknown = matches!(rewriting, Rewriting::Redundant);
        let is_wrong = |change: &AccessChange| {
            !change.gained.is_empty() || !change.lost.is_empty() || !may_be_unknown
        };
        let is_same = !compared.changes.iter().any(is_wrong);
        prop_assert!(is_same, "{rewriting:?}\n{}", compared.told());
    }
}
