//! Stops a run in an orderly way: at a signal, or when its time is over.

use std::future::Future;
use std::io::Write as _;
use std::pin::pin;
use std::time::Duration;

use lakewright_deployer::driver::Stop;

use crate::exit::Exit;

/// Awaits a run. The first signal, and the end of its time, make it start nothing more; a second signal ends the
/// program at once.
pub(super) async fn stopping<T>(
    stop: &Stop,
    until: Option<Duration>,
    run: impl Future<Output = T>,
) -> T {
    let mut run = pin!(run);
    let mut time = pin!(async {
        match until {
            Some(until) => tokio::time::sleep(until).await,
            None => std::future::pending().await,
        }
    });
    let mut is_over = false;
    let mut signals = 0;
    let mut terminated = Terminated::new();
    loop {
        tokio::select! {
            biased;
            done = &mut run => return done,
            () = &mut time, if !is_over => {
                is_over = true;
                stop.ask("the time of `--minutes` is over");
            }
            name = terminated.next() => {
                signals += 1;
                let mut stderr = std::io::stderr().lock();
                if signals > 1 {
                    drop(writeln!(
                        stderr,
                        "stopped: CloudFormation finishes what it has begun, and `--resume` or a new run goes on"
                    ));
                    std::process::exit(i32::from(Exit::Declined.number()));
                }
                drop(writeln!(
                    stderr,
                    "{name}: nothing more is started; waits for what is under way, and a second signal ends the run at once"
                ));
                stop.ask(&format!("the run was stopped by {name}"));
            }
        }
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
