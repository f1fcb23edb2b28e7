//! A rehearsal: tonight's refresh of a mesh, in the simulated world.
//!
//! Its times are those of the simulation. They say how the stacks wait for each other, not how long AWS takes.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use lakewright_deployer::cloud::{Access, CloudError, Site, Stack};
use lakewright_deployer::driver::{Driver, Stop, is_good, list_all};
use lakewright_deployer::duties::Duties;
use lakewright_deployer::lease::Lease;
use lakewright_deployer::paced::{Paced, Patience};
use lakewright_deployer::record::Shelf;
use lakewright_fleet::event::{Change, Event};
use lakewright_fleet::machine::Outcome;
use lakewright_fleet::plan::plan;
use lakewright_fleet::schedule::Because;
use lakewright_template::assembly::StackEntry;
use lakewright_template::{AccountId, Place, StackAddress, holds_data, limits};

use crate::faults::Faults;
use crate::random::Random;
use crate::shape::Shape;
use crate::simulated::Simulated;
use crate::world::{Calls, World};

/// Of a thousand resources of a changed stack, so many are changed.
const CHANGED_RESOURCES: u64 = 300;
/// From this part of a limit on, in percent, a stack is near it.
const NEAR: usize = 80;

/// What is rehearsed.
#[derive(Debug)]
pub struct Rehearsal<'a> {
    /// The mesh's id.
    pub mesh: &'a str,
    /// The wanted stacks.
    pub stacks: &'a BTreeMap<StackAddress, Stack>,
    /// The stacks of the version that is deployed. If there are none, an older version of the wanted stacks is made up.
    pub before: &'a BTreeMap<StackAddress, Stack>,
    /// How many of a hundred stacks the made-up older version changes.
    pub changed: u64,
    /// The seed.
    pub seed: u64,
}

/// One stack of the critical path. Times are in milliseconds since the start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leg {
    /// The stack.
    pub address: StackAddress,
    /// When it was started.
    pub from: u64,
    /// When it had ended.
    pub until: u64,
}

/// What could fail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Risk {
    /// The stack has nearly as many resources as a template may have.
    Resources {
        /// Their number.
        count: usize,
        /// The limit.
        limit: usize,
    },
    /// The template is nearly as large as it may be.
    Bytes {
        /// The size in bytes.
        count: usize,
        /// The limit.
        limit: usize,
    },
    /// The change deletes or replaces a resource that holds data.
    Data {
        /// The resource's logical id.
        logical_id: String,
        /// Its type.
        kind: String,
    },
}

/// What came of a rehearsal.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rehearsed {
    /// How long it took, in milliseconds of the simulation.
    pub milliseconds: u64,
    /// The chain of stacks that took longest, each needed by the next.
    pub path: Vec<Leg>,
    /// The requests to each account.
    pub calls: BTreeMap<AccountId, Calls>,
    /// The highest number of stacks in operation at once.
    pub most_at_once: usize,
    /// The number of stacks that need no change.
    pub kept: usize,
    /// The outcomes of the others.
    pub outcomes: BTreeMap<StackAddress, Outcome>,
    /// The skipped stacks, each with the reason.
    pub skipped: BTreeMap<StackAddress, Because>,
    /// What could fail.
    pub risks: Vec<(StackAddress, Risk)>,
}

/// Why a rehearsal cannot be held.
#[derive(Debug, thiserror::Error)]
pub enum RehearsalError {
    /// A template or what it needs cannot be read.
    #[error("{address}: {message}")]
    Template {
        /// The stack.
        address: Box<StackAddress>,
        /// The reason.
        message: String,
    },
    /// Stacks depend on each other in a circle.
    #[error("these stacks depend on each other: {}", list(.0))]
    Circle(Vec<StackAddress>),
    /// The simulation does not answer.
    #[error("the simulation failed to {0}")]
    Cloud(#[from] CloudError),
    /// The runtime cannot be started.
    #[error("the simulation cannot be started: {0}")]
    Runtime(#[from] std::io::Error),
}

fn list(addresses: &[StackAddress]) -> String {
    let addresses: Vec<String> = addresses.iter().map(ToString::to_string).collect();
    addresses.join(", ")
}

/// What is noted during the run.
#[derive(Debug, Default)]
struct Notes {
    from: BTreeMap<StackAddress, u64>,
    until: BTreeMap<StackAddress, u64>,
    risks: Vec<(StackAddress, Risk)>,
}

impl Rehearsal<'_> {
    /// Runs the refresh.
    ///
    /// # Errors
    ///
    /// A template cannot be read, or stacks depend on each other in a circle.
    pub fn run(&self) -> Result<Rehearsed, RehearsalError> {
        let world = self.world()?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()?;
        runtime.block_on(self.refresh(world))
    }

    /// The world with the stacks of the older version.
    fn world(&self) -> Result<World, RehearsalError> {
        let mut world = World::new(Faults::none(self.seed));
        for (address, stack) in self.stacks {
            world.know_roles(roles(stack)?);
            if self.before.is_empty() {
                let mut random = Random::of(self.seed, &format!("changed {address}"));
                let older = if random.chance(self.changed * 10) { CHANGED_RESOURCES } else { 0 };
                add(&mut world, stack, older)?;
            }
        }
        for stack in self.before.values() {
            add(&mut world, stack, 0)?;
        }
        Ok(world)
    }

    async fn refresh(&self, world: World) -> Result<Rehearsed, RehearsalError> {
        let simulated = Simulated::new(world);
        let cloud = Paced::new(&simulated, Patience::default());
        let notes = RefCell::new(Notes { risks: self.near_limits(), ..Notes::default() });
        let report = |event: Event| note(&mut notes.borrow_mut(), event, simulated.now());
        let ask = |_: &StackAddress, _: &[Change]| true;
        let sites = self.sites();
        let Some(first) = sites.values().next() else { return Ok(Rehearsed::default()) };
        let record = Shelf { site: first.clone(), bucket: String::new(), key: String::new() };
        let (lease, stop) = (Lease::new(record, self.mesh), Stop::default());
        let driver = Driver::new(&cloud, report, ask, &lease, &stop);
        let mut observed = BTreeMap::new();
        for (site, listed) in sites.values().zip(list_all(&cloud, sites.values()).await) {
            observed.extend(listed?.into_iter().map(|(name, stack)| (site.address(&name), stack)));
        }
        let wanted: Vec<StackEntry> =
            self.stacks.values().map(|stack| stack.entry.clone()).collect();
        let plan = plan(self.mesh, &wanted, &observed).map_err(RehearsalError::Circle)?;
        let summary = driver.run(&plan, self.stacks, &sites).await;
        drop(driver);
        let milliseconds = simulated.now();
        let Notes { from, until, risks } = notes.into_inner();
        let (calls, most_at_once) =
            simulated.with(|world| (world.log.calls.clone(), world.log.most_at_once));
        Ok(Rehearsed {
            milliseconds,
            path: self.path(&from, &until),
            calls,
            most_at_once,
            kept: plan.steps.iter().filter(|step| !step.is_change()).count(),
            outcomes: summary.outcomes,
            skipped: summary.skipped,
            risks,
        })
    }

    fn sites(&self) -> BTreeMap<Place, Site> {
        let all = self.before.values().chain(self.stacks.values());
        all.map(|stack| (stack.entry.place(), stack.site.clone())).collect()
    }

    /// The stacks that are near a limit of CloudFormation.
    fn near_limits(&self) -> Vec<(StackAddress, Risk)> {
        let is_near = |count: usize, limit: usize| count * 100 >= limit * NEAR;
        let mut risks = Vec::new();
        for (address, stack) in self.stacks {
            let count = Shape::of(&stack.template).map_or(0, |shape| shape.0.len());
            let limit = limits::RESOURCES;
            if is_near(count, limit) {
                risks.push((address.clone(), Risk::Resources { count, limit }));
            }
            let (count, limit) = (stack.template.len(), limits::TEMPLATE_BYTES);
            if is_near(count, limit) {
                risks.push((address.clone(), Risk::Bytes { count, limit }));
            }
        }
        risks
    }

    /// The stack that ended last, before it the one of its dependencies that ended last, and so on.
    fn path(
        &self,
        from: &BTreeMap<StackAddress, u64>,
        until: &BTreeMap<StackAddress, u64>,
    ) -> Vec<Leg> {
        let mut path = Vec::new();
        let mut seen = BTreeSet::new();
        let mut next = until.iter().max_by_key(|(_, time)| **time);
        while let Some((address, time)) = next.filter(|(address, _)| seen.insert(*address)) {
            let from = from.get(address).copied().unwrap_or_default();
            path.push(Leg { address: address.clone(), from, until: *time });
            let before = self.stacks.get(address).map(|stack| &stack.entry.depends_on);
            let before = before.into_iter().flatten();
            let ended = before.filter_map(|other| until.get_key_value(other));
            next = ended.max_by_key(|(_, time)| **time);
        }
        path.reverse();
        path
    }
}

impl Rehearsed {
    /// The stacks whose work did not end well.
    pub fn failed(&self) -> impl Iterator<Item = (&StackAddress, &Outcome)> {
        self.outcomes.iter().filter(|(_, outcome)| !is_good(outcome))
    }
}

fn note(notes: &mut Notes, event: Event, now: u64) {
    match event {
        Event::Started { address } => drop(notes.from.insert(address, now)),
        Event::Finished { address, .. } => drop(notes.until.insert(address, now)),
        Event::Changes { address, changes } => {
            for change in changes {
                let is_lost =
                    change.action == "Remove" || change.replacement.as_deref() == Some("True");
                if is_lost && holds_data(&change.kind) {
                    let Change { logical_id, kind, .. } = change;
                    notes.risks.push((address.clone(), Risk::Data { logical_id, kind }));
                }
            }
        }
        Event::Resource { .. }
        | Event::Rejected { .. }
        | Event::Uploaded { .. }
        | Event::Note { .. }
        | Event::Wave { .. }
        | Event::Again { .. }
        | Event::Skipped { .. } => {}
    }
}

fn add(world: &mut World, stack: &Stack, older: u64) -> Result<(), RehearsalError> {
    world.add(stack, "UPDATE_COMPLETE", older).map_err(|message| RehearsalError::Template {
        address: Box::new(stack.entry.address()),
        message,
    })
}

/// The roles that exist when a stack is refreshed: those that its policies name.
fn roles(stack: &Stack) -> Result<BTreeSet<String>, RehearsalError> {
    let duties = Duties::of(&stack.template, &stack.entry.place()).map_err(|error| {
        RehearsalError::Template {
            address: Box::new(stack.entry.address()),
            message: error.to_string(),
        }
    })?;
    let permitted = duties.permissions.into_iter().map(|permission| permission.principal);
    let all = duties.principals.into_iter().chain(duties.administrators).chain(permitted);
    let mut all: BTreeSet<String> = all.filter(|arn| arn.contains(":role/")).collect();
    if let Access::Deployer { role, .. } = &stack.site.access {
        all.insert(role.clone());
    }
    Ok(all)
}
