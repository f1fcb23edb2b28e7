//! Rules on the principals that statements name.

use lakewright_access::document::{Condition, PrincipalEntry, Statement};
use lakewright_access::request::account_of;
use lakewright_template::arn::ArnParts;
use lakewright_template::partition::{Partition, service_of};
use lakewright_template::resolve::UNKNOWN;

use super::{DocumentKind, Guardrail};

/// Condition keys that state on whose behalf a service acts.
const SOURCES: [&str; 9] = [
    "aws:sourceaccount",
    "aws:sourcearn",
    "aws:sourceorgid",
    "aws:sourceorgpaths",
    "aws:sourceowner",
    "kms:calleraccount",
    "kms:encryptioncontext:",
    "kms:viaservice",
    "sts:externalid",
];

/// Condition keys that restrict a statement for everybody to known principals, if their values are fixed.
///
/// Source: "Blocking public access to your Amazon S3 storage", the meaning of "public", in the S3 user guide; and the
/// equivalent keys of other services.
const LIMITS: [&str; 16] = [
    "aws:principalaccount",
    "aws:principalarn",
    "aws:principalorgid",
    "aws:principalorgpaths",
    "aws:sourceaccount",
    "aws:sourcearn",
    "aws:sourceip",
    "aws:sourceowner",
    "aws:sourcevpc",
    "aws:sourcevpce",
    "aws:userid",
    "elasticfilesystem:accessedviamounttarget",
    "kms:calleraccount",
    "s3:dataaccesspointaccount",
    "s3:dataaccesspointarn",
    "s3:x-amz-server-side-encryption-aws-kms-key-id",
];

/// Canonical user IDs of AWS services: of ElastiCache, which exports backups into buckets. Source: "Exporting a backup"
/// in the Amazon ElastiCache user guide.
const OF_SERVICES: [&str; 1] = ["540804c33a284a299d2547575ce1010f2312ef3da9b3a053c8bc45bf233e4353"];

/// Assumes roles only for instances of the role's own account, and sends no source key.
const WITHOUT_SOURCE: &str = "ec2.amazonaws.com";

pub(super) fn check(
    statement: &Statement,
    kind: DocumentKind,
    report: &mut impl FnMut(Guardrail, String),
) {
    let Some(principals) = &statement.principals else {
        if matches!(kind, DocumentKind::Key | DocumentKind::Resource | DocumentKind::Trust) {
            let message = "got a statement without a principal, expected `Principal`: the policy of a resource says who";
            report(Guardrail::MalformedPolicy, message.to_owned());
        }
        return;
    };
    if matches!(kind, DocumentKind::Boundary | DocumentKind::Identity) {
        let message =
            "got a principal, expected none: a policy that is attached to somebody names nobody";
        report(Guardrail::MalformedPolicy, message.to_owned());
    }
    for entry in &principals.entries {
        if let Some((got, expected)) = malformed(entry) {
            let message = format!("got the principal `{got}`, expected {expected}");
            report(Guardrail::MalformedPolicy, message);
        }
    }
    if principals.is_not || !statement.is_allow {
        return;
    }
    for entry in &principals.entries {
        match entry {
            PrincipalEntry::Everyone => {
                let mut limits = statement.conditions.iter().filter(|one| says_who(one)).peekable();
                if limits.peek().is_none() {
                    let message = "got everybody, expected principals or a condition that says who";
                    report(Guardrail::WildcardPrincipal, message.to_owned());
                } else if matches!(kind, DocumentKind::Key | DocumentKind::Trust)
                    && limits.all(|one| one.key.starts_with("aws:principalorg"))
                {
                    let message = "got everybody in an organization, expected accounts or roles, such as by aws:PrincipalAccount or aws:PrincipalArn";
                    report(Guardrail::OpenOrganization, message.to_owned());
                }
            }
            PrincipalEntry::Service(service) => {
                // Some services send a source key only in some requests, so `IfExists` is accepted.
                let has_source = statement.conditions.iter().any(|condition| {
                    SOURCES.iter().any(|source| condition.key.starts_with(source))
                        && condition.limits()
                });
                let is_needed =
                    kind != DocumentKind::Trust || service_of(service) != WITHOUT_SOURCE;
                if !has_source && is_needed {
                    let message = format!(
                        "{service} may do this for any account; expected a condition on aws:SourceAccount or aws:SourceArn"
                    );
                    report(Guardrail::ServiceWithoutSource, message);
                }
            }
            PrincipalEntry::Federated(provider) => {
                if !is_held(provider, statement) {
                    let message = format!(
                        "whoever {provider} vouches for may do this; expected a condition on the token's subject (`:sub`) that names one owner, or for a provider of one application on its audience"
                    );
                    report(Guardrail::OpenFederation, message);
                }
            }
            PrincipalEntry::CanonicalUser(id)
                if malformed(entry).is_none()
                    && !id.contains(UNKNOWN)
                    && !OF_SERVICES.contains(&id.as_str()) =>
            {
                let message = format!(
                    "got the canonical user {id}, which tells nobody whose account it is; expected the ARN of an account, a role or a user"
                );
                report(Guardrail::CanonicalUser, message);
            }
            PrincipalEntry::Account(_)
            | PrincipalEntry::Arn(_)
            | PrincipalEntry::CanonicalUser(_) => {}
        }
    }
}

/// Whether a key belongs to the statement's identity provider: the provider's host and path, then a claim of its
/// tokens.
///
/// Source: "Available keys for AWS OIDC federation" in the IAM user guide.
pub(super) fn is_of_provider(statement: &Statement, key: &str) -> bool {
    let Some((of, _)) = key.rsplit_once(':') else { return false };
    let is_it = |provider: &str| {
        let host = provider.split_once(":oidc-provider/").map(|(_, host)| host);
        host.is_some_and(|host| host.eq_ignore_ascii_case(of))
    };
    let mut entries = statement.principals.iter().flat_map(|principals| &principals.entries);
    entries.any(|entry| matches!(entry, PrincipalEntry::Federated(provider) if is_it(provider)))
}

/// Whether a trust statement restricts an identity provider to one owner's identities. A SAML provider, or that of an
/// EKS cluster, belongs to one account: a SAML condition or a subject is enough. Other providers authenticate
/// identities of many owners; for some of them the audience identifies one application.
///
/// Source: "Identity provider controls for shared OIDC providers" and "Available keys for AWS web identity federation" in
/// the IAM user guide.
fn is_held(provider: &str, statement: &Statement) -> bool {
    const OF_ONE_APPLICATION: [&str; 4] = [
        "accounts.google.com",
        "cognito-identity.amazonaws.com",
        "graph.facebook.com",
        "www.amazon.com",
    ];
    if provider.contains(UNKNOWN) {
        return true;
    }
    // The audience shows whether an assertion was made for another recipient. Source: "Creating a role for SAML 2.0
    // federation" in the IAM user guide.
    if provider.contains(":saml-provider/") {
        return statement.conditions.iter().any(|one| one.key.starts_with("saml:") && one.limits());
    }
    let host = provider.split_once(":oidc-provider/").map_or(provider, |(_, host)| host);
    let is_cluster = host.starts_with("oidc.eks.");
    statement.conditions.iter().any(|condition| {
        let is_of_application = OF_ONE_APPLICATION.contains(&host)
            && condition.key.starts_with(&format!("{host}:"))
            && condition.limits();
        is_of_application || names_subject(condition, is_cluster)
    })
}

/// Whether a condition restricts the subject of an identity provider to one owner. The owner follows the first word and
/// ends at a slash or a colon, as in `repo:OWNER/NAME:*` and `organization:OWNER:project:*`.
fn names_subject(condition: &Condition, is_cluster: bool) -> bool {
    let is_wide = |value: &String| {
        let (word, name) = value.split_once(':').unwrap_or(("", value));
        let owner = name.split(['/', ':']).next().unwrap_or_default();
        [word, owner].iter().any(|part| part.contains(['*', '?']))
    };
    condition.key.ends_with(":sub")
        && condition.limits()
        && (is_cluster || !condition.values.iter().any(is_wide))
}

/// The text of a principal that IAM would reject, and the expected form.
pub(super) fn malformed(entry: &PrincipalEntry) -> Option<(&str, &'static str)> {
    let (text, is_fine, expected) = match entry {
        PrincipalEntry::Everyone => return None,
        PrincipalEntry::Account(text) => (text, is_account(text), "an account's 12 digits"),
        PrincipalEntry::Arn(text) => (
            text,
            is_of_aws(text),
            "an account's 12 digits, or the ARN of an account, a role, a user or a session without wildcards",
        ),
        PrincipalEntry::Service(text) => (
            text,
            text.contains('.') && !text.contains(['*', '?', ' ']),
            "a service such as `glue.amazonaws.com`",
        ),
        PrincipalEntry::Federated(text) => (
            text,
            !text.is_empty() && !text.contains(['*', '?']),
            "an identity provider, by its ARN or domain",
        ),
        PrincipalEntry::CanonicalUser(text) => (
            text,
            text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit()),
            "a canonical user id of 64 hexadecimal digits",
        ),
    };
    // An empty text comes from a parameter left empty, which a template condition guards.
    let is_known = !text.contains(UNKNOWN) && !text.is_empty();
    (!is_fine && is_known).then_some((text.as_str(), expected))
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|one| one.is_ascii_digit())
}

/// Whether a text is a valid AWS principal: an ARN of IAM or STS, or the unique id of a deleted role or user.
fn is_of_aws(text: &str) -> bool {
    let is_unique_id = text.len() >= 16
        && text.starts_with('A')
        && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    let is_known = |text: &str, is_fine: bool| is_fine || text.contains(UNKNOWN);
    let is_arn = match ArnParts::parse(text) {
        Some(ArnParts {
            partition,
            service: service @ ("iam" | "sts"),
            region: "",
            account,
            resource,
        }) => {
            let kind = resource.split_once('/').map(|(kind, _)| kind).unwrap_or_default();
            let kinds: &[&str] = if service == "iam" {
                &["role", "user"]
            } else {
                &["assumed-role", "federated-user"]
            };
            is_known(partition, Partition::named(partition).is_some())
                // CloudFront's origin access identities are users of an account named `cloudfront`.
                && is_known(account, is_account(account) || account == "cloudfront")
                && is_known(resource, kinds.contains(&kind))
                && !text.contains(['*', '?'])
        }
        _ => false,
    };
    is_unique_id || is_arn
}

/// Whether a condition restricts everybody to known principals or networks, by a key with fixed values.
fn says_who(condition: &Condition) -> bool {
    condition.limits()
        && !condition.if_exists
        && LIMITS.contains(&condition.key.as_str())
        && condition.values.iter().all(|value| is_fixed(&condition.key, value))
}

/// Whether a value identifies one principal or resource, or those of one account or network.
pub(super) fn is_fixed(key: &str, value: &str) -> bool {
    let has_wildcard = |text: &str| text.contains(['*', '?']) || text.contains("${");
    match key {
        "aws:sourceip" => is_narrow_network(value),
        "aws:principalarn" | "aws:sourcearn" | "s3:dataaccesspointarn" => {
            match account_of(value) {
                Some(account) => !has_wildcard(account),
                // The ARN of a bucket contains no account.
                None => !has_wildcard(value),
            }
        }
        _ => !has_wildcard(value),
    }
}

/// Whether a network is small enough to belong to one owner: a prefix of at least 8 bits for public IPv4 and 32 bits
/// for IPv6 addresses. Private networks always are.
fn is_narrow_network(value: &str) -> bool {
    let (address, bits) = value.split_once('/').unwrap_or((value, "128"));
    let Ok(bits) = bits.parse::<u32>() else { return true };
    match address.parse() {
        Ok(std::net::IpAddr::V4(address)) => bits >= 8 || address.is_private(),
        Ok(std::net::IpAddr::V6(_)) => bits >= 32,
        Err(_) => true,
    }
}
