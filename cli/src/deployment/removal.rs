//! Stacks that go: one, or all of a mesh, with what CloudFormation leaves behind.

mod needs;
mod unmarked;

use std::collections::{BTreeMap, BTreeSet};

use lakewright_analysis::Error;
use lakewright_analysis::words::count;
use lakewright_deployer::cloud::{Access, Cloud as _, CloudError, Site};
use lakewright_deployer::driver::{Driver, Summary, failure, is_good};
use lakewright_deployer::event::{Change, Event};
use lakewright_deployer::lakeformation::remove_administrators;
use lakewright_deployer::leftovers::{blockers, retained};
use lakewright_deployer::machine::Outcome;
use lakewright_deployer::plan::kind_of;
use lakewright_deployer::plan::{Action, Observed, Plan, Step};
use lakewright_deployer::teardown::{dependants, teardown};
use lakewright_template::read;
use lakewright_template::{Place, StackAddress, StackKind};

use super::seen::{Gone, Known, Seen};
use super::{Deployment, deployer, exit, show, unreachable};
use crate::exit::{Exit, Failure};
use crate::owner;
use crate::ui::Ui;

/// What is to go.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Removal<'a> {
    /// The stack; all of them without one.
    pub(crate) stack: Option<&'a str>,
    /// Whether the stack stays and is forgotten.
    pub(crate) keep_stack: bool,
    /// Whether it is only said what would go.
    pub(crate) only_plan: bool,
}

/// What a deletion takes along, and what it leaves.
#[derive(Debug, Default)]
struct Leaving {
    /// What would keep the stack from being deleted.
    blockers: Vec<String>,
    /// The ARNs of its roles.
    roles: BTreeSet<String>,
    /// What stays, by name.
    stays: Vec<String>,
}

/// A stack that goes.
#[derive(Debug)]
struct Going {
    /// With whose help.
    site: Site,
    leaving: Result<Leaving, CloudError>,
}

/// All that is known before somebody is asked.
#[derive(Debug, Default)]
struct Prepared {
    going: BTreeMap<StackAddress, Going>,
    /// What cannot be deleted from here and as it is, each with the reason.
    held: BTreeMap<StackAddress, String>,
}

impl Deployment<'_> {
    /// Deletes one stack or all, or forgets one.
    pub(crate) fn destroy(mut self, removal: Removal<'_>, ui: &mut Ui) -> Result<Exit, Failure> {
        let mut seen = self.observe()?;
        let plan = match removal.stack {
            Some(name) if removal.keep_stack => return self.forget(name, &mut seen, ui),
            Some(name) => {
                let address = self.find(name, &seen)?;
                let needs = self.needs(&seen)?;
                let depending = dependants(&needs, &address);
                if !depending.is_empty() {
                    ui.error(&format!(
                        "{address} is not deleted: {}: {}; `lakewright destroy MESH --all --plan` prints the order",
                        match depending.len() {
                            1 => "1 stack depends on it".to_owned(),
                            several => format!("{several} stacks depend on it"),
                        },
                        listed(&depending)
                    ));
                    return Ok(Exit::No);
                }
                let kind = self.kinds(&seen).remove(&address).flatten();
                let step = Step { address, kind, action: Action::Delete, after: Vec::new() };
                Plan { steps: vec![step] }
            }
            None => self.all(&seen)?,
        };
        if plan.steps.is_empty() {
            ui.note("no stack of this mesh is deployed");
            return Ok(Exit::Done);
        }
        let prepared = self.prepare(&plan, &seen)?;
        let mut notes = prepared.notes();
        notes.extend(self.unknown(&seen));
        notes.extend(self.busy(&seen).filter(|_| removal.only_plan));
        show::plan(&plan, &notes, removal.only_plan, ui);
        for (address, reason) in &prepared.held {
            ui.error(&format!("{address} is not deleted: {reason}"));
        }
        // Of one stack, or where all are held, nothing is left to do.
        let is_held = prepared.held.len() == plan.steps.len();
        if is_held || removal.only_plan {
            return Ok(if prepared.held.is_empty() { Exit::Done } else { Exit::No });
        }
        self.is_free(&seen)?;
        if !self.confirm(&prepared.question(&plan), ui) {
            ui.note("nothing was changed");
            return Ok(Exit::Declined);
        }
        self.begin_record(&mut seen, ui)?;
        let (summary, gone) = self.tear_down(&plan, &prepared, &mut seen, ui);
        // With the stack that keeps the record goes the role that writes it.
        if !gone.contains_key(&self.keeper) {
            self.close_record(&mut seen, &gone, ui);
        }
        let exit = exit(&summary);
        Ok(if exit == Exit::Done && !prepared.held.is_empty() { Exit::No } else { exit })
    }

    /// The way to nothing. The stack that keeps the record of places goes last.
    fn all(&self, seen: &Seen) -> Result<Plan, Failure> {
        let kinds = self.kinds(seen);
        let mut needs = self.needs(seen)?;
        for address in kinds.keys().filter(|address| **address != self.keeper) {
            needs.entry(address.clone()).or_default().insert(self.keeper.clone());
        }
        teardown(&kinds, &needs).map_err(|stacks| Error::Circle(stacks).into())
    }

    /// Leaves a stack or a place alone, and forgets it.
    fn forget(&self, name: &str, seen: &mut Seen, ui: &mut Ui) -> Result<Exit, Failure> {
        if let Ok(place) = name.parse::<Place>()
            && seen.unseen.contains_key(&place)
        {
            return self.forget_place(&place, seen, ui);
        }
        let address = self.find(name, seen)?;
        if seen.observed.get(&address).is_some_and(|stack| self.is_unmarked(&address, stack)) {
            return Err(Failure::usage(format!(
                "{address} has none of the mesh's tags, so there is nothing to forget; without `--keep-stack` it is deleted"
            )));
        }
        let site = self.deleting(&address, &seen.observed)?.map_err(|reason| Failure {
            exit: Exit::No,
            message: format!("{address} is not forgotten: {reason}"),
        })?;
        if !self.confirm(&format!("Forget {address}?"), ui) {
            ui.note("nothing was changed");
            return Ok(Exit::Declined);
        }
        let stack_name = address.name.as_str();
        self.begin_record(seen, ui)?;
        if let Err(error) = self.held(&mut seen.record, self.aws.forget(&site, stack_name)) {
            self.leave_record(seen, ui);
            return Err(unreachable(&error));
        }
        ui.note(&format!(
            "{address} is not deleted, nor is anything in it; the mesh no longer knows it"
        ));
        self.close_record(seen, &Gone::from([(address, Vec::new())]), ui);
        Ok(Exit::Done)
    }

    /// Looks at each stack before somebody is asked. One that cannot be looked at fails when it comes to it, and no other.
    fn prepare(&self, plan: &Plan, seen: &Seen) -> Result<Prepared, Failure> {
        let mut prepared = Prepared::default();
        for Step { address, .. } in &plan.steps {
            let site = match self.deleting(address, &seen.observed)? {
                Ok(site) => site,
                Err(reason) => {
                    prepared.held.insert(address.clone(), reason);
                    // It stays, and says why. What goes with it is told as well where somebody may look.
                    let Some(site) = seen.sites.get(&address.place) else { continue };
                    site.clone()
                }
            };
            if let Some(reason) = self.stranger(address, seen) {
                prepared.held.insert(address.clone(), reason);
                continue;
            }
            let name = address.name.as_str();
            let leaving = self.leaving(&site, name);
            if let Ok(Leaving { blockers, .. }) = &leaving
                && !blockers.is_empty()
            {
                let reason = format!("it cannot be: {}", blockers.join("; "));
                prepared.held.insert(address.clone(), reason);
            }
            prepared.going.insert(address.clone(), Going { site, leaving });
        }
        Ok(prepared)
    }

    /// Deletes one stack after the other. What keeps one there keeps those that it needs, and no others.
    fn tear_down(
        &self,
        plan: &Plan,
        prepared: &Prepared,
        seen: &mut Seen,
        ui: &mut Ui,
    ) -> (Summary, Gone) {
        let mut shower = show::Shower::new(plan, &self.lines, &self.progress, ui);
        self.progress.begin(shower.all());
        let (mut summary, mut gone) = (Summary::default(), Gone::new());
        let mut standing: BTreeSet<&StackAddress> = prepared.held.keys().collect();
        let mut overtaken: Option<&StackAddress> = None;
        for Step { address, after, .. } in &plan.steps {
            if standing.contains(address) {
                continue;
            }
            if let Some(other) = overtaken {
                summary.skipped.insert(address.clone(), other.clone());
                continue;
            }
            if let Some(other) = after.iter().find(|other| standing.contains(other)) {
                standing.insert(address);
                let (address, because) = (address.clone(), other.clone());
                summary.skipped.insert(address.clone(), because.clone());
                shower.event(&Event::Skipped { address, because });
                continue;
            }
            if *address == self.keeper {
                for text in self.closed_record(seen, &gone) {
                    shower.event(&Event::Note { address: address.clone(), text });
                }
            }
            shower.event(&Event::Started { address: address.clone() });
            let going = prepared.going.get(address);
            let outcome = match going {
                Some(going) => self.remove(address, going, &mut seen.record, &mut shower),
                None => Err(CloudError::Refused {
                    what: format!("delete {address}"),
                    message: "what goes with it was not looked at".to_owned(),
                }),
            };
            let outcome = outcome.unwrap_or_else(|error| failure(&error));
            shower.event(&Event::Finished { address: address.clone(), outcome: outcome.clone() });
            if matches!(outcome, Outcome::Overtaken(_)) {
                overtaken = Some(address);
            }
            if is_good(&outcome) {
                let leaving = going.and_then(|going| going.leaving.as_ref().ok());
                let stays = leaving.map(|leaving| leaving.stays.clone()).unwrap_or_default();
                gone.insert(address.clone(), stays);
            } else {
                standing.insert(address);
            }
            summary.outcomes.insert(address.clone(), outcome);
        }
        shower.end(&summary);
        (summary, gone)
    }

    /// Deletes one stack.
    fn remove(
        &self,
        address: &StackAddress,
        Going { site, leaving }: &Going,
        record: &mut Known,
        shower: &mut show::Shower<'_>,
    ) -> Result<Outcome, CloudError> {
        if let Some(reason) = self.lease.lost() {
            return Ok(Outcome::Overtaken(reason));
        }
        let leaving = leaving.as_ref().map_err(CloudError::clone)?;
        self.empty_artifacts(address, site, shower)?;
        self.remove_administrators(site, &leaving.roles)?;
        let mut driver = Driver {
            cloud: &self.aws,
            report: |event: Event| shower.event(&event),
            ask: |_: &StackAddress, _: &[Change]| true,
            closed: BTreeSet::new(),
            lease: &self.lease,
            imports_existing: false,
        };
        self.held(record, driver.delete(site, address))
    }

    /// Who deletes a stack: the owner of its account, when it is the one that the deploy role comes from. Gives why
    /// nobody here does.
    fn deleting(
        &self,
        address: &StackAddress,
        observed: &BTreeMap<StackAddress, Observed>,
    ) -> Result<Result<Site, String>, Failure> {
        let site = self.stacks.get(address).map(|stack| stack.site.clone());
        let site = site.or_else(|| self.site_of(address));
        let site = site.ok_or_else(|| Failure::usage(format!("{address} is not in the mesh")))?;
        let found = observed.get(address);
        let kind = found.and_then(|stack| kind_of(&stack.tags));
        let is_unmarked = found.is_some_and(|stack| self.is_unmarked(address, stack));
        if !is_unmarked && kind != Some(StackKind::Bootstrap) {
            return Ok(Ok(site));
        }
        if self.options.owner_role.is_none() && site.place.account != self.aws.caller() {
            let name = address.name.as_str();
            return Ok(Err(format!(
                "the account's owner deletes it, after the other stacks in its account and region: `{}`; to delete it from here, \
                 pass `--owner-role NAME` with a role of the owner's",
                owner::deleting(&site.place.region, name)
            )));
        }
        let role = self.options.owner_role.clone().unwrap_or_default();
        Ok(Ok(Site { access: Access::Owner { role }, ..site }))
    }

    /// What goes with a stack that is deployed, what would keep it from going, and what stays.
    fn leaving(&self, site: &Site, name: &str) -> Result<Leaving, CloudError> {
        let deployed = self.runtime.block_on(self.aws.template(site, name))?;
        let template = read::template(&deployed).map_err(|error| CloudError::Refused {
            what: format!("look at what goes with stack {name}"),
            message: format!(
                "its template cannot be read: {error}; `--keep-stack` forgets the stack"
            ),
        })?;
        let placed = self.runtime.block_on(self.aws.resources(site, name))?;
        let roles = template.resources.values().filter(|one| one.kind == "AWS::IAM::Role");
        let roles = roles
            .filter_map(|role| role.properties.get("RoleName")?.as_text())
            .map(|name| site.place.role_arn(name));
        Ok(Leaving {
            blockers: self.runtime.block_on(blockers(&self.aws, site, &template, &placed))?,
            roles: roles.collect(),
            stays: retained(site, &template, &placed),
        })
    }

    /// A role that goes leaves its entry among the administrators of Lake Formation, which then takes no change of the
    /// list. Only roles of the stack are taken out.
    fn remove_administrators(
        &self,
        site: &Site,
        roles: &BTreeSet<String>,
    ) -> Result<(), CloudError> {
        let place = &site.place;
        let is_deployer = matches!(site.access, Access::Deployer { .. });
        let deployer = self
            .targets
            .iter()
            .find(|(address, _)| address.place == *place)
            .map(|(_, target)| Site { access: deployer(target), ..site.clone() });
        let has_settings = self.stacks.values().any(|stack| {
            stack.site.place == *place
                && stack.template.contains("\"AWS::LakeFormation::DataLakeSettings\"")
        });
        if roles.is_empty() {
            return Ok(());
        }
        let site = if is_deployer { Some(site.clone()) } else { deployer };
        let site = site.ok_or_else(|| CloudError::Refused {
            what: format!("take its roles out of Lake Formation's administrators in {place}"),
            message: "the mesh has no deploy role there".to_owned(),
        })?;
        match self.runtime.block_on(remove_administrators(&self.aws, &site, roles)) {
            // Where the mesh has no data now, the role may no longer look; where it never had any, there is no entry. One
            // that stayed is named by the next deployment of data (`dead_administrators`).
            Err(CloudError::Access { .. }) if !has_settings => Ok(()),
            other => other,
        }
    }

    /// A bucket of artifacts that does not stay is emptied, as CloudFormation deletes none with
    /// objects in it. No other bucket is.
    fn empty_artifacts(
        &self,
        address: &StackAddress,
        site: &Site,
        shower: &mut show::Shower<'_>,
    ) -> Result<(), CloudError> {
        // Of a stack that left the mesh nothing says whether its bucket may be emptied; CloudFormation names the bucket
        // that keeps it.
        let Some(stack) = self.stacks.get(address) else { return Ok(()) };
        let buckets = show::artifact_buckets(&stack.template);
        let buckets = buckets.map_err(|error| CloudError::Refused {
            what: format!("empty the buckets of {address}"),
            message: format!("its template cannot be read: {error}"),
        })?;
        for bucket in buckets {
            let emptied = self.runtime.block_on(self.aws.empty(site, &bucket));
            match emptied {
                Ok(objects) => {
                    let text = format!("emptied {bucket}: {}", count(objects, "object"));
                    shower.event(&Event::Note { address: address.clone(), text });
                }
                // It may not be there any more.
                Err(CloudError::Refused { message, .. }) if message.starts_with("NoSuchBucket") => {
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

fn listed(addresses: &[&StackAddress]) -> String {
    addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

impl Prepared {
    /// What each stack leaves behind.
    fn notes(&self) -> Vec<String> {
        let said = self.going.iter().filter_map(|(address, going)| match &going.leaving {
            Ok(leaving) if leaving.stays.is_empty() => None,
            Ok(leaving) => Some(format!("{address} leaves behind: {}", leaving.stays.join(", "))),
            Err(error) => Some(format!("what {address} leaves behind is not known: {error}")),
        });
        let mut said: Vec<String> = said.collect();
        let mut leaving = self.going.values().filter_map(|going| going.leaving.as_ref().ok());
        if leaving.any(|leaving| !leaving.stays.is_empty()) {
            said.push(
                "resources that stay keep their names: `lakewright deploy MESH --import-existing` imports buckets and key aliases again, and \
                 prints what to do about databases and repositories"
                    .to_owned(),
            );
        }
        said
    }

    fn question(&self, plan: &Plan) -> String {
        let going: Vec<&Step> =
            plan.steps.iter().filter(|step| !self.held.contains_key(&step.address)).collect();
        let leaving = going.iter().filter_map(|step| self.going.get(&step.address));
        let stays = leaving.filter_map(|going| going.leaving.as_ref().ok());
        let stays: usize = stays.map(|leaving| leaving.stays.len()).sum();
        let what = match going.as_slice() {
            [one] => format!("Delete {}?", one.address),
            several => format!("Delete {}?", count(several.len(), "stack")),
        };
        match stays {
            0 => what,
            1 => format!("{what} What stays behind is named above."),
            several => format!("{what} {several} things stay behind, as named above."),
        }
    }
}
