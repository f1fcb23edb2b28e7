//! SageMaker notebook instances with an encrypted volume. VPC, internet access and root access are settings.
//! otherwise.

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
