//! Stacks that somebody else changes.

use std::collections::{BTreeMap, BTreeSet};

use lakewright_deployer::driver::{Driver, Policy, Stop, Summary};
use lakewright_deployer::lease::Lease;
use lakewright_deployer::record::Shelf;
use lakewright_fleet::event::{Change, Event};
use lakewright_fleet::machine::Outcome;
use lakewright_fleet::plan::{Observed, Told, plan};
use lakewright_simulator::faults::Faults;
use lakewright_simulator::simulated::Simulated;
use lakewright_simulator::world::World;
use lakewright_template::StackAddress;

use crate::fleets::{Fleet, MESH};
use crate::runs::paused;

const STACKS: usize = 60;

/// Updates a fleet while somebody's operation goes on at one of its stacks.
fn refreshed(fleet: &Fleet, busy: &StackAddress, sets_aside: bool) -> Summary {
    let mut world = World::new(Faults::none(5));
    world.know_roles(fleet.sites.keys().map(|place| place.role_arn("reader")));
    for stack in fleet.stacks.values() {
        let is_busy = stack.entry.address() == *busy;
        let status = if is_busy { "UPDATE_IN_PROGRESS" } else { "UPDATE_COMPLETE" };
        world.add(stack, status, 500).expect("a template");
    }
    paused(async {
        let simulated = Simulated::new(world);
        let site = fleet.sites.values().next().expect("a site").clone();
        let shelf = Shelf { site, bucket: "b".to_owned(), key: "k".to_owned() };
        let (lease, stop) = (Lease::new(shelf, MESH), Stop::default());
        let ask = |_: &StackAddress, _: &[Change]| true;
        let policy = Policy { sets_aside, failures: Some(0), ..Policy::default() };
        let driver = Driver::new(&simulated, |_: Event| {}, ask, &lease, &stop).with_policy(policy);
        let observed = fleet.entries.iter().map(|entry| {
            let observed = Observed {
                status: "UPDATE_COMPLETE".to_owned(),
                tags: entry.tags.clone(),
                revision: Some("older".to_owned()),
                is_express: false,
                id: None,
                last_operation: None,
                is_protected: false,
                told: Told::default(),
            };
            (entry.address(), observed)
        });
        let plan = plan(MESH, &fleet.entries, &observed.collect()).expect("an order");
        driver.run(&plan, &fleet.stacks, &fleet.sites).await
    })
}

/// The stacks that depend on a stack, directly or not.
fn dependants(fleet: &Fleet, address: &StackAddress) -> BTreeSet<StackAddress> {
    let mut found = BTreeSet::from([address.clone()]);
    // An entry comes after those that it depends on.
    for entry in &fleet.entries {
        if entry.depends_on.iter().any(|other| found.contains(other)) {
            found.insert(entry.address());
        }
    }
    found.remove(address);
    found
}

#[test]
fn only_a_stack_that_somebody_changes_is_set_aside_and_what_waits_for_it() {
    let fleet = Fleet::of_size(5, STACKS);
    let all: BTreeMap<StackAddress, usize> = fleet
        .entries
        .iter()
        .map(|entry| (entry.address(), dependants(&fleet, &entry.address()).len()))
        .collect();
    // One that others wait for, and not all of them. It waits for none, so it is looked at while the operation goes on.
    let is_first = |address: &StackAddress| fleet.stacks[address].entry.depends_on.is_empty();
    let mut fitting =
        all.iter().filter(|(address, count)| (1..STACKS / 2).contains(*count) && is_first(address));
    let busy = fitting.next().expect("a stack").0;
    let summary = refreshed(&fleet, busy, true);
    assert!(matches!(summary.outcomes[busy], Outcome::Overtaken(_)), "{:?}", summary.outcomes);
    let skipped: BTreeSet<StackAddress> = summary.skipped.keys().cloned().collect();
    assert_eq!(skipped, dependants(&fleet, busy));
    let updated = summary.outcomes.values().filter(|outcome| **outcome == Outcome::Updated);
    assert_eq!(updated.count() + skipped.len() + 1, STACKS, "{:?}", summary.outcomes);

    let stopped = refreshed(&fleet, busy, false);
    assert!(stopped.skipped.len() > skipped.len(), "{:?}", stopped.skipped);
}
