//! What AWS's refusals mean for a deployment.

use aws_sdk_cloudformation::error::{ProvideErrorMetadata, SdkError};

use crate::cloud::CloudError;
use crate::driver::MADE;

/// CloudFormation has no error of its own for a stack that is not there.
pub(super) fn is_missing<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> bool {
    error.code() == Some("ValidationError")
        && error.message().is_some_and(|message| message.contains("does not exist"))
}

/// How the codes begin that tell of a change set which is not there.
pub(super) const GONE: &str = "ChangeSetNotFound";

/// What CloudFormation says when somebody else changes the stack, or took the change set away.
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

/// "Stack [NAME] already exists and cannot be created with the changeSet [NAME]."
fn is_made(message: &str) -> bool {
    message.starts_with("Stack [") && message.contains("already exists")
}

/// What is said instead of CloudFormation's own words when somebody else changes a stack.
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

/// What an error and its causes say, without their inner parts.
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

/// What says that the caller may not, or is not known.
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

/// What asks to come again later.
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

/// Whether an error asks to come again later.
pub(super) fn is_later(code: &str) -> bool {
    LATER.contains(&code)
}

/// What kind of failure an error is.
pub(super) fn failed<E, R>(what: &str, error: &SdkError<E, R>) -> CloudError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
    R: std::fmt::Debug + 'static,
{
    let what = what.to_owned();
    let Some(code) = error.code() else {
        let message = chain(error);
        // Without an answer there is no code: no credentials, no network, or a role that may not
        // be assumed.
        let is_access = message.contains("AccessDenied") || message.contains("credentials");
        return if is_access {
            CloudError::Access { what, message }
        } else {
            CloudError::Network { what, message }
        };
    };
    // CloudFormation repeats a whole template when it does not like it.
    let text: String = error.message().unwrap_or_default().chars().take(500).collect();
    let is_decided = ACCESS.contains(&code) || LATER.contains(&code);
    if is_overtaken(error) && !is_decided {
        return CloudError::Overtaken { what, message: overtaken(error).to_owned() };
    }
    refused(what, code, &text)
}

/// What kind of failure a refusal is, by its code.
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
