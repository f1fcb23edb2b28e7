//! Nothing that a reader does not know is passed over: each is fed something of the kind.

use lakewright_template::read;
use lakewright_template::resolve::Place;

use super::*;

fn read_strictly(resource: &str) -> Result<Piece, PieceError> {
    let template = read::template(&format!("Resources: {{X: {resource}}}")).expect("a template");
    let place = Place { account: "111111111111".to_owned(), region: "eu-west-1".to_owned() };
    let (address, unresolved) = ("111111111111/eu-west-1/s", OnUnresolved::Fail);
    Piece::of(StackTemplate { address, place: &place, template: &template, unresolved })
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
