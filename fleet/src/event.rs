//! Events during a deployment, for people and programs.

use lakewright_template::{StackAddress, holds_data};

use crate::machine::Outcome;
use crate::schedule::Because;

/// An event during a deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Work on a stack starts.
    Started {
        /// The stack.
        address: StackAddress,
    },
    /// A change set's planned changes.
    Changes {
        /// The stack, as `account/region/name`.
        address: StackAddress,
        /// The changes.
        changes: Vec<Change>,
    },
    /// CloudFormation reports the status of a resource.
    Resource {
        /// The stack, as `account/region/name`.
        address: StackAddress,
        /// The resource's logical id.
        logical_id: String,
        /// Its resource type.
        kind: String,
        /// Its status.
        status: String,
        /// The reason of a failure.
        reason: Option<String>,
    },
    /// CloudFormation's validation or a hook refused a resource, or warns of it.
    Rejected {
        /// The stack.
        address: StackAddress,
        /// What was refused, or warned of.
        rejection: Rejection,
    },
    /// A file of a stack was uploaded.
    Uploaded {
        /// The stack that needs it, as `account/region/name`.
        address: StackAddress,
        /// Its location, as `s3://bucket/key`.
        target: String,
    },
    /// Work on a stack has ended.
    Finished {
        /// The stack, as `account/region/name`.
        address: StackAddress,
        /// The outcome.
        outcome: Outcome,
    },
    /// A note for people.
    Note {
        /// The stack, as `account/region/name`.
        address: StackAddress,
        /// The text.
        text: String,
    },
    /// What happens before a wave of stacks.
    Wave {
        /// The wave, counted from 0.
        wave: usize,
        /// What the run waits for, or why it goes on or does not, in words.
        text: String,
    },
    /// A stack that failed or was skipped will be tried once more.
    Again {
        /// The stack.
        address: StackAddress,
    },
    /// A stack was skipped.
    Skipped {
        /// The stack, as `account/region/name`.
        address: StackAddress,
        /// Why: the stack that caused it, or why nothing more is started.
        because: Because,
    },
}

/// A resource that CloudFormation's validation or a hook refused, or warned of, before CloudFormation changed it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rejection {
    /// The resource's logical id.
    pub logical_id: String,
    /// Its resource type.
    pub kind: String,
    /// The reason.
    pub reason: String,
    /// The name of the validation, such as `NAME_CONFLICT_VALIDATION`, or the type of the hook.
    pub name: Option<String>,
    /// The place in the template, such as `/Resources/Bucket/Properties/BucketName`.
    pub path: Option<String>,
    /// Whether CloudFormation goes on in spite of it.
    pub is_warning: bool,
}

impl Rejection {
    /// The status with which it is reported as the event of a resource.
    pub const fn status(&self) -> &'static str {
        if self.is_warning { "VALIDATION_WARNED" } else { "VALIDATION_FAILED" }
    }
}

/// A hook that CloudFormation will run before it changes a resource of a change set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PlannedHook {
    /// The type of the hook, such as `Org::S3::Encrypted`.
    pub name: String,
    /// The resource's logical id.
    pub logical_id: String,
    /// Its resource type.
    pub kind: String,
    /// What will happen to the resource: `Add`, `Modify`, `Remove` and so on.
    pub action: String,
    /// Whether CloudFormation only warns if the hook refuses the change.
    pub is_warning: bool,
}

/// One change of a change set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Change {
    /// `Add`, `Modify`, `Remove` and so on.
    pub action: String,
    /// The resource's logical id.
    pub logical_id: String,
    /// Its resource type.
    pub kind: String,
    /// For a modification, whether it replaces the resource: `True`, `False` or `Conditional`.
    pub replacement: Option<String>,
    /// What happens to the physical resource: `Delete`, `Retain`, `Snapshot`, `ReplaceAndDelete`, `ReplaceAndRetain` or
    /// `ReplaceAndSnapshot`.
    pub policy_action: Option<String>,
    /// What the change touches, or may touch.
    pub targets: Vec<Target>,
    /// Whether the deployed resource is a database or a table that is only a link to another one, which has the data. To
    /// delete a link does not touch its target.
    pub is_link: bool,
}

/// A property or attribute that a change touches, or may touch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Target {
    /// The attribute: `Properties`, `Tags`, `Metadata`, `DeletionPolicy` and so on.
    pub attribute: String,
    /// The name of the property.
    pub name: Option<String>,
    /// The path of the value in the resource, such as `/Properties/BucketName`.
    pub path: Option<String>,
    /// Whether the value replaces the resource: `Never`, `Conditionally` or `Always`.
    pub recreation: Option<String>,
    /// Whether CloudFormation knows the value only when it executes the change set.
    pub is_dynamic: bool,
    /// The value before the change.
    pub before: Option<String>,
    /// The value after the change.
    pub after: Option<String>,
}

impl Change {
    /// Whether the change removes or may replace a resource that holds data, whatever becomes of the physical resource.
    pub fn touches_data(&self) -> bool {
        let is_kept =
            self.action != "Remove" && matches!(self.replacement.as_deref(), None | Some("False"));
        !is_kept && holds_data(&self.kind) && !self.is_link
    }

    /// Whether the change deletes a physical resource that holds data, as its policy action says. Without one, everything that
    /// [`Self::touches_data`] counts: some services that stand in for CloudFormation do not say it.
    pub fn loses_data(&self) -> bool {
        match self.policy_action.as_deref() {
            Some("Delete" | "ReplaceAndDelete") => holds_data(&self.kind) && !self.is_link,
            Some(_) => false,
            None => self.touches_data(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The values of `PolicyAction` in "ResourceChange", CloudFormation API reference.
    #[test]
    fn only_a_deletion_of_what_holds_data_loses_data() {
        let loses = |kind: &str, action: &str| {
            let policy_action = Some(action.to_owned());
            Change { kind: kind.to_owned(), policy_action, ..Change::default() }.loses_data()
        };
        for action in ["Delete", "ReplaceAndDelete"] {
            assert!(loses("AWS::S3::Bucket", action), "{action}");
            assert!(!loses("AWS::IAM::Role", action), "{action}");
        }
        for action in ["Retain", "Snapshot", "ReplaceAndRetain", "ReplaceAndSnapshot"] {
            assert!(!loses("AWS::S3::Bucket", action), "{action}");
        }
    }

    /// The values of `Action` and `Replacement` in "ResourceChange". "Resource link handling in AWS Glue APIs" in the Lake
    /// Formation developer guide: to delete a link does not delete its target.
    #[test]
    fn without_a_policy_action_a_removal_counts_unless_it_is_of_a_link() {
        let change = |action: &str, replacement: Option<&str>| Change {
            kind: "AWS::Glue::Table".to_owned(),
            action: action.to_owned(),
            replacement: replacement.map(str::to_owned),
            ..Change::default()
        };
        for change in [
            change("Remove", None),
            change("Modify", Some("True")),
            change("Modify", Some("Conditional")),
        ] {
            assert!(change.loses_data() && change.touches_data(), "{change:?}");
            let policy_action = Some("Retain".to_owned());
            let kept = Change { policy_action, ..change.clone() };
            assert!(!kept.loses_data() && kept.touches_data(), "{kept:?}");
            for policy_action in [None, Some("Delete".to_owned())] {
                let link = Change { policy_action, is_link: true, ..change.clone() };
                assert!(!link.loses_data() && !link.touches_data(), "{link:?}");
            }
        }
        assert!(!change("Modify", Some("False")).loses_data());
        assert!(!change("Add", None).loses_data());
    }
}
