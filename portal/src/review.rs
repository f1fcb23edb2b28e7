//! A review, as `lakewright diff --format json` writes it.

use std::collections::BTreeMap;

use lakewright_analysis::words::count;
use serde::{Deserialize, Serialize};

/// The parts of a review that the portal shows. The values of properties are not among them.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Review {
    version: u64,
    before: String,
    after: String,
    summary: BTreeMap<String, BTreeMap<String, usize>>,
    stacks: Vec<Stack>,
    access: Vec<Access>,
    disagreements: Vec<Disagreement>,
    notes: Vec<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Stack {
    #[serde(rename = "stack")]
    address: String,
    name: Option<String>,
    kind: String,
    resources: Vec<Resource>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Resource {
    id: String,
    r#type: String,
    kind: String,
    fate: String,
    data: String,
    reasons: Vec<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Access {
    principal: String,
    name: Option<String>,
    relation: String,
    gained: Vec<Requests>,
    lost: Vec<Requests>,
    unknown: Vec<Requests>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Requests {
    sentence: String,
    because: Vec<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Disagreement {
    stack: String,
    says: String,
    lines: Vec<String>,
}

/// The version of the shape (`docs/output/diff.schema.json`).
const VERSION: u64 = 1;

/// Why a text is not a review.
#[derive(Debug, thiserror::Error)]
pub enum ReviewError {
    /// It is not JSON, or has another shape.
    #[error("this is not a review: {0}; expected what `lakewright diff --format json` writes")]
    Shape(#[from] serde_json::Error),
    /// It is a review of another version.
    #[error(
        "the review has version {0}; expected {VERSION}, which this version of `lakewright diff` writes"
    )]
    Version(u64),
}

impl ReviewError {
    /// The stable code of the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Shape(_) => "not-a-review",
            Self::Version(_) => "other-version-of-review",
        }
    }
}

impl Review {
    /// Reads a review.
    ///
    /// # Errors
    ///
    /// The text is not JSON of the expected shape and version.
    pub fn parse(text: &str) -> Result<Self, ReviewError> {
        let review: Self = serde_json::from_str(text)?;
        if review.version != VERSION {
            return Err(ReviewError::Version(review.version));
        }
        Ok(review)
    }

    /// What somebody should look at, in a sentence; `None` if access stays as it is and no data is lost.
    pub(crate) fn attention(&self) -> Option<String> {
        let number = |part: &str, key: &str| {
            self.summary.get(part).and_then(|part| part.get(key)).copied().unwrap_or_default()
        };
        let broader = number("access", "broader") + number("access", "incomparable");
        let (unknown, lost) = (number("access", "unknown"), number("data", "lost"));
        let parts = [(broader, "with more access"), (unknown, "that may have more access")];
        let parts = parts.into_iter().filter(|(number, _)| *number > 0);
        let principals =
            parts.map(|(number, what)| format!("{} {what}", count(number, "principal")));
        let resources = format!("{} that could lose data", count(lost, "resource"));
        let parts: Vec<String> = principals.chain((lost > 0).then_some(resources)).collect();
        (!parts.is_empty()).then(|| format!("The last review has {}", parts.join(", ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn review(version: u64, access: &str, data: &str) -> String {
        format!(
            r#"{{"version": {version}, "before": "a", "after": "b", "classes": [],
                "summary": {{"stacks": {{"changed": 1}}, "access": {{{access}}}, "data": {{{data}}}}},
                "stacks": [], "access": [], "disagreements": [], "notes": ["x"]}}"#
        )
    }

    /// Source: `version` and `summary` in `docs/output/diff.schema.json`.
    #[test]
    fn a_review_says_what_to_look_at() {
        let parsed = |text: &str| Review::parse(text).map(|review| review.attention());
        let loud = review(1, r#""broader": 2, "incomparable": 1, "unknown": 1"#, r#""lost": 4"#);
        let expected = "The last review has 3 principals with more access, \
                        1 principal that may have more access, 4 resources that could lose data";
        assert_eq!(parsed(&loud).expect("a review").as_deref(), Some(expected));
        let calm = review(1, r#""broader": 0, "narrower": 7"#, r#""none": 3"#);
        assert_eq!(parsed(&calm).expect("a review"), None);
        assert!(matches!(parsed(&review(2, "", "")), Err(ReviewError::Version(2))));
        assert!(matches!(parsed("{}"), Err(ReviewError::Shape(_))));
    }
}
