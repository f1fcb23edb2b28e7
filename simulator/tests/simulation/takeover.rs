//! Two runs with a lease: one stands still now and then, as on a machine that sleeps, and the other one takes over.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use futures_util::future::join;
use lakewright_deployer::cloud::Site;
use lakewright_deployer::driver::{Driver, Policy, Stop, list_all};
use lakewright_deployer::lease::{Clock, Lease};
use lakewright_deployer::paced::{Paced, Patience};
use lakewright_deployer::record::{self, Record, Shelf};
use lakewright_fleet::event::{Change, Event};
use lakewright_fleet::journal::Entry;
use lakewright_fleet::plan::{Observed, plan};
use lakewright_simulator::check::outcome_is_true;
use lakewright_simulator::faults::Faults;
use lakewright_simulator::random::Random;
use lakewright_simulator::simulated::Simulated;
use lakewright_simulator::world::Violation;
use lakewright_template::StackAddress;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::fleets::{Fleet, MESH};
use crate::runs::{Memory, each_seed, none, of_log, paused};

/// The time at the start, in seconds since 1970.
const START: i64 = 1_700_000_000;
/// How often a run that waits looks again, as `refresh --wait` does.
const LOOK_AGAIN: Duration = Duration::from_secs(15);
/// How long a run waits at most.
const WAITS: Duration = Duration::from_hours(4);

/// From when to when a process stands still, in milliseconds.
type Still = Vec<(u64, u64)>;

/// Does some work, but for the times in which the process stands still. What it has sent arrives all the same.
async fn standing_still<T>(times: &Still, start: Instant, work: impl Future<Output = T>) -> T {
    let mut work = pin!(work);
    let mut waking: Option<Pin<Box<Sleep>>> = None;
    poll_fn(|context| {
        let now = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
        let until = times.iter().find(|(from, until)| (*from..*until).contains(&now));
        if let Some((_, until)) = until {
            let mut wake = Box::pin(sleep_until(start + Duration::from_millis(*until)));
            let is_over = wake.as_mut().poll(context).is_ready();
            waking = Some(wake);
            if !is_over {
                return Poll::Pending;
            }
        }
        work.as_mut().poll(context)
    })
    .await
}

/// A run of a process.
struct Process<'a> {
    id: &'a str,
    /// When it begins.
    begins: u64,
    still: Still,
    /// How many seconds its clock is ahead.
    ahead: i64,
    /// Whether it looks at its lease before it changes something. Not to is a mistake, which the simulation must find.
    is_fenced: bool,
}

/// What the processes share.
#[derive(Clone, Copy)]
struct Scene<'a> {
    simulated: &'a Simulated,
    fleet: &'a Fleet,
    start: Instant,
}

/// Waits for the lease, then observes, plans and deploys. Returns whether the run began.
async fn process(scene: Scene<'_>, process: &Process<'_>, journal: &Memory) -> bool {
    let Scene { simulated, start, .. } = scene;
    let work = async {
        tokio::time::sleep(Duration::from_millis(process.begins)).await;
        let time = simulated.clone();
        let ahead = process.ahead;
        let seconds = move || i64::try_from(time.now() / 1_000).unwrap_or(i64::MAX);
        let clock = Clock::new(move || START + ahead + seconds());
        let lease = Lease::resumed(shelf(scene.fleet), MESH, process.id).with_clock(clock);
        let Some((mut record, observed)) = taken(scene, &lease).await else { return false };
        deploy(scene, process, &lease, &mut record, &observed, journal).await;
        drop(lease.release(simulated, &mut record, BTreeSet::new()).await);
        true
    };
    standing_still(&process.still, start, work).await
}

fn shelf(fleet: &Fleet) -> Shelf {
    let site = fleet.sites.values().next().expect("a site").clone();
    Shelf { site, bucket: "b".to_owned(), key: "k".to_owned() }
}

type Seen = BTreeMap<StackAddress, Observed>;

/// Observes, and takes the lease as soon as it is free.
async fn taken(Scene { simulated, fleet, .. }: Scene<'_>, lease: &Lease) -> Option<(Record, Seen)> {
    let begun = Instant::now();
    while begun.elapsed() < WAITS {
        let lists = list_all(simulated, fleet.sites.values()).await;
        let read = record::read(simulated, &shelf(fleet), MESH).await;
        let lists: Result<Vec<BTreeMap<String, Observed>>, _> = lists.into_iter().collect();
        if let (Ok(lists), Ok(mut record)) = (lists, read)
            && lease.check(&record).is_ok()
            && lease.take(simulated, &mut record, BTreeSet::new()).await.is_ok()
        {
            let addressed = |(site, list): (&Site, BTreeMap<String, Observed>)| {
                let site = site.clone();
                list.into_iter().map(move |(name, stack)| (site.address(&name), stack))
            };
            let observed = fleet.sites.values().zip(lists).flat_map(addressed).collect();
            return Some((record, observed));
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
    None
}

async fn deploy(
    Scene { simulated, fleet, .. }: Scene<'_>,
    process: &Process<'_>,
    lease: &Lease,
    record: &mut Record,
    observed: &Seen,
    journal: &Memory,
) {
    let wanted = fleet.wanted();
    let report = |event: Event| {
        if let Event::Finished { address, outcome } = event {
            simulated
                .with(|world| outcome_is_true(world, wanted.get(&address), &address, &outcome));
        }
    };
    let ask = |_: &StackAddress, changes: &[Change]| !changes.iter().any(Change::touches_data);
    let lost = || lease.lost().filter(|_| process.is_fenced);
    let cloud = Paced::new(simulated, Patience::default()).with_stop(&lost);
    // A lease that was never taken is never lost.
    let unknown = Lease::resumed(shelf(fleet), MESH, process.id);
    let known = if process.is_fenced { lease } else { &unknown };
    let stop = Stop::default();
    let policy = Policy { sets_aside: true, ..Policy::default() };
    let plan = plan(MESH, &fleet.entries, observed).expect("an order");
    let driver = Driver::new(&cloud, report, ask, known, &stop);
    let driver = driver.with_journal(journal).with_policy(policy);
    lease.during(simulated, record, driver.run(&plan, &fleet.stacks, &fleet.sites)).await;
}

/// Times in which a process stands still: mostly short ones, and some that are as long as a lease lasts, or longer.
fn drawn(random: &mut Random) -> Still {
    let mut still = Still::new();
    let mut at = random.between(0, 120_000);
    for _ in 0..random.index(4) {
        let most = if random.chance(300) { 30_000 } else { 1_300_000 };
        let until = at + random.between(1, most);
        still.push((at, until));
        at = until + random.between(0, 90_000);
    }
    still
}

/// What came of two runs.
struct Both {
    violations: Vec<Violation>,
    /// Whether the second one went on with what the first one had begun.
    is_taken_over: bool,
}

fn both(seed: u64, is_fenced: bool) -> Both {
    let fleet = Fleet::of_size(seed, 30);
    let mut faults = Faults::none(seed);
    faults.lost = seed % 40;
    faults.unanswered = seed % 30;
    let (world, done) = fleet.world(faults);
    let mut random = Random::of(seed, "takeover");
    let ahead = |random: &mut Random| i64::try_from(random.between(0, 30)).unwrap_or_default() - 15;
    let mut of = |id, begins| Process {
        id,
        begins,
        still: drawn(&mut random),
        ahead: ahead(&mut random),
        is_fenced,
    };
    let (first, mut second) = (of("first", 0), of("second", 60_000));
    second.begins += random.between(0, 600_000);
    paused(async {
        let simulated = Simulated::new(world);
        let scene = Scene { simulated: &simulated, fleet: &fleet, start: Instant::now() };
        let (one, two) = (Memory::default(), Memory::default());
        let both = join(process(scene, &first, &one), process(scene, &second, &two));
        let began = Box::pin(both).await;
        let (one, two) = (one.entries.into_inner(), two.entries.into_inner());
        simulated.with(|world| {
            world.settle();
            let of = |journal: &[Entry]| {
                let tokens: BTreeSet<&str> = journal.iter().filter_map(token).collect();
                let effects = world.log.effects.iter();
                let effects = effects.filter(|effect| tokens.contains(effect.token.as_str()));
                effects.map(|effect| effect.at).collect::<Vec<u64>>()
            };
            let (of_one, of_two) = (of(&one), of(&two));
            // A run that stood still before it took the lease comes second.
            let is_in_order = of_one.first() <= of_two.first() || of_two.is_empty();
            let journals =
                if is_in_order || of_one.is_empty() { [&*one, &*two] } else { [&*two, &*one] };
            Both {
                violations: of_log(world, &fleet, &done, &journals),
                is_taken_over: began == (true, true) && !of_one.is_empty() && !of_two.is_empty(),
            }
        })
    })
}

fn token(entry: &Entry) -> Option<&str> {
    match entry {
        Entry::Intends(intent) => Some(&intent.token),
        _ => None,
    }
}

#[test]
fn a_run_that_stood_still_does_not_go_on_beside_the_one_that_took_over() {
    let taken_over = Cell::new(0_u64);
    let all = Cell::new(0_u64);
    each_seed(300, |seed| {
        let both = both(seed, true);
        all.set(all.get() + 1);
        taken_over.set(taken_over.get() + u64::from(both.is_taken_over));
        none(seed, &both.violations)
    });
    // Otherwise the test says nothing.
    assert!(all.get() < 100 || taken_over.get() * 10 > all.get(), "{taken_over:?} of {all:?}");
}

#[test]
fn a_run_that_does_not_look_at_its_lease_is_found() {
    let found = (0..100).flat_map(|seed| both(seed, false).violations);
    let rules: BTreeSet<&str> = found.map(|violation| violation.rule).collect();
    assert!(rules.contains("one-run-at-once"), "{rules:?}");
}
