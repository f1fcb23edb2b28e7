//! What matters for the cost of resources. There are no prices here: they differ between regions and change.
//!
//! Sources for what AWS bills: the product families and units of AWS's public price lists (AmazonS3, awskms, AWSGlue,
//! AmazonAthena, AmazonSageMaker, AWSCodePipeline, CodeBuild, AmazonVPC, AmazonCloudWatch, awswaf, AWSEvents,
//! AWSQueueService, AmazonSNS, AmazonStates), the cost components of Infracost 0.10, which are taken from them, and
//! "What it costs to keep" on the pages in `docs/stacks`.

use lakewright_template::{DeletionPolicy, ResourceEntry, Value};

/// What AWS bills for resources of a type, and whether it does so while the resource only exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bill {
    /// What is billed, as a noun with its unit.
    pub(crate) what: &'static str,
    /// Whether an unused resource is billed as well.
    pub(crate) always: bool,
}

const fn always(what: &'static str) -> Bill {
    Bill { what, always: true }
}

const fn used(what: &'static str) -> Bill {
    Bill { what, always: false }
}

/// What AWS bills for resources of a type; `None` if it bills nothing, or if this is not known here.
pub(crate) fn bill(kind: &str) -> Option<Bill> {
    Some(match kind {
        "AWS::Athena::WorkGroup" => used("data that its queries scan, per TB"),
        "AWS::CloudWatch::Alarm" => always("each metric of the alarm, per month"),
        "AWS::CodeBuild::Project" => used("minutes of builds"),
        "AWS::CodeCommit::Repository" => used("active users, per month"),
        "AWS::CodePipeline::Pipeline" => {
            used("V1: each active pipeline, per month; V2: minutes of actions")
        }
        "AWS::EC2::FlowLog" => used("logs that are delivered, per GB"),
        "AWS::EC2::NatGateway" => always("hours, and data that it processes, per GB"),
        "AWS::EC2::VPCEndpoint" => {
            always("interface endpoints: hours in each availability zone, and data, per GB")
        }
        "AWS::Events::EventBus" => used("events from other sources than AWS, per million"),
        "AWS::Glue::Crawler" | "AWS::Glue::Job" => used("DPU hours of its runs"),
        "AWS::KMS::Key" => {
            always("the key, per month, more after each of its first two rotations; requests")
        }
        "AWS::Logs::LogGroup" => used("logs that are ingested and stored, per GB"),
        "AWS::S3::Bucket" => used("storage, per GB and month, and requests"),
        "AWS::SNS::Topic" => used("requests and deliveries"),
        "AWS::SQS::Queue" => used("requests"),
        "AWS::SageMaker::Domain" => used("storage of its file system, per GB and month"),
        "AWS::SageMaker::NotebookInstance" => {
            always("hours in which it runs, by instance type, and its volume, per GB and month")
        }
        "AWS::SageMaker::UserProfile" => used("hours of its apps, by instance type"),
        "AWS::Scheduler::Schedule" => used("invocations, per million"),
        "AWS::StepFunctions::StateMachine" => used("state transitions"),
        "AWS::WAFv2::WebACL" => always("the web ACL and each rule, per month, and requests"),
        _ => return None,
    })
}

/// The properties that matter for the cost, with the names that people read.
const PROPERTIES: [(&str, &[&str], &str); 13] = [
    ("AWS::SageMaker::NotebookInstance", &["InstanceType"], "instance type"),
    ("AWS::SageMaker::NotebookInstance", &["VolumeSizeInGB"], "volume in GB"),
    ("AWS::Glue::Crawler", &["Schedule", "ScheduleExpression"], "schedule"),
    ("AWS::Glue::Trigger", &["Schedule"], "schedule"),
    ("AWS::Glue::Job", &["WorkerType"], "worker type"),
    ("AWS::Glue::Job", &["NumberOfWorkers"], "workers"),
    ("AWS::Glue::Job", &["MaxCapacity"], "DPUs"),
    ("AWS::CodeBuild::Project", &["Environment", "ComputeType"], "compute type"),
    ("AWS::CodePipeline::Pipeline", &["PipelineType"], "pipeline type"),
    ("AWS::EC2::VPCEndpoint", &["VpcEndpointType"], "endpoint type"),
    ("AWS::Logs::LogGroup", &["RetentionInDays"], "days of retention"),
    ("AWS::Scheduler::Schedule", &["ScheduleExpression"], "schedule"),
    (
        "AWS::Athena::WorkGroup",
        &["WorkGroupConfiguration", "BytesScannedCutoffPerQuery"],
        "bytes that a query may scan",
    ),
];

/// What matters for the cost of a resource, each as `name: value`.
pub(crate) fn facts(resource: &ResourceEntry) -> Vec<String> {
    let of_kind = PROPERTIES.iter().filter(|(kind, _, _)| *kind == resource.kind);
    let mut facts: Vec<String> = of_kind
        .filter_map(|(_, path, name)| Some(format!("{name}: {}", value(resource, path)?)))
        .collect();
    let stays = matches!(
        resource.deletion_policy,
        Some(DeletionPolicy::Retain | DeletionPolicy::RetainExceptOnCreate)
    );
    if stays && bill(&resource.kind).is_some() {
        facts.push("stays, and is billed, when its stack is deleted".to_owned());
    }
    facts
}

/// A literal value below the properties.
fn value(resource: &ResourceEntry, path: &[&str]) -> Option<String> {
    let (first, rest) = path.split_first()?;
    let mut value = resource.properties.get(first)?;
    for key in rest {
        value = value.as_map()?.get(key)?;
    }
    match value {
        Value::Text(text) => Some(text.to_string()),
        Value::Integer(number) => Some(number.to_string()),
        Value::Decimal(number) => Some(number.to_string()),
        Value::Bool(is) => Some(is.to_string()),
        Value::Null | Value::List(_) | Value::Map(_) | Value::Intrinsic(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use lakewright_template::read::template;

    use super::*;

    /// Source: the properties of `AWS::SageMaker::NotebookInstance` and `AWS::Glue::Crawler`, and "DeletionPolicy
    /// attribute", in the CloudFormation template reference.
    #[test]
    fn what_matters_for_the_cost_is_read_from_the_template() {
        let template = template(
            "
Resources:
  Notebook: {Type: 'AWS::SageMaker::NotebookInstance', Properties: {InstanceType: ml.t3.large, VolumeSizeInGB: 64}}
  Crawler: {Type: 'AWS::Glue::Crawler', Properties: {Schedule: {ScheduleExpression: 'cron(0 1 * * ? *)'}}}
  Open: {Type: 'AWS::Glue::Crawler', Properties: {Schedule: {ScheduleExpression: {Ref: When}}}}
  Bucket: {Type: 'AWS::S3::Bucket', DeletionPolicy: Retain}
  Role: {Type: 'AWS::IAM::Role', DeletionPolicy: Retain}
",
        );
        let template = template.expect("a template");
        let facts: Vec<Vec<String>> = template.resources.values().map(facts).collect();
        let stays = "stays, and is billed, when its stack is deleted";
        let expected: [&[&str]; 5] = [
            &[stays],
            &["schedule: cron(0 1 * * ? *)"],
            &["instance type: ml.t3.large", "volume in GB: 64"],
            &[],
            &[],
        ];
        assert_eq!(facts, expected);
    }
}
