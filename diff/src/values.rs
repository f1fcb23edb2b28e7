//! The values of a condition key that tell conditions apart.
//!
//! Two lists of conditions on one key decide each request alike if they decide each of these values alike. So each
//! region of values that every condition decides in one way has a value here: strings and ARNs by their patterns,
//! numbers, dates and addresses by their bounds.
//!
//! Source: "IAM JSON policy elements: Condition operators" and "Set operators for multivalued context keys" in the IAM
//! user guide.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use indexmap::IndexSet;
use lakewright_access::document::{Comparison, Condition};
use lakewright_access::{network, seconds};
use lakewright_template::resolve::UNKNOWN;

use crate::language::{Limit, Machines, Pattern, Syntax, regions};

/// The maximum number of candidates of a key. The candidates of all keys of a statement are multiplied, so two keys
/// with so many make thousands of requests.
const MOST: usize = 64;
/// Addresses for documentation, which no policy needs to name. Source: RFC 5737 and RFC 3849.
const ADDRESSES: [&str; 2] = ["192.0.2.1", "2001:db8::1"];

/// The candidate values of a condition key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Candidates {
    /// The values. `None` is a request without the key.
    pub(crate) values: Vec<Option<Vec<String>>>,
    /// Whether the values may not tell all conditions apart: a policy variable, a value that is known only at
    /// deployment or that its operator cannot read, an unknown operator, or operators of several kinds on one key.
    pub(crate) is_open: bool,
}

/// The candidate values of `key` that tell the conditions on it apart. Conditions on other keys are ignored.
///
/// `${*}`, `${?}` and `${$}` are read both as escapes and, as in documents of version 2008-10-17, as plain text.
pub(crate) fn candidates(
    machines: &Machines,
    key: &str,
    conditions: &[&Condition],
) -> Result<Candidates, Limit> {
    let key = key.to_ascii_lowercase();
    let on_key = conditions.iter().copied().filter(|condition| condition.key == key);
    let mut found = Found::default();
    // Conditions that ask for one or all of several values. Each distinct one may need a value of its own.
    let mut of_sets: Vec<&Condition> = Vec::new();
    for condition in on_key {
        found.add_condition(condition);
        if condition.qualifier.is_some() && !of_sets.contains(&condition) {
            of_sets.push(condition);
        }
    }
    let is_open = found.is_open || found.kinds.len() > 1;
    let singles = found.singles(machines)?;
    let mut values: Vec<Option<Vec<String>>> = vec![None];
    let mut sets: Vec<Vec<usize>> = vec![Vec::new()];
    // One value of a set fulfils `ForAnyValue` or breaks `ForAllValues`. So each set is decided like one that has as many
    // values as there are such conditions, or fewer.
    for _ in 0..of_sets.len().max(1) {
        sets = sets.iter().flat_map(|set| longer(set, singles.len())).collect();
        for set in &sets {
            let chosen = set.iter().filter_map(|index| singles.get(*index).cloned());
            values.push(Some(chosen.collect()));
            if values.len() > MOST {
                return Err(Limit::TooManyAtoms);
            }
        }
    }
    Ok(Candidates { values, is_open })
}

/// The sets with one more value, which comes after those of the set.
fn longer(set: &[usize], count: usize) -> impl Iterator<Item = Vec<usize>> {
    let from = set.last().map_or(0, |last| last + 1);
    (from..count).map(move |next| set.iter().copied().chain([next]).collect())
}

/// How values are compared. An operator of one kind reads the values of another kind in its own way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Text,
    Bool,
    Number,
    Date,
    Address,
}

/// What the conditions on a key compare its value with.
#[derive(Debug, Default)]
struct Found {
    kinds: BTreeSet<Kind>,
    patterns: Vec<Pattern>,
    has_arns: bool,
    /// Values as they are.
    plain: IndexSet<String>,
    numbers: Vec<f64>,
    /// Seconds since 1970.
    dates: BTreeSet<i64>,
    /// Whether a policy writes dates as seconds since 1970.
    has_epochs: bool,
    networks: Vec<(IpAddr, u32)>,
    is_open: bool,
}

impl Found {
    fn add_condition(&mut self, condition: &Condition) {
        let kind = match condition.comparison {
            Comparison::Null => {
                self.is_open |= !condition.values.iter().all(|value| is_bool(value));
                return;
            }
            Comparison::Unknown => {
                self.is_open = true;
                return;
            }
            Comparison::Arn { .. }
            | Comparison::Binary
            | Comparison::StringEquals { .. }
            | Comparison::StringLike { .. } => Kind::Text,
            Comparison::Bool => Kind::Bool,
            Comparison::Numeric { .. } => Kind::Number,
            Comparison::Date { .. } => Kind::Date,
            Comparison::Ip { .. } => Kind::Address,
        };
        self.kinds.insert(kind);
        for value in &condition.values {
            let is_read = !value.contains(UNKNOWN) && self.add_value(condition.comparison, value);
            if !is_read {
                self.is_open = true;
                self.plain.insert(value.clone());
            }
        }
    }

    /// Adds a value of the policy. `false` if the operator cannot read it.
    fn add_value(&mut self, comparison: Comparison, value: &str) -> bool {
        match comparison {
            Comparison::Numeric { .. } => {
                let number = value.trim().parse::<f64>().ok().filter(|number| number.is_finite());
                // Adding zero makes a negative zero positive.
                self.numbers.extend(number.map(|number| number + 0.0));
                number.is_some()
            }
            Comparison::Date { .. } => {
                let date = seconds(value);
                self.dates.extend(date);
                self.has_epochs |= value.parse::<i64>().is_ok();
                date.is_some()
            }
            Comparison::Ip { .. } => {
                let network = network(value);
                self.networks.extend(network);
                network.is_some()
            }
            Comparison::Bool => {
                self.plain.extend(["true", "false"].map(str::to_owned));
                is_bool(value)
            }
            Comparison::Binary => self.add_text(value, Syntax::Literal, false),
            Comparison::StringEquals { ignore_case: true, .. } => {
                // The lower case of other letters can depend on the letters around them.
                self.add_text(value, Syntax::AnyCase, true) && value.is_ascii()
            }
            Comparison::StringEquals { ignore_case: false, .. } => {
                self.add_text(value, Syntax::Literal, true)
            }
            Comparison::StringLike { .. } => self.add_text(value, Syntax::Like, true),
            Comparison::Arn { .. } => {
                self.has_arns = true;
                self.add_text(value, Syntax::Arn, true)
            }
            Comparison::Null | Comparison::Unknown => false,
        }
    }

    /// Adds the patterns of a text. `false` if it has a variable.
    fn add_text(&mut self, value: &str, syntax: Syntax, has_variables: bool) -> bool {
        if has_variables && value.contains("${") {
            let Some(characters) = unescaped(value) else { return false };
            self.patterns.extend(Pattern::new(&characters, syntax));
        }
        self.patterns.extend(Pattern::of(value, syntax));
        true
    }

    /// One value for each region.
    fn singles(&self, machines: &Machines) -> Result<Vec<String>, Limit> {
        let mut singles = self.plain.clone();
        singles.extend(numbers(&self.numbers));
        singles.extend(dates(&self.dates, self.has_epochs));
        if self.kinds.contains(&Kind::Address) {
            singles.extend(addresses(&self.networks));
        }
        // Without patterns, this is any text: a value for a key that only has to be there.
        let is_of_other_kind = self.kinds.iter().any(|kind| *kind != Kind::Text);
        if !is_of_other_kind || singles.is_empty() || !self.patterns.is_empty() {
            singles.extend(self.texts(machines)?);
        }
        Ok(singles.into_iter().collect())
    }

    /// A text for each region of the patterns; an ARN where conditions compare ARNs and the region has one.
    fn texts(&self, machines: &Machines) -> Result<Vec<String>, Limit> {
        let Some(everything) = Pattern::of("*", Syntax::Like) else { return Ok(Vec::new()) };
        let mut patterns = self.patterns.clone();
        if self.has_arns {
            patterns.extend(Pattern::of("arn:aws:*:*:*:*", Syntax::Arn));
        }
        let mut atoms = regions(machines, &everything, &patterns)?;
        // The ARNs come first, so that the other half of the same region is left out.
        if self.has_arns {
            atoms.sort_by_key(|atom| atom.matched.last() != Some(&true));
        }
        let mut seen: BTreeSet<Vec<bool>> = BTreeSet::new();
        atoms.retain(|atom| {
            let bits = atom.matched.iter().take(self.patterns.len()).copied();
            seen.insert(bits.collect())
        });
        Ok(atoms.into_iter().map(|atom| atom.witness).collect())
    }
}

fn is_bool(text: &str) -> bool {
    text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false")
}

/// The characters of a text with its escapes replaced, each with whether it may be a wildcard. `None` if the text has a
/// variable.
fn unescaped(text: &str) -> Option<Vec<(char, bool)>> {
    let mut characters = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let Some((inside, others)) = after.split_once('}') else { break };
        if !["*", "?", "$"].contains(&inside) {
            return None;
        }
        characters.extend(before.chars().map(|one| (one, true)));
        characters.extend(inside.chars().map(|one| (one, false)));
        rest = others;
    }
    characters.extend(rest.chars().map(|one| (one, true)));
    Some(characters)
}

/// The bounds, a number in each gap between them, and one on either side.
fn numbers(bounds: &[f64]) -> Vec<String> {
    let mut bounds = bounds.to_vec();
    bounds.sort_by(f64::total_cmp);
    bounds.dedup_by(|one, other| one.total_cmp(other).is_eq());
    let mut numbers: Vec<f64> = Vec::new();
    numbers.extend(bounds.first().map(|first| first - 1.0));
    for (index, bound) in bounds.iter().enumerate() {
        numbers.push(*bound);
        let Some(next) = bounds.get(index + 1) else {
            numbers.push(bound + 1.0);
            continue;
        };
        let whole = bound.floor() + 1.0;
        let between = if whole < *next { whole } else { f64::midpoint(*bound, *next) };
        // Between two neighbours there is no number.
        if *bound < between && between < *next {
            numbers.push(between);
        }
    }
    numbers.iter().map(ToString::to_string).collect()
}

/// The bounds, the second after each of them, and the one before the first.
fn dates(bounds: &BTreeSet<i64>, is_epoch: bool) -> Vec<String> {
    let around = bounds.iter().flat_map(|bound| [*bound, bound.saturating_add(1)]);
    let before = bounds.first().map(|first| first.saturating_sub(1));
    let moments: BTreeSet<i64> = around.chain(before).collect();
    let texts = moments.into_iter().map(|moment| {
        // Four digits and fewer would be a year.
        let text = moment.to_string();
        if is_epoch && text.len() > 4 { text } else { rfc3339(moment).unwrap_or(text) }
    });
    texts.collect()
}

/// The date and time in UTC. `None` if the year has no four digits.
fn rfc3339(seconds: i64) -> Option<String> {
    let (days, of_day) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    // Days of the proleptic Gregorian calendar, counted in years that begin in March, so that a leap day is the last.
    let days = days + 719_468;
    let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, is_next) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    let year = era * 400 + year + is_next;
    let (hour, minute, second) = (of_day / 3_600, of_day / 60 % 60, of_day % 60);
    (0..=9_999)
        .contains(&year)
        .then(|| format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z"))
}

/// The first address of each network, the first one after each network, and the one before the first network. Those
/// for documentation are added if they are in no network.
fn addresses(networks: &[(IpAddr, u32)]) -> Vec<String> {
    let mut found: BTreeSet<IpAddr> = BTreeSet::new();
    let mut ranges: Vec<(IpAddr, IpAddr)> = Vec::new();
    for is_v4 in [true, false] {
        let of_family = networks.iter().filter(|(address, _)| address.is_ipv4() == is_v4);
        let bounds: BTreeSet<(u128, u128)> =
            of_family.map(|(address, bits)| range(*address, *bits)).collect();
        let highest = if is_v4 { u128::from(u32::MAX) } else { u128::MAX };
        let before = bounds.first().and_then(|(first, _)| first.checked_sub(1));
        let after = bounds.iter().filter(|(_, last)| *last < highest).map(|(_, last)| last + 1);
        let points = bounds.iter().map(|(first, _)| *first).chain(after).chain(before);
        found.extend(points.filter_map(|point| address(point, is_v4)));
        ranges.extend(
            bounds.iter().filter_map(|(first, last)| {
                Some((address(*first, is_v4)?, address(*last, is_v4)?))
            }),
        );
    }
    for text in ADDRESSES {
        let address: Option<IpAddr> = text.parse().ok();
        // All IPv4 addresses come before all IPv6 addresses.
        let is_outside = |address: &IpAddr| {
            !ranges.iter().any(|(first, last)| first <= address && address <= last)
        };
        found.extend(address.filter(is_outside));
    }
    found.iter().map(ToString::to_string).collect()
}

/// The first and the last address of a network, as numbers.
fn range(address: IpAddr, bits: u32) -> (u128, u128) {
    let (number, all) = match address {
        IpAddr::V4(address) => (u128::from(u32::from(address)), 32),
        IpAddr::V6(address) => (u128::from(address), 128),
    };
    // As many ones as the network leaves bits free.
    let count = all - bits.min(all);
    let free = u128::MAX.checked_shr(128 - count).unwrap_or(0);
    (number & !free, number | free)
}

fn address(number: u128, is_v4: bool) -> Option<IpAddr> {
    if is_v4 {
        u32::try_from(number).ok().map(|number| IpAddr::V4(Ipv4Addr::from(number)))
    } else {
        Some(IpAddr::V6(Ipv6Addr::from(number)))
    }
}

#[cfg(test)]
mod tests;
