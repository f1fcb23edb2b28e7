//! The part of two meshes that a change concerns.
//!
//! Whether a request is allowed depends on the documents of its principal's account and of its resource's account. A change
//! makes a difference only for requests that a changed stack has a statement about. So the accounts that matter are those of
//! the changed stacks, those that the changed templates name, and those that share data with them: the ARN of a bucket has
//! no account.

use std::collections::{BTreeMap, BTreeSet};

use lakewright_manifest::Mesh;
use lakewright_stacks::{Fingerprint, Plan, StackPlan};
use lakewright_template::write::template_to_json;
use lakewright_template::{AccountId, StackKind};
use rayon::iter::{IntoParallelRefIterator as _, ParallelIterator as _};

use super::{Reading, Scope};
use crate::mesh::Loaded;

/// The part of two meshes that a change concerns.
#[derive(Debug, Default)]
pub(super) struct Near {
    /// The addresses of the stacks that both meshes make from equal inputs. No bootstrap stack is among them: its inputs
    /// are other stacks.
    pub(super) equal: BTreeSet<String>,
    /// The accounts; `None` for all.
    pub(super) accounts: Option<BTreeSet<AccountId>>,
}

/// The largest part of all stacks that may differ, as a divisor, before all accounts are read.
const PART: usize = 4;

/// Finds the part of two meshes that their differences concern.
pub(super) fn of(sides: [&Loaded; 2], reading: Reading<'_>) -> Near {
    let [Some(before), Some(after)] = sides.map(|side| side.mesh.as_ref()) else {
        return Near::default();
    };
    let meshes = [before, after];
    let plans = meshes.map(|mesh| Plan::of(mesh, reading.day));
    let fingerprints = [fingerprints(&plans[0]), fingerprints(&plans[1])];
    let is_equal =
        |address: &&String| fingerprints[0].get(*address) == fingerprints[1].get(*address);
    let equal: BTreeSet<String> = fingerprints[0].keys().filter(is_equal).cloned().collect();
    let changed: Vec<&StackPlan<'_>> = plans
        .iter()
        .flat_map(|plan| &plan.stacks)
        .filter(|stack| !equal.contains(&stack.address().to_string()))
        .collect();
    let is_small = changed.len() <= fingerprints[0].len() / PART;
    // The platform's roles reach into every account.
    let is_of_platform = changed.iter().any(|stack| stack.kind() == StackKind::Platform);
    let accounts = if reading.scope == Scope::Near && is_small && !is_of_platform {
        accounts(meshes, &changed)
    } else {
        None
    };
    Near { equal, accounts }
}

fn fingerprints(plan: &Plan<'_>) -> BTreeMap<String, Fingerprint> {
    let one = |stack: &StackPlan<'_>| (stack.address().to_string(), stack.fingerprint());
    plan.stacks.par_iter().map(one).collect::<Vec<_>>().into_iter().collect()
}

/// The accounts of the changed stacks, of what their templates name, and of those that they share data with. `None` if a
/// template cannot be made: the error is found when all of them are made.
fn accounts(meshes: [&Mesh; 2], changed: &[&StackPlan<'_>]) -> Option<BTreeSet<AccountId>> {
    let own: BTreeSet<AccountId> =
        changed.iter().map(|stack| stack.place().account.clone()).collect();
    let mut accounts = own.clone();
    for mesh in meshes {
        accounts.insert(mesh.tenant.central_account.clone());
        for share in mesh.shares.values() {
            let ends = [&share.dataset.environment.account, &share.environment.account];
            if ends.iter().any(|account| own.contains(*account)) {
                accounts.extend(ends.into_iter().cloned());
            }
        }
    }
    let all: BTreeSet<AccountId> = meshes
        .iter()
        .flat_map(|mesh| mesh.environments.values().map(|one| one.account.clone()))
        .collect();
    let named: Option<Vec<Vec<AccountId>>> = changed
        .par_iter()
        .map(|stack| {
            let lowered = stack.lower().ok()?;
            let text = template_to_json(&lowered.template);
            Some(all.iter().filter(|account| text.contains(account.as_str())).cloned().collect())
        })
        .collect();
    accounts.extend(named?.into_iter().flatten());
    Some(accounts)
}
