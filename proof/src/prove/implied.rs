//! Whether a statement's conditions are those of a grant, or narrower.
//!
//! A sample request shows that values are equal. It does not show that they are compared in the same way: a later date,
//! another case or a larger network may fulfil one comparison and not the other.

use lakewright_access::document::{Comparison, Condition, Statement};
use lakewright_access::lake::CELLS;
use lakewright_access::sample::is_derived;

use crate::intended::Rule;

/// Whether a statement's conditions imply those of a grant, judged by operators. Keys that the principal or the
/// resource determines are left to sample requests.
pub(super) fn is_meant(statement: &Statement, rule: &Rule) -> bool {
    let mut wanted = rule.conditions.iter();
    wanted.all(|wanted| {
        is_derived(&wanted.key)
            || wanted.key == CELLS
            || statement.conditions.iter().any(|given| implies(given, wanted))
    })
}

/// Whether one condition implies another on the same key, given that a request fulfils both.
fn implies(given: &Condition, wanted: &Condition) -> bool {
    if given.key != wanted.key || (given.if_exists && !wanted.if_exists && !is_negated(wanted)) {
        return false;
    }
    if given == wanted {
        return true;
    }
    if wanted.comparison == Comparison::Null {
        // A condition on the value requires the key to be present.
        return wanted.values == ["false"]
            && !given.if_exists
            && given.qualifier.is_none()
            && !is_negated(given)
            && given.comparison != Comparison::Null;
    }
    if given.qualifier != wanted.qualifier {
        return false;
    }
    let is_exact = given.comparison == Comparison::StringEquals { not: false, ignore_case: false };
    match wanted.comparison {
        Comparison::StringEquals { not: false, ignore_case: false } => is_exact,
        Comparison::StringEquals { not: false, ignore_case: true } => {
            matches!(given.comparison, Comparison::StringEquals { not: false, .. })
        }
        Comparison::StringLike { not: false } => {
            is_exact || given.comparison == Comparison::StringLike { not: false }
        }
        Comparison::Arn { not: false } => is_exact || given.comparison == wanted.comparison,
        Comparison::Binary | Comparison::Bool => given.comparison == wanted.comparison,
        Comparison::Date { .. } | Comparison::Numeric { .. } | Comparison::Ip { not: false } => {
            given.comparison == wanted.comparison && is_among(&given.values, &wanted.values)
        }
        Comparison::StringEquals { not: true, .. }
        | Comparison::StringLike { not: true }
        | Comparison::Arn { not: true }
        | Comparison::Ip { not: true } => {
            let is_same = given.comparison == wanted.comparison;
            (is_same && is_among(&wanted.values, &given.values)) || is_exact
        }
        Comparison::Null | Comparison::Unknown => false,
    }
}

/// Whether a statement restricts a key as a grant does, or more narrowly. For statements that no sample request
/// represents.
pub(super) fn states(statement: &Statement, wanted: &Condition) -> bool {
    statement.conditions.iter().any(|given| {
        let is_alike = Condition { values: Vec::new(), ..given.clone() }
            == Condition { values: Vec::new(), ..wanted.clone() };
        let (fewer, more) = if is_negated(wanted) {
            (&wanted.values, &given.values)
        } else {
            (&given.values, &wanted.values)
        };
        is_alike && is_among(fewer, more)
    })
}

const fn is_negated(condition: &Condition) -> bool {
    condition.comparison.is_negated()
}

fn is_among(values: &[String], all: &[String]) -> bool {
    values.iter().all(|value| all.contains(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn condition(operator: &str, values: &[&str]) -> Condition {
        let values = values.iter().map(|value| (*value).to_owned()).collect();
        Condition::new(operator, "k", values)
    }

    /// Source: "IAM JSON policy elements: Condition operators" in the IAM user guide.
    #[test]
    fn a_wider_comparison_is_not_what_was_asked_for() {
        let date = "2027-01-01T00:00:00Z";
        for (given, wanted, expected) in [
            (("StringEquals", "a"), ("StringEquals", "a"), true),
            (("StringEquals", "a"), ("StringLike", "a*"), true),
            (("StringEquals", "a"), ("StringNotEquals", "b"), true),
            (("StringEquals", "a"), ("Null", "false"), true),
            (("StringEqualsIgnoreCase", "a"), ("StringEquals", "a"), false),
            (("StringLike", "a"), ("StringEquals", "a"), false),
            (("StringEqualsIfExists", "a"), ("StringEquals", "a"), false),
            (("StringEquals", "a"), ("StringEqualsIfExists", "a"), true),
            (("ForAllValues:StringEquals", "a"), ("StringEquals", "a"), false),
            (("DateLessThan", date), ("DateLessThanEquals", date), false),
            (("DateLessThanEquals", "2099-01-01T00:00:00Z"), ("DateLessThanEquals", date), false),
            (("IpAddress", "10.0.0.0/8"), ("IpAddress", "10.0.0.0/24"), false),
            (("NumericLessThan", "5"), ("NumericLessThan", "5"), true),
        ] {
            let got = implies(&condition(given.0, &[given.1]), &condition(wanted.0, &[wanted.1]));
            assert_eq!(got, expected, "{given:?} for {wanted:?}");
        }
    }
}
