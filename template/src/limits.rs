//! Limits of CloudFormation and of the services whose names and documents templates carry.
//!
//! Sources: "CloudFormation quotas", "IAM and AWS STS quotas", "Bucket naming
//! rules", "AWS KMS quotas" in the AWS documentation, read in November 2026.

/// Characters of a logical id.
pub const LOGICAL_ID_CHARACTERS: usize = 255;
/// Bytes of a template that is passed through S3.
pub const TEMPLATE_BYTES: usize = 1_048_576;
/// Bytes of a template that is passed in the request itself.
pub const TEMPLATE_INLINE_BYTES: usize = 51_200;
/// Bytes of a template's description.
pub const DESCRIPTION_BYTES: usize = 1_024;
/// Resources of a template.
pub const RESOURCES: usize = 500;
/// Parameters of a template.
pub const PARAMETERS: usize = 200;
/// Outputs of a template.
pub const OUTPUTS: usize = 200;
/// Characters of a stack's name.
pub const STACK_NAME_CHARACTERS: usize = 128;
/// Tags of a stack.
pub const STACK_TAGS: usize = 50;
/// Characters of a managed policy, white space not counted.
pub const MANAGED_POLICY_CHARACTERS: usize = 6_144;
/// Managed policies of a role by default; raised on request to 20.
pub const MANAGED_POLICIES_PER_ROLE: usize = 10;
/// Roles of an account by default; raised on request to 10,000.
pub const ROLES_PER_ACCOUNT: usize = 1_000;
/// Managed policies that an account makes, by default; raised on request to 10,000.
pub const MANAGED_POLICIES_PER_ACCOUNT: usize = 1_500;
/// Stacks of an account in one region by default; raised on request.
pub const STACKS_PER_REGION: usize = 2_000;
/// Buckets of an account by default; raised on request to a million.
pub const BUCKETS_PER_ACCOUNT: usize = 10_000;
/// Access points of an account in one region.
pub const ACCESS_POINTS_PER_REGION: usize = 10_000;
/// Keys of an account in one region.
pub const KEYS_PER_REGION: usize = 100_000;
/// Glue databases of an account in one region.
pub const GLUE_DATABASES_PER_REGION: usize = 10_000;
/// Characters of all inline policies of a role together, white space not counted.
pub const INLINE_POLICY_CHARACTERS: usize = 10_240;
/// Characters of a role's trust policy by default; raised on request to 8,192.
pub const TRUST_POLICY_CHARACTERS: usize = 2_048;
/// Bytes of a bucket policy.
pub const BUCKET_POLICY_BYTES: usize = 20_480;
/// Bytes of a key policy.
pub const KEY_POLICY_BYTES: usize = 32_768;
/// Bytes of a topic's policy.
pub const TOPIC_POLICY_BYTES: usize = 30_720;
/// Bytes of a queue's policy.
pub const QUEUE_POLICY_BYTES: usize = 30_720;
/// Characters of a bucket's name.
pub const BUCKET_NAME_CHARACTERS: usize = 63;
/// Characters of an S3 access point's name.
pub const ACCESS_POINT_CHARACTERS: usize = 50;
/// Bytes of an access point's policy.
pub const ACCESS_POINT_POLICY_BYTES: usize = 20_480;
/// Characters of a role's name.
pub const ROLE_NAME_CHARACTERS: usize = 64;
/// Characters of a managed policy's name.
pub const POLICY_NAME_CHARACTERS: usize = 128;
/// Characters of a Glue database's name.
pub const GLUE_NAME_CHARACTERS: usize = 255;
/// Characters of a key alias, `alias/` included.
pub const ALIAS_CHARACTERS: usize = 256;
/// Characters of the names of SageMaker domains, profiles and notebook instances.
pub const SAGEMAKER_NAME_CHARACTERS: usize = 63;
/// Characters of an Athena workgroup's name.
pub const WORKGROUP_NAME_CHARACTERS: usize = 128;
/// Characters of the names of topics and queues; 80 is the queues' limit, the smaller one.
pub const QUEUE_NAME_CHARACTERS: usize = 80;
/// Characters of an AWS tag's value.
pub const TAG_VALUE_CHARACTERS: usize = 256;
/// Characters of an AWS tag's key.
pub const TAG_KEY_CHARACTERS: usize = 128;
/// Tags of a resource.
pub const RESOURCE_TAGS: usize = 50;
