//! Decodes nodes into documents, through serde, and collects every error.
//!
//! Unknown and duplicate keys are reported and skipped. A value that cannot be
//! decoded leaves its [`Field`](crate::field::Field) without a value. So one
//! run reports all errors of a document.

use std::cell::RefCell;
use std::fmt;

use lakewright_template::yaml::{Node, NodeKind, Plain, Span};
use serde::Deserialize;
use serde::de::{
    self, DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer as _, MapAccess, SeqAccess,
    VariantAccess, Visitor,
};

use crate::diagnostic::{Diagnostic, FileId, Origin};
use crate::field::{FIELD, ONE_OR_MORE};
use crate::schema::requires;
use crate::{Code, Report};

/// Decodes a document. Errors are added to the report.
pub(crate) fn decode<'n, T: Deserialize<'n>>(
    node: &'n Node,
    file: FileId,
    report: &mut Report,
) -> Option<T> {
    let sink = Sink { file, diagnostics: RefCell::default() };
    let decoded = T::deserialize(Decoder { node, sink: &sink });
    let decoded = decoded.map_err(|error| sink.push(error.into_diagnostic(file, node.span))).ok();
    for diagnostic in sink.diagnostics.into_inner() {
        report.push(diagnostic);
    }
    decoded
}

/// The name among `names` that `wrong` is most likely a misspelling of.
pub(crate) fn suggest<'a>(
    wrong: &str,
    names: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    names
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(wrong, name), name))
        .filter(|(distance, name)| *distance <= 1 + name.len().min(wrong.len()) / 4)
        .min()
        .map(|(_, name)| name)
}

/// The most likely intended key or word: a similar one, or the only one with the same words, as
/// `role_arn` contains `arn`.
fn meant(wrong: &str, names: &[&'static str]) -> Option<&'static str> {
    let near = suggest(wrong, names.iter().copied());
    near.or_else(|| {
        let mut same = names.iter().copied().filter(|name| has_words_of(name, wrong));
        same.next().filter(|_| same.next().is_none())
    })
}

/// Whether each word of `wrong` is a word of `name`, or one is the beginning of the other.
fn has_words_of(name: &str, wrong: &str) -> bool {
    let is_kin = |one: &str, other: &str| {
        one.len().min(other.len()) >= 3 && (one.starts_with(other) || other.starts_with(one))
    };
    let wrong = wrong.to_lowercase();
    let words = |text: &str| {
        text.split(|one: char| !one.is_alphanumeric()).map(str::to_owned).collect::<Vec<_>>()
    };
    let own = words(name);
    words(&wrong).iter().all(|word| own.iter().any(|other| is_kin(word, other)))
}

struct Sink {
    file: FileId,
    diagnostics: RefCell<Vec<Diagnostic>>,
}

impl Sink {
    fn push(&self, diagnostic: Diagnostic) {
        self.diagnostics.borrow_mut().push(diagnostic);
    }

    /// Reports a key or a list entry without a value. Its author meant a value, and ignoring the
    /// key could grant everything.
    fn nothing(&self, message: &str, span: Span, help: &str) {
        let diagnostic = Diagnostic::new(Code::MissingField, message)
            .at(Origin { file: self.file, span }, "nothing stands behind it")
            .help(help);
        self.push(diagnostic);
    }
}

/// The suggested fix for a key or an entry without a value.
const WRITE_OR_REMOVE: &str = "write a value, or remove it; empty text is written `\"\"`";

/// Whether a value is missing.
fn is_nothing(node: &Node) -> bool {
    match &node.kind {
        NodeKind::Scalar { text, is_plain } => Plain::of(text, *is_plain) == Plain::Null,
        NodeKind::Sequence(_) | NodeKind::Mapping(_) => false,
    }
}

/// An error of decoding. It gets its position when it passes a node.
#[derive(Debug)]
pub(crate) struct DecodeError {
    code: Code,
    message: String,
    help: Option<String>,
    span: Option<Span>,
}

impl DecodeError {
    fn new(code: Code, message: String, span: Span) -> Self {
        Self { code, message, help: None, span: Some(span) }
    }

    fn into_diagnostic(self, file: FileId, fallback: Span) -> Diagnostic {
        let origin = Origin { file, span: self.span.unwrap_or(fallback) };
        let mut diagnostic = Diagnostic::new(self.code, self.message).at(origin, "");
        diagnostic.help = self.help;
        diagnostic
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for DecodeError {}

impl de::Error for DecodeError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self { code: Code::InvalidValue, message: message.to_string(), help: None, span: None }
    }
}

#[derive(Clone, Copy)]
struct Decoder<'n, 's> {
    node: &'n Node,
    sink: &'s Sink,
}

impl<'n> Decoder<'n, '_> {
    fn wrong_type(&self, expected: &str) -> DecodeError {
        let message = format!("expected {expected}, got {}", self.node.description());
        let mut error = DecodeError::new(Code::WrongType, message, self.node.span);
        let shown = match &self.node.kind {
            NodeKind::Scalar { text, .. } if text.len() <= 40 => text.as_str(),
            NodeKind::Scalar { .. } | NodeKind::Sequence(_) | NodeKind::Mapping(_) => "...",
        };
        error.help = match expected {
            "a list" => Some(format!("write it in brackets: `[{shown}]`")),
            "a mapping" => Some("write `key: value` lines, indented under the name".to_owned()),
            "a number" => Some("write digits, without quotes".to_owned()),
            "true or false" => {
                Some("write `true` or `false`; YAML 1.2 takes `yes` and `no` for text".to_owned())
            }
            _ => None,
        };
        error
    }

    fn scalar(&self, expected: &str) -> Result<(&'n str, Plain), DecodeError> {
        match &self.node.kind {
            NodeKind::Scalar { text, is_plain } => Ok((text, Plain::of(text, *is_plain))),
            NodeKind::Sequence(_) | NodeKind::Mapping(_) => Err(self.wrong_type(expected)),
        }
    }

    fn entries(&self) -> Result<&'n [(Node, Node)], DecodeError> {
        match &self.node.kind {
            NodeKind::Mapping(entries) => Ok(entries),
            NodeKind::Sequence(_) | NodeKind::Scalar { .. } => Err(self.wrong_type("a mapping")),
        }
    }

    /// The entries with known keys, without repetitions. A misspelt key is read as the intended one, so that
    /// the intended key is not reported as missing.
    fn known_entries(
        &self,
        of: Option<(&'static str, &'static [&'static str])>,
    ) -> Result<Vec<(&'n str, &'n Node)>, DecodeError> {
        let mut good: Vec<(&str, &Node)> = Vec::new();
        let entries = self.entries()?;
        let is_written = |name: &str| {
            let is_it =
                |key: &Node| matches!(&key.kind, NodeKind::Scalar { text, .. } if text == name);
            entries.iter().any(|(key, _)| is_it(key))
        };
        for (key, value) in entries {
            let origin = Origin { file: self.sink.file, span: key.span };
            let NodeKind::Scalar { text, .. } = &key.kind else {
                let message = format!("expected a key, got {}", key.description());
                self.sink.push(Diagnostic::new(Code::WrongType, message).at(origin, ""));
                continue;
            };
            if let Some((_, known)) = of
                && !known.contains(&text.as_str())
            {
                let mut diagnostic =
                    Diagnostic::new(Code::UnknownKey, format!("unknown key `{text}`"))
                        .at(origin, "not a key of this document");
                let meant = meant(text, known);
                diagnostic.help = Some(match meant {
                    Some(name) => format!("did you mean `{name}`?"),
                    // The rest of a value, as of a type of a column.
                    None if text.ends_with([')', '>', ']']) => {
                        "inside braces a comma ends a value: put a value with a comma in quotes, such as \
                         `\"decimal(10,2)\"`"
                            .to_owned()
                    }
                    None => format!("the keys here are {}", known.join(", ")),
                });
                self.sink.push(diagnostic);
                let is_new =
                    |name: &&str| !is_written(name) && !good.iter().any(|(other, _)| other == name);
                good.extend(meant.filter(is_new).map(|name| (name, value)));
                continue;
            }
            if good.iter().any(|(name, _)| name == text) {
                let diagnostic = Diagnostic::new(
                    Code::DuplicateKey,
                    format!("`{text}` is defined twice in this mapping"),
                )
                .at(origin, "the second time")
                .help("keep one of them");
                self.sink.push(diagnostic);
                continue;
            }
            if is_nothing(value) {
                let help = match of {
                    Some((name, _)) if requires(name, text) => {
                        "write a value: this key cannot be left out"
                    }
                    Some(_) | None => WRITE_OR_REMOVE,
                };
                self.sink.nothing(&format!("`{text}` has no value"), key.span, help);
            }
            good.push((text, value));
        }
        Ok(good)
    }
}

macro_rules! refuse {
    ($($method:ident $expected:literal,)*) => {
        $(fn $method<V: Visitor<'n>>(self, _: V) -> Result<V::Value, Self::Error> {
            Err(self.wrong_type($expected))
        })*
    };
}

macro_rules! integers {
    ($($method:ident $visit:ident $number:ty,)*) => {
        $(fn $method<V: Visitor<'n>>(self, visitor: V) -> Result<V::Value, Self::Error> {
            match self.scalar("a number")? {
                (_, Plain::Integer(number)) => match <$number>::try_from(number) {
                    Ok(number) => visitor.$visit(number),
                    Err(_) => {
                        let (least, most) = (<$number>::MIN, <$number>::MAX);
                        let message =
                            format!("expected a number from {least} to {most}, got {number}");
                        Err(DecodeError::new(Code::WrongType, message, self.node.span))
                    }
                },
                _ => Err(self.wrong_type("a number")),
            }
        })*
    };
}

impl<'n> Deserializer<'n> for Decoder<'n, '_> {
    type Error = DecodeError;

    fn deserialize_any<V: Visitor<'n>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        match &self.node.kind {
            NodeKind::Mapping(_) => self.deserialize_map(visitor),
            NodeKind::Sequence(_) => self.deserialize_seq(visitor),
            NodeKind::Scalar { text, is_plain } => match Plain::of(text, *is_plain) {
                Plain::Bool(value) => visitor.visit_bool(value),
                Plain::Integer(number) => visitor.visit_i64(number),
                Plain::Null => visitor.visit_unit(),
                Plain::Decimal | Plain::Text => visitor.visit_borrowed_str(text),
            },
        }
    }

    fn deserialize_bool<V: Visitor<'n>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        match self.scalar("true or false")? {
            (_, Plain::Bool(value)) => visitor.visit_bool(value),
            _ => Err(self.wrong_type("true or false")),
        }
    }

    integers! {
        deserialize_i64 visit_i64 i64,
        deserialize_u16 visit_u16 u16,
        deserialize_u32 visit_u32 u32,
        deserialize_u64 visit_u64 u64,
    }

    // A scalar keeps its original text, so `account: 012345678901` keeps its zero.
    fn deserialize_str<V: Visitor<'n>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        let (text, _) = self.scalar("text")?;
        visitor.visit_borrowed_str(text).map_err(|mut error: DecodeError| {
            error.span.get_or_insert(self.node.span);
            error
        })
    }

    fn deserialize_string<V: Visitor<'n>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        self.deserialize_str(visitor)
    }

    fn deserialize_identifier<V: Visitor<'n>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        self.deserialize_str(visitor)
    }

    // A key without a value is not the same as a missing key, which may mean everything.
    fn deserialize_option<V: Visitor<'n>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'n>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        match name {
            FIELD => visitor.visit_seq(FieldParts { decoder: self, place: 0 }),
            ONE_OR_MORE => {
                let items = match &self.node.kind {
                    NodeKind::Sequence(items) => items.as_slice(),
                    NodeKind::Mapping(_) | NodeKind::Scalar { .. } => {
                        std::slice::from_ref(self.node)
                    }
                };
                visitor.visit_seq(Items { items: items.iter(), sink: self.sink })
            }
            _ => visitor.visit_newtype_struct(self),
        }
    }

    fn deserialize_seq<V: Visitor<'n>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        match &self.node.kind {
            NodeKind::Sequence(items) => {
                visitor.visit_seq(Items { items: items.iter(), sink: self.sink })
            }
            NodeKind::Mapping(_) | NodeKind::Scalar { .. } => Err(self.wrong_type("a list")),
        }
    }

    fn deserialize_map<V: Visitor<'n>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        let entries = self.known_entries(None)?;
        visitor.visit_map(Entries { left: entries.into_iter(), value: None, sink: self.sink })
    }

    fn deserialize_struct<V: Visitor<'n>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        let entries = self.known_entries(Some((name, fields)))?;
        visitor.visit_map(Entries { left: entries.into_iter(), value: None, sink: self.sink })
    }

    fn deserialize_enum<V: Visitor<'n>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        let (text, _) = self.scalar("a word")?;
        if variants.contains(&text) {
            return visitor.visit_enum(Word(text));
        }
        let message = format!("`{text}` is not one of {}", variants.join(", "));
        let mut error = DecodeError::new(Code::InvalidValue, message, self.node.span);
        error.help = meant(text, variants).map(|name| format!("did you mean `{name}`?"));
        Err(error)
    }

    fn deserialize_ignored_any<V: Visitor<'n>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_unit()
    }

    refuse! {
        deserialize_i8 "a smaller type", deserialize_i16 "a smaller type", deserialize_i32 "a smaller type",
        deserialize_u8 "a smaller type", deserialize_f32 "a number", deserialize_f64 "a number",
        deserialize_char "text", deserialize_bytes "text", deserialize_byte_buf "text",
        deserialize_unit "nothing",
    }

    fn deserialize_unit_struct<V: Visitor<'n>>(
        self,
        _: &'static str,
        _: V,
    ) -> Result<V::Value, Self::Error> {
        Err(self.wrong_type("nothing"))
    }

    fn deserialize_tuple<V: Visitor<'n>>(
        self,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'n>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        self.deserialize_seq(visitor)
    }
}

/// The sequence that a [`Field`](crate::field::Field) reads: its span as four numbers, then its value.
struct FieldParts<'n, 's> {
    decoder: Decoder<'n, 's>,
    place: usize,
}

impl<'n> SeqAccess<'n> for FieldParts<'n, '_> {
    type Error = DecodeError;

    fn next_element_seed<T: DeserializeSeed<'n>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, DecodeError> {
        let Span { start, end, line, column } = self.decoder.node.span;
        let number = [start, end, line, column].get(self.place).copied();
        self.place += 1;
        if let Some(number) = number {
            return seed.deserialize(number.into_deserializer()).map(Some);
        }
        // The missing value has been reported with its key or entry.
        if is_nothing(self.decoder.node) {
            return Ok(None);
        }
        match seed.deserialize(self.decoder) {
            Ok(value) => Ok(Some(value)),
            Err(error) => {
                let Sink { file, diagnostics: _ } = self.decoder.sink;
                self.decoder.sink.push(error.into_diagnostic(*file, self.decoder.node.span));
                Ok(None)
            }
        }
    }
}

struct Items<'n, 's> {
    items: std::slice::Iter<'n, Node>,
    sink: &'s Sink,
}

impl<'n> SeqAccess<'n> for Items<'n, '_> {
    type Error = DecodeError;

    fn next_element_seed<T: DeserializeSeed<'n>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, DecodeError> {
        let Some(node) = self.items.next() else { return Ok(None) };
        if is_nothing(node) {
            self.sink.nothing("an entry of this list has no value", node.span, WRITE_OR_REMOVE);
        }
        seed.deserialize(Decoder { node, sink: self.sink }).map(Some)
    }
}

struct Entries<'n, 's> {
    left: std::vec::IntoIter<(&'n str, &'n Node)>,
    value: Option<&'n Node>,
    sink: &'s Sink,
}

impl<'n> MapAccess<'n> for Entries<'n, '_> {
    type Error = DecodeError;

    fn next_key_seed<K: DeserializeSeed<'n>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, DecodeError> {
        let Some((key, value)) = self.left.next() else { return Ok(None) };
        self.value = Some(value);
        seed.deserialize(de::value::BorrowedStrDeserializer::new(key)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'n>>(
        &mut self,
        seed: V,
    ) -> Result<V::Value, DecodeError> {
        let node = self.value.take().expect("serde asks for a key before its value");
        seed.deserialize(Decoder { node, sink: self.sink })
    }
}

struct Word<'n>(&'n str);

impl<'n> EnumAccess<'n> for Word<'n> {
    type Error = DecodeError;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'n>>(
        self,
        seed: V,
    ) -> Result<(V::Value, Self), DecodeError> {
        Ok((seed.deserialize(de::value::BorrowedStrDeserializer::new(self.0))?, self))
    }
}

impl<'n> VariantAccess<'n> for Word<'n> {
    type Error = DecodeError;

    fn unit_variant(self) -> Result<(), DecodeError> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'n>>(self, _: T) -> Result<T::Value, DecodeError> {
        Err(de::Error::custom("expected a word"))
    }

    fn tuple_variant<V: Visitor<'n>>(self, _: usize, _: V) -> Result<V::Value, DecodeError> {
        Err(de::Error::custom("expected a word"))
    }

    fn struct_variant<V: Visitor<'n>>(
        self,
        _: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, DecodeError> {
        Err(de::Error::custom("expected a word"))
    }
}
