//! How far long work has come, for people who watch a terminal.

use std::io::{self, Write as _};
use std::sync::atomic::{AtomicUsize, Ordering};

/// How far synthesis has come.
#[derive(Debug)]
pub(crate) struct Progress {
    done: AtomicUsize,
    all: usize,
    is_shown: bool,
}

impl Progress {
    pub(crate) fn new(all: usize, is_shown: bool) -> Self {
        // Small meshes are done before anybody could read it.
        Self { done: AtomicUsize::new(0), all, is_shown: is_shown && all >= 500 }
    }

    /// Of work that is not shown.
    pub(crate) fn none() -> Self {
        Self::new(0, false)
    }

    pub(crate) fn step(&self) {
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        if self.is_shown && done.is_multiple_of(100) {
            draw(&format!("synthesized {done} of {} stacks", self.all));
        }
    }

    pub(crate) fn end(&self) {
        if self.is_shown {
            draw("");
        }
    }
}

/// Draws over what was drawn before.
fn draw(text: &str) {
    let mut out = io::stderr().lock();
    drop(write!(out, "\r\u{1b}[2K{text}").and_then(|()| out.flush()));
}
