//! The values of one side of a stack, resolved as far as its template, its place and one way to deploy it determine them.
//!
//! What stays unknown stays a function. So an unknown value that is the same on both sides is the same function.

use std::collections::BTreeSet;

use lakewright_template::resolve::{Others, Resolver, UNKNOWN};
use lakewright_template::{Intrinsic, LogicalId, Map, Parameter, Place, Template, Value};

use super::compare::scalar;
use super::pieces::Pieces;
use super::ways::{Answer, Way};

/// One side of a stack in one way to deploy it.
#[derive(Clone, Copy)]
pub(super) struct Side<'t, 'w> {
    pub(super) template: &'t Template,
    /// The template of the other side.
    pub(super) other: &'t Template,
    pub(super) place: Option<&'t Place>,
    pub(super) is_before: bool,
    pub(super) way: &'w Way,
}

/// The types whose `Ref` and ARN follow from a name in the template, with the property that has the name.
const NAMED: [(&str, &str); 6] = [
    ("AWS::DynamoDB::Table", "TableName"),
    ("AWS::IAM::Role", "RoleName"),
    ("AWS::Lambda::Function", "FunctionName"),
    ("AWS::S3::Bucket", "BucketName"),
    ("AWS::SNS::Topic", "TopicName"),
    ("AWS::SQS::Queue", "QueueName"),
];

/// Marks what has the same name on both sides and may have different values.
fn earlier(name: &str) -> String {
    format!("{name} before the change")
}

fn key(parameter: &str) -> String {
    format!("parameter {parameter}")
}

impl Side<'_, '_> {
    /// The value as far as it is known; `None` for `AWS::NoValue`.
    pub(super) fn value(self, value: &Value) -> Option<Value> {
        match value {
            Value::List(items) => {
                Some(Value::List(items.iter().filter_map(|item| self.value(item)).collect()))
            }
            Value::Map(map) => Some(Value::Map(self.map(map))),
            Value::Intrinsic(call) => self.call(call),
            Value::Null
            | Value::Bool(_)
            | Value::Integer(_)
            | Value::Decimal(_)
            | Value::Text(_) => Some(value.clone()),
        }
    }

    fn map(self, map: &Map) -> Map {
        map.iter().filter_map(|(key, item)| Some((key.clone(), self.value(item)?))).collect()
    }

    fn argument(self, value: &Value) -> Value {
        self.value(value).unwrap_or(Value::Null)
    }

    fn call(self, call: &Intrinsic) -> Option<Value> {
        let known = match call {
            Intrinsic::Ref(id) if id.as_str() == "AWS::NoValue" => return None,
            Intrinsic::Ref(id) => return Some(self.reference(id)),
            Intrinsic::If { condition, then, otherwise } => {
                let is_true = self.condition(condition)?;
                return self.value(if is_true { then } else { otherwise });
            }
            Intrinsic::Sub { parts, variables } => {
                let value = |name: &str| match variables.get(name) {
                    Some(value) => self.argument(value),
                    None => self.reference(&LogicalId::parameter(name)),
                };
                return Some(Pieces::of_sub(parts, variables, value).finish());
            }
            Intrinsic::Join { delimiter, values } => match self.argument(values) {
                Value::List(items) => return Some(Pieces::of_join(delimiter, items).finish()),
                values => Intrinsic::Join { delimiter: delimiter.clone(), values },
            },
            Intrinsic::FindInMap { map, top, second, default } => {
                let names = [map, top, second].map(|name| self.argument(name));
                return self.entry(names, default.as_ref());
            }
            Intrinsic::Select { index, values } => {
                let (index, values) = (self.argument(index), self.argument(values));
                if let Some(item) = selected(&index, &values) {
                    return Some(item.clone());
                }
                Intrinsic::Select { index, values }
            }
            Intrinsic::Split { delimiter, source } => match self.argument(source) {
                Value::Text(text) => {
                    let items = text.split(&**delimiter).map(|item| Value::from(item.to_owned()));
                    return Some(Value::List(items.collect()));
                }
                source => Intrinsic::Split { delimiter: delimiter.clone(), source },
            },
            Intrinsic::Base64(item) => Intrinsic::Base64(self.argument(item)),
            Intrinsic::Cidr { block, count, bits } => Intrinsic::Cidr {
                block: self.argument(block),
                count: self.argument(count),
                bits: bits.as_ref().map(|bits| self.argument(bits)),
            },
            Intrinsic::GetAzs(region) => Intrinsic::GetAzs(self.argument(region)),
            Intrinsic::GetStackOutput(map) => Intrinsic::GetStackOutput(self.map(map)),
            Intrinsic::ImportValue(name) => Intrinsic::ImportValue(self.argument(name)),
            Intrinsic::Other(name, item) => Intrinsic::Other(name.clone(), self.argument(item)),
            Intrinsic::ToJsonString(item) => Intrinsic::ToJsonString(self.argument(item)),
            Intrinsic::And(_)
            | Intrinsic::Condition(_)
            | Intrinsic::Equals(..)
            | Intrinsic::GetAtt(..)
            | Intrinsic::Not(_)
            | Intrinsic::Or(_) => call.clone(),
        };
        Some(known.into())
    }

    /// An entry of a mapping.
    fn entry(self, [map, top, second]: [Value; 3], default: Option<&Value>) -> Option<Value> {
        let texts = [&map, &top, &second].map(scalar);
        if let [Some(name), Some(one), Some(two)] = &texts {
            let tops = self.template.mappings.get(name).and_then(Value::as_map);
            let found = tops.and_then(|tops| tops.get(one)?.as_map()?.get(two));
            if let Some(found) = found.or(default) {
                return self.value(found);
            }
        }
        let is_same = self.template.mappings == self.other.mappings;
        let map = match texts {
            [Some(name), _, _] if self.is_before && !is_same => earlier(&name).into(),
            _ => map,
        };
        let default = default.and_then(|default| self.value(default));
        Some(Intrinsic::FindInMap { map, top, second, default }.into())
    }

    fn reference(self, id: &LogicalId) -> Value {
        let name = id.as_str();
        let pseudo = self.place.and_then(|place| match name {
            "AWS::AccountId" => Some(place.account.to_string()),
            "AWS::Partition" => Some(place.partition().to_owned()),
            "AWS::Region" => Some(place.region.to_string()),
            "AWS::URLSuffix" => Some(place.url_suffix().to_owned()),
            _ => None,
        });
        let known = pseudo.map(Value::from).or_else(|| self.parameter(name));
        known.unwrap_or_else(|| Intrinsic::Ref(id.clone()).into())
    }

    /// The value of a parameter; `None` if there is no such parameter.
    ///
    /// An update keeps the value. A parameter that is new, or whose default changes, is assumed to have its default.
    /// Sources: "Parameters" in the CloudFormation template reference; `UsePreviousValue` of the type `Parameter` in the
    /// CloudFormation API reference.
    fn parameter(self, name: &str) -> Option<Value> {
        let own = self.template.parameters.get(name)?;
        let other = self.other.parameters.get(name);
        let is_same = |attribute: &str| {
            other.is_none_or(|one| one.attributes.get(attribute) == own.attributes.get(attribute))
        };
        let is_kept = is_same("Type") && is_same("Default");
        let kind = own.attributes.get("Type").and_then(Value::as_text).unwrap_or_default();
        let answer = if kind.starts_with("AWS::SSM::Parameter::Value<") || !is_same("Type") {
            // The default of a parameter of Parameter Store is its name there.
            Answer::Other
        } else if is_kept && (other.is_some() || self.is_before) {
            let answer = self.way.ask(&key(name), || self.answers(name, own));
            answer.unwrap_or(Answer::Other)
        } else {
            let default = own.attributes.get("Default").and_then(scalar);
            default.map_or(Answer::Other, Answer::Text)
        };
        Some(match answer {
            Answer::Text(text) if kind == "CommaDelimitedList" || kind.contains("List<") => {
                let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
                Value::List(items.map(|item| Value::from(item.to_owned())).collect())
            }
            Answer::Text(text) => text.into(),
            Answer::Other | Answer::Is(_) => {
                let name = if self.is_before && !is_kept { earlier(name) } else { name.to_owned() };
                Intrinsic::Ref(LogicalId::parameter(&name)).into()
            }
        })
    }

    /// The values that a parameter can have.
    fn answers(self, name: &str, own: &Parameter) -> Vec<Answer> {
        let sides = [Some(own), self.other.parameters.get(name)].into_iter().flatten();
        let allowed = sides.filter_map(|side| side.attributes.get("AllowedValues")?.as_list());
        let allowed: BTreeSet<String> = allowed.flatten().filter_map(scalar).collect();
        if !allowed.is_empty() {
            return allowed.into_iter().map(Answer::Text).collect();
        }
        let mut texts = self.compared(name);
        texts.extend(own.attributes.get("Default").and_then(scalar));
        texts.into_iter().map(Answer::Text).chain([Answer::Other]).collect()
    }

    /// The texts that conditions compare a parameter with.
    fn compared(self, name: &str) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        for template in [self.template, self.other] {
            for condition in template.conditions.values() {
                condition.walk(&mut |value| {
                    let Some(Intrinsic::Equals(left, right)) = value.as_intrinsic() else { return };
                    for (one, text) in [(left, right), (right, left)] {
                        if matches!(one.as_intrinsic(), Some(Intrinsic::Ref(id)) if id.as_str() == name)
                        {
                            found.extend(scalar(text));
                        }
                    }
                });
            }
        }
        found
    }

    /// Whether a condition is true; `None` if the way does not determine it yet.
    pub(super) fn condition(self, name: &str) -> Option<bool> {
        self.named_condition(name, &mut Vec::new())
    }

    fn named_condition(self, name: &str, within: &mut Vec<String>) -> Option<bool> {
        let Some(condition) = self.template.conditions.get(name) else {
            return self.either(&format!("condition {name}"));
        };
        // CloudFormation rejects a condition that refers to itself.
        if within.iter().any(|outer| outer == name) {
            return Some(true);
        }
        within.push(name.to_owned());
        let holds = self.holds(condition, within);
        within.pop();
        holds
    }

    fn holds(self, value: &Value, within: &mut Vec<String>) -> Option<bool> {
        match value.as_intrinsic() {
            Some(Intrinsic::Condition(name)) => self.named_condition(name, within),
            Some(Intrinsic::And(items)) => {
                for item in items {
                    if !self.holds(item, within)? {
                        return Some(false);
                    }
                }
                Some(true)
            }
            Some(Intrinsic::Or(items)) => {
                for item in items {
                    if self.holds(item, within)? {
                        return Some(true);
                    }
                }
                Some(false)
            }
            Some(Intrinsic::Not(item)) => Some(!self.holds(item, within)?),
            Some(Intrinsic::Equals(left, right)) => {
                self.equals(&self.argument(left), &self.argument(right))
            }
            Some(call) => self.either(&format!("{call:?}")),
            None => Some(true),
        }
    }

    fn equals(self, left: &Value, right: &Value) -> Option<bool> {
        if left == right {
            return Some(true);
        }
        match (scalar(left), scalar(right)) {
            (Some(one), Some(two)) => return Some(one == two),
            (None, Some(text)) if self.is_other(left, &text) => return Some(false),
            (Some(text), None) if self.is_other(right, &text) => return Some(false),
            _ => {}
        }
        let mut both = [format!("{left:?}"), format!("{right:?}")];
        both.sort();
        self.either(&both.join(" = "))
    }

    /// Whether a value is that of a parameter which has none of the texts that conditions compare it with.
    fn is_other(self, value: &Value, text: &str) -> bool {
        let Some(Intrinsic::Ref(id)) = value.as_intrinsic() else { return false };
        self.way.is_other(&key(id.as_str())) && self.compared(id.as_str()).contains(text)
    }

    /// The result of an unknown condition: both are possible.
    fn either(self, key: &str) -> Option<bool> {
        let answer = self.way.ask(key, || [true, false].map(Answer::Is).into())?;
        Some(answer == Answer::Is(true))
    }

    /// The name or ARN that a reference gives, if it follows from the template; otherwise the reference.
    pub(super) fn told(self, value: Value) -> Value {
        let text = match value.as_intrinsic() {
            Some(Intrinsic::Ref(id) | Intrinsic::GetAtt(id, _)) => self.name(id, &value),
            _ => None,
        };
        text.map_or(value, Value::from)
    }

    fn name(self, id: &LogicalId, value: &Value) -> Option<String> {
        let resource = self.template.resources.get(id)?;
        let (_, property) = NAMED.iter().find(|(kind, _)| *kind == resource.kind)?;
        resource.properties.get(property)?.as_text()?;
        // The path is a part of the ARN, and may depend on conditions.
        if resource.properties.get("Path").is_some_and(|path| path.as_text().is_none()) {
            return None;
        }
        let others = Others::default();
        let resolver = Resolver::open(self.template, self.place?, "", &others);
        let text = resolver.resolve(value).ok()??.text();
        (!text.is_empty() && !text.contains(UNKNOWN)).then_some(text)
    }
}

/// The item that `Fn::Select` gives.
fn selected<'v>(index: &Value, values: &'v Value) -> Option<&'v Value> {
    let index: usize = scalar(index)?.parse().ok()?;
    values.as_list()?.get(index)
}
