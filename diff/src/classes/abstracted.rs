//! A stack's change with variables for what belongs to this stack.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use lakewright_template::{ConstructId, StackAddress, StackKind};

use super::pattern::{LINES, encoded, literal, push_literal, variable};
use super::rewrite::{Rewrite, stack};
use crate::change::StackChange;

/// How the names of variables begin that are the digest at the end of a physical name.
pub(super) const DIGEST: &str = "digest ";
/// Characters of the digest at the end of a physical name (`lakewright_template::digest::base32_prefix`), and of the one at the
/// end of a logical id (`LogicalId`). The CDK's logical ids end in the same way.
const DIGITS: usize = 8;

/// A text of a stack that other stacks of the same class have differently.
struct Own {
    text: String,
    variable: String,
    /// Whether a letter or digit may stand before it, as before a part of a logical id.
    is_inner: bool,
    /// Whether a letter or digit may stand behind it.
    is_outer: bool,
    /// Whether the digest of a physical name may follow.
    is_name: bool,
}

/// Replaces the texts of a stack.
struct Abstraction {
    own: Vec<Own>,
    bindings: BTreeMap<String, String>,
    digests: BTreeMap<String, String>,
    suffixes: BTreeMap<String, String>,
    revisions: usize,
    lines: usize,
}

/// The change with variables, and the texts of the variables.
pub(super) fn of(change: &StackChange) -> (StackChange, BTreeMap<String, String>) {
    let mut with = Abstraction {
        own: Vec::new(),
        bindings: BTreeMap::new(),
        digests: BTreeMap::new(),
        suffixes: BTreeMap::new(),
        revisions: 0,
        lines: 0,
    };
    with.name_stack(&change.stack);
    for resource in &change.resources {
        if let Some((_, suffix)) = suffix_of(resource.logical_id.as_str()) {
            with.suffix(suffix);
        }
    }
    with.own.sort_by_key(|own| Reverse(own.text.len()));
    let shape = stack(change, &mut with);
    (shape, with.bindings)
}

impl Abstraction {
    /// Notes the texts that the stack's address has.
    fn name_stack(&mut self, address: &str) {
        let name = match StackAddress::parse(address) {
            Ok(parsed) => {
                self.note("account", &parsed.place.account);
                self.note("region", &parsed.place.region);
                parsed.name
            }
            Err(_) => address.to_owned(),
        };
        self.note("stack", &name);
        let last = last_part(&name);
        if last.chars().count() < 2 || last == name {
            return;
        }
        self.note_name("name", last);
        let with_underscores = last.replace('-', "_");
        if with_underscores != last {
            self.note_name("name_", &with_underscores);
        }
        if let Ok(id) = ConstructId::from_name(last) {
            self.push(Own {
                text: id.as_str().to_owned(),
                variable: "id".to_owned(),
                is_inner: true,
                is_outer: true,
                is_name: false,
            });
        }
        // A team's name follows on that of its environment, and ends in a digest.
        let parts: Vec<&str> = last.split('-').collect();
        if parts.last().is_some_and(|last| is_digest(last)) {
            for first in 1..parts.len() {
                let tail = parts.get(first..).unwrap_or_default();
                self.note(&format!("end of name {}", tail.len()), &tail.join("-"));
            }
        }
    }

    fn note(&mut self, variable: &str, text: &str) {
        let (variable, text) = (variable.to_owned(), text.to_owned());
        self.push(Own { text, variable, is_inner: false, is_outer: false, is_name: false });
    }

    fn note_name(&mut self, variable: &str, text: &str) {
        let (variable, text) = (variable.to_owned(), text.to_owned());
        self.push(Own { text, variable, is_inner: false, is_outer: false, is_name: true });
    }

    fn push(&mut self, own: Own) {
        if own.text.is_empty() {
            return;
        }
        self.bindings.insert(own.variable.clone(), own.text.clone());
        self.own.push(own);
    }

    /// The variable of the digest that a logical id ends in.
    fn suffix(&mut self, suffix: &str) -> String {
        if let Some(known) = self.suffixes.get(suffix) {
            return known.clone();
        }
        let name = format!("suffix {}", self.suffixes.len() + 1);
        self.suffixes.insert(suffix.to_owned(), name.clone());
        self.push(Own {
            text: suffix.to_owned(),
            variable: name.clone(),
            is_inner: true,
            is_outer: false,
            is_name: false,
        });
        name
    }

    /// The variable of the digest that a physical name ends in.
    fn digest(&mut self, digest: &str) -> String {
        if let Some(known) = self.digests.get(digest) {
            return known.clone();
        }
        let name = format!("{DIGEST}{}", self.digests.len() + 1);
        self.digests.insert(digest.to_owned(), name.clone());
        self.bindings.insert(name.clone(), digest.to_owned());
        name
    }
}

impl Rewrite for Abstraction {
    fn text(&mut self, text: &str) -> String {
        let own = self.own.iter().enumerate().filter(|(_, own)| text.contains(own.text.as_str()));
        let present: Vec<usize> = own.map(|(place, _)| place).collect();
        if present.is_empty() {
            return literal(text);
        }
        let mut pattern = String::with_capacity(text.len());
        let mut before: Option<char> = None;
        let mut rest = text;
        while let Some(character) = rest.chars().next() {
            let mut own = present.iter().filter_map(|place| self.own.get(*place));
            let found = own.find_map(|own| Some((own, own.behind(before, rest)?)));
            let Some((own, behind)) = found else {
                push_literal(&mut pattern, character);
                before = Some(character);
                rest = rest.get(character.len_utf8()..).unwrap_or_default();
                continue;
            };
            pattern.push_str(&variable(&own.variable));
            before = own.text.chars().next_back();
            rest = behind;
            let digest = if own.is_name { digest_at(rest) } else { None };
            if let Some((separator, digest, behind)) = digest {
                pattern.push(separator);
                pattern.push_str(&variable(&self.digest(digest)));
                before = digest.chars().next_back();
                rest = behind;
            }
        }
        pattern
    }

    fn id(&mut self, id: &str) -> String {
        match suffix_of(id) {
            Some((stem, suffix)) => {
                let stem = self.text(stem);
                stem + &variable(&self.suffix(suffix))
            }
            None => self.text(id),
        }
    }

    fn revision(&mut self, text: &str) -> String {
        self.revisions += 1;
        let name = format!("revision {}", self.revisions);
        self.bindings.insert(name.clone(), text.to_owned());
        variable(&name)
    }

    fn lines(&mut self, lines: &[String]) -> Vec<String> {
        self.lines += 1;
        let name = format!("{LINES}{}", self.lines);
        self.bindings.insert(name.clone(), encoded(lines));
        vec![variable(&name)]
    }
}

impl Own {
    /// What follows on this text, if another text begins with it.
    fn behind<'t>(&self, before: Option<char>, text: &'t str) -> Option<&'t str> {
        let behind = text.strip_prefix(self.text.as_str())?;
        let is_part = |neighbour: Option<char>| neighbour.is_some_and(char::is_alphanumeric);
        let starts = self.is_inner || !is_part(before);
        let ends = self.is_outer || !is_part(behind.chars().next());
        (starts && ends).then_some(behind)
    }
}

/// The part of a stack's name behind the kind of stack; without one, the last part of the name.
fn last_part(name: &str) -> &str {
    let behind = StackKind::ALL.iter().filter_map(|kind| {
        let (before, behind) = name.split_once(&format!("-{}-", kind.as_str()))?;
        Some((before.len(), behind))
    });
    let first = behind.min_by_key(|(place, behind)| (*place, behind.len()));
    match first {
        Some((_, behind)) => behind,
        None => name.rsplit(['-', '/']).next().unwrap_or(name),
    }
}

/// The digest at the end of a logical id, and what stands before it.
fn suffix_of(id: &str) -> Option<(&str, &str)> {
    let (stem, suffix) = id.split_at_checked(id.len().checked_sub(DIGITS)?)?;
    let is_digit = |byte: u8| byte.is_ascii_digit() || (b'A'..=b'F').contains(&byte);
    (!stem.is_empty() && suffix.bytes().all(is_digit)).then_some((stem, suffix))
}

/// A separator and the digest of a physical name, at the start of a text; and what follows.
fn digest_at(text: &str) -> Option<(char, &str, &str)> {
    let separator = text.chars().next().filter(|first| ['-', '_'].contains(first))?;
    let (digest, behind) = text.get(1..)?.split_at_checked(DIGITS)?;
    let ends = !behind.chars().next().is_some_and(char::is_alphanumeric);
    (ends && is_digest(digest)).then_some((separator, digest, behind))
}

/// Whether a text has the form of lower-case base32.
fn is_digest(text: &str) -> bool {
    let is_digit = |byte: u8| byte.is_ascii_lowercase() || (b'2'..=b'7').contains(&byte);
    text.len() == DIGITS && text.bytes().all(is_digit)
}
