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
    assert_eq!(documents.len(), 10);
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

/// The example before and after a change of its policies.
fn changed(from: &str, to: &str) -> (tempfile::TempDir, [String; 2]) {
    let folder = tempfile::tempdir().expect("a folder");
    let sides = ["before", "after"].map(|side| folder.path().join(side));
    for side in &sides {
        fs::create_dir(side).expect("a folder");
        for file in ["mesh.yaml", "policies.yaml", "forms.yaml"] {
            let text = fs::read_to_string(example("governance").join(file)).expect("a file");
            let is_edited = file == "policies.yaml" && side == &sides[1];
            assert!(!is_edited || text.contains(from), "{from}");
            let text = if is_edited { text.replacen(from, to, 1) } else { text };
            fs::write(side.join(file), text).expect("a file");
        }
    }
    let paths = sides.map(|side| side.display().to_string());
    (folder, paths)
}

/// The findings follow from the texts of the policies: the analysts get one more privilege in the domain `sales`, and
/// stewards are no longer excepted from the denial.
#[test]
fn a_review_says_which_decisions_differ() {
    let (_folder, [before, after]) = changed(
        "privileges: [metadata.add_terms, metadata.edit_description",
        "privileges: [metadata.add_terms, metadata.edit_links, metadata.edit_description",
    );
    let diff = |more: &[&str]| lakewright([&["diff", &before, &after][..], more].concat());
    let output = diff(&["--format", "json"]);
    let document: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let decisions = document["decisions"].as_array().expect("two meshes");
    assert_eq!(decisions.len(), 1, "{decisions:#?}");
    let one = &decisions[0];
    assert_eq!(one["kind"], "gained");
    assert_eq!(one["actor"], json!(["team/Analysts"]));
    assert_eq!(one["privileges"], json!(["metadata.edit_links"]));
    assert_eq!(one["policies"], json!({ "before": [], "after": ["policy/analysts-describe"] }));
    assert_eq!(one["lines"]["after"], json!(["policies.yaml:3:1"]));
    let resources = one["resources"].as_array().expect("resources");
    assert!(resources.contains(&json!("dataset/january")), "{resources:?}");
    assert!(resources.contains(&json!("column/january/bookings/email")), "{resources:?}");
    assert!(
        resources.iter().all(|one| !one.as_str().is_some_and(|name| name.starts_with("domain/")))
    );
    assert_eq!(document["summary"]["decisions"], json!({ "gained": 1, "lost": 0, "unknown": 0 }));
    let finding = one["finding"].as_str().expect("an id");
    let said = "members of Analysts may now metadata.edit_links on ";
    for format in ["human", "markdown", "html", "sarif", "cdk-report"] {
        let text = transcript(&diff(&["--format", format]));
        let plain = text.replace(['`', '\n'], "").replace("<code>", "").replace("</code>", "");
        assert!(plain.contains(said) && text.contains(finding), "{format}: {text}");
    }
    assert_eq!(diff(&["--fail-on", "decisions-broadened"]).status.code(), Some(4));
    assert_eq!(diff(&["--exit-code"]).status.code(), Some(3));
    let back = lakewright(["diff", &after, &before, "--fail-on", "decisions-broadened"]);
    let text = transcript(&back);
    assert_eq!(back.status.code(), Some(0), "{text}");
    assert!(text.contains("members of Analysts may no longer metadata.edit_links"), "{text}");
    assert!(text.contains("access governance: 0 newly allowed, 1 no longer allowed"), "{text}");
    // Templates do not tell decisions.
    let mut out = Vec::new();
    for (number, side) in [&before, &after].into_iter().enumerate() {
        let path =
            std::path::Path::new(side).join(format!("../out-{number}")).display().to_string();
        assert!(lakewright(["synth", side, "--out", &path]).status.success());
        out.push(path);
    }
    let output = lakewright(["diff", &out[0], &out[1], "--format", "json"]);
    let document: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(document["decisions"], Value::Null);
    let notes = document["notes"].to_string();
    assert_eq!(notes.contains("compare the meshes"), has_policy_store(&out[0]), "{notes}");
}

fn has_policy_store(assembly: &str) -> bool {
    let text = fs::read_to_string(std::path::Path::new(assembly).join("assembly.json"));
    text.expect("an assembly").contains("-governance")
}

#[test]
fn a_denial_without_its_exception_is_lost_by_whom_it_excepted() {
    let (_folder, [before, after]) = changed(", except: { teams: [DataStewards] } }", " }");
    let output = lakewright(["diff", &before, &after, "--format", "json"]);
    let document: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    for one in document["decisions"].as_array().expect("two meshes") {
        assert_eq!(one["kind"], "lost", "{one:#}");
        let is_steward =
            one["actor"].as_array().is_some_and(|all| all.contains(&json!("team/DataStewards")));
        assert!(is_steward, "{one:#}");
        assert_eq!(
            one["policies"]["after"],
            json!(["policy/personal-data-stays-tagged"]),
            "{one:#}"
        );
    }
    assert!(document["summary"]["decisions"]["lost"].as_u64() > Some(0));
}
