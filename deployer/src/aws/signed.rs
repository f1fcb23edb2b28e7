//! Requests that this program signs and sends itself, with the SDKs' HTTP client and a session's credentials.

use std::time::{Duration, SystemTime};

use aws_config::SdkConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials as _;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningError,
    SigningSettings, UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4;
use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_http_client::{Connector, tls};
use aws_smithy_runtime_api::client::http::{HttpConnector as _, HttpConnectorSettings};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::http::HttpError;
use aws_smithy_types::body::SdkBody;
use serde_json::Value;

use super::failure::{chain, is_later, is_throttled, refused, wait};
use crate::cloud::CloudError;

/// The number of tries while a service asks to try again later.
const TRIES: u32 = 5;

/// The variant of Signature Version 4 that a service expects. Source: "Signature Version 4 signing process" in the IAM user
/// guide: S3 takes paths without a second encoding, and needs the body's digest as a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// All services except S3.
    Usual,
    /// S3.
    Objects,
}

/// A request before it is signed.
#[derive(Debug)]
pub(super) struct Plain {
    pub(super) method: &'static str,
    pub(super) url: String,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Vec<u8>,
    /// The service and the region in the signature.
    pub(super) scope: (&'static str, String),
    pub(super) style: Style,
}

/// Why a request cannot be signed.
#[derive(Debug, thiserror::Error)]
enum UnsignedError {
    /// Something that every signature needs is missing.
    #[error(transparent)]
    Parameters(#[from] v4::signing_params::BuildError),
    /// The signature cannot be calculated.
    #[error(transparent)]
    Signature(#[from] SigningError),
    /// It is no request of HTTP.
    #[error(transparent)]
    Http(#[from] HttpError),
}

/// A service's response.
#[derive(Debug)]
pub(super) enum Answer {
    /// Success.
    Given {
        /// The body.
        body: Vec<u8>,
        /// The ETag of the object that the request was about.
        etag: Option<String>,
    },
    /// An error.
    Refused {
        /// The HTTP status.
        status: u16,
        /// The error's code, such as `NoSuchKey`.
        code: String,
        /// The error's message.
        message: String,
        /// How long the service wants the caller to wait, if it says so.
        after: Option<Duration>,
    },
}

/// The HTTP client.
#[derive(Debug)]
pub(super) struct Sender {
    connector: Connector,
}

impl Sender {
    pub(super) fn new() -> Self {
        let settings = HttpConnectorSettings::builder()
            .connect_timeout(Duration::from_secs(10))
            .read_timeout(Duration::from_mins(1))
            .build();
        let connector = Connector::builder()
            .connector_settings(settings)
            .sleep_impl(TokioSleep::new())
            .tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring))
            .build();
        Self { connector }
    }

    /// Signs and sends a request with a session's credentials, and repeats it while the service asks to try again later.
    /// `what` completes `failed to ...`.
    pub(super) async fn exchange(
        &self,
        session: &SdkConfig,
        what: &str,
        plain: &Plain,
    ) -> Result<Answer, CloudError> {
        let mut tries = 1;
        loop {
            let answer = once(&self.connector, session, what, plain).await;
            let is_worth_another = match &answer {
                Err(CloudError::Network { .. }) => true,
                Ok(Answer::Refused { status, code, .. }) => {
                    is_throttled(code) || is_later(code) || *status >= 500
                }
                _ => false,
            };
            if !is_worth_another {
                return answer;
            }
            if tries == TRIES {
                return answer.and_then(|answer| last(what, answer));
            }
            tokio::time::sleep(Duration::from_millis(300 << tries)).await;
            tries += 1;
        }
    }
}

/// The last answer of a service that asked to try again later each time.
fn last(what: &str, answer: Answer) -> Result<Answer, CloudError> {
    match answer {
        Answer::Refused { code, message, after, .. } if is_throttled(&code) => {
            Err(refused(what.to_owned(), &code, &message, after))
        }
        Answer::Refused { code, message, .. } => {
            let message = format!("{code}: {message}");
            Err(CloudError::Network { what: what.to_owned(), message })
        }
        given @ Answer::Given { .. } => Ok(given),
    }
}

async fn once(
    connector: &Connector,
    session: &SdkConfig,
    what: &str,
    plain: &Plain,
) -> Result<Answer, CloudError> {
    let access = |message: String| CloudError::Access { what: what.to_owned(), message };
    let network = |message: String| CloudError::Network { what: what.to_owned(), message };
    let provider = session
        .credentials_provider()
        .ok_or_else(|| access("there are no credentials; is AWS_PROFILE set?".to_owned()))?;
    let credentials = provider.provide_credentials().await;
    let credentials = credentials.map_err(|error| access(chain(&error)))?;
    let request = plain.signed(credentials, SystemTime::now());
    let request = request.map_err(|error| access(error.to_string()))?;
    let response = connector.call(request).await;
    let mut response = response.map_err(|error| network(chain(&error)))?;
    let status = response.status().as_u16();
    let header = |name: &str| response.headers().get(name).map(str::to_owned);
    let (kind, etag) = (header("x-amzn-errortype"), header("etag"));
    let after = wait(response.headers());
    let body = std::mem::replace(response.body_mut(), SdkBody::taken());
    let body = aws_smithy_types::byte_stream::ByteStream::new(body).collect().await;
    let body = body.map_err(|error| network(error.to_string()))?.to_vec();
    if (200..300).contains(&status) {
        return Ok(Answer::Given { body, etag });
    }
    let (code, message) = failure(kind.as_deref(), &String::from_utf8_lossy(&body));
    // A response to a HEAD request has no body, so only the status tells what went wrong.
    let said = if message.is_empty() { format!("HTTP status {status}") } else { message };
    Ok(Answer::Refused { status, code, message: said.chars().take(500).collect(), after })
}

/// The error code and message of a response, in any of the formats that services use.
fn failure(kind: Option<&str>, body: &str) -> (String, String) {
    let json: Value = serde_json::from_str(body).unwrap_or_default();
    let field = |names: [&str; 2]| {
        names.iter().find_map(|name| json.get(*name)?.as_str()).map(str::to_owned)
    };
    let element = |name| crate::ask::elements(body, name).first().map(|text| (*text).to_owned());
    let code = kind.map(str::to_owned).or_else(|| field(["__type", "code"]));
    let code = code.or_else(|| element("Code")).unwrap_or_else(|| "Unknown".to_owned());
    // The code may be decorated: `com.amazonaws.glue#EntityNotFoundException`, `EntityNotFoundException:http://...`
    let code = code.rsplit('#').next().unwrap_or_default().split(':').next().unwrap_or_default();
    let message = field(["Message", "message"]).or_else(|| element("Message")).unwrap_or_default();
    (code.to_owned(), message)
}

impl Plain {
    fn signed(
        &self,
        credentials: Credentials,
        time: SystemTime,
    ) -> Result<HttpRequest, UnsignedError> {
        let identity = credentials.into();
        let (name, region) = &self.scope;
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(region)
            .name(name)
            .time(time)
            .settings(self.style.settings())
            .build()?
            .into();
        let headers = self.headers.iter().map(|(name, value)| (*name, value.as_str()));
        let body = SignableBody::Bytes(&self.body);
        let signable = SignableRequest::new(self.method, &self.url, headers, body)?;
        let (instructions, _) = sign(signable, &parameters)?.into_parts();
        let (signature, _) = instructions.into_parts();
        let mut request = HttpRequest::new(SdkBody::from(self.body.clone()));
        request.set_method(self.method)?;
        request.set_uri(self.url.as_str())?;
        for (name, value) in &self.headers {
            request.headers_mut().insert(*name, value.clone());
        }
        for header in signature {
            request.headers_mut().insert(header.name(), header.value().to_owned());
        }
        Ok(request)
    }
}

impl Style {
    fn settings(self) -> SigningSettings {
        let mut settings = SigningSettings::default();
        if self == Self::Objects {
            settings.percent_encoding_mode = PercentEncodingMode::Single;
            settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
            settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
        }
        settings
    }
}

/// Percent-encodes a text for a URL: every byte except letters, digits and `-._~`.
pub(super) fn encoded(text: &str) -> String {
    const DIGITS: [char; 16] =
        ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F'];
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.extend(['%', DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
        }
    }
    out
}

/// Encodes entries as `name=value&...`, each percent-encoded.
pub(super) fn form<'t>(entries: impl Iterator<Item = (&'t str, &'t str)>) -> String {
    let pairs: Vec<String> =
        entries.map(|(name, value)| format!("{}={}", encoded(name), encoded(value))).collect();
    pairs.join("&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_read_in_each_form() {
        // The formats of "Common errors" in the API references of Glue, Lake Formation and IAM.
        let json = r#"{"__type":"com.amazonaws.glue#EntityNotFoundException","Message":"no"}"#;
        assert_eq!(failure(None, json), ("EntityNotFoundException".to_owned(), "no".to_owned()));
        let header = failure(Some("AccessDeniedException:http://x"), r#"{"message":"not you"}"#);
        assert_eq!(header, ("AccessDeniedException".to_owned(), "not you".to_owned()));
        let xml = "<ErrorResponse><Error><Code>NoSuchEntity</Code><Message>gone</Message></Error></ErrorResponse>";
        assert_eq!(failure(None, xml), ("NoSuchEntity".to_owned(), "gone".to_owned()));
    }

    /// The four examples of "Signature Calculations for the Authorization Header: Transferring Payload in a Single Chunk" in the
    /// S3 API reference.
    #[test]
    fn requests_for_objects_are_signed_as_the_reference_does_it() {
        let keys = ["AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"];
        let credentials = Credentials::new(keys[0], keys[1], None, None, "example");
        // 2013-05-24, midnight.
        let time = SystemTime::UNIX_EPOCH + Duration::from_hours(380_376);
        let date = ("date", "Fri, 24 May 2013 00:00:00 GMT");
        for (method, place, headers, body, signature) in [
            (
                "GET",
                "test.txt",
                vec![("range", "bytes=0-9")],
                "",
                "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
            ),
            (
                "PUT",
                "test%24file.text",
                vec![date, ("x-amz-storage-class", "REDUCED_REDUNDANCY")],
                "Welcome to Amazon S3.",
                "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
            ),
            (
                "GET",
                "?lifecycle=",
                Vec::new(),
                "",
                "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
            ),
            (
                "GET",
                "?max-keys=2&prefix=J",
                Vec::new(),
                "",
                "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
            ),
        ] {
            let plain = Plain {
                method,
                url: format!("https://examplebucket.s3.amazonaws.com/{place}"),
                headers: headers
                    .into_iter()
                    .map(|(name, value)| (name, value.to_owned()))
                    .collect(),
                body: body.as_bytes().to_vec(),
                scope: ("s3", "us-east-1".to_owned()),
                style: Style::Objects,
            };
            let request = plain.signed(credentials.clone(), time).expect("a request");
            let authorization = request.headers().get("authorization").expect("a signature");
            assert!(
                authorization.ends_with(&format!("Signature={signature}")),
                "{place}: {authorization}"
            );
        }
    }

    #[test]
    fn parameters_are_encoded() {
        let entries = [("RoleName", "a b&c=d/é")];
        assert_eq!(form(entries.into_iter()), "RoleName=a%20b%26c%3Dd%2F%C3%A9");
    }
}
