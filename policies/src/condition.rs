//! Conditions of a statement.
//!
//! Source: "IAM JSON policy elements: Condition operators" in the IAM user guide.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use lakewright_template::{Map, Text, Value};

/// How a condition compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the names are IAM's")]
pub enum Comparison {
    ArnEquals,
    ArnLike,
    ArnNotEquals,
    ArnNotLike,
    BinaryEquals,
    Bool,
    DateEquals,
    DateGreaterThan,
    DateGreaterThanEquals,
    DateLessThan,
    DateLessThanEquals,
    DateNotEquals,
    IpAddress,
    NotIpAddress,
    Null,
    NumericEquals,
    NumericGreaterThan,
    NumericGreaterThanEquals,
    NumericLessThan,
    NumericLessThanEquals,
    NumericNotEquals,
    StringEquals,
    StringEqualsIgnoreCase,
    StringLike,
    StringNotEquals,
    StringNotEqualsIgnoreCase,
    StringNotLike,
}

/// How a condition key with several values is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Qualifier {
    /// All values in the request must match. True if the request has none.
    ForAllValues,
    /// At least one value in the request must match.
    ForAnyValue,
}

/// A condition operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Operator {
    /// The set operator, for keys with several values.
    pub qualifier: Option<Qualifier>,
    /// How values are compared.
    pub comparison: Comparison,
    /// Whether the condition holds when the request does not carry the key.
    pub if_exists: bool,
}

impl Operator {
    /// An operator for a key with one value, which the request must carry.
    pub const fn new(comparison: Comparison) -> Self {
        Self { qualifier: None, comparison, if_exists: false }
    }

    /// The operator, true also for a request without the key.
    #[must_use]
    pub const fn if_exists(self) -> Self {
        Self { if_exists: true, ..self }
    }

    /// Whether one matching value is enough, so that further values match further requests.
    const fn is_positive(self) -> bool {
        matches!(
            self.comparison,
            Comparison::ArnEquals
                | Comparison::ArnLike
                | Comparison::IpAddress
                | Comparison::StringEquals
                | Comparison::StringEqualsIgnoreCase
                | Comparison::StringLike
        ) && !matches!(self.qualifier, Some(Qualifier::ForAllValues))
    }

    /// The operator, true if all values of the key match. It is also true for a request without the key.
    #[must_use]
    pub const fn for_all_values(self) -> Self {
        Self { qualifier: Some(Qualifier::ForAllValues), ..self }
    }

    /// The operator, true if one of the key's values matches.
    #[must_use]
    pub const fn for_any_value(self) -> Self {
        Self { qualifier: Some(Qualifier::ForAnyValue), ..self }
    }
}

impl fmt::Display for Operator {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.qualifier {
            Some(Qualifier::ForAllValues) => formatter.write_str("ForAllValues:")?,
            Some(Qualifier::ForAnyValue) => formatter.write_str("ForAnyValue:")?,
            None => {}
        }
        write!(formatter, "{:?}", self.comparison)?;
        formatter.write_str(if self.if_exists { "IfExists" } else { "" })
    }
}

/// One comparison: an operator, a key and the values that the operator compares the key with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// The operator.
    pub operator: Operator,
    /// The condition key, such as `aws:SourceAccount`.
    pub key: Text,
    /// The values.
    pub values: Vec<Value>,
}

impl Condition {
    /// A comparison with one value.
    pub fn new(comparison: Comparison, key: impl Into<Text>, value: impl Into<Value>) -> Self {
        Self { operator: Operator::new(comparison), key: key.into(), values: vec![value.into()] }
    }
}

/// All comparisons of a statement: each must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Conditions {
    operators: BTreeMap<Operator, BTreeMap<Text, BTreeSet<Value>>>,
}

impl Conditions {
    /// No condition.
    pub const fn none() -> Self {
        Self { operators: BTreeMap::new() }
    }

    /// Adds a comparison. Values of the same operator and key become alternatives.
    pub fn add(&mut self, condition: Condition) {
        let Condition { operator, key, values } = condition;
        self.operators.entry(operator).or_default().entry(key).or_default().extend(values);
    }

    /// The conditions with one more comparison.
    #[must_use]
    pub fn with(mut self, condition: Condition) -> Self {
        self.add(condition);
        self
    }

    /// The comparisons of one key; no others.
    #[must_use]
    pub fn only(&self, key: &str) -> Self {
        let comparisons = self.iter().filter(|(_, other, _)| other.as_ref() == key);
        comparisons.fold(Self::none(), |all, (operator, key, values)| {
            let values = values.iter().cloned().collect();
            all.with(Condition { operator: *operator, key: key.clone(), values })
        })
    }

    /// The comparisons of all keys but one.
    #[must_use]
    pub fn without(&self, key: &str) -> Self {
        let comparisons = self.iter().filter(|(_, other, _)| other.as_ref() != key);
        comparisons.fold(Self::none(), |all, (operator, key, values)| {
            let values = values.iter().cloned().collect();
            all.with(Condition { operator: *operator, key: key.clone(), values })
        })
    }

    /// Whether there are no conditions.
    pub fn is_empty(&self) -> bool {
        self.operators.is_empty()
    }

    /// Each operator, key and set of values.
    pub fn iter(&self) -> impl Iterator<Item = (&Operator, &Text, &BTreeSet<Value>)> {
        self.operators.iter().flat_map(|(operator, keys)| {
            keys.iter().map(move |(key, values)| (operator, key, values))
        })
    }

    /// Each comparison with each value as `Operator key value`, the form of intended grants. Values
    /// for which `text` returns `None` are left out.
    pub fn lines(&self, text: impl Fn(&Value) -> Option<String>) -> Vec<String> {
        let mut lines = Vec::new();
        for (operator, key, values) in self.iter() {
            let values = values.iter().filter_map(&text);
            lines.extend(values.map(|value| format!("{operator} {key} {value}")));
        }
        lines
    }

    /// Whether two statements, one under each of these conditions, equal one statement under their union: the
    /// conditions are equal, or differ in the values of a single comparison of which one value must match.
    pub(crate) fn are_alternatives(&self, other: &Self) -> bool {
        fn keys(conditions: &Conditions) -> impl Iterator<Item = (&Operator, &Text)> {
            conditions.iter().map(|(operator, key, _)| (operator, key))
        }
        if !keys(self).eq(keys(other)) {
            return false;
        }
        let mut different = self.iter().zip(other.iter()).filter(|((_, _, a), (_, _, b))| a != b);
        let first = different.next();
        different.next().is_none() && first.is_none_or(|((operator, ..), _)| operator.is_positive())
    }

    /// The conditions with the values of both.
    pub(crate) fn union(&self, other: &Self) -> Self {
        other.iter().fold(self.clone(), |all, (operator, key, values)| {
            all.with(Condition {
                operator: *operator,
                key: key.clone(),
                values: values.iter().cloned().collect(),
            })
        })
    }

    /// The `Condition` element.
    pub fn into_value(self) -> Value {
        let mut element = Map::new();
        for (operator, keys) in self.operators {
            let keys: Map = keys
                .into_iter()
                .map(|(key, values)| (key, one_or_list(values.into_iter())))
                .collect();
            element.insert(operator.to_string(), keys);
        }
        element.into()
    }
}

impl FromIterator<Condition> for Conditions {
    fn from_iter<I: IntoIterator<Item = Condition>>(conditions: I) -> Self {
        conditions.into_iter().fold(Self::none(), Self::with)
    }
}

/// A single value by itself, several values as a list.
pub(crate) fn one_or_list(values: impl ExactSizeIterator<Item = Value>) -> Value {
    let mut values: Vec<Value> = values.collect();
    match values.pop() {
        Some(only) if values.is_empty() => only,
        Some(last) => {
            values.push(last);
            Value::List(values)
        }
        None => Value::List(values),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operators_have_their_iam_names() {
        let like = Operator::new(Comparison::StringLike);
        assert_eq!(like.to_string(), "StringLike");
        assert_eq!(like.if_exists().to_string(), "StringLikeIfExists");
        assert_eq!(like.for_any_value().to_string(), "ForAnyValue:StringLike");
    }

    #[test]
    fn values_of_one_key_are_alternatives() {
        let conditions = Conditions::none()
            .with(Condition::new(Comparison::StringEquals, "aws:SourceAccount", "2"))
            .with(Condition::new(Comparison::StringEquals, "aws:SourceAccount", "1"));
        let text = lakewright_template::write::value_to_compact_json(&conditions.into_value());
        assert_eq!(text, r#"{"StringEquals":{"aws:SourceAccount":["1","2"]}}"#);
    }
}
