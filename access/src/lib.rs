//! Decides access from CloudFormation templates as AWS does, before anything is deployed.
//!
//! Each template is read as a [`world::Piece`]. [`world::World`] combines the pieces and decides a
//! [`request::Request`]: a [`evaluate::Verdict`] with the deciding statements.

pub mod action;
pub mod condition_key;
pub mod document;
pub mod escalation;
pub mod evaluate;
pub mod lake;
pub mod pattern;
pub mod request;
pub mod sample;
pub mod world;

mod condition;
mod unchecked;

pub use condition::{network, seconds};
