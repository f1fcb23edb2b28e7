//! Signed requests to the services that are asked a question or two: an SDK for each would be large for
//! that (ADR 15).

use std::time::{Duration, SystemTime};

use aws_config::SdkConfig;
use aws_credential_types::provider::ProvideCredentials as _;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_http_client::{Connector, tls};
use aws_smithy_runtime_api::client::http::{HttpConnector as _, HttpConnectorSettings};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use lakewright_template::partition::Partition;
use serde_json::Value;

use super::{ACCESS, LATER};
use crate::ask::{Ask, Service};
use crate::cloud::CloudError;

/// How often a request is tried while a service asks to come again later.
const TRIES: u32 = 5;

/// A request before it is signed.
struct Plain {
    method: &'static str,
    url: String,
    headers: Vec<(&'static str, String)>,
    body: String,
    /// The service and the region that are signed for.
    scope: (&'static str, String),
}

/// What sends requests.
pub(super) fn connector() -> Connector {
    let settings = HttpConnectorSettings::builder()
        .connect_timeout(Duration::from_secs(10))
        .read_timeout(Duration::from_mins(1))
        .build();
    Connector::builder()
        .connector_settings(settings)
        .sleep_impl(TokioSleep::new())
        .tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring))
        .build()
}

/// Where CloudFormation reads an object. Source: "Virtual hosting of general purpose buckets"; the suffix is the partition's.
pub(super) fn object_url(bucket: &str, region: &str, key: &str) -> String {
    format!("https://{bucket}.s3.{region}.{}/{key}", Partition::of_region(region).url_suffix)
}

/// Sends a request with a session's credentials and gives the answer's body.
pub(super) async fn send(
    connector: &Connector,
    session: &SdkConfig,
    ask: &Ask,
) -> Result<String, CloudError> {
    let region = session.region().map(ToString::to_string).unwrap_or_default();
    let plain = Plain::of(ask, &region, session.endpoint_url());
    let mut tries = 0;
    loop {
        let answer = once(connector, session, ask, &plain).await;
        tries += 1;
        match answer {
            Err(CloudError::Network { .. }) if tries < TRIES => {
                tokio::time::sleep(Duration::from_millis(300 << tries)).await;
            }
            answer => return answer,
        }
    }
}

async fn once(
    connector: &Connector,
    session: &SdkConfig,
    ask: &Ask,
    plain: &Plain,
) -> Result<String, CloudError> {
    let what = || ask.what.clone();
    let access = |message: String| CloudError::Access { what: what(), message };
    let network = |message: String| CloudError::Network { what: what(), message };
    let provider = session
        .credentials_provider()
        .ok_or_else(|| access("there are no credentials; is AWS_PROFILE set?".to_owned()))?;
    let credentials = provider.provide_credentials().await;
    let credentials = credentials.map_err(|error| access(super::chain(&error)))?;
    let request = plain.signed(credentials).map_err(access)?;
    let response = connector.call(request).await;
    let mut response = response.map_err(|error| network(super::chain(&error)))?;
    let status = response.status().as_u16();
    let kind = response.headers().get("x-amzn-errortype").map(str::to_owned);
    let body = std::mem::replace(response.body_mut(), SdkBody::taken());
    let body = aws_smithy_types::byte_stream::ByteStream::new(body).collect().await;
    let body = body.map_err(|error| network(error.to_string()))?.into_bytes();
    let text = String::from_utf8_lossy(&body).into_owned();
    if (200..300).contains(&status) {
        return Ok(text);
    }
    let (code, message) = failure(kind.as_deref(), &text);
    let message = format!("{code}: {}", message.chars().take(500).collect::<String>());
    Err(if ACCESS.contains(&code.as_str()) {
        access(message)
    } else if LATER.contains(&code.as_str()) || status >= 500 {
        network(message)
    } else {
        CloudError::Refused { what: what(), message }
    })
}

/// The code and the message of a refusal, in any of the forms that services have.
fn failure(kind: Option<&str>, body: &str) -> (String, String) {
    let json: Value = serde_json::from_str(body).unwrap_or_default();
    let field = |names: [&str; 2]| {
        names.iter().find_map(|name| json.get(*name)?.as_str()).map(str::to_owned)
    };
    let element = |name| crate::ask::elements(body, name).first().map(|text| (*text).to_owned());
    let code = kind.map(str::to_owned).or_else(|| field(["__type", "code"]));
    let code = code.or_else(|| element("Code")).unwrap_or_else(|| "Unknown".to_owned());
    // `com.amazonaws.glue#EntityNotFoundException`, `EntityNotFoundException:http://...`
    let code = code.rsplit('#').next().unwrap_or_default().split(':').next().unwrap_or_default();
    let message = field(["Message", "message"]).or_else(|| element("Message")).unwrap_or_default();
    (code.to_owned(), message)
}

impl Plain {
    fn of(ask: &Ask, region: &str, endpoint: Option<&str>) -> Self {
        let Partition {
            name: partition,
            region_prefix: _,
            url_suffix: suffix,
            global_region: global,
        } = Partition::of_region(region);
        let (name, signed_region, host) = match ask.service {
            Service::CodeCommit => ("codecommit", region, format!("codecommit.{region}.{suffix}")),
            Service::ElasticFileSystem => {
                ("elasticfilesystem", region, format!("elasticfilesystem.{region}.{suffix}"))
            }
            Service::Glue => ("glue", region, format!("glue.{region}.{suffix}")),
            // IAM is one service for a whole partition.
            Service::Iam if partition == "aws" => ("iam", global, format!("iam.{suffix}")),
            Service::Iam if partition == "aws-us-gov" => {
                ("iam", global, format!("iam.us-gov.{suffix}"))
            }
            Service::Iam => ("iam", global, format!("iam.{global}.{suffix}")),
            Service::LakeFormation => {
                ("lakeformation", region, format!("lakeformation.{region}.{suffix}"))
            }
            Service::SageMaker => ("sagemaker", region, format!("api.sagemaker.{region}.{suffix}")),
            Service::Sns => ("sns", region, format!("sns.{region}.{suffix}")),
        };
        let base = endpoint
            .map_or_else(|| format!("https://{host}"), |url| url.trim_end_matches('/').to_owned());
        let (mut method, mut path) = ("POST", "/".to_owned());
        let mut headers = Vec::new();
        let mut body = ask.parameters.to_string();
        match ask.service {
            Service::LakeFormation => {
                path = format!("/{}", ask.operation);
                headers.push(("content-type", "application/json".to_owned()));
            }
            Service::CodeCommit | Service::Glue | Service::SageMaker => {
                let prefix = match name {
                    "codecommit" => "CodeCommit_20150413",
                    "glue" => "AWSGlue",
                    _ => "SageMaker",
                };
                headers.push(("content-type", "application/x-amz-json-1.1".to_owned()));
                headers.push(("x-amz-target", format!("{prefix}.{}", ask.operation)));
            }
            Service::Iam | Service::Sns => {
                let version = if ask.service == Service::Iam { "2010-05-08" } else { "2010-03-31" };
                let own = [("Action", ask.operation), ("Version", version)];
                body = form(own.into_iter().chain(texts(&ask.parameters)));
                let kind = "application/x-www-form-urlencoded; charset=utf-8";
                headers.push(("content-type", kind.to_owned()));
            }
            Service::ElasticFileSystem => {
                method = "GET";
                path = format!("/2015-02-01/file-systems?{}", form(texts(&ask.parameters)));
                body = String::new();
            }
        }
        let url = format!("{base}{path}");
        Self { method, url, headers, body, scope: (name, signed_region.to_owned()) }
    }

    fn signed(
        &self,
        credentials: aws_credential_types::Credentials,
    ) -> Result<HttpRequest, String> {
        let identity = credentials.into();
        let (name, region) = &self.scope;
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(region)
            .name(name)
            .time(SystemTime::now())
            .settings(SigningSettings::default())
            .build()
            .map_err(|error| error.to_string())?
            .into();
        let headers = self.headers.iter().map(|(name, value)| (*name, value.as_str()));
        let body = SignableBody::Bytes(self.body.as_bytes());
        let signable = SignableRequest::new(self.method, &self.url, headers, body)
            .map_err(|error| error.to_string())?;
        let (instructions, _) =
            sign(signable, &parameters).map_err(|error| error.to_string())?.into_parts();
        let (signature, _) = instructions.into_parts();
        let mut request = HttpRequest::new(SdkBody::from(self.body.clone()));
        request.set_method(self.method).map_err(|error| error.to_string())?;
        request.set_uri(self.url.as_str()).map_err(|error| error.to_string())?;
        for (name, value) in &self.headers {
            request.headers_mut().insert(*name, value.clone());
        }
        for header in signature {
            request.headers_mut().insert(header.name(), header.value().to_owned());
        }
        Ok(request)
    }
}

/// The texts of an object.
fn texts(parameters: &Value) -> impl Iterator<Item = (&str, &str)> {
    let entries = parameters.as_object().into_iter().flatten();
    entries.filter_map(|(name, value)| Some((name.as_str(), value.as_str()?)))
}

fn encoded(text: &str) -> String {
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

/// `name=value&...`, each percent-encoded.
fn form<'t>(entries: impl Iterator<Item = (&'t str, &'t str)>) -> String {
    let pairs: Vec<String> =
        entries.map(|(name, value)| format!("{}={}", encoded(name), encoded(value))).collect();
    pairs.join("&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_read_in_each_form() {
        // The forms are those of "Common errors" in the API references of Glue, Lake Formation and IAM.
        let json = r#"{"__type":"com.amazonaws.glue#EntityNotFoundException","Message":"no"}"#;
        assert_eq!(failure(None, json), ("EntityNotFoundException".to_owned(), "no".to_owned()));
        let header = failure(Some("AccessDeniedException:http://x"), r#"{"message":"not you"}"#);
        assert_eq!(header, ("AccessDeniedException".to_owned(), "not you".to_owned()));
        let xml = "<ErrorResponse><Error><Code>NoSuchEntity</Code><Message>gone</Message></Error></ErrorResponse>";
        assert_eq!(failure(None, xml), ("NoSuchEntity".to_owned(), "gone".to_owned()));
    }

    #[test]
    fn each_partition_has_its_own_hosts() {
        let ask = Ask::new(Service::Iam, "GetRole", Value::Null, "look");
        // Source: the endpoint rules of `iam` in botocore 1.44.8, with the regions that requests are signed for.
        for (region, host, signed) in [
            ("eu-west-1", "iam.amazonaws.com", "us-east-1"),
            ("cn-northwest-1", "iam.cn-north-1.amazonaws.com.cn", "cn-north-1"),
            ("us-gov-east-1", "iam.us-gov.amazonaws.com", "us-gov-west-1"),
            ("us-iso-west-1", "iam.us-iso-east-1.c2s.ic.gov", "us-iso-east-1"),
            ("us-isob-west-1", "iam.us-isob-east-1.sc2s.sgov.gov", "us-isob-east-1"),
            ("eu-isoe-west-1", "iam.eu-isoe-west-1.cloud.adc-e.uk", "eu-isoe-west-1"),
            ("us-isof-east-1", "iam.us-isof-south-1.csp.hci.ic.gov", "us-isof-south-1"),
            ("eusc-de-east-1", "iam.eusc-de-east-1.amazonaws.eu", "eusc-de-east-1"),
        ] {
            let plain = Plain::of(&ask, region, None);
            assert_eq!(plain.url, format!("https://{host}/"));
            assert_eq!(plain.scope, ("iam", signed.to_owned()), "{region}");
        }
        let ask = Ask::new(Service::LakeFormation, "ListPermissions", Value::Null, "look");
        let url = |region: &str| Plain::of(&ask, region, None).url;
        assert_eq!(
            url("eu-west-1"),
            "https://lakeformation.eu-west-1.amazonaws.com/ListPermissions"
        );
        assert_eq!(
            url("cn-north-1"),
            "https://lakeformation.cn-north-1.amazonaws.com.cn/ListPermissions"
        );
    }

    #[test]
    fn objects_lie_at_the_partitions_hosts() {
        // Source: `s3` in botocore's `endpoints.json`.
        for (region, host) in [
            ("eu-west-1", "b.s3.eu-west-1.amazonaws.com"),
            ("us-gov-west-1", "b.s3.us-gov-west-1.amazonaws.com"),
            ("cn-northwest-1", "b.s3.cn-northwest-1.amazonaws.com.cn"),
            ("eusc-de-east-1", "b.s3.eusc-de-east-1.amazonaws.eu"),
        ] {
            assert_eq!(object_url("b", region, "t/k.json"), format!("https://{host}/t/k.json"));
        }
    }

    #[test]
    fn parameters_are_encoded() {
        let entries = [("RoleName", "a b&c=d/é")];
        assert_eq!(form(entries.into_iter()), "RoleName=a%20b%26c%3Dd%2F%C3%A9");
    }
}
