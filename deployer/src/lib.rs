//! Deploys stacks through CloudFormation.
//!
//! [`plan`] is pure: it derives the steps and their order from the wanted and the deployed stacks.
//! [`machine`] is pure: it derives the one safe next step of a stack from CloudFormation's answers.
//! [`driver`] is asynchronous and carries both out. [`aws`] is the only module that calls AWS.

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
pub mod templates;
