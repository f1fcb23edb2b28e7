//! S3 buckets: private, encrypted, versioned, with access logs, TLS only.

use lakewright_policies::condition::{Comparison, Condition};
use lakewright_policies::service::Service;
use lakewright_policies::{Conditions, Principal, Statement};
use lakewright_synth::{
    Construct, Grant, Grantee, Grants, Options, PolicyOwner, PolicySlot, Scope, Target,
};
use lakewright_template::place::Place;
use lakewright_template::{Arn, Expr, Name, Ref, Value};

use crate::access_point::{AccessPointHandle, READ_OBJECTS, Traffic, WRITE_OBJECTS};
use crate::cfn::s3;
use crate::folder::Folder;
use crate::key::{ImportedKey, KeyAccess, KeyHandle};
use crate::messaging::QueueHandle;
use crate::role::Receives;

const LIST: [&str; 3] = ["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"];

/// How a bucket's objects are encrypted.
#[derive(Debug, Clone)]
pub enum Encryption {
    /// With a KMS key of this stack.
    Kms(KeyHandle),
    /// With keys that S3 manages.
    S3Managed,
}

/// A lifecycle rule: when objects change their storage class or expire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lifecycle {
    /// Current objects move to Intelligent-Tiering after 90 days, old versions to Glacier Instant Retrieval after 60.
    /// Both can be read without a restore.
    Data,
    /// All objects under a prefix expire.
    Expire {
        /// The prefix of the keys; empty for the whole bucket.
        prefix: &'static str,
        /// The age in days at which objects expire.
        days: i64,
    },
}

/// A bucket.
#[derive(Debug, Clone)]
pub struct Bucket {
    /// The bucket's name.
    pub name: String,
    /// How the objects are encrypted.
    pub encryption: Encryption,
    /// The bucket that receives this bucket's access logs; `None` for the log bucket itself.
    pub access_logs: Option<Expr<Name<s3::Bucket>>>,
    /// The lifecycle rules.
    pub lifecycle: Vec<Lifecycle>,
    /// Bucket policy statements for AWS services.
    pub statements: Vec<Statement>,
    /// The command-line name of what the bucket belongs to, such as `dataset/orders`.
    pub target: String,
    /// Whether the bucket is retained when it is removed from the stack.
    pub retain: bool,
    /// An ARN pattern that matches the requesters' access points. When the bucket policy is nearly full, it delegates
    /// access control to the policies of these access points.
    pub access_points: Option<String>,
    /// The queue that receives events of created and removed objects.
    pub events: Option<QueueHandle>,
}

/// A bucket of this stack.
#[derive(Debug, Clone)]
pub struct BucketHandle {
    reference: Ref<s3::Bucket>,
    access: BucketAccess,
}

/// A bucket that already exists, or that another stack creates. This stack cannot delete it.
#[derive(Debug, Clone)]
pub struct ImportedBucket {
    access: BucketAccess,
}

/// The facts from which grants on a bucket are written.
#[derive(Debug, Clone)]
struct BucketAccess {
    name: String,
    arn: String,
    key: Option<KeyAccess>,
    target: Target,
}

impl Construct for Bucket {
    type Handle = BucketHandle;

    fn build(self, scope: &mut Scope<'_>) -> BucketHandle {
        let place = scope.spec().place.clone();
        let arn = bucket_arn(&place, &self.name);
        let mut statements = vec![tls_only(&arn)];
        if let Encryption::Kms(key) = &self.encryption {
            statements.extend(this_key_only(&arn, key));
        }
        crate::record::statements(scope, &self.statements, &self.target, |statement| {
            let arns = statement.resources.iter().filter_map(Value::as_text);
            arns.map(str::to_owned).collect()
        });
        statements.extend(self.statements.clone());
        let resource = self.resource();
        // When the notification is configured, S3 sends a test message. The queue's policy must allow it by then.
        let after = self.events.as_ref().and_then(QueueHandle::policy);
        let options =
            Options { after_policies: after.into_iter().collect(), ..Options::retain(self.retain) };
        let reference = scope.resource(resource, options);
        let owner = PolicyOwner::Bucket {
            bucket: reference.name().into(),
            name: self.target.clone(),
            access_points: self.access_points.clone(),
        };
        let policy = scope.policy(owner, statements);
        let key = match &self.encryption {
            Encryption::Kms(key) => Some(key.access().clone()),
            Encryption::S3Managed => None,
        };
        let target = Target { name: self.target, account: place.account, policy: Some(policy) };
        BucketHandle { reference, access: BucketAccess { name: self.name, arn, key, target } }
    }
}

/// The events that a queue receives. Source: "Supported event types for SQS, SNS, and Lambda" in the S3 user guide.
const EVENTS: [&str; 2] = ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"];

/// The retention of access logs, in days.
const LOG_DAYS: i64 = 365;

impl Bucket {
    /// A log bucket for the buckets whose ARNs match a pattern. It has no access log of its own: S3 would log the
    /// delivery of logs ("Enabling Amazon S3 server access logging" in the S3 user guide).
    pub fn of_access_logs(
        place: &Place,
        name: String,
        sources: String,
        target: String,
        retain: bool,
    ) -> Self {
        let objects = format!("{}/access-logs/*", bucket_arn(place, &name));
        let delivery = Statement::allow("AccessLogs", ["s3:PutObject"], [objects])
            .for_principals([Principal::Service(Service::S3_LOGGING.principal.into())])
            .when(Service::S3_LOGGING.acting_for(&place.account).with(Condition::new(
                Comparison::ArnLike,
                "aws:SourceArn",
                sources,
            )));
        Self {
            name,
            // S3 delivers access logs only to buckets with SSE-S3.
            encryption: Encryption::S3Managed,
            access_logs: None,
            lifecycle: vec![Lifecycle::Expire { prefix: "", days: LOG_DAYS }],
            statements: vec![delivery],
            target,
            retain,
            access_points: None,
            events: None,
        }
    }

    fn resource(&self) -> s3::Bucket {
        let default = match &self.encryption {
            Encryption::Kms(key) => s3::BucketServerSideEncryptionByDefault {
                kms_master_key_id: Some(key.arn()),
                sse_algorithm: Some("aws:kms".into()),
            },
            Encryption::S3Managed => s3::BucketServerSideEncryptionByDefault {
                kms_master_key_id: None,
                sse_algorithm: Some("AES256".into()),
            },
        };
        let rule = s3::BucketServerSideEncryptionRule {
            bucket_key_enabled: matches!(self.encryption, Encryption::Kms(_)).then(|| true.into()),
            server_side_encryption_by_default: Some(default),
            ..s3::BucketServerSideEncryptionRule::default()
        };
        let logging = self.access_logs.as_ref().map(|bucket| s3::BucketLoggingConfiguration {
            destination_bucket_name: Some(bucket.clone()),
            log_file_prefix: Some(format!("access-logs/{}/", self.name).into()),
            ..s3::BucketLoggingConfiguration::default()
        });
        s3::Bucket {
            bucket_name: Some(Expr::unchecked(self.name.clone())),
            bucket_encryption: Some(s3::BucketBucketEncryption {
                server_side_encryption_configuration: Some(vec![rule]),
            }),
            lifecycle_configuration: Some(self.lifecycle_configuration()),
            logging_configuration: logging,
            notification_configuration: self.notifications(),
            ownership_controls: Some(s3::BucketOwnershipControls {
                rules: Some(vec![s3::BucketOwnershipControlsRule {
                    object_ownership: Some("BucketOwnerEnforced".into()),
                }]),
            }),
            public_access_block_configuration: Some(s3::BucketPublicAccessBlockConfiguration {
                block_public_acls: Some(true.into()),
                block_public_policy: Some(true.into()),
                ignore_public_acls: Some(true.into()),
                restrict_public_buckets: Some(true.into()),
            }),
            versioning_configuration: Some(s3::BucketVersioningConfiguration {
                status: Some("Enabled".into()),
            }),
            ..s3::Bucket::default()
        }
    }

    fn notifications(&self) -> Option<s3::BucketNotificationConfiguration> {
        let queue = self.events.as_ref()?;
        let event = |event: &'static str| s3::BucketQueueConfiguration {
            event: Some(event.into()),
            queue: Some(queue.arn().into()),
            ..s3::BucketQueueConfiguration::default()
        };
        Some(s3::BucketNotificationConfiguration {
            queue_configurations: Some(EVENTS.map(event).into()),
            ..s3::BucketNotificationConfiguration::default()
        })
    }

    fn lifecycle_configuration(&self) -> s3::BucketLifecycleConfiguration {
        let uploads = s3::BucketRule {
            id: Some("abort-incomplete-uploads".into()),
            status: Some("Enabled".into()),
            abort_incomplete_multipart_upload: Some(s3::BucketAbortIncompleteMultipartUpload {
                days_after_initiation: Some(7.into()),
            }),
            ..s3::BucketRule::default()
        };
        let rules = self.lifecycle.iter().map(|lifecycle| match lifecycle {
            Lifecycle::Data => s3::BucketRule {
                id: Some("tier-data".into()),
                status: Some("Enabled".into()),
                transitions: Some(vec![s3::BucketTransition {
                    storage_class: Some("INTELLIGENT_TIERING".into()),
                    transition_in_days: Some(90.into()),
                    ..s3::BucketTransition::default()
                }]),
                noncurrent_version_transitions: Some(vec![s3::BucketNoncurrentVersionTransition {
                    storage_class: Some("GLACIER_IR".into()),
                    transition_in_days: Some(60.into()),
                    ..s3::BucketNoncurrentVersionTransition::default()
                }]),
                ..s3::BucketRule::default()
            },
            Lifecycle::Expire { prefix, days } => s3::BucketRule {
                id: Some(
                    format!(
                        "expire-{}",
                        if prefix.is_empty() { "all" } else { prefix.trim_end_matches('/') }
                    )
                    .into(),
                ),
                status: Some("Enabled".into()),
                prefix: (!prefix.is_empty()).then(|| (*prefix).into()),
                expiration_in_days: Some((*days).into()),
                noncurrent_version_expiration: Some(s3::BucketNoncurrentVersionExpiration {
                    noncurrent_days: Some(30.into()),
                    ..s3::BucketNoncurrentVersionExpiration::default()
                }),
                ..s3::BucketRule::default()
            },
        });
        s3::BucketLifecycleConfiguration {
            rules: Some(std::iter::once(uploads).chain(rules).collect()),
            ..s3::BucketLifecycleConfiguration::default()
        }
    }
}

impl BucketHandle {
    /// A reference to the bucket's name. A resource that uses the reference is created after the bucket.
    pub fn name(&self) -> Expr<Name<s3::Bucket>> {
        self.reference.name()
    }

    /// The bucket's policy, to which grants add statements.
    pub fn policy(&self) -> Option<PolicySlot> {
        self.access.target.policy
    }

    /// A reference to the bucket's ARN. A resource that uses the reference is created after the bucket.
    pub fn arn(&self) -> Expr<Arn<s3::Bucket>> {
        self.reference.attribute(&s3::Bucket::ARN)
    }
}

impl ImportedBucket {
    /// A bucket by its name, and the key that encrypts it. `target` is the command-line name of what it belongs to.
    pub fn new(place: &Place, name: &str, key: Option<&ImportedKey>, target: &str) -> Self {
        Self {
            access: BucketAccess {
                name: name.to_owned(),
                arn: bucket_arn(place, name),
                key: key.map(|key| key.access().clone()),
                target: Target {
                    name: target.to_owned(),
                    account: place.account.clone(),
                    policy: None,
                },
            },
        }
    }

    /// The bucket's ARN.
    pub fn arn(&self) -> Expr<Arn<s3::Bucket>> {
        Expr::known_arn(self.access.arn.clone())
    }
}

/// Grants on a bucket, whether this stack owns or imports it.
pub trait BucketTraffic {
    /// The facts from which grants on this bucket are written.
    #[doc(hidden)]
    fn parts(&self) -> Parts<'_>;

    /// The URI of a key in the bucket: `s3://bucket/key`.
    fn uri(&self, key: &str) -> String {
        format!("s3://{}/{key}", self.parts().0.name)
    }

    /// Grants reading every object, and decryption with the bucket's key.
    fn grant_read(&self, to: &impl Receives) -> Grants {
        self.parts().0.read(to.grantee())
    }

    /// Grants access to every object, but not to the bucket's key, which needs a grant of its own.
    fn grant_objects(&self, traffic: Traffic, to: &impl Receives) -> Grants {
        let access = self.parts().0;
        let sid = match traffic {
            Traffic::Read => "ReadData",
            Traffic::Write => "WriteData",
            Traffic::ReadWrite => "ReadWriteData",
        };
        access.list(to.grantee(), Conditions::none()).and(access.objects(
            sid,
            traffic.word(),
            &traffic.actions(),
            "*",
            to.grantee(),
        ))
    }

    /// Grants reading, writing and deleting every object, and the use of the bucket's key.
    fn grant_read_write(&self, to: &impl Receives) -> Grants {
        self.parts().0.read_write(to.grantee())
    }

    /// Grants reading, writing and deleting the objects of a folder, and the use of the bucket's key.
    fn grant_read_write_under(&self, folder: &Folder, to: &impl Receives) -> Grants {
        self.parts().0.under(folder, "ReadWriteObjects", "write", &WRITE_OBJECTS, to.grantee())
    }

    /// Grants access to the objects of a folder for requests that come through an access point. The access point's
    /// own policy must allow them as well.
    fn grant_through(
        &self,
        access_point: &AccessPointHandle,
        folder: &Folder,
        traffic: Traffic,
        to: &impl Receives,
    ) -> Grants {
        self.parts().0.through(access_point.arn(), folder, traffic, to.grantee())
    }

    /// Grants reading the objects of a folder, and decryption with the bucket's key.
    fn grant_read_under(&self, folder: &Folder, to: &impl Receives) -> Grants {
        self.parts().0.under(folder, "ReadObjects", "read", &[], to.grantee())
    }
}

/// The facts from which grants on a bucket are written. Other crates cannot see them.
#[derive(Debug)]
pub struct Parts<'a>(&'a BucketAccess);

impl BucketTraffic for BucketHandle {
    fn parts(&self) -> Parts<'_> {
        Parts(&self.access)
    }
}

impl BucketTraffic for ImportedBucket {
    fn parts(&self) -> Parts<'_> {
        Parts(&self.access)
    }
}

impl BucketAccess {
    fn read(&self, to: &Grantee) -> Grants {
        let key = self.key.as_ref().map(|key| key.grant_decrypt(to)).unwrap_or_default();
        self.list(to, Conditions::none())
            .and(self.objects("ReadData", "read", &READ_OBJECTS, "*", to))
            .and(key)
    }

    fn read_write(&self, to: &Grantee) -> Grants {
        let key = self.key.as_ref().map(|key| key.grant_use(to)).unwrap_or_default();
        let actions = [&READ_OBJECTS[..], &WRITE_OBJECTS[..]].concat();
        self.list(to, Conditions::none())
            .and(self.objects("ReadWriteData", "write", &actions, "*", to))
            .and(key)
    }

    fn under(
        &self,
        folder: &Folder,
        sid: &str,
        access: &'static str,
        more: &[&'static str],
        to: &Grantee,
    ) -> Grants {
        let key = match (&self.key, more.is_empty()) {
            (Some(key), true) => key.grant_decrypt(to),
            (Some(key), false) => key.grant_use(to),
            (None, _) => Grants::default(),
        };
        let actions = [&READ_OBJECTS[..], more].concat();
        let mut list = self.list(to, Conditions::none().with(folder.listed()));
        for grant in &mut list.0 {
            // The other actions of the list have no `s3:prefix` key, so this condition would never match them.
            grant.actions.retain(|action| *action == "s3:ListBucket");
        }
        let keys = format!("{}*", folder.prefix());
        let objects = self.objects(sid, access, &actions, &keys, to);
        list.and(folder.means(&self.arn, objects)).and(key)
    }

    /// Access to a folder through an access point. The key of an encrypted bucket needs a grant of its own.
    fn through(&self, arn: &str, folder: &Folder, traffic: Traffic, to: &Grantee) -> Grants {
        let from = || {
            Conditions::none().with(Condition::new(
                Comparison::ArnEquals,
                "s3:DataAccessPointArn",
                arn.to_owned(),
            ))
        };
        let list = self.grant(
            "ListThrough",
            "list",
            &["s3:ListBucket"],
            self.arn.clone(),
            to,
            from().with(folder.listed()),
        );
        let objects = self.grant(
            "FolderThrough",
            traffic.word(),
            &traffic.actions(),
            format!("{}/{}*", self.arn, folder.prefix()),
            to,
            from(),
        );
        list.and(folder.means(&self.arn, objects))
    }

    fn list(&self, to: &Grantee, conditions: Conditions) -> Grants {
        let sid = if conditions.is_empty() { "ListData" } else { "ListUnder" };
        self.grant(sid, "list", &LIST, self.arn.clone(), to, conditions)
    }

    fn objects(
        &self,
        sid: &str,
        access: &'static str,
        actions: &[&'static str],
        keys: &str,
        to: &Grantee,
    ) -> Grants {
        self.grant(sid, access, actions, format!("{}/{keys}", self.arn), to, Conditions::none())
    }

    fn grant(
        &self,
        sid: &str,
        access: &'static str,
        actions: &[&'static str],
        resource: String,
        to: &Grantee,
        conditions: Conditions,
    ) -> Grants {
        let value = Value::from(resource.clone());
        Grants(vec![Grant {
            sid: sid.to_owned(),
            grantee: to.clone(),
            access,
            target: self.target.clone(),
            actions: actions.to_vec(),
            resources: vec![value.clone()],
            own_resources: vec![value],
            known_resources: vec![resource],
            conditions,
        }])
    }
}

/// Denies requests without TLS 1.2.
fn tls_only(arn: &str) -> Statement {
    Statement::deny("DenyWithoutTls", ["s3:*"], [arn.to_owned(), format!("{arn}/*")])
        .for_principals([Principal::Anyone])
        .when(Conditions::none().with(Condition::new(
            Comparison::Bool,
            "aws:SecureTransport",
            "false",
        )))
}

/// Denies uploads that ask for another encryption than the bucket's.
///
/// Source: "PutObject" in the S3 API reference: `aws:kms` without a key id selects the AWS managed key. A
/// customer-provided key (SSE-C) has headers of its own.
fn this_key_only(arn: &str, key: &KeyHandle) -> [Statement; 4] {
    const ENCRYPTION: &str = "s3:x-amz-server-side-encryption";
    const KEY: &str = "s3:x-amz-server-side-encryption-aws-kms-key-id";
    const CUSTOMER: &str = "s3:x-amz-server-side-encryption-customer-algorithm";
    let deny = |sid: &'static str, conditions: [Condition; 2]| {
        Statement::deny(sid, ["s3:PutObject"], [format!("{arn}/*")])
            .for_principals([Principal::Anyone])
            .when(conditions.into_iter().collect())
    };
    let is_there = |header: &'static str| Condition::new(Comparison::Null, header, "false");
    let is_missing = |header: &'static str| Condition::new(Comparison::Null, header, "true");
    let is_not = |header: &'static str, value: Value| {
        Condition::new(Comparison::StringNotEquals, header, value)
    };
    // A negated comparison also matches a request without the header. Such a request is allowed, hence the second
    // condition.
    let other = |header, value| [is_there(header), is_not(header, value)];
    let aws_key = Condition::new(Comparison::StringEquals, ENCRYPTION, "aws:kms");
    [
        deny("DenyOtherEncryption", other(ENCRYPTION, "aws:kms".into())),
        deny("DenyOtherKey", other(KEY, key.arn().into())),
        deny("DenyAwsKey", [aws_key, is_missing(KEY)]),
        Statement::deny("DenyCustomerKey", ["s3:PutObject"], [format!("{arn}/*")])
            .for_principals([Principal::Anyone])
            .when(Conditions::none().with(is_there(CUSTOMER))),
    ]
}

/// The ARN of a bucket, from its name.
pub fn bucket_arn(place: &Place, name: &str) -> String {
    place.partition_arn("s3", name)
}

#[cfg(test)]
mod tests;
