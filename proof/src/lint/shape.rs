//! The shape of a statement: what rules about single statements look at, without the names that say which
//! bucket, table or role it is about.
//!
//! Templates of thousands of datasets have statements of a few hundred shapes. A
//! rule that finds nothing in one finds nothing in the others of its shape.

use std::collections::BTreeSet;
use std::hash::{BuildHasher as _, Hash as _, Hasher};
use std::sync::LazyLock;

use lakewright_policies::catalogue;
use lakewright_template::resolve::Place;
use lakewright_template::{Intrinsic, LogicalId, Map, ResourceEntry, Template, Text, Value};

use super::DocumentKind;
use crate::pattern;

/// What gives rights or ways to them, by how the actions begin.
const POWER: [&str; 6] =
    ["cloudformation:", "iam:", "organizations:", "sagemaker:CreatePresigned", "sso:", "sts:"];

/// Makes shapes of the documents of one template.
#[derive(Debug)]
pub(super) struct Shapes<'a> {
    template: &'a Template,
    place: &'a Place,
    /// The names of the template's roles and managed policies: rules about roles compare resources with them.
    names: Vec<&'a str>,
    /// The shapes of all documents, and what they are attached to.
    all: Vec<u64>,
    has_power: bool,
}

impl<'a> Shapes<'a> {
    pub(super) fn of(template: &'a Template, place: &'a Place) -> Self {
        let names = template.resources.values().filter_map(|resource| {
            let property = match resource.kind.as_ref() {
                "AWS::IAM::Role" => "RoleName",
                "AWS::IAM::ManagedPolicy" => "ManagedPolicyName",
                _ => return None,
            };
            resource.properties.get(property)?.as_text()
        });
        Self { template, place, names: names.collect(), all: Vec::new(), has_power: false }
    }

    /// Whether documents give rights, or ways to them.
    pub(super) fn has_power(&self) -> bool {
        self.has_power
    }

    /// What is the same for templates of one shape, once all documents are added.
    pub(super) fn of_template(&self) -> u64 {
        let mut hasher = hasher();
        self.all.hash(&mut hasher);
        hasher.finish()
    }

    /// Adds a document. Gives for each statement what is the same for those of one shape, and for a key's policy one
    /// more, for all of it; `None` for a document that has to be read.
    pub(super) fn add(
        &mut self,
        id: &LogicalId,
        resource: &ResourceEntry,
        document: &Value,
        kind: DocumentKind,
    ) -> Option<Vec<u64>> {
        let mut hashes = Vec::new();
        for statement in items(document.as_map()?.get("Statement")?) {
            let mut one = hasher();
            kind.hash(&mut one);
            self.has_power |= self.statement(statement.as_map()?, kind, &mut one)?;
            hashes.push(one.finish());
        }
        let mut all = hasher();
        hashes.hash(&mut all);
        if kind == DocumentKind::Key {
            hashes.push(all.finish());
        }
        id.as_str().hash(&mut all);
        for property in ["RoleName", "Roles"] {
            for role in resource.properties.get(property).into_iter().flat_map(items) {
                match (role.as_text(), role.as_intrinsic()) {
                    (Some(name), _) => self.name(name).hash(&mut all),
                    (None, Some(Intrinsic::Ref(role))) => role.as_str().hash(&mut all),
                    _ => return None,
                }
            }
        }
        self.all.push(all.finish());
        Some(hashes)
    }

    /// The place of a name among those of the template.
    fn name(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|one| *one == name)
    }

    /// Adds a statement, and says whether it gives power.
    fn statement(
        &self,
        statement: &Map,
        kind: DocumentKind,
        hasher: &mut impl Hasher,
    ) -> Option<bool> {
        let mut has_power = false;
        for (element, value) in statement.iter() {
            add(element, hasher);
            match element.as_ref() {
                "Sid" => {}
                "Action" | "NotAction" => {
                    items(value).len().hash(hasher);
                    for action in items(value) {
                        let Value::Text(action) = action else { return None };
                        add(action, hasher);
                        has_power |= kind != DocumentKind::Trust
                            && (action == "*" || POWER.iter().any(|one| action.starts_with(one)));
                    }
                }
                "Resource" | "NotResource" => {
                    items(value).len().hash(hasher);
                    for resource in items(value) {
                        self.resource(resource, hasher)?;
                    }
                }
                "Principal" | "NotPrincipal" => self.principals(value, hasher)?,
                "Condition" => conditions(value, hasher)?,
                _ => value.as_text()?.hash(hasher),
            }
        }
        Some(has_power)
    }

    /// Adds a resource: of its ARN the words that some form of the catalogue has, the wildcards, and which names of
    /// the template it has or begins like.
    fn resource(&self, resource: &Value, hasher: &mut impl Hasher) -> Option<()> {
        let Some(arn) = resource.as_text() else {
            return self.reference(resource, hasher);
        };
        let words = &*WORDS;
        let service = arn.split(':').nth(2).unwrap_or_default();
        if words.services.contains(service) || arn.contains("unresolved") {
            arn.hash(hasher);
            return Some(());
        }
        let bytes = arn.as_bytes();
        let (mut start, mut after_wildcard) = (0, false);
        while let Some(first) = bytes.get(start) {
            if is_mark(*first) {
                hasher.write_u8(*first);
                after_wildcard = !matches!(first, b':' | b'/');
                start += 1;
                continue;
            }
            let end = bytes[start..].iter().position(|byte| is_mark(*byte));
            let end = end.map_or(bytes.len(), |length| start + length);
            // Marks are ASCII, so that no character is cut.
            let word = &arn[start..end];
            // A word that goes on in a wildcard may be the beginning of one that counts.
            let is_cut = after_wildcard || matches!(bytes.get(end), Some(b'*' | b'?' | b'$'));
            if is_cut && words.has_beginning(word) || after_wildcard || words.contain(word) {
                word.hash(hasher);
            } else if is_cut {
                for name in &self.names {
                    name.starts_with(word).hash(hasher);
                }
            } else {
                (self.name(word), word == self.place.account).hash(hasher);
            }
            start = end;
        }
        hasher.write_u8(1);
        Some(())
    }

    /// Adds a reference to a resource of the template: what its type is decides what its ARN looks like.
    fn reference(&self, value: &Value, hasher: &mut impl Hasher) -> Option<()> {
        let (Intrinsic::GetAtt(id, _) | Intrinsic::Ref(id)) = value.as_intrinsic()? else {
            return None;
        };
        if let Intrinsic::GetAtt(_, attribute) = value.as_intrinsic()? {
            add(attribute, hasher);
        }
        id.as_str().hash(hasher);
        add(&self.template.resources.get(id)?.kind, hasher);
        Some(())
    }

    /// Adds who a statement is about: services by name, others by whether they are of the account.
    fn principals(&self, value: &Value, hasher: &mut impl Hasher) -> Option<()> {
        let Some(kinds) = value.as_map() else {
            value.as_text()?.hash(hasher);
            return Some(());
        };
        for (kind, principals) in kinds.iter() {
            add(kind, hasher);
            items(principals).len().hash(hasher);
            for principal in items(principals) {
                match principal.as_text() {
                    Some(text) if kind == "AWS" && text != "*" => {
                        let account = text.split(':').nth(4).unwrap_or(text);
                        let name = text.rsplit('/').next().unwrap_or(text);
                        let is_own = account == self.place.account;
                        (is_own, text.ends_with(":root"), self.name(name)).hash(hasher);
                    }
                    Some(text) => text.hash(hasher),
                    None => self.reference(principal, hasher)?,
                }
            }
        }
        Some(())
    }
}

/// Shapes are compared within a process only.
fn hasher() -> impl Hasher {
    foldhash::quality::FixedState::default().build_hasher()
}

/// Adds a text: one of the program's own by its address, which is faster, as no other text lies there.
fn add(text: &Text, hasher: &mut impl Hasher) {
    match text {
        Text::Borrowed(text) => (text.as_ptr() as usize, text.len()).hash(hasher),
        Text::Owned(text) => text.hash(hasher),
    }
}

/// Adds conditions: their operators and keys, and of their values those that rules know.
fn conditions(value: &Value, hasher: &mut impl Hasher) -> Option<()> {
    const KNOWN: [&str; 4] = ["0.0.0.0/0", "::/0", "false", "true"];
    const SERVICE: &str = "iam:PassedToService";
    for (operator, keys) in value.as_map()?.iter() {
        add(operator, hasher);
        keys.as_map()?.len().hash(hasher);
        for (key, values) in keys.as_map()?.iter() {
            add(key, hasher);
            items(values).len().hash(hasher);
            for value in items(values) {
                let known = value.as_text().filter(|text| {
                    KNOWN.contains(text)
                        || key.eq_ignore_ascii_case(SERVICE)
                        || text.chars().all(|one| matches!(one, '*' | '?'))
                });
                known.hash(hasher);
            }
        }
    }
    Some(())
}

fn items(value: &Value) -> &[Value] {
    value.as_list().unwrap_or(std::slice::from_ref(value))
}

/// What separates the words of an ARN, or stands for any of them.
fn is_mark(byte: u8) -> bool {
    matches!(byte, b':' | b'/' | b'*' | b'?' | b'$' | b'{' | b'}')
}

/// The words that forms of ARNs have.
struct Words {
    all: BTreeSet<&'static str>,
    /// Services with a word that is partly a name, such as `ou-${OrganizationalUnitId}`.
    services: BTreeSet<&'static str>,
    /// The lengths of the words by their first byte, as bits: most names are told apart by this.
    lengths: [u64; 256],
}

static WORDS: LazyLock<Words> = LazyLock::new(|| {
    let mut words = Words { all: BTreeSet::new(), services: BTreeSet::new(), lengths: [0; 256] };
    for form in catalogue::forms() {
        let pattern = pattern::of_form(form);
        let is_partly_a_name = |word: &str| word.contains('*') && word != "*";
        if pattern.split([':', '/']).any(is_partly_a_name) {
            words.services.extend(form.split(':').nth(2));
        }
        // A variable's own name is no word of an ARN, and harmless among them.
        let is_mark = |character: char| u8::try_from(character).is_ok_and(is_mark);
        words.all.extend(form.split(is_mark).filter(|word| !word.is_empty()));
    }
    for word in &words.all {
        let (first, length) = first_and_length(word);
        words.lengths[first] |= length;
    }
    words
});

fn first_and_length(word: &str) -> (usize, u64) {
    (word.bytes().next().unwrap_or_default().into(), 1 << word.len().min(63))
}

impl Words {
    fn contain(&self, word: &str) -> bool {
        let (first, length) = first_and_length(word);
        self.lengths[first] & length != 0 && self.all.contains(word)
    }

    fn has_beginning(&self, word: &str) -> bool {
        self.all.range(word..).next().is_some_and(|next| next.starts_with(word))
    }
}
