//! JSON of others, read with the path of each value.

use serde_json::{Map, Value};

/// JSON that cannot be read as policies.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    /// The text is not JSON.
    #[error("{line}:{column}: not JSON: {message}")]
    NotJson {
        /// The line.
        line: usize,
        /// The column.
        column: usize,
        /// What the parser says.
        message: String,
    },
    /// A value has another type than its place requires.
    #[error("`{path}`: expected {expected}, got {got}")]
    Shape {
        /// The path of the value, such as `$[2].info.privileges`.
        path: String,
        /// What is expected there.
        expected: &'static str,
        /// What is there.
        got: String,
    },
    /// A key is missing.
    #[error("`{path}` has no `{key}`: expected {expected}")]
    Missing {
        /// The path of the object.
        path: String,
        /// The key.
        key: &'static str,
        /// What is expected there.
        expected: &'static str,
    },
}

/// Parses a text.
///
/// # Errors
///
/// The text is not JSON.
pub fn parse(text: &str) -> Result<Value, JsonError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    serde_json::from_str(text).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        let message = error.to_string();
        let message = message.split(" at line ").next().unwrap_or_default().to_owned();
        JsonError::NotJson { line, column, message }
    })
}

/// A value with its path.
#[derive(Debug, Clone)]
pub(crate) struct At<'a> {
    value: &'a Value,
    path: String,
}

impl<'a> At<'a> {
    pub(crate) fn root(value: &'a Value) -> Self {
        Self { value, path: "$".to_owned() }
    }

    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// The error of a value that is not what is expected here.
    pub(crate) fn expected(&self, expected: &'static str) -> JsonError {
        JsonError::Shape { path: self.path.clone(), expected, got: shown(self.value) }
    }

    pub(crate) fn is_list(&self) -> bool {
        self.value.is_array()
    }

    pub(crate) fn object(&self) -> Result<&'a Map<String, Value>, JsonError> {
        self.value.as_object().ok_or_else(|| self.expected("an object"))
    }

    /// The value of a key. A key whose value is null counts as missing.
    pub(crate) fn get(&self, key: &str) -> Result<Option<Self>, JsonError> {
        let value = self.object()?.get(key).filter(|value| !value.is_null());
        Ok(value.map(|value| Self { value, path: format!("{}.{key}", self.path) }))
    }

    pub(crate) fn required(
        &self,
        key: &'static str,
        expected: &'static str,
    ) -> Result<Self, JsonError> {
        let path = self.path.clone();
        self.get(key)?.ok_or(JsonError::Missing { path, key, expected })
    }

    pub(crate) fn text(&self) -> Result<&'a str, JsonError> {
        self.value.as_str().ok_or_else(|| self.expected("text"))
    }

    pub(crate) fn flag(&self) -> Result<bool, JsonError> {
        self.value.as_bool().ok_or_else(|| self.expected("true or false"))
    }

    pub(crate) fn list(&self) -> Result<Vec<Self>, JsonError> {
        let items = self.value.as_array().ok_or_else(|| self.expected("a list"))?;
        let items = items.iter().enumerate();
        Ok(items
            .map(|(number, value)| Self { value, path: format!("{}[{number}]", self.path) })
            .collect())
    }

    /// The texts of a list. None if the key is missing.
    pub(crate) fn texts(&self, key: &str) -> Result<Vec<(&'a str, String)>, JsonError> {
        let Some(list) = self.get(key)? else { return Ok(Vec::new()) };
        list.list()?.iter().map(|item| Ok((item.text()?, item.path.clone()))).collect()
    }

    /// The text of a key. None if the key is missing.
    pub(crate) fn text_of(&self, key: &str) -> Result<Option<&'a str>, JsonError> {
        self.get(key)?.map(|value| value.text()).transpose()
    }

    /// The flag of a key. None if the key is missing.
    pub(crate) fn flag_of(&self, key: &str) -> Result<Option<bool>, JsonError> {
        self.get(key)?.map(|value| value.flag()).transpose()
    }

    /// Whether a key has a list, an object or a text that is not empty, or another value.
    pub(crate) fn says(&self, key: &str) -> Result<bool, JsonError> {
        let Some(Self { value, .. }) = self.get(key)? else { return Ok(false) };
        Ok(match value {
            Value::Null => false,
            Value::Bool(value) => *value,
            Value::Number(_) => true,
            Value::String(text) => !text.is_empty(),
            Value::Array(items) => !items.is_empty(),
            Value::Object(entries) => !entries.is_empty(),
        })
    }

    /// The keys that are not among the known ones, in their order. Keys without a value do not count.
    pub(crate) fn others(&self, known: &[&str]) -> Result<Vec<&'a str>, JsonError> {
        let entries = self.object()?.iter();
        let mut others: Vec<&str> = entries
            .filter(|(key, value)| !value.is_null() && !known.contains(&key.as_str()))
            .map(|(key, _)| key.as_str())
            .collect();
        others.sort_unstable();
        Ok(others)
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => format!("`{value}`"),
        Value::Number(number) => format!("the number `{number}`"),
        Value::String(text) if text.chars().count() <= 60 => format!("the text `{text}`"),
        Value::String(_) => "a text".to_owned(),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "an object".to_owned(),
    }
}
