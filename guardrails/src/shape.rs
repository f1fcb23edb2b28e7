//! The shape of a statement: the parts that single-statement rules inspect, without the names of the bucket, table or
//! role.
//!
//! Templates of thousands of datasets have statements of a few hundred shapes. If a rule finds no breach in one
//! statement, it finds none in others of the same shape.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher as _, Hash as _, Hasher};
use std::sync::{LazyLock, OnceLock};

use lakewright_access::document::{PrincipalEntry, is_anything};
use lakewright_access::pattern;
use lakewright_policies::catalogue;
use lakewright_template::arn::ArnPattern;
use lakewright_template::place::Place;
use lakewright_template::resolve::UNKNOWN;
use lakewright_template::{Intrinsic, Map, ResourceEntry, Template, Text, Value};

use super::DocumentKind;
use super::principals::{is_fixed, malformed};

/// Prefixes of actions that grant rights or lead to them, in lower case.
const POWER: [&str; 6] =
    ["cloudformation:", "iam:", "organizations:", "sagemaker:createpresigned", "sso:", "sts:"];

/// Computes the shapes of one template's documents.
#[derive(Debug)]
pub(super) struct Shapes<'a> {
    template: &'a Template,
    place: &'a Place,
    /// The names of the template's roles.
    roles: Vec<&'a str>,
    /// Every document with the hashes of its statements; `None` for a document that must be inspected individually.
    documents: Vec<(&'a ResourceEntry, &'a Value, DocumentKind, Option<Vec<u64>>)>,
    has_power: bool,
}

impl<'a> Shapes<'a> {
    pub(super) fn of(template: &'a Template, place: &'a Place) -> Self {
        let roles = template.resources.values().filter(|one| one.kind == "AWS::IAM::Role");
        let names: Vec<Option<&str>> =
            roles.map(|role| role.properties.get("RoleName")?.as_text()).collect();
        // A role of unknown name may be named by any statement.
        let has_power = names.iter().any(Option::is_none);
        let roles = names.into_iter().flatten().collect();
        Self { template, place, roles, documents: Vec::new(), has_power }
    }

    /// Hash shared by tag lists with the same keys; `None` means: inspect individually.
    pub(super) fn of_tags(tags: &Value) -> Option<u64> {
        let mut hasher = hasher();
        for tag in tags.as_list()? {
            let Value::Text(key) = tag.as_map()?.get("Key")? else { return None };
            add(key, &mut hasher);
        }
        Some(hasher.finish())
    }

    /// Whether any document grants rights or leads to them.
    pub(super) fn has_power(&self) -> bool {
        self.has_power
    }

    /// Adds a document, and returns its index.
    pub(super) fn add(
        &mut self,
        resource: &'a ResourceEntry,
        document: &'a Value,
        kind: DocumentKind,
    ) -> usize {
        let hashes = self.document(document, kind);
        // The document may contain anything.
        self.has_power |= hashes.is_none();
        self.documents.push((resource, document, kind, hashes));
        self.documents.len() - 1
    }

    /// The hashes of a document's statements, equal for statements of the same shape. A key policy has one more, of the
    /// whole policy. `None` means: inspect individually.
    pub(super) fn hashes(&self, place: usize) -> Option<&[u64]> {
        self.documents.get(place)?.3.as_deref()
    }

    fn document(&mut self, document: &Value, kind: DocumentKind) -> Option<Vec<u64>> {
        let mut hashes = Vec::new();
        for statement in statements(document)? {
            let mut one = hasher();
            kind.hash(&mut one);
            self.has_power |= self.statement(statement.as_map()?, kind, &mut one)?;
            hashes.push(one.finish());
        }
        if kind == DocumentKind::Key {
            let mut all = hasher();
            hashes.hash(&mut all);
            hashes.push(all.finish());
        }
        Some(hashes)
    }

    /// Hash shared by templates of equal shape, once all documents are added: the shapes of all documents, their
    /// attachments, and which of the template's own roles and policies each resource element matches. `None` means:
    /// inspect individually.
    pub(super) fn of_template(&self) -> Option<u64> {
        let mut hasher = hasher();
        let own = self.own()?;
        for (resource, document, kind, hashes) in &self.documents {
            (kind, hashes.as_ref()?).hash(&mut hasher);
            for property in ["RoleName", "Roles"] {
                for role in resource.properties.get(property).into_iter().flat_map(items) {
                    let is_it = |(id, name, _): &&(&str, &str, String)| match role.as_intrinsic() {
                        Some(Intrinsic::Ref(role)) => role.as_str() == *id,
                        _ => role.as_text() == Some(name),
                    };
                    // A role of another template has further policies.
                    own.iter().position(|one| is_it(&one))?.hash(&mut hasher);
                }
            }
            let is_trust = *kind == DocumentKind::Trust;
            for statement in statements(document)? {
                for element in ["NotResource", "Principal", "Resource"] {
                    let Some(value) = statement.as_map()?.get(element) else { continue };
                    let named = match value.as_map() {
                        Some(kinds) => kinds.get("AWS").map_or(&[][..], items),
                        None => items(value),
                    };
                    for value in named {
                        is_about(value, &own, &mut hasher)?;
                        // The rules identify roles of the CDK's bootstrap by their names.
                        value
                            .as_text()
                            .is_some_and(|one| one.contains(":role/cdk"))
                            .hash(&mut hasher);
                    }
                }
                // The roles that conditions on `aws:PrincipalArn` admit.
                let conditions = statement.as_map()?.get("Condition").and_then(Value::as_map);
                let keys = conditions.into_iter().flat_map(Map::iter).filter(|_| is_trust);
                let values =
                    keys.flat_map(|(_, keys)| keys.as_map().into_iter().flat_map(Map::iter));
                let values =
                    values.flat_map(|(_, values)| items(values)).filter_map(Value::as_text);
                for value in values {
                    for (_, _, arn) in &own {
                        pattern::matches(value, arn).hash(&mut hasher);
                    }
                }
            }
        }
        Some(hasher.finish())
    }

    /// The template's roles and managed policies: logical id, name and ARN. `None` if one must be inspected
    /// individually.
    fn own(&self) -> Option<Vec<(&'a str, &'a str, String)>> {
        let mut own = Vec::new();
        for (id, resource) in &self.template.resources {
            let (property, form) = match resource.kind.as_ref() {
                "AWS::IAM::ManagedPolicy" => ("ManagedPolicyName", "policy"),
                "AWS::IAM::Role" => ("RoleName", "role"),
                "AWS::IAM::RolePolicy" => continue,
                kind if kind.starts_with("AWS::IAM::") => return None,
                _ => continue,
            };
            let more = ["Groups", "ManagedPolicyArns", "Path", "Policies", "Users"];
            if more.iter().any(|property| resource.properties.get(property).is_some()) {
                return None;
            }
            let name = resource.properties.get(property)?.as_text()?;
            let arn = self.place.global_arn("iam", &format!("{form}/{name}"));
            own.push((id.as_str(), name, arn));
        }
        Some(own)
    }

    /// Adds a statement to the hash, and returns whether it has power.
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
                        has_power |= kind == DocumentKind::Identity && gives_power(action);
                    }
                }
                "Resource" | "NotResource" => {
                    items(value).len().hash(hasher);
                    for resource in items(value) {
                        self.resource(resource, hasher)?;
                    }
                }
                "Principal" | "NotPrincipal" => {
                    has_power |= self.principals(value, hasher)? && kind == DocumentKind::Trust;
                }
                "Condition" => self.conditions(value, hasher)?,
                _ => value.as_text()?.hash(hasher),
            }
        }
        Some(has_power)
    }

    /// Adds a resource to the hash: the wildcards of its ARN, and the words that also occur in an ARN format of its
    /// service.
    fn resource(&self, resource: &Value, hasher: &mut impl Hasher) -> Option<()> {
        let Some(arn) = resource.as_text() else {
            return self.reference(resource, hasher);
        };
        let service = ArnPattern::of(arn).service.unwrap_or_default();
        let words = Words::of(service).filter(|words| !words.has_parts);
        let Some(words) = words.filter(|_| !arn.contains(UNKNOWN)) else {
            arn.hash(hasher);
            return Some(());
        };
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
            // Marks are ASCII, so no character is split.
            let word = &arn[start..end];
            // A word that continues in a wildcard may be the prefix of a significant word.
            let is_cut = after_wildcard || matches!(bytes.get(end), Some(b'*' | b'?' | b'$'));
            if is_cut && words.has_beginning(word) || after_wildcard || words.contain(word) {
                word.hash(hasher);
            } else {
                hasher.write_u8(0);
            }
            start = end;
        }
        hasher.write_u8(1);
        Some(())
    }

    /// Adds a reference to a resource of the template: the type determines the form of the ARN.
    fn reference(&self, value: &Value, hasher: &mut impl Hasher) -> Option<()> {
        let id = match value.as_intrinsic()? {
            Intrinsic::GetAtt(id, attribute) => {
                add(attribute, hasher);
                id
            }
            Intrinsic::Ref(id) => id,
            _ => return None,
        };
        add(&self.template.resources.get(id)?.kind, hasher);
        Some(())
    }

    /// Adds principals: services by name, others by whether they belong to the template's account. Returns whether one
    /// is a role of the template.
    fn principals(&self, value: &Value, hasher: &mut impl Hasher) -> Option<bool> {
        let Some(kinds) = value.as_map() else {
            value.as_text()?.hash(hasher);
            return Some(false);
        };
        let mut is_own_role = false;
        for (kind, principals) in kinds.iter() {
            add(kind, hasher);
            items(principals).len().hash(hasher);
            for principal in items(principals) {
                match principal.as_text() {
                    Some(text) if kind == "AWS" && text != "*" => {
                        let is_malformed =
                            malformed(&PrincipalEntry::Arn(text.to_owned())).is_some();
                        is_malformed.hash(hasher);
                        let account = ArnPattern::of(text).account.unwrap_or(text);
                        let is_own = account == self.place.account;
                        (is_own, text.ends_with(":root"), text == account).hash(hasher);
                        let name = text.rsplit('/').next().unwrap_or_default();
                        is_own_role |= self.roles.contains(&name);
                    }
                    Some(text) => text.hash(hasher),
                    None => {
                        self.reference(principal, hasher)?;
                        is_own_role = true;
                    }
                }
            }
        }
        Some(is_own_role)
    }

    /// Adds conditions: operators, keys, and those values that rules compare.
    fn conditions(&self, value: &Value, hasher: &mut impl Hasher) -> Option<()> {
        for (operator, keys) in value.as_map()?.iter() {
            add(operator, hasher);
            keys.as_map()?.len().hash(hasher);
            for (key, values) in keys.as_map()?.iter() {
                add(key, hasher);
                items(values).len().hash(hasher);
                for value in items(values) {
                    match value {
                        Value::Text(text) => known_value(key, text).hash(hasher),
                        Value::Bool(value) => {
                            known_value(key, if *value { "true" } else { "false" }).hash(hasher);
                        }
                        value => self.reference(value, hasher)?,
                    }
                }
            }
        }
        Some(())
    }
}

/// Adds which of the template's own roles and policies a value matches or references.
fn is_about(value: &Value, own: &[(&str, &str, String)], hasher: &mut impl Hasher) -> Option<()> {
    for (id, _, arn) in own {
        let is_it = match (value, value.as_intrinsic()) {
            (Value::Text(text), _) => pattern::matches(text, arn),
            (Value::Bool(_), _) => false,
            (_, Some(Intrinsic::GetAtt(other, _) | Intrinsic::Ref(other))) => other.as_str() == *id,
            _ => return None,
        };
        is_it.hash(hasher);
    }
    Some(())
}

/// The parts of a condition's value that rules inspect: the value itself if a rule compares it, whether it matches
/// anything, and whether it is fixed.
fn known_value<'v>(key: &str, value: &'v str) -> (Option<&'v str>, bool, bool) {
    let is_service = key.eq_ignore_ascii_case("iam:PassedToService");
    let is_subject = key.ends_with(":sub");
    let is_known = is_service || is_subject || ["false", "true"].contains(&value);
    let is_fixed = is_fixed(&key.to_ascii_lowercase(), value);
    (is_known.then_some(value), is_anything(value), is_fixed)
}

/// Whether rules on roles inspect an action: it grants rights, or sets tags. Case-insensitive.
fn gives_power(action: &str) -> bool {
    let begins =
        |start: &&str| action.get(..start.len()).is_some_and(|one| one.eq_ignore_ascii_case(start));
    action.starts_with('*')
        || POWER.iter().any(begins)
        || action.as_bytes().windows(3).any(|three| three.eq_ignore_ascii_case(b"tag"))
}

/// The statements of a document, or a statement that is not wrapped in one.
fn statements(document: &Value) -> Option<&[Value]> {
    let map = document.as_map()?;
    if map.get("Effect").is_some() {
        return Some(std::slice::from_ref(document));
    }
    map.get("Statement").map(items)
}

/// Hashes are compared only within a process.
fn hasher() -> impl Hasher {
    foldhash::quality::FixedState::default().build_hasher()
}

/// Adds a text. A static text is hashed by its address, which is faster and unique.
fn add(text: &Text, hasher: &mut impl Hasher) {
    match text {
        Text::Borrowed(text) => (text.as_ptr() as usize, text.len()).hash(hasher),
        Text::Owned(text) => text.hash(hasher),
    }
}

fn items(value: &Value) -> &[Value] {
    value.as_list().unwrap_or(std::slice::from_ref(value))
}

/// Whether a byte separates the words of an ARN or belongs to a wildcard or variable.
fn is_mark(byte: u8) -> bool {
    matches!(byte, b':' | b'/' | b'*' | b'?' | b'$' | b'{' | b'}')
}

/// The ARN formats of one service, and their words, computed on first use.
#[derive(Default)]
struct Forms {
    forms: Vec<&'static str>,
    words: OnceLock<Words>,
}

/// The ARN formats by service.
static FORMS: LazyLock<BTreeMap<&'static str, Forms>> = LazyLock::new(|| {
    let mut all: BTreeMap<&'static str, Forms> = BTreeMap::new();
    for form in catalogue::forms() {
        let service = ArnPattern::of(form).service.unwrap_or_default();
        let service = if service.contains('$') { OF_ANY } else { service };
        all.entry(service).or_default().forms.push(form);
    }
    all
});

/// The key of formats whose service is a variable.
const OF_ANY: &str = "";

/// The words in the ARN formats of a service. Formats of other services match none of its ARNs.
struct Words {
    all: BTreeSet<&'static str>,
    /// Whether part of a word is a variable, such as `ou-${OrganizationalUnitId}`.
    has_parts: bool,
    /// The lengths of the words by their first byte, as bits: this rules out most names.
    lengths: [u64; 256],
}

fn first_and_length(word: &str) -> (usize, u64) {
    (word.bytes().next().unwrap_or_default().into(), 1 << word.len().min(63))
}

impl Words {
    /// The words of a service; `None` if it has no ARN format.
    fn of(service: &str) -> Option<&'static Self> {
        let own = FORMS.get(service).filter(|_| service != OF_ANY)?;
        Some(own.words.get_or_init(|| {
            let of_any = FORMS.get(OF_ANY).into_iter().flat_map(|any| &any.forms);
            Self::new(own.forms.iter().chain(of_any).copied())
        }))
    }

    fn new(forms: impl Iterator<Item = &'static str>) -> Self {
        let mut words = Self { all: BTreeSet::new(), has_parts: false, lengths: [0; 256] };
        for form in forms {
            let is_partly_a_name = |word: &str| word.contains('*') && word != "*";
            words.has_parts |= pattern::of_form(form).split([':', '/']).any(is_partly_a_name);
            // The name of a variable is not a word of an ARN, but is harmless in this set.
            let is_mark = |character: char| u8::try_from(character).is_ok_and(is_mark);
            words.all.extend(form.split(is_mark).filter(|word| !word.is_empty()));
        }
        for word in &words.all {
            let (first, length) = first_and_length(word);
            words.lengths[first] |= length;
        }
        words
    }

    fn contain(&self, word: &str) -> bool {
        let (first, length) = first_and_length(word);
        self.lengths[first] & length != 0 && self.all.contains(word)
    }

    fn has_beginning(&self, word: &str) -> bool {
        self.all.range(word..).next().is_some_and(|next| next.starts_with(word))
    }
}
