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
            Service::CloudWatch => ("monitoring", region, format!("monitoring.{region}.{suffix}")),
            Service::CodeCommit => ("codecommit", region, format!("codecommit.{region}.{suffix}")),
            Service::Ec2 => ("ec2", region, format!("ec2.{region}.{suffix}")),
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
            Service::Kms => ("kms", region, format!("kms.{region}.{suffix}")),
            Service::LakeFormation => {
                ("lakeformation", region, format!("lakeformation.{region}.{suffix}"))
            }
            Service::QuickSight => ("quicksight", region, format!("quicksight.{region}.{suffix}")),
            Service::S3 => {
                let bucket = text(ask, "Bucket");
                let host = format!("{bucket}.s3.{region}.{suffix}");
                // A custom endpoint has no host names for buckets, so the bucket goes into the path.
                ("s3", region, if endpoint.is_some() { bucket.to_owned() } else { host })
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
            Service::CodeCommit | Service::Glue | Service::Kms | Service::SageMaker => {
                let prefix = match name {
                    "codecommit" => "CodeCommit_20150413",
                    "glue" => "AWSGlue",
                    "kms" => "TrentService",
                    _ => "SageMaker",
                };
                headers.push(("content-type", "application/x-amz-json-1.1".to_owned()));
                headers.push(("x-amz-target", format!("{prefix}.{}", ask.operation)));
            }
            Service::CloudWatch | Service::Ec2 | Service::Iam | Service::Sns => {
                let version = match ask.service {
                    Service::CloudWatch => "2010-08-01",
                    Service::Ec2 => "2016-11-15",
                    Service::Iam => "2010-05-08",
                    _ => "2010-03-31",
                };
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
            Service::QuickSight => {
                method = "GET";
                let account = text(ask, "AwsAccountId");
                path = match ask.operation {
                    "DescribeAccountSubscription" => format!("/account/{account}"),
                    _ => format!("/accounts/{account}/namespaces"),
                };
                body = String::new();
            }
            Service::S3 => return bucket_policy(ask, endpoint, &host, region),
        }
        let url = format!("{base}{path}");
        let (body, scope) = (body.into_bytes(), (name, signed_region.to_owned()));
        Self { method, url, headers, body, scope, style: Style::Usual }
    }
}

/// A request for a bucket's policy or its block of public access.
fn bucket_policy(ask: &Ask, endpoint: Option<&str>, host: &str, region: &str) -> Plain {
    let base = endpoint.map_or_else(
        || format!("https://{host}"),
        |url| format!("{}/{host}", url.trim_end_matches('/')),
    );
    let query = match ask.operation {
        "GetBucketPolicy" => "policy",
        _ => "publicAccessBlock",
    };
    Plain {
        method: "GET",
        url: format!("{base}/?{query}="),
        headers: vec![("x-amz-expected-bucket-owner", text(ask, "Account").to_owned())],
        body: Vec::new(),
        scope: ("s3", region.to_owned()),
        style: Style::Objects,
    }
}

/// A parameter that is a string; empty if there is none.
fn text<'a>(ask: &'a Ask, name: &str) -> &'a str {
    ask.parameters[name].as_str().unwrap_or_default()
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

    /// Sources: `GetBucketPolicy` in the S3 API reference, `DescribeAccountSubscription` in that of QuickSight, and the target
    /// prefix of `kms` in botocore 1.43.11.
    #[test]
    fn each_service_has_its_own_form_of_a_request() {
        let parameters = serde_json::json!({ "Bucket": "b", "Account": "111122223333" });
        let ask = Ask::new(Service::S3, "GetBucketPolicy", parameters, "look");
        let plain = Plain::of(&ask, "eu-west-1", None);
        assert_eq!(plain.url, "https://b.s3.eu-west-1.amazonaws.com/?policy=");
        assert_eq!(plain.method, "GET");
        let plain = Plain::of(&ask, "eu-west-1", Some("http://localhost:1/"));
        assert_eq!(plain.url, "http://localhost:1/b/?policy=");
        let parameters = serde_json::json!({ "AwsAccountId": "111122223333" });
        let ask = Ask::new(Service::QuickSight, "DescribeAccountSubscription", parameters, "look");
        let plain = Plain::of(&ask, "eu-west-1", None);
        assert_eq!(plain.url, "https://quicksight.eu-west-1.amazonaws.com/account/111122223333");
        let ask = Ask::new(Service::Kms, "GetKeyPolicy", Value::Null, "look");
        let plain = Plain::of(&ask, "eu-west-1", None);
        let target = ("x-amz-target", "TrentService.GetKeyPolicy".to_owned());
        assert!(plain.headers.contains(&target), "{plain:?}");
        // The endpoint prefix and the version of the API of `cloudwatch` in botocore 1.44.8, which still lists the protocol
        // `query`.
        let parameters = serde_json::json!({ "AlarmNames.member.1": "a b" });
        let ask = Ask::new(Service::CloudWatch, "DescribeAlarms", parameters, "look");
        let plain = Plain::of(&ask, "eu-west-1", None);
        assert_eq!(plain.url, "https://monitoring.eu-west-1.amazonaws.com/");
        let body = "Action=DescribeAlarms&Version=2010-08-01&AlarmNames.member.1=a%20b";
        assert_eq!(String::from_utf8_lossy(&plain.body), body);
    }

    #[test]
    fn parameters_are_encoded() {
        let entries = [("RoleName", "a b&c=d/é")];
        assert_eq!(form(entries.into_iter()), "RoleName=a%20b%26c%3Dd%2F%C3%A9");
    }
}
