//! Answers on anybody's templates: never a false `allowed` or `denied`.
//!
//! What is expected is what AWS's pages say of each: "Policy evaluation logic" in the IAM user guide (managed policies,
//! boundaries and resource policies all have their say), "Fn::ImportValue" and "Conditions" in the CloudFormation
//! template reference, "AWS::Serverless::Function" in the AWS SAM developer guide.

use std::fs;

use tempfile::TempDir;

use crate::run::{lakewright, root, transcript};

const PLACE: [&str; 4] = ["--account", "111122223333", "--region", "eu-west-1"];

/// A folder with these files.
fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a folder around it")).expect("a folder");
        fs::write(path, text).expect("a file");
    }
    folder
}

/// What a command says of a folder.
fn ask(command: &str, folder: &TempDir, [principal, action, resource]: [&str; 3]) -> String {
    let path = folder.path().to_str().expect("text");
    let question = ["--principal", principal, "--action", action, "--resource", resource];
    let all = [command, "--assembly", path].into_iter().chain(PLACE).chain(question);
    transcript(&lakewright(all))
}

const TRUST: &str = "AssumeRolePolicyDocument: {Version: '2012-10-17', Statement: [{Effect: Allow, \
                     Principal: {Service: lambda.amazonaws.com}, Action: sts:AssumeRole}]}";

const BUCKET: &str = "  B: {Type: AWS::S3::Bucket, Properties: {BucketName: b}}\n";

/// A policy document that allows an action on what stands there.
fn document(action: &str, resource: &str) -> String {
    format!(
        "{{Version: '2012-10-17', Statement: [{{Sid: Read, Effect: Allow, Action: {action}, Resource: {resource}}}]}}"
    )
}

/// A role with more properties.
fn role(properties: &str) -> String {
    format!(
        "  R:\n    Type: AWS::IAM::Role\n    Properties:\n      RoleName: r\n      {TRUST}\n{properties}"
    )
}

/// The property of a role that lets it read the bucket.
fn reads() -> String {
    let document = document("s3:GetObject", "'arn:aws:s3:::b/*'");
    format!("      Policies: [{{PolicyName: p, PolicyDocument: {document}}}]\n")
}

fn check(text: &str, question: [&str; 3], code: u8, reason: &str) {
    let folder = folder(&[("t.yaml", text)]);
    let said = ask("can", &folder, question);
    let is_it = said.starts_with(&format!("exit: {code}\n")) && said.contains(reason);
    assert!(is_it, "expected {code} and `{reason}`\n{said}\n{text}");
}

const READ: [&str; 3] = ["role/r", "s3:GetObject", "bucket/b/key"];
const WRITE: [&str; 3] = ["role/r", "s3:PutObject", "bucket/b/key"];

#[test]
fn what_templates_say_is_decided() {
    let text = format!("Resources:\n{BUCKET}{}{}", role(""), reads());
    check(&text, READ, 0, "t.yaml R.Policies Read");
    check(&text, WRITE, 4, "denied");
    for name in ["role/r", "r", "R", "t.yaml#R", "arn:aws:iam::111122223333:role/r"] {
        for object in ["bucket/b/key", "B/key", "t.yaml#B/key", "B", "arn:aws:s3:::b/key"] {
            check(&text, [name, "s3:GetObject", object], 0, "allowed");
        }
    }
    check(&text, ["role/R", "s3:GetObject", "B"], 2, "is no role of these templates");
    check(&text, ["role/rr", "s3:GetObject", "B"], 2, "did you mean role/r?");
    check(&text, ["role/r", "s3:GetObject", "bucket/bb"], 2, "is no resource of these templates");
}

#[test]
fn managed_policies_count_when_a_template_has_them() {
    let own = document("s3:GetObject", "'arn:aws:s3:::b/*'");
    let policy = format!(
        "  M: {{Type: AWS::IAM::ManagedPolicy, Properties: {{ManagedPolicyName: own, PolicyDocument: {own}}}}}\n"
    );
    let text =
        format!("Resources:\n{BUCKET}{policy}{}", role("      ManagedPolicyArns: [!Ref M]\n"));
    check(&text, READ, 0, "t.yaml M.PolicyDocument Read");
    let other = "      ManagedPolicyArns: ['arn:aws:iam::111122223333:policy/other']\n";
    let text = format!("Resources:\n{BUCKET}{}{}", role(other), reads());
    check(&text, READ, 5, "managed policies that no template contains");
    // Source: AWSLambdaBasicExecutionRole in the AWS managed policy reference: it denies nothing.
    let of_aws = "      ManagedPolicyArns: ['arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole']\n";
    let text = format!("Resources:\n{BUCKET}{}{}", role(of_aws), reads());
    check(&text, READ, 0, "allowed");
    check(&text, WRITE, 5, "policies are attached to the role that no template contains");
}

#[test]
fn what_nobody_knows_is_unknown() {
    let parameters = "Parameters:\n  P: {Type: String}\nConditions:\n  C: !Equals [!Ref P, prod]\n";
    let of_role = |more: &str| format!("{parameters}Resources:\n{BUCKET}{}{}", role(more), reads());
    let with = |policy: &str| {
        let policies = format!("      Policies: [{{PolicyName: p, PolicyDocument: {policy}}}]\n");
        format!("{parameters}Resources:\n{BUCKET}{}{policies}", role(""))
    };
    let branch = document("s3:GetObject", "!If [C, 'arn:aws:s3:::b/*', 'arn:aws:s3:::c/*']");
    check(&with(&branch), READ, 5, "a value that is not known");
    let named = document("s3:GetObject", "!Sub 'arn:aws:s3:::${P}/*'");
    check(&with(&named), READ, 5, "a value that is not known");
    let action = document("!Ref P", "'arn:aws:s3:::b/*'");
    check(&with(&action), WRITE, 5, "only known at deployment");
    check(&with("!Ref P"), WRITE, 5, "only known at deployment");
    let effect = "{Version: '2012-10-17', Statement: [{Effect: !Ref P, Action: s3:GetObject, Resource: '*'}]}";
    check(&with(effect), READ, 5, "only known at deployment");
    check(&of_role("      PermissionsBoundary: !Ref P\n"), READ, 5, "boundary");
    let boundary = "      PermissionsBoundary: !If [C, !Ref P, !Ref 'AWS::NoValue']\n";
    check(&of_role(boundary), READ, 5, "boundary");
    check(
        &of_role("      ManagedPolicyArns: !If [C, [!Ref P], []]\n"),
        READ,
        5,
        "are attached to the role is only",
    );
    let conditional = format!(
        "{}  X: {{Type: AWS::IAM::Policy, Condition: C, Properties: {{PolicyName: x, Roles: [r], PolicyDocument: {}}}}}\n",
        of_role(""),
        document("s3:PutObject", "'arn:aws:s3:::b/*'")
    );
    check(&conditional, READ, 0, "allowed");
    check(&conditional, WRITE, 5, "a value that is not known");
    let elsewhere = format!(
        "{}  X: {{Type: AWS::S3::BucketPolicy, Properties: {{Bucket: !Ref P, PolicyDocument: {{Version: '2012-10-17', \
         Statement: [{{Effect: Deny, Principal: '*', Action: 's3:*', Resource: '*'}}]}}}}}}\n",
        of_role("")
    );
    check(&elsewhere, READ, 5, "a resource policy may be this one's");
    let text = of_role("");
    check(&text, ["role/r", "s3:GetObject", "arn:aws:s3:::other/key"], 5, "no template makes");
    let stranger = "arn:aws:iam::111122223333:role/stranger";
    check(&text, [stranger, "s3:GetObject", "B/key"], 5, "no template makes the role");
    check(&format!("Transform: Mine\n{text}"), READ, 5, "the transform Mine");
    let nested =
        "  N: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: 'https://x/y'}}\n";
    check(&format!("{text}{nested}"), WRITE, 5, "a nested stack whose template is not in");
}

#[test]
fn a_policy_finds_a_role_with_a_path() {
    let policy = document("s3:GetObject", "'arn:aws:s3:::b/*'");
    let text = format!(
        "Resources:\n{BUCKET}  A: {{Type: AWS::IAM::Policy, Properties: {{PolicyName: a, Roles: [!Ref R], PolicyDocument: {policy}}}}}\n{}",
        role("      Path: /app/\n")
    );
    check(&text, READ, 0, "t.yaml A.PolicyDocument Read");
}

#[test]
fn a_template_that_cannot_be_read_leaves_nothing_certain_but_explicit_denials() {
    let denies = "  D: {Type: AWS::S3::BucketPolicy, Properties: {Bucket: !Ref B, PolicyDocument: {Version: '2012-10-17', \
                  Statement: [{Sid: No, Effect: Deny, Principal: '*', Action: s3:DeleteObject, Resource: !Sub '${B.Arn}/*'}]}}}\n";
    let text = format!("Resources:\n{BUCKET}{denies}{}{}", role(""), reads());
    let broken = "AWSTemplateFormatVersion: '2010-09-09'\nResources:\n  X: [\n";
    let folder = folder(&[("t.yaml", &text), ("broken.yaml", broken)]);
    for (action, code) in [("s3:GetObject", 5), ("s3:PutObject", 5), ("s3:DeleteObject", 4)] {
        let said = ask("can", &folder, ["role/r", action, "bucket/b/key"]);
        assert!(said.starts_with(&format!("exit: {code}\n")), "{action}: {said}");
        assert!(said.contains("broken.yaml cannot be read"), "{said}");
        assert!(said.contains("every answer leaves that out"), "{said}");
    }
}

#[test]
fn one_name_in_two_templates_is_unknown() {
    let text = format!("Resources:\n{BUCKET}{}{}", role(""), reads());
    let other = format!("Resources:\n{}", role(""));
    let folder = folder(&[("one.yaml", &text), ("two.yaml", &other)]);
    let said = ask("can", &folder, READ);
    assert!(said.starts_with("exit: 5\n") && said.contains("several templates make it"), "{said}");
}

/// Sources: "Fn::ImportValue" in the CloudFormation template reference; the form of the names is the CDK's.
#[test]
fn exports_are_followed_in_the_folder() {
    let data = "Resources:\n  B: {Type: AWS::S3::Bucket}\nOutputs:\n  O: {Value: !GetAtt B.Arn, Export: {Name: 'Data:ExportsOutputB'}}\n";
    let app = |name: &str| {
        let policy =
            document("s3:GetObject", &format!("!Join ['', [!ImportValue '{name}', '/*']]"));
        let policies = format!("      Policies: [{{PolicyName: p, PolicyDocument: {policy}}}]\n");
        format!("Resources:\n{}{policies}", role(""))
    };
    for (name, code) in [("Data:ExportsOutputB", 0), ("Data:Other", 5)] {
        let folder = folder(&[("data.yaml", data), ("app.yaml", &app(name))]);
        let said = ask("can", &folder, ["role/r", "s3:GetObject", "data.yaml#B/key"]);
        assert!(said.starts_with(&format!("exit: {code}\n")), "{name}: {said}");
    }
    // An export of another region is none here.
    let manifest = r#"{"version": "36.0.0", "artifacts": {
        "Data": {"type": "aws:cloudformation:stack", "environment": "aws://111122223333/us-east-1",
            "properties": {"templateFile": "data.yaml"}},
        "App": {"type": "aws:cloudformation:stack", "environment": "aws://111122223333/eu-west-1",
            "properties": {"templateFile": "app.yaml"}}}}"#;
    let app = app("Data:ExportsOutputB");
    let folder = folder(&[("data.yaml", data), ("app.yaml", &app), ("manifest.json", manifest)]);
    let said = ask("can", &folder, ["role/r", "s3:GetObject", "data.yaml#B/key"]);
    assert!(said.starts_with("exit: 5\n"), "{said}");
}

/// The metadata is what the CDK writes beside a nested stack.
#[test]
fn nested_stacks_of_the_cdk_are_followed() {
    let parent = format!(
        "Resources:\n{BUCKET}  N:\n    Type: AWS::CloudFormation::Stack\n    Metadata: {{'aws:asset:path': N.nested.template.json, \
         'aws:asset:property': TemplateURL}}\n    Properties:\n      TemplateURL: !Sub 'https://s3.${{AWS::Region}}.amazonaws.com/x'\n      \
         Parameters: {{Arn: !GetAtt B.Arn}}\n"
    );
    let policy = document("s3:GetObject", "!Sub '${Arn}/*'");
    let child = format!(
        "Parameters: {{Arn: {{Type: String}}}}\nResources:\n{}      Policies: [{{PolicyName: p, PolicyDocument: {policy}}}]\n",
        role("")
    );
    let folder = folder(&[("Parent.yaml", &parent), ("N.nested.template.json", &child)]);
    let said = ask("can", &folder, READ);
    assert!(said.starts_with("exit: 0\n"), "{said}");
    assert!(said.contains("N.nested.template.json R.Policies Read"), "{said}");
}

/// Source: "AWS SAM policy templates" and "AWS::Serverless::Function" in the AWS SAM developer guide.
#[test]
fn a_policy_template_of_sam_may_allow_what_it_is_for() {
    let sam = root().join("examples/foreign/sam").display().to_string();
    for (action, bucket, code) in
        [("s3:PutObject", "Small", 0), ("s3:GetObject", "Photos", 5), ("s3:PutObject", "Photos", 5)]
    {
        let said = transcript(&lakewright([
            "can",
            "--assembly",
            &sam,
            "--principal",
            "ShrinkRole",
            "--action",
            action,
            "--resource",
            bucket,
        ]));
        assert!(said.starts_with(&format!("exit: {code}\n")), "{action} {bucket}: {said}");
    }
}

#[test]
fn why_and_access_say_where_it_stands() {
    let text = format!("Resources:\n{BUCKET}{}{}", role(""), reads());
    let folder = folder(&[("t.yaml", &text)]);
    let said = ask("why", &folder, READ);
    assert!(said.starts_with("exit: 0\n"), "{said}");
    for expected in
        ["the statement that allows it: t.yaml R.Policies Read", "t.yaml:8", "is allowed"]
    {
        assert!(said.contains(expected), "{expected}: {said}");
    }
    assert!(!said.contains("manifest"), "{said}");
    let path = folder.path().to_str().expect("text");
    let of_folder = ["--assembly", path].into_iter().chain(PLACE);
    let rows = ["access", "--format", "csv"].into_iter().chain(of_folder);
    let said = transcript(&lakewright(rows));
    assert!(said.starts_with("exit: 0\n") && said.contains("arn:aws:s3:::b/*"), "{said}");
    let said = transcript(&lakewright(["prove", "--assembly", path]));
    assert!(said.starts_with("exit: 2\n") && said.contains("`lakewright synth MESH"), "{said}");
}
