//! Change sets that cannot be executed, and the reasons.

use aws_sdk_cloudformation::types::{ChangeSetStatus, ExecutionStatus};
use lakewright_fleet::status::{ChangeSetStanding, change_set};

use crate::cloud::ChangeSet;

/// The message about a change set that was deleted.
pub(super) const DELETED: &str =
    "somebody deleted its change set before it was run; nothing was changed";

/// The state of a change set that cannot be executed; `None` if it can.
pub(super) fn unready(
    status: Option<&ChangeSetStatus>,
    execution: Option<&ExecutionStatus>,
    reason: &str,
) -> Option<ChangeSet> {
    let status = status.map(ChangeSetStatus::as_str).unwrap_or_default();
    let execution = execution.map(ExecutionStatus::as_str).unwrap_or_default();
    match change_set(status, execution) {
        ChangeSetStanding::Ready => None,
        ChangeSetStanding::Pending => Some(ChangeSet::Pending),
        ChangeSetStanding::Lost(reason) => Some(ChangeSet::Lost(reason.to_owned())),
        ChangeSetStanding::Failed if is_empty(reason) => Some(ChangeSet::Empty),
        ChangeSetStanding::Failed => Some(ChangeSet::Failed(reason.to_owned())),
    }
}

/// Whether the reason of a change set that failed is that it has no changes. No status says so.
fn is_empty(reason: &str) -> bool {
    reason.contains("didn't contain changes") || reason.contains("No updates are to be performed")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The statuses of "DescribeChangeSet" in the CloudFormation API reference.
    #[test]
    fn a_change_set_that_cannot_be_run_any_more_is_not_waited_for() {
        let of = |status: &str, execution: &str| {
            unready(
                Some(&ChangeSetStatus::from(status)),
                Some(&ExecutionStatus::from(execution)),
                "",
            )
        };
        assert_eq!(of("CREATE_COMPLETE", "AVAILABLE"), None);
        for pending in ["CREATE_PENDING", "CREATE_IN_PROGRESS"] {
            assert_eq!(of(pending, "UNAVAILABLE"), Some(ChangeSet::Pending), "{pending}");
        }
        for gone in ["DELETE_PENDING", "DELETE_IN_PROGRESS", "DELETE_COMPLETE", "DELETE_FAILED"] {
            assert!(matches!(of(gone, "UNAVAILABLE"), Some(ChangeSet::Lost(_))), "{gone}");
        }
        for void in ["OBSOLETE", "EXECUTE_IN_PROGRESS", "EXECUTE_COMPLETE", "EXECUTE_FAILED"] {
            assert!(matches!(of("CREATE_COMPLETE", void), Some(ChangeSet::Lost(_))), "{void}");
        }
    }
}
