//! Which stacks have termination protection (ADR 22).

use lakewright_template::read::{self, ReadError};
use lakewright_template::{StackKind, holds_data};

/// Whether a stack has termination protection: it holds data, and no run deletes it by itself.
pub fn is_wanted(kind: StackKind, template: &str) -> Result<bool, ReadError> {
    if kind.is_deleted_when_unwanted() {
        return Ok(false);
    }
    let template = read::template(template)?;
    Ok(template.resources.values().any(|resource| holds_data(&resource.kind)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_holds_data_is_protected_unless_runs_delete_it() {
        let bucket = r#"{"Resources": {"B": {"Type": "AWS::S3::Bucket"}}}"#;
        let role = r#"{"Resources": {"R": {"Type": "AWS::IAM::Role"}}}"#;
        // The stack of a share has links to databases, and is deleted when the share ends.
        let link = r#"{"Resources": {"L": {"Type": "AWS::Glue::Database"}}}"#;
        assert_eq!(is_wanted(StackKind::Dataset, bucket), Ok(true));
        assert_eq!(is_wanted(StackKind::Team, role), Ok(false));
        assert_eq!(is_wanted(StackKind::Share, link), Ok(false));
        assert!(is_wanted(StackKind::Dataset, "{").is_err());
    }
}
