use super::*;
use crate::{DeletionPolicy, Parameter, read};

fn sample() -> Template {
    let mut template = Template {
        description: Some("A \"quoted\" line\nand ${AWS::AccountId}".into()),
        ..Template::default()
    };
    template.parameters.insert(
        "Stage".into(),
        Parameter { attributes: Map::new().with("Type", "String").with("Default", "dev") },
    );
    let bucket = crate::ConstructPath::root()
        .join(&crate::ConstructId::parse("Data").expect("an id"))
        .logical_id();
    let mut properties = Map::new().with("BucketName", "sales");
    properties.insert("Tags", vec![Value::from(Map::new().with("Key", "a").with("Value", "${x}"))]);
    properties.insert(
        "Url",
        Intrinsic::Sub {
            parts: Intrinsic::parse_sub("s3://${!raw}/${Stage}"),
            variables: Map::new(),
        },
    );
    template.resources.insert(
        bucket.clone(),
        ResourceEntry {
            kind: "AWS::S3::Bucket".into(),
            properties,
            deletion_policy: Some(DeletionPolicy::RetainExceptOnCreate),
            update_replace_policy: Some(DeletionPolicy::Retain),
            ..ResourceEntry::default()
        },
    );
    template.outputs.insert(
        "Arn".into(),
        Output {
            value: Intrinsic::GetAtt(bucket, "Arn".into()).into(),
            description: None,
            condition: None,
            export: None,
        },
    );
    template
}

const EXPECTED: &str = r#"{
  "AWSTemplateFormatVersion": "2010-09-09",
  "Description": "A \"quoted\" line\nand ${AWS::AccountId}",
  "Parameters": {
    "Stage": { "Default": "dev", "Type": "String" }
  },
  "Resources": {
    "DataCEC3A9B8": {
      "Type": "AWS::S3::Bucket",
      "DeletionPolicy": "RetainExceptOnCreate",
      "UpdateReplacePolicy": "Retain",
      "Properties": {
        "BucketName": "sales",
        "Tags": [
          { "Key": "a", "Value": "${x}" }
        ],
        "Url": { "Fn::Sub": "s3://${!raw}/${Stage}" }
      }
    }
  },
  "Outputs": {
    "Arn": {
      "Value": { "Fn::GetAtt": ["DataCEC3A9B8", "Arn"] }
    }
  }
}
"#;

#[test]
fn the_canonical_bytes_are_these() {
    assert_eq!(template_to_json(&sample()), EXPECTED);
}

#[test]
fn reading_what_was_written_gives_the_same_template() {
    let template = sample();
    assert_eq!(read::template(&template_to_json(&template)), Ok(template.clone()));
    assert_eq!(read::template(&template_to_yaml(&template)), Ok(template));
}

#[test]
fn yaml_is_readable_and_quotes_what_yaml_would_misread() {
    let mut template = Template::default();
    template.metadata.insert("Words", vec![Value::from("no"), "2024-01-01".into(), "a: b".into()]);
    template.metadata.insert("Nested", vec![Value::List(vec![1_i64.into()]), Map::new().into()]);
    let expected = "AWSTemplateFormatVersion: \"2010-09-09\"\nMetadata:\n  Nested:\n    -\n      - 1\n    - {}\n  \
                    Words:\n    - \"no\"\n    - \"2024-01-01\"\n    - \"a: b\"\nResources: {}\n";
    assert_eq!(template_to_yaml(&template), expected);
    assert_eq!(read::template(expected), Ok(template));
}

#[test]
fn compact_json_has_no_white_space_outside_strings() {
    let value = Value::from(Map::new().with("a b", vec![Value::from("c: \" d"), 1_i64.into()]));
    assert_eq!(value_to_compact_json(&value), r#"{"a b":["c: \" d",1]}"#);
}

mod properties {
    use proptest::prelude::*;

    use super::*;

    fn value() -> impl Strategy<Value = Value> {
        let text = prop_oneof!["[ -~é\n\t]{0,12}", Just("${AWS::Region}".to_owned())];
        let leaf = prop_oneof![
            any::<bool>().prop_map(Value::Bool),
            any::<i64>().prop_map(Value::Integer),
            text.clone().prop_map(Value::text),
            text.prop_map(|t| Intrinsic::Sub {
                parts: Intrinsic::parse_sub(&t),
                variables: Map::new()
            }
            .into()),
            "[A-Z][a-z]{1,6}".prop_map(|id| Intrinsic::Ref(LogicalId::new(id)).into()),
        ];
        leaf.prop_recursive(4, 32, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::List),
                prop::collection::vec(("[A-Za-z]{2,8}", inner.clone()), 0..4).prop_map(|entries| {
                    entries
                        .into_iter()
                        .filter(|(key, _)| key != "Ref" && key != "Condition")
                        .map(|(key, value)| (Text::from(key), value))
                        .collect::<Map>()
                        .into()
                }),
                inner.prop_map(|value| Intrinsic::Base64(value).into()),
            ]
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn read_inverts_write(value in value()) {
            let mut template = Template::default();
            template.metadata.insert("Any", value);
            prop_assert_eq!(read::template(&template_to_json(&template)), Ok(template.clone()));
            prop_assert_eq!(read::template(&template_to_yaml(&template)), Ok(template));
        }
    }
}

#[test]
fn minified_json_keeps_its_strings() {
    let json = "{\n  \"a b\": [1,  2],\n  \"q\\\" x\\\\\": \" \\u0041 \"\n}\n";
    assert_eq!(minified(json), "{\"a b\":[1,2],\"q\\\" x\\\\\":\" \\u0041 \"}");
}
