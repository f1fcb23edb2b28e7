//! The resource types that hold data.

/// The resource types of a mesh that hold what people or services put there: objects, tables, messages, logs, queries,
/// code and home folders, and the keys without which none of it can be read. Who deletes or replaces one loses that.
const STATEFUL: [&str; 11] = [
    "AWS::Athena::WorkGroup",
    "AWS::CodeCommit::Repository",
    "AWS::Glue::Database",
    "AWS::Glue::Table",
    "AWS::KMS::Key",
    "AWS::Logs::LogGroup",
    "AWS::S3::Bucket",
    "AWS::SQS::Queue",
    "AWS::SageMaker::Domain",
    "AWS::SageMaker::NotebookInstance",
    // Whoever asks for decisions knows the store by its id.
    "AWS::VerifiedPermissions::PolicyStore",
];

/// Whether resources of a type hold data.
pub fn holds_data(kind: &str) -> bool {
    STATEFUL.contains(&kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Source: the pinned schemas.
    #[test]
    fn each_is_a_type_of_cloudformation() {
        for kind in STATEFUL {
            assert!(crate::schema::of(kind).is_some(), "{kind}");
        }
    }
}
