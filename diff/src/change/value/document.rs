//! IAM policy documents, compared statement by statement: statements are equal if IAM reads them alike.
//!
//! Sources: "Grammar of the IAM JSON policy language" in the IAM user guide (one value equals a list with one value,
//! and quotation marks around numbers and booleans are optional), and its pages on the elements:
//! - "Action": the prefix and the name are case-insensitive.
//! - "Condition": the names of keys are case-insensitive; several values of a key are alternatives.
//! - "Principal": `*` equals `{"AWS": "*"}`, and the ARN of an account's root equals the account's id.
//! - "Policy evaluation logic": all statements are evaluated, and an explicit deny overrides every allow, so the order of
//!   statements has no effect.

use std::collections::BTreeSet;

use lakewright_template::arn::ArnParts;
use lakewright_template::{Map, Text, Value};

use super::Differences;
use super::normal::normal;

/// Whether a map is a policy document: it has statements, and a statement has an effect. The rules of a web ACL have members
/// called `Statement`, too.
pub(super) fn is_document(map: &Map) -> bool {
    let has_effect = |statement: &Value| {
        statement.as_map().is_some_and(|elements| elements.get("Effect").is_some())
    };
    match map.get("Statement") {
        Some(Value::List(statements)) => statements.iter().any(has_effect),
        Some(statement) => has_effect(statement),
        None => false,
    }
}

/// The normal form of a document. `Sid`s are kept.
pub(super) fn normal_document(document: &Map) -> Map {
    let entries = document.iter().map(|(key, value)| {
        let value = if key == "Statement" { normal_statements(value) } else { normal(value) };
        (key.clone(), value)
    });
    entries.collect()
}

fn normal_statements(statements: &Value) -> Value {
    let normal_statement =
        |(_, statement): (Option<usize>, &Value)| match (meaning(statement), sid(statement)) {
            (Value::Map(meaning), Some(sid)) => Value::Map(meaning.with("Sid", sid.clone())),
            (meaning, _) => meaning,
        };
    let mut all: Vec<Value> = one_or_many(statements).into_iter().map(normal_statement).collect();
    all.sort();
    Value::List(all)
}

/// A statement of one side.
struct Statement<'v> {
    /// Its index, if the document has a list of statements.
    index: Option<usize>,
    value: &'v Value,
    sid: Option<&'v Value>,
    meaning: Value,
}

impl<'v> Statement<'v> {
    fn all(statements: &'v Value) -> Vec<Self> {
        let all = one_or_many(statements).into_iter().map(|(index, value)| Self {
            index,
            value,
            sid: sid(value),
            meaning: meaning(value),
        });
        all.collect()
    }
}

/// Takes out the statements that belong together.
fn take_pairs<'v>(
    before: &mut Vec<Statement<'v>>,
    after: &mut Vec<Statement<'v>>,
    is_pair: fn(&Statement<'_>, &Statement<'_>) -> bool,
) -> Vec<(Statement<'v>, Statement<'v>)> {
    let mut pairs = Vec::new();
    for statement in std::mem::take(before) {
        match after.iter().position(|other| is_pair(&statement, other)) {
            Some(place) => pairs.push((statement, after.remove(place))),
            None => before.push(statement),
        }
    }
    pairs
}

impl Differences {
    /// Compares two documents.
    pub(super) fn documents(&mut self, before: &Map, after: &Map) {
        self.entries(before, after, |this, name, old, new| {
            if name == "Statement" {
                this.statements(old, new);
            } else {
                this.values(old, new);
            }
        });
    }

    fn statements(&mut self, before: &Value, after: &Value) {
        let (mut old, mut new) = (Statement::all(before), Statement::all(after));
        // Each step leaves the statements that it cannot pair to the next one.
        take_pairs(&mut old, &mut new, |one, other| {
            one.meaning == other.meaning && one.sid == other.sid
        });
        let renamed = take_pairs(&mut old, &mut new, |one, other| one.meaning == other.meaning);
        let changed =
            take_pairs(&mut old, &mut new, |one, other| one.sid.is_some() && one.sid == other.sid);
        for (one, other) in renamed {
            self.at(other.index, |this| {
                this.below("Sid", |this| this.sides(one.sid, other.sid));
            });
        }
        for (one, other) in changed {
            self.at(other.index, |this| match (one.value, other.value) {
                (Value::Map(one), Value::Map(other)) => this.elements(one, other),
                (one, other) => this.values(one, other),
            });
        }
        for statement in old {
            self.at(statement.index, |this| this.push(Some(statement.value), None));
        }
        for statement in new {
            self.at(statement.index, |this| this.push(None, Some(statement.value)));
        }
    }

    /// Compares the elements of two statements with one `Sid`.
    fn elements(&mut self, before: &Map, after: &Map) {
        self.entries(before, after, |this, name, old, new| match (name, old, new) {
            ("Action" | "NotAction", _, _) => this.sets(old, new, action),
            ("Resource" | "NotResource", _, _) => this.sets(old, new, normal),
            ("Principal" | "NotPrincipal", Value::Map(old), Value::Map(new)) => {
                this.entries(old, new, |this, _, old, new| this.sets(old, new, principal));
            }
            ("Principal" | "NotPrincipal", _, _) => {
                if principals(old) != principals(new) {
                    this.push(Some(old), Some(new));
                }
            }
            ("Condition", Value::Map(old), Value::Map(new)) => {
                this.entries(old, new, Self::condition_keys);
            }
            _ => this.values(old, new),
        });
    }

    /// Compares the keys of a condition operator, ignoring their case.
    fn condition_keys(&mut self, _: &str, before: &Value, after: &Value) {
        let (Value::Map(old), Value::Map(new)) = (before, after) else {
            self.values(before, after);
            return;
        };
        for (key, value) in old.iter() {
            match named(new, key) {
                Some((name, other)) => {
                    self.below(name, |this| this.sets(value, other, condition_value));
                }
                None => self.below(key, |this| this.push(Some(value), None)),
            }
        }
        for (key, value) in new.iter() {
            if named(old, key).is_none() {
                self.below(key, |this| this.push(None, Some(value)));
            }
        }
    }

    /// Compares values without an order, each of which is one value or a list. `form` is the normal form of one value.
    fn sets(&mut self, before: &Value, after: &Value, form: fn(&Value) -> Value) {
        let (in_old, in_new) = (forms(before, form), forms(after, form));
        if in_old == in_new {
            return;
        }
        let is_list = |value: &Value| value.as_list().is_some();
        if !is_list(before) && !is_list(after) {
            self.push(Some(before), Some(after));
            return;
        }
        for (index, value) in one_or_many(before) {
            if !in_new.contains(&form(value)) {
                self.at(index, |this| this.push(Some(value), None));
            }
        }
        for (index, value) in one_or_many(after) {
            if !in_old.contains(&form(value)) {
                self.at(index, |this| this.push(None, Some(value)));
            }
        }
    }
}

/// The items of a list with their indexes, or the one value.
fn one_or_many(value: &Value) -> Vec<(Option<usize>, &Value)> {
    match value {
        Value::List(items) => {
            items.iter().enumerate().map(|(index, item)| (Some(index), item)).collect()
        }
        one => vec![(None, one)],
    }
}

/// The entry of a map whose key is equal, ignoring its case.
fn named<'m>(map: &'m Map, key: &str) -> Option<(&'m Text, &'m Value)> {
    map.iter().find(|(name, _)| name.eq_ignore_ascii_case(key))
}

fn sid(statement: &Value) -> Option<&Value> {
    statement.as_map()?.get("Sid")
}

/// The normal form of a statement without its `Sid`.
fn meaning(statement: &Value) -> Value {
    let Some(elements) = statement.as_map() else {
        return normal(statement);
    };
    let elements = elements.iter().filter(|(name, _)| *name != "Sid");
    let elements = elements.map(|(name, value)| {
        let value = match &**name {
            "Action" | "NotAction" => set(value, action),
            "Resource" | "NotResource" => set(value, normal),
            "Principal" | "NotPrincipal" => principals(value),
            "Condition" => conditions(value),
            _ => normal(value),
        };
        (name.clone(), value)
    });
    Value::Map(elements.collect())
}

fn forms(value: &Value, form: fn(&Value) -> Value) -> BTreeSet<Value> {
    one_or_many(value).into_iter().map(|(_, item)| form(item)).collect()
}

fn set(value: &Value, form: fn(&Value) -> Value) -> Value {
    Value::List(forms(value, form).into_iter().collect())
}

fn action(value: &Value) -> Value {
    match normal(value) {
        Value::Text(text) => Value::text(text.to_ascii_lowercase()),
        other => other,
    }
}

fn principals(value: &Value) -> Value {
    match value {
        Value::Map(kinds) => {
            let kinds = kinds.iter().map(|(kind, value)| (kind.clone(), set(value, principal)));
            Value::Map(kinds.collect())
        }
        Value::Text(text) if text == "*" => {
            Map::new().with("AWS", Value::List(vec![value.clone()])).into()
        }
        other => normal(other),
    }
}

/// The id of an account, if the value is the ARN of the account's root.
fn principal(value: &Value) -> Value {
    let value = normal(value);
    let arn = value.as_text().and_then(ArnParts::parse);
    let is_root =
        |arn: &ArnParts<'_>| (arn.partition, arn.service, arn.resource) == ("aws", "iam", "root");
    match arn.filter(is_root).map(|arn| arn.account.to_owned()) {
        Some(account) => account.into(),
        None => value,
    }
}

/// The operators, each with a list of keys in lower case and their values.
fn conditions(value: &Value) -> Value {
    let Some(operators) = value.as_map() else {
        return normal(value);
    };
    let operators = operators.iter().map(|(operator, keys)| {
        let Some(keys) = keys.as_map() else {
            return (operator.clone(), normal(keys));
        };
        let keys = keys.iter().map(|(key, values)| {
            let key = Value::text(key.to_ascii_lowercase());
            Value::List(vec![key, set(values, condition_value)])
        });
        let mut keys: Vec<Value> = keys.collect();
        keys.sort();
        (operator.clone(), Value::List(keys))
    });
    Value::Map(operators.collect())
}

/// A value of a condition key as text.
fn condition_value(value: &Value) -> Value {
    match normal(value) {
        Value::Bool(value) => value.to_string().into(),
        Value::Integer(number) => number.to_string().into(),
        Value::Decimal(number) => Value::Text(number),
        other => other,
    }
}
