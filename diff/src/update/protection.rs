//! Protections of data that a change lowers without replacing the resource.

use lakewright_template::{ResourceEntry, Value};

use super::DataEffect;
use super::compare::{Differs, Sides, value_at};
use super::facts::{is_true, number};

/// A sentence, and what happens to the data.
type Finding = (DataEffect, String);

/// The protections that a change lowers.
pub(super) fn lowered(
    before: &ResourceEntry,
    after: &ResourceEntry,
    sides: Sides<'_>,
) -> Vec<Finding> {
    let mut found = switched_off(before, after);
    match after.kind.as_ref() {
        "AWS::S3::Bucket" => bucket(before, after, sides, &mut found),
        "AWS::KMS::Key" => key(before, after, &mut found),
        "AWS::Logs::LogGroup" => found.extend(shortened(
            (before, after),
            "/RetentionInDays",
            // Source: PutRetentionPolicy in the CloudWatch Logs API reference; without it events never expire.
            None,
            |days| format!("log events older than {days} days are deleted"),
        )),
        "AWS::SQS::Queue" => found.extend(shortened(
            (before, after),
            "/MessageRetentionPeriod",
            // Source: SetQueueAttributes in the SQS API reference, with the default of four days.
            Some(345_600),
            |seconds| format!("messages older than {seconds} seconds are deleted"),
        )),
        _ => {}
    }
    found
}

/// Switches that several types have: the pointer, the value that protects, and what ends.
///
/// Sources: the properties' descriptions in the CloudFormation template reference.
const SWITCHES: &[(&str, &[&str], &str)] = &[
    ("/DeletionProtection", &["true", "ACTIVE"], "protection against deletion"),
    ("/DeletionProtectionEnabled", &["true"], "protection against deletion"),
    ("/DisableApiTermination", &["true"], "protection against termination"),
    ("/EnableKeyRotation", &["true"], "the yearly rotation of the key material"),
    ("/EnableTerminationProtection", &["true"], "protection against termination"),
    (
        "/PointInTimeRecoverySpecification/PointInTimeRecoveryEnabled",
        &["true"],
        "recovery to a point in time",
    ),
];

fn switched_off(before: &ResourceEntry, after: &ResourceEntry) -> Vec<Finding> {
    let is_on = |resource: &ResourceEntry, pointer: &str, values: &[&str]| {
        let value = value_at(resource, pointer);
        is_true(value) || value.and_then(Value::as_text).is_some_and(|text| values.contains(&text))
    };
    let off = SWITCHES.iter().filter(|(pointer, values, _)| {
        is_on(before, pointer, values) && !is_on(after, pointer, values)
    });
    let sentence = |pointer: &str, what: &str| format!("`{pointer}`: {what} ends.");
    off.map(|(pointer, _, what)| (DataEffect::None, sentence(pointer, what))).collect()
}

/// A period of retention that is added or shortened.
fn shortened(
    (before, after): (&ResourceEntry, &ResourceEntry),
    pointer: &str,
    default: Option<i64>,
    what: impl Fn(&str) -> String,
) -> Option<Finding> {
    let (old, new) = (value_at(before, pointer), value_at(after, pointer));
    if old == new {
        return None;
    }
    let period = |value: Option<&Value>| match value {
        None => Period::known(default),
        Some(value) => number(value).map_or(Period::Unknown, Period::Ends),
    };
    let (old, new) = (period(old), period(new));
    let shown = match (old, new) {
        (_, Period::Never) => return None,
        (Period::Ends(old), Period::Ends(new)) if old <= new => return None,
        (_, Period::Ends(new)) => new.to_string(),
        (_, Period::Unknown) => "an unknown number of".to_owned(),
    };
    Some((DataEffect::Lost, format!("`{pointer}`: {}.", what(&shown))))
}

/// How long something is retained.
#[derive(Clone, Copy)]
enum Period {
    Never,
    Ends(i64),
    /// It is known only at deployment.
    Unknown,
}

impl Period {
    fn known(period: Option<i64>) -> Self {
        period.map_or(Self::Never, Self::Ends)
    }
}

fn key(before: &ResourceEntry, after: &ResourceEntry, found: &mut Vec<Finding>) {
    // Sources: "AWS::KMS::Key" in the CloudFormation template reference: disabled keys cannot be used in cryptographic
    // operations; the default of `Enabled` is true.
    let is_disabled = |resource| {
        value_at(resource, "/Enabled").is_some_and(|value| {
            *value == Value::Bool(false) || value.as_text().is_some_and(|text| text == "false")
        })
    };
    if is_disabled(after) && !is_disabled(before) {
        let sentence = "`/Enabled`: the key is disabled, and nothing that it encrypts can be read until it is enabled again.";
        found.push((DataEffect::Unreadable, sentence.to_owned()));
    }
    // Source: ScheduleKeyDeletion in the KMS API reference: 30 days by default.
    let window = |resource| {
        let window = value_at(resource, "/PendingWindowInDays");
        window.map_or(Some(30), number)
    };
    if let (Some(old), Some(new)) = (window(before), window(after))
        && new < old
    {
        found.push((
            DataEffect::None,
            format!(
                "`/PendingWindowInDays`: once its deletion is scheduled, the key is deleted after {new} days instead of {old}."
            ),
        ));
    }
}

/// Sources: "Using versioning in S3 buckets", "Expiring objects" and "Object Lock considerations" in the S3 user guide.
fn bucket(
    before: &ResourceEntry,
    after: &ResourceEntry,
    sides: Sides<'_>,
    found: &mut Vec<Finding>,
) {
    let status = "/VersioningConfiguration/Status";
    let is_versioned = |resource| {
        value_at(resource, status).and_then(Value::as_text).is_some_and(|text| text == "Enabled")
    };
    if is_versioned(before) && !is_versioned(after) {
        found.push((
            DataEffect::None,
            format!("`{status}`: versioning ends. An object that is overwritten or deleted from then on is lost."),
        ));
    }
    let rule = "/ObjectLockConfiguration/Rule";
    let lock = (value_at(before, rule), value_at(after, rule));
    if lock.0.is_some() && sides.differs(lock.0, lock.1) != Differs::No && is_lock_shorter(lock) {
        found.push((
            DataEffect::None,
            format!("`{rule}`: new objects are locked for a shorter time, or not at all."),
        ));
    }
    let expires_versions = rules(after).any(|rule| noncurrent(rule).is_some());
    for rule in rules(after) {
        if let Some(finding) = expiration(rule, before, is_versioned(after) && !expires_versions) {
            found.push(finding);
        }
        let days = noncurrent(rule);
        if days.is_some() && !is_covered(rule, before, days, noncurrent) {
            let days = days_shown(days);
            let sentence = format!(
                "`/LifecycleConfiguration`: noncurrent versions of objects{} are deleted after {days}.",
                scope_shown(rule)
            );
            found.push((DataEffect::None, sentence));
        }
    }
}

fn is_lock_shorter((old, new): (Option<&Value>, Option<&Value>)) -> bool {
    let days = |rule: Option<&Value>| {
        let retention = rule.and_then(|rule| rule.as_map()?.get("DefaultRetention")?.as_map());
        let part = |name, factor| {
            let value = retention.and_then(|retention| retention.get(name)).and_then(number);
            value.map(|value| value * factor)
        };
        part("Days", 1).or_else(|| part("Years", 365))
    };
    match (days(old), days(new)) {
        (Some(old), Some(new)) => new < old,
        (Some(_), None) => true,
        (None, _) => new.is_none(),
    }
}

/// The lifecycle rules that are enabled.
fn rules(bucket: &ResourceEntry) -> impl Iterator<Item = &Value> {
    let rules = value_at(bucket, "/LifecycleConfiguration/Rules").and_then(Value::as_list);
    let is_enabled = |rule: &&Value| {
        let status = rule.as_map().and_then(|rule| rule.get("Status"));
        status.and_then(Value::as_text) != Some("Disabled")
    };
    rules.unwrap_or_default().iter().filter(is_enabled)
}

fn part<'v>(rule: &'v Value, name: &str) -> Option<&'v Value> {
    rule.as_map()?.get(name)
}

/// When a rule deletes current objects: a number of days or a date.
fn current(rule: &Value) -> Option<&Value> {
    part(rule, "ExpirationInDays").or_else(|| part(rule, "ExpirationDate"))
}

/// When a rule deletes noncurrent versions.
fn noncurrent(rule: &Value) -> Option<&Value> {
    let nested = part(rule, "NoncurrentVersionExpiration");
    nested
        .and_then(|nested| part(nested, "NoncurrentDays"))
        .or_else(|| part(rule, "NoncurrentVersionExpirationInDays"))
}

/// The parts of a rule that restrict it to some objects.
const SCOPE: [&str; 4] = ["ObjectSizeGreaterThan", "ObjectSizeLessThan", "Prefix", "TagFilters"];

/// Whether a rule of the bucket before the change deletes the same objects as early.
fn is_covered(
    rule: &Value,
    before: &ResourceEntry,
    period: Option<&Value>,
    period_of: fn(&Value) -> Option<&Value>,
) -> bool {
    rules(before).any(|old| {
        let is_wider = SCOPE
            .iter()
            .all(|name| part(old, name).is_none_or(|_| part(old, name) == part(rule, name)));
        let old = period_of(old);
        let is_as_early = match (old.and_then(number), period.and_then(number)) {
            (Some(old), Some(new)) => old <= new,
            _ => old.is_some() && old == period,
        };
        is_wider && is_as_early
    })
}

fn expiration(rule: &Value, before: &ResourceEntry, keeps_versions: bool) -> Option<Finding> {
    let period = current(rule)?;
    if is_covered(rule, before, Some(period), current) {
        return None;
    }
    let objects = scope_shown(rule);
    let when = days_shown(Some(period));
    if keeps_versions {
        let sentence = format!(
            "`/LifecycleConfiguration`: objects{objects} get a delete marker after {when}; versioning keeps them as noncurrent \
             versions."
        );
        return Some((DataEffect::None, sentence));
    }
    let sentence =
        format!("`/LifecycleConfiguration`: objects{objects} will be deleted after {when}.");
    Some((DataEffect::Lost, sentence))
}

fn days_shown(period: Option<&Value>) -> String {
    match period {
        Some(Value::Text(date)) if number(&Value::Text(date.clone())).is_none() => date.to_string(),
        Some(value) => number(value).map_or_else(
            || "a time that is known only at deployment".to_owned(),
            |days| format!("{days} days"),
        ),
        None => String::new(),
    }
}

fn scope_shown(rule: &Value) -> String {
    let prefix = part(rule, "Prefix").and_then(Value::as_text).filter(|prefix| !prefix.is_empty());
    prefix.map(|prefix| format!(" under `{prefix}`")).unwrap_or_default()
}
