//! Whether S3 considers a policy public.

use super::{Comparison, Condition, Document, PrincipalEntry, Qualifier, Statement};
use crate::request::Truth;

/// The condition keys whose fixed values make a statement for everybody not public.
///
/// Source: "Blocking public access to your Amazon S3 storage" in the Amazon S3 User Guide, "The meaning of public".
const FIXED: [&str; 10] = [
    "aws:principalorgid",
    "aws:sourceaccount",
    "aws:sourcearn",
    "aws:sourceip",
    "aws:sourceowner",
    "aws:sourcevpc",
    "aws:sourcevpce",
    "aws:userid",
    "s3:dataaccesspointaccount",
    "s3:dataaccesspointarn",
];

impl Document {
    /// Whether S3 considers this policy of a bucket or an access point public. `Unknown` if a statement for everybody has
    /// conditions, and it is not known whether S3 takes their values as fixed.
    pub fn is_public(&self) -> Truth {
        Truth::any(self.statements.iter().map(Statement::is_public))
    }
}

impl Statement {
    fn is_public(&self) -> Truth {
        let is_for_everybody = self.principals.as_ref().is_some_and(|principals| {
            principals.is_not || principals.entries.contains(&PrincipalEntry::Everyone)
        });
        if !self.is_allow || !is_for_everybody {
            return Truth::No;
        }
        let is_there = if self.is_certain { Truth::Yes } else { Truth::Unknown };
        is_there & !Truth::any(self.conditions.iter().map(is_fixed))
    }
}

/// Whether a condition limits the requests to fixed values of one of the keys. `Unknown` for other keys.
fn is_fixed(condition: &Condition) -> Truth {
    let is_negated = condition.comparison.is_negated() || condition.comparison == Comparison::Null;
    if !FIXED.contains(&condition.key.as_str()) {
        let is_open = condition.takes_anything() && !is_negated;
        return if is_open { Truth::No } else { Truth::Unknown };
    }
    if is_negated || condition.if_exists || condition.qualifier == Some(Qualifier::ForAllValues) {
        return Truth::Unknown;
    }
    condition.values.iter().all(|value| is_value_fixed(&condition.key, value)).into()
}

/// Whether a value is fixed. S3 considers address ranges public that are larger than `/8`, and those of IPv6 that are larger
/// than `/32`. The name of an access point can be a wildcard.
fn is_value_fixed(key: &str, value: &str) -> bool {
    if key == "aws:sourceip" {
        let least: u8 = if value.contains(':') { 32 } else { 8 };
        let length = value.split_once('/').map(|(_, length)| length.parse::<u8>());
        return length.is_none_or(|length| length.is_ok_and(|length| length >= least));
    }
    let wanted = match value.split_once(":accesspoint/") {
        Some((stem, _)) if key == "s3:dataaccesspointarn" => stem,
        _ => value,
    };
    !wanted.contains(['*', '?', '$'])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Actions, Origin, Principals};

    fn policy(conditions: Vec<Condition>) -> Document {
        let principals = Principals { entries: vec![PrincipalEntry::Everyone], is_not: false };
        let statement = Statement {
            sid: "1".to_owned(),
            is_allow: true,
            principals: Some(principals),
            actions: Actions::default(),
            not_actions: false,
            resources: Vec::new(),
            not_resources: false,
            conditions,
            is_certain: true,
        };
        Document {
            origin: Origin::default(),
            has_variables: true,
            statements: vec![statement],
            is_partial: false,
        }
    }

    fn with(operator: &str, key: &str, value: &str) -> Document {
        policy(vec![Condition::new(operator, key, vec![value.to_owned()])])
    }

    /// Source: "Blocking public access to your Amazon S3 storage" in the Amazon S3 User Guide, "The meaning of public": fixed
    /// values of these keys, and its examples of `aws:SourceVpc` and of address ranges.
    #[test]
    fn fixed_values_make_a_policy_not_public() {
        assert_eq!(policy(Vec::new()).is_public(), Truth::Yes);
        assert_eq!(with("StringEquals", "aws:SourceVpc", "vpc-91237329").is_public(), Truth::No);
        assert_eq!(with("StringLike", "aws:SourceVpc", "vpc-*").is_public(), Truth::Yes);
        assert_eq!(with("IpAddress", "aws:SourceIp", "54.240.143.0/24").is_public(), Truth::No);
        assert_eq!(with("IpAddress", "aws:SourceIp", "0.0.0.0/1").is_public(), Truth::Yes);
        assert_eq!(with("IpAddress", "aws:SourceIp", "0.0.0.0/0").is_public(), Truth::Yes);
        let points = "arn:aws:s3:us-west-2:123456789012:accesspoint/*";
        assert_eq!(with("StringLike", "s3:DataAccessPointArn", points).is_public(), Truth::No);
        assert_eq!(with("Bool", "aws:SecureTransport", "true").is_public(), Truth::Unknown);
    }
}
