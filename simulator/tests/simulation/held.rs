//! Runs that a person holds.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::join;
use lakewright_deployer::driver::{Driver, Stop, Summary};
use lakewright_deployer::lease::Lease;
use lakewright_deployer::record::Shelf;
use lakewright_fleet::event::{Change, Event};
use lakewright_fleet::plan::plan;
use lakewright_simulator::faults::Faults;
use lakewright_simulator::simulated::Simulated;
use lakewright_simulator::world::World;
use lakewright_template::StackAddress;

use crate::fleets::{Fleet, MESH};
use crate::runs::paused;

const HOUR: Duration = Duration::from_hours(1);
const STACKS: usize = 40;

/// How many stacks have begun and ended.
#[derive(Default)]
struct Seen {
    begun: Cell<usize>,
    ended: Cell<usize>,
}

/// Creates the stacks of a fleet while somebody holds the run.
async fn watched(stop: &Stop, seen: &Seen, person: impl Future<Output = ()>) -> Summary {
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
    let driver = Driver::new(&simulated, report, ask, &lease, stop);
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
