//! Every stack of a plan, in as many threads as there are cores.

use std::collections::BTreeMap;

use lakewright_manifest::Report;
use lakewright_stacks::{DeployTarget, Offer, Plan, StackPlan, Synthesized, Usage, connect};
use lakewright_template::Template;
use rayon::iter::{
    IndexedParallelIterator as _, IntoParallelRefIterator as _, ParallelIterator as _,
};

use crate::exit::Failure;

/// Stacks that a thread takes at once. With more, one thread still works when the others have
/// nothing left; with fewer, they meet too often.
pub(crate) const BATCH: usize = 8;

/// A synthesized stack, and with whose help it is deployed.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) stack: Synthesized,
    pub(crate) target: DeployTarget,
}

/// No order of deployment exists: a defect of Lakewright.
pub(crate) fn in_a_circle(stacks: &[String]) -> Failure {
    Failure::unexpected(format!("stacks wait for each other: {}", stacks.join(", ")))
}

/// Synthesizes the stacks of a plan, the bootstrap stacks last, and gives what is wrong with them.
pub(crate) fn synthesize_all(plan: &Plan<'_>) -> Result<(Vec<Found>, Report), Failure> {
    synthesize_with(plan, Offer::Environments)
}

/// The same, with something else on offer in the bootstrap stacks than what the environments say.
pub(crate) fn synthesize_with(
    plan: &Plan<'_>,
    offer: Offer,
) -> Result<(Vec<Found>, Report), Failure> {
    let mut report = Report::new();
    let mut synthesize = |stacks: &[StackPlan<'_>]| -> Vec<Found> {
        let results: Vec<Result<Found, Report>> = stacks
            .par_iter()
            .with_max_len(BATCH)
            .map(|stack| Ok(Found { stack: stack.synthesize()?, target: stack.target() }))
            .collect();
        let mut found = Vec::with_capacity(results.len());
        for result in results {
            match result {
                Ok(one) => found.push(one),
                Err(findings) => report.extend(findings),
            }
        }
        found
    };
    let mut found = synthesize(&plan.stacks);
    if found.len() == plan.stacks.len() {
        let usage = usage(plan, &found);
        found.extend(synthesize(&plan.bootstraps_with(usage, offer)));
        let stacks = found.iter_mut().map(|one| (&mut one.stack.entry, &one.stack.mentions));
        connect(&mut stacks.collect::<Vec<_>>()).map_err(|stacks| in_a_circle(&stacks))?;
    }
    Ok((found, report))
}

/// What the stacks of a plan use, by the address of the bootstrap stack. Those that were found begin with them.
fn usage(plan: &Plan<'_>, found: &[Found]) -> BTreeMap<String, Usage> {
    let usage: Vec<Usage> =
        found.iter().take(plan.stacks.len()).map(|one| one.stack.usage()).collect();
    Plan::usage(plan.stacks.iter().zip(&usage))
}

/// The bootstrap templates that the stacks which were found could not do without, by address.
pub(crate) fn needed(
    plan: &Plan<'_>,
    found: &[Found],
) -> Result<BTreeMap<String, Template>, Report> {
    let bootstraps = plan.bootstraps_with(usage(plan, found), Offer::Nothing);
    let template = |bootstrap: &StackPlan<'_>| -> Result<(String, Template), Report> {
        Ok((bootstrap.address(), bootstrap.lower()?.template))
    };
    bootstraps.iter().map(template).collect()
}
