//! Checks that the policies of shares fit a consumption role besides its owner's policies.

use std::collections::BTreeMap;

use lakewright_manifest::{Code, Diagnostic, Mesh, Report};
use lakewright_template::limits::quota;

use super::{LiveShare, consumer_grants};
use crate::Names;

/// The number of managed policies reserved for a role's owner: the role had its own purpose before anything was
/// shared with it.
const OWNERS: usize = 1;

/// Reports managed consumption roles to which shares attach more policies than fit.
pub(crate) fn too_many(mesh: &Mesh, shares: &[LiveShare<'_>]) -> Report {
    let quota = mesh.tenant.quotas.managed_policies_per_role;
    let room = quota.saturating_sub(OWNERS);
    let mut of_role: BTreeMap<&str, Vec<&LiveShare<'_>>> = BTreeMap::new();
    for live in shares.iter().filter(|live| attaches(Names::new(mesh), live)) {
        if let Some(role) = live.role {
            of_role.entry(role.role_arn.as_str()).or_default().push(live);
        }
    }
    let mut report = Report::new();
    for (arn, shares) in of_role {
        let Some(over) = shares.get(room) else { continue };
        let message = format!(
            "{} shares attach a policy each to {arn}: a role has {quota} managed policies at the most, and {OWNERS} of \
             them is left to its owner",
            shares.len()
        );
        let mut diagnostic = Diagnostic::new(Code::LimitExceeded, message)
            .at(over.share.header.origin, format!("the first of those after {room}"))
            .help(format!(
                "share with a second role, or let the owner attach the policies (`managed: false`); {}",
                quota::MANAGED_POLICIES_PER_ROLE.raise()
            ));
        if let Some(role) = over.role {
            diagnostic = diagnostic.and(role.header.origin, "the role");
        }
        report.push(diagnostic);
    }
    report
}

/// Whether the share's stack attaches a policy to its consumption role.
fn attaches(names: Names<'_>, live: &LiveShare<'_>) -> bool {
    if !live.role.is_some_and(|role| role.managed) {
        return false;
    }
    let role = live.consumer_role(names);
    !consumer_grants(names, live, &role).0.is_empty()
}
