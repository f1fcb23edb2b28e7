//! Requests: who asks to do what to which resource, and under which circumstances.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::{BitAnd, BitOr, Not};

use lakewright_template::arn::ArnPattern;
use lakewright_template::partition::Partition;

use crate::action::Action;

/// What is known of a statement's truth.
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

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Principal {
    /// A session of a role.
    Role {
        /// The role's ARN.
        arn: String,
        /// The ARN of the session, when it is known which one asks.
        session: Option<String>,
    },
    /// An IAM user, by ARN.
    User(String),
    /// An AWS service, such as `glue.amazonaws.com`, on behalf of an account.
    Service(String),
    /// Whoever an identity provider vouches for, by the provider's ARN or name.
    Federated(String),
    /// An account that S3 knows by its canonical user id.
    CanonicalUser(String),
    /// Nobody: a request without a signature.
    Anonymous,
}

impl Principal {
    /// A role.
    pub fn role(arn: impl Into<String>) -> Self {
        Self::Role { arn: arn.into(), session: None }
    }

    /// Whoever an identity provider of an account vouches for, when an ARN is that of one.
    pub fn of_provider(arn: &str) -> Option<Self> {
        let ArnPattern { service: Some("iam"), resource: Some(name), .. } = ArnPattern::of(arn)
        else {
            return None;
        };
        let is_provider =
            ["oidc-provider/", "saml-provider/"].iter().any(|start| name.starts_with(start));
        is_provider.then(|| Self::Federated(arn.to_owned()))
    }

    /// The session of a role that has a name; any other principal as it is.
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

    /// The ARN or the service's name.
    pub fn name(&self) -> &str {
        match self {
            Self::Role { arn, .. } | Self::User(arn) => arn,
            Self::Service(name) | Self::Federated(name) | Self::CanonicalUser(name) => name,
            Self::Anonymous => "*",
        }
    }

    /// The account that the principal lies in. Services and anonymous requests lie in none.
    pub fn account(&self) -> Option<&str> {
        match self {
            Self::Role { arn, .. } | Self::User(arn) => account_of(arn),
            Self::Service(_) | Self::Federated(_) | Self::CanonicalUser(_) | Self::Anonymous => {
                None
            }
        }
    }

    /// Whether no policies of its own are attached to the principal, so that a resource's policy alone decides. A
    /// canonical user has some, and nobody here knows them.
    pub(crate) const fn has_no_policies(&self) -> bool {
        !matches!(self, Self::Role { .. } | Self::User(_))
    }

    /// Whether this is a role that only a service assumes. Source: "Service control policies":
    /// they do not bind service-linked roles.
    pub fn is_service_linked(&self) -> bool {
        matches!(self, Self::Role { arn, .. } if arn.contains(":role/aws-service-role/"))
    }
}

/// The partition that an ARN names, when it names one.
pub fn partition_of(arn: &str) -> Option<&str> {
    ArnPattern::of(arn).partition.filter(|partition| !partition.is_empty())
}

/// The region that an ARN names, when it names one.
pub fn region_of(arn: &str) -> Option<&str> {
    ArnPattern::of(arn).region.filter(|region| !region.is_empty())
}

/// The account that an ARN names, when it names one.
pub fn account_of(arn: &str) -> Option<&str> {
    ArnPattern::of(arn).account.filter(|account| !account.is_empty())
}

/// The partition that a stack lies in, by its address: `account/region/name`.
pub fn partition_of_stack(address: &str) -> &'static str {
    lakewright_template::partition::Partition::of_region(
        address.split('/').nth(1).unwrap_or_default(),
    )
    .name
}

/// What the ARNs of a role's sessions begin with. They have the role's name without its path.
fn sessions_of(role: &str) -> Option<String> {
    let (stem, path) = role.split_once(":role/")?;
    let name = path.rsplit('/').next().unwrap_or(path);
    let stem = stem.replacen(":iam:", ":sts:", 1);
    Some(format!("{stem}:assumed-role/{name}/"))
}

/// Whether an ARN is the one of a session of a role.
pub(crate) fn is_session_of(arn: &str, role: &str) -> bool {
    ArnPattern::of(arn).service == Some("sts")
        && sessions_of(role).is_some_and(|sessions| arn.starts_with(&sessions))
}

/// The condition keys of a request. Keys are compared without regard to case.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Context {
    values: BTreeMap<String, Vec<String>>,
}

impl Context {
    /// No keys.
    pub const fn new() -> Self {
        Self { values: BTreeMap::new() }
    }

    /// The context with one more key.
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

    /// Takes a key away, given in lower case.
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

    /// Whether there is no key.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }
}

/// A request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request<'a> {
    /// Who asks.
    pub principal: &'a Principal,
    /// To do what.
    pub action: Action,
    /// To which resource, by ARN; `*` for actions without one.
    pub resource: &'a str,
    /// Under which circumstances. A key that is not there is not in the request.
    pub context: &'a Context,
}

/// What the model knows besides the request: where the resource lies, and the tags of both sides.
#[derive(Debug, Clone, Default)]
pub(crate) struct Facts<'a> {
    /// The account that the resource lies in.
    pub(crate) resource_account: Option<&'a str>,
    /// The principal's tags, when they are known.
    pub(crate) principal_tags: Option<&'a BTreeMap<String, String>>,
    /// The resource's tags, when the resource is one of the mesh.
    pub(crate) resource_tags: Option<&'a BTreeMap<String, String>>,
    /// Keys that follow from how a request reaches a resource, such as through an access point.
    pub(crate) derived: Option<&'a Context>,
    /// The access point through which the request comes: the principal's own policies name it, and
    /// the bucket's policy names the bucket.
    pub(crate) through: Option<&'a str>,
    /// The region of the resource, where its ARN does not name it.
    pub(crate) region: Option<&'a str>,
}

/// The values of a condition key in a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Values<'a> {
    /// The request does not carry the key.
    Absent,
    /// The request carries it, and nobody here knows its value.
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
        let one = |value: Option<&str>| match value {
            Some(value) => Values::Known(Cow::Owned(vec![value.to_owned()])),
            None => Values::Absent,
        };
        let tag = |tags: Option<&BTreeMap<String, String>>, name: &str| {
            // Keys of tags in condition keys are compared without regard to case.
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
        match key {
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
            "aws:requestedregion" => match region_of(self.resource).or(facts.region) {
                Some(region) => one(Some(region)),
                // IAM answers in one region of its partition only.
                None if ArnPattern::of(self.resource).service == Some("iam") => {
                    match partition_of(self.resource).and_then(Partition::named) {
                        Some(partition) => one(Some(partition.global_region)),
                        None => Values::Unknown,
                    }
                }
                None => Values::Unknown,
            },
            // Every request has these, and no template says which.
            "aws:currenttime"
            | "aws:epochtime"
            | "aws:principalorgid"
            | "aws:principalorgpaths"
            | "aws:resourceorgid"
            | "aws:resourceorgpaths"
            | "aws:sourceip"
            | "aws:useragent"
            | "aws:userid" => Values::Unknown,
            // Each request to assume a role names the session that it makes.
            "sts:rolesessionname" if self.action.lower().starts_with("sts:assumerole") => {
                Values::Unknown
            }
            "aws:tokenissuetime" if matches!(self.principal, Principal::Role { .. }) => {
                Values::Unknown
            }
            "s3:authtype" | "s3:signatureversion" if self.action.service() == "s3" => {
                Values::Unknown
            }
            // Source: "AWS KMS condition keys" in the KMS developer guide: of who asks, and properties of the key.
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
            // The tags of an object are in no template.
            key if key.starts_with("s3:existingobjecttag/") && self.action.service() == "s3" => {
                Values::Unknown
            }
            "aws:resourceaccount" | "s3:resourceaccount" => one(facts.resource_account),
            // Whoever does not say otherwise speaks over TLS: nothing else is made today.
            "aws:securetransport" => one(Some("true")),
            "s3:tlsversion" if self.action.service() == "s3" => one(Some("1.3")),
            "aws:viaawsservice" => one(Some("false")),
            _ => Values::Absent,
        }
    }
}

/// Keys of which the principal or the resource knows the value, whatever a request says.
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

/// The tag's name, when a key is about a tag of the resource, whatever the service calls it.
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
