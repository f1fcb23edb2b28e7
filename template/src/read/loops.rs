//! Unrolls loops (`Fn::ForEach` of the language extensions) before a template is read.
//!
//! Source: "Fn::ForEach" in the CloudFormation template reference. A collection that is known only at
//! deployment is unrolled with one made-up item, so that the result of the loop is examined.

use super::{ReadError, fail, scalar};
use crate::resolve::UNKNOWN;
use crate::yaml::{Node, NodeKind};

/// How many entries all loops of a template may produce.
const ENTRIES: usize = 10_000;

/// The text that replaces an unknown item in the names of resources.
const SOME: &str = "Some";

/// Whether a key begins a loop.
fn is_loop(key: &Node) -> bool {
    matches!(&key.kind, NodeKind::Scalar { text, .. } if text.starts_with("Fn::ForEach::"))
}

/// The node with every loop unrolled.
pub(super) fn unrolled(root: &Node) -> Result<Node, ReadError> {
    let mut loops = Loops { parameters: child(root, "Parameters"), left: ENTRIES };
    loops.node(root)
}

struct Loops<'n> {
    parameters: Option<&'n Node>,
    left: usize,
}

impl Loops<'_> {
    fn node(&mut self, node: &Node) -> Result<Node, ReadError> {
        let kind = match &node.kind {
            NodeKind::Scalar { .. } => node.kind.clone(),
            NodeKind::Sequence(items) => NodeKind::Sequence(
                items.iter().map(|item| self.node(item)).collect::<Result<_, _>>()?,
            ),
            NodeKind::Mapping(entries) => {
                let mut all = Vec::with_capacity(entries.len());
                for (key, value) in entries {
                    if is_loop(key) {
                        self.unroll(value, &mut all)?;
                    } else {
                        all.push((key.clone(), self.node(value)?));
                    }
                }
                NodeKind::Mapping(all)
            }
        };
        Ok(Node { kind, ..node.clone() })
    }

    fn unroll(&mut self, value: &Node, all: &mut Vec<(Node, Node)>) -> Result<(), ReadError> {
        let NodeKind::Sequence(parts) = &value.kind else {
            return fail(value, "Fn::ForEach takes a list of three".to_owned());
        };
        let [identifier, collection, body] = parts.as_slice() else {
            return fail(value, format!("Fn::ForEach takes a list of three, got {}", parts.len()));
        };
        let names = self.identifiers(identifier)?;
        let NodeKind::Mapping(entries) = &body.kind else {
            return fail(body, "what Fn::ForEach repeats is a mapping".to_owned());
        };
        for items in self.items(collection) {
            for (key, value) in entries {
                let Some(left) = self.left.checked_sub(1) else {
                    return fail(value, format!("loops make more than {ENTRIES} entries"));
                };
                self.left = left;
                let (mut key, mut value) = (key.clone(), value.clone());
                for (name, item) in names.iter().zip(&items) {
                    key = replaced(&key, name, item, true);
                    value = replaced(&value, name, item, false);
                }
                if is_loop(&key) {
                    self.unroll(&value, all)?;
                } else {
                    all.push((key, self.node(&value)?));
                }
            }
        }
        Ok(())
    }

    /// The variables of a loop: one or several. A reference to a parameter is replaced by the parameter's default.
    fn identifiers(&self, node: &Node) -> Result<Vec<String>, ReadError> {
        let one = |node: &Node| match self.default_of(node) {
            Some(default) => Ok(default.to_owned()),
            None => scalar(node).map(str::to_owned),
        };
        match &node.kind {
            NodeKind::Sequence(items) => items.iter().map(one).collect(),
            _ => Ok(vec![one(node)?]),
        }
    }

    /// The default of the parameter that a node refers to.
    fn default_of(&self, node: &Node) -> Option<&str> {
        let referred = match &node.kind {
            NodeKind::Scalar { text, .. } if node.tag.as_deref() == Some("!Ref") => {
                Some(text.as_str())
            }
            _ => child(node, "Ref").and_then(text),
        };
        let parameter = referred.and_then(|name| child(self.parameters?, name));
        parameter.and_then(|one| text(child(one, "Default")?))
    }

    /// The items of a collection, each with a value for each variable. A collection is a list, a list of lists, a map,
    /// or a reference to a parameter, whose default is used.
    fn items(&self, collection: &Node) -> Vec<Vec<String>> {
        let known = |item: &Node| match (&item.kind, &item.tag) {
            (NodeKind::Scalar { text, .. }, None) => text.clone(),
            _ => UNKNOWN.to_owned(),
        };
        match &collection.kind {
            NodeKind::Sequence(items) if collection.tag.is_none() => {
                let each = items.iter().map(|item| match &item.kind {
                    NodeKind::Sequence(values) => values.iter().map(known).collect(),
                    _ => vec![known(item)],
                });
                return each.collect();
            }
            NodeKind::Mapping(entries)
                if child(collection, "Ref").is_none() && entries.len() > 1 =>
            {
                return entries.iter().map(|(key, value)| vec![known(key), known(value)]).collect();
            }
            _ => {}
        }
        match self.default_of(collection) {
            Some(list) => list.split(',').map(|item| vec![item.trim().to_owned()]).collect(),
            // As many values as a loop can need for its variables.
            None => vec![vec![UNKNOWN.to_owned(); 8]],
        }
    }
}

fn child<'n>(node: &'n Node, name: &str) -> Option<&'n Node> {
    let NodeKind::Mapping(entries) = &node.kind else { return None };
    entries.iter().find(|(key, _)| text(key) == Some(name)).map(|(_, value)| value)
}

fn text(node: &Node) -> Option<&str> {
    match &node.kind {
        NodeKind::Scalar { text, .. } => Some(text),
        NodeKind::Sequence(_) | NodeKind::Mapping(_) => None,
    }
}

/// A node in which an item replaces the loop's variable.
fn replaced(node: &Node, name: &str, item: &str, is_key: bool) -> Node {
    let within = |text: &str| {
        let item = if is_key && item == UNKNOWN { SOME } else { item };
        let letters: String = item.chars().filter(char::is_ascii_alphanumeric).collect();
        text.replace(&format!("${{{name}}}"), item).replace(&format!("&{{{name}}}"), &letters)
    };
    // `Ref` may name a variable like a parameter.
    let is_reference = match &node.kind {
        NodeKind::Scalar { text, .. } => node.tag.as_deref() == Some("!Ref") && text == name,
        NodeKind::Mapping(entries) => {
            entries.len() == 1 && child(node, "Ref").and_then(text) == Some(name)
        }
        NodeKind::Sequence(_) => false,
    };
    if is_reference {
        let kind = NodeKind::Scalar { text: item.to_owned(), is_plain: false };
        return Node { tag: None, kind, span: node.span };
    }
    let kind = match &node.kind {
        NodeKind::Scalar { text, is_plain } => {
            let within = within(text);
            NodeKind::Scalar { is_plain: *is_plain && within == *text, text: within }
        }
        NodeKind::Sequence(items) => {
            NodeKind::Sequence(items.iter().map(|one| replaced(one, name, item, false)).collect())
        }
        NodeKind::Mapping(entries) => {
            let entries = entries.iter().map(|(key, value)| {
                (replaced(key, name, item, true), replaced(value, name, item, false))
            });
            NodeKind::Mapping(entries.collect())
        }
    };
    Node { kind, ..node.clone() }
}
