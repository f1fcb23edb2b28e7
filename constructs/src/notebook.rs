//! SageMaker notebook instances with an encrypted volume. VPC, internet access and root access are settings.

use lakewright_synth::{Construct, Options, Scope};
use lakewright_template::{Expr, Ref};

use crate::cfn::{ec2, sagemaker};
use crate::key::KeyHandle;
use crate::network::{Egress, SecurityGroup};
use crate::role::ImportedRole;

/// A notebook instance.
#[derive(Debug, Clone)]
pub struct Notebook {
    /// The name: 63 characters at most.
    pub name: String,
    /// The instance type.
    pub instance_type: &'static str,
    /// The size of the volume in GiB.
    pub volume_size: u16,
    /// The role that its code runs as.
    pub role: ImportedRole,
    /// The key that encrypts its volume.
    pub key: KeyHandle,
    /// The VPC and subnet; `None` for SageMaker's own network.
    pub network: Option<NotebookNetwork>,
    /// Whether it has internet access that bypasses its VPC.
    pub internet_access: bool,
    /// Whether its users have root access.
    pub root_access: bool,
}

/// The VPC and subnet of a notebook instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotebookNetwork {
    /// The VPC.
    pub vpc_id: String,
    /// The subnet.
    pub subnet_id: String,
    /// The VPC's CIDR block, from which HTTPS is allowed; `None` allows no inbound traffic.
    pub cidr: Option<String>,
}

impl Construct for Notebook {
    type Handle = Ref<sagemaker::NotebookInstance>;

    fn build(self, scope: &mut Scope<'_>) -> Self::Handle {
        let switch = |is_on: bool| if is_on { "Enabled" } else { "Disabled" };
        let group = self.network.as_ref().map(|network| {
            scope.add(
                "Access",
                SecurityGroup {
                    name: self.name.clone(),
                    description: "Notebook instance".to_owned(),
                    vpc: Expr::<lakewright_template::Name<ec2::VPC>>::known_name(
                        network.vpc_id.clone(),
                    ),
                    https_from: network.cidr.clone(),
                    egress: Egress::Https,
                },
            )
        });
        let resource = sagemaker::NotebookInstance {
            notebook_instance_name: Some(self.name.into()),
            instance_type: Some(self.instance_type.into()),
            volume_size_in_gb: Some(i64::from(self.volume_size).into()),
            role_arn: Some(self.role.arn()),
            kms_key_id: Some(self.key.id()),
            subnet_id: self.network.map(|network| Expr::known_name(network.subnet_id)),
            security_group_ids: group.map(|group| vec![group]),
            direct_internet_access: Some(switch(self.internet_access).into()),
            root_access: Some(switch(self.root_access).into()),
            instance_metadata_service_configuration: Some(
                sagemaker::NotebookInstanceInstanceMetadataServiceConfiguration {
                    minimum_instance_metadata_service_version: Some("2".into()),
                },
            ),
            // Amazon Linux 2023; the default platform is from 2018.
            platform_identifier: Some("notebook-al2023-v1".into()),
            ..sagemaker::NotebookInstance::default()
        };
        scope.resource(resource, Options::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Built, HERE, built, key, reader};

    const NOTEBOOK: &str = "AWS::SageMaker::NotebookInstance";

    fn notebook(network: Option<NotebookNetwork>, is_open: bool) -> Built {
        built(|scope| {
            let notebook = Notebook {
                name: "forecasts".to_owned(),
                instance_type: "ml.t3.medium",
                volume_size: 64,
                role: reader(HERE),
                key: key(scope),
                network,
                internet_access: is_open,
                root_access: is_open,
            };
            scope.add("Notebook", notebook);
        })
    }

    /// "CreateNotebookInstance" in the SageMaker API reference: internet access and root access are on unless they are
    /// turned off, and `MinimumInstanceMetadataServiceVersion` refuses requests of version 1. `docs/stacks/notebook.md`:
    /// the instance lets in what comes from its network, and outside a VPC it has no security group.
    #[test]
    fn what_aws_leaves_open_is_closed_unless_asked_for() {
        let closed = notebook(None, false);
        assert_eq!(closed.property(NOTEBOOK, "DirectInternetAccess"), r#""Disabled""#);
        assert_eq!(closed.property(NOTEBOOK, "RootAccess"), r#""Disabled""#);
        assert_eq!(
            closed.property(NOTEBOOK, "InstanceMetadataServiceConfiguration"),
            r#"{"MinimumInstanceMetadataServiceVersion":"2"}"#
        );
        assert_eq!(closed.property(NOTEBOOK, "KmsKeyId"), r#"{"Ref":"Key"}"#);
        let open = notebook(None, true);
        assert_eq!(open.property(NOTEBOOK, "DirectInternetAccess"), r#""Enabled""#);
        assert_eq!(open.property(NOTEBOOK, "RootAccess"), r#""Enabled""#);
        // Inbound HTTPS comes from the VPC's address block only, if that is known.
        let network = |cidr: Option<&str>| NotebookNetwork {
            vpc_id: "vpc-0123456789abcdef0".to_owned(),
            subnet_id: "subnet-0123456789abcdef0".to_owned(),
            cidr: cidr.map(str::to_owned),
        };
        let ingress = "AWS::EC2::SecurityGroupIngress";
        let known = notebook(Some(network(Some("10.1.0.0/16"))), false);
        assert_eq!(
            known.property(NOTEBOOK, "SecurityGroupIds"),
            r#"[{"Fn::GetAtt":["NotebookAccess","GroupId"]}]"#
        );
        assert_eq!(known.property(NOTEBOOK, "SubnetId"), r#""subnet-0123456789abcdef0""#);
        assert_eq!(known.property(ingress, "CidrIp"), r#""10.1.0.0/16""#);
        assert!(notebook(Some(network(None)), false).all(ingress).is_empty());
        assert!(open.all("AWS::EC2::SecurityGroup").is_empty());
        assert_eq!(open.property(NOTEBOOK, "SecurityGroupIds"), "");
    }
}
