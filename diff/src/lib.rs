//! What a change does, computed from the templates before and after it.
//!
//! - [`change`] has the changed resources and properties, [`update`] what CloudFormation does with each resource, and
//!   the data that could be lost.
//! - [`access`] has the access that principals gain and lose.
//! - [`decisions`] has the decisions of access governance that differ; meshes tell them, templates do not.
//! - [`moves`] has the resources that move between stacks, and the requests and deployments that move them without loss.
//! - [`classes`] groups the stacks that change alike.
//! - [`disagreement`] compares the review with CloudFormation's own change sets.
//! - [`review`] puts all of it together, [`alone`] for stacks that have nothing to do with each other.
//!
//! Everything here is data; the caller decides how to present it.

pub mod access;
pub mod alone;
pub mod change;
pub mod classes;
pub mod decisions;
pub mod disagreement;
mod language;
pub mod moves;
pub mod review;
pub mod update;
mod values;

use std::collections::BTreeMap;

use lakewright_template::{Place, Template};

/// A stack of one side.
#[derive(Debug, Clone, Copy)]
pub struct Stack<'t> {
    /// The stack's address (`account/region/name`), or the path of the template's file below its folder. Stacks of the
    /// two sides with equal addresses are the same stack.
    pub address: &'t str,
    /// The account and region. Those of anybody's template may be assumed.
    pub place: &'t Place,
    /// The template.
    pub template: &'t Template,
    /// The manifest lines of the stack's parts, as in `provenance.json`: those of the whole stack under `*`, others
    /// under `LogicalId` or `LogicalId#Sid`. Empty for anybody's templates.
    pub lines: &'t BTreeMap<String, Vec<String>>,
}
