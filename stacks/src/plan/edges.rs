//! The dependencies between stacks, read from their templates: if a stack names what another one creates, the other
//! is deployed first.
//!
//! AWS rejects principals, targets and databases that do not exist yet. Resources and conditions of policies may
//! name what is created later, and are ignored.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;
use lakewright_template::arn::ArnParts;
use lakewright_template::assembly::StackEntry;
use lakewright_template::place::Place;
use lakewright_template::resolve::{Branch, Resolved, Resolver};
use lakewright_template::{Intrinsic, Map, StackAddress, Template, Value, schema};

/// What a template creates and what it names, by ARN.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mentions {
    makes: BTreeSet<String>,
    names: BTreeSet<String>,
}

impl Mentions {
    /// Reads a template that is deployed to this place.
    pub fn of(template: &Template, place: &Place) -> Self {
        let resolver = Resolver::new(template, place, Branch::Then);
        let mut mentions = Self::default();
        for (id, resource) in &template.resources {
            if resource.kind == "AWS::Glue::Database" {
                let named = |key| resource.properties.get(key);
                let account = named("CatalogId").and_then(Value::as_text).unwrap_or(&place.account);
                let name =
                    named("DatabaseInput").and_then(Value::as_map).and_then(|i| i.get("Name"));
                if let Some(name) = name.and_then(Value::as_text) {
                    mentions.makes.insert(database(place, account, &place.region, name));
                }
            }
            let attributes =
                schema::of(&resource.kind).into_iter().flat_map(schema::Schema::read_only);
            for attribute in attributes.filter_map(|path| path.rsplit('/').next()) {
                if !attribute.ends_with("Arn") {
                    continue;
                }
                let call = Value::from(Intrinsic::GetAtt(id.clone(), attribute.to_owned().into()));
                if let Ok(Some(Resolved::Text(arn))) = resolver.resolve(&call) {
                    mentions.makes.insert(arn.into_owned());
                }
            }
            mentions.read_map(&resource.properties, place);
        }
        mentions.names.retain(|name| !mentions.makes.contains(name));
        mentions
    }

    fn read(&mut self, value: &Value, place: &Place) {
        match value {
            Value::Text(text) if text.starts_with("arn:") && !text.contains('*') => {
                self.names.insert(text.to_string());
            }
            Value::List(items) => items.iter().for_each(|item| self.read(item, place)),
            Value::Map(map) => self.read_map(map, place),
            Value::Intrinsic(call) => call.arguments(&mut |argument| self.read(argument, place)),
            Value::Text(_)
            | Value::Null
            | Value::Bool(_)
            | Value::Integer(_)
            | Value::Decimal(_) => {}
        }
    }

    fn read_map(&mut self, map: &Map, place: &Place) {
        let text = |key: &str| map.get(key).and_then(Value::as_text);
        let is_statement = map.get("Effect").is_some()
            && (map.get("Action").is_some() || map.get("NotAction").is_some());
        if let Some(account) = text("CatalogId").or_else(|| text("TableCatalogId"))
            && let Some(name) = text("DatabaseName").or_else(|| text("Name"))
        {
            let region = text("Region").unwrap_or(&place.region);
            self.names.insert(database(place, account, region, name));
        }
        for (key, value) in map.iter() {
            if !is_statement || matches!(key.as_ref(), "Principal" | "NotPrincipal") {
                self.read(value, place);
            }
        }
    }
}

fn database(place: &Place, account: &str, region: &str, name: &str) -> String {
    let start = ArnParts { region, ..place.start_in("glue", account) };
    format!("{start}database/{name}")
}

/// For each stack, the indexes of the stacks that create what it names.
pub fn makers(stacks: &[&Mentions]) -> Vec<BTreeSet<usize>> {
    let mut made_by: IndexMap<&str, usize, foldhash::fast::FixedState> = IndexMap::default();
    for (number, stack) in stacks.iter().enumerate() {
        for arn in &stack.makes {
            made_by.entry(arn).or_insert(number);
        }
    }
    let of = |stack: &&Mentions| {
        stack.names.iter().filter_map(|name| made_by.get(name.as_str()).copied()).collect()
    };
    stacks.iter().map(of).collect()
}

/// Adds the stacks that each template depends on to `depends_on`.
///
/// # Errors
///
/// The addresses of stacks that depend on each other in a cycle.
pub fn connect(stacks: &mut [(&mut StackEntry, &Mentions)]) -> Result<(), Vec<StackAddress>> {
    let mentions: Vec<&Mentions> = stacks.iter().map(|(_, mentions)| *mentions).collect();
    let addresses: Vec<StackAddress> = stacks.iter().map(|(entry, _)| entry.address()).collect();
    let needed = makers(&mentions);
    for ((entry, _), needed) in stacks.iter_mut().zip(&needed) {
        let mut all: BTreeSet<StackAddress> =
            std::mem::take(&mut entry.depends_on).into_iter().collect();
        all.extend(needed.iter().map(|number| addresses[*number].clone()));
        entry.depends_on = all.into_iter().collect();
    }
    let waits: BTreeMap<&StackAddress, &Vec<StackAddress>> =
        addresses.iter().zip(stacks.iter().map(|(entry, _)| &entry.depends_on)).collect();
    let mut left: BTreeMap<&StackAddress, usize> = BTreeMap::new();
    let mut followers: BTreeMap<&StackAddress, Vec<&StackAddress>> = BTreeMap::new();
    for (address, others) in &waits {
        let known = others.iter().filter(|other| waits.contains_key(other));
        left.insert(address, known.clone().count());
        for other in known {
            followers.entry(other).or_default().push(address);
        }
    }
    let mut ready: Vec<&StackAddress> =
        left.iter().filter(|(_, count)| **count == 0).map(|(address, _)| *address).collect();
    while let Some(address) = ready.pop() {
        left.remove(address);
        for next in followers.remove(address).unwrap_or_default() {
            if let Some(count) = left.get_mut(next) {
                *count -= 1;
                if *count == 0 {
                    ready.push(next);
                }
            }
        }
    }
    if left.is_empty() { Ok(()) } else { Err(left.into_keys().cloned().collect()) }
}
