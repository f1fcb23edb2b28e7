//! Files that stacks need in S3: they are part of the assembly and uploaded before the stacks, into buckets that others
//! made. So a stack that is there has its files, and one whose upload failed is tried again.

use std::borrow::Cow;

use lakewright_template::assembly::AssetEntry;
use lakewright_template::digest::sha256;

/// A file and where it goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asset {
    /// The content.
    pub bytes: Cow<'static, [u8]>,
    /// The entry in the assembly; its path is the content's digest.
    pub entry: AssetEntry,
}

impl Asset {
    /// A file with an extension, for a key of a bucket. The key has the content's digest in it: other content is another
    /// template, so that no stack is taken for whole that needs it.
    pub(crate) fn new(
        bytes: Cow<'static, [u8]>,
        extension: &str,
        bucket: String,
        key: impl FnOnce(&str) -> String,
    ) -> Self {
        let digest = sha256(&bytes);
        let path = format!("assets/{digest}.{extension}");
        let key = key(&digest);
        Self { bytes, entry: AssetEntry { path, bucket, key, digest } }
    }
}
