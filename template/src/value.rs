//! The one value type that every template consists of.
//!
//! Intrinsic functions are variants, so no code has to guess whether an object
//! with one key is data or a function call.

use std::borrow::Cow;

use crate::Intrinsic;

/// Text in a template: a constant of the program, or text built at run time.
pub type Text = Cow<'static, str>;

/// A value in a CloudFormation template.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Value {
    /// JSON null. Lakewright never emits it; foreign templates contain it.
    Null,
    /// A boolean.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// A number that is not a 64-bit integer, as its JSON text, so that reading loses nothing.
    Decimal(Text),
    /// A literal string. Never interpreted: `${...}` in it stays as it is.
    Text(Text),
    /// A list.
    List(Vec<Value>),
    /// An object that is not an intrinsic function.
    Map(Map),
    /// A call of an intrinsic function.
    Intrinsic(Box<Intrinsic>),
}

impl Value {
    /// A literal string.
    pub fn text(text: impl Into<Text>) -> Self {
        Self::Text(text.into())
    }

    /// The string, when this is a literal string.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The map, when this is a plain object.
    pub fn as_map(&self) -> Option<&Map> {
        match self {
            Self::Map(map) => Some(map),
            _ => None,
        }
    }

    /// The items, when this is a list.
    pub fn as_list(&self) -> Option<&[Value]> {
        match self {
            Self::List(items) => Some(items),
            _ => None,
        }
    }

    /// The intrinsic function, when this is a call of one.
    pub fn as_intrinsic(&self) -> Option<&Intrinsic> {
        match self {
            Self::Intrinsic(call) => Some(call),
            _ => None,
        }
    }

    /// Calls `visit` for this value and each value inside it, arguments of intrinsic functions included.
    pub fn walk<'a>(&'a self, visit: &mut impl FnMut(&'a Value)) {
        visit(self);
        match self {
            Self::List(items) => items.iter().for_each(|item| item.walk(visit)),
            Self::Map(map) => map.iter().for_each(|(_, item)| item.walk(visit)),
            Self::Intrinsic(call) => call.arguments(&mut |item| item.walk(visit)),
            Self::Null | Self::Bool(_) | Self::Integer(_) | Self::Decimal(_) | Self::Text(_) => {}
        }
    }
}

impl From<&'static str> for Value {
    fn from(text: &'static str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(Cow::Owned(text))
    }
}

impl From<Text> for Value {
    fn from(text: Text) -> Self {
        Self::Text(text)
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Integer(value)
    }
}

impl From<Intrinsic> for Value {
    fn from(call: Intrinsic) -> Self {
        Self::Intrinsic(Box::new(call))
    }
}

impl From<Map> for Value {
    fn from(map: Map) -> Self {
        Self::Map(map)
    }
}

impl<T: Into<Value>> From<Vec<T>> for Value {
    fn from(items: Vec<T>) -> Self {
        Self::List(items.into_iter().map(Into::into).collect())
    }
}

/// A map from text to values, ordered by its keys.
///
/// It is a sorted vector: template maps are small, built once and read in order.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Map {
    entries: Vec<(Text, Value)>,
}

impl Map {
    /// An empty map.
    pub const fn new() -> Self {
        Self { entries: Vec::new() }
    }

    /// Puts `value` under `key` and returns the previous value.
    pub fn insert(&mut self, key: impl Into<Text>, value: impl Into<Value>) -> Option<Value> {
        let key = key.into();
        let value = value.into();
        // Generated code inserts in order, so keys are usually appended.
        if self.entries.last().is_none_or(|(last, _)| *last < key) {
            self.entries.push((key, value));
            return None;
        }
        match self.entries.binary_search_by(|(k, _)| k.as_ref().cmp(key.as_ref())) {
            Ok(found) => Some(std::mem::replace(&mut self.entries[found].1, value)),
            Err(place) => {
                self.entries.insert(place, (key, value));
                None
            }
        }
    }

    /// The map with `value` under `key`.
    #[must_use]
    pub fn with(mut self, key: impl Into<Text>, value: impl Into<Value>) -> Self {
        self.insert(key, value);
        self
    }

    /// The value under `key`.
    pub fn get(&self, key: &str) -> Option<&Value> {
        let found = self.entries.binary_search_by(|(k, _)| k.as_ref().cmp(key)).ok()?;
        Some(&self.entries[found].1)
    }

    /// The value under `key`, mutable.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Value> {
        let found = self.entries.binary_search_by(|(k, _)| k.as_ref().cmp(key)).ok()?;
        Some(&mut self.entries[found].1)
    }

    /// Removes the value under `key` and returns it.
    pub fn remove(&mut self, key: &str) -> Option<Value> {
        let found = self.entries.binary_search_by(|(k, _)| k.as_ref().cmp(key)).ok()?;
        Some(self.entries.remove(found).1)
    }

    /// The entries in the order of their keys.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&Text, &Value)> {
        self.entries.iter().map(|(key, value)| (key, value))
    }

    /// The number of entries.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

impl FromIterator<(Text, Value)> for Map {
    fn from_iter<I: IntoIterator<Item = (Text, Value)>>(entries: I) -> Self {
        let mut map = Self::new();
        for (key, value) in entries {
            map.insert(key, value);
        }
        map
    }
}

impl IntoIterator for Map {
    type Item = (Text, Value);
    type IntoIter = std::vec::IntoIter<(Text, Value)>;

    fn into_iter(self) -> Self::IntoIter {
        self.entries.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_map_is_sorted_whatever_the_order_of_insertion() {
        let forward = Map::new().with("a", 1_i64).with("b", 2_i64).with("c", 3_i64);
        let backward = Map::new().with("c", 3_i64).with("a", 1_i64).with("b", 2_i64);
        assert_eq!(forward, backward);
        let keys: Vec<_> = backward.iter().map(|(key, _)| key.as_ref()).collect();
        assert_eq!(keys, ["a", "b", "c"]);
    }

    #[test]
    fn inserting_twice_returns_the_first_value() {
        let mut map = Map::new();
        assert_eq!(map.insert("key", 1_i64), None);
        assert_eq!(map.insert("key", 2_i64), Some(Value::Integer(1)));
        assert_eq!(map.get("key"), Some(&Value::Integer(2)));
        assert_eq!(map.remove("key"), Some(Value::Integer(2)));
        assert!(map.is_empty());
    }
}
