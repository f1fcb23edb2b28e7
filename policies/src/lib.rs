//! IAM documents: build, canonicalize, merge, measure and pack.
//!
//! Documents are canonical from construction (sorted, each thing once), so two
//! that mean the same and were built the same way are the same bytes. Nothing
//! here knows a data mesh.

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
