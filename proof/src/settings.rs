//! What a template states beside policies: roles that things run with, code, destinations, names, tags and every other
//! property.
//!
//! Policies and Lake Formation's permissions are compared by what they mean. Of
//! everything else no list says which property of which type may open
//! something, so all of it is compared with what was made: what the model does
//! not know is not passed over.

use lakewright_template::write::value_to_compact_json;
use lakewright_template::{ResourceEntry, Template, Text, Value, digest};

/// Properties that are compared by what they mean, wherever they stand.
const POLICIES: [&str; 6] = [
    "AssumeRolePolicyDocument",
    "KeyPolicy",
    "Policies",
    "PolicyDocument",
    "ResourcePolicy",
    "Statement",
];

/// Access points and event buses have their policy in a property of this name.
const POLICY: &str = "Policy";

/// The SHA-256 of what a template states beside policies, 64 hexadecimal digits.
pub fn digest_of(template: &Template) -> String {
    let mut text = String::with_capacity(8 * 1024);
    for (name, parameter) in &template.parameters {
        push(&mut text, "Parameters", name);
        push_map(&mut text, parameter.attributes.iter());
    }
    push_map(&mut text, template.mappings.iter());
    for (name, condition) in &template.conditions {
        push(&mut text, "Conditions", name);
        text.push_str(&value_to_compact_json(condition));
    }
    for (id, resource) in &template.resources {
        push(&mut text, &resource.kind, id.as_str());
        push_map(&mut text, stated(resource));
        push_map(&mut text, resource.other.iter());
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
        POLICIES.contains(&name) || name == POLICY && !resource.kind.starts_with("AWS::SSM::")
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

    fn digest(job: &str) -> String {
        let text = format!("Resources: {{J: {{Type: AWS::Glue::Job, {job}}}}}");
        digest_of(&read::template(&text).expect("a template"))
    }

    #[test]
    fn every_property_but_policies_counts() {
        let plain = digest("Properties: {Role: r}");
        assert_eq!(plain, digest("Properties: {Role: r}"));
        for other in [
            "Properties: {Role: s}",
            "Properties: {Role: r, AnythingElse: true}",
            "Properties: {}",
            "Properties: {Role: r}, Condition: c",
            "Properties: {Role: r}, DeletionPolicy: Retain",
        ] {
            assert_ne!(plain, digest(other), "{other}");
        }
        let with = |document: &str| digest(&format!("Properties: {{PolicyDocument: {document}}}"));
        assert_eq!(with("{a: 1}"), with("{a: 2}"), "policies are compared by what they mean");
    }
}
