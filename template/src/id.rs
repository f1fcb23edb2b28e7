//! Construct paths and logical ids.
//!
//! A logical id is a pure function of the construct path: the path's components,
//! then eight hexadecimal digits of the SHA-256 of the path. It depends on no
//! sibling, order or counter, so adding a construct never renames another one.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

use crate::digest;
use crate::limits::LOGICAL_ID_CHARACTERS;

/// A name that is not a construct id, or of which no id can be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdError {
    /// The name has characters that are not allowed in a construct id.
    #[error("`{0}` is not a construct id: expected an upper-case letter, then letters and digits")]
    Characters(String),
    /// The name has no letter or digit that could be used in an id.
    #[error("no construct id can be made of `{0}`: it has no ASCII letter or digit")]
    Empty(String),
}

/// One component of a construct path: `[A-Z][A-Za-z0-9]*`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ConstructId(String);

impl ConstructId {
    /// Parses an id. Characters that are not allowed are an error and are never removed: two names
    /// must not become the same id.
    ///
    /// # Errors
    ///
    /// The text is no construct id.
    pub fn parse(id: &str) -> Result<Self, IdError> {
        let mut bytes = id.bytes();
        let starts_well = bytes.next().is_some_and(|first| first.is_ascii_uppercase());
        if starts_well && bytes.all(|byte| byte.is_ascii_alphanumeric()) {
            Ok(Self(id.to_owned()))
        } else {
            Err(IdError::Characters(id.to_owned()))
        }
    }

    /// Makes an id from a name of the manifest: words begin with a capital letter, and a hash
    /// of the whole name follows, so that `a-b` and `ab` have different ids.
    ///
    /// # Errors
    ///
    /// The name has no ASCII letter or digit.
    pub fn from_name(name: &str) -> Result<Self, IdError> {
        let mut id = String::with_capacity(name.len() + 8);
        let mut starts_word = true;
        for character in name.chars() {
            if character.is_ascii_alphanumeric() {
                if starts_word && id.is_empty() && character.is_ascii_digit() {
                    id.push('N');
                }
                id.push(if starts_word { character.to_ascii_uppercase() } else { character });
                starts_word = false;
            } else {
                starts_word = true;
            }
        }
        if id.is_empty() {
            return Err(IdError::Empty(name.to_owned()));
        }
        // If names begin alike and are cut, only the hash distinguishes them.
        let digits = if id.len() > 48 { 12 } else { 4 };
        id.truncate(52 - digits);
        id.push_str(&digest::hex_prefix(name.as_bytes(), digits));
        Ok(Self(id))
    }

    /// The id's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ConstructId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// The place of a construct in its stack: the ids from the root to the construct.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct ConstructPath(String);

impl ConstructPath {
    /// The path of the stack itself.
    pub const fn root() -> Self {
        Self(String::new())
    }

    /// The path of a child.
    #[must_use]
    pub fn join(&self, id: &ConstructId) -> Self {
        if self.0.is_empty() { Self(id.0.clone()) } else { Self(format!("{}/{}", self.0, id.0)) }
    }

    /// The components joined by `/`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The logical id of the construct at this path.
    pub fn logical_id(&self) -> LogicalId {
        let hash = digest::hex_prefix(self.0.as_bytes(), 8).to_ascii_uppercase();
        let mut id = String::with_capacity(self.0.len() + 8);
        id.extend(self.0.chars().filter(|character| *character != '/'));
        id.truncate(LOGICAL_ID_CHARACTERS - hash.len());
        id.push_str(&hash);
        LogicalId::new(id)
    }
}

impl fmt::Display for ConstructPath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// The name of a resource, parameter or pseudo parameter inside one template.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LogicalId(Arc<str>);

impl LogicalId {
    pub(crate) fn new(id: impl Into<Arc<str>>) -> Self {
        Self(id.into())
    }

    /// A pseudo parameter such as `AWS::Region`, or a parameter by its name.
    pub fn parameter(name: &str) -> Self {
        Self::new(name)
    }

    /// The id's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether both come from the same declaration.
    ///
    /// Two stacks may have the same id for different resources, because ids depend on the path
    /// alone. So a reference to a resource of another stack is detected by identity, not by text.
    pub fn is_same_declaration(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

/// Equal ids have equal texts, and both are sorted alike, so maps by id are searched by text.
impl Borrow<str> for LogicalId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for LogicalId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(ids: &[&str]) -> ConstructPath {
        ids.iter().fold(ConstructPath::root(), |path, id| {
            path.join(&ConstructId::parse(id).expect("a test id"))
        })
    }

    #[test]
    fn a_logical_id_is_a_function_of_its_path() {
        assert_eq!(path(&["Orders", "Data"]).logical_id().as_str(), "OrdersData5547C3BE");
        assert_eq!(path(&["Orders", "Key"]).logical_id().as_str(), "OrdersKey3F2E088C");
    }

    #[test]
    fn joined_components_do_not_collide() {
        assert_ne!(path(&["A", "Bc"]).logical_id(), path(&["ABc"]).logical_id());
    }

    #[test]
    fn long_paths_stay_within_the_limit() {
        let long = "A".repeat(300);
        assert_eq!(path(&[&long]).logical_id().as_str().len(), LOGICAL_ID_CHARACTERS);
    }

    #[test]
    fn bad_characters_are_refused_not_stripped() {
        assert_eq!(ConstructId::parse("a-b"), Err(IdError::Characters("a-b".to_owned())));
        assert_eq!(ConstructId::parse(""), Err(IdError::Characters(String::new())));
    }

    #[test]
    fn names_that_differ_in_punctuation_get_different_ids() {
        let one = ConstructId::from_name("sales-data").expect("letters");
        let two = ConstructId::from_name("sales_data").expect("letters");
        assert_ne!(one, two);
        assert!(one.as_str().starts_with("SalesData"));
        assert_eq!(ConstructId::from_name("日本"), Err(IdError::Empty("日本".to_owned())));
    }

    #[test]
    fn equal_text_of_two_declarations_is_told_apart() {
        let (one, two) = (path(&["Key"]).logical_id(), path(&["Key"]).logical_id());
        assert_eq!(one, two);
        assert!(!one.is_same_declaration(&two));
        assert!(one.is_same_declaration(&one.clone()));
    }
}
