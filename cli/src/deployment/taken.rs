//! Databases that stayed of earlier stacks: CloudFormation takes none in, so their names are looked for before anything is
//! changed.

use std::collections::BTreeMap;

use lakewright_deployer::cloud::{CloudError, Site};
use lakewright_deployer::duties::Duties;
use lakewright_deployer::plan::{Action, Plan};
use lakewright_deployer::preflight;
use lakewright_deployer::taken::freeing;
use lakewright_template::resolve::Place;

use super::Deployment;

/// What was found of names that new stacks need.
#[derive(Debug, Default)]
pub(super) struct Taken {
    /// What has to be done first.
    pub(super) first: Vec<String>,
    /// What is not known.
    pub(super) unknown: Vec<String>,
}

impl Deployment<'_> {
    /// Looks for the databases of stacks that are to be made.
    pub(super) fn taken(&self, plan: &Plan) -> Taken {
        let mut found = Taken::default();
        // With whose help each place lets somebody look.
        let mut sites: BTreeMap<String, Site> = BTreeMap::new();
        let created = plan.steps.iter().filter(|step| step.action == Action::Create);
        for stack in created.filter_map(|step| self.stacks.get(&step.address)) {
            if !stack.template.contains("\"AWS::Glue::Database\"") {
                continue;
            }
            let address = stack.entry.address();
            let place =
                Place { account: stack.entry.account.clone(), region: stack.entry.region.clone() };
            let spot = format!("{}/{}", place.account, place.region);
            for name in Duties::of(&stack.template, &place).databases {
                let site = sites.entry(spot.clone()).or_insert_with(|| stack.site.clone());
                match self.has_database(site, &name) {
                    Ok(false) => {}
                    Ok(true) => {
                        let free = freeing("AWS::Glue::Database", &name, &place.region);
                        found.first.push(format!(
                            "{address} cannot be made: database {name} stayed of an earlier stack or is somebody's, and CloudFormation \
                             takes no database in: {}",
                            free.unwrap_or_default()
                        ));
                    }
                    Err(error) => found.unknown.push(format!(
                        "whether database {name} of {address} is there already is not known: {error}"
                    )),
                }
            }
        }
        found
    }

    /// Whether a database is there. An account that is not bootstrapped is looked at by its owner from then on.
    fn has_database(&self, site: &mut Site, name: &str) -> Result<bool, CloudError> {
        match self.runtime.block_on(preflight::has_database(&self.aws, site, name)) {
            Err(error @ CloudError::Access { .. }) => {
                *site = self.owner(site).ok_or(error)?;
                self.runtime.block_on(preflight::has_database(&self.aws, site, name))
            }
            other => other,
        }
    }
}
