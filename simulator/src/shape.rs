//! A template as the simulation sees it: its resources, and for each a digest of what it is.

use std::collections::BTreeMap;

use lakewright_fleet::event::Change;
use lakewright_template::{holds_data, schema};
use serde_json::Value;

use crate::random::Random;

/// One resource of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) kind: String,
    /// Changes with any property.
    digest: u64,
    /// Changes with a property that cannot be changed in place.
    fixed: u64,
    /// Whether the resource stays when the stack no longer has it.
    pub(crate) is_retained: bool,
}

/// The resources of a template, by logical id.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Shape(pub(crate) BTreeMap<String, Part>);

/// What happens to a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Add,
    Modify,
    Replace,
    Remove,
}

impl Part {
    fn of(value: &Value) -> Self {
        let kind = value["Type"].as_str().unwrap_or_default().to_owned();
        let mut fixed = String::new();
        if let Some(rules) = schema::updates_of(&kind) {
            for name in rules.create_only() {
                let top = name.trim_start_matches('/').split('/').next().unwrap_or_default();
                fixed.push_str(&value["Properties"][top].to_string());
                fixed.push('\n');
            }
        }
        Self {
            digest: Random::of(0, &value.to_string()).number(),
            fixed: Random::of(0, &fixed).number(),
            is_retained: value["DeletionPolicy"].as_str() == Some("Retain"),
            kind,
        }
    }

    /// Whether it holds data.
    pub(crate) fn holds_data(&self) -> bool {
        holds_data(&self.kind)
    }

    /// This resource with other properties, none of which replaces it.
    pub(crate) fn older(&mut self) {
        self.digest = !self.digest;
    }

    /// This resource with other properties that cannot be changed in place.
    pub(crate) fn other(&mut self) {
        self.fixed = !self.fixed;
    }
}

impl Shape {
    /// The shape of a template; the error is a text that is not a template.
    pub(crate) fn of(template: &str) -> Result<Self, String> {
        let value: Value = serde_json::from_str(template).map_err(|error| error.to_string())?;
        let Some(resources) = value["Resources"].as_object() else {
            return Err(
                "Template format error: At least one Resources member must be defined.".to_owned()
            );
        };
        Ok(Self(resources.iter().map(|(id, one)| (id.clone(), Part::of(one))).collect()))
    }

    /// What an update from this shape to another one does.
    pub(crate) fn fates(&self, next: &Self) -> Vec<(String, Fate)> {
        let mut fates = Vec::new();
        for (id, part) in &next.0 {
            match self.0.get(id) {
                None => fates.push((id.clone(), Fate::Add)),
                Some(before) if before.kind != part.kind || before.fixed != part.fixed => {
                    fates.push((id.clone(), Fate::Replace));
                }
                Some(before) if before.digest != part.digest => {
                    fates.push((id.clone(), Fate::Modify));
                }
                Some(_) => {}
            }
        }
        let removed = self.0.keys().filter(|id| !next.0.contains_key(*id));
        fates.extend(removed.map(|id| (id.clone(), Fate::Remove)));
        fates
    }

    /// The same as changes of a change set.
    pub(crate) fn changes(&self, next: &Self) -> Vec<Change> {
        let change = |(id, fate): (String, Fate)| {
            let kind = next.0.get(&id).or_else(|| self.0.get(&id)).map(|part| part.kind.clone());
            let (action, replacement) = match fate {
                Fate::Add => ("Add", None),
                Fate::Modify => ("Modify", Some("False")),
                Fate::Replace => ("Modify", Some("True")),
                Fate::Remove => ("Remove", None),
            };
            Change {
                action: action.to_owned(),
                logical_id: id,
                kind: kind.unwrap_or_default(),
                replacement: replacement.map(str::to_owned),
                ..Change::default()
            }
        };
        self.fates(next).into_iter().map(change).collect()
    }
}
