//! One module for each kind of stack, and the plan that turns a mesh into all of them.
//!
//! [`Plan::of`] says which stacks a mesh needs and how they depend on each
//! other; each [`StackPlan`] is synthesized by itself, so whoever holds the
//! plan decides how many at once. Adding a dataset changes that dataset's
//! stacks and no others.

mod asset;
mod bootstrap;
mod dashboards;
mod dataset;
mod diagnose;
mod environment;
mod guardrails;
mod names;
mod notebook;
pub mod pipeline;
mod pivot_role;
mod plan;
mod platform;
mod rules;
mod runway;
mod share;
mod studio_profile;
mod tags;
mod team;
#[cfg(test)]
mod testing;
mod worksheets;

pub use asset::Asset;
pub use bootstrap::{Offer, Usage, offered};
pub use names::Names;
pub use pivot_role::manual_template;
pub use plan::{DeployTarget, Handout, Mentions, Plan, StackPlan, Synthesized, connect, makers};
pub use runway::{Runway, runway};
