//! The size of documents, as IAM, S3 and KMS count it.
//!
//! IAM does not count white space. Values that are only known at deployment are
//! counted at their maximum length, so a document that fits here also fits there.

use std::collections::{BTreeMap, BTreeSet};

use lakewright_template::{Intrinsic, Value};

use crate::condition::{Conditions, Operator};
use crate::document::{Effect, Principal, Statement};

/// The maximum number of characters of a function's result.
///
/// The longest ARN in the policies that Lakewright writes is that of a role (`arn:aws-us-gov:iam::`,
/// account, `:role/`, 64 characters); the ARNs of keys and buckets are shorter.
const FUNCTION_CHARACTERS: usize = 110;

/// Characters of a value as JSON without white space.
pub fn characters(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(true) => 4,
        Value::Bool(false) => 5,
        Value::Integer(number) => number.to_string().len(),
        Value::Decimal(number) => number.len(),
        Value::Text(text) => text_characters(text),
        Value::List(items) => {
            let inner: usize = items.iter().map(characters).sum();
            2 + inner + items.len().saturating_sub(1)
        }
        Value::Map(map) => {
            let inner: usize =
                map.iter().map(|(key, item)| text_characters(key) + 1 + characters(item)).sum();
            2 + inner + map.len().saturating_sub(1)
        }
        Value::Intrinsic(call) => match call.as_ref() {
            Intrinsic::Join { delimiter, values: Value::List(items) } => {
                let inner: usize =
                    items.iter().map(|item| characters(item).saturating_sub(2)).sum();
                2 + inner + delimiter.len() * items.len().saturating_sub(1)
            }
            _ => FUNCTION_CHARACTERS + 2,
        },
    }
}

/// A document without statements.
const EMPTY: &str = r#"{"Statement":[],"Version":"2012-10-17"}"#;

/// Characters of a document with one statement, which is given as a value.
pub fn one_statement_characters(statement: &Value) -> usize {
    EMPTY.len() + characters(statement)
}

/// Characters of a document with these statements, in any kind of policy.
pub fn document_characters<'s>(statements: impl IntoIterator<Item = &'s Statement>) -> usize {
    let sizes = statements.into_iter().map(statement_characters);
    let (count, inner) = sizes.fold((0_usize, 0), |(count, sum), size| (count + 1, sum + size));
    EMPTY.len() + inner + count.saturating_sub(1)
}

/// Characters of a statement in a document: those of its value, which need not be built.
pub fn statement_characters(statement: &Statement) -> usize {
    let Statement { sid, effect, principals, actions, resources, conditions } = statement;
    let effect = match effect {
        Effect::Allow => "Allow",
        Effect::Deny => "Deny",
    };
    let actions = list(actions.iter().map(|action| text_characters(action)));
    let mut fields = vec![field("Action", actions), field("Effect", text_characters(effect))];
    if !conditions.is_empty() {
        fields.push(field("Condition", condition_characters(conditions)));
    }
    if !principals.is_empty() {
        fields.push(field("Principal", principal_characters(principals)));
    }
    if !resources.is_empty() {
        fields.push(field("Resource", list(resources.iter().map(characters))));
    }
    if !sid.is_empty() {
        fields.push(field("Sid", text_characters(sid)));
    }
    object(fields)
}

fn condition_characters(conditions: &Conditions) -> usize {
    let mut operators: BTreeMap<&Operator, Vec<usize>> = BTreeMap::new();
    for (operator, key, values) in conditions.iter() {
        let values = list(values.iter().map(characters));
        operators.entry(operator).or_default().push(field(key, values));
    }
    object(operators.into_iter().map(|(operator, keys)| field(&operator.to_string(), object(keys))))
}

fn principal_characters(principals: &BTreeSet<Principal>) -> usize {
    let (mut aws, mut services, mut providers) = (Vec::new(), Vec::new(), Vec::new());
    for principal in principals {
        match principal {
            Principal::Anyone => aws.push(text_characters("*")),
            Principal::Aws(arn) => aws.push(characters(arn)),
            Principal::Service(name) => services.push(text_characters(name)),
            Principal::Federated(arn) => providers.push(text_characters(arn)),
        }
    }
    let named = [("AWS", aws), ("Federated", providers), ("Service", services)].into_iter();
    let named = named.filter(|(_, sizes)| !sizes.is_empty());
    object(named.map(|(name, sizes)| field(name, list(sizes))))
}

/// Characters of an object, given those of its fields.
fn object(fields: impl IntoIterator<Item = usize>) -> usize {
    let (count, inner) =
        fields.into_iter().fold((0_usize, 0), |(count, sum), size| (count + 1, sum + size));
    2 + inner + count.saturating_sub(1)
}

/// Characters of a key with its value.
fn field(key: &str, value: usize) -> usize {
    text_characters(key) + 1 + value
}

/// Characters of a list, or of its item if it has only one.
fn list(items: impl IntoIterator<Item = usize>) -> usize {
    let (count, inner) =
        items.into_iter().fold((0_usize, 0), |(count, sum), size| (count + 1, sum + size));
    if count == 1 { inner } else { 2 + inner + count.saturating_sub(1) }
}

fn text_characters(text: &str) -> usize {
    // Nearly all text is written unchanged. A loop over all bytes without an early exit checks many at once.
    let is_other =
        |byte: u8| u8::from(!(0x20..0x80).contains(&byte) || byte == b'"' || byte == b'\\');
    if text.bytes().fold(0, |any, byte| any | is_other(byte)) == 0 {
        return text.len() + 2;
    }
    let written = |byte: u8| match byte {
        b'"' | b'\\' | b'\n' | b'\r' | b'\t' => 2,
        // The continuation bytes of a UTF-8 character are not counted.
        0x80..=0xbf => 0,
        _ => 1,
    };
    text.bytes().map(written).sum::<usize>() + 2
}

#[cfg(test)]
mod tests {
    use lakewright_template::Map;
    use lakewright_template::write::value_to_compact_json;

    use super::*;

    #[test]
    fn literal_values_are_measured_exactly() {
        let value = Value::from(
            Map::new()
                .with("a", vec![Value::from("x\"y"), 12_i64.into(), true.into(), false.into()])
                .with("b", Map::new())
                .with("c", Value::List(Vec::new())),
        );
        assert_eq!(characters(&value), value_to_compact_json(&value).len());
    }

    #[test]
    fn functions_count_at_their_longest() {
        let join = Intrinsic::Join {
            delimiter: "".into(),
            values: Value::List(vec!["arn:aws:s3:::b".into(), "/*".into()]),
        };
        assert_eq!(characters(&join.into()), r#""arn:aws:s3:::b/*""#.len());
    }

    #[test]
    fn a_statement_is_measured_as_its_value() {
        use crate::condition::{Comparison, Condition};
        let role = || Principal::Aws("arn:aws:iam::111122223333:role/r".into());
        let condition = |comparison, key: &'static str, values: &[&'static str]| Condition {
            operator: Operator::new(comparison).if_exists(),
            key: key.into(),
            values: values.iter().map(|value| (*value).into()).collect(),
        };
        let conditions = Conditions::none()
            .with(condition(Comparison::StringEquals, "aws:SourceAccount", &["1", "2"]))
            .with(condition(Comparison::StringEquals, "s3:prefix", &["a \"quoted\" b"]))
            .with(condition(Comparison::Bool, "aws:SecureTransport", &["true"]));
        let reference = Intrinsic::Ref(lakewright_template::LogicalId::parameter("AWS::Region"));
        let one = Statement::allow("One", ["s3:GetObject"], ["arn:aws:s3:::b/*"]);
        let statements = [
            one.clone(),
            Statement { sid: "".into(), ..one.clone() },
            one.clone().when(conditions.clone()),
            Statement::deny("Tls", ["s3:GetObject", "s3:PutObject"], ["a\u{e9}", "b\n"])
                .for_principals([Principal::Anyone, role(), Principal::Service("x.y".into())])
                .when(conditions),
            Statement::allow("People", ["sts:AssumeRoleWithSAML"], [""; 0])
                .for_principals([Principal::Federated("arn:aws:iam::1:saml-provider/p".into())]),
            Statement::allow("Trust", ["sts:AssumeRole"], [""; 0]).for_principals([role()]),
            Statement::allow("Reference", ["kms:Decrypt"], [Value::from(reference)]),
        ];
        for statement in &statements {
            let value = statement.clone().into_value();
            assert_eq!(statement_characters(statement), characters(&value), "{statement:?}");
            assert_eq!(one_statement_characters(&value), document_characters([statement]));
        }
        let identity = || [one.clone(), statements[6].clone()];
        let document = crate::IdentityPolicy::new(identity().to_vec()).expect("statements");
        assert_eq!(document_characters(&identity()), characters(&document.into_value()));
    }
}
