//! Why a text is not a name.

/// A text that is not the name that is expected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{found}` is not {expected}{}", suggestion(*.meant))]
pub struct NameError {
    /// The text, shortened.
    found: String,
    /// The kind of name, and its form.
    expected: &'static str,
    /// The name that was most likely meant.
    meant: Option<&'static str>,
}

impl NameError {
    pub(super) fn new(text: &str, expected: &'static str, meant: Option<&'static str>) -> Self {
        Self { found: shorten(text), expected, meant }
    }
}

fn suggestion(meant: Option<&str>) -> String {
    meant.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default()
}

/// Shortens long text for messages.
fn shorten(text: &str) -> String {
    if text.chars().count() <= 60 {
        text.to_owned()
    } else {
        text.chars().take(57).chain("...".chars()).collect()
    }
}
