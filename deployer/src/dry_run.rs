//! A change of a stack that CloudFormation prepares and nobody executes.

use std::pin::pin;

use futures_util::future::{Either, select};
use futures_util::stream::{StreamExt as _, iter};
use lakewright_fleet::event::{Change, PlannedHook, Rejection};
use lakewright_fleet::journal::{Operation, token};
use lakewright_fleet::status::{Standing, standing};
use lakewright_template::StackAddress;

use crate::cloud::{ChangeSet, Cloud, CloudError, Stack};
use crate::driver::Stop;

/// Why a run that was stopped says nothing about a stack.
const STOPPED: &str = "the run was stopped before";

/// What CloudFormation says about the change of a stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tried {
    /// It would make these changes.
    Changes(Vec<Change>),
    /// It would change nothing.
    Nothing,
    /// It would refuse the change, for this reason and because of these resources.
    Refused(String, Vec<Rejection>),
    /// It cannot be asked now, for this reason.
    Unknown(String),
}

/// The result for one stack.
#[derive(Debug)]
pub struct Trial {
    /// The stack.
    pub address: StackAddress,
    /// What CloudFormation says.
    pub tried: Result<Tried, CloudError>,
    /// The hooks that CloudFormation would run before it changes the resources.
    pub hooks: Result<Vec<PlannedHook>, CloudError>,
    /// Why what was prepared could not be deleted, if it could not.
    pub left: Option<CloudError>,
}

/// Prepares the change of each stack, several at once, and deletes what was prepared. `name` is the name of the change
/// sets: no other run may have it. Ctrl-C ends the run after what was prepared is deleted.
pub async fn try_out(
    cloud: &impl Cloud,
    stacks: &[&Stack],
    name: &str,
    at_once: usize,
) -> Vec<Trial> {
    let stop = Stop::default();
    let trials = iter(stacks).map(|stack| try_one(cloud, stack, name, &stop));
    let work = pin!(trials.buffered(at_once.max(1)).collect::<Vec<Trial>>());
    let signal = pin!(tokio::signal::ctrl_c());
    match select(work, signal).await {
        Either::Left((trials, _)) => trials,
        Either::Right((signal, work)) => {
            // Without signals, nobody can stop the run in this way.
            if signal.is_ok() {
                stop.ask(STOPPED);
            }
            work.await
        }
    }
}

async fn try_one(cloud: &impl Cloud, stack: &Stack, name: &str, stop: &Stop) -> Trial {
    let address = stack.entry.address();
    let creates = match creates(cloud, stack, stop).await {
        Ok(Ok(creates)) => creates,
        Ok(Err(unknown)) => return untouched(address, Ok(unknown)),
        Err(error) => return untouched(address, Err(error)),
    };
    let token = token(name, &address, Operation::Prepare, 1);
    let mut hooks = Ok(Vec::new());
    let tried = match cloud.create_change_set(stack, name, creates, &token).await {
        Ok(given) => {
            let tried = read(cloud, stack, &given.change_set).await;
            if matches!(tried, Ok(Tried::Changes(_))) {
                hooks = cloud.hooks(&stack.site, &stack.entry.name, &given.change_set).await;
            }
            tried
        }
        // CloudFormation has created nothing.
        Err(CloudError::Refused { message, .. }) => {
            return untouched(address, Ok(Tried::Refused(message, Vec::new())));
        }
        // Without a reply it is not known whether there is something to delete.
        Err(error) => Err(error),
    };
    let cleared = cloud.delete_change_set(&stack.site, &stack.entry.name, name).await;
    Trial { address, tried, hooks, left: cleared.err() }
}

/// The result for a stack for which nothing was prepared.
fn untouched(address: StackAddress, tried: Result<Tried, CloudError>) -> Trial {
    Trial { address, tried, hooks: Ok(Vec::new()), left: None }
}

/// Whether the change set creates the stack. The inner error is why none is created.
async fn creates(
    cloud: &impl Cloud,
    stack: &Stack,
    stop: &Stop,
) -> Result<Result<bool, Tried>, CloudError> {
    if let Some(reason) = stop.reason() {
        return Ok(Err(Tried::Unknown(reason)));
    }
    let Some(there) = cloud.describe(&stack.site, &stack.entry.name).await? else {
        return Ok(Ok(true));
    };
    let unknown = |reason: &str| Err(Tried::Unknown(reason.to_owned()));
    Ok(match standing(&there.status) {
        // With the last change set of a stack in this status, the stack is deleted as well.
        Standing::Absent if there.status == "REVIEW_IN_PROGRESS" => {
            unknown("somebody has prepared its creation, which is not finished")
        }
        Standing::Absent => Ok(true),
        Standing::Whole => Ok(false),
        Standing::Busy => {
            unknown(&format!("something else changes it just now ({})", there.status))
        }
        Standing::Undone => unknown(
            "its creation was rolled back, so `deploy` deletes it before it creates it again",
        ),
        Standing::Stuck(advice) => unknown(advice),
    })
}

/// Reads a change set, once CloudFormation has created it. A run that was stopped waits for that as well: a change set
/// that is being created cannot be deleted (`InvalidChangeSetStatus` of `DeleteChangeSet` in the CloudFormation API
/// reference).
async fn read(cloud: &impl Cloud, stack: &Stack, given: &str) -> Result<Tried, CloudError> {
    let (site, stack_name) = (&stack.site, stack.entry.name.as_str());
    for tries in 0.. {
        match cloud.describe_change_set(site, stack_name, given).await? {
            ChangeSet::Ready(changes) => return Ok(Tried::Changes(changes)),
            ChangeSet::Empty => return Ok(Tried::Nothing),
            ChangeSet::Lost(reason) => return Ok(Tried::Unknown(reason)),
            ChangeSet::Failed(reason) => {
                let failures = cloud.validation_failures(site, stack_name, Some(given)).await;
                return Ok(Tried::Refused(reason, failures.unwrap_or_default()));
            }
            ChangeSet::Pending => {}
        }
        cloud.pause(tries).await;
    }
    unreachable!("the loop ends with a result")
}
