//! What other systems call the resources of a mesh.

use std::collections::BTreeMap;

use super::json::{At, JsonError, parse};
use crate::kind::ResourceKind;
use crate::policy::split;

/// The names of resources of a mesh, such as `dataset/january`, by what another system calls them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names(BTreeMap<String, String>);

/// A table of names that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NamesError {
    /// It is not a JSON object of texts.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// A value is not a resource of a mesh.
    #[error(
        "`$.{theirs}`: `{ours}` is not a resource; expected a kind, a slash and an id, such as `dataset/january`"
    )]
    NotAResource {
        /// The key.
        theirs: String,
        /// The value.
        ours: String,
    },
    /// Two keys have the same value, so that an export could not tell them apart.
    #[error("`{ours}` is named twice: `{first}` and `{second}`")]
    Twice {
        /// The resource.
        ours: String,
        /// The first key.
        first: String,
        /// The second key.
        second: String,
    },
}

impl Names {
    /// Reads a JSON object: the other system's names as keys, resources of the mesh as values.
    ///
    /// # Errors
    ///
    /// The text is not such an object, or a resource has two names.
    pub fn read(text: &str) -> Result<Self, NamesError> {
        let value = parse(text)?;
        let root = At::root(&value);
        let mut names = BTreeMap::new();
        let mut seen: BTreeMap<String, String> = BTreeMap::new();
        for theirs in root.object()?.keys() {
            let ours = root.text_of(theirs)?.unwrap_or_default().to_owned();
            let (kind, id) = split(&ours);
            if kind.is_none() || id.is_empty() {
                return Err(NamesError::NotAResource { theirs: theirs.clone(), ours });
            }
            if let Some(first) = seen.insert(ours.clone(), theirs.clone()) {
                return Err(NamesError::Twice { ours, first, second: theirs.clone() });
            }
            names.insert(theirs.clone(), ours);
        }
        Ok(Self(names))
    }

    /// The kind and the id of what another system calls so.
    pub(crate) fn ours(&self, theirs: &str) -> Option<(ResourceKind, &str)> {
        let (kind, id) = split(self.0.get(theirs)?);
        Some((kind?, id))
    }

    /// What the other system calls a resource.
    pub(crate) fn theirs(&self, ours: &str) -> Option<&str> {
        let found = self.0.iter().find(|(_, known)| *known == ours);
        found.map(|(theirs, _)| theirs.as_str())
    }
}
