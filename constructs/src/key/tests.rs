use lakewright_template::DeletionPolicy;
use lakewright_template::write::value_to_compact_json;

use super::*;
use crate::testing::{Built, HERE, built, key, place, reader, role};

const KEY: &str = "AWS::KMS::Key";

/// A stack with a key, and the grants of `give` on it.
fn granted(give: impl FnOnce(&KeyHandle) -> Grants) -> Built {
    built(|scope| {
        let handle = key(scope);
        scope.grant(give(&handle));
    })
}

fn team() -> Vec<String> {
    vec!["arn:aws:iam::111122223333:role/analysts".to_owned()]
}

/// "Rotating AWS KMS keys" and "Delete an AWS KMS key" in the KMS developer guide: rotation is off unless it is turned
/// on, and 30 days is the longest waiting period. `docs/stacks/dataset.md`: a retained key keeps its alias.
#[test]
fn a_key_rotates_and_stays_as_long_as_possible() {
    let stack = granted(|_| Grants::default());
    assert_eq!(stack.property(KEY, "EnableKeyRotation"), "true");
    assert_eq!(stack.property(KEY, "PendingWindowInDays"), "30");
    // Policies of others refer to the alias, so it is retained with the key.
    let kept = Some(DeletionPolicy::RetainExceptOnCreate);
    assert_eq!(stack.one(KEY).deletion_policy, kept);
    assert_eq!(stack.one("AWS::KMS::Alias").deletion_policy, kept);
}

/// "Cryptographic operations" in the KMS developer guide, and `CreateGrant`, which gives others the use of a key.
/// "Creating a key policy": without `PutKeyPolicy` the key policy could not be changed any more.
#[test]
fn administrators_of_the_account_change_the_policy_but_do_not_use_the_key() {
    let stack = granted(|_| Grants::default());
    let administration = stack.statement(KEY, "AccountAdministers");
    assert!(
        administration.contains(r#""Principal":{"AWS":"arn:aws:iam::111122223333:root"}"#),
        "{administration}"
    );
    assert!(administration.contains(r#""kms:PutKeyPolicy""#), "{administration}");
    for operation in [
        "kms:Decrypt",
        "kms:DeriveSharedSecret",
        "kms:Encrypt",
        "kms:Generate",
        "kms:ReEncrypt",
        "kms:Sign",
        "kms:Verify",
        "kms:CreateGrant",
        "kms:*",
    ] {
        assert!(!administration.contains(operation), "{operation}: {administration}");
    }
    assert_eq!(stack.sids(KEY), ["AccountAdministers"]);
}

/// "kms:ViaService" in "AWS KMS condition keys": values such as `s3.us-east-2.amazonaws.com`. The suffix of `aws-cn` in
/// botocore's `partitions.json` is `amazonaws.com.cn`.
#[test]
fn a_grant_through_services_holds_for_these_services_in_one_region() {
    let stack = granted(|key| {
        let reader = reader(HERE);
        let services = ["s3", "sagemaker"];
        let used = key.grant_use_via(&reader, &services, "eu-west-1");
        used.and(key.grant_decrypt_via(&reader, &["glue"], "eu-west-1"))
    });
    let via = |services: &str| {
        format!(r#""Condition":{{"StringEquals":{{"kms:ViaService":{services}}}}}"#)
    };
    let used = stack.statement(KEY, "UseKeyVia");
    let services = r#"["s3.eu-west-1.amazonaws.com","sagemaker.eu-west-1.amazonaws.com"]"#;
    assert!(used.contains(&via(services)), "{used}");
    let read = stack.statement(KEY, "DecryptVia");
    assert!(read.contains(&via(r#""glue.eu-west-1.amazonaws.com""#)), "{read}");
    assert!(!read.contains("Encrypt\""), "{read}");
    let china = Place::parse(HERE, "cn-north-1").expect("a place");
    let statement = delegated_use(&china, &team(), &["s3"]);
    let text = value_to_compact_json(&statement.into_value());
    let services = r#"["s3.cn-north-1.amazonaws.com","s3.cn-north-1.amazonaws.com.cn"]"#;
    assert!(text.contains(&format!(r#""kms:ViaService":{services}"#)), "{text}");
}

/// "AWS JSON policy elements: Principal" in the IAM user guide: a policy that names a role which does not exist is
/// refused, so the account is named. `aws:PrincipalArn` compares the role.
#[test]
fn roles_that_come_later_are_held_by_a_condition_on_their_account() {
    let statement = delegated_use(&place(), &team(), &["sagemaker"]);
    assert_eq!(
        value_to_compact_json(&statement.into_value()),
        concat!(
            r#"{"Action":["kms:Decrypt","kms:DescribeKey","kms:Encrypt","kms:GenerateDataKey","kms:ReEncryptFrom","kms:ReEncryptTo"],"#,
            r#""Condition":{"ArnEquals":{"aws:PrincipalArn":"arn:aws:iam::111122223333:role/analysts"},"#,
            r#""StringEquals":{"kms:ViaService":"sagemaker.eu-west-1.amazonaws.com"}},"Effect":"Allow","#,
            r#""Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Resource":"*","Sid":"UseByTeams"}"#
        )
    );
}

/// "Reducing the cost of SSE-KMS with Amazon S3 Bucket Keys" in the S3 user guide: the encryption context
/// `aws:s3:arn` is the ARN of the bucket.
#[test]
fn use_for_one_buckets_objects_is_bound_to_its_encryption_context() {
    let statement = delegated_objects(&place(), &team(), "arn:aws:s3:::results");
    let delegated = value_to_compact_json(&statement.into_value());
    let stack = built(|scope| {
        let role = role(scope);
        let imported = ImportedKey::new(&place(), "results", "environment/finance");
        scope.grant(imported.grant_objects(&role, &place(), "arn:aws:s3:::results"));
    });
    let granted = stack.statement("AWS::IAM::RolePolicy", "UseKeyForObjects");
    for text in [delegated, granted] {
        assert!(
            text.contains(concat!(
                r#""StringEquals":{"kms:EncryptionContext:aws:s3:arn":"arn:aws:s3:::results","#,
                r#""kms:ViaService":"s3.eu-west-1.amazonaws.com"}"#
            )),
            "{text}"
        );
        assert!(text.contains(r#""Action":["kms:Decrypt","kms:GenerateDataKey"]"#), "{text}");
    }
}
