//! Deploys stacks through CloudFormation.
//!
//! [`plan`] is pure: what is wanted and what is there give the order and what to
//! do. [`machine`] is pure: what CloudFormation says of a stack gives the one
//! safe next step. [`driver`] awaits; [`aws`] is the only module that talks to AWS.

mod again;
pub mod ask;
pub mod aws;
pub mod cloud;
pub mod day;
pub mod driver;
pub mod duties;
pub mod event;
pub mod lakeformation;
pub mod lease;
pub mod leftovers;
pub mod machine;
pub mod plan;
pub mod preflight;
pub mod record;
pub mod renew;
pub mod status;
pub mod taken;
pub mod teardown;
