//! Requests to services that need one or two operations each. An SDK for each of them would be too large (ADR
//! 15).

use aws_config::SdkConfig;
use lakewright_template::partition::Partition;
use serde_json::Value;

use super::failure::refused;
use super::signed::{Answer, Plain, Sender, Style, form};
use crate::ask::{Ask, Service};
use crate::cloud::CloudError;

/// Sends a request with a session's credentials and returns the body of the response.
pub(super) async fn send(
    sender: &Sender,
    session: &SdkConfig,
    ask: &Ask,
) -> Result<String, CloudError> {
    let region = session.region().map(ToString::to_string).unwrap_or_default();
    let plain = Plain::of(ask, &region, session.endpoint_url());
    match sender.exchange(session, &ask.what, &plain).await? {
        Answer::Given { body, .. } => Ok(String::from_utf8_lossy(&body).into_owned()),
        Answer::Refused { code, message, after, .. } => {
            Err(refused(ask.what.clone(), &code, &message, after))
        }
    }
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
            // IAM has one endpoint for a whole partition.
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
        let (body, scope) = (body.into_bytes(), (name, signed_region.to_owned()));
        Self { method, url, headers, body, scope, style: Style::Usual }
    }
}

/// The entries of an object whose values are strings.
fn texts(parameters: &Value) -> impl Iterator<Item = (&str, &str)> {
    let entries = parameters.as_object().into_iter().flatten();
    entries.filter_map(|(name, value)| Some((name.as_str(), value.as_str()?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_partition_has_its_own_hosts() {
        let ask = Ask::new(Service::Iam, "GetRole", Value::Null, "look");
        // Source: the endpoint rules of `iam` in botocore 1.44.8, with the regions used for signing.
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
    fn parameters_are_encoded() {
        let entries = [("RoleName", "a b&c=d/é")];
        assert_eq!(form(entries.into_iter()), "RoleName=a%20b%26c%3Dd%2F%C3%A9");
    }
}
