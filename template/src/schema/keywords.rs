//! The keywords that cfn-lint adds to JSON Schema, the formats that it defines, and patterns.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use jsonschema::{Keyword, ValidationError, ValidationOptions, Validator};
use serde_json::{Map, Value, json};

/// Every keyword of the pinned schemas that JSON Schema does not define. A test checks that the schemas use no others.
#[cfg(test)]
pub(super) const OWN: [&str; 5] =
    ["dependentExcluded", "maxUniqueItems", "requiredOr", "requiredXor", "uniqueKeys"];

/// Keywords that CloudFormation adds to JSON Schema and that restrict no value.
pub(super) const DESCRIPTIVE: [&str; 17] = [
    "additionalIdentifiers",
    "arrayType",
    "conditionalCreateOnlyProperties",
    "createOnlyProperties",
    "deprecatedProperties",
    "handlers",
    "insertionOrder",
    "nonPublicProperties",
    "primaryIdentifier",
    "readOnlyProperties",
    "relationshipRef",
    "replacementStrategy",
    "resourceLink",
    "tagging",
    "taggable",
    "typeName",
    "writeOnlyProperties",
];

/// The options with the keywords and formats added.
pub(super) fn register(options: ValidationOptions) -> ValidationOptions {
    let options = options
        .with_keyword("requiredXor", |_, schema, _| {
            Ok(Box::new(Present { names: names(schema), is_enough: |count| count == 1 }))
        })
        .with_keyword("requiredOr", |_, schema, _| {
            Ok(Box::new(Present { names: names(schema), is_enough: |count| count >= 1 }))
        })
        .with_keyword("maxUniqueItems", |_, schema, _| {
            let most = schema.as_u64().and_then(|most| usize::try_from(most).ok());
            Ok(Box::new(Distinct { most: most.unwrap_or(usize::MAX) }))
        })
        .with_keyword("pattern", |_, schema, _| Ok(Box::new(Pattern::of(schema))))
        .with_keyword("uniqueKeys", |_, schema, _| Ok(Box::new(UniqueKeys(names(schema)))))
        .with_keyword("dependentExcluded", |_, schema, _| {
            let rules = schema.as_object().into_iter().flatten();
            Ok(Box::new(Excluded(
                rules.map(|(name, others)| (name.clone(), names(others))).collect(),
            )))
        });
    FORMATS.iter().fold(options, |options, (name, check)| options.with_format(*name, *check))
}

type Format = (&'static str, fn(&str) -> bool);

/// The check of a format that distinguishes a kind of reference.
pub(super) fn format_check(name: &str) -> Option<fn(&str) -> bool> {
    FORMATS.iter().find(|(known, _)| *known == name).map(|(_, check)| *check)
}

/// The formats that distinguish kinds of references.
const FORMATS: &[Format] = &[
    ("AWS::EC2::SecurityGroup.Id", |text| text.starts_with("sg-")),
    ("AWS::EC2::Subnet.Id", |text| text.starts_with("subnet-")),
    ("AWS::EC2::VPC.Id", |text| text.starts_with("vpc-")),
    ("AWS::IAM::Role.Arn", |text| text.starts_with("arn:aws") && text.contains(":role/")),
    ("AWS::KMS::Key.Arn", |text| text.starts_with("arn:aws") && text.contains(":key/")),
    ("AWS::SNS::Topic.Arn", |text| text.starts_with("arn:aws") && text.contains(":sns:")),
    ("AWS::SQS::Queue.Arn", |text| text.starts_with("arn:aws") && text.contains(":sqs:")),
];

fn names(list: &Value) -> Vec<String> {
    list.as_array()
        .into_iter()
        .flatten()
        .filter_map(|name| name.as_str().map(str::to_owned))
        .collect()
}

/// A text matches a pattern.
///
/// JSON Schema has this keyword, but compiles each pattern with its schema. Most patterns belong to
/// properties that templates do not set, and many schemas have the same ones. Compiling all of them
/// takes longer than checking a hundred templates.
#[derive(Clone)]
pub(super) struct Pattern(Arc<(Value, OnceLock<Validator>)>);

impl Pattern {
    /// The pattern that a schema states; schemas with the same pattern share it.
    pub(super) fn of(schema: &Value) -> Self {
        static KNOWN: Mutex<BTreeMap<String, Pattern>> = Mutex::new(BTreeMap::new());
        let text = schema.as_str().unwrap_or_default();
        let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || Self(Arc::new((json!({ "pattern": text }), OnceLock::new())));
        known.entry(text.to_owned()).or_insert_with(new).clone()
    }

    /// Whether a text matches.
    pub(super) fn takes(&self, text: &str) -> bool {
        self.validator().is_valid(&Value::String(text.to_owned()))
    }

    fn validator(&self) -> &Validator {
        let (schema, validator) = &*self.0;
        validator.get_or_init(|| {
            jsonschema::validator_for(schema).expect("a test compiles each pinned pattern")
        })
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Pattern({})", self.0.0["pattern"])
    }
}

/// Compiles a pattern, as validation does at its first use.
#[cfg(test)]
pub(super) fn compile_pattern(schema: &Value) {
    Pattern::of(schema).validator();
}

impl<'i> Keyword<'i> for Pattern {
    fn validate(&self, instance: &'i Value) -> Result<(), ValidationError<'i>> {
        if self.is_valid(instance) {
            Ok(())
        } else {
            let pattern = &self.0.0["pattern"];
            Err(ValidationError::custom(format!("{instance} does not match {pattern}")))
        }
    }

    fn is_valid(&self, instance: &'i Value) -> bool {
        !instance.is_string() || self.validator().is_valid(instance)
    }
}

/// The number of named properties that are set is acceptable.
struct Present {
    names: Vec<String>,
    is_enough: fn(usize) -> bool,
}

impl Present {
    fn holds(&self, object: &Map<String, Value>) -> bool {
        (self.is_enough)(self.names.iter().filter(|name| object.contains_key(*name)).count())
    }
}

impl<'i> Keyword<'i> for Present {
    fn validate(&self, instance: &'i Value) -> Result<(), ValidationError<'i>> {
        if self.is_valid(instance) {
            Ok(())
        } else {
            let names = self.names.join(", ");
            Err(ValidationError::custom(format!(
                "wrong number of these properties is set: {names}"
            )))
        }
    }

    fn is_valid(&self, instance: &'i Value) -> bool {
        instance.as_object().is_none_or(|object| self.holds(object))
    }
}

/// A list has at most this many different items.
struct Distinct {
    most: usize,
}

impl<'i> Keyword<'i> for Distinct {
    fn validate(&self, instance: &'i Value) -> Result<(), ValidationError<'i>> {
        if self.is_valid(instance) {
            Ok(())
        } else {
            let most = self.most;
            Err(ValidationError::custom(format!("has more than {most} different items")))
        }
    }

    fn is_valid(&self, instance: &'i Value) -> bool {
        instance.as_array().is_none_or(|items| {
            let repeated = |(place, item): &(usize, &Value)| items[..*place].contains(item);
            items.iter().enumerate().filter(|item| !repeated(item)).count() <= self.most
        })
    }
}

/// No two objects of a list have the same values for all of these properties.
struct UniqueKeys(Vec<String>);

impl<'i> Keyword<'i> for UniqueKeys {
    fn validate(&self, instance: &'i Value) -> Result<(), ValidationError<'i>> {
        if self.is_valid(instance) {
            Ok(())
        } else {
            let names = self.0.join(", ");
            Err(ValidationError::custom(format!("two items have the same {names}")))
        }
    }

    fn is_valid(&self, instance: &'i Value) -> bool {
        let keys = |item: &'i Value| -> Option<Vec<&'i Value>> {
            self.0.iter().map(|name| item.get(name)).collect()
        };
        instance.as_array().is_none_or(|items| {
            let keys: Vec<_> = items.iter().filter_map(keys).collect();
            keys.iter().enumerate().all(|(place, key)| !keys[..place].contains(key))
        })
    }
}

/// If a property is set, others must not be set.
struct Excluded(Vec<(String, Vec<String>)>);

impl<'i> Keyword<'i> for Excluded {
    fn validate(&self, instance: &'i Value) -> Result<(), ValidationError<'i>> {
        if self.is_valid(instance) {
            Ok(())
        } else {
            Err(ValidationError::custom("properties are set that exclude each other"))
        }
    }

    fn is_valid(&self, instance: &'i Value) -> bool {
        instance.as_object().is_none_or(|object| {
            self.0.iter().all(|(name, others)| {
                !object.contains_key(name) || !others.iter().any(|other| object.contains_key(other))
            })
        })
    }
}
