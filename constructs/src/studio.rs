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

#[cfg(test)]
mod tests {
    use lakewright_template::ResourceEntry;

    use super::*;
    use crate::testing::{Built, HERE, built, reader};

    const INGRESS: &str = "AWS::EC2::SecurityGroupIngress";
    const EGRESS: &str = "AWS::EC2::SecurityGroupEgress";

    fn domain() -> Built {
        built(|scope| {
            let domain = StudioDomain {
                name: "finance".to_owned(),
                vpc: Expr::known_name("vpc-0123456789abcdef0"),
                subnets: vec![Expr::known_name("subnet-0123456789abcdef0")],
                key: Expr::known_name("1234abcd-12ab-34cd-56ef-1234567890ab"),
                address_block: Some("10.1.0.0/16".to_owned()),
                role: Expr::known_arn("arn:aws:iam::111122223333:role/nobody"),
                retain: true,
            };
            scope.add("Domain", domain);
        })
    }

    /// "Connect Studio notebooks in a VPC to external resources" in the SageMaker developer guide: `VpcOnly` stops SageMaker
    /// from providing internet access. `TagPropagation` of "CreateDomain" in the API reference: spaces and apps get the tags
    /// of their owner. The domain's group, which profiles of others get, lets nothing in.
    #[test]
    fn a_domain_is_in_its_vpc_only_and_its_default_group_connects_nobody() {
        let kind = "AWS::SageMaker::Domain";
        let stack = domain();
        assert_eq!(stack.property(kind, "AppNetworkAccessType"), r#""VpcOnly""#);
        assert_eq!(stack.property(kind, "TagPropagation"), r#""ENABLED""#);
        let key = r#""1234abcd-12ab-34cd-56ef-1234567890ab""#;
        assert_eq!(stack.property(kind, "KmsKeyId"), key);
        assert_eq!(
            stack.property(kind, "DefaultUserSettings"),
            concat!(
                r#"{"ExecutionRole":"arn:aws:iam::111122223333:role/nobody","#,
                r#""SecurityGroups":[{"Fn::GetAtt":["DomainAccess","GroupId"]}]}"#
            )
        );
        assert!(stack.all(INGRESS).is_empty());
        let between =
            |rule: &&ResourceEntry| rule.properties.get("DestinationSecurityGroupId").is_some();
        assert!(!stack.all(EGRESS).iter().any(between));
    }

    /// The same page asks for a security group for each user profile, with TCP on ports 8192 to 65535 within the group, so
    /// that no profile reaches the kernels of another one.
    #[test]
    fn the_apps_of_a_profile_reach_each_other_and_no_other_profiles() {
        let stack = built(|scope| {
            for (id, name) in [("Ana", "ana"), ("Ben", "ben")] {
                let profile = StudioProfile {
                    name: name.to_owned(),
                    domain: "d-1234567890ab".into(),
                    vpc: Expr::known_name("vpc-0123456789abcdef0"),
                    address_block: None,
                    role: reader(HERE),
                };
                scope.add(id, profile);
            }
        });
        let texts = |kind: &str, property: &str| -> Vec<String> {
            let found = stack.all(kind).into_iter().filter_map(|one| one.properties.get(property));
            found.map(|value| stack.text(value)).collect()
        };
        let groups = [
            r#"{"Fn::GetAtt":["AnaAccess","GroupId"]}"#,
            r#"{"Fn::GetAtt":["BenAccess","GroupId"]}"#,
        ];
        assert_eq!(texts(INGRESS, "GroupId"), groups);
        assert_eq!(texts(INGRESS, "SourceSecurityGroupId"), groups);
        assert_eq!(texts(EGRESS, "DestinationSecurityGroupId"), groups);
        assert_eq!(texts(INGRESS, "FromPort"), ["8192", "8192"]);
        assert_eq!(texts(INGRESS, "ToPort"), ["65535", "65535"]);
        assert!(texts(INGRESS, "CidrIp").is_empty());
        let settings = groups.map(|group| {
            format!(
                r#"{{"ExecutionRole":"arn:aws:iam::111122223333:role/reader","SecurityGroups":[{group}]}}"#
            )
        });
        assert_eq!(texts("AWS::SageMaker::UserProfile", "UserSettings"), settings);
    }
}
