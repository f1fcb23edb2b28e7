use lakewright_template::{Place, read, write};

use super::*;

type Lines = BTreeMap<String, Vec<String>>;

fn template(text: &str) -> Template {
    read::template(text).expect("a template")
}

fn stack<'t>(
    address: &'t str,
    place: &'t Place,
    template: &'t Template,
    lines: &'t Lines,
) -> Stack<'t> {
    Stack { address, place, template, lines }
}

fn place() -> Place {
    Place::parse("111122223333", "eu-west-1").expect("a place")
}

/// The change of one stack, from the texts of its templates.
fn change(before: &str, after: &str) -> Option<StackChange> {
    let (before, after) = (template(before), template(after));
    let (place, lines) = (place(), Lines::new());
    let before = stack("s", &place, &before, &lines);
    let after = stack("s", &place, &after, &lines);
    stacks(&[before], &[after]).pop()
}

/// The changes in lines, as `path: before -> after`.
fn shown(changes: &[PropertyChange]) -> Vec<String> {
    let text = |value: Option<&Value>| {
        value.map_or_else(|| "nothing".to_owned(), write::value_to_compact_json)
    };
    let line = |change: &PropertyChange| {
        let (before, after) = (text(change.before.as_ref()), text(change.after.as_ref()));
        format!("{}: {before} -> {after}", change.path)
    };
    changes.iter().map(line).collect()
}

/// The changed properties of one resource, from its properties in YAML's flow style.
fn properties(kind: &str, before: &str, after: &str) -> Vec<String> {
    let text = |properties: &str| {
        format!("Resources: {{R: {{Type: '{kind}', Properties: {properties}}}}}")
    };
    let Some(change) = change(&text(before), &text(after)) else {
        return Vec::new();
    };
    assert!(change.others.is_empty());
    shown(&change.resources[0].properties)
}

/// The changes of a bucket policy, from its statements in YAML's flow style.
fn statements(before: &str, after: &str) -> Vec<String> {
    let text = |statements: &str| {
        format!("{{Bucket: b, PolicyDocument: {{Version: '2012-10-17', Statement: {statements}}}}}")
    };
    let lines = properties("AWS::S3::BucketPolicy", &text(before), &text(after));
    let start = "/PolicyDocument/Statement";
    lines.iter().map(|line| line.replace(start, "")).collect()
}

/// The changes of attributes, from the attributes of one resource in YAML's flow style.
fn attribute_changes(before: &str, after: &str) -> (Vec<String>, Vec<Update>, Fate) {
    let text = |attributes: &str| format!("Resources: {{R: {{{attributes}}}}}");
    let change = change(&text(before), &text(after)).expect("a change");
    let resource = &change.resources[0];
    assert!(resource.properties.is_empty());
    let updates = resource.attributes.iter().map(|change| change.update).collect();
    (shown(&resource.attributes), updates, resource.outcome.fate)
}

/// The changes outside of resources.
fn other_changes(before: &str, after: &str) -> Vec<String> {
    let resource = "Resources: {R: {Type: AWS::S3::Bucket}}";
    let change = change(&format!("{resource}\n{before}"), &format!("{resource}\n{after}"));
    shown(&change.map(|change| change.others).unwrap_or_default())
}

const NONE: [&str; 0] = [];

#[test]
fn stacks_are_paired_by_address_and_sorted() {
    let (one, other) = (
        template("Resources: {R: {Type: AWS::S3::Bucket}}\nOutputs: {O: {Value: v}}"),
        template("Resources: {R: {Type: AWS::S3::Bucket, Properties: {BucketName: b}}}"),
    );
    let (place, lines) = (place(), Lines::new());
    let at = |address, template| stack(address, &place, template, &lines);
    let before = [at("d", &one), at("a", &one), at("b", &one)];
    let after = [at("c", &one), at("b", &one), at("a", &other)];
    let changes = stacks(&before, &after);
    let kinds: Vec<_> = changes.iter().map(|change| (change.stack.as_str(), change.kind)).collect();
    let expected =
        [("a", ChangeKind::Changed), ("c", ChangeKind::Added), ("d", ChangeKind::Removed)];
    assert_eq!(kinds, expected);
    let fates: Vec<_> = changes.iter().map(|change| change.resources[0].outcome.fate).collect();
    assert_eq!(fates, [Fate::Updated(Update::InPlace), Fate::Created, Fate::Deleted]);
    assert!(changes[1].others.is_empty());
    assert!(stacks(&before, &before).is_empty());
}

#[test]
fn resources_are_added_removed_and_changed_in_the_order_of_their_ids() {
    let change = change(
        "Resources:\n  B: {Type: AWS::S3::Bucket}\n  C: {Type: AWS::SNS::Topic}\n  \
         D: {Type: AWS::SQS::Queue}\n",
        "Resources:\n  A: {Type: AWS::KMS::Key}\n  B: {Type: AWS::S3::Bucket}\n  \
         D: {Type: AWS::SQS::Queue, Properties: {DelaySeconds: 1}}\n",
    )
    .expect("a change");
    let kinds: Vec<_> = change.resources.iter().map(|resource| resource.kind).collect();
    assert_eq!(kinds, [ChangeKind::Added, ChangeKind::Removed, ChangeKind::Changed]);
    let types: Vec<_> = change.resources.iter().map(|resource| &*resource.resource_type).collect();
    assert_eq!(types, ["AWS::KMS::Key", "AWS::SNS::Topic", "AWS::SQS::Queue"]);
    assert!(change.resources[0].properties.is_empty());
}

#[test]
fn the_lines_are_those_of_the_resource_or_else_of_the_stack() {
    let before = template("Resources: {A: {Type: AWS::SNS::Topic}, B: {Type: AWS::SNS::Topic}}");
    let after = template(
        "Resources:\n  A: {Type: AWS::SNS::Topic, Properties: {TopicName: t}}\n  \
         C: {Type: AWS::SNS::Topic}",
    );
    let line = |name: &str, line: &str| (name.to_owned(), vec![line.to_owned()]);
    let old_lines = Lines::from([line("*", "a.yaml:1:1"), line("A", "a.yaml:2:1")]);
    let new_lines = Lines::from([line("*", "b.yaml:1:1"), line("C#Sid", "b.yaml:3:1")]);
    let place = place();
    let old = stack("s", &place, &before, &old_lines);
    let new = stack("s", &place, &after, &new_lines);
    let changes = stacks(&[old], &[new]);
    let lines: Vec<_> = changes[0]
        .resources
        .iter()
        .map(|resource| (resource.lines_before.join(" "), resource.lines_after.join(" ")))
        .collect();
    let pair = |old: &str, new: &str| (old.to_owned(), new.to_owned());
    let expected =
        [pair("a.yaml:2:1", "b.yaml:1:1"), pair("a.yaml:1:1", ""), pair("", "b.yaml:1:1")];
    assert_eq!(lines, expected);
}

/// Source: the service's answer in aws/aws-sam-cli#6786, "Update of resource type is not permitted".
#[test]
fn a_changed_type_fails() {
    let (lines, updates, fate) =
        attribute_changes("Type: 'AWS::SNS::Topic'", "Type: 'AWS::SQS::Queue'");
    assert_eq!(lines, [r#"/Type: "AWS::SNS::Topic" -> "AWS::SQS::Queue""#]);
    assert_eq!(updates, [Update::Fails]);
    assert_eq!(fate, Fate::Updated(Update::Fails));
}

#[test]
fn properties_are_shown_at_the_deepest_path_that_differs() {
    let lines = properties(
        "AWS::S3::Bucket",
        "{BucketName: a, VersioningConfiguration: {Status: Enabled}, ObjectLockEnabled: true}",
        "{BucketName: a, VersioningConfiguration: {Status: Suspended}, AccessControl: Private}",
    );
    assert_eq!(
        lines,
        [
            r#"/AccessControl: nothing -> "Private""#,
            "/ObjectLockEnabled: true -> nothing",
            r#"/VersioningConfiguration/Status: "Enabled" -> "Suspended""#,
        ]
    );
}

/// Source: RFC 6901, section 3.
#[test]
fn names_in_paths_are_escaped() {
    let lines = properties(
        "AWS::Glue::Database",
        "{DatabaseInput: {Parameters: {a/b: 1, c~d: 1}}}",
        "{DatabaseInput: {Parameters: {a/b: 2, c~d: 2}}}",
    );
    assert_eq!(
        lines,
        ["/DatabaseInput/Parameters/a~1b: 1 -> 2", "/DatabaseInput/Parameters/c~0d: 1 -> 2"]
    );
}

#[test]
fn a_list_that_got_an_element_yields_the_element() {
    let rules = |names: &str| {
        let rules = names.split(' ').map(|name| format!("{{Id: {name}, Status: Enabled}}"));
        format!("{{LifecycleConfiguration: {{Rules: [{}]}}}}", rules.collect::<Vec<_>>().join(", "))
    };
    let lines = properties("AWS::S3::Bucket", &rules("a b"), &rules("a c b"));
    let rule = r#"{"Id":"c","Status":"Enabled"}"#;
    assert_eq!(lines, [format!("/LifecycleConfiguration/Rules/1: nothing -> {rule}")]);
    let lines = properties("AWS::S3::Bucket", &rules("a c b"), &rules("a b"));
    assert_eq!(lines, [format!("/LifecycleConfiguration/Rules/1: {rule} -> nothing")]);
}

#[test]
fn elements_of_an_ordered_list_are_paired_by_name() {
    let lines = properties(
        "AWS::S3::Bucket",
        "{LifecycleConfiguration: {Rules: [{Id: a, Status: Enabled}, {Id: b, Status: Enabled}]}}",
        "{LifecycleConfiguration: {Rules: [{Id: c, Status: Enabled}, {Id: a, Status: Enabled}, \
         {Id: b, Status: Disabled}]}}",
    );
    assert_eq!(
        lines,
        [
            r#"/LifecycleConfiguration/Rules/0: nothing -> {"Id":"c","Status":"Enabled"}"#,
            r#"/LifecycleConfiguration/Rules/2/Status: "Enabled" -> "Disabled""#,
        ]
    );
}

/// Source: the pinned schemas: `ManagedPolicyArns` has `insertionOrder: false`, `Stages` of a pipeline has not.
#[test]
fn the_order_of_a_list_matters_unless_the_schema_says_otherwise() {
    let role = |arns: &str| format!("{{ManagedPolicyArns: [{arns}]}}");
    assert_eq!(properties("AWS::IAM::Role", &role("a, b, c"), &role("c, a, b")), NONE);
    assert_eq!(
        properties("AWS::IAM::Role", &role("a, b, c"), &role("d, c, a")),
        [r#"/ManagedPolicyArns/0: nothing -> "d""#, r#"/ManagedPolicyArns/1: "b" -> nothing"#]
    );
    let stages = |names: &str| format!("{{Stages: [{names}]}}");
    let lines = properties(
        "AWS::CodePipeline::Pipeline",
        &stages("{Name: a}, {Name: b}"),
        &stages("{Name: b}, {Name: a}"),
    );
    assert_eq!(lines, [r#"/Stages/0/Name: "a" -> "b""#, r#"/Stages/1/Name: "b" -> "a""#]);
    // The schema of this type is not pinned.
    assert_eq!(properties("Custom::Thing", "{L: [a, b]}", "{L: [b, a]}").len(), 2);
}

/// Source: "Handle schema updates" in the Athena user guide: columns of CSV and TSV cannot be reordered.
#[test]
fn the_order_of_columns_matters() {
    let table =
        |columns: &str| format!("{{TableInput: {{StorageDescriptor: {{Columns: [{columns}]}}}}}}");
    let lines = properties(
        "AWS::Glue::Table",
        &table("{Name: a}, {Name: b}"),
        &table("{Name: b}, {Name: a}"),
    );
    assert_eq!(lines.len(), 2, "{lines:?}");
}

#[test]
fn tags_are_paired_by_their_keys_for_every_type() {
    for kind in ["AWS::S3::Bucket", "AWS::EC2::Instance"] {
        let tags = |tags: &str| format!("{{Tags: [{tags}]}}");
        let lines = properties(
            kind,
            &tags("{Key: a, Value: 1}, {Key: b, Value: 2}, {Key: c, Value: 3}"),
            &tags("{Key: d, Value: 4}, {Key: b, Value: 5}, {Key: a, Value: 1}"),
        );
        assert_eq!(
            lines,
            [
                r#"/Tags/0: nothing -> {"Key":"d","Value":4}"#,
                "/Tags/1/Value: 2 -> 5",
                r#"/Tags/2: {"Key":"c","Value":3} -> nothing"#,
            ]
        );
    }
}

/// Source: "DependsOn attribute" in the CloudFormation template reference: one id equals a list with one id.
#[test]
fn dependencies_have_no_order_and_no_effect_on_the_resource() {
    let topic = |depends: &str| format!("Type: 'AWS::SNS::Topic', DependsOn: {depends}");
    let text = |depends: &str| format!("Resources: {{R: {{{}}}}}", topic(depends));
    assert_eq!(change(&text("[A, B]"), &text("[B, A]")), None);
    assert_eq!(change(&text("A"), &text("[A]")), None);
    let (lines, updates, fate) = attribute_changes(&topic("[A, B]"), &topic("[C, B]"));
    assert_eq!(lines, [r#"/DependsOn/0: "A" -> nothing"#, r#"/DependsOn/1: nothing -> "C""#]);
    assert_eq!(updates, [Update::Nothing, Update::Nothing]);
    assert_eq!(fate, Fate::Unchanged);
}

#[test]
fn each_attribute_has_its_path() {
    let (lines, updates, fate) = attribute_changes(
        "Type: 'AWS::S3::Bucket', DeletionPolicy: Retain, Metadata: {a: {b: 1}}, \
         UpdatePolicy: {UseOnlineResharding: true}",
        "Type: 'AWS::S3::Bucket', DeletionPolicy: Delete, Metadata: {a: {b: 2}}, \
         UpdateReplacePolicy: Retain, Condition: C, CreationPolicy: {StartFleet: true}",
    );
    assert_eq!(
        lines,
        [
            r#"/Condition: nothing -> "C""#,
            r#"/CreationPolicy: nothing -> {"StartFleet":true}"#,
            r#"/DeletionPolicy: "Retain" -> "Delete""#,
            "/Metadata/a/b: 1 -> 2",
            r#"/UpdatePolicy: {"UseOnlineResharding":true} -> nothing"#,
            r#"/UpdateReplacePolicy: nothing -> "Retain""#,
        ]
    );
    let nothing = Update::Nothing;
    assert_eq!(updates, [Update::InPlace, nothing, nothing, nothing, nothing, nothing]);
    assert_eq!(fate, Fate::Updated(Update::InPlace));
}

#[test]
fn other_sections_have_their_paths() {
    let lines = other_changes(
        "Description: one\nMetadata: {a: 1}\nParameters: {P: {Type: String, Default: a}}\n\
         Conditions: {C: !Equals [!Ref P, a]}\nMappings: {M: {x: {y: 1}}}\n\
         Rules: {L: {Assertions: []}}\nTransform: T1\nHooks: {H: {Type: h}}\n\
         Outputs: {O: {Value: a, Export: {Name: e}}, Gone: {Value: g}}",
        "Description: two\nMetadata: {a: 2}\nParameters: {P: {Type: String, Default: b}}\n\
         Conditions: {C: !Equals [!Ref P, b]}\nMappings: {M: {x: {y: 2}}}\nTransform: T2\n\
         Hooks: {H: {Type: k}}\nOutputs: {O: {Value: b, Export: {Name: f}}}",
    );
    let paths: Vec<&str> = lines.iter().filter_map(|line| line.split(": ").next()).collect();
    assert_eq!(
        paths,
        [
            "/Conditions/C",
            "/Description",
            "/Hooks/H/Type",
            "/Mappings/M/x/y",
            "/Metadata/a",
            "/Outputs/Gone",
            "/Outputs/O/Export/Name",
            "/Outputs/O/Value",
            "/Parameters/P/Default",
            "/Rules/L",
            "/Transform",
        ]
    );
    assert!(lines.contains(&r#"/Outputs/Gone: {"Value":"g"} -> nothing"#.to_owned()), "{lines:?}");
}

/// The revision is a digest of the template and the tags of its stack (`template/src/revision.rs`).
#[test]
fn the_revision_is_a_change_only_if_nothing_else_differs() {
    let outputs = |revision: &str, other: &str| {
        format!("Outputs: {{LakewrightRevision: {{Value: {revision}}}, O: {{Value: {other}}}}}")
    };
    assert_eq!(
        other_changes(&outputs("r1", "a"), &outputs("r2", "b")),
        [r#"/Outputs/O/Value: "a" -> "b""#]
    );
    assert_eq!(
        other_changes(&outputs("r1", "a"), &outputs("r2", "a")),
        [r#"/Outputs/LakewrightRevision/Value: "r1" -> "r2""#]
    );
    let text = |revision: &str, name: &str| {
        let resource = format!("R: {{Type: AWS::SNS::Topic, Properties: {{TopicName: {name}}}}}");
        format!("Resources: {{{resource}}}\n{}", outputs(revision, "a"))
    };
    let change = change(&text("r1", "a"), &text("r2", "b")).expect("a change");
    assert_eq!((change.resources.len(), change.others.len()), (1, 0));
}

/// Source: "Fn::Sub" and "Fn::Join" in the CloudFormation template reference.
#[test]
fn functions_of_one_meaning_are_equal() {
    for (one, other) in [
        ("!Sub text", "text"),
        ("!Join ['-', [a, b]]", "a-b"),
        ("!Join ['', [a]]", "!Sub a"),
        ("!Sub '${A}'", "!Ref A"),
        ("!Sub '${A.Arn}'", "!GetAtt A.Arn"),
        ("!Sub '${A.B.C}'", "!GetAtt [A, B.C]"),
        ("!Sub ['${x}-y', {x: !Ref A}]", "!Sub '${A}-y'"),
        ("!Join [':', [arn, !Ref A, !GetAtt B.Name]]", "!Sub 'arn:${A}:${B.Name}'"),
        ("!Join ['/', [!Sub 'a/${A}', b]]", "!Sub 'a/${A}/b'"),
        ("!If [C, !Sub '${A}', x]", "!If [C, !Ref A, x]"),
        ("!Sub '${!A}'", "'${A}'"),
    ] {
        let name = |value: &str| format!("{{BucketName: {value}}}");
        assert_eq!(properties("AWS::S3::Bucket", &name(one), &name(other)), NONE, "{one}");
        assert_eq!(properties("AWS::S3::Bucket", &name(other), &name(one)), NONE, "{one}");
    }
}

/// Source: "Fn::Sub" in the CloudFormation template reference: only its own text has variables.
#[test]
fn functions_of_other_meanings_differ_and_are_shown_as_they_are() {
    for (one, other, line) in [
        ("'${A}'", "!Ref A", r#"/BucketName: "${A}" -> {"Ref":"A"}"#),
        ("!Sub '${A}-x'", "!Sub '${B}-x'", ""),
        ("!Join [',', !Ref A]", "!Ref A", ""),
        ("!Join ['-', [a, !Ref AWS::NoValue]]", "!Sub 'a-${AWS::NoValue}'", ""),
        ("!If [C, a, b]", "!If [D, a, b]", ""),
    ] {
        let name = |value: &str| format!("{{BucketName: {value}}}");
        let lines = properties("AWS::S3::Bucket", &name(one), &name(other));
        assert_eq!(lines.len(), 1, "{one}");
        assert!(lines[0].starts_with("/BucketName: "), "{lines:?}");
        assert!(line.is_empty() || lines[0] == line, "{lines:?}");
    }
}

/// Source: the module `coercion` of `cloudformation-validate-template-model` 1.15.0. For event
/// patterns, "Event pattern syntax" in the EventBridge user guide: their values follow the rules of JSON.
#[test]
fn a_scalar_equals_its_text_where_the_schema_has_a_scalar() {
    let key = |rotation: &str, days: &str| {
        format!("{{EnableKeyRotation: {rotation}, PendingWindowInDays: {days}}}")
    };
    assert_eq!(properties("AWS::KMS::Key", &key("true", "7"), &key("'true'", "'7'")), NONE);
    assert_eq!(properties("AWS::KMS::Key", &key("true", "7"), &key("'false'", "'07'")).len(), 2);
    let pattern = |code: &str| format!("{{EventPattern: {{detail: {{code: [{code}]}}}}}}");
    assert_eq!(properties("AWS::Events::Rule", &pattern("1"), &pattern("'1'")).len(), 1);
    assert_eq!(properties("Custom::Thing", "{A: 1}", "{A: '1'}").len(), 1);
}

/// Source: "Policy evaluation logic" in the IAM user guide: all statements are evaluated.
#[test]
fn the_order_of_statements_and_of_their_values_does_not_matter() {
    let one = "{Sid: A, Effect: Allow, Principal: {AWS: [a, b]}, Action: [s3:Get*, s3:List*], \
               Resource: [x, y], Condition: {StringEquals: {aws:PrincipalOrgID: [o, p]}}}";
    let mixed = "{Sid: A, Effect: Allow, Principal: {AWS: [b, a]}, Action: [s3:List*, s3:Get*], \
                 Resource: [y, x], Condition: {StringEquals: {aws:PrincipalOrgID: [p, o]}}}";
    let two = "{Effect: Deny, Principal: '*', Action: 's3:*', Resource: z}";
    assert_eq!(statements(&format!("[{one}, {two}]"), &format!("[{two}, {mixed}]")), NONE);
}

/// Sources: "Grammar of the IAM JSON policy language" in the IAM user guide (lists with one value; numbers and booleans), and
/// the pages on the elements "Action", "Condition" and "Principal".
#[test]
fn texts_that_iam_reads_alike_are_equal() {
    let one = "{Effect: Allow, Principal: {AWS: '111122223333'}, Action: s3:GetObject, Resource: x, \
               Condition: {Bool: {'aws:SecureTransport': true}}}";
    let other = "[{Effect: Allow, Principal: {AWS: ['arn:aws:iam::111122223333:root']}, \
                 Action: [S3:getobject], Resource: [x], \
                 Condition: {Bool: {'aws:securetransport': ['true']}}}]";
    assert_eq!(statements(one, other), NONE);
    assert_eq!(statements(other, one), NONE);
    let everybody = |principal: &str| {
        format!("[{{Effect: Allow, Principal: {principal}, Action: a:b, Resource: x}}]")
    };
    assert_eq!(statements(&everybody("'*'"), &everybody("{AWS: '*'}")), NONE);
    // Resources and the values of conditions are case-sensitive.
    let resource = |name: &str| format!("[{{Effect: Allow, Action: a:b, Resource: {name}}}]");
    assert_eq!(statements(&resource("x"), &resource("X")).len(), 2);
}

#[test]
fn a_statement_that_differs_is_removed_and_added() {
    let statement =
        |action: &str| format!(r#"{{"Action":"{action}","Effect":"Allow","Resource":"x"}}"#);
    let (one, two, three) = (statement("a:b"), statement("c:d"), statement("e:f"));
    assert_eq!(
        statements(&format!("[{one}, {two}]"), &format!("[{three}, {one}]")),
        [format!("/0: nothing -> {three}"), format!("/1: {two} -> nothing")]
    );
}

#[test]
fn statements_with_one_sid_are_compared_element_by_element() {
    let lines = statements(
        "[{Sid: A, Effect: Allow, Principal: {AWS: [p, q]}, Action: 's3:GetObject', Resource: [x, y], \
         Condition: {StringEquals: {'aws:SourceAccount': '1', 's3:prefix': [a, b]}}}]",
        "[{Sid: B, Effect: Deny, Principal: '*', Action: 'kms:*', Resource: '*'}, \
         {Sid: A, Effect: Deny, Principal: {AWS: [q, p, r]}, Action: ['s3:getobject', 's3:PutObject'], \
         Resource: [y], Condition: {StringEquals: {'AWS:SourceAccount': '2', 's3:prefix': [b, a]}}}]",
    );
    let added = r#"{"Action":"kms:*","Effect":"Deny","Principal":"*","Resource":"*","Sid":"B"}"#;
    assert_eq!(
        lines,
        [
            format!("/0: nothing -> {added}").as_str(),
            r#"/1/Action/1: nothing -> "s3:PutObject""#,
            r#"/1/Condition/StringEquals/AWS:SourceAccount: "1" -> "2""#,
            r#"/1/Effect: "Allow" -> "Deny""#,
            r#"/1/Principal/AWS/2: nothing -> "r""#,
            r#"/1/Resource/0: "x" -> nothing"#,
        ]
    );
}

/// Source: "IAM JSON policy elements: Sid" in the IAM user guide: an optional identifier, which decides no request.
#[test]
fn a_changed_sid_alone_is_a_change_of_the_sid() {
    let statement = |sid: &str| format!("[{{{sid}Effect: Allow, Action: a:b, Resource: x}}]");
    assert_eq!(
        statements(&statement("Sid: A, "), &statement("Sid: B, ")),
        [r#"/0/Sid: "A" -> "B""#]
    );
    assert_eq!(statements(&statement(""), &statement("Sid: B, ")), [r#"/0/Sid: nothing -> "B""#]);
}

#[test]
fn documents_are_found_wherever_they_are() {
    let policies = |first: &str, second: &str| {
        let document = |actions: &str| {
            format!("{{Statement: [{{Effect: Allow, Action: [{actions}], Resource: x}}]}}")
        };
        format!(
            "{{Policies: [{{PolicyName: {first}, PolicyDocument: {}}}, \
             {{PolicyName: {second}, PolicyDocument: {}}}]}}",
            document("a:b, c:d"),
            document("c:d, a:b")
        )
    };
    assert_eq!(properties("AWS::IAM::Role", &policies("p", "q"), &policies("q", "p")), NONE);
    // The statement of an event bus policy is a property.
    let bus = |actions: &str| {
        format!(
            "{{StatementId: s, Statement: {{Effect: Allow, Action: [{actions}], Resource: x}}}}"
        )
    };
    assert_eq!(properties("AWS::Events::EventBusPolicy", &bus("a:b, c:d"), &bus("c:d, a:b")), NONE);
    // Below a function.
    let chosen = |actions: &str| {
        let statement = format!("{{Effect: Allow, Action: [{actions}], Resource: x}}");
        format!("{{KeyPolicy: !If [C, {{Statement: [{statement}]}}, {{}}]}}")
    };
    assert_eq!(properties("AWS::KMS::Key", &chosen("a:b, c:d"), &chosen("c:d, a:b")), NONE);
}

/// Source: `Statement` of `AWS::WAFv2::WebACL` in the CloudFormation template reference has no effect and no actions.
#[test]
fn a_statement_without_an_effect_belongs_to_no_policy() {
    let rule = |action: &str| {
        format!("{{Rules: [{{Name: r, Statement: {{NotStatement: {{Action: {action}}}}}}}]}}")
    };
    let lines = properties("AWS::WAFv2::WebACL", &rule("[a, b]"), &rule("[b, a]"));
    assert_eq!(lines.len(), 2, "{lines:?}");
}

/// The size of a large fleet. One test run takes well under a second, because what is equal is only compared with `==`.
#[test]
fn a_change_in_each_of_many_stacks_is_found() {
    let text = |name: &str| {
        let topic = |place: i32| format!("  T{place}: {{Type: AWS::SNS::Topic}}\n");
        let topics = (0..30).map(topic).collect::<Vec<_>>().concat();
        format!(
            "Resources:\n{topics}  X: {{Type: AWS::SNS::Topic, Properties: {{TopicName: {name}}}}}\n"
        )
    };
    let (old, new) = (template(&text("a")), template(&text("b")));
    let addresses: Vec<String> = (0..15_000).map(|place| format!("s{place:05}")).collect();
    let (place, lines) = (place(), Lines::new());
    let side = |template| {
        let stacks = addresses.iter().map(|address| stack(address, &place, template, &lines));
        stacks.collect::<Vec<_>>()
    };
    let changes = stacks(&side(&old), &side(&new));
    assert_eq!(changes.len(), 15_000);
    assert!(changes.iter().all(|change| change.resources.len() == 1));
}
