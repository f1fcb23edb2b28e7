//! Texts with variables in them.
//!
//! A pattern is written as a text in which `⟨name⟩` is a variable and `⟨⟨` is the character `⟨`.

use std::collections::{BTreeMap, BTreeSet};

use super::rewrite::Rewrite;

const OPEN: char = '⟨';
const CLOSE: char = '⟩';
/// How the names of variables begin that are lists of manifest lines.
pub(super) const LINES: &str = "lines ";

/// The pattern of one variable.
pub(super) fn variable(name: &str) -> String {
    format!("{OPEN}{name}{CLOSE}")
}

/// The pattern of a text without variables.
pub(super) fn literal(text: &str) -> String {
    text.replace(OPEN, "⟨⟨")
}

/// Appends a character that stands for itself.
pub(super) fn push_literal(pattern: &mut String, character: char) {
    if character == OPEN {
        pattern.push(OPEN);
    }
    pattern.push(character);
}

/// The name, if a pattern is one variable and nothing else.
fn only_variable(pattern: &str) -> Option<&str> {
    let name = pattern.strip_prefix(OPEN)?.strip_suffix(CLOSE)?;
    (!name.contains([OPEN, CLOSE])).then_some(name)
}

/// What a variable becomes.
pub(super) enum Filling<'f> {
    /// A text.
    Text(&'f str),
    /// Another variable.
    Variable(&'f str),
}

/// Replaces variables. Those without a filling stay.
pub(super) struct Fill<'f> {
    /// What variables become, by name.
    pub(super) fillings: BTreeMap<&'f str, Filling<'f>>,
    /// Whether the result is a pattern again, not a text.
    pub(super) is_pattern: bool,
}

impl Fill<'_> {
    fn push_text(&self, out: &mut String, text: &str) {
        let text = if self.is_pattern { literal(text) } else { text.to_owned() };
        out.push_str(&text);
    }
}

impl Rewrite for Fill<'_> {
    fn text(&mut self, pattern: &str) -> String {
        let mut out = String::with_capacity(pattern.len());
        let mut rest = pattern;
        while let Some((before, after)) = rest.split_once(OPEN) {
            out.push_str(before);
            if let Some(escaped) = after.strip_prefix(OPEN) {
                self.push_text(&mut out, "⟨");
                rest = escaped;
                continue;
            }
            let (name, behind) = after.split_once(CLOSE).unwrap_or((after, ""));
            match self.fillings.get(name) {
                Some(Filling::Text(text)) => self.push_text(&mut out, text),
                Some(Filling::Variable(other)) => out.push_str(&variable(other)),
                None => out.push_str(&variable(name)),
            }
            rest = behind;
        }
        out.push_str(rest);
        out
    }

    fn lines(&mut self, patterns: &[String]) -> Vec<String> {
        let only = match patterns {
            [pattern] => only_variable(pattern).filter(|name| name.starts_with(LINES)),
            _ => None,
        };
        match only.and_then(|name| self.fillings.get(name)) {
            Some(Filling::Text(text)) => {
                let lines = decoded(text);
                if self.is_pattern {
                    lines.iter().map(|line| literal(line)).collect()
                } else {
                    lines
                }
            }
            _ => patterns.iter().map(|pattern| self.text(pattern)).collect(),
        }
    }
}

/// Collects the names of variables.
#[derive(Default)]
pub(super) struct Used(pub(super) BTreeSet<String>);

impl Rewrite for Used {
    fn text(&mut self, pattern: &str) -> String {
        let mut rest = pattern;
        while let Some((_, after)) = rest.split_once(OPEN) {
            if let Some(escaped) = after.strip_prefix(OPEN) {
                rest = escaped;
            } else {
                let (name, behind) = after.split_once(CLOSE).unwrap_or((after, ""));
                self.0.insert(name.to_owned());
                rest = behind;
            }
        }
        String::new()
    }

    fn lines(&mut self, patterns: &[String]) -> Vec<String> {
        patterns.iter().map(|pattern| self.text(pattern)).collect()
    }
}

/// Several lines as one text.
pub(super) fn encoded(lines: &[String]) -> String {
    let mut text = String::new();
    for line in lines {
        text.push_str(&line.replace('\\', "\\\\").replace('\n', "\\n"));
        text.push('\n');
    }
    text
}

fn decoded(text: &str) -> Vec<String> {
    let line = |line: &str| {
        let mut plain = String::with_capacity(line.len());
        let mut characters = line.chars();
        while let Some(character) = characters.next() {
            let escaped = if character == '\\' { characters.next() } else { None };
            plain.push(match escaped {
                Some('n') => '\n',
                Some(other) => other,
                None => character,
            });
        }
        plain
    };
    text.split_terminator('\n').map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_with_the_signs_of_variables_comes_back() {
        let mut fill = Fill { fillings: BTreeMap::new(), is_pattern: false };
        for text in ["", "plain", "⟨name⟩", "⟨⟨", "⟩⟨", "a⟨⟨b⟩⟩c"] {
            assert_eq!(fill.text(&literal(text)), text);
        }
        let mut fill = Fill {
            fillings: BTreeMap::from([("name", Filling::Text("⟨x⟩"))]),
            is_pattern: true,
        };
        let pattern = fill.text("a-⟨name⟩-⟨other⟩");
        assert_eq!(pattern, "a-⟨⟨x⟩-⟨other⟩");
    }

    #[test]
    fn lines_come_back() {
        for lines in [vec![], vec![String::new()], vec!["a\\n\nb\\".to_owned(), "c:1:2".to_owned()]]
        {
            assert_eq!(decoded(&encoded(&lines)), lines);
        }
    }
}
