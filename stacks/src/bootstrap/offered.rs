//! Everything that the stacks of a feature can use. The execution role gets these permissions before the first such
//! stack exists, so the account's owner bootstraps only once.

use lakewright_manifest::mesh::{Environment, Features, StudioVpc};
use lakewright_template::Text;

use super::Usage;
use crate::names::Names;

/// What a bootstrap stack grants in addition to what the stacks of its account and region use now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Offer {
    /// What the features of its environments can use.
    Environments,
    /// What these features can use, regardless of the environments.
    Features(Features),
    /// Nothing.
    Nothing,
}

impl Offer {
    /// The features to prepare for in an environment.
    pub(crate) fn features(self, environment: &Environment) -> Option<Features> {
        match self {
            Self::Environments => Some(environment.features),
            Self::Features(features) => Some(features),
            Self::Nothing => None,
        }
    }
}

/// The condition under which an environment's stacks create resources of these types.
type Offered = (fn(&Environment, Features) -> bool, &'static [&'static str]);

/// The types that the stacks of environments create. A missing type would require a new bootstrap, so a test compares
/// the list with the stacks.
const TYPES: [Offered; 10] = [
    (
        |_, _| true,
        &[
            "AWS::Events::Rule",
            "AWS::IAM::ManagedPolicy",
            "AWS::IAM::Role",
            "AWS::IAM::RolePolicy",
            "AWS::S3::Bucket",
            "AWS::S3::BucketPolicy",
        ],
    ),
    (|_, features| features.dashboards, &["AWS::QuickSight::DataSource"]),
    (
        |environment, features| features.dashboards && Names::has_dashboard_groups(environment),
        &["AWS::QuickSight::Group"],
    ),
    (
        |_, features| features.datasets,
        &[
            "AWS::Glue::Crawler",
            "AWS::Glue::Database",
            "AWS::Glue::Job",
            "AWS::Glue::SecurityConfiguration",
            "AWS::Glue::Table",
            "AWS::Glue::Trigger",
            "AWS::KMS::Alias",
            "AWS::KMS::Key",
            "AWS::LakeFormation::DataCellsFilter",
            "AWS::LakeFormation::DataLakeSettings",
            "AWS::LakeFormation::PrincipalPermissions",
            "AWS::LakeFormation::Resource",
            "AWS::LakeFormation::Tag",
            "AWS::LakeFormation::TagAssociation",
            "AWS::S3::AccessPoint",
        ],
    ),
    (
        |_, features| features.ml_studio,
        &[
            "AWS::EC2::SecurityGroup",
            "AWS::EC2::SecurityGroupEgress",
            "AWS::EC2::SecurityGroupIngress",
            "AWS::KMS::Alias",
            "AWS::KMS::Key",
            "AWS::SSM::Parameter",
            "AWS::SageMaker::Domain",
            "AWS::SageMaker::UserProfile",
        ],
    ),
    (
        makes_network,
        &[
            "AWS::EC2::FlowLog",
            "AWS::EC2::RouteTable",
            "AWS::EC2::Subnet",
            "AWS::EC2::SubnetRouteTableAssociation",
            "AWS::EC2::VPC",
            "AWS::EC2::VPCEndpoint",
            "AWS::Logs::LogGroup",
        ],
    ),
    (
        |_, features| features.notebooks,
        &[
            "AWS::EC2::SecurityGroup",
            "AWS::EC2::SecurityGroupEgress",
            "AWS::EC2::SecurityGroupIngress",
            "AWS::KMS::Alias",
            "AWS::KMS::Key",
            "AWS::SageMaker::NotebookInstance",
        ],
    ),
    (
        |_, features| features.pipelines,
        &[
            "AWS::CodeBuild::Project",
            "AWS::CodeCommit::Repository",
            "AWS::CodePipeline::Pipeline",
            "AWS::KMS::Alias",
            "AWS::KMS::Key",
        ],
    ),
    (
        |_, features| features.subscriptions,
        &[
            "AWS::KMS::Alias",
            "AWS::KMS::Key",
            "AWS::SNS::Subscription",
            "AWS::SNS::Topic",
            "AWS::SNS::TopicPolicy",
            "AWS::SQS::Queue",
            "AWS::SQS::QueuePolicy",
        ],
    ),
    (
        |_, features| features.worksheets,
        &["AWS::Athena::NamedQuery", "AWS::Athena::WorkGroup", "AWS::KMS::Alias", "AWS::KMS::Key"],
    ),
];

/// Whether the stack creates the VPC of ML Studio. If the feature is off, the mesh does not state the VPC.
fn makes_network(environment: &Environment, features: Features) -> bool {
    features.ml_studio && matches!(environment.studio_vpc, None | Some(StudioVpc::Created))
}

/// The most that an environment's stacks can use with these features. Names without the prefix are left out, because
/// they are unknown until a stack uses them.
pub fn offered(environment: &Environment, features: Features) -> Usage {
    let mut usage = Usage {
        reads_parameters: features.ml_studio,
        shares_tables: features.datasets,
        ..Usage::default()
    };
    for (is_made, kinds) in TYPES {
        if is_made(environment, features) {
            usage.kinds.extend(kinds.iter().map(|kind| Text::from(*kind)));
        }
    }
    usage
}
