//! Cells: what one principal can do with one resource.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use lakewright_access::action::{Action, Level};
use lakewright_access::request::{Context, Principal};

/// One cell: a principal and what it can do with a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    /// The resource's ARN; with a pattern where only a part is reached, such as a folder.
    pub resource: Arc<str>,
    /// Who.
    pub principal: Arc<Principal>,
    /// The rows and columns, where a filter of Lake Formation limits them.
    pub cells: Option<String>,
    /// The actions that are allowed, by what a request must carry.
    allowed: Vec<Allowed>,
    /// The actions of which it is not known.
    unknown: Vec<Action>,
    /// Why.
    doubts: Vec<&'static str>,
    /// The levels of the allowed actions.
    pub levels: Levels,
}

/// Actions that are allowed under the same condition keys.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Allowed {
    /// The same few lists are in nearly all cells, and kept once.
    actions: Arc<[Action]>,
    /// What a request must carry; its keys are what matters.
    needed: Option<Arc<Context>>,
}

impl Allowed {
    fn keys(&self) -> impl Iterator<Item = &str> {
        self.needed.iter().flat_map(|context| context.iter()).map(|(key, _)| key)
    }
}

/// The condition keys that requests must carry, in one action's case or another's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Needed<'c> {
    /// Nothing is allowed without.
    Always(BTreeSet<&'c str>),
    /// Some of it is.
    Partly(BTreeSet<&'c str>),
}

/// A set of levels.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Levels(u8);

impl Levels {
    const fn bit(level: Level) -> u8 {
        1 << level as u8
    }

    fn insert(&mut self, level: Level) {
        self.0 |= Self::bit(level);
    }

    /// The levels, the weakest first.
    pub fn iter(self) -> impl Iterator<Item = Level> {
        Level::ALL.into_iter().filter(move |level| self.0 & Self::bit(*level) != 0)
    }
}

impl Cell {
    pub(super) fn new(
        resource: Arc<str>,
        principal: Arc<Principal>,
        cells: Option<String>,
    ) -> Self {
        let (allowed, unknown, doubts) = (Vec::new(), Vec::new(), Vec::new());
        Self { resource, principal, cells, allowed, unknown, doubts, levels: Levels::default() }
    }

    /// The allowed actions, each with the condition keys that a request must carry, sorted. What is
    /// allowed in several ways needs the fewest of them.
    pub fn actions(&self) -> BTreeMap<Action, Vec<&str>> {
        let mut all: BTreeMap<Action, Vec<&str>> = BTreeMap::new();
        for allowed in &self.allowed {
            let needed: Vec<&str> = allowed.keys().collect();
            for action in allowed.actions.iter() {
                let known = all.entry(*action).or_insert_with(|| needed.clone());
                if needed.len() < known.len() {
                    known.clone_from(&needed);
                }
            }
        }
        all
    }

    /// What requests must carry for what is allowed.
    pub fn needed(&self) -> Needed<'_> {
        if self.allowed.iter().all(|allowed| allowed.needed.is_none()) {
            return Needed::Partly(BTreeSet::new());
        }
        let actions = self.actions();
        let keys: BTreeSet<&str> = actions.values().flatten().copied().collect();
        if actions.values().any(Vec::is_empty) {
            Needed::Partly(keys)
        } else {
            Needed::Always(keys)
        }
    }

    /// The actions of which it is not known.
    pub fn unknown(&self) -> BTreeSet<Action> {
        self.unknown.iter().copied().collect()
    }

    /// Why it is not known; sorted.
    pub fn doubts(&self) -> BTreeSet<&'static str> {
        self.doubts.iter().copied().collect()
    }

    /// Takes over what another cell of the same principal and resource says: IAM and Lake Formation
    /// both have a say.
    pub fn take(&mut self, other: &mut Self) {
        self.allowed.append(&mut other.allowed);
        self.unknown.append(&mut other.unknown);
        self.doubts.append(&mut other.doubts);
        self.levels.0 |= other.levels.0;
    }

    /// Whether nothing is allowed, and everything known.
    pub(super) fn is_empty(&self) -> bool {
        self.allowed.is_empty() && self.unknown.is_empty()
    }

    /// Takes note of an action of which it is not known, and why.
    pub(super) fn doubt(&mut self, action: Action, reason: &'static str) {
        self.unknown.push(action);
        if !self.doubts.contains(&reason) {
            self.doubts.push(reason);
        }
    }

    /// Takes note of allowed actions, and of what a request must carry.
    pub(super) fn allow(&mut self, actions: &[Action], needed: Option<Arc<Context>>) {
        if actions.is_empty() {
            return;
        }
        for action in actions {
            self.levels.insert(action.level());
        }
        self.allowed.push(Allowed { actions: kept(actions), needed });
    }
}

/// Lists that a thread remembers at most: a process that lives long must not grow with each mesh that it sees.
const KEPT: usize = 65_536;

/// A list of actions, kept once in each thread.
fn kept(actions: &[Action]) -> Arc<[Action]> {
    thread_local! {
        static KNOWN: RefCell<BTreeSet<Arc<[Action]>>> = const { RefCell::new(BTreeSet::new()) };
    }
    KNOWN.with_borrow_mut(|known| {
        if let Some(list) = known.get(actions) {
            return list.clone();
        }
        let list: Arc<[Action]> = actions.into();
        if known.len() >= KEPT {
            known.clear();
        }
        known.insert(list.clone());
        list
    })
}
