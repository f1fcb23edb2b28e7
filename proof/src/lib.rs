//! Who can do what, as AWS would decide it, before anything is deployed.

pub mod action;
pub mod condition_key;
pub mod document;
pub mod escalation;
pub mod evaluate;
pub mod intended;
pub mod lake;
pub mod lint;
pub mod matrix;
pub mod pattern;
pub mod prove;
pub mod request;
pub mod sample;
pub mod settings;
pub mod world;

mod condition;
mod unchecked;
