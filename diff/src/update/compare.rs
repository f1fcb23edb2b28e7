//! Whether values differ, as far as templates tell, and which properties a change touches.

use lakewright_template::intrinsic::SubPart;
use lakewright_template::{Intrinsic, LogicalId, ResourceEntry, Template, Value};

use crate::change::PropertyChange;

/// Whether a value differs between the sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Differs {
    /// It is the same.
    No,
    /// It contains functions whose results may be the same.
    Maybe,
    /// It differs.
    Yes,
}

/// The templates of a stack before and after the change. The template is empty if there is no stack.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sides<'t> {
    pub(super) before: &'t Template,
    pub(super) after: &'t Template,
}

/// The tokens of a JSON pointer.
pub(super) fn tokens(pointer: &str) -> Vec<String> {
    let tokens = pointer.split('/').skip(1);
    tokens.map(|token| token.replace("~1", "/").replace("~0", "~")).collect()
}

/// A pointer with one more token.
pub(super) fn joined(pointer: &str, token: &str) -> String {
    format!("{pointer}/{}", token.replace('~', "~0").replace('/', "~1"))
}

/// Whether a changed path and the pointer of a schema, in which `*` matches any token, lie on one branch.
pub(super) fn is_related(path: &[String], pattern: &[String]) -> bool {
    path.iter().zip(pattern).all(|(token, wanted)| wanted == "*" || token == wanted)
}

/// The value at a JSON pointer below `Properties`. `None` also if a function stands above it.
pub(super) fn value_at<'v>(resource: &'v ResourceEntry, pointer: &str) -> Option<&'v Value> {
    let tokens = tokens(pointer);
    let (first, rest) = tokens.split_first()?;
    rest.iter().try_fold(resource.properties.get(first)?, |value, token| member(value, token))
}

fn member<'v>(value: &'v Value, token: &str) -> Option<&'v Value> {
    match value {
        Value::Map(map) => map.get(token),
        Value::List(items) => items.get(token.parse::<usize>().ok()?),
        Value::Null
        | Value::Bool(_)
        | Value::Integer(_)
        | Value::Decimal(_)
        | Value::Text(_)
        | Value::Intrinsic(_) => None,
    }
}

fn items(value: Option<&Value>) -> &[Value] {
    value.and_then(Value::as_list).unwrap_or_default()
}

/// A number, boolean or text as text: CloudFormation accepts `"30"` for `30` and `"true"` for `true`.
fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::Bool(value) => Some(value.to_string()),
        Value::Integer(number) => Some(number.to_string()),
        Value::Decimal(text) | Value::Text(text) => Some(text.to_string()),
        Value::Null | Value::List(_) | Value::Map(_) | Value::Intrinsic(_) => None,
    }
}

impl<'t> Sides<'t> {
    /// A resource that exists on both sides.
    pub(super) fn pair(self, id: &LogicalId) -> Option<(&'t ResourceEntry, &'t ResourceEntry)> {
        Some((self.before.resources.get(id)?, self.after.resources.get(id)?))
    }

    /// Whether a change touches what a pointer of a schema names. Above the pointer, only the value at the pointer
    /// counts: a whole `/TableInput` that is added touches `/TableInput/Name` only if the name differs.
    pub(super) fn touches(self, change: &PropertyChange, pattern: &str) -> Differs {
        let mut path = tokens(&change.path);
        let function = path.iter().position(|token| token.starts_with("Fn::"));
        path.truncate(function.unwrap_or(path.len()));
        let pattern = tokens(pattern);
        if !is_related(&path, &pattern) {
            return Differs::No;
        }
        let rest = pattern.get(path.len()..).unwrap_or_default();
        let differs = self.below(change.before.as_ref(), change.after.as_ref(), rest);
        // Only an argument of a function differs.
        if function.is_some() { differs.min(Differs::Maybe) } else { differs }
    }

    fn below(self, before: Option<&Value>, after: Option<&Value>, rest: &[String]) -> Differs {
        let Some((token, deeper)) = rest.split_first() else { return self.differs(before, after) };
        let mut sides = [before, after].into_iter().flatten();
        if sides.any(|value| value.as_intrinsic().is_some()) {
            return Differs::Maybe;
        }
        if token == "*" {
            let (left, right) = (items(before), items(after));
            let places = 0..left.len().max(right.len());
            let each = places.map(|place| self.below(left.get(place), right.get(place), deeper));
            return each.max().unwrap_or(Differs::No);
        }
        let left = before.and_then(|value| member(value, token));
        let right = after.and_then(|value| member(value, token));
        self.below(left, right, deeper)
    }

    /// Whether a value differs.
    pub(super) fn differs(self, before: Option<&Value>, after: Option<&Value>) -> Differs {
        match (before, after) {
            (None, None) => Differs::No,
            (None, Some(value)) | (Some(value), None) => {
                // `Fn::If` may give `AWS::NoValue`.
                if value.as_intrinsic().is_some() { Differs::Maybe } else { Differs::Yes }
            }
            (Some(before), Some(after)) => self.between(before, after),
        }
    }

    fn between(self, before: &Value, after: &Value) -> Differs {
        match (before, after) {
            (left, right) if left == right => Differs::No,
            (Value::Map(left), Value::Map(right)) => {
                let keys = left.iter().chain(right.iter()).map(|(key, _)| key);
                let each = keys.map(|key| self.differs(left.get(key), right.get(key)));
                each.max().unwrap_or(Differs::No)
            }
            (Value::List(left), Value::List(right)) => self.lists(left, right),
            (Value::Intrinsic(left), Value::Intrinsic(right)) => self.calls(left, right),
            (Value::Intrinsic(_), _) | (_, Value::Intrinsic(_)) => Differs::Maybe,
            (left, right) => match (scalar(left), scalar(right)) {
                (Some(left), Some(right)) if left == right => Differs::No,
                _ => Differs::Yes,
            },
        }
    }

    fn lists(self, left: &[Value], right: &[Value]) -> Differs {
        if left.len() == right.len() {
            let pairs = left.iter().zip(right);
            let each = pairs.map(|(one, other)| self.between(one, other));
            return each.max().unwrap_or(Differs::No);
        }
        let may_vanish = left.iter().chain(right).any(|item| item.as_intrinsic().is_some());
        if may_vanish { Differs::Maybe } else { Differs::Yes }
    }

    fn calls(self, left: &Intrinsic, right: &Intrinsic) -> Differs {
        match (left, right) {
            (Intrinsic::GetAtt(one, _), Intrinsic::GetAtt(other, _)) if one != other => {
                Differs::Yes
            }
            (Intrinsic::Ref(one), Intrinsic::Ref(other)) => {
                let are_resources = self.before.resources.contains_key(one)
                    && self.after.resources.contains_key(other);
                if are_resources { Differs::Yes } else { Differs::Maybe }
            }
            (
                Intrinsic::Join { delimiter: one, values: Value::List(left) },
                Intrinsic::Join { delimiter: other, values: Value::List(right) },
            ) if one == other && left.len() == right.len() => self.lists(left, right),
            (
                Intrinsic::Sub { parts: one, variables: left },
                Intrinsic::Sub { parts: other, variables: right },
            ) if left == right && only_literals_differ(one, other) => Differs::Yes,
            _ => Differs::Maybe,
        }
    }
}

/// Whether two texts of `Fn::Sub` have the same variables at the same places.
fn only_literals_differ(one: &[SubPart], other: &[SubPart]) -> bool {
    let is_like = |pair: (&SubPart, &SubPart)| match pair {
        (SubPart::Literal(_), SubPart::Literal(_)) => true,
        (SubPart::Variable(left), SubPart::Variable(right)) => left == right,
        (SubPart::Literal(_), SubPart::Variable(_))
        | (SubPart::Variable(_), SubPart::Literal(_)) => false,
    };
    one.len() == other.len() && one.iter().zip(other).all(is_like)
}
