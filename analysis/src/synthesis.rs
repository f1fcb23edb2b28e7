//! Every stack of a plan, in as many threads as there are cores.

use std::collections::BTreeMap;

use lakewright_manifest::Report;
use lakewright_stacks::{DeployTarget, Offer, Plan, StackPlan, Synthesized, Usage, connect};
use lakewright_template::{StackAddress, Template};
use rayon::iter::{
    IndexedParallelIterator as _, IntoParallelRefIterator as _, ParallelIterator as _,
};

use crate::error::Error;
use crate::progress::{Unwatched, Watch};

/// Stacks that a thread takes at once. With more, one thread still works when the others have
/// nothing left; with fewer, they meet too often.
const BATCH: usize = 8;

/// A synthesized stack, and with whose help it is deployed.
#[derive(Debug)]
pub struct Found {
    /// The stack.
    pub stack: Synthesized,
    /// Whose credentials deploy it, and how.
    pub target: DeployTarget,
}

/// Why a stack was not made.
#[derive(Debug)]
pub enum Unmade {
    /// The mesh asks for something that cannot be.
    Findings(Report),
    /// Something that has nothing to do with the mesh, such as a full disk.
    Error(Error),
}

/// What is kept of a stack, and what its template uses.
pub type Kept<T> = Result<(T, Usage), Unmade>;

/// Makes every stack of a plan, the bootstrap stacks last, because their policies depend on what all others use. Of each stack
/// is kept what `build` gives: the templates of a large mesh do not fit into memory together. The report says what is wrong; then
/// the list has gaps, and no bootstrap stack.
pub fn each<T: Send>(
    plan: &Plan<'_>,
    offer: Offer,
    watch: &dyn Watch,
    build: impl Fn(&StackPlan<'_>) -> Kept<T> + Sync,
) -> Result<(Vec<T>, Report), Error> {
    watch.begin(plan.stacks.len());
    let mut report = Report::new();
    let mut build_all = |stacks: &[StackPlan<'_>]| -> Result<Vec<(T, Usage)>, Error> {
        let results: Vec<Kept<T>> = stacks
            .par_iter()
            .with_max_len(BATCH)
            .map(|stack| {
                let made = build(stack);
                watch.step();
                made
            })
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
        let usage = Plan::usage(plan.stacks.iter().zip(made.iter().map(|(_, usage)| usage)));
        made.extend(build_all(&plan.bootstraps_with(usage, offer))?);
    }
    watch.end();
    Ok((made.into_iter().map(|(one, _)| one).collect(), report))
}

/// Synthesizes the stacks of a plan and keeps all of them.
pub fn synthesize_all(plan: &Plan<'_>) -> Result<(Vec<Found>, Report), Error> {
    synthesize_with(plan, Offer::Environments)
}

/// The same, with something else on offer in the bootstrap stacks than what the environments say.
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

/// What the stacks of a plan use, by the address of the bootstrap stack. Those that were found begin with them.
fn usage(plan: &Plan<'_>, found: &[Found]) -> BTreeMap<StackAddress, Usage> {
    let usage: Vec<Usage> =
        found.iter().take(plan.stacks.len()).map(|one| one.stack.usage()).collect();
    Plan::usage(plan.stacks.iter().zip(&usage))
}

/// The bootstrap templates that the stacks which were found could not do without, by address.
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
