//! A stack's change with other texts in the same places.

use lakewright_template::intrinsic::SubPart;
use lakewright_template::{Intrinsic, LogicalId, Map, Text, Value, revision};

use crate::change::{PropertyChange, ResourceChange, StackChange};
use crate::update::Outcome;

/// What the texts become.
pub(super) trait Rewrite {
    /// A text.
    fn text(&mut self, text: &str) -> String;

    /// A logical id.
    fn id(&mut self, id: &str) -> String {
        self.text(id)
    }

    /// The revision of a stack, which every change of the stack changes.
    fn revision(&mut self, text: &str) -> String {
        self.text(text)
    }

    /// The manifest lines of a resource.
    fn lines(&mut self, lines: &[String]) -> Vec<String>;
}

/// The change with the texts that `with` makes of its texts.
pub(super) fn stack(change: &StackChange, with: &mut impl Rewrite) -> StackChange {
    StackChange {
        stack: with.text(&change.stack),
        kind: change.kind,
        resources: change.resources.iter().map(|one| resource(one, with)).collect(),
        others: change.others.iter().map(|one| property(one, with)).collect(),
    }
}

fn resource(change: &ResourceChange, with: &mut impl Rewrite) -> ResourceChange {
    ResourceChange {
        logical_id: id(&change.logical_id, with),
        resource_type: with.text(&change.resource_type).into(),
        kind: change.kind,
        properties: change.properties.iter().map(|one| property(one, with)).collect(),
        attributes: change.attributes.iter().map(|one| property(one, with)).collect(),
        outcome: Outcome {
            fate: change.outcome.fate,
            data: change.outcome.data,
            reasons: change.outcome.reasons.iter().map(|reason| with.text(reason)).collect(),
        },
        lines_before: with.lines(&change.lines_before),
        lines_after: with.lines(&change.lines_after),
    }
}

fn property(change: &PropertyChange, with: &mut impl Rewrite) -> PropertyChange {
    let is_revision = is_revision(&change.path);
    let mut side = |side: &Option<Value>| match side {
        Some(Value::Text(text)) if is_revision => Some(Value::from(with.revision(text))),
        Some(side) => Some(value(side, with)),
        None => None,
    };
    let (before, after) = (side(&change.before), side(&change.after));
    PropertyChange { path: with.text(&change.path), before, after, update: change.update }
}

fn is_revision(path: &str) -> bool {
    let rest = path.strip_prefix("/Outputs/").and_then(|rest| rest.strip_prefix(revision::OUTPUT));
    rest == Some("/Value")
}

fn id(id: &LogicalId, with: &mut impl Rewrite) -> LogicalId {
    LogicalId::parameter(&with.id(id.as_str()))
}

fn map(map: &Map, with: &mut impl Rewrite) -> Map {
    map.iter().map(|(key, item)| (Text::from(with.text(key)), value(item, with))).collect()
}

fn values(items: &[Value], with: &mut impl Rewrite) -> Vec<Value> {
    items.iter().map(|item| value(item, with)).collect()
}

fn value(old: &Value, with: &mut impl Rewrite) -> Value {
    match old {
        Value::Null | Value::Bool(_) | Value::Integer(_) | Value::Decimal(_) => old.clone(),
        Value::Text(text) => Value::from(with.text(text)),
        Value::List(items) => Value::List(values(items, with)),
        Value::Map(old) => Value::Map(map(old, with)),
        Value::Intrinsic(call) => Value::from(intrinsic(call, with)),
    }
}

fn intrinsic(call: &Intrinsic, with: &mut impl Rewrite) -> Intrinsic {
    match call {
        Intrinsic::And(items) => Intrinsic::And(values(items, with)),
        Intrinsic::Or(items) => Intrinsic::Or(values(items, with)),
        Intrinsic::Base64(item) => Intrinsic::Base64(value(item, with)),
        Intrinsic::GetAzs(item) => Intrinsic::GetAzs(value(item, with)),
        Intrinsic::ImportValue(item) => Intrinsic::ImportValue(value(item, with)),
        Intrinsic::Not(item) => Intrinsic::Not(value(item, with)),
        Intrinsic::ToJsonString(item) => Intrinsic::ToJsonString(value(item, with)),
        Intrinsic::Other(name, item) => Intrinsic::Other(name.clone(), value(item, with)),
        Intrinsic::Cidr { block, count, bits } => Intrinsic::Cidr {
            block: value(block, with),
            count: value(count, with),
            bits: bits.as_ref().map(|bits| value(bits, with)),
        },
        Intrinsic::Condition(name) => Intrinsic::Condition(with.text(name).into()),
        Intrinsic::Equals(left, right) => Intrinsic::Equals(value(left, with), value(right, with)),
        Intrinsic::FindInMap { map, top, second, default } => Intrinsic::FindInMap {
            map: value(map, with),
            top: value(top, with),
            second: value(second, with),
            default: default.as_ref().map(|default| value(default, with)),
        },
        Intrinsic::GetAtt(resource, attribute) => {
            Intrinsic::GetAtt(id(resource, with), attribute.clone())
        }
        Intrinsic::GetStackOutput(output) => Intrinsic::GetStackOutput(map(output, with)),
        Intrinsic::If { condition, then, otherwise } => Intrinsic::If {
            condition: with.text(condition).into(),
            then: value(then, with),
            otherwise: value(otherwise, with),
        },
        Intrinsic::Join { delimiter, values } => {
            Intrinsic::Join { delimiter: delimiter.clone(), values: value(values, with) }
        }
        Intrinsic::Ref(resource) => Intrinsic::Ref(id(resource, with)),
        Intrinsic::Select { index, values } => {
            Intrinsic::Select { index: value(index, with), values: value(values, with) }
        }
        Intrinsic::Split { delimiter, source } => {
            Intrinsic::Split { delimiter: delimiter.clone(), source: value(source, with) }
        }
        Intrinsic::Sub { parts, variables } => Intrinsic::Sub {
            parts: parts.iter().map(|part| sub_part(part, with)).collect(),
            variables: map(variables, with),
        },
    }
}

fn sub_part(part: &SubPart, with: &mut impl Rewrite) -> SubPart {
    match part {
        SubPart::Literal(text) => SubPart::Literal(with.text(text).into()),
        SubPart::Variable(name) => SubPart::Variable(match name.split_once('.') {
            Some((resource, attribute)) => format!("{}.{attribute}", with.id(resource)).into(),
            None => with.id(name).into(),
        }),
    }
}
