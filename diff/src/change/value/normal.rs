//! The normal form of a value: values that CloudFormation resolves to the same value have the same one.

use lakewright_template::intrinsic::SubPart;
use lakewright_template::{Intrinsic, LogicalId, Map, Text, Value};

use super::document;

/// Whether CloudFormation resolves both values to the same value, or both are policy documents of the same meaning.
pub(super) fn is_same(before: &Value, after: &Value) -> bool {
    let is_literal =
        |value: &Value| !matches!(value, Value::List(_) | Value::Map(_) | Value::Intrinsic(_));
    before == after || !(is_literal(before) && is_literal(after)) && normal(before) == normal(after)
}

/// The normal form of a value.
///
/// `Fn::Join` and `Fn::Sub` of literals are the text, those of one variable are `Ref` or `Fn::GetAtt`, and others are one
/// `Fn::Sub` without variables of its own. Sources: "Fn::Join" and "Fn::Sub" in the CloudFormation template reference.
pub(super) fn normal(value: &Value) -> Value {
    match value {
        Value::List(items) => Value::List(items.iter().map(normal).collect()),
        Value::Map(map) if document::is_document(map) => document::normal_document(map).into(),
        Value::Map(map) => normal_map(map).into(),
        Value::Intrinsic(call) => normal_call(call),
        Value::Null | Value::Bool(_) | Value::Integer(_) | Value::Decimal(_) | Value::Text(_) => {
            value.clone()
        }
    }
}

fn normal_map(map: &Map) -> Map {
    map.iter().map(|(key, value)| (key.clone(), normal(value))).collect()
}

fn normal_call(call: &Intrinsic) -> Value {
    if let Some(parts) = parts_of_call(call) {
        return concatenated(parts);
    }
    let all = |items: &[Value]| -> Vec<Value> { items.iter().map(normal).collect() };
    let call = match call {
        Intrinsic::And(items) => Intrinsic::And(all(items)),
        Intrinsic::Base64(item) => Intrinsic::Base64(normal(item)),
        Intrinsic::Cidr { block, count, bits } => Intrinsic::Cidr {
            block: normal(block),
            count: normal(count),
            bits: bits.as_ref().map(normal),
        },
        Intrinsic::Condition(_) | Intrinsic::GetAtt(_, _) | Intrinsic::Ref(_) => call.clone(),
        Intrinsic::Equals(left, right) => Intrinsic::Equals(normal(left), normal(right)),
        Intrinsic::FindInMap { map, top, second, default } => Intrinsic::FindInMap {
            map: normal(map),
            top: normal(top),
            second: normal(second),
            default: default.as_ref().map(normal),
        },
        Intrinsic::GetAzs(item) => Intrinsic::GetAzs(normal(item)),
        Intrinsic::GetStackOutput(map) => Intrinsic::GetStackOutput(normal_map(map)),
        Intrinsic::If { condition, then, otherwise } => Intrinsic::If {
            condition: condition.clone(),
            then: normal(then),
            otherwise: normal(otherwise),
        },
        Intrinsic::ImportValue(item) => Intrinsic::ImportValue(normal(item)),
        Intrinsic::Join { delimiter, values } => {
            Intrinsic::Join { delimiter: delimiter.clone(), values: normal(values) }
        }
        Intrinsic::Not(item) => Intrinsic::Not(normal(item)),
        Intrinsic::Or(items) => Intrinsic::Or(all(items)),
        Intrinsic::Other(name, item) => Intrinsic::Other(name.clone(), normal(item)),
        Intrinsic::Select { index, values } => {
            Intrinsic::Select { index: normal(index), values: normal(values) }
        }
        Intrinsic::Split { delimiter, source } => {
            Intrinsic::Split { delimiter: delimiter.clone(), source: normal(source) }
        }
        Intrinsic::Sub { parts, variables } => {
            Intrinsic::Sub { parts: parts.clone(), variables: normal_map(variables) }
        }
        Intrinsic::ToJsonString(item) => Intrinsic::ToJsonString(normal(item)),
    };
    call.into()
}

/// The literals and variables that a value is the concatenation of; `None` if it is none.
fn parts(value: &Value) -> Option<Vec<SubPart>> {
    match value {
        Value::Text(text) => Some(vec![SubPart::Literal(text.clone())]),
        Value::Integer(number) => Some(vec![SubPart::Literal(number.to_string().into())]),
        Value::Intrinsic(call) => parts_of_call(call),
        Value::Null | Value::Bool(_) | Value::Decimal(_) | Value::List(_) | Value::Map(_) => None,
    }
}

fn parts_of_call(call: &Intrinsic) -> Option<Vec<SubPart>> {
    let mut all = Vec::new();
    match call {
        // No page says what it becomes between delimiters.
        Intrinsic::Ref(id) if id.as_str() == "AWS::NoValue" => return None,
        Intrinsic::Ref(id) => all.push(SubPart::Variable(id.as_str().to_owned().into())),
        Intrinsic::GetAtt(id, attribute) => {
            all.push(SubPart::Variable(format!("{id}.{attribute}").into()));
        }
        Intrinsic::Join { delimiter, values } => {
            for (place, value) in values.as_list()?.iter().enumerate() {
                if place > 0 {
                    all.push(SubPart::Literal(delimiter.clone()));
                }
                all.extend(parts(value)?);
            }
        }
        Intrinsic::Sub { parts: text, variables } => {
            for part in text {
                match part {
                    SubPart::Literal(_) => all.push(part.clone()),
                    SubPart::Variable(name) => match variables.get(name) {
                        Some(value) => all.extend(parts(value)?),
                        None => all.push(part.clone()),
                    },
                }
            }
        }
        Intrinsic::And(_)
        | Intrinsic::Base64(_)
        | Intrinsic::Cidr { .. }
        | Intrinsic::Condition(_)
        | Intrinsic::Equals(_, _)
        | Intrinsic::FindInMap { .. }
        | Intrinsic::GetAzs(_)
        | Intrinsic::GetStackOutput(_)
        | Intrinsic::If { .. }
        | Intrinsic::ImportValue(_)
        | Intrinsic::Not(_)
        | Intrinsic::Or(_)
        | Intrinsic::Other(_, _)
        | Intrinsic::Select { .. }
        | Intrinsic::Split { .. }
        | Intrinsic::ToJsonString(_) => return None,
    }
    Some(all)
}

/// The simplest value that is the concatenation of the parts.
fn concatenated(parts: Vec<SubPart>) -> Value {
    let mut merged: Vec<SubPart> = Vec::new();
    for part in parts {
        match (merged.last_mut(), part) {
            (_, SubPart::Literal(text)) if text.is_empty() => {}
            (Some(SubPart::Literal(start)), SubPart::Literal(text)) => {
                start.to_mut().push_str(&text);
            }
            (_, part) => merged.push(part),
        }
    }
    match merged.as_slice() {
        [] => Value::text(""),
        [SubPart::Literal(text)] => Value::Text(text.clone()),
        [SubPart::Variable(name)] => match name.split_once('.') {
            Some((id, attribute)) => {
                let attribute = Text::from(attribute.to_owned());
                Intrinsic::GetAtt(LogicalId::parameter(id), attribute).into()
            }
            None => Intrinsic::Ref(LogicalId::parameter(name)).into(),
        },
        _ => Intrinsic::Sub { parts: merged, variables: Map::new() }.into(),
    }
}
