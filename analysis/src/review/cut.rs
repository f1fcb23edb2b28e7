//! The part of two templates that decides how they differ, cut out of their texts without reading the rest.
//!
//! Resources whose texts are equal on both sides differ only in what they refer to. So the resources whose texts differ, those that
//! mention them, and all that these mention decide alone. A mention is any occurrence of the logical id in the text: it is found
//! too often rather than too rarely. Texts of another form than `synth` writes are not cut.

use std::collections::{BTreeMap, BTreeSet};

use lakewright_template::limits::quota;

/// The sections of a template that can be cut. Others, such as conditions, decide about every resource.
const SECTIONS: [&str; 4] = ["AWSTemplateFormatVersion", "Description", "Metadata", "Outputs"];

/// The types that other resources depend on without a reference: by the name of a role, of a filter or of a key.
const BY_NAME: [&str; 4] =
    ["\"AWS::IAM::", "\"AWS::KMS::Alias\"", "\"AWS::LakeFormation::", "\"AWS::RAM::"];

/// The type whose name gives a key its id.
const ALIAS: &str = "\"AWS::KMS::Alias\"";

/// The largest number of resources that are cut out: reading more of them takes as long as reading the template.
const MOST: usize = 12;

/// The texts of a template's sections and resources.
#[derive(Debug)]
pub(super) struct Cut<'t> {
    /// The sections by name, without the resources.
    sections: BTreeMap<&'t str, &'t str>,
    /// The resources by logical id.
    resources: BTreeMap<&'t str, &'t str>,
    /// The template in canonical form has no more bytes than this.
    bytes: usize,
}

impl<'t> Cut<'t> {
    /// Divides a text; `None` if it has another form than `synth` writes.
    pub(super) fn of(text: &'t str) -> Option<Self> {
        let mut cursor = Cursor { text, at: 0, tokens: 0, deepest: 0 };
        let (mut sections, mut resources) = (BTreeMap::new(), BTreeMap::new());
        cursor.members(|cursor, name| {
            if name == "Resources" && resources.is_empty() {
                return cursor.members(|cursor, id| {
                    let text = cursor.value()?;
                    resources.insert(id, text).is_none().then_some(())
                });
            }
            let text = cursor.value()?;
            let is_new = SECTIONS.contains(&name) && sections.insert(name, text).is_none();
            is_new.then_some(())
        })?;
        if !text.get(cursor.at..)?.trim().is_empty() || resources.is_empty() {
            return None;
        }
        // Each token is at most on a line of its own, indented by two spaces for each level.
        let line = 2 * (cursor.deepest + 2) + 3;
        let bytes = text.len().saturating_add(cursor.tokens.saturating_mul(line));
        Some(Self { sections, resources, bytes })
    }

    /// Whether the template is far from the limits of CloudFormation.
    fn is_small(&self) -> bool {
        let is_far =
            |count: usize, limit: usize| count.saturating_mul(10) <= limit.saturating_mul(9);
        is_far(self.bytes, quota::TEMPLATE_BYTES.value)
            && is_far(self.resources.len(), quota::RESOURCES.value)
    }

    /// The text of a template with the sections, and with some of the resources.
    fn with(&self, kept: &BTreeSet<&str>) -> String {
        let mut text = String::from("{");
        for (name, value) in &self.sections {
            push_member(&mut text, name, value);
            text.push(',');
        }
        text.push_str("\"Resources\":{");
        let resources = self.resources.iter().filter(|(id, _)| kept.contains(*id));
        for (place, (id, value)) in resources.enumerate() {
            text.push_str(if place == 0 { "" } else { "," });
            push_member(&mut text, id, value);
        }
        text.push_str("}}");
        text
    }
}

fn push_member(text: &mut String, key: &str, value: &str) {
    text.push('"');
    text.push_str(key);
    text.push_str("\":");
    text.push_str(value);
}

/// The part of both templates that decides how they differ. `None` if the whole templates have to be read.
pub(super) fn part(before: &Cut<'_>, after: &Cut<'_>) -> Option<[String; 2]> {
    let has_same_resources = before.resources.keys().eq(after.resources.keys());
    if !has_same_resources || !before.is_small() || !after.is_small() {
        return None;
    }
    let mut kept: BTreeSet<&str> = BTreeSet::new();
    for (id, old) in &before.resources {
        let new = after.resources.get(id)?;
        if old == new {
            continue;
        }
        if BY_NAME.iter().any(|kind| old.contains(kind) || new.contains(kind)) {
            return None;
        }
        kept.insert(*id);
    }
    add_mentioning(before, &mut kept)?;
    add_mentioned([before, after], &mut kept)?;
    Some([before.with(&kept), after.with(&kept)])
}

/// Adds the resources that mention one of those that are kept, directly or by others. `None` if they are too many.
fn add_mentioning<'t>(before: &Cut<'t>, kept: &mut BTreeSet<&'t str>) -> Option<()> {
    let mut open: Vec<&str> = kept.iter().copied().collect();
    while let Some(id) = open.pop() {
        for (other, text) in &before.resources {
            if text.contains(id) && kept.insert(*other) {
                open.push(*other);
            }
        }
        if kept.len() > MOST {
            return None;
        }
    }
    Some(())
}

/// Adds the resources that one of those that are kept mentions on either side, directly or by others, and the aliases of kept
/// keys. `None` if they are too many.
fn add_mentioned<'t>(sides: [&Cut<'t>; 2], kept: &mut BTreeSet<&'t str>) -> Option<()> {
    let mut open: Vec<&str> = kept.iter().copied().collect();
    while let Some(id) = open.pop() {
        let texts = sides.map(|side| side.resources.get(id).copied().unwrap_or_default());
        for (other, own) in &sides[0].resources {
            let is_mentioned = texts.iter().any(|text| text.contains(other));
            let is_alias = || own.contains(ALIAS) && own.contains(id);
            if !kept.contains(other) && (is_mentioned || is_alias()) {
                kept.insert(*other);
                open.push(*other);
            }
        }
        if kept.len() > MOST {
            return None;
        }
    }
    Some(())
}

/// A position in a text of JSON. Every function is `None` at what it does not expect.
struct Cursor<'t> {
    text: &'t str,
    at: usize,
    /// The number of opening brackets, colons and commas so far.
    tokens: usize,
    /// The largest number of brackets around a value of [`Cursor::value`].
    deepest: usize,
}

impl<'t> Cursor<'t> {
    /// The next byte that is no white space.
    fn peek(&mut self) -> Option<u8> {
        let rest = self.text.as_bytes().get(self.at..)?;
        let blank = rest.iter().position(|byte| !matches!(byte, b' ' | b'\n' | b'\r' | b'\t'))?;
        self.at += blank;
        rest.get(blank).copied()
    }

    fn take(&mut self, byte: u8) -> Option<()> {
        let is_next = self.peek()? == byte;
        self.at += 1;
        is_next.then_some(())
    }

    /// Visits the members of an object: `visit` gets the key, and reads the value.
    fn members(&mut self, mut visit: impl FnMut(&mut Self, &'t str) -> Option<()>) -> Option<()> {
        self.take(b'{')?;
        if self.peek()? == b'}' {
            self.at += 1;
            return Some(());
        }
        loop {
            let key = self.key()?;
            self.take(b':')?;
            self.tokens += 2;
            visit(self, key)?;
            match self.peek()? {
                b',' => self.at += 1,
                b'}' => {
                    self.at += 1;
                    return Some(());
                }
                _ => return None,
            }
        }
    }

    /// A key without escapes.
    fn key(&mut self) -> Option<&'t str> {
        self.take(b'"')?;
        let rest = self.text.get(self.at..)?;
        let key = rest.get(..rest.find('"')?)?;
        self.at += key.len() + 1;
        (!key.contains('\\')).then_some(key)
    }

    /// The text of a value.
    fn value(&mut self) -> Option<&'t str> {
        self.peek()?;
        let from = self.at;
        let mut depth = 0_usize;
        loop {
            match self.peek()? {
                b'"' => self.string()?,
                b'{' | b'[' => {
                    depth += 1;
                    self.deepest = self.deepest.max(depth);
                    self.tokens += 1;
                    self.at += 1;
                }
                b'}' | b']' => {
                    depth = depth.checked_sub(1)?;
                    self.at += 1;
                }
                b',' | b':' if depth > 0 => {
                    self.tokens += 1;
                    self.at += 1;
                }
                _ => self.scalar()?,
            }
            if depth == 0 {
                return self.text.get(from..self.at);
            }
        }
    }

    fn string(&mut self) -> Option<()> {
        self.at += 1;
        loop {
            let rest = self.text.as_bytes().get(self.at..)?;
            let place = rest.iter().position(|byte| matches!(byte, b'"' | b'\\'))?;
            self.at += place + 1;
            if rest.get(place) == Some(&b'"') {
                return Some(());
            }
            // A logical id with an escaped character would not be found.
            if *rest.get(place + 1)? == b'u' {
                return None;
            }
            self.at += 1;
        }
    }

    /// A number, `true`, `false` or `null`.
    fn scalar(&mut self) -> Option<()> {
        let rest = self.text.as_bytes().get(self.at..)?;
        let is_of_scalar = |byte: &u8| byte.is_ascii_alphanumeric() || b"+-.".contains(byte);
        let length = rest.iter().position(|byte| !is_of_scalar(byte)).unwrap_or(rest.len());
        self.at += length;
        (length > 0).then_some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template(resources: &[(&str, &str)]) -> String {
        let resources: Vec<String> =
            resources.iter().map(|(id, text)| format!("\"{id}\": {text}")).collect();
        let resources = resources.join(",\n");
        format!("{{\"Description\": \"a \\\"b\\\" }}\",\n\"Resources\": {{{resources}}}\n}}\n")
    }

    fn parts(before: &[(&str, &str)], after: &[(&str, &str)]) -> Option<[String; 2]> {
        let texts = [template(before), template(after)];
        let [before, after] = [&texts[0], &texts[1]].map(|text| Cut::of(text));
        part(&before.expect("a template"), &after.expect("a template"))
    }

    const QUEUE: &str = r#"{"Type": "AWS::SQS::Queue", "Properties": {"DelaySeconds": 1}}"#;
    const SLOWER: &str = r#"{"Type": "AWS::SQS::Queue", "Properties": {"DelaySeconds": 2}}"#;
    const POLICY: &str =
        r#"{"Type": "AWS::SQS::QueuePolicy", "Properties": {"Queues": [{"Ref": "Queue1"}]}}"#;
    const ROLE: &str = r#"{"Type": "AWS::IAM::Role", "Properties": {"MaxSessionDuration": 3600}}"#;
    const LONGER: &str =
        r#"{"Type": "AWS::IAM::Role", "Properties": {"MaxSessionDuration": 7200}}"#;

    #[test]
    fn what_differs_is_kept_with_what_mentions_it() {
        let before = [("Other9", QUEUE), ("Policy1", POLICY), ("Queue1", QUEUE), ("Role1", ROLE)];
        let after = [("Other9", QUEUE), ("Policy1", POLICY), ("Queue1", SLOWER), ("Role1", ROLE)];
        let [old, new] = parts(&before, &after).expect("a part");
        for (text, queue) in [(&old, QUEUE), (&new, SLOWER)] {
            assert!(text.contains(queue) && text.contains(POLICY), "{text}");
            assert!(!text.contains("Other9") && !text.contains("Role1"), "{text}");
            lakewright_template::read::written(text).expect("a template");
        }
    }

    #[test]
    fn what_is_named_without_a_reference_is_read_as_a_whole() {
        assert_eq!(parts(&[("Role1", ROLE)], &[("Role1", LONGER)]), None);
        assert_eq!(parts(&[("Queue1", QUEUE)], &[("Queue2", QUEUE)]), None);
    }

    #[test]
    fn only_what_synth_writes_is_cut() {
        let good = r#"{"Resources": {"A": {"Type": "B", "C": [1, -2.5, true, "x\"}"]}}}"#;
        assert!(Cut::of(good).is_some());
        for text in [
            "",
            "Resources: {}",
            r#"{"Resources": {}}"#,
            r#"{"Resources": {"A": {"B": 1}, "A": {"B": 1}}}"#,
            r#"{"Conditions": {}, "Resources": {"A": {"B": 1}}}"#,
            r#"{"Resources": {"A": {"B": "\u0041"}}}"#,
            r#"{"Resources": {"A": {"B": 1}}} {}"#,
            r#"{"Resources": {"A": {"B": 1}}"#,
            r#"{"Resources": {"A": {"B": 1}}, "Resources": {"A": {"B": 1}}}"#,
        ] {
            assert!(Cut::of(text).is_none(), "{text}");
        }
    }
}
