use lakewright_template::DeletionPolicy;

use super::*;
use crate::messaging::Queue;
use crate::testing::{Built, ELSEWHERE, HERE, built, key, place, reader, role, waits_for};

const BUCKET: &str = "AWS::S3::Bucket";
const POLICY: &str = "AWS::S3::BucketPolicy";

fn bucket(encryption: Encryption) -> Bucket {
    Bucket {
        name: "orders-data".to_owned(),
        encryption,
        access_logs: Some(Expr::known_name("logs")),
        lifecycle: vec![Lifecycle::Data],
        statements: Vec::new(),
        target: "dataset/orders".to_owned(),
        retain: true,
        access_points: None,
        events: None,
    }
}

/// A stack with an encrypted bucket, and the grants of `give` on it.
fn encrypted(give: impl FnOnce(&BucketHandle) -> Grants) -> Built {
    built(|scope| {
        let key = key(scope);
        let handle = scope.add("Data", bucket(Encryption::Kms(key)));
        scope.grant(give(&handle));
    })
}

fn plain() -> Built {
    encrypted(|_| Grants::default())
}

/// "Blocking public access to your Amazon S3 storage" in the S3 user guide: four independent settings. "Controlling
/// ownership of objects and disabling ACLs for your bucket": `BucketOwnerEnforced` turns ACLs off. "Enforce encryption of
/// data in transit" in "Security best practices for Amazon S3", for the bucket and its objects.
#[test]
fn a_bucket_is_closed_to_the_public_and_to_requests_without_tls() {
    let stack = plain();
    assert_eq!(
        stack.property(BUCKET, "PublicAccessBlockConfiguration"),
        r#"{"BlockPublicAcls":true,"BlockPublicPolicy":true,"IgnorePublicAcls":true,"RestrictPublicBuckets":true}"#
    );
    assert_eq!(
        stack.property(BUCKET, "OwnershipControls"),
        r#"{"Rules":[{"ObjectOwnership":"BucketOwnerEnforced"}]}"#
    );
    assert_eq!(
        stack.statement(POLICY, "DenyWithoutTls"),
        concat!(
            r#"{"Action":"s3:*","Condition":{"Bool":{"aws:SecureTransport":"false"}},"Effect":"Deny","#,
            r#""Principal":{"AWS":"*"},"#,
            r#""Resource":["arn:aws:s3:::orders-data","arn:aws:s3:::orders-data/*"]}"#
        )
    );
}

/// "Enable server access logging" and "S3 Versioning" in "Security best practices for Amazon S3". "DeletionPolicy
/// attribute" in the CloudFormation template reference.
#[test]
fn a_bucket_keeps_its_data_and_logs_requests_to_another_bucket() {
    let stack = plain();
    assert_eq!(stack.property(BUCKET, "VersioningConfiguration"), r#"{"Status":"Enabled"}"#);
    assert_eq!(
        stack.property(BUCKET, "LoggingConfiguration"),
        r#"{"DestinationBucketName":"logs","LogFilePrefix":"access-logs/orders-data/"}"#
    );
    let resource = stack.one(BUCKET);
    assert_eq!(resource.deletion_policy, Some(DeletionPolicy::RetainExceptOnCreate));
    assert_eq!(resource.update_replace_policy, Some(DeletionPolicy::Retain));
}

/// "PutObject" in the S3 API reference: `x-amz-server-side-encryption` selects the encryption; `aws:kms` without a key
/// selects the AWS managed key; SSE-C has a header of its own. "IAM JSON policy elements: Condition operators": a
/// negated operator matches a request without the key, and `Null` tests whether the key is there. "Reducing the cost of
/// SSE-KMS with Amazon S3 Bucket Keys": with a Bucket Key the encryption context is the bucket's ARN.
#[test]
fn objects_are_encrypted_with_the_given_key_and_with_no_other() {
    const KEY: &str = r#""s3:x-amz-server-side-encryption-aws-kms-key-id""#;
    const ALGORITHM: &str = r#""s3:x-amz-server-side-encryption""#;
    const CUSTOMER: &str = r#""s3:x-amz-server-side-encryption-customer-algorithm""#;
    const OURS: &str = r#"{"Fn::GetAtt":["Key","Arn"]}"#;
    let stack = plain();
    assert_eq!(
        stack.property(BUCKET, "BucketEncryption"),
        format!(
            r#"{{"ServerSideEncryptionConfiguration":[{{"BucketKeyEnabled":true,"ServerSideEncryptionByDefault":{{"KMSMasterKeyID":{OURS},"SSEAlgorithm":"aws:kms"}}}}]}}"#
        )
    );
    for (sid, conditions) in [
        (
            "DenyOtherEncryption",
            format!(
                r#"{{"Null":{{{ALGORITHM}:"false"}},"StringNotEquals":{{{ALGORITHM}:"aws:kms"}}}}"#
            ),
        ),
        (
            "DenyOtherKey",
            format!(r#"{{"Null":{{{KEY}:"false"}},"StringNotEquals":{{{KEY}:{OURS}}}}}"#),
        ),
        (
            "DenyAwsKey",
            format!(r#"{{"Null":{{{KEY}:"true"}},"StringEquals":{{{ALGORITHM}:"aws:kms"}}}}"#),
        ),
        ("DenyCustomerKey", format!(r#"{{"Null":{{{CUSTOMER}:"false"}}}}"#)),
    ] {
        let expected = format!(
            r#"{{"Action":"s3:PutObject","Condition":{conditions},"Effect":"Deny","Principal":{{"AWS":"*"}},"Resource":"arn:aws:s3:::orders-data/*"}}"#
        );
        assert_eq!(stack.statement(POLICY, sid), expected, "{sid}");
    }
}

/// "Enabling Amazon S3 server access logging" in the S3 user guide: S3 delivers with the principal
/// `logging.s3.amazonaws.com`, restricted by `aws:SourceArn` and `aws:SourceAccount`; the destination bucket has SSE-S3
/// and no access log of its own.
#[test]
fn a_log_bucket_takes_the_logs_of_the_given_buckets_only() {
    let stack = built(|scope| {
        let sources = "arn:aws:s3:::orders-*".to_owned();
        let target = "environment/finance".to_owned();
        let logs = Bucket::of_access_logs(&place(), "logs".to_owned(), sources, target, true);
        scope.add("Logs", logs);
    });
    assert_eq!(
        stack.statement(POLICY, "AccessLogs"),
        concat!(
            r#"{"Action":"s3:PutObject","Condition":{"ArnLike":{"aws:SourceArn":"arn:aws:s3:::orders-*"},"#,
            r#""StringEquals":{"aws:SourceAccount":"111122223333"}},"Effect":"Allow","#,
            r#""Principal":{"Service":"logging.s3.amazonaws.com"},"Resource":"arn:aws:s3:::logs/access-logs/*"}"#
        )
    );
    assert_eq!(stack.sids(POLICY), ["AccessLogs", "DenyWithoutTls"]);
    assert_eq!(
        stack.property(BUCKET, "BucketEncryption"),
        r#"{"ServerSideEncryptionConfiguration":[{"ServerSideEncryptionByDefault":{"SSEAlgorithm":"AES256"}}]}"#
    );
    assert_eq!(stack.property(BUCKET, "LoggingConfiguration"), "");
}

/// `docs/stacks/environment.md`: query results expire after 30 days, access logs after 365. "Expiring objects" in the S3
/// user guide: with versions, expiration of the current version alone removes nothing. `docs/stacks/dataset.md`: old
/// versions of data do not expire.
#[test]
fn data_stays_and_what_expires_also_expires_as_an_old_version() {
    let stack = built(|scope| {
        let lifecycle = vec![
            Lifecycle::Expire { prefix: "athenaqueries/", days: 30 },
            Lifecycle::Expire { prefix: "", days: 365 },
        ];
        scope.add("Data", Bucket { lifecycle, ..bucket(Encryption::S3Managed) });
    });
    assert_eq!(
        stack.property(BUCKET, "LifecycleConfiguration"),
        concat!(
            r#"{"Rules":[{"AbortIncompleteMultipartUpload":{"DaysAfterInitiation":7},"#,
            r#""Id":"abort-incomplete-uploads","Status":"Enabled"},"#,
            r#"{"ExpirationInDays":30,"Id":"expire-athenaqueries","#,
            r#""NoncurrentVersionExpiration":{"NoncurrentDays":30},"Prefix":"athenaqueries/","Status":"Enabled"},"#,
            r#"{"ExpirationInDays":365,"Id":"expire-all","#,
            r#""NoncurrentVersionExpiration":{"NoncurrentDays":30},"Status":"Enabled"}]}"#
        )
    );
    let data = plain().property(BUCKET, "LifecycleConfiguration");
    assert!(data.contains("INTELLIGENT_TIERING") && !data.contains("Expiration"), "{data}");
}

/// `docs/stacks/dataset.md`: stewards read objects and decrypt, and owners also write and delete.
#[test]
fn reading_includes_decryption_and_nothing_that_writes() {
    let stack = encrypted(|bucket| bucket.grant_read(&reader(HERE)));
    assert_eq!(
        stack.statement(POLICY, "ReadData"),
        concat!(
            r#"{"Action":["s3:GetObject","s3:GetObjectVersion"],"Effect":"Allow","#,
            r#""Principal":{"AWS":"arn:aws:iam::111122223333:role/reader"},"Resource":"arn:aws:s3:::orders-data/*"}"#
        )
    );
    assert_eq!(
        stack.statement("AWS::KMS::Key", "DecryptData"),
        concat!(
            r#"{"Action":["kms:Decrypt","kms:DescribeKey"],"Effect":"Allow","#,
            r#""Principal":{"AWS":"arn:aws:iam::111122223333:role/reader"},"Resource":"*"}"#
        )
    );
    let written = encrypted(|bucket| bucket.grant_read_write(&reader(HERE)));
    let data = written.statement(POLICY, "ReadWriteData");
    assert!(data.contains("s3:PutObject") && data.contains("s3:DeleteObject"), "{data}");
    let key = written.statement("AWS::KMS::Key", "UseKey");
    assert!(key.contains("kms:GenerateDataKey"), "{key}");
}

/// "Actions, resources, and condition keys for Amazon S3" in the service authorization reference: `s3:prefix` is a key of
/// `ListBucket`, and neither of `GetBucketLocation` nor of `ListBucketMultipartUploads`.
#[test]
fn a_folder_is_listed_and_read_below_its_prefix_only() {
    let stack = encrypted(|bucket| bucket.grant_read_under(&Folder::at("exports"), &reader(HERE)));
    assert_eq!(
        stack.statement(POLICY, "ListUnder"),
        concat!(
            r#"{"Action":"s3:ListBucket","Condition":{"StringLike":{"s3:prefix":"exports/*"}},"Effect":"Allow","#,
            r#""Principal":{"AWS":"arn:aws:iam::111122223333:role/reader"},"Resource":"arn:aws:s3:::orders-data"}"#
        )
    );
    let objects = stack.statement(POLICY, "ReadObjects");
    assert!(objects.contains(r#""Resource":"arn:aws:s3:::orders-data/exports/*""#), "{objects}");
    assert!(!objects.contains("Put") && !objects.contains("Delete"), "{objects}");
}

/// "Configuring IAM policies for using access points" in the S3 user guide: both the access point and the bucket must
/// permit a request; `s3:DataAccessPointArn` names the access point in the bucket's policy.
#[test]
fn a_grant_through_an_access_point_allows_no_other_way() {
    let stack = encrypted(|bucket| {
        let point = AccessPointHandle::imported(&place(), "exports", "dataset/orders");
        let folder = Folder::at("exports");
        bucket.grant_through(&point, &folder, Traffic::Read, &reader(ELSEWHERE))
    });
    let through = r#""ArnEquals":{"s3:DataAccessPointArn":"arn:aws:s3:eu-west-1:111122223333:accesspoint/exports"}"#;
    let objects = stack.statement(POLICY, "FolderThrough");
    assert!(objects.contains(&format!(r#""Condition":{{{through}}}"#)), "{objects}");
    assert!(objects.contains(r#""Resource":"arn:aws:s3:::orders-data/exports/*""#), "{objects}");
    let list = stack.statement(POLICY, "ListThrough");
    let conditions = format!(r#"{{{through},"StringLike":{{"s3:prefix":"exports/*"}}}}"#);
    assert!(list.contains(&conditions), "{list}");
    // The key needs a grant of its own.
    assert_eq!(stack.sids("AWS::KMS::Key"), ["AccountAdministers"]);
}

/// `docs/stacks/dataset.md`, "Imported buckets": the policies of roles grant access, and a condition restricts the access
/// to the key by its alias. "kms:ResourceAliases" in "AWS KMS condition keys" has several values, so it needs a set operator.
#[test]
fn a_grant_on_an_imported_bucket_goes_into_the_roles_policy() {
    let stack = built(|scope| {
        let role = role(scope);
        let key = ImportedKey::new(&place(), "old", "dataset/old");
        let bucket = ImportedBucket::new(&place(), "old-data", Some(&key), "dataset/old");
        scope.grant(bucket.grant_read(&role));
    });
    assert!(stack.all(POLICY).is_empty());
    assert_eq!(
        stack.statement("AWS::IAM::RolePolicy", "DecryptData"),
        concat!(
            r#"{"Action":["kms:Decrypt","kms:DescribeKey"],"#,
            r#""Condition":{"ForAnyValue:StringEquals":{"kms:ResourceAliases":"alias/old"}},"Effect":"Allow","#,
            r#""Resource":"arn:aws:kms:eu-west-1:111122223333:key/*"}"#
        )
    );
    let objects = stack.statement("AWS::IAM::RolePolicy", "ReadData");
    assert!(objects.contains(r#""Resource":"arn:aws:s3:::old-data/*""#), "{objects}");
}

/// "Supported event types for SQS, SNS, and Lambda" in the S3 user guide. "AWS::S3::Bucket NotificationConfiguration" in the
/// CloudFormation template reference: the bucket cannot be created until it has the permission to send.
#[test]
fn events_are_sent_when_the_queue_lets_them_in() {
    let stack = built(|scope| {
        let key = key(scope);
        let queue = scope.add(
            "Events",
            Queue {
                name: "orders-events".to_owned(),
                key: key.id(),
                dead_letters: None,
                failures_of: Vec::new(),
                topics: Vec::new(),
                events_of: Some("arn:aws:s3:::orders-data".to_owned()),
                target: "dataset/orders".to_owned(),
            },
        );
        scope.add("Data", Bucket { events: Some(queue), ..bucket(Encryption::Kms(key)) });
    });
    assert_eq!(
        stack.property(BUCKET, "NotificationConfiguration"),
        concat!(
            r#"{"QueueConfigurations":[{"Event":"s3:ObjectCreated:*","Queue":{"Fn::GetAtt":["Events","Arn"]}},"#,
            r#"{"Event":"s3:ObjectRemoved:*","Queue":{"Fn::GetAtt":["Events","Arn"]}}]}"#
        )
    );
    assert_eq!(waits_for(stack.one(BUCKET)), ["EventsPolicy"]);
}
