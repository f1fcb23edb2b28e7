//! Which requests to CloudFormation the SDK repeats by itself.

use aws_smithy_runtime_api::client::interceptors::context::InterceptorContext;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::retries::classifiers::{ClassifyRetry, RetryAction};

use super::failure::is_throttled;
use crate::ask::elements;

/// Leaves throttled requests to the layer above, which lowers the rate of all requests. The SDK would repeat each request on
/// its own, and the layer would never learn the limit.
#[derive(Debug)]
pub(super) struct LeaveThrottled;

impl ClassifyRetry for LeaveThrottled {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        match context.response() {
            Some(response) if is_left(response) => RetryAction::RetryForbidden,
            _ => RetryAction::NoActionIndicated,
        }
    }

    fn name(&self) -> &'static str {
        "leave throttled requests to the layer above"
    }
}

/// Whether the layer above repeats a request with this response. Of the responses with a status below 500, the SDK would
/// repeat only those of throttled requests.
fn is_left(response: &HttpResponse) -> bool {
    let body = response.body().bytes().unwrap_or_default();
    let text = String::from_utf8_lossy(body);
    response.status().as_u16() < 500
        || elements(&text, "Code").iter().any(|code| is_throttled(code))
}

#[cfg(test)]
mod tests {
    use aws_smithy_types::body::SdkBody;

    use super::*;

    /// The form of "Error responses" in the CloudFormation API reference.
    #[test]
    fn only_throttled_requests_are_left_to_the_layer_above() {
        let is_left_with = |status: u16, code: &str| {
            let body = format!(
                "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>x</Message></Error></ErrorResponse>"
            );
            let status = status.try_into().expect("a status");
            is_left(&HttpResponse::new(status, SdkBody::from(body)))
        };
        assert!(is_left_with(400, "Throttling"));
        assert!(is_left_with(429, "ConcurrentResourcesLimitExceeded"));
        assert!(is_left_with(503, "RequestLimitExceeded"));
        assert!(!is_left_with(503, "ServiceUnavailable"));
        assert!(!is_left_with(500, "InternalFailure"));
    }
}
