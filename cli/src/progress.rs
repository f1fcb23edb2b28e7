//! Shows the progress of long work on a terminal.

use std::io::{self, Write as _};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use lakewright_analysis::progress::Watch;
use lakewright_analysis::words::count;

/// The number of stacks below which no progress is shown, because the work ends too soon.
const SHORT: usize = 500;

/// The progress of synthesis.
#[derive(Debug)]
pub(crate) struct Progress {
    done: AtomicUsize,
    all: AtomicUsize,
    begun: OnceLock<Instant>,
    is_shown: bool,
    is_told: bool,
}

impl Progress {
    /// Progress that is drawn while the work goes on (`is_shown`), or told once it is done (`is_told`).
    pub(crate) fn new(is_shown: bool, is_told: bool) -> Self {
        let (done, all) = (AtomicUsize::new(0), AtomicUsize::new(0));
        Self { done, all, begun: OnceLock::new(), is_shown, is_told }
    }
}

impl Watch for Progress {
    fn begin(&self, all: usize) {
        self.all.store(all, Ordering::Relaxed);
        self.begun.get_or_init(Instant::now);
    }

    fn step(&self) {
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        let all = self.all.load(Ordering::Relaxed);
        if self.is_shown && all >= SHORT && done.is_multiple_of(100) {
            draw(&format!("synthesized {done} of {all} stacks"));
        }
    }

    fn end(&self) {
        if self.is_shown && self.all.load(Ordering::Relaxed) >= SHORT {
            clear();
        }
        if let Some(begun) = self.begun.get().filter(|_| self.is_told) {
            let all = count(self.all.load(Ordering::Relaxed), "stack");
            drop(writeln!(io::stderr().lock(), "made {all} in {}", seconds(begun.elapsed())));
        }
    }
}

/// A duration in seconds and milliseconds.
pub(crate) fn seconds(duration: Duration) -> String {
    format!("{:.3} s", duration.as_secs_f64())
}

/// A duration in minutes and whole seconds.
pub(crate) fn duration(took: Duration) -> String {
    match took.as_secs() {
        seconds @ 0..60 => format!("{seconds} s"),
        seconds => format!("{} min {} s", seconds / 60, seconds % 60),
    }
}

/// Removes the line drawn before.
pub(crate) fn clear() {
    draw("");
}

/// Replaces the line drawn before.
pub(crate) fn draw(text: &str) {
    let mut out = io::stderr().lock();
    drop(write!(out, "\r\u{1b}[2K{text}").and_then(|()| out.flush()));
}
