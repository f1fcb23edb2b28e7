//! Tests of the whole crate.

mod analysis;
mod changes;
mod hostile;
mod mutants;
mod oracle;
pub(crate) mod scenarios;
mod store;
