//! How many more access policies fit.

use lakewright_governance::schema;
use lakewright_manifest::Mesh;
use lakewright_template::limits::CEDAR_POLICY_BYTES;
use lakewright_template::{StackKind, Value};

use super::placement::MOST;
use crate::Synthesized;
use crate::runway::Bound;

/// The type of policies.
const POLICY: &str = "AWS::VerifiedPermissions::Policy";

/// The limits that further access policies meet: the bytes of all policies, and the policies of the fullest stack. Another
/// policy is assumed to be as large as the largest one of a document, and to be in the fullest stack. What one more user, team,
/// resource or tag of the largest policy meets is the limit of its bytes; it is assumed to be as long as the longest that a
/// policy names.
pub(crate) fn bounds(mesh: &Mesh, stacks: &[&Synthesized]) -> Vec<Bound> {
    let own = || stacks.iter().filter(|stack| stack.entry.kind == StackKind::Governance);
    let of_documents = || own().filter(|stack| stack.entry.id.contains('/'));
    if own().next().is_none() {
        return Vec::new();
    }
    let largest = of_documents().flat_map(|stack| sizes(stack)).max();
    let largest = largest.or_else(|| own().flat_map(|stack| sizes(stack)).max());
    let bound = |before: &str, used, limit, cost, unit| Bound {
        what: "access-policy",
        before: before.to_owned(),
        used,
        limit,
        once: 0,
        cost,
        unit,
        then: None,
    };
    let longest =
        own().flat_map(|stack| statements(stack)).flat_map(|text| longest_name(&text)).max();
    vec![
        Bound {
            what: "policy-entry",
            ..bound(
                "the largest access policy",
                largest.unwrap_or_default(),
                CEDAR_POLICY_BYTES,
                longest.unwrap_or(1) + ", ".len(),
                "bytes",
            )
        },
        bound(
            "the policies of the policy store",
            own().flat_map(|stack| sizes(stack)).sum(),
            mesh.tenant.quotas.policy_bytes_per_resource,
            largest.unwrap_or(1),
            "bytes",
        ),
        bound(
            "the fullest stack of access policies",
            of_documents().map(|stack| sizes(stack).len()).max().unwrap_or_default(),
            MOST,
            1,
            "policies",
        ),
    ]
}

/// The bytes of each policy of a stack.
fn sizes(stack: &Synthesized) -> Vec<usize> {
    statements(stack).iter().map(String::len).collect()
}

/// The policies of a stack in Cedar.
fn statements(stack: &Synthesized) -> Vec<String> {
    let resources = stack.lowered.template.resources.values();
    let policies = resources.filter(|resource| resource.kind == POLICY);
    let statement = |definition: &Value| {
        let text = definition.as_map()?.get("Static")?.as_map()?.get("Statement")?.as_text()?;
        Some(text.to_owned())
    };
    let definitions = policies.filter_map(|policy| policy.properties.get("Definition"));
    definitions.filter_map(statement).collect()
}

/// The bytes of the longest entity that a policy names.
fn longest_name(policy: &str) -> Option<usize> {
    let prefix = format!("{}::", schema::NAMESPACE);
    let names = policy.split(['[', ']', ',', '(', ')', ';', '\n']).map(str::trim);
    names.filter(|name| name.starts_with(&prefix) && name.ends_with('"')).map(str::len).max()
}
