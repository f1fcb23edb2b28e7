//! A field of a document: its value, its position, and whether the document has it.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use lakewright_template::yaml::Span;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, SeqAccess, Visitor};

/// The name by which [`Field`] asks the decoder for spans.
pub(crate) const FIELD: &str = "$lakewright::Field";
/// The name by which [`OneOrMore`] asks the decoder for a list, even if a single value is written without brackets.
pub(crate) const ONE_OR_MORE: &str = "$lakewright::OneOrMore";

/// The beginning of a document.
const BEGINNING: Span = Span { start: 0, end: 0, line: 1, column: 1 };

/// A field of a document.
///
/// A wrong value is reported when it is decoded, and leaves the field without a
/// value, so that the rest of the document is still checked.
#[derive(Debug, Clone)]
pub struct Field<T> {
    state: State<T>,
    span: Span,
}

#[derive(Debug, Clone)]
enum State<T> {
    Absent,
    Invalid,
    Value(T),
}

impl<T> Default for Field<T> {
    fn default() -> Self {
        Self { state: State::Absent, span: Span::default() }
    }
}

impl<T> Field<T> {
    /// The value, if it could be decoded.
    pub fn value(&self) -> Option<&T> {
        match &self.state {
            State::Value(value) => Some(value),
            State::Absent | State::Invalid => None,
        }
    }

    /// Whether the field is not in the document.
    pub fn is_absent(&self) -> bool {
        matches!(self.state, State::Absent)
    }

    /// Whether the value could not be decoded. The error has been reported.
    pub fn is_invalid(&self) -> bool {
        matches!(self.state, State::Invalid)
    }

    /// The position of the value.
    pub fn span(&self) -> Span {
        self.span
    }
}

/// Fields that a program sets. They have no text, so their position is the beginning of their document.
impl<T> Field<T> {
    /// A field with this value.
    pub(crate) fn of(value: T) -> Self {
        Self { state: State::Value(value), span: BEGINNING }
    }

    /// A field whose value is not valid. Whoever sets it reports the error.
    pub(crate) fn invalid() -> Self {
        Self { state: State::Invalid, span: BEGINNING }
    }

    /// Changes the value; the default if the field has none.
    pub(crate) fn change(&mut self, change: impl FnOnce(&mut T))
    where
        T: Default,
    {
        let mut value = match std::mem::take(self).state {
            State::Value(value) => value,
            State::Absent | State::Invalid => T::default(),
        };
        change(&mut value);
        *self = Self::of(value);
    }
}

impl<T> Field<Vec<Field<T>>> {
    /// Adds a value to the list.
    pub(crate) fn push(&mut self, value: T) {
        self.change(|list| list.push(Field::of(value)));
    }
}

impl<T> Field<OneOrMore<T>> {
    /// Adds a value to the list.
    pub(crate) fn push(&mut self, value: T) {
        self.change(|list| list.0.push(Field::of(value)));
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Field<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // An option, because serde passes `None` for a missing field.
        deserializer.deserialize_option(FieldVisitor(PhantomData))
    }
}

struct FieldVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for FieldVisitor<T> {
    type Value = Field<T>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a value")
    }

    fn visit_none<E>(self) -> Result<Self::Value, E> {
        Ok(Field::default())
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_newtype_struct(FIELD, self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut parts: A) -> Result<Self::Value, A::Error> {
        let mut number = || parts.next_element::<u32>().map(Option::unwrap_or_default);
        let span = Span { start: number()?, end: number()?, line: number()?, column: number()? };
        let state = parts.next_element()?.map_or(State::Invalid, State::Value);
        Ok(Field { state, span })
    }
}

impl<T: JsonSchema> JsonSchema for Field<T> {
    fn inline_schema() -> bool {
        T::inline_schema()
    }

    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn schema_id() -> Cow<'static, str> {
        T::schema_id()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}

/// One value, or a list of them.
#[derive(Debug, Clone)]
pub struct OneOrMore<T>(Vec<Field<T>>);

impl<T> Default for OneOrMore<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> OneOrMore<T> {
    /// The values, each with its position.
    pub fn fields(&self) -> &[Field<T>] {
        &self.0
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for OneOrMore<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(ONE_OR_MORE, OneOrMoreVisitor(PhantomData))
    }
}

struct OneOrMoreVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for OneOrMoreVisitor<T> {
    type Value = OneOrMore<T>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a value or a list of values")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let mut fields = Vec::new();
        while let Some(field) = items.next_element()? {
            fields.push(field);
        }
        Ok(OneOrMore(fields))
    }
}

impl<T: JsonSchema> JsonSchema for OneOrMore<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("OneOrMore{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let one = generator.subschema_for::<T>();
        json_schema!({ "anyOf": [one, { "type": "array", "items": one, "minItems": 1 }] })
    }
}
