//! The resources of templates that policies are about.

use std::collections::BTreeMap;

use crate::document::{Document, Origin};

/// A resource of the templates other than a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    /// The ARN.
    pub arn: String,
    /// The type, such as `AWS::S3::Bucket`.
    pub kind: String,
    /// The account.
    pub account: String,
    /// The tags.
    pub tags: BTreeMap<String, String>,
    /// The resource policy.
    pub policy: Option<Document>,
    /// The public access block of a bucket or an access point.
    pub block: PublicAccessBlock,
    /// The code that it runs.
    pub code: Code,
    /// Sub-resources with ARNs of their own, as the part after this resource's ARN and a slash: the stages of a
    /// pipeline and their actions.
    pub parts: Vec<String>,
    /// Where the resource is declared.
    pub origin: Origin,
}

impl Resource {
    /// Whether this is a KMS key or a replica key.
    pub fn is_key(&self) -> bool {
        matches!(self.kind.as_str(), "AWS::KMS::Key" | "AWS::KMS::ReplicaKey")
    }
}

/// The settings of a public access block that are about policies, as far as a template states them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PublicAccessBlock {
    /// `BlockPublicPolicy`: S3 refuses a public policy.
    pub refuses_policies: bool,
    /// `RestrictPublicBuckets`: with a public policy, only services and the owner's account have access.
    pub restricts_access: bool,
}

/// The code that a resource runs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Code {
    /// The ARN of the role that it runs with.
    pub role: Option<String>,
    /// The code's locations outside of the resource: ARNs of repositories and objects, with wildcards.
    pub lies_in: Vec<String>,
    /// The build projects that receive the code, by ARN.
    pub builds: Vec<String>,
}

/// An access point.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessPoint {
    /// The bucket's name.
    pub bucket: String,
}
