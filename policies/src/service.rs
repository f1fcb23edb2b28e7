//! Service principals, and whether they send the account on whose behalf they act.
//!
//! A service that sends `aws:SourceAccount` can be restricted to one account. Where AWS documents that the service
//! sends it, the condition requires the key. Where nothing is documented, the condition applies only if the key is
//! sent: if the service does not send it, a required key would make the role unusable, and `iam:PassRole` limits
//! such a role to its own account anyway.
//!
//! These principals are the same in every partition of AWS. Those that differ (`logs`, and `codedeploy` and
//! `elasticmapreduce` in China) are not listed here. Source: `servicePrincipal` in `region-info/lib/default.ts` of
//! the AWS CDK, and `ServicePrincipalNameForPartition` of Terraform's provider.

use crate::condition::{Comparison, Condition, Conditions, Operator};

/// A service that assumes roles or acts on resources.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Service {
    /// The principal, such as `glue.amazonaws.com`.
    pub principal: &'static str,
    /// Whether AWS documents the source keys that it sends.
    pub sends_source: SendsSource,
}

/// Whether AWS documents that a service sends the source keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SendsSource {
    /// Documented: the service sends `aws:SourceAccount`.
    Documented,
    /// Not documented.
    Undocumented,
}

macro_rules! services {
    ($($(#[$doc:meta])* $name:ident $principal:literal $sends:ident,)*) => {
        impl Service {
            $($(#[$doc])* pub const $name: Self =
                Self { principal: $principal, sends_source: SendsSource::$sends };)*
        }
    };
}

services! {
    /// CodeBuild. Source: "Cross-service confused deputy prevention" in the CodeBuild user guide.
    CODEBUILD "codebuild.amazonaws.com" Documented,
    /// CodePipeline.
    CODEPIPELINE "codepipeline.amazonaws.com" Undocumented,
    /// DataBrew.
    DATABREW "databrew.amazonaws.com" Undocumented,
    /// CloudFormation.
    CLOUDFORMATION "cloudformation.amazonaws.com" Undocumented,
    /// CloudWatch alarms. Source: "Configuring Amazon SNS permissions" for alarms.
    CLOUDWATCH "cloudwatch.amazonaws.com" Documented,
    /// EventBridge. Source: "Cross-service confused deputy prevention" in the EventBridge user guide.
    EVENTS "events.amazonaws.com" Documented,
    /// Glue.
    GLUE "glue.amazonaws.com" Undocumented,
    /// Lake Formation. Source: "Cross-service confused deputy prevention" in its developer guide.
    LAKE_FORMATION "lakeformation.amazonaws.com" Documented,
    /// Lambda.
    LAMBDA "lambda.amazonaws.com" Undocumented,
    /// QuickSight.
    QUICKSIGHT "quicksight.amazonaws.com" Undocumented,
    /// S3 event notifications. Source: "Granting permissions to publish event notification messages to a
    /// destination" in the S3 user guide, for queues and topics.
    S3_EVENTS "s3.amazonaws.com" Documented,
    /// S3's delivery of access logs. Source: "Enabling Amazon S3 server access logging".
    S3_LOGGING "logging.s3.amazonaws.com" Documented,
    /// SageMaker. The key is documented for Studio and jobs, not for notebook instances.
    SAGEMAKER "sagemaker.amazonaws.com" Undocumented,
    /// EventBridge Scheduler. Source: "Confused deputy prevention" in its user guide.
    SCHEDULER "scheduler.amazonaws.com" Documented,
    /// SNS. Source: "Subscribing an Amazon SQS queue to a topic", "Managing encryption keys".
    SNS "sns.amazonaws.com" Documented,
    /// Step Functions. Source: "Cross-service confused deputy prevention" in its developer guide.
    STEP_FUNCTIONS "states.amazonaws.com" Documented,
    /// Verified Permissions. Source: "Encrypting Resources in Amazon Verified Permissions" in its user guide.
    VERIFIED_PERMISSIONS "verifiedpermissions.amazonaws.com" Documented,
    /// VPC flow logs. Source: "IAM role for publishing flow logs to CloudWatch Logs".
    VPC_FLOW_LOGS "vpc-flow-logs.amazonaws.com" Documented,
}

impl Service {
    /// The condition that restricts the service to one account.
    pub fn acting_for(self, account: &str) -> Conditions {
        let equals = Operator::new(Comparison::StringEquals);
        let operator = match self.sends_source {
            SendsSource::Documented => equals,
            SendsSource::Undocumented => equals.if_exists(),
        };
        let values = vec![account.to_owned().into()];
        Conditions::none().with(Condition { operator, key: "aws:SourceAccount".into(), values })
    }
}

#[cfg(test)]
mod tests {
    use lakewright_template::write::value_to_compact_json;

    use super::*;

    #[test]
    fn each_service_is_held_to_the_account() {
        let of = |service: Service| {
            value_to_compact_json(&service.acting_for("111122223333").into_value())
        };
        assert_eq!(
            of(Service::STEP_FUNCTIONS),
            r#"{"StringEquals":{"aws:SourceAccount":"111122223333"}}"#
        );
        assert_eq!(
            of(Service::GLUE),
            r#"{"StringEqualsIfExists":{"aws:SourceAccount":"111122223333"}}"#
        );
    }
}
