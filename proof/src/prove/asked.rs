//! The principals whose requests test a grant or a statement.

use std::collections::BTreeSet;

use lakewright_access::document::{Condition, PrincipalEntry, Statement};
use lakewright_access::pattern;
use lakewright_access::request::Principal;
use lakewright_access::sample::{FILL, STRANGERS, named_principals};
use lakewright_template::arn::ArnParts;

use crate::intended::Rule;

/// The principals whose requests test a grant: the role or the service; for an identity provider, somebody whom it
/// authenticates; for an account, the roles that conditions name, else a sample role; for a pattern of roles, one
/// sample. For everybody, only the principals that conditions name, because the others are unknown.
pub(super) fn principals_of_grant(arn: &str, rule: &Rule) -> Vec<Principal> {
    if arn == "*" {
        return named_principals(&rule.conditions).unwrap_or_default();
    }
    if !arn.starts_with("arn:") {
        return vec![Principal::Service(arn.to_owned())];
    }
    if let Some(somebody) = Principal::of_provider(arn) {
        return vec![somebody];
    }
    match arn.strip_suffix(":root") {
        Some(stem) => named_principals(&rule.conditions)
            .unwrap_or_else(|| vec![Principal::role(format!("{stem}:role/{FILL}"))]),
        None => vec![Principal::role(pattern::sample(arn, FILL))],
    }
}

/// The account and name of a sample principal that the statement does not mention. The usual sample may be one that it
/// excludes.
fn stranger(statement: &Statement, partition: &str) -> (String, String) {
    const TRIES: u64 = 64;
    let usual = || (STRANGERS.to_owned(), FILL.to_owned());
    let excepted: Vec<&str> = statement
        .principals
        .iter()
        .filter(|principals| principals.is_not)
        .flat_map(|principals| &principals.entries)
        .filter_map(|entry| match entry {
            PrincipalEntry::Account(text) | PrincipalEntry::Arn(text) => Some(text.as_str()),
            _ => None,
        })
        .chain(statement.conditions.iter().flat_map(|one| &one.values).map(String::as_str))
        .collect();
    let last: u64 = STRANGERS.parse().unwrap_or_default();
    let candidates = (0..TRIES).map(|back| {
        let account = format!("{:012}", last - back);
        (account, if back == 0 { FILL.to_owned() } else { format!("zy{back}{FILL}") })
    });
    let is_unnamed = |(account, name): &(String, String)| {
        ["role", "user"].iter().all(|kind| {
            let arn = String::from(ArnParts::iam(partition, account, &format!("{kind}/{name}")));
            !excepted.iter().any(|text| pattern::matches(text, &arn) || text.contains(account))
        })
    };
    candidates.into_iter().find(is_unnamed).unwrap_or_else(usual)
}

/// Sample services for conditions that test whether the principal is an AWS service: any service, and those that
/// `aws:PrincipalServiceName` names.
fn services_of(conditions: &[Condition]) -> Vec<Principal> {
    const ANY: &str = "zz-sample.amazonaws.com";
    let of_services = |condition: &&Condition| {
        ["aws:principalisawsservice", "aws:principalservicename", "aws:principaltype"]
            .contains(&condition.key.as_str())
    };
    let mut services = Vec::new();
    for condition in conditions.iter().filter(of_services) {
        services.push(Principal::Service(ANY.to_owned()));
        if condition.key == "aws:principalservicename" {
            let named = condition.values.iter().map(|name| pattern::sample(name, FILL));
            services.extend(named.map(Principal::Service));
        }
    }
    services
}

/// The principals whose requests test a statement of a resource policy, without the entries in `said`, which grants
/// cover completely. Sample principals are in the resource's partition.
pub(super) fn principals_of_statement(
    statement: &Statement,
    partition: &str,
    said: &[PrincipalEntry],
) -> Vec<Principal> {
    let Some(principals) = &statement.principals else { return Vec::new() };
    let named = named_principals(&statement.conditions);
    let somebody =
        |account: &str| Principal::role(ArnParts::iam(partition, account, &format!("role/{FILL}")));
    let everybody = || {
        named.clone().unwrap_or_else(|| {
            let accounts = statement.conditions.iter().filter(|condition| {
                condition.key == "aws:principalaccount" && !condition.comparison.is_negated()
            });
            let accounts = accounts.flat_map(|condition| &condition.values);
            let of_accounts = accounts.map(|account| somebody(account));
            let (account, name) = stranger(statement, partition);
            let of_kind = |kind: &str| {
                String::from(ArnParts::iam(partition, &account, &format!("{kind}/{name}")))
            };
            let strangers = [
                Principal::role(of_kind("role")),
                Principal::User(of_kind("user")),
                Principal::Anonymous,
            ];
            of_accounts.chain(strangers).chain(services_of(&statement.conditions)).collect()
        })
    };
    if principals.is_not {
        return everybody();
    }
    let mut all = BTreeSet::new();
    for entry in principals.entries.iter().filter(|entry| !said.contains(entry)) {
        match entry {
            PrincipalEntry::Everyone => all.extend(everybody()),
            PrincipalEntry::Arn(arn) => {
                all.insert(Principal::role(arn.clone()));
            }
            PrincipalEntry::Service(name) => {
                all.insert(Principal::Service(name.clone()));
            }
            PrincipalEntry::Account(account) => {
                let is_of_account = |principal: &Principal| principal.account() == Some(account);
                match &named {
                    Some(named) => all.extend(named.iter().filter(|p| is_of_account(p)).cloned()),
                    None => {
                        all.insert(somebody(account));
                    }
                }
            }
            PrincipalEntry::Federated(provider) => {
                all.insert(Principal::Federated(provider.clone()));
            }
            PrincipalEntry::CanonicalUser(user) => {
                all.insert(Principal::CanonicalUser(user.clone()));
            }
        }
    }
    all.into_iter().collect()
}
