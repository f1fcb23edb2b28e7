//! Secrets in the texts of outcomes and errors, which must not be written.
//!
//! A message of AWS can hold them: a refused signature comes with the canonical request, in which the session token stands
//! ("Troubleshoot Signature Version 4 signing for AWS API requests" in the IAM user guide), a broken header with the access
//! key id, and a refused template with the template, whose trust policies hold external ids.

use super::Entry;
use crate::machine::Outcome;

/// What stands in the place of a secret.
const MASK: &str = "(hidden)";

/// The characters of a text that are kept.
const KEPT: usize = 2_000;

/// From this word on, a message repeats the request that was signed.
const CANONICAL: &str = "The Canonical String";

/// A message of validation repeats the value between these.
const VALUE: (&str, &str) = ("Value '", "' at '");

/// Runs of the characters of Base64 that are longer are session tokens. A stack's name has at most 128 characters.
const LONGEST: usize = 150;

/// The secrets of a run that are known: the external ids of its deploy roles.
#[derive(Clone, Default)]
pub struct Hidden(Vec<String>);

impl std::fmt::Debug for Hidden {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Hidden").field(&self.0.len()).finish()
    }
}

impl Hidden {
    /// Hides these texts too, such as external ids.
    pub fn new(secrets: impl IntoIterator<Item = String>) -> Self {
        let mut secrets: Vec<String> =
            secrets.into_iter().filter(|text| !text.is_empty()).collect();
        // The longest first, as one may be the beginning of another.
        secrets.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        secrets.dedup();
        Self(secrets)
    }

    /// A text of any length without the secrets that are known.
    pub fn strip_all(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, secret| text.replace(secret, MASK))
    }

    /// The text without secrets, at most 2,000 characters of it.
    pub fn strip(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for secret in &self.0 {
            text = text.replace(secret, MASK);
        }
        let text = without_value(&text);
        let text = without_canonical(&text);
        let text = without_external_ids(&text);
        without_keys(&text).chars().take(KEPT).collect()
    }

    /// The record without secrets in its texts.
    #[must_use]
    pub fn stripped(&self, entry: Entry) -> Entry {
        match entry {
            Entry::Answered { token, error } => {
                Entry::Answered { token, error: error.map(|text| self.strip(&text)) }
            }
            Entry::Finished { address, outcome } => {
                Entry::Finished { address, outcome: self.outcome(outcome) }
            }
            Entry::Ended { stopped } => {
                Entry::Ended { stopped: stopped.map(|text| self.strip(&text)) }
            }
            entry @ (Entry::Begun(_) | Entry::Resumed | Entry::Intends(_)) => entry,
        }
    }

    fn outcome(&self, outcome: Outcome) -> Outcome {
        match outcome {
            Outcome::Refused(text) => Outcome::Refused(self.strip(&text)),
            Outcome::Overtaken(text) => Outcome::Overtaken(self.strip(&text)),
            Outcome::NeedsAttention(text) => Outcome::NeedsAttention(self.strip(&text)),
            Outcome::Unreachable(text) => Outcome::Unreachable(self.strip(&text)),
            other => other,
        }
    }
}

/// Without the value that a message of validation repeats, which may be a template. Its end may be cut off.
fn without_value(text: &str) -> String {
    let Some((before, rest)) = text.split_once(VALUE.0) else { return text.to_owned() };
    let after = rest.rsplit_once(VALUE.1).map_or("", |(_, after)| after);
    [before, VALUE.0, MASK, VALUE.1, after].concat()
}

fn without_canonical(text: &str) -> String {
    match text.split_once(CANONICAL) {
        Some((before, _)) => [before, CANONICAL, " ", MASK].concat(),
        None => text.to_owned(),
    }
}

/// Without the value of each `ExternalId`: up to a quote, a space, a comma or a bracket.
fn without_external_ids(text: &str) -> String {
    const NAME: &str = "externalid";
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    // Only the case of ASCII letters changes, so positions are the same in both.
    while let Some(at) = rest.to_ascii_lowercase().find(NAME) {
        let (before, after) = rest.split_at(at + NAME.len());
        let value = after.trim_start_matches(|c: char| " \"'\\:=[{".contains(c));
        let (between, _) = after.split_at(after.len() - value.len());
        let end = value.find(|c: char| " \"'\\,;)]}\n".contains(c)).unwrap_or(value.len());
        out.push_str(before);
        out.push_str(between);
        if between.contains([':', '=']) && end > 0 {
            out.push_str(MASK);
            rest = value.split_at(end).1;
        } else {
            rest = value;
        }
    }
    out.push_str(rest);
    out
}

/// Without access key ids and session tokens.
fn without_keys(text: &str) -> String {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "+/=".contains(c);
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(is_part) {
        let (before, from) = rest.split_at(start);
        let end = from.find(|c: char| !is_part(c)).unwrap_or(from.len());
        let (run, after) = from.split_at(end);
        out.push_str(before);
        if run.len() > LONGEST {
            out.push_str(MASK);
        } else {
            let words: Vec<&str> = run
                .split_inclusive(['/', '=', '+'])
                .map(|word| if is_key_id(word) { MASK } else { word })
                .collect();
            out.push_str(&words.concat());
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

/// Whether a word is an access key id: `AKIA` or `ASIA` and at least 12 capital letters and digits ("IAM identifiers" in the
/// IAM user guide; `AccessKey` in the IAM API reference: 16 to 128 characters).
fn is_key_id(word: &str) -> bool {
    let word = word.trim_end_matches(['/', '=', '+']);
    word.len() >= 16
        && (word.starts_with("AKIA") || word.starts_with("ASIA"))
        && word.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}
