//! Names for people's access: permission sets, identity providers, and the providers' claims about people.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, Error as _};

use super::{NameError, is_in_policies, scalars};

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

impl ProviderUrl {
    /// The host and the path, as the provider's ARN and condition keys contain them.
    pub fn without_scheme(&self) -> &str {
        self.0.strip_prefix("https://").unwrap_or(&self.0)
    }
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
