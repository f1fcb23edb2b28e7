//! A folder of a bucket: the keys that begin with its path and a slash.

use lakewright_policies::condition::{Comparison, Condition, Operator};
use lakewright_synth::Grants;

/// A folder of a bucket. The prefix ends in a slash, so `sales` does not include `sales-old`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folder {
    /// The path, without leading or trailing slash.
    path: String,
}

impl Folder {
    /// The folder at a path. Leading and trailing slashes are ignored.
    pub fn at(path: &str) -> Self {
        Self { path: path.trim_matches('/').to_owned() }
    }

    /// The prefix of the folder's keys: the path and a slash.
    pub(crate) fn prefix(&self) -> String {
        format!("{}/", self.path)
    }

    /// The condition that a `ListBucket` request asks for keys of this folder.
    pub(crate) fn listed(&self) -> Condition {
        Condition {
            operator: Operator::new(Comparison::StringLike),
            key: "s3:prefix".into(),
            values: vec![format!("{}/*", self.path).into()],
        }
    }

    /// Records grants on the folder's objects as intended access. `holder` is the ARN of a bucket, or of an
    /// access point with `/object`.
    ///
    /// The record names the folder's objects independently of the pattern in the statements, so the proof can
    /// compare both.
    pub(crate) fn means(&self, holder: &str, mut grants: Grants) -> Grants {
        for grant in &mut grants.0 {
            grant.known_resources = vec![self.objects_of(holder)];
        }
        grants
    }

    /// An ARN pattern for the folder's objects. A slash always precedes the `*`.
    fn objects_of(&self, holder: &str) -> String {
        format!("{holder}/{}/*", self.path)
    }
}

#[cfg(test)]
mod tests {
    use lakewright_template::Value;

    use super::*;

    #[test]
    fn no_folder_is_the_beginning_of_another_ones_name() {
        for path in ["exports", "exports/", "/exports/"] {
            let folder = Folder::at(path);
            assert_eq!(folder.prefix(), "exports/");
            assert_eq!(folder.objects_of("arn:aws:s3:::b"), "arn:aws:s3:::b/exports/*");
            assert_eq!(folder.listed().values, vec![Value::from("exports/*")]);
        }
    }
}
