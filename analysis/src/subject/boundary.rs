//! Permissions boundaries that no template contains.

use std::collections::{BTreeMap, BTreeSet};

use lakewright_access::document::Document;
use lakewright_access::world::World;

use super::organization;
use super::surroundings::Boundary;
use crate::error::ReadError;

/// Why a permissions boundary does not match the templates.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BoundaryError {
    /// The boundary is given twice.
    #[error("the boundary {0} is given twice")]
    Twice(String),
    /// A stack creates the boundary.
    #[error("a stack makes the policy {0}: it is known already")]
    Known(String),
    /// No role has the boundary.
    #[error("no role has the boundary {arn}; {}", expected(.outside))]
    OfNobody {
        /// The ARN that was given.
        arn: String,
        /// Some boundaries that roles have and no stack creates.
        outside: Vec<String>,
    },
}

/// The number of boundaries that an error lists.
const SHOWN: usize = 8;

/// Reads the boundaries' policies, by ARN.
pub(super) fn read(
    boundaries: &[Boundary],
    world: &World,
) -> Result<BTreeMap<String, Document>, ReadError> {
    let mut read = BTreeMap::new();
    for Boundary { arn, path } in boundaries {
        if read.contains_key(arn) {
            return Err(BoundaryError::Twice(arn.clone()).into());
        }
        if world.managed().contains_key(arn) {
            return Err(BoundaryError::Known(arn.clone()).into());
        }
        let document = organization::read(path, &organization::json(path)?, "boundary")?;
        read.insert(arn.clone(), document);
    }
    Ok(read)
}

/// Fails with the first boundary that no role has.
pub(super) fn check(boundaries: &[Boundary], world: &World) -> Result<(), ReadError> {
    let named: BTreeSet<&str> =
        world.roles().values().filter_map(|role| role.boundary.as_deref()).collect();
    let Some(boundary) = boundaries.iter().find(|one| !named.contains(one.arn.as_str())) else {
        return Ok(());
    };
    let outside = named.into_iter().filter(|arn| !world.managed().contains_key(*arn));
    let outside = outside.take(SHOWN).map(str::to_owned).collect();
    Err(BoundaryError::OfNobody { arn: boundary.arn.clone(), outside }.into())
}

fn expected(outside: &[String]) -> String {
    if outside.is_empty() {
        "the stacks make all that are left".to_owned()
    } else {
        format!("expected {}", outside.join(" or "))
    }
}
