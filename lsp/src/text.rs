//! Positions in a text, as editors count them.

/// The unit in which an editor counts the characters of a line.
///
/// Source: "PositionEncodingKind" in the Language Server Protocol 3.17.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// Bytes.
    Utf8,
    /// Units of UTF-16: what an editor counts that says nothing.
    Utf16,
    /// Code points.
    Utf32,
}

impl Encoding {
    /// The first encoding that the editor offers and the server knows.
    pub(crate) fn chosen(offered: &[&str]) -> Self {
        let known = |name: &&str| match *name {
            "utf-8" => Some(Self::Utf8),
            "utf-16" => Some(Self::Utf16),
            "utf-32" => Some(Self::Utf32),
            _ => None,
        };
        offered.iter().find_map(known).unwrap_or(Self::Utf16)
    }

    /// The name in the protocol.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Utf8 => "utf-8",
            Self::Utf16 => "utf-16",
            Self::Utf32 => "utf-32",
        }
    }

    fn units(self, character: char) -> usize {
        match self {
            Self::Utf8 => character.len_utf8(),
            Self::Utf16 => character.len_utf16(),
            Self::Utf32 => 1,
        }
    }
}

/// A position: the line and the character in it, both from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Position {
    /// The line.
    pub(crate) line: usize,
    /// The character, in units of the encoding.
    pub(crate) character: usize,
}

/// The text of a file, with the byte at which each line begins.
#[derive(Debug, Clone, Default)]
pub(crate) struct Text {
    text: String,
    lines: Vec<usize>,
}

impl Text {
    /// A text.
    pub(crate) fn new(text: String) -> Self {
        let ends = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let lines = std::iter::once(0).chain(ends.map(|(at, _)| at + 1)).collect();
        Self { text, lines }
    }

    /// The text.
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// A line without its end; empty behind the last line.
    pub(crate) fn line(&self, line: usize) -> &str {
        let Some(start) = self.lines.get(line) else { return "" };
        let end = self.lines.get(line + 1).copied().unwrap_or(self.text.len());
        self.text[*start..end].trim_end_matches(['\n', '\r'])
    }

    /// The byte at a position. A position behind the end of its line is the end of the line, as the protocol says.
    pub(crate) fn offset(&self, position: Position, encoding: Encoding) -> usize {
        let Some(start) = self.lines.get(position.line) else { return self.text.len() };
        let (mut units, line) = (0, self.line(position.line));
        for (at, character) in line.char_indices() {
            if units >= position.character {
                return start + at;
            }
            units += encoding.units(character);
        }
        start + line.len()
    }

    /// The position of a byte. A byte inside of a character counts as the character's first one.
    pub(crate) fn position(&self, offset: usize, encoding: Encoding) -> Position {
        let offset = self.text.floor_char_boundary(offset.min(self.text.len()));
        let line = self.lines.partition_point(|start| *start <= offset) - 1;
        let before = &self.text[self.lines[line]..offset];
        Position { line, character: before.chars().map(|one| encoding.units(one)).sum() }
    }

    /// The text after a change of the bytes from `start` to `end`.
    #[must_use]
    pub(crate) fn with(&self, start: usize, end: usize, new: &str) -> Self {
        let end = end.max(start);
        Self::new([&self.text[..start], new, &self.text[end..]].concat())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lengths of these characters stand in the Unicode Standard: `ß` has two bytes and one unit of UTF-16, `𝄞`
    /// has four and two.
    #[test]
    fn characters_are_counted_as_the_editor_does() {
        let text = Text::new("a: ß𝄞x\nb: 1".to_owned());
        let x = "a: ß𝄞".len();
        for (encoding, character) in
            [(Encoding::Utf8, 9), (Encoding::Utf16, 6), (Encoding::Utf32, 5)]
        {
            let position = Position { line: 0, character };
            assert_eq!(text.position(x, encoding), position);
            assert_eq!(text.offset(position, encoding), x);
        }
        let end = Position { line: 0, character: 99 };
        assert_eq!(text.offset(end, Encoding::Utf16), "a: ß𝄞x".len());
        assert_eq!(
            text.offset(Position { line: 9, character: 0 }, Encoding::Utf16),
            text.as_str().len()
        );
        assert_eq!(text.line(1), "b: 1");
    }

    #[test]
    fn without_an_offer_characters_are_units_of_utf_16() {
        assert_eq!(Encoding::chosen(&[]), Encoding::Utf16);
        assert_eq!(Encoding::chosen(&["utf-7", "utf-32", "utf-8"]), Encoding::Utf32);
    }

    #[test]
    fn a_change_is_applied_to_its_bytes() {
        let text = Text::new("id: a\nteam: b\n".to_owned());
        assert_eq!(text.with(4, 5, "new").as_str(), "id: new\nteam: b\n");
    }
}
