//! The pinned resource schemas.
//!
//! `template/data/PROVENANCE` names the source of the schemas. A schema is
//! parsed and compiled when its type is first used, once in a process.

mod keywords;
#[rustfmt::skip]
mod pinned;
mod quick;
mod shape;
mod updates;

use std::collections::BTreeMap;
use std::sync::{LazyLock, OnceLock};

use jsonschema::{Draft, Validator};
use serde_json::Value as Plain;

use crate::place::Place;
use crate::resolve::{Branch, Resolver};
use crate::{ResourceEntry, Template};

use self::quick::Quick;
pub use self::updates::{Provisioning, UpdateRules, updates_of};

/// The schema of a resource type.
#[derive(Debug)]
pub struct Schema {
    plain: Plain,
    validator: OnceLock<Validator>,
    quick: OnceLock<Quick>,
    /// The attributes and properties that only the service sets, as JSON pointers below `Properties`.
    read_only: Vec<String>,
    arns: Vec<String>,
    tags: Option<TagStyle>,
    /// Properties that accept any object, such as policy documents: their content is not checked.
    any_object: Vec<String>,
}

/// How a resource type takes AWS tags in its property `Tags`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TagStyle {
    /// A list of `Key` and `Value`.
    List,
    /// A map.
    Map,
}

/// A resource that its service would reject.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{logical_id} ({kind}){}{path}: {message}", if path.is_empty() { "" } else { " at " })]
pub struct SchemaViolation {
    /// The resource's logical id.
    pub logical_id: String,
    /// The resource type.
    pub kind: String,
    /// The position inside the properties, as a JSON pointer.
    pub path: String,
    /// What is wrong.
    pub message: String,
}

/// The schema of a resource type, if it is pinned.
pub fn of(kind: &str) -> Option<&'static Schema> {
    static SLOTS: LazyLock<Vec<OnceLock<Schema>>> =
        LazyLock::new(|| pinned::SCHEMAS.iter().map(|_| OnceLock::new()).collect());
    let place = pinned::SCHEMAS.binary_search_by(|(name, _)| (*name).cmp(kind)).ok()?;
    let schema = SLOTS[place].get_or_init(|| {
        let plain: Plain = serde_json::from_str(pinned::SCHEMAS[place].1)
            .expect("codegen wrote this schema, and a test reads each");
        let tags = match &plain["properties"]["Tags"] {
            Plain::Object(tags) => {
                let kind = tags.get("type").map(ToString::to_string).unwrap_or_default();
                Some(if kind.contains("object") { TagStyle::Map } else { TagStyle::List })
            }
            _ => None,
        };
        let any_object = plain["properties"].as_object().into_iter().flatten();
        let any_object = any_object
            .filter(|(_, property)| takes_any_object(property))
            .map(|(name, _)| name.clone())
            .collect();
        let read_only: Vec<String> =
            pointers(&plain, "readOnlyProperties").map(str::to_owned).collect();
        let names = read_only.iter().filter_map(|pointer| pointer.rsplit('/').next());
        let arns = names.filter(|name| name.ends_with("Arn")).map(str::to_owned).collect();
        let (validator, quick) = (OnceLock::new(), OnceLock::new());
        Schema { plain, validator, quick, read_only, arns, tags, any_object }
    });
    Some(schema)
}

/// The package that the schemas come from, with its version, such as `cfn-lint==1.2.3`.
pub fn package() -> &'static str {
    let words = include_str!("../data/PROVENANCE").split_whitespace();
    let package = words.skip_while(|word| *word != "package").nth(1);
    package.expect("codegen wrote this file, and a test reads it")
}

/// The names of the pinned types, sorted.
pub fn kinds() -> impl Iterator<Item = &'static str> {
    pinned::SCHEMAS.iter().map(|(name, _)| *name)
}

/// The regions that CloudFormation's schemas are published for, each with the pinned types it lacks.
pub fn regions() -> &'static BTreeMap<String, Vec<String>> {
    static REGIONS: LazyLock<BTreeMap<String, Vec<String>>> = LazyLock::new(|| {
        serde_json::from_str(include_str!("../data/regions.json"))
            .expect("codegen wrote this file, and a test reads it")
    });
    &REGIONS
}

/// Whether a pinned type is available in a region. A region that is not listed counts as having all types.
pub fn is_available(kind: &str, region: &str) -> bool {
    let lacking = regions().get(region);
    lacking.is_none_or(|lacking| lacking.iter().all(|name| name != kind))
}

/// Checks each resource of a template against its schema, with every function resolved.
///
/// A type that is not pinned is a violation, so that every emitted resource is checked.
pub fn validate(template: &Template, place: &Place) -> Vec<SchemaViolation> {
    let mut violations = Vec::new();
    for (id, resource) in &template.resources {
        let Some(schema) = of(&resource.kind) else {
            violations.push(SchemaViolation {
                logical_id: id.to_string(),
                kind: resource.kind.to_string(),
                path: String::new(),
                message: "the schema of this type is not pinned (xtask/src/codegen/refresh.rs)"
                    .to_owned(),
            });
            continue;
        };
        if schema.accepts(resource, &Resolver::new(template, place, Branch::Then)) {
            continue;
        }
        for branch in [Branch::Then, Branch::Otherwise] {
            let resolver = Resolver::new(template, place, branch);
            for (path, message) in schema.violations(resource, &resolver) {
                violations.push(SchemaViolation {
                    logical_id: id.to_string(),
                    kind: resource.kind.to_string(),
                    path,
                    message,
                });
            }
            if !resolver.has_met_condition() {
                break;
            }
        }
    }
    violations.dedup();
    violations
}

/// The JSON pointers in a list of the schema, below `Properties`.
fn pointers<'s>(plain: &'s Plain, key: &str) -> impl Iterator<Item = &'s str> {
    let list = plain[key].as_array().into_iter().flatten();
    list.filter_map(|pointer| pointer.as_str()?.strip_prefix("/properties"))
}

/// Whether a property's schema does not restrict objects: its other keywords apply to strings.
fn takes_any_object(property: &Plain) -> bool {
    const OF_STRINGS: [&str; 6] =
        ["default", "format", "maxLength", "minLength", "pattern", "type"];
    let kind = &property["type"];
    let is_object = kind.is_null()
        || kind == "object"
        || kind.as_array().is_some_and(|kinds| kinds.contains(&"object".into()));
    is_object
        && property
            .as_object()
            .is_some_and(|keys| keys.keys().all(|key| OF_STRINGS.contains(&key.as_str())))
}

impl Schema {
    /// How the type takes tags, if it does.
    pub fn tag_style(&self) -> Option<TagStyle> {
        self.tags
    }

    /// The properties of the type.
    pub fn properties(&self) -> impl Iterator<Item = &str> {
        let all = self.plain["properties"].as_object().into_iter().flatten();
        all.map(|(name, _)| name.as_str())
    }

    /// Properties that only the service sets, as JSON pointers below `Properties`.
    pub fn read_only(&self) -> impl Iterator<Item = &str> {
        self.read_only.iter().map(String::as_str)
    }

    /// The attributes that are ARNs, by their names.
    pub fn arns(&self) -> impl Iterator<Item = &str> {
        self.arns.iter().map(String::as_str)
    }

    /// The IAM actions that CloudFormation needs for the handler `create`, `read`, `update`, `delete` or `list`.
    pub fn handler_permissions(&self, handler: &str) -> impl Iterator<Item = &str> {
        let list = &self.plain["handlers"][handler]["permissions"];
        list.as_array().into_iter().flatten().filter_map(Plain::as_str)
    }

    /// Whether a resource is valid for certain, however the template is deployed.
    fn accepts(&self, resource: &ResourceEntry, resolver: &Resolver<'_>) -> bool {
        let quick = self.quick.get_or_init(|| Quick::of(&self.plain));
        let is_any_object = |key: &str| self.any_object.iter().any(|name| name == key);
        quick.accepts(&resource.properties, resolver, is_any_object)
            && !resolver.has_met_condition()
            && !self.read_only().any(|name| Self::is_set(resource, name))
    }

    fn is_set(resource: &ResourceEntry, pointer: &str) -> bool {
        resource.properties.get(pointer.trim_start_matches('/')).is_some()
    }

    fn violations(
        &self,
        resource: &ResourceEntry,
        resolver: &Resolver<'_>,
    ) -> Vec<(String, String)> {
        let mut found: Vec<(String, String)> = Vec::new();
        let mut properties = serde_json::Map::new();
        for (key, value) in resource.properties.iter() {
            if value.as_map().is_some() && self.any_object.iter().any(|name| name == key) {
                // Policy documents are half of a template, and an empty one is valid for the schema as well.
                properties.insert(key.to_string(), Plain::Object(serde_json::Map::new()));
                continue;
            }
            match resolver.resolve(value) {
                Ok(Some(known)) => {
                    properties.insert(key.to_string(), known.into_plain());
                }
                Ok(None) => {}
                Err(error) => found.push((format!("/{key}"), error.to_string())),
            }
        }
        if !found.is_empty() {
            return found;
        }
        let properties = Plain::Object(properties);
        let validator = self.validator();
        if !validator.is_valid(&properties) {
            found.extend(
                validator
                    .iter_errors(&properties)
                    .map(|error| (error.instance_path().to_string(), error.to_string())),
            );
        }
        for pointer in self.read_only() {
            if Self::is_set(resource, pointer) {
                found.push((pointer.to_owned(), "only the service sets this property".to_owned()));
            }
        }
        found
    }

    fn validator(&self) -> &Validator {
        self.validator.get_or_init(|| {
            // Draft 2019-09 applies keywords beside `$ref`, which these schemas rely on.
            let options = jsonschema::options().with_draft(Draft::Draft201909);
            keywords::register(options)
                .build(&self.plain)
                .expect("a test compiles each pinned schema")
        })
    }
}

#[cfg(test)]
mod tests;
