//! ML Studio: a SageMaker domain inside a VPC.

use lakewright_synth::{Construct, Options, Scope};
use lakewright_template::{Arn, Expr, Name, Ref, Text};

use crate::cfn::{ec2, iam, kms, sagemaker};
use crate::network::{Egress, SecurityGroup};
use crate::role::ImportedRole;

/// A SageMaker domain for IAM users, reachable through its VPC only.
#[derive(Debug, Clone)]
pub struct StudioDomain {
    /// The domain's name.
    pub name: String,
    /// The VPC.
    pub vpc: Expr<Name<ec2::VPC>>,
    /// The subnets.
    pub subnets: Vec<Expr<Name<ec2::Subnet>>>,
    /// The id of the key that encrypts its volumes.
    pub key: Expr<Name<kms::Key>>,
    /// The VPC's CIDR block, if known. Egress to home folders is restricted to it.
    pub address_block: Option<String>,
    /// The default role of user profiles.
    pub role: Expr<Arn<iam::Role>>,
    /// Whether home folders are retained when the domain is removed from the stack.
    pub retain: bool,
}

/// A user profile of a domain.
#[derive(Debug, Clone)]
pub struct StudioProfile {
    /// The name: 63 characters at most.
    pub name: String,
    /// The domain's id.
    pub domain: Expr<Text>,
    /// The domain's VPC.
    pub vpc: Expr<Name<ec2::VPC>>,
    /// The VPC's CIDR block, if known. Egress to home folders is restricted to it.
    pub address_block: Option<String>,
    /// The role that the profile's code runs as.
    pub role: ImportedRole,
}

/// The ports on which a profile's server and its kernels communicate.
///
/// Source: "Connect Studio notebooks in a VPC to external resources" in the SageMaker developer guide, which
/// asks for one security group per profile. A group for the whole domain would give all profiles access to
/// each other's kernels, and so to every team's role.
const APPS: (i64, i64) = (8192, 65535);

impl Construct for StudioProfile {
    type Handle = Ref<sagemaker::UserProfile>;

    fn build(self, scope: &mut Scope<'_>) -> Self::Handle {
        let group = scope.add(
            "Access",
            SecurityGroup {
                name: format!("{}-studio", self.name),
                description: "Apps of one ML Studio profile".to_owned(),
                vpc: self.vpc,
                https_from: None,
                egress: Egress::HttpsAndFiles(self.address_block.clone()),
            },
        );
        let (from, to) = APPS;
        scope.child("AccessWithin").resource(
            ec2::SecurityGroupIngress {
                description: Some("Between the apps of the profile".into()),
                group_id: Some(group.clone()),
                ip_protocol: Some("tcp".into()),
                from_port: Some(from.into()),
                to_port: Some(to.into()),
                source_security_group_id: Some(group.clone()),
                ..ec2::SecurityGroupIngress::default()
            },
            Options::default(),
        );
        // The group has an explicit list of egress rules, so the traffic that the ingress rule allows needs
        // an egress rule too.
        scope.child("AccessWithinOut").resource(
            ec2::SecurityGroupEgress {
                description: Some("Between the apps of the profile".into()),
                group_id: Some(group.clone()),
                ip_protocol: Some("tcp".into()),
                from_port: Some(from.into()),
                to_port: Some(to.into()),
                destination_security_group_id: Some(group.clone()),
                ..ec2::SecurityGroupEgress::default()
            },
            Options::default(),
        );
        let resource = sagemaker::UserProfile {
            user_profile_name: Some(self.name.into()),
            domain_id: Some(self.domain),
            user_settings: Some(sagemaker::UserProfileUserSettings {
                execution_role: Some(self.role.arn().into()),
                security_groups: Some(vec![group]),
                ..sagemaker::UserProfileUserSettings::default()
            }),
            ..sagemaker::UserProfile::default()
        };
        scope.resource(resource, Options::default())
    }
}

impl Construct for StudioDomain {
    type Handle = Ref<sagemaker::Domain>;

    fn build(self, scope: &mut Scope<'_>) -> Self::Handle {
        // The default group, for profiles that others create; our profiles have their own groups. It allows
        // no traffic between apps.
        let group = scope.add(
            "Access",
            SecurityGroup {
                name: format!("{}-studio", self.name),
                description: "ML Studio".to_owned(),
                vpc: self.vpc.clone(),
                https_from: None,
                egress: Egress::HttpsAndFiles(self.address_block.clone()),
            },
        );
        let resource = sagemaker::Domain {
            domain_name: Some(self.name.into()),
            auth_mode: Some("IAM".into()),
            app_network_access_type: Some("VpcOnly".into()),
            kms_key_id: Some(self.key),
            vpc_id: Some(self.vpc),
            subnet_ids: Some(self.subnets),
            // Spaces and apps inherit the tags of their owner, on which access control depends.
            tag_propagation: Some("ENABLED".into()),
            default_user_settings: Some(sagemaker::DomainUserSettings {
                execution_role: Some(self.role),
                security_groups: Some(vec![group]),
                ..sagemaker::DomainUserSettings::default()
            }),
            ..sagemaker::Domain::default()
        };
        scope.resource(resource, Options::retain(self.retain))
    }
}
