//! Buckets: private, encrypted, versioned, logged, TLS only.

use lakewright_policies::condition::{Comparison, Condition};
use lakewright_policies::service::Service;
use lakewright_policies::{Conditions, Principal, Statement};
use lakewright_synth::{
    Construct, Grant, Grantee, Grants, Options, PolicyOwner, PolicySlot, Scope, Target,
};
use lakewright_template::place::Place;
use lakewright_template::{Arn, Expr, Name, Ref, Value};

use crate::access_point::{AccessPointHandle, Traffic};
use crate::cfn::s3;
use crate::folder::Folder;
use crate::key::{ImportedKey, KeyAccess, KeyHandle};
use crate::messaging::QueueHandle;
use crate::role::Receives;

pub(crate) const READ_OBJECTS: [&str; 2] = ["s3:GetObject", "s3:GetObjectVersion"];
pub(crate) const PUT_OBJECTS: [&str; 3] =
    ["s3:AbortMultipartUpload", "s3:ListMultipartUploadParts", "s3:PutObject"];
pub(crate) const WRITE_OBJECTS: [&str; 4] =
    ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:ListMultipartUploadParts", "s3:PutObject"];
const LIST: [&str; 3] = ["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"];

/// How a bucket's objects are encrypted.
#[derive(Debug, Clone)]
pub enum Encryption {
    /// With a key of this stack.
    Kms(KeyHandle),
    /// With keys that S3 manages.
    S3Managed,
}

/// When objects move or go away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lifecycle {
    /// Current objects to Intelligent-Tiering after 90 days, old versions to Glacier Instant
    /// Retrieval after 60: nothing has to be restored before it can be read.
    Data,
    /// Everything goes after this number of days.
    Expire {
        /// Under this prefix; empty for the whole bucket.
        prefix: &'static str,
        /// After how many days.
        days: i64,
    },
}

/// A bucket.
#[derive(Debug, Clone)]
pub struct Bucket {
    /// The bucket's name.
    pub name: String,
    /// How it is encrypted.
    pub encryption: Encryption,
    /// The bucket that receives its access logs; `None` for the log bucket itself.
    pub access_logs: Option<Expr<Name<s3::Bucket>>>,
    /// When objects move or go away.
    pub lifecycle: Vec<Lifecycle>,
    /// Statements for services.
    pub statements: Vec<Statement>,
    /// What the bucket is part of, by its name on the command line.
    pub target: String,
    /// Whether it stays when it leaves the stack.
    pub retain: bool,
    /// The ARNs, as a pattern, of the access points that requesters are given: to their policies the
    /// bucket's policy leaves the decision when it is nearly full.
    pub access_points: Option<String>,
    /// The queue that is told of objects that come and go.
    pub events: Option<QueueHandle>,
}

/// A bucket of this stack.
#[derive(Debug, Clone)]
pub struct BucketHandle {
    reference: Ref<s3::Bucket>,
    access: BucketAccess,
}

/// A bucket that exists already, or that another stack makes. It cannot be deleted from here.
#[derive(Debug, Clone)]
pub struct ImportedBucket {
    access: BucketAccess,
}

/// How grants on a bucket are written.
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
        // S3 sends a message to the queue before it takes the notification.
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

/// What a queue is told of: "Supported event types for SQS, SNS, and Lambda" in the S3 user guide.
const EVENTS: [&str; 2] = ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"];

/// Days that access logs are kept.
const LOG_DAYS: i64 = 365;

impl Bucket {
    /// The bucket that receives access logs of the buckets whose ARNs match a pattern. It has no log itself: S3 would
    /// log the delivery of logs ("Enabling Amazon S3 server access logging" in the S3 user guide).
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
            // S3 delivers access logs to buckets with SSE-S3 only.
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
    /// The bucket's name, which makes whoever uses it wait for the bucket.
    pub fn name(&self) -> Expr<Name<s3::Bucket>> {
        self.reference.name()
    }

    /// The bucket's policy.
    pub fn policy(&self) -> Option<PolicySlot> {
        self.access.target.policy
    }

    /// The bucket's ARN, which makes whoever uses it wait for the bucket.
    pub fn arn(&self) -> Expr<Arn<s3::Bucket>> {
        self.reference.attribute(&s3::Bucket::ARN)
    }
}

impl ImportedBucket {
    /// A bucket by its name, with the key that encrypts it.
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

/// Traffic with a bucket, owned or imported.
pub trait BucketTraffic {
    /// How grants on this bucket are written.
    #[doc(hidden)]
    fn parts(&self) -> Parts<'_>;

    /// The path of a key in the bucket, as `s3://bucket/key`.
    fn uri(&self, key: &str) -> String {
        format!("s3://{}/{key}", self.parts().0.name)
    }

    /// The right to read every object.
    fn grant_read(&self, to: &impl Receives) -> Grants {
        self.parts().0.read(to.grantee())
    }

    /// Traffic with every object; the bucket's key is granted by itself.
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

    /// The right to read, write and delete every object.
    fn grant_read_write(&self, to: &impl Receives) -> Grants {
        self.parts().0.read_write(to.grantee())
    }

    /// The right to read, write and delete the objects of a folder.
    fn grant_read_write_under(&self, folder: &Folder, to: &impl Receives) -> Grants {
        self.parts().0.under(folder, "ReadWriteObjects", "write", &WRITE_OBJECTS, to.grantee())
    }

    /// The right to read, or to read and write, the objects of a folder for requests that come
    /// through an access point. The access point's own policy must allow them as well.
    fn grant_through(
        &self,
        access_point: &AccessPointHandle,
        folder: &Folder,
        traffic: Traffic,
        to: &impl Receives,
    ) -> Grants {
        self.parts().0.through(access_point.arn(), folder, traffic, to.grantee())
    }

    /// The right to read the objects of a folder.
    fn grant_read_under(&self, folder: &Folder, to: &impl Receives) -> Grants {
        self.parts().0.under(folder, "ReadObjects", "read", &[], to.grantee())
    }
}

/// How grants on a bucket are written; opaque to other crates.
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
            // These two actions know no prefix and would never match the condition.
            grant.actions.retain(|action| *action == "s3:ListBucket");
        }
        let keys = format!("{}*", folder.prefix());
        let objects = self.objects(sid, access, &actions, &keys, to);
        list.and(folder.means(&self.arn, objects)).and(key)
    }

    /// What reaches an encrypted object through an access point needs the key, and only through S3.
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

/// Requests without TLS 1.2 are denied.
fn tls_only(arn: &str) -> Statement {
    Statement::deny("DenyWithoutTls", ["s3:*"], [arn.to_owned(), format!("{arn}/*")])
        .for_principals([Principal::Anyone])
        .when(Conditions::none().with(Condition::new(
            Comparison::Bool,
            "aws:SecureTransport",
            "false",
        )))
}

/// Uploads that ask for another encryption than the bucket's own are denied.
///
/// Source: "PutObject" in the S3 API reference: `aws:kms` without a key's id is AWS's own key, and a
/// customer's key (SSE-C) is asked for by headers of its own.
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
    // A negated comparison holds for a request without the header, which is welcome.
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

/// The ARN of a bucket.
pub fn bucket_arn(place: &Place, name: &str) -> String {
    format!("arn:{}:s3:::{name}", place.partition())
}
