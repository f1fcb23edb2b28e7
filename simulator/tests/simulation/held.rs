//! Runs that a person holds.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures_util::future::join;
use lakewright_deployer::alarms::Watch;
use lakewright_deployer::driver::{Driver, Policy, Stop, Summary, Wish};
use lakewright_deployer::lease::Lease;
use lakewright_deployer::record::Shelf;
use lakewright_fleet::event::{Change, Event};
use lakewright_fleet::plan::plan;
use lakewright_fleet::schedule::{Because, Waves};
use lakewright_simulator::faults::Faults;
use lakewright_simulator::simulated::Simulated;
use lakewright_simulator::world::World;
use lakewright_template::StackAddress;
use tokio::time::Instant;

use crate::fleets::{Fleet, MESH};
use crate::runs::paused;

const HOUR: Duration = Duration::from_hours(1);
const MINUTE: Duration = Duration::from_mins(1);
const STACKS: usize = 40;

/// How many stacks have begun and ended.
#[derive(Default)]
struct Seen {
    begun: Cell<usize>,
    ended: Cell<usize>,
}

/// Creates the stacks of a fleet while somebody holds the run.
async fn watched(stop: &Stop, seen: &Seen, person: impl Future<Output = ()>) -> Summary {
    with_policy(Policy::default(), stop, seen, person).await
}

async fn with_policy(
    policy: Policy,
    stop: &Stop,
    seen: &Seen,
    person: impl Future<Output = ()>,
) -> Summary {
    let fleet = Fleet::of_size(3, STACKS);
    let mut world = World::new(Faults::none(3));
    world.know_roles(fleet.sites.keys().map(|place| place.role_arn("reader")));
    let simulated = Simulated::new(world);
    let site = fleet.sites.values().next().expect("a site").clone();
    let shelf = Shelf { site, bucket: "b".to_owned(), key: "k".to_owned() };
    let lease = Lease::new(shelf, MESH);
    let report = |event: Event| match event {
        Event::Started { .. } => seen.begun.set(seen.begun.get() + 1),
        Event::Finished { .. } => seen.ended.set(seen.ended.get() + 1),
        _ => {}
    };
    let ask = |_: &StackAddress, _: &[Change]| true;
    let driver = Driver::new(&simulated, report, ask, &lease, stop).with_policy(policy);
    let plan = plan(MESH, &fleet.entries, &BTreeMap::new()).expect("an order");
    join(driver.run(&plan, &fleet.stacks, &fleet.sites), person).await.0
}

#[test]
fn a_run_that_is_held_starts_nothing_until_it_may_go_on() {
    let (stop, seen) = (Stop::default(), Seen::default());
    stop.hold();
    let person = async {
        tokio::time::sleep(HOUR).await;
        assert_eq!(seen.begun.get(), 0);
        stop.go_on();
        tokio::time::sleep(Duration::from_secs(1)).await;
        stop.hold();
        let begun = seen.begun.get();
        assert!(begun > 0 && begun < STACKS, "{begun}");
        tokio::time::sleep(HOUR).await;
        assert_eq!((seen.begun.get(), seen.ended.get()), (begun, begun));
        stop.go_on();
    };
    let summary = paused(watched(&stop, &seen, person));
    assert_eq!(seen.begun.get(), STACKS);
    assert!(summary.outcomes.len() == STACKS && summary.skipped.is_empty(), "{summary:?}");
}

#[test]
fn a_run_that_is_held_can_be_stopped() {
    let (stop, seen) = (Stop::default(), Seen::default());
    stop.hold();
    let person = async {
        tokio::time::sleep(HOUR).await;
        stop.ask("enough");
    };
    let summary = paused(watched(&stop, &seen, person));
    assert_eq!((seen.begun.get(), summary.skipped.len()), (0, STACKS));
}

/// A stack that is set aside does not begin, and neither do those that need it.
#[test]
fn a_stack_that_is_set_aside_is_skipped_with_those_that_need_it() {
    let fleet = Fleet::of_size(3, STACKS);
    let plan = plan(MESH, &fleet.entries, &BTreeMap::new()).expect("an order");
    let first = &plan.steps.first().expect("a step").address;
    let (stop, seen) = (Stop::default(), Seen::default());
    stop.hold();
    let person = async {
        stop.wish(Wish::SetAside(first.clone()));
        stop.go_on();
    };
    let summary = paused(watched(&stop, &seen, person));
    assert_eq!(summary.skipped.get(first), Some(&Because::SetAside));
    for step in &plan.steps {
        let is_skipped = summary.skipped.contains_key(&step.address);
        let mut needed = step.after.iter();
        let has_to = needed.any(|other| summary.skipped.contains_key(other));
        assert_eq!(is_skipped, has_to || step.address == *first, "{}", step.address);
    }
    assert_eq!(seen.begun.get() + summary.skipped.len(), STACKS);
}

/// Nothing is left to start, so the run need not wait for the person.
#[test]
fn a_run_that_is_held_at_its_last_stack_ends() {
    let (stop, seen) = (Stop::default(), Seen::default());
    let person = async {
        while seen.begun.get() < STACKS {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        stop.hold();
    };
    let summary = paused(watched(&stop, &seen, person));
    assert_eq!(summary.outcomes.len(), STACKS);
}

/// The stacks of a fleet in two waves, with an alarm of the first one. The simulated world has no alarm.
fn canary() -> (Policy, Waves) {
    let fleet = Fleet::of_size(3, STACKS);
    let plan = plan(MESH, &fleet.entries, &BTreeMap::new()).expect("an order");
    let first = plan.steps.first().expect("a step").address.place.clone();
    let canaries = BTreeSet::from([first.clone()]);
    let waves = Waves::of(&plan, &canaries);
    assert!(waves.later() > 0, "there is a second wave");
    let alarm = first.arn("cloudwatch", "alarm:errors");
    let alarms = BTreeMap::from([(first, vec![alarm])]);
    let watch = Watch { wait: 10 * MINUTE, alarms };
    (Policy { canaries, watch, ..Policy::default() }, waves)
}

#[test]
fn after_the_waiting_time_a_wave_does_not_begin_without_the_alarms_of_the_wave_before_it() {
    let (policy, waves) = canary();
    let (stop, seen) = (Stop::default(), Seen::default());
    let (begun, summary) = paused(async {
        let begun = Instant::now();
        let summary = with_policy(policy, &stop, &seen, std::future::ready(())).await;
        (begun.elapsed(), summary)
    });
    assert!(begun >= 10 * MINUTE, "{begun:?}");
    assert!(summary.outcomes.keys().eq(waves.first()), "{summary:?}");
    assert_eq!(summary.skipped.len(), waves.later());
    for because in summary.skipped.values() {
        assert!(because.to_string().contains("CloudWatch has no metric alarm"), "{because}");
    }
}

#[test]
fn a_run_that_waits_after_a_wave_can_be_stopped() {
    let (policy, _) = canary();
    let (stop, seen) = (Stop::default(), Seen::default());
    let person = async {
        while seen.ended.get() == 0 || seen.ended.get() < seen.begun.get() {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        tokio::time::sleep(5 * MINUTE).await;
        stop.ask("enough");
    };
    let summary = paused(with_policy(policy, &stop, &seen, person));
    assert!(!summary.skipped.is_empty());
    assert!(summary.skipped.values().all(|because| because.to_string() == "enough"), "{summary:?}");
}

/// A stack that a person sets aside was not tried.
#[test]
fn a_wave_does_not_begin_if_a_stack_of_the_wave_before_it_was_set_aside() {
    let (policy, waves) = canary();
    let policy = Policy { watch: Watch::default(), ..policy };
    let fleet = Fleet::of_size(3, STACKS);
    let plan = plan(MESH, &fleet.entries, &BTreeMap::new()).expect("an order");
    let mut addresses = plan.steps.iter().map(|step| &step.address);
    let last = addresses.rfind(|address| waves.first().contains(*address)).expect("a stack");
    let (stop, seen) = (Stop::default(), Seen::default());
    stop.hold();
    let person = async {
        stop.wish(Wish::SetAside(last.clone()));
        stop.go_on();
    };
    let summary = paused(with_policy(policy, &stop, &seen, person));
    assert_eq!(summary.skipped.get(last), Some(&Because::SetAside));
    assert!(summary.outcomes.keys().all(|address| waves.first().contains(address)), "{summary:?}");
    let reason = "a stack of the first wave was not deployed";
    assert!(summary.skipped.values().any(|because| because.to_string() == reason), "{summary:?}");
}
