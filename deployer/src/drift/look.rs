//! Asks the services what is really there.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::ask::{Ask, Service, elements, parsed};
use crate::cloud::{Cloud, CloudError, Site};

/// A role, as IAM has it.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct FoundRole {
    pub(super) trust: Value,
    /// The ARN of the permissions boundary.
    pub(super) boundary: Option<String>,
    /// The inline policies by name.
    pub(super) inline: BTreeMap<String, Value>,
    /// The ARNs of the attached policies.
    pub(super) attached: BTreeSet<String>,
}

/// A role with its policies; `None` if it does not exist.
pub(super) async fn role(
    cloud: &impl Cloud,
    site: &Site,
    name: &str,
) -> Result<Option<FoundRole>, CloudError> {
    let what = format!("look at role {name} of account {}", site.place.account);
    let parameters = json!({ "RoleName": name });
    let answer = iam(cloud, site, "GetRole", &parameters, &what).await;
    let Some(answer) = there(answer, "NoSuchEntity")? else { return Ok(None) };
    let trust = elements(&answer, "AssumeRolePolicyDocument");
    let trust = document(trust.first().copied().unwrap_or_default(), &what)?;
    let boundary = elements(&answer, "PermissionsBoundaryArn").first().map(|arn| (*arn).to_owned());
    let mut inline = BTreeMap::new();
    for page in pages(cloud, site, "ListRolePolicies", &parameters, &what).await? {
        for policy in elements(&page, "member") {
            let parameters = json!({ "RoleName": name, "PolicyName": policy });
            let answer = iam(cloud, site, "GetRolePolicy", &parameters, &what).await?;
            let text = elements(&answer, "PolicyDocument").first().copied().unwrap_or_default();
            inline.insert(policy.to_owned(), document(text, &what)?);
        }
    }
    let attached = attached(cloud, site, name).await?;
    Ok(Some(FoundRole { trust, boundary, inline, attached }))
}

/// The ARNs of the policies that are attached to a role.
pub(super) async fn attached(
    cloud: &impl Cloud,
    site: &Site,
    role: &str,
) -> Result<BTreeSet<String>, CloudError> {
    let what = format!("list the policies of role {role} of account {}", site.place.account);
    let parameters = json!({ "RoleName": role });
    let pages = pages(cloud, site, "ListAttachedRolePolicies", &parameters, &what).await?;
    let arns = pages.iter().flat_map(|page| elements(page, "PolicyArn"));
    Ok(arns.map(str::to_owned).collect())
}

/// The document of a managed policy, in its default version; `None` if the policy does not exist.
pub(super) async fn policy(
    cloud: &impl Cloud,
    site: &Site,
    arn: &str,
) -> Result<Option<Value>, CloudError> {
    let what = format!("look at policy {arn}");
    let answer = iam(cloud, site, "GetPolicy", &json!({ "PolicyArn": arn }), &what).await;
    let Some(answer) = there(answer, "NoSuchEntity")? else { return Ok(None) };
    let version = elements(&answer, "DefaultVersionId").first().copied().unwrap_or_default();
    let parameters = json!({ "PolicyArn": arn, "VersionId": version });
    let answer = iam(cloud, site, "GetPolicyVersion", &parameters, &what).await?;
    let text = elements(&answer, "Document").first().copied().unwrap_or_default();
    document(text, &what).map(Some)
}

/// The policy of a key; `None` if the key does not exist.
pub(super) async fn key_policy(
    cloud: &impl Cloud,
    site: &Site,
    key: &str,
) -> Result<Option<Value>, CloudError> {
    let what = format!("look at the policy of key {key}");
    let parameters = json!({ "KeyId": key, "PolicyName": "default" });
    let asked = Ask::new(Service::Kms, "GetKeyPolicy", parameters, &what);
    let Some(answer) = there(cloud.ask(site, &asked).await, "NotFoundException")? else {
        return Ok(None);
    };
    let answer = parsed(&answer, &what)?;
    parsed(answer["Policy"].as_str().unwrap_or_default(), &what).map(Some)
}

/// The grants of a key.
pub(super) async fn grants(
    cloud: &impl Cloud,
    site: &Site,
    key: &str,
) -> Result<Vec<Value>, CloudError> {
    let what = format!("list the grants of key {key}");
    let mut parameters = json!({ "KeyId": key });
    let mut found = Vec::new();
    loop {
        let asked = Ask::new(Service::Kms, "ListGrants", parameters.clone(), &what);
        let page = parsed(&cloud.ask(site, &asked).await?, &what)?;
        found.extend(page["Grants"].as_array().into_iter().flatten().cloned());
        if !page["NextMarker"].is_string() {
            return Ok(found);
        }
        parameters["Marker"] = page["NextMarker"].clone();
    }
}

/// The policy of a bucket; JSON null if it has none, and `None` if the bucket does not exist.
pub(super) async fn bucket_policy(
    cloud: &impl Cloud,
    site: &Site,
    bucket: &str,
) -> Result<Option<Value>, CloudError> {
    let what = format!("look at the policy of bucket {bucket}");
    let answer = s3(cloud, site, "GetBucketPolicy", bucket, &what).await;
    match there(answer, "NoSuchBucketPolicy") {
        Ok(Some(answer)) => parsed(&answer, &what).map(Some),
        Ok(None) => Ok(Some(Value::Null)),
        Err(CloudError::Refused { message, .. }) if message.starts_with("NoSuchBucket") => Ok(None),
        Err(error) => Err(error),
    }
}

/// The four settings that block public access to a bucket. A bucket without them has none on.
pub(super) async fn public_access(
    cloud: &impl Cloud,
    site: &Site,
    bucket: &str,
) -> Result<Value, CloudError> {
    let what = format!("look at what blocks public access to bucket {bucket}");
    let answer = s3(cloud, site, "GetPublicAccessBlock", bucket, &what).await;
    let answer = there(answer, "NoSuchPublicAccessBlockConfiguration")?.unwrap_or_default();
    let is_on = |name: &str| {
        elements(&answer, name).first().is_some_and(|text| text.eq_ignore_ascii_case("true"))
    };
    Ok(json!({
        "BlockPublicAcls": is_on("BlockPublicAcls"),
        "BlockPublicPolicy": is_on("BlockPublicPolicy"),
        "IgnorePublicAcls": is_on("IgnorePublicAcls"),
        "RestrictPublicBuckets": is_on("RestrictPublicBuckets"),
    }))
}

async fn s3(
    cloud: &impl Cloud,
    site: &Site,
    operation: &'static str,
    bucket: &str,
    what: &str,
) -> Result<String, CloudError> {
    let parameters = json!({ "Bucket": bucket, "Account": site.place.account });
    cloud.ask(site, &Ask::new(Service::S3, operation, parameters, what)).await
}

async fn iam(
    cloud: &impl Cloud,
    site: &Site,
    operation: &'static str,
    parameters: &Value,
    what: &str,
) -> Result<String, CloudError> {
    cloud.ask(site, &Ask::new(Service::Iam, operation, parameters.clone(), what)).await
}

/// All pages of a list of IAM.
async fn pages(
    cloud: &impl Cloud,
    site: &Site,
    operation: &'static str,
    parameters: &Value,
    what: &str,
) -> Result<Vec<String>, CloudError> {
    let mut parameters = parameters.clone();
    let mut found = Vec::new();
    loop {
        let page = iam(cloud, site, operation, &parameters, what).await?;
        let marker = elements(&page, "Marker").first().map(|marker| (*marker).to_owned());
        found.push(page);
        let Some(marker) = marker.filter(|marker| !marker.is_empty()) else { return Ok(found) };
        parameters["Marker"] = marker.into();
    }
}

/// An answer; `None` if what was asked about does not exist, which the service says by this code.
fn there(answer: Result<String, CloudError>, code: &str) -> Result<Option<String>, CloudError> {
    let says = |message: &str| {
        let said = message.split(':').next().unwrap_or_default();
        said == code || said.strip_suffix("Exception") == Some(code)
    };
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(CloudError::Refused { message, .. }) if says(&message) => Ok(None),
        Err(error) => Err(error),
    }
}

/// A policy document in an answer of IAM, which encodes it as in a URL.
///
/// Source: `GetRolePolicy` in the IAM API reference.
fn document(text: &str, what: &str) -> Result<Value, CloudError> {
    let broken = || CloudError::Refused {
        what: what.to_owned(),
        message: "the answer has no policy document".to_owned(),
    };
    serde_json::from_str(&decoded(text).ok_or_else(broken)?).map_err(|_| broken())
}

/// A text without its percent-encoding.
fn decoded(text: &str) -> Option<String> {
    let mut parts = text.split('%');
    let mut bytes = parts.next()?.as_bytes().to_vec();
    for part in parts {
        let (digits, rest) = part.split_at_checked(2)?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        bytes.extend(rest.bytes());
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The response of `GetRolePolicy` in the IAM API reference begins like this.
    #[test]
    fn documents_of_iam_are_decoded() {
        let text = "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%5D%7D";
        let read = document(text, "look").expect("a document");
        assert_eq!(read, json!({ "Version": "2012-10-17", "Statement": [] }));
        assert!(document("%7", "look").is_err() && document("", "look").is_err());
        assert_eq!(decoded("%C3%A9").as_deref(), Some("é"));
    }

    /// The error codes of "GetRole" in the IAM API reference, and of `GetKeyPolicy` in that of KMS.
    #[test]
    fn what_does_not_exist_is_no_error() {
        let refused = |message: &str| {
            let (what, message) = ("look".to_owned(), message.to_owned());
            Err(CloudError::Refused { what, message })
        };
        assert_eq!(there(refused("NoSuchEntity: gone"), "NoSuchEntity"), Ok(None));
        assert_eq!(there(refused("NotFoundException: gone"), "NotFoundException"), Ok(None));
        assert!(there(refused("NoSuchBucketPolicy: x"), "NoSuchBucket").is_err());
    }
}
