//! The policy store of Amazon Verified Permissions: what it holds runs in an older release of Cedar, built by its vendor, and it
//! decides as `authorize` does.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::process::Command;

use lakewright_manifest::document::all_privileges;
use lakewright_manifest::{Mesh, SourceFile};
use lakewright_stacks::Synthesized;
use lakewright_template::{StackKind, Value};
use serde_json::{Value as Json, json};

use crate::run::{example, lakewright, mesh, root, sources, synthesized, transcript};

/// The release of Cedar: the first of version 4 but one. The service runs a release of version 4 that AWS does not name, with
/// entity tags, which this one does not have.
const RELEASE: &str = "4.1.0";

/// What a policy store holds: the schema, and the policies by name.
struct Held {
    schema: String,
    policies: BTreeMap<String, String>,
}

fn text<'v>(value: Option<&'v Value>, keys: &[&str]) -> Option<&'v str> {
    let Some((first, rest)) = keys.split_first() else { return value?.as_text() };
    text(value?.as_map()?.get(first), rest)
}

fn held(stacks: &[Synthesized]) -> Held {
    let mut held = Held { schema: String::new(), policies: BTreeMap::new() };
    let own = stacks.iter().filter(|stack| stack.entry.kind == StackKind::Governance);
    for resource in own.flat_map(|stack| stack.lowered.template.resources.values()) {
        let property = |name: &str| resource.properties.get(name);
        match resource.kind.as_ref() {
            "AWS::VerifiedPermissions::PolicyStore" => {
                let schema = text(property("Schema"), &["CedarJson"]).expect("a schema");
                assert!(held.schema.is_empty(), "one policy store");
                schema.clone_into(&mut held.schema);
            }
            "AWS::VerifiedPermissions::Policy" => {
                let statement = text(property("Definition"), &["Static", "Statement"]);
                let name = text(property("Name"), &[]).expect("a name").to_owned();
                let statement = statement.expect("a statement").to_owned();
                assert_eq!(held.policies.insert(name, statement), None, "names are unique");
            }
            _ => {}
        }
    }
    held
}

/// What Cedar's JavaScript build finds in what is held, and its answers.
fn asked(held: &Held, requests: &[Json]) -> (Vec<String>, Vec<Json>) {
    let modules = root().join("target/node/node_modules");
    assert!(modules.exists(), "run `cargo xtask test`, which installs Cedar for JavaScript");
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("store.json");
    let policies: Vec<(&String, &String)> = held.policies.iter().collect();
    let input = json!({ "schema": held.schema, "policies": policies, "requests": requests });
    fs::write(&file, input.to_string()).expect("a file");
    let script = root().join("tests/cedar/check.js");
    let output = Command::new("node").arg(script).arg(modules).arg(&file).output();
    let output = output.expect("node runs");
    assert!(output.status.success(), "{}", transcript(&output));
    let said: Json = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(said["version"], RELEASE);
    let found = said["found"].as_array().into_iter().flatten();
    let found = found.map(|one| one.as_str().unwrap_or_default().to_owned()).collect();
    (found, said["answers"].as_array().cloned().unwrap_or_default())
}

/// The example, with more lines of the tenant and more documents.
fn changed(tenant: &str, documents: &str) -> Vec<SourceFile> {
    let mut files = sources(&example("governance"));
    for file in &mut files {
        file.text = file.text.replacen("governance:\n", &format!("{tenant}governance:\n"), 1);
    }
    files.push(SourceFile { path: "more.yaml".to_owned(), text: documents.to_owned() });
    files
}

fn with(tenant: &str, documents: &str) -> Mesh {
    mesh(&changed(tenant, documents))
}

/// An access policy for each privilege that a document can name, with actors, exceptions and selectors in turn.
fn every_privilege() -> String {
    const ACTORS: [&str; 4] = [
        "teams: [Analysts]",
        "users: [jo]",
        "all_users: true",
        "roles: [Editor], except: { users: [jo] }",
    ];
    let mut text = String::new();
    let names = all_privileges().into_iter().filter(|name| !name.starts_with("data."));
    for (number, name) in names.enumerate() {
        let is_general = name.starts_with("metadata.") && name.matches('.').count() == 1;
        let selector = match number % 4 {
            0 if is_general => "resources: { tags: [pii] }\n",
            1 if is_general => "resources: { domains: [sales], types: [dataset, column] }\n",
            2 if is_general => "resources: { environments: [prod], ids: [dataset/january] }\n",
            _ => "",
        };
        // Reading a glossary cannot be denied (AT-7).
        let is_denied = number % 3 == 0 && name != "metadata.glossary.read";
        let effect = if is_denied { "deny" } else { "allow" };
        let actor = ACTORS[number % ACTORS.len()];
        write!(
            text,
            "---\nkind: AccessPolicy\nid: p{number}\neffect: {effect}\nactors: {{ {actor} }}\nprivileges: [\"{name}\"]\n{selector}"
        )
        .expect("a string takes all");
    }
    text
}

#[test]
fn an_older_cedar_of_its_vendor_takes_every_policy_and_the_schema() {
    let all = every_privilege();
    for (tenant, documents) in [
        ("", ""),
        ("", all.as_str()),
        ("maintenance: read_only\n", ""),
        ("maintenance: no_access\n", ""),
    ] {
        let held = held(&synthesized(&with(tenant, documents)));
        assert!(held.policies.len() > 40, "{}", held.policies.len());
        let (found, _) = asked(&held, &[]);
        assert!(found.is_empty(), "{tenant}: {found:#?}");
    }
    // What this test would find: a mistake of types, a policy that can never apply, and what is younger than the release.
    let mut wrong = held(&synthesized(&with("", "")));
    for (name, policy) in [
        ("type", "permit(principal, action, resource) when { resource.tags.contains(\"x\") };"),
        (
            "never",
            "permit(principal is Lakewright::User, action, resource) when { principal is Lakewright::Team };",
        ),
    ] {
        wrong.policies.insert(name.to_owned(), policy.to_owned());
    }
    let (found, _) = asked(&wrong, &[]);
    assert!(found.iter().any(|one| one.starts_with("type: ")), "{found:?}");
    assert!(found.iter().any(|one| one.starts_with("never: ")), "{found:?}");
    wrong.policies = BTreeMap::from([(
        "tags".to_owned(),
        "permit(principal, action, resource) when { resource.hasTag(\"x\") };".to_owned(),
    )]);
    assert_eq!(asked(&wrong, &[]).0.len(), 1);
}

/// The first block of JSON in the chapter.
fn request_of_the_page() -> Json {
    let page = fs::read_to_string(root().join("docs/governance.md")).expect("the page");
    let (_, chapter) = page.split_once("\n## Asking Amazon Verified Permissions\n").expect("it");
    let (_, block) = chapter.split_once("```json\n").expect("a request");
    let (block, _) = block.split_once("```").expect("its end");
    serde_json::from_str(block).expect("JSON")
}

/// A request in Cedar's form, by a member of some teams.
fn request(page: &Json, privilege: &str, teams: &[&str]) -> Json {
    let mut entities = page["entities"].clone();
    let parents = teams
        .iter()
        .map(|team| json!({ "type": "Lakewright::Team", "id": format!("airline|{team}") }));
    entities[0]["parents"] = parents.collect();
    json!({
        "principal": { "type": page["principal"]["entityType"], "id": page["principal"]["entityId"] },
        "action": { "type": page["action"]["actionType"], "id": privilege },
        "resource": { "type": page["resource"]["entityType"], "id": page["resource"]["entityId"] },
        "entities": entities,
    })
}

/// `docs/governance.md`: with the facts that an application sends as the page shows, the policy store decides as `authorize`.
#[test]
fn the_policy_store_decides_the_request_of_the_page_as_authorize_does() {
    let held = held(&synthesized(&mesh(&sources(&example("governance")))));
    let page = request_of_the_page();
    let known = lakewright_governance::Privileges::known();
    let about =
        |privilege| known.about(privilege).contains(&lakewright_governance::ResourceKind::Dataset);
    let names: Vec<&str> =
        known.all().filter(|one| about(*one)).map(|privilege| known.name(privilege)).collect();
    let members: [&[&str]; 6] = [
        &[],
        &["Analysts"],
        &["Bookings"],
        &["DataStewards"],
        &["Operations"],
        &["DAAdministrators", "Analysts"],
    ];
    let mut requests = Vec::new();
    let mut lines = String::new();
    for teams in members {
        for name in &names {
            requests.push(request(&page, name, teams));
            let line = json!({
                "actor": "user:jo", "member_of": teams, "privilege": name, "resource": "dataset/january",
            });
            writeln!(lines, "{line}").expect("a string takes all");
        }
    }
    let folder = tempfile::tempdir().expect("a folder");
    let batch = folder.path().join("requests.jsonl");
    fs::write(&batch, lines).expect("a file");
    let mesh = example("governance").display().to_string();
    let output = lakewright(["authorize", &mesh, "--batch", batch.to_str().expect("a path")]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let expected: Vec<Json> =
        said.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let (found, answers) = asked(&held, &requests);
    assert!(found.is_empty(), "{found:?}");
    assert_eq!(
        (answers.len(), expected.len()),
        (requests.len(), requests.len()),
        "{}",
        transcript(&output)
    );
    let mut decisions = BTreeSet::new();
    for ((answer, expected), request) in answers.iter().zip(&expected).zip(&requests) {
        let expected = match expected["decision"].as_str() {
            Some("allowed") => "allow",
            Some("denied") => "deny",
            other => unreachable!("{other:?}"),
        };
        assert_eq!(answer["decision"], expected, "{request}: {answer}");
        assert_eq!(answer["errors"], 0, "{request}");
        decisions.insert(expected);
    }
    assert_eq!(decisions.len(), 2, "both decisions occur");
    // The request itself, as the page shows it.
    let own =
        request(&page, page["action"]["actionId"].as_str().expect("a privilege"), &["Analysts"]);
    let (_, answers) = asked(&held, &[own]);
    assert_eq!(answers[0]["decision"], "allow");
    assert_eq!(answers[0]["reason"], json!(["name/permit/policy/analysts-describe"]));
}

/// The templates of the policy store's stacks, by name.
fn templates(mesh: &Mesh) -> BTreeMap<String, String> {
    let stacks = synthesized(mesh).into_iter();
    let own = stacks.filter(|stack| stack.entry.kind == StackKind::Governance);
    own.map(|stack| (stack.entry.name, stack.json)).collect()
}

/// "A stack takes 500 resources": one more policy is in one stack, and all others stay as they are.
#[test]
fn one_more_access_policy_changes_one_stack() {
    let policy = |id: &str| {
        format!(
            "---\nkind: AccessPolicy\nid: {id}\nactors: {{ teams: [Analysts] }}\nprivileges: [metadata.edit_links]\n"
        )
    };
    let mut documents = String::new();
    let mut before = templates(&with("", &documents));
    for id in ["one", "two", "three", "four"] {
        documents += &policy(id);
        let after = templates(&with("", &documents));
        let differs = |name: &&String| before.get(*name) != after.get(*name);
        let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
        let changed: Vec<&&String> = names.iter().filter(|name| differs(name)).collect();
        assert_eq!(changed.len(), 1, "{id}: {changed:?}");
        before = after;
    }
}

/// `StoreError` of each kind is an error at the line of its policy when stacks are made, not only of `check`.
#[test]
fn what_the_service_would_refuse_is_an_error_at_the_line_of_the_policy() {
    let users: Vec<String> = (0..500).map(|number| format!("user-{number:05}")).collect();
    let big = format!(
        "kind: AccessPolicy\nid: big\nactors: {{ users: [{}] }}\nprivileges: [metadata.delete]\n",
        users.join(", ")
    );
    let never = "kind: AccessPolicy\nid: never\nactors: { all_users: true }\nprivileges: [platform.manage_policies]\n\
                 resources: { types: [dataset] }\n";
    for (documents, code, message) in [
        (big.as_str(), "limit-exceeded", "takes 10000"),
        (never, "invalid-value", "no privilege of it applies"),
    ] {
        let mesh = with("", documents);
        let report = lakewright_stacks::Plan::of(&mesh, None).report;
        let errors: Vec<_> = report.iter().filter(|one| one.code.as_str() == code).collect();
        assert_eq!(errors.len(), 1, "{:?}", report.iter().collect::<Vec<_>>());
        assert!(errors[0].message.contains(message), "{}", errors[0].message);
        let line = errors[0].primary.as_ref().map(|label| label.origin.span.line);
        assert_eq!(line, Some(1));
    }
}

/// Roles of the example: `Editor` has a group. A role without one is an error, because no token has roles.
#[test]
fn a_role_without_a_group_is_an_error_while_there_is_a_policy_store() {
    let folder = tempfile::tempdir().expect("a folder");
    for file in sources(&example("governance")) {
        let text = file.text.replace("    roles: { Editor: CatalogEditors }\n", "");
        fs::write(folder.path().join(&file.path), text).expect("a file");
    }
    let output = lakewright(["check", folder.path().to_str().expect("a path")]);
    let said = transcript(&output);
    assert_eq!(output.status.code(), Some(4), "{said}");
    assert!(said.contains("names the role `Editor`, and no group stands for it"), "{said}");
}

#[test]
fn the_runway_counts_access_policies() {
    let mesh = example("governance").display().to_string();
    let output = lakewright(["check", &mesh, "--runway"]);
    let said = transcript(&output);
    assert!(said.contains("the mesh: room for"), "{said}");
    assert!(said.contains("more access-policies, limited by "), "{said}");
    assert!(said.contains("more policy-entries, limited by the largest access policy ("), "{said}");
    assert!(said.contains("of 10000 bytes)"), "{said}");
}
