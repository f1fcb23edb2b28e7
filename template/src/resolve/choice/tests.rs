//! The possible values of a value, one for each way to deploy its template.

use super::*;
use crate::place::Place;
use crate::read;
use crate::resolve::{Neighbour, Others};

/// The possible values of a value, as JSON; `none` where it is left out.
fn alternatives(sections: &str, value: &str) -> Vec<String> {
    alternatives_with(&[], sections, value)
}

/// The same, with some pseudo parameters specified.
fn alternatives_with(told: &[&'static str], sections: &str, value: &str) -> Vec<String> {
    let text = format!("{sections}\nMetadata: {{v: {value}}}\nResources: {{}}\n");
    let template = read::template(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
    let place = Place::parse("111122223333", "eu-west-1").expect("a place");
    let nested = BTreeMap::new();
    let own = Neighbour {
        scope: "scope",
        place: &place,
        template: &template,
        name: None,
        nested: &nested,
        told,
    };
    let others = Others::of(&[own]);
    let resolver = Resolver::open(&template, &place, "scope", &others);
    let found = resolver.alternatives(template.metadata.get("v").expect("the value"));
    let text = |one: Option<crate::resolve::Resolved<'_>>| match one {
        Some(one) => one.into_plain().to_string(),
        None => "none".to_owned(),
    };
    found.into_iter().map(text).collect()
}

const STAGES: &str = "Parameters: {Stage: {Type: String}}
Conditions:
  IsProd: !Equals [!Ref Stage, prod]
  IsDev: !Equals [dev, !Ref Stage]
  IsBoth: !And [!Condition IsProd, !Condition IsDev]
  IsNeither: !Not [!Or [!Condition IsProd, !Condition IsDev]]";

/// Source: "Condition functions" in the CloudFormation template reference: `Fn::If` can be used for any value, and
/// `AWS::NoValue` removes the value that it replaces.
#[test]
fn both_branches_are_looked_at_wherever_they_stand() {
    const STAGE: &str =
        "Parameters: {Stage: {Type: String}}\nConditions: {IsProd: !Equals [!Ref Stage, prod]}";
    for (value, expected) in [
        ("!If [IsProd, a, b]", vec![r#""a""#, r#""b""#]),
        ("!If [IsProd, a, !Ref 'AWS::NoValue']", vec![r#""a""#, "none"]),
        ("[x, !If [IsProd, a, !Ref 'AWS::NoValue']]", vec![r#"["x","a"]"#, r#"["x"]"#]),
        ("{k: !If [IsProd, 1, !Ref 'AWS::NoValue']}", vec![r#"{"k":1}"#, "{}"]),
        (
            "{k: [{l: !If [IsProd, {m: a}, [b]]}]}",
            vec![r#"{"k":[{"l":{"m":"a"}}]}"#, r#"{"k":[{"l":["b"]}]}"#],
        ),
        ("!Sub ['x-${V}', {V: !If [IsProd, a, b]}]", vec![r#""x-a""#, r#""x-b""#]),
        ("!Join ['-', [x, !If [IsProd, a, b]]]", vec![r#""x-a""#, r#""x-b""#]),
        ("!Join ['-', !If [IsProd, [a, b], [c]]]", vec![r#""a-b""#, r#""c""#]),
        ("!Select [!If [IsProd, 0, 1], [a, b]]", vec![r#""a""#, r#""b""#]),
        ("!Split ['-', !If [IsProd, a-b, c]]", vec![r#"["a","b"]"#, r#"["c"]"#]),
        ("!ToJsonString {k: !If [IsProd, a, b]}", vec![r#""{\"k\":\"a\"}""#, r#""{\"k\":\"b\"}""#]),
        // The condition of the outer branch excludes one inner branch.
        ("!If [IsProd, !If [IsProd, a, b], c]", vec![r#""a""#, r#""c""#]),
        // A condition that is not in the template may be true or false.
        ("!If [IsElsewhere, a, b]", vec![r#""a""#, r#""b""#]),
    ] {
        assert_eq!(alternatives(STAGE, value), expected, "{value}");
    }
}

/// Source: "Conditions" in the CloudFormation template reference: conditions on one parameter are evaluated with one value
/// of it.
#[test]
fn conditions_that_exclude_each_other_are_never_both_true() {
    for (value, expected) in [
        (
            "[!If [IsProd, p, !Ref 'AWS::NoValue'], !If [IsDev, d, !Ref 'AWS::NoValue']]",
            vec![r#"["d"]"#, r#"["p"]"#, "[]"],
        ),
        ("!If [IsBoth, never, always]", vec![r#""always""#]),
        ("!If [IsNeither, a, b]", vec![r#""b""#, r#""a""#]),
        ("!If [IsProd, !If [IsDev, never, p], other]", vec![r#""other""#, r#""p""#]),
    ] {
        assert_eq!(alternatives(STAGES, value), expected, "{value}");
    }
}

/// Source: "Parameters" in the CloudFormation template reference: `CommaDelimitedList`, "each member string is space
/// trimmed", and `List<Number>`; the value of an SSM parameter type is fetched when the stack is deployed.
#[test]
fn parameters_are_what_their_type_says() {
    const PARAMETERS: &str = "Parameters:
  Names: {Type: CommaDelimitedList, Default: 'a, b'}
  Ports: {Type: List<Number>, Default: '80,20'}
  Subnets: {Type: 'List<AWS::EC2::Subnet::Id>'}
  Open: {Type: String}
  Key: {Type: 'AWS::SSM::Parameter::Value<String>', Default: /key}
  Keys: {Type: 'AWS::SSM::Parameter::Value<List<String>>', Default: /keys}
  Stage: {Type: String, AllowedValues: [dev, prod], Default: dev}
  Size: {Type: Number, Default: 7}";
    for (value, expected) in [
        ("!Ref Names", vec![r#"["a","b"]"#]),
        ("!Join ['-', !Ref Names]", vec![r#""a-b""#]),
        ("!Select [1, !Ref Names]", vec![r#""b""#]),
        ("!Ref Ports", vec![r#"["80","20"]"#]),
        ("!Ref Subnets", vec![r#""{unknown}""#]),
        ("!Ref Open", vec![r#""{unknown}""#]),
        ("!Ref Key", vec![r#""{unknown}""#]),
        ("!Ref Keys", vec![r#""{unknown}""#]),
        ("!Sub 'arn:aws:s3:::${Key}/*'", vec![r#""arn:aws:s3:::{unknown}/*""#]),
        ("!Ref Size", vec![r#""7""#]),
        // "AllowedValues: An array containing the list of values allowed for the parameter": the default is one of them.
        ("!Ref Stage", vec![r#""dev""#, r#""prod""#]),
        ("!Sub 'x-${Stage}'", vec![r#""x-dev""#, r#""x-prod""#]),
        ("[!Ref Stage, !Ref Stage]", vec![r#"["dev","dev"]"#, r#"["prod","prod"]"#]),
    ] {
        assert_eq!(alternatives(PARAMETERS, value), expected, "{value}");
    }
}

/// Source: "Get values stored in other services using dynamic references" in the CloudFormation user guide:
/// `{{resolve:service-name:reference-key}}`, also within a text and put together by functions.
#[test]
fn what_a_dynamic_reference_stands_for_is_unknown() {
    const PARAMETERS: &str = "Parameters: {Open: {Type: String}, Name: {Type: String, Default: n}}";
    for (value, expected) in [
        ("'{{resolve:ssm:/p}}'", "{unknown}"),
        (
            "'x-{{resolve:ssm:/p:1}}-{{resolve:secretsmanager:s:SecretString:k}}-y'",
            "x-{unknown}-{unknown}-y",
        ),
        ("!Sub 'x-{{resolve:ssm:/p}}-${Name}'", "x-{unknown}-n"),
        ("!Sub '{{resolve:ssm:/${Name}/p}}-y'", "{unknown}-y"),
        ("!Sub '{{resolve:ssm:/${Open}}}-y'", "{unknown}-y"),
        ("!Join ['', ['{{resolve:ssm:/', !Ref Name, '}}', '-y']]", "{unknown}-y"),
        ("!Join ['/', [x, '{{resolve:ssm:/p}}']]", "x/{unknown}"),
        ("'{{resolve:'", "{{resolve:"),
    ] {
        let expected = format!("\"{expected}\"");
        assert_eq!(alternatives(PARAMETERS, value), [expected], "{value}");
    }
}

/// Source: "Fn::FindInMap" in the CloudFormation template reference, with `DefaultValue` of the language extensions.
#[test]
fn an_entry_of_a_mapping_may_be_any_that_the_keys_may_name() {
    const MAPPINGS: &str = "Parameters: {Stage: {Type: String}}
Mappings: {M: {eu-west-1: {k: 1, l: 3}, us-east-1: {k: 2, l: [a, b]}}}";
    for (value, expected) in [
        ("!FindInMap [M, eu-west-1, k]", vec!["1"]),
        ("!FindInMap [M, us-east-1, l]", vec![r#"["a","b"]"#]),
        ("!FindInMap [M, !Ref 'AWS::Region', k]", vec!["1", "2"]),
        ("!FindInMap [M, !Ref Stage, k]", vec!["1", "2"]),
        ("!FindInMap [M, eu-west-1, !Ref Stage]", vec!["1", "3"]),
        ("!FindInMap [M, nowhere, k, {DefaultValue: d}]", vec![r#""d""#]),
        ("!FindInMap [M, nowhere, k]", vec![r#""{unknown}""#]),
        ("!Sub ['x-${V}', {V: !FindInMap [M, !Ref Stage, k]}]", vec![r#""x-1""#, r#""x-2""#]),
    ] {
        assert_eq!(alternatives(MAPPINGS, value), expected, "{value}");
    }
}

/// Source: "Pseudo parameters reference" and "Fn::FindInMap" in the CloudFormation template reference: `AWS::Region` is
/// "the Region in which the encompassing resource is being created", and only the entry of that region counts.
#[test]
fn a_region_that_somebody_says_is_one_way_of_deploying() {
    const SECTIONS: &str = "Conditions:
  IsHere: !Equals [!Ref 'AWS::Region', eu-west-1]
  IsThere: !Equals [us-east-1, !Ref 'AWS::Region']
Mappings: {M: {eu-west-1: {k: 1, l: 3}, us-east-1: {k: 2}}, N: {a: {eu-west-1: 4, us-east-1: 5}}}";
    for (value, expected, untold) in [
        ("!FindInMap [M, !Ref 'AWS::Region', k]", "1", vec!["1", "2"]),
        ("!FindInMap [N, a, !Ref 'AWS::Region']", "4", vec!["4", "5"]),
        ("!If [IsHere, 6, 7]", "6", vec!["6", "7"]),
        ("!If [IsThere, 6, 7]", "7", vec!["6", "7"]),
        ("!FindInMap [M, !Ref 'AWS::Region', none]", r#""{unknown}""#, vec![r#""{unknown}""#]),
    ] {
        assert_eq!(alternatives(SECTIONS, value), untold, "{value}");
        assert_eq!(alternatives_with(&["AWS::Region"], SECTIONS, value), [expected], "{value}");
    }
}

/// A value of many parts with two possible values each: more combinations than are examined in full.
fn many(part: impl Fn(u32) -> String) -> String {
    let parts: Vec<String> = (0..10).map(part).collect();
    format!("[{}]", parts.join(", "))
}

#[test]
fn of_more_ways_than_the_cap_each_value_and_each_branch_is_seen() {
    let each = |of: &dyn Fn(u32) -> String| (0..10).map(of).collect::<Vec<_>>().join("\n");
    let allowed = each(&|n| format!("  P{n}: {{Type: String, AllowedValues: [a{n}, b{n}]}}"));
    let found = alternatives(&format!("Parameters:\n{allowed}"), &many(|n| format!("!Ref P{n}")));
    assert_eq!(found.len(), 11);
    let open = each(&|n| format!("  P{n}: {{Type: String}}"));
    let conditions = each(&|n| format!("  C{n}: !Equals [!Ref P{n}, x]"));
    let sections = format!("Parameters:\n{open}\nConditions:\n{conditions}");
    let branches = alternatives(&sections, &many(|n| format!("!If [C{n}, a{n}, b{n}]")));
    for number in 0..10 {
        for value in [format!("\"a{number}\""), format!("\"b{number}\"")] {
            assert!(found.iter().any(|one| one.contains(&value)), "{value}: {found:?}");
            assert!(branches.iter().any(|one| one.contains(&value)), "{value}: {branches:?}");
        }
    }
    // A branch inside of other branches is examined as well.
    let within = (0..10).fold("deep".to_owned(), |inner, n| format!("!If [C{n}, other, {inner}]"));
    let deep = alternatives(&sections, &within);
    assert!(deep.contains(&"\"deep\"".to_owned()), "{deep:?}");
}
