//! The fingerprint of a stack's inputs.

use std::hash::{Hash, Hasher};

use lakewright_template::digest;

/// A digest of a stack's inputs. Stacks with equal fingerprints have equal templates, so a stack with an unchanged
/// fingerprint need not be synthesized again.
///
/// The position of a document in its file is not part of it, because templates do not contain it. A fingerprint is
/// valid only within one version of Lakewright, and is never stored.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(String);

impl Fingerprint {
    /// The fingerprint of these inputs.
    pub(crate) fn of(parts: &impl Hash) -> Self {
        let mut bytes = Bytes(Vec::with_capacity(4096));
        parts.hash(&mut bytes);
        Self(digest::sha256(&bytes.0))
    }

    /// The digest: 64 hexadecimal digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Collects all hashed bytes, for a digest without collisions.
struct Bytes(Vec<u8>);

impl Hasher for Bytes {
    fn write(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    fn finish(&self) -> u64 {
        unreachable!("the bytes are digested, and no number is asked for")
    }
}
