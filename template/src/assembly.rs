//! The assembly: the files that synthesis produces.
//!
//! `assembly.json` lists the stacks, `templates/<account>/<region>/<stack>.json`
//! are their templates, `grants.json` is the intended access, `provenance.json`
//! maps the parts of the templates to manifest lines, `places.json` lists the
//! accounts and regions for the platform's updater, and `manifest.json` makes
//! the folder a cloud assembly of the AWS CDK as well.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{AccountId, Place, Region, StackAddress, StackKind, Text, digest};

/// The version of the format of all files of an assembly.
pub const VERSION: u32 = 1;

/// `assembly.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assembly {
    /// The format's version.
    pub version: u32,
    /// The tenant's id.
    pub mesh: String,
    /// Policies that the owners of imported resources add themselves.
    #[serde(default)]
    pub handouts: Vec<HandoutEntry>,
    /// The stacks, sorted by account, region and name.
    pub stacks: Vec<StackEntry>,
}

/// A file of the assembly with a policy that the owner of an imported resource adds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandoutEntry {
    /// The file's path below the assembly's folder.
    pub path: String,
    /// What the owner must do with it.
    pub task: String,
}

/// The digest of a handout: the task and the content of its file.
pub fn handout_digest(task: &str, file: &[u8]) -> String {
    let task = task.as_bytes();
    digest::sha256(&[task.len().to_string().as_bytes(), b" ", task, file].concat())
}

/// One stack of an assembly.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StackEntry {
    /// The stack's name in CloudFormation.
    pub name: String,
    /// The kind of stack, such as `dataset`.
    pub kind: StackKind,
    /// The id of the manifest entry that the stack is for.
    pub id: String,
    /// The account.
    pub account: AccountId,
    /// The region.
    pub region: Region,
    /// The template's path below the assembly's folder.
    pub template: String,
    /// The SHA-256 of the template's bytes, 64 hexadecimal digits.
    pub digest: String,
    /// The revision: the value of the stack's output `LakewrightRevision` when the stack is up to date.
    #[serde(default)]
    pub revision: String,
    /// The template's size in bytes.
    pub bytes: usize,
    /// The stacks that must be deployed first, as `account/region/name`, sorted.
    pub depends_on: Vec<StackAddress>,
    /// The capabilities that CloudFormation requires, such as `CAPABILITY_NAMED_IAM`.
    pub capabilities: Vec<String>,
    /// The stack's tags.
    pub tags: BTreeMap<String, String>,
    /// Whether the stack is retained when it is removed from the mesh.
    pub retain: bool,
    /// The files that must be in S3 for the stack.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub assets: Vec<AssetEntry>,
    /// The alarms for which CloudFormation rolls a change of the stack back; `None` if the stack keeps those that it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollback: Option<Rollback>,
}

/// The alarms for which CloudFormation rolls a change of a stack back: `RollbackConfiguration` of `CreateChangeSet`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rollback {
    /// The ARNs of metric alarms of CloudWatch, sorted; none to take away those that the stack has.
    pub alarms: Vec<String>,
    /// How many minutes CloudFormation watches them after the change.
    pub monitoring_minutes: u32,
}

/// A file of the assembly that is uploaded before a stack is deployed, into a bucket that exists by then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AssetEntry {
    /// The file's path below the assembly's folder.
    pub path: String,
    /// The bucket, in the stack's account and region.
    pub bucket: String,
    /// The key in the bucket.
    pub key: String,
    /// The SHA-256 of the content, 64 hexadecimal digits.
    pub digest: String,
}

impl StackEntry {
    /// The stack's address in the assembly.
    pub fn address(&self) -> StackAddress {
        StackAddress::new(self.place(), self.name.clone())
    }

    /// Where the stack lies.
    pub fn place(&self) -> Place {
        Place { account: self.account.clone(), region: self.region.clone() }
    }

    /// The path of the manifest of a stack's files, which the AWS CDK reads, below the assembly's folder. It is in
    /// the same folder as the files.
    pub fn asset_manifest_path(address: &StackAddress) -> String {
        format!("assets/{}.json", artifact_id(address))
    }

    /// The path of a stack's template below the assembly's folder.
    pub fn template_path(address: &StackAddress) -> String {
        format!("templates/{address}.json")
    }
}

/// `grants.json`: the intended access.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grants {
    /// The format's version.
    pub version: u32,
    /// Sets of IAM actions, or of Lake Formation permissions as `lakeformation:SELECT`, by a digest
    /// of their content. The same few sets are granted many times.
    pub action_sets: BTreeMap<String, Vec<Text>>,
    /// The ARN, or the service name, of each principal.
    pub principals: BTreeMap<String, String>,
    /// The SHA-256 of each stack's settings besides policies, by the stack's address.
    #[serde(default)]
    pub settings: BTreeMap<String, String>,
    /// The [`handout_digest`] of each file that owners have to apply, by its path below the assembly's folder.
    #[serde(default)]
    pub handouts: BTreeMap<String, String>,
    /// The grants of each stack (`account/region/name`), sorted.
    pub grants: BTreeMap<String, Vec<IntendedGrant>>,
}

/// The text for some rows and columns of a table in conditions of intended grants:
/// `columns a b; rows all`. If no columns are listed, it means all columns.
pub fn cells(columns: &[impl AsRef<str>], rows: Option<&str>) -> String {
    let mut columns: Vec<&str> = columns.iter().map(AsRef::as_ref).collect();
    columns.sort_unstable();
    let columns = if columns.is_empty() { "all".to_owned() } else { columns.join(" ") };
    format!("columns {columns}; rows {}", rows.unwrap_or("all"))
}

/// One intended grant.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct IntendedGrant {
    /// The principal: `team/ENVIRONMENT/TEAM`, `dataset-role/ID`, `pivot-role/ENVIRONMENT`, `service/NAME`,
    /// `account/ID`, `permission-set/ACCOUNT/NAME`, `identity-provider/ACCOUNT/NAME` or `broker/NAME`.
    pub principal: String,
    /// The kind of access in a word, such as `read` or `administer`.
    pub access: String,
    /// The resource: `dataset/ID`, `environment/ID` and so on.
    pub resource: String,
    /// The key of the actions in `action_sets`.
    pub actions: String,
    /// The ARNs that the actions apply to; sorted.
    pub resources: Vec<String>,
    /// Conditions, as `Operator key value`; sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<String>,
    /// The manifest lines that ask for the grant, as `file:line:column`; sorted. Empty if they
    /// are the lines of the whole stack, which `provenance.json` lists.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub because: Vec<String>,
}

/// `provenance.json`: the manifest lines that asked for each part of each template.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provenance {
    /// The format's version.
    pub version: u32,
    /// For each stack (`account/region/name`) the manifest lines as `file:line:column`. Those of
    /// the whole stack have the key `*`. A resource or statement that other lines ask for as well
    /// has a key of its own: `LogicalId` or `LogicalId#Sid`.
    pub stacks: BTreeMap<String, BTreeMap<String, Vec<String>>>,
}

/// One stack as an artifact of a cloud assembly of the AWS CDK, so that `cdk diff --app DIR` works.
///
/// Source: the schema of the package `@aws-cdk/cloud-assembly-schema`, version 36.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CdkArtifact<'a> {
    r#type: &'static str,
    environment: String,
    properties: CdkProperties<'a>,
    dependencies: Vec<String>,
    display_name: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct CdkProperties<'a> {
    template_file: &'a str,
    stack_name: &'a str,
    tags: &'a BTreeMap<String, String>,
    validate_on_synth: bool,
}

impl<'a> CdkArtifact<'a> {
    /// The artifact of a stack, with its id.
    pub fn of(stack: &'a StackEntry) -> (String, Self) {
        let address = stack.address();
        let artifact = Self {
            r#type: "aws:cloudformation:stack",
            environment: format!("aws://{}/{}", stack.account, stack.region),
            properties: CdkProperties {
                template_file: &stack.template,
                stack_name: &stack.name,
                tags: &stack.tags,
                validate_on_synth: false,
            },
            dependencies: stack
                .depends_on
                .iter()
                .map(artifact_id)
                .chain((!stack.assets.is_empty()).then(|| files_id(&address)))
                .collect(),
            display_name: address.to_string(),
        };
        (artifact_id(&address), artifact)
    }
}

/// The files of one stack as an artifact of the AWS CDK. The CDK uploads them before it deploys the stack, and after
/// it deployed the stacks that this one depends on.
///
/// Source: `AssetManifestProperties` in the package `@aws-cdk/cloud-assembly-schema`, version 36, the README of
/// `cdk-assets`, and `addAsset` of the command line's `WorkGraphBuilder` for the order.
#[derive(Debug, Serialize)]
pub struct CdkFiles {
    r#type: &'static str,
    properties: CdkFilesProperties,
}

#[derive(Debug, Serialize)]
struct CdkFilesProperties {
    file: String,
}

impl CdkFiles {
    /// The artifact of a stack's files, with its id; `None` for a stack without files.
    pub fn of(stack: &StackEntry) -> Option<(String, Self)> {
        if stack.assets.is_empty() {
            return None;
        }
        let address = stack.address();
        let file = StackEntry::asset_manifest_path(&address);
        let properties = CdkFilesProperties { file };
        Some((files_id(&address), Self { r#type: "cdk:asset-manifest", properties }))
    }
}

/// The manifest that [`CdkFiles`] names: the destination of each file.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CdkFileManifest<'a> {
    version: &'static str,
    files: BTreeMap<&'a str, CdkFile<'a>>,
    docker_images: BTreeMap<&'a str, &'a str>,
}

#[derive(Debug, Serialize)]
struct CdkFile<'a> {
    source: CdkSource<'a>,
    destinations: BTreeMap<&'a str, CdkDestination<'a>>,
}

#[derive(Debug, Serialize)]
struct CdkSource<'a> {
    path: &'a str,
    packaging: &'static str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct CdkDestination<'a> {
    bucket_name: &'a str,
    object_key: &'a str,
    region: &'a str,
}

impl<'a> CdkFileManifest<'a> {
    /// The manifest of a stack's files.
    pub fn of(stack: &'a StackEntry) -> Self {
        let file = |asset: &'a AssetEntry| {
            let destination = CdkDestination {
                bucket_name: &asset.bucket,
                object_key: &asset.key,
                region: &stack.region,
            };
            // Paths are relative to the manifest's own folder, which also holds the files. The CDK treats a file
            // and a destination with equal ids as the same upload, so the destination's id is its bucket.
            let path = asset.path.rsplit('/').next().unwrap_or(&asset.path);
            let file = CdkFile {
                source: CdkSource { path, packaging: "file" },
                destinations: BTreeMap::from([(asset.bucket.as_str(), destination)]),
            };
            (asset.digest.as_str(), file)
        };
        Self {
            version: CDK_VERSION,
            files: stack.assets.iter().map(file).collect(),
            docker_images: BTreeMap::new(),
        }
    }
}

/// The version of the CDK's format.
pub const CDK_VERSION: &str = "36.0.0";

/// The id of the artifact with a stack's files.
fn files_id(address: &StackAddress) -> String {
    format!("{}.assets", artifact_id(address))
}

/// The id of a stack's artifact: its address without slashes, which the CDK does not want in ids.
fn artifact_id(address: &StackAddress) -> String {
    address.to_string().replace('/', ".")
}
