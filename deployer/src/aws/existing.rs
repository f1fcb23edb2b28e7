//! Whether a resource of a name exists already, in services in which names are unique.

use serde_json::{Value, json};

use super::Aws;
use crate::ask::{Ask, Service};
use crate::cloud::{Cloud as _, CloudError, Existence, Site};

impl Aws {
    /// Looks for a resource by its type and name. Nothing is known of types that are not listed here.
    pub(super) async fn looks_for(
        &self,
        site: &Site,
        kind: &str,
        name: &str,
    ) -> Result<Existence, CloudError> {
        let Some((service, operation, parameters)) = question(site, kind, name) else {
            return Ok(Existence::Free);
        };
        let what = format!("look for {kind} {name}");
        let answer = self.ask(site, &Ask::new(service, operation, parameters, &what)).await;
        read(kind, answer)
    }
}

/// The request that finds out whether a resource exists. The deploy role may send each of them, but for the one about an
/// alias.
fn question(site: &Site, kind: &str, name: &str) -> Option<(Service, &'static str, Value)> {
    let account = &site.place.account;
    Some(match kind {
        "AWS::S3::Bucket" => {
            (Service::S3, "GetBucketPolicy", json!({ "Bucket": name, "Account": account }))
        }
        "AWS::IAM::Role" => (Service::Iam, "GetRole", json!({ "RoleName": name })),
        "AWS::KMS::Alias" => (Service::Kms, "DescribeKey", json!({ "KeyId": name })),
        "AWS::Glue::Database" => {
            (Service::Glue, "GetDatabase", json!({ "CatalogId": account, "Name": name }))
        }
        _ => return None,
    })
}

/// What the answer says.
///
/// Sources: the errors of "GetBucketPolicy" in the S3 API reference, and of the other operations in those of IAM, KMS and Glue.
/// A bucket of another account, or of nobody whom the caller may see, is denied. So is an alias that exists, for whoever may not
/// see its key (aws-cloudformation-resource-providers-kms, PR 60); one that does not exist is not found, also without the
/// permission.
fn read(kind: &str, answer: Result<String, CloudError>) -> Result<Existence, CloudError> {
    let missing = match kind {
        "AWS::S3::Bucket" => "NoSuchBucket",
        "AWS::IAM::Role" => "NoSuchEntity",
        "AWS::KMS::Alias" => "NotFoundException",
        _ => "EntityNotFound",
    };
    match answer {
        Ok(_) => Ok(Existence::Here),
        Err(CloudError::Refused { message, .. }) if message.starts_with("NoSuchBucketPolicy") => {
            Ok(Existence::Here)
        }
        Err(CloudError::Refused { message, .. }) if message.starts_with(missing) => {
            Ok(Existence::Free)
        }
        Err(CloudError::Access { .. }) if kind == "AWS::S3::Bucket" => Ok(Existence::Unsure(
            "S3 denies a look, as it does for a bucket of another account".to_owned(),
        )),
        Err(CloudError::Access { .. }) if kind == "AWS::KMS::Alias" => Ok(Existence::Unsure(
            "KMS denies a look, as it does for an alias that exists and whose key the deploy role may not see".to_owned(),
        )),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(message: &str) -> Result<String, CloudError> {
        Err(CloudError::Refused { what: String::new(), message: message.to_owned() })
    }

    fn denied() -> Result<String, CloudError> {
        Err(CloudError::Access { what: String::new(), message: "AccessDenied".to_owned() })
    }

    /// The error codes are those of the API references that `read` names.
    #[test]
    fn what_exists_is_told_from_what_does_not() {
        for (kind, missing) in [
            ("AWS::S3::Bucket", "NoSuchBucket: The specified bucket does not exist"),
            ("AWS::IAM::Role", "NoSuchEntity: The role with name x cannot be found."),
            ("AWS::KMS::Alias", "NotFoundException: Alias arn:aws:kms:x is not found."),
            ("AWS::Glue::Database", "EntityNotFoundException: Database x not found."),
        ] {
            assert_eq!(read(kind, refused(missing)), Ok(Existence::Free), "{kind}");
            assert_eq!(read(kind, Ok("{}".to_owned())), Ok(Existence::Here), "{kind}");
            assert!(read(kind, refused("InternalFailure: later")).is_err(), "{kind}");
        }
        let without_policy = refused("NoSuchBucketPolicy: The bucket policy does not exist");
        assert_eq!(read("AWS::S3::Bucket", without_policy), Ok(Existence::Here));
        for kind in ["AWS::S3::Bucket", "AWS::KMS::Alias"] {
            assert!(matches!(read(kind, denied()), Ok(Existence::Unsure(_))), "{kind}");
        }
        assert!(read("AWS::IAM::Role", denied()).is_err());
    }
}
