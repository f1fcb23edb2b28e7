//! A simulated CloudFormation, for the tests of the fleet and for rehearsals.
//!
//! The whole world is one value, [`world::World`]. It knows only the time that it is given, so the same seed and the same
//! requests give the same answers. [`simulated::Simulated`] is the world as a `Cloud`: it waits on tokio's clock, which is
//! paused, so thousands of stacks take milliseconds, and the real driver runs unchanged.
//!
//! What goes wrong, and how often, is in [`faults::Faults`], which is drawn from a seed and can be printed.

mod answers;
pub mod check;
pub mod faults;
mod operation;
pub mod random;
pub mod rehearsal;
mod shape;
pub mod simulated;
mod stack;
pub mod world;
