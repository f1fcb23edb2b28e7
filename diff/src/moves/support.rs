//! What types CloudFormation can refactor and import.

use lakewright_template::schema::{Provisioning, UpdateRules, updates_of};

/// The types that stack refactoring does not support, sorted.
///
/// Source: "Resource limitations" in "Stack refactoring", CloudFormation user guide. It spells the inference component of
/// SageMaker without its last letter.
const REFUSED: &[&str] = &[
    "AWS::ACMPCA::Certificate",
    "AWS::ACMPCA::CertificateAuthority",
    "AWS::ACMPCA::CertificateAuthorityActivation",
    "AWS::ApiGateway::BasePathMapping",
    "AWS::ApiGateway::Method",
    "AWS::AppConfig::ConfigurationProfile",
    "AWS::AppConfig::Deployment",
    "AWS::AppConfig::Environment",
    "AWS::AppConfig::Extension",
    "AWS::AppConfig::ExtensionAssociation",
    "AWS::AppStream::DirectoryConfig",
    "AWS::AppStream::StackFleetAssociation",
    "AWS::AppStream::StackUserAssociation",
    "AWS::AppStream::User",
    "AWS::BackupGateway::Hypervisor",
    "AWS::CertificateManager::Certificate",
    "AWS::CloudFormation::CustomResource",
    "AWS::CloudFormation::Macro",
    "AWS::CloudFormation::WaitCondition",
    "AWS::CloudFormation::WaitConditionHandle",
    "AWS::CodeDeploy::DeploymentGroup",
    "AWS::CodePipeline::CustomActionType",
    "AWS::Cognito::UserPoolRiskConfigurationAttachment",
    "AWS::Cognito::UserPoolUICustomizationAttachment",
    "AWS::Cognito::UserPoolUserToGroupAttachment",
    "AWS::Config::ConfigRule",
    "AWS::Config::ConfigurationRecorder",
    "AWS::Config::DeliveryChannel",
    "AWS::DataBrew::Dataset",
    "AWS::DataBrew::Job",
    "AWS::DataBrew::Project",
    "AWS::DataBrew::Recipe",
    "AWS::DataBrew::Ruleset",
    "AWS::DataBrew::Schedule",
    "AWS::DataZone::DataSource",
    "AWS::DataZone::Environment",
    "AWS::DataZone::EnvironmentBlueprintConfiguration",
    "AWS::DataZone::EnvironmentProfile",
    "AWS::DataZone::Project",
    "AWS::DataZone::SubscriptionTarget",
    "AWS::DirectoryService::MicrosoftAD",
    "AWS::DynamoDB::GlobalTable",
    "AWS::EC2::CustomerGateway",
    "AWS::EC2::EIP",
    "AWS::EC2::LaunchTemplate",
    "AWS::EC2::NetworkInterfacePermission",
    "AWS::EC2::PlacementGroup",
    "AWS::EC2::SpotFleet",
    "AWS::EC2::VPCDHCPOptionsAssociation",
    "AWS::EC2::VolumeAttachment",
    "AWS::EMR::Cluster",
    "AWS::EMR::InstanceFleetConfig",
    "AWS::EMR::InstanceGroupConfig",
    "AWS::ElastiCache::CacheCluster",
    "AWS::ElastiCache::ReplicationGroup",
    "AWS::ElastiCache::SecurityGroup",
    "AWS::ElastiCache::SecurityGroupIngress",
    "AWS::ElasticBeanstalk::ConfigurationTemplate",
    "AWS::ElasticLoadBalancing::LoadBalancer",
    "AWS::ElasticLoadBalancingV2::ListenerCertificate",
    "AWS::Elasticsearch::Domain",
    "AWS::FIS::ExperimentTemplate",
    "AWS::Glue::Schema",
    "AWS::GuardDuty::IPSet",
    "AWS::GuardDuty::PublishingDestination",
    "AWS::GuardDuty::ThreatIntelSet",
    "AWS::IAM::AccessKey",
    "AWS::IAM::UserToGroupAddition",
    "AWS::ImageBuilder::Component",
    "AWS::IoT::PolicyPrincipalAttachment",
    "AWS::IoT::ThingPrincipalAttachment",
    "AWS::IoTFleetWise::Campaign",
    "AWS::IoTWireless::WirelessDeviceImportTask",
    "AWS::Lambda::EventInvokeConfig",
    "AWS::Lex::BotVersion",
    "AWS::M2::Application",
    "AWS::MSK::Configuration",
    "AWS::MSK::ServerlessCluster",
    "AWS::Maester::DocumentType",
    "AWS::MediaTailor::Channel",
    "AWS::NeptuneGraph::PrivateGraphEndpoint",
    "AWS::Omics::AnnotationStore",
    "AWS::Omics::ReferenceStore",
    "AWS::Omics::SequenceStore",
    "AWS::OpenSearchServerless::Collection",
    "AWS::OpsWorks::App",
    "AWS::OpsWorks::ElasticLoadBalancerAttachment",
    "AWS::OpsWorks::Instance",
    "AWS::OpsWorks::Layer",
    "AWS::OpsWorks::Stack",
    "AWS::OpsWorks::UserProfile",
    "AWS::OpsWorks::Volume",
    "AWS::PCAConnectorAD::Connector",
    "AWS::PCAConnectorAD::DirectoryRegistration",
    "AWS::PCAConnectorAD::Template",
    "AWS::PCAConnectorAD::TemplateGroupAccessControlEntry",
    "AWS::Panorama::PackageVersion",
    "AWS::QuickSight::Theme",
    "AWS::RDS::DBSecurityGroup",
    "AWS::RDS::DBSecurityGroupIngress",
    "AWS::Redshift::ClusterSecurityGroup",
    "AWS::Redshift::ClusterSecurityGroupIngress",
    "AWS::RefactorSpaces::Environment",
    "AWS::RefactorSpaces::Route",
    "AWS::RefactorSpaces::Service",
    "AWS::RoboMaker::RobotApplication",
    "AWS::RoboMaker::SimulationApplication",
    "AWS::Route53::RecordSet",
    "AWS::Route53::RecordSetGroup",
    "AWS::SDB::Domain",
    "AWS::SageMaker::InferenceComponent",
    "AWS::ServiceCatalog::PortfolioPrincipalAssociation",
    "AWS::ServiceCatalog::PortfolioProductAssociation",
    "AWS::ServiceCatalog::PortfolioShare",
    "AWS::ServiceCatalog::TagOptionAssociation",
    "AWS::ServiceCatalogAppRegistry::AttributeGroupAssociation",
    "AWS::ServiceCatalogAppRegistry::ResourceAssociation",
    "AWS::StepFunctions::StateMachineVersion",
    "AWS::Synthetics::Canary",
    "AWS::VoiceID::Domain",
    "AWS::WAF::ByteMatchSet",
    "AWS::WAF::IPSet",
    "AWS::WAF::Rule",
    "AWS::WAF::SizeConstraintSet",
    "AWS::WAF::SqlInjectionMatchSet",
    "AWS::WAF::WebACL",
    "AWS::WAF::XssMatchSet",
    "AWS::WAFv2::IPSet",
    "AWS::WAFv2::RegexPatternSet",
    "AWS::WAFv2::RuleGroup",
    "AWS::WAFv2::WebACL",
    "AWS::WorkSpaces::Workspace",
];

/// Why stack refactoring does not support a type, or why that is unknown; `None` if it does.
///
/// Sources: "Stack refactoring only supports resource types with a provisioningType of FULLY_MUTABLE" in "Stack refactoring",
/// CloudFormation user guide. `ProvisioningType` of `DescribeType`, CloudFormation API reference: a fully mutable type has a
/// handler for updates, an immutable one has none, and one that is not provisionable lacks one of those for creation, reading
/// and deletion.
pub(super) fn refusal(kind: &str) -> Option<String> {
    let is_custom = kind.starts_with("Custom::");
    if is_custom || REFUSED.binary_search(&kind).is_ok() {
        return Some(format!("Stack refactoring does not support the type {kind}."));
    }
    let Some(rules) = updates_of(kind) else {
        return Some(format!(
            "Whether stack refactoring supports the type {kind} is unknown here. It does if `aws cloudformation describe-type --type \
             RESOURCE --type-name {kind}` shows the `ProvisioningType` `FULLY_MUTABLE`."
        ));
    };
    let found = match rules.provisioning() {
        Provisioning::FullyMutable => return None,
        other @ (Provisioning::Immutable | Provisioning::NonProvisionable) => other.as_str(),
    };
    Some(format!("Stack refactoring supports `FULLY_MUTABLE` types only, and {kind} is `{found}`."))
}

/// Whether resources of a type can be imported into a stack; `None` if it is unknown.
///
/// Source: "Resource type support" in the CloudFormation user guide: import is for types that are provisionable, so
/// `FULLY_MUTABLE` or `IMMUTABLE`.
pub(super) fn can_be_imported(kind: &str) -> Option<bool> {
    if kind.starts_with("Custom::") || kind == "AWS::CloudFormation::CustomResource" {
        // It exists in its function only.
        return Some(false);
    }
    Some(updates_of(kind)?.provisioning() != Provisioning::NonProvisionable)
}

/// The properties that identify a resource in an import, by name.
pub(super) fn identifier(kind: &str) -> Vec<&'static str> {
    let rules = updates_of(kind).into_iter();
    rules
        .flat_map(UpdateRules::primary_identifier)
        .map(|pointer| pointer.trim_start_matches('/'))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted() {
        assert!(REFUSED.is_sorted());
    }

    /// Source: the handlers in the schemas, and the types that the user guide lists.
    #[test]
    fn a_type_is_supported_if_it_has_every_handler_and_is_not_listed() {
        for supported in [
            "AWS::S3::Bucket",
            "AWS::KMS::Key",
            "AWS::IAM::Role",
            "AWS::SQS::Queue",
            "AWS::DynamoDB::Table",
            "AWS::Lambda::Function",
        ] {
            assert_eq!(refusal(supported), None, "{supported}");
        }
        for (kind, word) in [
            ("AWS::LakeFormation::PrincipalPermissions", "`IMMUTABLE`"),
            ("AWS::Athena::NamedQuery", "`IMMUTABLE`"),
            ("AWS::LakeFormation::DataLakeSettings", "`NON_PROVISIONABLE`"),
            ("AWS::SQS::QueuePolicy", "`NON_PROVISIONABLE`"),
            ("AWS::IAM::Policy", "`NON_PROVISIONABLE`"),
            ("AWS::WAFv2::WebACL", "does not support the type"),
            ("AWS::CloudFormation::WaitCondition", "does not support the type"),
            ("Custom::Anything", "does not support the type"),
            ("MongoDB::Atlas::Cluster", "is unknown here"),
        ] {
            let refusal = refusal(kind).expect(kind);
            assert!(refusal.contains(word), "{refusal}");
        }
    }

    /// Source: the handlers in the schemas.
    #[test]
    fn a_type_that_cannot_be_read_cannot_be_imported() {
        assert_eq!(can_be_imported("AWS::S3::Bucket"), Some(true));
        assert_eq!(can_be_imported("AWS::LakeFormation::PrincipalPermissions"), Some(true));
        assert_eq!(can_be_imported("AWS::LakeFormation::DataLakeSettings"), Some(false));
        assert_eq!(can_be_imported("AWS::CodeBuild::Project"), Some(false));
        assert_eq!(can_be_imported("Custom::Anything"), Some(false));
        assert_eq!(can_be_imported("AWS::Lambda::Function"), Some(true));
        assert_eq!(can_be_imported("MongoDB::Atlas::Cluster"), None);
    }

    /// Source: `primaryIdentifier` in the schemas.
    #[test]
    fn an_import_names_the_properties_that_identify_a_resource() {
        assert_eq!(identifier("AWS::S3::Bucket"), ["BucketName"]);
        assert_eq!(identifier("AWS::QuickSight::DataSource"), ["AwsAccountId", "DataSourceId"]);
        assert_eq!(identifier("AWS::Lambda::Function"), ["FunctionName"]);
        assert!(identifier("MongoDB::Atlas::Cluster").is_empty());
    }
}
