//! What a signal, a clock or a person asks of a run.

use std::cell::{Cell, RefCell};

use lakewright_fleet::event::Event;
use lakewright_fleet::plan::Plan;
use lakewright_fleet::schedule::Schedule;
use lakewright_template::StackAddress;
use tokio::sync::Notify;

use super::{Driver, Summary};
use crate::cloud::Cloud;
use lakewright_fleet::event::Change;

/// A request to start no further stack, which a signal, a clock or a person makes: for good, or until the run may go on.
#[derive(Debug, Default)]
pub struct Stop {
    reason: RefCell<Option<String>>,
    asked: Cell<bool>,
    held: Cell<bool>,
    /// What a person wants done with single stacks, and that the run has not done yet.
    wishes: RefCell<Vec<Wish>>,
    /// Wakes a run that is held, or that waits for its stacks.
    changed: Notify,
}

/// What a person wants done with stacks of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wish {
    /// Stacks that failed are tried once more, with those that were skipped because of them.
    Again(Vec<StackAddress>),
    /// A stack that has not begun is left out, with those that need it.
    SetAside(StackAddress),
}

impl Stop {
    /// Asks the run to start no further stack, for this reason. The first reason counts.
    pub fn ask(&self, reason: &str) {
        if !self.asked.replace(true) {
            *self.reason.borrow_mut() = Some(reason.to_owned());
        }
        self.changed.notify_one();
    }

    /// Asks the run to start no further stack until [`Self::go_on`]. What is under way goes on.
    pub fn hold(&self) {
        self.held.set(true);
    }

    /// Lets a run that is held go on.
    pub fn go_on(&self) {
        self.held.set(false);
        self.changed.notify_one();
    }

    /// Whether the run is held. A run that was asked to stop is not.
    pub fn is_held(&self) -> bool {
        self.held.get() && !self.asked.get()
    }

    /// Asks the run to do something with single stacks.
    pub fn wish(&self, wish: Wish) {
        self.wishes.borrow_mut().push(wish);
        self.changed.notify_one();
    }

    /// Waits until somebody asks something of the run.
    pub(super) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// Why the run starts no further stack, if it was asked so.
    pub fn reason(&self) -> Option<String> {
        self.reason.borrow().clone()
    }
}

impl<C: Cloud, R: FnMut(Event), A: FnMut(&StackAddress, &[Change]) -> bool> Driver<'_, C, R, A> {
    /// Does what a person wants done with single stacks. A wish that comes too late has no effect.
    pub(super) fn heed(
        &self,
        plan: &Plan,
        schedule: &mut Schedule,
        summary: &mut Summary,
        failures: &mut usize,
    ) {
        for wish in self.stop.wishes.take() {
            match wish {
                Wish::SetAside(address) => schedule.set_aside(&address),
                Wish::Again(addresses) => {
                    for index in schedule.again(&addresses) {
                        let address = &plan.steps[index].address;
                        if summary.outcomes.remove(address).is_some() {
                            *failures = failures.saturating_sub(1);
                        }
                        summary.skipped.remove(address);
                        self.tell(Event::Again { address: address.clone() });
                    }
                }
            }
        }
    }
}
