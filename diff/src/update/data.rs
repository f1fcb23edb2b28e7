//! What happens to the data in a resource that is deleted or replaced.

use lakewright_template::{DeletionPolicy, ResourceEntry, holds_data};

use super::compare::value_at;
use super::facts::{FOREIGN_DATA, WITH_SNAPSHOTS, is_true, number};
use super::{DataEffect, Fate, Outcome, Update};

/// What a template says about a resource that CloudFormation would delete.
enum Policy {
    Delete,
    Retain(DeletionPolicy),
    Snapshot,
    /// A function of the language extensions: its value is known only at deployment.
    Unknown,
}

fn is_data(resource: &ResourceEntry) -> bool {
    let kind: &str = &resource.kind;
    (holds_data(kind) || FOREIGN_DATA.contains(&kind)) && !is_link(resource) && !is_view(resource)
}

/// Whether a database or a table is only a resource link to another one, which has the data.
///
/// Source: "Resource link handling in AWS Glue APIs" in the Lake Formation developer guide: `DeleteDatabase` and
/// `DeleteTable` delete the link and not its target.
fn is_link(resource: &ResourceEntry) -> bool {
    let target = match resource.kind.as_ref() {
        "AWS::Glue::Database" => value_at(resource, "/DatabaseInput/TargetDatabase"),
        "AWS::Glue::Table" => value_at(resource, "/TableInput/TargetTable"),
        _ => None,
    };
    target.is_some_and(|target| target.as_map().is_some())
}

/// Whether a table of the catalog is only a view, whose tables have the data.
fn is_view(resource: &ResourceEntry) -> bool {
    let view = value_at(resource, "/TableInput/ViewDefinition");
    &*resource.kind == "AWS::Glue::Table" && view.is_some_and(|view| view.as_map().is_some())
}

/// The policy of a resource under one of the two attributes.
///
/// Source: "DeletionPolicy attribute" and "UpdateReplacePolicy attribute" in the CloudFormation template reference, with
/// the defaults for databases.
fn policy(resource: &ResourceEntry, attribute: &str) -> Policy {
    let stated = if attribute == "DeletionPolicy" {
        resource.deletion_policy
    } else {
        resource.update_replace_policy
    };
    match stated {
        Some(kept @ (DeletionPolicy::Retain | DeletionPolicy::RetainExceptOnCreate)) => {
            Policy::Retain(kept)
        }
        Some(DeletionPolicy::Snapshot) => Policy::Snapshot,
        Some(DeletionPolicy::Delete) => Policy::Delete,
        None if resource.other.get(attribute).is_some() => Policy::Unknown,
        None => {
            let is_snapshot_by_default = attribute == "DeletionPolicy"
                && match resource.kind.as_ref() {
                    "AWS::RDS::DBCluster" => true,
                    "AWS::RDS::DBInstance" => {
                        resource.properties.get("DBClusterIdentifier").is_none()
                    }
                    _ => false,
                };
            if is_snapshot_by_default { Policy::Snapshot } else { Policy::Delete }
        }
    }
}

/// The outcome for a resource that leaves the template. The policy is that of the template which the stack has: the new
/// one has no entry for the resource any more. Source: "How do I retain some of my resources when I delete an AWS
/// CloudFormation stack?" in the AWS knowledge center: the policy is deployed before the resource is removed.
pub(super) fn removed(resource: &ResourceEntry) -> Outcome {
    let kind: &str = &resource.kind;
    match policy(resource, "DeletionPolicy") {
        Policy::Retain(kept) => {
            let kept = kept.as_str();
            let data = if is_data(resource) { DataEffect::Orphaned } else { DataEffect::None };
            let reason = format!(
                "`DeletionPolicy: {kept}` of the template before the change: CloudFormation keeps the resource, and no stack \
                 has it any more."
            );
            Outcome { fate: Fate::Retained, data, reasons: vec![reason] }
        }
        Policy::Snapshot if WITH_SNAPSHOTS.contains(&kind) => {
            let reason =
                "CloudFormation makes a snapshot of the resource and deletes it.".to_owned();
            Outcome { fate: Fate::Deleted, data: DataEffect::Snapshot, reasons: vec![reason] }
        }
        Policy::Delete | Policy::Snapshot => {
            let (data, reason) = loss(resource);
            Outcome { fate: Fate::Deleted, data, reasons: reason.into_iter().collect() }
        }
        Policy::Unknown => {
            let (data, reason) = loss(resource);
            let unknown = "`DeletionPolicy` is a function whose value is known only at deployment: CloudFormation deletes the \
                           resource unless the value is Retain."
                .to_owned();
            let reasons = std::iter::once(unknown).chain(reason).collect();
            Outcome { fate: Fate::Deleted, data, reasons }
        }
    }
}

/// What a replacement does to the data. The policy is that of the new template, which the update applies. Source:
/// "UpdateReplacePolicy attribute" in the CloudFormation template reference: CloudFormation updates resources based on
/// differences between what is submitted and the stack's current template.
pub(super) fn replaced(
    before: &ResourceEntry,
    after: &ResourceEntry,
    update: Update,
) -> (DataEffect, Option<String>) {
    let kind: &str = &after.kind;
    if !is_data(before) {
        return (DataEffect::None, None);
    }
    let when = if update == Update::Replaces { "" } else { "If CloudFormation replaces it: " };
    match policy(after, "UpdateReplacePolicy") {
        Policy::Retain(kept) => {
            let kept = kept.as_str();
            let sentence = format!(
                "{when}`UpdateReplacePolicy: {kept}` keeps the old resource with its data outside of the stack, and everything \
                 that refers to the resource uses a new, empty one."
            );
            (DataEffect::LeftBehind, Some(sentence))
        }
        Policy::Snapshot if WITH_SNAPSHOTS.contains(&kind) => {
            let sentence = format!(
                "{when}CloudFormation makes a snapshot of the old resource and deletes it."
            );
            (DataEffect::Snapshot, Some(sentence))
        }
        Policy::Delete | Policy::Snapshot | Policy::Unknown => {
            let (effect, reason) = loss(before);
            // What a deletion leaves outside of all stacks, a replacement leaves behind.
            let effect =
                if effect == DataEffect::Orphaned { DataEffect::LeftBehind } else { effect };
            let reason = reason.unwrap_or_default();
            let sentence = format!(
                "{when}CloudFormation deletes the old resource, because no `UpdateReplacePolicy` keeps it. {reason}"
            );
            (effect, Some(sentence))
        }
    }
}

/// What the deletion of a resource does to its data.
fn loss(resource: &ResourceEntry) -> (DataEffect, Option<String>) {
    let kind: &str = &resource.kind;
    let lost = |sentence: &str| (DataEffect::Lost, Some(sentence.to_owned()));
    match kind {
        _ if is_link(resource) => {
            let sentence =
                "It is only a resource link. The target of the link stays, with its data.";
            (DataEffect::None, Some(sentence.to_owned()))
        }
        _ if is_view(resource) => {
            let sentence = "It is only a view. Its tables stay, with their data.";
            (DataEffect::None, Some(sentence.to_owned()))
        }
        // Source: "AWS::S3::Bucket" in the CloudFormation template reference.
        "AWS::S3::Bucket" => lost(
            "S3 deletes only empty buckets: as long as the bucket has objects, its deletion fails.",
        ),
        // Source: ScheduleKeyDeletion in the KMS API reference.
        "AWS::KMS::Key" => {
            let window = value_at(resource, "/PendingWindowInDays");
            let days = match window {
                None => "30 days".to_owned(),
                Some(value) => number(value)
                    .map_or_else(|| "7 to 30 days".to_owned(), |days| format!("{days} days")),
            };
            let sentence = format!(
                "KMS disables the key at once and deletes it after {days}. Nothing that the key encrypts can be read from then \
                 on, unless the deletion is cancelled in time."
            );
            (DataEffect::Unreadable, Some(sentence))
        }
        // Sources: DeleteDomain in the SageMaker API reference: the default retains the file system; R-sagemaker,
        // aws-sagemaker-domain, 2023-02-09: the handler sends no retention policy.
        "AWS::SageMaker::Domain" => {
            let sentence = "SageMaker keeps the file system with the home folders, which no domain uses any more.";
            (DataEffect::Orphaned, Some(sentence.to_owned()))
        }
        // Source: DeleteDatabase and DeleteTable in the AWS Glue web API reference.
        "AWS::Glue::Database" => lost(
            "Glue deletes the database with its tables. The files that the tables describe stay.",
        ),
        "AWS::Glue::Table" => lost(
            "Glue deletes the definition of the table with its partitions. The files that it describes stay.",
        ),
        // Source: DeleteWorkGroup in the Athena API reference.
        "AWS::Athena::WorkGroup" => {
            if is_true(value_at(resource, "/RecursiveDeleteOption")) {
                lost("Athena deletes the workgroup with its queries.")
            } else {
                lost("Athena does not delete a workgroup that has queries: the deletion fails.")
            }
        }
        _ if is_data(resource) => lost("The data in the resource is deleted with it."),
        _ => (DataEffect::None, None),
    }
}
