//! Verdicts on data: policies on deletion and replacement, protections, limits.

use crate::update::Outcome;
use lakewright_template::read;

use super::super::{DataEffect, Fate, limits};
use super::{IN_PLACE, judge_in, judged, one, outcome, resource, says};
use crate::change::{ChangeKind, StackChange};

fn removed(kind: &str, rest: &str) -> Outcome {
    let before =
        format!("Resources: {{R: {{Type: '{kind}'{rest}}}, S: {{Type: AWS::SNS::Topic}}}}");
    let change = judged(&before, "Resources: {S: {Type: AWS::SNS::Topic}}");
    outcome(&change, "R").clone()
}

/// Sources: "DeletionPolicy attribute" and "AWS::S3::Bucket", CloudFormation template reference; ScheduleKeyDeletion, KMS
/// API reference; DeleteDomain, SageMaker API reference; `template/src/stateful.rs`.
#[test]
fn what_is_removed_is_kept_or_lost_by_its_policy() {
    let bucket = removed("AWS::S3::Bucket", ", DeletionPolicy: Retain");
    assert_eq!((bucket.fate, bucket.data), (Fate::Retained, DataEffect::Orphaned));
    let bucket = removed("AWS::S3::Bucket", ", DeletionPolicy: RetainExceptOnCreate");
    assert_eq!((bucket.fate, bucket.data), (Fate::Retained, DataEffect::Orphaned));
    let bucket = removed("AWS::S3::Bucket", "");
    assert_eq!((bucket.fate, bucket.data), (Fate::Deleted, DataEffect::Lost));
    assert!(says(&bucket, "only empty buckets"), "{bucket:?}");
    let key = removed("AWS::KMS::Key", "");
    assert_eq!((key.fate, key.data), (Fate::Deleted, DataEffect::Unreadable));
    assert!(says(&key, "after 30 days"), "{key:?}");
    let key = removed("AWS::KMS::Key", ", Properties: {PendingWindowInDays: 7}");
    assert!(says(&key, "after 7 days"), "{key:?}");
    let domain = removed("AWS::SageMaker::Domain", ", DeletionPolicy: Delete");
    assert_eq!((domain.fate, domain.data), (Fate::Deleted, DataEffect::Orphaned));
    let topic = removed("AWS::SNS::Topic", ", DeletionPolicy: Retain");
    assert_eq!((topic.fate, topic.data), (Fate::Retained, DataEffect::None));
    let topic = removed("AWS::SNS::Topic", "");
    assert_eq!((topic.fate, topic.data), (Fate::Deleted, DataEffect::None));
}

/// Source: "Resource link handling in AWS Glue APIs", Lake Formation developer guide: `DeleteDatabase` and `DeleteTable`
/// delete the link and not its target.
#[test]
fn a_removed_link_loses_nothing() {
    let kind = "AWS::Glue::Database";
    let link =
        "DatabaseInput: {Name: l, TargetDatabase: {CatalogId: '444455556666', DatabaseName: d}}";
    let found = removed(kind, &format!(", Properties: {{{link}}}"));
    assert_eq!((found.fate, found.data), (Fate::Deleted, DataEffect::None));
    assert!(says(&found, "only a resource link"), "{found:?}");
    let kept = removed(kind, &format!(", DeletionPolicy: Retain, Properties: {{{link}}}"));
    assert_eq!((kept.fate, kept.data), (Fate::Retained, DataEffect::None));
    let own = removed(kind, ", Properties: {DatabaseInput: {Name: d}}");
    assert_eq!(own.data, DataEffect::Lost);
    let table = ", Properties: {TableInput: {Name: l, TargetTable: {DatabaseName: d, Name: t}}}";
    assert_eq!(removed("AWS::Glue::Table", table).data, DataEffect::None);
    let view = ", Properties: {TableInput: {Name: v, ViewDefinition: {IsProtected: true}}}";
    let found = removed("AWS::Glue::Table", view);
    assert_eq!(found.data, DataEffect::None);
    assert!(says(&found, "only a view"), "{found:?}");
    let own = removed("AWS::Glue::Table", ", Properties: {TableInput: {Name: t}}");
    assert_eq!(own.data, DataEffect::Lost);
}

/// Sources: "DeletionPolicy attribute", CloudFormation template reference; `StatefulResources.json` of cfn-lint 1.58.0.
#[test]
fn databases_of_others_are_deleted_with_a_snapshot_by_default() {
    assert_eq!(removed("AWS::RDS::DBCluster", "").data, DataEffect::Snapshot);
    assert_eq!(removed("AWS::RDS::DBInstance", "").data, DataEffect::Snapshot);
    let member = removed("AWS::RDS::DBInstance", ", Properties: {DBClusterIdentifier: c}");
    assert_eq!(member.data, DataEffect::Lost);
    assert_eq!(
        removed("AWS::EC2::Volume", ", DeletionPolicy: Snapshot").data,
        DataEffect::Snapshot
    );
    assert_eq!(removed("AWS::DynamoDB::Table", "").data, DataEffect::Lost);
}

#[test]
fn a_removed_stack_is_judged_as_a_deletion() {
    let text = "Resources: {B: {Type: AWS::S3::Bucket, DeletionPolicy: Retain}}";
    let before = read::template(text).expect("a template");
    let resources =
        before.resources.iter().filter_map(|(id, entry)| resource(id, Some(entry), None));
    let mut change = StackChange {
        stack: "s".to_owned(),
        kind: ChangeKind::Removed,
        resources: resources.collect(),
        others: Vec::new(),
    };
    judge_in("eu-west-1", &mut change, Some(&before), None);
    assert_eq!(outcome(&change, "B").fate, Fate::Retained);
}

/// Source: "UpdateReplacePolicy attribute", CloudFormation template reference.
#[test]
fn what_is_replaced_is_left_behind_or_lost_by_the_new_policy() {
    let text = |name: &str, policy: &str| {
        format!(
            "Resources: {{B: {{Type: AWS::S3::Bucket{policy}, Properties: {{BucketName: {name}}}}}}}"
        )
    };
    let kept = ", UpdateReplacePolicy: Retain";
    let change = judged(&text("a", ""), &text("b", kept));
    assert_eq!(outcome(&change, "B").data, DataEffect::LeftBehind);
    let change = judged(&text("a", kept), &text("b", ""));
    assert_eq!(outcome(&change, "B").data, DataEffect::Lost);
    // `DeletionPolicy` is about removed resources only.
    let change =
        judged(&text("a", ", DeletionPolicy: Retain"), &text("b", ", DeletionPolicy: Retain"));
    assert_eq!(outcome(&change, "B").data, DataEffect::Lost);
}

/// Source: "DeletionPolicy attribute", CloudFormation template reference.
#[test]
fn a_policy_that_no_longer_keeps_is_a_warning() {
    let text = |policy: &str| format!("Resources: {{B: {{Type: AWS::S3::Bucket{policy}}}}}");
    let kept = text(", DeletionPolicy: Retain, UpdateReplacePolicy: Retain");
    let change = judged(&kept, &text(", DeletionPolicy: Delete"));
    let found = outcome(&change, "B");
    assert_eq!((found.fate, found.data), (Fate::Unchanged, DataEffect::None));
    assert!(says(found, "`DeletionPolicy` was Retain and is Delete"), "{found:?}");
    assert!(says(found, "`UpdateReplacePolicy` was Retain and is absent"), "{found:?}");
    let change = judged(&text(", DeletionPolicy: Delete"), &kept);
    assert_eq!(outcome(&change, "B").reasons, [""; 0]);
}

fn expiring(days: i64, rest: &str) -> String {
    format!(
        "LifecycleConfiguration: {{Rules: [{{Status: Enabled, ExpirationInDays: {days}}}]}}{rest}"
    )
}

/// Source: "Expiring objects", S3 user guide.
#[test]
fn an_expiration_that_is_added_or_shortened_loses_objects() {
    let bucket = "AWS::S3::Bucket";
    let found = one(bucket, "", &expiring(3, ""));
    assert_eq!((found.fate, found.data), (IN_PLACE, DataEffect::Lost));
    assert!(says(&found, "objects will be deleted after 3 days"), "{found:?}");
    assert_eq!(one(bucket, &expiring(30, ""), &expiring(3, "")).data, DataEffect::Lost);
    assert_eq!(one(bucket, &expiring(3, ""), &expiring(30, "")).data, DataEffect::None);
    let narrower =
        "LifecycleConfiguration: {Rules: [{Status: Enabled, Prefix: a/, ExpirationInDays: 3}]}";
    assert_eq!(one(bucket, &expiring(3, ""), narrower).data, DataEffect::None);
    assert_eq!(one(bucket, narrower, &expiring(3, "")).data, DataEffect::Lost);
    // With versioning, S3 adds a delete marker.
    let versioned = ", VersioningConfiguration: {Status: Enabled}";
    let before = "VersioningConfiguration: {Status: Enabled}";
    assert_eq!(one(bucket, before, &expiring(3, versioned)).data, DataEffect::None);
}

/// Sources: "Using versioning in S3 buckets", S3 user guide; "AWS::KMS::Key", CloudFormation template reference;
/// PutRetentionPolicy, CloudWatch Logs API reference; SetQueueAttributes, SQS API reference.
#[test]
fn protections_that_end_are_named() {
    let bucket = "AWS::S3::Bucket";
    let status = |status: &str| format!("VersioningConfiguration: {{Status: {status}}}");
    assert!(says(&one(bucket, &status("Enabled"), &status("Suspended")), "versioning ends"));
    let key = "AWS::KMS::Key";
    let rotation = one(key, "EnableKeyRotation: true", "EnableKeyRotation: false");
    assert!(says(&rotation, "rotation of the key material ends"), "{rotation:?}");
    let window = one(key, "PendingWindowInDays: 30", "PendingWindowInDays: 7");
    assert!(says(&window, "after 7 days instead of 30"), "{window:?}");
    assert_eq!(one(key, "Enabled: true", "Enabled: false").data, DataEffect::Unreadable);
    let table = "AWS::DynamoDB::Table";
    let recovery = |is_on: bool| {
        format!("PointInTimeRecoverySpecification: {{PointInTimeRecoveryEnabled: {is_on}}}")
    };
    assert!(says(&one(table, &recovery(true), &recovery(false)), "point in time ends"));
    let logs = "AWS::Logs::LogGroup";
    assert_eq!(one(logs, "", "RetentionInDays: 7").data, DataEffect::Lost);
    assert_eq!(one(logs, "RetentionInDays: 7", "RetentionInDays: 30").data, DataEffect::None);
    let queue = "AWS::SQS::Queue";
    assert_eq!(one(queue, "", "MessageRetentionPeriod: 60").data, DataEffect::Lost);
    assert_eq!(one(queue, "", "MessageRetentionPeriod: 345600").data, DataEffect::None);
    let protected = one(logs, "DeletionProtectionEnabled: true", "");
    assert!(says(&protected, "protection against deletion ends"), "{protected:?}");
}

/// Sources: R-athena, R-events and R-sns, see `facts.rs`.
#[test]
fn surprises_of_the_handlers_are_named() {
    let bus = one("AWS::Events::EventBus", "Name: b, Policy: {}", "Name: b");
    assert_eq!(bus.fate, IN_PLACE);
    assert!(says(&bus, "does not remove the policy"), "{bus:?}");
    let topics = one("AWS::SNS::TopicPolicy", "Topics: [a, b]", "Topics: [a]");
    assert!(says(&topics, "default policy"), "{topics:?}");
}

/// Source: "CloudFormation quotas": 500 resources; "IAM and AWS STS quotas": 6,144 characters of a managed policy.
#[test]
fn limits_that_come_near_are_named() {
    let topics = |count: usize| {
        let topics: Vec<_> =
            (0..count).map(|n| format!("  T{n}: {{Type: AWS::SNS::Topic}}")).collect();
        read::template(&format!("Resources:\n{}\n", topics.join("\n"))).expect("a template")
    };
    assert_eq!(limits(&topics(450)), [""; 0]);
    let found = limits(&topics(451));
    assert_eq!(found.len(), 1);
    assert!(found[0].contains("451 of at most 500 resources"), "{found:?}");
    let long = "a".repeat(5_600);
    let text = format!(
        "Resources: {{P: {{Type: AWS::IAM::ManagedPolicy, Properties: {{PolicyDocument: {{Statement: [{{Sid: {long}}}]}}}}}}}}"
    );
    let found = limits(&read::template(&text).expect("a template"));
    assert!(found.iter().any(|one| one.contains("the policy of P")), "{found:?}");
}
