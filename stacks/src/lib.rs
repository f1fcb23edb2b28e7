//! One module for each kind of stack, and the plan that turns a mesh into all of them.
//!
//! [`Plan::of`] determines which stacks a mesh needs and how they depend on each other. Each
//! [`StackPlan`] is synthesized independently, so the caller decides how many run at once. Adding a
//! dataset changes only that dataset's stacks.

mod asset;
mod bootstrap;
mod dashboards;
mod dataset;
mod diagnose;
mod environment;
mod fingerprint;
mod governance;
mod guardrails;
mod handout;
mod names;
mod notebook;
pub mod pipeline;
mod pivot_role;
mod plan;
mod platform;
mod rules;
mod runway;
mod share;
mod stack;
mod studio_profile;
mod tags;
mod team;
#[cfg(test)]
mod testing;
mod worksheets;

pub use asset::Asset;
pub use bootstrap::{Offer, Usage, offered};
pub use fingerprint::Fingerprint;
pub use handout::Handout;
pub use names::Names;
pub use pivot_role::manual_template;
pub use plan::{Mentions, Plan, connect, makers, order};
pub use runway::{Runway, runway};
pub use stack::{
    DashboardsStack, DatasetStack, DeployTarget, EnvironmentStack, GovernanceStack, NotebookStack,
    PipelineStack, PivotRoleStack, PlatformStack, ShareStack, StackPlan, StudioProfileStack,
    Synthesized, TeamStack,
};
