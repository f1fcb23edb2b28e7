//! Names for people's access: permission sets, identity providers, and the providers' claims about people.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, Error as _};

use lakewright_template::arn::ArnParts;

use super::{NameError, is_account, is_in_policies, scalars};

name!(
    /// A permission set of IAM Identity Center: 1 to 32 letters, digits and `_+=,.@-`.
    ///
    /// Source: `Name` of `CreatePermissionSet` in the IAM Identity Center API reference.
    PermissionSetName,
    "^[\\w+=,.@-]{1,32}$",
    |text| {
        (1..=32).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_+=,.@-".contains(&b))
    },
    "a permission set: expected its name, 1 to 32 letters, digits and `_+=,.@-`"
);
name!(
    /// A SAML provider of IAM: 1 to 128 letters, digits and `._-`.
    ///
    /// Source: `Name` of `CreateSAMLProvider` in the IAM API reference.
    ProviderName,
    "^[\\w.-]{1,128}$",
    |text| {
        (1..=128).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.-".contains(&b))
    },
    "a SAML provider: expected its name, 1 to 128 letters, digits and `._-`; an ARN is made of it in each environment's account"
);
name!(
    /// An OIDC provider's URL, without a port, a query and a slash at its end. Providers that IAM knows by their
    /// domains are not accepted, because trust policies for them use other condition keys.
    ///
    /// Source: `Url` of `CreateOpenIDConnectProvider` in the IAM API reference; "Available keys for AWS OIDC
    /// federation" in the IAM user guide for the domains.
    ProviderUrl,
    "^https://[a-z0-9.-]+(/[A-Za-z0-9._~-]+)*$",
    |text| text.len() <= 255 && text.strip_prefix("https://").is_some_and(is_provider),
    "an OIDC provider's URL: expected `https://`, a host in lower case and a path without a port, a query and a slash at its end; not Amazon Cognito, Facebook, Google or Login with Amazon"
);
name!(
    /// A claim of an identity provider about a person, compared exactly: 1 to 256 letters up to `ÿ`, digits, spaces
    /// and `_+=,.@:/|#-`, which policies of IAM allow. It contains no wildcards and no policy variables.
    Claim,
    "^(?! )[^\\u0000-\\u001f!\"$%&'()*;<>?\\[\\\\\\]^`{}~\\u007f\\u0100-\\uffff]{0,255}[^\\u0000-\\u0020!\"$%&'()*;<>?\\[\\\\\\]^`{}~\\u007f\\u0100-\\uffff]$",
    |text| {
        (1..=256).contains(&text.chars().count())
            && text.trim() == text
            && text.chars().all(|c| c.is_alphanumeric() || " _+=,.@:/|#-".contains(c))
            && text.chars().all(is_in_policies)
    },
    "what an identity provider says: expected 1 to 256 letters up to `ÿ`, digits, spaces and `_+=,.@:/|#-`, and no wildcard"
);

name!(
    /// The issuer of an OpenID Connect provider, as its tokens have it: 9 to 2,048 characters of a URL without a query.
    ///
    /// Source: `issuer` of `OpenIdConnectConfiguration` in the Verified Permissions API reference.
    IssuerUrl,
    "^https://[a-z0-9.-]+(:[0-9]+)?(/[A-Za-z0-9._~-]*)*$",
    |text| text.len() <= 2_048 && text.strip_prefix("https://").is_some_and(is_issuer),
    "an issuer: expected `https://`, a host in lower case and a path, as tokens have it in `iss`"
);
name!(
    /// The ARN of an Amazon Cognito user pool.
    ///
    /// Source: `userPoolArn` of `CognitoUserPoolConfiguration` in the Verified Permissions API reference.
    UserPoolArn,
    "^arn:aws[a-z-]*:cognito-idp:[a-z0-9-]+:[0-9]{12}:userpool/[A-Za-z0-9_-]+_[0-9A-Za-z]+$",
    |text| {
        text.len() <= 255
            && ArnParts::parse(text).is_some_and(|arn| {
                let pool = arn.resource.strip_prefix("userpool/").unwrap_or_default();
                arn.partition.starts_with("aws")
                    && arn.service == "cognito-idp"
                    && is_account(arn.account)
                    && pool.rsplit_once('_').is_some_and(|(region, id)| {
                        !region.is_empty()
                            && region.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b))
                            && !id.is_empty()
                            && id.bytes().all(|b| b.is_ascii_alphanumeric())
                    })
            })
    },
    "the ARN of a user pool: expected `arn:aws:cognito-idp:eu-west-1:123456789012:userpool/` and the pool's id"
);
name!(
    /// What stands before `|` in the ids of an OpenID Connect provider's users and groups: 1 to 100 letters, digits and
    /// `._:/@=+-`.
    ///
    /// Source: `entityIdPrefix` of `OpenIdConnectConfiguration` in the Verified Permissions API reference, for the length.
    EntityPrefix,
    "^[A-Za-z0-9._:/@=+-]{1,100}$",
    |text| {
        (1..=100).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._:/@=+-".contains(&b))
    },
    "a prefix of ids: expected 1 to 100 letters, digits and `._:/@=+-`"
);

impl UserPoolArn {
    /// The account of the user pool.
    pub fn account(&self) -> &str {
        ArnParts::parse(&self.0).map_or("", |arn| arn.account)
    }

    /// The id of the user pool, such as `eu-west-1_a1b2c3d4e`.
    pub fn pool(&self) -> &str {
        self.0.rsplit_once('/').map_or(self.0.as_str(), |(_, pool)| pool)
    }
}

impl ProviderUrl {
    /// The host and the path, as the provider's ARN and condition keys contain them.
    pub fn without_scheme(&self) -> &str {
        self.0.strip_prefix("https://").unwrap_or(&self.0)
    }
}

/// Whether a text is an issuer's host and path, and a port if it has one.
fn is_issuer(text: &str) -> bool {
    let (host, path) = text.split_once('/').unwrap_or((text, ""));
    let (host, port) = host.split_once(':').map_or((host, None), |(host, port)| (host, Some(port)));
    let is_part =
        |part: &str| part.bytes().all(|b| b.is_ascii_alphanumeric() || b"._~-".contains(&b));
    !host.is_empty()
        && host.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b".-".contains(&b))
        && port.is_none_or(|port| !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()))
        && path.split('/').all(is_part)
}

/// Whether a text is an identity provider's host and path.
fn is_provider(text: &str) -> bool {
    const BY_DOMAIN: [&str; 4] = [
        "accounts.google.com",
        "cognito-identity.amazonaws.com",
        "graph.facebook.com",
        "www.amazon.com",
    ];
    let (host, path) = text.split_once('/').map_or((text, None), |(host, path)| (host, Some(path)));
    let is_host = host.contains('.')
        && host.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b".-".contains(&b));
    let is_part = |part: &str| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"._~-".contains(&b))
    };
    is_host && !BY_DOMAIN.contains(&host) && path.is_none_or(|path| path.split('/').all(is_part))
}
