//! Typed AWS building blocks that are secure unless told otherwise, and grants on them.
//!
//! The bottom is generated: [`cfn`] has one struct for each resource type. On
//! top stand specifications such as [`bucket::Bucket`] or [`role::Role`]: plain
//! structs that implement [`Construct`](lakewright_synth::Construct) and give
//! handles. A grant is a value: `bucket.grant_read(&role)` carries decryption
//! with it.

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
mod record;
pub mod role;
pub mod studio;
