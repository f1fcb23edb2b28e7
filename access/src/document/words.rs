//! Renders conditions as text.

use std::fmt;

use super::{Comparison, Condition, Order, Qualifier};

/// The maximum number of values shown.
const SHOWN: usize = 3;

impl fmt::Display for Condition {
    /// Renders a condition, such as `sts:externalid is "abc"`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.comparison == Comparison::Null {
            let is_absent = self.values.iter().any(|value| value == "true");
            let word = if is_absent { "is not" } else { "is" };
            return write!(formatter, "{} {word} in the request", self.key);
        }
        match self.qualifier {
            Some(Qualifier::ForAllValues) => formatter.write_str("each ")?,
            Some(Qualifier::ForAnyValue) => formatter.write_str("any ")?,
            None => {}
        }
        write!(formatter, "{} {}", self.key, self.comparison.words())?;
        let values = self.values.iter().take(SHOWN).enumerate();
        for (number, value) in values {
            write!(formatter, "{}{value:?}", if number == 0 { " " } else { " or " })?;
        }
        match self.values.len().checked_sub(SHOWN) {
            Some(more @ 1..) => write!(formatter, " or {more} more"),
            _ => Ok(()),
        }
    }
}

impl Comparison {
    const fn words(self) -> &'static str {
        match self {
            Self::Arn { not: false } | Self::StringLike { not: false } => "is like",
            Self::Arn { not: true } | Self::StringLike { not: true } => "is not like",
            Self::Binary | Self::Bool | Self::StringEquals { not: false, .. } => "is",
            Self::StringEquals { not: true, .. } => "is not",
            Self::Ip { not: false } => "is in",
            Self::Ip { not: true } => "is not in",
            Self::Null | Self::Unknown => "is compared, by an operator that is not known, with",
            Self::Date { order } | Self::Numeric { order } => match order {
                Order::Equals => "is",
                Order::NotEquals => "is not",
                Order::LessThan => "is less than",
                Order::LessThanEquals => "is at most",
                Order::GreaterThan => "is more than",
                Order::GreaterThanEquals => "is at least",
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_are_told_in_words() {
        let words = |operator: &str, values: &[&str]| {
            let values = values.iter().map(|value| (*value).to_owned()).collect();
            Condition::new(operator, "aws:SourceIp", values).to_string()
        };
        assert_eq!(words("StringEquals", &["a"]), "aws:sourceip is \"a\"");
        assert_eq!(words("NotIpAddress", &["a", "b"]), "aws:sourceip is not in \"a\" or \"b\"");
        assert_eq!(
            words("ForAnyValue:StringLike", &["a", "b", "c", "d", "e"]),
            "any aws:sourceip is like \"a\" or \"b\" or \"c\" or 2 more"
        );
        assert_eq!(words("Null", &["true"]), "aws:sourceip is not in the request");
        assert_eq!(words("Null", &["false"]), "aws:sourceip is in the request");
        assert_eq!(words("DateLessThanEquals", &["2026"]), "aws:sourceip is at most \"2026\"");
    }
}
