//! Whose a resource is, where a pattern leaves it open and a condition does not.
//!
//! A pattern of any account, such as `arn:aws:ecr:eu-west-1:*:repository/*`, is sampled in an account that no policy names.
//! Where a condition on `aws:ResourceAccount` tells accounts apart, that sample does not stand for those that it names.

use std::collections::BTreeSet;

use lakewright_access::document::Condition;
use lakewright_access::pattern;
use lakewright_access::request::{Principal, Request};
use lakewright_access::sample::{self, FILL};
use lakewright_template::arn::ArnPattern;

use super::Proof;

/// The account that a resource lies in. Source: "AWS global condition context keys" in the IAM user guide.
const KEY: &str = "aws:resourceaccount";

impl Proof<'_> {
    /// The accounts that a policy of the principal, or a grant to it, tells apart; none where each pattern names its account.
    pub(super) fn accounts_told_apart(
        &self,
        principal: &Principal,
        patterns: &[String],
    ) -> BTreeSet<String> {
        if !patterns.iter().any(|pattern| is_of_any_account(pattern)) {
            return BTreeSet::new();
        }
        let role = self.world.roles().get(principal.name());
        let boundary = role.and_then(|role| self.world.managed().get(role.boundary.as_ref()?));
        let documents = role.into_iter().flat_map(|role| &role.identity).chain(boundary);
        let given = documents.flat_map(|document| &document.statements).map(|one| &one.conditions);
        let asked = self.intended.rules_of(principal.name()).iter().map(|rule| &rule.conditions);
        let told = given.chain(asked).flatten().filter(|condition| condition.key == KEY);
        let named = told.flat_map(|condition| &condition.values);
        named.map(|value| pattern::sample(value, FILL)).collect()
    }

    /// Whether a request is about the accounts that conditions ask for.
    pub(super) fn is_in_account(&self, request: &Request<'_>, conditions: &[Condition]) -> bool {
        let about = conditions.iter().filter(|condition| condition.key == KEY);
        self.world.may_fulfil(request, about)
    }
}

/// The sample resources of a pattern; one that is of any account is also sampled in each of these.
pub(super) fn samples(pattern: &str, with_empty: bool, accounts: &BTreeSet<String>) -> Vec<String> {
    let mut samples = sample::resources(pattern, with_empty);
    if is_of_any_account(pattern) {
        samples.extend(accounts.iter().map(|account| in_account(pattern, account)));
    }
    samples
}

fn is_of_any_account(pattern: &str) -> bool {
    pattern == "*" || ArnPattern::of(pattern).account.is_some_and(|account| account.contains('*'))
}

/// A sample of a pattern in one account.
fn in_account(pattern: &str, account: &str) -> String {
    // A request that names no region is asked for in the one that the grant is deployed to.
    let whole = if pattern == "*" { "arn:*:*::*:*" } else { pattern };
    // A first part that is a wildcard is written again as it was, and five parts are enough for an account.
    let mut fields: Vec<&str> = whole.splitn(6, ':').collect();
    if let Some(owner) = fields.get_mut(4) {
        *owner = account;
    }
    pattern::sample(&fields.join(":"), FILL)
}
