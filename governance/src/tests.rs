//! Tests of the whole crate.

mod scenarios;
