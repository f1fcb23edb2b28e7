//! What an editor can ask: one file for each question.

pub(crate) mod actions;
pub(crate) mod complete;
pub(crate) mod describe;
pub(crate) mod lenses;
pub(crate) mod navigate;
pub(crate) mod rename;
pub(crate) mod symbols;

use std::ops::Range;

use serde_json::{Value, json};

use crate::text::{Encoding, Position, Text};
use crate::uri;
use crate::workspace::Workspace;

/// A mesh and how the editor counts characters.
#[derive(Debug, Clone, Copy)]
pub(crate) struct View<'w> {
    /// The mesh.
    pub(crate) workspace: &'w Workspace,
    /// The encoding of positions.
    pub(crate) encoding: Encoding,
}

impl View<'_> {
    /// A range in the protocol.
    pub(crate) fn range(&self, file: usize, bytes: &Range<usize>) -> Value {
        range(&self.workspace.files()[file].text, bytes, self.encoding)
    }

    /// A place in the protocol.
    pub(crate) fn location(&self, file: usize, bytes: &Range<usize>) -> Value {
        json!({ "uri": self.uri(file), "range": self.range(file, bytes) })
    }

    /// The address of a file.
    pub(crate) fn uri(&self, file: usize) -> String {
        uri::of_path(&self.workspace.path(file))
    }
}

/// Bytes of a text, as a range in the protocol.
pub(crate) fn range(text: &Text, bytes: &Range<usize>, encoding: Encoding) -> Value {
    let position = |offset: usize| {
        let Position { line, character } = text.position(offset, encoding);
        json!({ "line": line, "character": character })
    };
    json!({ "start": position(bytes.start), "end": position(bytes.end) })
}
