//! Synthesizes every stack of a plan, in as many threads as there are cores.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use lakewright_manifest::Report;
use lakewright_stacks::{DeployTarget, Offer, Plan, StackPlan, Synthesized, Usage, connect};
use lakewright_template::{StackAddress, Template};
use rayon::iter::{
    IndexedParallelIterator as _, IntoParallelRefIterator as _, ParallelIterator as _,
};

use crate::error::Error;
use crate::progress::{Unwatched, Watch};

/// The number of stacks that a thread takes at once. With more, one thread still works when the others have finished;
/// with fewer, they synchronize too often.
const BATCH: usize = 8;

/// A synthesized stack, and the roles and the bucket used to deploy it.
#[derive(Debug)]
pub struct Found {
    /// The stack.
    pub stack: Synthesized,
    /// The roles and the bucket used to deploy it.
    pub target: DeployTarget,
}

/// Why a stack was not synthesized.
#[derive(Debug)]
pub enum Unmade {
    /// The mesh asks for something impossible.
    Findings(Report),
    /// An error unrelated to the mesh, such as a full disk.
    Error(Error),
}

/// The data kept of a stack, and what its template uses.
pub type Kept<T> = Result<(T, Usage), Unmade>;

/// Synthesizes every stack of a plan. Bootstrap stacks come last, because their policies depend on what all others use.
/// Of each stack, only the result of `build` is kept: the templates of a large mesh do not fit into memory together.
/// The list lacks stacks with findings. If any stack of the plan has findings, the list has no bootstrap stacks.
///
/// # Errors
///
/// The first [`Unmade::Error`] that `build` returns.
pub fn each<T: Send>(
    plan: &Plan<'_>,
    offer: Offer,
    watch: &dyn Watch,
    build: impl Fn(&StackPlan<'_>) -> Kept<T> + Sync,
) -> Result<(Vec<T>, Report), Error> {
    watch.begin(plan.stacks.len());
    let mut report = Report::new();
    // What the stacks use is added up at once: there are few bootstrap stacks, and many stacks.
    let usage: Mutex<BTreeMap<StackAddress, Usage>> = Mutex::default();
    let mut build_all = |stacks: &[StackPlan<'_>]| -> Result<Vec<T>, Error> {
        let results: Vec<Result<T, Unmade>> = stacks
            .par_iter()
            .with_max_len(BATCH)
            .map(|stack| {
                let (made, used) = build(stack)?;
                let mut usage = usage.lock().unwrap_or_else(PoisonError::into_inner);
                usage.entry(stack.bootstrap_address()).or_default().merge(&used);
                Ok(made)
            })
            .inspect(|_| watch.step())
            .collect();
        let mut made = Vec::with_capacity(results.len());
        for result in results {
            match result {
                Ok(one) => made.push(one),
                Err(Unmade::Findings(findings)) => report.extend(findings),
                Err(Unmade::Error(error)) => return Err(error),
            }
        }
        Ok(made)
    };
    let mut made = build_all(&plan.stacks)?;
    if made.len() == plan.stacks.len() {
        let used = std::mem::take(&mut *usage.lock().unwrap_or_else(PoisonError::into_inner));
        made.extend(build_all(&plan.bootstraps_with(used, offer))?);
    }
    watch.end();
    Ok((made, report))
}

/// Synthesizes the stacks of a plan and keeps all of them.
///
/// # Errors
///
/// The stacks depend on each other in a circle: a defect of Lakewright.
pub fn synthesize_all(plan: &Plan<'_>) -> Result<(Vec<Found>, Report), Error> {
    synthesize_with(plan, Offer::Environments)
}

/// Like [`synthesize_all`], but `offer` determines what the bootstrap stacks grant.
///
/// # Errors
///
/// The stacks depend on each other in a circle: a defect of Lakewright.
pub fn synthesize_with(plan: &Plan<'_>, offer: Offer) -> Result<(Vec<Found>, Report), Error> {
    let build = |stack: &StackPlan<'_>| {
        let target = stack.target();
        let stack = stack.synthesize().map_err(Unmade::Findings)?;
        let usage = stack.usage();
        Ok((Found { stack, target }, usage))
    };
    let (mut found, report) = each(plan, offer, &Unwatched, build)?;
    if !report.has_errors() {
        let stacks = found.iter_mut().map(|one| (&mut one.stack.entry, &one.stack.mentions));
        connect(&mut stacks.collect::<Vec<_>>()).map_err(Error::Circle)?;
    }
    Ok((found, report))
}

/// What the stacks of a plan use, by the address of their bootstrap stack. `found` begins with these stacks, in the
/// plan's order.
fn usage(plan: &Plan<'_>, found: &[Found]) -> BTreeMap<StackAddress, Usage> {
    let usage: Vec<Usage> =
        found.iter().take(plan.stacks.len()).map(|one| one.stack.usage()).collect();
    Plan::usage(plan.stacks.iter().zip(&usage))
}

/// The bootstrap templates with only the permissions that the stacks in `found` use, by address.
///
/// # Errors
///
/// The findings of the bootstrap stacks.
pub fn needed(
    plan: &Plan<'_>,
    found: &[Found],
) -> Result<BTreeMap<StackAddress, Template>, Report> {
    let bootstraps = plan.bootstraps_with(usage(plan, found), Offer::Nothing);
    let template = |bootstrap: &StackPlan<'_>| -> Result<(StackAddress, Template), Report> {
        Ok((bootstrap.address(), bootstrap.lower()?.template))
    };
    bootstraps.iter().map(template).collect()
}
