//! The part of two templates that decides how they differ, cut out of their texts without reading the rest.
//!
//! The part has the resources whose texts differ, and all that these mention, directly or by others. A mention is any word
//! of the text that is the logical id: it is found too often rather than too rarely. The other resources are the same on both sides, as
//! long as references to the resources that differ give the same. Texts of another form than `synth` writes are not cut.

use std::collections::{BTreeMap, BTreeSet};

use lakewright_template::limits::quota;

/// The sections of a template that can be cut. Others, such as conditions, decide about every resource.
const SECTIONS: [&str; 4] = ["AWSTemplateFormatVersion", "Description", "Metadata", "Outputs"];

/// The type whose name gives a key its id.
const ALIAS: &str = "\"AWS::KMS::Alias\"";

/// The largest number of resources that are cut out: reading more of them takes as long as reading the template.
const MOST: usize = 12;

/// The texts of a template's sections and resources.
#[derive(Debug, Default)]
struct Cut<'t> {
    /// The sections by name, without the resources.
    sections: BTreeMap<&'t str, &'t str>,
    /// The resources by logical id.
    resources: BTreeMap<&'t str, &'t str>,
    /// At least the number of opening brackets, colons and commas.
    tokens: usize,
    /// At least the largest number of brackets around a value of a resource.
    deepest: usize,
    /// The number of bytes of the text.
    bytes: usize,
}

impl<'t> Cut<'t> {
    /// Divides a text; `None` if it has another form than `synth` writes.
    fn of(text: &'t str) -> Option<Self> {
        Self::like(text, &Self::default())
    }

    /// The same of a text that has most resources in common with another one: these are found faster.
    fn like(text: &'t str, other: &Cut<'_>) -> Option<Self> {
        let Cut { tokens, deepest, .. } = *other;
        let mut cursor = Cursor { text, at: 0, tokens, deepest };
        let (mut sections, mut resources) = (BTreeMap::new(), BTreeMap::new());
        cursor.members(|cursor, name| {
            if name == "Resources" && resources.is_empty() {
                return cursor.members(|cursor, id| {
                    let known = other.resources.get(id).and_then(|known| cursor.known(known));
                    let text = known.or_else(|| cursor.value())?;
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
        let Cursor { tokens, deepest, .. } = cursor;
        Some(Self { sections, resources, tokens, deepest, bytes: text.len() })
    }

    /// Whether the template is far from the limits of CloudFormation.
    fn is_small(&self) -> bool {
        let is_far =
            |count: usize, limit: usize| count.saturating_mul(10) <= limit.saturating_mul(9);
        // In canonical form, each token is at most on a line of its own, indented by two spaces for each level.
        let line = 2 * (self.deepest + 2) + 3;
        let bytes = self.bytes.saturating_add(self.tokens.saturating_mul(line));
        is_far(bytes, quota::TEMPLATE_BYTES.value)
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

/// The part of two templates that decides how they differ.
#[derive(Debug)]
pub(super) struct Part {
    /// The template before the change: its sections, the resources that differ, and those that they mention.
    pub(super) before: String,
    /// The template after the change: its sections, and the resources that differ. The others are equal on both sides.
    pub(super) after: String,
    /// The logical ids of the resources that differ.
    pub(super) changed: BTreeSet<String>,
    /// The references to these in the whole templates: the logical id, and the attribute; none for `Ref`. It may have more than
    /// there are.
    pub(super) references: BTreeSet<(String, Option<String>)>,
}

impl Part {
    /// Cuts the part out of two texts; `None` if the whole templates have to be read.
    pub(super) fn of(before: &str, after: &str) -> Option<Self> {
        let before = Cut::of(before)?;
        let after = Cut::like(after, &before)?;
        Self::between(&before, &after)
    }

    fn between(before: &Cut<'_>, after: &Cut<'_>) -> Option<Self> {
        let has_same_resources = before.resources.keys().eq(after.resources.keys());
        if !has_same_resources
            || !before.resources.keys().all(|id| is_word(id))
            || !before.is_small()
            || !after.is_small()
        {
            return None;
        }
        let differs = |id: &&str| before.resources.get(*id) != after.resources.get(*id);
        let changed: BTreeSet<&str> = before.resources.keys().copied().filter(differs).collect();
        let mut kept = changed.clone();
        add_mentioned([before, after], &mut kept)?;
        let mut references = BTreeSet::new();
        for id in &changed {
            references.insert(((*id).to_owned(), None));
            let of_after = changed.iter().filter_map(|id| after.resources.get(id));
            for text in before.resources.values().chain(of_after) {
                let attributes = attributes(text, id).into_iter();
                references.extend(attributes.map(|name| ((*id).to_owned(), Some(name.to_owned()))));
            }
        }
        Some(Self {
            before: before.with(&kept),
            after: after.with(&changed),
            changed: changed.into_iter().map(str::to_owned).collect(),
            references,
        })
    }
}

/// What may be an attribute of a resource in a reference to it: the text behind `Id.`, and the one behind `"Id", `.
fn attributes<'t>(text: &'t str, id: &str) -> Vec<&'t str> {
    let places = text.match_indices(id);
    let attribute = |(at, id): (usize, &str)| {
        let rest = text.get(at + id.len()..)?;
        if let Some(rest) = rest.strip_prefix('.') {
            let is_end = |character: char| !character.is_ascii_alphanumeric() && character != '.';
            return rest.split(is_end).next();
        }
        let rest = rest.strip_prefix('"')?.trim_start().strip_prefix(',')?;
        rest.trim_start().strip_prefix('"')?.split('"').next()
    };
    places.filter_map(attribute).collect()
}

/// Adds the resources that one of those that are kept mentions on either side, directly or by others, and the aliases of kept
/// keys. `None` if they are too many.
fn add_mentioned<'t>(sides: [&Cut<'t>; 2], kept: &mut BTreeSet<&'t str>) -> Option<()> {
    let resources = &sides[0].resources;
    let aliases = resources.iter().filter(|(_, text)| text.contains(ALIAS));
    let aliases: Vec<(&str, BTreeSet<&str>)> =
        aliases.map(|(id, text)| (*id, words(text).collect())).collect();
    let mut open: Vec<&str> = kept.iter().copied().collect();
    while let Some(id) = open.pop() {
        let texts: BTreeSet<&str> =
            sides.iter().filter_map(|side| side.resources.get(id).copied()).collect();
        let mentioned = texts.into_iter().flat_map(words);
        let mentioned = mentioned.filter_map(|word| Some(*resources.get_key_value(word)?.0));
        let of_alias = aliases.iter().filter(|(_, words)| words.contains(id)).map(|(id, _)| *id);
        for other in mentioned.chain(of_alias) {
            if kept.insert(other) {
                open.push(other);
            }
        }
        if kept.len() > MOST {
            return None;
        }
    }
    Some(())
}

fn is_word(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// The words of a text. A logical id is one: it has letters and digits only, and a reference has neither around it.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|character: char| !character.is_ascii_alphanumeric());
    words.filter(|word| !word.is_empty())
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

    /// The text of an object that is already known, if the next value is the same.
    fn known(&mut self, known: &str) -> Option<&'t str> {
        self.peek()?;
        let text = self.text.get(self.at..self.at + known.len())?;
        // Only the end of an object is an end whatever follows.
        let is_same = known.starts_with('{') && text == known;
        if is_same {
            self.at += known.len();
        }
        is_same.then_some(text)
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

    fn part(before: &[(&str, &str)], after: &[(&str, &str)]) -> Option<Part> {
        let texts = [template(before), template(after)];
        Part::of(&texts[0], &texts[1])
    }

    const QUEUE: &str = r#"{"Type": "AWS::SQS::Queue", "Properties": {"DelaySeconds": 1}}"#;
    const POLICY: &str = r#"{"Type": "AWS::SQS::QueuePolicy", "Properties": {"Queues": [{"Ref": "Queue1"}],
        "PolicyDocument": {"Statement": [{"Resource": {"Fn::GetAtt": ["Queue1", "Arn"]}, "Sid": "One"}]}}}"#;

    #[test]
    fn what_differs_is_kept_with_what_it_mentions() {
        let other = POLICY.replace("One", "Two");
        let before = [("Other9", QUEUE), ("Policy1", POLICY), ("Queue1", QUEUE)];
        let after = [("Other9", QUEUE), ("Policy1", other.as_str()), ("Queue1", QUEUE)];
        let found = part(&before, &after).expect("a part");
        assert_eq!(found.changed, BTreeSet::from(["Policy1".to_owned()]));
        assert!(found.before.contains(POLICY) && found.before.contains("\"Queue1\":"));
        assert!(found.after.contains(&other) && !found.after.contains("\"Queue1\":"));
        for text in [&found.before, &found.after] {
            assert!(!text.contains("Other9"), "{text}");
            lakewright_template::read::written(text).expect("a template");
        }
    }

    #[test]
    fn references_to_what_differs_are_found() {
        let slower = QUEUE.replace('1', "2");
        let before = [("Policy1", POLICY), ("Queue1", QUEUE)];
        let after = [("Policy1", POLICY), ("Queue1", slower.as_str())];
        let found = part(&before, &after).expect("a part");
        let one = |attribute: Option<&str>| ("Queue1".to_owned(), attribute.map(str::to_owned));
        assert_eq!(found.references, BTreeSet::from([one(None), one(Some("Arn"))]));
        assert_eq!(attributes("${Queue1.QueueName}", "Queue1"), ["QueueName"]);
        assert!(part(&[("Queue1", QUEUE)], &[("Queue2", QUEUE)]).is_none());
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
