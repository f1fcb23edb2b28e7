//! The statuses of stacks, change sets and hooks, and what each means for the next step.
//!
//! Sources: "Stack status codes" in the CloudFormation user guide; `DescribeChangeSet` and `GetHookResult` in the CloudFormation
//! API reference. `docs/fleet-states.md` lists all of them.

/// The meaning of a stack's status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// An operation is in progress.
    Busy,
    /// The stack does not exist, or is an empty one that a change set of type CREATE will fill.
    Absent,
    /// The stack is complete and can be updated.
    Whole,
    /// Its creation failed and was rolled back. It has no resources and can only be deleted.
    Undone,
    /// A person must look at it. The text is the advice.
    Stuck(&'static str),
}

/// The advice for `UPDATE_FAILED` after an express deployment, whose updates CloudFormation does not roll back. Source:
/// cdklabs/aws-cdk-notices, issue 1167.
pub(crate) const AFTER_EXPRESS: &str = "its express deployment stopped half-way, and CloudFormation rolls none of these back; \
    correct what the events name, then deploy it once more in the same way";

/// The meaning of a status. Unknown statuses are [`Standing::Stuck`].
pub fn standing(status: &str) -> Standing {
    match status {
        "CREATE_IN_PROGRESS"
        | "DELETE_IN_PROGRESS"
        | "IMPORT_IN_PROGRESS"
        | "IMPORT_ROLLBACK_IN_PROGRESS"
        | "ROLLBACK_IN_PROGRESS"
        | "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"
        | "UPDATE_IN_PROGRESS"
        | "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS"
        | "UPDATE_ROLLBACK_IN_PROGRESS" => Standing::Busy,
        "DELETE_COMPLETE" | "REVIEW_IN_PROGRESS" => Standing::Absent,
        "CREATE_COMPLETE"
        | "IMPORT_COMPLETE"
        | "IMPORT_ROLLBACK_COMPLETE"
        | "UPDATE_COMPLETE"
        | "UPDATE_ROLLBACK_COMPLETE" => Standing::Whole,
        "ROLLBACK_COMPLETE" => Standing::Undone,
        "UPDATE_ROLLBACK_FAILED" => Standing::Stuck(
            "its update could not be undone; correct what the events name, then \
             `aws cloudformation continue-update-rollback`",
        ),
        "UPDATE_FAILED" => Standing::Stuck(
            "its update stopped half-way; `aws cloudformation rollback-stack` undoes it",
        ),
        "DELETE_FAILED" => Standing::Stuck(
            "it could not be deleted; the events name what is in the way, such as a bucket with objects",
        ),
        "CREATE_FAILED" | "ROLLBACK_FAILED" => Standing::Stuck(
            "its creation failed and could not be undone; look at what it made, then delete the stack",
        ),
        "IMPORT_ROLLBACK_FAILED" => {
            Standing::Stuck("an import could not be undone; look at the events")
        }
        // A status that the user guide does not list.
        _ => Standing::Stuck("its status is not known; look at it in the CloudFormation console"),
    }
}

/// The meaning of a change set's status and execution status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeSetStanding {
    /// CloudFormation is creating it, or does not execute it yet.
    Pending,
    /// It can be executed.
    Ready,
    /// CloudFormation could not create it, or found no changes: the reason says which.
    Failed,
    /// It cannot be executed any more. The text is the reason.
    Lost(&'static str),
}

/// The reason of a change set that was deleted.
const DELETED: &str = "somebody deleted its change set before it was run; nothing was changed";
/// The reason of a change set with a status that the API reference does not list.
const STRANGE: &str =
    "the status of its change set is not known; look at it in the CloudFormation console";

/// The meaning of a change set's status and execution status. Unknown ones are [`ChangeSetStanding::Lost`]: nobody knows
/// whether waiting for them ends. Some services that stand in for CloudFormation leave the execution status empty.
pub fn change_set(status: &str, execution: &str) -> ChangeSetStanding {
    match (status, execution) {
        ("CREATE_PENDING" | "CREATE_IN_PROGRESS", _) | ("CREATE_COMPLETE", "UNAVAILABLE") => {
            ChangeSetStanding::Pending
        }
        ("CREATE_COMPLETE", "AVAILABLE" | "") => ChangeSetStanding::Ready,
        ("CREATE_COMPLETE", "OBSOLETE") => ChangeSetStanding::Lost(
            "another change of the stack came first, and this one is void; run again",
        ),
        ("CREATE_COMPLETE", "EXECUTE_IN_PROGRESS" | "EXECUTE_COMPLETE" | "EXECUTE_FAILED") => {
            ChangeSetStanding::Lost(
                "somebody else runs its change set; run again when that is done",
            )
        }
        ("FAILED", _) => ChangeSetStanding::Failed,
        ("DELETE_PENDING" | "DELETE_IN_PROGRESS" | "DELETE_COMPLETE" | "DELETE_FAILED", _) => {
            ChangeSetStanding::Lost(DELETED)
        }
        _ => ChangeSetStanding::Lost(STRANGE),
    }
}

/// The meaning of a hook's status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HookStanding {
    /// It still looks at its target.
    Busy,
    /// It has nothing against its target.
    Passed,
    /// It refuses its target, or could not look at it.
    Failed,
}

/// The meaning of a hook's status. Unknown statuses are [`HookStanding::Failed`].
pub fn hook(status: &str) -> HookStanding {
    match status {
        "HOOK_IN_PROGRESS" => HookStanding::Busy,
        "HOOK_COMPLETE_SUCCEEDED" => HookStanding::Passed,
        // `HOOK_COMPLETE_FAILED`, `HOOK_FAILED`, and what the API reference does not list.
        _ => HookStanding::Failed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_lead_to_one_step_each() {
        assert_eq!(standing("UPDATE_ROLLBACK_COMPLETE"), Standing::Whole);
        assert_eq!(standing("ROLLBACK_COMPLETE"), Standing::Undone);
        assert_eq!(standing("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"), Standing::Busy);
        assert!(matches!(standing("DELETE_FAILED"), Standing::Stuck(_)));
        assert!(matches!(standing("SOMETHING_NEW"), Standing::Stuck(_)));
    }
}
