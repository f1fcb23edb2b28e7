//! IAM's patterns: `*`, `?` and policy variables.
//!
//! Source: "IAM policy elements: Variables and tags" and "IAM JSON policy
//! elements: Resource" in the IAM user guide.

use std::borrow::Cow;

use lakewright_template::resolve::UNKNOWN;

use crate::request::Truth;

/// Whether a text matches a pattern: `*` matches any characters, including `:` and `/`; `?` matches one character.
pub fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    // The literal prefix before the first wildcard decides most comparisons.
    let is_literal = |(wanted, got): &(&u8, &u8)| wanted == got && !matches!(wanted, b'*' | b'?');
    let same = pattern.iter().zip(text).take_while(is_literal).count();
    glob(&pattern[same..], &text[same..])
}

/// Whether a text matches a pattern of which a part may be known only at deployment.
pub(crate) fn may_match(pattern: &str, text: &str) -> Truth {
    if !pattern.contains(UNKNOWN) {
        return matches(pattern, text).into();
    }
    if matches(&pattern.replace(UNKNOWN, "*"), text) { Truth::Unknown } else { Truth::No }
}

/// Whether two ARNs match. Each of the six components is matched separately, so a `*` does not match across a colon.
/// Source: "Amazon Resource Name (ARN) condition operators".
pub(crate) fn arn_matches(pattern: &str, text: &str) -> bool {
    // The first component, `arn`, is compared as well: a pattern may have a wildcard there.
    let wanted: Vec<&str> = pattern.splitn(6, ':').collect();
    let got: Vec<&str> = text.splitn(6, ':').collect();
    if wanted.len() != 6 || got.len() != 6 {
        // `*` alone means any ARN. Any other text without six components is not an ARN.
        return pattern == "*";
    }
    wanted.into_iter().zip(got).all(|(wanted, got)| matches(wanted, got))
}

/// Glob matching with one backtracking point: linear for one star, and never exponential.
fn glob(pattern: &[u8], text: &[u8]) -> bool {
    let (mut wanted, mut got) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while got < text.len() {
        match pattern.get(wanted) {
            Some(b'*') => {
                wanted += 1;
                if wanted == pattern.len() {
                    return true;
                }
                star = Some((wanted, got));
            }
            // A `?` matches one character, which may have several bytes.
            Some(b'?') => {
                wanted += 1;
                got += 1;
                while text.get(got).is_some_and(|byte| byte & 0xc0 == 0x80) {
                    got += 1;
                }
            }
            Some(byte) if *byte == text[got] => {
                wanted += 1;
                got += 1;
            }
            _ => match star {
                Some((after, from)) => {
                    star = Some((after, from + 1));
                    wanted = after;
                    got = from + 1;
                }
                None => return false,
            },
        }
    }
    pattern[wanted..].iter().all(|byte| *byte == b'*')
}

/// A pattern with its variables replaced. Values of variables are literal: a tag value of `*` is not a wildcard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Expanded {
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    /// Text with the wildcards that the policy's author wrote.
    Pattern(String),
    /// Text from a variable or an escape.
    Literal(String),
}

/// The private-use characters that replace escaped wildcards while a pattern is matched.
const ESCAPED: [(char, char); 2] = [('*', '\u{f0000}'), ('?', '\u{f0001}')];

impl Expanded {
    /// Replaces the variables of a text. `None` if one of them has no value.
    pub(crate) fn of<'v>(
        text: &str,
        mut value: impl FnMut(&str) -> Option<Cow<'v, str>>,
    ) -> Option<Self> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some(start) = rest.find("${") {
            let Some(length) = rest[start..].find('}') else { break };
            parts.push(Part::Pattern(rest[..start].to_owned()));
            let inside = &rest[start + 2..start + length];
            rest = &rest[start + length + 1..];
            let literal = match inside {
                "*" | "?" | "$" => inside.to_owned(),
                variable => {
                    let (key, default) = match variable.split_once(',') {
                        Some((key, default)) => {
                            (key.trim(), Some(default.trim().trim_matches('\'')))
                        }
                        None => (variable.trim(), None),
                    };
                    match (value(key), default) {
                        (Some(value), _) => value.into_owned(),
                        (None, Some(default)) => default.to_owned(),
                        (None, None) => return None,
                    }
                }
            };
            parts.push(Part::Literal(literal));
        }
        parts.push(Part::Pattern(rest.to_owned()));
        Some(Self { parts })
    }

    /// The text, with wildcards read as plain characters.
    pub(crate) fn literal(&self) -> String {
        let parts = self.parts.iter().map(|part| match part {
            Part::Pattern(text) | Part::Literal(text) => text.as_str(),
        });
        parts.collect()
    }

    /// The pattern, and the text to compare with it. Wildcards in literals are replaced in both by characters that have
    /// no other meaning.
    fn pair(&self, text: &str) -> (String, String) {
        let escape = |text: &str| {
            ESCAPED.iter().fold(text.to_owned(), |text, (from, to)| {
                text.replace(*from, to.encode_utf8(&mut [0; 4]))
            })
        };
        let pattern = self.parts.iter().map(|part| match part {
            Part::Pattern(text) => text.clone(),
            Part::Literal(text) => escape(text),
        });
        (pattern.collect(), escape(text))
    }

    /// Whether a text matches.
    pub(crate) fn matches(&self, text: &str) -> bool {
        let (pattern, text) = self.pair(text);
        matches(&pattern, &text)
    }

    /// Whether an ARN matches, component by component.
    pub(crate) fn arn_matches(&self, text: &str) -> bool {
        let (pattern, text) = self.pair(text);
        arn_matches(&pattern, &text)
    }
}

/// Replaces each `?` in samples. A letter would match a pattern that contains that letter.
const ANY: char = '¿';

/// A text that matches the pattern, with `fill` in place of each `*`, and for each `?` a character that no policy
/// contains.
///
/// If `fill` occurs in no other pattern and is longer than any of them, another pattern matches the sample only if it
/// matches everything that this pattern does.
pub fn sample(pattern: &str, fill: &str) -> String {
    let mut text = String::with_capacity(pattern.len() + fill.len());
    for character in pattern.chars() {
        match character {
            '*' => text.push_str(fill),
            '?' => text.push(ANY),
            other => text.push(other),
        }
    }
    text
}

/// The ARN format with `*` in place of each variable.
pub fn of_form(form: &str) -> String {
    let mut out = String::new();
    let mut rest = form;
    while let Some((before, after)) = rest.split_once("${") {
        out.push_str(before);
        out.push('*');
        rest = after.split_once('}').map_or("", |(_, rest)| rest);
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn wildcards_reach_across_separators_in_resources_and_not_in_arns() {
        for (pattern, text, expected) in [
            ("arn:aws:s3:::b/*", "arn:aws:s3:::b/a/b:c", true),
            ("arn:aws:s3:::b/*", "arn:aws:s3:::b", false),
            ("*", "", true),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("a?c", "aéc", true),
            ("a*b*c", "axxbyybc", true),
            ("a*b*c", "axxbyyb", false),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
        assert!(arn_matches("arn:aws:iam::*:role/x", "arn:aws:iam::111122223333:role/x"));
        assert!(!arn_matches("arn:aws:*:role/x", "arn:aws:iam::111122223333:role/x"));
        assert!(arn_matches("*", "arn:aws:iam::111122223333:role/x"));
        assert!(!arn_matches("a*", "arn:aws:iam::111122223333:role/x"));
    }

    #[test]
    fn values_of_variables_are_literal() {
        let tag = |value: &'static str| move |_: &str| Some(Cow::Borrowed(value));
        let expanded = Expanded::of("home/${aws:username}/*", tag("*")).expect("a value");
        assert!(expanded.matches("home/*/x"));
        assert!(!expanded.matches("home/anybody/x"));
        assert_eq!(Expanded::of("${aws:username}", |_| None), None);
        let default = Expanded::of("${aws:username, 'nobody'}", |_| None).expect("a default");
        assert_eq!(default.literal(), "nobody");
        let escaped = Expanded::of("a${*}b", |_| None).expect("an escape");
        assert!(escaped.matches("a*b") && !escaped.matches("axb"));
    }

    /// The definition, without a clever loop.
    fn naive(pattern: &[char], text: &[char]) -> bool {
        match (pattern.first(), text.first()) {
            (None, None) => true,
            (Some('*'), _) => {
                naive(&pattern[1..], text) || (!text.is_empty() && naive(pattern, &text[1..]))
            }
            (Some('?'), Some(_)) => naive(&pattern[1..], &text[1..]),
            (Some(wanted), Some(got)) if wanted == got => naive(&pattern[1..], &text[1..]),
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn matching_is_what_the_definition_says(pattern in "[ab*?:]{0,8}", text in "[ab:]{0,8}") {
            let characters = |text: &str| text.chars().collect::<Vec<_>>();
            let expected = naive(&characters(&pattern), &characters(&text));
            prop_assert_eq!(matches(&pattern, &text), expected);
        }

        #[test]
        fn a_pattern_matches_its_samples(pattern in "[ab*?:/]{0,8}", fill in "[xyz]{0,4}") {
            prop_assert!(matches(&pattern, &sample(&pattern, &fill)));
        }
    }
}
