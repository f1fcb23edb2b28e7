//! Variants of data.all's stacks that `examples/import` does not have.

use lakewright_manifest::{ResourcePrefix, RoleArn};
use lakewright_template::{AccountId, Region};

use super::*;
use crate::Source;
use crate::split::{Split, moved};

const TAGS: &str = "[{Key: Environment, Value: Shop_env1ab12}, {Key: Organization, Value: Retail_org1ab12}, \
     {Key: Target, Value: X_y}, {Key: Team, Value: Owners}, {Key: cost, Value: '42'}]";

const ENVIRONMENT: &str = "
Description: 'Cloud formation stack of ENVIRONMENT: Shop; URI: env1ab12; DESCRIPTION: '
Resources:
  EnvironmentDefaultBucket: {Type: AWS::S3::Bucket, Properties: {BucketName: dataall-shop-env1ab12, Tags: TAGS}}
";

fn source(name: &str, text: &str) -> Source {
    let path = format!("222222222222/eu-west-1/{name}.yaml");
    Source { path, text: text.replace("TAGS", TAGS) }
}

fn settings() -> Settings {
    Settings {
        prefix: ResourcePrefix::parse("lakewright").unwrap(),
        trusted_roles: vec![RoleArn::parse("arn:aws:iam::111111111111:role/platform").unwrap()],
        central_account: Some(AccountId::parse("111111111111").unwrap()),
        home_region: Some(Region::parse("eu-west-1").unwrap()),
        external_id: Some("shop-4f1c6c2e".to_owned()),
    }
}

/// The files of the mesh in one text, and what is not known in another.
fn described(sources: &[(&str, &str)], settings: &Settings) -> (String, String) {
    let sources: Vec<Source> = sources.iter().map(|(name, text)| source(name, text)).collect();
    let deployed = Deployed::read(&sources).unwrap();
    let described = describe(&deployed, settings).unwrap();
    let files: Vec<String> = described.files.into_iter().map(|(_, text)| text).collect();
    (files.join("---\n"), format!("{:#?}", described.gaps))
}

/// Source: section 6 of data.all's stacks: `core/environment/cdk/pivot_role_stack.py`.
#[test]
fn a_pivot_role_shows_the_central_account_and_the_external_id() {
    let pivot = "
Resources:
  PivotRole:
    Type: AWS::IAM::Role
    Properties:
      RoleName: dataallPivotRole-cdk
      AssumeRolePolicyDocument:
        Statement:
          - {Effect: Allow, Action: sts:AssumeRole, Principal: {Service: glue.amazonaws.com}}
          - Effect: Allow
            Action: sts:AssumeRole
            Principal: {AWS: !Join ['', ['arn:', !Ref AWS::Partition, ':iam::999999999999:root']]}
            Condition: {StringEquals: {sts:ExternalId: secret-42}}
";
    let settings = Settings { central_account: None, external_id: None, ..settings() };
    let sources = [
        ("dataall-environment-env1ab12", ENVIRONMENT),
        ("dataall-environment-env1ab12-PivotRoleStackNested-1ABC", pivot),
    ];
    let (text, _) = described(&sources, &settings);
    assert!(text.contains("central_account: \"999999999999\"\n"), "{text}");
    assert!(text.contains("external_id: secret-42"), "{text}");
    assert!(text.contains("tags: { cost: \"42\" }\n"), "{text}");
}

/// Source: `dataset_custom_resources_extension.py` for the variable, `environment_stack.py` for imported roles.
#[test]
fn imported_roles_are_used_or_listed() {
    let environment = format!(
        "{ENVIRONMENT}
  Handler:
    Type: AWS::Lambda::Function
    Properties:
      Environment: {{Variables: {{DEFAULT_ENV_ROLE_ARN: 'arn:aws:iam::222222222222:role/Owners'}}}}
  AthenaWorkGroupa: {{Type: AWS::Athena::WorkGroup, Properties: {{Name: a}}}}
  AthenaWorkGroupb: {{Type: AWS::Athena::WorkGroup, Properties: {{Name: b}}}}
"
    );
    let (text, gaps) = described(&[("dataall-environment-env1ab12", &environment)], &settings());
    assert!(text.contains("iam_role_arn: \"arn:aws:iam::222222222222:role/Owners\"\n"), "{text}");
    assert!(gaps.contains("1 more teams have imported roles"), "{gaps}");
}

/// Source: `notebook_stack.py`, with a VPC.
#[test]
fn a_notebook_in_a_vpc_keeps_its_subnet() {
    let notebook = "
Resources:
  Sg:
    Type: AWS::EC2::SecurityGroup
    Properties:
      GroupDescription: x
      VpcId: vpc-0a1b2c3d
      SecurityGroupIngress: [{CidrIp: 10.1.0.0/16, IpProtocol: tcp, FromPort: 443, ToPort: 443}]
  Notebook:
    Type: AWS::SageMaker::NotebookInstance
    Properties: {SubnetId: subnet-0a1b2c3d, InstanceType: ml.p4d.24xlarge, VolumeSizeInGB: 64, SecurityGroupIds: [!GetAtt Sg.GroupId], Tags: TAGS}
";
    let sources =
        [("dataall-environment-env1ab12", ENVIRONMENT), ("dataall-notebook-nb01ab12", notebook)];
    let (text, gaps) = described(&sources, &settings());
    assert!(
        text.contains("vpc_id: vpc-0a1b2c3d\nsubnet_id: subnet-0a1b2c3d\nvolume_size: 64\n"),
        "{text}"
    );
    assert!(
        text.contains("context: { vpcs: [{ vpc_id: vpc-0a1b2c3d, cidr: \"10.1.0.0/16\" }] }\n"),
        "{text}"
    );
    assert!(gaps.contains("its instance type `ml.p4d.24xlarge` is none of a mesh"), "{gaps}");
    let deployed = Deployed::read(&[source("dataall-notebook-nb01ab12", notebook)]).unwrap();
    let ids: Vec<String> = moved(&deployed.stacks[0]).iter().map(ToString::to_string).collect();
    assert_eq!(ids, ["Notebook", "Sg"], "the group that the notebook needs moves with it");
}

/// Source: `datapipelines_pipeline.py`, for `gitflow`, and the CDK pipeline.
#[test]
fn pipelines_show_their_stages_or_are_listed() {
    let pipeline = "
Resources:
  P: {Type: AWS::CodePipeline::Pipeline, Properties: {Name: p-dev, Stages: [{Name: Source-dev}, {Name: Deploy-Stage-dev}]}}
  Build:
    Type: AWS::CodeBuild::Project
    Properties:
      Tags: TAGS
      Environment:
        EnvironmentVariables:
          - {Name: STAGE, Value: dev}
          - {Name: ENVIRONMENT_URI, Value: env1ab12}
          - {Name: ENVTEAM_ROLENAME, Value: Owners}
  Elsewhere:
    Type: AWS::CodeBuild::Project
    Properties:
      Environment:
        EnvironmentVariables: [{Name: STAGE, Value: prod}, {Name: ENVIRONMENT_URI, Value: zzzzzzzz}]
";
    let cdk = "Resources: {P: {Type: AWS::CodePipeline::Pipeline, Properties: {Tags: TAGS}}}";
    let sources = [
        ("dataall-environment-env1ab12", ENVIRONMENT),
        ("dataall-pipeline-pl01ab12", pipeline),
        ("dataall-cdkpipeline-pl02ab12", cdk),
    ];
    let (text, gaps) = described(&sources, &settings());
    assert!(
        text.contains(
            "strategy: gitflow\nstages: [{ stage: dev, environment: shop, team: Owners }]\n"
        ),
        "{text}"
    );
    assert!(
        gaps.contains("its stage prod deploys to an environment without a template here"),
        "{gaps}"
    );
    assert!(gaps.contains("dataall-cdkpipeline-pl02ab12"), "{gaps}");
}

#[test]
fn an_object_without_its_environment_has_no_document_and_is_listed() {
    let dataset = "
Resources:
  DatasetBucket: {Type: AWS::S3::Bucket, Properties: {BucketName: b-data, Tags: [{Key: Target, Value: x}, {Key: Team, Value: Owners}, {Key: Environment, Value: Other_zzzzzzzz}]}}
";
    let sources =
        [("dataall-environment-env1ab12", ENVIRONMENT), ("dataall-dataset-ds01ab12", dataset)];
    let (text, gaps) = described(&sources, &settings());
    assert!(!text.contains("kind: Dataset"), "{text}");
    assert!(
        gaps.contains("the environment that its tag `Environment` names has no template here"),
        "{gaps}"
    );
}

#[test]
fn a_stack_whose_ids_are_unknown_is_left_as_it_is() {
    let dataset = "
Resources:
  Key: {Type: AWS::KMS::Key, Properties: {KeyPolicy: {Statement: []}}}
  Policy: {Type: AWS::IAM::Policy, Properties: {PolicyName: p, PolicyDocument: {Statement: [{Resource: !GetAtt Key.Arn}]}}}
";
    let deployed = Deployed::read(&[source("dataall-dataset-ds01ab12", dataset)]).unwrap();
    let split = Split::of(&deployed.stacks[0]);
    assert_eq!(split.obstacles.len(), 1);
    assert!(split.obstacles[0].contains("`Policy` refers to `Key`"), "{:?}", split.obstacles);
}
