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
    let error = metadata("{a: 1, a: 2}").expect_err("a duplicate key");
    assert_eq!(error.to_string(), "line 2: `a` stands twice in this mapping");
}
