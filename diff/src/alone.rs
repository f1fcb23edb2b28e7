//! Changes that concern neither another stack nor access.
//!
//! Such changes are reviewed stack by stack, so that the templates of a large mesh are never in memory together.

use crate::Stack;
use crate::access;
use crate::change::{ChangeKind, StackChange};
use crate::review::{Review, alike, judged, new_limits};
use crate::update::{Fate, Update, exports_changed, unknown_interruptions};

/// What the templates of one stack say about its change.
#[derive(Debug, Clone, PartialEq)]
pub enum Own {
    /// Nothing differs.
    Nothing,
    /// The change, and the notes of the review on it.
    Change(StackChange, Vec<String>),
    /// Other templates take part: see [`crate::review::of`].
    Shared,
}

/// Reviews a stack that exists on both sides, and whose policies, roles and resources give the same access on both.
pub fn of(before: Stack<'_>, after: Stack<'_>) -> Own {
    let mut changes = judged(&[before], &[after]);
    let Some(change) = changes.pop() else { return Own::Nothing };
    let is_exported =
        !exports_changed(&change, Some(before.template), Some(after.template)).is_empty();
    // The model of access does not contain public access blocks.
    if is_exported || access::is_exposed(&change) {
        return Own::Shared;
    }
    let notes = new_limits(&change.stack, Some(before), Some(after));
    Own::Change(change, notes)
}

/// Whether no resource is created, deleted, replaced or refused, so that the change ends with the resources that differ.
pub fn is_in_place(change: &StackChange) -> bool {
    change.resources.iter().all(|resource| {
        let is_mild = match resource.outcome.fate {
            Fate::Unchanged => true,
            Fate::Updated(update) => update <= Update::Interrupts,
            Fate::Created | Fate::Deleted | Fate::Moved | Fate::Retained => false,
        };
        is_mild && resource.kind == ChangeKind::Changed
    })
}

/// The review of changes that are sorted by stack, with the notes on them. `None` if resources may move between the stacks:
/// some are added, and some are removed.
pub fn review(stacks: Vec<StackChange>, mut notes: Vec<String>) -> Option<Review> {
    let has = |kind: ChangeKind| {
        let mut resources = stacks.iter().flat_map(|stack| &stack.resources);
        resources.any(|resource| resource.kind == kind)
    };
    if has(ChangeKind::Added) && has(ChangeKind::Removed) {
        return None;
    }
    notes.extend(unknown_interruptions(&stacks));
    let alike = alike(&stacks);
    Some(Review { stacks, alike, notes, ..Review::default() })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use lakewright_template::{Place, Template, read};

    use super::*;

    fn own(before: &str, after: &str) -> Own {
        let templates: [Template; 2] =
            [before, after].map(|text| read::template(text).expect("a template"));
        let (place, lines) =
            (Place::parse("111122223333", "eu-west-1").expect("a place"), BTreeMap::new());
        let stack = |template| Stack { address: "a", place: &place, template, lines: &lines };
        of(stack(&templates[0]), stack(&templates[1]))
    }

    /// Sources: "AWS::SQS::Queue" in the CloudFormation template reference: an update of `DelaySeconds` needs no interruption,
    /// one of `QueueName` a replacement.
    #[test]
    fn an_update_in_place_ends_with_its_resource() {
        let queue = |properties: &str| {
            format!("Resources: {{Q: {{Type: AWS::SQS::Queue, Properties: {{{properties}}}}}}}\n")
        };
        let (old, slow) = (queue("DelaySeconds: 1"), queue("DelaySeconds: 2"));
        assert_eq!(own(&old, &old), Own::Nothing);
        let Own::Change(change, notes) = own(&old, &slow) else { panic!("a change") };
        assert!(is_in_place(&change) && notes.is_empty());
        let Own::Change(change, _) = own(&old, &queue("DelaySeconds: 1, QueueName: q")) else {
            panic!("a change")
        };
        assert!(!is_in_place(&change));
    }

    /// Source: "AWS::RDS::DBInstance" in the CloudFormation template reference: an update of `DBInstanceClass` requires some
    /// interruptions, one of `DeletionProtection` none. No schema says it.
    #[test]
    fn an_update_that_may_interrupt_for_all_that_is_known_is_noted() {
        let of_update = |kind: &str, before: &str, after: &str| {
            let of = |properties: &str| {
                format!("Resources: {{R: {{Type: {kind}, Properties: {{{properties}}}}}}}\n")
            };
            let Own::Change(change, notes) = own(&of(before), &of(after)) else {
                panic!("a change")
            };
            review(vec![change], notes).expect("a review").notes
        };
        let notes = of_update("AWS::RDS::DBInstance", "DBInstanceClass: a", "DBInstanceClass: b");
        assert!(notes.len() == 1 && notes[0].contains("of these types: AWS::RDS::DBInstance."));
        // These are replaced, interrupted for certain, and not interrupted.
        for (kind, before, after) in [
            ("AWS::RDS::DBInstance", "DBName: a", "DBName: b"),
            ("AWS::SageMaker::NotebookInstance", "InstanceType: a", "InstanceType: b"),
            ("AWS::SQS::Queue", "DelaySeconds: 1", "DelaySeconds: 2"),
        ] {
            assert_eq!(of_update(kind, before, after), [""; 0], "{kind}");
        }
    }

    /// Sources: "Fn::ImportValue" in the CloudFormation template reference; "PublicAccessBlockConfiguration" of
    /// `AWS::S3::Bucket` there.
    #[test]
    fn exports_and_public_access_concern_others() {
        let export = |value: &str| {
            format!(
                "Resources: {{T: {{Type: AWS::SNS::Topic}}}}\nOutputs: {{O: {{Value: {value}, Export: {{Name: topic}}}}}}\n"
            )
        };
        assert_eq!(own(&export("a"), &export("b")), Own::Shared);
        let bucket = |is_on: bool| {
            format!(
                "Resources: {{B: {{Type: AWS::S3::Bucket, Properties: {{PublicAccessBlockConfiguration: {{BlockPublicAcls: {is_on}}}}}}}}}\n"
            )
        };
        assert_eq!(own(&bucket(true), &bucket(false)), Own::Shared);
    }
}
