//! What AWS's errors mean for a deployment.

use aws_sdk_cloudformation::error::{ProvideErrorMetadata, SdkError};

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

/// Error codes that ask to try again later.
const LATER: [&str; 12] = [
    "ConcurrentModificationException",
    "InternalFailure",
    "InternalServiceException",
    "OperationTimeoutException",
    "RequestLimitExceeded",
    "ServiceUnavailable",
    "SlowDown",
    "Throttled",
    "ThrottledException",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
];

/// Whether an error code asks to try again later.
pub(super) fn is_later(code: &str) -> bool {
    LATER.contains(&code)
}

/// Classifies an error of the SDK. `what` completes `failed to ...`.
pub(super) fn failed<E, R>(what: &str, error: &SdkError<E, R>) -> CloudError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
    R: std::fmt::Debug + 'static,
{
    let what = what.to_owned();
    let Some(code) = error.code() else {
        let message = chain(error);
        // Without a response there is no code: credentials are missing, the network fails, or the
        // role cannot be assumed.
        let is_access = message.contains("AccessDenied") || message.contains("credentials");
        return if is_access {
            CloudError::Access { what, message }
        } else {
            CloudError::Network { what, message }
        };
    };
    // CloudFormation's message may repeat the whole template.
    let text: String = error.message().unwrap_or_default().chars().take(500).collect();
    let is_decided = ACCESS.contains(&code) || LATER.contains(&code);
    if is_overtaken(error) && !is_decided {
        return CloudError::Overtaken { what, message: overtaken(error).to_owned() };
    }
    refused(what, code, &text)
}

/// Classifies a refusal by its error code.
pub(super) fn refused(what: String, code: &str, text: &str) -> CloudError {
    let message = format!("{code}: {text}");
    if ACCESS.contains(&code) {
        CloudError::Access { what, message }
    } else if LATER.contains(&code) {
        CloudError::Network { what, message }
    } else {
        CloudError::Refused { what, message }
    }
}
