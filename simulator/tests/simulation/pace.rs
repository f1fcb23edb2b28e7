//! Throughput under limits that are not told.

use std::time::Duration;

use lakewright_deployer::cloud::Cloud;
use lakewright_deployer::driver::Summary;
use lakewright_deployer::paced::{Paced, Patience};
use lakewright_fleet::pace::Rates;
use lakewright_simulator::faults::{Faults, Rate};
use lakewright_simulator::random::Random;
use lakewright_simulator::simulated::Simulated;
use lakewright_simulator::world::{Calls, World};

use crate::fleets::Fleet;
use crate::runs::{How, Memory, paused, run};

/// Rates at which one account and region is slower than the stacks that may be under way there.
fn faults(seed: u64) -> Faults {
    let mut random = Random::of(seed, "rates");
    let mut faults = Faults::none(seed);
    faults.rate = Some(Rate {
        reads: random.between(1_500, 8_000),
        changes: random.between(700, 4_000),
        burst: random.between(5, 20),
    });
    faults
}

/// The time of a run in milliseconds, its requests, and what became of the stacks.
fn measured<C: Cloud>(
    fleet: &Fleet,
    world: World,
    wrapped: impl FnOnce(Simulated) -> C,
    is_informed: bool,
) -> (u64, Calls, Summary) {
    paused(async {
        let simulated = Simulated::new(world);
        let simulated = if is_informed { simulated.informed() } else { simulated };
        let journal = Memory::default();
        let cloud = wrapped(simulated.clone());
        let done = run(&simulated, &cloud, How::new(fleet, &journal)).await;
        let time = simulated.now();
        let calls = simulated.with(|world| {
            world.log.calls.values().fold(Calls::default(), |sum, one| Calls {
                all: sum.all + one.all,
                throttled: sum.throttled + one.throttled,
                full: sum.full + one.full,
            })
        });
        (time, calls, done.summary.expect("an end"))
    })
}

/// The best time, the time with a wrapper, and how many of a thousand requests were refused. The best is what a program
/// reaches that knows the rates.
fn compared<C: Cloud>(
    seed: u64,
    size: usize,
    wrapped: impl FnOnce(Simulated) -> C,
) -> (u64, u64, u64) {
    let fleet = Fleet::of_size(seed, size);
    let (world, _) = fleet.world(faults(seed));
    let (best, _, expected) = measured(&fleet, world.clone(), |cloud| cloud, true);
    let (time, calls, summary) = measured(&fleet, world, wrapped, false);
    // Otherwise the times are those of different work.
    assert_eq!(summary, expected, "seed {seed}");
    (best, time, (calls.throttled + calls.full) * 1000 / calls.all.max(1))
}

/// Without a pace, requests are refused all the time: the goal is not reached by chance. A rate that high never falls far enough.
#[test]
fn without_a_pace_many_requests_are_refused() {
    let free = Rates { start: 1e12, burst: 1e12, most: 1e12 };
    let patience = Patience { reads: free, changes: free, ..Patience::default() };
    let paced = |cloud: Simulated| Paced::new(Box::leak(Box::new(cloud)), patience);
    let (best, time, refused) = compared(1, 300, paced);
    // The work is done as fast as with a pace, at the cost of whoever else sends requests in these accounts.
    assert!(refused > 50, "{best} ms at best, {time} ms, {refused} of 1,000 refused");
}

#[test]
fn the_pace_is_kept() {
    // The layer borrows its cloud; a test may leak it.
    keeps_the_pace(|cloud| Paced::new(Box::leak(Box::new(cloud)), Patience::default()));
}

/// The goal for a wrapper that sets the pace: each run uses 90 % of what the hidden rates allow, and at most 5 % of its
/// requests are refused.
fn keeps_the_pace<C: Cloud>(wrapped: impl Fn(Simulated) -> C) {
    for seed in 0..20 {
        let (best, time, refused) = compared(seed, 600, &wrapped);
        let text = format!("seed {seed}: {best} ms at best, {time} ms, {refused} of 1,000 refused");
        assert!(time * 9 <= best * 10 && refused <= 50, "{text}");
    }
}

/// An operation can end before anybody sees it in progress. If it kept its room, each further stack of the place would wait
/// for the longest time.
#[test]
fn quick_operations_give_back_their_room() {
    let fleet = Fleet::of_size(5, 100);
    let mut faults = Faults::none(5);
    faults.duration = (1, 2);
    let (world, _) = fleet.world(faults);
    let patience = Patience { stacks: 1, ..Patience::default() };
    let paced = |cloud: Simulated| Paced::new(Box::leak(Box::new(cloud)), patience);
    let (time, _, _) = measured(&fleet, world, paced, false);
    assert!(u128::from(time) < patience.full.as_millis(), "{time} ms");
}

/// Requests that know the rates are never refused, and use them.
#[test]
fn who_knows_the_rates_is_not_refused() {
    let fleet = Fleet::of_size(3, 200);
    let (world, _) = fleet.world(faults(3));
    let (time, calls, _) = measured(&fleet, world, |cloud| cloud, true);
    assert_eq!(calls.throttled, 0);
    assert!(
        calls.all > 1_000 && time > Duration::from_mins(1).as_secs() * 1000,
        "{time} {calls:?}"
    );
}
