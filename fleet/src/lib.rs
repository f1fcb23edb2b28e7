//! What happens to the stacks of a mesh, and when. Pure: nothing here knows AWS, a clock, a file or a thread.
//!
//! [`plan`] derives the steps and their order from the wanted and the deployed stacks. [`machine`] derives the one safe
//! next step of a stack from CloudFormation's answers. [`schedule`] says which step starts next. [`journal`] is what a run
//! writes down before each request that changes something. [`pace`] says when the next request may be sent. [`shard`] splits
//! the stacks between several runs. [`event`] is what a run reports, and [`trace`] the same for tracing.

pub mod event;
pub mod journal;
pub mod machine;
pub mod pace;
pub mod plan;
pub mod schedule;
pub mod shard;
pub mod status;
pub mod trace;
