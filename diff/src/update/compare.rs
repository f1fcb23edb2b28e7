//! Whether values differ, as far as templates tell, and which properties a change touches.

use std::borrow::Cow;

use lakewright_template::intrinsic::SubPart;
use lakewright_template::{Intrinsic, LogicalId, Place, ResourceEntry, Template, Value};

use super::side::Side;
use super::ways::{self, Way};
use crate::change::PropertyChange;

/// Whether a value differs between the sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Differs {
    /// It is the same.
    No,
    /// It contains functions whose results may be the same, or it differs in some ways to deploy the stack.
    Maybe,
    /// It differs.
    Yes,
}

/// The templates of a stack before and after the change. The template is empty if there is no stack.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sides<'t> {
    pub(super) before: &'t Template,
    pub(super) after: &'t Template,
    /// The account and region of the stack before and after the change.
    pub(super) places: [Option<&'t Place>; 2],
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
pub(super) fn scalar(value: &Value) -> Option<String> {
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

    /// One side in one way to deploy the stack.
    pub(super) fn side<'w>(self, is_before: bool, way: &'w Way) -> Side<'t, 'w> {
        let [place_before, place_after] = self.places;
        let (template, other, place) = if is_before {
            (self.before, self.after, place_before)
        } else {
            (self.after, self.before, place_after)
        };
        Side { template, other, place, is_before, way }
    }

    /// A resource with the values of all properties that are the same in every way to deploy the stack.
    pub(super) fn known(
        self,
        is_before: bool,
        resource: &'t ResourceEntry,
    ) -> Cow<'t, ResourceEntry> {
        let mut known = Cow::Borrowed(resource);
        for (name, value) in resource.properties.iter().filter(|(_, value)| has_call(value)) {
            let values = ways::each(|way| self.side(is_before, way).value(value));
            let values = values.unwrap_or_default();
            let Some((first, rest)) = values.split_first() else { continue };
            if rest.iter().any(|other| other != first) {
                continue;
            }
            let properties = &mut known.to_mut().properties;
            match first {
                Some(value) => properties.insert(name.clone(), value.clone()),
                None => properties.remove(name),
            };
        }
        known
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
        let differs = self.resolved(change.before.as_ref(), change.after.as_ref(), rest);
        // Only an argument of a function differs.
        if function.is_some() { differs.min(Differs::Maybe) } else { differs }
    }

    /// Whether a value differs.
    pub(super) fn differs(self, before: Option<&Value>, after: Option<&Value>) -> Differs {
        self.resolved(before, after, &[])
    }

    /// Compares what a pointer names below two values, in every way to deploy the stack.
    fn resolved(self, before: Option<&Value>, after: Option<&Value>, rest: &[String]) -> Differs {
        if ![before, after].into_iter().flatten().any(has_call) {
            return self.below(before, after, rest);
        }
        let each = ways::each(|way| {
            let (old, new) = (self.side(true, way), self.side(false, way));
            let mut left = before.and_then(|value| old.value(value));
            let mut right = after.and_then(|value| new.value(value));
            if right.as_ref().is_some_and(|value| value.as_text().is_some()) {
                left = left.map(|value| old.told(value));
            } else if left.as_ref().is_some_and(|value| value.as_text().is_some()) {
                right = right.map(|value| new.told(value));
            }
            self.below(left.as_ref(), right.as_ref(), rest)
        });
        let each = each.unwrap_or_default();
        match (each.iter().min(), each.iter().max()) {
            (Some(least), Some(most)) if least == most => *most,
            _ => Differs::Maybe,
        }
    }

    fn below(self, before: Option<&Value>, after: Option<&Value>, rest: &[String]) -> Differs {
        let Some((token, deeper)) = rest.split_first() else { return self.sides(before, after) };
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

    /// Compares two values, in which only functions with an unknown result are left.
    fn sides(self, before: Option<&Value>, after: Option<&Value>) -> Differs {
        match (before, after) {
            (None, None) => Differs::No,
            (None, Some(value)) | (Some(value), None) => {
                if may_vanish(value) {
                    Differs::Maybe
                } else {
                    Differs::Yes
                }
            }
            (Some(before), Some(after)) => self.between(before, after),
        }
    }

    fn between(self, before: &Value, after: &Value) -> Differs {
        match (before, after) {
            (left, right) if left == right => Differs::No,
            (Value::Map(left), Value::Map(right)) => {
                let keys = left.iter().chain(right.iter()).map(|(key, _)| key);
                let each = keys.map(|key| self.sides(left.get(key), right.get(key)));
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
        if left.iter().chain(right).any(may_vanish) { Differs::Maybe } else { Differs::Yes }
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
            (Intrinsic::Base64(one), Intrinsic::Base64(other)) => self.between(one, other),
            (
                Intrinsic::Sub { parts: one, variables: left },
                Intrinsic::Sub { parts: other, variables: right },
            ) if left == right && self.differ_for_sure(one, other) => Differs::Yes,
            _ => Differs::Maybe,
        }
    }

    /// Whether two texts of `Fn::Sub`, which are not the same, differ only in literals and in the resources that they
    /// refer to.
    fn differ_for_sure(self, one: &[SubPart], other: &[SubPart]) -> bool {
        let is_resource = |template: &Template, variable: &str| {
            let name = variable.split('.').next().unwrap_or(variable);
            template.resources.contains_key(&LogicalId::parameter(name))
        };
        let is_like = |pair: (&SubPart, &SubPart)| match pair {
            (SubPart::Literal(_), SubPart::Literal(_)) => true,
            (SubPart::Variable(left), SubPart::Variable(right)) => {
                left == right || is_resource(self.before, left) && is_resource(self.after, right)
            }
            (SubPart::Literal(_), SubPart::Variable(_))
            | (SubPart::Variable(_), SubPart::Literal(_)) => false,
        };
        one.len() == other.len() && one.iter().zip(other).all(is_like)
    }
}

/// Whether a value contains a function.
pub(super) fn has_call(value: &Value) -> bool {
    let mut found = false;
    value.walk(&mut |inner| found |= inner.as_intrinsic().is_some());
    found
}

/// Whether a value may be nothing, or several values: the result of a macro.
fn may_vanish(value: &Value) -> bool {
    matches!(value.as_intrinsic(), Some(Intrinsic::Other(..)))
}
