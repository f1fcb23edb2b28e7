//! Deploys stacks through CloudFormation.
//!
//! [`driver`] is asynchronous: it carries out the plan and the state machines of the crate `fleet`. [`aws`] is the only
//! module that calls AWS.

mod again;
pub mod alarms;
pub mod ask;
pub mod at_once;
pub mod aws;
pub mod cloud;
pub mod context;
pub mod day;
pub mod drift;
pub mod driver;
pub mod dry_run;
pub mod duties;
pub mod journal;
pub mod lakeformation;
pub mod lease;
pub mod leftovers;
mod links;
pub mod paced;
pub mod preflight;
pub mod protection;
pub mod record;
pub mod removing;
pub mod renew;
pub mod taken;
pub mod teardown;
pub mod templates;
pub mod verdicts;
