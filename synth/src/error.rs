//! The errors of synthesis.

use lakewright_policies::document::DocumentError;
use lakewright_policies::pack::PackError;
use lakewright_template::IdError;
use lakewright_template::limits::Limit;
use lakewright_template::schema::SchemaViolation;

use crate::Cause;

/// A problem of one stack, and the manifest nodes that cause it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("stack `{stack}`: {problem}")]
#[non_exhaustive]
pub struct SynthError {
    /// The stack's name.
    pub stack: String,
    /// What is wrong.
    pub problem: Problem,
    /// The manifest nodes, sorted.
    pub causes: Vec<Cause>,
}

/// What is wrong with a stack.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// A policy document is not valid.
    #[error("{path}: {error}")]
    Document {
        /// The construct.
        path: String,
        /// What is wrong.
        error: DocumentError,
    },
    /// Two constructs have the same path.
    #[error("two constructs have the path `{0}`")]
    DuplicatePath(String),
    /// A grant on a resource of another stack, or to a role of another stack, by the handle that it has there.
    #[error(
        "the grant of {access} on {target} to {grantee} uses a handle of another stack: import the resource or the role"
    )]
    ForeignHandle {
        /// The access.
        access: &'static str,
        /// The target's name.
        target: String,
        /// The grantee's name.
        grantee: String,
    },
    /// A reference to a resource of another stack.
    #[error("`{from}` refers to `{to}`, which is not a resource of this stack")]
    ForeignReference {
        /// The resource that refers.
        from: String,
        /// The logical id that it refers to.
        to: String,
    },
    /// The program names a construct by a text that is not a construct id.
    #[error(transparent)]
    Id(#[from] IdError),
    /// An object that CloudFormation would read as a function call.
    #[error("`{at}` has the key `{key}`, which CloudFormation reads as a function")]
    InjectedFunction {
        /// The resource.
        at: String,
        /// The key.
        key: String,
    },
    /// A limit of CloudFormation or of a service is exceeded.
    #[error("{what}: {actual} {unit}, and the limit is {limit}")]
    Limit {
        /// What is too large.
        what: String,
        /// How large it is.
        actual: usize,
        /// How large it may be.
        limit: usize,
        /// The unit of `actual` and `limit`.
        unit: &'static str,
        /// The limit that is exceeded.
        quota: &'static Limit,
    },
    /// A character that policies cannot contain.
    #[error("the policy of {at} holds `{text}`, and policies have no character like `{character}`")]
    PolicyCharacter {
        /// The resource.
        at: String,
        /// The text that contains it.
        text: String,
        /// The first such character.
        character: char,
    },
    /// A role has more statements than its policies can hold.
    #[error("the policies of {path}: {error}")]
    Packing {
        /// The construct.
        path: String,
        /// What does not fit.
        error: PackError,
    },
    /// A resource that its service would reject: a defect of Lakewright.
    #[error(transparent)]
    Schema(#[from] SchemaViolation),
    /// A grant that neither policy can hold, because none belongs to this stack.
    #[error(
        "the grant of {access} on {target} to {grantee} has no place: neither policy belongs to this stack"
    )]
    Unplaceable {
        /// The access.
        access: &'static str,
        /// The target's name.
        target: String,
        /// The grantee's name.
        grantee: String,
    },
}
