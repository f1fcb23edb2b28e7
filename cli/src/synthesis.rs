//! Every stack of a plan, in as many threads as there are cores.

use lakewright_manifest::Report;
use lakewright_stacks::{DeployTarget, Plan, StackPlan, Synthesized, connect};
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
        let usage: Vec<_> = found.iter().map(|one| one.stack.usage()).collect();
        let usage = Plan::usage(plan.stacks.iter().zip(&usage));
        found.extend(synthesize(&plan.bootstraps(usage)));
        let stacks = found.iter_mut().map(|one| (&mut one.stack.entry, &one.stack.mentions));
        connect(&mut stacks.collect::<Vec<_>>()).map_err(|stacks| in_a_circle(&stacks))?;
    }
    Ok((found, report))
}
