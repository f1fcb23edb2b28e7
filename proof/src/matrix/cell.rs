//! Cells: what one principal can do with one resource.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use lakewright_access::action::{Action, Level};
use lakewright_access::request::{Context, Principal};

/// One cell: a principal and what it can do with a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    /// The resource's ARN. A pattern if only a part is accessible, such as a folder.
    pub resource: Arc<str>,
    /// The principal.
    pub principal: Arc<Principal>,
    /// The rows and columns, if a Lake Formation filter limits them.
    pub cells: Option<String>,
    /// The allowed actions, grouped by what a request must carry.
    allowed: Vec<Allowed>,
    /// The actions whose decision is unknown.
    unknown: Vec<Action>,
    /// The reasons.
    doubts: Vec<&'static str>,
    /// The levels of the allowed actions.
    pub levels: Levels,
}

/// Actions that are allowed under the same condition keys.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Allowed {
    /// Nearly all cells use the same few lists, so each list is stored once.
    actions: Arc<[Action]>,
    /// The context that a request must carry. Only its keys are shown.
    needed: Option<Arc<Context>>,
}

impl Allowed {
    fn keys(&self) -> impl Iterator<Item = &str> {
        self.needed.iter().flat_map(|context| context.iter()).map(|(key, _)| key)
    }
}

/// The condition keys that requests must carry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Needed<'c> {
    /// Every allowed action requires one of these keys or more.
    Always(BTreeSet<&'c str>),
    /// Some allowed actions require no key. Empty if none does.
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

    /// The allowed actions, sorted, each with the condition keys that a request must carry. For an action that is
    /// allowed in several ways, the keys of the way with the fewest.
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

    /// The condition keys that the allowed actions require.
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

    /// The actions whose decision is unknown.
    pub fn unknown(&self) -> BTreeSet<Action> {
        self.unknown.iter().copied().collect()
    }

    /// Why decisions are unknown; sorted.
    pub fn doubts(&self) -> BTreeSet<&'static str> {
        self.doubts.iter().copied().collect()
    }

    /// Moves the content of another cell of the same principal and resource into this one: IAM and Lake Formation each
    /// yield a cell.
    pub fn take(&mut self, other: &mut Self) {
        self.allowed.append(&mut other.allowed);
        self.unknown.append(&mut other.unknown);
        self.doubts.append(&mut other.doubts);
        self.levels.0 |= other.levels.0;
    }

    /// Whether nothing is allowed and nothing is unknown.
    pub(super) fn is_empty(&self) -> bool {
        self.allowed.is_empty() && self.unknown.is_empty()
    }

    /// Records an action whose decision is unknown, and why.
    pub(super) fn doubt(&mut self, action: Action, reason: &'static str) {
        self.unknown.push(action);
        if !self.doubts.contains(&reason) {
            self.doubts.push(reason);
        }
    }

    /// Records allowed actions, and the context that a request must carry for them.
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

/// The maximum number of lists that a thread stores, so that a long-lived process does not grow with each mesh.
const KEPT: usize = 65_536;

/// A shared list of actions; each thread stores equal lists once.
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
