//! Policies that name a role which is deleted and created again.
//!
//! S3, KMS, IAM, SNS and SQS store the unique id of a role, not its name. So after the role is created again, the
//! policy still names the old one, and CloudFormation updates nothing because the template is the same. Another `Id`
//! in the policy makes CloudFormation write it again. The `Id` does not affect access.

use std::collections::{BTreeMap, BTreeSet};

use lakewright_template::StackAddress;
use lakewright_template::read::ReadError;
use lakewright_template::write::{template_to_json, value_to_compact_json};
use lakewright_template::{Map, Value, read};

use crate::cloud::Stack;
use lakewright_fleet::plan::{Action, Plan};

/// The properties of resources that hold policies.
const POLICIES: [&str; 4] = ["AssumeRolePolicyDocument", "KeyPolicy", "Policy", "PolicyDocument"];

/// A template of which it is not known whether its policies have to be put again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the template of {address} cannot be read: {error}")]
pub struct Unread {
    /// The stack.
    pub address: StackAddress,
    /// What is wrong with it.
    pub error: ReadError,
}

/// Makes a plan update the deployed stacks whose policies name roles of stacks that it creates. Returns the number of
/// these stacks.
///
/// `id` is unique to this run; the revision in the template stays the same.
pub fn renew(
    plan: &mut Plan,
    stacks: &mut BTreeMap<StackAddress, Stack>,
    id: &str,
) -> Result<usize, Unread> {
    let mut made = BTreeSet::new();
    let mut renewed = 0;
    for step in &mut plan.steps {
        // Stacks that the mesh no longer has have no wanted template.
        let Some(stack) = stacks.get_mut(&step.address) else { continue };
        let unread = |error| Unread { address: stack.entry.address(), error };
        match step.action {
            Action::Create => made.extend(roles(stack).map_err(unread)?),
            Action::Keep | Action::Update if !made.is_empty() => {
                if let Some(template) = with_id(&stack.template, &made, id).map_err(unread)? {
                    stack.template = template;
                    step.action = Action::Update;
                    renewed += 1;
                }
            }
            Action::Keep | Action::Update | Action::Delete | Action::Orphan | Action::Foreign => {}
        }
    }
    Ok(renewed)
}

/// The ARNs of the roles that a stack creates.
pub fn roles(stack: &Stack) -> Result<BTreeSet<String>, ReadError> {
    let template = read::template(&stack.template)?;
    let place = stack.entry.place();
    let roles = template.resources.values().filter(|one| one.kind == "AWS::IAM::Role");
    let names = roles.filter_map(|role| role.properties.get("RoleName")?.as_text());
    Ok(names.map(|name| place.role_arn(name)).collect())
}

/// The template with this `Id` in each policy that names one of the roles as a principal; `None` if there is no such
/// policy.
fn with_id(
    template: &str,
    roles: &BTreeSet<String>,
    id: &str,
) -> Result<Option<String>, ReadError> {
    // A quick check first: most templates name none of the roles.
    if !has_one(template, roles) {
        return Ok(None);
    }
    let mut template = read::template(template)?;
    let mut is_changed = false;
    for resource in template.resources.values_mut() {
        for property in POLICIES {
            let Some(Value::Map(policy)) = resource.properties.get_mut(property) else { continue };
            if names_one(policy, roles) {
                policy.insert("Id", id.to_owned());
                is_changed = true;
            }
        }
    }
    Ok(is_changed.then(|| template_to_json(&template)))
}

fn names_one(policy: &Map, roles: &BTreeSet<String>) -> bool {
    let statements = policy.get("Statement").and_then(Value::as_list).into_iter().flatten();
    let principals = statements.filter_map(|statement| statement.as_map()?.get("Principal"));
    let mut texts = principals.map(value_to_compact_json);
    texts.any(|text| has_one(&text, roles))
}

/// Whether one of the texts in a JSON document is one of the roles. It takes no longer with thousands of roles.
fn has_one(json: &str, roles: &BTreeSet<String>) -> bool {
    json.split('"').any(|text| text.starts_with("arn:") && roles.contains(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_policies_that_name_the_role_get_another_id() {
        let template = r#"{"Resources": {
            "B": {"Type": "AWS::S3::BucketPolicy", "Properties": {"Bucket": "b", "PolicyDocument": {"Statement": [
                {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::1:role/r"}, "Action": "s3:GetObject", "Resource": "*"}]}}},
            "C": {"Type": "AWS::S3::BucketPolicy", "Properties": {"Bucket": "c", "PolicyDocument": {"Statement": [
                {"Effect": "Deny", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:iam::1:role/r"}]}}}
        }}"#;
        let roles = BTreeSet::from(["arn:aws:iam::1:role/r".to_owned()]);
        let renewed = with_id(template, &roles, "now").expect("a template").expect("one policy");
        let renewed = read::template(&renewed).expect("a template");
        let id = |name: &str| {
            let (_, one) = renewed.resources.iter().find(|(id, _)| id.as_str() == name)?;
            one.properties.get("PolicyDocument")?.as_map()?.get("Id").cloned()
        };
        assert_eq!(id("B"), Some("now".into()));
        assert_eq!(id("C"), None);
        let other = BTreeSet::from(["arn:aws:iam::1:role/other".to_owned()]);
        assert_eq!(with_id(template, &other, "now"), Ok(None));
        let broken = "arn:aws:iam::1:role/r";
        assert!(with_id(broken, &roles, "now").is_err(), "a policy may be in it");
    }
}
