//! One simulated stack.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use lakewright_deployer::cloud::StackEvent;
use lakewright_fleet::plan::{Observed, Told};
use lakewright_template::StackAddress;

use crate::operation::Operation;
use crate::shape::Shape;

/// A resource that exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Made {
    /// The number in its physical id; a resource that replaces another one has another number.
    pub(crate) number: u64,
    /// Whether somebody's data is in it: the stack was complete with it once.
    pub(crate) is_used: bool,
}

/// Where a change set stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Standing {
    Pending,
    Ready,
    Empty,
    Failed(String),
    /// Another operation came first.
    Obsolete,
    /// It was executed.
    Used,
}

/// A change set.
#[derive(Debug, Clone)]
pub(crate) struct ChangeSet {
    pub(crate) standing: Standing,
    pub(crate) creates: bool,
    pub(crate) next: Next,
}

/// What a stack becomes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Next {
    pub(crate) shape: Rc<Shape>,
    pub(crate) tags: BTreeMap<String, String>,
    pub(crate) revision: Option<String>,
    pub(crate) template: Rc<str>,
}

/// A stack.
#[derive(Debug, Clone)]
pub(crate) struct Stack {
    pub(crate) address: StackAddress,
    /// What was true since when; the newest comes last.
    pub(crate) history: Vec<(u64, Observed)>,
    pub(crate) now: Next,
    pub(crate) made: BTreeMap<String, Made>,
    pub(crate) change_sets: BTreeMap<String, ChangeSet>,
    /// The events with the times from which they are shown, the oldest first.
    pub(crate) events: Vec<(u64, StackEvent)>,
    pub(crate) operation: Option<Operation>,
    /// The change sets that were made, by the token of their request. A token counts after its change set was deleted.
    pub(crate) prepared: BTreeMap<String, String>,
    /// The tokens of requests that had an effect.
    pub(crate) tokens: BTreeSet<String>,
    /// How many changes of it were started.
    pub(crate) changes: usize,
    /// Whether it was deleted.
    pub(crate) is_gone: bool,
}

impl Stack {
    pub(crate) fn new(address: StackAddress, id: String, now: u64) -> Self {
        let observed = Observed {
            status: "REVIEW_IN_PROGRESS".to_owned(),
            tags: BTreeMap::new(),
            revision: None,
            is_express: false,
            id: Some(id),
            last_operation: None,
            is_protected: false,
            told: Told::default(),
        };
        Self {
            address,
            history: vec![(now, observed)],
            now: Next::default(),
            made: BTreeMap::new(),
            change_sets: BTreeMap::new(),
            events: Vec::new(),
            operation: None,
            prepared: BTreeMap::new(),
            tokens: BTreeSet::new(),
            changes: 0,
            is_gone: false,
        }
    }

    /// What is true now.
    pub(crate) fn latest(&self) -> Option<&Observed> {
        self.history.last().map(|(_, observed)| observed)
    }

    pub(crate) fn status(&self) -> &str {
        self.latest().map_or("", |observed| &observed.status)
    }

    /// What was true at a time; `None` if the stack was not there yet.
    pub(crate) fn at(&self, time: u64) -> Option<&Observed> {
        self.history.iter().rev().find(|(since, _)| *since <= time).map(|(_, observed)| observed)
    }

    /// Changes the status, and shows what the stack is now.
    pub(crate) fn becomes(&mut self, status: &str, now: u64) {
        let Some(mut observed) = self.latest().cloned() else { return };
        status.clone_into(&mut observed.status);
        observed.tags.clone_from(&self.now.tags);
        observed.revision.clone_from(&self.now.revision);
        observed.last_operation = self
            .operation
            .as_ref()
            .map(|operation| operation.id.clone())
            .or(observed.last_operation);
        self.history.push((now, observed));
    }

    pub(crate) fn mesh(&self) -> Option<&str> {
        self.now.tags.get("lakewright:mesh").map(String::as_str)
    }
}
