//! Mistakes that are planted on purpose: the simulation must find each of them, by the rule that it breaks. They are
//! listed in docs/simulation.md.

use std::collections::BTreeSet;

use lakewright_deployer::paced::Paced;
use lakewright_fleet::plan::{Action, Plan};
use lakewright_simulator::check;
use lakewright_simulator::faults::Faults;
use lakewright_simulator::simulated::Simulated;
use lakewright_simulator::world::Violation;
use tokio::time::Duration;

use crate::fleets::Fleet;
use crate::runs::{How, Memory, of_log, patient, paused, run};

/// How many seeds may pass before a mistake is found.
const SEEDS: u64 = 60;

/// The rules that some seed breaks.
fn rules(with: impl Fn(&Fleet, u64) -> Vec<Violation>) -> BTreeSet<&'static str> {
    let found = (0..SEEDS).flat_map(|seed| {
        let fleet = Fleet::of_size(seed, 12);
        with(&fleet, seed)
    });
    found.map(|violation| violation.rule).collect()
}

fn faults(seed: u64) -> Faults {
    let mut faults = Faults::none(seed);
    faults.unanswered = 60;
    faults
}

/// A run with a journal and a change of the plan.
fn bent(fleet: &Fleet, seed: u64, journal: Memory, bend: fn(&mut Plan)) -> Vec<Violation> {
    let (world, done) = fleet.world(faults(seed));
    paused(async {
        let simulated = Simulated::new(world);
        let cloud = Paced::new(&simulated, patient());
        let mut how = How::new(fleet, &journal);
        how.bend = bend;
        run(&simulated, &cloud, how).await;
        let journal = journal.entries.into_inner();
        simulated.with(|world| {
            world.settle();
            of_log(world, fleet, &done, &[&journal])
        })
    })
}

#[test]
fn without_a_mistake_nothing_is_found() {
    let found = rules(|fleet, seed| bent(fleet, seed, Memory::default(), |_| {}));
    assert_eq!(found, BTreeSet::new());
}

#[test]
fn a_token_that_is_forgotten_is_found() {
    let found = rules(|fleet, seed| {
        let (world, done) = fleet.world(faults(seed));
        paused(async {
            let simulated = Simulated::new(world).forgetting_tokens();
            let cloud = Paced::new(&simulated, patient());
            let journal = Memory::default();
            run(&simulated, &cloud, How::new(fleet, &journal)).await;
            let journal = journal.entries.into_inner();
            simulated.with(|world| {
                world.settle();
                of_log(world, fleet, &done, &[&journal])
            })
        })
    });
    assert!(found.contains("record-first"), "{found:?}");
}

#[test]
fn a_record_that_is_lost_is_found() {
    let found = rules(|fleet, seed| {
        let journal = Memory::losing(3);
        bent(fleet, seed, journal, |_| {})
    });
    assert!(found.contains("record-first"), "{found:?}");
}

#[test]
fn a_dependency_that_is_skipped_is_found() {
    let found = rules(|fleet, seed| {
        bent(fleet, seed, Memory::default(), |plan| {
            let changes = plan.steps.iter_mut().filter(|step| step.is_change());
            if let Some(step) = changes.filter(|step| !step.after.is_empty()).last() {
                step.after.clear();
            }
        })
    });
    assert!(found.contains("dependencies-first"), "{found:?}");
}

/// Both runs hold the lock, as one that took over from the other, and the other does not know of it.
#[test]
fn a_lock_without_fencing_is_found() {
    let found = rules(|fleet, seed| {
        let (world, done) = fleet.world(faults(seed));
        paused(async {
            let simulated = Simulated::new(world);
            let cloud = Paced::new(&simulated, patient());
            let (first, second) = (Memory::default(), Memory::default());
            let one = run(&simulated, &cloud, How::new(fleet, &first));
            let two = async {
                tokio::time::sleep(Duration::from_millis(seed * 100)).await;
                let cloud = Paced::new(&simulated, patient());
                run(&simulated, &cloud, How::new(fleet, &second)).await
            };
            futures_util::future::join(one, two).await;
            let (first, second) = (first.entries.into_inner(), second.entries.into_inner());
            simulated.with(|world| {
                world.settle();
                of_log(world, fleet, &done, &[&first, &second])
            })
        })
    });
    assert!(
        found.contains("one-operation-at-once") && found.contains("one-run-at-once"),
        "{found:?}"
    );
}

#[test]
fn an_open_request_that_is_forgotten_is_found() {
    let found = rules(|fleet, seed| {
        let (world, _) = fleet.world(faults(seed));
        paused(async {
            let simulated = Simulated::new(world);
            let cloud = Paced::new(&simulated, patient());
            let first = Memory::killed_after(4);
            let mut how = How::new(fleet, &first);
            how.lives = 400;
            run(&simulated, &cloud, how).await;
            let second = Memory::default();
            // The open requests of the first run are not given to the second.
            let cloud = Paced::new(&simulated, patient());
            let ended = run(&simulated, &cloud, How::new(fleet, &second)).await;
            ended.summary.iter().flat_map(check::overtaken_by_nobody).collect()
        })
    });
    assert!(found.contains("overtaken-by-nobody"), "{found:?}");
}

#[test]
fn a_deletion_of_data_is_found() {
    let found = rules(|fleet, seed| {
        bent(fleet, seed, Memory::default(), |plan| {
            for step in plan.steps.iter_mut().filter(|step| step.action == Action::Orphan) {
                step.action = Action::Delete;
            }
        })
    });
    assert!(found.contains("data-is-kept"), "{found:?}");
}

#[test]
fn a_change_of_a_foreign_stack_is_found() {
    let found = rules(|fleet, seed| {
        bent(fleet, seed, Memory::default(), |plan| {
            for step in plan.steps.iter_mut().filter(|step| step.action == Action::Foreign) {
                step.action = Action::Update;
            }
        })
    });
    assert!(found.contains("foreign-untouched"), "{found:?}");
}

#[test]
fn a_stack_that_is_forgotten_is_found() {
    let found = rules(|fleet, seed| {
        let (world, _) = fleet.world(faults(seed));
        paused(async {
            let simulated = Simulated::new(world);
            let cloud = Paced::new(&simulated, patient());
            let journal = Memory::default();
            let ended = run(&simulated, &cloud, How::new(fleet, &journal)).await;
            let mut summary = ended.summary.unwrap_or_default();
            summary.outcomes.pop_last();
            check::none_forgotten(&ended.plan, &summary)
        })
    });
    assert!(found.contains("none-forgotten"), "{found:?}");
}
