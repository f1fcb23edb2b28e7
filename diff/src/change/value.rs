//! The differences of two values, each at the deepest path that differs.

mod align;
mod document;
mod normal;

use std::borrow::Cow;

use lakewright_template::schema::Schema;
use lakewright_template::{Map, Value};

use self::align::Pair;
use super::PropertyChange;
use crate::update::Update;

/// Compares values, and collects what differs.
pub(super) struct Differences {
    /// The schema of the resource whose properties are compared.
    schema: Option<&'static Schema>,
    /// What CloudFormation does with the resource because of the values that are compared.
    update: Update,
    /// The JSON pointer of the values that are compared.
    path: String,
    changes: Vec<PropertyChange>,
}

impl Differences {
    /// No differences yet.
    pub(super) fn new(schema: Option<&'static Schema>, update: Update) -> Self {
        Self { schema, update, path: String::new(), changes: Vec::new() }
    }

    /// Sets what CloudFormation does because of the values that are compared from now on.
    pub(super) fn set_update(&mut self, update: Update) {
        self.update = update;
    }

    /// The differences, sorted by path. A removed value comes before an added one of the same path.
    pub(super) fn finish(mut self) -> Vec<PropertyChange> {
        let place = |change: &PropertyChange| (change.path.clone(), change.before.is_none());
        self.changes.sort_by_cached_key(place);
        self.changes
    }

    /// Compares what is under `name`.
    pub(super) fn below(&mut self, name: &str, compare: impl FnOnce(&mut Self)) {
        let length = self.path.len();
        self.path.push('/');
        self.path.push_str(&escaped(name));
        compare(self);
        self.path.truncate(length);
    }

    /// Compares what is at an index of a list, or a value that is not in a list.
    fn at(&mut self, index: Option<usize>, compare: impl FnOnce(&mut Self)) {
        match index {
            Some(index) => self.below(&index.to_string(), compare),
            None => compare(self),
        }
    }

    /// Compares values, each of which may be missing.
    pub(super) fn sides(&mut self, before: Option<&Value>, after: Option<&Value>) {
        match (before, after) {
            (None, None) => {}
            (Some(before), Some(after)) => self.values(before, after),
            (None, Some(_)) | (Some(_), None) => self.push(before, after),
        }
    }

    /// Compares two maps.
    pub(super) fn maps(&mut self, before: &Map, after: &Map) {
        if document::is_document(before) && document::is_document(after) {
            self.documents(before, after);
        } else {
            self.entries(before, after, |this, _, before, after| this.values(before, after));
        }
    }

    /// Compares two lists, whose order matters or not.
    pub(super) fn lists(&mut self, before: &[Value], after: &[Value], is_ordered: bool) {
        let pairs: Vec<Pair> = if is_ordered {
            align::ordered(before, after)
        } else {
            align::unordered(before, after)
        };
        for (old, new) in pairs {
            let before = old.and_then(|index| before.get(index));
            let after = new.and_then(|index| after.get(index));
            self.at(new.or(old), |this| this.sides(before, after));
        }
    }

    fn values(&mut self, before: &Value, after: &Value) {
        if before == after {
            return;
        }
        match (before, after) {
            (Value::Map(before), Value::Map(after)) => self.maps(before, after),
            (Value::List(before), Value::List(after)) => {
                self.lists(before, after, !self.is_unordered());
            }
            _ if normal::is_same(before, after) || self.is_same_scalar(before, after) => {}
            _ => self.push(Some(before), Some(after)),
        }
    }

    /// Compares the entries of two maps with a function that gets the name and both values.
    fn entries(&mut self, before: &Map, after: &Map, compare: fn(&mut Self, &str, &Value, &Value)) {
        for (name, old) in before.iter() {
            match after.get(name) {
                Some(new) if new == old => {}
                Some(new) => self.below(name, |this| compare(this, name, old, new)),
                None => self.below(name, |this| this.push(Some(old), None)),
            }
        }
        for (name, new) in after.iter() {
            if before.get(name).is_none() {
                self.below(name, |this| this.push(None, Some(new)));
            }
        }
    }

    fn push(&mut self, before: Option<&Value>, after: Option<&Value>) {
        self.changes.push(PropertyChange {
            path: self.path.clone(),
            before: before.cloned(),
            after: after.cloned(),
            update: self.update,
        });
    }

    /// Whether the order of the list that is compared does not matter. That of tags never does, whatever the type.
    fn is_unordered(&self) -> bool {
        self.path.ends_with("/Tags")
            || self.schema.is_some_and(|schema| schema.is_unordered(&self.path))
    }

    /// Whether both values are one scalar for the resource: `"60"` and 60, `"true"` and true.
    ///
    /// Source: the module `coercion` of AWS's crate `cloudformation-validate-template-model` 1.15.0: CloudFormation passes
    /// every scalar as text. Only properties count that take a scalar: JSON of any form, such as an event pattern,
    /// distinguishes 1 from "1".
    fn is_same_scalar(&self, before: &Value, after: &Value) -> bool {
        let (Some(old), Some(new)) = (scalar_text(before), scalar_text(after)) else {
            return false;
        };
        old == new && self.schema.is_some_and(|schema| schema.is_scalar(&self.path))
    }
}

/// The text of a boolean, a whole number or a text. Other numbers have more than one text.
fn scalar_text(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::Bool(true) => Some(Cow::Borrowed("true")),
        Value::Bool(false) => Some(Cow::Borrowed("false")),
        Value::Integer(number) => Some(Cow::Owned(number.to_string())),
        Value::Text(text) => Some(Cow::Borrowed(text)),
        Value::Null | Value::Decimal(_) | Value::List(_) | Value::Map(_) | Value::Intrinsic(_) => {
            None
        }
    }
}

/// A name as a token of a JSON pointer. Source: RFC 6901, section 3.
fn escaped(name: &str) -> Cow<'_, str> {
    if name.contains(['~', '/']) {
        Cow::Owned(name.replace('~', "~0").replace('/', "~1"))
    } else {
        Cow::Borrowed(name)
    }
}
