//! Deletes one stack of a mesh, or all of them, and lists the resources that CloudFormation retains.

mod needs;
mod unmarked;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use lakewright_analysis::Error;
use lakewright_analysis::words::count;
use lakewright_deployer::at_once::by_place;
use lakewright_deployer::cloud::{Access, Cloud as _, CloudError, Site};
use lakewright_deployer::driver::{Driver, Stop, Summary, failure, is_good};
use lakewright_deployer::lakeformation::remove_administrators;
use lakewright_deployer::leftovers::{blockers, retained};
use lakewright_deployer::removing::remove_all;
use lakewright_deployer::teardown::{dependants, teardown};
use lakewright_fleet::event::{Change, Event};
use lakewright_fleet::machine::Outcome;
use lakewright_fleet::plan::kind_of;
use lakewright_fleet::plan::{Action, Observed, Plan, Step};
use lakewright_fleet::schedule::{Because, Waves};
use lakewright_template::{Place, StackAddress, StackKind};
use lakewright_template::{holds_data, read};
use serde_json::Value;
use tokio::sync::Mutex;

use super::seen::{Gone, Seen};
use super::trace::Trace;
use super::{Deployment, deployer, exit, show, unreachable};
use crate::exit::{Exit, Failure};
use crate::owner;
use crate::ui::Ui;

/// The stacks to delete.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Removal<'a> {
    /// The stack's name or address; `None` for all stacks.
    pub(crate) stack: Option<&'a str>,
    /// Whether to keep the stack and forget it.
    pub(crate) keep_stack: bool,
    /// Whether to print the plan only.
    pub(crate) only_plan: bool,
}

/// The consequences of deleting a stack.
#[derive(Debug, Default)]
struct Leaving {
    /// The reasons for which the stack cannot be deleted.
    blockers: Vec<String>,
    /// The ARNs of its roles.
    roles: BTreeSet<String>,
    /// The names of the retained resources.
    stays: Vec<String>,
    /// Whether it has resources of types that hold data.
    has_data: bool,
}

/// A stack to delete.
#[derive(Debug)]
struct Going {
    /// The role that deletes it.
    site: Site,
    leaving: Result<Leaving, CloudError>,
}

/// Who deletes a stack.
#[derive(Debug)]
enum Deleter {
    /// This run, in this way.
    Here(Site),
    /// Nobody here.
    Owner(OwnersStack),
}

/// A stack that the owner of its account deletes, and nobody here.
#[derive(Debug, thiserror::Error)]
#[error(
    "the account's owner deletes it, after the other stacks in its account and region: `{command}`; to delete it from here, pass `--owner-role NAME` with a role of the owner's"
)]
struct OwnersStack {
    /// What the owner runs.
    command: String,
}

/// All that is known before somebody is asked.
#[derive(Debug, Default)]
pub(super) struct Prepared {
    going: BTreeMap<StackAddress, Going>,
    /// The stacks that cannot be deleted, each with the reason.
    pub(super) held: BTreeMap<StackAddress, String>,
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
        show::plan((&plan, &Waves::default()), &notes, &Value::Null, removal.only_plan, ui);
        for (address, reason) in &prepared.held {
            ui.error(&format!("{address} is not deleted: {reason}"));
        }
        // If no stack can be deleted, nothing is left to do.
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
        let (summary, gone) = self.tear_down(&plan, &prepared, None, &mut seen, ui);
        // The stack with the record also has the role that writes the record.
        if !gone.contains_key(&self.keeper) {
            self.close_record(&mut seen, &gone, ui);
        }
        let exit = exit(&summary);
        Ok(if exit == Exit::Done && !prepared.held.is_empty() { Exit::No } else { exit })
    }

    /// The plan to delete all stacks. The stack with the record is last.
    fn all(&self, seen: &Seen) -> Result<Plan, Failure> {
        let kinds = self.kinds(seen);
        let mut needs = self.needs(seen)?;
        for address in kinds.keys().filter(|address| **address != self.keeper) {
            needs.entry(address.clone()).or_default().insert(self.keeper.clone());
        }
        teardown(&kinds, &needs).map_err(|stacks| Error::Circle(stacks).into())
    }

    /// Forgets a stack or a place without deleting anything.
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
        let site = match self.deleting(&address, &seen.observed)? {
            Deleter::Here(site) => site,
            Deleter::Owner(reason) => {
                let message = format!("{address} is not forgotten: {reason}");
                return Err(Failure { exit: Exit::No, message });
            }
        };
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

    /// Inspects each stack before the confirmation. If one cannot be inspected, only its own deletion fails later.
    pub(super) fn prepare(&self, plan: &Plan, seen: &Seen) -> Result<Prepared, Failure> {
        let mut prepared = Prepared::default();
        let mut going: Vec<(&StackAddress, Site)> = Vec::new();
        for Step { address, .. } in &plan.steps {
            let site = match self.deleting(address, &seen.observed)? {
                Deleter::Here(site) => site,
                Deleter::Owner(reason) => {
                    prepared.held.insert(address.clone(), reason.to_string());
                    // The stack stays. What else stays is said as well, where the caller may look.
                    let Some(site) = seen.sites.get(&address.place) else { continue };
                    site.clone()
                }
            };
            if let Some(reason) = self.stranger(address, seen) {
                prepared.held.insert(address.clone(), reason);
                continue;
            }
            going.push((address, site));
        }
        let looking =
            going.iter().map(|(address, site)| (&address.place, self.leaving(site, &address.name)));
        let found = self.runtime.block_on(by_place(looking));
        for ((address, site), leaving) in going.into_iter().zip(found) {
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

    /// Deletes the stacks, at once where none depends on another. If a deletion fails, the stacks that it depends on
    /// stay, and no others.
    pub(super) fn tear_down(
        &self,
        plan: &Plan,
        prepared: &Prepared,
        trace: Option<&Trace>,
        seen: &mut Seen,
        ui: &mut Ui,
    ) -> (Summary, Gone) {
        let shower = RefCell::new(show::Shower::new(plan, &self.lines, &self.progress, ui));
        self.progress.begin(shower.borrow().all());
        let tearing = Tearing { prepared, shower, trace, settings: Mutex::new(()) };
        let (possible, skipped) = prepared.possible(plan);
        for (address, because) in &skipped {
            tearing.skipped(address, because);
        }
        // The record can be written while its stack is there, and its stack is the last one.
        let (keeper, others) = possible.apart(&self.keeper);
        let remove = async |step: &Step| self.take_down(step, &tearing).await;
        let tell = |address: &StackAddress, because: &Because| tearing.skipped(address, because);
        let policy = self.policy();
        let work = remove_all(&others, &policy, tell, remove);
        let mut summary = self.held(&mut seen.record, work);
        summary.skipped.extend(skipped);
        let mut gone = prepared.gone(&summary);
        for step in &keeper.steps {
            let address = &step.address;
            if let Some(other) = step.after.iter().find(|other| !gone.contains_key(*other)) {
                let because = Because::Stack(other.clone());
                tearing.skipped(address, &because);
                summary.skipped.insert(address.clone(), because);
                continue;
            }
            for text in self.closed_record(seen, &gone) {
                tearing.tell(&Event::Note { address: address.clone(), text });
            }
            let outcome = self.held(&mut seen.record, self.take_down(step, &tearing));
            summary.outcomes.insert(address.clone(), outcome);
            gone = prepared.gone(&summary);
        }
        tearing.shower.into_inner().end(&summary);
        (summary, gone)
    }

    /// Deletes the stack of one step, and reports its start and end.
    async fn take_down(&self, step: &Step, tearing: &Tearing<'_, '_>) -> Outcome {
        let address = &step.address;
        tearing.tell(&Event::Started { address: address.clone() });
        let removed = match tearing.prepared.going.get(address) {
            Some(going) => self.remove(address, going, tearing).await,
            None => Err(CloudError::Refused {
                what: format!("delete {address}"),
                message: "what goes with it was not looked at".to_owned(),
            }),
        };
        let outcome = removed.unwrap_or_else(|error| failure(&error));
        tearing.tell(&Event::Finished { address: address.clone(), outcome: outcome.clone() });
        outcome
    }

    /// Deletes one stack, after what CloudFormation does not do.
    async fn remove(
        &self,
        address: &StackAddress,
        Going { site, leaving }: &Going,
        tearing: &Tearing<'_, '_>,
    ) -> Result<Outcome, CloudError> {
        if let Some(reason) = self.lease.lost() {
            return Ok(Outcome::Overtaken(reason));
        }
        let leaving = leaving.as_ref().map_err(CloudError::clone)?;
        self.empty_artifacts(address, site, tearing).await?;
        {
            // The list of administrators is read, changed and written, so two stacks must not do it at once.
            let _alone = tearing.settings.lock().await;
            self.remove_administrators(site, &leaving.roles).await?;
        }
        let stop = Stop::default();
        let report = |event: Event| tearing.tell(&event);
        let ask = |_: &StackAddress, _: &[Change]| true;
        let driver = Driver::new(&self.aws, report, ask, &self.lease, &stop);
        let driver = match tearing.trace {
            Some(trace) => driver.with_journal(trace),
            None => driver,
        };
        Box::pin(driver.delete(site, address)).await
    }

    /// The role that deletes a stack: the account's owner for a bootstrap, else the deploy role. The inner error is the
    /// reason for which nobody here may.
    fn deleting(
        &self,
        address: &StackAddress,
        observed: &BTreeMap<StackAddress, Observed>,
    ) -> Result<Deleter, Failure> {
        let site = self.stacks.get(address).map(|stack| stack.site.clone());
        let site = site.or_else(|| self.site_of(address));
        let site = site.ok_or_else(|| Failure::usage(format!("{address} is not in the mesh")))?;
        let found = observed.get(address);
        let kind = found.and_then(|stack| kind_of(&stack.tags));
        let is_unmarked = found.is_some_and(|stack| self.is_unmarked(address, stack));
        if !is_unmarked && kind != Some(StackKind::Bootstrap) {
            return Ok(Deleter::Here(site));
        }
        if self.options.owner_role.is_none() && site.place.account != self.aws.caller() {
            let command = owner::deleting(&site.place.region, address.name.as_str());
            return Ok(Deleter::Owner(OwnersStack { command }));
        }
        let role = self.options.owner_role.clone().unwrap_or_default();
        Ok(Deleter::Here(Site { access: Access::Owner { role }, ..site }))
    }

    /// The consequences of deleting a deployed stack: its roles, what blocks the deletion, and what is retained.
    async fn leaving(&self, site: &Site, name: &str) -> Result<Leaving, CloudError> {
        let deployed = self.aws.template(site, name).await?;
        let template = read::template(&deployed).map_err(|error| CloudError::Refused {
            what: format!("look at what goes with stack {name}"),
            message: format!(
                "its template cannot be read: {error}; `--keep-stack` forgets the stack"
            ),
        })?;
        let placed = self.aws.resources(site, name).await?;
        let roles = template.resources.values().filter(|one| one.kind == "AWS::IAM::Role");
        let roles = roles
            .filter_map(|role| role.properties.get("RoleName")?.as_text())
            .map(|name| site.place.role_arn(name));
        Ok(Leaving {
            blockers: blockers(&self.aws, site, &template, &placed).await?,
            roles: roles.collect(),
            stays: retained(site, &template, &placed),
            has_data: template.resources.values().any(|one| holds_data(&one.kind)),
        })
    }

    /// Removes a stack's roles from the administrators of Lake Formation. A deleted role would stay in the list, and
    /// Lake Formation would then refuse every change of the list.
    async fn remove_administrators(
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
        match Box::pin(remove_administrators(&self.aws, &site, roles)).await {
            // Without data in the mesh, the deploy role may no longer have the permission; if there never was data,
            // there is no entry.
            Err(CloudError::Access { .. }) if !has_settings => Ok(()),
            other => other,
        }
    }

    /// Empties buckets of artifacts that are not retained, because CloudFormation deletes only empty buckets. No other
    /// bucket is emptied.
    async fn empty_artifacts(
        &self,
        address: &StackAddress,
        site: &Site,
        tearing: &Tearing<'_, '_>,
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
            match Box::pin(self.aws.empty(site, &bucket)).await {
                Ok(objects) => {
                    let text = format!("emptied {bucket}: {}", count(objects, "object"));
                    tearing.tell(&Event::Note { address: address.clone(), text });
                }
                // The bucket may be deleted already.
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

/// What the deletions of one run share.
struct Tearing<'r, 'u> {
    prepared: &'r Prepared,
    shower: RefCell<show::Shower<'u>>,
    trace: Option<&'r Trace>,
    /// Held while the administrators of Lake Formation are changed.
    settings: Mutex<()>,
}

impl Tearing<'_, '_> {
    fn tell(&self, event: &Event) {
        if let Some(trace) = self.trace {
            trace.event(event);
        }
        self.shower.borrow_mut().event(event);
    }

    fn skipped(&self, address: &StackAddress, because: &Because) {
        let (address, because) = (address.clone(), because.clone());
        self.tell(&Event::Skipped { address, because });
    }
}

impl Prepared {
    /// The steps of a plan that can be carried out, and those that a stack which stays needs, each with that stack.
    fn possible(&self, plan: &Plan) -> (Plan, BTreeMap<StackAddress, Because>) {
        let mut standing: BTreeSet<&StackAddress> = self.held.keys().collect();
        let (mut steps, mut skipped) = (Vec::new(), BTreeMap::new());
        for step in &plan.steps {
            let address = &step.address;
            if standing.contains(address) {
                continue;
            }
            match step.after.iter().find(|other| standing.contains(other)) {
                Some(other) => {
                    standing.insert(address);
                    skipped.insert(address.clone(), Because::Stack(other.clone()));
                }
                None => steps.push(step.clone()),
            }
        }
        (Plan { steps }, skipped)
    }

    /// The stacks that were deleted, each with what stays of it.
    fn gone(&self, summary: &Summary) -> Gone {
        let gone = summary.outcomes.iter().filter(|(_, outcome)| is_good(outcome));
        let stays = |address: &StackAddress| {
            let leaving = self.going.get(address).and_then(|going| going.leaving.as_ref().ok());
            leaving.map(|leaving| leaving.stays.clone()).unwrap_or_default()
        };
        gone.map(|(address, _)| (address.clone(), stays(address))).collect()
    }

    /// Forgets what is known of other stacks.
    pub(super) fn keep_only(&mut self, addresses: &BTreeSet<StackAddress>) {
        self.going.retain(|address, _| addresses.contains(address));
    }

    /// Why data may be lost with a stack; `None` if it holds none.
    pub(super) fn data(&self, address: &StackAddress) -> Option<String> {
        match &self.going.get(address)?.leaving {
            Ok(leaving) if !leaving.has_data => None,
            Ok(leaving) if leaving.stays.is_empty() => Some("it holds data".to_owned()),
            Ok(leaving) => {
                Some(format!("it holds data, of which this stays: {}", leaving.stays.join(", ")))
            }
            Err(error) => Some(format!("whether it holds data is not known: {error}")),
        }
    }

    /// Notes on the resources that each stack leaves behind.
    pub(super) fn notes(&self) -> Vec<String> {
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
