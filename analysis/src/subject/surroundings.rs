//! Limits on access besides the templates: the organization, permissions boundaries that no stack creates, a session
//! policy.

use std::path::PathBuf;

use lakewright_access::world::{ExternalFacts, World};

use super::{boundary, organization};
use crate::error::ReadError;

/// The files with limits on access besides the templates.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    /// Policies of the organization, in JSON.
    pub organization: Option<PathBuf>,
    /// Permissions boundaries that no stack creates.
    pub boundaries: Vec<Boundary>,
    /// The policy of the role session that sends the requests, in JSON.
    pub session_policy: Option<PathBuf>,
}

/// A permissions boundary that no stack creates.
#[derive(Debug, Clone)]
pub struct Boundary {
    /// The ARN of the managed policy.
    pub arn: String,
    /// Its document, in JSON.
    pub path: PathBuf,
}

impl Surroundings {
    /// Adds the limits to a world.
    ///
    /// # Errors
    ///
    /// A file cannot be read or is not a valid policy, or a boundary is given twice or created by a stack.
    pub fn add_to(&self, world: &mut World) -> Result<(), ReadError> {
        let organization = self.organization.as_deref().map(organization::of_file).transpose()?;
        let managed = boundary::read(&self.boundaries, world)?;
        let session = self
            .session_policy
            .as_deref()
            .map(|path| organization::read(path, &organization::json(path)?, "session_policy"));
        let session = session.transpose()?;
        world.add(ExternalFacts { organization, managed, session, ..ExternalFacts::default() });
        Ok(())
    }

    /// Checks that a role has each boundary.
    ///
    /// # Errors
    ///
    /// No role has one of the boundaries.
    pub fn check(&self, world: &World) -> Result<(), ReadError> {
        boundary::check(&self.boundaries, world)
    }
}
