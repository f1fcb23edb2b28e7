//! Transient failures: a resource that was just created is not known everywhere at once.

/// How often a request that names a resource just created is repeated, with at most five seconds between tries.
pub(crate) const LOOKS: u32 = 26;

/// Parts of messages, in lower case, about roles and keys that a service does not know yet, and about concurrent
/// changes. Each group names the services that reported it.
const PASSING: [&str; 12] = [
    // CloudFormation, CodeBuild, Scheduler, flow logs: a role that was just created.
    "cannot be assumed",
    "could not assume role",
    "unable to assume role",
    "not authorized to perform: sts:assumerole",
    // S3, KMS, IAM: a principal that was just created.
    "invalid principal",
    "invalid principals",
    // KMS: tags and aliases take effect after up to five minutes.
    "not authorized to perform: kms:createalias",
    "not authorized to perform: kms:enablekeyrotation",
    "not authorized to perform: kms:putkeypolicy",
    "not authorized to perform: kms:tagresource",
    // Lake Formation and S3: concurrent changes.
    "concurrentmodification",
    "conflicting conditional operation",
];

/// Whether a refusal is transient, judged by its message.
pub(crate) fn is_passing(message: &str) -> bool {
    let message = message.to_lowercase();
    PASSING.iter().any(|known| message.contains(known))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passes_is_told_from_what_stays() {
        // Messages from public reports (docs/aws-behaviour.md, 1:12, 2:11, 1:25).
        for passing in [
            "Role arn:aws:iam::111122223333:role/x is invalid or cannot be assumed",
            "Invalid principal in policy (Service: Amazon S3; Status Code: 400; Error Code: MalformedPolicy)",
            "A conflicting conditional operation is currently in progress against this resource.",
            "ConcurrentModificationException: Permission update/Delete failed for Resource",
        ] {
            assert!(is_passing(passing), "{passing}");
        }
        for stays in ["Resource handler returned message: \"no more room\"", "AlreadyExists", ""] {
            assert!(!is_passing(stays), "{stays}");
        }
    }
}
