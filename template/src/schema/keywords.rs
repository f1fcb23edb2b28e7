//! The keywords that cfn-lint adds to JSON Schema, and the formats it names.

use jsonschema::{Keyword, ValidationError, ValidationOptions};
use serde_json::{Map, Value};

/// Every keyword of the pinned schemas that JSON Schema does not define; a test holds the schemas to it.
#[cfg(test)]
pub(super) const OWN: [&str; 3] = ["dependentExcluded", "requiredOr", "requiredXor"];

/// The options with the keywords and formats added.
pub(super) fn register(options: ValidationOptions) -> ValidationOptions {
    let options = options
        .with_keyword("requiredXor", |_, schema, _| {
            Ok(Box::new(Present { names: names(schema), is_enough: |count| count == 1 }))
        })
        .with_keyword("requiredOr", |_, schema, _| {
            Ok(Box::new(Present { names: names(schema), is_enough: |count| count >= 1 }))
        })
        .with_keyword("dependentExcluded", |_, schema, _| {
            let rules = schema.as_object().into_iter().flatten();
            Ok(Box::new(Excluded(
                rules.map(|(name, others)| (name.clone(), names(others))).collect(),
            )))
        });
    FORMATS.iter().fold(options, |options, (name, check)| options.with_format(*name, *check))
}

type Format = (&'static str, fn(&str) -> bool);

/// The formats that tell one kind of reference from another.
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

/// Some number of the named properties is there.
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

/// Where a property is set, others are not.
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
