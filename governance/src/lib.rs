//! Access governance: who may do what on the platform, with metadata and with data.
//!
//! A mesh becomes a [`Universe`] of resources with facts and a list of [`Rule`]s: its access policies, and the rights
//! that its documents imply. Each rule is a Cedar policy, and the crate `cedar-policy` makes every decision:
//!
//! ```text
//! Mesh -> Universe and rules -> Cedar schema, entities and policies -> decisions
//! ```
//!
//! Everything is denied that no rule allows, and a rule that denies overrides every rule that allows.

mod actor;
pub mod analysis;
pub mod changes;
mod decide;
pub mod entities;
pub mod exchange;
mod governance;
pub mod holdings;
mod index;
mod kind;
mod least;
pub mod limits;
mod policy;
mod privilege;
mod relation;
mod rules;
pub mod schema;
pub mod store;
mod universe;

#[cfg(test)]
pub(crate) mod tests;

pub use actor::Actor;
pub use decide::{Decider, Decision, PreparedActor, PreparedResource, QuestionError, Verdict};
pub use governance::{Governance, Problem};
pub use kind::ResourceKind;
pub use policy::PolicyError;
pub use privilege::{Privilege, Privileges};
pub use relation::Relation;
pub use rules::{Rule, RuleActors, RuleResources, Source};
pub use universe::{Facts, Resource, Universe};
