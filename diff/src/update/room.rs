//! Limits that a template comes near.

use lakewright_policies::size::{characters, one_statement_characters};
use lakewright_template::limits::{Limit, quota};
use lakewright_template::write::template_to_json;
use lakewright_template::{ResourceEntry, Template};

/// Sentences about limits of which a template uses more than nine tenths.
pub fn limits(after: &Template) -> Vec<String> {
    let count = after.resources.len();
    let mut found = Vec::new();
    found.extend(near("the template", count, &quota::RESOURCES, "resources"));
    found.extend(near("the template", after.outputs.len(), &quota::OUTPUTS, "outputs"));
    found.extend(near("the template", after.parameters.len(), &quota::PARAMETERS, "parameters"));
    let bytes = template_to_json(after).len();
    found.extend(near("the template", bytes, &quota::TEMPLATE_BYTES, "bytes"));
    for (id, resource) in &after.resources {
        for (what, size, limit) in policies(resource) {
            let what = format!("the {what} of {id}");
            found.extend(near(&what, size, limit, "characters"));
        }
    }
    found
}

fn near(what: &str, count: usize, limit: &Limit, unit: &str) -> Option<String> {
    let most = limit.value;
    (count.saturating_mul(10) > most.saturating_mul(9)).then(|| {
        format!("After the change, {what} has {count} of at most {most} {unit}. {}.", limit.raise())
    })
}

/// The policies of a resource, with their sizes and limits.
fn policies(resource: &ResourceEntry) -> Vec<(&'static str, usize, &'static Limit)> {
    let size = |name: &str| resource.properties.get(name).map(characters);
    let one = |what: &'static str, name: &str, limit: &'static Limit| {
        size(name).map(|size| (what, size, limit)).into_iter().collect::<Vec<_>>()
    };
    match resource.kind.as_ref() {
        "AWS::IAM::Role" => {
            one("trust policy", "AssumeRolePolicyDocument", &quota::TRUST_POLICY_CHARACTERS)
        }
        "AWS::IAM::ManagedPolicy" => {
            one("policy", "PolicyDocument", &quota::MANAGED_POLICY_CHARACTERS)
        }
        "AWS::IAM::RolePolicy" => one("policy", "PolicyDocument", &quota::INLINE_POLICY_CHARACTERS),
        "AWS::KMS::Key" => one("key policy", "KeyPolicy", &quota::KEY_POLICY_BYTES),
        "AWS::S3::BucketPolicy" => one("policy", "PolicyDocument", &quota::BUCKET_POLICY_BYTES),
        "AWS::S3::AccessPoint" => one("policy", "Policy", &quota::ACCESS_POINT_POLICY_BYTES),
        "AWS::SNS::TopicPolicy" => one("policy", "PolicyDocument", &quota::TOPIC_POLICY_BYTES),
        "AWS::SQS::QueuePolicy" => one("policy", "PolicyDocument", &quota::QUEUE_POLICY_BYTES),
        "AWS::Events::EventBusPolicy" => {
            let size = resource.properties.get("Statement").map(one_statement_characters);
            let limit: &'static Limit = &quota::EVENT_BUS_POLICY_CHARACTERS;
            size.map(|size| ("statement", size, limit)).into_iter().collect()
        }
        _ => Vec::new(),
    }
}
