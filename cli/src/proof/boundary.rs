//! Permissions boundaries that no template contains.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use lakewright_proof::world::World;

use super::organization;
use crate::exit::Failure;

/// Permissions boundaries that no template contains.
#[derive(Debug, clap::Args)]
pub(crate) struct Boundaries {
    /// The policy document, in JSON, of a permissions boundary that no stack makes; without it, whatever the
    /// boundary limits is unknown. May be repeated
    #[arg(long = "boundary", value_name = "ARN=FILE", value_parser = pair)]
    files: Vec<(String, String)>,
}

fn pair(text: &str) -> Result<(String, String), String> {
    let pair = text.rsplit_once('=').filter(|(arn, _)| arn.contains(":policy/"));
    let pair = pair.map(|(arn, path)| (arn.to_owned(), path.to_owned()));
    pair.ok_or_else(|| {
        "expected ARN=FILE such as arn:aws:iam::111122223333:policy/limits=limits.json".to_owned()
    })
}

impl Boundaries {
    /// Puts the policies into a world.
    pub(super) fn add_to(&self, world: &mut World) -> Result<(), Failure> {
        let mut given = BTreeSet::new();
        for (arn, path) in &self.files {
            if !given.insert(arn) {
                return Err(Failure::usage(format!("the boundary {arn} is given twice")));
            }
            if world.managed.contains_key(arn) {
                let message = format!("a stack makes the policy {arn}: it is known already");
                return Err(Failure::usage(message));
            }
            let path = Path::new(path);
            let document = organization::read(path, &organization::json(path)?, "boundary")?;
            world.managed.insert(arn.clone(), Arc::new(document));
        }
        Ok(())
    }

    /// Says which of them no role has.
    pub(super) fn check(&self, world: &World) -> Result<(), Failure> {
        let named: BTreeSet<&str> =
            world.roles.values().filter_map(|role| role.boundary.as_deref()).collect();
        let Some((arn, _)) = self.files.iter().find(|(arn, _)| !named.contains(arn.as_str()))
        else {
            return Ok(());
        };
        let outside: Vec<&str> =
            named.into_iter().filter(|arn| !world.managed.contains_key(*arn)).take(8).collect();
        let expected = if outside.is_empty() {
            "the stacks make all that are left".to_owned()
        } else {
            format!("expected {}", outside.join(" or "))
        };
        Err(Failure::usage(format!("no role has the boundary {arn}; {expected}")))
    }
}
