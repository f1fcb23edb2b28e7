//! The account of a resource, where a pattern leaves it open and a condition does not.
//!
//! A pattern for any account, such as `arn:aws:ecr:eu-west-1:*:repository/*`, is sampled with an account that no policy
//! names. That sample does not represent the accounts that a condition on `aws:ResourceAccount` names.

use std::collections::BTreeSet;

use lakewright_access::document::Condition;
use lakewright_access::pattern;
use lakewright_access::request::{Principal, Request};
use lakewright_access::sample::{self, FILL};
use lakewright_template::arn::ArnPattern;

use super::Proof;

/// The type of a bucket.
const BUCKET: &str = "AWS::S3::Bucket";

/// The condition key for the resource's account. Source: "AWS global condition context keys" in the IAM user guide.
pub(super) const KEY: &str = "aws:resourceaccount";

impl Proof<'_> {
    /// The accounts that conditions on `aws:ResourceAccount` name, in the principal's policies and in grants to it.
    /// Empty if every pattern names its account.
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

    /// The buckets of the templates that patterns match, each by itself and with an object: samples for a statement with a
    /// condition on `aws:ResourceAccount`. An ARN of S3 names no account, so a bucket that no template has fulfils none.
    pub(super) fn buckets_of_accounts(
        &self,
        conditions: &[Condition],
        patterns: &[String],
    ) -> Vec<String> {
        if !conditions.iter().any(|condition| condition.key == KEY) {
            return Vec::new();
        }
        let is_open = |pattern: &&String| {
            ArnPattern::of(pattern).service == Some("s3") && pattern.contains(['*', '?'])
        };
        let open: Vec<&String> = patterns.iter().filter(is_open).collect();
        let buckets = self.world.resources().values().filter(|one| one.kind == BUCKET);
        let all = buckets.flat_map(|one| [one.arn.clone(), format!("{}/{FILL}", one.arn)]);
        all.filter(|name| open.iter().any(|pattern| pattern::matches(pattern, name))).collect()
    }

    /// Whether the account of the request's resource may fulfil the conditions on `aws:ResourceAccount`.
    pub(super) fn is_in_account(&self, request: &Request<'_>, conditions: &[Condition]) -> bool {
        let about = conditions.iter().filter(|condition| condition.key == KEY);
        self.world.may_fulfil(request, about)
    }
}

/// The sample resources of a pattern. A pattern for any account is also sampled in each of `accounts`.
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
    // An ARN without a region is tested in the region of the stack.
    let whole = if pattern == "*" { "arn:*:*::*:*" } else { pattern };
    // The other parts stay as they are, also a wildcard in place of `arn`. Five parts are enough to have an account.
    let mut fields: Vec<&str> = whole.splitn(6, ':').collect();
    if let Some(owner) = fields.get_mut(4) {
        *owner = account;
    }
    pattern::sample(&fields.join(":"), FILL)
}
