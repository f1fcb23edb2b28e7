//! Values of a template with references replaced by what they are.

use lakewright_template::intrinsic::SubPart;
use lakewright_template::{Intrinsic, Map, Value};

/// What a reference is: by its name, and the attribute of `Fn::GetAtt`.
pub(crate) type Known<'k> = &'k dyn Fn(&str, Option<&str>) -> Option<String>;

/// The value with each reference that is known as text. `Fn::Join` and `Fn::Sub` become text where all of their parts are.
pub(crate) fn fixed(value: &Value, known: Known<'_>) -> Value {
    match value {
        Value::Null | Value::Bool(_) | Value::Integer(_) | Value::Decimal(_) | Value::Text(_) => {
            value.clone()
        }
        Value::List(items) => Value::List(items.iter().map(|item| fixed(item, known)).collect()),
        Value::Map(map) => Value::Map(fixed_map(map, known)),
        Value::Intrinsic(call) => of_call(call, known),
    }
}

/// The map with each reference that is known as text.
pub(crate) fn fixed_map(map: &Map, known: Known<'_>) -> Map {
    map.iter().map(|(key, item)| (key.clone(), fixed(item, known))).collect()
}

fn of_call(call: &Intrinsic, known: Known<'_>) -> Value {
    let again = |value: &Value| fixed(value, known);
    match call {
        Intrinsic::Ref(id) => {
            known(id.as_str(), None).map_or_else(|| call.clone().into(), Value::from)
        }
        Intrinsic::GetAtt(id, attribute) => {
            known(id.as_str(), Some(attribute)).map_or_else(|| call.clone().into(), Value::from)
        }
        Intrinsic::Join { delimiter, values } => joined(delimiter, again(values)),
        Intrinsic::Sub { parts, variables } => {
            substituted(parts, fixed_map(variables, known), known)
        }
        Intrinsic::If { condition, then, otherwise } => Intrinsic::If {
            condition: condition.clone(),
            then: again(then),
            otherwise: again(otherwise),
        }
        .into(),
        Intrinsic::Select { index, values } => selected(again(index), again(values)),
        Intrinsic::Split { delimiter, source } => match again(source) {
            Value::Text(text) => Value::List(
                text.split(delimiter.as_ref()).map(|one| one.to_owned().into()).collect(),
            ),
            source => Intrinsic::Split { delimiter: delimiter.clone(), source }.into(),
        },
        Intrinsic::Base64(item) => Intrinsic::Base64(again(item)).into(),
        Intrinsic::ToJsonString(item) => Intrinsic::ToJsonString(again(item)).into(),
        Intrinsic::Other(name, item) => Intrinsic::Other(name.clone(), again(item)).into(),
        Intrinsic::And(_)
        | Intrinsic::Cidr { .. }
        | Intrinsic::Condition(_)
        | Intrinsic::Equals(..)
        | Intrinsic::FindInMap { .. }
        | Intrinsic::GetAzs(_)
        | Intrinsic::GetStackOutput(_)
        | Intrinsic::ImportValue(_)
        | Intrinsic::Not(_)
        | Intrinsic::Or(_) => call.clone().into(),
    }
}

fn joined(delimiter: &lakewright_template::Text, values: Value) -> Value {
    if let Value::List(items) = &values {
        let texts: Option<Vec<&str>> = items.iter().map(Value::as_text).collect();
        if let Some(texts) = texts {
            return texts.join(delimiter.as_ref()).into();
        }
    }
    Intrinsic::Join { delimiter: delimiter.clone(), values }.into()
}

fn selected(index: Value, values: Value) -> Value {
    let place = match &index {
        Value::Integer(number) => usize::try_from(*number).ok(),
        Value::Text(text) => text.parse().ok(),
        _ => None,
    };
    let found = place.and_then(|place| values.as_list()?.get(place)).cloned();
    found.unwrap_or_else(|| Intrinsic::Select { index, values }.into())
}

fn substituted(parts: &[SubPart], variables: Map, known: Known<'_>) -> Value {
    let mut text = String::new();
    let mut left = Vec::new();
    let mut is_whole = true;
    for part in parts {
        let found = match part {
            SubPart::Literal(literal) => Some(literal.to_string()),
            SubPart::Variable(name) => match (variables.get(name), name.split_once('.')) {
                (Some(value), _) => value.as_text().map(str::to_owned),
                (None, Some((id, attribute))) => known(id, Some(attribute)),
                (None, None) => known(name, None),
            },
        };
        if let Some(found) = found {
            text.push_str(&found);
            left.push(SubPart::Literal(found.into()));
        } else {
            is_whole = false;
            left.push(part.clone());
        }
    }
    if is_whole { text.into() } else { Intrinsic::Sub { parts: left, variables }.into() }
}

/// The names that a value refers to: resources, parameters and pseudo parameters.
pub(crate) fn references(value: &Value) -> Vec<&str> {
    let mut found = Vec::new();
    value.walk(&mut |one| match one.as_intrinsic() {
        Some(Intrinsic::Ref(id) | Intrinsic::GetAtt(id, _)) => found.push(id.as_str()),
        Some(Intrinsic::Sub { parts, variables }) => {
            found.extend(parts.iter().filter_map(|part| {
                let SubPart::Variable(name) = part else { return None };
                let name = name.split('.').next().unwrap_or_default();
                variables.get(name).is_none().then_some(name)
            }));
        }
        _ => {}
    });
    found
}

#[cfg(test)]
mod tests {
    use lakewright_template::LogicalId;

    use super::*;

    fn reference(id: &str) -> Value {
        Intrinsic::Ref(LogicalId::parameter(id)).into()
    }

    /// Source: `Fn::Join`, `Fn::Sub` and `Fn::Select` in the CloudFormation template reference.
    #[test]
    fn what_is_known_becomes_text_and_the_rest_stays_a_function() {
        let known: Known<'_> = &|id, attribute| match (id, attribute) {
            ("Bucket", None) => Some("data".to_owned()),
            ("Role", Some("Arn")) => Some("arn:aws:iam::1:role/r".to_owned()),
            _ => None,
        };
        let join = |items: Vec<Value>| -> Value {
            Intrinsic::Join { delimiter: "/".into(), values: Value::List(items) }.into()
        };
        let whole = join(vec![reference("Bucket"), "x".into()]);
        assert_eq!(fixed(&whole, known), Value::text("data/x"));
        let part = join(vec![reference("Bucket"), reference("Other")]);
        assert_eq!(fixed(&part, known), join(vec!["data".into(), reference("Other")]));
        let sub = |text: &str| -> Value {
            Intrinsic::Sub { parts: Intrinsic::parse_sub(text), variables: Map::new() }.into()
        };
        assert_eq!(
            fixed(&sub("${Role.Arn}/${Bucket}"), known),
            Value::text("arn:aws:iam::1:role/r/data")
        );
        assert_eq!(references(&sub("${Role.Arn}/${!x}${Y}")), ["Role", "Y"]);
        let select = Intrinsic::Select {
            index: Value::Integer(1),
            values: Value::List(vec!["a".into(), reference("Bucket")]),
        };
        assert_eq!(fixed(&select.into(), known), Value::text("data"));
    }
}
