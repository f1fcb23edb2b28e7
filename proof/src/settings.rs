//! What a template states beside policies: roles that things run with, code, destinations, names, tags and every other
//! property.
//!
//! Policies and Lake Formation's permissions are compared by what they mean. Of
//! everything else no list says which property of which type may open
//! something, so all of it is compared with what was made: what the model does
//! not know is not passed over.

use lakewright_template::assembly::StackEntry;
use lakewright_template::write::value_to_compact_json;
use lakewright_template::{ResourceEntry, Template, Text, Value, digest};

/// Properties that are compared by what they mean, each with the types that have it.
const POLICIES: [(&str, &[&str]); 7] = [
    ("AssumeRolePolicyDocument", &["AWS::IAM::Role"]),
    ("KeyPolicy", &["AWS::KMS::Key"]),
    ("Policies", &["AWS::IAM::Role"]),
    ("Policy", &["AWS::Events::EventBus", "AWS::S3::AccessPoint"]),
    (
        "PolicyDocument",
        &[
            "AWS::IAM::ManagedPolicy",
            "AWS::IAM::Policy",
            "AWS::IAM::RolePolicy",
            "AWS::S3::BucketPolicy",
            "AWS::SNS::TopicPolicy",
            "AWS::SQS::QueuePolicy",
        ],
    ),
    ("ResourcePolicy", &["AWS::SecretsManager::ResourcePolicy"]),
    ("Statement", &["AWS::Events::EventBusPolicy"]),
];

/// The SHA-256 of what a stack has beside policies, 64 hexadecimal digits: what its template states, its tags, its files, and
/// what becomes of it.
pub fn digest_of(template: &Template, entry: &StackEntry) -> String {
    let mut text = String::with_capacity(8 * 1024);
    for (key, value) in &entry.tags {
        push(&mut text, key, value);
    }
    for asset in &entry.assets {
        push(&mut text, &asset.bucket, &asset.key);
        push(&mut text, &asset.path, &asset.digest);
    }
    for capability in &entry.capabilities {
        push(&mut text, "Capability", capability);
    }
    text.push_str(if entry.retain { "retain" } else { "delete" });
    for (name, parameter) in &template.parameters {
        push(&mut text, "Parameters", name);
        push_map(&mut text, parameter.attributes.iter());
    }
    for section in [&template.metadata, &template.rules, &template.mappings] {
        text.push('\n');
        push_map(&mut text, section.iter());
    }
    for (name, output) in &template.outputs {
        push(&mut text, "Outputs", name);
        text.push_str(&value_to_compact_json(&output.value));
        text.extend(output.export.iter().map(value_to_compact_json));
    }
    for (name, condition) in &template.conditions {
        push(&mut text, "Conditions", name);
        text.push_str(&value_to_compact_json(condition));
    }
    for (id, resource) in &template.resources {
        push(&mut text, &resource.kind, id.as_str());
        push_map(&mut text, stated(resource));
        push_map(&mut text, resource.other.iter());
        push_map(&mut text, resource.metadata.iter());
        for other in &resource.depends_on {
            push(&mut text, "DependsOn", other.as_str());
        }
        if let Some(condition) = &resource.condition {
            push(&mut text, "Condition", condition);
        }
        for policy in [resource.deletion_policy, resource.update_replace_policy] {
            text.push_str(policy.map_or("-", |policy| policy.as_str()));
        }
    }
    digest::sha256(text.as_bytes())
}

fn stated(resource: &ResourceEntry) -> impl Iterator<Item = (&Text, &Value)> {
    let is_policy = |name: &str| {
        let mut of = POLICIES.iter().filter(|(property, _)| *property == name);
        of.any(|(_, kinds)| kinds.contains(&resource.kind.as_ref()))
    };
    resource.properties.iter().filter(move |(name, _)| !is_policy(name))
}

fn push(text: &mut String, kind: &str, name: &str) {
    for part in [kind, name] {
        text.push('\n');
        text.push_str(part);
    }
}

fn push_map<'v>(text: &mut String, entries: impl Iterator<Item = (&'v Text, &'v Value)>) {
    for (name, value) in entries {
        push(text, "", name);
        text.push_str(&value_to_compact_json(value));
    }
}

#[cfg(test)]
mod tests {
    use lakewright_template::read;

    use super::*;

    fn entry() -> StackEntry {
        let json = r#"{"name": "s", "kind": "dataset", "id": "d", "account": "111111111111", "region": "eu-west-1",
            "template": "t", "digest": "d", "bytes": 1, "depends_on": [], "capabilities": [], "tags": {}, "retain": true}"#;
        serde_json::from_str(json).expect("an entry")
    }

    fn digest(job: &str) -> String {
        let text = format!("Resources: {{J: {{Type: AWS::Glue::Job, {job}}}}}");
        digest_of(&read::template(&text).expect("a template"), &entry())
    }

    #[test]
    fn everything_but_policies_counts() {
        let plain = digest("Properties: {Role: r}");
        assert_eq!(plain, digest("Properties: {Role: r}"));
        for other in [
            "Properties: {Role: s}",
            "Properties: {Role: r, AnythingElse: true}",
            "Properties: {Role: r, PolicyDocument: {}}",
            "Properties: {}",
            "Properties: {Role: r}, Condition: c",
            "Properties: {Role: r}, DeletionPolicy: Retain",
            "Properties: {Role: r}, DependsOn: a",
            "Properties: {Role: r}, Metadata: {a: 1}",
        ] {
            assert_ne!(plain, digest(other), "{other}");
        }
        let key = |document: &str| {
            let text = format!(
                "Resources: {{K: {{Type: AWS::KMS::Key, Properties: {{KeyPolicy: {document}}}}}}}"
            );
            digest_of(&read::template(&text).expect("a template"), &entry())
        };
        assert_eq!(key("{a: 1}"), key("{a: 2}"), "policies are compared by what they mean");
        let template = read::template("Resources: {}").expect("a template");
        let tagged = StackEntry { tags: [("Team".to_owned(), "a".to_owned())].into(), ..entry() };
        assert_ne!(digest_of(&template, &entry()), digest_of(&template, &tagged));
    }
}
