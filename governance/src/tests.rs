//! Tests of the whole crate.

mod analysis;
mod hostile;
mod oracle;
mod scenarios;
mod speed;
