//! Input that nobody would write by accident: the result is a clear error or correct output, never a panic and never
//! an injected function.

use std::fs;

use lakewright_manifest::SourceFile;
use lakewright_manifest::document::Kind;
use lakewright_template::{Intrinsic, Value, read};
use proptest::prelude::*;

use crate::run::{BASE, BASE_DATASET, lakewright, mesh, resolved, root, synthesized, transcript};

const LABELS: [&str; 12] = [
    "\"quotes\" and 'quotes'",
    "${AWS::AccountId}",
    "{\"Ref\": \"AWS::Region\"}",
    "!Sub ${AWS::StackName}",
    "line\nbreak\r\n\ttab",
    "🚀 emoji 日本語 العربية",
    "\"; import os; os.system(\"x\")",
    "<script>alert(1)</script>",
    "back\\slash \\u0000",
    "Fn::GetAtt: [a, b]",
    "--- ... # & * ! | > % @ `",
    "Ω≈ç√∫˜µ≤≥÷",
];

fn sources(label: &str) -> Vec<SourceFile> {
    let text = serde_json::to_string(label).expect("text as JSON, which is YAML");
    let dataset = format!("{BASE_DATASET}label: {text}\ndescription: {text}\n");
    let worksheet = format!(
        "kind: Worksheet\nid: w\nenvironment: dev\nteam: Owners\nquery: {text}\nlabel: {text}\ndescription: {text}\n"
    );
    [("base.yaml", BASE.to_owned()), ("sales.yaml", dataset), ("w.yaml", worksheet)]
        .map(|(path, text)| SourceFile { path: path.to_owned(), text })
        .into()
}

/// All intrinsic functions in the templates.
fn functions(label: &str) -> Vec<Intrinsic> {
    let mut found = Vec::new();
    for stack in synthesized(&mesh(&sources(label))) {
        let template = read::template(&stack.json).expect("valid JSON");
        for resource in template.resources.values() {
            for (_, value) in resource.properties.iter() {
                value.walk(&mut |value| found.extend(value.as_intrinsic().cloned()));
            }
        }
    }
    found
}

#[test]
fn labels_and_descriptions_stay_text() {
    let plain = functions("plain");
    let long = "x".repeat(10_000);
    for label in LABELS.into_iter().chain([long.as_str()]) {
        assert_eq!(functions(label), plain, "{label}");
    }
}

#[test]
fn a_query_arrives_as_it_was_written() {
    for label in LABELS {
        let stacks = synthesized(&mesh(&sources(label)));
        let queries: Vec<&Value> = stacks
            .iter()
            .flat_map(|stack| stack.lowered.template.resources.values())
            .filter(|resource| resource.kind == "AWS::Athena::NamedQuery")
            .filter_map(|resource| resource.properties.get("QueryString"))
            .collect();
        assert_eq!(queries, [&Value::text(label.to_owned())]);
    }
}

#[test]
fn text_that_cloudformation_would_replace_is_refused() {
    for (label, code) in [
        ("{{resolve:ssm-secure:/prod/password}}", "dynamic-reference"),
        ("a \u{7} bell", "invalid-value"),
    ] {
        let (mesh, report) = resolved(&sources(label));
        assert!(mesh.is_none());
        assert!(report.iter().all(|diagnostic| diagnostic.code.as_str() == code), "{report:?}");
    }
}

#[test]
fn bad_yaml_is_explained_where_it_is() {
    // Both are slightly over the limits of a file, so they harm no other reader: 64 levels in a mapping, and aliases
    // that repeat 101,218 nodes.
    let deep = format!("kind: {}x{}", "[".repeat(64), "]".repeat(64));
    let bomb = [(0, 10), (1, 10), (2, 10), (3, 8)].into_iter().fold(
        "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned(),
        |text, (level, count)| {
            let next = level + 1;
            format!("{text}a{next}: &a{next} [{}]\n", format!("*a{level}, ").repeat(count))
        },
    );
    for (text, code) in [
        ("kind: Dataset\n\tid: tabs\n", "yaml-syntax"),
        ("kind: Dataset\nkind: Dataset\nid: twice\n", "duplicate-key"),
        ("just text", "wrong-type"),
        ("- a\n- list\n", "wrong-type"),
        ("kind: [Dataset]\n", "wrong-type"),
        ("id: nameless\n", "missing-field"),
        ("? {a: b}\n: c\n", "missing-field"),
        (deep.as_str(), "yaml-syntax"),
        (bomb.as_str(), "yaml-syntax"),
        ("kind: Dataset\nid: 'open\n", "yaml-syntax"),
        ("%YAML 9.9\n---\nkind: Tenant\n", "yaml-syntax"),
    ] {
        let source = SourceFile { path: "bad.yaml".to_owned(), text: text.to_owned() };
        let (mesh, report) = resolved(&[source]);
        assert!(mesh.is_none());
        let codes: Vec<&str> = report.iter().map(|diagnostic| diagnostic.code.as_str()).collect();
        assert!(codes.contains(&code), "{text:.60}: {codes:?}");
        let placed = report.iter().filter(|diagnostic| diagnostic.code.as_str() == code);
        assert!(placed.clone().all(|diagnostic| diagnostic.primary.is_some()), "{text}");
    }
}

#[test]
fn folders_without_a_mesh_are_explained() {
    let folder = tempfile::tempdir().expect("a folder");
    let check = |path: &std::path::Path| {
        let output = lakewright(["check".as_ref(), path.as_os_str()]);
        (output.status.code(), transcript(&output))
    };
    let (code, text) = check(folder.path());
    assert!(code == Some(4) && text.contains("empty-mesh"), "{text}");
    // A finding without a place is shown without source lines.
    assert!(!text.contains("\n |\n") && text.contains("\n = help: a mesh is"), "{text}");
    let (code, text) = check(&folder.path().join("nowhere"));
    assert!(code == Some(2) && text.contains("cannot be read"), "{text}");
    fs::write(folder.path().join("latin.yaml"), b"kind: Tenant\nlabel: caf\xe9\n").expect("a file");
    let (code, text) = check(folder.path());
    assert!(code == Some(4) && text.contains("not-utf8"), "{text}");
    assert!(text.contains("--> latin.yaml:2:11\n"), "{text}");
    assert!(text.contains("2 | label: caf\u{fffd}\n"), "{text}");
    let loops = folder.path().join("loops");
    fs::create_dir(&loops).expect("a folder");
    fs::write(loops.join("base.yaml"), BASE).expect("a file");
    std::os::unix::fs::symlink(&loops, loops.join("again")).expect("a link");
    let (code, text) = check(&loops);
    assert!(code == Some(0), "each file is read once: {text}");
    fs::write(loops.join("bom.yaml"), format!("\u{feff}{BASE_DATASET}")).expect("a file");
    assert_eq!(check(&loops).0, Some(0), "a byte order mark is no error");
    // A link that leads nowhere, for example because what it led to was moved: a denial in it would not hold.
    let nowhere = loops.join("denials.yaml");
    std::os::unix::fs::symlink(loops.join("moved.yaml"), &nowhere).expect("a link");
    for path in [&loops, &nowhere] {
        let (code, text) = check(path);
        assert!(code == Some(2) && text.contains("denials.yaml cannot be read"), "{text}");
    }
}

/// Only the tenant is missing, or what the document names: the folder is not empty.
///
/// Source of the documents: `docs/mesh.md`, which has one of each kind.
#[test]
fn a_folder_with_one_document_of_any_kind_is_not_empty() {
    let page = fs::read_to_string(root().join("docs/mesh.md")).expect("the page");
    for kind in Kind::ALL {
        let head = format!("kind: {}\n", kind.as_str());
        let (_, rest) = page.split_once(&format!("\n{head}")).expect("a document of the kind");
        let (fields, _) = rest.split_once("```").expect("the end of the document");
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("one.yaml"), format!("{head}{fields}")).expect("a file");
        let text = transcript(&lakewright(["check".as_ref(), folder.path().as_os_str()]));
        assert!(!text.contains("empty-mesh"), "{text}");
        let lacks_tenant = text.contains("the mesh has no tenant");
        assert_eq!(lacks_tenant, kind != Kind::Tenant, "{text}");
    }
}

#[test]
fn tags_cannot_become_functions_or_override_what_access_depends_on() {
    for key in [
        "Ref",
        "Fn::Sub",
        "Condition",
        "team",
        "TEAM",
        "aws:x",
        "lakewright:mesh",
        "Classification",
    ] {
        let dataset = format!("{BASE_DATASET}tags: {{ \"{key}\": x }}\n");
        let sources = [("base.yaml", BASE.to_owned()), ("sales.yaml", dataset)]
            .map(|(path, text)| SourceFile { path: path.to_owned(), text });
        let (_, report) = resolved(&sources);
        let codes: Vec<&str> = report.iter().map(|diagnostic| diagnostic.code.as_str()).collect();
        assert_eq!(codes, ["reserved-tag"], "{key}");
    }
}

/// Text that often is a mesh: parts of one, cut and mixed with noise.
fn mangled() -> impl Strategy<Value = String> {
    let pieces: Vec<String> = BASE
        .lines()
        .chain(BASE_DATASET.lines())
        .map(str::to_owned)
        .chain(
            [
                "---",
                "- ",
                "  x: y",
                "\t",
                "&a",
                "*a",
                "!Sub x",
                "{{resolve:ssm:x}}",
                "import:",
                "  bucket: abc",
            ]
            .map(str::to_owned),
        )
        .collect();
    let piece = prop_oneof![
        8 => prop::sample::select(pieces),
        1 => "\\PC{0,20}",
        1 => "[a-z: \\[\\]{},#&*!|>'\"%@`-]{0,20}",
    ];
    prop::collection::vec(piece, 0..40).prop_map(|lines| lines.join("\n"))
}

/// A dataset with arbitrary free texts.
fn dataset() -> impl Strategy<Value = String> {
    let text =
        prop_oneof!["\\PC{0,30}", prop::sample::select(LABELS.to_vec()).prop_map(str::to_owned)];
    (text.clone(), text, "[a-z][a-z0-9-]{0,45}", "[a-z0-9_.-]{1,70}").prop_map(|(label, tag, id, bucket)| {
        let quote = |text: &str| serde_json::to_string(text).expect("text as JSON");
        format!(
            "kind: Dataset\nid: {id}\nenvironment: dev\nteam: Owners\ntopics: [T]\nkeywords: [{}]\nlabel: {}\n\
             description: {}\ntags: {{ key: {} }}\nimport: {{ bucket: {} }}\n",
            quote(&tag), quote(&label), quote(&label), quote(&tag), quote(&bucket)
        )
    })
}

/// A document with the elements of a policy, and arbitrary values in them.
fn document() -> impl Strategy<Value = String> {
    let word = || {
        prop_oneof![
            prop::sample::select(vec![
                "*",
                "s3:GetObject",
                "s3:*",
                "sts:AssumeRole",
                "arn:aws:s3:::b/*",
                "arn:aws:iam::111122223333:root",
                "${aws:username}",
                "${aws:PrincipalTag/a, 'b'}",
                "2026-02-30T25:00:00Z",
                "10.0.0.0/33",
                "1e999",
                "",
            ])
            .prop_map(str::to_owned),
            "\\PC{0,12}",
        ]
    };
    let words = move || prop::collection::vec(word(), 0..3);
    let operator = prop::sample::select(vec![
        "ArnLike",
        "Bool",
        "BinaryEquals",
        "DateLessThan",
        "ForAllValues:StringLike",
        "ForAnyValue:StringEqualsIfExists",
        "IpAddress",
        "NotIpAddress",
        "Null",
        "NumericGreaterThan",
        "Foo",
    ]);
    let key = prop::sample::select(vec![
        "aws:CurrentTime",
        "aws:PrincipalArn",
        "aws:ResourceTag/a",
        "aws:SourceIp",
        "aws:TagKeys",
        "s3:prefix",
        "x",
    ]);
    let condition = prop::collection::vec((operator, key, words()), 0..3);
    let statement = (
        prop::sample::select(vec!["Allow", "Deny"]),
        prop::sample::select(vec!["Action", "NotAction"]),
        prop::sample::select(vec!["Resource", "NotResource"]),
        words(),
        words(),
        words(),
        condition,
    );
    let statement = statement.prop_map(|(effect, action, resource, a, b, c, conditions)| {
        let mut condition = serde_json::Map::new();
        for (operator, key, values) in conditions {
            condition.insert(operator.to_owned(), serde_json::json!({ key: values }));
        }
        serde_json::json!({
            "Effect": effect, action: a, resource: b, "Principal": { "AWS": c }, "Condition": condition,
        })
    });
    prop::collection::vec(statement, 0..4).prop_map(|statements| {
        serde_json::json!({ "Version": "2012-10-17", "Statement": statements }).to_string()
    })
}

fn policy() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec![
        "Allow",
        "Deny",
        "s3:*",
        "*",
        "${aws:x",
        "arn:aws:s3:::b/*",
        "2012-10-17",
        "::::",
        "\u{1F30A}",
        "",
    ]);
    let key = prop::sample::select(vec![
        "Statement",
        "Effect",
        "Action",
        "NotAction",
        "Resource",
        "Principal",
        "Condition",
        "AWS",
        "ForAllValues:StringLike",
        "DateLessThan",
        "IpAddress",
        "aws:SourceIp",
        "Sid",
        "Fn::GetAtt",
    ]);
    let leaf = word.prop_map(serde_json::Value::from);
    leaf.prop_recursive(5, 40, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(serde_json::Value::from),
            prop::collection::vec((key.clone(), inner), 0..5).prop_map(|entries| {
                let map: serde_json::Map<String, serde_json::Value> =
                    entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
                map.into()
            }),
        ]
    })
    .prop_map(|value| value.to_string())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_parser_survives_anything(text in mangled()) {
        crate::harness::parse_anything(&text);
    }

    #[test]
    fn the_parser_survives_any_characters(text in "\\PC{0,200}") {
        crate::harness::parse_anything(&text);
    }

    #[test]
    fn decisions_survive_any_policy(text in policy()) {
        crate::harness::decide_anything(&text);
    }

    #[test]
    fn decisions_survive_any_document(text in document()) {
        crate::harness::decide_anything(&text);
    }

    #[test]
    fn synthesis_survives_any_values(text in dataset()) {
        crate::harness::synthesize_anything(&text);
    }
}
