//! The caller: which credentials are used, and for which account. Problems with credentials are reported before anything
//! else.

use std::path::PathBuf;
use std::time::Duration;
use std::{env, fs};

use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_cloudformation::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_http_client::tls;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;

use super::failure::{chain, failed};
use crate::cloud::CloudError;

/// How long the first request waits for an endpoint that somebody has configured. It is sent twice, so a misspelt endpoint is
/// reported within five seconds.
const ENDPOINT_WAIT: Duration = Duration::from_millis(1_500);

/// How long it waits for AWS itself, whose address cannot be misspelt: a network may be slow. It is sent twice.
const AWS_WAIT: Duration = Duration::from_secs(10);

/// The purpose of the first request, which completes `failed to ...`.
const WHAT: &str = "find out who the caller is";

/// The caller's credentials, and the region of the first request.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// The profile, which takes precedence over the environment.
    pub profile: Option<String>,
    /// The region of the first request, and of profiles without a region.
    pub region: String,
    /// Whether change sets import existing resources with static names.
    pub imports_existing: bool,
    /// The id of this run, which the names and tags of its sessions have.
    pub run: Option<String>,
    /// The id of the mesh, which the tags of the run's sessions have.
    pub mesh: Option<String>,
}

/// The SDK configuration with the caller's credentials. The SDK loads them at the first request.
pub(super) async fn configuration(settings: &Settings) -> Result<SdkConfig, CloudError> {
    endpoints_are_urls()?;
    if let Some(profile) = named_profile(settings)
        && !is_known(&profile)
    {
        let message = format!(
            "profile `{profile}` stands in neither file of profiles, `~/.aws/config` and `~/.aws/credentials` or those that \
             AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE name"
        );
        return Err(CloudError::Access { what: "find credentials".to_owned(), message });
    }
    let http = aws_smithy_http_client::Builder::new()
        .tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring))
        .build_https();
    let region = Region::new(settings.region.clone());
    // Without a layer above, the SDK itself sends fewer requests when AWS throttles them.
    let retries = RetryConfig::adaptive().with_max_attempts(8);
    let loader = aws_config::defaults(BehaviorVersion::latest())
        .http_client(http.clone())
        .region(region.clone())
        .retry_config(retries);
    let loader = match &settings.profile {
        None => loader,
        // Otherwise the SDK would prefer credentials from the environment to those of the profile.
        Some(profile) => {
            let provider = ProviderConfig::without_region()
                .with_behavior_version(Some(BehaviorVersion::latest()))
                .with_region(Some(region))
                .with_http_client(http);
            let credentials = ProfileFileCredentialsProvider::builder()
                .profile_name(profile)
                .configure(&provider)
                .build();
            loader.profile_name(profile).credentials_provider(credentials)
        }
    };
    let base = loader.load().await;
    match base.endpoint_url() {
        Some(url) if !is_endpoint(url) => Err(no_endpoint("the endpoint of the profile", url)),
        _ => Ok(base),
    }
}

/// The variables that redirect requests. Source: "Service-specific endpoints" in the AWS SDKs and tools reference guide.
const ENDPOINTS: [&str; 4] = [
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_CLOUDFORMATION",
    "AWS_ENDPOINT_URL_S3",
    "AWS_ENDPOINT_URL_STS",
];

/// Checks the endpoint variables before the SDK reads them, because the SDK panics for an empty one.
fn endpoints_are_urls() -> Result<(), CloudError> {
    for name in ENDPOINTS {
        let url = env::var_os(name).map(|url| url.to_string_lossy().into_owned());
        if let Some(url) = url.filter(|url| !is_endpoint(url)) {
            return Err(no_endpoint(name, &url));
        }
    }
    Ok(())
}

fn no_endpoint(name: &str, url: &str) -> CloudError {
    let message = format!(
        "{name} is `{url}`; expected a URL such as `http://localhost:4566`, or none at all for AWS itself"
    );
    CloudError::Network { what: WHAT.to_owned(), message }
}

/// Whether a text is a URL that requests can be sent to.
fn is_endpoint(url: &str) -> bool {
    let rest = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"));
    let host = rest.and_then(|rest| rest.split(['/', '?', '#']).next()).unwrap_or_default();
    !host.is_empty() && url.bytes().all(|byte| byte.is_ascii_graphic())
}

/// The id of the caller's account.
pub(super) async fn account(base: &SdkConfig) -> Result<String, CloudError> {
    let wait = if endpoint(base).is_some() { ENDPOINT_WAIT } else { AWS_WAIT };
    let timeouts = TimeoutConfig::builder().connect_timeout(wait).read_timeout(wait).build();
    let retries = RetryConfig::standard()
        .with_max_attempts(2)
        .with_initial_backoff(Duration::from_millis(100));
    let config = aws_sdk_sts::config::Builder::from(base)
        .retry_config(retries)
        .timeout_config(timeouts)
        .build();
    let identity = aws_sdk_sts::Client::from_conf(config).get_caller_identity().send().await;
    let identity = identity.map_err(|error| unanswered(base, &error))?;
    Ok(identity.account().unwrap_or_default().to_owned())
}

/// The endpoint that somebody has configured for the first request, with the setting that names it.
fn endpoint(base: &SdkConfig) -> Option<String> {
    // A service's own endpoint takes precedence: "Service-specific endpoints" in the AWS SDKs and tools reference guide.
    let own = env::var("AWS_ENDPOINT_URL_STS").ok().filter(|url| !url.is_empty());
    match (own, base.endpoint_url()) {
        (Some(url), _) => Some(format!("`{url}`, the endpoint of AWS_ENDPOINT_URL_STS,")),
        (None, Some(url)) => {
            Some(format!("`{url}`, the endpoint of AWS_ENDPOINT_URL or of the profile,"))
        }
        (None, None) => None,
    }
}

/// Why the caller is unknown: no response, a response from something other than AWS, or no credentials.
fn unanswered<E>(base: &SdkConfig, error: &SdkError<E, HttpResponse>) -> CloudError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let network = |message: String| CloudError::Network { what: WHAT.to_owned(), message };
    let region = base.region().map(ToString::to_string).unwrap_or_default();
    let place = endpoint(base).unwrap_or_else(|| format!("AWS in {region}"));
    let is_unreached = match error {
        SdkError::TimeoutError(_) => true,
        SdkError::DispatchFailure(failure) => failure.is_io() || failure.is_timeout(),
        _ => false,
    };
    if is_unreached {
        return network(format!("{place} cannot be reached: {}", chain(error)));
    }
    let is_strange = match error {
        SdkError::ResponseError(_) => true,
        SdkError::ServiceError(_) => error.code().is_none(),
        _ => false,
    };
    if is_strange {
        let status = error.raw_response().map(|answer| answer.status().as_u16());
        let status = status.map(|status| format!(" (HTTP status {status})")).unwrap_or_default();
        return network(format!("{place} does not answer as AWS does{status}"));
    }
    match failed(&format!("{WHAT}; are AWS_PROFILE or credentials set?"), error) {
        CloudError::Access { what, message } => {
            let help = sign_in(&message);
            CloudError::Access { what, message: format!("{message}{help}") }
        }
        other => other,
    }
}

/// A hint with the command that signs in again, for messages about a sign-in; empty for others.
fn sign_in(message: &str) -> &'static str {
    let message = message.to_lowercase();
    if message.contains("sso") {
        "; `aws sso login` signs in to IAM Identity Center"
    } else if message.contains("login") || message.contains("signin") {
        "; `aws login` signs in"
    } else {
        ""
    }
}

/// The name of the profile to use. Access keys in the environment take precedence over a profile from the environment.
fn named_profile(settings: &Settings) -> Option<String> {
    let given = settings.profile.clone();
    let of_environment = || {
        env::var_os("AWS_ACCESS_KEY_ID").is_none().then(|| env::var("AWS_PROFILE").ok()).flatten()
    };
    given.or_else(of_environment).filter(|profile| !profile.is_empty())
}

/// Whether one of the two files has the profile. Source: "Configuration and credential file settings in the AWS CLI".
fn is_known(profile: &str) -> bool {
    let home = env::var_os("HOME").or_else(|| env::var_os("USERPROFILE"));
    let home = home.map(PathBuf::from).unwrap_or_default();
    let files = [("AWS_CONFIG_FILE", "config"), ("AWS_SHARED_CREDENTIALS_FILE", "credentials")];
    files.iter().any(|(variable, name)| {
        let own = || home.join(".aws").join(name);
        let path = env::var_os(variable).map_or_else(own, PathBuf::from);
        has_profile(&fs::read_to_string(path).unwrap_or_default(), profile)
    })
}

/// Whether a file has a section `[name]` or `[profile name]`.
fn has_profile(text: &str, profile: &str) -> bool {
    let headers = text.lines().filter_map(|line| line.trim().strip_prefix('[')?.split_once(']'));
    headers.map(|(header, _)| header.trim()).any(|header| {
        let rest = header.strip_prefix("profile").filter(|rest| rest.starts_with([' ', '\t']));
        rest.unwrap_or(header).trim().trim_matches(['"', '\'']) == profile
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profiles_are_found_however_they_are_written() {
        // The formats of "Configuration and credential file settings in the AWS CLI".
        let text = "[default]\nregion = x\n[profile lab]\n[ profile  \"two words\" ] # comment\n[sso-session s]\n[keys]\n";
        for known in ["default", "lab", "two words", "keys"] {
            assert!(has_profile(text, known), "{known}");
        }
        for unknown in ["profile lab", "la", "s", ""] {
            assert!(!has_profile(text, unknown), "{unknown}");
        }
    }

    #[test]
    fn an_endpoint_is_a_url() {
        for right in [
            "http://localhost:4566",
            "https://vpce-1.sts.eu-west-1.vpce.amazonaws.com/",
            "http://[::1]:80",
        ] {
            assert!(is_endpoint(right), "{right}");
        }
        for wrong in
            ["", "localhost:4566", "http//x", "http://", "https:///x", "not a url", "http://a b"]
        {
            assert!(!is_endpoint(wrong), "{wrong}");
        }
    }

    #[test]
    fn who_has_to_sign_in_is_told_how() {
        assert!(sign_in("the SSO token is expired").contains("aws sso login"));
        assert!(sign_in("no login session").contains("`aws login`"));
        assert_eq!(sign_in("no providers in chain provided credentials"), "");
    }
}
