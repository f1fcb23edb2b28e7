//! Answers about templates of other tools: never a false `allowed` or `denied`.
//!
//! The expected answers follow AWS's pages: "Policy evaluation logic" in the IAM user guide (managed policies, boundaries
//! and resource policies all count), "Fn::ImportValue" and "Conditions" in the CloudFormation template reference,
//! "AWS::Serverless::Function" in the AWS SAM developer guide.

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

/// The output of a command about a folder.
fn ask(command: &str, folder: &TempDir, [principal, action, resource]: [&str; 3]) -> String {
    let path = folder.path().to_str().expect("text");
    let question = ["--principal", principal, "--action", action, "--resource", resource];
    let all = [command, "--assembly", path].into_iter().chain(PLACE).chain(question);
    transcript(&lakewright(all))
}

const TRUST: &str = "AssumeRolePolicyDocument: {Version: '2012-10-17', Statement: [{Effect: Allow, \
                     Principal: {Service: lambda.amazonaws.com}, Action: sts:AssumeRole}]}";

const BUCKET: &str = "  B: {Type: AWS::S3::Bucket, Properties: {BucketName: b}}\n";

/// A policy document that allows an action on a resource.
fn document(action: &str, resource: &str) -> String {
    format!(
        "{{Version: '2012-10-17', Statement: [{{Sid: Read, Effect: Allow, Action: {action}, Resource: {resource}}}]}}"
    )
}

/// A role with additional properties.
fn role(properties: &str) -> String {
    format!(
        "  R:\n    Type: AWS::IAM::Role\n    Properties:\n      RoleName: r\n      {TRUST}\n{properties}"
    )
}

/// The property that allows a role to read the bucket.
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
    check(&text, ["role/R", "s3:GetObject", "B"], 2, "is not a role of these templates");
    check(&text, ["role/rr", "s3:GetObject", "B"], 2, "did you mean role/r?");
    check(
        &text,
        ["role/r", "s3:GetObject", "bucket/bb"],
        2,
        "is not a resource of these templates",
    );
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
    // Source: AWSLambdaBasicExecutionRole in the AWS managed policy reference: it has no `Deny`.
    let of_aws = "      ManagedPolicyArns: ['arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole']\n";
    let text = format!("Resources:\n{BUCKET}{}{}", role(of_aws), reads());
    check(&text, READ, 0, "allowed");
    check(&text, WRITE, 5, "policies are attached to the role that no template contains");
}

/// A role can have any number of inline policies ("IAM and AWS STS quotas" limits their size), and two can be equal.
#[test]
fn what_two_policies_of_a_role_would_allow_is_said_once() {
    let statement = "{Sid: Read, Effect: Allow, Action: 's3:GetObject', Resource: 'arn:aws:s3:::b/*', \
                     Condition: {StringEquals: {'aws:SourceVpc': vpc-1}}}";
    let policy = |name: &str| {
        format!(
            "{{PolicyName: {name}, PolicyDocument: {{Version: '2012-10-17', Statement: [{statement}]}}}}"
        )
    };
    let policies = format!("      Policies: [{}, {}]\n", policy("p"), policy("q"));
    let folder = folder(&[("t.yaml", &format!("Resources:\n{BUCKET}{}{policies}", role("")))]);
    for command in ["can", "why"] {
        let said = ask(command, &folder, READ);
        assert!(said.starts_with("exit: 4\n"), "{said}");
        assert_eq!(said.matches("would allow: t.yaml R.Policies Read, when").count(), 1, "{said}");
    }
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

/// A template with a role that may perform an action on all resources, and more resources.
fn allowed_and(action: &str, more: &str) -> String {
    let policy = document(action, "'*'");
    let policies = format!("      Policies: [{{PolicyName: p, PolicyDocument: {policy}}}]\n");
    format!("Resources:\n{}{policies}{more}", role(""))
}

/// A policy that denies everything to everybody.
const NOBODY: &str = "{Version: '2012-10-17', Statement: [{Sid: Nobody, Effect: Deny, Principal: '*', Action: '*', Resource: '*'}]}";

/// Sources: the page of each type in the CloudFormation template reference. `SecretId`: "The ARN or name of the secret to
/// attach the resource-based policy"; `TopicInlinePolicy`: "associates one Amazon SNS topic with one policy", by `TopicArn`;
/// `QueueInlinePolicy`: one queue, by the URL in `Queue`. URLs have the format of "Amazon SQS queue and message identifiers"
/// in the Amazon SQS developer guide.
#[test]
fn a_policy_is_of_what_it_names_in_whichever_way() {
    const SECRET: &str = "  X: {Type: AWS::SecretsManager::Secret, Properties: {Name: app/db}}\n  P: {Type: AWS::SecretsManager::ResourcePolicy, Properties: {";
    const TOPIC: &str = "  X: {Type: AWS::SNS::Topic, Properties: {TopicName: t}}\n";
    const QUEUE: &str = "  X: {Type: AWS::SQS::Queue, Properties: {QueueName: q}}\n";
    const KEYS: &str = "  X: {Type: AWS::KMS::ReplicaKey, Properties: {PrimaryKeyArn: 'arn:aws:kms:us-east-1:111122223333:key/mrk-1', KeyPolicy: ";
    let secret = |id: &str| format!("{SECRET}SecretId: {id}, ResourcePolicy: {NOBODY}}}}}\n");
    let topic = |properties: &str| {
        format!("{TOPIC}  P: {{Type: AWS::SNS::{properties}, PolicyDocument: {NOBODY}}}}}\n")
    };
    let queue = |properties: &str| {
        format!("{QUEUE}  P: {{Type: AWS::SQS::{properties}, PolicyDocument: {NOBODY}}}}}\n")
    };
    let arn = "arn:aws:secretsmanager:eu-west-1:111122223333:secret";
    let url = |region: &str| format!("'https://sqs.{region}.amazonaws.com/111122223333/q'");
    for (action, more, code) in [
        ("secretsmanager:GetSecretValue", secret("app/db"), 4),
        ("secretsmanager:GetSecretValue", secret("!Ref X"), 4),
        ("secretsmanager:GetSecretValue", secret("!GetAtt X.Id"), 4),
        ("secretsmanager:GetSecretValue", secret(&format!("'{arn}:app/db-a1B2c3'")), 4),
        ("secretsmanager:GetSecretValue", secret(&format!("'{arn}:app/db'")), 4),
        // The name may or may not be that of this secret.
        ("secretsmanager:GetSecretValue", secret("other"), 5),
        ("sns:Publish", topic("TopicPolicy, Properties: {Topics: [!Ref X]"), 4),
        ("sns:Publish", topic("TopicInlinePolicy, Properties: {TopicArn: !Ref X"), 4),
        ("sns:Publish", topic("TopicInlinePolicy, Properties: {TopicArn: t"), 5),
        ("sqs:SendMessage", queue("QueuePolicy, Properties: {Queues: [!Ref X]"), 4),
        ("sqs:SendMessage", queue("QueueInlinePolicy, Properties: {Queue: !Ref X"), 4),
        (
            "sqs:SendMessage",
            queue(&format!("QueueInlinePolicy, Properties: {{Queue: {}", url("eu-west-1"))),
            4,
        ),
        // A queue of another region.
        (
            "sqs:SendMessage",
            queue(&format!("QueueInlinePolicy, Properties: {{Queue: {}", url("us-east-1"))),
            0,
        ),
        ("sqs:SendMessage", queue("QueueInlinePolicy, Properties: {Queue: q"), 5),
        ("kms:Decrypt", format!("{KEYS}{NOBODY}}}}}\n"), 4),
    ] {
        check(&allowed_and(action, &more), ["role/r", action, "X"], code, "");
    }
}

/// Source: "Roles" of `AWS::IAM::Policy` in the CloudFormation template reference: "The name of the role to associate the
/// policy with". A name that is known only at deployment may be that of the role.
#[test]
fn a_policy_by_name_may_be_of_a_role_whose_name_is_not_known() {
    let deny = "{Version: '2012-10-17', Statement: [{Effect: Deny, Action: '*', Resource: '*'}]}";
    let policy = |name: &str| {
        format!(
            "  X: {{Type: AWS::IAM::Policy, Properties: {{PolicyName: x, Roles: [{name}], PolicyDocument: {deny}}}}}\n"
        )
    };
    let of = |name: &str, more: &str| {
        let role = role("").replace("RoleName: r", &format!("RoleName: {name}"));
        let sections = "Parameters: {P: {Type: String}}\n";
        format!("{sections}Resources:\n{BUCKET}{role}{}{more}", reads())
    };
    let asked = ["R", "s3:GetObject", "bucket/b/key"];
    check(&of("r", &policy("other")), asked, 0, "allowed");
    check(&of("!Ref P", ""), asked, 0, "allowed");
    check(&of("!Ref P", &policy("other")), asked, 5, "a value that is not known");
    check(&of("r", &policy("r")), asked, 4, "denied explicitly");
}

/// Source: "Return values" of `AWS::KMS::ReplicaKey` and of `AWS::KMS::Alias` in the CloudFormation template reference.
#[test]
fn an_alias_of_a_replica_names_it() {
    let policy = "{Version: '2012-10-17', Statement: [{Sid: R, Effect: Allow, Principal: {AWS: 'arn:aws:iam::111122223333:role/r'}, \
                  Action: 'kms:Decrypt', Resource: '*'}]}";
    let keys = format!(
        "  K: {{Type: AWS::KMS::ReplicaKey, Properties: {{PrimaryKeyArn: 'arn:aws:kms:us-east-1:111122223333:key/mrk-1', \
         KeyPolicy: {policy}}}}}\n  A: {{Type: AWS::KMS::Alias, Properties: {{AliasName: alias/rk, TargetKeyId: !Ref K}}}}\n"
    );
    let text = allowed_and("ec2:DescribeVpcs", &keys);
    check(&text, ["role/r", "kms:Decrypt", "alias/rk"], 0, "key/mrk-1");
    check(&text, ["role/r", "kms:Encrypt", "alias/rk"], 4, "denied");
}

/// Types that hold a policy of another resource and are not read. Sources: their pages in the CloudFormation template
/// reference.
#[test]
fn a_type_of_policy_that_is_not_read_leaves_its_service_unknown() {
    const PARAMETER: &str =
        "  X: {Type: AWS::SSM::Parameter, Properties: {Name: n, Type: String, Value: v}}\n";
    let policy = format!(
        "  P: {{Type: AWS::SSM::ResourcePolicy, Properties: {{ResourceArn: 'arn:aws:ssm:eu-west-1:111122223333:parameter/n', \
         Policy: {NOBODY}}}}}\n"
    );
    let read = ["role/r", "ssm:GetParameter", "X"];
    check(&allowed_and("ssm:GetParameter", PARAMETER), read, 0, "allowed");
    let text = allowed_and("ssm:GetParameter", &format!("{PARAMETER}{policy}"));
    check(&text, read, 5, "a resource policy may be this one's");
}

/// If several templates define a resource of one name, the answer is unknown, whichever comes last; this also holds for a
/// `Deny`. Source: "Name type" in the CloudFormation user guide: a second resource of a name cannot be created, so only one
/// of them exists.
#[test]
fn of_several_under_one_name_not_even_a_denial_is_certain() {
    let allows = allowed_and("s3:GetObject", BUCKET);
    let and_denial = |more: &str| {
        let deny =
            "{Version: '2012-10-17', Statement: [{Effect: Deny, Action: '*', Resource: '*'}]}";
        format!("{more}      Policies: [{{PolicyName: p, PolicyDocument: {deny}}}]\n")
    };
    let denied = and_denial(&format!("Resources:\n{}", role("")));
    for (one, other) in [(&allows, &denied), (&denied, &allows)] {
        let folder = folder(&[("one.yaml", one), ("two.yaml", other)]);
        let said = ask("can", &folder, READ);
        assert!(said.starts_with("exit: 5\n") && said.contains("several templates"), "{said}");
    }
    // In one template, under conditions that exclude each other.
    let under = |text: String, id: &str, condition: &str| {
        text.replace("  R:\n", &format!("  {id}:\n    Condition: {condition}\n"))
    };
    let roles = [
        under(format!("{}{}", role(""), reads()), "R", "C"),
        under(and_denial(&role("")), "S", "N"),
    ];
    let sections = "Parameters: {P: {Type: String}}\nConditions: {C: !Equals [!Ref P, a], N: !Not [!Condition C]}";
    for [one, other] in [[0, 1], [1, 0]] {
        let text = format!("{sections}\nResources:\n{BUCKET}{}{}", roles[one], roles[other]);
        check(&text, READ, 5, "several templates make it");
    }
}

/// Source: "Conditions" in the CloudFormation template reference: a resource with a false condition is not created. "Bucket
/// names must be globally unique" in the Amazon S3 user guide: then somebody else may own the name.
#[test]
fn what_is_made_under_a_condition_only_is_unknown() {
    let sections = "Parameters: {P: {Type: String}}\nConditions: {C: !Equals [!Ref P, a]}";
    let bucket = BUCKET.replace("Bucket, ", "Bucket, Condition: C, ");
    let role_of = |condition: &str| {
        format!("{}{}", role("").replace("  R:\n", &format!("  R:\n{condition}")), reads())
    };
    let reason = "a template makes it under a condition only";
    for (bucket, condition) in [(bucket.as_str(), ""), (BUCKET, "    Condition: C\n")] {
        let text = format!("{sections}\nResources:\n{bucket}{}", role_of(condition));
        check(&text, READ, 5, reason);
    }
}

/// Sources: "Fn::ImportValue" in the CloudFormation template reference; the names have the CDK's format.
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
    // Exports of another region cannot be imported here.
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

/// The metadata is what the CDK writes for a nested stack.
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

/// `COLUMNS` is the width of the terminal: "Environment Variables" in POSIX.
#[test]
fn access_keeps_its_notes_within_the_columns_too() {
    let cdk = root().join("examples/foreign/cdk").display().to_string();
    let run = |columns: &str| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_lakewright"));
        command.args(["access", "--assembly", &cdk]).env("COLUMNS", columns);
        let output = command.output().expect("the binary runs");
        String::from_utf8(output.stderr).expect("text")
    };
    let notes = run("60");
    let widest = notes.lines().map(|line| line.chars().count()).max().expect("notes");
    assert!(widest <= 60, "{notes}");
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(words(&notes), words(&run("400")));
}

/// `prove` refuses templates without intended grants.
#[test]
fn a_check_of_anybodys_templates_does_not_send_to_prove() {
    let folder = folder(&[("t.yaml", &format!("Resources:\n{BUCKET}"))]);
    let path = folder.path().to_str().expect("text");
    let said = transcript(&lakewright(["check", "--assembly", path]));
    assert!(said.contains("no guardrail finds anything") && !said.contains("prove"), "{said}");
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

/// "No findings" without templates would be read as a good result.
#[test]
fn further_actions_that_a_pattern_covers_are_shown_by_the_pattern() {
    let document = document("'s3:GetObject*'", "'arn:aws:s3:::b/*'");
    let role = role(&format!("      Policies: [{{PolicyName: p, PolicyDocument: {document}}}]\n"));
    let folder = folder(&[("t.yaml", &format!("Resources:\n{role}{BUCKET}"))]);
    let of_folder = ["--assembly", folder.path().to_str().expect("text")].into_iter().chain(PLACE);
    for format in ["json", "html"] {
        let run = lakewright(["access", "--format", format].into_iter().chain(of_folder.clone()));
        let text = String::from_utf8(run.stdout).expect("text");
        assert!(text.contains("s3:GetObjectTagging") && text.contains("s3:getobject*"), "{text}");
        assert!(!text.to_lowercase().contains("zzsample"), "{text}");
    }
}

#[test]
fn where_no_template_is_nothing_is_fine() {
    let folder = folder(&[("README.md", "# Notes\n"), ("more.md", "# More\n")]);
    for path in [folder.path().join("README.md"), folder.path().to_owned()] {
        let path = path.to_str().expect("text");
        for command in ["check", "access"] {
            let said = transcript(&lakewright([command, "--assembly", path]));
            let is_it = said.starts_with("exit: 2\n") && said.contains("there is no template in");
            assert!(is_it, "{command} {path}: {said}");
        }
    }
}

/// A file is left out for a stated reason. A file that may be a template changes the exit code, so an incomplete check is
/// visible.
#[test]
fn every_file_that_is_left_out_is_named() {
    let good = format!("Resources:\n{BUCKET}");
    let all = [
        ("a.yaml", good.as_str()),
        ("broken.yaml", "Resources: [\n"),
        ("appspec.yaml", "version: 0.0\nos: linux\n"),
        ("settings.json", "{"),
    ];
    let check = |files: &[(&str, &str)]| {
        let folder = folder(files);
        let path = folder.path().to_str().expect("text");
        transcript(&lakewright(["check", "--assembly", path]))
    };
    let said = check(&all);
    assert!(said.starts_with("exit: 2\n"), "{said}");
    assert!(said.contains("broken.yaml cannot be read and was not checked"), "{said}");
    for name in ["appspec.yaml", "settings.json"] {
        assert!(
            said.contains(&format!("{name} is left out, as it is not a CloudFormation template")),
            "{said}"
        );
    }
    assert!(check(&all[..1]).starts_with("exit: 0\n"));
    assert!(check(&[all[0], all[2], all[3]]).starts_with("exit: 0\n"));
}

/// Source: "AWS SAM policy templates" in the AWS SAM developer guide: SAM writes the policy.
#[test]
fn what_a_policy_template_of_sam_allows_is_named() {
    let function = "Transform: AWS::Serverless-2016-10-31\nResources:\n  F:\n    Type: AWS::Serverless::Function\n    Properties:\n      \
                    Policies: [{S3ReadPolicy: {BucketName: b}}, AWSXrayWriteOnlyAccess]\n";
    let folder = folder(&[("t.yaml", function)]);
    let path = folder.path().to_str().expect("text");
    for command in ["check", "access"] {
        let said = transcript(&lakewright([command, "--assembly", path]));
        let named = "F: what SAM's policy template S3ReadPolicy allows, is not looked at";
        assert!(said.contains(named) && said.matches("policy template").count() == 1, "{said}");
    }
}
