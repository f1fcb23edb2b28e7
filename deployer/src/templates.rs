//! The templates of deployed stacks, for a review of what a deployment changes.

use std::collections::BTreeMap;

use lakewright_template::StackAddress;

use crate::at_once::by_place;
use crate::cloud::{Cloud, CloudError, Site};
use lakewright_fleet::status::{Standing, standing};

/// A deployed stack whose template is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The stack.
    pub address: StackAddress,
    /// The role that reads the template.
    pub site: Site,
    /// The account's owner, who reads the template if that role may not.
    pub owner: Option<Site>,
}

/// Whether a stack with this status has resources. A stack that was only reviewed has none, and neither has one whose
/// creation was rolled back ("Stack status codes" in the CloudFormation user guide).
pub fn has_resources(status: &str) -> bool {
    !matches!(standing(status), Standing::Absent | Standing::Undone)
}

/// Whether the resources of a stack with this status are those of its template. They may be others while an operation
/// runs, and after one that stopped half-way.
pub fn is_settled(status: &str) -> bool {
    standing(status) == Standing::Whole
}

/// The templates of stacks, as they were given to CloudFormation. A stack that does not exist any more has none.
///
/// # Errors
///
/// A template cannot be read.
pub async fn read(
    cloud: &impl Cloud,
    sources: &[Source],
) -> Result<BTreeMap<StackAddress, String>, CloudError> {
    let reading = sources.iter().map(|source| (&source.address.place, template(cloud, source)));
    let texts = by_place(reading).await;
    let mut found = BTreeMap::new();
    for (source, text) in sources.iter().zip(texts) {
        if let Some(text) = text? {
            found.insert(source.address.clone(), text);
        }
    }
    Ok(found)
}

async fn template(cloud: &impl Cloud, source: &Source) -> Result<Option<String>, CloudError> {
    let Source { address, site, owner } = source;
    match cloud.original_template(site, &address.name).await {
        Err(error @ CloudError::Access { .. }) => match owner {
            Some(owner) => cloud.original_template(owner, &address.name).await,
            None => Err(error),
        },
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Source: "Stack status codes" in the CloudFormation user guide. `REVIEW_IN_PROGRESS`: a stack "without any templates
    /// or resources".
    #[test]
    fn a_stack_that_was_never_made_has_no_resources() {
        for status in ["REVIEW_IN_PROGRESS", "DELETE_COMPLETE", "ROLLBACK_COMPLETE"] {
            assert!(!has_resources(status), "{status}");
        }
        for status in ["CREATE_COMPLETE", "UPDATE_ROLLBACK_FAILED", "DELETE_FAILED"] {
            assert!(has_resources(status), "{status}");
        }
        assert!(is_settled("UPDATE_ROLLBACK_COMPLETE"));
        assert!(!is_settled("UPDATE_IN_PROGRESS") && !is_settled("DELETE_FAILED"));
    }
}
