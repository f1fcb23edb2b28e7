//! Handles Ctrl-C: prints what was done and what CloudFormation continues, then ends the program.

use std::collections::BTreeSet;
use std::io::{self, Write as _};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use std::{process, thread};

use lakewright_analysis::words::count;
use lakewright_deployer::aws::Aws;
use lakewright_deployer::aws::caller::Settings;
use lakewright_deployer::cloud::CloudError;
use lakewright_deployer::lease;
use lakewright_deployer::record::Shelf;
use lakewright_template::StackAddress;
use tokio::runtime::Runtime;

use super::view::restore;
use crate::exit::Exit;

/// The maximum time that a stopped run waits for the record to be updated.
const LEAVING: Duration = Duration::from_secs(5);

/// The data to record the end of a stopped run, so that the next run need not wait for it.
#[derive(Debug, Clone)]
pub(super) struct Leaving {
    pub(super) settings: Settings,
    pub(super) shelf: Shelf,
    pub(super) mesh: String,
    pub(super) run: String,
}

impl Leaving {
    /// Records the end over a separate connection, because the run's may be in use.
    async fn leave(&self) -> Result<(), CloudError> {
        let aws = Aws::connect(&self.settings).await?;
        lease::release(&aws, &self.shelf, &self.mesh, &self.run).await
    }
}

/// How often a stopped run is looked at until it has deleted what it made.
const LOOK: Duration = Duration::from_millis(20);

/// The progress of a run, shown if it is stopped.
#[derive(Debug, Clone, Default)]
pub(crate) struct Progress(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    done: usize,
    left: usize,
    running: BTreeSet<StackAddress>,
    /// The stack whose change waits for confirmation.
    asked: Option<StackAddress>,
    /// The data to record the end, once the run may have changed something.
    leaving: Option<Leaving>,
    is_stopped: bool,
    /// Whether the run has made something that it deletes again, also when it is stopped.
    is_tidying: bool,
}

impl Progress {
    /// Waits for Ctrl-C in a thread of its own, also during questions. If no signals are available, Ctrl-C ends the
    /// program without a message.
    pub(crate) fn watched() -> Self {
        let progress = Self::default();
        let seen = progress.clone();
        thread::spawn(move || {
            let Ok(runtime) = runtime() else { return };
            if runtime.block_on(tokio::signal::ctrl_c()).is_ok() {
                seen.leave(&runtime);
            }
        });
        progress
    }

    /// Ends the program, as Ctrl-C does.
    pub(super) fn end_program(&self) {
        let seen = self.clone();
        seen.state().is_stopped = true;
        thread::spawn(move || {
            let Ok(runtime) = runtime() else {
                process::exit(i32::from(Exit::Declined.number()));
            };
            seen.leave(&runtime);
        });
        self.hold();
    }

    /// Says what was done, records the end, and ends the program.
    fn leave(&self, runtime: &Runtime) {
        restore();
        drop(writeln!(io::stderr().lock(), "\n{}", self.stop()));
        while self.state().is_tidying {
            thread::sleep(LOOK);
        }
        let leaving = self.state().leaving.clone();
        if let Some(leaving) = leaving {
            let limited = async { tokio::time::timeout(LEAVING, Box::pin(leaving.leave())).await };
            // If this fails, the lease is valid for some more minutes, and the next run reports it.
            drop(runtime.block_on(limited));
        }
        process::exit(i32::from(Exit::Declined.number()));
    }

    /// Sets the number of stacks to change.
    pub(super) fn begin(&self, stacks: usize) {
        self.state().left = stacks;
    }

    /// Work on a stack begins.
    pub(super) fn start(&self, address: &StackAddress) {
        let mut state = self.state();
        state.left = state.left.saturating_sub(1);
        state.running.insert(address.clone());
    }

    /// Work on a stack ended.
    pub(super) fn end(&self, address: &StackAddress) {
        let mut state = self.state();
        if state.running.remove(address) {
            state.done += 1;
        }
    }

    /// Asks for confirmation of a stack's prepared change.
    pub(super) fn asking(&self, address: &StackAddress, ask: impl FnOnce() -> bool) -> bool {
        self.state().asked = Some(address.clone());
        let answer = ask();
        self.state().asked = None;
        answer
    }

    /// Sets the data to record the end if the run is stopped.
    pub(super) fn leaves(&self, leaving: Leaving) {
        self.state().leaving = Some(leaving);
    }

    /// Sets whether the run has made something that it deletes again, also when it is stopped.
    pub(super) fn tidies(&self, is_tidying: bool) {
        self.state().is_tidying = is_tidying;
    }

    /// Whether the run was stopped.
    pub(super) fn is_stopped(&self) -> bool {
        self.state().is_stopped
    }

    /// Blocks once the run was stopped: the program ends in a moment.
    pub(super) fn hold(&self) {
        while self.state().is_stopped {
            thread::park();
        }
    }

    /// Prevents further steps. Returns the message to print.
    fn stop(&self) -> String {
        self.state().is_stopped = true;
        self.said()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn said(&self) -> String {
        let state = self.state();
        let State { done, left, running, asked, .. } = &*state;
        if *done == 0 && running.is_empty() {
            return "stopped: nothing was changed".to_owned();
        }
        let mut said = vec![format!("stopped: {} done, {left} not begun", count(*done, "stack"))];
        if let Some(address) = asked {
            said.push(format!("the change of {address} was prepared and not made"));
        }
        let begun = running.iter().filter(|address| Some(*address) != asked.as_ref());
        let begun: Vec<String> = begun.map(ToString::to_string).collect();
        if !begun.is_empty() {
            let begun = begun.join(", ");
            said.push(format!("CloudFormation finishes what it has begun with {begun}"));
        }
        said.join("; ")
    }
}

/// A runtime for the thread that ends the program.
fn runtime() -> io::Result<Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_done_is_told_from_what_was_not() {
        let progress = Progress::default();
        assert_eq!(progress.said(), "stopped: nothing was changed");
        progress.begin(3);
        let at = |name: &str| {
            StackAddress::parse(&format!("111111111111/eu-west-1/{name}")).expect("an address")
        };
        progress.start(&at("a"));
        progress.end(&at("a"));
        progress.start(&at("b"));
        let said = progress.said();
        assert!(said.starts_with("stopped: 1 stack done, 1 not begun;"), "{said}");
        assert!(
            said.ends_with(
                "CloudFormation finishes what it has begun with 111111111111/eu-west-1/b"
            ),
            "{said}"
        );
        let asked =
            progress.asking(&at("b"), || progress.said().ends_with("prepared and not made"));
        assert!(asked && progress.said() == said);
        progress.end(&at("b"));
        assert_eq!(progress.said(), "stopped: 2 stacks done, 1 not begun");
    }
}
