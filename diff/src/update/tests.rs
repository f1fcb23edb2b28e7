//! Each verdict with its source. "Schemas" are those in `template/data`; "the table" is a comparison of
//! these schemas with the database of the AWS CDK (@aws-cdk/aws-service-spec 0.1.216), which disagrees with them.

use std::collections::{BTreeMap, BTreeSet};

use lakewright_template::{
    DeletionPolicy, LogicalId, Map, Place, ResourceEntry, Template, Value, read,
};

use super::*;
use crate::Stack;
use crate::change::{ChangeKind, PropertyChange, ResourceChange, StackChange};

mod data;
mod unpinned;
mod values;

fn property(path: String, before: Option<&Value>, after: Option<&Value>) -> PropertyChange {
    let (before, after) = (before.cloned(), after.cloned());
    PropertyChange { path, before, after, update: Update::Nothing }
}

/// The changed values below a path, as deep as both sides are maps or lists of one length.
fn changes(
    path: &str,
    before: Option<&Value>,
    after: Option<&Value>,
    found: &mut Vec<PropertyChange>,
) {
    match (before, after) {
        (Some(Value::Map(left)), Some(Value::Map(right))) => {
            let keys: BTreeSet<&str> =
                left.iter().chain(right.iter()).map(|(key, _)| key.as_ref()).collect();
            for key in keys {
                changes(&format!("{path}/{key}"), left.get(key), right.get(key), found);
            }
        }
        (Some(Value::List(left)), Some(Value::List(right))) if left.len() == right.len() => {
            for (place, pair) in left.iter().zip(right).enumerate() {
                changes(&format!("{path}/{place}"), Some(pair.0), Some(pair.1), found);
            }
        }
        _ if before == after => {}
        _ => found.push(property(path.to_owned(), before, after)),
    }
}

fn of_maps(before: &Map, after: &Map) -> Vec<PropertyChange> {
    let mut found = Vec::new();
    changes("", Some(&before.clone().into()), Some(&after.clone().into()), &mut found);
    found
}

fn attributes(before: &ResourceEntry, after: &ResourceEntry) -> Vec<PropertyChange> {
    let policy = |policy: Option<DeletionPolicy>| policy.map(|one| Value::from(one.as_str()));
    let text = |text: Option<String>| text.map(Value::from);
    let both = [
        ("/DeletionPolicy", policy(before.deletion_policy), policy(after.deletion_policy)),
        (
            "/UpdateReplacePolicy",
            policy(before.update_replace_policy),
            policy(after.update_replace_policy),
        ),
        (
            "/Condition",
            text(before.condition.as_ref().map(ToString::to_string)),
            text(after.condition.as_ref().map(ToString::to_string)),
        ),
        ("/Type", text(Some(before.kind.to_string())), text(Some(after.kind.to_string()))),
    ];
    let differ = both.into_iter().filter(|(_, before, after)| before != after);
    differ
        .map(|(path, before, after)| property(path.to_owned(), before.as_ref(), after.as_ref()))
        .collect()
}

fn resource(
    id: &LogicalId,
    before: Option<&ResourceEntry>,
    after: Option<&ResourceEntry>,
) -> Option<ResourceChange> {
    let (kind, properties, attributes) = match (before, after) {
        (Some(before), Some(after)) if before == after => return None,
        (Some(before), Some(after)) => {
            let properties = of_maps(&before.properties, &after.properties);
            (ChangeKind::Changed, properties, attributes(before, after))
        }
        (None, _) => (ChangeKind::Added, Vec::new(), Vec::new()),
        (_, None) => (ChangeKind::Removed, Vec::new(), Vec::new()),
    };
    let outcome = Outcome { fate: Fate::Unchanged, data: DataEffect::None, reasons: Vec::new() };
    Some(ResourceChange {
        logical_id: id.clone(),
        resource_type: after.or(before)?.kind.clone(),
        kind,
        properties,
        attributes,
        outcome,
        lines_before: Vec::new(),
        lines_after: Vec::new(),
    })
}

fn sides(before: &str, after: &str) -> (Template, Template) {
    let side = |text: &str| read::template(text).expect("a template");
    (side(before), side(after))
}

/// The judged change between two templates.
fn judged(before: &str, after: &str) -> StackChange {
    let (before, after) = sides(before, after);
    let ids: BTreeSet<&LogicalId> = before.resources.keys().chain(after.resources.keys()).collect();
    let resources = ids
        .into_iter()
        .filter_map(|id| resource(id, before.resources.get(id), after.resources.get(id)))
        .collect();
    let mut others = Vec::new();
    for (name, parameter) in &after.parameters {
        let old = before.parameters.get(name).and_then(|old| old.attributes.get("Default"));
        let path = format!("/Parameters/{name}/Default");
        changes(&path, old, parameter.attributes.get("Default"), &mut others);
    }
    for (name, condition) in &after.conditions {
        let path = format!("/Conditions/{name}");
        changes(&path, before.conditions.get(name), Some(condition), &mut others);
    }
    for (name, mapping) in after.mappings.iter() {
        let path = format!("/Mappings/{name}");
        changes(&path, before.mappings.get(name), Some(mapping), &mut others);
    }
    let mut change =
        StackChange { stack: "s".to_owned(), kind: ChangeKind::Changed, resources, others };
    judge_in("eu-west-1", &mut change, Some(&before), Some(&after));
    change
}

/// Judges a change of a stack in a region.
fn judge_in(
    region: &str,
    change: &mut StackChange,
    before: Option<&Template>,
    after: Option<&Template>,
) {
    let place = Place::parse("111122223333", region).expect("a place");
    let lines = BTreeMap::new();
    let [before, after] = [before, after].map(|side| {
        side.map(|template| Stack { address: "s", place: &place, template, lines: &lines })
    });
    judge(change, before, after);
}

fn outcome<'c>(change: &'c StackChange, id: &str) -> &'c Outcome {
    let found = change.resources.iter().find(|resource| resource.logical_id.as_str() == id);
    &found.unwrap_or_else(|| panic!("{id} does not change")).outcome
}

/// One resource `R` of a type with two sets of properties, in flow style.
fn one(kind: &str, before: &str, after: &str) -> Outcome {
    let text = |properties: &str| {
        format!("Resources:\n  R: {{Type: '{kind}', Properties: {{{properties}}}}}\n")
    };
    outcome(&judged(&text(before), &text(after)), "R").clone()
}

fn update(kind: &str, before: &str, after: &str) -> Fate {
    one(kind, before, after).fate
}

fn says(outcome: &Outcome, words: &str) -> bool {
    outcome.reasons.iter().any(|reason| reason.contains(words))
}

const IN_PLACE: Fate = Fate::Updated(Update::InPlace);
const INTERRUPTS: Fate = Fate::Updated(Update::Interrupts);
const MAY_REPLACE: Fate = Fate::Updated(Update::MayReplace);
const REPLACES: Fate = Fate::Updated(Update::Replaces);
const FAILS: Fate = Fate::Updated(Update::Fails);

/// Source: the table, row by row; the right value is the schema's.
#[test]
fn schemas_decide_where_the_database_of_the_cdk_disagrees() {
    for (kind, before, after, fate) in [
        ("AWS::S3::Bucket", "", "ObjectLockEnabled: true", IN_PLACE),
        ("AWS::Glue::Database", "CatalogId: '1'", "CatalogId: '2'", IN_PLACE),
        ("AWS::Glue::Database", "DatabaseInput: {Name: a}", "DatabaseInput: {Name: b}", IN_PLACE),
        ("AWS::SageMaker::Domain", "Tags: []", "Tags: [{Key: a, Value: b}]", IN_PLACE),
        ("AWS::SageMaker::Domain", "SubnetIds: [a]", "SubnetIds: [b]", IN_PLACE),
        (
            "AWS::SageMaker::Domain",
            "AppNetworkAccessType: VpcOnly",
            "AppNetworkAccessType: PublicInternetOnly",
            IN_PLACE,
        ),
        ("AWS::SageMaker::Domain", "VpcId: vpc-1", "VpcId: vpc-2", MAY_REPLACE),
        ("AWS::SageMaker::UserProfile", "Tags: []", "Tags: [{Key: a, Value: b}]", IN_PLACE),
        ("AWS::Events::EventBus", "EventSourceName: a", "EventSourceName: b", IN_PLACE),
        ("AWS::Events::Rule", "EventBusName: a", "EventBusName: b", MAY_REPLACE),
        (
            "AWS::LakeFormation::Resource",
            "UseServiceLinkedRole: true",
            "UseServiceLinkedRole: false",
            IN_PLACE,
        ),
        ("AWS::CodeCommit::Repository", "Triggers: []", "Triggers: [{Name: a}]", INTERRUPTS),
        (
            "AWS::SageMaker::Domain",
            "DefaultUserSettings: {JupyterServerAppSettings: {DefaultResourceSpec: {InstanceType: a}}}",
            "DefaultUserSettings: {JupyterServerAppSettings: {DefaultResourceSpec: {InstanceType: b}}}",
            IN_PLACE,
        ),
        (
            "AWS::SageMaker::Domain",
            "DomainSettings: {RStudioServerProDomainSettings: {DefaultResourceSpec: {InstanceType: a}}}",
            "DomainSettings: {RStudioServerProDomainSettings: {DefaultResourceSpec: {InstanceType: b}}}",
            REPLACES,
        ),
        ("AWS::SNS::Subscription", "Region: eu-west-1", "Region: eu-west-2", MAY_REPLACE),
        ("AWS::QuickSight::Group", "GroupName: a", "GroupName: b", REPLACES),
        ("AWS::QuickSight::Group", "Namespace: a", "Namespace: b", REPLACES),
        ("AWS::KMS::Key", "KeySpec: SYMMETRIC_DEFAULT", "KeySpec: RSA_2048", FAILS),
        ("AWS::KMS::Key", "KeyUsage: ENCRYPT_DECRYPT", "KeyUsage: SIGN_VERIFY", FAILS),
        ("AWS::KMS::Key", "Origin: AWS_KMS", "Origin: EXTERNAL", FAILS),
        ("AWS::KMS::Key", "", "MultiRegion: true", FAILS),
        (
            "AWS::VerifiedPermissions::PolicyStoreAlias",
            "AliasName: policy-store-alias/a",
            "AliasName: policy-store-alias/b",
            REPLACES,
        ),
    ] {
        assert_eq!(update(kind, before, after), fate, "{kind}: {before} to {after}");
    }
}

/// Source: `UpdatePolicy` in the Verified Permissions API reference: actions and conditions change, the effect, the principal
/// and the resource do not.
#[test]
fn the_scope_of_a_policy_does_not_change() {
    let kind = "AWS::VerifiedPermissions::Policy";
    let of = |policy: &str| format!("Definition: {{Static: {{Statement: '{policy}'}}}}");
    let before = of("permit(principal, action == A::\"x\", resource) when { true };");
    for (after, fate) in [
        ("permit(principal, action == A::\"y\", resource) when { false };", IN_PLACE),
        ("forbid(principal, action == A::\"x\", resource) when { true };", FAILS),
        ("permit(principal is U, action == A::\"x\", resource) when { true };", FAILS),
        ("permit(principal, action == A::\"x\", resource is T) when { true };", FAILS),
    ] {
        assert_eq!(update(kind, &before, &of(after)), fate, "{after}");
    }
}

/// Source: schemas, `conditionalCreateOnlyProperties` of all types that have one.
#[test]
fn conditional_create_only_properties_may_replace() {
    assert_eq!(update("AWS::EC2::Subnet", "Ipv6CidrBlock: a", "Ipv6CidrBlock: b"), MAY_REPLACE);
    assert_eq!(
        update("AWS::EC2::VPC", "InstanceTenancy: default", "InstanceTenancy: dedicated"),
        MAY_REPLACE
    );
}

/// Source: schema of AWS::Glue::Table, `/TableInput/Name`.
#[test]
fn a_renamed_table_is_replaced_and_another_input_is_not() {
    let table = "AWS::Glue::Table";
    assert_eq!(update(table, "TableInput: {Name: a}", "TableInput: {Name: b}"), REPLACES);
    let described = "TableInput: {Name: a, Description: d}";
    assert_eq!(update(table, "TableInput: {Name: a}", described), IN_PLACE);
    assert_eq!(update(table, "", "TableInput: {Description: d}"), IN_PLACE);
    assert_eq!(update(table, "", "TableInput: {Name: a}"), REPLACES);
}

/// Source: schema of AWS::SageMaker::NotebookInstance: `SecurityGroupIds` is create-only.
#[test]
fn what_lies_below_a_create_only_path_is_create_only() {
    let kind = "AWS::SageMaker::NotebookInstance";
    assert_eq!(update(kind, "SecurityGroupIds: [a, b]", "SecurityGroupIds: [a, c]"), REPLACES);
}

/// Source: "Fn::Sub" in the CloudFormation template reference. CloudFormation compares results of functions.
#[test]
fn functions_replace_for_sure_only_if_their_results_differ_for_sure() {
    let bucket = "AWS::S3::Bucket";
    let name = |value: &str| format!("BucketName: {value}");
    for (before, after, fate) in [
        ("!Sub 'a-${AWS::Region}'", "!Sub 'b-${AWS::Region}'", REPLACES),
        ("!Sub 'a-${AWS::Region}'", "a-eu-west-1", Fate::Unchanged),
        ("!Sub 'a-${AWS::StackName}'", "a-s", MAY_REPLACE),
        ("!Sub 'a-${AWS::StackName}'", "!Sub 'b-${AWS::StackName}'", REPLACES),
        ("!Ref 'AWS::Region'", "!Ref 'AWS::StackName'", MAY_REPLACE),
        ("!Join ['-', [a, !Ref 'AWS::Region']]", "!Join ['-', [b, !Ref 'AWS::Region']]", REPLACES),
        ("!If [C, a, b]", "!If [C, a, c]", MAY_REPLACE),
    ] {
        assert_eq!(update(bucket, &name(before), &name(after)), fate, "{before} to {after}");
    }
    // CloudFormation takes text for numbers.
    let queue = "AWS::SQS::Queue";
    assert_eq!(update(queue, "FifoQueue: true", "FifoQueue: 'true'"), Fate::Unchanged);
}

#[test]
fn a_type_without_schema_may_be_replaced_and_the_reason_says_so() {
    for kind in ["AWS::Serverless::Function", "MongoDB::Atlas::Cluster"] {
        let found = one(kind, "MemorySize: 128", "MemorySize: 256");
        assert_eq!(found.fate, MAY_REPLACE);
        assert!(says(&found, &format!("schema of {kind} is not known")), "{found:?}");
    }
}

/// Sources: "AWS::CloudFormation::CustomResource" ("Replacing a custom resource during an update"), CloudFormation template
/// reference; serverless/serverless #9240.
#[test]
fn a_custom_resource_keeps_its_service_token() {
    for kind in ["AWS::CloudFormation::CustomResource", "Custom::Thing"] {
        assert_eq!(update(kind, "ServiceToken: a", "ServiceToken: b"), FAILS);
        let found = one(kind, "ServiceToken: a, Size: 1", "ServiceToken: a, Size: 2");
        assert_eq!(found.fate, MAY_REPLACE);
        assert!(says(&found, "answers with another physical ID"), "{found:?}");
    }
}

/// Sources: aws/aws-sam-cli #6786; "Update request for CloudFormation custom resources", CloudFormation user guide.
#[test]
fn another_type_under_one_logical_id_fails() {
    let change = judged(
        "Resources: {R: {Type: AWS::SNS::Topic}}",
        "Resources: {R: {Type: AWS::SQS::Queue}}",
    );
    let found = outcome(&change, "R");
    assert_eq!(found.fate, FAILS);
    assert!(says(found, "from AWS::SNS::Topic to AWS::SQS::Queue"), "{found:?}");
    let change = judged("Resources: {R: {Type: Custom::A}}", "Resources: {R: {Type: Custom::B}}");
    assert_eq!(outcome(&change, "R").fate, FAILS);
}

/// Sources: "AWS::Logs::LogGroup", CloudFormation template reference ("Updates are not supported"); "Object Lock
/// considerations", S3 user guide; PutParameter and HierarchyTypeMismatchException, Systems Manager API reference;
/// UpdateNotebookInstance, SageMaker API reference.
#[test]
fn services_refuse_what_no_schema_says() {
    for (kind, before, after, fate) in [
        (
            "AWS::Logs::LogGroup",
            "LogGroupClass: STANDARD",
            "LogGroupClass: INFREQUENT_ACCESS",
            FAILS,
        ),
        ("AWS::S3::Bucket", "ObjectLockEnabled: true", "", FAILS),
        ("AWS::SSM::Parameter", "Tier: Advanced", "Tier: Standard", FAILS),
        ("AWS::SSM::Parameter", "Tier: Standard", "Tier: Advanced", IN_PLACE),
        ("AWS::SSM::Parameter", "Type: String", "Type: StringList", FAILS),
        ("AWS::SageMaker::NotebookInstance", "VolumeSizeInGB: 20", "VolumeSizeInGB: 10", FAILS),
    ] {
        assert_eq!(update(kind, before, after), fate, "{kind}: {before} to {after}");
    }
    let locked = "ObjectLockEnabled: true, VersioningConfiguration: {Status: Enabled}";
    let suspended = "ObjectLockEnabled: true, VersioningConfiguration: {Status: Suspended}";
    assert_eq!(update("AWS::S3::Bucket", locked, suspended), FAILS);
}

/// Source: "AWS::SageMaker::NotebookInstance", CloudFormation template reference ("Expect some interruption of service").
#[test]
fn a_notebook_instance_is_interrupted() {
    let kind = "AWS::SageMaker::NotebookInstance";
    assert_eq!(update(kind, "InstanceType: a", "InstanceType: b"), INTERRUPTS);
    assert_eq!(update(kind, "VolumeSizeInGB: 10", "VolumeSizeInGB: 20"), INTERRUPTS);
    assert_eq!(update(kind, "RootAccess: Enabled", "RootAccess: Disabled"), IN_PLACE);
}

/// Sources: schema of AWS::Glue::SecurityConfiguration; `ProvisioningType` of DescribeType in the CloudFormation API
/// reference: a type without an update handler is replaced; docs/aws-behaviour.md, row 1:23.
#[test]
fn a_type_without_update_is_replaced_and_fails_under_its_name() {
    let kind = "AWS::Glue::SecurityConfiguration";
    let encryption = |mode: &str| {
        format!(
            "EncryptionConfiguration: {{CloudWatchEncryption: {{CloudWatchEncryptionMode: {mode}}}}}"
        )
    };
    assert_eq!(update(kind, &encryption("DISABLED"), &encryption("SSE-KMS")), REPLACES);
    let named = |mode: &str| format!("Name: a, {}", encryption(mode));
    assert_eq!(update(kind, &named("DISABLED"), &named("SSE-KMS")), FAILS);
}

/// Source: "Name type", CloudFormation template reference.
#[test]
fn a_named_resource_that_is_replaced_under_its_name_fails() {
    let kind = "AWS::SageMaker::NotebookInstance";
    let named = |subnet: &str| format!("NotebookInstanceName: n, SubnetId: {subnet}");
    let found = one(kind, &named("a"), &named("b"));
    assert_eq!(found.fate, FAILS);
    assert!(says(&found, "before it deletes the old one"), "{found:?}");
    assert_eq!(found.data, DataEffect::None);
    let renamed = "NotebookInstanceName: m, SubnetId: b";
    assert_eq!(update(kind, &named("a"), renamed), REPLACES);
    assert_eq!(update("AWS::IAM::Role", "RoleName: r, Path: /a/", "RoleName: r, Path: /b/"), FAILS);
    assert_eq!(update("AWS::IAM::Role", "Path: /a/", "Path: /b/"), REPLACES);
}

/// Source: schema of AWS::LakeFormation::DataCellsFilter, `replacementStrategy`: the old one is deleted first.
#[test]
fn a_name_is_free_if_the_old_resource_is_deleted_first() {
    let filter = |rows: &str| {
        format!(
            "TableCatalogId: '1', DatabaseName: d, TableName: t, Name: n, RowFilter: {{FilterExpression: {rows}}}"
        )
    };
    let kind = "AWS::LakeFormation::DataCellsFilter";
    assert_eq!(update(kind, &filter("a"), &filter("b")), REPLACES);
}

/// Sources: "Name type", CloudFormation template reference; "Resource type handler contract" of the CloudFormation CLI:
/// creation of what exists fails.
#[test]
fn a_name_that_moves_to_another_logical_id_is_taken() {
    let named = |id: &str| {
        format!("Resources: {{{id}: {{Type: AWS::SQS::Queue, Properties: {{QueueName: q}}}}}}")
    };
    let change = judged(&named("Old"), &named("New"));
    assert_eq!(outcome(&change, "Old").fate, Fate::Deleted);
    let found = outcome(&change, "New");
    assert_eq!(found.fate, FAILS);
    assert!(says(found, "taken by resource Old"), "{found:?}");
    let change = judged(
        "Resources: {Old: {Type: AWS::SQS::Queue}}",
        "Resources: {New: {Type: AWS::SQS::Queue}}",
    );
    assert_eq!(outcome(&change, "New").fate, Fate::Created);
}

/// Source: docs/aws-behaviour.md, row 1:3 (data-dot-all/dataall #429).
#[test]
fn a_permission_of_one_pair_under_another_logical_id_fails() {
    let permission = |id: &str| {
        format!(
            "Resources: {{{id}: {{Type: AWS::LakeFormation::PrincipalPermissions, Properties: {{\
             Principal: {{DataLakePrincipalIdentifier: p}}, Resource: {{Database: {{CatalogId: '1', Name: d}}}}, \
             Permissions: [{id}], PermissionsWithGrantOption: []}}}}}}"
        )
    };
    let change = judged(&permission("DESCRIBE"), &permission("ALTER"));
    assert_eq!(outcome(&change, "ALTER").fate, FAILS);
}

/// A bucket with a name and resources that refer to it in several ways.
fn referring(name: &str) -> String {
    format!(
        "Resources:
  B: {{Type: AWS::S3::Bucket, Properties: {{BucketName: {name}}}}}
  Policy: {{Type: AWS::S3::BucketPolicy, Properties: {{Bucket: !Ref B, PolicyDocument: {{}}}}}}
  Point: {{Type: AWS::S3::AccessPoint, Properties: {{Bucket: !Select [0, [!GetAtt B.Arn]], Name: p}}}}
  Place: {{Type: AWS::LakeFormation::Resource, Properties: {{ResourceArn: !Sub '${{B.Arn}}/x', UseServiceLinkedRole: true}}}}
  Job: {{Type: AWS::Glue::Job, Properties: {{Command: {{ScriptLocation: !Join ['', ['s3://', !Ref B]]}}}}}}
  Trail: {{Type: AWS::SSM::Parameter, Properties: {{Type: String, Value: !If [C, !Ref B, none]}}}}
  Next: {{Type: AWS::SSM::Parameter, DependsOn: B, Properties: {{Type: String, Value: v}}}}
"
    )
}

/// Sources: "Replacement" in "Update behaviors of stack resources", CloudFormation user guide: references change to the
/// new resource; schemas for what is create-only. The CDK's differ follows neither `Fn::Sub` nor `Fn::Join`.
#[test]
fn references_of_every_kind_carry_a_replacement_on() {
    let change = judged(&referring("a"), &referring("b"));
    assert_eq!(outcome(&change, "B").fate, REPLACES);
    assert_eq!(outcome(&change, "Policy").fate, REPLACES);
    assert_eq!(outcome(&change, "Place").fate, REPLACES);
    assert_eq!(outcome(&change, "Job").fate, IN_PLACE);
    assert_eq!(outcome(&change, "Trail").fate, IN_PLACE);
    // Its name stays the same.
    assert_eq!(outcome(&change, "Point").fate, FAILS);
    assert!(says(outcome(&change, "Job"), "`/Command/ScriptLocation` refers to resource B"));
}

/// Source: "DependsOn attribute", CloudFormation template reference: it orders operations only.
#[test]
fn a_dependency_alone_carries_nothing_on() {
    let change = judged(&referring("a"), &referring("b"));
    assert!(change.resources.iter().all(|resource| resource.logical_id.as_str() != "Next"));
}

#[test]
fn a_resource_that_only_refers_is_added_in_order_and_without_properties() {
    let change = judged(&referring("a"), &referring("b"));
    let ids: Vec<_> = change.resources.iter().map(|one| one.logical_id.as_str()).collect();
    assert_eq!(ids, ["B", "Job", "Place", "Point", "Policy", "Trail"]);
    let policy = &change.resources[4];
    assert_eq!((policy.kind, policy.properties.len()), (ChangeKind::Changed, 0));
}

/// Source: schemas of AWS::EC2::Subnet (`VpcId`), AWS::EC2::SubnetRouteTableAssociation (`SubnetId`).
#[test]
fn a_replacement_is_carried_on_over_several_resources() {
    let network = |block: &str| {
        format!(
            "Resources:
  V: {{Type: AWS::EC2::VPC, Properties: {{CidrBlock: {block}}}}}
  S: {{Type: AWS::EC2::Subnet, Properties: {{VpcId: !Ref V, CidrBlock: c}}}}
  A: {{Type: AWS::EC2::SubnetRouteTableAssociation, Properties: {{SubnetId: !Ref S, RouteTableId: r}}}}
"
        )
    };
    let change = judged(&network("a"), &network("b"));
    for id in ["V", "S", "A"] {
        assert_eq!(outcome(&change, id).fate, REPLACES, "{id}");
    }
}

#[test]
fn what_may_be_replaced_may_replace_others() {
    let rule = |tenancy: &str| {
        format!(
            "Resources:
  V: {{Type: AWS::EC2::VPC, Properties: {{InstanceTenancy: {tenancy}}}}}
  S: {{Type: AWS::EC2::Subnet, Properties: {{VpcId: !Ref V}}}}
"
        )
    };
    let change = judged(&rule("default"), &rule("dedicated"));
    assert_eq!(outcome(&change, "S").fate, MAY_REPLACE);
}

/// Sources: "AWS::CloudFormation::CustomResource", CloudFormation template reference; `/DurableConfig` in the schema of
/// AWS::Lambda::Function.
#[test]
fn a_function_that_may_be_replaced_does_not_fail_its_custom_resource() {
    let text = |days: i32| {
        format!(
            "Resources:
  F: {{Type: AWS::Lambda::Function, Properties: {{DurableConfig: {{RetentionPeriodInDays: {days}}}}}}}
  C: {{Type: Custom::Thing, Properties: {{ServiceToken: !GetAtt F.Arn}}}}
"
        )
    };
    let change = judged(&text(1), &text(2));
    assert_eq!(outcome(&change, "C").fate, MAY_REPLACE);
}

/// Sources: "Parameters" and "Conditions" in the CloudFormation user guide; schema of AWS::S3::Bucket.
#[test]
fn changed_defaults_and_conditions_reach_the_resources() {
    let text = |name: &str| {
        format!(
            "Parameters: {{P: {{Type: String, Default: {name}}}}}
Conditions: {{C: !Equals [!Ref P, a]}}
Resources:
  B: {{Type: AWS::S3::Bucket, Properties: {{BucketName: !Ref P}}}}
  T: {{Type: AWS::SNS::Topic, Condition: C}}
"
        )
    };
    let change = judged(&text("a"), &text("b"));
    assert_eq!(outcome(&change, "B").fate, REPLACES);
    assert!(says(outcome(&change, "B"), "parameter P"));
    // The name changes with the parameter.
    assert!(!says(outcome(&change, "B"), "is taken"));
    assert_eq!(outcome(&change, "T").fate, Fate::Deleted);
    assert!(says(outcome(&change, "T"), "condition C"));
}

/// Source: "Fn::ImportValue", CloudFormation template reference.
#[test]
fn an_export_of_a_replaced_resource_is_named() {
    let text = |name: &str| {
        format!(
            "{}Outputs: {{O: {{Value: !GetAtt B.Arn, Export: {{Name: e}}}}}}\n",
            referring(name)
        )
    };
    let change = judged(&text("a"), &text("b"));
    assert!(says(outcome(&change, "B"), "Output O exports"));
    let (before, after) = sides(&text("a"), &text("b"));
    let changed = exports_changed(&change, Some(&before), Some(&after));
    assert_eq!(changed.into_iter().collect::<Vec<_>>(), ["O"]);
    let same = judged(&text("a"), &text("a"));
    assert!(exports_changed(&same, Some(&before), Some(&before)).is_empty());
    assert_eq!(exports_changed(&same, Some(&before), None).len(), 1);
}

#[test]
fn each_changed_property_has_its_own_verdict() {
    let text = |name: &str, tag: &str| {
        format!(
            "Resources: {{B: {{Type: AWS::S3::Bucket, Properties: {{BucketName: {name}, Tags: [{{Key: k, Value: {tag}}}]}}}}}}"
        )
    };
    let change = judged(&text("a", "v"), &text("b", "w"));
    let updates: Vec<_> =
        change.resources[0].properties.iter().map(|one| (one.path.as_str(), one.update)).collect();
    assert_eq!(updates, [("/BucketName", Update::Replaces), ("/Tags/0/Value", Update::InPlace)]);
}
