//! IAM documents: build, canonicalize, merge, measure and pack.
//!
//! Documents are canonical from construction: sorted, and without duplicates.
//! So documents that were built from the same statements have the same bytes.
//! Nothing in this crate depends on data meshes.

pub mod actions;
pub mod catalogue;
pub mod condition;
pub mod document;
pub mod merge;
mod naming;
pub mod pack;
pub mod service;
pub mod size;

pub use condition::{Condition, Conditions, Operator};
pub use document::{Effect, IdentityPolicy, Principal, ResourcePolicy, Statement, TrustPolicy};
