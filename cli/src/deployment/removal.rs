//! Stacks that go, one by one, with what CloudFormation leaves behind.

use std::collections::{BTreeMap, BTreeSet};

use lakewright_deployer::cloud::{Access, CloudError, Site, Stack};
use lakewright_deployer::driver::{Driver, Summary};
use lakewright_deployer::event::{Change, Event};
use lakewright_deployer::lakeformation::remove_administrators;
use lakewright_deployer::leftovers::blockers;
use lakewright_deployer::machine::Outcome;
use lakewright_deployer::plan::{Observed, Plan};
use lakewright_template::read;

use super::{Deployment, deployer, exit, show, unreachable};
use crate::exit::{Exit, Failure};
use crate::ui::{Ui, count};

/// What a deletion takes along.
#[derive(Default)]
struct Leaving {
    /// What would keep the stack from being deleted.
    blockers: Vec<String>,
    /// The ARNs of its roles.
    roles: BTreeSet<String>,
}

impl Deployment<'_> {
    /// Deletes one stack, or forgets it.
    pub(crate) fn destroy(
        mut self,
        name: &str,
        keep_stack: bool,
        ui: &mut Ui,
    ) -> Result<Exit, Failure> {
        let mut seen = self.observe()?;
        if keep_stack && seen.unseen.contains_key(name) {
            return self.forget_place(name, &mut seen, ui);
        }
        let address = self.find(name, &seen)?;
        let dependants = self.dependants(&address, &seen.observed);
        if !dependants.is_empty() && !keep_stack {
            ui.error(&format!(
                "{address} is not deleted: {} there that depend on it: {}",
                if dependants.len() == 1 { "a stack is" } else { "stacks are" },
                dependants.join(", ")
            ));
            return Ok(Exit::No);
        }
        let stack = self.stacks.get(&address);
        let site = stack.map(|stack| stack.site.clone()).or_else(|| self.site_of(&address));
        let site = site.ok_or_else(|| Failure::usage(format!("{address} is not in the mesh")))?;
        let site = &self.deleting(&address, site, &seen.observed)?;
        let question =
            if keep_stack { format!("Forget {address}?") } else { format!("Delete {address}?") };
        if !self.confirm(&question, ui) {
            ui.note("nothing was changed");
            return Ok(Exit::Declined);
        }
        let stack_name = address.rsplit('/').next().unwrap_or(&address);
        if keep_stack {
            use lakewright_deployer::cloud::Cloud as _;
            self.runtime
                .block_on(self.aws.forget(site, stack_name))
                .map_err(|error| unreachable(&error))?;
            ui.note(&format!("{address} and its resources stay; the mesh no longer knows it"));
            self.close_record(&mut seen, &BTreeSet::from([address.as_str()]), ui);
            return Ok(Exit::Done);
        }
        let leaving = self.leaving(site, stack_name)?;
        if !leaving.blockers.is_empty() {
            let blockers = leaving.blockers.join("; ");
            ui.error(&format!("{address} is not deleted, as it could not be: {blockers}"));
            return Ok(Exit::No);
        }
        self.empty_artifacts(stack, site, ui)?;
        self.remove_administrators(site, &leaving.roles)?;
        self.progress.begin(1);
        self.progress.start(&address);
        let nothing = Plan::default();
        let mut shower = show::Shower::new(&nothing, &self.lines, &self.progress, ui);
        let outcome = {
            let mut driver = Driver {
                cloud: &self.aws,
                report: |event: Event| shower.event(&event),
                ask: |_: &str, _: &[Change]| true,
                closed: BTreeSet::new(),
            };
            self.runtime
                .block_on(driver.delete(site, &address))
                .map_err(|error| unreachable(&error))?
        };
        let is_gone = outcome == Outcome::Deleted;
        let summary = Summary {
            outcomes: BTreeMap::from([(address.clone(), outcome)]),
            skipped: BTreeMap::new(),
        };
        self.progress.end();
        shower.end(&summary);
        if let Some(stack) = stack {
            let retained = show::retained(&stack.template);
            if !retained.is_empty() {
                ui.note(&format!("what the mesh retains stays: {}", retained.join(", ")));
            }
        }
        // With the stack that keeps the record goes the role that writes it.
        if is_gone && address != self.keeper {
            self.close_record(&mut seen, &BTreeSet::from([address.as_str()]), ui);
        }
        Ok(exit(&summary))
    }

    /// The stacks that are there and need one. A bootstrap that the mesh no longer has is needed by all that stand with it:
    /// without its roles nobody changes or deletes them.
    fn dependants(&self, address: &str, observed: &BTreeMap<String, Observed>) -> Vec<String> {
        let depending = self.stacks.iter().filter(|(other, stack)| {
            observed.contains_key(*other)
                && stack.entry.depends_on.iter().any(|needed| needed == address)
        });
        let mut found: BTreeSet<String> = depending.map(|(other, _)| other.clone()).collect();
        let kind = observed.get(address).and_then(|stack| stack.tags.get("lakewright:kind"));
        if kind.is_some_and(|kind| kind == "bootstrap") {
            let (begins, _) = address.split_once("-bootstrap-").unwrap_or((address, ""));
            let begins = format!("{begins}-");
            let with_it = observed.iter().filter(|(other, stack)| {
                other.starts_with(&begins)
                    && *other != address
                    && stack.status != "DELETE_COMPLETE"
                    && stack.tags.get("lakewright:mesh") == Some(&self.id)
            });
            found.extend(with_it.map(|(other, _)| other.clone()));
        }
        found.into_iter().collect()
    }

    /// Who deletes a stack: the owner of its account, when it is the one that the deploy role comes from.
    fn deleting(
        &self,
        address: &str,
        site: Site,
        observed: &BTreeMap<String, Observed>,
    ) -> Result<Site, Failure> {
        let kind = observed.get(address).and_then(|stack| stack.tags.get("lakewright:kind"));
        if kind.is_none_or(|kind| kind != "bootstrap") {
            return Ok(site);
        }
        if self.options.owner_role.is_none() && site.account != self.aws.caller() {
            let message = format!(
                "{address} is for the account's owner to delete; `--owner-role NAME` does it as a role of the owner's"
            );
            return Err(Failure { exit: Exit::Unreachable, message });
        }
        let role = self.options.owner_role.clone().unwrap_or_default();
        Ok(Site { access: Access::Owner { role }, ..site })
    }

    /// What goes with a stack that is deployed, and what would keep it from going.
    fn leaving(&self, site: &Site, name: &str) -> Result<Leaving, Failure> {
        use lakewright_deployer::cloud::Cloud as _;
        let deployed = self.runtime.block_on(self.aws.template(site, name));
        let deployed = deployed.map_err(|error| unreachable(&error))?;
        let Ok(template) = read::template(&deployed) else { return Ok(Leaving::default()) };
        let blockers = self.runtime.block_on(blockers(&self.aws, site, name, &template));
        let partition = lakewright_template::resolve::partition_of(&site.region);
        let roles = template.resources.values().filter(|one| one.kind == "AWS::IAM::Role");
        let roles = roles
            .filter_map(|role| role.properties.get("RoleName")?.as_text())
            .map(|name| format!("arn:{partition}:iam::{}:role/{name}", site.account));
        Ok(Leaving {
            blockers: blockers.map_err(|error| unreachable(&error))?,
            roles: roles.collect(),
        })
    }

    /// A role that goes leaves its entry among the administrators of Lake Formation, which then takes no change of the
    /// list. Only roles of the stack are taken out.
    fn remove_administrators(&self, site: &Site, roles: &BTreeSet<String>) -> Result<(), Failure> {
        let place = (site.account.as_str(), site.region.as_str());
        let is_deployer = matches!(site.access, Access::Deployer { .. });
        let deployer = self
            .targets
            .iter()
            .find(|(address, _)| address.starts_with(&format!("{}/{}/", place.0, place.1)))
            .map(|(_, target)| Site { access: deployer(target), ..site.clone() });
        let has_settings = self.stacks.values().any(|stack| {
            (stack.entry.account.as_str(), stack.entry.region.as_str()) == place
                && stack.template.contains("\"AWS::LakeFormation::DataLakeSettings\"")
        });
        let site = if is_deployer { Some(site.clone()) } else { deployer };
        let Some(site) = site.filter(|_| !roles.is_empty()) else { return Ok(()) };
        match self.runtime.block_on(remove_administrators(&self.aws, &site, roles)) {
            // Where the mesh has no data now, the role may no longer look; where it never had any, there is no entry.
            Err(CloudError::Access { .. }) if !has_settings => Ok(()),
            other => other.map_err(|error| unreachable(&error)),
        }
    }

    /// A bucket of artifacts that does not stay is emptied, as CloudFormation deletes none with
    /// objects in it. No other bucket is.
    fn empty_artifacts(
        &self,
        stack: Option<&Stack>,
        site: &Site,
        ui: &mut Ui,
    ) -> Result<(), Failure> {
        use lakewright_deployer::cloud::Cloud as _;
        for bucket in stack.map(|stack| show::artifact_buckets(&stack.template)).unwrap_or_default()
        {
            let emptied = self.runtime.block_on(self.aws.empty(site, &bucket));
            match emptied {
                Ok(objects) => ui.note(&format!("emptied {bucket}: {}", count(objects, "object"))),
                // It may not be there any more.
                Err(CloudError::Refused { message, .. }) if message.starts_with("NoSuchBucket") => {
                }
                Err(error) => return Err(unreachable(&error)),
            }
        }
        Ok(())
    }
}
