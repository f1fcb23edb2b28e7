//! What AWS documents and the schemas do not say, each with its source.

use lakewright_template::{ResourceEntry, Value};

use super::cedar::scope;
use super::compare::value_at;

/// A documented behaviour of one property.
#[derive(Debug)]
pub(super) struct Fact {
    /// The resource type.
    pub(super) kind: &'static str,
    /// The JSON pointer of the property below `Properties`.
    pub(super) pointer: &'static str,
    /// The changes that it is about, by the resource before and after the change.
    pub(super) is_about: fn(&ResourceEntry, &ResourceEntry) -> bool,
    /// What happens, and why.
    pub(super) sentence: &'static str,
    /// The page or report that says so.
    pub(super) source: &'static str,
}

impl Fact {
    /// The sentence with its source.
    pub(super) fn reason(&self) -> String {
        format!("`{}`: {} Source: {}.", self.pointer, self.sentence, self.source)
    }
}

/// Changes that the service refuses, so that the update fails.
pub(super) const REFUSED: &[Fact] = &[
    key("/KeySpec"),
    key("/KeyUsage"),
    key("/MultiRegion"),
    key("/Origin"),
    Fact {
        kind: "AWS::Logs::LogGroup",
        pointer: "/LogGroupClass",
        is_about: any,
        sentence: "The class of a log group cannot be changed after it is created, so the update fails.",
        source: "AWS::Logs::LogGroup, CloudFormation template reference; CreateLogGroup, CloudWatch Logs API reference",
    },
    Fact {
        kind: "AWS::S3::Bucket",
        pointer: "/ObjectLockEnabled",
        is_about: is_object_lock_disabled,
        sentence: "S3 does not disable Object Lock once it is enabled, so the update fails.",
        source: "Object Lock considerations, S3 user guide",
    },
    Fact {
        kind: "AWS::S3::Bucket",
        pointer: "/VersioningConfiguration/Status",
        is_about: is_locked_bucket_unversioned,
        sentence: "S3 does not suspend versioning of a bucket with Object Lock, so the update fails.",
        source: "Object Lock considerations, S3 user guide",
    },
    Fact {
        kind: "AWS::SSM::Parameter",
        pointer: "/Tier",
        is_about: is_tier_lowered,
        sentence: "Parameter Store does not turn an advanced parameter into a standard one, so the update fails.",
        source: "PutParameter, Systems Manager API reference",
    },
    Fact {
        kind: "AWS::SSM::Parameter",
        pointer: "/Type",
        is_about: any,
        sentence: "Parameter Store does not change the type of a parameter, so the update fails.",
        source: "HierarchyTypeMismatchException, Systems Manager API reference",
    },
    Fact {
        kind: "AWS::SageMaker::NotebookInstance",
        pointer: "/VolumeSizeInGB",
        is_about: is_volume_smaller,
        sentence: "SageMaker does not decrease the volume of a notebook instance, so the update fails.",
        source: "UpdateNotebookInstance, SageMaker API reference",
    },
    Fact {
        kind: "AWS::VerifiedPermissions::Policy",
        pointer: "/Definition/Static/Statement",
        is_about: is_policy_scope_changed,
        sentence: "Verified Permissions does not change the effect, the principal or the resource of a policy, so the update fails.",
        source: "UpdatePolicy, Verified Permissions API reference",
    },
];

const fn key(pointer: &'static str) -> Fact {
    Fact {
        kind: "AWS::KMS::Key",
        pointer,
        is_about: any,
        sentence: "It cannot be changed for an existing key. The update fails, whatever `UpdateReplacePolicy` says.",
        source: "AWS::KMS::Key, CloudFormation template reference",
    }
}

/// Changes that replace the resource, although its schema does not say that the property is create-only.
pub(super) const REPLACED: &[Fact] = &[
    Fact {
        kind: "AWS::DynamoDB::Table",
        pointer: "/AttributeDefinitions",
        is_about: is_attribute_changed,
        sentence: "The definition of an attribute changes, so CloudFormation replaces the table.",
        source: "AWS::DynamoDB::Table, CloudFormation template reference: \"Replacement if you edit an existing AttributeDefinition\"",
    },
    version("AWS::Elasticsearch::Domain", "/ElasticsearchVersion"),
    version("AWS::OpenSearchService::Domain", "/EngineVersion"),
];

const fn version(kind: &'static str, pointer: &'static str) -> Fact {
    Fact {
        kind,
        pointer,
        is_about: is_version_replaced,
        sentence: "Without `EnableVersionUpgrade: true` in `UpdatePolicy`, CloudFormation replaces the domain by one of the other version.",
        source: "AWS::OpenSearchService::Domain, EngineVersion, CloudFormation template reference; \
                 cloudformation-opensearch-upgrade, AWS knowledge center",
    }
}

/// Changes that may replace the resource, although its schema does not say so.
pub(super) const MAY_REPLACE: &[Fact] = &[
    Fact {
        kind: "AWS::DynamoDB::Table",
        pointer: "/LocalSecondaryIndexes",
        is_about: any,
        sentence: "DynamoDB creates local secondary indexes only together with their table, so CloudFormation may replace the table, \
                   or the update fails.",
        source: "AWS::DynamoDB::Table LocalSecondaryIndex, CloudFormation template reference",
    },
    unknown_version("AWS::Elasticsearch::Domain", "/ElasticsearchVersion"),
    unknown_version("AWS::OpenSearchService::Domain", "/EngineVersion"),
];

const fn unknown_version(kind: &'static str, pointer: &'static str) -> Fact {
    Fact { is_about: is_version_policy_unknown, ..version(kind, pointer) }
}

/// Changes that interrupt the resource.
///
/// Sources: "Update requires: Some interruptions" on the pages of the types in the CloudFormation template reference. For
/// the instance type of a notebook the page says "No interruption", and that the instance is stopped. A subnet's
/// `Ipv6CidrBlock` requires some interruptions too, but its schema says that the update may replace the subnet.
pub(super) const INTERRUPTED: &[Fact] = &[
    Fact {
        kind: "AWS::CodeCommit::Repository",
        pointer: "/Triggers",
        is_about: any,
        sentence: "An update of the triggers requires some interruptions.",
        source: "AWS::CodeCommit::Repository, CloudFormation template reference",
    },
    security_group("/SecurityGroupEgress"),
    security_group("/SecurityGroupIngress"),
    notebook("/InstanceType"),
    notebook("/VolumeSizeInGB"),
];

const fn security_group(pointer: &'static str) -> Fact {
    Fact {
        kind: "AWS::EC2::SecurityGroup",
        pointer,
        is_about: any,
        sentence: "CloudFormation removes a rule that changes and then adds the new one: for a short time, the traffic of \
                   the rule is dropped.",
        source: "AWS::EC2::SecurityGroup, CloudFormation template reference",
    }
}

const fn notebook(pointer: &'static str) -> Fact {
    Fact {
        kind: "AWS::SageMaker::NotebookInstance",
        pointer,
        is_about: any,
        sentence: "CloudFormation stops the notebook instance and starts it again to update it.",
        source: "AWS::SageMaker::NotebookInstance, CloudFormation template reference",
    }
}

/// Updates in place that do something else than the template lets one expect. `R-x` in a source is
/// aws-cloudformation/aws-cloudformation-resource-providers-x.
pub(super) const SURPRISES: &[Fact] = &[
    Fact {
        kind: "AWS::Athena::WorkGroup",
        pointer: "/WorkGroupConfiguration",
        is_about: any,
        sentence: "CloudFormation sends all settings: a setting that is not in the template gets the service's default.",
        source: "R-athena, workgroup, 2025-06-05",
    },
    Fact {
        kind: "AWS::Events::EventBus",
        pointer: "/Policy",
        is_about: is_bus_policy_removed,
        sentence: "The property leaves the template, but CloudFormation does not remove the policy from the event bus.",
        source: "R-events, aws-events-eventbus, 2023-09-15",
    },
    Fact {
        kind: "AWS::SNS::TopicPolicy",
        pointer: "/Topics",
        is_about: any,
        sentence: "A topic that leaves the list gets the default policy of SNS.",
        source: "R-sns, aws-sns-topicpolicy, 2023-06-20",
    },
    Fact {
        kind: "AWS::SageMaker::Domain",
        pointer: "/AppNetworkAccessType",
        is_about: any,
        sentence: "SageMaker may refuse the update while apps run in the domain.",
        source: "aws-cloudformation/cloudformation-coverage-roadmap #2094; hashicorp/terraform-provider-aws #45528",
    },
    Fact {
        kind: "AWS::VerifiedPermissions::PolicyStore",
        pointer: "/EncryptionSettings",
        is_about: any,
        sentence: "Verified Permissions takes the key of a policy store only when it creates the store.",
        source: "UpdatePolicyStore, Verified Permissions API reference",
    },
];

/// Types whose schemas name no handlers, and whose other properties are updated in place.
///
/// Sources: the pages of the types in the CloudFormation template reference ("Update requires: No interruption"); the
/// CloudFormation resource specification in aws/aws-cdk (63.0.0 for Lake Formation, 101.0.0 for CodeBuild), where each
/// property of their property types is mutable.
pub(super) const UPDATED: &[&str] = &[
    "AWS::CodeBuild::Project",
    "AWS::IAM::UserToGroupAddition",
    "AWS::LakeFormation::DataLakeSettings",
    "AWS::LakeFormation::Resource",
];

fn any(_: &ResourceEntry, _: &ResourceEntry) -> bool {
    true
}

/// Whether a value is true, also as text.
pub(super) fn is_true(value: Option<&Value>) -> bool {
    value.is_some_and(|value| {
        *value == Value::Bool(true) || value.as_text().is_some_and(|text| text == "true")
    })
}

/// A whole number, also as text.
pub(super) fn number(value: &Value) -> Option<i64> {
    match value {
        Value::Integer(number) => Some(*number),
        Value::Text(text) => text.parse().ok(),
        Value::Null
        | Value::Bool(_)
        | Value::Decimal(_)
        | Value::List(_)
        | Value::Map(_)
        | Value::Intrinsic(_) => None,
    }
}

fn is_text(resource: &ResourceEntry, pointer: &str, wanted: &str) -> bool {
    value_at(resource, pointer).and_then(Value::as_text) == Some(wanted)
}

fn is_object_lock_disabled(before: &ResourceEntry, after: &ResourceEntry) -> bool {
    let after = value_at(after, "/ObjectLockEnabled");
    let is_known = after.is_none_or(|value| value.as_intrinsic().is_none());
    is_true(value_at(before, "/ObjectLockEnabled")) && is_known && !is_true(after)
}

fn is_locked_bucket_unversioned(before: &ResourceEntry, after: &ResourceEntry) -> bool {
    let status = "/VersioningConfiguration/Status";
    is_true(value_at(before, "/ObjectLockEnabled")) && is_text(after, status, "Suspended")
}

/// Whether the scope of a static policy differs in more than its actions. A text that cannot be read says nothing.
fn is_policy_scope_changed(before: &ResourceEntry, after: &ResourceEntry) -> bool {
    let of = |resource: &ResourceEntry| {
        let statement = value_at(resource, "/Definition/Static/Statement");
        statement.and_then(Value::as_text).and_then(scope)
    };
    matches!((of(before), of(after)), (Some(before), Some(after)) if before != after)
}

fn is_tier_lowered(before: &ResourceEntry, after: &ResourceEntry) -> bool {
    is_text(before, "/Tier", "Advanced") && is_text(after, "/Tier", "Standard")
}

fn is_volume_smaller(before: &ResourceEntry, after: &ResourceEntry) -> bool {
    let size = |resource| value_at(resource, "/VolumeSizeInGB").and_then(number);
    matches!((size(before), size(after)), (Some(before), Some(after)) if after < before)
}

/// Whether both sides define an attribute of one name, with different types.
fn is_attribute_changed(before: &ResourceEntry, after: &ResourceEntry) -> bool {
    definitions(before).iter().any(|old| {
        definitions(after).iter().any(|new| {
            of(new, "AttributeName") == of(old, "AttributeName")
                && of(new, "AttributeType") != of(old, "AttributeType")
        })
    })
}

fn definitions(table: &ResourceEntry) -> &[Value] {
    value_at(table, "/AttributeDefinitions").and_then(Value::as_list).unwrap_or_default()
}

fn of<'v>(value: &'v Value, name: &str) -> Option<&'v Value> {
    value.as_map()?.get(name)
}

/// `EnableVersionUpgrade` of a domain's policy on updates.
fn version_upgrade(domain: &ResourceEntry) -> Option<&Value> {
    of(domain.other.get("UpdatePolicy")?, "EnableVersionUpgrade")
}

fn is_version_replaced(before: &ResourceEntry, after: &ResourceEntry) -> bool {
    !is_true(version_upgrade(after)) && !is_version_policy_unknown(before, after)
}

fn is_version_policy_unknown(_: &ResourceEntry, after: &ResourceEntry) -> bool {
    let policy = after.other.get("UpdatePolicy");
    let mut values = [policy, version_upgrade(after)].into_iter().flatten();
    values.any(|value| value.as_intrinsic().is_some())
}

fn is_bus_policy_removed(_: &ResourceEntry, after: &ResourceEntry) -> bool {
    after.properties.get("Policy").is_none()
}

/// The types that have a name which the template gives while the service makes the primary identifier, or whose
/// identifier has a part that a template may leave out: the pointers of everything that must be unique together, the
/// name first. The primary identifier of the schema serves for all other types.
///
/// Sources: "Name type" in the CloudFormation template reference; docs/aws-behaviour.md, rows 1:3 and f:1, for Lake
/// Formation permissions; aws/aws-cdk #26834 for registered locations; aws/modern-data-architecture-accelerator #35 for
/// domains.
pub(super) const NAMES: &[(&str, &[&str])] = &[
    ("AWS::CodeBuild::Project", &["/Name"]),
    ("AWS::CodeCommit::Repository", &["/RepositoryName"]),
    ("AWS::EC2::SecurityGroup", &["/GroupName", "/VpcId"]),
    ("AWS::Events::Rule", &["/Name", "/EventBusName"]),
    ("AWS::Glue::Database", &["/DatabaseInput/Name", "/CatalogId"]),
    ("AWS::Glue::Table", &["/TableInput/Name", "/DatabaseName", "/CatalogId"]),
    ("AWS::IAM::ManagedPolicy", &["/ManagedPolicyName"]),
    ("AWS::LakeFormation::PrincipalPermissions", &["/Resource", "/Principal", "/Catalog"]),
    ("AWS::LakeFormation::Resource", &["/ResourceArn"]),
    ("AWS::QuickSight::DataSource", &["/DataSourceId", "/AwsAccountId"]),
    ("AWS::QuickSight::Group", &["/GroupName", "/Namespace"]),
    ("AWS::SNS::Topic", &["/TopicName"]),
    ("AWS::SQS::Queue", &["/QueueName"]),
    ("AWS::SageMaker::Domain", &["/DomainName"]),
    ("AWS::SageMaker::NotebookInstance", &["/NotebookInstanceName"]),
    ("AWS::StepFunctions::StateMachine", &["/StateMachineName"]),
    ("AWS::WAFv2::IPSet", &["/Name", "/Scope"]),
    ("AWS::WAFv2::WebACL", &["/Name", "/Scope"]),
];

/// Types without a pinned schema that hold data. Source: `StatefulResources.json` of cfn-lint 1.58.0.
pub(super) const FOREIGN_DATA: &[&str] = &[
    "AWS::Backup::BackupVault",
    "AWS::CloudFormation::Stack",
    "AWS::Cognito::UserPool",
    "AWS::DocDB::DBCluster",
    "AWS::DocDB::DBInstance",
    "AWS::DynamoDB::GlobalTable",
    "AWS::DynamoDB::Table",
    "AWS::EC2::Volume",
    "AWS::EFS::FileSystem",
    "AWS::EMR::Cluster",
    "AWS::ElastiCache::CacheCluster",
    "AWS::ElastiCache::ReplicationGroup",
    "AWS::Elasticsearch::Domain",
    "AWS::FSx::FileSystem",
    "AWS::Kinesis::Stream",
    "AWS::Neptune::DBCluster",
    "AWS::Neptune::DBInstance",
    "AWS::OpenSearchService::Domain",
    "AWS::Organizations::Account",
    "AWS::QLDB::Ledger",
    "AWS::RDS::DBCluster",
    "AWS::RDS::DBInstance",
    "AWS::Redshift::Cluster",
    "AWS::SDB::Domain",
    "AWS::SecretsManager::Secret",
];

/// The types that support `DeletionPolicy: Snapshot`. Source: "DeletionPolicy attribute" in the CloudFormation template
/// reference.
pub(super) const WITH_SNAPSHOTS: &[&str] = &[
    "AWS::DocDB::DBCluster",
    "AWS::EC2::Volume",
    "AWS::ElastiCache::CacheCluster",
    "AWS::ElastiCache::ReplicationGroup",
    "AWS::Neptune::DBCluster",
    "AWS::RDS::DBCluster",
    "AWS::RDS::DBInstance",
    "AWS::Redshift::Cluster",
];

#[cfg(test)]
mod tests {
    use lakewright_template::schema;

    use super::*;

    /// Source: the schemas. Those of types that are not pinned do not list their properties.
    #[test]
    fn each_fact_is_about_a_property_of_its_type_that_is_not_create_only() {
        let facts = REFUSED.iter().chain(REPLACED).chain(MAY_REPLACE);
        for fact in facts.chain(INTERRUPTED).chain(SURPRISES) {
            let rules = schema::updates_of(fact.kind).expect(fact.kind);
            assert!(rules.create_only().all(|pointer| pointer != fact.pointer), "{}", fact.kind);
            let Some(schema) = schema::of(fact.kind) else { continue };
            let top = fact.pointer.split('/').nth(1).expect("a token");
            assert!(schema.properties().any(|name| name == top), "{} {top}", fact.kind);
        }
    }

    #[test]
    fn schemas_of_types_that_are_updated_by_their_pages_name_no_handlers() {
        for kind in UPDATED {
            assert!(!schema::updates_of(kind).expect(kind).names_handlers(), "{kind}");
        }
    }

    /// Source: the pinned schemas.
    #[test]
    fn each_name_is_a_property_of_its_type() {
        for (kind, pointers) in NAMES {
            let schema = schema::of(kind).expect(kind);
            for pointer in *pointers {
                let top = pointer.split('/').nth(1).expect("a token");
                assert!(schema.properties().any(|name| name == top), "{kind} {pointer}");
            }
        }
    }

    #[test]
    fn types_with_a_schema_are_in_the_list_of_the_template_crate() {
        for kind in FOREIGN_DATA {
            assert!(schema::of(kind).is_none(), "{kind}: see template/src/stateful.rs");
        }
    }
}
