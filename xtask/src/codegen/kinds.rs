//! Properties and attributes that are references, in addition to those that the schemas' formats
//! mark.
//!
//! Each row comes from the property's page in the CloudFormation template reference.

/// The Rust type for a `format` in the pinned schemas.
pub(super) fn format(format: &str) -> Option<&'static str> {
    Some(match format {
        "AWS::EC2::SecurityGroup.Id" => "Expr<Name<crate::cfn::ec2::SecurityGroup>>",
        "AWS::EC2::Subnet.Id" => "Expr<Name<crate::cfn::ec2::Subnet>>",
        "AWS::EC2::VPC.Id" => "Expr<Name<crate::cfn::ec2::VPC>>",
        "AWS::IAM::Role.Arn" => "Expr<Arn<crate::cfn::iam::Role>>",
        "AWS::KMS::Key.Arn" => "Expr<Arn<crate::cfn::kms::Key>>",
        "AWS::S3::Bucket.Name" => "Expr<Name<crate::cfn::s3::Bucket>>",
        "AWS::SNS::Topic.Arn" => "Expr<Arn<crate::cfn::sns::Topic>>",
        "AWS::SQS::Queue.Arn" => "Expr<Arn<crate::cfn::sqs::Queue>>",
        _ => return None,
    })
}

/// The Rust type of a property: resource type, nested struct (empty for the resource itself),
/// property.
#[expect(clippy::match_same_arms, reason = "a row for each property, in the order of types")]
pub(super) fn property(kind: &str, owner: &str, property: &str) -> Option<&'static str> {
    const BUCKET: &str = "Expr<Name<crate::cfn::s3::Bucket>>";
    const KEY: &str = "Expr<Arn<crate::cfn::kms::Key>>";
    const ROLE: &str = "Expr<Arn<crate::cfn::iam::Role>>";
    const ROLE_NAME: &str = "Expr<Name<crate::cfn::iam::Role>>";
    const DATABASE: &str = "Expr<Name<crate::cfn::glue::Database>>";
    const GROUP: &str = "Expr<Name<crate::cfn::ec2::SecurityGroup>>";
    const SUBNET: &str = "Expr<Name<crate::cfn::ec2::Subnet>>";
    const VPC: &str = "Expr<Name<crate::cfn::ec2::VPC>>";
    Some(match (kind, owner, property) {
        ("AWS::Athena::NamedQuery", "", "WorkGroup") => "Expr<Name<crate::cfn::athena::WorkGroup>>",
        ("AWS::Athena::NamedQuery", "", "Database") => "Expr<Text>",
        ("AWS::EC2::FlowLog", "", "DeliverLogsPermissionArn") => ROLE,
        ("AWS::EC2::SecurityGroupEgress", "", "GroupId" | "DestinationSecurityGroupId") => GROUP,
        ("AWS::EC2::SecurityGroupIngress", "", "GroupId" | "SourceSecurityGroupId") => GROUP,
        ("AWS::EC2::SubnetRouteTableAssociation", "", "SubnetId") => SUBNET,
        ("AWS::EC2::SubnetRouteTableAssociation", "", "RouteTableId") => {
            "Expr<Name<crate::cfn::ec2::RouteTable>>"
        }
        ("AWS::EC2::RouteTable" | "AWS::EC2::Subnet" | "AWS::EC2::SecurityGroup", "", "VpcId") => {
            VPC
        }
        ("AWS::EC2::VPCEndpoint", "", "VpcId") => VPC,
        ("AWS::EC2::VPCEndpoint", "", "SubnetIds") => "Vec<Expr<Name<crate::cfn::ec2::Subnet>>>",
        ("AWS::EC2::VPCEndpoint", "", "SecurityGroupIds") => {
            "Vec<Expr<Name<crate::cfn::ec2::SecurityGroup>>>"
        }
        ("AWS::EC2::VPCEndpoint", "", "RouteTableIds") => {
            "Vec<Expr<Name<crate::cfn::ec2::RouteTable>>>"
        }
        ("AWS::Glue::Crawler" | "AWS::Glue::Job", "", "Role") => ROLE,
        ("AWS::Glue::Crawler" | "AWS::Glue::Table", "", "DatabaseName") => DATABASE,
        ("AWS::Glue::Table", "TableViewDefinition", "Definer") => ROLE,
        ("AWS::Glue::Table", "TableViewRepresentation", "ValidationConnection") => {
            "Expr<Name<crate::cfn::glue::Connection>>"
        }
        ("AWS::Glue::Crawler", "", "CrawlerSecurityConfiguration")
        | ("AWS::Glue::Job", "", "SecurityConfiguration") => {
            "Expr<Name<crate::cfn::glue::SecurityConfiguration>>"
        }
        ("AWS::Glue::Trigger", "TriggerAction", "JobName") => "Expr<Name<crate::cfn::glue::Job>>",
        ("AWS::Glue::SecurityConfiguration", _, "KmsKeyArn") => KEY,
        ("AWS::IAM::RolePolicy", "", "RoleName") => ROLE_NAME,
        ("AWS::IAM::ManagedPolicy", "", "Roles") => "Vec<Expr<Name<crate::cfn::iam::Role>>>",
        ("AWS::KMS::Alias", "", "TargetKeyId") => "Expr<Name<crate::cfn::kms::Key>>",
        ("AWS::LakeFormation::Resource", "", "RoleArn") => ROLE,
        ("AWS::LakeFormation::Resource", "", "ResourceArn") => "Expr<Arn<crate::cfn::s3::Bucket>>",
        ("AWS::Logs::LogGroup", "", "KmsKeyId") => KEY,
        ("AWS::S3::Bucket", "BucketServerSideEncryptionByDefault", "KMSMasterKeyID") => KEY,
        ("AWS::S3::Bucket", "BucketLoggingConfiguration", "DestinationBucketName")
        | ("AWS::S3::BucketPolicy", "", "Bucket") => BUCKET,
        ("AWS::SNS::Subscription", "", "TopicArn") => "Expr<Arn<crate::cfn::sns::Topic>>",
        ("AWS::SNS::Topic" | "AWS::SQS::Queue", "", "KmsMasterKeyId") => {
            "Expr<Name<crate::cfn::kms::Key>>"
        }
        ("AWS::SageMaker::Domain", "", "KmsKeyId") => "Expr<Name<crate::cfn::kms::Key>>",
        ("AWS::SageMaker::Domain", "", "VpcId") => VPC,
        // Rule statements can contain other statements, to any depth.
        ("AWS::WAFv2::WebACL", "", "Rules") => "Vec<Expr<Json>>",
        ("AWS::CodeBuild::Project", "", "ServiceRole") => ROLE,
        ("AWS::CodeBuild::Project", "", "EncryptionKey") => KEY,
        ("AWS::CodePipeline::Pipeline", "", "RoleArn") => ROLE,
        ("AWS::CodeCommit::Repository", "", "KmsKeyId") => KEY,
        ("AWS::Events::Rule", "Target", "RoleArn") => ROLE,
        ("AWS::StepFunctions::StateMachine", "", "RoleArn") => ROLE,
        ("AWS::Scheduler::Schedule", "Target", "RoleArn") => ROLE,
        ("AWS::S3::AccessPoint", "", "Bucket") => BUCKET,
        ("AWS::SageMaker::NotebookInstance", "", "RoleArn") => ROLE,
        ("AWS::SageMaker::NotebookInstance", "", "KmsKeyId") => "Expr<Name<crate::cfn::kms::Key>>",
        ("AWS::SageMaker::NotebookInstance", "", "SubnetId") => SUBNET,
        ("AWS::SageMaker::NotebookInstance", "", "SecurityGroupIds") => {
            "Vec<Expr<Name<crate::cfn::ec2::SecurityGroup>>>"
        }
        ("AWS::SageMaker::Domain", "", "SubnetIds") => "Vec<Expr<Name<crate::cfn::ec2::Subnet>>>",
        ("AWS::SageMaker::Domain", "DomainUserSettings", "ExecutionRole") => ROLE,
        ("AWS::SageMaker::Domain", "DomainUserSettings", "SecurityGroups") => {
            "Vec<Expr<Name<crate::cfn::ec2::SecurityGroup>>>"
        }
        _ => return None,
    })
}

/// The Rust type of an attribute of `Fn::GetAtt`.
pub(super) fn attribute(kind: &str, attribute: &str) -> &'static str {
    match (kind, attribute) {
        ("AWS::EC2::SecurityGroup", "GroupId") => "Name<Self>",
        ("AWS::SNS::Topic", "TopicArn") | (_, "Arn") => "Arn<Self>",
        _ => "Text",
    }
}
