//! Decides whether a request fulfils a condition.
//!
//! Source: "IAM JSON policy elements: Condition operators" and "Set operators
//! for multivalued context keys" in the IAM user guide.

use std::net::IpAddr;

use lakewright_template::resolve::UNKNOWN;

use crate::document::{Comparison, Condition, Order, Qualifier};
use crate::pattern::Expanded;
use crate::request::{Facts, Request, Truth, Values};

/// Whether a request fulfils a condition.
pub(crate) fn holds(
    condition: &Condition,
    has_variables: bool,
    request: &Request<'_>,
    facts: &Facts<'_>,
) -> Truth {
    let values = request.values(&condition.key, facts);
    if condition.comparison == Comparison::Unknown {
        return Truth::Unknown;
    }
    if condition.comparison == Comparison::Null {
        if matches!(&values, Values::Unknown) && !is_always_there(&condition.key) {
            return Truth::Unknown;
        }
        let is_absent = matches!(&values, Values::Absent);
        let is_fulfilled = condition.values.iter().any(|wanted| {
            (wanted.eq_ignore_ascii_case("true") && is_absent)
                || (wanted.eq_ignore_ascii_case("false") && !is_absent)
        });
        // The value of `Null` (true or false) may be known only at deployment.
        let is_open = condition.values.iter().any(|wanted| wanted.contains(UNKNOWN));
        return if is_open && !is_fulfilled { Truth::Unknown } else { is_fulfilled.into() };
    }
    let values = match &values {
        Values::Absent => {
            // An absent key is an empty set: `ForAllValues` holds, `ForAnyValue` does not.
            return match condition.qualifier {
                Some(Qualifier::ForAllValues) => Truth::Yes,
                Some(Qualifier::ForAnyValue) => condition.if_exists.into(),
                None => (condition.if_exists || condition.comparison.is_negated()).into(),
            };
        }
        Values::Known(values) => values.as_ref(),
        Values::Unknown => return Truth::Unknown,
    };
    let one = |value: &String| compare(condition, value, has_variables, request, facts);
    match condition.qualifier {
        Some(Qualifier::ForAllValues) => Truth::all(values.iter().map(one)),
        Some(Qualifier::ForAnyValue) => Truth::any(values.iter().map(one)),
        None => match values {
            [value] => one(value),
            // AWS does not document how an operator without `ForAllValues` or `ForAnyValue` compares several
            // values.
            _ => Truth::Unknown,
        },
    }
}

/// Condition keys that are present in every request.
fn is_always_there(key: &str) -> bool {
    ["aws:currenttime", "aws:epochtime", "aws:requestedregion", "aws:tokenissuetime"].contains(&key)
        || ["aws:useragent", "aws:userid", "sts:rolesessionname"].contains(&key)
}

/// Whether one value of the request fulfils the comparison: it matches one of the policy's values or, if the
/// comparison is negated, none of them.
fn compare(
    condition: &Condition,
    value: &str,
    has_variables: bool,
    request: &Request<'_>,
    facts: &Facts<'_>,
) -> Truth {
    let wanted = condition.values.iter().map(|wanted| {
        // The policy's value is known only at deployment.
        if wanted.contains(UNKNOWN) {
            return Truth::Unknown;
        }
        let is_text = matches!(
            condition.comparison,
            Comparison::Arn { .. }
                | Comparison::StringEquals { .. }
                | Comparison::StringLike { .. }
        );
        if has_variables && is_text && wanted.contains("${") {
            return match expand(wanted, request, facts) {
                Ok(expanded) => equals(condition.comparison, &Wanted::Expanded(&expanded), value),
                // A variable without a value matches nothing. AWS does not document what the negated comparison
                // does.
                Err(_) if condition.comparison.is_negated() => Truth::Unknown,
                Err(truth) => truth,
            };
        }
        equals(condition.comparison, &Wanted::Plain(wanted), value)
    });
    if condition.comparison.is_negated() { !Truth::any(wanted) } else { Truth::any(wanted) }
}

/// The text with its policy variables replaced.
///
/// # Errors
///
/// The truth of a match if a variable has no single value: `No` if the request lacks the key, `Unknown` if the
/// key's value is unknown.
pub(crate) fn expand(
    text: &str,
    request: &Request<'_>,
    facts: &Facts<'_>,
) -> Result<Expanded, Truth> {
    let mut is_unknown = false;
    let expanded =
        Expanded::of(text, |key| match request.values(&key.to_ascii_lowercase(), facts) {
            Values::Known(values) => match values.as_ref() {
                [one] => Some(one.clone().into()),
                _ => None,
            },
            Values::Absent => None,
            Values::Unknown => {
                is_unknown = true;
                None
            }
        });
    // A variable's default applies if the request lacks the key. If that is unknown, so is the match.
    if is_unknown { Err(Truth::Unknown) } else { expanded.ok_or(Truth::No) }
}

enum Wanted<'a> {
    Plain(&'a str),
    Expanded(&'a Expanded),
}

/// Compares a value with one value of the policy. The caller negates the result.
fn equals(comparison: Comparison, wanted: &Wanted<'_>, value: &str) -> Truth {
    let literal;
    let text = match wanted {
        Wanted::Plain(text) => text,
        Wanted::Expanded(expanded) => {
            literal = expanded.literal();
            &*literal
        }
    };
    // A text that is not a number, date or address equals nothing. AWS does not document what the negated
    // comparison does.
    let unlike = if comparison.is_negated() { Truth::Unknown } else { Truth::No };
    match comparison {
        Comparison::Arn { .. } => match wanted {
            Wanted::Plain(text) => crate::pattern::arn_matches(text, value),
            Wanted::Expanded(expanded) => expanded.arn_matches(value),
        }
        .into(),
        Comparison::StringLike { .. } => match wanted {
            Wanted::Plain(text) => crate::pattern::matches(text, value),
            Wanted::Expanded(expanded) => expanded.matches(value),
        }
        .into(),
        Comparison::StringEquals { ignore_case: true, .. } => {
            (text.to_lowercase() == value.to_lowercase()).into()
        }
        Comparison::StringEquals { ignore_case: false, .. } | Comparison::Binary => {
            (text == value).into()
        }
        Comparison::Bool => text.eq_ignore_ascii_case(value).into(),
        Comparison::Numeric { order } => {
            let number = |text: &str| text.trim().parse::<f64>().ok();
            match (number(text), number(value)) {
                (Some(wanted), Some(got)) => is_ordered(order, got, wanted).into(),
                _ => unlike,
            }
        }
        Comparison::Date { order } => match (seconds(text), seconds(value)) {
            (Some(wanted), Some(got)) => is_ordered(order, got, wanted).into(),
            _ => unlike,
        },
        Comparison::Ip { .. } => match (network(text), value.parse::<IpAddr>()) {
            (Some((network, bits)), Ok(address)) => is_inside(address, network, bits).into(),
            _ => unlike,
        },
        Comparison::Null | Comparison::Unknown => Truth::Unknown,
    }
}

fn is_ordered<T: PartialOrd + Copy>(order: Order, got: T, wanted: T) -> bool {
    match order {
        // `NotEquals` is negated by the caller.
        Order::Equals | Order::NotEquals => got == wanted,
        Order::LessThan => got < wanted,
        Order::LessThanEquals => got <= wanted,
        Order::GreaterThan => got > wanted,
        Order::GreaterThanEquals => got >= wanted,
    }
}

/// Seconds since 1970 of a date in ISO 8601 or in epoch seconds; IAM accepts both.
pub fn seconds(text: &str) -> Option<i64> {
    if let Ok(seconds) = text.parse::<i64>()
        && text.len() > 4
    {
        return Some(seconds);
    }
    let (date, time) = match text.split_once('T') {
        Some((date, time)) => (date, time.strip_suffix('Z')?),
        None => (text, "00:00:00"),
    };
    let number = |text: Option<&str>| text?.parse::<i64>().ok();
    let mut date = date.split('-');
    let (year, month, day) = (number(date.next())?, number(date.next())?, number(date.next())?);
    let mut time = time.split(':');
    let (hour, minute) = (number(time.next())?, number(time.next())?);
    let second = time.next().map_or(Some(0), |second| second.split('.').next()?.parse().ok())?;
    let is_date =
        (1..=12).contains(&month) && (1..=31).contains(&day) && (0..=9999).contains(&year);
    let is_time =
        (0..24).contains(&hour) && (0..60).contains(&minute) && (0..=60).contains(&second);
    if !is_date || !is_time {
        return None;
    }
    // Days since 1970 of the proleptic Gregorian calendar, counted in years that begin in March.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = 365 * year + year.div_euclid(4) - year.div_euclid(100)
        + year.div_euclid(400)
        + (153 * month + 2) / 5
        + day
        - 719_469;
    Some(((days * 24 + hour) * 60 + minute) * 60 + second)
}

/// The address and the prefix length in bits of a CIDR block, such as `10.0.0.0/8`. A single address has its full
/// length.
pub fn network(text: &str) -> Option<(IpAddr, u32)> {
    let (address, bits) = match text.split_once('/') {
        Some((address, bits)) => (address, Some(bits.parse::<u32>().ok()?)),
        None => (text, None),
    };
    let address: IpAddr = address.parse().ok()?;
    let all = if address.is_ipv4() { 32 } else { 128 };
    let bits = bits.unwrap_or(all);
    (bits <= all).then_some((address, bits))
}

fn is_inside(address: IpAddr, network: IpAddr, bits: u32) -> bool {
    match (address, network) {
        (IpAddr::V4(address), IpAddr::V4(network)) => {
            let mask = u32::MAX.checked_shl(32 - bits).unwrap_or(0);
            u32::from(address) & mask == u32::from(network) & mask
        }
        (IpAddr::V6(address), IpAddr::V6(network)) => {
            let mask = u128::MAX.checked_shl(128 - bits).unwrap_or(0);
            u128::from(address) & mask == u128::from(network) & mask
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_in_both_forms() {
        assert_eq!(seconds("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(seconds("2026-06-30T23:59:59Z"), Some(1_782_863_999));
        assert_eq!(seconds("2024-02-29"), Some(1_709_164_800));
        assert_eq!(seconds("1782863999"), Some(1_782_863_999));
        assert_eq!(seconds("2026-13-01T00:00:00Z"), None);
        assert_eq!(seconds("yesterday"), None);
    }
}
