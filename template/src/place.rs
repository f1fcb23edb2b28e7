//! Where a stack lies: an account, a region and a partition of AWS.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::arn::ArnParts;
use crate::partition::Partition;
use crate::{Expr, Text, Value};

/// An AWS account: 12 digits.
///
/// The text is shared, because grants, places and addresses all have copies of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountId(Arc<str>);

/// A region of AWS, such as `eu-west-1`, whether or not it is known already. The text is shared.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Region(Arc<str>);

/// A text that is no account or region.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PlaceError {
    /// The text is no account.
    #[error("`{0}` is not an account: expected 12 digits")]
    Account(String),
    /// The text is no region.
    #[error("`{0}` is not a region: expected one such as `eu-west-1`")]
    Region(String),
    /// The text is no address of a stack.
    #[error("`{0}` is not the address of a stack: expected ACCOUNT/REGION/NAME")]
    Address(String),
}

/// Characters of a wrong text that an error shows.
const SHOWN: usize = 60;

fn shown(text: &str) -> String {
    text.chars().take(SHOWN).collect()
}

impl AccountId {
    /// Parses 12 digits.
    ///
    /// # Errors
    ///
    /// The text is not 12 digits.
    pub fn parse(text: &str) -> Result<Self, PlaceError> {
        if text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit()) {
            Ok(Self(text.into()))
        } else {
            Err(PlaceError::Account(shown(text)))
        }
    }
}

impl Region {
    /// Parses lower-case letters and digits with hyphens between them, the last of them a number.
    ///
    /// # Errors
    ///
    /// The text has another form.
    pub fn parse(text: &str) -> Result<Self, PlaceError> {
        let is_part = |part: &str| {
            !part.is_empty()
                && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        };
        let number = text.rsplit('-').next().unwrap_or_default();
        let is_numbered = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        if text.len() <= SHOWN && text.contains('-') && text.split('-').all(is_part) && is_numbered
        {
            Ok(Self(text.into()))
        } else {
            Err(PlaceError::Region(shown(text)))
        }
    }

    /// The partition that the region lies in.
    pub fn partition(&self) -> Partition {
        Partition::of_region(&self.0)
    }
}

macro_rules! text {
    ($name:ident) => {
        impl $name {
            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        /// It is read like the text that it is, and cannot be changed.
        impl Deref for $name {
            type Target = str;

            fn deref(&self) -> &str {
                &self.0
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl PartialEq<str> for $name {
            fn eq(&self, other: &str) -> bool {
                self.as_str() == other
            }
        }

        impl PartialEq<&str> for $name {
            fn eq(&self, other: &&str) -> bool {
                self.as_str() == *other
            }
        }

        impl PartialEq<$name> for str {
            fn eq(&self, other: &$name) -> bool {
                *self == *other.0
            }
        }

        impl PartialEq<$name> for &str {
            fn eq(&self, other: &$name) -> bool {
                **self == *other.0
            }
        }

        impl PartialEq<$name> for String {
            fn eq(&self, other: &$name) -> bool {
                *self == *other.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.pad(&self.0)
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0.as_ref().to_owned()
            }
        }

        impl From<$name> for Value {
            fn from(name: $name) -> Self {
                Value::Text(Text::from(&name))
            }
        }

        impl From<$name> for Expr<Text> {
            fn from(name: $name) -> Self {
                String::from(name).into()
            }
        }

        impl From<&$name> for Text {
            fn from(name: &$name) -> Self {
                name.0.as_ref().to_owned().into()
            }
        }

        impl std::str::FromStr for $name {
            type Err = PlaceError;

            fn from_str(text: &str) -> Result<Self, PlaceError> {
                Self::parse(text)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                Self::parse(&text).map_err(de::Error::custom)
            }
        }
    };
}

text!(AccountId);
text!(Region);

/// Where a template is deployed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The account.
    pub account: AccountId,
    /// The region.
    pub region: Region,
}

impl Place {
    /// The place with the names of an account and a region.
    ///
    /// # Errors
    ///
    /// One of the texts is no account or no region.
    pub fn parse(account: &str, region: &str) -> Result<Self, PlaceError> {
        Ok(Self { account: AccountId::parse(account)?, region: Region::parse(region)? })
    }

    /// The name of the partition that the region lies in, such as `aws` or `aws-cn`.
    pub fn partition(&self) -> &'static str {
        self.region.partition().name
    }

    /// How the hosts of services end in the partition, such as `amazonaws.com`.
    pub fn url_suffix(&self) -> &'static str {
        self.region.partition().url_suffix
    }

    /// The ARN of a resource of this account and region.
    pub fn arn(&self, service: &str, resource: &str) -> String {
        ArnParts { resource, ..self.start_in(service, &self.account) }.into()
    }

    /// The ARN of a resource of this account that lies in no region, such as a role.
    pub fn global_arn(&self, service: &str, resource: &str) -> String {
        self.global_arn_in(service, &self.account, resource)
    }

    /// The ARN of a resource that lies in no region, in this account or another, such as an account's root.
    pub fn global_arn_in(&self, service: &str, account: &str, resource: &str) -> String {
        ArnParts { region: "", resource, ..self.start_in(service, account) }.into()
    }

    /// The ARN of what is named without a region and without an account, such as a bucket.
    pub fn partition_arn(&self, service: &str, resource: &str) -> String {
        self.global_arn_in(service, "", resource)
    }

    /// The start of the ARNs of a service's resources in this region and an account, this one or another. Its resource is
    /// empty: the text behind the start is the resource.
    pub fn start_in<'a>(&'a self, service: &'a str, account: &'a str) -> ArnParts<'a> {
        ArnParts {
            partition: self.partition(),
            service,
            region: &self.region,
            account,
            resource: "",
        }
    }

    /// The ARN of a role of this account, from its name. A path is a part of the name.
    pub fn role_arn(&self, name: &str) -> String {
        let start = ArnParts { region: "", ..self.start_in("iam", &self.account) };
        format!("{start}role/{name}")
    }

    /// The ARN of an account's root, which stands for the account in policies.
    pub fn root_arn(&self, account: &str) -> String {
        self.global_arn_in("iam", account, "root")
    }
}

/// `ACCOUNT/REGION`, as addresses of stacks begin.
impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.account, self.region)
    }
}

impl std::str::FromStr for Place {
    type Err = PlaceError;

    fn from_str(text: &str) -> Result<Self, PlaceError> {
        let (account, region) =
            text.split_once('/').ok_or_else(|| PlaceError::Account(shown(text)))?;
        Self::parse(account, region)
    }
}

/// The address of a stack, by which everything about it is found: account, region and name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StackAddress {
    /// Where the stack lies.
    pub place: Place,
    /// Its name in CloudFormation.
    pub name: String,
}

impl StackAddress {
    /// The address of a stack in a place.
    pub fn new(place: Place, name: impl Into<String>) -> Self {
        Self { place, name: name.into() }
    }

    /// Parses `ACCOUNT/REGION/NAME`.
    ///
    /// # Errors
    ///
    /// The text has another form.
    pub fn parse(text: &str) -> Result<Self, PlaceError> {
        let wrong = || PlaceError::Address(shown(text));
        let mut parts = text.splitn(3, '/');
        let (Some(account), Some(region), Some(name)) = (parts.next(), parts.next(), parts.next())
        else {
            return Err(wrong());
        };
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        if name.is_empty() || !name.bytes().all(is_name) {
            return Err(wrong());
        }
        let place = Place { account: AccountId::parse(account)?, region: Region::parse(region)? };
        Ok(Self::new(place, name))
    }
}

impl fmt::Display for StackAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.place, self.name)
    }
}

impl Serialize for StackAddress {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for StackAddress {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_account_region_or_address_is_refused() {
        for wrong in
            ["", "11112222333", "1111222233334", "11112222333a", "１１１１２２２２３３３３"]
        {
            assert!(AccountId::parse(wrong).is_err(), "{wrong}");
        }
        for wrong in
            ["", "eu", "eu west 1", "EU-west-1", "eu--1", "-eu-1", "unknown-region", "eu-west-1/"]
        {
            assert!(Region::parse(wrong).is_err(), "{wrong}");
        }
        for wrong in ["111122223333/eu-west-1", "111122223333/eu-west-1/", "1/eu-west-1/a", "a/b/c"]
        {
            assert!(StackAddress::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_address_is_read_as_it_is_written() {
        let text = "111122223333/eu-west-1/lakewright-dataset-sales";
        let address = StackAddress::parse(text).expect("an address");
        assert_eq!(address.to_string(), text);
        assert_eq!(address.place.partition(), "aws");
        assert_eq!(serde_json::to_string(&address).expect("JSON"), format!("\"{text}\""));
    }

    /// Sources: "Identify AWS resources with Amazon Resource Names (ARNs)" and "AWS JSON policy elements: Principal" in the
    /// IAM user guide; the resource types of Amazon S3 and of AWS Glue in the service authorization reference.
    #[test]
    fn arns_leave_out_what_a_resource_does_not_lie_in() {
        let place = Place::parse("111122223333", "eu-west-1").expect("a place");
        let china = Place::parse("111122223333", "cn-north-1").expect("a place");
        let arns = [
            (place.arn("sns", "topic"), "arn:aws:sns:eu-west-1:111122223333:topic"),
            (china.arn("kms", "alias/a"), "arn:aws-cn:kms:cn-north-1:111122223333:alias/a"),
            (place.global_arn("iam", "policy/p"), "arn:aws:iam::111122223333:policy/p"),
            (place.global_arn_in("iam", "aws", "policy/p"), "arn:aws:iam::aws:policy/p"),
            (place.partition_arn("s3", "bucket"), "arn:aws:s3:::bucket"),
            (china.partition_arn("s3", "bucket"), "arn:aws-cn:s3:::bucket"),
            (place.role_arn("a/b"), "arn:aws:iam::111122223333:role/a/b"),
            (china.role_arn("r"), "arn:aws-cn:iam::111122223333:role/r"),
            (place.root_arn("444455556666"), "arn:aws:iam::444455556666:root"),
            (china.root_arn("444455556666"), "arn:aws-cn:iam::444455556666:root"),
        ];
        for (arn, expected) in arns {
            assert_eq!(arn, expected);
        }
    }

    #[test]
    fn the_start_of_arns_lies_in_the_account_that_is_named() {
        let place = Place::parse("111122223333", "eu-west-1").expect("a place");
        let glue = place.start_in("glue", "444455556666");
        assert_eq!(
            format!("{glue}database/sales"),
            "arn:aws:glue:eu-west-1:444455556666:database/sales"
        );
    }
}
