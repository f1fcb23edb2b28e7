//! Change sets that cannot be executed, and the reasons.

use aws_sdk_cloudformation::types::{ChangeSetStatus, ExecutionStatus};

use crate::cloud::ChangeSet;

/// The message about a change set that was deleted.
pub(super) const DELETED: &str =
    "somebody deleted its change set before it was run; nothing was changed";

/// The state of a change set that cannot be executed; `None` if it can.
///
/// Source: `Status` and `ExecutionStatus` of `DescribeChangeSet` in the CloudFormation API reference.
pub(super) fn unready(
    status: Option<&ChangeSetStatus>,
    execution: Option<&ExecutionStatus>,
    reason: &str,
) -> Option<ChangeSet> {
    match status {
        Some(ChangeSetStatus::CreateComplete) => {}
        Some(ChangeSetStatus::Failed) => {
            let is_empty = reason.contains("didn't contain changes")
                || reason.contains("No updates are to be performed");
            return Some(if is_empty {
                ChangeSet::Empty
            } else {
                ChangeSet::Failed(reason.to_owned())
            });
        }
        Some(
            ChangeSetStatus::DeleteComplete
            | ChangeSetStatus::DeleteFailed
            | ChangeSetStatus::DeleteInProgress
            | ChangeSetStatus::DeletePending,
        ) => return Some(ChangeSet::Lost(DELETED.to_owned())),
        _ => return Some(ChangeSet::Pending),
    }
    let lost = match execution {
        Some(ExecutionStatus::Obsolete) => {
            "another change of the stack came first, and this one is void; run again"
        }
        Some(
            ExecutionStatus::ExecuteComplete
            | ExecutionStatus::ExecuteFailed
            | ExecutionStatus::ExecuteInProgress,
        ) => "somebody else runs its change set; run again when that is done",
        _ => return None,
    };
    Some(ChangeSet::Lost(lost.to_owned()))
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
