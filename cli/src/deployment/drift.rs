//! What somebody changed by hand: who gained or lost access by it, and what else differs. And how what CloudFormation owns
//! is brought back.

use std::collections::BTreeMap;

use lakewright_analysis::progress::Unwatched;
use lakewright_analysis::review::{self, DeployedStack, Reviewed, review_deployment};
use lakewright_analysis::subject::{Keep, Subject};
use lakewright_analysis::words::count;
use lakewright_deployer::at_once::by_place;
use lakewright_deployer::cloud::{ChangeSet, Cloud as _, CloudError, Site};
use lakewright_deployer::drift::{Deployed, Sides, StackDrift, compare, detect};
use lakewright_deployer::templates::has_resources;
use lakewright_fleet::event::Change;
use lakewright_fleet::journal::{Operation, token};
use lakewright_fleet::status::{Standing, standing};
use lakewright_manifest::Date;
use lakewright_template::StackAddress;

use super::review::unsettled;
use super::seen::Seen;
use super::{Deployment, unreachable};
use crate::exit::{Exit, Failure};
use crate::ui::Ui;

/// The function that drift-aware change sets take for a change wherever it stands (coverage-roadmap #2559).
const FOREIGN_OUTPUT: &str = "Fn::GetStackOutput";

/// How many looks may find a status that no event tells, before it counts: an event may be missing.
const SETTLED: u32 = 10;

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DriftRequest<'a> {
    /// The day of which the shares of the mesh count.
    pub(crate) day: &'a Date,
    /// Only this stack: its name or address.
    pub(crate) stack: Option<&'a str>,
}

/// What differs.
#[derive(Debug)]
pub(crate) struct Drift {
    /// The review of what differs. Its notes say what is not known.
    pub(crate) reviewed: Reviewed,
    /// Whether something could not be read or compared.
    pub(crate) is_unknown: bool,
    seen: Seen,
    /// The templates of the stacks in which CloudFormation itself found drift.
    drifted: BTreeMap<StackAddress, String>,
}

/// A change set that undoes the drift of a stack.
struct Undoing {
    address: StackAddress,
    site: Site,
    change_set: String,
    changes: Vec<Change>,
}

impl Deployment<'_> {
    /// Compares what is really there with the deployed templates. Changes nothing.
    pub(crate) fn drift(&mut self, request: DriftRequest<'_>) -> Result<Drift, Failure> {
        let seen = self.observe()?;
        let only = request.stack.map(|name| self.find(name, &seen)).transpose()?;
        let there = seen.observed.iter().filter(|(address, stack)| {
            has_resources(&stack.status) && self.is_ours(address, stack)
        });
        let addresses: Vec<&StackAddress> = there.map(|(address, _)| address).collect();
        let texts = self.read_templates(&addresses)?;
        let mut unknown = self.unknown(&seen);
        unknown.extend(unsettled(texts.keys(), &seen.observed));
        let stacks = self.placed(&texts, only.as_ref(), &mut unknown);
        let own = self.detected(&stacks, &mut unknown);
        let mut sides = self.runtime.block_on(compare(&self.aws, &stacks, &own));
        let drifted = own.iter().filter(|(_, drift)| !drift.resources.is_empty());
        let drifted = drifted.filter_map(|(address, _)| texts.get_key_value(address));
        let drifted = drifted.map(|(address, text)| (address.clone(), text.clone())).collect();
        unknown.append(&mut sides.unknown);
        let by_hand = std::mem::take(&mut sides.by_hand);
        let mut reviewed = self.compared(request.day, &texts, &sides, &seen)?;
        reviewed.review.notes.extend(by_hand);
        let is_unknown = !unknown.is_empty();
        reviewed.review.notes.extend(unknown);
        Ok(Drift { reviewed, is_unknown, seen, drifted })
    }

    /// The stacks with their resources.
    fn placed(
        &self,
        texts: &BTreeMap<StackAddress, String>,
        only: Option<&StackAddress>,
        unknown: &mut Vec<String>,
    ) -> Vec<Deployed> {
        let sites: Vec<Option<Site>> = texts.keys().map(|address| self.reader(address)).collect();
        let reading = texts.keys().zip(&sites).map(|(address, site)| {
            let reading = async move {
                match site {
                    Some(site) => Some(self.aws.resources(site, &address.name).await),
                    None => None,
                }
            };
            (&address.place, reading)
        });
        let placed = self.runtime.block_on(by_place(reading));
        let mut stacks = Vec::with_capacity(texts.len());
        for (((address, text), site), placed) in texts.iter().zip(sites).zip(placed) {
            let (Some(site), Some(placed)) = (site, placed) else {
                unknown
                    .push(format!("what {address} has is not known: no role of the mesh reads it"));
                continue;
            };
            let is_looked_at = only.is_none_or(|only| only == address);
            let placed = placed.unwrap_or_else(|error| {
                unknown.push(format!("what {address} has is not known: {error}"));
                Vec::new()
            });
            match Deployed::of(address, site, text, placed, is_looked_at) {
                Ok(stack) => stacks.push(stack),
                Err(error) => unknown.push(format!(
                    "what differs in {address} is not known: its template cannot be read: {error}"
                )),
            }
        }
        stacks
    }

    /// The results of CloudFormation's drift detection.
    fn detected(
        &self,
        stacks: &[Deployed],
        unknown: &mut Vec<String>,
    ) -> BTreeMap<StackAddress, StackDrift> {
        let mut found = BTreeMap::new();
        for (address, drift) in self.runtime.block_on(detect(&self.aws, stacks)) {
            match drift {
                Ok(drift) => drop(found.insert(address, drift)),
                Err(error) => unknown
                    .push(format!("what CloudFormation finds in {address} is not known: {error}")),
            }
        }
        found
    }

    /// The review of what was found. The side before is what was deployed.
    fn compared(
        &self,
        day: &Date,
        texts: &BTreeMap<StackAddress, String>,
        sides: &Sides,
        seen: &Seen,
    ) -> Result<Reviewed, Failure> {
        let differing = sides.differing();
        let mut both = review::Deployment::default();
        for (address, text) in texts {
            let subject = self.subject(address, seen.observed.get(address));
            let one = |text| DeployedStack { address, subject: subject.clone(), text };
            if let Some([before, after]) = differing.get(address) {
                both.before.push(one(before.as_str()));
                both.after.push(one(after.as_str()));
            } else {
                both.unchanged.push(one(text.as_str()));
            }
        }
        let sources = self.sources.to_vec();
        let made = Subject::of_plan(self.mesh, Some(day), Keep::Grants, sources, &Unwatched)?;
        // The stacks of the deployment were made from the same mesh.
        let mesh = made.subject.ok_or_else(|| Failure::unexpected("the mesh has errors"))?;
        Ok(review_deployment(mesh, &both)?)
    }

    /// Brings the stacks in which CloudFormation found drift back to their templates, after asking. What somebody made by
    /// hand stays.
    pub(crate) fn repair(&self, drift: &mut Drift, ui: &mut Ui) -> Result<Exit, Failure> {
        if drift.drifted.is_empty() {
            ui.note("CloudFormation found no drift, so there is nothing that it could bring back");
            return Ok(Exit::Done);
        }
        if let Some(text) = self.resting() {
            ui.error(&text);
            return Ok(Exit::Declined);
        }
        self.is_free(&drift.seen)?;
        let mut undoing = Vec::new();
        for (address, text) in &drift.drifted {
            match self.prepared(address, text) {
                Ok(Ok(one)) => undoing.push(one),
                Ok(Err(reason)) => ui.note(&format!("{address} is left as it is: {reason}")),
                Err(failure) => {
                    self.discard(&undoing, ui);
                    return Err(failure);
                }
            }
        }
        if undoing.is_empty() {
            return Ok(Exit::No);
        }
        for one in &undoing {
            ui.note(&format!("{}:", one.address));
            for Change { action, logical_id, kind, .. } in &one.changes {
                ui.note(&format!("  {action} {logical_id} ({kind})"));
            }
        }
        let question = format!("Undo the drift of {}?", count(undoing.len(), "stack"));
        if !self.confirm(&question, ui) {
            self.discard(&undoing, ui);
            ui.note("nothing was changed");
            return Ok(Exit::Declined);
        }
        if let Err(failure) = self.begin_record(&mut drift.seen, ui) {
            self.discard(&undoing, ui);
            return Err(failure);
        }
        let mut worst = Exit::Done;
        for one in &undoing {
            let exit = match self.held(&mut drift.seen.record, self.undone(one)) {
                Ok(status) => {
                    ui.note(&format!("{}: {status}", one.address));
                    outcome(&status)
                }
                Err(error) => {
                    ui.error(&error.to_string());
                    unreachable(&error).exit
                }
            };
            worst = if worst == Exit::Done { exit } else { worst };
        }
        self.leave_record(&mut drift.seen, ui);
        Ok(worst)
    }

    /// Deletes change sets that are not run.
    fn discard(&self, undoing: &[Undoing], ui: &mut Ui) {
        for Undoing { address, site, change_set, changes: _ } in undoing {
            let removal = self.aws.delete_change_set(site, &address.name, change_set);
            if let Err(error) = self.runtime.block_on(removal) {
                ui.note(&format!("{address}: change set {change_set} is left there: {error}"));
            }
        }
    }

    /// Prepares to undo the drift of a stack. The inner error says why it is left as it is.
    fn prepared(
        &self,
        address: &StackAddress,
        text: &str,
    ) -> Result<Result<Undoing, String>, Failure> {
        if text.contains(FOREIGN_OUTPUT) {
            return Ok(Err(format!(
                "its template has `{FOREIGN_OUTPUT}`, which CloudFormation takes for drift"
            )));
        }
        let Some(site) = self.reader(address) else {
            return Ok(Err("no role of the mesh changes it".to_owned()));
        };
        // Also the token of the request, so no other stack may have it.
        let name = token(self.lease.id(), address, Operation::Prepare, 1);
        let made = self.aws.revert_drift(&site, &address.name, &name);
        let change_set = match self.runtime.block_on(made) {
            Ok(change_set) => change_set,
            Err(CloudError::Refused { message, .. }) => return Ok(Err(message)),
            Err(error) => return Err(unreachable(&error)),
        };
        let read = self.runtime.block_on(self.read(&site, &address.name, &change_set));
        let reason = match read.map_err(|error| unreachable(&error))? {
            ChangeSet::Ready(changes) => match kept_back(&changes) {
                None => {
                    let address = address.clone();
                    return Ok(Ok(Undoing { address, site, change_set, changes }));
                }
                Some(reason) => reason,
            },
            ChangeSet::Empty => "CloudFormation has nothing to bring back".to_owned(),
            ChangeSet::Failed(reason) | ChangeSet::Lost(reason) => reason,
            ChangeSet::Pending => "CloudFormation did not prepare it".to_owned(),
        };
        let removal = self.aws.delete_change_set(&site, &address.name, &change_set);
        self.runtime.block_on(removal).map_err(|error| unreachable(&error))?;
        Ok(Err(reason))
    }

    /// A change set, as soon as CloudFormation has made it.
    async fn read(&self, site: &Site, stack: &str, name: &str) -> Result<ChangeSet, CloudError> {
        let mut tries = 0;
        loop {
            match self.aws.describe_change_set(site, stack, name).await? {
                ChangeSet::Pending => self.aws.pause(tries).await,
                other => return Ok(other),
            }
            tries += 1;
        }
    }

    /// Runs a change set, and returns the status of the stack after it.
    async fn undone(&self, one: &Undoing) -> Result<String, CloudError> {
        let Undoing { address, site, change_set, changes: _ } = one;
        let name = address.name.as_str();
        if let Some(message) = self.lease.lost() {
            let what = format!("undo the drift of {address}");
            return Err(CloudError::Overtaken { what, message });
        }
        let before = self.aws.events(site, name, None).await?;
        let before = before.last().map(|event| event.id.as_str());
        // Each stack has a token of its own: CloudFormation takes a known one for a request that it has already.
        let token = token(self.lease.id(), address, Operation::Execute, 1);
        self.aws.execute_change_set(site, name, change_set, &token).await?;
        let (mut tries, mut settled) = (0, 0);
        loop {
            self.aws.pause(tries).await;
            tries += 1;
            let there = self.aws.describe(site, name).await?;
            let Some(there) = there else { return Ok("DELETE_COMPLETE".to_owned()) };
            if standing(&there.status) == Standing::Busy {
                continue;
            }
            // CloudFormation may still show the status from before. The stack's own events say when it is a new one.
            let events = self.aws.events(site, name, before).await?;
            let is_new = events.iter().any(|event| {
                event.logical_id == name
                    && event.kind == "AWS::CloudFormation::Stack"
                    && event.status == there.status
            });
            settled += 1;
            if is_new || settled >= SETTLED {
                return Ok(there.status);
            }
        }
    }
}

/// Why a change set is not run: it would replace or remove something.
fn kept_back(changes: &[Change]) -> Option<String> {
    let harmful = changes.iter().find(|change| {
        let may_replace = change.replacement.as_deref().is_some_and(|word| word != "False");
        may_replace || !["Add", "Modify", "SyncWithActual"].contains(&change.action.as_str())
    })?;
    Some(format!("it would replace or remove {} ({})", harmful.logical_id, harmful.kind))
}

fn outcome(status: &str) -> Exit {
    match standing(status) {
        Standing::Whole if status == "UPDATE_COMPLETE" => Exit::Done,
        Standing::Whole | Standing::Undone => Exit::RolledBack,
        Standing::Absent | Standing::Busy | Standing::Stuck(_) => Exit::Attention,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(action: &str, replacement: Option<&str>) -> Change {
        Change {
            action: action.to_owned(),
            logical_id: "Bucket".to_owned(),
            kind: "AWS::S3::Bucket".to_owned(),
            replacement: replacement.map(str::to_owned),
            ..Change::default()
        }
    }

    /// The values of `Action` and `Replacement` of `ResourceChange` in the CloudFormation API reference.
    #[test]
    fn nothing_is_replaced_to_undo_drift() {
        assert_eq!(kept_back(&[change("Modify", Some("False")), change("Add", None)]), None);
        for harmful in [
            change("Modify", Some("True")),
            change("Modify", Some("Conditional")),
            change("Remove", None),
        ] {
            assert!(kept_back(&[harmful]).is_some());
        }
    }

    #[test]
    fn a_stack_that_was_rolled_back_is_not_repaired() {
        assert_eq!(outcome("UPDATE_COMPLETE"), Exit::Done);
        assert_eq!(outcome("UPDATE_ROLLBACK_COMPLETE"), Exit::RolledBack);
        assert_eq!(outcome("UPDATE_ROLLBACK_FAILED"), Exit::Attention);
    }
}
