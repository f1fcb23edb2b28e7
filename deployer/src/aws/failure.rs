//! What AWS's errors mean for a deployment.

use std::time::Duration;

use aws_sdk_cloudformation::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::http::Headers;

use crate::cloud::CloudError;
use crate::driver::MADE;

/// Whether an error says that the stack does not exist. CloudFormation has no error code for that.
pub(super) fn is_missing<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> bool {
    error.code() == Some("ValidationError")
        && error.message().is_some_and(|message| message.contains("does not exist"))
}

/// The beginning of error codes about a change set that does not exist.
pub(super) const GONE: &str = "ChangeSetNotFound";

/// Error codes of CloudFormation when somebody else changes the stack or deleted the change set.
const OVERTAKEN: [&str; 5] = [
    "ChangeSetNotFound",
    "ChangeSetNotFoundException",
    "InvalidChangeSetStatus",
    "InvalidChangeSetStatusException",
    "OperationInProgressException",
];

pub(super) fn is_overtaken<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> bool {
    error.code().is_some_and(|code| OVERTAKEN.contains(&code))
        // "Stack:ARN is in UPDATE_IN_PROGRESS state and can not be updated."
        || error.message().is_some_and(|message| {
            message.contains("_IN_PROGRESS state") || is_made(message)
        })
}

/// Whether CloudFormation says: "Stack [NAME] already exists and cannot be created with the
/// changeSet [NAME]."
fn is_made(message: &str) -> bool {
    message.starts_with("Stack [") && message.contains("already exists")
}

/// The message that replaces CloudFormation's own when somebody else changes a stack.
fn overtaken<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> &'static str {
    if error.message().is_some_and(is_made) {
        return MADE;
    }
    match error.code() {
        Some("ChangeSetNotFound" | "ChangeSetNotFoundException") => {
            "its change set is gone: another run deleted it, or changed the stack; run again when that is done"
        }
        Some("InvalidChangeSetStatus" | "InvalidChangeSetStatusException") => {
            "its change set cannot be run any more, as another run changes the stack; run again when that is done"
        }
        _ => "another run changes the stack just now; run again when that is done",
    }
}

/// The messages of an error and its causes. A cause whose text is already included is left out.
pub(super) fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut said = vec![error.to_string()];
    let mut next = error.source();
    while let Some(cause) = next.filter(|_| said.len() < 6) {
        let text = cause.to_string();
        if !said.iter().any(|before| before.contains(&text)) {
            said.push(text);
        }
        next = cause.source();
    }
    said.join(": ")
}

/// Error codes when the caller lacks permissions or is unknown.
const ACCESS: [&str; 8] = [
    "AccessDenied",
    "AccessDeniedException",
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidClientTokenId",
    "SignatureDoesNotMatch",
    "UnauthorizedOperation",
    "UnrecognizedClientException",
];

/// Error codes of services that fail for a moment.
const LATER: [&str; 7] = [
    "ConcurrentModificationException",
    "InternalFailure",
    "InternalServiceException",
    "OperationTimeoutException",
    "RequestTimeout",
    "RequestTimeoutException",
    "ServiceUnavailable",
];

/// Error codes that ask for fewer requests, beside those that begin with `Throttl`. Source: `THROTTLING_ERRORS` of the crate
/// aws-runtime 1.10. Its `LimitExceededException` is a quota, see [`FULL`].
const THROTTLED: [&str; 10] = [
    "BandwidthLimitExceeded",
    "EC2ThrottledException",
    "PriorRequestNotComplete",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "SlowDown",
    "TooManyRequests",
    "TooManyRequestsException",
];

/// Error codes of CloudFormation for a quota that is used up. Source: the exceptions `LimitExceededException` and
/// `ConcurrentResourcesLimitExceededException` of the CloudFormation API reference; the code of the second one has no
/// `Exception` at its end (botocore 1.43, `cloudformation/2010-05-15/service-2.json`).
const FULL: [&str; 4] = [
    "ConcurrentResourcesLimitExceeded",
    "ConcurrentResourcesLimitExceededException",
    "LimitExceeded",
    "LimitExceededException",
];

/// The beginning of the message about the number of stacks in an account and region. No waiting helps there. Source:
/// aws-amplify/amplify-cli, issue 2467.
const STACKS: &str = "Limit for stack has been exceeded";

/// Whether an error code says that the service fails for a moment.
pub(super) fn is_later(code: &str) -> bool {
    LATER.contains(&code)
}

/// Whether an error code asks for fewer requests.
pub(super) fn is_throttled(code: &str) -> bool {
    code.starts_with("Throttl") || THROTTLED.contains(&code)
}

/// Whether an error says that as many operations are under way as the account may have at once.
fn is_full(code: &str, message: &str) -> bool {
    FULL.contains(&code) && !message.starts_with(STACKS)
}

/// How long the service wants the caller to wait: `x-amz-retry-after` in milliseconds, or `Retry-After` in seconds. Sources:
/// `retries/classifiers.rs` of the crate aws-runtime 1.10; RFC 9110, section 10.2.3, whose form with a date is not read.
pub(super) fn wait(headers: &Headers) -> Option<Duration> {
    let number = |name: &str| headers.get(name)?.trim().parse::<u64>().ok();
    let milliseconds = number("x-amz-retry-after").map(Duration::from_millis);
    milliseconds.or_else(|| number("retry-after").map(Duration::from_secs))
}

/// Classifies an error of the SDK. `what` completes `failed to ...`.
pub(super) fn failed<E>(what: &str, error: &SdkError<E, HttpResponse>) -> CloudError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let what = what.to_owned();
    let after = error.raw_response().and_then(|answer| wait(answer.headers()));
    let Some(code) = error.code() else { return unanswered(what, chain(error)) };
    // CloudFormation's message may repeat the whole template.
    let text: String = error.message().unwrap_or_default().chars().take(500).collect();
    let is_decided = ACCESS.contains(&code) || is_later(code) || is_throttled(code);
    if is_overtaken(error) && !is_decided {
        return CloudError::Overtaken { what, message: overtaken(error).to_owned() };
    }
    if is_full(code, &text) {
        return CloudError::Full { what, message: format!("{code}: {text}") };
    }
    refused(what, code, &text, after)
}

/// Classifies a failure without a response: credentials are missing, the network fails, or the role cannot be assumed.
fn unanswered(what: String, message: String) -> CloudError {
    // The request for the role's credentials may be throttled as well.
    if message.contains("Throttling") || message.contains("Rate exceeded") {
        CloudError::Throttled { what, message, after: None }
    } else if message.contains("AccessDenied") || message.contains("credentials") {
        CloudError::Access { what, message }
    } else {
        CloudError::Network { what, message }
    }
}

/// Classifies a refusal by its error code. `after` is how long the service wants the caller to wait.
pub(super) fn refused(what: String, code: &str, text: &str, after: Option<Duration>) -> CloudError {
    let message = format!("{code}: {text}");
    if ACCESS.contains(&code) {
        CloudError::Access { what, message }
    } else if is_throttled(code) {
        CloudError::Throttled { what, message, after }
    } else if is_later(code) {
        CloudError::Network { what, message }
    } else {
        CloudError::Refused { what, message }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(code: &str, text: &str) -> CloudError {
        refused("try".to_owned(), code, text, None)
    }

    /// Source: `THROTTLING_ERRORS` of the crate aws-runtime 1.10, and "Error responses" in the S3 API reference (`SlowDown`).
    #[test]
    fn throttling_is_told_from_a_service_that_fails() {
        for code in [
            "Throttling",
            "ThrottlingException",
            "ThrottledException",
            "RequestThrottledException",
            "TooManyRequestsException",
            "ProvisionedThroughputExceededException",
            "RequestLimitExceeded",
            "BandwidthLimitExceeded",
            "RequestThrottled",
            "SlowDown",
            "PriorRequestNotComplete",
            "EC2ThrottledException",
        ] {
            assert!(matches!(of(code, "Rate exceeded"), CloudError::Throttled { .. }), "{code}");
        }
        for code in ["InternalFailure", "ServiceUnavailable", "RequestTimeout"] {
            assert!(matches!(of(code, ""), CloudError::Network { .. }), "{code}");
        }
        assert!(matches!(of("ValidationError", ""), CloudError::Refused { .. }));
        // The request for the role's credentials.
        let slow = "failed to load credentials: Throttling: Rate exceeded".to_owned();
        assert!(matches!(unanswered("try".to_owned(), slow), CloudError::Throttled { .. }));
    }

    /// Sources: see [`FULL`] and [`STACKS`].
    #[test]
    fn a_quota_of_operations_is_told_from_the_number_of_stacks() {
        assert!(is_full("ConcurrentResourcesLimitExceeded", "No more than 5 at one time"));
        assert!(is_full("LimitExceededException", "The quota has been reached."));
        assert!(!is_full("LimitExceededException", "Limit for stack has been exceeded"));
        assert!(!is_full("ValidationError", "No updates are to be performed."));
    }

    /// RFC 9110, section 10.2.3: `Retry-After: 120` is 120 seconds.
    #[test]
    fn a_service_says_how_long_to_wait() {
        let wait_of = |name: &'static str, value: &'static str| {
            let mut headers = Headers::new();
            headers.insert(name, value);
            wait(&headers)
        };
        assert_eq!(wait_of("retry-after", "120"), Some(Duration::from_mins(2)));
        assert_eq!(wait_of("x-amz-retry-after", "1500"), Some(Duration::from_millis(1_500)));
        assert_eq!(wait_of("retry-after", "Fri, 31 Dec 1999 23:59:59 GMT"), None);
        assert_eq!(wait_of("date", "1"), None);
    }
}
