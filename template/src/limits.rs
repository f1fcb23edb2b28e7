//! Limits of CloudFormation, and of the services whose names and documents templates contain.
//!
//! One table lists them all: what is limited, the limit, AWS's name for the quota, and
//! whether AWS raises it. `docs/limits.md` shows the table. The values are from the AWS
//! documentation of November 2026.

/// A limit, and whether AWS raises it on request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// What is limited.
    pub what: &'static str,
    /// The limit, unless AWS has raised it.
    pub value: usize,
    /// The quota's name, in AWS's words.
    pub quota: &'static str,
    /// Whether AWS raises it.
    pub raised: Raised,
    /// The page of the AWS documentation that states it.
    pub source: &'static str,
}

/// Whether AWS raises a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Raised {
    /// Never.
    Never,
    /// On request.
    OnRequest {
        /// The highest value, if AWS states one.
        to: Option<usize>,
        /// The setting under the tenant's `quotas` with which a mesh states the raised value.
        setting: Option<&'static str>,
    },
}

/// A limit that AWS raises up to a value, and the setting for the raised value.
const fn up_to(to: usize, setting: &'static str) -> Raised {
    Raised::OnRequest { to: Some(to), setting: Some(setting) }
}

/// A limit that AWS raises without stating a highest value, and the setting for the raised value.
const fn open(setting: &'static str) -> Raised {
    Raised::OnRequest { to: None, setting: Some(setting) }
}

/// A limit that AWS raises, and for which a mesh has no setting.
const UNSAID: Raised = Raised::OnRequest { to: None, setting: None };

impl Limit {
    /// Whether AWS raises the limit, and with which setting a mesh states that it did; as text for messages.
    pub fn raise(&self) -> String {
        let quota = self.quota;
        let Raised::OnRequest { to, setting } = self.raised else {
            return format!("AWS never raises its quota \"{quota}\"");
        };
        let to = to.map(|to| format!(", to {to} at the most")).unwrap_or_default();
        let setting = setting.map(|setting| {
            format!("; when it has, say so as `{setting}` under the tenant's `quotas`")
        });
        format!("AWS raises its quota \"{quota}\" on request{to}{}", setting.unwrap_or_default())
    }
}

macro_rules! limits {
    ($($name:ident = $value:literal, $what:literal, $quota:literal, $raised:expr, $source:literal;)*) => {
        $(
            #[doc = $what]
            pub const $name: usize = $value;
        )*

        /// The same limits, with AWS's names for them and whether AWS raises them.
        pub mod quota {
            use super::{Limit, Raised, UNSAID, open, up_to};

            $(
                #[doc = $what]
                pub const $name: Limit = Limit {
                    what: $what,
                    value: super::$name,
                    quota: $quota,
                    raised: $raised,
                    source: $source,
                };
            )*
        }

        /// Every limit.
        pub const ALL: &[Limit] = &[$(quota::$name),*];
    };
}

limits! {
    LOGICAL_ID_CHARACTERS = 255, "Characters of a logical id", "Resource name", Raised::Never, "CloudFormation quotas";
    TEMPLATE_BYTES = 1_048_576, "Bytes of a template that is passed through S3", "Template body size in an S3 object", Raised::Never, "CloudFormation quotas";
    TEMPLATE_INLINE_BYTES = 51_200, "Bytes of a template that is passed in the request itself", "Template body size in a request", Raised::Never, "CloudFormation quotas";
    DESCRIPTION_BYTES = 1_024, "Bytes of a template's description", "Template description", Raised::Never, "CloudFormation quotas";
    RESOURCES = 500, "Resources of a template", "Resources", Raised::Never, "CloudFormation quotas";
    PARAMETERS = 200, "Parameters of a template", "Parameters", Raised::Never, "CloudFormation quotas";
    OUTPUTS = 200, "Outputs of a template", "Outputs", Raised::Never, "CloudFormation quotas";
    STACK_NAME_CHARACTERS = 128, "Characters of a stack's name", "StackName", Raised::Never, "CreateStack, CloudFormation API reference";
    STACK_TAGS = 50, "Tags of a stack", "Tags", Raised::Never, "CreateStack, CloudFormation API reference";
    STACKS_PER_REGION = 2_000, "Stacks of an account in one region", "Stack count", open("stacks_per_region"), "CloudFormation quotas";
    MANAGED_POLICY_CHARACTERS = 6_144, "Characters of a managed policy, white space not counted", "Managed policy size", Raised::Never, "IAM and AWS STS quotas";
    MANAGED_POLICIES_PER_ROLE = 10, "Managed policies of a role", "Managed policies attached to an IAM role", up_to(20, "managed_policies_per_role"), "IAM and AWS STS quotas";
    ROLES_PER_ACCOUNT = 1_000, "Roles of an account", "Roles per account", up_to(10_000, "roles_per_account"), "IAM and AWS STS quotas";
    MANAGED_POLICIES_PER_ACCOUNT = 1_500, "Managed policies that an account makes", "Customer managed policies per account", up_to(10_000, "managed_policies_per_account"), "IAM and AWS STS quotas";
    INLINE_POLICY_CHARACTERS = 10_240, "Characters of all inline policies of a role together, white space not counted", "Role policy size", Raised::Never, "IAM and AWS STS quotas";
    TRUST_POLICY_CHARACTERS = 2_048, "Characters of a role's trust policy", "Role trust policy length", up_to(8_192, "trust_policy_characters"), "IAM and AWS STS quotas";
    ROLE_NAME_CHARACTERS = 64, "Characters of a role's name", "Role name", Raised::Never, "IAM and AWS STS quotas";
    POLICY_NAME_CHARACTERS = 128, "Characters of a managed policy's name", "Policy name", Raised::Never, "IAM and AWS STS quotas";
    BUCKETS_PER_ACCOUNT = 10_000, "Buckets of an account", "General purpose buckets", up_to(1_000_000, "buckets_per_account"), "Amazon S3 endpoints and quotas";
    ACCESS_POINTS_PER_REGION = 10_000, "Access points of an account in one region", "Access Points", UNSAID, "Amazon S3 endpoints and quotas";
    BUCKET_POLICY_BYTES = 20_480, "Bytes of a bucket policy", "Bucket policy", Raised::Never, "Amazon S3 endpoints and quotas";
    ACCESS_POINT_POLICY_BYTES = 20_480, "Bytes of an access point's policy", "Access point policy", Raised::Never, "Access points restrictions and limitations, S3 user guide";
    BUCKET_NAME_CHARACTERS = 63, "Characters of a bucket's name", "Bucket name", Raised::Never, "Bucket naming rules, S3 user guide";
    ACCESS_POINT_CHARACTERS = 50, "Characters of an access point's name", "Access point name", Raised::Never, "Access points naming rules, S3 user guide";
    KEYS_PER_REGION = 100_000, "Keys of an account in one region", "AWS KMS keys", UNSAID, "AWS KMS resource quotas";
    KEY_POLICY_BYTES = 32_768, "Bytes of a key policy", "Key policy document size", Raised::Never, "AWS KMS resource quotas";
    ALIAS_CHARACTERS = 256, "Characters of a key alias, `alias/` included", "AliasName", Raised::Never, "CreateAlias, AWS KMS API reference";
    EVENT_BUS_POLICY_CHARACTERS = 10_240, "Characters of an event bus's policy", "Event bus policy size", open("event_bus_policy_characters"), "Amazon EventBridge quotas";
    TOPIC_POLICY_BYTES = 30_720, "Bytes of a topic's policy", "Policy quotas: Bytes", Raised::Never, "Amazon SNS API permissions: Actions and resources reference";
    QUEUE_POLICY_BYTES = 8_192, "Bytes of a queue's policy", "Policy quotas: Bytes", Raised::Never, "Amazon SQS policy quotas";
    QUEUE_NAME_CHARACTERS = 80, "Characters of the names of topics and queues, by the smaller limit, that of queues", "Queue name", Raised::Never, "Amazon SQS standard queue quotas";
    GLUE_DATABASES_PER_REGION = 10_000, "Glue databases of an account in one region", "Number of databases per account", UNSAID, "AWS Glue endpoints and quotas";
    GLUE_NAME_CHARACTERS = 255, "Characters of a Glue database's name", "Name", Raised::Never, "DatabaseInput, AWS Glue web API reference";
    SAGEMAKER_NAME_CHARACTERS = 63, "Characters of the names of SageMaker domains, profiles and notebook instances", "DomainName", Raised::Never, "CreateDomain, SageMaker API reference";
    WORKGROUP_NAME_CHARACTERS = 128, "Characters of an Athena workgroup's name", "Name", Raised::Never, "CreateWorkGroup, Athena API reference";
    QUERY_BYTES = 262_144, "Bytes of an Athena query", "Query string length", Raised::Never, "Athena service quotas";
    CEDAR_POLICY_BYTES = 10_000, "Bytes of a policy in a policy store", "Policy size", Raised::Never, "Quotas for Amazon Verified Permissions";
    CEDAR_RESOURCE_BYTES = 200_000, "Bytes of all policies in a policy store that name no single resource", "Policy size per resource", open("policy_bytes_per_resource"), "Quotas for Amazon Verified Permissions";
    CEDAR_SCHEMA_BYTES = 100_000, "Bytes of a policy store's schema", "Schema size", Raised::Never, "Quotas for Amazon Verified Permissions";
    CEDAR_NAME_CHARACTERS = 150, "Characters of the names of policies, `name/` included, and of policy store aliases, `policy-store-alias/` included", "Name", Raised::Never, "CreatePolicy and CreatePolicyStoreAlias, Verified Permissions API reference";
    CEDAR_ENTITY_CHARACTERS = 612, "Characters of an entity's id in a request for a decision", "entityId", Raised::Never, "EntityIdentifier, Verified Permissions API reference";
    TAG_VALUE_CHARACTERS = 256, "Characters of an AWS tag's value", "Tag value", Raised::Never, "Best practices and strategies, Tagging AWS resources";
    TAG_KEY_CHARACTERS = 128, "Characters of an AWS tag's key", "Tag key", Raised::Never, "Best practices and strategies, Tagging AWS resources";
    RESOURCE_TAGS = 50, "Tags of a resource", "Tags per resource", Raised::Never, "Best practices and strategies, Tagging AWS resources";
}
