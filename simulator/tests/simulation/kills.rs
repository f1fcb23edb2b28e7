//! A process that is killed after one of its records, and a second one that goes on.

use std::collections::BTreeSet;
use std::time::Duration;

use lakewright_deployer::paced::Paced;
use lakewright_fleet::journal::Entry;
use lakewright_simulator::check;
use lakewright_simulator::faults::Faults;
use lakewright_simulator::random::Random;
use lakewright_simulator::simulated::Simulated;
use lakewright_simulator::world::{Violation, World};
use lakewright_template::StackAddress;

use crate::fleets::Fleet;
use crate::runs::{
    How, Memory, Whole, each_seed, none, of_log, open, patient, paused, run, undisturbed,
};

/// When a process is killed: after how many of its records, how long it lives after the last one, and how long nothing
/// runs then, in milliseconds.
type Kill = (usize, u64, u64);

/// Kills a run as often as told, and runs again each time.
///
/// Without a whole run to compare with, only the rules count that hold whatever goes wrong.
fn resumed(
    fleet: &Fleet,
    world: World,
    done: &BTreeSet<StackAddress>,
    whole: Option<&Whole>,
    kills: &[Kill],
) -> Vec<Violation> {
    paused(async {
        let simulated = Simulated::new(world);
        let mut journals: Vec<Vec<Entry>> = Vec::new();
        for (records, lives, pause) in kills {
            let journal = Memory::killed_after(*records);
            let mut how = How::new(fleet, &journal);
            how.lives = *lives;
            how.open = open(&journals.concat());
            how.is_resumed = !journals.is_empty();
            run(&simulated, &Paced::new(&simulated, patient()), how).await;
            tokio::time::sleep(Duration::from_millis(*pause)).await;
            journals.push(journal.entries.into_inner());
        }
        let journal = Memory::default();
        let mut how = How::new(fleet, &journal);
        how.open = open(&journals.concat());
        how.is_resumed = true;
        let ended = run(&simulated, &Paced::new(&simulated, patient()), how).await;
        journals.push(journal.entries.into_inner());
        let mut violations = Vec::new();
        if let Some(summary) = &ended.summary {
            violations.extend(check::none_forgotten(&ended.plan, summary));
            if whole.is_some() {
                violations.extend(check::overtaken_by_nobody(summary));
            }
        }
        simulated.with(|world| {
            world.settle();
            let journals: Vec<&[Entry]> = journals.iter().map(Vec::as_slice).collect();
            violations.extend(of_log(world, fleet, done, &journals));
            if let Some(whole) = whole {
                violations.extend(check::same_end(&whole.world.finals(), &world.finals()));
                violations.extend(check::nothing_twice(&whole.world, world));
            }
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
        let whole = undisturbed(&fleet, world.clone(), &done, patient());
        none(seed, &whole.violations).map_err(|text| format!("{text}\n{faults}"))?;
        let mut random = Random::of(seed, "kills");
        let all = whole.records.min(whole.records * usize::from(fleet.entries.len() <= 4));
        let drawn = (0..3).map(|_| random.index(whole.records) + 1).collect::<Vec<_>>();
        let kills = if all > 0 { (1..=all).collect() } else { drawn };
        for record in kills {
            let lives = if random.chance(500) { 0 } else { random.between(1, 3_000) };
            let mut how = vec![(record, lives, random.between(0, 40_000))];
            // Some of the runs that go on are killed as well.
            while random.chance(250) {
                let record = random.index(whole.records) + 1;
                how.push((record, random.between(0, 3_000), random.between(0, 40_000)));
            }
            let violations = resumed(&fleet, world.clone(), &done, Some(&whole), &how);
            none(seed, &violations).map_err(|text| format!("killed {how:?}: {text}\n{faults}"))?;
        }
        Ok(())
    });
}

#[test]
fn a_run_that_was_killed_keeps_all_rules_whatever_goes_wrong() {
    each_seed(1_000, |seed| {
        let fleet = Fleet::drawn(seed);
        let faults = Faults::drawn(seed);
        let (world, done) = fleet.world(faults.clone());
        let mut random = Random::of(seed, "kills");
        let most = fleet.entries.len() * 5;
        let kills: Vec<Kill> = (0..=random.index(2))
            .map(|_| {
                let record = random.index(most) + 1;
                (record, random.between(0, 3_000), random.between(0, 40_000))
            })
            .collect();
        let violations = resumed(&fleet, world, &done, None, &kills);
        none(seed, &violations).map_err(|text| format!("killed {kills:?}: {text}\n{faults}"))
    });
}
