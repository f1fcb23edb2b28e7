//! The ARNs of resources that policies can name.

use lakewright_template::resolve::SECRET_ENDS;
use lakewright_template::{Intrinsic, LogicalId, Map, ResourceEntry};

use super::{OnUnresolved, PieceError, Reader};

impl Reader<'_> {
    /// The ARN of a resource that policies can name.
    pub(super) fn arn_of(
        &self,
        id: &LogicalId,
        resource: &ResourceEntry,
    ) -> Result<Option<String>, PieceError> {
        let properties = &resource.properties;
        let named = |property| self.name(id, properties, property);
        let attribute = |attribute: &'static str| {
            let call = Intrinsic::GetAtt(id.clone(), attribute.into());
            self.resolved(id, &call.into()).map(|arn| arn.as_text().map(str::to_owned))
        };
        let regional = |service: &str, form: &str, name: Option<String>| {
            name.map(|name| self.regional(service, &format!("{form}{name}")))
        };
        Ok(match resource.kind.as_ref() {
            "AWS::S3::Bucket"
            | "AWS::KMS::Key"
            | "AWS::KMS::ReplicaKey"
            | "AWS::SQS::Queue"
            | "AWS::CodeBuild::Project"
            | "AWS::CodeCommit::Repository"
            | "AWS::DynamoDB::Table"
            | "AWS::Events::EventBus"
            | "AWS::Logs::LogGroup"
            | "AWS::StepFunctions::StateMachine"
            // The service makes the id of a policy store, and policies name stores by tags.
            | "AWS::VerifiedPermissions::PolicyStore" => attribute("Arn")?,
            "AWS::SNS::Topic" => attribute("TopicArn")?,
            "AWS::S3::AccessPoint" => regional("s3", "accesspoint/", named("Name")?),
            "AWS::Athena::WorkGroup" => regional("athena", "workgroup/", named("Name")?),
            "AWS::Glue::Connection" => {
                let input = self.value(id, properties, "ConnectionInput")?;
                let name = input.get("Name").as_text().map(str::to_owned);
                regional("glue", "connection/", name)
            }
            "AWS::Glue::Crawler" => regional("glue", "crawler/", named("Name")?),
            "AWS::Glue::Job" => regional("glue", "job/", named("Name")?),
            "AWS::Glue::Trigger" => regional("glue", "trigger/", named("Name")?),
            "AWS::SageMaker::NotebookInstance" => {
                regional("sagemaker", "notebook-instance/", named("NotebookInstanceName")?)
            }
            "AWS::SageMaker::UserProfile" => {
                let profile = named("UserProfileName")?;
                let domain = named("DomainId")?.unwrap_or_default();
                regional("sagemaker", &format!("user-profile/{domain}/"), profile)
            }
            "AWS::SSM::Parameter" => {
                let name = named("Name")?;
                regional(
                    "ssm",
                    "parameter",
                    name.map(|name| format!("/{}", name.trim_start_matches('/'))),
                )
            }
            "AWS::SecretsManager::Secret" => {
                let name = named("Name")?.map(|name| name + SECRET_ENDS);
                regional("secretsmanager", "secret:", name)
            }
            "AWS::CodePipeline::Pipeline" => regional("codepipeline", "", named("Name")?),
            "AWS::Lambda::Function" => regional("lambda", "function:", named("FunctionName")?),
            "AWS::QuickSight::DataSource" => {
                regional("quicksight", "datasource/", named("DataSourceId")?)
            }
            _ => None,
        })
    }

    /// The name in a property. In a third-party template, an unknown name is replaced by one unique to
    /// the stack.
    pub(super) fn name(
        &self,
        id: &LogicalId,
        properties: &Map,
        property: &str,
    ) -> Result<Option<String>, PieceError> {
        let text = self.text(id, properties, property)?;
        Ok(match self.stack.unresolved {
            OnUnresolved::Fail => text,
            OnUnresolved::Placeholder => Some(self.resolver.name_or_unique(id, text)),
        })
    }
}
