//! The CloudFormation resource types and properties that the model supports.

/// The supported resource types, each with the properties that are read for access or do not affect it. A proof fails
/// on any other type or property. The list is maintained by hand, not derived from the pinned schemas: adding a type to
/// the stacks requires stating how it affects access.
pub(super) const KNOWN: [(&str, &[&str]); 61] = [
    ("AWS::Athena::NamedQuery", &["Database", "Description", "Name", "QueryString", "WorkGroup"]),
    (
        "AWS::Athena::WorkGroup",
        &[
            "Description",
            "Name",
            "RecursiveDeleteOption",
            "State",
            "Tags",
            "WorkGroupConfiguration",
        ],
    ),
    (
        "AWS::CloudWatch::Alarm",
        &[
            "AlarmActions",
            "AlarmDescription",
            "AlarmName",
            "ComparisonOperator",
            "Dimensions",
            "EvaluationPeriods",
            "MetricName",
            "Namespace",
            "Period",
            "Statistic",
            "Tags",
            "Threshold",
            "TreatMissingData",
        ],
    ),
    (
        "AWS::CodeBuild::Project",
        &[
            "Artifacts",
            "Description",
            "EncryptionKey",
            "Environment",
            "LogsConfig",
            "Name",
            "SecondarySources",
            "ServiceRole",
            "Source",
            "Tags",
            "TimeoutInMinutes",
            "Visibility",
        ],
    ),
    ("AWS::CodeCommit::Repository", &["Code", "RepositoryDescription", "RepositoryName", "Tags"]),
    (
        "AWS::CodePipeline::Pipeline",
        &[
            "ArtifactStore",
            "ArtifactStores",
            "ExecutionMode",
            "Name",
            "PipelineType",
            "RestartExecutionOnUpdate",
            "RoleArn",
            "Stages",
            "Tags",
        ],
    ),
    (
        "AWS::EC2::FlowLog",
        &[
            "DeliverLogsPermissionArn",
            "LogDestinationType",
            "LogGroupName",
            "ResourceId",
            "ResourceType",
            "Tags",
            "TrafficType",
        ],
    ),
    ("AWS::EC2::RouteTable", &["Tags", "VpcId"]),
    ("AWS::EC2::SecurityGroup", &["GroupDescription", "GroupName", "Tags", "VpcId"]),
    (
        "AWS::EC2::SecurityGroupEgress",
        &[
            "CidrIp",
            "Description",
            "DestinationSecurityGroupId",
            "FromPort",
            "GroupId",
            "IpProtocol",
            "ToPort",
        ],
    ),
    (
        "AWS::EC2::SecurityGroupIngress",
        &[
            "CidrIp",
            "Description",
            "FromPort",
            "GroupId",
            "IpProtocol",
            "SourceSecurityGroupId",
            "ToPort",
        ],
    ),
    (
        "AWS::EC2::Subnet",
        &["AvailabilityZoneId", "CidrBlock", "MapPublicIpOnLaunch", "Tags", "VpcId"],
    ),
    ("AWS::EC2::SubnetRouteTableAssociation", &["RouteTableId", "SubnetId"]),
    ("AWS::EC2::VPC", &["CidrBlock", "EnableDnsHostnames", "EnableDnsSupport", "Tags"]),
    (
        "AWS::EC2::VPCEndpoint",
        &[
            "PrivateDnsEnabled",
            "RouteTableIds",
            "SecurityGroupIds",
            "ServiceName",
            "SubnetIds",
            "Tags",
            "VpcEndpointType",
            "VpcId",
        ],
    ),
    ("AWS::Events::EventBus", &["Description", "Name", "Policy", "Tags"]),
    ("AWS::Events::EventBusPolicy", &["EventBusName", "Statement", "StatementId"]),
    (
        "AWS::Events::Rule",
        &["Description", "EventBusName", "EventPattern", "Name", "State", "Tags", "Targets"],
    ),
    ("AWS::Glue::Connection", &["CatalogId", "ConnectionInput", "Tags"]),
    (
        "AWS::Glue::Crawler",
        &[
            "Configuration",
            "CrawlerSecurityConfiguration",
            "DatabaseName",
            "Description",
            "Name",
            "RecrawlPolicy",
            "Role",
            "Schedule",
            "SchemaChangePolicy",
            "TablePrefix",
            "Tags",
            "Targets",
        ],
    ),
    ("AWS::Glue::Database", &["CatalogId", "DatabaseInput"]),
    (
        "AWS::Glue::Job",
        &[
            "Command",
            "DefaultArguments",
            "Description",
            "ExecutionProperty",
            "GlueVersion",
            "Name",
            "NonOverridableArguments",
            "NumberOfWorkers",
            "Role",
            "SecurityConfiguration",
            "Tags",
            "Timeout",
            "WorkerType",
        ],
    ),
    ("AWS::Glue::SecurityConfiguration", &["EncryptionConfiguration", "Name"]),
    ("AWS::Glue::Table", &["CatalogId", "DatabaseName", "TableInput"]),
    (
        "AWS::Glue::Trigger",
        &["Actions", "Description", "Name", "Schedule", "StartOnCreation", "Tags", "Type"],
    ),
    (
        "AWS::IAM::ManagedPolicy",
        &["Description", "ManagedPolicyName", "Path", "PolicyDocument", "Roles"],
    ),
    ("AWS::IAM::Policy", &["PolicyDocument", "PolicyName", "Roles"]),
    (
        "AWS::IAM::Role",
        &[
            "AssumeRolePolicyDocument",
            "Description",
            "ManagedPolicyArns",
            "MaxSessionDuration",
            "Path",
            "PermissionsBoundary",
            "Policies",
            "RoleName",
            "Tags",
        ],
    ),
    ("AWS::IAM::RolePolicy", &["PolicyDocument", "PolicyName", "RoleName"]),
    ("AWS::KMS::Alias", &["AliasName", "TargetKeyId"]),
    (
        "AWS::KMS::Key",
        &["Description", "EnableKeyRotation", "KeyPolicy", "PendingWindowInDays", "Tags"],
    ),
    (
        "AWS::LakeFormation::DataCellsFilter",
        &[
            "ColumnNames",
            "ColumnWildcard",
            "DatabaseName",
            "Name",
            "RowFilter",
            "TableCatalogId",
            "TableName",
        ],
    ),
    (
        "AWS::LakeFormation::DataLakeSettings",
        &[
            "Admins",
            "CreateDatabaseDefaultPermissions",
            "CreateTableDefaultPermissions",
            "MutationType",
        ],
    ),
    (
        "AWS::LakeFormation::PrincipalPermissions",
        &["Catalog", "Permissions", "PermissionsWithGrantOption", "Principal", "Resource"],
    ),
    (
        "AWS::LakeFormation::Resource",
        &["HybridAccessEnabled", "ResourceArn", "RoleArn", "UseServiceLinkedRole"],
    ),
    ("AWS::LakeFormation::Tag", &["CatalogId", "TagKey", "TagValues"]),
    ("AWS::LakeFormation::TagAssociation", &["LFTags", "Resource"]),
    ("AWS::Logs::LogGroup", &["LogGroupName", "RetentionInDays", "Tags"]),
    (
        "AWS::QuickSight::DataSource",
        &[
            "AwsAccountId",
            "DataSourceId",
            "DataSourceParameters",
            "Name",
            "Permissions",
            "Tags",
            "Type",
        ],
    ),
    ("AWS::QuickSight::Group", &["Description", "GroupName", "Namespace"]),
    (
        "AWS::S3::AccessPoint",
        &["Bucket", "BucketAccountId", "Name", "Policy", "PublicAccessBlockConfiguration", "Tags"],
    ),
    (
        "AWS::S3::Bucket",
        &[
            "BucketEncryption",
            "BucketName",
            "LifecycleConfiguration",
            "LoggingConfiguration",
            "NotificationConfiguration",
            "OwnershipControls",
            "PublicAccessBlockConfiguration",
            "Tags",
            "VersioningConfiguration",
        ],
    ),
    ("AWS::S3::BucketPolicy", &["Bucket", "PolicyDocument"]),
    ("AWS::SNS::Subscription", &["Endpoint", "Protocol", "Region", "TopicArn"]),
    ("AWS::SNS::Topic", &["KmsMasterKeyId", "Tags", "TopicName"]),
    ("AWS::SNS::TopicPolicy", &["PolicyDocument", "Topics"]),
    (
        "AWS::SQS::Queue",
        &[
            "KmsMasterKeyId",
            "MessageRetentionPeriod",
            "QueueName",
            "RedriveAllowPolicy",
            "RedrivePolicy",
            "Tags",
        ],
    ),
    ("AWS::SQS::QueuePolicy", &["PolicyDocument", "Queues"]),
    ("AWS::SSM::Parameter", &["Description", "Name", "Tags", "Type", "Value"]),
    (
        "AWS::SageMaker::Domain",
        &[
            "AppNetworkAccessType",
            "AuthMode",
            "DefaultUserSettings",
            "DomainName",
            "KmsKeyId",
            "SubnetIds",
            "TagPropagation",
            "Tags",
            "VpcId",
        ],
    ),
    (
        "AWS::SageMaker::NotebookInstance",
        &[
            "DirectInternetAccess",
            "InstanceMetadataServiceConfiguration",
            "InstanceType",
            "KmsKeyId",
            "NotebookInstanceName",
            "PlatformIdentifier",
            "RoleArn",
            "RootAccess",
            "SecurityGroupIds",
            "SubnetId",
            "Tags",
            "VolumeSizeInGB",
        ],
    ),
    ("AWS::SageMaker::UserProfile", &["DomainId", "Tags", "UserProfileName", "UserSettings"]),
    (
        "AWS::Scheduler::Schedule",
        &[
            "Description",
            "FlexibleTimeWindow",
            "Name",
            "ScheduleExpression",
            "ScheduleExpressionTimezone",
            "State",
            "Target",
        ],
    ),
    ("AWS::SecretsManager::ResourcePolicy", &["BlockPublicPolicy", "ResourcePolicy", "SecretId"]),
    (
        "AWS::StepFunctions::StateMachine",
        &[
            "Definition",
            "LoggingConfiguration",
            "RoleArn",
            "StateMachineName",
            "StateMachineType",
            "Tags",
        ],
    ),
    // Decisions of a policy store are those of an application, and give nobody access to AWS.
    (
        "AWS::VerifiedPermissions::IdentitySource",
        &["Configuration", "PolicyStoreId", "PrincipalEntityType"],
    ),
    ("AWS::VerifiedPermissions::Policy", &["Definition", "Name", "PolicyStoreId"]),
    (
        "AWS::VerifiedPermissions::PolicyStore",
        &[
            "DeletionProtection",
            "Description",
            "EncryptionSettings",
            "Schema",
            "Tags",
            "ValidationSettings",
        ],
    ),
    ("AWS::VerifiedPermissions::PolicyStoreAlias", &["AliasName", "PolicyStoreId"]),
    (
        "AWS::WAFv2::IPSet",
        &["Addresses", "Description", "IPAddressVersion", "Name", "Scope", "Tags"],
    ),
    (
        "AWS::WAFv2::WebACL",
        &["DefaultAction", "Description", "Name", "Rules", "Scope", "Tags", "VisibilityConfig"],
    ),
];

/// The supported properties of a type; `None` for an unsupported type.
pub(super) fn properties_of(kind: &str) -> Option<&'static [&'static str]> {
    let place = KNOWN.binary_search_by(|(known, _)| (*known).cmp(kind)).ok()?;
    Some(KNOWN[place].1)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use lakewright_template::schema;

    use super::*;

    /// How properties are named that hold a principal, a policy, a role, code or a way out.
    const POWER: [&str; 14] = [
        "AccessControl",
        "Admins",
        "Code",
        "Destination",
        "External",
        "Groups",
        "Lifecycle",
        "Notification",
        "Polic",
        "Principal",
        "Replication",
        "Role",
        "Subscription",
        "Users",
    ];

    #[test]
    fn what_is_known_is_in_the_schemas_and_sorted() {
        assert!(KNOWN.is_sorted());
        for (kind, properties) in KNOWN {
            assert!(properties.is_sorted(), "{kind}");
            // Types that stacks do not emit are known from tables of decisions only.
            let Some(schema) = schema::of(kind) else { continue };
            let all: BTreeSet<&str> = schema.properties().collect();
            for property in properties {
                assert!(all.contains(property), "{kind}.{property}");
            }
        }
    }

    /// The schemas say which properties there are: those that could open something are known, or refused.
    #[test]
    fn no_property_that_holds_power_is_passed_over() {
        let mut refused = BTreeSet::new();
        for (kind, properties) in KNOWN {
            let all = schema::of(kind)
                .into_iter()
                .flat_map(lakewright_template::schema::Schema::properties);
            let is_power = |name: &&str| POWER.iter().any(|word| name.contains(word));
            for name in all.filter(is_power).filter(|name| !properties.contains(name)) {
                refused.insert(format!("{kind}.{name}"));
            }
        }
        for expected in [
            "AWS::IAM::ManagedPolicy.Groups",
            "AWS::IAM::ManagedPolicy.Users",
            "AWS::LakeFormation::DataLakeSettings.ReadOnlyAdmins",
            "AWS::S3::Bucket.AccessControl",
            "AWS::S3::Bucket.ReplicationConfiguration",
            "AWS::SNS::Subscription.SubscriptionRoleArn",
            "AWS::SNS::Topic.Subscription",
        ] {
            assert!(refused.contains(expected), "{expected} of {refused:?}");
        }
        assert!(refused.len() > 15, "{refused:?}");
    }
}
