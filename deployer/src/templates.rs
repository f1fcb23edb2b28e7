//! The templates of deployed stacks, for a review of what a deployment changes.

use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;

use lakewright_template::StackAddress;

use crate::cloud::{Cloud, CloudError, Site};
use lakewright_fleet::status::{Standing, standing};

/// The number of templates that are requested at the same time. CloudFormation throttles the requests of an account and
/// region, and the SDK then waits.
const AT_ONCE: usize = 4;

/// A deployed stack whose template is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The stack.
    pub address: StackAddress,
    /// The role that reads the template.
    pub site: Site,
    /// The account's owner, who reads the template if that role may not.
    pub owner: Option<Site>,
}

/// Whether a stack with this status has resources. A stack that was only reviewed has none, and neither has one whose
/// creation was rolled back ("Stack status codes" in the CloudFormation user guide).
pub fn has_resources(status: &str) -> bool {
    !matches!(standing(status), Standing::Absent | Standing::Undone)
}

/// Whether the resources of a stack with this status are those of its template. They may be others while an operation
/// runs, and after one that stopped half-way.
pub fn is_settled(status: &str) -> bool {
    standing(status) == Standing::Whole
}

/// The templates of stacks, as they were given to CloudFormation. A stack that does not exist any more has none.
///
/// # Errors
///
/// A template cannot be read.
pub async fn read(
    cloud: &impl Cloud,
    sources: &[Source],
) -> Result<BTreeMap<StackAddress, String>, CloudError> {
    let texts = all(sources.iter().map(|source| template(cloud, source))).await;
    let mut found = BTreeMap::new();
    for (source, text) in sources.iter().zip(texts) {
        if let Some(text) = text? {
            found.insert(source.address.clone(), text);
        }
    }
    Ok(found)
}

async fn template(cloud: &impl Cloud, source: &Source) -> Result<Option<String>, CloudError> {
    let Source { address, site, owner } = source;
    match cloud.original_template(site, &address.name).await {
        Err(error @ CloudError::Access { .. }) => match owner {
            Some(owner) => cloud.original_template(owner, &address.name).await,
            None => Err(error),
        },
        other => other,
    }
}

/// The results of futures, in the order of the futures. At most [`AT_ONCE`] of them run at the same time.
pub async fn all<F: Future>(futures: impl Iterator<Item = F>) -> Vec<F::Output> {
    let mut waiting = futures.enumerate();
    let mut running: Vec<(usize, Pin<Box<F>>)> = Vec::new();
    let mut done: BTreeMap<usize, F::Output> = BTreeMap::new();
    poll_fn(|context| {
        loop {
            let room = AT_ONCE.saturating_sub(running.len());
            running.extend(waiting.by_ref().take(room).map(|(place, one)| (place, Box::pin(one))));
            let before = running.len();
            running.retain_mut(|(place, future)| match future.as_mut().poll(context) {
                Poll::Ready(result) => {
                    done.insert(*place, result);
                    false
                }
                Poll::Pending => true,
            });
            if running.is_empty() && before < AT_ONCE {
                return Poll::Ready(());
            }
            // Each future that ended leaves room for another one.
            if running.len() == before {
                return Poll::Pending;
            }
        }
    })
    .await;
    done.into_values().collect()
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    /// Is pending this many times, and counts the futures that run.
    async fn waits(times: usize, running: &Cell<usize>, most: &Cell<usize>) -> usize {
        running.set(running.get() + 1);
        most.set(most.get().max(running.get()));
        for _ in 0..times {
            tokio::task::yield_now().await;
        }
        running.set(running.get() - 1);
        times
    }

    #[test]
    fn results_are_in_order_and_few_run_at_once() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let (running, most) = (Cell::new(0), Cell::new(0));
        for number in [0, 1, AT_ONCE, 3 * AT_ONCE + 1] {
            let times: Vec<usize> = (0..number).rev().collect();
            let futures = times.iter().map(|one| waits(*one, &running, &most));
            assert_eq!(runtime.block_on(all(futures)), times);
        }
        assert_eq!((running.get(), most.get()), (0, AT_ONCE));
    }

    /// Source: "Stack status codes" in the CloudFormation user guide. `REVIEW_IN_PROGRESS`: a stack "without any templates
    /// or resources".
    #[test]
    fn a_stack_that_was_never_made_has_no_resources() {
        for status in ["REVIEW_IN_PROGRESS", "DELETE_COMPLETE", "ROLLBACK_COMPLETE"] {
            assert!(!has_resources(status), "{status}");
        }
        for status in ["CREATE_COMPLETE", "UPDATE_ROLLBACK_FAILED", "DELETE_FAILED"] {
            assert!(has_resources(status), "{status}");
        }
        assert!(is_settled("UPDATE_ROLLBACK_COMPLETE"));
        assert!(!is_settled("UPDATE_IN_PROGRESS") && !is_settled("DELETE_FAILED"));
    }
}
