//! The state of a run, from its events only.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use lakewright_analysis::words::count;
use lakewright_deployer::driver::Wish;
use lakewright_fleet::event::Event;
use lakewright_fleet::machine::Outcome;
use lakewright_fleet::plan::{Action, Plan};
use lakewright_fleet::schedule::{Because, Waves};
use lakewright_template::{Place, StackAddress};

use super::super::ends::{why_skipped, wrong};
use crate::ui::HIDDEN;

/// The time over which the rate is counted.
const MINUTE: Duration = Duration::from_mins(1);

/// The lists of the view.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Pane {
    UnderWay,
    Waiting,
    Accounts,
    Failures,
    Skipped,
}

impl Pane {
    pub(super) const ALL: [Self; 5] =
        [Self::UnderWay, Self::Waiting, Self::Accounts, Self::Failures, Self::Skipped];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::UnderWay => "Under way",
            Self::Waiting => "Waiting",
            Self::Accounts => "Accounts",
            Self::Failures => "Failures",
            Self::Skipped => "Skipped",
        }
    }
}

/// How many stacks of one account and region, or of all, are in each state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) waiting: usize,
    pub(super) under_way: usize,
    pub(super) done: usize,
    pub(super) failed: usize,
    pub(super) skipped: usize,
}

impl Counts {
    pub(super) fn all(self) -> usize {
        self.open() + self.done + self.failed + self.skipped
    }

    /// The stacks that have not ended.
    pub(super) fn open(self) -> usize {
        self.waiting + self.under_way
    }

    fn plus(self, other: Self) -> Self {
        Self {
            waiting: self.waiting + other.waiting,
            under_way: self.under_way + other.under_way,
            done: self.done + other.done,
            failed: self.failed + other.failed,
            skipped: self.skipped + other.skipped,
        }
    }
}

/// A stack under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Running {
    /// When its work began, since the beginning of the run.
    pub(super) since: Duration,
    /// What was reported of it last.
    pub(super) last: String,
}

/// The state of a run. Times are since the beginning of the run.
pub(super) struct State {
    pub(super) title: String,
    /// A text that is not shown; empty for none.
    secret: String,
    actions: BTreeMap<StackAddress, Action>,
    /// The position of each stack in the plan.
    order: BTreeMap<StackAddress, usize>,
    /// The stacks that have not begun, by their position.
    pub(super) waiting: BTreeMap<usize, StackAddress>,
    /// The stacks that ended badly.
    failed: BTreeSet<StackAddress>,
    pub(super) places: BTreeMap<Place, Counts>,
    /// The waves of the plan.
    waves: Waves,
    /// The waves in which each place has stacks.
    waves_of: BTreeMap<Place, BTreeSet<usize>>,
    pub(super) running: BTreeMap<StackAddress, Running>,
    /// What failed, each with the reason.
    pub(super) failures: Vec<(StackAddress, String)>,
    /// What was skipped, each with the reason.
    pub(super) skipped: Vec<(StackAddress, String)>,
    /// When the stacks of the last minute ended.
    ends: VecDeque<Duration>,
    pub(super) pane: Pane,
    /// The first entry that each pane shows.
    scrolled: BTreeMap<Pane, usize>,
    /// Whether no further stack is started until the person goes on.
    pub(super) is_held: bool,
    /// The last message of the run.
    pub(super) said: String,
}

impl State {
    /// The state before a plan is carried out. `secret` is never shown.
    pub(super) fn new(title: &str, plan: &Plan, waves: &Waves, secret: &str) -> Self {
        let mut places: BTreeMap<Place, Counts> = BTreeMap::new();
        let mut waves_of: BTreeMap<Place, BTreeSet<usize>> = BTreeMap::new();
        let mut actions = BTreeMap::new();
        for step in plan.steps.iter().filter(|step| step.is_change()) {
            let place = &step.address.place;
            places.entry(place.clone()).or_default().waiting += 1;
            waves_of.entry(place.clone()).or_default().insert(waves.of_stack(&step.address));
            actions.insert(step.address.clone(), step.action);
        }
        let changes = plan.steps.iter().filter(|step| step.is_change());
        let waiting: BTreeMap<usize, StackAddress> =
            changes.map(|step| step.address.clone()).enumerate().collect();
        Self {
            title: title.to_owned(),
            secret: secret.to_owned(),
            actions,
            order: waiting.iter().map(|(index, address)| (address.clone(), *index)).collect(),
            waiting,
            failed: BTreeSet::new(),
            places,
            waves: waves.clone(),
            waves_of,
            running: BTreeMap::new(),
            failures: Vec::new(),
            skipped: Vec::new(),
            ends: VecDeque::new(),
            pane: Pane::UnderWay,
            scrolled: BTreeMap::new(),
            is_held: false,
            said: String::new(),
        }
    }

    /// Takes an event into account that happened at this time.
    pub(super) fn event(&mut self, event: &Event, now: Duration) {
        match event {
            Event::Started { address } => self.starts(address, now),
            Event::Changes { address, changes } => {
                self.reports(address, &count(changes.len(), "change"));
            }
            Event::Resource { address, logical_id, kind, status, reason } => {
                self.reports(address, &format!("{logical_id} {status}"));
                if status.ends_with("FAILED") {
                    let reason = reason.as_deref().unwrap_or("no reason given");
                    self.fails(address, &format!("{logical_id} ({kind}): {reason}"));
                }
            }
            Event::Rejected { address, rejection } if rejection.is_warning => {
                self.reports(address, &format!("warning: {}", rejection.reason));
            }
            Event::Rejected { address, rejection } => {
                let (id, kind, reason) =
                    (&rejection.logical_id, &rejection.kind, &rejection.reason);
                self.fails(address, &format!("{id} ({kind}): {reason}"));
            }
            Event::Uploaded { address, target } => {
                self.reports(address, &format!("uploaded {target}"));
            }
            Event::Note { address, text } => self.reports(address, text),
            Event::Wave { wave, text } => self.say(&format!("wave {}: {text}", wave + 1)),
            Event::Again { address } => self.waits_again(address),
            Event::Finished { address, outcome } => self.finishes(address, outcome, now),
            Event::Skipped { address, because } => self.skips(address, because),
        }
    }

    fn starts(&mut self, address: &StackAddress, now: Duration) {
        let counts = self.places.entry(address.place.clone()).or_default();
        counts.waiting = counts.waiting.saturating_sub(1);
        counts.under_way += 1;
        self.waits_no_more(address);
        self.running.insert(address.clone(), Running { since: now, last: String::new() });
    }

    fn finishes(&mut self, address: &StackAddress, outcome: &Outcome, now: Duration) {
        let was_begun = self.running.remove(address).is_some();
        let counts = self.places.entry(address.place.clone()).or_default();
        let from = if was_begun { &mut counts.under_way } else { &mut counts.waiting };
        *from = from.saturating_sub(1);
        if let Some(reason) = wrong(outcome) {
            counts.failed += 1;
            self.failed.insert(address.clone());
            self.fails(address, &reason);
        } else {
            counts.done += 1;
        }
        self.waits_no_more(address);
        self.ends.push_back(now);
        while self.ends.front().is_some_and(|end| *end + MINUTE < now) {
            self.ends.pop_front();
        }
    }

    fn skips(&mut self, address: &StackAddress, because: &Because) {
        let counts = self.places.entry(address.place.clone()).or_default();
        counts.waiting = counts.waiting.saturating_sub(1);
        counts.skipped += 1;
        self.waits_no_more(address);
        let is_going = self.actions.get(address) == Some(&Action::Delete);
        let why = self.shown(&why_skipped(because, is_going));
        self.skipped.push((address.clone(), why));
    }

    fn waits_no_more(&mut self, address: &StackAddress) {
        if let Some(index) = self.order.get(address) {
            self.waiting.remove(index);
        }
    }

    /// A stack that failed or was skipped will be tried once more.
    fn waits_again(&mut self, address: &StackAddress) {
        let counts = self.places.entry(address.place.clone()).or_default();
        let was_skipped = self.skipped.iter().any(|(other, _)| other == address);
        if self.failed.remove(address) {
            counts.failed = counts.failed.saturating_sub(1);
        } else if was_skipped {
            counts.skipped = counts.skipped.saturating_sub(1);
        } else {
            // That it was skipped had not been told yet.
            return;
        }
        counts.waiting += 1;
        self.failures.retain(|(other, _)| other != address);
        self.skipped.retain(|(other, _)| other != address);
        if let Some(index) = self.order.get(address) {
            self.waiting.insert(*index, address.clone());
        }
    }

    /// What the run is asked for when a person wants failed stacks tried once more; `None` if none has failed.
    pub(super) fn retry(&mut self) -> Option<Wish> {
        let failed: Vec<StackAddress> = self.failed.iter().cloned().collect();
        let text = match failed.len() {
            0 => "`r`: no stack has failed".to_owned(),
            number => format!("`r`: tries {} once more", count(number, "stack")),
        };
        self.say(&text);
        (!failed.is_empty()).then_some(Wish::Again(failed))
    }

    /// What the run is asked for when a person sets aside the first stack of the list of waiting stacks that is shown.
    pub(super) fn set_aside(&mut self) -> Option<Wish> {
        let shown = self.waiting.values().nth(self.first()).cloned();
        if let Some(address) = shown.filter(|_| self.pane == Pane::Waiting) {
            self.say(&format!("`x`: sets {address} aside, with the stacks that need it"));
            Some(Wish::SetAside(address))
        } else {
            self.say("`x` sets aside the stack at the top of the list of waiting stacks; `tab` shows that list");
            None
        }
    }

    fn reports(&mut self, address: &StackAddress, text: &str) {
        let text = self.shown(text);
        if let Some(running) = self.running.get_mut(address) {
            running.last = text;
        }
    }

    fn fails(&mut self, address: &StackAddress, reason: &str) {
        let reason = self.shown(reason);
        self.failures.push((address.clone(), reason));
    }

    /// A text on one line, without the secret.
    fn shown(&self, text: &str) -> String {
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        if self.secret.is_empty() { text } else { text.replace(&self.secret, HIDDEN) }
    }

    pub(super) fn say(&mut self, text: &str) {
        self.said = self.shown(text);
    }

    /// The counts of all accounts and regions.
    pub(super) fn counts(&self) -> Counts {
        self.places.values().fold(Counts::default(), |sum, counts| sum.plus(*counts))
    }

    /// How many stacks ended in the last minute.
    pub(super) fn rate(&self, now: Duration) -> usize {
        self.ends.iter().filter(|end| **end + MINUTE >= now).count()
    }

    /// The waves in which a place has stacks, counted from 1.
    pub(super) fn waves_of(&self, place: &Place) -> String {
        let waves = self.waves_of.get(place).into_iter().flatten();
        waves.map(|wave| (wave + 1).to_string()).collect::<Vec<_>>().join(", ")
    }

    /// The wave that is under way, and how many waves there are; `None` if there is one wave only.
    pub(super) fn waves(&self) -> Option<(usize, usize)> {
        if self.waves.first().is_empty() || self.waves.later() == 0 {
            return None;
        }
        let mut open = self.waiting.values().chain(self.running.keys());
        let is_first = open.any(|address| self.waves.of_stack(address) == 0);
        Some((if is_first { 1 } else { 2 }, 2))
    }

    pub(super) fn action(&self, address: &StackAddress) -> Option<Action> {
        self.actions.get(address).copied()
    }

    /// How many entries a pane has.
    pub(super) fn entries(&self, pane: Pane) -> usize {
        match pane {
            Pane::UnderWay => self.running.len(),
            Pane::Waiting => self.waiting.len(),
            Pane::Accounts => self.places.len(),
            Pane::Failures => self.failures.len(),
            Pane::Skipped => self.skipped.len(),
        }
    }

    /// The first entry that the pane shows.
    pub(super) fn first(&self) -> usize {
        let last = self.entries(self.pane).saturating_sub(1);
        self.scrolled.get(&self.pane).copied().unwrap_or_default().min(last)
    }

    /// Scrolls the pane by this many entries.
    pub(super) fn scroll(&mut self, step: isize) {
        let last = self.entries(self.pane).saturating_sub(1);
        let first = self.first().saturating_add_signed(step).min(last);
        self.scrolled.insert(self.pane, first);
    }

    /// Shows the pane that is this many panes further.
    pub(super) fn turn_to(&mut self, step: isize) {
        let panes = Pane::ALL.len();
        let shown = Pane::ALL.iter().position(|pane| *pane == self.pane).unwrap_or_default();
        let next = (shown + panes).saturating_add_signed(step) % panes;
        self.pane = Pane::ALL[next];
    }
}

#[cfg(test)]
pub(super) mod tests;
