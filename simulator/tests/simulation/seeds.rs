//! Each seed: a fleet, a world, and one run.

use lakewright_simulator::faults::Faults;
use lakewright_simulator::random::Random;

use crate::fleets::Fleet;
use crate::runs::{each_seed, impatient, none, patient, undisturbed};

#[test]
fn a_run_keeps_all_rules_whatever_goes_wrong() {
    each_seed(2_000, |seed| {
        let fleet = Fleet::drawn(seed);
        let faults = Faults::drawn(seed);
        let (world, done) = fleet.world(faults.clone());
        // Some requests fail for good, as when a network is down for longer.
        let gives_up = Random::of(seed, "attempts").chance(300);
        let patience = if gives_up { impatient() } else { patient() };
        let whole = undisturbed(&fleet, world, &done, patience);
        none(seed, &whole.violations).map_err(|text| format!("{text}\n{faults}"))
    });
}

/// The same seed gives the same run, request by request.
#[test]
fn a_seed_gives_the_same_run_again() {
    for seed in 0..20 {
        let fleet = Fleet::drawn(seed);
        let log = || {
            let (world, done) = fleet.world(Faults::drawn(seed));
            let log = undisturbed(&fleet, world, &done, patient()).world.log;
            // The tokens have the id of the run.
            let effects = log.effects.into_iter().map(|effect| (effect.at, effect.address));
            (effects.collect::<Vec<_>>(), log.ended, log.calls)
        };
        assert_eq!(log(), log(), "seed {seed}");
    }
}
