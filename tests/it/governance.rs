//! `lakewright authorize` and `lakewright policies`.

use std::fs;

use serde_json::{Value, json};

use crate::run::{example, lakewright, transcript};

fn authorize(more: &[&str]) -> std::process::Output {
    let mesh = example("governance").display().to_string();
    lakewright([&["authorize", &mesh][..], more].concat())
}

/// Who, what, to what, the exit code and a policy that decides. The rows follow from `examples/governance` by the rules of
/// docs/governance.md.
#[test]
fn requests_are_decided_with_the_policies_that_decide() {
    let cases: [(&[&str], &str, &str, i32, &str); 10] = [
        (
            &["--member-of", "Analysts"],
            "metadata.edit_tags",
            "dataset/january",
            0,
            "policy/analysts-describe (policies.yaml:3)",
        ),
        (&[], "metadata.edit_tags", "dataset/january", 4, "no policy allows it"),
        (
            &["--member-of", "Bookings"],
            "metadata.remove_tags",
            "column/january/bookings/email",
            4,
            "denied by policy/personal-data-stays-tagged",
        ),
        (
            &["--member-of", "DataStewards"],
            "metadata.remove_tags",
            "column/january/bookings/email",
            0,
            "policy/stewards-classify",
        ),
        (&["--role", "Editor"], "metadata.edit_description", "term/Revenue", 0, "policy/editors"),
        (
            &[],
            "platform.generate_personal_access_tokens",
            "tenant/airline",
            4,
            "no policy allows it",
        ),
        (&[], "platform.view_analytics", "tenant/airline", 0, "policy/all-users"),
        (
            &["--member-of", "Analysts"],
            "lifecycle.create_organization",
            "tenant/airline",
            4,
            "no policy",
        ),
        (
            &["--member-of", "DAAdministrators"],
            "platform.manage_policies",
            "tenant/airline",
            0,
            "superuser",
        ),
        (
            &["--member-of", "Bookings"],
            "data.read",
            "table/january/bookings",
            0,
            "implied/data-owners",
        ),
    ];
    for (more, privilege, resource, exit, by) in cases {
        let asked = ["--actor", "user:jo", "--privilege", privilege, "--resource", resource];
        let output = authorize(&[&asked[..], more].concat());
        let text = transcript(&output);
        assert_eq!(output.status.code(), Some(exit), "{more:?} {privilege} {resource}: {text}");
        assert!(text.contains(by), "{text}");
    }
}

#[test]
fn wrong_requests_are_usage_errors() {
    for (actor, privilege, resource, message) in [
        ("jo", "metadata.edit_tags", "dataset/january", "expected `user:NAME`"),
        ("user:jo", "metadata.edit_tagz", "dataset/january", "is not a privilege"),
        ("user:jo", "metadata.edit_tags", "dataset/februar", "is not a resource of this mesh"),
        ("user:jo", "platform.view_analytics", "dataset/january", "is not about a dataset"),
    ] {
        let output =
            authorize(&["--actor", actor, "--privilege", privilege, "--resource", resource]);
        let text = transcript(&output);
        assert_eq!(output.status.code(), Some(2), "{text}");
        assert!(text.contains(message), "{text}");
    }
}

#[test]
fn a_batch_answers_each_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("requests.jsonl");
    let ask = |teams: &[&str], privilege: &str| {
        json!({
            "actor": "user:jo", "member_of": teams, "privilege": privilege, "resource": "dataset/january",
        })
        .to_string()
    };
    let lines =
        [ask(&["Analysts"], "metadata.edit_tags"), ask(&[], "metadata.edit_tags"), "{}".to_owned()];
    fs::write(&path, lines.join("\n")).expect("a file");
    let output = authorize(&["--batch", path.to_str().expect("a path")]);
    assert_eq!(output.status.code(), Some(2), "{}", transcript(&output));
    let text = String::from_utf8_lossy(&output.stdout);
    let answers: Vec<Value> =
        text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(answers.len(), 3, "{text}");
    assert_eq!(answers[0]["decision"], "allowed");
    assert_eq!(answers[0]["policies"][0]["lines"][0], "policies.yaml:3");
    assert_eq!(answers[1]["decision"], "denied");
    assert!(answers[2]["error"].as_str().is_some_and(|text| text.contains("requests.jsonl:3")));
    // Two good lines: the worst of them.
    fs::write(&path, lines[..2].join("\n")).expect("a file");
    let output = authorize(&["--batch", path.to_str().expect("a path")]);
    assert_eq!(output.status.code(), Some(4), "{}", transcript(&output));
}

#[test]
fn each_policy_of_the_example_decides_something() {
    let mesh = example("governance").display().to_string();
    let output = lakewright(["policies", &mesh, "--format", "json"]);
    assert!(output.status.success(), "{}", transcript(&output));
    let document: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let policies = document["policies"].as_array().expect("policies");
    let documents: Vec<&Value> =
        policies.iter().filter(|policy| policy["built_in"] == false).collect();
    assert_eq!(documents.len(), 6);
    for policy in documents {
        let expected =
            if policy["id"] == "policy/operations-manage-tests" { "inactive" } else { "effective" };
        assert_eq!(policy["use"], expected, "{policy:#}");
    }
    let holdings = document["holdings"].as_array().expect("holdings");
    let analysts = holdings.iter().filter(|one| one["actor"] == "team/Analysts");
    assert!(analysts.clone().any(|one| one["policy"] == "policy/analysts-describe"));
    let text = transcript(&lakewright(["policies", &mesh]));
    assert!(text.contains("POLICY") && text.contains("inactive"), "{text}");
}

#[test]
fn a_policy_that_can_never_apply_is_an_error_at_its_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let mesh = fs::read_to_string(example("governance").join("mesh.yaml")).expect("a mesh");
    let policy = "---\nkind: AccessPolicy\nid: never\nactors: { all_users: true }\n\
                  privileges: [platform.manage_policies]\nresources: { types: [dataset] }\n";
    fs::write(folder.path().join("mesh.yaml"), format!("{mesh}{policy}")).expect("a file");
    let forms = example("governance").join("forms.yaml");
    fs::copy(forms, folder.path().join("forms.yaml")).expect("a copy");
    let path = folder.path().display().to_string();
    for command in ["check", "policies"] {
        let output = lakewright([command, &path]);
        let text = transcript(&output);
        assert_eq!(output.status.code(), Some(4), "{text}");
        assert!(text.contains("policy/never") && text.contains("mesh.yaml:"), "{text}");
    }
}
