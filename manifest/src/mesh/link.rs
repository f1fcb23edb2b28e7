//! References between the documents of a mesh.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use crate::name::Id;

/// A reference to another document of the mesh. In a [`Mesh`](super::Mesh) it always leads to the document, so that
/// nobody looks one up by its id, and nothing is skipped because it was not found. Links cannot be compared: a link to a
/// document that was edited is neither the same nor another one. Compare their ids.
#[derive(Clone)]
pub struct Link<T> {
    id: Id,
    target: OnceLock<Arc<T>>,
}

impl<T> Link<T> {
    /// A reference by id, before the documents of the mesh are known.
    pub(crate) fn unlinked(id: Id) -> Self {
        Self { id, target: OnceLock::new() }
    }

    /// A reference that leads to a document of the mesh.
    pub(crate) fn to(id: &Id, document: &Arc<T>) -> Self {
        Self { id: id.clone(), target: OnceLock::from(Arc::clone(document)) }
    }

    /// The id of the document.
    pub fn id(&self) -> &Id {
        &self.id
    }

    /// Leads the reference to a document. Nothing when there is no such document.
    pub(crate) fn lead(&self, documents: &std::collections::BTreeMap<Id, Arc<T>>) -> Option<()> {
        let target = documents.get(&self.id)?;
        // A reference that leads somewhere already leads to the same document.
        let _ = self.target.set(Arc::clone(target));
        Some(())
    }
}

impl<T> Deref for Link<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.target.get().expect("every reference of a resolved mesh leads to its document")
    }
}

impl<T: Hash> Hash for Link<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.id.hash(state);
        self.target.get().hash(state);
    }
}

impl<T> fmt::Display for Link<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.id.fmt(formatter)
    }
}

/// Only the id: the document stands in the mesh already.
impl<T> fmt::Debug for Link<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Link({})", self.id)
    }
}
