//! One module for each kind of stack, and the plan that turns a mesh into all of them.
//!
//! [`Plan::of`] says which stacks a mesh needs and how they depend on each
//! other; each [`StackPlan`] is synthesized by itself, so whoever holds the
//! plan decides how many at once. Adding a dataset changes that dataset's
//! stacks and no others.

mod dataset;
mod diagnose;
mod environment;
mod names;
mod plan;
mod tags;
mod team;

pub use names::Names;
pub use plan::{Plan, StackKind, StackPlan, Synthesized};
