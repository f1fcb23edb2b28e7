use super::*;
use crate::read;

fn place() -> Place {
    Place::parse("111122223333", "eu-west-1").expect("a place")
}

fn violations(resources: &str) -> Vec<String> {
    let template = read::template(&format!("Resources:\n{resources}")).expect("a template");
    validate(&template, &place()).iter().map(ToString::to_string).collect()
}

#[test]
fn each_pinned_schema_compiles_and_is_found() {
    for kind in kinds() {
        let schema = of(kind).expect(kind);
        schema.validator();
        assert_eq!(schema.plain["typeName"], kind);
        let can_create = schema.handler_permissions("create").next().is_some();
        assert!(can_create, "{kind} has no permissions for creation");
    }
    assert!(of("AWS::Nothing::AtAll").is_none());
}

#[test]
fn each_pinned_pattern_compiles() {
    fn compile(schema: &serde_json::Value, count: &mut usize) {
        match schema {
            serde_json::Value::Array(items) => items.iter().for_each(|item| compile(item, count)),
            serde_json::Value::Object(map) => {
                if let Some(pattern) = map.get("pattern").filter(|pattern| pattern.is_string()) {
                    keywords::compile_pattern(pattern);
                    *count += 1;
                }
                map.values().for_each(|item| compile(item, count));
            }
            _ => {}
        }
    }
    let mut count = 0;
    for kind in kinds() {
        compile(&of(kind).expect(kind).plain, &mut count);
    }
    assert!(count > 200, "{count} patterns");
}

#[test]
fn each_keyword_of_the_schemas_is_known() {
    // A keyword that is not checked would weaken validation without notice.
    const STANDARD: [&str; 34] = [
        "$id",
        "$ref",
        "additionalProperties",
        "allOf",
        "anyOf",
        "const",
        "default",
        "definitions",
        "dependencies",
        "dependentRequired",
        "else",
        "enum",
        "format",
        "if",
        "items",
        "maxItems",
        "maxLength",
        "maxProperties",
        "maximum",
        "minItems",
        "minLength",
        "minProperties",
        "minimum",
        "multipleOf",
        "not",
        "oneOf",
        "pattern",
        "patternProperties",
        "properties",
        "propertyNames",
        "required",
        "then",
        "type",
        "uniqueItems",
    ];
    fn walk(kind: &str, schema: &Plain) {
        for (key, value) in schema.as_object().into_iter().flatten() {
            if keywords::DESCRIPTIVE.contains(&key.as_str()) {
                continue;
            }
            assert!(
                STANDARD.contains(&key.as_str()) || keywords::OWN.contains(&key.as_str()),
                "{kind} uses `{key}`"
            );
            let named = matches!(key.as_str(), "properties" | "definitions" | "patternProperties");
            if named {
                value.as_object().into_iter().flatten().for_each(|(_, inner)| walk(kind, inner));
            } else if value.is_object()
                && !keywords::OWN.contains(&key.as_str())
                && !key.starts_with("depend")
            {
                walk(kind, value);
            }
            if matches!(key.as_str(), "allOf" | "anyOf" | "oneOf") {
                value.as_array().into_iter().flatten().for_each(|inner| walk(kind, inner));
            }
        }
    }
    for kind in kinds() {
        walk(kind, &of(kind).expect(kind).plain);
    }
}

#[test]
fn planted_faults_are_found() {
    for (properties, expected) in [
        ("{BucketName: ok-name, Versioned: true}", "Versioned"),
        ("{BucketName: NOT_A_NAME}", "does not match"),
        ("{BucketName: b, VersioningConfiguration: {Status: On}}", "is not one of"),
        ("{BucketName: bbb, BucketEncryption: {}}", "ServerSideEncryptionConfiguration"),
        ("{BucketName: bbb, Arn: 'arn:aws:s3:::b'}", "only the service sets this property"),
        ("{BucketName: !If [C, good-name, BAD_NAME]}", "does not match"),
        ("{BucketName: !ImportValue x}", "not known before deployment"),
    ] {
        let found =
            violations(&format!("  B: {{Type: AWS::S3::Bucket, Properties: {properties}}}\n"));
        assert!(found.iter().any(|message| message.contains(expected)), "{properties}: {found:?}");
    }
    let found = violations("  S: {Type: AWS::EC2::VPC, Properties: {}}\n");
    assert!(found[0].contains("wrong number"), "{found:?}");
    let alarm = |actions: &str| {
        violations(&format!(
            "  A: {{Type: AWS::CloudWatch::Alarm, Properties: {{ComparisonOperator: \
             GreaterThanThreshold, EvaluationPeriods: 1, MetricName: m, AlarmActions: [{actions}]}}}}\n"
        ))
    };
    let found = alarm("a, b, c, d, e, f");
    assert!(found[0].contains("more than 5 different items"), "{found:?}");
    assert_eq!(alarm("a, b, c, d, e, a"), [""; 0]);
    let same_name = |second: &str| {
        let stages = format!("[{{Name: a, Actions: []}}, {{Name: {second}, Actions: []}}]");
        let pipeline =
            format!("{{Type: AWS::CodePipeline::Pipeline, Properties: {{Stages: {stages}}}}}");
        let found = violations(&format!("  P: {pipeline}\n"));
        found.iter().any(|message| message.contains("two items have the same Name"))
    };
    assert!(same_name("a") && !same_name("b"));
    let found = violations("  S: {Type: AWS::Unknown::Type}\n");
    assert!(found[0].contains("not pinned"), "{found:?}");
}

#[test]
fn a_correct_resource_has_no_violation() {
    let resources = "  B: {Type: AWS::S3::Bucket, Properties: {BucketName: sales-data}}\n  \
                     P: {Type: AWS::S3::BucketPolicy, Properties: {Bucket: !Ref B, PolicyDocument: {}}}\n";
    assert_eq!(violations(resources), [""; 0]);
}

#[test]
fn permissions_of_handlers_come_from_the_schema() {
    let bucket = of("AWS::S3::Bucket").expect("pinned");
    assert!(bucket.handler_permissions("create").any(|action| action == "s3:CreateBucket"));
}

#[test]
fn regions_say_which_types_they_lack() {
    assert!(regions().contains_key("eu-west-1"));
    let lacking = regions().values().flatten();
    assert!(lacking.clone().all(|kind| of(kind).is_some()));
    // Source: `endpoints.json` of botocore 1.44.8: whether the service has an endpoint in the region.
    for (region, kind, is_there) in [
        ("cn-north-1", "AWS::QuickSight::DataSource", true),
        ("cn-northwest-1", "AWS::QuickSight::DataSource", false),
        ("cn-northwest-1", "AWS::CodeCommit::Repository", true),
        ("us-gov-west-1", "AWS::QuickSight::DataSource", true),
        ("us-gov-east-1", "AWS::WAFv2::WebACL", true),
        ("eusc-de-east-1", "AWS::CodeCommit::Repository", false),
        ("eusc-de-east-1", "AWS::QuickSight::DataSource", false),
        ("eusc-de-east-1", "AWS::Glue::Database", true),
        ("us-iso-west-1", "AWS::LakeFormation::Resource", false),
        ("us-isof-south-1", "AWS::WAFv2::WebACL", false),
        ("eu-isoe-west-1", "AWS::CodeBuild::Project", false),
    ] {
        assert_eq!(is_available(kind, region), is_there, "{region} {kind}");
    }
}
