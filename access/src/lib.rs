//! The model of access: what templates let whom do, decided as AWS does, before anything is deployed.
//!
//! Templates enter as [`world::Piece`]s, and [`world::World`] puts them together. It decides a [`request::Request`]
//! and gives a [`evaluate::Verdict`] with the statements that decide.

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
