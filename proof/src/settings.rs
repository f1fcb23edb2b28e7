//! A template's settings besides policies: the roles that resources use, code, destinations, names, tags and every
//! other property.
//!
//! Policies and Lake Formation permissions are compared by their effect. No list says which other properties may grant
//! access, so all of them are compared with what `synth` wrote.

use lakewright_template::assembly::{AssetEntry, StackEntry};
use lakewright_template::write::{push_compact_json, push_json_string};
use lakewright_template::{LogicalId, ResourceEntry, Template, Text, Value, digest};

/// Policy properties, which are compared by their effect, each with the resource types that have it.
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

/// The SHA-256, as 64 hexadecimal digits, of a stack's settings besides policies: its purpose, tags, files, retention
/// and the rest of its template.
///
/// The digest does not include the entry's revision, because the revision changes with the formatting of the template's
/// text.
pub fn digest_of(template: &Template, entry: &StackEntry) -> String {
    let mut parts = Parts { text: String::with_capacity(8 * 1024) };
    parts.entry(entry);
    parts.texts(template.description.iter());
    parts.list(template.transform.iter());
    for section in [
        &template.globals,
        &template.hooks,
        &template.includes,
        &template.mappings,
        &template.metadata,
        &template.rules,
    ] {
        parts.map(section.iter());
    }
    for (name, parameter) in &template.parameters {
        parts.text(name);
        parts.map(parameter.attributes.iter());
    }
    parts.end();
    parts.map(template.conditions.iter());
    for (name, output) in &template.outputs {
        parts.text(name);
        parts.list([&output.value].into_iter().chain(&output.export));
        parts.texts(output.condition.iter());
        parts.texts(output.description.iter());
    }
    parts.end();
    for (id, resource) in &template.resources {
        parts.text(id.as_str());
        parts.resource(resource);
    }
    parts.end();
    digest::sha256(parts.text.as_bytes())
}

/// The SHA-256, as 64 hexadecimal digits, of a settings digest and the stack's dependencies. Dependencies are known
/// only once all stacks exist.
pub fn in_order(digest: &str, entry: &StackEntry) -> String {
    let mut parts = Parts { text: String::new() };
    parts.text(digest);
    parts.texts(entry.depends_on.iter().map(ToString::to_string));
    digest::sha256(parts.text.as_bytes())
}

/// The text to hash: each part as JSON on a line of its own, and after each list a line that is not JSON. So nothing
/// can move from one part to another without changing the digest.
struct Parts {
    text: String,
}

impl Parts {
    fn end(&mut self) {
        self.text.push_str(";\n");
    }

    fn text(&mut self, text: &str) {
        push_json_string(&mut self.text, text);
        self.text.push('\n');
    }

    fn value(&mut self, value: &Value) {
        push_compact_json(&mut self.text, value);
        self.text.push('\n');
    }

    fn texts(&mut self, texts: impl Iterator<Item = impl AsRef<str>>) {
        texts.for_each(|text| self.text(text.as_ref()));
        self.end();
    }

    fn list<'v>(&mut self, values: impl Iterator<Item = &'v Value>) {
        values.for_each(|value| self.value(value));
        self.end();
    }

    fn map<'v>(&mut self, entries: impl Iterator<Item = (&'v Text, &'v Value)>) {
        for (name, value) in entries {
            self.text(name);
            self.value(value);
        }
        self.end();
    }

    fn entry(&mut self, entry: &StackEntry) {
        self.text(entry.kind.as_str());
        self.text(&entry.id);
        self.texts(entry.capabilities.iter());
        self.texts(entry.tags.iter().flat_map(|(key, value)| [key, value]));
        for AssetEntry { bucket, key, path, digest } in &entry.assets {
            self.texts([bucket, key, path, digest].into_iter());
        }
        self.end();
        self.text(if entry.retain { "retain" } else { "delete" });
    }

    fn resource(&mut self, resource: &ResourceEntry) {
        self.text(&resource.kind);
        self.map(stated(resource));
        self.map(resource.other.iter());
        self.map(resource.metadata.iter());
        self.texts(resource.depends_on.iter().map(LogicalId::as_str));
        self.texts(resource.condition.iter());
        for policy in [resource.deletion_policy, resource.update_replace_policy] {
            self.text(policy.map_or("", |policy| policy.as_str()));
        }
    }
}

fn stated(resource: &ResourceEntry) -> impl Iterator<Item = (&Text, &Value)> {
    let is_policy = |name: &str| {
        let mut of = POLICIES.iter().filter(|(property, _)| *property == name);
        of.any(|(_, kinds)| kinds.contains(&resource.kind.as_ref()))
    };
    resource.properties.iter().filter(move |(name, _)| !is_policy(name))
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
        for (one, other) in [
            ("Properties: {Role: r, a: 1}", "Properties: {Role: r}, Metadata: {a: 1}"),
            ("Properties: {a: 1}, Metadata: {b: 1}", "Properties: {}, Metadata: {a: 1, b: 1}"),
            ("Properties: {\"a\\n\\nb\": 1}", "Properties: {a: 1, b: 1}"),
            ("Metadata: {\"a\\n1\\n\\nb\": 1}", "Metadata: {a: 1, b: 1}"),
        ] {
            assert_ne!(digest(one), digest(other), "{one} is not {other}");
        }
        let template = read::template("Resources: {}").expect("a template");
        let tagged = StackEntry { tags: [("Team".to_owned(), "a".to_owned())].into(), ..entry() };
        let after = StackEntry { depends_on: vec![entry().address()], ..entry() };
        let other = StackEntry { kind: lakewright_template::StackKind::Team, ..entry() };
        for changed in [tagged, other] {
            assert_ne!(digest_of(&template, &entry()), digest_of(&template, &changed));
        }
        assert_ne!(in_order("d", &entry()), in_order("d", &after));
        for section in ["Hooks", "Globals", "Rules", "Mappings", "Metadata", "Parameters"] {
            let text = format!("Resources: {{}}\n{section}: {{A: {{Type: String}}}}");
            let other = read::template(&text).expect("a template");
            assert_ne!(digest_of(&template, &entry()), digest_of(&other, &entry()), "{section}");
        }
    }
}
