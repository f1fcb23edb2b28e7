//! Shows the progress of long work on a terminal.

use std::io::{self, Write as _};
use std::sync::atomic::{AtomicUsize, Ordering};

use lakewright_analysis::progress::Watch;

/// The number of stacks below which no progress is shown, because the work ends too soon.
const SHORT: usize = 500;

/// The progress of synthesis.
#[derive(Debug)]
pub(crate) struct Progress {
    done: AtomicUsize,
    all: AtomicUsize,
    is_shown: bool,
}

impl Progress {
    pub(crate) fn new(is_shown: bool) -> Self {
        Self { done: AtomicUsize::new(0), all: AtomicUsize::new(0), is_shown }
    }
}

impl Watch for Progress {
    fn begin(&self, all: usize) {
        self.all.store(all, Ordering::Relaxed);
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
