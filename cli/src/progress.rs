//! How far long work has come, for people who watch a terminal.

use std::io::{self, Write as _};
use std::sync::atomic::{AtomicUsize, Ordering};

use lakewright_analysis::progress::Watch;

/// Work that is done before anybody could read how far it has come: so many stacks.
const SHORT: usize = 500;

/// How far synthesis has come.
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
            draw("");
        }
    }
}

/// Draws over what was drawn before.
fn draw(text: &str) {
    let mut out = io::stderr().lock();
    drop(write!(out, "\r\u{1b}[2K{text}").and_then(|()| out.flush()));
}
