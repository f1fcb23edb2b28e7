//! Operations that need no permission: any signed request succeeds, regardless of policies.

use crate::evaluate::Decision;
use crate::request::{Principal, Request};

/// An operation that policies do not control.
struct Unchecked {
    /// The action, in lower case.
    action: &'static str,
    /// Whether role sessions can call it, too.
    by_roles: bool,
    /// Why it is allowed, with the AWS page that states it.
    reason: &'static str,
}

/// The operations, each with its page of AWS's documentation.
const UNCHECKED: [Unchecked; 2] = [
    Unchecked {
        action: "sts:getcalleridentity",
        by_roles: true,
        reason: "it needs no permission, and no denial stops it (AWS STS API Reference, GetCallerIdentity)",
    },
    Unchecked {
        action: "sts:getsessiontoken",
        // Source: "Compare AWS STS credentials" in the IAM user guide.
        by_roles: false,
        reason: "it needs no permission of a user, and no denial stops it (IAM User Guide, Permissions for GetSessionToken)",
    },
];

/// The decision and its reason, if policies do not control the operation.
pub(crate) fn decided(request: &Request<'_>) -> Option<(Decision, &'static str)> {
    let unchecked = UNCHECKED.iter().find(|one| one.action == request.action.lower())?;
    match request.principal {
        Principal::User(_) => Some((Decision::Allow, unchecked.reason)),
        Principal::Role { .. } if unchecked.by_roles => Some((Decision::Allow, unchecked.reason)),
        Principal::Role { .. } => {
            Some((Decision::ImplicitDeny, "only a user may ask for it, whatever policies say"))
        }
        // Unsigned requests have no identity, and AWS does not document how its services call these operations.
        Principal::Service(_)
        | Principal::Federated(_)
        | Principal::CanonicalUser(_)
        | Principal::Anonymous => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::Action;
    use crate::request::Context;

    /// Sources: AWS STS API Reference, GetCallerIdentity; IAM User Guide, "Permissions for GetSessionToken" and
    /// "Compare AWS STS credentials".
    #[test]
    fn what_needs_no_permission_is_decided_by_who_asks() {
        let role = Principal::role("arn:aws:iam::111111111111:role/r");
        let user = Principal::User("arn:aws:iam::111111111111:user/u".to_owned());
        let context = Context::new();
        for (principal, action, expected) in [
            (&role, "sts:GetCallerIdentity", Some(Decision::Allow)),
            (&user, "STS:getcalleridentity", Some(Decision::Allow)),
            (&user, "sts:GetSessionToken", Some(Decision::Allow)),
            (&role, "sts:GetSessionToken", Some(Decision::ImplicitDeny)),
            (&Principal::Anonymous, "sts:GetCallerIdentity", None),
            (&user, "sts:GetFederationToken", None),
            (&user, "sts:DecodeAuthorizationMessage", None),
        ] {
            let action = Action::new(action);
            let request = Request { principal, action, resource: "*", context: &context };
            let decision = decided(&request).map(|(decision, _)| decision);
            assert_eq!(decision, expected, "{} {action}", principal.name());
        }
    }
}
