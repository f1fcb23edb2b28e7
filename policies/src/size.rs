//! How large a document is to IAM, S3 or KMS.
//!
//! IAM does not count white space. Values that are only known at deployment
//! are counted at their longest, so that what fits here fits there.

use lakewright_template::{Intrinsic, Value};

/// Characters that a function's result has at most.
///
/// The longest ARN in the policies that Lakewright writes belongs to a role (`arn:aws-us-gov:iam::`,
/// account, `:role/`, 64 characters); keys and buckets are shorter.
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

fn text_characters(text: &str) -> usize {
    let written = |byte: u8| match byte {
        b'"' | b'\\' | b'\n' | b'\r' | b'\t' => 2,
        // The later bytes of a character are not counted.
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
}
