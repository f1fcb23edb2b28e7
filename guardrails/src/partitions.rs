//! The same templates break the same rules in every partition.

use std::collections::BTreeSet;

use lakewright_access::world::{OnUnresolved, Piece, StackTemplate, World};
use lakewright_template::place::Place;
use lakewright_template::read;

use super::{Guardrail, check};

/// A template of somebody else. `PARTITION` stands for the partition's name, `SUFFIX` for how some of its services end.
const TEMPLATE: &str = r#"
Resources:
  Instance:
    Type: AWS::IAM::Role
    Properties:
      RoleName: instance
      ManagedPolicyArns: ["arn:PARTITION:iam::aws:policy/AdministratorAccess"]
      AssumeRolePolicyDocument: { Version: "2012-10-17", Statement: [{ Effect: Allow, Action: "sts:AssumeRole", Principal: { Service: "ec2.SUFFIX" } }] }
  Delivery:
    Type: AWS::IAM::Role
    Properties:
      RoleName: delivery
      AssumeRolePolicyDocument: { Version: "2012-10-17", Statement: [{ Effect: Allow, Action: "sts:AssumeRole", Principal: { Service: "codedeploy.SUFFIX" } }] }
  Caller:
    Type: AWS::IAM::Role
    Properties:
      RoleName: caller
      AssumeRolePolicyDocument: { Version: "2012-10-17", Statement: [{ Effect: Allow, Action: "sts:AssumeRole", Principal: { AWS: "arn:PARTITION:iam::111122223333:role/ci" } }] }
      Policies:
        - PolicyName: p
          PolicyDocument:
            Version: "2012-10-17"
            Statement:
              - { Effect: Allow, Action: "s3:GetObject", Resource: "arn:PARTITION:s3:::*/*" }
              - { Effect: Allow, Action: "ec2:RunInstances", Resource: "arn:PARTITION:ec2:*:111122223333:instance/*" }
              - { Effect: Allow, Action: "iam:PassRole", Resource: "arn:PARTITION:iam::111122223333:role/instance", Condition: { StringEquals: { "iam:PassedToService": "ec2.SUFFIX" } } }
              - { Effect: Allow, Action: "iam:AttachUserPolicy", Resource: "arn:PARTITION:iam::111122223333:user/*", Condition: { ArnLike: { "iam:PolicyARN": "arn:PARTITION:iam::aws:policy/Administrator*" } } }
  Stacks:
    Type: AWS::IAM::Role
    Properties:
      RoleName: stacks
      AssumeRolePolicyDocument: { Version: "2012-10-17", Statement: [{ Effect: Allow, Action: "sts:AssumeRole", Principal: { Service: "cloudformation.SUFFIX" }, Condition: { StringEquals: { "aws:SourceAccount": "111122223333" } } }] }
  Function:
    Type: AWS::Lambda::Permission
    Properties: { Action: "lambda:InvokeFunction", FunctionName: f, Principal: !Sub "events.${AWS::URLSuffix}" }
"#;

/// The rules that are broken, each with the resource that breaks it.
fn found(region: &str, partition: &str, suffix: &str) -> BTreeSet<(Guardrail, String)> {
    let text = TEMPLATE.replace("PARTITION", partition).replace("SUFFIX", suffix);
    let template = read::template(&text).expect("a template");
    let place = Place::parse("111122223333", region).expect("a place");
    let stack = StackTemplate {
        address: "sample",
        place: &place,
        template: &template,
        unresolved: OnUnresolved::Placeholder,
    };
    let world = World::of(vec![Piece::of(stack).expect("a template with policies")]);
    check(&world).into_iter().map(|breach| (breach.rule, breach.origin.logical_id)).collect()
}

#[test]
fn the_same_rules_are_broken_in_every_partition() {
    let standard = found("eu-west-1", "aws", "amazonaws.com");
    for (rule, resource) in [
        (Guardrail::BroadManagedPolicy, "Instance"),
        (Guardrail::IamWithoutBoundary, "Caller"),
        (Guardrail::PassAndCreate, "Caller"),
        (Guardrail::ServiceWithoutSource, "Delivery"),
        (Guardrail::ServiceWithoutSource, "Function"),
        (Guardrail::WildcardResource, "Caller"),
    ] {
        assert!(standard.contains(&(rule, resource.to_owned())), "{rule:?}: {standard:?}");
    }
    // Instances are of the account of their role.
    assert!(!standard.contains(&(Guardrail::ServiceWithoutSource, "Instance".to_owned())));
    // Names and suffixes: `botocore/data/partitions.json` of botocore 1.44.8. Services go by either form in China
    // and in the isolated partitions: aws-cdk issue #1282, pull request #22589.
    for (region, partition, suffix) in [
        ("cn-north-1", "aws-cn", "amazonaws.com"),
        ("cn-north-1", "aws-cn", "amazonaws.com.cn"),
        ("cn-northwest-1", "aws-cn", "amazonaws.com.cn"),
        ("us-gov-west-1", "aws-us-gov", "amazonaws.com"),
        ("us-gov-east-1", "aws-us-gov", "amazonaws.com"),
        ("eusc-de-east-1", "aws-eusc", "amazonaws.com"),
        ("eusc-de-east-1", "aws-eusc", "amazonaws.eu"),
        ("us-iso-east-1", "aws-iso", "c2s.ic.gov"),
        ("us-isob-east-1", "aws-iso-b", "sc2s.sgov.gov"),
    ] {
        assert_eq!(found(region, partition, suffix), standard, "{region} {suffix}");
    }
}
