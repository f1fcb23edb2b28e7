//! Which requests can carry which condition keys.

use crate::action::Action;

/// Condition keys that every request can carry.
///
/// Source: "AWS global condition context keys" in the IAM user guide.
const GLOBAL: &[&str] = &[
    "aws:assumedroot",
    "aws:calledvia",
    "aws:calledviafirst",
    "aws:calledvialast",
    "aws:chatbotsourcearn",
    "aws:currenttime",
    "aws:ec2instancesourceprivateipv4",
    "aws:ec2instancesourcevpc",
    "aws:epochtime",
    "aws:federatedprovider",
    "aws:ismcpserviceaction",
    "aws:multifactorauthage",
    "aws:multifactorauthpresent",
    "aws:principalaccount",
    "aws:principalarn",
    "aws:principalisawsservice",
    "aws:principalorgid",
    "aws:principalorgpaths",
    "aws:principalservicename",
    "aws:principalservicenameslist",
    "aws:principaltag/",
    "aws:principaltype",
    "aws:referer",
    "aws:requestedregion",
    "aws:requesttag/",
    "aws:resourceaccount",
    "aws:resourceorgid",
    "aws:resourceorgpaths",
    "aws:resourcetag/",
    "aws:securetransport",
    "aws:sourceaccount",
    "aws:sourcearn",
    "aws:sourceidentity",
    "aws:sourceip",
    "aws:sourceorgid",
    "aws:sourceorgpaths",
    "aws:sourceowner",
    "aws:sourcevpc",
    "aws:sourcevpce",
    "aws:tagkeys",
    "aws:tokenissuetime",
    "aws:useragent",
    "aws:userid",
    "aws:username",
    "aws:viaawsservice",
    "aws:vpceaccount",
    "aws:vpceorgid",
    "aws:vpceorgpaths",
    "aws:vpcsourceip",
];

/// Whether every request can carry this key, given in lower case.
pub fn is_global(key: &str) -> bool {
    GLOBAL.iter().any(
        |global| {
            if global.ends_with('/') { key.starts_with(global) } else { key == *global }
        },
    )
}

/// Checks whether a request for this action can carry this key. It can if the action is unknown, or if the key
/// belongs to another service: some keys come with the credentials, such as `ec2:SourceInstanceARN`.
///
/// # Errors
///
/// The keys that the request can carry besides the global ones.
pub fn carried(action: Action, key: &str) -> Result<(), Vec<&'static str>> {
    let lower = key.to_ascii_lowercase();
    let prefix = lower.split(':').next().unwrap_or_default();
    if is_global(&lower) || ![action.service(), "aws"].contains(&prefix) {
        return Ok(());
    }
    let Some((service, known)) = action.known() else { return Ok(()) };
    if service.carries(known, None, key) {
        return Ok(());
    }
    Err(service.condition_keys(known, None).into_iter().map(|key| key.name).collect())
}

/// The keys that every request can carry. A key that ends in a slash is a prefix, such as that of tags.
pub fn global() -> impl Iterator<Item = &'static str> {
    GLOBAL.iter().copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_those_of_the_action_or_of_every_request() {
        let assume = Action::new("sts:AssumeRole");
        for key in ["sts:ExternalId", "STS:externalid", "aws:SourceIp", "aws:PrincipalTag/team"] {
            assert_eq!(carried(assume, key), Ok(()), "{key}");
        }
        let known = carried(assume, "sts:External").expect_err("a misspelt key");
        assert!(known.contains(&"sts:ExternalId"), "{known:?}");
        assert!(carried(assume, "aws:SourceIpp").is_err());
        assert_eq!(carried(assume, "ec2:SourceInstanceARN"), Ok(()));
        assert_eq!(carried(Action::new("nothing:Known"), "nothing:Key"), Ok(()));
    }
}
