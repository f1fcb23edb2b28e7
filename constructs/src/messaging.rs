//! SNS topics and SQS queues: encrypted with a customer managed key, TLS only.

use lakewright_policies::condition::{Comparison, Condition};
use lakewright_policies::service::Service;
use lakewright_policies::{Conditions, Principal, Statement};
use lakewright_synth::{
    Construct, Grant, Grantee, Grants, Options, PolicyOwner, PolicySlot, Record, Scope, Target,
};
use lakewright_template::place::Place;
use lakewright_template::{Arn, Expr, Map, Name, Ref, Value};

use crate::cfn::{kms, sns, sqs};

/// A topic.
#[derive(Debug, Clone)]
pub struct Topic {
    /// The name.
    pub name: String,
    /// The id of the key that encrypts messages.
    pub key: Expr<Name<kms::Key>>,
    /// The command-line name of what the topic belongs to, such as `dataset/orders`.
    pub target: String,
    /// AWS services that may publish, and the conditions of each.
    pub publishers: Vec<(Service, Conditions)>,
}

/// A topic of this stack.
#[derive(Debug, Clone)]
pub struct TopicHandle {
    reference: Ref<sns::Topic>,
    arn: String,
    target: Target,
}

impl Construct for Topic {
    type Handle = TopicHandle;

    fn build(self, scope: &mut Scope<'_>) -> TopicHandle {
        let place = scope.spec().place.clone();
        let arn = topic_arn(&place, &self.name);
        let resource = sns::Topic {
            topic_name: Some(self.name.into()),
            kms_master_key_id: Some(self.key),
            ..sns::Topic::default()
        };
        let reference = scope.resource(resource, Options::default());
        let tls = Statement::deny("DenyWithoutTls", ["sns:Publish"], [arn.clone()])
            .for_principals([Principal::Anyone])
            .when(without_tls());
        let owner = PolicyOwner::Topic { topic: reference.name().into() };
        let mut statements = vec![tls];
        for (service, conditions) in self.publishers {
            let sid = format!("Publish{}", statements.len());
            let statement = Statement::allow(sid, ["sns:Publish"], [arn.clone()])
                .for_principals([Principal::Service(service.principal.into())])
                .when(conditions.clone());
            statements.push(statement);
            scope.record(Record {
                principal: format!("service/{}", service.principal),
                principal_arn: service.principal.to_owned(),
                access: "publish",
                resource: self.target.clone(),
                actions: vec!["sns:Publish".into()],
                resources: vec![arn.clone()],
                conditions: crate::role::shown(&conditions),
            });
        }
        let policy = scope.policy(owner, statements);
        let target = Target { name: self.target, account: place.account, policy: Some(policy) };
        TopicHandle { reference, arn, target }
    }
}

impl TopicHandle {
    /// The topic's ARN.
    pub fn arn(&self) -> Expr<Arn<sns::Topic>> {
        self.reference.attribute(&sns::Topic::TOPIC_ARN)
    }

    /// Grants publishing to a grantee, under conditions.
    pub fn grant_publish(&self, to: &Grantee, conditions: Conditions) -> Grants {
        self.grant("Publish", "publish", &["sns:Publish"], to, conditions)
    }

    /// Grants subscribing to a grantee, under conditions.
    pub fn grant_subscribe(&self, to: &Grantee, conditions: Conditions) -> Grants {
        self.grant("Subscribe", "subscribe", &["sns:Subscribe"], to, conditions)
    }

    fn grant(
        &self,
        sid: &str,
        access: &'static str,
        actions: &[&'static str],
        to: &Grantee,
        conditions: Conditions,
    ) -> Grants {
        one_grant(sid, access, actions, to, conditions, &self.target, &self.arn)
    }
}

/// A queue.
#[derive(Debug, Clone)]
pub struct Queue {
    /// The name.
    pub name: String,
    /// The id of the key that encrypts messages.
    pub key: Expr<Name<kms::Key>>,
    /// The dead-letter queue, for messages that were received twice without success.
    pub dead_letters: Option<Expr<Arn<sqs::Queue>>>,
    /// The ARNs of the queues that may use this one as their dead-letter queue. SQS's default allows every queue of the
    /// account.
    pub failures_of: Vec<String>,
    /// The ARNs of the topics that may send messages; may contain wildcards.
    pub topics: Vec<String>,
    /// The ARN of a bucket of the same account that may send its events.
    pub events_of: Option<String>,
    /// The command-line name of what the queue belongs to, such as `dataset/orders`.
    pub target: String,
}

/// A queue of this stack.
#[derive(Debug, Clone)]
pub struct QueueHandle {
    reference: Ref<sqs::Queue>,
    arn: String,
    target: Target,
}

impl Construct for Queue {
    type Handle = QueueHandle;

    fn build(self, scope: &mut Scope<'_>) -> QueueHandle {
        let place = scope.spec().place.clone();
        let arn = queue_arn(&place, &self.name);
        let resource = sqs::Queue {
            queue_name: Some(self.name.into()),
            kms_master_key_id: Some(self.key),
            // 14 days, the longest retention of SQS.
            message_retention_period: Some(1_209_600.into()),
            redrive_policy: self.dead_letters.map(|arn| sqs::QueueRedrivePolicy {
                dead_letter_target_arn: Some(arn.into()),
                max_receive_count: Some(2.into()),
            }),
            redrive_allow_policy: Some(Expr::unchecked(redrive_allow(self.failures_of))),
            ..sqs::Queue::default()
        };
        // Nobody reads the messages of a deleted environment, so the queue is not retained.
        let reference = scope.resource(resource, Options::retain(false));
        let tls = Statement::deny("DenyWithoutTls", ["sqs:*"], [arn.clone()])
            .for_principals([Principal::Anyone])
            .when(without_tls());
        let send = (!self.topics.is_empty()).then(|| {
            let conditions = from_topics(&place.account, &self.topics);
            Statement::allow("TopicSends", ["sqs:SendMessage"], [arn.clone()])
                .for_principals([Principal::Service(Service::SNS.principal.into())])
                .when(conditions)
        });
        let events = self.events_of.map(|bucket| {
            Statement::allow("BucketSends", ["sqs:SendMessage"], [arn.clone()])
                .for_principals([Principal::Service(Service::S3_EVENTS.principal.into())])
                .when(Service::S3_EVENTS.acting_for(&place.account).with(Condition::new(
                    Comparison::ArnEquals,
                    "aws:SourceArn",
                    bucket,
                )))
        });
        crate::record::statements(scope, events.as_slice(), &self.target, |_| vec![arn.clone()]);
        let owner = PolicyOwner::Queue { queue: reference.name().into() };
        // A queue has one policy; a second one would replace the first.
        let statements = std::iter::once(tls).chain(send).chain(events).collect();
        let policy = scope.policy(owner, statements);
        let target = Target { name: self.target, account: place.account, policy: Some(policy) };
        QueueHandle { reference, arn, target }
    }
}

/// The queues that may use this one as their dead-letter queue. Without this setting, every queue of the account and
/// region may. Source: "RedriveAllowPolicy" in the SQS API reference.
fn redrive_allow(sources: Vec<String>) -> Map {
    if sources.is_empty() {
        return Map::new().with("redrivePermission", "denyAll");
    }
    Map::new().with("redrivePermission", "byQueue").with("sourceQueueArns", sources)
}

impl QueueHandle {
    /// The queue's ARN.
    pub fn arn(&self) -> Expr<Arn<sqs::Queue>> {
        self.reference.attribute(&sqs::Queue::ARN)
    }

    /// The queue's policy, to which grants add statements.
    pub fn policy(&self) -> Option<PolicySlot> {
        self.target.policy
    }

    /// Grants a crawler the actions that it needs to crawl by the queue's events.
    ///
    /// Source: "Setting up your account for Amazon S3 event notifications" in the Glue developer guide, the policy of the
    /// crawler's role.
    pub fn grant_crawl(&self, to: &Grantee) -> Grants {
        let actions = [
            "sqs:DeleteMessage",
            "sqs:GetQueueAttributes",
            "sqs:GetQueueUrl",
            "sqs:ListDeadLetterSourceQueues",
            "sqs:ListQueueTags",
            "sqs:PurgeQueue",
            "sqs:ReceiveMessage",
            "sqs:SetQueueAttributes",
        ];
        self.grant("Crawl", &actions, to, Conditions::none())
    }

    /// Grants receiving and deleting messages to a grantee, under conditions.
    pub fn grant_consume(&self, to: &Grantee, conditions: Conditions) -> Grants {
        let actions = [
            "sqs:ChangeMessageVisibility",
            "sqs:DeleteMessage",
            "sqs:GetQueueAttributes",
            "sqs:GetQueueUrl",
            "sqs:ReceiveMessage",
        ];
        self.grant("Consume", &actions, to, conditions)
    }

    fn grant(
        &self,
        sid: &str,
        actions: &[&'static str],
        to: &Grantee,
        conditions: Conditions,
    ) -> Grants {
        one_grant(sid, "consume", actions, to, conditions, &self.target, &self.arn)
    }
}

fn one_grant(
    sid: &str,
    access: &'static str,
    actions: &[&'static str],
    to: &Grantee,
    conditions: Conditions,
    target: &Target,
    arn: &str,
) -> Grants {
    let resource = Value::from(arn.to_owned());
    Grants(vec![Grant {
        sid: sid.to_owned(),
        grantee: to.clone(),
        access,
        target: target.clone(),
        actions: actions.to_vec(),
        resources: vec![resource.clone()],
        own_resources: vec![resource],
        known_resources: vec![arn.to_owned()],
        conditions,
    }])
}

/// The conditions that SNS acts for these topics of an account. `topics` are ARNs that may contain wildcards.
pub fn from_topics(account: &str, topics: &[String]) -> Conditions {
    topics.iter().fold(Service::SNS.acting_for(account), |conditions, topic| {
        conditions.with(Condition::new(Comparison::ArnLike, "aws:SourceArn", topic.clone()))
    })
}

fn without_tls() -> Conditions {
    Conditions::none().with(Condition::new(Comparison::Bool, "aws:SecureTransport", "false"))
}

/// The ARN of a topic, from its name.
pub fn topic_arn(place: &Place, name: &str) -> String {
    place.arn("sns", name)
}

/// The ARN of a queue, from its name.
pub fn queue_arn(place: &Place, name: &str) -> String {
    place.arn("sqs", name)
}

#[cfg(test)]
mod tests;
