//! The schedule of a plan: which step starts next, and which are skipped.
//!
//! A step starts as soon as its own dependencies are done, and while fewer than [`Limits`] steps are under way in its
//! account and region and in all. Beside the dependencies that the steps name, three orders follow from their kinds:
//!
//! - the stacks of an account and region wait for the change of its bootstrap, whose roles deploy them;
//! - a bootstrap that was postponed (`Plan::postpone`) waits for the stacks that come before it in the plan;
//! - deletions wait for all other steps, and those of one kind for those of the kinds that are deleted before it.
//!
//! These wait for the end of what comes before, not for its success: only a dependency that a step names is needed.

mod again;
mod waves;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use lakewright_template::{Place, StackAddress, StackKind};

use crate::plan::{Action, Plan, Step};

pub use waves::Waves;

/// How many steps may be under way at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// In one account and region.
    pub per_place: usize,
    /// In all accounts and regions.
    pub total: usize,
}

impl Default for Limits {
    /// A request for a stack's status every few seconds and stack stays below the rates at which users report
    /// throttling: about 30 stacks at once in one account (aws/aws-cdk-cli, issues 1777 and 1941).
    fn default() -> Self {
        Self { per_place: 16, total: 128 }
    }
}

/// Why a step is not carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Because {
    /// It depends on this stack, which was not deployed.
    Stack(StackAddress),
    /// The run starts nothing more, for this reason.
    Stopped(String),
    /// A person set it aside.
    SetAside,
}

impl fmt::Display for Because {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stack(address) => address.fmt(f),
            Self::Stopped(reason) => f.write_str(reason),
            Self::SetAside => f.write_str("a person set it aside"),
        }
    }
}

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// Start the step with this index in the plan.
    Start(usize),
    /// The step with this index is skipped.
    Skip(usize, Because),
    /// All steps of the first wave have ended. The second one starts after [`Schedule::open`].
    Gate,
}

/// One node: a step of the plan, or a barrier between two groups of steps.
#[derive(Debug, Default)]
struct Node {
    /// How many nodes it still waits for.
    waits: usize,
    /// The nodes that wait for its end.
    order: Vec<usize>,
    /// The nodes that need its success.
    needs: Vec<usize>,
}

/// The schedule of one plan.
#[derive(Debug)]
pub struct Schedule {
    limits: Limits,
    nodes: Vec<Node>,
    /// The place and address of each step; barriers have none.
    steps: Vec<Option<(Place, StackAddress)>>,
    /// The barrier between the waves, if there are two.
    gate: Option<usize>,
    /// Whether nothing but [`Self::open`] is missing for the second wave.
    is_at_gate: bool,
    ready: BTreeMap<Place, BTreeSet<usize>>,
    skipped: Vec<(usize, Because)>,
    /// The steps that have started or were skipped.
    begun: BTreeSet<usize>,
    /// For each step, the steps that need its success: unlike those of its node, none is ever taken away.
    needed_by: Vec<Vec<usize>>,
    /// The steps that failed.
    failed: BTreeSet<usize>,
    /// The steps that were skipped because of another step.
    cut: BTreeSet<usize>,
    /// The steps that a person set aside.
    aside: BTreeSet<usize>,
    /// The nodes that have ended.
    over: BTreeSet<usize>,
    busy: BTreeMap<Place, usize>,
    total: usize,
    stopped: Option<Because>,
}

impl Schedule {
    /// The schedule of all changes of a plan.
    pub fn new(plan: &Plan, limits: Limits) -> Self {
        Self::in_waves(plan, limits, &Waves::default())
    }

    /// The schedule of all changes of a plan, in the waves of this plan: no step of the second wave starts before all steps of
    /// the first one have ended and [`Self::open`] was called.
    pub fn in_waves(plan: &Plan, limits: Limits, waves: &Waves) -> Self {
        let changes = changes(plan);
        let mut schedule = Self {
            limits: Limits { per_place: limits.per_place.max(1), total: limits.total.max(1) },
            nodes: linked(plan, &changes),
            steps: plan
                .steps
                .iter()
                .map(|step| Some((step.address.place.clone(), step.address.clone())))
                .collect(),
            gate: None,
            is_at_gate: false,
            ready: BTreeMap::new(),
            skipped: Vec::new(),
            begun: BTreeSet::new(),
            needed_by: Vec::new(),
            failed: BTreeSet::new(),
            cut: BTreeSet::new(),
            aside: BTreeSet::new(),
            over: BTreeSet::new(),
            busy: BTreeMap::new(),
            total: 0,
            stopped: None,
        };
        let (deletions, others): (Vec<usize>, Vec<usize>) =
            changes.iter().copied().partition(|index| plan.steps[*index].action == Action::Delete);
        schedule.order_waves(plan, &changes, waves);
        schedule.order_deletions(plan, &others, &deletions);
        schedule.needed_by = schedule.nodes.iter().map(|node| node.needs.clone()).collect();
        for index in changes {
            if schedule.nodes[index].waits == 0 {
                schedule.is_ready(index);
            }
        }
        schedule
    }

    /// What to do next; `None` while nothing can start, or when everything has ended.
    pub fn next_step(&mut self) -> Option<Next> {
        if let Some((index, because)) = self.skipped.pop() {
            self.ends(index);
            return Some(Next::Skip(index, because));
        }
        if let Some(because) = self.stopped.clone() {
            let index = self.take(|_, _| true)?;
            self.begun.insert(index);
            // What depends on it is skipped for the same reason.
            for next in std::mem::take(&mut self.nodes[index].needs) {
                self.let_go(next);
            }
            self.ends(index);
            return Some(Next::Skip(index, because));
        }
        if self.total < self.limits.total {
            // Taken out and put back: a copy for each step would cost the square of the number of places.
            let (busy, most) = (std::mem::take(&mut self.busy), self.limits.per_place);
            let has_room = |place: &Place, _| busy.get(place).copied().unwrap_or_default() < most;
            let taken = self.take(has_room);
            self.busy = busy;
            if let Some(index) = taken {
                self.begun.insert(index);
                if let Some((place, _)) = &self.steps[index] {
                    *self.busy.entry(place.clone()).or_default() += 1;
                }
                self.total += 1;
                return Some(Next::Start(index));
            }
        }
        (self.is_at_gate && self.total == 0).then_some(Next::Gate)
    }

    /// A step that was started has ended. If it is not good, the steps that depend on it are skipped.
    pub fn done(&mut self, index: usize, is_good: bool) {
        if let Some((place, _)) = &self.steps[index] {
            if let Some(count) = self.busy.get_mut(place) {
                *count = count.saturating_sub(1);
            }
            self.total = self.total.saturating_sub(1);
        }
        if !is_good {
            self.failed.insert(index);
        }
        for next in std::mem::take(&mut self.nodes[index].needs) {
            if is_good {
                self.let_go(next);
            } else {
                self.fails(next, index);
            }
        }
        self.ends(index);
    }

    /// Lets the second wave begin.
    pub fn open(&mut self) {
        if let Some(gate) = self.gate.filter(|_| self.is_at_gate) {
            self.is_at_gate = false;
            self.ends(gate);
        }
    }

    /// Starts nothing more. What is under way goes on; the rest is skipped for this reason.
    pub fn stop(&mut self, reason: &str) {
        self.stop_because(Because::Stopped(reason.to_owned()));
    }

    /// Starts nothing more, because somebody else changes this stack.
    pub fn overtaken(&mut self, address: &StackAddress) {
        self.stop_because(Because::Stack(address.clone()));
    }

    fn stop_because(&mut self, because: Because) {
        if self.stopped.is_none() {
            self.stopped = Some(because);
        }
        self.open();
    }

    /// Changes how many steps may be under way in one account and region. Those that have started go on.
    pub fn limit_places(&mut self, per_place: usize) {
        self.limits.per_place = per_place.max(1);
    }

    /// How many steps are under way.
    pub fn under_way(&self) -> usize {
        self.total
    }

    /// Takes the first ready step, in the order of the plan, that fits.
    fn take(&mut self, fits: impl Fn(&Place, usize) -> bool) -> Option<usize> {
        let first = self.ready.iter().filter_map(|(place, ready)| {
            let index = *ready.first()?;
            fits(place, index).then_some((index, place))
        });
        let (index, place) = first.min_by_key(|(index, _)| *index)?;
        let place = place.clone();
        if let Some(ready) = self.ready.get_mut(&place) {
            ready.remove(&index);
        }
        if self.ready.get(&place).is_some_and(BTreeSet::is_empty) {
            self.ready.remove(&place);
        }
        Some(index)
    }

    fn is_ready(&mut self, index: usize) {
        if self.begun.contains(&index) {
            return;
        }
        match &self.steps[index] {
            Some((place, _)) => {
                self.ready.entry(place.clone()).or_default().insert(index);
            }
            None if self.gate == Some(index) && self.stopped.is_none() => self.is_at_gate = true,
            None => self.ends(index),
        }
    }

    /// Tells the nodes that wait for the end of this one.
    fn ends(&mut self, index: usize) {
        self.over.insert(index);
        for next in std::mem::take(&mut self.nodes[index].order) {
            self.let_go(next);
        }
    }

    fn let_go(&mut self, index: usize) {
        self.nodes[index].waits = self.nodes[index].waits.saturating_sub(1);
        if self.nodes[index].waits == 0 {
            self.is_ready(index);
        }
    }

    /// Skips a step and everything that needs it. They all name the step that was skipped or failed right before them.
    fn fails(&mut self, index: usize, cause: usize) {
        if !self.begun.insert(index) {
            return;
        }
        let because = match &self.steps[cause] {
            Some((_, address)) => Because::Stack(address.clone()),
            None => Because::Stopped("what comes before it failed".to_owned()),
        };
        self.cut.insert(index);
        self.skipped.push((index, because));
        for next in std::mem::take(&mut self.nodes[index].needs) {
            self.fails(next, index);
        }
    }

    fn order_waves(&mut self, plan: &Plan, steps: &[usize], waves: &Waves) {
        let is_first = |index: &&usize| waves.of_stack(&plan.steps[**index].address) == 0;
        let (first, second): (Vec<&usize>, Vec<&usize>) = steps.iter().partition(is_first);
        if !first.is_empty() && !second.is_empty() {
            let copied = |steps: Vec<&usize>| steps.into_iter().copied().collect::<Vec<usize>>();
            let barrier = self.barrier(&copied(first), &copied(second));
            self.gate = Some(barrier);
        }
    }

    fn order_deletions(&mut self, plan: &Plan, others: &[usize], deletions: &[usize]) {
        let mut groups: Vec<Vec<usize>> = Vec::new();
        // A plan that deletes everything names the order itself.
        let names_order = deletions.iter().any(|index| !plan.steps[*index].after.is_empty());
        let mut kind = None;
        for index in deletions {
            let of = plan.steps[*index].kind;
            if groups.is_empty() || (!names_order && kind != Some(of)) {
                groups.push(Vec::new());
                kind = Some(of);
            }
            if let Some(group) = groups.last_mut() {
                group.push(*index);
            }
        }
        let mut before: &[usize] = others;
        for group in &groups {
            if !before.is_empty() {
                self.barrier(before, group);
            }
            before = group;
        }
    }

    /// A node that ends when all steps of the first group have ended, and for which the second group waits.
    fn barrier(&mut self, first: &[usize], second: &[usize]) -> usize {
        let barrier = self.nodes.len();
        self.nodes.push(Node { waits: first.len(), ..Node::default() });
        self.steps.push(None);
        for index in first {
            self.nodes[*index].order.push(barrier);
        }
        for index in second {
            self.nodes[barrier].order.push(*index);
            self.nodes[*index].waits += 1;
        }
        barrier
    }
}

/// The indices of the steps that change something.
fn changes(plan: &Plan) -> Vec<usize> {
    (0..plan.steps.len()).filter(|index| plan.steps[*index].is_change()).collect()
}

/// The steps with the dependencies that they name, and with the orders between bootstraps and other stacks. Each step waits
/// only for steps with a lower index.
fn linked(plan: &Plan, changes: &[usize]) -> Vec<Node> {
    let mut nodes: Vec<Node> = plan.steps.iter().map(|_| Node::default()).collect();
    let by_address: BTreeMap<&StackAddress, usize> =
        changes.iter().map(|index| (&plan.steps[*index].address, *index)).collect();
    for index in changes {
        for other in &plan.steps[*index].after {
            // A bootstrap that was postponed comes after the stacks that name it.
            if let Some(before) = by_address.get(other).filter(|before| *before < index) {
                nodes[*before].needs.push(*index);
                nodes[*index].waits += 1;
            }
        }
    }
    order_bootstraps(&mut nodes, plan, changes);
    nodes
}

fn order_bootstraps(nodes: &mut [Node], plan: &Plan, changes: &[usize]) {
    let mut places: BTreeMap<&Place, Vec<usize>> = BTreeMap::new();
    for index in changes {
        let step = &plan.steps[*index];
        if step.action != Action::Delete {
            places.entry(&step.address.place).or_default().push(*index);
        }
    }
    for steps in places.values() {
        let is_one = |index: &&usize| is_bootstrap(&plan.steps[**index]);
        for bootstrap in steps.iter().filter(is_one) {
            for other in steps.iter().filter(|other| !is_one(other)) {
                let (first, second) =
                    if other < bootstrap { (*other, *bootstrap) } else { (*bootstrap, *other) };
                nodes[first].order.push(second);
                nodes[second].waits += 1;
            }
        }
    }
}

fn is_bootstrap(step: &Step) -> bool {
    step.kind == Some(StackKind::Bootstrap)
}

#[cfg(test)]
mod tests;
