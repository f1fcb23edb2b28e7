//! An example of a run, and its state.

use lakewright_fleet::event::Rejection;
use lakewright_fleet::plan::Step;

use super::*;

fn at(address: &str) -> StackAddress {
    StackAddress::parse(address).expect("an address")
}

pub(in crate::deployment::view) const fn seconds(number: u64) -> Duration {
    Duration::from_secs(number)
}

const SALES: &str = "111111111111/eu-west-1/dataset-sales";
const SHARE: &str = "111111111111/eu-west-1/share-sales";
const TEAM: &str = "222222222222/eu-west-1/team-finance";
const LOGS: &str = "222222222222/eu-west-1/dataset-logs";
const OLD: &str = "333333333333/us-east-1/dataset-old";
const LEFT: &str = "333333333333/us-east-1/share-old";

/// A run with a canary, two minutes after its beginning.
pub(in crate::deployment::view) fn example() -> State {
    let step = |address: &str, action| Step {
        address: at(address),
        kind: None,
        action,
        after: Vec::new(),
    };
    let updated = [SALES, SHARE, TEAM, LOGS].map(|address| step(address, Action::Update));
    let deleted = [OLD, LEFT].map(|address| step(address, Action::Delete));
    let kept = step("444444444444/eu-west-1/team-kept", Action::Keep);
    let plan = Plan { steps: updated.into_iter().chain(deleted).chain([kept]).collect() };
    let waves = Waves::of(&plan, &BTreeSet::from([at(SALES).place]));
    let mut state = State::new("Refresh of sales", &plan, &waves, "s3cret");
    let mut happens = |second: u64, event: Event| state.event(&event, seconds(second));
    let started = |address: &str| Event::Started { address: at(address) };
    let resource =
        |address: &str, logical_id: &str, status: &str, reason: Option<&str>| Event::Resource {
            address: at(address),
            logical_id: logical_id.to_owned(),
            kind: "AWS::Glue::Database".to_owned(),
            status: status.to_owned(),
            reason: reason.map(str::to_owned),
        };
    happens(1, started(SALES));
    happens(20, Event::Finished { address: at(SALES), outcome: Outcome::Updated });
    happens(21, started(SHARE));
    happens(65, Event::Finished { address: at(SHARE), outcome: Outcome::Updated });
    happens(70, started(TEAM));
    happens(75, started(LOGS));
    happens(80, started(OLD));
    happens(90, resource(LOGS, "Database", "UPDATE_IN_PROGRESS", None));
    let reason = Some("Access denied\nfor s3cret");
    happens(95, resource(OLD, "Database", "DELETE_FAILED", reason));
    let attention = Outcome::NeedsAttention("the bucket is not empty".to_owned());
    happens(100, Event::Finished { address: at(OLD), outcome: attention });
    let because = Because::Stack(at(OLD));
    happens(100, Event::Skipped { address: at(LEFT), because });
    state
}

/// The same run at its beginning: three stacks wait.
pub(in crate::deployment::view) fn waiting() -> State {
    let step = |address: &str, action| Step {
        address: at(address),
        kind: None,
        action,
        after: Vec::new(),
    };
    let steps = [
        step(SALES, Action::Update),
        step(TEAM, Action::Update),
        step(OLD, Action::Delete),
        step(LEFT, Action::Delete),
    ];
    let mut state = State::new("r", &Plan { steps: steps.into() }, &Waves::default(), "");
    state.event(&Event::Started { address: at(SALES) }, seconds(1));
    state
}

#[test]
fn failed_stacks_are_tried_again_and_wait_until_then() {
    let mut state = example();
    assert_eq!(state.retry(), Some(Wish::Again(vec![at(OLD)])));
    assert_eq!(state.said, "`r`: tries 1 stack once more");
    for address in [OLD, LEFT] {
        state.event(&Event::Again { address: at(address) }, seconds(126));
    }
    let third = state.places[&at(OLD).place];
    assert_eq!(third, Counts { waiting: 2, ..Counts::default() });
    assert!(state.failures.is_empty() && state.skipped.is_empty());
    assert_eq!(state.waiting.values().collect::<Vec<_>>(), [&at(OLD), &at(LEFT)]);
    assert_eq!(state.retry(), None);
    assert_eq!(state.said, "`r`: no stack has failed");
    // A stack whose end has not been told is counted once.
    state.event(&Event::Again { address: at(OLD) }, seconds(127));
    assert_eq!(state.counts().all(), 6);
}

#[test]
fn only_a_waiting_stack_is_set_aside() {
    let mut state = waiting();
    assert_eq!(state.set_aside(), None, "the list is not shown");
    state.pane = Pane::Waiting;
    assert_eq!(state.set_aside(), Some(Wish::SetAside(at(TEAM))));
    state.event(&Event::Skipped { address: at(TEAM), because: Because::SetAside }, seconds(2));
    assert_eq!(state.skipped, [(at(TEAM), "a person set it aside".to_owned())]);
    assert_eq!(state.set_aside(), Some(Wish::SetAside(at(OLD))));
}

#[test]
fn each_stack_is_counted_in_its_account_and_region() {
    let state = example();
    let counts = |place: &str| state.places[&place.parse::<Place>().expect("a place")];
    assert_eq!(counts("111111111111/eu-west-1"), Counts { done: 2, ..Counts::default() });
    assert_eq!(counts("222222222222/eu-west-1"), Counts { under_way: 2, ..Counts::default() });
    let third = Counts { failed: 1, skipped: 1, ..Counts::default() };
    assert_eq!(counts("333333333333/us-east-1"), third);
    assert_eq!((state.places.len(), state.counts().all(), state.counts().open()), (3, 6, 2));
    assert_eq!(state.waves(), Some((2, 2)));
}

/// The second account's team comes before the share of the canary.
#[test]
fn an_account_with_stacks_in_two_waves_has_both() {
    let step = |address: &str, after: &[&str]| Step {
        address: at(address),
        kind: None,
        action: Action::Update,
        after: after.iter().map(|other| at(other)).collect(),
    };
    let plan = Plan { steps: vec![step(TEAM, &[]), step(SHARE, &[TEAM]), step(LOGS, &[])] };
    let waves = Waves::of(&plan, &BTreeSet::from([at(SHARE).place]));
    let mut state = State::new("r", &plan, &waves, "");
    assert_eq!(state.waves_of(&at(TEAM).place), "1, 2");
    assert_eq!(state.waves_of(&at(SHARE).place), "1");
    for address in [TEAM, SHARE] {
        assert_eq!(state.waves(), Some((1, 2)), "{address}");
        state.event(&Event::Started { address: at(address) }, seconds(1));
        state.event(
            &Event::Finished { address: at(address), outcome: Outcome::Updated },
            seconds(2),
        );
    }
    assert_eq!(state.waves(), Some((2, 2)));
}

#[test]
fn stacks_under_way_have_their_beginning_and_their_last_event() {
    let state = example();
    let logs = &state.running[&at(LOGS)];
    assert_eq!((logs.since, &*logs.last), (seconds(75), "Database UPDATE_IN_PROGRESS"));
    assert_eq!(state.running.keys().collect::<Vec<_>>(), [&at(LOGS), &at(TEAM)]);
}

#[test]
fn failures_have_their_reasons_on_one_line_without_the_secret() {
    let mut state = example();
    let reasons: Vec<&str> = state.failures.iter().map(|(_, reason)| &**reason).collect();
    assert_eq!(
        reasons,
        [
            "Database (AWS::Glue::Database): Access denied for (hidden)",
            "needs attention: the bucket is not empty"
        ]
    );
    let why = format!("{OLD} depends on it and was not deleted");
    assert_eq!(state.skipped, [(at(LEFT), why)]);
    let rejection = Rejection { is_warning: true, ..Rejection::default() };
    state.event(&Event::Rejected { address: at(LOGS), rejection }, seconds(101));
    assert_eq!(state.failures.len(), 2);
}

#[test]
fn the_rate_is_that_of_the_last_minute() {
    let state = example();
    assert_eq!((state.rate(seconds(100)), state.rate(seconds(130))), (2, 1));
    assert_eq!(state.rate(seconds(161)), 0);
}

#[test]
fn a_pane_scrolls_within_its_entries() {
    let mut state = example();
    state.turn_to(-1);
    assert_eq!(state.pane, Pane::Skipped);
    state.turn_to(-1);
    assert_eq!((state.pane, state.first()), (Pane::Failures, 0));
    state.scroll(10);
    assert_eq!(state.first(), 1);
    state.scroll(-10);
    assert_eq!(state.first(), 0);
    state.turn_to(1);
    state.turn_to(1);
    assert_eq!(state.pane, Pane::UnderWay);
}
