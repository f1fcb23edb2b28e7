//! Typed AWS building blocks with secure defaults, and grants on them.
//!
//! The lowest layer is generated: [`cfn`] has one struct for each resource type. Specifications
//! such as [`bucket::Bucket`] or [`role::Role`] build on it: plain structs that implement
//! [`Construct`](lakewright_synth::Construct) and return handles. A grant is a value:
//! `bucket.grant_read(&role)` includes decryption.

pub mod access_point;
pub mod athena;
pub mod bucket;
#[rustfmt::skip]
pub mod cfn;
pub mod delivery;
pub mod field;
pub mod folder;
pub mod glue;
pub mod key;
pub mod lakeformation;
pub mod messaging;
pub mod network;
pub mod notebook;
pub mod parameter;
pub mod people;
pub mod policy_store;
mod record;
pub mod role;
pub mod studio;
#[cfg(test)]
mod testing;
