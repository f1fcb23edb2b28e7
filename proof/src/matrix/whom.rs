//! The principals that a resource's own policy names.

use std::collections::{BTreeMap, BTreeSet};

use lakewright_access::document::{Comparison, Condition, PrincipalEntry, Statement};
use lakewright_access::request::Principal;
use lakewright_access::sample::named_principals;
use lakewright_template::arn::ArnParts;

use super::Index;

/// The principals of a statement.
#[derive(Default)]
pub(super) struct Whom<'w> {
    /// The principals that it names, or that its conditions name.
    pub(super) principals: Vec<Principal>,
    /// The accounts that it delegates the decision to: the policies of their roles decide.
    pub(super) accounts: BTreeSet<&'w str>,
}

impl<'w> Index<'w> {
    /// The principals of a statement for a resource of `account`.
    pub(super) fn whom(
        &self,
        statement: &'w Statement,
        partition: &str,
        account: &str,
    ) -> Whom<'w> {
        let mut whom = Whom::default();
        let Some(principals) = &statement.principals else { return whom };
        // `NotPrincipal` counts as everybody; the decision on each request excludes the named
        // principals.
        let everyone = [PrincipalEntry::Everyone];
        let entries = if principals.is_not { &everyone[..] } else { &principals.entries };
        let conditions = &statement.conditions;
        for entry in entries {
            match entry {
                PrincipalEntry::Arn(arn) => whom.principals.push(Principal::role(arn.clone())),
                PrincipalEntry::Service(name) => {
                    whom.principals.push(Principal::Service(name.clone()));
                }
                PrincipalEntry::Account(named) => {
                    if !self.add_known(conditions, Some(named), &mut whom) && named != account {
                        self.add_account(partition, named, &mut whom);
                    }
                }
                PrincipalEntry::Everyone => {
                    if self.add_known(conditions, None, &mut whom) {
                        continue;
                    }
                    let accounts: Vec<&String> = accounts_of(conditions).collect();
                    if accounts.is_empty() {
                        whom.principals.push(Principal::Anonymous);
                        whom.accounts.extend(self.by_account.keys().copied());
                    }
                    for named in accounts {
                        // In the same account the resource's policy is enough.
                        match self.by_account.get(named.as_str()).filter(|_| named == account) {
                            Some(own) => {
                                let roles = own.roles.iter().map(|role| role.arn.clone());
                                whom.principals.extend(roles.map(Principal::role));
                            }
                            None => self.add_account(partition, named, &mut whom),
                        }
                    }
                }
                PrincipalEntry::Federated(provider) => {
                    whom.principals.push(Principal::Federated(provider.clone()));
                }
                PrincipalEntry::CanonicalUser(user) => {
                    whom.principals.push(Principal::CanonicalUser(user.clone()));
                }
            }
        }
        whom
    }

    /// Adds the roles that conditions name by ARN or by tag. Returns whether the conditions name
    /// any.
    fn add_known(
        &self,
        conditions: &[Condition],
        account: Option<&str>,
        whom: &mut Whom<'w>,
    ) -> bool {
        if let Some(named) = named_principals(conditions) {
            let is_there = |principal: &Principal| {
                account.is_none_or(|account| principal.account() == Some(account))
            };
            whom.principals.extend(named.into_iter().filter(is_there));
            return true;
        }
        let tags: Vec<(&str, BTreeSet<&str>)> = conditions.iter().filter_map(tag_of).collect();
        // The tags of roles are unknown in an account without templates.
        let is_known = account.is_none_or(|account| self.by_account.contains_key(account));
        if tags.is_empty() || !is_known {
            return false;
        }
        let accounts: BTreeSet<&str> = match account {
            Some(account) => BTreeSet::from([account]),
            None => accounts_of(conditions).map(String::as_str).collect(),
        };
        let has = |own: &BTreeMap<String, String>| {
            tags.iter().all(|(name, values)| {
                own.iter().any(|(key, value)| {
                    key.eq_ignore_ascii_case(name) && values.contains(value.as_str())
                })
            })
        };
        for (account, of_account) in &self.by_account {
            if accounts.is_empty() || accounts.contains(account) {
                let tagged = of_account.roles.iter().filter(|role| has(&role.tags));
                whom.principals.extend(tagged.map(|role| Principal::role(role.arn.clone())));
            }
        }
        true
    }

    /// Delegates the decision to an account. An account without templates is represented by its
    /// root ARN.
    fn add_account(&self, partition: &str, account: &str, whom: &mut Whom<'w>) {
        if let Some((known, _)) = self.by_account.get_key_value(account) {
            whom.accounts.insert(known);
        } else {
            let root = ArnParts::iam(partition, account, "root");
            whom.principals.push(Principal::User(root.into()));
        }
    }
}

/// The accounts that conditions on `aws:PrincipalAccount` allow.
fn accounts_of(conditions: &[Condition]) -> impl Iterator<Item = &String> {
    let of = conditions.iter().filter(|condition| {
        condition.key == "aws:principalaccount" && !condition.comparison.is_negated()
    });
    of.flat_map(|condition| &condition.values)
}

/// The principal tag that a condition requires, with the allowed values.
fn tag_of(condition: &Condition) -> Option<(&str, BTreeSet<&str>)> {
    let name = condition.key.strip_prefix("aws:principaltag/")?;
    let is_equal = matches!(condition.comparison, Comparison::StringEquals { not: false, .. });
    let is_plain =
        !condition.if_exists && !condition.values.iter().any(|value| value.contains("${"));
    (is_equal && is_plain).then(|| (name, condition.values.iter().map(String::as_str).collect()))
}
