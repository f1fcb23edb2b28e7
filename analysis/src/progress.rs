//! Who is told how far long work has come.

/// Somebody who watches stacks being made. Several threads tell it.
pub trait Watch: Sync {
    /// Begins with a number of stacks.
    fn begin(&self, all: usize) {
        let _ = all;
    }

    /// One more stack is done.
    fn step(&self);

    /// Every stack is done.
    fn end(&self) {}
}

/// Nobody watches.
#[derive(Debug, Clone, Copy)]
pub struct Unwatched;

impl Watch for Unwatched {
    fn step(&self) {}
}
