use super::*;
use crate::role::Receives;
use crate::testing::{Built, ELSEWHERE, HERE, built, key, reader};

const QUEUE: &str = "AWS::SQS::Queue";
const QUEUE_POLICY: &str = "AWS::SQS::QueuePolicy";
const TOPIC_POLICY: &str = "AWS::SNS::TopicPolicy";

/// A stack with an encrypted queue, changed by `with`, and the grants of `give` on it.
fn queue(with: impl FnOnce(Queue) -> Queue, give: impl FnOnce(&QueueHandle) -> Grants) -> Built {
    built(|scope| {
        let key = key(scope);
        let queue = Queue {
            name: "events".to_owned(),
            key: key.id(),
            dead_letters: None,
            failures_of: Vec::new(),
            topics: Vec::new(),
            events_of: None,
            target: "dataset/orders".to_owned(),
        };
        let handle = scope.add("Events", with(queue));
        scope.grant(give(&handle));
    })
}

fn topic(publishers: Vec<(Service, Conditions)>) -> Built {
    built(|scope| {
        let key = key(scope);
        let topic = Topic {
            name: "alarms".to_owned(),
            key: key.id(),
            target: "platform/main".to_owned(),
            publishers,
        };
        let handle = scope.add("Alarms", topic);
        let team = reader(HERE);
        scope.grant(handle.grant_publish(team.grantee(), Conditions::none()));
    })
}

/// "Amazon SQS security best practices" in the SQS developer guide: enforce encryption of data in transit, and
/// server-side encryption; `MessageRetentionPeriod` of "SetQueueAttributes": 1,209,600 seconds is the maximum.
#[test]
fn a_queue_is_encrypted_and_keeps_messages_for_fourteen_days() {
    let stack = queue(|queue| queue, |_| Grants::default());
    assert_eq!(stack.property(QUEUE, "KmsMasterKeyId"), r#"{"Ref":"Key"}"#);
    assert_eq!(stack.property(QUEUE, "MessageRetentionPeriod"), "1209600");
    assert_eq!(
        stack.statement(QUEUE_POLICY, "DenyWithoutTls"),
        concat!(
            r#"{"Action":"sqs:*","Condition":{"Bool":{"aws:SecureTransport":"false"}},"Effect":"Deny","#,
            r#""Principal":{"AWS":"*"},"Resource":"arn:aws:sqs:eu-west-1:111122223333:events"}"#
        )
    );
    // Nobody may do anything that no grant names.
    assert_eq!(stack.sids(QUEUE_POLICY), ["DenyWithoutTls"]);
}

/// `RedriveAllowPolicy` of "SetQueueAttributes" in the SQS API reference: the default `allowAll` lets every queue of the
/// account in the region use this one; `byQueue` names them, `denyAll` admits none.
#[test]
fn only_named_queues_may_leave_their_dead_letters() {
    let failed = "arn:aws:sqs:eu-west-1:111122223333:main".to_owned();
    let allowed =
        queue(|queue| Queue { failures_of: vec![failed], ..queue }, |_| Grants::default());
    assert_eq!(
        allowed.property(QUEUE, "RedriveAllowPolicy"),
        r#"{"redrivePermission":"byQueue","sourceQueueArns":["arn:aws:sqs:eu-west-1:111122223333:main"]}"#
    );
    let dead = Expr::known_arn("arn:aws:sqs:eu-west-1:111122223333:dead");
    let sending = queue(|queue| Queue { dead_letters: Some(dead), ..queue }, |_| Grants::default());
    assert_eq!(sending.property(QUEUE, "RedriveAllowPolicy"), r#"{"redrivePermission":"denyAll"}"#);
    assert_eq!(
        sending.property(QUEUE, "RedrivePolicy"),
        r#"{"deadLetterTargetArn":"arn:aws:sqs:eu-west-1:111122223333:dead","maxReceiveCount":2}"#
    );
}

/// "Granting permissions to publish event notification messages to a destination" in the S3 user guide, and "Subscribing
/// an Amazon SQS queue to an Amazon SNS topic" in the SNS developer guide: the conditions are the source's ARN and account.
#[test]
fn a_bucket_and_topics_send_to_the_queue_for_their_account_only() {
    let with = |queue: Queue| Queue {
        events_of: Some("arn:aws:s3:::orders-data".to_owned()),
        topics: vec!["arn:aws:sns:eu-west-1:111122223333:orders-*".to_owned()],
        ..queue
    };
    let stack = queue(with, |_| Grants::default());
    let sends = |operator: &str, source: &str, service: &str| {
        format!(
            r#"{{"Action":"sqs:SendMessage","Condition":{{"{operator}":{{"aws:SourceArn":"{source}"}},"StringEquals":{{"aws:SourceAccount":"111122223333"}}}},"Effect":"Allow","Principal":{{"Service":"{service}.amazonaws.com"}},"Resource":"arn:aws:sqs:eu-west-1:111122223333:events"}}"#
        )
    };
    assert_eq!(
        stack.statement(QUEUE_POLICY, "BucketSends"),
        sends("ArnEquals", "arn:aws:s3:::orders-data", "s3")
    );
    assert_eq!(
        stack.statement(QUEUE_POLICY, "TopicSends"),
        sends("ArnLike", "arn:aws:sns:eu-west-1:111122223333:orders-*", "sns")
    );
    let records = stack.records();
    let bucket = records.iter().find(|record| record.principal == "service/s3.amazonaws.com");
    let bucket = bucket.expect("the bucket's events are intended");
    assert_eq!(bucket.resources, ["arn:aws:sqs:eu-west-1:111122223333:events"]);
    assert_eq!(
        bucket.conditions,
        [
            "ArnEquals aws:SourceArn arn:aws:s3:::orders-data",
            "StringEquals aws:SourceAccount 111122223333"
        ]
    );
}

/// "Setting up your account for Amazon S3 event notifications" in the Glue developer guide has the crawler's actions.
/// `SendMessage` is not among them, and consumers have no action that changes the queue.
#[test]
fn who_reads_a_queue_cannot_send_to_it() {
    let stack = queue(
        |queue| queue,
        |handle| {
            let consumer = reader(ELSEWHERE);
            let crawler = reader(HERE);
            let only = Conditions::none().with(Condition::new(
                Comparison::StringEquals,
                "aws:PrincipalOrgID",
                "o-1234567890",
            ));
            handle
                .grant_consume(consumer.grantee(), only)
                .and(handle.grant_crawl(crawler.grantee()))
        },
    );
    assert_eq!(
        stack.statement(QUEUE_POLICY, "Consume"),
        concat!(
            r#"{"Action":["sqs:ChangeMessageVisibility","sqs:DeleteMessage","sqs:GetQueueAttributes","sqs:GetQueueUrl","sqs:ReceiveMessage"],"#,
            r#""Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-1234567890"}},"Effect":"Allow","#,
            r#""Principal":{"AWS":"arn:aws:iam::444455556666:role/reader"},"#,
            r#""Resource":"arn:aws:sqs:eu-west-1:111122223333:events"}"#
        )
    );
    let crawl = stack.statement(QUEUE_POLICY, "Crawl");
    for action in ["DeleteMessage", "PurgeQueue", "ReceiveMessage", "SetQueueAttributes"] {
        assert!(crawl.contains(&format!(r#""sqs:{action}""#)), "{action}: {crawl}");
    }
    assert!(!crawl.contains("SendMessage"), "{crawl}");
}

/// "Security best practices for Amazon SNS" in the SNS developer guide: use server-side encryption, and enforce
/// encryption of data in transit, which applies to `sns:Publish`. "Using resource-based policies for Amazon EventBridge": a
/// rule publishes under `aws:SourceArn`, the ARN of the rule.
#[test]
fn a_topic_is_encrypted_and_takes_messages_over_tls_from_those_who_may() {
    let rule = "arn:aws:events:eu-west-1:111122223333:rule/failures";
    let condition = Condition::new(Comparison::ArnEquals, "aws:SourceArn", rule);
    let stack = topic(vec![(Service::EVENTS, Conditions::none().with(condition))]);
    assert_eq!(stack.property("AWS::SNS::Topic", "KmsMasterKeyId"), r#"{"Ref":"Key"}"#);
    let allowed = r#""Effect":"Allow""#;
    let events = r#""Condition":{"ArnEquals":{"aws:SourceArn":"arn:aws:events:eu-west-1:111122223333:rule/failures"}}"#;
    for (sid, how, who) in [
        (
            "DenyWithoutTls",
            r#""Condition":{"Bool":{"aws:SecureTransport":"false"}},"Effect":"Deny""#.to_owned(),
            r#"{"AWS":"*"}"#,
        ),
        ("Publish", allowed.to_owned(), r#"{"AWS":"arn:aws:iam::111122223333:role/reader"}"#),
        ("Publish1", format!("{events},{allowed}"), r#"{"Service":"events.amazonaws.com"}"#),
    ] {
        let expected = format!(
            r#"{{"Action":"sns:Publish",{how},"Principal":{who},"Resource":"arn:aws:sns:eu-west-1:111122223333:alarms"}}"#
        );
        assert_eq!(stack.statement(TOPIC_POLICY, sid), expected, "{sid}");
    }
    let records = stack.records();
    let record = records.iter().find(|record| record.principal == "service/events.amazonaws.com");
    let record = record.expect("the service's access is intended");
    assert_eq!(record.access, "publish");
    assert_eq!(record.conditions, [format!("ArnEquals aws:SourceArn {rule}")]);
}
