//! The file that says what another system calls the resources of a mesh.

use std::path::PathBuf;

use clap::Args;
use lakewright_governance::exchange::Names;

use crate::exit::Failure;
use crate::input;

/// The option with the names of resources in another system.
#[derive(Debug, Args)]
pub(crate) struct Named {
    /// A JSON object: what the other system calls a resource, and the resource of the mesh
    #[arg(long, value_name = "FILE")]
    names: Option<PathBuf>,
}

impl Named {
    /// The names; none without the option.
    pub(crate) fn names(&self) -> Result<Names, Failure> {
        let Some(path) = &self.names else { return Ok(Names::default()) };
        Names::read(&input::text(path)?)
            .map_err(|error| Failure::usage(format!("{}: {error}", path.display())))
    }
}
