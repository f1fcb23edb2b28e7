//! `deploy --prune`: deletes the stacks that the mesh no longer has, like `destroy`.

use std::collections::{BTreeMap, BTreeSet};

use lakewright_analysis::Error;
use lakewright_deployer::teardown::{Kinds, dependants, teardown};
use lakewright_fleet::plan::{Action, Plan};
use lakewright_template::StackAddress;

use super::Deployment;
use super::allow::{Allow, Needed};
use super::removal::Prepared;
use super::seen::Seen;
use crate::exit::Failure;

/// The deletions of a deployment.
#[derive(Debug, Default)]
pub(super) struct Pruning {
    /// The steps, each after those of the stacks that depend on its stack.
    pub(super) plan: Plan,
    /// What is known of their stacks.
    pub(super) prepared: Prepared,
    /// The stacks that stay all the same, each with the reason.
    kept: BTreeMap<StackAddress, String>,
}

impl Pruning {
    pub(super) fn notes(&self) -> Vec<String> {
        let kept = self.kept.iter();
        let kept = kept.map(|(address, reason)| format!("{address} is not deleted: {reason}"));
        self.prepared.notes().into_iter().chain(kept).collect()
    }

    /// The deletions that a plan has.
    pub(super) fn within(mut self, plan: &Plan) -> Self {
        let chosen: BTreeSet<&StackAddress> = plan.steps.iter().map(|step| &step.address).collect();
        self.plan.steps.retain(|step| chosen.contains(&step.address));
        self
    }

    /// Adds what the deletions have to be allowed: those of stacks that hold data, or of which nobody knows it.
    pub(super) fn add_needed(&self, needed: &mut Needed) {
        for step in &self.plan.steps {
            if let Some(reason) = self.prepared.data(&step.address) {
                needed.add(Allow::DataLoss, format!("{} is deleted: {reason}", step.address));
            }
        }
    }
}

impl Deployment<'_> {
    /// Makes a plan delete the stacks that the mesh no longer has. A stack stays if it cannot be deleted, or if one that
    /// stays depends on it.
    pub(super) fn pruning(&self, plan: &mut Plan, seen: &Seen) -> Result<Pruning, Failure> {
        let orphans = plan.steps.iter().filter(|step| step.action == Action::Orphan);
        let mut going: BTreeSet<StackAddress> = orphans.map(|step| step.address.clone()).collect();
        if going.is_empty() {
            return Ok(Pruning::default());
        }
        // Stacks that hold no data are deleted in any case, and before these.
        let deleted = plan.steps.iter().filter(|step| step.action == Action::Delete);
        let deleted: BTreeSet<StackAddress> = deleted.map(|step| step.address.clone()).collect();
        let needs = self.needs(seen)?;
        let kinds = self.kinds(seen).into_iter().filter(|(address, _)| going.contains(address));
        let kinds: Kinds = kinds.collect();
        let mut deletions = teardown(&kinds, &needs).map_err(Error::Circle)?;
        let mut prepared = self.prepare(&deletions, seen)?;
        let mut kept = std::mem::take(&mut prepared.held);
        for step in &deletions.steps {
            let address = &step.address;
            // Those that depend on it come before it, so they are decided.
            let mut depending = dependants(&needs, address).into_iter();
            if let Some(other) =
                depending.find(|other| !going.contains(*other) && !deleted.contains(*other))
            {
                let reason = format!("{other}, which stays, depends on it");
                kept.entry(address.clone()).or_insert(reason);
            }
            if kept.contains_key(address) {
                going.remove(address);
            }
        }
        prepared.keep_only(&going);
        deletions.steps.retain(|step| going.contains(&step.address));
        // A selection that leaves one of those out has to leave out what it depends on as well.
        for step in &mut deletions.steps {
            let before = dependants(&needs, &step.address).into_iter();
            step.after.extend(before.filter(|other| deleted.contains(*other)).cloned());
        }
        plan.steps.retain(|step| !going.contains(&step.address));
        plan.steps.extend(deletions.steps.iter().cloned());
        Ok(Pruning { plan: deletions, prepared, kept })
    }
}
