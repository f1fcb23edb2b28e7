use lakewright_template::ResourceEntry;
use lakewright_template::place::Place;

use super::*;
use crate::testing::{Built, HERE, built, built_at, place};

const GROUP: &str = "AWS::EC2::SecurityGroup";
const BOUNDARY: &str = "arn:aws:iam::111122223333:policy/boundary";

/// A stack with the network `Studio`.
fn network(place: Place) -> Built {
    built_at(place, |scope| {
        let network = PrivateNetwork {
            name: "lake-studio".to_owned(),
            target: "environment/finance".to_owned(),
            boundary: Some(BOUNDARY.to_owned()),
            zones: vec!["euw1-az1".to_owned(), "euw1-az2".to_owned()],
        };
        scope.add("Studio", network);
    })
}

/// "Subnets for your VPC" in the VPC user guide: a subnet is private if no route of its leads to an internet gateway.
/// "Connect Studio notebooks in a VPC to external resources" in the SageMaker developer guide: private subnets only.
#[test]
fn nothing_in_the_network_leads_to_the_internet() {
    let stack = network(place());
    for kind in [
        "AWS::EC2::EgressOnlyInternetGateway",
        "AWS::EC2::EIP",
        "AWS::EC2::InternetGateway",
        "AWS::EC2::NatGateway",
        "AWS::EC2::Route",
        "AWS::EC2::VPCGatewayAttachment",
    ] {
        assert!(stack.all(kind).is_empty(), "{kind}");
    }
    let subnets = stack.all("AWS::EC2::Subnet");
    let zones: Vec<_> = subnets
        .iter()
        .filter_map(|one| one.properties.get("AvailabilityZoneId")?.as_text())
        .collect();
    assert_eq!(zones, ["euw1-az1", "euw1-az2"]);
    for subnet in subnets {
        let is_public = subnet.properties.get("MapPublicIpOnLaunch");
        assert_eq!(is_public, Some(&Value::Bool(false)));
    }
    assert_eq!(stack.all("AWS::EC2::SubnetRouteTableAssociation").len(), 2);
}

/// "Access an AWS service using an interface VPC endpoint" in the AWS PrivateLink guide: private DNS lets requests to the
/// service's usual name stay inside. The services are those of "Connect Studio notebooks in a VPC to external resources".
/// The names in China: `getDefaultEndpointPrefix` in `aws-ec2/lib/vpc-endpoint.ts` of the AWS CDK, which lists `athena`,
/// `ecr.api`, `ecr.dkr`, `sagemaker.api`, `sagemaker.runtime` and `sts` for `cn-north-1`.
#[test]
fn services_are_reached_inside_under_the_names_of_their_region() {
    let names = |stack: &Built, kind: &str| -> Vec<String> {
        let endpoints = stack.all("AWS::EC2::VPCEndpoint").into_iter().filter(|endpoint| {
            endpoint.properties.get("VpcEndpointType") == Some(&Value::text(kind.to_owned()))
        });
        let name = |endpoint: &ResourceEntry| {
            if kind == "Interface" {
                let is_private = endpoint.properties.get("PrivateDnsEnabled");
                assert_eq!(is_private, Some(&Value::Bool(true)));
                let groups = endpoint.properties.get("SecurityGroupIds");
                assert_eq!(
                    groups.map(|groups| stack.text(groups)),
                    Some(r#"[{"Fn::GetAtt":["StudioEndpointAccess","GroupId"]}]"#.to_owned())
                );
            }
            endpoint.properties.get("ServiceName")?.as_text().map(str::to_owned)
        };
        let mut names: Vec<String> = endpoints.filter_map(name).collect();
        names.sort_unstable();
        names
    };
    let ireland = network(place());
    assert_eq!(
        names(&ireland, "Interface"),
        [
            "athena",
            "ecr.api",
            "ecr.dkr",
            "glue",
            "kms",
            "logs",
            "sagemaker.api",
            "sagemaker.runtime",
            "sts"
        ]
        .map(|service| format!("com.amazonaws.eu-west-1.{service}"))
    );
    assert_eq!(names(&ireland, "Gateway"), ["com.amazonaws.eu-west-1.s3"]);
    let beijing = network(Place::parse(HERE, "cn-north-1").expect("a place"));
    assert_eq!(
        names(&beijing, "Interface"),
        [
            "cn.com.amazonaws.cn-north-1.athena",
            "cn.com.amazonaws.cn-north-1.ecr.api",
            "cn.com.amazonaws.cn-north-1.ecr.dkr",
            "cn.com.amazonaws.cn-north-1.sagemaker.api",
            "cn.com.amazonaws.cn-north-1.sagemaker.runtime",
            "cn.com.amazonaws.cn-north-1.sts",
            "com.amazonaws.cn-north-1.glue",
            "com.amazonaws.cn-north-1.kms",
            "com.amazonaws.cn-north-1.logs",
        ]
    );
}

/// "IAM role for publishing flow logs to CloudWatch Logs" in the VPC user guide: the trust policy with
/// `aws:SourceAccount`, and the actions that deliver. The group exists, so the role creates none and reaches no other.
#[test]
fn the_flow_log_role_writes_into_its_own_group_only() {
    let stack = network(place());
    let role = "AWS::IAM::Role";
    assert_eq!(
        stack.statement(role, "FlowLogs"),
        concat!(
            r#"{"Action":"sts:AssumeRole","Condition":{"StringEquals":{"aws:SourceAccount":"111122223333"}},"#,
            r#""Effect":"Allow","Principal":{"Service":"vpc-flow-logs.amazonaws.com"}}"#
        )
    );
    assert_eq!(
        stack.property(role, "Policies"),
        concat!(
            r#"[{"PolicyDocument":{"Statement":[{"Action":["logs:CreateLogStream","logs:DescribeLogStreams","logs:PutLogEvents"],"#,
            r#""Effect":"Allow","Resource":{"Fn::GetAtt":["StudioFlowLogGroup","Arn"]},"Sid":"Deliver"}],"#,
            r#""Version":"2012-10-17"},"PolicyName":"deliver"}]"#
        )
    );
    assert_eq!(stack.property(role, "PermissionsBoundary"), format!(r#""{BOUNDARY}""#));
    let log = "AWS::EC2::FlowLog";
    assert_eq!(stack.property(log, "ResourceId"), r#"{"Ref":"Studio"}"#);
    assert_eq!(stack.property(log, "TrafficType"), r#""ALL""#);
    let records = stack.records();
    let delivers = records.iter().find(|record| record.access == "deliver").expect("a record");
    assert_eq!(
        delivers.resources,
        ["arn:aws:logs:eu-west-1:111122223333:log-group:/lake-studio/flow-logs:*"]
    );
}

fn group(https_from: Option<&str>, egress: Egress) -> Built {
    built(|scope| {
        let group = SecurityGroup {
            name: "orders".to_owned(),
            description: "Orders".to_owned(),
            vpc: Expr::known_name("vpc-0123456789abcdef0"),
            https_from: https_from.map(str::to_owned),
            egress,
        };
        scope.add("Access", group);
    })
}

/// The address blocks and ports of a kind of rule.
fn rules(stack: &Built, kind: &str) -> Vec<String> {
    let shown = |rule: &ResourceEntry| {
        let text =
            |name| rule.properties.get(name).map(|value| stack.text(value)).unwrap_or_default();
        let (block, protocol) = (text("CidrIp"), text("IpProtocol"));
        format!("{block} {protocol} {}-{}", text("FromPort"), text("ToPort"))
    };
    stack.all(kind).into_iter().map(shown).collect()
}

/// `docs/aws-behaviour.md`: inline rules would be added before the group's tags. `SecurityGroupEgress` of
/// "AWS::EC2::SecurityGroup" in the CloudFormation template reference: a group without an egress rule allows all outbound
/// traffic, so each group has one. "Connect Studio notebooks in a VPC to external resources": NFS is port 2049.
#[test]
fn a_group_lets_nothing_in_or_out_but_what_it_says() {
    let (ingress, egress) = ("AWS::EC2::SecurityGroupIngress", "AWS::EC2::SecurityGroupEgress");
    let open = group(None, Egress::Https);
    assert!(open.all(ingress).is_empty());
    assert_eq!(rules(&open, egress), [r#""0.0.0.0/0" "tcp" 443-443"#]);
    let inside = group(Some("10.1.0.0/16"), Egress::Network("10.1.0.0/16"));
    assert_eq!(rules(&inside, ingress), [r#""10.1.0.0/16" "tcp" 443-443"#]);
    assert_eq!(rules(&inside, egress), [r#""10.1.0.0/16" "tcp" 443-443"#]);
    for property in ["SecurityGroupIngress", "SecurityGroupEgress"] {
        assert_eq!(inside.property(GROUP, property), "");
    }
    let files = group(None, Egress::HttpsAndFiles(Some("10.1.0.0/16".to_owned())));
    let https = r#""0.0.0.0/0" "tcp" 443-443"#;
    assert_eq!(rules(&files, egress), [r#""10.1.0.0/16" "tcp" 2049-2049"#, https]);
}
