//! Stops a run in an orderly way: at a signal or a key, or when its time is over.

use std::future::Future;
use std::io::Write as _;
use std::pin::pin;
use std::time::Duration;

use lakewright_deployer::driver::Stop;

use super::view::{View, restore};
use crate::exit::Exit;

/// Why a run that has used up its time starts no further stack.
const OVER: &str = "the time of `--minutes` is over";

/// Awaits a run, and keeps its live view up to date. The first signal or key, and the end of its time, make it start
/// nothing more. A second signal or key calls `at_once`, which ends the program.
pub(super) async fn stopping<T>(
    stop: &Stop,
    until: Option<Duration>,
    view: Option<&View>,
    at_once: impl Fn(),
    run: impl Future<Output = T>,
) -> T {
    let mut run = pin!(run);
    let mut time = pin!(async {
        match until {
            Some(until) => tokio::time::sleep(until).await,
            None => std::future::pending().await,
        }
    });
    // The run is polled before the clock, and would begin with stacks.
    let mut is_over = until.is_some_and(|until| until.is_zero());
    if is_over {
        stop.ask(OVER);
    }
    let mut signals = 0;
    let mut terminated = Terminated::new();
    loop {
        let asked = async {
            tokio::select! {
                name = terminated.next() => name,
                name = pressed(view, stop) => name,
            }
        };
        tokio::select! {
            biased;
            done = &mut run => return done,
            () = &mut time, if !is_over => {
                is_over = true;
                stop.ask(OVER);
            }
            name = asked => {
                signals += 1;
                if signals > 1 {
                    at_once();
                }
                say(view, &format!(
                    "{name}: nothing more is started; waits for what is under way, and a second signal ends the run at once"
                ));
                stop.ask(&format!("the run was stopped by {name}"));
            }
        }
    }
}

/// Ends a refresh at once.
pub(super) fn end_refresh() {
    restore();
    drop(writeln!(
        std::io::stderr().lock(),
        "stopped: CloudFormation finishes what it has begun, and `--resume` goes on"
    ));
    std::process::exit(i32::from(Exit::Declined.number()));
}

/// Waits until somebody presses a key that stops the run. Without a view there are no keys.
async fn pressed(view: Option<&View>, stop: &Stop) -> &'static str {
    match view {
        Some(view) => view.pressed(stop).await,
        None => std::future::pending().await,
    }
}

fn say(view: Option<&View>, text: &str) {
    match view {
        Some(view) => view.say(text),
        None => drop(writeln!(std::io::stderr().lock(), "{text}")),
    }
}

/// The signals that stop a run.
struct Terminated {
    #[cfg(unix)]
    sigterm: Option<tokio::signal::unix::Signal>,
}

impl Terminated {
    fn new() -> Self {
        Self {
            #[cfg(unix)]
            sigterm: tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()).ok(),
        }
    }

    /// The name of the next signal.
    #[cfg(unix)]
    async fn next(&mut self) -> &'static str {
        let interrupted = tokio::signal::ctrl_c();
        match &mut self.sigterm {
            None => wait(interrupted).await,
            Some(sigterm) => tokio::select! {
                name = wait(interrupted) => name,
                _ = sigterm.recv() => "SIGTERM",
            },
        }
    }

    #[cfg(not(unix))]
    async fn next(&mut self) -> &'static str {
        wait(tokio::signal::ctrl_c()).await
    }
}

/// Where no signals are available, none comes.
async fn wait(interrupted: impl Future<Output = std::io::Result<()>>) -> &'static str {
    match interrupted.await {
        Ok(()) => "Ctrl-C",
        Err(_) => std::future::pending().await,
    }
}
