//! A template as YAML, for human readers.
//!
//! Every string that YAML could read as something else is quoted as in JSON,
//! which YAML 1.2 reads in the same way.

use super::{push_json_string, template_to_json};
use crate::Template;
use crate::yaml::{Budget, Node, NodeKind, parse};

/// The template as YAML, with the long forms of the intrinsic functions.
pub fn template_to_yaml(template: &Template) -> String {
    // JSON is YAML. Reading the canonical text keeps the order of sections and the forms of
    // functions defined in one place.
    let stream = parse(&template_to_json(template), &Budget::UNLIMITED);
    let mut out = String::new();
    for document in &stream.documents {
        block(&mut out, document, 0);
    }
    out
}

fn block(out: &mut String, node: &Node, depth: usize) {
    match &node.kind {
        NodeKind::Mapping(entries) if !entries.is_empty() => {
            for (place, (key, item)) in entries.iter().enumerate() {
                if place > 0 || !out.ends_with("- ") {
                    indent(out, depth);
                }
                if let NodeKind::Scalar { text, .. } = &key.kind {
                    scalar(out, text);
                }
                out.push(':');
                if item.is_empty_or_scalar() {
                    out.push(' ');
                    block(out, item, depth);
                } else {
                    out.push('\n');
                    block(out, item, depth + 1);
                }
            }
        }
        NodeKind::Sequence(items) if !items.is_empty() => {
            for item in items {
                indent(out, depth);
                if matches!(item.kind, NodeKind::Sequence(_)) && !item.is_empty_or_scalar() {
                    out.push_str("-\n");
                } else {
                    out.push_str("- ");
                }
                block(out, item, depth + 1);
            }
        }
        NodeKind::Mapping(_) => out.push_str("{}\n"),
        NodeKind::Sequence(_) => out.push_str("[]\n"),
        NodeKind::Scalar { text, is_plain } => {
            if *is_plain {
                out.push_str(text);
            } else {
                scalar(out, text);
            }
            out.push('\n');
        }
    }
}

fn indent(out: &mut String, depth: usize) {
    for _ in 0..depth {
        out.push_str("  ");
    }
}

fn scalar(out: &mut String, text: &str) {
    let starts_plain = text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '/');
    let stays_plain = text.chars().all(|c| c.is_ascii_alphanumeric() || "_-./:".contains(c));
    let is_word = matches!(
        text.to_ascii_lowercase().as_str(),
        "true" | "false" | "null" | "yes" | "no" | "on" | "off" | "y" | "n"
    );
    if starts_plain && stays_plain && !text.ends_with(':') && !is_word {
        out.push_str(text);
    } else {
        push_json_string(out, text);
    }
}
