//! Nothing that a reader does not know is passed over: each is fed something of the kind.

use lakewright_template::place::Place;
use lakewright_template::{read, schema};

use super::*;

fn read_as(unresolved: OnUnresolved, resource: &str) -> Result<Piece, PieceError> {
    let template = read::template(&format!("Resources: {{X: {resource}}}")).expect("a template");
    let place = Place::parse("111111111111", "eu-west-1").expect("a place");
    let address = "111111111111/eu-west-1/s";
    Piece::of(StackTemplate { address, place: &place, template: &template, unresolved })
}

fn read_strictly(resource: &str) -> Result<Piece, PieceError> {
    read_as(OnUnresolved::Fail, resource)
}

const TRUST: &str = r#"AssumeRolePolicyDocument: {Version: "2012-10-17", Statement: []}"#;

/// A role with one statement in a policy of its own.
fn role(statement: &str) -> String {
    format!(
        r#"{{Type: AWS::IAM::Role, Properties: {{RoleName: r, {TRUST}, Policies: [{{PolicyName: p, PolicyDocument: {{Version: "2012-10-17", Statement: [{statement}]}}}}]}}}}"#
    )
}

/// The forms are those of "IAM JSON policy elements reference" in the IAM user guide and of the properties' pages in the
/// CloudFormation template reference, each with something in it that these pages do not have, or that only AWS knows.
#[test]
fn what_a_reader_does_not_know_is_an_error() {
    let fine = r#"{Effect: Allow, Action: "s3:GetObject", Resource: "arn:aws:s3:::b/k"}"#;
    assert!(read_strictly(&role(fine)).is_ok());
    for statement in [
        r#"{Effect: Maybe, Action: "s3:GetObject", Resource: "*"}"#,
        r#"{Effect: Allow, Action: "s3:GetObject", Resource: "*", Unless: never}"#,
        r#"{Effect: Allow, Action: [{a: b}], Resource: "*"}"#,
        r#"{Effect: Allow, Action: "s3:GetObject", Resource: [7]}"#,
        r#"{Effect: Allow, Action: "s3:GetObject", Resource: "*", Condition: never}"#,
        r#"{Effect: Allow, Action: "s3:GetObject", Resource: "*", Principal: {Somebody: x}}"#,
        r#"{Effect: Allow, Action: "s3:GetObject", Resource: "{{resolve:ssm:any}}"}"#,
        r#"{Effect: Allow, Action: "s3:GetObject", Resource: "*", Condition: {StringEquals: {"aws:PrincipalArn": "{{resolve:ssm:any}}"}}}"#,
        r#"{Effect: Allow, Action: "s3:GetObject", Resource: !If [C, "a", "*"]}"#,
        r#"{Effect: Allow, Action: "s3:GetObject", Resource: !ImportValue any}"#,
        "text",
    ] {
        assert!(read_strictly(&role(statement)).is_err(), "{statement}");
    }
    for resource in [
        "{Type: AWS::Nothing::Known}".to_owned(),
        "{Type: AWS::IAM::User}".to_owned(),
        "{Type: AWS::S3::Bucket, Condition: C}".to_owned(),
        "{Type: AWS::S3::Bucket, Properties: {AccessControl: PublicRead}}".to_owned(),
        "{Type: AWS::S3::Bucket, Properties: {SomethingNew: 1}}".to_owned(),
        "{Type: AWS::S3::Bucket, Properties: {BucketName: [a]}}".to_owned(),
        format!("{{Type: AWS::IAM::Role, Properties: {{RoleName: {{a: b}}, {TRUST}}}}}"),
        format!("{{Type: AWS::IAM::Role, Properties: {{{TRUST}, ManagedPolicyArns: [[7]]}}}}"),
        "{Type: AWS::IAM::ManagedPolicy, Properties: {Users: [u], PolicyDocument: {}}}".to_owned(),
        "{Type: AWS::LakeFormation::DataLakeSettings, Properties: {Admins: [{DataLakePrincipalIdentifier: 7}]}}".to_owned(),
        "{Type: AWS::LakeFormation::DataLakeSettings, Properties: {ReadOnlyAdmins: []}}".to_owned(),
        "{Type: AWS::LakeFormation::PrincipalPermissions, Properties: {PermissionsWithGrantOption: [SELECT]}}".to_owned(),
        "{Type: AWS::KMS::Key, Properties: {KeyPolicy: text}}".to_owned(),
    ] {
        assert!(read_strictly(&resource).is_err(), "{resource}");
    }
}

/// Properties with a policy in their names that say nothing of who may do what, or that are said to be unknown in another
/// way. Source: the page of each type in the CloudFormation template reference.
const NO_POLICIES: [(&str, &str); 26] = [
    // What a request through an endpoint may do; it gives nothing.
    ("AWS::EC2::VPCEndpoint", "PolicyDocument"),
    ("AWS::Glue::Crawler", "RecrawlPolicy"),
    ("AWS::Glue::Crawler", "SchemaChangePolicy"),
    ("AWS::IAM::ManagedPolicy", "ManagedPolicyName"),
    ("AWS::IAM::ManagedPolicy", "PolicyArn"),
    ("AWS::IAM::ManagedPolicy", "PolicyId"),
    ("AWS::IAM::Role", "ManagedPolicyArns"),
    ("AWS::IAM::RolePolicy", "PolicyName"),
    ("AWS::KMS::Key", "BypassPolicyLockoutSafetyCheck"),
    ("AWS::Logs::LogGroup", "DataProtectionPolicy"),
    ("AWS::Logs::LogGroup", "FieldIndexPolicies"),
    // Whatever a group of logs is asked for is unknown.
    ("AWS::Logs::LogGroup", "ResourcePolicyDocument"),
    ("AWS::SNS::Subscription", "DeliveryPolicy"),
    ("AWS::SNS::Subscription", "FilterPolicy"),
    ("AWS::SNS::Subscription", "FilterPolicyScope"),
    ("AWS::SNS::Subscription", "RedrivePolicy"),
    ("AWS::SNS::Subscription", "ReplayPolicy"),
    ("AWS::SNS::Topic", "ArchivePolicy"),
    ("AWS::SNS::Topic", "DataProtectionPolicy"),
    // When a value expires.
    ("AWS::SSM::Parameter", "Policies"),
    // Ids, and whether a policy is linked to a policy template.
    ("AWS::VerifiedPermissions::IdentitySource", "PolicyStoreId"),
    ("AWS::VerifiedPermissions::Policy", "PolicyId"),
    ("AWS::VerifiedPermissions::Policy", "PolicyStoreId"),
    ("AWS::VerifiedPermissions::Policy", "PolicyType"),
    ("AWS::VerifiedPermissions::PolicyStore", "PolicyStoreId"),
    ("AWS::VerifiedPermissions::PolicyStoreAlias", "PolicyStoreId"),
];

/// The properties are those of the pinned schemas.
#[test]
fn each_property_that_holds_a_policy_is_read() {
    const QUEUES: [&str; 2] = ["RedriveAllowPolicy", "RedrivePolicy"];
    const POLICY: &str = "{Version: '2012-10-17', Statement: [{Sid: Probe, Effect: Deny, Action: '*', Resource: '*'}]}";
    let mut read = 0;
    for kind in schema::kinds() {
        let properties = schema::of(kind).into_iter().flat_map(schema::Schema::properties);
        for name in properties.filter(|name| name.contains("Polic")) {
            let is_queue = kind == "AWS::SQS::Queue" && QUEUES.contains(&name);
            if is_queue || NO_POLICIES.contains(&(kind, name)) {
                continue;
            }
            let value = if name == "Policies" {
                format!("[{{PolicyName: p, PolicyDocument: {POLICY}}}]")
            } else {
                POLICY.to_owned()
            };
            let resource = format!("{{Type: {kind}, Properties: {{{name}: {value}}}}}");
            let piece = read_as(OnUnresolved::Placeholder, &resource).expect("a piece");
            assert!(format!("{piece:?}").contains("Probe"), "{kind}.{name} is passed over");
            read += 1;
        }
    }
    assert!(read >= 10, "{read} properties");
}

/// Source: "AWS::RAM::ResourceShare" in the CloudFormation template reference: "a list of principals you want to share the
/// resources with, and the permissions to grant those principals".
#[test]
fn what_is_shared_by_ram_is_open_in_a_way_that_is_in_no_template() {
    let parameter = "arn:aws:ssm:eu-west-1:111111111111:parameter/p";
    for (arns, service) in [(parameter, "ssm"), ("!Ref Elsewhere", "ram")] {
        let share = format!(
            "{{Type: AWS::RAM::ResourceShare, Properties: {{Name: s, ResourceArns: [{arns}]}}}}"
        );
        let piece = read_as(OnUnresolved::Placeholder, &share).expect("a piece");
        assert!(piece.unplaced.contains(service), "{arns}");
    }
}

/// Types with a policy of something else, from the CloudFormation template reference: each is read, or nothing is certain of its
/// service any more.
#[test]
fn a_policy_of_something_else_counts_or_leaves_its_service_open() {
    const POLICY: &str = "{Version: '2012-10-17', Statement: [{Sid: Probe, Effect: Deny, Principal: '*', Action: '*', Resource: '*'}]}";
    for (kind, property, service) in [
        ("AWS::Kinesis::ResourcePolicy", "ResourcePolicy", "kinesis"),
        ("AWS::Logs::ResourcePolicy", "PolicyDocument", "logs"),
        ("AWS::S3::BucketPolicy", "PolicyDocument", ""),
        ("AWS::S3Tables::TableBucketPolicy", "ResourcePolicy", "s3tables"),
        ("AWS::SNS::TopicInlinePolicy", "PolicyDocument", "sns"),
        ("AWS::SNS::TopicPolicy", "PolicyDocument", "sns"),
        ("AWS::SQS::QueueInlinePolicy", "PolicyDocument", "sqs"),
        ("AWS::SQS::QueuePolicy", "PolicyDocument", "sqs"),
        ("AWS::SSM::ResourcePolicy", "Policy", "ssm"),
        ("AWS::SecretsManager::ResourcePolicy", "ResourcePolicy", "secretsmanager"),
    ] {
        for value in [POLICY, "!Ref Elsewhere"] {
            let resource = format!("{{Type: {kind}, Properties: {{{property}: {value}}}}}");
            let piece = read_as(OnUnresolved::Placeholder, &resource).expect("a piece");
            let is_open = piece.unplaced.contains(service);
            assert!(is_open || !piece.policies.is_empty(), "{kind} with {value}");
        }
    }
}

/// Source: "Lake Formation permissions reference": granting takes the grant option and `lakeformation:GrantPermissions`. A role
/// that only services assume and that lacks the second gives nothing on.
#[test]
fn the_grant_option_is_known_only_where_nobody_can_use_it() {
    let with = |principal: &str, action: &str| {
        format!(
            r#"Resources:
  Definer:
    Type: AWS::IAM::Role
    Properties:
      RoleName: definer
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement: [{{Effect: Allow, Principal: {principal}, Action: "sts:AssumeRole"}}]
  Rights:
    Type: AWS::IAM::RolePolicy
    Properties:
      RoleName: !Ref Definer
      PolicyName: views
      PolicyDocument:
        Version: "2012-10-17"
        Statement: [{{Effect: Allow, Action: "{action}", Resource: "*"}}]
  Permission:
    Type: AWS::LakeFormation::PrincipalPermissions
    Properties:
      Principal: {{DataLakePrincipalIdentifier: !GetAtt Definer.Arn}}
      Resource: {{Table: {{CatalogId: "111111111111", DatabaseName: d, Name: t}}}}
      Permissions: [SELECT]
      PermissionsWithGrantOption: [SELECT]
"#
        )
    };
    let read = |principal: &str, action: &str| {
        let template = read::template(&with(principal, action)).expect("a template");
        let place = Place::parse("111111111111", "eu-west-1").expect("a place");
        let address = "111111111111/eu-west-1/s";
        let unresolved = OnUnresolved::Fail;
        Piece::of(StackTemplate { address, place: &place, template: &template, unresolved })
    };
    let services = "{Service: [glue.amazonaws.com, lakeformation.amazonaws.com]}";
    assert!(read(services, "lakeformation:GetDataAccess").is_ok());
    for (principal, action) in [
        (services, "lakeformation:GrantPermissions"),
        (services, "lakeformation:Batch*"),
        (services, "*"),
        ("{AWS: \"arn:aws:iam::111111111111:role/somebody\"}", "lakeformation:GetDataAccess"),
        ("{AWS: \"111111111111\"}", "lakeformation:GetDataAccess"),
        ("\"*\"", "lakeformation:GetDataAccess"),
    ] {
        let error = read(principal, action).expect_err("outside").to_string();
        assert!(error.contains("with grant option is outside"), "{principal} {action}: {error}");
    }
}
