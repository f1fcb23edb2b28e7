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
    /// The key of its volumes.
    pub key: Expr<Name<kms::Key>>,
    /// The role of user profiles that name none.
    pub role: Expr<Arn<iam::Role>>,
    /// Whether home folders stay when the domain leaves the stack.
    pub retain: bool,
}

/// A user profile of a domain.
#[derive(Debug, Clone)]
pub struct StudioProfile {
    /// The name: 63 characters at most.
    pub name: String,
    /// The domain's id.
    pub domain: Expr<Text>,
    /// Whom the profile's code runs as.
    pub role: ImportedRole,
}

impl Construct for StudioProfile {
    type Handle = Ref<sagemaker::UserProfile>;

    fn build(self, scope: &mut Scope<'_>) -> Self::Handle {
        let resource = sagemaker::UserProfile {
            user_profile_name: Some(self.name.into()),
            domain_id: Some(self.domain),
            user_settings: Some(sagemaker::UserProfileUserSettings {
                execution_role: Some(self.role.arn().into()),
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
        let group = scope.add(
            "Access",
            SecurityGroup {
                name: format!("{}-studio", self.name),
                description: "ML Studio".to_owned(),
                vpc: self.vpc.clone(),
                https_from: None,
                egress: Egress::Https,
            },
        );
        // Apps of a domain talk to each other and to their file system on many ports.
        scope.child("AccessWithin").resource(
            ec2::SecurityGroupIngress {
                description: Some("Traffic within ML Studio".into()),
                group_id: Some(group.clone()),
                ip_protocol: Some("-1".into()),
                source_security_group_id: Some(group.clone()),
                ..ec2::SecurityGroupIngress::default()
            },
            Options::default(),
        );
        // An explicit list of egress rules leaves out what the ingress above lets in.
        scope.child("AccessWithinOut").resource(
            ec2::SecurityGroupEgress {
                description: Some("Traffic within ML Studio".into()),
                group_id: Some(group.clone()),
                ip_protocol: Some("-1".into()),
                destination_security_group_id: Some(group.clone()),
                ..ec2::SecurityGroupEgress::default()
            },
            Options::default(),
        );
        let resource = sagemaker::Domain {
            domain_name: Some(self.name.into()),
            auth_mode: Some("IAM".into()),
            app_network_access_type: Some("VpcOnly".into()),
            kms_key_id: Some(self.key),
            vpc_id: Some(self.vpc),
            subnet_ids: Some(self.subnets),
            // Spaces and apps carry the tags of their owner, on which access depends.
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
