//! Parts of a third-party template that may grant access but are not examined.

use lakewright_template::resolve::Others;
use lakewright_template::{ResourceEntry, Value};

use super::{OnUnresolved, Reader, StackTemplate};

/// Transforms whose additions are all read.
///
/// Sources: "AWS::LanguageExtensions transform" and "AWS::Serverless transform" in the CloudFormation template reference.
const TRANSFORMS: [&str; 2] = ["AWS::LanguageExtensions", "AWS::Serverless-2016-10-31"];

impl Reader<'_> {
    /// Records the parts of the template that are not examined.
    pub(super) fn unseen(&mut self, others: &Others) {
        self.piece.unknown.extend(unseen(self.stack, others));
    }
}

/// The parts of a third-party template that are not examined, one sentence each.
pub fn unseen(stack: StackTemplate<'_>, others: &Others) -> Vec<String> {
    if stack.unresolved == OnUnresolved::Fail {
        return Vec::new();
    }
    let mut found = Vec::new();
    let mut not_seen = |id: &str, what: &str| {
        let space = if id.is_empty() { "" } else { " " };
        found.push(format!("{}{space}{id}: {what}, is not looked at", stack.address));
    };
    let template = stack.template;
    let transforms = match &template.transform {
        Some(Value::List(items)) => items.as_slice(),
        Some(one) => std::slice::from_ref(one),
        None => &[],
    };
    for transform in transforms {
        let name = transform.as_text().unwrap_or("that is called with parameters");
        if !TRANSFORMS.contains(&name) {
            not_seen("", &format!("the transform {name}, which may add anything"));
        }
    }
    if !template.includes.is_empty() {
        not_seen("", "what a transform includes");
    }
    for (id, resource) in &template.resources {
        let is_nested = others.knows_nested(stack.address, id.as_str());
        if let Some(what) = what_may_be_in(resource, is_nested) {
            not_seen(id.as_str(), what);
        }
    }
    found
}

/// The uses of SAM's policy templates in a third-party template, one sentence each: SAM generates their policies, so
/// they are not examined. Source: "AWS SAM policy templates" in the AWS SAM developer guide; their names have these
/// endings.
pub fn policy_templates(stack: StackTemplate<'_>) -> Vec<String> {
    let mut found = Vec::new();
    for (id, resource) in &stack.template.resources {
        if !resource.kind.starts_with("AWS::Serverless::") {
            continue;
        }
        let Some(policies) = resource.properties.get("Policies") else { continue };
        policies.walk(&mut |value| {
            let Value::Map(entries) = value else { return };
            if entries.get("Statement").is_some() {
                return;
            }
            let names = entries.iter().map(|(name, _)| name.as_ref());
            for name in names.filter(|name| name.ends_with("Policy") || name.ends_with("Access")) {
                found.push(format!(
                    "{} {id}: what SAM's policy template {name} allows, is not looked at",
                    stack.address
                ));
            }
        });
    }
    found
}

/// The part of a resource that may grant access but is not read.
fn what_may_be_in(resource: &ResourceEntry, is_nested: bool) -> Option<&'static str> {
    let kind = resource.kind.as_ref();
    match kind {
        "AWS::CloudFormation::Stack" | "AWS::Serverless::Application" => {
            (!is_nested).then_some("a nested stack whose template is not in the folder")
        }
        _ if resource.properties.get("Fn::Transform").is_some() => {
            Some("what a transform puts among the properties")
        }
        "AWS::CloudFormation::StackSet" => Some("what a stack set makes"),
        "AWS::Serverless::Connector" => Some("what a connector of SAM gives"),
        _ if resource.other.get("Connectors").is_some() => Some("what a connector of SAM gives"),
        _ if kind.ends_with("::MODULE") => Some("what a module contains"),
        _ if kind.starts_with("AWS::LakeFormation::") && resource.condition.is_some() => {
            Some("what Lake Formation gives under a condition")
        }
        _ => None,
    }
}
