//! A folder of a bucket: the keys that begin with its path and a slash.

use lakewright_policies::condition::{Comparison, Condition, Operator};
use lakewright_synth::Grants;

/// A folder of a bucket. A neighbour whose path begins alike is no part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folder {
    /// The path, without a slash at either end.
    path: String,
}

impl Folder {
    /// The folder at a path, with or without a slash at its end.
    pub fn at(path: &str) -> Self {
        Self { path: path.trim_matches('/').to_owned() }
    }

    /// How the folder's keys begin.
    pub(crate) fn prefix(&self) -> String {
        format!("{}/", self.path)
    }

    /// The condition that a list asks for keys of the folder.
    pub(crate) fn listed(&self) -> Condition {
        Condition {
            operator: Operator::new(Comparison::StringLike),
            key: "s3:prefix".into(),
            values: vec![format!("{}/*", self.path).into()],
        }
    }

    /// What is meant by grants on the folder's objects, below the ARN of a bucket or of an access point.
    ///
    /// The record has this folder's objects and not the pattern of the statements, so that the proof compares
    /// what was asked for with what was written.
    pub(crate) fn means(&self, holder: &str, mut grants: Grants) -> Grants {
        for grant in &mut grants.0 {
            grant.known_resources = vec![self.objects_of(holder)];
        }
        grants
    }

    /// The ARNs of the folder's objects, as a pattern. Nothing but a slash stands before its star.
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
