//! Reads the deployed templates of a data.all account, and answers with three values:
//!
//! ```text
//! files -> Deployed (stacks of data.all) -> Described (documents of a mesh)
//!                                        -> Migration (moves, steps, and where each resource goes)
//! ```
//!
//! What no template shows is listed as a [`Gap`], never left out in silence. A resource that holds data keeps its physical
//! id: it moves to a stack of its own, and the mesh imports it. Everything here is data; the caller reads and writes files.

mod catalog;
pub mod deployed;
mod environments;
mod fates;
mod ids;
mod literal;
pub mod mesh;
pub mod migration;
mod page;
mod policies;
mod split;
mod steps;
mod workbench;
mod yaml;

use lakewright_manifest::{ResourcePrefix, RoleArn};
use lakewright_template::{AccountId, Region};

/// A file that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The path, as messages show it. Accounts and regions among its folders say where a stack is.
    pub path: String,
    /// The text.
    pub text: String,
}

/// Something that the files do not show, or that could not be used.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Gap {
    /// What it is about: a stack, a file or a document.
    pub subject: String,
    /// What is not known, and what was written in its place.
    pub unknown: String,
    /// Where to find it, or what to do.
    pub todo: String,
}

impl Gap {
    pub(crate) fn new(
        subject: impl Into<String>,
        unknown: impl Into<String>,
        todo: impl Into<String>,
    ) -> Self {
        Self { subject: subject.into(), unknown: unknown.into(), todo: todo.into() }
    }
}

/// What the person who imports decides or knows.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The beginning of the names that the new stacks give. No imported resource's name may begin with it.
    pub prefix: ResourcePrefix,
    /// The roles of the central account that may assume the new pivot role.
    pub trusted_roles: Vec<RoleArn>,
    /// The account of the platform, where the templates do not show it.
    pub central_account: Option<AccountId>,
    /// The region of the platform, where the templates do not show it.
    pub home_region: Option<Region>,
    /// The external id of the new pivot role, where the templates do not show data.all's.
    pub external_id: Option<String>,
}
