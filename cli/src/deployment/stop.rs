//! Ctrl-C: what was done, and what goes on by itself, is said before the program ends.

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

use crate::exit::Exit;

/// How long whoever stops a run waits at the most for the record of it to be put right.
const LEAVING: Duration = Duration::from_secs(5);

/// What writes that a stopped run has ended, so that the next one need not wait for it.
#[derive(Debug, Clone)]
pub(super) struct Leaving {
    pub(super) settings: Settings,
    pub(super) shelf: Shelf,
    pub(super) mesh: String,
    pub(super) run: String,
}

impl Leaving {
    /// Over a connection of its own: the run's may be in use.
    async fn leave(&self) -> Result<(), CloudError> {
        let aws = Aws::connect(&self.settings).await?;
        lease::release(&aws, &self.shelf, &self.mesh, &self.run).await
    }
}

/// How far a run has come, for whoever stops it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Progress(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    done: usize,
    left: usize,
    running: Option<StackAddress>,
    /// Whether the stack's change waits for somebody's answer.
    is_asked: bool,
    /// What stands in the record, once the run may have changed something.
    leaving: Option<Leaving>,
    is_stopped: bool,
}

impl Progress {
    /// Waits for Ctrl-C beside the run, also while somebody is asked. Where no signals can be had, it ends the program
    /// without a word, as before.
    pub(crate) fn watched() -> Self {
        let progress = Self::default();
        let seen = progress.clone();
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let Ok(runtime) = runtime else { return };
            if runtime.block_on(tokio::signal::ctrl_c()).is_ok() {
                drop(writeln!(io::stderr().lock(), "\n{}", seen.stop()));
                let leaving = seen.state().leaving.clone();
                if let Some(leaving) = leaving {
                    let limited =
                        async { tokio::time::timeout(LEAVING, Box::pin(leaving.leave())).await };
                    // What is left behind counts for some minutes, and is said to whoever meets it.
                    drop(runtime.block_on(limited));
                }
                process::exit(i32::from(Exit::Declined.number()));
            }
        });
        progress
    }

    /// So many stacks are to be worked on.
    pub(super) fn begin(&self, stacks: usize) {
        self.state().left = stacks;
    }

    /// Work on a stack begins.
    pub(super) fn start(&self, address: &StackAddress) {
        let mut state = self.state();
        state.left = state.left.saturating_sub(1);
        state.running = Some(address.clone());
    }

    /// Work on a stack ended.
    pub(super) fn end(&self) {
        let mut state = self.state();
        if state.running.take().is_some() {
            state.done += 1;
        }
    }

    /// Asks whether a change that was prepared is made.
    pub(super) fn asking(&self, ask: impl FnOnce() -> bool) -> bool {
        self.state().is_asked = true;
        let answer = ask();
        self.state().is_asked = false;
        answer
    }

    /// What is to be written into the record when the run is stopped.
    pub(super) fn leaves(&self, leaving: Leaving) {
        self.state().leaving = Some(leaving);
    }

    /// Goes no further once the run was stopped: the program ends in a moment.
    pub(super) fn hold(&self) {
        while self.state().is_stopped {
            thread::park();
        }
    }

    /// From here on nothing more begins. Gives what is said.
    fn stop(&self) -> String {
        self.state().is_stopped = true;
        self.said()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn said(&self) -> String {
        let state = self.state();
        let State { done, left, running, is_asked, .. } = &*state;
        match running {
            None if *done == 0 => "stopped: nothing was changed".to_owned(),
            None => format!("stopped: {} done, {left} not begun", count(*done, "stack")),
            Some(address) if *is_asked => format!(
                "stopped: {} done, {left} not begun; the change of {address} was prepared and not made",
                count(*done, "stack")
            ),
            Some(address) => format!(
                "stopped: {} done, {left} not begun; CloudFormation finishes what it has begun with {address}",
                count(*done, "stack")
            ),
        }
    }
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
        progress.end();
        progress.start(&at("b"));
        let said = progress.said();
        assert!(said.starts_with("stopped: 1 stack done, 1 not begun;"), "{said}");
        assert!(
            said.ends_with(
                "CloudFormation finishes what it has begun with 111111111111/eu-west-1/b"
            ),
            "{said}"
        );
        let asked = progress.asking(|| progress.said().ends_with("prepared and not made"));
        assert!(asked && progress.said() == said);
        progress.end();
        assert_eq!(progress.said(), "stopped: 2 stacks done, 1 not begun");
    }
}
