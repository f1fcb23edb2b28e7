//! Parses text into documents.

use std::collections::BTreeSet;

use lakewright_template::yaml::{self, Budget, Node, NodeKind};

use crate::decode::{decode, suggest};
use crate::diagnostic::{Diagnostic, FileId, Origin};
use crate::document::{self, Kind, every_kind};
use crate::{Code, Report};

/// A file of the mesh.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// The path below the mesh's folder, with `/` as the separator.
    pub path: String,
    /// The text.
    pub text: String,
}

/// A document and the position where it begins.
#[derive(Debug, Clone)]
pub struct Located<T> {
    /// The document.
    pub document: T,
    /// The position.
    pub origin: Origin,
}

macro_rules! documents {
    ($($count:ident {
        $($(#[$doc:meta])* $kind:ident $noun:literal $list:ident $document:ident,)*
    })*) => {
        /// The documents of one file, or of several.
        #[derive(Debug, Clone, Default)]
        pub struct Documents {
            $($($(#[$doc])* pub $list: Vec<Located<document::$document>>,)*)*
            /// What could not be decoded.
            pub lost: Lost,
        }

        impl Documents {
            /// Whether no document could be decoded.
            pub fn is_empty(&self) -> bool {
                $($(self.$list.is_empty())&&*)&&*
            }
        }
    };
}
every_kind!(documents);

/// What could not be decoded. References to it are not reported as errors.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Lost {
    kinds: BTreeSet<Kind>,
    is_any: bool,
    /// The positions of documents that were decoded only in part.
    in_part: BTreeSet<Origin>,
}

impl Lost {
    /// Whether a document of a kind may be among those that could not be decoded.
    pub fn may_be(&self, kind: Kind) -> bool {
        self.is_any || self.kinds.contains(&kind)
    }

    /// Whether a part of the document at this position could not be decoded, so that its content is not fully known.
    pub fn is_in_part(&self, document: Origin) -> bool {
        self.in_part.contains(&document)
    }

    /// Records that a part of the document at this position is unknown.
    pub(crate) fn of_part(&mut self, document: Origin) {
        self.in_part.insert(document);
    }

    /// Records that a document of this kind could not be decoded.
    pub(crate) fn of_kind(&mut self, kind: Kind) {
        self.kinds.insert(kind);
    }

    /// Records that a whole file could not be read.
    pub fn of_file(&mut self) {
        self.is_any = true;
    }

    fn and(&mut self, other: Self) {
        let Self { kinds, is_any, in_part } = other;
        self.is_any |= is_any;
        self.kinds.extend(kinds);
        self.in_part.extend(in_part);
    }
}

impl Documents {
    /// Joins the documents of several files.
    pub fn of_files(files: Vec<Self>) -> Self {
        let mut all = Self::default();
        // Documents are large: reserving space once avoids moving them while the lists grow.
        macro_rules! join {
            ($($count:ident {
                $($(#[$doc:meta])* $kind:ident $noun:literal $list:ident $document:ident,)*
            })*) => {
                $($(all.$list.reserve_exact(files.iter().map(|file| file.$list.len()).sum());)*)*
                for file in files {
                    let Self { lost, $($($list,)*)* } = file;
                    all.lost.and(lost);
                    $($(all.$list.extend($list);)*)*
                }
            };
        }
        every_kind!(join);
        all
    }
}

/// The result of parsing one file.
#[derive(Debug, Default)]
pub struct Parsed {
    /// The documents that could be decoded.
    pub documents: Documents,
    /// The findings about the file.
    pub report: Report,
}

/// Parses one file.
pub fn parse(file: FileId, source: &SourceFile) -> Parsed {
    let text = source.text.strip_prefix('\u{feff}').unwrap_or(&source.text);
    let stream = yaml::parse(text, &Budget::FILE);
    let mut parsed = Parsed::default();
    let broken = stream.error.as_ref().map(|error| error.span.line);
    if let Some(error) = stream.error {
        let origin = Origin { file, span: error.span };
        let number = usize::try_from(error.span.line).unwrap_or_default().saturating_sub(1);
        let help = syntax_help(&error.message, text.lines().nth(number).unwrap_or_default());
        let mut diagnostic =
            Diagnostic::new(Code::YamlSyntax, error.message).at(origin, "").help(help);
        if source.text.lines().any(|line| line.starts_with('\t')) {
            diagnostic = diagnostic.help("YAML is indented with spaces, not with tabs");
        }
        parsed.report.push(diagnostic);
        parsed.documents.lost.is_any = true;
    }
    for node in &stream.documents {
        // A node before the error in the same line is part of the same mistake.
        if broken != Some(node.span.line) || matches!(node.kind, NodeKind::Mapping(_)) {
            parsed.document(file, node);
        }
    }
    parsed
}

/// The most frequent cause of a parser message. The message says what the parser expected, not what to write.
fn syntax_help(message: &str, line: &str) -> &'static str {
    const HELP: [(&str, &str); 11] = [
        ("unclosed bracket '{'", "a closing `}` is missing"),
        ("unclosed bracket '['", "a closing `]` is missing"),
        ("':' indicator", "is a comma or a closing bracket missing, here or in a line before?"),
        (
            "mapping values",
            "indent this key like its neighbours, or quote a value that has `: ` in it",
        ),
        ("quoted scalar", "is a closing quote missing?"),
        ("flow mapping", "is a comma or a closing `}` missing, here or in a line before?"),
        ("flow sequence", "is a comma or a closing `]` missing, here or in a line before?"),
        (
            "block mapping",
            "indent each key like its neighbours, and begin each entry of a list with `- `",
        ),
        ("block collection", "begin each entry of the list with `- `, all of them indented alike"),
        ("unknown anchor", "text that begins with `*` stands in quotes"),
        ("unexpected character", "text that begins with this character stands in quotes"),
    ];
    if line.starts_with("--- ") {
        return "a document begins in the line below `---`";
    }
    if message.contains("simple key") {
        return key_help(line.trim());
    }
    let known = HELP.iter().find(|(part, _)| message.contains(*part));
    known.map_or(
        "put text with special characters in quotes, and indent with spaces alike",
        |(_, help)| *help,
    )
}

/// The most frequent cause of a line without a key.
fn key_help(line: &str) -> &'static str {
    let is_of_hyphens = line.len() > 1 && line.bytes().all(|byte| byte == b'-');
    let has_close_hyphen =
        line.strip_prefix('-').is_some_and(|entry| !entry.starts_with([' ', '-']));
    let has_close_colon = line.split_once(':').is_some_and(|(_, value)| !value.starts_with(' '));
    if is_of_hyphens {
        "a line of exactly three hyphens, `---`, stands before each document but the first"
    } else if has_close_hyphen {
        "put a space behind the hyphen: `- value`"
    } else if has_close_colon {
        "put a space behind the colon: `key: value`"
    } else {
        "a key stands before its value in one line, with a colon and a space: `key: value`"
    }
}

impl Parsed {
    fn document(&mut self, file: FileId, node: &Node) {
        let origin = Origin { file, span: node.span };
        let before = self.report.iter().len();
        self.tags(file, node);
        let Some(kind) = self.kind(file, node) else {
            self.documents.lost.is_any = true;
            return;
        };
        let Self { documents, report } = self;
        macro_rules! decode_any {
            ($($count:ident {
                $($(#[$doc:meta])* $kind:ident $noun:literal $list:ident $document:ident,)*
            })*) => {
                match kind {
                    $($(Kind::$kind => match decode(node, file, report) {
                        Some(document) => documents.$list.push(Located { document, origin }),
                        None => documents.lost.of_kind(kind),
                    },)*)*
                }
            };
        }
        every_kind!(decode_any);
        if report.iter().len() > before {
            documents.lost.in_part.insert(origin);
        }
    }

    /// Reports YAML tags. A tag has a meaning for the program that a text was written for, such as CloudFormation. It
    /// has none in a mesh, where text that was meant to be replaced would be used unchanged.
    fn tags(&mut self, file: FileId, node: &Node) {
        if let Some(tag) = &node.tag {
            let message = format!("the tag `{tag}` means nothing in a mesh");
            let diagnostic = Diagnostic::new(Code::YamlTag, message)
                .at(Origin { file, span: node.span }, "the value behind the tag")
                .help("remove the tag and write the value itself; text that begins with `!` stands in quotes");
            self.report.push(diagnostic);
        }
        match &node.kind {
            NodeKind::Scalar { .. } => {}
            NodeKind::Sequence(items) => {
                for item in items {
                    self.tags(file, item);
                }
            }
            NodeKind::Mapping(entries) => {
                for (key, value) in entries {
                    self.tags(file, key);
                    self.tags(file, value);
                }
            }
        }
    }

    /// The kind of a document. It determines which other keys are allowed.
    fn kind(&mut self, file: FileId, node: &Node) -> Option<Kind> {
        let origin = Origin { file, span: node.span };
        let NodeKind::Mapping(entries) = &node.kind else {
            let message = format!("expected a document, got {}", node.description());
            let diagnostic = Diagnostic::new(Code::WrongType, message)
                .at(origin, "")
                .help("a document has lines `key: value`, with a space behind the colon, one of them `kind:`");
            self.report.push(diagnostic);
            return None;
        };
        let is_kind =
            |key: &Node| matches!(&key.kind, NodeKind::Scalar { text, .. } if text == "kind");
        let mut kinds = entries.iter().filter(|(key, _)| is_kind(key));
        let first = kinds.next();
        if let Some((second, _)) = kinds.next() {
            let message = "`kind` is defined twice in one document";
            let diagnostic = Diagnostic::new(Code::DuplicateKey, message)
                .at(Origin { file, span: second.span }, "the second time")
                .and(origin, "the document begins here")
                .help(
                    "put a line `---` before each document but the first, or remove one of the two",
                );
            self.report.push(diagnostic);
            return None;
        }
        let Some((_, value)) = first else {
            let diagnostic = Diagnostic::new(Code::MissingField, "a document without `kind`")
                .at(origin, "this document")
                .help(format!("add `kind:` and one of {}", kind_names().join(", ")));
            self.report.push(diagnostic);
            return None;
        };
        let NodeKind::Scalar { text, .. } = &value.kind else {
            let message = format!("expected a kind, got {}", value.description());
            let origin = Origin { file, span: value.span };
            let diagnostic = Diagnostic::new(Code::WrongType, message)
                .at(origin, "")
                .help(format!("the kinds are {}", kind_names().join(", ")));
            self.report.push(diagnostic);
            return None;
        };
        let kind = Kind::ALL.into_iter().find(|kind| kind.as_str() == text);
        if kind.is_none() {
            let help = match suggest(text, kind_names()) {
                Some(name) => format!("did you mean `{name}`?"),
                None => format!("the kinds are {}", kind_names().join(", ")),
            };
            let origin = Origin { file, span: value.span };
            let message = format!("`{text}` is not a kind of document");
            self.report.push(Diagnostic::new(Code::UnknownKind, message).at(origin, "").help(help));
        }
        kind
    }
}

fn kind_names() -> [&'static str; Kind::ALL.len()] {
    Kind::ALL.map(Kind::as_str)
}
