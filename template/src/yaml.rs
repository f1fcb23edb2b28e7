//! YAML as a tree of nodes with their positions in the text.
//!
//! Parsing keeps the text of each scalar (an account id keeps its leading
//! zero), the tags (short forms of intrinsic functions) and the span of each
//! node. A [`Budget`] limits it, so that no small file becomes a large tree.

use granit_parser::{Event, Marker, Options, Parser, ScalarStyle, Span as ParserSpan, StrInput};

/// A place in a text, from `start` to `end` (bytes, end excluded).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The first byte.
    pub start: u32,
    /// The byte after the last one.
    pub end: u32,
    /// The line of the first byte, from 1.
    pub line: u32,
    /// The column of the first byte, in characters from 1.
    pub column: u32,
}

/// A node of a YAML document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Its position.
    pub span: Span,
    /// The tag, such as `!GetAtt`, if the node has one that is not a standard tag of YAML.
    pub tag: Option<String>,
    /// What it is.
    pub kind: NodeKind,
}

/// What a node is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NodeKind {
    /// A scalar.
    Scalar {
        /// The text after escapes.
        text: String,
        /// Whether it is written without quotes, so that `true` is a boolean and `12` a number.
        is_plain: bool,
    },
    /// A sequence.
    Sequence(Vec<Node>),
    /// A mapping, in the order of the text, duplicate keys included.
    Mapping(Vec<(Node, Node)>),
}

impl Node {
    pub(crate) fn is_empty_or_scalar(&self) -> bool {
        match &self.kind {
            NodeKind::Scalar { .. } => true,
            NodeKind::Sequence(items) => items.is_empty(),
            NodeKind::Mapping(entries) => entries.is_empty(),
        }
    }

    /// The name of the node's kind in messages: "a mapping", "a list", "a number" and so on.
    pub fn description(&self) -> &'static str {
        match &self.kind {
            NodeKind::Mapping(_) => "a mapping",
            NodeKind::Sequence(_) => "a list",
            NodeKind::Scalar { text, is_plain } => match Plain::of(text, *is_plain) {
                Plain::Null => "nothing",
                Plain::Bool(_) => "a boolean",
                Plain::Integer(_) | Plain::Decimal => "a number",
                Plain::Text => "text",
            },
        }
    }
}

/// The meaning of a scalar in YAML 1.2's core schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plain {
    /// `null`, `~` or an empty scalar.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number that fits 64 bits and is written in its shortest form.
    Integer(i64),
    /// Another number.
    Decimal,
    /// Anything else.
    Text,
}

impl Plain {
    /// Interprets a scalar. Quoted scalars are always text.
    pub fn of(text: &str, is_plain: bool) -> Self {
        if !is_plain {
            return Self::Text;
        }
        match text {
            "" | "~" | "null" | "Null" | "NULL" => return Self::Null,
            "true" | "True" | "TRUE" => return Self::Bool(true),
            "false" | "False" | "FALSE" => return Self::Bool(false),
            _ => {}
        }
        if let Ok(number) = text.parse::<i64>()
            && number.to_string() == text
        {
            return Self::Integer(number);
        }
        let looks_numeric = text.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c))
            && text.contains(|c: char| c.is_ascii_digit());
        if looks_numeric && text.parse::<f64>().is_ok() { Self::Decimal } else { Self::Text }
    }
}

/// How large a stream may be.
#[derive(Debug, Clone, Copy)]
pub struct Budget {
    /// Levels of nesting.
    pub depth: usize,
    /// How many nodes aliases may add by repeating anchored nodes.
    pub alias_nodes: usize,
}

impl Budget {
    /// For text that the program wrote itself.
    pub const UNLIMITED: Self = Self { depth: 200, alias_nodes: 0 };
    /// For files that people write.
    pub const FILE: Self = Self { depth: 64, alias_nodes: 100_000 };
}

/// The documents of a stream, up to the first error.
#[derive(Debug)]
pub struct Stream {
    /// The documents that were read. Empty documents are left out.
    pub documents: Vec<Node>,
    /// The error that ended the reading, if any.
    pub error: Option<YamlError>,
}

/// Text that is not YAML, or that exceeds the budget.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct YamlError {
    /// What is wrong.
    pub message: String,
    /// Its position.
    pub span: Span,
}

/// Parses a stream of documents. If YAML rejects a text that is JSON, the text is read as JSON.
pub fn parse(text: &str, budget: &Budget) -> Stream {
    let mut options = Options::default();
    options.set_emit_comments(false);
    let mut builder = Builder {
        events: Parser::new_from_str_with_options(text, options),
        anchors: Vec::new(),
        alias_nodes: budget.alias_nodes,
        depth_limit: budget.depth,
        positions: Positions { text, byte: 0, character: 0 },
    };
    let mut documents = Vec::new();
    let error = builder.stream(&mut documents).err();
    match error.as_ref().and_then(|_| crate::json::parse(text, budget)) {
        Some(root) => Stream { documents: vec![root], error: None },
        None => Stream { documents, error },
    }
}

struct Builder<'text> {
    events: Parser<'text, StrInput<'text>>,
    /// Anchored nodes by the parser's anchor id, with their sizes.
    anchors: Vec<(usize, Node, usize)>,
    alias_nodes: usize,
    depth_limit: usize,
    positions: Positions<'text>,
}

impl<'text> Builder<'text> {
    fn next(&mut self) -> Result<Option<(Event<'text>, Span)>, YamlError> {
        match self.events.next_event() {
            None => Ok(None),
            Some(Ok((event, span))) => {
                let span = self.positions.span(&span);
                Ok(Some((event, span)))
            }
            Some(Err(error)) => {
                let span = self.positions.span(&ParserSpan::empty(*error.marker()));
                Err(YamlError { message: error.info().clone(), span })
            }
        }
    }

    fn stream(&mut self, documents: &mut Vec<Node>) -> Result<(), YamlError> {
        while let Some((event, span)) = self.next()? {
            match event {
                Event::DocumentStart(..) => self.anchors.clear(),
                Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
                other => {
                    let (node, _) = self.node(other, span, 0)?;
                    let is_nothing = matches!(
                        &node.kind,
                        NodeKind::Scalar { text, is_plain } if Plain::of(text, *is_plain) == Plain::Null
                    );
                    if !is_nothing {
                        documents.push(node);
                    }
                }
            }
        }
        Ok(())
    }

    /// The node that begins with `event`, and how many nodes it consists of.
    fn node(
        &mut self,
        event: Event<'text>,
        span: Span,
        depth: usize,
    ) -> Result<(Node, usize), YamlError> {
        if depth > self.depth_limit {
            let message = format!("nested more than {} levels deep", self.depth_limit);
            return Err(YamlError { message, span });
        }
        let (anchor, tag, kind, end, size) = match event {
            Event::Alias(id) => return self.alias(id, span),
            Event::Scalar(text, style, anchor, tag) => {
                let is_plain = style == ScalarStyle::Plain;
                (anchor, tag, NodeKind::Scalar { text: text.into_owned(), is_plain }, span.end, 1)
            }
            Event::SequenceStart(_, anchor, tag) => {
                let mut items = Vec::new();
                let mut size = 1;
                let end = loop {
                    match self.next()? {
                        Some((Event::SequenceEnd, at)) => break at.end,
                        Some((event, at)) => {
                            let (item, nodes) = self.node(event, at, depth + 1)?;
                            items.push(item);
                            size += nodes;
                        }
                        None => return Err(cut_off(span)),
                    }
                };
                (anchor, tag, NodeKind::Sequence(items), end, size)
            }
            Event::MappingStart(_, anchor, tag) => {
                let mut entries = Vec::new();
                let mut size = 1;
                let end = loop {
                    let (key, key_nodes) = match self.next()? {
                        Some((Event::MappingEnd, at)) => break at.end,
                        Some((event, at)) => self.node(event, at, depth + 1)?,
                        None => return Err(cut_off(span)),
                    };
                    let Some((event, at)) = self.next()? else { return Err(cut_off(span)) };
                    let (item, item_nodes) = self.node(event, at, depth + 1)?;
                    entries.push((key, item));
                    size += key_nodes + item_nodes;
                };
                (anchor, tag, NodeKind::Mapping(entries), end, size)
            }
            _ => return Err(cut_off(span)),
        };
        let tag = tag.filter(|tag| !tag.is_yaml_core_schema()).map(|tag| tag.original());
        let node = Node { span: Span { end: end.max(span.end), ..span }, tag, kind };
        if anchor != 0 {
            self.anchors.push((anchor, node.clone(), size));
        }
        Ok((node, size))
    }

    fn alias(&mut self, id: usize, span: Span) -> Result<(Node, usize), YamlError> {
        let Some((_, node, size)) = self.anchors.iter().rev().find(|(anchor, ..)| *anchor == id)
        else {
            let message = "an alias inside the node that its anchor names".to_owned();
            return Err(YamlError { message, span });
        };
        if *size > self.alias_nodes {
            let message = "aliases repeat more nodes than a mesh may hold".to_owned();
            return Err(YamlError { message, span });
        }
        self.alias_nodes -= size;
        Ok((node.clone(), *size))
    }
}

fn cut_off(span: Span) -> YamlError {
    YamlError { message: "the document ends inside this node".to_owned(), span }
}

/// Turns the parser's character offsets into byte offsets, moving forward through the text.
struct Positions<'text> {
    text: &'text str,
    byte: usize,
    character: usize,
}

impl Positions<'_> {
    fn span(&mut self, span: &ParserSpan) -> Span {
        let start = self.byte_of(&span.start);
        let end = self.byte_of(&span.end).max(start);
        let narrow = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        Span {
            start: narrow(start),
            end: narrow(end),
            line: narrow(span.start.line()),
            column: narrow(span.start.col() + 1),
        }
    }

    fn byte_of(&mut self, marker: &Marker) -> usize {
        if let Some(byte) = marker.byte_offset() {
            return byte.min(self.text.len());
        }
        if marker.index() < self.character {
            (self.byte, self.character) = (0, 0);
        }
        let ahead = marker.index() - self.character;
        self.byte += self.text[self.byte..]
            .char_indices()
            .nth(ahead)
            .map_or(self.text.len() - self.byte, |(offset, _)| offset);
        self.character = marker.index();
        self.byte
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(text: &str) -> Node {
        let stream = parse(text, &Budget::FILE);
        assert_eq!(stream.error, None);
        stream.documents.into_iter().next().expect("one document")
    }

    #[test]
    fn spans_are_bytes_lines_and_columns() {
        let text = "a: é\nkey: [1, two]\n";
        let NodeKind::Mapping(entries) = one(text).kind else { unreachable!("a mapping") };
        let (key, value) = &entries[1];
        assert_eq!((key.span.line, key.span.column), (2, 1));
        assert_eq!(&text[key.span.start as usize..key.span.end as usize], "key");
        let NodeKind::Sequence(items) = &value.kind else { unreachable!("a list") };
        let two = items[1].span;
        assert_eq!(&text[two.start as usize..two.end as usize], "two");
        assert_eq!((two.line, two.column), (2, 10));
    }

    #[test]
    fn the_text_of_scalars_survives() {
        let NodeKind::Mapping(entries) = one("id: 012345678901\n").kind else {
            unreachable!("a mapping")
        };
        let NodeKind::Scalar { text, is_plain } = &entries[0].1.kind else {
            unreachable!("a scalar")
        };
        assert_eq!(text, "012345678901");
        assert_eq!(Plain::of(text, *is_plain), Plain::Decimal);
    }

    #[test]
    fn scalars_resolve_by_the_core_schema() {
        assert_eq!(Plain::of("yes", true), Plain::Text);
        assert_eq!(Plain::of("true", true), Plain::Bool(true));
        assert_eq!(Plain::of("true", false), Plain::Text);
        assert_eq!(Plain::of("-12", true), Plain::Integer(-12));
        assert_eq!(Plain::of("1.5", true), Plain::Decimal);
        assert_eq!(Plain::of("1.5.2", true), Plain::Text);
        assert_eq!(Plain::of("~", true), Plain::Null);
    }

    #[test]
    fn aliases_repeat_and_are_bounded() {
        let NodeKind::Mapping(entries) = one("a: &x [1]\nb: *x\n").kind else {
            unreachable!("a mapping")
        };
        assert_eq!(entries[0].1.kind, entries[1].1.kind);

        // 12,330 nodes, and 11,111 more for each of the last aliases: one alias too many. A reader
        // without a limit can still read it.
        let aliases = |last: usize| {
            let list = |level: usize, count| format!("*a{level}, ").repeat(count);
            let first = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
            let (a, b, c, d) = (list(0, 10), list(1, 10), list(2, 10), list(3, last));
            format!("{first}a1: &a1 [{a}]\na2: &a2 [{b}]\na3: &a3 [{c}]\na4: [{d}]\n")
        };
        assert_eq!(parse(&aliases(7), &Budget::FILE).error, None);
        let error = parse(&aliases(8), &Budget::FILE).error.expect("too many nodes");
        assert_eq!(error.message, "aliases repeat more nodes than a mesh may hold");
    }

    #[test]
    fn deep_nesting_is_refused() {
        let nested = |levels: usize| "[".repeat(levels) + "x" + &"]".repeat(levels);
        assert_eq!(parse(&nested(64), &Budget::FILE).error, None);
        let error = parse(&nested(65), &Budget::FILE).error.expect("too deep");
        assert_eq!(error.message, "nested more than 64 levels deep");
    }

    #[test]
    fn documents_before_an_error_are_kept() {
        let stream = parse("a: 1\n---\nb: [\n", &Budget::FILE);
        assert_eq!(stream.documents.len(), 1);
        assert!(stream.error.is_some());
    }
}
