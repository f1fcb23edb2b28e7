use lakewright_template::place::Place;
use lakewright_template::read;

use super::*;
use crate::world::{OnUnresolved, Piece, StackTemplate};

const ROLES: &str = r#"
Resources:
  Team:
    Type: AWS::IAM::Role
    Properties:
      RoleName: team
      AssumeRolePolicyDocument: {Version: "2012-10-17", Statement: []}
      Policies:
        - PolicyName: work
          PolicyDocument:
            Version: "2012-10-17"
            Statement:
              - {Effect: Allow, Action: ACTION, Resource: "arn:aws:iam::111122223333:RESOURCE"}
  Job:
    Type: AWS::IAM::Role
    Properties:
      RoleName: job
      AssumeRolePolicyDocument: {Version: "2012-10-17", Statement: []}
      Policies:
        - PolicyName: work
          PolicyDocument:
            Version: "2012-10-17"
            Statement:
              - {Effect: Allow, Action: "sts:AssumeRole", Resource: "arn:aws:iam::111122223333:role/admin"}
  Function:
    Type: AWS::Glue::Job
    Properties: {Name: nightly, Role: job}
  Admin:
    Type: AWS::IAM::Role
    Properties:
      RoleName: admin
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement:
          - {Effect: Allow, Action: "sts:AssumeRole", Principal: {AWS: "111122223333"}, Condition: {StringEquals: {"sts:ExternalId": x}}}
"#;

fn reached(action: &str, resource: &str) -> Vec<String> {
    chains(&ROLES.replace("ACTION", action).replace("RESOURCE", resource))
}

fn chains(text: &str) -> Vec<String> {
    let template = read::template(text).expect("a template");
    let place = Place::parse("111122223333", "eu-west-1").expect("a place");
    let address = "111122223333/eu-west-1/s";
    let unresolved = OnUnresolved::Fail;
    let stack = StackTemplate { address, place: &place, template: &template, unresolved };
    let world = World::of(vec![Piece::of(stack).expect("policies")]);
    let asked = |author: &str, role: &str| {
        author.ends_with(":role/team") && role.ends_with(":role/other-team")
    };
    let team = "arn:aws:iam::111122223333:role/team";
    let chains = Escalation::of(&world).reached(team, &asked);
    chains
        .into_iter()
        .map(|(role, chain)| {
            let steps: Vec<&str> = chain.iter().map(|step| step.action.name()).collect();
            format!("{} {}", role.rsplit('/').next().unwrap_or_default(), steps.join(" "))
        })
        .collect()
}

#[test]
fn chains_are_followed_to_their_end() {
    assert_eq!(
        reached("iam:PutRolePolicy", "role/job"),
        ["admin iam:PutRolePolicy sts:AssumeRole", "job iam:PutRolePolicy"]
    );
    // The role is reached, and who trusts nobody is not assumed.
    assert_eq!(reached("sts:AssumeRole", "role/*"), ["admin sts:AssumeRole"]);
    assert_eq!(reached("iam:GetRole", "role/*"), Vec::<String>::new());
    assert_eq!(
        reached("iam:PassRole", "role/job"),
        ["admin iam:PassRole sts:AssumeRole", "job iam:PassRole"]
    );
}

#[test]
fn code_has_the_rights_of_the_role_that_it_runs_with() {
    let on = |action: &str, resource: &str| {
        let text = ROLES.replace("arn:aws:iam::111122223333:RESOURCE", resource);
        chains(&text.replace("ACTION", action))
    };
    let job = "arn:aws:glue:eu-west-1:111122223333:job/nightly";
    for action in ["glue:StartJobRun", "glue:UpdateJob"] {
        assert_eq!(on(action, job).len(), 2, "{action}");
    }
    assert_eq!(on("glue:GetJob", job), Vec::<String>::new());
    assert_eq!(on("glue:StartJobRun", "arn:aws:glue:eu-west-1:111122223333:job/mine-*").len(), 0);
    // A trigger of the team's own starts everybody's jobs.
    let trigger = "arn:aws:glue:eu-west-1:111122223333:trigger/mine-*";
    assert_eq!(on("glue:CreateTrigger", trigger).len(), 2);
}

/// A repository and a script in a bucket, and what runs them.
const CODE: &str = r#"
  OtherTeam:
    Type: AWS::IAM::Role
    Properties:
      RoleName: OTHER
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement:
          - {Effect: Allow, Action: "sts:AssumeRole", Principal: {AWS: "arn:aws:iam::111122223333:role/build"}}
  Build:
    Type: AWS::IAM::Role
    Properties: {RoleName: build, AssumeRolePolicyDocument: {Version: "2012-10-17", Statement: []}}
  Project:
    Type: AWS::CodeBuild::Project
    Properties: {Name: deploy, ServiceRole: "arn:aws:iam::111122223333:role/build", Source: {Type: CODEPIPELINE}}
  Repository:
    Type: AWS::CodeCommit::Repository
    Properties: {RepositoryName: code}
  Pipeline:
    Type: AWS::CodePipeline::Pipeline
    Properties:
      Name: nightly
      ArtifactStore: {Type: S3, Location: artifacts}
      Stages:
        - Name: Source
          Actions:
            - {Name: Source, ActionTypeId: {Category: Source, Provider: CodeCommit}, Configuration: {RepositoryName: !GetAtt Repository.Name}}
        - Name: Deploy
          Actions:
            - {Name: Deploy, ActionTypeId: {Category: Build, Provider: CodeBuild}, Configuration: {ProjectName: deploy}}
  Script:
    Type: AWS::Glue::Job
    Properties: {Name: profile, Role: build, Command: {ScriptLocation: "s3://scripts/profile.py"}}
  Scripts:
    Type: AWS::S3::Bucket
    Properties: {BucketName: scripts}
  ScriptsPolicy:
    Type: AWS::S3::BucketPolicy
    Properties:
      Bucket: scripts
      PolicyDocument:
        Version: "2012-10-17"
        Statement:
          - {Effect: Allow, Action: "s3:PutObject", Principal: {AWS: "arn:aws:iam::111122223333:role/WRITER"}, Resource: "arn:aws:s3:::scripts/*"}
"#;

fn by_code(action: &str, resource: &str, other: &str, writer: &str) -> Vec<String> {
    let text = ROLES.replace("ACTION", action) + CODE;
    let text = text.replace("arn:aws:iam::111122223333:RESOURCE", resource);
    chains(&text.replace("OTHER", other).replace("WRITER", writer))
}

#[test]
fn code_in_a_repository_has_the_rights_of_the_builds_of_its_pipeline() {
    let repository = "arn:aws:codecommit:eu-west-1:111122223333:code";
    for action in ["codecommit:GitPush", "codecommit:PutFile"] {
        assert_eq!(
            by_code(action, repository, "victim", "nobody"),
            [format!("build {action}"), format!("victim {action} sts:AssumeRole")]
        );
    }
    assert_eq!(by_code("codecommit:GitPull", repository, "victim", "nobody").len(), 0);
    let elsewhere = "arn:aws:codecommit:eu-west-1:111122223333:mine";
    assert_eq!(by_code("codecommit:GitPush", elsewhere, "victim", "nobody").len(), 0);
    // What builds are given lies between the actions.
    for artifact in ["artifacts/*", "artifacts/nightly/*", "artifacts/nightly/Source/a.zip"] {
        let artifact = format!("arn:aws:s3:::{artifact}");
        assert_eq!(by_code("s3:PutObject", &artifact, "victim", "nobody").len(), 2, "{artifact}");
    }
    assert_eq!(by_code("s3:PutObject", "arn:aws:s3:::others/*", "victim", "nobody").len(), 0);
    // Who writes the bucket's policy lets himself in.
    let bucket = "arn:aws:s3:::scripts";
    assert_eq!(by_code("s3:PutBucketPolicy", bucket, "victim", "nobody").len(), 2);
}

#[test]
fn code_acts_as_the_role_that_the_mesh_has_it_act_as() {
    let repository = "arn:aws:codecommit:eu-west-1:111122223333:code";
    assert_eq!(
        by_code("codecommit:GitPush", repository, "other-team", "nobody"),
        ["build codecommit:GitPush"]
    );
    // Only code does: whoever hands the build's role to something acts as nobody's code.
    let build = "arn:aws:iam::111122223333:role/build";
    assert_eq!(
        by_code("iam:PassRole", build, "other-team", "nobody"),
        ["build iam:PassRole", "other-team iam:PassRole sts:AssumeRole"]
    );
    // A second way is found, whichever comes first.
    let both = |first: &str, second: &str| {
        let text = ROLES.replace(
            r#"{Effect: Allow, Action: ACTION, Resource: "arn:aws:iam::111122223333:RESOURCE"}"#,
            &format!("{first}\n              - {second}"),
        );
        chains(&(text + CODE).replace("OTHER", "other-team").replace("WRITER", "nobody"))
    };
    let push =
        format!(r#"{{Effect: Allow, Action: "codecommit:GitPush", Resource: "{repository}"}}"#);
    let project = "arn:aws:codebuild:eu-west-1:111122223333:project/deploy";
    let start =
        format!(r#"{{Effect: Allow, Action: "codebuild:StartBuild", Resource: "{project}"}}"#);
    for chains in [both(&push, &start), both(&start, &push)] {
        assert!(
            chains.contains(&"other-team codebuild:StartBuild sts:AssumeRole".to_owned()),
            "{chains:?}"
        );
    }
}

#[test]
fn a_bucket_s_own_policy_gives_the_rights_of_what_runs_its_objects() {
    let (action, resource) = ("s3:ListAllMyBuckets", "*");
    assert_eq!(by_code(action, resource, "victim", "nobody").len(), 0);
    assert_eq!(
        by_code(action, resource, "victim", "team"),
        ["build s3:PutObject", "victim s3:PutObject sts:AssumeRole"]
    );
}

/// "Methods for accessing a general purpose bucket" has both forms of an object's address; that a template is fetched with the
/// rights of whoever makes the stack, and deployed with the role's, is in "CloudFormation service role".
#[test]
fn templates_in_a_bucket_have_the_rights_of_the_role_that_deploys_them() {
    let deployer = |url: &str| {
        format!(
            r#"
  Deployer:
    Type: AWS::IAM::Role
    Properties:
      RoleName: deployer
      AssumeRolePolicyDocument: {{Version: "2012-10-17", Statement: []}}
      Policies:
        - PolicyName: work
          PolicyDocument:
            Version: "2012-10-17"
            Statement:
              - Effect: Allow
                Action: "cloudformation:CreateChangeSet"
                Resource: "arn:aws:cloudformation:eu-west-1:111122223333:stack/app-*/*"
                Condition:
                  StringLike: {{"cloudformation:TemplateUrl": "{url}"}}
                  ArnEquals: {{"cloudformation:RoleArn": "arn:aws:iam::111122223333:role/job"}}
"#
        )
    };
    let by = |url: &str, resource: &str| {
        let text = ROLES.replace("ACTION", "s3:PutObject") + &deployer(url);
        chains(&text.replace("arn:aws:iam::111122223333:RESOURCE", resource))
    };
    for url in [
        "https://app-templates.s3.eu-west-1.amazonaws.com/*",
        "https://app-templates.s3.*",
        "https://s3.eu-west-1.amazonaws.com/app-templates/*",
    ] {
        for objects in ["app-templates/*", "app-*"] {
            assert_eq!(
                by(url, &format!("arn:aws:s3:::{objects}")),
                ["admin s3:PutObject sts:AssumeRole", "job s3:PutObject"],
                "{url} {objects}"
            );
        }
        assert_eq!(by(url, "arn:aws:s3:::other-templates/*").len(), 0, "{url}");
    }
}

#[test]
fn a_pattern_of_buckets_reaches_the_code_of_others_and_a_name_is_meant() {
    let writes = |resource: &str| {
        let text = ROLES.replace("ACTION", "s3:PutObject") + CODE;
        let text = text.replace("arn:aws:iam::111122223333:RESOURCE", resource);
        let template = read::template(&text.replace("OTHER", "victim").replace("WRITER", "nobody"));
        let template = template.expect("a template");
        let place = Place::parse("111122223333", "eu-west-1").expect("a place");
        let unresolved = OnUnresolved::Fail;
        let stack = StackTemplate { address: "s", place: &place, template: &template, unresolved };
        let world = World::of(vec![Piece::of(stack).expect("policies")]);
        let team = "arn:aws:iam::111122223333:role/team";
        Escalation::of(&world).writes_code_of(team).len()
    };
    for (resource, expected) in [
        ("arn:aws:s3:::scripts/*", 0),
        ("arn:aws:s3:::script*/*", 1),
        ("arn:aws:s3:::scr*", 1),
        ("arn:aws:s3:::mine-*/*", 0),
    ] {
        assert_eq!(writes(resource), expected, "{resource}");
    }
}
