//! What somebody changed by hand in the accounts.

use serde_json::{Value, json};

use super::{Emulator, ends_with, lab};
use crate::run::transcript;

const PLATFORM: &str = "222222222222";
const SCIENCE: &str = "333333333333";
/// The role of the lab's TeamA in the environment `platform`.
const TEAM_A: &str = "lab-teama-h3bgpfud";
/// The bucket and the database of the dataset `dpdataset`.
const BUCKET: &str = "lab-dpdataset-m33u3n7d";
const DATABASE: &str = "lab_dpdataset_m33u3n7d";
/// The role of TeamA in the environment `science`, to which a share gives a table.
const CONSUMER: &str = "arn:aws:iam::333333333333:role/lab-teama-ewsex6a7";

fn role(name: &str) -> String {
    format!("arn:aws:iam::{PLATFORM}:role/{name}")
}

/// The relations of the principals whose access differs.
fn relation<'r>(review: &'r Value, principal: &str) -> Option<&'r str> {
    let access = review["access"].as_array().expect("access");
    access.iter().find(|one| one["principal"] == principal)?["relation"].as_str()
}

fn deployed() -> (tempfile::TempDir, String, Emulator) {
    let folder = tempfile::tempdir().expect("a folder");
    let mesh = lab(folder.path());
    let emulator = Emulator::start();
    ends_with(&emulator.deploy(&mesh), 0, "16 created, 0 updated");
    (folder, mesh.display().to_string(), emulator)
}

#[test]
fn what_nobody_touched_does_not_differ() {
    let (_folder, path, emulator) = deployed();
    let output = emulator.lakewright(&["drift", &path]);
    ends_with(&output, 0, "no changes");
    let review = emulator.document(&["drift", &path], 0);
    assert_eq!(review["summary"]["stacks"]["changed"], 0, "{review:#}");
}

/// CloudFormation's drift detection does not see it: coverage-roadmap #2489.
#[test]
fn a_policy_that_was_attached_to_a_team_is_access_gained() {
    let (_folder, path, emulator) = deployed();
    let read_only = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess";
    let attach = json!({ "RoleName": TEAM_A, "PolicyArn": read_only });
    emulator.call(PLATFORM, "iam", "attach_role_policy", &attach);
    let document = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Action": "glue:DeleteTable", "Resource": "*" }] });
    let write = json!({ "RoleName": TEAM_A, "PolicyName": "hand",
        "PolicyDocument": document.to_string() });
    emulator.call(PLATFORM, "iam", "put_role_policy", &write);
    let review = emulator.document(&["drift", &path, "--exit-code"], 3);
    assert_eq!(relation(&review, &role(TEAM_A)), Some("broader"), "{review:#}");
    let text = emulator.lakewright(&["drift", &path, "--fail-on", "access-broadened"]);
    ends_with(&text, 4, "aws iam detach-role-policy --role-name lab-teama-h3bgpfud");
    // Lines are wrapped between words.
    let words = transcript(&text).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("aws iam delete-role-policy"), "{words}");
    // Another stack is as it was.
    let other = ["drift", &path, "--stack", "lab-dataset-dpdataset", "--exit-code"];
    ends_with(&emulator.lakewright(&other), 0, "no changes");
}

#[test]
fn a_statement_in_a_bucket_policy_is_access_gained() {
    let (_folder, path, emulator) = deployed();
    let read = emulator.call(PLATFORM, "s3", "get_bucket_policy", &json!({ "Bucket": BUCKET }));
    let mut policy: Value =
        serde_json::from_str(read["Policy"].as_str().expect("a policy")).expect("JSON");
    policy["Statement"].as_array_mut().expect("statements").push(json!({
        "Effect": "Allow", "Principal": { "AWS": role(TEAM_A) }, "Action": "s3:GetObject",
        "Resource": format!("arn:aws:s3:::{BUCKET}/*"),
    }));
    let put = json!({ "Bucket": BUCKET, "Policy": policy.to_string() });
    emulator.call(PLATFORM, "s3", "put_bucket_policy", &put);
    let review = emulator.document(&["drift", &path, "--exit-code"], 3);
    assert_eq!(relation(&review, &role(TEAM_A)), Some("broader"), "{review:#}");
    let open = json!({ "Bucket": BUCKET, "PublicAccessBlockConfiguration": {
        "BlockPublicAcls": true, "BlockPublicPolicy": false,
        "IgnorePublicAcls": true, "RestrictPublicBuckets": true } });
    emulator.call(PLATFORM, "s3", "put_public_access_block", &open);
    let review = emulator.document(&["drift", &path], 0);
    assert!(review.to_string().contains("BlockPublicPolicy"), "{review:#}");
}

/// The share gives TeamA of `science` the table (examples/lab/shares.yaml).
#[test]
fn a_permission_of_lake_formation_that_was_revoked_is_access_lost() {
    let (_folder, path, emulator) = deployed();
    let revoke = json!({
        "Principal": { "DataLakePrincipalIdentifier": CONSUMER },
        "Resource": { "TableWithColumns": { "CatalogId": PLATFORM, "DatabaseName": DATABASE,
            "Name": "mydpdata", "ColumnWildcard": {} } },
        "Permissions": ["SELECT"],
    });
    emulator.call(PLATFORM, "lakeformation", "revoke_permissions", &revoke);
    let review = emulator.document(&["drift", &path, "--exit-code"], 3);
    assert_eq!(relation(&review, CONSUMER), Some("narrower"), "{review:#}");
    assert!(relation(&review, &role(TEAM_A)).is_none());
    // And one that nobody asked for.
    let grant = json!({
        "Principal": { "DataLakePrincipalIdentifier": role(TEAM_A) },
        "Resource": { "Database": { "Name": DATABASE } },
        "Permissions": ["DROP"],
    });
    emulator.call(PLATFORM, "lakeformation", "grant_permissions", &grant);
    let output = emulator.lakewright(&["drift", &path]);
    ends_with(&output, 0, "aws lakeformation revoke-permissions --region us-east-1");
}

/// "Grants in AWS KMS" in the KMS developer guide: a grant allows what no policy has to allow.
#[test]
fn a_grant_on_a_key_is_access_gained() {
    let (_folder, path, emulator) = deployed();
    let stack = json!({ "StackName": "lab-dataset-dpdataset" });
    let listed = emulator.call(PLATFORM, "cloudformation", "list_stack_resources", &stack);
    let resources = listed["StackResourceSummaries"].as_array().expect("resources");
    let key = resources.iter().find(|one| one["ResourceType"] == "AWS::KMS::Key").expect("a key");
    let key = key["PhysicalResourceId"].as_str().expect("an id");
    let grant =
        json!({ "KeyId": key, "GranteePrincipal": role(TEAM_A), "Operations": ["Decrypt"] });
    emulator.call(PLATFORM, "kms", "create_grant", &grant);
    let review = emulator.document(&["drift", &path, "--exit-code"], 3);
    assert_eq!(relation(&review, &role(TEAM_A)), Some("broader"), "{review:#}");
    ends_with(&emulator.lakewright(&["drift", &path]), 0, "aws kms revoke-grant");
}

/// A trust policy decides who assumes a role: "Roles terms and concepts" in the IAM user guide.
#[test]
fn a_trust_policy_that_somebody_opened_is_access_gained() {
    let (_folder, path, emulator) = deployed();
    let document = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow",
        "Principal": { "AWS": format!("arn:aws:iam::{SCIENCE}:root") }, "Action": "sts:AssumeRole" }] });
    let open = json!({ "RoleName": TEAM_A, "PolicyDocument": document.to_string() });
    emulator.call(PLATFORM, "iam", "update_assume_role_policy", &open);
    let review = emulator.document(&["drift", &path, "--exit-code"], 3);
    assert!(!review["access"].as_array().expect("access").is_empty(), "{review:#}");
}
