//! What limits access beside the templates: the organization, permissions boundaries that no stack makes, a session.

use std::path::PathBuf;

use lakewright_access::world::{ExternalFacts, World};

use super::{boundary, organization};
use crate::error::ReadError;

/// Files that say what limits access beside the templates.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    /// Policies of the organization, in JSON.
    pub organization: Option<PathBuf>,
    /// Permissions boundaries that no stack makes.
    pub boundaries: Vec<Boundary>,
    /// The policy of the session in which it is asked, in JSON.
    pub session_policy: Option<PathBuf>,
}

/// A permissions boundary that no stack makes.
#[derive(Debug, Clone)]
pub struct Boundary {
    /// The ARN of the managed policy.
    pub arn: String,
    /// Its document, in JSON.
    pub path: PathBuf,
}

impl Surroundings {
    /// Puts all of it into a world.
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

    /// Says which of the boundaries no role has.
    pub fn check(&self, world: &World) -> Result<(), ReadError> {
        boundary::check(&self.boundaries, world)
    }
}
