//! Whom a grant or a statement is asked for, and which actions.

use std::collections::BTreeSet;

use lakewright_policies::catalogue;

use crate::action::Action;
use crate::document::{Condition, PrincipalEntry, Statement};
use crate::intended::Rule;
use crate::pattern;
use crate::request::Principal;
use crate::sample::{FILL, STRANGERS};

/// The requests' principals of a grant: the role or the service, or for an account the roles that
/// conditions name, or any role of it.
pub(super) fn principals_of_grant(arn: &str, rule: &Rule) -> Vec<Principal> {
    if !arn.starts_with("arn:") {
        return vec![Principal::Service(arn.to_owned())];
    }
    match arn.strip_suffix(":root") {
        Some(stem) => named_principals(&rule.conditions)
            .unwrap_or_else(|| vec![Principal::role(format!("{stem}:role/{FILL}"))]),
        None => vec![Principal::role(arn)],
    }
}

/// The roles that conditions on `aws:PrincipalArn` name.
pub(crate) fn named_principals(conditions: &[Condition]) -> Option<Vec<Principal>> {
    let named = conditions.iter().find(|condition| {
        condition.key == "aws:principalarn" && !condition.comparison.is_negated()
    })?;
    let roles = named.values.iter().map(|arn| Principal::role(pattern::sample(arn, FILL)));
    Some(roles.collect())
}

/// The requests' principals of a statement in a resource's policy. Those that it does not name are of the resource's
/// partition.
pub(super) fn principals_of_statement(statement: &Statement, partition: &str) -> Vec<Principal> {
    let Some(principals) = &statement.principals else { return Vec::new() };
    let named = named_principals(&statement.conditions);
    let somebody =
        |account: &str| Principal::role(format!("arn:{partition}:iam::{account}:role/{FILL}"));
    let everybody = || {
        named.clone().unwrap_or_else(|| {
            let accounts = statement.conditions.iter().filter(|condition| {
                condition.key == "aws:principalaccount" && !condition.comparison.is_negated()
            });
            let accounts = accounts.flat_map(|condition| &condition.values);
            let of_accounts = accounts.map(|account| somebody(account));
            of_accounts.chain([somebody(STRANGERS), Principal::Anonymous]).collect()
        })
    };
    if principals.is_not {
        return everybody();
    }
    let mut all = BTreeSet::new();
    for entry in &principals.entries {
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

/// The actions of a statement; patterns as every action of the catalogue that they match, and one
/// that AWS may add.
pub(crate) fn actions_of(statement: &Statement) -> Vec<Action> {
    if !statement.not_actions {
        let mut actions = statement.actions.names().to_vec();
        for pattern in statement.actions.patterns() {
            actions.extend(expand_action(pattern));
        }
        actions.sort_unstable();
        actions.dedup();
        return actions;
    }
    let all = catalogue::services().flat_map(|service| {
        let new = Action::new(&format!("{service}:{NEW}"));
        std::iter::once(new).chain(Action::all_of(service).iter().copied())
    });
    all.filter(|action| !statement.actions.contain(*action)).collect()
}

/// The name of an action that AWS may add.
const NEW: &str = "Zzsample";

fn expand_action(pattern: &str) -> Vec<Action> {
    let (service, _) = pattern.split_once(':').unwrap_or(("*", ""));
    let services: Vec<&str> = if service.contains(['*', '?']) {
        catalogue::services().filter(|prefix| pattern::matches(service, prefix)).collect()
    } else {
        vec![service]
    };
    let known = services.into_iter().flat_map(Action::all_of).copied();
    let known = known.filter(|action| pattern::matches(pattern, action.lower()));
    std::iter::once(Action::new(&pattern::sample(pattern, NEW))).chain(known).collect()
}
