//! Names that are validated when they are parsed, so that later code need not check them.

mod database;
mod error;
mod schedule;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::fmt;

use lakewright_template::arn::ArnParts;
use lakewright_template::{AccountId, Region};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, Error as _};

pub(crate) use database::WorksheetDatabase;
pub use error::NameError;

use crate::decode::suggest;

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $pattern:literal, $check:expr, $expected:literal) => {
        name!($(#[$doc])* $name, $pattern, $check, $expected, |_| None);
    };
    // With the most likely intended value for a text that is not valid.
    ($(#[$doc:meta])* $name:ident, $pattern:literal, $check:expr, $expected:literal, $meant:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// Parses the text. The error says what was expected.
            pub fn parse(text: &str) -> Result<Self, NameError> {
                let check: fn(&str) -> bool = $check;
                if check(text) {
                    Ok(Self(text.to_owned()))
                } else {
                    let meant: fn(&str) -> Option<&'static str> = $meant;
                    Err(NameError::new(text, $expected, meant(text)))
                }
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = NameError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::parse(text)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                Self::parse(&text).map_err(D::Error::custom)
            }
        }

        impl JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                let check: fn(&str) -> bool = $check;
                json_schema!({ "type": scalars(check), "pattern": $pattern })
            }
        }
    };
}

mod people;

pub use people::{
    Claim, EntityPrefix, IssuerUrl, PermissionSetName, ProviderName, ProviderUrl, UserPoolArn,
};

name!(
    /// The id of a document: `[a-z][a-z0-9-]{0,39}`.
    Id,
    "^[a-z][a-z0-9-]{0,39}$",
    |text| {
        text.len() <= 40
            && text.starts_with(|first: char| first.is_ascii_lowercase())
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    },
    "an id: expected a lower-case letter, then at most 39 lower-case letters, digits and hyphens"
);
name!(
    /// A group of the identity provider: 1 to 128 letters up to `ÿ`, digits, spaces and `_.:/=+-@`, which both tag
    /// values and IAM policies allow. It contains no wildcards and no policy variables.
    TeamName,
    "^(?! )[^\\u0000-\\u001f!\"#$%&'()*,;<>?\\[\\\\\\]^`{|}~\\u007f\\u0100-\\uffff]{0,127}[^\\u0000-\\u0020!\"#$%&'()*,;<>?\\[\\\\\\]^`{|}~\\u007f\\u0100-\\uffff]$",
    |text| {
        let characters = text.chars().count();
        (1..=128).contains(&characters)
            && text.trim() == text
            && text.chars().all(|c| c.is_alphanumeric() || " _.:/=+-@".contains(c))
            && text.chars().all(is_in_policies)
    },
    "a team: expected 1 to 128 letters up to `ÿ`, digits, spaces and `_.:/=+-@`"
);
name!(
    /// An AWS account as a document has it: 12 digits.
    AccountNumber,
    "^[0-9]{12}$",
    is_account,
    "an account: expected 12 digits"
);
name!(
    /// A region that CloudFormation's schemas are published for.
    RegionName,
    "^[a-z]{2}(-[a-z]+)+-[0-9]$",
    |text| lakewright_template::schema::regions().contains_key(text),
    "a region that CloudFormation has: expected one such as `eu-west-1`",
    |text| suggest(text, lakewright_template::schema::regions().keys().map(String::as_str))
);
name!(
    /// The id of an availability zone, such as `use1-az1`. It names the same zone in every account.
    ZoneId,
    "^[a-z0-9]+(-[a-z0-9]+)*-az[0-9]{1,2}$",
    |text| {
        let number = text.rsplit_once("-az").filter(|(region, _)| !region.is_empty());
        let is_plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        text.len() <= 40
            && text.bytes().all(is_plain)
            && number.is_some_and(|(_, digits)| {
                matches!(digits.len(), 1 | 2) && digits.bytes().all(|b| b.is_ascii_digit())
            })
    },
    "the id of an availability zone: expected one such as `use1-az1`"
);
name!(
    /// The ARN of an IAM role.
    RoleArn,
    "^arn:aws[a-z-]*:iam::[0-9]{12}:role/[\\w+=,.@/-]+$",
    |text| {
        ArnParts::parse(text).is_some_and(|arn| {
            let name = arn.resource.strip_prefix("role/").unwrap_or_default();
            arn.partition.starts_with("aws")
                && arn.service == "iam"
                && arn.region.is_empty()
                && is_account(arn.account)
                && (1..=576).contains(&name.len())
                && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_+=,.@/-".contains(&b))
        })
    },
    "the ARN of a role: expected `arn:aws:iam::123456789012:role/name`"
);
name!(
    /// A prefix of physical names: a lower-case letter, then lower-case letters and hyphens, 1 to 20.
    ResourcePrefix,
    "^[a-z][a-z-]{0,19}$",
    |text| {
        text.len() <= 20
            && text.starts_with(|first: char| first.is_ascii_lowercase())
            && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')
            && !text.ends_with('-')
            && !text.starts_with("aws")
    },
    "a prefix: expected a lower-case letter, then at most 19 lower-case letters and hyphens, not `aws...`"
);
name!(
    /// The name of a bucket: 3 to 63 lower-case letters, digits, dots and hyphens.
    BucketName,
    "^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$",
    |text| {
        let ends_well = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        (3..=63).contains(&text.len())
            && text.starts_with(ends_well)
            && text.ends_with(ends_well)
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b".-".contains(&b))
    },
    "a bucket's name: expected 3 to 63 lower-case letters, digits, dots and hyphens"
);
name!(
    /// The alias of a KMS key without `alias/`.
    KeyAlias,
    "^(?!alias/)[A-Za-z0-9/_-]{1,250}$",
    |text| {
        (1..=250).contains(&text.len())
            && !text.starts_with("alias/")
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"/_-".contains(&b))
    },
    "a key alias: expected letters, digits and `/_-`, without `alias/`"
);
name!(
    /// A name in the Glue catalog: 1 to 255 lower-case letters, digits, `_` and `-`.
    CatalogName,
    "^[a-z0-9_-]{1,255}$",
    |text| {
        (1..=255).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_-".contains(&b))
    },
    "a catalog name: expected 1 to 255 lower-case letters, digits, `_` and `-`"
);
name!(
    /// A path in a bucket, with or without a slash at its end. It does not begin with a slash, has no
    /// segment that is empty, `.` or `..`, and contains no wildcards and no policy variables.
    KeyPrefix,
    "^(?=.{1,512}$)((?!\\.\\.?(/|$))[A-Za-z0-9!_.()=-]+(/|$))+$",
    is_key_path,
    "a path in a bucket: expected letters, digits and `!_.()=-` between single `/`, no `/` at the start, no `.` or `..`"
);
name!(
    /// The path of a folder in a bucket: like [`KeyPrefix`], with a slash at its end, so that every key
    /// with this prefix is in the folder.
    FolderPrefix,
    "^(?=.{1,512}$)((?!\\.\\.?/)[A-Za-z0-9!_.()=-]+/)+$",
    |text| is_key_path(text) && text.ends_with('/'),
    "a folder's path in a bucket: expected a `/` at the end, such as `exports/`"
);
name!(
    /// The id of a VPC, such as `vpc-0123456789abcdef0`.
    VpcId,
    "^vpc-[0-9a-f]{8,17}$",
    |text| is_ec2_id(text, "vpc-"),
    "a VPC's id: expected `vpc-` and 8 to 17 hexadecimal digits"
);
name!(
    /// The id of a subnet, such as `subnet-0123456789abcdef0`.
    SubnetId,
    "^subnet-[0-9a-f]{8,17}$",
    |text| is_ec2_id(text, "subnet-"),
    "a subnet's id: expected `subnet-` and 8 to 17 hexadecimal digits"
);
name!(
    /// The ARN of an SNS topic.
    TopicArn,
    "^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256}$",
    |text| {
        ArnParts::parse(text).is_some_and(|arn| {
            let name = arn.resource;
            arn.partition.starts_with("aws")
                && arn.service == "sns"
                && is_account(arn.account)
                && (1..=256).contains(&name.len())
                && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b))
        })
    },
    "the ARN of a topic: expected `arn:aws:sns:eu-west-1:123456789012:name`"
);
name!(
    /// The ARN of an alarm of CloudWatch. Its name has only characters that have no meaning in a policy: letters, digits,
    /// spaces and `_./:()#=+@,-`.
    ///
    /// Source: "PutMetricAlarm" in the CloudWatch API reference: names have 1 to 255 characters.
    AlarmArn,
    "^arn:aws[a-z-]*:cloudwatch:[a-z0-9-]+:[0-9]{12}:alarm:[A-Za-z0-9 _./:()#=+@,-]{1,255}$",
    |text| {
        ArnParts::parse(text).is_some_and(|arn| {
            let name = arn.resource.strip_prefix("alarm:").unwrap_or_default();
            arn.partition.starts_with("aws")
                && arn.service == "cloudwatch"
                && !arn.region.is_empty()
                && is_account(arn.account)
                && (1..=255).contains(&name.len())
                && name.bytes().all(|b| b.is_ascii_alphanumeric() || b" _./:()#=+@,-".contains(&b))
        })
    },
    "the ARN of an alarm: expected `arn:aws:cloudwatch:eu-west-1:123456789012:alarm:name`, without `*`, `?` and `$` in the name"
);
name!(
    /// The ARN of a managed policy.
    PolicyArn,
    "^arn:aws[a-z-]*:iam::([0-9]{12}|aws):policy/[\\w+=,.@/-]+$",
    |text| {
        text.starts_with("arn:aws")
            && text.split_once(":policy/").is_some_and(|(head, name)| {
                head.contains(":iam::")
                    && (1..=640).contains(&name.len())
                    && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_+=,.@/-".contains(&b))
            })
    },
    "the ARN of a managed policy: expected `arn:aws:iam::123456789012:policy/name`"
);
name!(
    /// A schedule in Glue's form: `cron(...)`.
    Schedule,
    "^cron\\((\\*|0*[1-5]?[0-9](-0*[1-5]?[0-9])?)(/0*[1-9][0-9]*)?(,(\\*|0*[1-5]?[0-9](-0*[1-5]?[0-9])?)(/0*[1-9][0-9]*)?)* (\\*|0*(1?[0-9]|2[0-3])(-0*(1?[0-9]|2[0-3]))?)(/0*[1-9][0-9]*)?(,(\\*|0*(1?[0-9]|2[0-3])(-0*(1?[0-9]|2[0-3]))?)(/0*[1-9][0-9]*)?)* ((L|LW|0*([1-9]|[12][0-9]|3[01])W|(\\*|0*([1-9]|[12][0-9]|3[01])(-0*([1-9]|[12][0-9]|3[01]))?)(/0*[1-9][0-9]*)?)(,(L|LW|0*([1-9]|[12][0-9]|3[01])W|(\\*|0*([1-9]|[12][0-9]|3[01])(-0*([1-9]|[12][0-9]|3[01]))?)(/0*[1-9][0-9]*)?))* (\\*|(0*([1-9]|1[0-2])|[A-Za-z]{3})(-(0*([1-9]|1[0-2])|[A-Za-z]{3}))?)(/0*[1-9][0-9]*)?(,(\\*|(0*([1-9]|1[0-2])|[A-Za-z]{3})(-(0*([1-9]|1[0-2])|[A-Za-z]{3}))?)(/0*[1-9][0-9]*)?)* \\?|\\? (\\*|(0*([1-9]|1[0-2])|[A-Za-z]{3})(-(0*([1-9]|1[0-2])|[A-Za-z]{3}))?)(/0*[1-9][0-9]*)?(,(\\*|(0*([1-9]|1[0-2])|[A-Za-z]{3})(-(0*([1-9]|1[0-2])|[A-Za-z]{3}))?)(/0*[1-9][0-9]*)?)* ((0*[1-7]|[A-Za-z]{3})?L|(0*[1-7]|[A-Za-z]{3})#0*[1-5]|(\\*|(0*[1-7]|[A-Za-z]{3})(-(0*[1-7]|[A-Za-z]{3}))?)(/0*[1-9][0-9]*)?)(,((0*[1-7]|[A-Za-z]{3})?L|(0*[1-7]|[A-Za-z]{3})#0*[1-5]|(\\*|(0*[1-7]|[A-Za-z]{3})(-(0*[1-7]|[A-Za-z]{3}))?)(/0*[1-9][0-9]*)?))*) (\\*|0*(19[7-9][0-9]|2[01][0-9][0-9])(-0*(19[7-9][0-9]|2[01][0-9][0-9]))?)(/0*[1-9][0-9]*)?(,(\\*|0*(19[7-9][0-9]|2[01][0-9][0-9])(-0*(19[7-9][0-9]|2[01][0-9][0-9]))?)(/0*[1-9][0-9]*)?)*\\)$",
    schedule::is_schedule,
    "a schedule: expected `cron(minutes hours day-of-month month day-of-week year)` with a `?` for one of the days, such as `cron(0 2 * * ? *)`"
);
name!(
    /// The name of a time zone in the IANA database, such as `Europe/Berlin`. Only the form is checked: EventBridge Scheduler
    /// knows the names.
    ///
    /// Source: "Schedule types in EventBridge Scheduler" in its user guide, and `ScheduleExpressionTimezone` in its API
    /// reference: 1 to 50 characters.
    TimeZone,
    "^(?=.{1,50}$)[A-Z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*$",
    |text| {
        let is_part = |part: &str| {
            !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"_+-".contains(&b))
        };
        text.len() <= 50
            && text.starts_with(|first: char| first.is_ascii_uppercase())
            && text.split('/').all(is_part)
    },
    "a time zone: expected a name of the IANA database, such as `UTC` or `Europe/Berlin`"
);
name!(
    /// An address block of IPv4 or IPv6, such as `10.0.0.0/16`.
    AddressBlock,
    "^[0-9a-fA-F.:]+/[0-9]{1,3}$",
    |text| {
        text.split_once('/').is_some_and(|(address, bits)| {
            let limit = match address.parse::<std::net::IpAddr>() {
                Ok(std::net::IpAddr::V4(_)) => 32,
                Ok(std::net::IpAddr::V6(_)) => 128,
                Err(_) => return false,
            };
            bits.parse::<u8>().is_ok_and(|bits| bits <= limit)
        })
    },
    "an address block: expected an address and a number of bits, such as `192.0.2.0/24`"
);
name!(
    /// A country: two capital letters of ISO 3166.
    CountryCode,
    "^[A-Z]{2}$",
    |text| text.len() == 2 && text.bytes().all(|b| b.is_ascii_uppercase()),
    "a country: expected two capital letters of ISO 3166, such as `DE`"
);
name!(
    /// The id of an organization of AWS Organizations.
    ///
    /// Source: "Organization" in the AWS Organizations API reference.
    OrganizationId,
    "^o-[a-z0-9]{10,32}$",
    |text| {
        text.strip_prefix("o-").is_some_and(|rest| {
            (10..=32).contains(&rest.len())
                && rest.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        })
    },
    "the id of an organization of AWS Organizations: expected `o-`, then 10 to 32 lower-case letters and digits"
);
name!(
    /// A mail address.
    MailAddress,
    "^[^@ ]+@[^@ ]+$",
    |text| {
        text.len() <= 254
            && text.split_once('@').is_some_and(|(user, host)| !user.is_empty() && host.contains('.') && !host.contains('@'))
            && text.bytes().all(|b| b.is_ascii_graphic() && !b"\"<>$".contains(&b))
    },
    "a mail address: expected one such as `team@example.com`"
);
name!(
    /// The ARN of an AWS CodeConnections connection to a repository's host.
    ConnectionArn,
    "^arn:aws[a-z-]*:(codeconnections|codestar-connections):[a-z0-9-]+:[0-9]{12}:connection/[0-9a-f-]{36}$",
    |text| {
        ArnParts::parse(text).is_some_and(|arn| {
            let id = arn.resource.strip_prefix("connection/").unwrap_or_default();
            arn.partition.starts_with("aws")
                && matches!(arn.service, "codeconnections" | "codestar-connections")
                && is_account(arn.account)
                && id.len() == 36
                && id.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-')
        })
    },
    "the ARN of a connection: expected `arn:aws:codeconnections:eu-west-1:123456789012:connection/` and a UUID"
);
name!(
    /// The name of a repository at its host: `owner/name`.
    RepositoryName,
    "^[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)+$",
    |text| {
        (3..=255).contains(&text.len())
            && text.contains('/')
            && text.split('/').all(|part| !part.is_empty())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_./-".contains(&b))
    },
    "a repository: expected `owner/name`"
);
name!(
    /// A branch of a repository.
    BranchName,
    "^[A-Za-z0-9_][A-Za-z0-9_./-]{0,127}$",
    |text| {
        (1..=128).contains(&text.len())
            && !text.starts_with(['-', '.', '/'])
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_./-".contains(&b))
    },
    "a branch: expected letters, digits and `_./-`"
);
name!(
    /// A day of the calendar: `YYYY-MM-DD`.
    Date,
    "^[0-9]{4}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|[12][0-9]))$",
    is_day,
    "a date: expected `YYYY-MM-DD`, and a day that the calendar has"
);

/// Whether a text is a day of the calendar. Conditions in policies compare times with the day's last second, and IAM
/// rejects times that do not exist ("Date condition operators" in the IAM user guide: dates of ISO 8601).
fn is_day(text: &str) -> bool {
    let is_form = text.len() == 10
        && text.bytes().enumerate().all(|(place, byte)| match place {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    let mut parts = text.split('-');
    let year = parts.next().and_then(|part| part.parse::<i32>().ok());
    let month = parts.next().and_then(|part| part.parse::<u8>().ok());
    let month = month.and_then(|number| time::Month::try_from(number).ok());
    let day = parts.next().and_then(|part| part.parse::<u8>().ok());
    match (year, month, day) {
        (Some(year), Some(month), Some(day)) => {
            is_form && time::Date::from_calendar_date(year, month, day).is_ok()
        }
        _ => false,
    }
}

/// Whether a text is a path of keys. S3 uses keys unchanged, but many tools interpret `..` as the parent folder.
fn is_key_path(text: &str) -> bool {
    let is_segment = |segment: &str| {
        !matches!(segment, "" | "." | "..")
            && segment.bytes().all(|b| b.is_ascii_alphanumeric() || b"!_.()=-".contains(&b))
    };
    (1..=512).contains(&text.len())
        && text.strip_suffix('/').unwrap_or(text).split('/').all(is_segment)
}

/// Whether a text is the number of an account: 12 digits.
fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_ec2_id(text: &str, prefix: &str) -> bool {
    text.strip_prefix(prefix).is_some_and(|digits| {
        (8..=17).contains(&digits.len())
            && digits.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    })
}

impl AlarmArn {
    /// The alarm's name.
    pub fn alarm_name(&self) -> &str {
        self.0.split_once(":alarm:").map_or("", |(_, name)| name)
    }
}

impl KeyAlias {
    /// Whether it is the alias of an AWS managed key: only AWS can create such aliases.
    pub fn is_of_aws(&self) -> bool {
        self.0.starts_with("aws/")
    }
}

impl AddressBlock {
    /// The length of the prefix that its addresses share, in bits.
    pub fn bits(&self) -> u8 {
        self.0.rsplit('/').next().and_then(|bits| bits.parse().ok()).unwrap_or_default()
    }

    /// Whether it is a block of IPv6.
    pub fn is_ipv6(&self) -> bool {
        self.0.contains(':')
    }
}

impl PolicyArn {
    /// The policy's account; `aws` for AWS managed policies.
    pub fn account(&self) -> &str {
        ArnParts::parse(&self.0).map_or("", |arn| arn.account)
    }

    /// The policy of the same name in another account. AWS managed policies exist in every account.
    #[must_use]
    pub fn in_account(&self, account: &AccountId) -> Self {
        match ArnParts::parse(&self.0) {
            Some(arn) if arn.account != "aws" => {
                Self(ArnParts { account: account.as_str(), ..arn }.to_string())
            }
            _ => self.clone(),
        }
    }
}

impl From<AccountId> for AccountNumber {
    fn from(account: AccountId) -> Self {
        Self(account.into())
    }
}

impl From<FolderPrefix> for KeyPrefix {
    fn from(folder: FolderPrefix) -> Self {
        Self(folder.0)
    }
}

impl From<&AccountNumber> for AccountId {
    fn from(number: &AccountNumber) -> Self {
        Self::parse(&number.0).expect("12 digits are an account")
    }
}

impl From<&RegionName> for Region {
    fn from(name: &RegionName) -> Self {
        Self::parse(&name.0).expect("a region that is known has the form of one")
    }
}

impl RoleArn {
    /// The role's account.
    pub fn account(&self) -> AccountId {
        let account = ArnParts::parse(&self.0).and_then(|arn| AccountId::parse(arn.account).ok());
        account.expect("the ARN of a role has an account")
    }

    /// Whether the role belongs to a permission set of IAM Identity Center.
    pub fn is_reserved(&self) -> bool {
        self.0.contains(":role/aws-reserved/")
    }

    /// Whether the role is a service-linked role.
    pub fn is_service_linked(&self) -> bool {
        self.0.contains(":role/aws-service-role/")
    }

    /// The role's name without its path.
    pub fn role_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or_default()
    }
}

/// The JSON types that other validators may see: they read text without quotes as a number or a boolean.
fn scalars(check: fn(&str) -> bool) -> serde_json::Value {
    let is_number = ["1", "42", "424242424242"].iter().any(|text| check(text));
    match (is_number, check("true")) {
        // The schema has rules of its own for accounts and countries.
        (true, true) => serde_json::json!(["string", "number", "boolean"]),
        _ => serde_json::json!("string"),
    }
}

/// Whether policies of IAM and of KMS may contain a character. Sources: "IAM and AWS STS quotas" in the IAM user guide;
/// `Policy` of "PutKeyPolicy" in the KMS API reference.
const fn is_in_policies(character: char) -> bool {
    character <= '\u{ff}'
}
