//! Quoted text that continues with less indentation than YAML requires.
//!
//! The YAML standard requires the second line of a quoted text to be indented more than the node that the
//! text belongs to. CloudFormation, its command line and PyYAML accept any indentation, and published
//! templates rely on that. Such lines are indented here, which changes no text: white space at the start
//! of a line of quoted text is folded away.

use std::borrow::Cow;

/// The text, with lines inside of quotes indented beyond the column of the opening quote. The
/// number of lines does not change.
pub(super) fn indented(text: &str) -> Cow<'_, str> {
    let mut out = String::new();
    let mut scanner = Scanner { open: None, block: None };
    let mut has_changed = false;
    for line in text.split_inclusive('\n') {
        if let Some(Quote { column, .. }) = scanner.open
            && indentation(line) <= column
            && !line.trim().is_empty()
        {
            has_changed = true;
            out.push_str(&" ".repeat(column + 1 - indentation(line)));
        }
        out.push_str(line);
        scanner.line(line);
    }
    if has_changed { out.into() } else { text.into() }
}

/// A quoted text that is not closed yet.
#[derive(Debug, Clone, Copy)]
struct Quote {
    mark: char,
    /// The column of the opening quote, in characters from the start of the line.
    column: usize,
}

struct Scanner {
    open: Option<Quote>,
    /// The indentation of the line that begins a block scalar.
    block: Option<usize>,
}

impl Scanner {
    fn line(&mut self, line: &str) {
        let is_empty = line.trim().is_empty();
        if self.open.is_none()
            && let Some(indent) = self.block
        {
            if is_empty || indentation(line) > indent {
                return;
            }
            self.block = None;
        }
        let mut before = ' ';
        // The preceding characters determine whether a quote begins a text or is a part of one.
        let mut may_begin = true;
        let mut characters = line.trim_end().chars().enumerate().peekable();
        while let Some((column, character)) = characters.next() {
            match self.open {
                Some(Quote { mark: '"', .. }) if character == '\\' => {
                    characters.next();
                }
                Some(Quote { mark, .. }) if character == mark => {
                    let is_escaped =
                        mark == '\'' && characters.peek().is_some_and(|(_, next)| *next == '\'');
                    if is_escaped {
                        characters.next();
                    } else {
                        self.open = None;
                        may_begin = false;
                    }
                }
                Some(_) => {}
                None if matches!(character, '"' | '\'') && may_begin => {
                    self.open = Some(Quote { mark: character, column });
                }
                None if character == '#' && before.is_whitespace() => return,
                None => {
                    let is_separator = matches!(character, '[' | '{' | ',')
                        || matches!(character, ':' | '-' | '?')
                            && characters.peek().is_none_or(|(_, next)| next.is_whitespace());
                    let is_tag = character == '!' && may_begin;
                    if is_tag {
                        while characters.peek().is_some_and(|(_, next)| !next.is_whitespace()) {
                            characters.next();
                        }
                    }
                    may_begin = is_separator || is_tag || may_begin && character.is_whitespace();
                }
            }
            before = character;
        }
        if self.open.is_none() && begins_block(line) {
            self.block = Some(indentation(line));
        }
    }
}

/// Whether a line ends with the indicator of a literal or folded block, such as `key: |` or `- >-`.
fn begins_block(line: &str) -> bool {
    let last = line.split(" #").next().unwrap_or_default().split_whitespace().next_back();
    last.is_some_and(|last| {
        last.starts_with(['|', '>']) && last[1..].chars().all(|one| "+-123456789".contains(one))
    })
}

fn indentation(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_inside_of_quotes_are_indented_and_others_are_not() {
        for (text, expected) in [
            ("a:\n  b: 'x,\n y'\nc: 1\n", "a:\n  b: 'x,\n      y'\nc: 1\n"),
            ("a: \"x \\\" y\nz\"\n", "a: \"x \\\" y\n    z\"\n"),
            ("a: !Sub \"x\ny\"\n", "a: !Sub \"x\n         y\"\n"),
            ("- 'it''s\nhere'\n", "- 'it''s\n   here'\n"),
            // Quotes in the middle of a word, in a comment or in a block scalar begin no text.
            ("a: it's\nb: don't\n", "a: it's\nb: don't\n"),
            ("a: 1 # it's\nb: 'x'\n", "a: 1 # it's\nb: 'x'\n"),
            ("a: |\n  it is 'x\n  y\nb: 1\n", "a: |\n  it is 'x\n  y\nb: 1\n"),
            ("a: 'x'\nb: \"y\"\n", "a: 'x'\nb: \"y\"\n"),
        ] {
            assert_eq!(indented(text), expected, "{text}");
        }
    }
}
