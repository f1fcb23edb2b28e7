//! Sample requests: a finite set of requests that represents all requests that a statement covers.
//!
//! Each `*` is replaced by a text that no policy contains and that is longer than the gaps of other patterns. Another
//! pattern matches such a sample only if it matches everything that the first pattern matches, so comparing samples
//! compares the patterns. Conditions are sampled by their values: each alternative once, without keys that the
//! statement does not use.

mod asked;

use std::collections::BTreeMap;

use lakewright_template::arn::ArnParts;

use crate::action::Action;
use crate::condition::holds;
use crate::document::{Comparison, Condition, Qualifier};
use crate::lake::CELLS;
use crate::pattern;
use crate::request::{Context, Facts, Principal, Request, Truth, partition_of};
pub use asked::{actions_of, named_principals, names_exactly, shown};

/// The text that replaces each `*`.
pub const FILL: &str = "zz~sample~zz";
/// An account outside of the mesh.
pub const STRANGERS: &str = "999999999999";

/// The sample ARNs of a pattern. `with_empty` adds the one where each `*` is empty; this is needed for only one action
/// of a statement.
pub fn resources(pattern: &str, with_empty: bool) -> Vec<String> {
    if pattern == "*" {
        return vec!["*".to_owned()];
    }
    if !pattern.contains(['*', '?']) {
        return vec![pattern.to_owned()];
    }
    let mut samples = vec![pattern::sample(pattern, FILL)];
    if with_empty {
        samples.push(pattern::sample(&in_an_account(pattern), ""));
    }
    samples
}

/// The pattern with a wildcard account replaced by one that no policy names. Among the resources of patterns, only
/// buckets and objects have ARNs without an account: see "Amazon Resource Names (ARNs)" in the IAM user guide.
fn in_an_account(pattern: &str) -> String {
    // A pattern whose service is a wildcard, or with fewer than six fields, is returned unchanged.
    let mut fields: Vec<&str> = pattern.splitn(6, ':').collect();
    if let [_, _, service, _, account @ "*", _] = fields.as_mut_slice()
        && !service.contains(['*', '?'])
        && *service != "s3"
    {
        *account = FILL;
    }
    fields.join(":")
}

/// Whether the key's value follows from the principal or the resource, so that the requester cannot choose it.
/// Organization keys are not derived: templates do not state the principal's organization, so it may be any that a
/// condition names.
pub fn is_derived(key: &str) -> bool {
    let is_of_principal = key.starts_with("aws:principal") && !key.starts_with("aws:principalorg");
    is_of_principal || key == "aws:resourceaccount"
}

/// The maximum number of contexts for a statement.
const MOST: usize = 4_096;

/// Sample contexts for requests that meet the conditions: one for each combination of values of the keys. Empty if no
/// request meets them or if there are too many combinations.
pub fn contexts(conditions: &[Condition], expand: impl Fn(&str, &str) -> String) -> Vec<Context> {
    let mut keys: BTreeMap<&str, Vec<&Condition>> = BTreeMap::new();
    for condition in conditions.iter().filter(|condition| !is_derived(&condition.key)) {
        keys.entry(&condition.key).or_default().push(condition);
    }
    let mut base = Context::new();
    // A variable that only the request determines gets the same text everywhere.
    for condition in conditions.iter().filter(|condition| condition.key != CELLS) {
        for variable in condition.values.iter().flat_map(|value| variables(value)) {
            if !is_derived(&variable) {
                base.set(&variable, [FILL]);
            }
        }
    }
    let mut contexts = vec![base];
    for (key, conditions) in keys {
        let mut candidates: Vec<Option<Vec<String>>> = Vec::new();
        for condition in &conditions {
            for candidate in candidates_of(condition, &expand) {
                if !candidates.contains(&candidate) && fulfils(key, candidate.as_ref(), &conditions)
                {
                    candidates.push(candidate);
                }
            }
        }
        if candidates.is_empty() || contexts.len() * candidates.len() > MOST {
            return Vec::new();
        }
        contexts = candidates.iter().flat_map(|one| with(&contexts, key, one.as_ref())).collect();
    }
    contexts
}

/// Copies the contexts with the key set to these values, or removed.
fn with(contexts: &[Context], key: &str, values: Option<&Vec<String>>) -> Vec<Context> {
    let chosen = contexts.iter().map(|context| {
        let mut chosen = Context::new();
        for (other, values) in context.iter().filter(|(other, _)| *other != key) {
            chosen.set(other, values.to_vec());
        }
        if let Some(values) = values {
            chosen.set(key, values.clone());
        }
        chosen
    });
    chosen.collect()
}

/// The names of the policy variables in a text, in lower case.
pub fn variables(text: &str) -> Vec<String> {
    let parts = text.split("${").skip(1).filter_map(|part| part.split_once('}'));
    let names = parts.map(|(name, _)| name.split(',').next().unwrap_or(name).trim());
    names.filter(|name| name.len() > 1).map(str::to_ascii_lowercase).collect()
}

fn candidates_of(
    condition: &Condition,
    expand: &impl Fn(&str, &str) -> String,
) -> Vec<Option<Vec<String>>> {
    let one = |value: String| Some(vec![value]);
    let values = || condition.values.iter().map(|value| expand(&condition.key, value));
    let mut candidates: Vec<Option<Vec<String>>> = match condition.comparison {
        Comparison::Null => vec![None, one(FILL.to_owned())],
        Comparison::Arn { not: false } | Comparison::StringLike { not: false } => {
            values().map(|value| one(pattern::sample(&value, FILL))).collect()
        }
        Comparison::StringEquals { not: false, .. }
        | Comparison::Binary
        | Comparison::Bool
        | Comparison::Unknown => values().map(one).collect(),
        Comparison::Numeric { .. } | Comparison::Date { .. } => {
            let extremes = match condition.comparison {
                Comparison::Date { .. } => ["1970-01-01T00:00:00Z", "9999-12-31T23:59:59Z"],
                _ => ["-1000000000", "1000000000"],
            };
            values().chain(extremes.map(str::to_owned)).map(one).collect()
        }
        Comparison::Ip { not: false } => {
            let address = |value: String| value.split('/').next().unwrap_or_default().to_owned();
            values().map(|value| one(address(value))).collect()
        }
        Comparison::Ip { not: true } => vec![one("192.0.2.1".to_owned())],
        Comparison::Arn { not: true } => {
            // Another ARN of the same partition.
            let partition = condition.values.iter().find_map(|value| partition_of(value));
            let partition = partition.filter(|name| !name.contains(['*', '?', '$']));
            let partition = partition.unwrap_or("aws");
            let (service, account, resource) = (FILL, STRANGERS, FILL);
            let other = ArnParts { partition, service, region: "", account, resource };
            vec![one(other.into())]
        }
        Comparison::StringEquals { not: true, .. } | Comparison::StringLike { not: true } => {
            vec![one(FILL.to_owned())]
        }
    };
    // If a request without the key also fulfils the condition, that is the simplest sample.
    let is_absent_enough = condition.if_exists
        || condition.comparison.is_negated()
        || condition.qualifier == Some(Qualifier::ForAllValues);
    if is_absent_enough && condition.comparison != Comparison::Null {
        candidates.push(None);
    }
    candidates
}

/// Whether this value of a key fulfils all conditions on the key.
fn fulfils(key: &str, candidate: Option<&Vec<String>>, conditions: &[&Condition]) -> bool {
    let context = match candidate {
        Some(values) => Context::new().with(key, values.clone()),
        None => Context::new(),
    };
    let principal = Principal::Anonymous;
    let request = Request {
        principal: &principal,
        action: Action::new("sample:Sample"),
        resource: "*",
        context: &context,
    };
    let facts = Facts::default();
    // Variables have no values here, so a condition with variables counts as fulfilled.
    conditions.iter().all(|condition| {
        let has_variables = condition.values.iter().any(|value| value.contains("${"));
        has_variables || holds(condition, false, &request, &facts) != Truth::No
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn condition(operator: &str, key: &str, values: &[&str]) -> Condition {
        Condition::new(operator, key, values.iter().map(|value| (*value).to_owned()).collect())
    }

    #[test]
    fn each_alternative_is_sampled_once() {
        let conditions = [
            condition("StringEquals", "kms:ViaService", &["s3", "glue"]),
            condition("StringEquals", "aws:RequestTag/Team", &["a"]),
            condition("Null", "aws:RequestTag/Other", &["true"]),
        ];
        let contexts = contexts(&conditions, |_, text| text.to_owned());
        assert_eq!(contexts.len(), 2);
        assert_eq!(contexts[0].get("kms:viaservice"), Some(&["s3".to_owned()][..]));
        assert_eq!(contexts[1].get("kms:viaservice"), Some(&["glue".to_owned()][..]));
        assert!(contexts.iter().all(|context| context.get("aws:requesttag/other").is_none()));
        assert!(contexts.iter().all(|context| context.get("aws:requesttag/team").is_some()));
    }

    /// Source: "AWS global condition context keys", `aws:PrincipalOrgID` and `aws:PrincipalOrgPaths`: a request has them
    /// when the principal is in an organization, and which one that is follows from no ARN.
    #[test]
    fn who_asks_may_be_in_any_organization_that_is_asked_for() {
        for (operator, key, value, carried) in [
            ("StringEquals", "aws:PrincipalOrgID", "o-a1b2c3d4e5", "o-a1b2c3d4e5".to_owned()),
            (
                "ForAnyValue:StringLike",
                "aws:PrincipalOrgPaths",
                "o-a1b2c3d4e5/*",
                format!("o-a1b2c3d4e5/{FILL}"),
            ),
        ] {
            let contexts =
                contexts(&[condition(operator, key, &[value])], |_, text| text.to_owned());
            assert_eq!(contexts.len(), 1);
            assert_eq!(contexts[0].get(&key.to_lowercase()), Some(&[carried][..]));
        }
    }

    #[test]
    fn conditions_on_one_key_are_fulfilled_together() {
        let conditions =
            [condition("Null", "k", &["false"]), condition("StringNotEquals", "k", &["x"])];
        let contexts = contexts(&conditions, |_, text| text.to_owned());
        assert_eq!(contexts.len(), 1);
        assert!(contexts[0].get("k").is_some());
        let never = [condition("Null", "k", &["true"]), condition("StringEquals", "k", &["x"])];
        assert!(super::contexts(&never, |_, text| text.to_owned()).is_empty());
    }
}
