//! A process that is killed after one of its records, and a second one that goes on.

use std::collections::BTreeSet;
use std::time::Duration;

use lakewright_simulator::check;
use lakewright_simulator::faults::Faults;
use lakewright_simulator::random::Random;
use lakewright_simulator::repeat::Repeating;
use lakewright_simulator::simulated::Simulated;
use lakewright_simulator::world::{Violation, World};
use lakewright_template::StackAddress;

use crate::fleets::Fleet;
use crate::runs::{How, Memory, PATIENT, Whole, each_seed, none, of_log, paused, run, undisturbed};

/// Kills a run after a record and runs again.
pub(crate) fn resumed(
    fleet: &Fleet,
    world: World,
    done: &BTreeSet<StackAddress>,
    whole: &Whole,
    (records, lives, pause): (usize, u64, u64),
) -> Vec<Violation> {
    paused(async {
        let simulated = Simulated::new(world);
        let cloud = Repeating::new(simulated.clone(), PATIENT);
        let first = Memory::killed_after(records);
        let mut how = How::new(fleet, &first);
        how.lives = lives;
        run(&simulated, &cloud, how).await;
        tokio::time::sleep(Duration::from_millis(pause)).await;
        let second = Memory::default();
        let mut how = How::new(fleet, &second);
        how.open = first.open();
        let ended = run(&simulated, &cloud, how).await;
        let (first, second) = (first.entries.into_inner(), second.entries.into_inner());
        let mut violations = Vec::new();
        if let Some(summary) = &ended.summary {
            violations.extend(check::none_forgotten(&ended.plan, summary));
            violations.extend(check::overtaken_by_nobody(summary));
        }
        simulated.with(|world| {
            world.settle();
            violations.extend(of_log(world, fleet, done, &[&first, &second]));
            violations.extend(check::same_end(&whole.world.finals(), &world.finals()));
            violations.extend(check::nothing_twice(&whole.world, world));
        });
        violations
    })
}

#[test]
fn a_run_that_was_killed_goes_on_to_the_same_end() {
    each_seed(2_000, |seed| {
        let fleet = Fleet::drawn(seed);
        let faults = Faults::steady(seed);
        let (world, done) = fleet.world(faults.clone());
        let whole = undisturbed(&fleet, world.clone(), &done, PATIENT);
        none(seed, &whole.violations).map_err(|text| format!("{text}\n{faults}"))?;
        let mut random = Random::of(seed, "kills");
        let all = whole.records.min(whole.records * usize::from(fleet.entries.len() <= 4));
        let drawn = (0..3).map(|_| random.index(whole.records) + 1).collect::<Vec<_>>();
        let kills = if all > 0 { (1..=all).collect() } else { drawn };
        for record in kills {
            let lives = if random.chance(500) { 0 } else { random.between(1, 3_000) };
            let how = (record, lives, random.between(0, 40_000));
            let violations = resumed(&fleet, world.clone(), &done, &whole, how);
            none(seed, &violations).map_err(|text| format!("killed {how:?}: {text}\n{faults}"))?;
        }
        Ok(())
    });
}
