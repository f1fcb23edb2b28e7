//! Databases and repositories that earlier stacks left behind. CloudFormation cannot import them, so their names are
//! checked before anything is changed.

use std::collections::BTreeMap;

use lakewright_deployer::cloud::{CloudError, Site, Stack};
use lakewright_deployer::preflight::{has_database, has_repository};
use lakewright_deployer::taken::{DATABASE, freeing, names};
use lakewright_fleet::plan::{Action, Plan};
use lakewright_template::Place;

use super::Deployment;

/// The result of checking the names that new stacks need.
#[derive(Debug, Default)]
pub(super) struct Taken {
    /// The conflicts to resolve first.
    pub(super) first: Vec<String>,
    /// The names that could not be checked.
    pub(super) unknown: Vec<String>,
}

impl Deployment<'_> {
    /// Checks whether databases and repositories of the stacks to create exist already.
    pub(super) fn taken(&self, plan: &Plan) -> Taken {
        let mut found = Taken::default();
        // The role that can read the databases of each place.
        let mut sites: BTreeMap<Place, Site> = BTreeMap::new();
        let created = plan.steps.iter().filter(|step| step.action == Action::Create);
        for stack in created.filter_map(|step| self.stacks.get(&step.address)) {
            let address = stack.entry.address();
            let region = &stack.entry.region;
            let made = names(&stack.template).unwrap_or_else(|error| {
                found.unknown.push(format!(
                    "whether names that {address} needs are there already is not known: its template cannot be read: {error}"
                ));
                Vec::new()
            });
            for (kind, name) in made {
                let (what, looked) = if kind == DATABASE {
                    let place = stack.entry.place();
                    let site = sites.entry(place).or_insert_with(|| stack.site.clone());
                    ("database", self.sees_database(site, &name))
                } else {
                    ("repository", self.sees_repository(stack, &name))
                };
                match looked {
                    Ok(false) => {}
                    Ok(true) => found.first.push(format!(
                        "{address} cannot be created: {what} {name} exists already, from an earlier stack or from somebody else, and \
                         CloudFormation cannot import it: {}",
                        freeing(kind, &name, region).unwrap_or_default()
                    )),
                    Err(error) => found.unknown.push(format!(
                        "whether {what} {name} of {address} is there already is not known: {error}"
                    )),
                }
            }
        }
        found
    }

    /// Whether a database exists. If the deploy role may not look, switches to the account's owner for this and later
    /// checks.
    fn sees_database(&self, site: &mut Site, name: &str) -> Result<bool, CloudError> {
        match self.runtime.block_on(has_database(&self.aws, site, name)) {
            Err(error @ CloudError::Access { .. }) => {
                *site = self.owner(site).ok_or(error)?;
                self.runtime.block_on(has_database(&self.aws, site, name))
            }
            other => other,
        }
    }

    /// Whether a repository exists. Only the account's owner may look.
    fn sees_repository(&self, stack: &Stack, name: &str) -> Result<bool, CloudError> {
        let owner = self.owner(&stack.site).ok_or_else(|| CloudError::Access {
            what: "the deploy role may not look".to_owned(),
            message: "`--owner-role` looks as a role of the account's owner, and else CloudFormation tells when it comes to it".to_owned(),
        })?;
        self.runtime.block_on(has_repository(&self.aws, &owner, name))
    }
}
