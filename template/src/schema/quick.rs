//! A quick check that accepts most valid resources. JSON Schema's validator decides about all others.
//!
//! The validator needs a copy of all properties as JSON, whose objects are hash tables: that took a tenth of `synth`.
//! This check reads the template's own values. It accepts a value only if it knows every keyword of its schema, so it
//! hides no violation.

use std::collections::BTreeMap;

use serde_json::{Map as PlainMap, Value as Plain};

use super::keywords::{DESCRIPTIVE, Pattern, format_check};
use crate::resolve::{Resolved, Resolver};
use crate::{Map, Value};

/// Keywords of JSON Schema that restrict no value, beside those of CloudFormation.
const UNRESTRICTING: [&str; 4] = ["$id", "default", "definitions", "description"];

/// Formats that JSON Schema defines. This check knows none of them.
const STANDARD_FORMATS: [&str; 19] = [
    "date",
    "date-time",
    "duration",
    "email",
    "hostname",
    "idn-email",
    "idn-hostname",
    "ipv4",
    "ipv6",
    "iri",
    "iri-reference",
    "json-pointer",
    "regex",
    "relative-json-pointer",
    "time",
    "uri",
    "uri-reference",
    "uri-template",
    "uuid",
];

/// More items of a list are not compared with each other.
const COMPARED: usize = 64;

/// The schemas of a resource type, of its properties and of what they refer to. The first is that of the type.
#[derive(Debug)]
pub(super) struct Quick {
    nodes: Vec<Node>,
}

/// What one schema says. A keyword that is not set restricts nothing.
#[derive(Debug, Default)]
struct Node {
    /// Whether the schema has a keyword that this check does not know. Then it accepts nothing.
    is_unknown: bool,
    /// The names of types; empty if any type is fine.
    types: Vec<String>,
    /// The schema that this one refers to.
    target: Option<usize>,
    /// Schemas of which one has to accept.
    any_of: Vec<usize>,
    /// The only values.
    values: Option<Vec<Plain>>,
    pattern: Option<Pattern>,
    format: Option<fn(&str) -> bool>,
    /// The characters of a text.
    characters: Bounds,
    /// The items of a list.
    items: Bounds,
    is_unique: bool,
    each: Option<usize>,
    number: Bounds,
    properties: BTreeMap<String, usize>,
    is_closed: bool,
    required: Vec<String>,
    /// Rules on which properties are set together.
    together: Vec<Together>,
}

/// A rule on which properties of an object are set, whatever their values.
#[derive(Debug)]
enum Together {
    /// As many of these as `is_enough` says.
    Some { names: Vec<String>, is_enough: fn(usize) -> bool },
    /// With the first, none of the others.
    Without(String, Vec<String>),
}

impl Together {
    fn holds(&self, map: &Map) -> bool {
        let is_set = |name: &String| map.get(name).is_some();
        match self {
            Self::Some { names, is_enough } => {
                is_enough(names.iter().filter(|name| is_set(name)).count())
            }
            Self::Without(name, others) => !is_set(name) || !others.iter().any(is_set),
        }
    }
}

/// The least and the greatest number.
#[derive(Debug, Default, Clone, Copy)]
struct Bounds {
    least: Option<i64>,
    most: Option<i64>,
}

impl Bounds {
    fn hold(self, number: i64) -> bool {
        self.least.is_none_or(|least| least <= number)
            && self.most.is_none_or(|most| number <= most)
    }

    fn hold_count(self, count: usize) -> bool {
        i64::try_from(count).is_ok_and(|count| self.hold(count))
    }
}

impl Quick {
    /// Reads a resource type's schema.
    pub(super) fn of(plain: &Plain) -> Self {
        let mut reader = Reader { root: plain, nodes: Vec::new(), known: BTreeMap::new() };
        reader.node(plain);
        Self { nodes: reader.nodes }
    }

    /// Whether the properties are valid for certain. `is_any_object` names properties whose objects are not checked.
    pub(super) fn accepts(
        &self,
        properties: &Map,
        resolver: &Resolver<'_>,
        is_any_object: impl Fn(&str) -> bool,
    ) -> bool {
        let is_checked = |key: &str, value: &Value| value.as_map().is_none() || !is_any_object(key);
        self.nodes.first().is_some_and(|root| {
            // The type of a resource's properties is that of the resource: an object.
            !root.is_unknown
                && root.target.is_none()
                && root.any_of.is_empty()
                && root.values.is_none()
                && self.takes_map(root, properties, resolver, is_checked)
        })
    }

    fn takes(&self, place: usize, value: &Value, resolver: &Resolver<'_>) -> bool {
        let node = &self.nodes[place];
        if node.is_unknown {
            return false;
        }
        let is_own = match value {
            Value::Text(text) => node.takes_text(text),
            Value::Integer(number) => {
                node.is_of(&["integer", "number"])
                    && node.number.hold(*number)
                    && node.is_listed(|one| one.as_i64() == Some(*number))
            }
            Value::Bool(value) => {
                node.is_of(&["boolean"]) && node.is_listed(|one| one.as_bool() == Some(*value))
            }
            Value::List(items) => self.takes_list(node, items, resolver),
            Value::Map(map) => {
                node.is_of(&["object"])
                    && node.values.is_none()
                    && self.takes_map(node, map, resolver, |_, _| true)
            }
            Value::Intrinsic(_) => match resolver.resolve(value) {
                Ok(Some(Resolved::Text(text))) => {
                    return self.takes(place, &Value::text(text.into_owned()), resolver);
                }
                _ => false,
            },
            Value::Null | Value::Decimal(_) => false,
        };
        is_own && self.takes_further(node, value, resolver)
    }

    /// Whether the schemas accept that this one refers to.
    fn takes_further(&self, node: &Node, value: &Value, resolver: &Resolver<'_>) -> bool {
        let mut any = node.any_of.iter();
        node.target.is_none_or(|target| self.takes(target, value, resolver))
            && (node.any_of.is_empty() || any.any(|one| self.takes(*one, value, resolver)))
    }

    fn takes_list(&self, node: &Node, items: &[Value], resolver: &Resolver<'_>) -> bool {
        let takes = |item: &Value| match node.each {
            Some(each) => self.takes(each, item, resolver),
            None => has_no_function(item),
        };
        node.is_of(&["array"])
            && node.values.is_none()
            && node.items.hold_count(items.len())
            && (!node.is_unique || are_different(items))
            && items.iter().all(takes)
    }

    fn takes_map(
        &self,
        node: &Node,
        map: &Map,
        resolver: &Resolver<'_>,
        is_checked: impl Fn(&str, &Value) -> bool,
    ) -> bool {
        node.required.iter().all(|name| map.get(name).is_some())
            && node.together.iter().all(|rule| rule.holds(map))
            && map.iter().all(|(key, value)| match node.properties.get(key.as_ref()) {
                Some(property) => !is_checked(key, value) || self.takes(*property, value, resolver),
                None => !node.is_closed && has_no_function(value),
            })
    }
}

/// Whether a value contains no function. A function without a schema might have no result, or leave its value out.
fn has_no_function(value: &Value) -> bool {
    let mut has_function = false;
    value.walk(&mut |inner| has_function |= inner.as_intrinsic().is_some());
    !has_function
}

/// Whether all items differ for certain.
fn are_different(items: &[Value]) -> bool {
    let is_alone = |(place, item): (usize, &Value)| !items[..place].contains(item);
    items.len() < 2
        || items.len() <= COMPARED
            && items.iter().all(has_no_function)
            && items.iter().enumerate().all(is_alone)
}

impl Node {
    fn is_of(&self, types: &[&str]) -> bool {
        self.types.is_empty() || self.types.iter().any(|one| types.contains(&one.as_str()))
    }

    fn is_listed(&self, is_it: impl Fn(&Plain) -> bool) -> bool {
        self.values.as_ref().is_none_or(|values| values.iter().any(is_it))
    }

    fn takes_text(&self, text: &str) -> bool {
        self.is_of(&["string"])
            && self.characters.hold_count(text.chars().count())
            && self.is_listed(|one| one.as_str() == Some(text))
            && self.format.is_none_or(|check| check(text))
            && self.pattern.as_ref().is_none_or(|pattern| pattern.takes(text))
    }
}

struct Reader<'s> {
    root: &'s Plain,
    nodes: Vec<Node>,
    /// The schemas that others refer to, by their reference.
    known: BTreeMap<&'s str, usize>,
}

impl<'s> Reader<'s> {
    /// Adds a schema, and returns its place.
    fn node(&mut self, plain: &'s Plain) -> usize {
        let place = self.nodes.len();
        // The place is taken before the schemas inside it are read.
        self.nodes.push(Node::default());
        let node = match plain.as_object() {
            Some(keywords) => self.read(keywords),
            None => Node { is_unknown: plain != &Plain::Bool(true), ..Node::default() },
        };
        self.nodes[place] = node;
        place
    }

    fn read(&mut self, keywords: &'s PlainMap<String, Plain>) -> Node {
        let mut node = Node::default();
        for (keyword, value) in keywords {
            let is_known = match keyword.as_str() {
                "type" => texts(value).map(|types| node.types = types),
                "$ref" => self.target(value).map(|target| node.target = Some(target)),
                "anyOf" => value.as_array().map(|some| {
                    node.any_of = some.iter().map(|one| self.node(one)).collect();
                }),
                "enum" => value.as_array().map(|values| node.values = Some(values.clone())),
                "pattern" => value.as_str().map(|_| node.pattern = Some(Pattern::of(value))),
                "format" => value.as_str().and_then(|name| {
                    node.format = format_check(name);
                    (!STANDARD_FORMATS.contains(&name)).then_some(())
                }),
                "minLength" => value.as_i64().map(|least| node.characters.least = Some(least)),
                "maxLength" => value.as_i64().map(|most| node.characters.most = Some(most)),
                "minItems" => value.as_i64().map(|least| node.items.least = Some(least)),
                "maxItems" => value.as_i64().map(|most| node.items.most = Some(most)),
                "minimum" => value.as_i64().map(|least| node.number.least = Some(least)),
                "maximum" => value.as_i64().map(|most| node.number.most = Some(most)),
                "uniqueItems" => value.as_bool().map(|is_unique| node.is_unique = is_unique),
                "items" => value.is_object().then(|| node.each = Some(self.node(value))),
                "properties" => value.as_object().map(|properties| {
                    let each = properties.iter().map(|(name, one)| (name.clone(), self.node(one)));
                    node.properties = each.collect();
                }),
                "additionalProperties" => value.as_bool().map(|is_open| node.is_closed = !is_open),
                "required" => texts(value).map(|names| node.required = names),
                "requiredXor" => texts(value).map(|names| {
                    node.together.push(Together::Some { names, is_enough: |count| count == 1 });
                }),
                "requiredOr" => texts(value).map(|names| {
                    node.together.push(Together::Some { names, is_enough: |count| count >= 1 });
                }),
                "dependentExcluded" => value.as_object().and_then(|rules| {
                    let each = rules.iter();
                    let each = each.map(|(name, others)| {
                        Some(Together::Without(name.clone(), texts(others)?))
                    });
                    node.together.extend(each.collect::<Option<Vec<_>>>()?);
                    Some(())
                }),
                other => {
                    let is_known = DESCRIPTIVE.contains(&other) || UNRESTRICTING.contains(&other);
                    is_known.then_some(())
                }
            };
            node.is_unknown |= is_known.is_none();
        }
        node
    }

    /// The schema that a reference leads to.
    fn target(&mut self, reference: &'s Plain) -> Option<usize> {
        let reference = reference.as_str()?;
        if let Some(known) = self.known.get(reference) {
            return Some(*known);
        }
        let plain = self.root.pointer(reference.strip_prefix('#')?)?;
        // The place is known before the schema is read, because a schema may refer to itself.
        self.known.insert(reference, self.nodes.len());
        Some(self.node(plain))
    }
}

/// A text, or a list of texts.
fn texts(value: &Plain) -> Option<Vec<String>> {
    match value {
        Plain::String(text) => Some(vec![text.clone()]),
        Plain::Array(items) => items.iter().map(|item| item.as_str().map(str::to_owned)).collect(),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
