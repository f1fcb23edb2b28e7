//! Progress of long work.

/// Observes the synthesis of stacks. Called from several threads.
pub trait Watch: Sync {
    /// The synthesis of `all` stacks begins.
    fn begin(&self, all: usize) {
        let _ = all;
    }

    /// One more stack is done.
    fn step(&self);

    /// Every stack is done.
    fn end(&self) {}
}

/// Ignores progress.
#[derive(Debug, Clone, Copy)]
pub struct Unwatched;

impl Watch for Unwatched {
    fn step(&self) {}
}
