//! Types whose schemas are not pinned: what `template/data/updates.txt` and AWS's pages say about them.

use super::{IN_PLACE, MAY_REPLACE, REPLACES, judged, one, outcome, says, update};

/// Sources: the pages of the types in the CloudFormation template reference, "Update requires"; the schemas for what is
/// create-only under conditions.
#[test]
fn types_that_the_stacks_do_not_use_have_verdicts() {
    for (kind, before, after, fate) in [
        ("AWS::DynamoDB::Table", "TableName: a", "TableName: b", REPLACES),
        (
            "AWS::DynamoDB::Table",
            "KeySchema: [{AttributeName: a, KeyType: HASH}]",
            "KeySchema: [{AttributeName: b, KeyType: HASH}]",
            MAY_REPLACE,
        ),
        (
            "AWS::DynamoDB::Table",
            "BillingMode: PROVISIONED",
            "BillingMode: PAY_PER_REQUEST",
            IN_PLACE,
        ),
        ("AWS::EC2::Instance", "ImageId: ami-1", "ImageId: ami-2", REPLACES),
        ("AWS::EC2::Instance", "InstanceType: t3.nano", "InstanceType: t3.micro", MAY_REPLACE),
        (
            "AWS::EC2::Instance",
            "DisableApiTermination: false",
            "DisableApiTermination: true",
            IN_PLACE,
        ),
        ("AWS::ECS::Service", "Cluster: a", "Cluster: b", REPLACES),
        ("AWS::ECS::Service", "DesiredCount: 1", "DesiredCount: 2", IN_PLACE),
        ("AWS::IAM::Policy", "Roles: [a]", "Roles: [b]", IN_PLACE),
        ("AWS::IAM::UserToGroupAddition", "Users: [a]", "Users: [a, b]", IN_PLACE),
        ("AWS::Lambda::Function", "FunctionName: a", "FunctionName: b", REPLACES),
        ("AWS::Lambda::Function", "Code: {S3Key: a}", "Code: {S3Key: b}", IN_PLACE),
        ("AWS::RDS::DBInstance", "Engine: mysql", "Engine: mariadb", MAY_REPLACE),
    ] {
        assert_eq!(update(kind, before, after), fate, "{kind}: {before} to {after}");
    }
}

/// Sources: AWS::FSx::FileSystem in the CloudFormation resource specification 63.0.0 of aws/aws-cdk, where the deployment
/// type is immutable; "Updates are not supported." in AWS::ElastiCache::SecurityGroupIngress, CloudFormation template
/// reference. The schemas of both types name no handlers, and do not say so.
#[test]
fn a_schema_without_handlers_does_not_tell_of_each_property() {
    for (kind, before, after) in [
        (
            "AWS::FSx::FileSystem",
            "LustreConfiguration: {DeploymentType: SCRATCH_1}",
            "LustreConfiguration: {DeploymentType: SCRATCH_2}",
        ),
        (
            "AWS::ElastiCache::SecurityGroupIngress",
            "EC2SecurityGroupName: a",
            "EC2SecurityGroupName: b",
        ),
    ] {
        let found = one(kind, before, after);
        assert_eq!(found.fate, MAY_REPLACE, "{kind}");
        assert!(says(&found, "does not tell of each property"), "{found:?}");
    }
    assert_eq!(update("AWS::FSx::FileSystem", "SubnetIds: [a]", "SubnetIds: [b]"), REPLACES);
}

/// Sources: AWS::DynamoDB::Table ("Replacement if you edit an existing AttributeDefinition") and its LocalSecondaryIndex
/// ("Updates are not supported"), CloudFormation template reference.
#[test]
fn a_table_of_dynamodb_keeps_the_types_of_its_attributes() {
    let table = "AWS::DynamoDB::Table";
    let one_of =
        |kind: &str| format!("AttributeDefinitions: [{{AttributeName: a, AttributeType: {kind}}}]");
    assert_eq!(update(table, &one_of("S"), &one_of("B")), REPLACES);
    let two = "AttributeDefinitions: [{AttributeName: a, AttributeType: S}, {AttributeName: b, AttributeType: S}]";
    assert_eq!(update(table, &one_of("S"), two), IN_PLACE);
    let index = "LocalSecondaryIndexes: [{IndexName: i}]";
    assert_eq!(update(table, "", index), MAY_REPLACE);
}

/// Sources: AWS::OpenSearchService::Domain, EngineVersion, CloudFormation template reference, as quoted in
/// terraform-aws-modules/terraform-aws-opensearch #43; cloudformation-opensearch-upgrade, AWS knowledge center.
#[test]
fn a_domain_of_another_version_is_replaced_unless_its_policy_upgrades_it() {
    let text = |version: &str, policy: &str| {
        format!(
            "Parameters: {{U: {{Type: String}}}}
Resources:
  D:
    Type: AWS::OpenSearchService::Domain
    {policy}
    Properties: {{EngineVersion: {version}}}
"
        )
    };
    for (policy, fate) in [
        ("UpdatePolicy: {EnableVersionUpgrade: true}", IN_PLACE),
        ("UpdatePolicy: {EnableVersionUpgrade: false}", REPLACES),
        ("UpdatePolicy: {EnableVersionUpgrade: !Ref U}", MAY_REPLACE),
        ("DeletionPolicy: Delete", REPLACES),
    ] {
        let change = judged(&text("OpenSearch_1.3", policy), &text("OpenSearch_2.19", policy));
        assert_eq!(outcome(&change, "D").fate, fate, "{policy}");
    }
}

/// Source: AWS::CloudFormation::Stack, CloudFormation template reference.
#[test]
fn a_nested_stack_is_never_replaced_but_its_resources_may_be() {
    let found = one("AWS::CloudFormation::Stack", "TemplateURL: a", "TemplateURL: b");
    assert_eq!(found.fate, IN_PLACE);
    assert!(says(&found, "may replace or delete resources in it"), "{found:?}");
}
