//! How many more access policies fit.

use lakewright_manifest::Mesh;
use lakewright_template::{StackKind, Value};

use super::placement::MOST;
use crate::Synthesized;
use crate::runway::Bound;

/// The type of policies.
const POLICY: &str = "AWS::VerifiedPermissions::Policy";

/// The limits that further access policies meet: the bytes of all policies, and the policies of the fullest stack. Another
/// policy is assumed to be as large as the largest one of a document, and to be in the fullest stack.
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
    vec![
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
    let resources = stack.lowered.template.resources.values();
    let policies = resources.filter(|resource| resource.kind == POLICY);
    let statement = |definition: &Value| {
        let text = definition.as_map()?.get("Static")?.as_map()?.get("Statement")?.as_text()?;
        Some(text.len())
    };
    let definitions = policies.filter_map(|policy| policy.properties.get("Definition"));
    definitions.filter_map(statement).collect()
}
