//! What a deployed template states, with every function replaced by its result.

use std::collections::{BTreeMap, BTreeSet};

use lakewright_template::resolve::{Branch, Resolved, Resolver, Unresolved};
use lakewright_template::{Intrinsic, LogicalId, Value as Template};
use serde_json::{Map, Value};

use super::Deployed;

/// The shortest id that is looked for in other texts.
const LEAST: usize = 8;

/// A resource of a template.
#[derive(Debug, Clone)]
pub(super) struct Stated {
    /// Its type.
    pub(super) kind: String,
    /// The properties whose values are known.
    pub(super) properties: Map<String, Value>,
    /// The names of the other properties.
    pub(super) unknown: BTreeSet<String>,
}

impl Stated {
    /// A property that is a text.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.properties.get(name)?.as_str()
    }

    /// The texts of a property that is a list. Nothing if the property is absent.
    pub(super) fn texts(&self, name: &str) -> Vec<String> {
        let list = self.properties.get(name).and_then(Value::as_array);
        list.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
    }
}

/// A stack with what its template states.
#[derive(Debug)]
pub(super) struct StatedStack<'d> {
    pub(super) deployed: &'d Deployed,
    /// The resources by logical id.
    pub(super) resources: BTreeMap<String, Stated>,
    /// The ids that AWS chose, each with the one that stands for it in resolved templates.
    ids: Vec<(String, String)>,
}

impl<'d> StatedStack<'d> {
    pub(super) fn of(deployed: &'d Deployed) -> Self {
        let template = &deployed.template;
        let resources = template.resources.iter().map(|(id, resource)| {
            let mut stated = Stated {
                kind: resource.kind.to_string(),
                properties: Map::new(),
                unknown: BTreeSet::new(),
            };
            for (name, value) in resource.properties.iter() {
                match resolved(deployed, value) {
                    Ok(value) => {
                        stated.properties.extend(value.map(|value| (name.to_string(), value)));
                    }
                    Err(_) => {
                        stated.unknown.insert(name.to_string());
                    }
                }
            }
            if resource.condition.is_some() {
                stated.unknown.insert("Condition".to_owned());
            }
            (id.to_string(), stated)
        });
        let resources = resources.collect();
        let ids = deployed.placed.iter().filter_map(|placed| {
            let id = LogicalId::parameter(&placed.logical_id);
            let reference = Template::Intrinsic(Box::new(Intrinsic::Ref(id)));
            let stated = resolved(deployed, &reference).ok().flatten()?;
            let stated = stated.as_str()?.to_owned();
            let real = placed.physical_id.clone();
            (real != stated && real.len() >= LEAST).then_some((real, stated))
        });
        let ids = ids.collect();
        Self { deployed, resources, ids }
    }

    /// The resources of a type that are looked at.
    pub(super) fn of_kind(&self, kind: &str) -> impl Iterator<Item = (&String, &Stated)> {
        let is_looked_at = self.deployed.is_looked_at;
        self.resources.iter().filter(move |(_, stated)| is_looked_at && stated.kind == kind)
    }

    /// The id that AWS gave to a resource.
    pub(super) fn physical(&self, logical_id: &str) -> Option<&str> {
        let placed = self.deployed.placed.iter().find(|one| one.logical_id == logical_id)?;
        Some(&placed.physical_id)
    }
}

/// The value of a property; `None` is `AWS::NoValue`. Fails if the value is not known before the deployment, or depends on a
/// condition.
fn resolved(deployed: &Deployed, value: &Template) -> Result<Option<Value>, Unresolved> {
    let place = &deployed.address.place;
    let resolver = Resolver::new(&deployed.template, place, Branch::Then);
    let value = resolver.resolve(value)?.map(Resolved::into_plain);
    if resolver.has_met_condition() {
        return Err(Unresolved("a value under a condition".to_owned()));
    }
    Ok(value)
}

/// Replaces the ids that AWS chose, in all stacks, by those that stand for them in resolved templates, so that both can be
/// compared.
pub(super) fn as_stated(stacks: &[StatedStack<'_>], value: &Value) -> Value {
    match value {
        Value::String(text) => {
            let mut text = text.clone();
            for (real, stated) in stacks.iter().flat_map(|stack| &stack.ids) {
                if text.contains(real.as_str()) {
                    text = text.replace(real.as_str(), stated);
                }
            }
            Value::String(text)
        }
        Value::Array(items) => items.iter().map(|item| as_stated(stacks, item)).collect(),
        Value::Object(entries) => {
            let entries = entries.iter();
            entries.map(|(name, item)| (name.clone(), as_stated(stacks, item))).collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}
