//! Networks without internet access, and security groups.

use lakewright_policies::service::Service;
use lakewright_policies::{IdentityPolicy, Principal, Statement, TrustPolicy};
use lakewright_synth::{Construct, Options, Record, Scope};
use lakewright_template::partition::{Partition, STANDARD};
use lakewright_template::{DeletionPolicy, Expr, Name, Ref, Value};

use crate::cfn::{ec2, iam, logs};
use crate::role::shown;

/// The CIDR block of a VPC that a stack creates.
pub const NETWORK: &str = "10.10.0.0/16";
/// The CIDR blocks of its subnets, one for each of two availability zones.
const SUBNETS: [(&str, &str); 2] = [("SubnetA", "10.10.0.0/20"), ("SubnetB", "10.10.16.0/20")];
/// The services that Studio reaches through interface endpoints: logical id, service, and region prefixes.
///
/// Source: "Connect Studio notebooks in a VPC to external resources" in the SageMaker developer guide. In regions with
/// one of these prefixes, the name of the endpoint service begins with the partition's own domain. Source for the
/// prefixes: `getDefaultEndpointPrefix` in `aws-ec2/lib/vpc-endpoint.ts` of the AWS CDK.
const ENDPOINTS: [(&str, &str, &[&str]); 9] = [
    ("Athena", "athena", &["cn-", "us-iso-east-1"]),
    ("EcrApi", "ecr.api", &[""]),
    ("EcrDkr", "ecr.dkr", &[""]),
    ("Glue", "glue", &[]),
    ("Kms", "kms", &[]),
    ("Logs", "logs", &[]),
    ("SageMakerApi", "sagemaker.api", &["cn-", "us-iso-east-1", "us-isob-east-1"]),
    ("SageMakerRuntime", "sagemaker.runtime", &["cn-", "us-iso-east-1", "us-isob-east-1"]),
    ("Sts", "sts", &["cn-"]),
];

/// A VPC with two private subnets, endpoints for the services that Studio uses, and flow logs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrivateNetwork {
    /// The prefix of the names of its resources.
    pub name: String,
    /// The command-line name of what it belongs to, such as `environment/finance`.
    pub target: String,
    /// The ARN of the permissions boundary of the role that delivers flow logs.
    pub boundary: Option<String>,
    /// The ids of its two availability zones. `Fn::GetAZs` is no replacement: its result changes with the default
    /// subnets, and a subnet cannot move to another zone.
    pub zones: Vec<String>,
}

/// A network of this stack.
#[derive(Debug, Clone)]
pub struct PrivateNetworkHandle {
    /// The VPC.
    pub vpc: Expr<Name<ec2::VPC>>,
    /// The subnets.
    pub subnets: Vec<Expr<Name<ec2::Subnet>>>,
}

impl Construct for PrivateNetwork {
    type Handle = PrivateNetworkHandle;

    fn build(self, scope: &mut Scope<'_>) -> PrivateNetworkHandle {
        let vpc = scope.resource(
            ec2::VPC {
                cidr_block: Some(NETWORK.into()),
                enable_dns_hostnames: Some(true.into()),
                enable_dns_support: Some(true.into()),
                ..ec2::VPC::default()
            },
            Options::default(),
        );
        let routes = scope
            .child("Routes")
            .resource(ec2::RouteTable { vpc_id: Some(vpc.name()), tags: None }, Options::default());
        let mut subnets = Vec::new();
        for ((id, block), zone) in SUBNETS.into_iter().zip(&self.zones) {
            let subnet = ec2::Subnet {
                vpc_id: Some(vpc.name()),
                cidr_block: Some(block.into()),
                availability_zone_id: Some(zone.clone().into()),
                map_public_ip_on_launch: Some(false.into()),
                ..ec2::Subnet::default()
            };
            let mut child = scope.child(id);
            let subnet = child.resource(subnet, Options::default());
            child.child("Routes").resource(
                ec2::SubnetRouteTableAssociation {
                    subnet_id: Some(subnet.name()),
                    route_table_id: Some(routes.name()),
                },
                Options::default(),
            );
            subnets.push(subnet.name());
        }
        self.endpoints(scope, &vpc, &routes, &subnets);
        self.flow_log(scope, &vpc);
        PrivateNetworkHandle { vpc: vpc.name(), subnets }
    }
}

impl PrivateNetwork {
    fn endpoints(
        &self,
        scope: &mut Scope<'_>,
        vpc: &Ref<ec2::VPC>,
        routes: &Ref<ec2::RouteTable>,
        subnets: &[Expr<Name<ec2::Subnet>>],
    ) {
        let place = scope.spec().place.clone();
        let group = scope.add(
            "EndpointAccess",
            SecurityGroup {
                name: format!("{}-endpoints", self.name),
                description: "HTTPS from the network to the endpoints".to_owned(),
                vpc: vpc.name(),
                https_from: Some(NETWORK.to_owned()),
                egress: Egress::Network(NETWORK),
            },
        );
        let region = &place.region;
        let s3 = ec2::VPCEndpoint {
            vpc_id: Some(vpc.name()),
            // The names of gateway endpoints have this form in every partition. Source: `GatewayVpcEndpointAwsService`
            // of the AWS CDK.
            service_name: Some(format!("com.amazonaws.{region}.s3").into()),
            vpc_endpoint_type: Some("Gateway".into()),
            route_table_ids: Some(vec![routes.name()]),
            ..ec2::VPCEndpoint::default()
        };
        scope.child("EndpointS3").resource(s3, Options::default());
        for (id, name, own) in ENDPOINTS {
            let is_own = own.iter().any(|prefix| region.starts_with(prefix));
            let partition = if is_own { Partition::of_region(region) } else { STANDARD };
            let service = format!("{}.{region}.{name}", partition.endpoint_prefix());
            let endpoint = ec2::VPCEndpoint {
                vpc_id: Some(vpc.name()),
                service_name: Some(service.into()),
                vpc_endpoint_type: Some("Interface".into()),
                private_dns_enabled: Some(true.into()),
                security_group_ids: Some(vec![group.clone()]),
                subnet_ids: Some(subnets.to_vec()),
                ..ec2::VPCEndpoint::default()
            };
            scope.child("Endpoint").child(id).resource(endpoint, Options::default());
        }
    }

    fn flow_log(&self, scope: &mut Scope<'_>, vpc: &Ref<ec2::VPC>) {
        let place = scope.spec().place.clone();
        let mut scope = scope.child("FlowLog");
        let name = format!("/{}/flow-logs", self.name);
        let group = scope.child("Group").resource(
            logs::LogGroup {
                log_group_name: Some(name.into()),
                retention_in_days: Some(365.into()),
                ..logs::LogGroup::default()
            },
            Options { deletion: Some(DeletionPolicy::Delete), ..Options::default() },
        );
        let trust = Statement::allow("FlowLogs", ["sts:AssumeRole"], [""; 0])
            .for_principals([Principal::Service(Service::VPC_FLOW_LOGS.principal.into())])
            .when(Service::VPC_FLOW_LOGS.acting_for(&place.account));
        // Not `LOG_WRITE`: the group is the stack's, and none else is made.
        let deliver = Statement::allow(
            "Deliver",
            ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
            [Value::from(group.attribute(&logs::LogGroup::ARN))],
        );
        let role_name = format!("{}-flow-logs", self.name);
        let grantee = format!("flow-log-role/{}", self.name);
        let known_role = place.role_arn(&role_name);
        scope.record(Record {
            principal: format!("service/{}", Service::VPC_FLOW_LOGS.principal),
            principal_arn: Service::VPC_FLOW_LOGS.principal.to_owned(),
            access: "assume",
            resource: grantee.clone(),
            actions: vec!["sts:AssumeRole".into()],
            resources: vec![known_role.clone()],
            conditions: shown(&trust.conditions),
        });
        scope.record(Record {
            principal: grantee,
            principal_arn: known_role,
            access: "deliver",
            resource: self.target.clone(),
            actions: deliver.actions.iter().cloned().collect(),
            resources: vec![place.arn("logs", &format!("log-group:/{}/flow-logs:*", self.name))],
            conditions: Vec::new(),
        });
        let trust = TrustPolicy::new(vec![trust]).expect("a whole statement").into_value();
        let deliver = IdentityPolicy::new(vec![deliver]).expect("a whole statement").into_value();
        let role = scope.child("Role").resource(
            iam::Role {
                role_name: Some(role_name.into()),
                description: Some("Delivers flow logs".into()),
                assume_role_policy_document: Some(Expr::unchecked(trust)),
                permissions_boundary: self.boundary.clone().map(Expr::unchecked),
                policies: Some(vec![iam::RolePolicyItem {
                    policy_name: Some("deliver".into()),
                    policy_document: Some(Expr::unchecked(deliver)),
                }]),
                ..iam::Role::default()
            },
            Options::default(),
        );
        scope.resource(
            ec2::FlowLog {
                deliver_logs_permission_arn: Some(role.attribute(&iam::Role::ARN)),
                log_destination_type: Some("cloud-watch-logs".into()),
                log_group_name: Some(group.name().into()),
                resource_id: Some(vpc.name().into()),
                resource_type: Some("VPC".into()),
                traffic_type: Some("ALL".into()),
                ..ec2::FlowLog::default()
            },
            Options::default(),
        );
    }
}

/// The outbound traffic that a security group allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Egress {
    /// HTTPS to any address.
    Https,
    /// HTTPS within a CIDR block.
    Network(&'static str),
    /// HTTPS to any address, and NFS within a CIDR block; `None` allows NFS to any address.
    ///
    /// Source: "Connect Studio notebooks in a VPC to external resources" in the SageMaker developer guide.
    HttpsAndFiles(Option<String>),
}

/// A security group.
///
/// Its rules are separate resources. CloudFormation would add inline rules before the group has its tags, and the
/// execution role may only change tagged groups (`docs/aws-behaviour.md`, h:2). The first egress rule removes the
/// default rule, which allows all outbound traffic.
#[derive(Debug, Clone, PartialEq)]
pub struct SecurityGroup {
    /// The name.
    pub name: String,
    /// The description.
    pub description: String,
    /// The VPC.
    pub vpc: Expr<Name<ec2::VPC>>,
    /// The CIDR block that may open HTTPS connections; `None` allows no inbound traffic.
    pub https_from: Option<String>,
    /// The outbound traffic that it allows.
    pub egress: Egress,
}

/// The port of HTTPS.
const HTTPS: i64 = 443;
/// The port of NFS.
const NFS: i64 = 2049;

impl Construct for SecurityGroup {
    type Handle = Expr<Name<ec2::SecurityGroup>>;

    fn build(self, scope: &mut Scope<'_>) -> Self::Handle {
        let resource = ec2::SecurityGroup {
            group_name: Some(self.name.into()),
            group_description: Some(self.description.into()),
            vpc_id: Some(self.vpc),
            ..ec2::SecurityGroup::default()
        };
        let group = scope.resource(resource, Options::default());
        let group = group.attribute(&ec2::SecurityGroup::GROUP_ID);
        if let Some(block) = self.https_from {
            let rule = ec2::SecurityGroupIngress {
                group_id: Some(group.clone()),
                cidr_ip: Some(block.into()),
                description: Some("HTTPS".into()),
                from_port: Some(HTTPS.into()),
                to_port: Some(HTTPS.into()),
                ip_protocol: Some("tcp".into()),
                ..ec2::SecurityGroupIngress::default()
            };
            scope.child("HttpsIn").resource(rule, Options::default());
        }
        let mut out = |id: &'static str, block: &str, description: &'static str, port: i64| {
            let rule = ec2::SecurityGroupEgress {
                group_id: Some(group.clone()),
                cidr_ip: Some(block.to_owned().into()),
                description: Some(description.into()),
                from_port: Some(port.into()),
                to_port: Some(port.into()),
                ip_protocol: Some("tcp".into()),
                ..ec2::SecurityGroupEgress::default()
            };
            scope.child(id).resource(rule, Options::default());
        };
        match self.egress {
            Egress::Https => out("HttpsOut", ANYWHERE, "HTTPS", HTTPS),
            Egress::Network(block) => out("HttpsOut", block, "HTTPS in the network", HTTPS),
            Egress::HttpsAndFiles(block) => {
                out("HttpsOut", ANYWHERE, "HTTPS", HTTPS);
                let block = block.as_deref().unwrap_or(ANYWHERE);
                out("FilesOut", block, "Home folders", NFS);
            }
        }
        group
    }
}

/// Every IPv4 address.
const ANYWHERE: &str = "0.0.0.0/0";

#[cfg(test)]
mod tests;
