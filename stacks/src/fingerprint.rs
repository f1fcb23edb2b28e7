//! The fingerprint of what a stack is made from.

use std::hash::{Hash, Hasher};

use lakewright_template::digest;

/// What a stack is made from, as a digest: stacks with equal fingerprints have equal templates, so that a stack whose
/// fingerprint did not change need not be synthesized again.
///
/// Where a document stands in its file is no part of it, as no template says it. It holds within one version of
/// Lakewright, and is not written anywhere.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(String);

impl Fingerprint {
    /// The fingerprint of some parts.
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

/// Keeps everything that is hashed, for a digest without collisions.
struct Bytes(Vec<u8>);

impl Hasher for Bytes {
    fn write(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    fn finish(&self) -> u64 {
        unreachable!("the bytes are digested, and no number is asked for")
    }
}
