//! Verdicts that depend on the values of parameters, conditions and mappings, and on the place of the stack.

use super::super::{DataEffect, Fate, Update};
use super::{
    FAILS, IN_PLACE, INTERRUPTS, MAY_REPLACE, REPLACES, judge_in, judged, one, outcome, says,
    sides, update,
};
use crate::change::{ChangeKind, StackChange};

/// A bucket `B` with sections before it, its attributes, and the value of its name.
fn bucket(sections: &str, attributes: &str, name: &str) -> String {
    format!(
        "{sections}\nResources:\n  B: {{Type: AWS::S3::Bucket{attributes}, Properties: {{BucketName: {name}}}}}\n"
    )
}

fn named(sections: &str, before: &str, after: &str) -> StackChange {
    judged(&bucket(sections, "", before), &bucket(sections, "", after))
}

const STAGE: &str = "Parameters: {P: {Type: String}}\nConditions: {C: !Equals [!Ref P, prod], D: !Not [!Condition C]}";

/// Source: "Fn::If" and "Pseudo parameters reference", CloudFormation template reference.
#[test]
fn only_the_branch_that_the_region_takes_counts() {
    let sections = "Conditions: {C: !Equals [!Ref 'AWS::Region', eu-west-1]}";
    for (before, after, fate) in [
        ("!If [C, a, b]", "!If [C, a, c]", Fate::Unchanged),
        ("!If [C, a, b]", "!If [C, c, b]", REPLACES),
        ("!If [C, a, b]", "a", Fate::Unchanged),
        ("!If [C, !Ref 'AWS::NoValue', b]", "!Ref 'AWS::NoValue'", Fate::Unchanged),
        ("!If [C, a, b]", "!Select [1, !Split ['-', 'b-a']]", Fate::Unchanged),
        ("!If [C, a, b]", "!Join ['', [a]]", Fate::Unchanged),
    ] {
        let change = named(sections, before, after);
        assert_eq!(outcome(&change, "B").fate, fate, "{before} to {after}");
    }
}

/// Source: "Conditions", CloudFormation template reference: a condition on a parameter has one result in a deployment, so
/// the branches of `C` and of its opposite `D` belong together.
#[test]
fn an_unknown_condition_has_the_same_result_on_both_sides() {
    for (before, after, fate) in [
        ("!If [C, a, b]", "!If [D, b, a]", Fate::Unchanged),
        ("!If [C, a, b]", "!If [D, c, a]", MAY_REPLACE),
        ("!If [C, a, b]", "!If [C, c, d]", REPLACES),
        ("!If [C, !Ref P, b]", "!If [C, prod, b]", Fate::Unchanged),
        ("!If [C, !If [D, x, a], b]", "!If [C, !If [D, y, a], b]", Fate::Unchanged),
    ] {
        let change = named(STAGE, before, after);
        assert_eq!(outcome(&change, "B").fate, fate, "{before} to {after}");
    }
}

/// Sources: "Parameters", CloudFormation template reference; `UsePreviousValue`, CloudFormation API reference.
#[test]
fn an_update_keeps_the_value_of_a_parameter() {
    let plain = "Parameters: {P: {Type: String}}";
    let default = "Parameters: {P: {Type: String, Default: a}}";
    let allowed = "Parameters: {P: {Type: String, AllowedValues: [a, b]}}";
    for (sections, before, after, fate) in [
        (plain, "!Ref P", "!Sub '${P}'", Fate::Unchanged),
        (plain, "!Sub '${P}-x'", "!Join ['-', [!Ref P, x]]", Fate::Unchanged),
        (plain, "!Sub '${P}-x'", "!Sub '${P}-y'", REPLACES),
        (plain, "!Ref P", "a", MAY_REPLACE),
        (default, "!Ref P", "a", MAY_REPLACE),
        (allowed, "!Ref P", "a", MAY_REPLACE),
        (allowed, "!Ref P", "c", REPLACES),
    ] {
        let change = named(sections, before, after);
        let found = change.resources.first().map_or(Fate::Unchanged, |one| one.outcome.fate);
        assert_eq!(found, fate, "{sections}: {before} to {after}");
    }
    // A new parameter has its default.
    let change = judged(&bucket("", "", "a"), &bucket(default, "", "!Ref P"));
    assert_eq!(outcome(&change, "B").fate, Fate::Unchanged);
}

/// Source: "Fn::FindInMap", CloudFormation template reference.
#[test]
fn a_mapping_counts_where_its_entry_is_used() {
    let name = "!FindInMap [M, !Ref 'AWS::Region', name]";
    let text = |here: &str, away: &str| {
        let sections = format!(
            "Mappings: {{M: {{eu-west-1: {{name: {here}}}, us-east-1: {{name: {away}}}}}}}"
        );
        bucket(&sections, "", name)
    };
    let change = judged(&text("a", "b"), &text("c", "b"));
    assert_eq!(outcome(&change, "B").fate, REPLACES);
    assert!(says(outcome(&change, "B"), "mapping M"));
    let change = judged(&text("a", "b"), &text("a", "c"));
    assert!(change.resources.is_empty(), "{change:?}");
}

/// Source: "Conditions", CloudFormation template reference.
#[test]
fn a_condition_creates_and_deletes_a_resource() {
    let condition =
        |region: &str| format!("Conditions: {{C: !Equals [!Ref 'AWS::Region', {region}]}}");
    let text = |region: &str| bucket(&condition(region), ", Condition: C", "a");
    let change = judged(&text("eu-west-1"), &text("us-east-1"));
    let found = outcome(&change, "B");
    assert_eq!((found.fate, found.data), (Fate::Deleted, DataEffect::Lost));
    assert!(says(found, "under condition C"), "{found:?}");
    let change = judged(&text("us-east-1"), &text("eu-west-1"));
    assert_eq!(outcome(&change, "B").fate, Fate::Created);
    // It exists on neither side, so its name does not matter.
    let away = condition("us-east-1");
    let change =
        judged(&bucket(&away, ", Condition: C", "a"), &bucket(&away, ", Condition: C", "b"));
    let found = outcome(&change, "B");
    assert_eq!((found.fate, found.data), (Fate::Unchanged, DataEffect::None));
    let kept = ", Condition: C, DeletionPolicy: Retain";
    let change = judged(&bucket(&condition("eu-west-1"), kept, "a"), &bucket(&away, kept, "a"));
    assert_eq!(outcome(&change, "B").fate, Fate::Retained);
}

/// Source: "Conditions", CloudFormation template reference. No template has the value of the parameter, so the worst is
/// expected.
#[test]
fn a_resource_whose_condition_may_become_false_may_be_deleted() {
    let text = |attributes: &str| bucket(STAGE, attributes, "a");
    let change = judged(&text(""), &text(", Condition: C"));
    let found = outcome(&change, "B");
    assert_eq!((found.fate, found.data), (Fate::Deleted, DataEffect::Lost));
    let change = judged(&text(", Condition: C"), &text(""));
    assert_eq!(outcome(&change, "B").fate, Fate::Created);
    // The same unknown condition on both sides does nothing.
    let rest = "BucketName: a, Tags: [{Key: k, Value: v}]";
    let tagged = text(", Condition: C").replace("BucketName: a", rest);
    let change = judged(&text(", Condition: C"), &tagged);
    assert_eq!(outcome(&change, "B").fate, IN_PLACE);
    let renamed = STAGE.replace("C: ", "E: ");
    let renamed = renamed.replace("!Condition C", "!Condition E");
    let change = judged(&text(", Condition: C"), &bucket(&renamed, ", Condition: E", "a"));
    assert_eq!(outcome(&change, "B").fate, Fate::Unchanged);
}

/// Source: "Conditions", CloudFormation template reference: a resource whose condition is false is not created.
#[test]
fn an_added_resource_whose_condition_is_false_is_not_created() {
    let text = bucket("Conditions: {C: !Equals [a, b]}", ", Condition: C", "a");
    let (_, after) = sides("Resources: {}", &text);
    let resources =
        after.resources.iter().filter_map(|(id, entry)| super::resource(id, None, Some(entry)));
    let mut change = StackChange {
        stack: "s".to_owned(),
        kind: ChangeKind::Added,
        resources: resources.collect(),
        others: Vec::new(),
    };
    judge_in("eu-west-1", &mut change, None, Some(&after));
    assert_eq!(outcome(&change, "B").fate, Fate::Unchanged);
}

/// Source: "AWS::S3::Bucket", CloudFormation template reference, return values: the ARN has the name.
#[test]
fn the_arn_of_a_named_bucket_is_known() {
    let text = |name: &str, arn: &str| {
        format!(
            "Resources:
  B: {{Type: AWS::S3::Bucket, Properties: {{{name}}}}}
  L: {{Type: AWS::LakeFormation::Resource, Properties: {{UseServiceLinkedRole: true, ResourceArn: {arn}}}}}
"
        )
    };
    for (name, arn, fate) in [
        ("BucketName: a", "'arn:aws:s3:::a'", Fate::Unchanged),
        ("BucketName: a", "'arn:aws:s3:::b'", REPLACES),
        // CloudFormation makes the name.
        ("", "'arn:aws:s3:::b'", MAY_REPLACE),
    ] {
        let change = judged(&text(name, "!GetAtt B.Arn"), &text(name, arn));
        assert_eq!(outcome(&change, "L").fate, fate, "{name} {arn}");
    }
}

/// Source: "AWS::EC2::SecurityGroup", CloudFormation template reference: rules require some interruptions.
#[test]
fn the_rules_of_a_security_group_are_interrupted() {
    let kind = "AWS::EC2::SecurityGroup";
    for property in ["SecurityGroupEgress", "SecurityGroupIngress"] {
        let rules = |port: u16| format!("{property}: [{{IpProtocol: tcp, FromPort: {port}}}]");
        assert_eq!(update(kind, &rules(443), &rules(80)), INTERRUPTS, "{property}");
    }
    assert_eq!(update(kind, "GroupDescription: a", "GroupDescription: b"), REPLACES);
}

/// Source: "AWS::CloudFormation::Stack", CloudFormation template reference: "An update never causes a nested stack to be
/// replaced." Its outputs may change.
#[test]
fn a_nested_stack_is_updated_and_its_outputs_may_change() {
    let kind = "AWS::CloudFormation::Stack";
    let found = one(kind, "TemplateURL: a", "TemplateURL: b");
    assert_eq!((found.fate, found.data), (IN_PLACE, DataEffect::None));
    let text = |url: &str| {
        format!(
            "Resources:
  N: {{Type: '{kind}', Properties: {{TemplateURL: {url}}}}}
  S: {{Type: AWS::EC2::Subnet, Properties: {{VpcId: !GetAtt N.Outputs.Vpc}}}}
  T: {{Type: AWS::EC2::Subnet, Properties: {{VpcId: !Sub '${{N.Outputs.Vpc}}'}}}}
  P: {{Type: AWS::SSM::Parameter, Properties: {{Type: String, Value: !Ref N}}}}
"
        )
    };
    let change = judged(&text("a"), &text("b"));
    for id in ["S", "T"] {
        assert_eq!(outcome(&change, id).fate, MAY_REPLACE, "{id}");
        assert!(says(outcome(&change, id), "outputs may change"), "{id}");
    }
    // The id of the nested stack stays.
    assert!(change.resources.iter().all(|one| one.logical_id.as_str() != "P"));
}

/// Source: "Name type", CloudFormation template reference: what counts is the name that CloudFormation passes to the service.
#[test]
fn a_name_that_is_written_otherwise_is_taken_too() {
    let text = |name: &str, subnet: &str| {
        format!(
            "Resources: {{R: {{Type: AWS::SageMaker::NotebookInstance, Properties: {{NotebookInstanceName: {name}, SubnetId: {subnet}}}}}}}"
        )
    };
    let change = judged(&text("eu-west-1-n", "a"), &text("!Sub '${AWS::Region}-n'", "b"));
    assert_eq!(outcome(&change, "R").fate, FAILS);
}

/// Source: "Fn::If", CloudFormation template reference. There are 2^7 ways to deploy the template.
#[test]
fn with_too_many_conditions_a_value_may_differ() {
    let all: Vec<String> = (0..7).map(|n| format!("C{n}: !Equals [!Ref P{n}, a]")).collect();
    let parameters: Vec<String> = (0..7).map(|n| format!("P{n}: {{Type: String}}")).collect();
    let sections =
        format!("Parameters: {{{}}}\nConditions: {{{}}}", parameters.join(", "), all.join(", "));
    let name = |last: &str| {
        let items: Vec<String> = (0..7).map(|n| format!("!If [C{n}, a, b]")).collect();
        format!("!Join ['', [{}, {last}]]", items.join(", "))
    };
    let change = named(&sections, &name("x"), &name("y"));
    let property = change.resources.first().and_then(|one| one.properties.first());
    assert_eq!(property.map(|one| one.update), Some(Update::MayReplace));
}
