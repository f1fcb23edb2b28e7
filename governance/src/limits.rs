//! The limits of Amazon Verified Permissions that a policy can meet.
//!
//! Source: "Quotas for Amazon Verified Permissions" in its user guide.

use cedar_policy::Policy;

use crate::governance::Problem;
use crate::rules::Rule;

/// The bytes of one policy.
pub const POLICY_BYTES: usize = lakewright_template::limits::CEDAR_POLICY_BYTES;
/// The bytes of a schema.
pub const SCHEMA_BYTES: usize = lakewright_template::limits::CEDAR_SCHEMA_BYTES;

/// The problem of a policy that is too large for a policy store.
pub(crate) fn too_large(rule: &Rule, policy: &Policy) -> Option<Problem> {
    let bytes = policy.to_cedar().map_or(0, |text| text.len());
    (bytes > POLICY_BYTES).then(|| Problem {
        rule: rule.id.clone(),
        origin: rule.origin,
        message: format!(
            "it has {bytes} bytes as a Cedar policy, and Amazon Verified Permissions takes {POLICY_BYTES}; split it"
        ),
    })
}
