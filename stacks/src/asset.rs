//! Files that stacks need in S3. They are part of the assembly and are uploaded before the stacks, into existing
//! buckets. So a deployed stack has its files, and a stack whose upload failed is retried.

use std::borrow::Cow;

use lakewright_template::assembly::AssetEntry;
use lakewright_template::digest::sha256;

/// A file and its location in S3.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asset {
    /// The content.
    pub bytes: Cow<'static, [u8]>,
    /// The entry in the assembly. Its path contains the digest of the content.
    pub entry: AssetEntry,
}

impl Asset {
    /// A file for a bucket. `key` gets the content's digest, which makes the object's key and thus the template depend
    /// on the content: a stack with an outdated file does not count as up to date.
    pub(crate) fn new(
        bytes: Cow<'static, [u8]>,
        extension: &str,
        bucket: String,
        key: impl FnOnce(&str) -> String,
    ) -> Self {
        let digest = sha256(&bytes);
        Self::digested(bytes, digest, extension, bucket, key)
    }

    /// The same for a file whose digest is known, because many stacks have it.
    pub(crate) fn digested(
        bytes: Cow<'static, [u8]>,
        digest: String,
        extension: &str,
        bucket: String,
        key: impl FnOnce(&str) -> String,
    ) -> Self {
        let path = format!("assets/{digest}.{extension}");
        let key = key(&digest);
        Self { bytes, entry: AssetEntry { path, bucket, key, digest } }
    }
}
