//! Rules on Lake Formation resources that CloudFormation rejects or accepts without effect.

use std::collections::BTreeMap;

use lakewright_access::document::Origin;
use lakewright_access::world::StackTemplate;
use lakewright_template::write::value_to_compact_json;
use lakewright_template::{LogicalId, Map, Value};

use super::{Breach, Guardrail};

/// Permissions by principal and resource, each with where it is declared: CloudFormation identifies a permission by
/// this pair.
type Pairs = BTreeMap<String, Origin>;

/// The default permissions for future databases and tables.
const DEFAULTS: [&str; 2] = ["CreateDatabaseDefaultPermissions", "CreateTableDefaultPermissions"];

/// Reports a principal that means every IAM principal with access. Source: "Lake Formation personas and IAM permissions
/// reference" and "IAMPrincipals" in the Lake Formation developer guide.
fn everybody(value: Option<&Value>, here: &Origin, breaches: &mut Vec<Breach>) {
    let Some(value) = value else { return };
    let mut named = None;
    value.walk(&mut |value| {
        let is_group =
            |text: &str| text == "IAM_ALLOWED_PRINCIPALS" || text.ends_with(":IAMPrincipals");
        named = value.as_text().filter(|text| is_group(text)).map(str::to_owned).or(named.take());
    });
    if let Some(group) = named {
        let message =
            format!("got {group}, which is everybody whom IAM allows it; expected principals");
        breaches.push(Breach::new(Guardrail::EverybodyInLakeFormation, here, "", message));
    }
}

/// Checks templates together: lists of default permissions that have no effect, and permissions declared twice.
pub fn lakeformation(stacks: &[StackTemplate<'_>]) -> Vec<Breach> {
    let mut breaches = Vec::new();
    let mut pairs = Pairs::new();
    for stack in stacks {
        for (id, resource) in &stack.template.resources {
            match resource.kind.as_ref() {
                "AWS::LakeFormation::DataLakeSettings" => {
                    empty_lists(&origin(stack, id, ""), &resource.properties, &mut breaches);
                    for property in DEFAULTS {
                        let here = origin(stack, id, property);
                        everybody(resource.properties.get(property), &here, &mut breaches);
                    }
                }
                "AWS::LakeFormation::Permissions" => {
                    let given = resource.properties.get("DataLakePrincipal");
                    everybody(given, &origin(stack, id, "DataLakePrincipal"), &mut breaches);
                }
                "AWS::LakeFormation::PrincipalPermissions" => {
                    let given = resource.properties.get("Principal");
                    everybody(given, &origin(stack, id, "Principal"), &mut breaches);
                    let here = origin(stack, id, "Resource");
                    if let Some(first) =
                        pairs.insert(pair(stack, &resource.properties), here.clone())
                    {
                        let message = format!(
                            "the principal has a permission on this resource by {first} already, and CloudFormation takes one for a \
                             pair of both; give all rights there"
                        );
                        breaches.push(Breach::new(Guardrail::PermissionTwice, &here, "", message));
                    }
                }
                _ => {}
            }
        }
    }
    breaches.sort();
    breaches
}

/// Checks a change of templates for permissions that move to another logical id. CloudFormation creates the new one
/// before it deletes the old one, so the creation is rejected, or the deletion removes both.
pub fn moved(base: &[StackTemplate<'_>], head: &[StackTemplate<'_>]) -> Vec<Breach> {
    let before = all(base);
    let mut breaches = Vec::new();
    for (pair, now) in all(head) {
        let Some(then) = before.get(&pair) else { continue };
        if (&then.stack, &then.logical_id) != (&now.stack, &now.logical_id) {
            let message = format!(
                "this permission was {then} before: CloudFormation makes the new one first, for a principal and resource that have \
                 one; keep the logical id, or take the old one away in a deployment of its own"
            );
            breaches.push(Breach::new(Guardrail::PermissionTwice, &now, "", message));
        }
    }
    breaches.sort();
    breaches
}

fn all(stacks: &[StackTemplate<'_>]) -> Pairs {
    let mut pairs = Pairs::new();
    for stack in stacks {
        for (id, resource) in &stack.template.resources {
            if resource.kind == "AWS::LakeFormation::PrincipalPermissions" {
                pairs.insert(pair(stack, &resource.properties), origin(stack, id, "Resource"));
            }
        }
    }
    pairs
}

fn empty_lists(origin: &Origin, properties: &Map, breaches: &mut Vec<Breach>) {
    for property in DEFAULTS {
        if properties.get(property).and_then(Value::as_list).is_some_and(<[_]>::is_empty) {
            let message = format!(
                "an empty `{property}` changes nothing: new databases and tables stay open to everybody with IAM permissions; set \
                 it by the API and revoke what `IAMAllowedPrincipals` has"
            );
            breaches.push(Breach::new(Guardrail::EmptyDefaults, origin, "", message));
        }
    }
}

/// The principal and resource as text. References are resolved only within their own stack, so the text then includes
/// the stack.
fn pair(stack: &StackTemplate<'_>, properties: &Map) -> String {
    let text = |key: &str| properties.get(key).map(value_to_compact_json).unwrap_or_default();
    let pair = format!("{} {}", text("Principal"), text("Resource"));
    let refers = ["\"Ref\"", "\"Fn::"].iter().any(|call| pair.contains(call));
    let within = if refers { stack.address } else { "" };
    format!("{} {} {within} {pair}", stack.place.account, stack.place.region)
}

fn origin(stack: &StackTemplate<'_>, id: &LogicalId, property: &'static str) -> Origin {
    Origin { stack: stack.address.into(), logical_id: id.to_string(), property }
}
