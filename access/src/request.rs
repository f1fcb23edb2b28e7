//! Requests: a principal, an action, a resource and the context.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::{BitAnd, BitOr, Not};

use lakewright_template::arn::ArnPattern;
use lakewright_template::partition::Partition;

use crate::action::Action;

/// A value of three-valued logic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the three values of three-valued logic")]
pub enum Truth {
    No,
    Unknown,
    Yes,
}

impl From<bool> for Truth {
    fn from(value: bool) -> Self {
        if value { Self::Yes } else { Self::No }
    }
}

impl BitAnd for Truth {
    type Output = Self;

    fn bitand(self, other: Self) -> Self {
        self.min(other)
    }
}

impl BitOr for Truth {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        self.max(other)
    }
}

impl Not for Truth {
    type Output = Self;

    fn not(self) -> Self {
        match self {
            Self::No => Self::Yes,
            Self::Unknown => Self::Unknown,
            Self::Yes => Self::No,
        }
    }
}

impl Truth {
    /// Whether any is true.
    pub fn any(truths: impl IntoIterator<Item = Self>) -> Self {
        truths.into_iter().max().unwrap_or(Self::No)
    }

    /// Whether all are true.
    pub fn all(truths: impl IntoIterator<Item = Self>) -> Self {
        truths.into_iter().min().unwrap_or(Self::Yes)
    }
}

/// The principal of a request.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Principal {
    /// A session of a role.
    Role {
        /// The role's ARN.
        arn: String,
        /// The ARN of the session, if known.
        session: Option<String>,
    },
    /// An IAM user, by ARN.
    User(String),
    /// An AWS service, such as `glue.amazonaws.com`, on behalf of an account.
    Service(String),
    /// An identity that a provider authenticates, by the provider's ARN or name.
    Federated(String),
    /// An account, by its canonical user ID in S3.
    CanonicalUser(String),
    /// An unsigned request.
    Anonymous,
}

impl Principal {
    /// A role, in an unknown session.
    pub fn role(arn: impl Into<String>) -> Self {
        Self::Role { arn: arn.into(), session: None }
    }

    /// The identities of an IAM identity provider; `None` if the ARN is not that of a provider.
    pub fn of_provider(arn: &str) -> Option<Self> {
        let ArnPattern { service: Some("iam"), resource: Some(name), .. } = ArnPattern::of(arn)
        else {
            return None;
        };
        let is_provider =
            ["oidc-provider/", "saml-provider/"].iter().any(|start| name.starts_with(start));
        is_provider.then(|| Self::Federated(arn.to_owned()))
    }

    /// The role in the session of this name. Other principals are returned unchanged.
    #[must_use]
    pub fn in_session(self, name: &str) -> Self {
        match self {
            Self::Role { arn, .. } => {
                let session = sessions_of(&arn).map(|sessions| format!("{sessions}{name}"));
                Self::Role { arn, session }
            }
            other => other,
        }
    }

    /// The ARN, the service's name, or `*` for an anonymous request.
    pub fn name(&self) -> &str {
        match self {
            Self::Role { arn, .. } | Self::User(arn) => arn,
            Self::Service(name) | Self::Federated(name) | Self::CanonicalUser(name) => name,
            Self::Anonymous => "*",
        }
    }

    /// The account of a role or user; `None` for all other principals.
    pub fn account(&self) -> Option<&str> {
        match self {
            Self::Role { arn, .. } | Self::User(arn) => account_of(arn),
            Self::Service(_) | Self::Federated(_) | Self::CanonicalUser(_) | Self::Anonymous => {
                None
            }
        }
    }

    /// Whether no identity policies are attached to the principal, so that the resource policy alone decides. A
    /// canonical user has identity policies, but they are unknown.
    pub(crate) const fn has_no_policies(&self) -> bool {
        !matches!(self, Self::Role { .. } | Self::User(_))
    }

    /// Whether this is a service-linked role. Source: "Service control policies": they do not restrict
    /// service-linked roles.
    pub fn is_service_linked(&self) -> bool {
        matches!(self, Self::Role { arn, .. } if arn.contains(":role/aws-service-role/"))
    }
}

/// The partition in an ARN, if it has one.
pub fn partition_of(arn: &str) -> Option<&str> {
    ArnPattern::of(arn).partition.filter(|partition| !partition.is_empty())
}

/// The region in an ARN, if it has one.
pub fn region_of(arn: &str) -> Option<&str> {
    ArnPattern::of(arn).region.filter(|region| !region.is_empty())
}

/// The account in an ARN, if it has one.
pub fn account_of(arn: &str) -> Option<&str> {
    ArnPattern::of(arn).account.filter(|account| !account.is_empty())
}

/// The partition of a stack, from its address `account/region/name`.
pub fn partition_of_stack(address: &str) -> &'static str {
    lakewright_template::partition::Partition::of_region(
        address.split('/').nth(1).unwrap_or_default(),
    )
    .name
}

/// The common prefix of the ARNs of a role's sessions. They contain the role's name without its path.
fn sessions_of(role: &str) -> Option<String> {
    let (stem, path) = role.split_once(":role/")?;
    let name = path.rsplit('/').next().unwrap_or(path);
    let stem = stem.replacen(":iam:", ":sts:", 1);
    Some(format!("{stem}:assumed-role/{name}/"))
}

/// Whether the ARN is that of a session of this role.
pub(crate) fn is_session_of(arn: &str, role: &str) -> bool {
    ArnPattern::of(arn).service == Some("sts")
        && sessions_of(role).is_some_and(|sessions| arn.starts_with(&sessions))
}

/// The condition keys of a request, compared case-insensitively.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Context {
    values: BTreeMap<String, Vec<String>>,
}

impl Context {
    /// A context without keys.
    pub const fn new() -> Self {
        Self { values: BTreeMap::new() }
    }

    /// Adds one key to the context.
    #[must_use]
    pub fn with(mut self, key: &str, values: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.set(key, values);
        self
    }

    /// Sets a key.
    pub fn set(&mut self, key: &str, values: impl IntoIterator<Item = impl Into<String>>) {
        let values = values.into_iter().map(Into::into).collect();
        self.values.insert(key.to_ascii_lowercase(), values);
    }

    /// Removes a key, given in lower case.
    pub fn remove(&mut self, key: &str) {
        self.values.remove(key);
    }

    /// The values of a key, given in lower case.
    pub fn get(&self, key: &str) -> Option<&[String]> {
        self.values.get(key).map(Vec::as_slice)
    }

    /// Each key, in lower case, with its values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[String])> {
        self.values.iter().map(|(key, values)| (key.as_str(), values.as_slice()))
    }

    /// Whether the context has no keys.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }
}

/// A request to authorize.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request<'a> {
    /// The principal that sends the request.
    pub principal: &'a Principal,
    /// The requested action.
    pub action: Action,
    /// The ARN of the resource; `*` for actions without one.
    pub resource: &'a str,
    /// The condition keys. The request lacks any key that is not listed and not derived from the principal or
    /// resource.
    pub context: &'a Context,
}

/// Facts about a request besides its own fields: the resource's location, and the tags of principal and resource.
#[derive(Debug, Clone, Default)]
pub(crate) struct Facts<'a> {
    /// The account of the resource.
    pub(crate) resource_account: Option<&'a str>,
    /// The principal's tags, if known.
    pub(crate) principal_tags: Option<&'a BTreeMap<String, String>>,
    /// The resource's tags, if the mesh defines the resource.
    pub(crate) resource_tags: Option<&'a BTreeMap<String, String>>,
    /// Keys that depend on the access path, such as an access point.
    pub(crate) derived: Option<&'a Context>,
    /// The access point of the request. The principal's own policies name the access point, and the bucket policy
    /// names the bucket.
    pub(crate) through: Option<&'a str>,
    /// The region of the resource, if its ARN has none.
    pub(crate) region: Option<&'a str>,
}

/// The values of a condition key in a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Values<'a> {
    /// The request does not carry the key.
    Absent,
    /// The request carries the key with an unknown value.
    Unknown,
    /// The request carries it with these values.
    Known(Cow<'a, [String]>),
}

impl Request<'_> {
    /// The values of a condition key, given in lower case.
    pub(crate) fn values<'s>(&'s self, key: &str, facts: &'s Facts<'_>) -> Values<'s> {
        if let Some(values) = self.context.get(key) {
            return Values::Known(Cow::Borrowed(values));
        }
        if let Some(values) = facts.derived.and_then(|derived| derived.get(key)) {
            return Values::Known(Cow::Borrowed(values));
        }
        let tag = |tags: Option<&BTreeMap<String, String>>, name: &str| {
            // Tag keys in condition keys are case-insensitive.
            let found = tags.and_then(|tags| {
                tags.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
            });
            one(found.map(String::as_str))
        };
        if let Some(name) = key.strip_prefix("aws:principaltag/") {
            return tag(facts.principal_tags, name);
        }
        if let Some(name) = tag_of_resource(key) {
            return tag(facts.resource_tags, name);
        }
        self.of_principal(key).unwrap_or_else(|| self.of_request(key, facts))
    }

    /// The value of a key about the principal. None for another key.
    fn of_principal(&self, key: &str) -> Option<Values<'static>> {
        Some(match key {
            "aws:principalarn" => match self.principal {
                Principal::Role { arn, .. } | Principal::User(arn) => one(Some(arn)),
                Principal::Federated(_) | Principal::CanonicalUser(_) => Values::Unknown,
                Principal::Service(_) | Principal::Anonymous => Values::Absent,
            },
            "aws:principalaccount" if matches!(self.principal, Principal::CanonicalUser(_)) => {
                Values::Unknown
            }
            "aws:principalaccount" => one(self.principal.account()),
            "aws:principaltype" => match self.principal {
                Principal::Role { .. } => one(Some("AssumedRole")),
                Principal::User(_) => one(Some("User")),
                Principal::Service(_) => one(Some("Service")),
                Principal::Anonymous => one(Some("Anonymous")),
                Principal::Federated(_) | Principal::CanonicalUser(_) => Values::Unknown,
            },
            "aws:principalisawsservice" => {
                one(Some(if matches!(self.principal, Principal::Service(_)) {
                    "true"
                } else {
                    "false"
                }))
            }
            "aws:principalservicename" => match self.principal {
                Principal::Service(name) => one(Some(name)),
                _ => Values::Absent,
            },
            "aws:tokenissuetime" if matches!(self.principal, Principal::Role { .. }) => {
                Values::Unknown
            }
            _ => return None,
        })
    }

    /// The value of a key about the action, the resource or the connection.
    fn of_request(&self, key: &str, facts: &Facts<'_>) -> Values<'static> {
        match key {
            "aws:requestedregion" => match region_of(self.resource).or(facts.region) {
                Some(region) => one(Some(region)),
                // IAM has one region per partition.
                None if ArnPattern::of(self.resource).service == Some("iam") => {
                    match partition_of(self.resource).and_then(Partition::named) {
                        Some(partition) => one(Some(partition.global_region)),
                        None => Values::Unknown,
                    }
                }
                None => Values::Unknown,
            },
            // Every request carries these keys, but templates do not determine their values.
            "aws:currenttime"
            | "aws:epochtime"
            | "aws:principalorgid"
            | "aws:principalorgpaths"
            | "aws:resourceorgid"
            | "aws:resourceorgpaths"
            | "aws:sourceip"
            | "aws:useragent"
            | "aws:userid" => Values::Unknown,
            // Every request to assume a role names a session.
            "sts:rolesessionname" if self.action.lower().starts_with("sts:assumerole") => {
                Values::Unknown
            }
            "s3:authtype" | "s3:signatureversion" if self.action.service() == "s3" => {
                Values::Unknown
            }
            // Source: "AWS KMS condition keys" in the KMS developer guide: the caller's account, and properties of
            // the key.
            "kms:calleraccount" if self.action.service() == "kms" => one(self.principal.account()),
            "kms:encryptionalgorithm"
            | "kms:keyorigin"
            | "kms:keyspec"
            | "kms:keyusage"
            | "kms:multiregion"
                if self.action.service() == "kms" =>
            {
                Values::Unknown
            }
            // Templates do not contain object tags.
            key if key.starts_with("s3:existingobjecttag/") && self.action.service() == "s3" => {
                Values::Unknown
            }
            "aws:resourceaccount" | "s3:resourceaccount" => one(facts.resource_account),
            // Requests are assumed to use TLS, in its newest version, unless the context says otherwise.
            "aws:securetransport" => one(Some("true")),
            "s3:tlsversion" if self.action.service() == "s3" => one(Some("1.3")),
            "aws:viaawsservice" => one(Some("false")),
            _ => Values::Absent,
        }
    }
}

/// A single value, or none.
fn one(value: Option<&str>) -> Values<'static> {
    match value {
        Some(value) => Values::Known(Cow::Owned(vec![value.to_owned()])),
        None => Values::Absent,
    }
}

/// Keys whose value is determined by the principal or the resource, not by the request.
pub fn is_told(key: &str) -> bool {
    const OF_PRINCIPAL: [&str; 5] = [
        "aws:principalaccount",
        "aws:principalarn",
        "aws:principalisawsservice",
        "aws:principalservicename",
        "aws:principaltype",
    ];
    key.contains("resourcetag/")
        || key == "kms:resourcealiases"
        || key.starts_with("aws:principaltag/")
        || OF_PRINCIPAL.contains(&key)
}

/// The tag's name, if the key refers to a tag of the resource under any service's prefix.
fn tag_of_resource(key: &str) -> Option<&str> {
    [
        "aws:resourcetag/",
        "iam:resourcetag/",
        "s3:buckettag/",
        "secretsmanager:resourcetag/",
        "ssm:resourcetag/",
        "sagemaker:resourcetag/",
    ]
    .iter()
    .find_map(|prefix| key.strip_prefix(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn iam_is_asked_in_the_one_region_of_its_partition() {
        let (principal, context) = (Principal::Anonymous, Context::new());
        // Source: `credentialScope` of `iam` in `endpoints.json` of botocore 1.44.8.
        for (partition, region) in [
            ("aws", Some("us-east-1")),
            ("aws-cn", Some("cn-north-1")),
            ("aws-us-gov", Some("us-gov-west-1")),
            ("aws-elsewhere", None),
        ] {
            let resource = format!("arn:{partition}:iam::111122223333:role/r");
            let request = Request {
                principal: &principal,
                action: Action::new("iam:GetRole"),
                resource: &resource,
                context: &context,
            };
            let facts = Facts::default();
            match (request.values("aws:requestedregion", &facts), region) {
                (Values::Known(found), Some(region)) => assert_eq!(found[..], [region.to_owned()]),
                (Values::Unknown, None) => {}
                _ => panic!("{partition}"),
            }
        }
    }
}
