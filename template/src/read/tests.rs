use super::*;

fn metadata(yaml: &str) -> Result<Value, ReadError> {
    let text = format!("Metadata:\n  Any: {yaml}\nResources: {{}}\n");
    let mut template = template(&text)?;
    Ok(template.metadata.remove("Any").expect("the value that was written"))
}

#[test]
fn short_forms_are_the_long_forms() {
    for (short, long) in [
        ("!Ref A", "{Ref: A}"),
        ("!GetAtt A.B.C", "{'Fn::GetAtt': [A, B.C]}"),
        ("!GetAtt [A, B]", "{'Fn::GetAtt': A.B}"),
        ("!Sub 'a${B}'", "{'Fn::Sub': 'a${B}'}"),
        ("!Sub ['a${B}', {B: 1}]", "{'Fn::Sub': ['a${B}', {B: 1}]}"),
        ("!Join [',', [a, !Ref B]]", "{'Fn::Join': [',', [a, {Ref: B}]]}"),
        ("!If [C, 1, 2]", "{'Fn::If': [C, 1, 2]}"),
        ("!Select [0, !GetAZs '']", "{'Fn::Select': [0, {'Fn::GetAZs': ''}]}"),
        ("!Split ['/', a/b]", "{'Fn::Split': ['/', a/b]}"),
        ("!Base64 x", "{'Fn::Base64': x}"),
        ("!Cidr [10.0.0.0/16, 6, 8]", "{'Fn::Cidr': [10.0.0.0/16, 6, 8]}"),
        ("!FindInMap [M, a, b]", "{'Fn::FindInMap': [M, a, b]}"),
        ("!ImportValue e", "{'Fn::ImportValue': e}"),
        ("!ToJsonString {a: 1}", "{'Fn::ToJsonString': {a: 1}}"),
        ("!Equals [a, b]", "{'Fn::Equals': [a, b]}"),
        ("!Not [!Condition c]", "{'Fn::Not': [{Condition: c}]}"),
        ("!And [!Condition c, !Condition d]", "{'Fn::And': [{Condition: c}, {Condition: d}]}"),
        ("!Or [!Condition c, !Condition d]", "{'Fn::Or': [{Condition: c}, {Condition: d}]}"),
        ("!GetStackOutput {StackName: s}", "{'Fn::GetStackOutput': {StackName: s}}"),
        ("!Transform {Name: t}", "{'Fn::Transform': {Name: t}}"),
    ] {
        let value = metadata(short).expect(short);
        assert_eq!(Ok(value.clone()), metadata(long), "{short}");
        assert!(value.as_intrinsic().is_some(), "{short} is a function");
    }
}

#[test]
fn a_statement_with_one_condition_key_is_no_function() {
    let value = metadata("{Condition: {Bool: {x: true}}}").expect("a map");
    assert!(value.as_map().is_some());
}

#[test]
fn errors_name_the_line() {
    let error = template("Resources:\n  A:\n    Properties: {}\n").expect_err("no type");
    assert_eq!(error.to_string(), "line 3: a resource without `Type`");
    let error = template("Resources: {}\nOther: {}\n").expect_err("an unknown section");
    assert_eq!(error.to_string(), "line 2: `Other` is not a section of a template");
    let error = metadata("!Join [a]").expect_err("too few arguments");
    assert_eq!(error.to_string(), "line 2: Fn::Join takes a list of 2 to 2 arguments");
}

/// The template; panics with the error and the text.
fn read_well(text: &str) -> Template {
    template(text).unwrap_or_else(|error| panic!("{error}:\n{text}"))
}

/// A loop and its unrolled form are the same template. Source: "Fn::ForEach" in the CloudFormation template reference:
/// nested loops, `&{}` for an item without the characters that are not letters or digits, the variable in `Ref`, and
/// loops in resources, properties, conditions and outputs.
#[test]
fn a_loop_is_what_it_repeats() {
    for (looped, unrolled) in [
        (
            "Resources:
  Fn::ForEach::Outer:
    - A
    - [x, y]
    - Fn::ForEach::Inner:
        - B
        - ['1', '2']
        - 'Q${A}${B}': {Type: AWS::SQS::Queue, Properties: {QueueName: !Sub '${A}-${B}', KmsMasterKeyId: !Ref A}}",
            "Resources:
  Qx1: {Type: AWS::SQS::Queue, Properties: {QueueName: !Sub 'x-1', KmsMasterKeyId: 'x'}}
  Qx2: {Type: AWS::SQS::Queue, Properties: {QueueName: !Sub 'x-2', KmsMasterKeyId: 'x'}}
  Qy1: {Type: AWS::SQS::Queue, Properties: {QueueName: !Sub 'y-1', KmsMasterKeyId: 'y'}}
  Qy2: {Type: AWS::SQS::Queue, Properties: {QueueName: !Sub 'y-2', KmsMasterKeyId: 'y'}}",
        ),
        (
            "Resources:
  Fn::ForEach::All:
    - Name
    - [a.b, 1-2]
    - 'Q&{Name}': {Type: AWS::SQS::Queue, Properties: {QueueName: {Ref: Name}}}",
            "Resources:
  Qab: {Type: AWS::SQS::Queue, Properties: {QueueName: 'a.b'}}
  Q12: {Type: AWS::SQS::Queue, Properties: {QueueName: '1-2'}}",
        ),
        (
            "Resources:
  Q:
    Type: AWS::SQS::Queue
    Properties:
      Fn::ForEach::Properties:
        - Name
        - [DelaySeconds, MaximumMessageSize]
        - '${Name}': 7
Conditions:
  Fn::ForEach::Stages: [Stage, [Dev, Prod], {'Is${Stage}': !Equals [!Ref Stage, x]}]
Outputs:
  Fn::ForEach::Outputs: [Name, [A, B], {'O${Name}': {Value: !Ref Name}}]",
            "Resources:
  Q: {Type: AWS::SQS::Queue, Properties: {DelaySeconds: 7, MaximumMessageSize: 7}}
Conditions: {IsDev: !Equals ['Dev', x], IsProd: !Equals ['Prod', x]}
Outputs: {OA: {Value: 'A'}, OB: {Value: 'B'}}",
        ),
    ] {
        assert_eq!(read_well(looped), read_well(unrolled), "{looped}");
    }
}

#[test]
fn a_loop_over_what_is_not_known_is_looked_at_once() {
    const LOOP: &str = "[Name, COLLECTION, {'Q${Name}': {Type: AWS::SQS::Queue, Properties: {QueueName: !Ref Name}}}]";
    const PARAMETERS: &str = "Parameters:
  Known: {Type: CommaDelimitedList, Default: 'a, b'}
  Open: {Type: CommaDelimitedList}";
    for (collection, expected) in [
        ("!Ref Known", vec![("Qa", "a"), ("Qb", "b")]),
        ("{Ref: Known}", vec![("Qa", "a"), ("Qb", "b")]),
        ("!Ref Open", vec![("QSome", "{unknown}")]),
        ("!FindInMap [M, a, b]", vec![("QSome", "{unknown}")]),
        ("[a, !Ref Open]", vec![("QSome", "{unknown}"), ("Qa", "a")]),
    ] {
        let body = LOOP.replace("COLLECTION", collection);
        let template =
            read_well(&format!("{PARAMETERS}\nResources:\n  Fn::ForEach::All: {body}\n"));
        let name =
            |one: &ResourceEntry| one.properties.get("QueueName")?.as_text().map(str::to_owned);
        let found: Vec<_> =
            template.resources.iter().map(|(id, one)| (id.to_string(), name(one))).collect();
        let expected =
            expected.iter().map(|(id, name)| ((*id).to_owned(), Some((*name).to_owned())));
        assert_eq!(found, expected.collect::<Vec<_>>(), "{collection}");
    }
    let error = template("Resources:\n  Fn::ForEach::All: [Name, [a]]\n").expect_err("no body");
    assert!(error.message.contains("a list of three"), "{error}");
}

/// Sources, in the CloudFormation template reference: "Fn::Transform" (beside the entries of a section), "Hooks", "Rules";
/// "Globals section of the AWS SAM template" in the AWS SAM developer guide.
#[test]
fn sections_and_snippets_of_others_are_kept() {
    let template = read_well(
        "Transform: [AWS::LanguageExtensions, AWS::Serverless-2016-10-31]
Fn::Transform: {Name: Whole}
Globals: {Function: {Timeout: 3}}
Hooks: {Green: {Type: AWS::CodeDeploy::BlueGreen}}
Rules: {Only: {Assertions: [{Assert: !Equals [a, a]}]}}
Parameters:
  Fn::Transform: {Name: AWS::Include, Parameters: {Location: s3://b/p.yaml}}
Conditions:
  Fn::Transform: {Name: AWS::Include, Parameters: {Location: s3://b/c.yaml}}
Outputs:
  Fn::Transform: {Name: AWS::Include, Parameters: {Location: s3://b/o.yaml}}
Resources:
  Fn::Transform: {Name: AWS::Include, Parameters: {Location: s3://b/r.yaml}}
  Q: {Type: AWS::SQS::Queue}",
    );
    let includes: Vec<&str> =
        template.includes.iter().map(|(section, _)| section.as_ref()).collect();
    assert_eq!(includes, ["", "Conditions", "Outputs", "Parameters", "Resources"]);
    assert_eq!(template.resources.len(), 1);
    assert!(template.parameters.is_empty() && template.conditions.is_empty());
    for (section, name) in
        [(&template.globals, "Function"), (&template.hooks, "Green"), (&template.rules, "Only")]
    {
        assert!(section.get(name).is_some(), "{name}");
    }
    assert_eq!(template.transform.as_ref().and_then(Value::as_list).map(<[Value]>::len), Some(2));
}

/// Source: "AWS::LanguageExtensions transform" in the CloudFormation template reference: functions in `DeletionPolicy` and
/// `UpdateReplacePolicy`, and in the arguments of `Ref` and `Fn::GetAtt`.
#[test]
fn functions_stand_where_the_language_extensions_take_them() {
    let template = read_well(
        "Resources:
  A: {Type: AWS::SQS::Queue, DeletionPolicy: !If [C, Retain, Delete], UpdateReplacePolicy: {'Fn::FindInMap': [M, a, b]}}
  B: {Type: AWS::SQS::Queue, DeletionPolicy: RetainExceptOnCreate}",
    );
    let of = |id: &str| &template.resources[&LogicalId::new(id)];
    assert_eq!((of("A").deletion_policy, of("A").update_replace_policy), (None, None));
    for key in ["DeletionPolicy", "UpdateReplacePolicy"] {
        let call = of("A").other.get(key).and_then(Value::as_intrinsic);
        assert!(call.is_some(), "{key}");
    }
    assert_eq!(of("B").deletion_policy, Some(DeletionPolicy::RetainExceptOnCreate));
    for (call, name) in [
        ("!GetAtt [Q, !Ref A]", "Fn::GetAtt"),
        ("{'Fn::GetAtt': [!Sub 'Q${A}', Arn]}", "Fn::GetAtt"),
        ("{Ref: {'Fn::Sub': 'Q${A}'}}", "Ref"),
        ("{'Fn::Sub': [!FindInMap [M, a, b], {}]}", "Fn::Sub"),
    ] {
        let value = metadata(call).expect(call);
        let is_other =
            matches!(value.as_intrinsic(), Some(Intrinsic::Other(found, _)) if found == name);
        assert!(is_other, "{call}: {value:?}");
    }
}

#[test]
fn a_byte_order_mark_is_no_text() {
    let plain = read_well("Resources: {}\n");
    assert_eq!(read_well("\u{feff}Resources: {}\n"), plain);
    assert_eq!(read_well("\u{feff}{\"Resources\": {}}"), plain);
}

/// PyYAML, with which the AWS CLI reads templates, accepts any indentation in the further lines of a quoted text.
#[test]
fn quoted_text_may_go_on_with_less_indentation() {
    let template = read_well(
        "Parameters:
  P:
    Type: String
    Description: 'one,
  two and
it''s three'
    Default: \"four
five\"
Resources: {}
",
    );
    let of = |name| template.parameters["P"].attributes.get(name).and_then(Value::as_text);
    assert_eq!(of("Description"), Some("one, two and it's three"));
    assert_eq!(of("Default"), Some("four five"));
}

/// Source: "JSON policy documents" of types such as `AWS::IAM::Role` are objects, and CloudFormation passes on a text
/// unchanged: braces and `${}` in it are not functions.
#[test]
fn a_policy_as_text_stays_text() {
    let policy = r#"{"Statement": {"Condition": "x", "Ref": "A", "Resource": "${aws:username}"}}"#;
    assert_eq!(metadata(&format!("'{policy}'")), Ok(Value::text(policy.to_owned())));
}

/// Source: github.com/aws-cloudformation/cfn-language-discussion issue 96.
#[test]
fn of_what_stands_twice_the_last_counts_where_a_program_did_not_write_it() {
    let text = "Resources:\n  A: {Type: 'AWS::SNS::Topic'}\n  A: {Type: 'AWS::SQS::Queue', Properties: {QueueName: a, QueueName: b}}\n";
    let read = read_well(text);
    let resource = read.resources.values().next().expect("a resource");
    assert_eq!(read.resources.len(), 1);
    assert_eq!(resource.kind, "AWS::SQS::Queue");
    assert_eq!(resource.properties.get("QueueName").and_then(Value::as_text), Some("b"));
    let error = written(text).expect_err("a key twice");
    assert_eq!(error.to_string(), "line 3: `A` stands twice in one mapping");
    // Of a repeated section only the last one counts, as a whole.
    let sections = "{\"Resources\": {\"A\": {\"Type\": \"AWS::SNS::Topic\"}}, \"Resources\": {\"B\": {\"Type\": \"AWS::SNS::Topic\"}}}";
    let ids: Vec<String> = read_well(sections).resources.keys().map(ToString::to_string).collect();
    assert_eq!(ids, ["B"]);
}
