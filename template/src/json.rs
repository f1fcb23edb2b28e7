//! Reads JSON into the same tree of nodes as YAML.
//!
//! YAML accepts almost every JSON text, with one limit that JSON does not have: a key in a flow mapping ends within
//! 1024 characters. Sources: RFC 8259, "Objects"; YAML 1.2.2, "Single Pair Implicit Entries" and "Flow Mappings".

use crate::yaml::{Budget, Node, NodeKind, Span};

/// The value of a JSON text; `None` if the text is not JSON, or is nested deeper than the budget allows.
pub(crate) fn parse(text: &str, budget: &Budget) -> Option<Node> {
    let byte = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let mut reader = Reader { text, byte, line: 1, column: 1, depth_limit: budget.depth };
    let root = reader.value(0)?;
    reader.blanks();
    (reader.byte == text.len()).then_some(root)
}

struct Reader<'t> {
    text: &'t str,
    byte: usize,
    line: u32,
    column: u32,
    depth_limit: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<char> {
        self.text[self.byte..].chars().next()
    }

    fn take(&mut self) -> Option<char> {
        let one = self.peek()?;
        self.byte += one.len_utf8();
        if one == '\n' {
            (self.line, self.column) = (self.line.saturating_add(1), 1);
        } else {
            self.column = self.column.saturating_add(1);
        }
        Some(one)
    }

    fn take_if(&mut self, wanted: char) -> bool {
        let is_there = self.peek() == Some(wanted);
        if is_there {
            self.take();
        }
        is_there
    }

    fn blanks(&mut self) {
        while let Some(one) = self.text.as_bytes().get(self.byte) {
            match one {
                b' ' | b'\t' | b'\r' => self.column = self.column.saturating_add(1),
                b'\n' => (self.line, self.column) = (self.line.saturating_add(1), 1),
                _ => return,
            }
            self.byte += 1;
        }
    }

    fn value(&mut self, depth: usize) -> Option<Node> {
        if depth > self.depth_limit {
            return None;
        }
        self.blanks();
        let narrow = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        let start = narrow(self.byte);
        let span = Span { start, end: start, line: self.line, column: self.column };
        let kind = match self.peek()? {
            '{' => NodeKind::Mapping(self.entries(depth)?),
            '[' => NodeKind::Sequence(self.items(depth)?),
            '"' => NodeKind::Scalar { text: self.string()?, is_plain: false },
            _ => NodeKind::Scalar { text: self.word()?, is_plain: true },
        };
        Some(Node { span: Span { end: narrow(self.byte), ..span }, tag: None, kind })
    }

    fn entries(&mut self, depth: usize) -> Option<Vec<(Node, Node)>> {
        self.take()?;
        self.blanks();
        let mut entries = Vec::new();
        if self.take_if('}') {
            return Some(entries);
        }
        loop {
            let key = self.value(depth + 1)?;
            if !matches!(key.kind, NodeKind::Scalar { is_plain: false, .. }) {
                return None;
            }
            self.blanks();
            if !self.take_if(':') {
                return None;
            }
            entries.push((key, self.value(depth + 1)?));
            self.blanks();
            match self.take()? {
                ',' => {}
                '}' => return Some(entries),
                _ => return None,
            }
        }
    }

    fn items(&mut self, depth: usize) -> Option<Vec<Node>> {
        self.take()?;
        self.blanks();
        let mut items = Vec::new();
        if self.take_if(']') {
            return Some(items);
        }
        loop {
            items.push(self.value(depth + 1)?);
            self.blanks();
            match self.take()? {
                ',' => {}
                ']' => return Some(items),
                _ => return None,
            }
        }
    }

    fn string(&mut self) -> Option<String> {
        if let Some(text) = self.string_without_escapes() {
            return Some(text);
        }
        let from = self.byte;
        self.take()?;
        loop {
            match self.take()? {
                '"' => break,
                '\\' => {
                    self.take()?;
                }
                _ => {}
            }
        }
        serde_json::from_str(&self.text[from..self.byte]).ok()
    }

    /// The usual string. `None`, and nothing is taken, if it has an escape or a control character.
    fn string_without_escapes(&mut self) -> Option<String> {
        let rest = self.text.get(self.byte + 1..)?;
        let is_other = |byte: u8| matches!(byte, b'"' | b'\\') || byte < b' ';
        let end = rest.bytes().position(is_other)?;
        let text = rest.get(..end).filter(|_| rest.as_bytes().get(end) == Some(&b'"'))?;
        self.byte += end + 2;
        let width = u32::try_from(text.chars().count() + 2).unwrap_or(u32::MAX);
        self.column = self.column.saturating_add(width);
        Some(text.to_owned())
    }

    /// A number, a boolean or null.
    fn word(&mut self) -> Option<String> {
        let from = self.byte;
        while self.peek().is_some_and(|one| one.is_ascii_alphanumeric() || "+-.".contains(one)) {
            self.take();
        }
        let word = &self.text[from..self.byte];
        serde_json::from_str::<serde_json::Value>(word).ok()?;
        Some(word.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml;

    const TEXT: &str = "{\n  \"a\": {\"é\": [1, -2.5e3, true, null, \"x\\n\\u00e9\"], \"b\": {}},\n  \"c\": [ ]\n}\n";

    /// Source: RFC 8259, "Objects": a name is a string, of any length.
    #[test]
    fn a_long_key_is_read_with_its_place() {
        let key = "k".repeat(2000);
        let text = format!("{{\n  \"{key}\": {{\"x\": [1]}},\n  \"two\": \"\\ud83d\\ude00\"\n}}");
        let stream = yaml::parse(&text, &Budget::FILE);
        assert_eq!(stream.error, None);
        let [Node { kind: NodeKind::Mapping(entries), .. }] = stream.documents.as_slice() else {
            unreachable!("one mapping")
        };
        assert_eq!(entries[0].0.kind, NodeKind::Scalar { text: key, is_plain: false });
        let (two, face) = &entries[1];
        assert_eq!((two.span.line, two.span.column), (3, 3));
        assert_eq!(&text[two.span.start as usize..two.span.end as usize], "\"two\"");
        assert_eq!(face.kind, NodeKind::Scalar { text: "\u{1f600}".to_owned(), is_plain: false });
    }

    /// JSON that both readers accept becomes the same tree: the same values, at the same positions.
    #[test]
    fn it_is_the_tree_that_yaml_makes() {
        fn starts(node: &Node, found: &mut Vec<(u32, u32, u32)>) {
            found.push((node.span.start, node.span.line, node.span.column));
            match &node.kind {
                NodeKind::Scalar { .. } => {}
                NodeKind::Sequence(items) => items.iter().for_each(|item| starts(item, found)),
                NodeKind::Mapping(entries) => {
                    for (key, item) in entries {
                        starts(key, found);
                        starts(item, found);
                    }
                }
            }
        }
        let stream = yaml::parse(TEXT, &Budget::FILE);
        let [of_yaml] = stream.documents.as_slice() else { unreachable!("one document") };
        let of_json = parse(TEXT, &Budget::FILE).expect("JSON");
        let (mut one, mut other) = (Vec::new(), Vec::new());
        starts(of_yaml, &mut one);
        starts(&of_json, &mut other);
        assert_eq!(one, other);
        let text = |node: &Node| format!("{:?}", crate::read::value(node).expect("a value"));
        assert_eq!(text(of_yaml), text(&of_json));
    }

    #[test]
    fn what_is_no_json_or_too_deep_is_not_read() {
        for text in
            ["{a: 1}", "{\"a\": 1,}", "{\"a\" 1}", "[1 2]", "[01]", "{} {}", "{\"a\": \"\t\"}", ""]
        {
            assert_eq!(parse(text, &Budget::FILE), None, "{text}");
        }
        let nested = |levels: usize| "[".repeat(levels) + "1" + &"]".repeat(levels);
        assert!(parse(&nested(64), &Budget::FILE).is_some());
        assert_eq!(parse(&nested(65), &Budget::FILE), None);
    }
}
