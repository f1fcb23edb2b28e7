//! What is wrong with a policy document that is none.

/// What is wrong with a document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DocumentProblem {
    /// It is no object.
    #[error("got {0}, expected a policy document")]
    NoObject(&'static str),
    /// It is text, and no JSON; with what the parser says.
    #[error("the policy is no JSON: {0}")]
    NoJson(String),
    /// It has an element that documents do not have.
    #[error("`{0}` is not an element of a policy document")]
    Element(String),
    /// The entry that it stands in has an element that policies do not have.
    #[error("`{0}` is not known of a policy")]
    Entry(String),
    /// It has a version that IAM does not know.
    #[error("got version `{0}`, expected 2012-10-17")]
    Version(String),
    /// Its version is no text.
    #[error("the version is no text, expected 2012-10-17")]
    NoVersion,
    /// A statement is none.
    #[error(transparent)]
    Statement(#[from] StatementProblem),
}

/// What is wrong with a statement.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StatementProblem {
    /// It is no object.
    #[error("statement {place} is {got}, expected an object")]
    NoObject {
        /// Its place in the document.
        place: usize,
        /// What it is.
        got: &'static str,
    },
    /// It has no effect.
    #[error("statement `{0}` has no effect, expected Allow or Deny")]
    NoEffect(String),
    /// One of its elements is wrong.
    #[error("statement `{sid}`: {source}")]
    Element {
        /// The statement, by its name or its place.
        sid: String,
        /// What is wrong with the element. In a box, so that results stay small.
        source: Box<ElementProblem>,
    },
}

/// What is wrong with an element of a statement.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ElementProblem {
    /// Statements do not have it.
    #[error("`{0}` is not an element of a statement")]
    Unknown(String),
    /// The effect is none.
    #[error("got effect `{0}`, expected Allow or Deny")]
    Effect(String),
    /// Something in it is no text.
    #[error("`{element}` holds {got}, expected text")]
    NoText {
        /// The element.
        element: &'static str,
        /// What it holds.
        got: &'static str,
    },
    /// A text of an element or of a condition key is only known at deployment.
    #[error("`{of}` {source}")]
    Open {
        /// The element or the condition key.
        of: String,
        /// The text.
        source: OpenText,
    },
    /// The conditions, or those of one operator, are no object.
    #[error("`Condition` holds {0}, expected an object")]
    Condition(&'static str),
    /// The principal is neither everybody nor an object.
    #[error("the principal is {0}, expected `*` or an object")]
    Principal(&'static str),
    /// The principal is nobody.
    #[error("the principal is an empty object, expected whom the statement is for")]
    NoPrincipal,
    /// One of the principals is no text.
    #[error("a principal is {0}, expected text")]
    PrincipalText(&'static str),
    /// One of the principals is of a kind that IAM does not have.
    #[error("`{0}` is no kind of principal")]
    PrincipalKind(String),
    /// One of the principals is only known at deployment.
    #[error(transparent)]
    OpenPrincipal(#[from] OpenText),
}

/// A text that is only known at deployment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("holds `{0}`, which is only known at deployment")]
pub struct OpenText(pub String);
