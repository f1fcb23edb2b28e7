//! Locations in S3 that are registered with Lake Formation.

use super::Lake;

/// A location in S3 that an account has registered with Lake Formation.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Location {
    /// The account.
    pub account: String,
    /// The region.
    pub region: String,
    /// The ARN of the bucket, or of a prefix in it.
    pub arn: String,
}

impl Lake {
    /// Whether a location is, or may be, in hybrid access mode.
    pub fn has_hybrid(&self, location: &Location) -> bool {
        let Location { account, region, arn } = location;
        let bucket = arn.split('/').next().unwrap_or_default();
        let known = self.hybrid.get(&(account.clone(), region.clone(), bucket.to_owned()));
        known.is_some_and(|known| known.contains(arn))
    }
}
