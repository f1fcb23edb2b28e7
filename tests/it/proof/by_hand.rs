//! Assemblies that somebody changed by hand, in more than statements.

use std::fs;

use serde_json::{Value, json};

use crate::run::{example, lakewright, transcript};

/// A manual change of one template of the lab, the exit code of `prove`, and a part of its output.
type ByHand =
    (&'static str, &'static str, fn(&mut serde_json::Map<String, Value>), i32, &'static str);

const DATASET: &str = "lab-dataset-teama";

fn properties<'r>(
    resources: &'r mut serde_json::Map<String, Value>,
    kind: &str,
) -> &'r mut serde_json::Map<String, Value> {
    let mut found = resources.values_mut().filter(|one| one["Type"] == kind);
    found.next().expect("one of this type")["Properties"].as_object_mut().expect("properties")
}

const TEAM_B: &str = "arn:aws:iam::333333333333:role/lab-teamb-t4jhnyff";

fn second_policy(resources: &mut serde_json::Map<String, Value>, id: &str) {
    let bucket = properties(resources, "AWS::S3::Bucket")["BucketName"].clone();
    let objects = format!("arn:aws:s3:::{}/*", bucket.as_str().expect("a name"));
    let statement = json!({
        "Effect": "Allow", "Principal": { "AWS": TEAM_B }, "Action": "s3:GetObject", "Resource": objects,
    });
    let properties = json!({ "Bucket": bucket, "PolicyDocument": { "Version": "2012-10-17", "Statement": [statement] } });
    resources.insert(
        id.to_owned(),
        json!({ "Type": "AWS::S3::BucketPolicy", "Properties": properties }),
    );
}

/// The tables that a tag selects.
fn tagged_open() -> Value {
    json!({ "LFTagPolicy": {
        "CatalogId": "333333333333", "ResourceType": "TABLE",
        "Expression": [{ "TagKey": "open", "TagValues": ["yes"] }],
    } })
}

const BY_HAND: [ByHand; 20] = [
    ("only how it is written", DATASET, |_| {}, 4, "access matches the intent, but the templates"),
    (
        "a user",
        DATASET,
        |resources| {
            resources.insert("U".to_owned(), json!({ "Type": "AWS::IAM::User", "Properties": {} }));
        },
        2,
        "AWS::IAM::User is outside of what is proven",
    ),
    (
        "a condition",
        DATASET,
        |resources| {
            for resource in resources.values_mut() {
                resource["Condition"] = json!("Never");
            }
        },
        2,
        "a resource under a condition is outside of what is proven",
    ),
    (
        "a second policy of a bucket",
        DATASET,
        |resources| second_policy(resources, "A"),
        4,
        "too much",
    ),
    ("the same, later", DATASET, |resources| second_policy(resources, "Zz"), 4, "too much"),
    (
        "permissions in the old form",
        DATASET,
        |resources| {
            resources.insert(
                "P".to_owned(),
                json!({ "Type": "AWS::LakeFormation::Permissions", "Properties": {} }),
            );
        },
        2,
        "AWS::LakeFormation::Permissions is outside",
    ),
    (
        "an access control list",
        DATASET,
        |resources| {
            let bucket = properties(resources, "AWS::S3::Bucket");
            bucket.insert("AccessControl".to_owned(), json!("PublicRead"));
        },
        2,
        "the property AccessControl of AWS::S3::Bucket is outside",
    ),
    (
        "a key for the whole account",
        DATASET,
        |resources| {
            let key = properties(resources, "AWS::KMS::Key");
            let statements = key["KeyPolicy"]["Statement"].as_array_mut().expect("statements");
            statements.push(json!({
                "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::333333333333:root" },
                "Action": "kms:*", "Resource": "*",
            }));
        },
        4,
        "a statement lets in whoever fulfils its conditions, and no grant says so",
    ),
    (
        "open default permissions",
        DATASET,
        |resources| {
            let database = properties(resources, "AWS::Glue::Database");
            database["DatabaseInput"]["CreateTableDefaultPermissions"] = json!([{
                "Principal": { "DataLakePrincipalIdentifier": "IAM_ALLOWED_PRINCIPALS" },
                "Permissions": ["ALL"],
            }]);
        },
        4,
        "IAM_ALLOWED_PRINCIPALS",
    ),
    (
        "an administrator of the catalog",
        "lab-environment-science",
        |resources| {
            let settings = properties(resources, "AWS::LakeFormation::DataLakeSettings");
            let admins = settings["Admins"].as_array_mut().expect("administrators");
            admins.push(json!({ "DataLakePrincipalIdentifier": TEAM_B }));
        },
        4,
        "lakeformation:ADMINISTER",
    ),
    (
        "an administrator who reads",
        "lab-environment-science",
        |resources| {
            let settings = properties(resources, "AWS::LakeFormation::DataLakeSettings");
            let admins = json!([{ "DataLakePrincipalIdentifier": TEAM_B }]);
            settings.insert("ReadOnlyAdmins".to_owned(), admins);
        },
        2,
        "the property ReadOnlyAdmins of AWS::LakeFormation::DataLakeSettings is outside",
    ),
    (
        "new tables for everybody",
        "lab-environment-science",
        |resources| {
            let settings = properties(resources, "AWS::LakeFormation::DataLakeSettings");
            let open = json!([{
                "Principal": { "DataLakePrincipalIdentifier": "IAM_ALLOWED_PRINCIPALS" },
                "Permissions": ["ALL"],
            }]);
            settings.insert("CreateTableDefaultPermissions".to_owned(), open);
        },
        2,
        "CreateTableDefaultPermissions of DataLakeSettings is outside",
    ),
    (
        "a permission that is handed on",
        DATASET,
        |resources| {
            let permissions = properties(resources, "AWS::LakeFormation::PrincipalPermissions");
            permissions["PermissionsWithGrantOption"] = json!(["SELECT"]);
        },
        2,
        "with grant option is outside",
    ),
    (
        "a permission by tags",
        DATASET,
        |resources| {
            let permissions = properties(resources, "AWS::LakeFormation::PrincipalPermissions");
            permissions["Resource"] = tagged_open();
        },
        4,
        "missing: dataset-role/teama lakeformation:ALTER",
    ),
    (
        "a permission on what a tag opens",
        DATASET,
        |resources| {
            let database = json!({ "Database": {
                "CatalogId": "333333333333", "Name": "lab_teama_43mwtaab",
            } });
            let tags = json!([{ "TagKey": "Open", "TagValues": ["Yes"] }]);
            resources.insert(
                "Tag".to_owned(),
                json!({
                    "Type": "AWS::LakeFormation::TagAssociation",
                    "Properties": { "Resource": database, "LFTags": tags },
                }),
            );
            resources.insert(
                "ByTag".to_owned(),
                json!({
                    "Type": "AWS::LakeFormation::PrincipalPermissions",
                    "Properties": {
                        "Principal": { "DataLakePrincipalIdentifier":
                            "arn:aws:iam::333333333333:role/lab-teamb-t4jhnyff" },
                        "Permissions": ["SELECT"],
                        "PermissionsWithGrantOption": [],
                        "Resource": tagged_open(),
                    },
                }),
            );
        },
        4,
        "too much: team/science/TeamB lakeformation:SELECT arn:aws:glue:us-east-1:333333333333:table/lab_teama_43mwtaab/",
    ),
    (
        "whoever may give a tag",
        DATASET,
        |resources| {
            let permissions =
                properties(resources, "AWS::LakeFormation::PrincipalPermissions").clone();
            let mut permissions = Value::Object(permissions);
            permissions["Permissions"] = json!(["ASSOCIATE"]);
            permissions["Resource"] = json!({ "LFTag": {
                "CatalogId": "333333333333", "TagKey": "open", "TagValues": ["yes"] } });
            resources.insert(
                "May".to_owned(),
                json!({
                    "Type": "AWS::LakeFormation::PrincipalPermissions", "Properties": permissions,
                }),
            );
        },
        4,
        "lakeformation:ASSOCIATE arn:aws:lakeformation:us-east-1:333333333333:lf-tag/open/yes",
    ),
    (
        "a policy of AWS",
        "lab-team-science-teamb-t4jhnyff",
        |resources| {
            let role = properties(resources, "AWS::IAM::Role");
            role.insert(
                "ManagedPolicyArns".to_owned(),
                json!(["arn:aws:iam::aws:policy/AdministratorAccess"]),
            );
        },
        4,
        "AdministratorAccess",
    ),
    (
        "a permissions boundary that is gone",
        "lab-team-science-teamb-t4jhnyff",
        |resources| {
            properties(resources, "AWS::IAM::Role").remove("PermissionsBoundary");
        },
        4,
        "the role has no permissions boundary, and arn:aws:iam::333333333333:policy/",
    ),
    (
        "another permissions boundary",
        DATASET,
        |resources| {
            let role = properties(resources, "AWS::IAM::Role");
            let other = json!("arn:aws:iam::aws:policy/AdministratorAccess");
            role.insert("PermissionsBoundary".to_owned(), other);
        },
        4,
        "the role's permissions boundary is arn:aws:iam::aws:policy/AdministratorAccess, and",
    ),
    (
        "a type that does not exist",
        DATASET,
        |resources| {
            resources.insert("R".to_owned(), json!({ "Type": "AWS::IAM::Roel", "Properties": {} }));
        },
        2,
        "AWS::IAM::Roel is outside",
    ),
];

#[test]
fn what_a_hand_adds_to_an_assembly_is_noticed() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("out");
    let path = out.to_str().expect("text");
    let lab = example("lab");
    let synth = lakewright(["synth", lab.to_str().expect("text"), "--out", path]);
    assert_eq!(synth.status.code(), Some(0));
    for (name, stack, change, exit, says) in BY_HAND {
        let file = out.join(format!("templates/333333333333/us-east-1/{stack}.json"));
        let before = fs::read_to_string(&file).expect("a template");
        let mut template: Value = serde_json::from_str(&before).expect("JSON");
        change(template["Resources"].as_object_mut().expect("resources"));
        fs::write(&file, template.to_string()).expect("a template");
        let proof = transcript(&lakewright(["prove", "--assembly", path]));
        assert!(proof.starts_with(&format!("exit: {exit}\n")), "{name}: {proof}");
        assert!(proof.contains(says), "{name}: {proof}");
        fs::write(&file, before).expect("the template as it was");
    }
}
