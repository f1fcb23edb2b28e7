//! Runs of the real driver in the simulated world.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use futures_util::future::{Either, select};
use lakewright_deployer::cloud::{Cloud, CloudError, Site};
use lakewright_deployer::driver::{Driver, Stop, Summary, list_all};
use lakewright_deployer::lease::Lease;
use lakewright_deployer::paced::{Paced, Patience};
use lakewright_deployer::record::Shelf;
use lakewright_fleet::event::{Change, Event};
use lakewright_fleet::journal::{Entry, Intent, Journal, JournalError};
use lakewright_fleet::machine::Outcome;
use lakewright_fleet::plan::{Observed, Plan, plan};
use lakewright_simulator::check::{self, outcome_is_true};
use lakewright_simulator::simulated::Simulated;
use lakewright_simulator::world::{Violation, World};
use lakewright_template::{StackAddress, holds_data};
use tokio::sync::Notify;

use crate::fleets::{Fleet, MESH};

/// A journal in memory, after one of whose records the process is killed.
#[derive(Default)]
pub(crate) struct Memory {
    pub(crate) entries: RefCell<Vec<Entry>>,
    /// After how many records the process is killed.
    kill_after: Option<usize>,
    /// The record that is not written, although the journal says so: a mistake, which the simulation must find.
    loses: Option<usize>,
    count: Cell<usize>,
    killed: Notify,
}

impl Memory {
    pub(crate) fn killed_after(records: usize) -> Self {
        Self { kill_after: Some(records), ..Self::default() }
    }

    pub(crate) fn losing(record: usize) -> Self {
        Self { loses: Some(record), ..Self::default() }
    }

    pub(crate) fn is_killed(&self) -> bool {
        self.kill_after.is_some_and(|most| self.count.get() >= most)
    }
}

/// The requests whose outcome is not known, by stack.
pub(crate) fn open(entries: &[Entry]) -> BTreeMap<StackAddress, Intent> {
    let mut open: BTreeMap<StackAddress, Intent> = BTreeMap::new();
    for entry in entries {
        if let Entry::Intends(intent) = entry {
            open.insert(intent.address.clone(), intent.clone());
        }
        if let Entry::Answered { token, error: Some(_) } = entry {
            open.retain(|_, one| one.token != *token);
        }
        // What became of a stack that could not be reached is not known.
        if let Entry::Finished { address, outcome } = entry
            && !matches!(outcome, Outcome::Unreachable(_))
        {
            open.remove(address);
        }
    }
    open
}

impl Journal for Memory {
    fn write(&self, entry: &Entry) -> Result<(), JournalError> {
        if self.is_killed() {
            return Err(JournalError("the process was killed".to_owned()));
        }
        self.count.set(self.count.get() + 1);
        if self.loses != Some(self.count.get()) {
            self.entries.borrow_mut().push(entry.clone());
        }
        if self.is_killed() {
            self.killed.notify_one();
        }
        Ok(())
    }
}

/// How a run is done.
pub(crate) struct How<'a> {
    pub(crate) fleet: &'a Fleet,
    pub(crate) journal: &'a Memory,
    pub(crate) open: BTreeMap<StackAddress, Intent>,
    /// How long a process that is killed still lives after the record.
    pub(crate) lives: u64,
    /// A change of the plan: for planted mistakes.
    pub(crate) bend: fn(&mut Plan),
    /// Whether an earlier run was killed: what it did may not be shown yet.
    pub(crate) is_resumed: bool,
}

impl<'a> How<'a> {
    pub(crate) fn new(fleet: &'a Fleet, journal: &'a Memory) -> Self {
        Self { fleet, journal, open: BTreeMap::new(), lives: 0, bend: |_| {}, is_resumed: false }
    }
}

/// What came of a run.
pub(crate) struct Done {
    pub(crate) plan: Plan,
    /// `None` if the process was killed.
    pub(crate) summary: Option<Summary>,
}

/// Runs something on the paused clock.
pub(crate) fn paused<T>(work: impl Future<Output = T>) -> T {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.expect("a runtime").block_on(work)
}

/// Whether a person would confirm these changes: none of them loses data.
fn keeps_data(changes: &[Change]) -> bool {
    !changes.iter().any(|change| {
        let is_lost = change.action == "Remove" || change.replacement.as_deref() == Some("True");
        is_lost && holds_data(&change.kind)
    })
}

/// Observes, plans and deploys.
pub(crate) async fn run<C: Cloud>(simulated: &Simulated, cloud: &C, how: How<'_>) -> Done {
    let How { fleet, journal, open, lives, bend, is_resumed } = how;
    let site = fleet.sites.values().next().expect("a site").clone();
    let shelf = Shelf { site, bucket: "b".to_owned(), key: "k".to_owned() };
    let (lease, stop) = (Lease::new(shelf, MESH), Stop::default());
    let wanted = fleet.wanted();
    let report = |event: Event| {
        if let Event::Finished { address, outcome } = event {
            simulated
                .with(|world| outcome_is_true(world, wanted.get(&address), &address, &outcome));
        }
    };
    let ask = |_: &StackAddress, changes: &[Change]| keeps_data(changes);
    let driver = Driver::new(cloud, report, ask, &lease, &stop)
        .with_journal(journal)
        .going_on(open, BTreeMap::new());
    let observed: BTreeMap<StackAddress, Observed> = loop {
        let lists = list_all(cloud, fleet.sites.values()).await;
        let lists: Result<Vec<BTreeMap<String, Observed>>, CloudError> =
            lists.into_iter().collect();
        if let Ok(lists) = lists {
            let all = fleet.sites.values().zip(lists);
            let addressed = |(site, list): (&Site, BTreeMap<String, Observed>)| {
                let site = site.clone();
                list.into_iter().map(move |(name, stack)| (site.address(&name), stack))
            };
            break all.flat_map(addressed).collect();
        }
        cloud.pause(5).await;
    };
    let mut plan = plan(MESH, &fleet.entries, &observed).expect("an order");
    bend(&mut plan);
    let absent = plan.steps.iter().map(|step| &step.address);
    let absent = absent.filter(|address| !is_resumed && !observed.contains_key(*address));
    let driver = driver.without(absent.cloned().collect());
    let summary = {
        let running = pin!(driver.run(&plan, &fleet.stacks, &fleet.sites));
        let end = pin!(async {
            let killed = async {
                journal.killed.notified().await;
                tokio::time::sleep(Duration::from_millis(lives)).await;
            };
            drop(tokio::time::timeout(Duration::from_hours(48), killed).await);
        });
        match select(running, end).await {
            Either::Left((summary, _)) => Some(summary),
            Either::Right(_) => None,
        }
    };
    if summary.is_none() {
        simulated.with(World::kill);
        if !journal.is_killed() {
            let text = "two days".to_owned();
            simulated.with(|world| world.log.violations.push(Violation { rule: "run-ends", text }));
        }
    }
    Done { plan, summary }
}

/// One run to its end in the world of a fleet.
pub(crate) struct Whole {
    pub(crate) world: World,
    pub(crate) violations: Vec<Violation>,
    /// How many records were written.
    pub(crate) records: usize,
}

/// The patience of a run whose requests always arrive in the end.
pub(crate) fn patient() -> Patience {
    let long = Duration::from_hours(4);
    Patience { throttled: long, network: long, full: long, ..Patience::default() }
}

/// The patience of a run that gives up soon.
pub(crate) fn impatient() -> Patience {
    let short = Duration::from_millis(500);
    Patience { throttled: short, network: short, full: short, ..Patience::default() }
}

/// Runs a fleet without a kill.
pub(crate) fn undisturbed(
    fleet: &Fleet,
    world: World,
    done: &BTreeSet<StackAddress>,
    patience: Patience,
) -> Whole {
    let has_others = world_has_others(&world);
    paused(async {
        let simulated = Simulated::new(world);
        let journal = Memory::default();
        let cloud = Paced::new(&simulated, patience);
        let ended = run(&simulated, &cloud, How::new(fleet, &journal)).await;
        let journal = journal.entries.into_inner();
        let mut violations = Vec::new();
        if let Some(summary) = &ended.summary {
            violations.extend(check::none_forgotten(&ended.plan, summary));
            if !has_others {
                violations.extend(check::overtaken_by_nobody(summary));
            }
        }
        let world = simulated.with(|world| {
            world.settle();
            violations.extend(of_log(world, fleet, done, &[&journal]));
            world.clone()
        });
        Whole { world, violations, records: journal.len() }
    })
}

fn world_has_others(world: &World) -> bool {
    world.faults().has_others()
}

/// The violations of the rules that the log of a world shows.
pub(crate) fn of_log(
    world: &World,
    fleet: &Fleet,
    done: &BTreeSet<StackAddress>,
    journals: &[&[Entry]],
) -> Vec<Violation> {
    let log = &world.log;
    let mut violations = log.violations.clone();
    violations.extend(check::record_first(log, &journals.concat()));
    violations.extend(check::foreign_untouched(log, MESH));
    violations.extend(check::dependencies_first(log, &fleet.wanted(), done));
    violations.extend(check::one_run_at_once(log, journals));
    violations
}

/// Fails with the first violations, and with what is needed to see them again.
pub(crate) fn none(seed: u64, violations: &[Violation]) -> Result<(), String> {
    if violations.is_empty() {
        return Ok(());
    }
    let first: Vec<String> =
        violations.iter().take(3).map(|one| format!("  {}: {}", one.rule, one.text)).collect();
    Err(format!("SIMULATION_SEED={seed}: {} violations\n{}", violations.len(), first.join("\n")))
}

/// The seeds of this test run.
pub(crate) fn seeds(usual: u64) -> std::ops::Range<u64> {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    match (number("SIMULATION_SEED"), number("SIMULATION_SEEDS")) {
        (Some(seed), _) => seed..seed + 1,
        (None, Some(count)) => 0..count,
        (None, None) => 0..usual,
    }
}

/// Runs a check with each seed, and fails with the seeds that fail.
pub(crate) fn each_seed(usual: u64, check: impl Fn(u64) -> Result<(), String>) {
    let failed: Vec<String> = seeds(usual).filter_map(|seed| check(seed).err()).collect();
    assert!(
        failed.is_empty(),
        "{} seeds failed:\n{}",
        failed.len(),
        failed.iter().take(8).cloned().collect::<Vec<_>>().join("\n")
    );
}
