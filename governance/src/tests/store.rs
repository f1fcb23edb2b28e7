//! What a policy store holds: only Cedar that cannot err, under the ids of the identity provider, within the limits.

use std::fmt::Write as _;

use cedar_policy::{Policy, PolicyId};
use lakewright_manifest::Mesh;
use lakewright_manifest::document::all_privileges;
use serde_json::Value;

use super::scenarios::{LAB, mesh};
use crate::schema::NAMESPACE;
use crate::store::{Store, StoreError};
use crate::{Privileges, Source};

const PROVIDER: &str = "governance:\n  identity_provider:\n    oidc: { issuer: \"https://login.example.com\", audiences: [portal] }\n    roles: { Editor: editors, Reader: readers }\n";

/// The lab with a policy store, and more lines of the tenant and documents.
fn lab(tenant: &str, documents: &str) -> Mesh {
    let text = LAB.replacen("permissions:\n", &format!("{PROVIDER}{tenant}permissions:\n"), 1);
    mesh(&format!("{text}{documents}"))
}

fn stored(mesh: &Mesh) -> Store {
    Store::of(mesh).expect("a policy store").expect("no errors")
}

/// A policy for each privilege, with each kind of actor, exception and selector in turn.
fn every_privilege() -> String {
    const ACTORS: [&str; 7] = [
        "teams: [TeamA, TeamB]",
        "users: [jo, \"a \\\" b\"]",
        "all_users: true",
        "roles: [Editor]",
        "owners: true",
        "stewards: true",
        "connection_admins: true",
    ];
    const EXCEPT: [&str; 4] = [
        "",
        ", except: { teams: [Stewards] }",
        ", except: { users: [jane] }",
        ", except: { roles: [Reader] }",
    ];
    let known = Privileges::known();
    let mut text = String::new();
    let names = all_privileges().into_iter().filter(|name| !name.starts_with("data."));
    for (number, name) in names.enumerate() {
        let about = known.named(&name).map(|privilege| known.about(privilege).to_vec());
        let about = about.unwrap_or_default();
        let is_of_data = about.iter().any(|kind| crate::ResourceKind::WITH_DATA.contains(kind));
        let selector = match number % 5 {
            0 if is_of_data => "resources: { tags: [pii, public] }\n",
            1 if is_of_data => {
                "resources: { domains: [airline], types: [dataset, table, column] }\n"
            }
            2 if is_of_data => "resources: { environments: [dev] }\n",
            _ => "",
        };
        // Relations are of few kinds: platform privileges are about the tenant, which has no owners.
        let actor = match number % ACTORS.len() {
            place if is_of_data => ACTORS[place],
            place => ACTORS[place % 4],
        };
        // Reading a glossary cannot be denied (AT-7).
        let is_denied = number % 3 == 0 && name != "metadata.glossary.read";
        let effect = if is_denied { "deny" } else { "allow" };
        let except = EXCEPT[number % EXCEPT.len()];
        write!(
            text,
            "---\nkind: AccessPolicy\nid: p{number}\neffect: {effect}\nactors: {{ {actor}{except} }}\n\
             privileges: [\"{name}\"]\n{selector}"
        )
        .expect("a string takes all");
    }
    text
}

/// The meshes whose stores are looked at: every privilege and selector, in every state of the platform.
fn meshes() -> Vec<Mesh> {
    ["", "maintenance: read_only\n", "maintenance: no_access\n"]
        .into_iter()
        .map(|tenant| lab(tenant, &every_privilege()))
        .collect()
}

/// Attributes that are read without `has` before them, and operators that can err or are younger than the service.
fn unsafe_parts(value: &Value, guarded: &[&str], found: &mut Vec<String>) {
    const SAFE: [&str; 12] = [
        "&&",
        "||",
        "==",
        "Set",
        "Value",
        "Var",
        "contains",
        "containsAny",
        "has",
        "in",
        "is",
        ".",
    ];
    let Some(map) = value.as_object() else { return };
    for (operator, content) in map {
        match operator.as_str() {
            "Value" | "Var" => {}
            "!" => unsafe_parts(&content["arg"], guarded, found),
            "&&" => {
                let left = &content["left"];
                unsafe_parts(left, guarded, found);
                let attribute = left["has"]["attr"].as_str();
                let more: Vec<&str> = guarded.iter().copied().chain(attribute).collect();
                unsafe_parts(&content["right"], &more, found);
            }
            "." => {
                let attribute = content["attr"].as_str().unwrap_or_default();
                if !guarded.contains(&attribute) || content["left"]["Var"] != "resource" {
                    found.push(format!("`.{attribute}` without `has`"));
                }
            }
            "Set" => {
                for item in content.as_array().into_iter().flatten() {
                    unsafe_parts(item, guarded, found);
                }
            }
            other => {
                if !SAFE.contains(&other) {
                    found.push(format!("`{other}`"));
                }
                for side in ["left", "right", "in"] {
                    unsafe_parts(&content[side], guarded, found);
                }
            }
        }
    }
}

/// In Cedar, a `forbid` that errs is skipped: "Authorization" in the Cedar policy language reference. So no condition reads an
/// attribute that it has not asked for, and none uses an operator that can err.
#[test]
fn no_stored_policy_can_err_in_evaluation() {
    let mut looked_at = 0;
    for mesh in meshes() {
        for stored in stored(&mesh).policies {
            let policy = Policy::parse(Some(PolicyId::new(&stored.rule)), &stored.text);
            let json = policy.expect("Cedar").to_json().expect("JSON");
            let mut found = Vec::new();
            for condition in json["conditions"].as_array().into_iter().flatten() {
                unsafe_parts(&condition["body"], &[], &mut found);
            }
            assert!(found.is_empty(), "{}: {found:?}\n{}", stored.rule, stored.text);
            looked_at += 1;
        }
    }
    assert!(looked_at > 400, "{looked_at}");
    // What the test would find.
    let wrong = "forbid(principal, action, resource) when { resource.tags.contains(\"pii\") || resource.n + 1 == 2 };";
    let json = Policy::parse(None, wrong).expect("Cedar").to_json().expect("JSON");
    let mut found = Vec::new();
    unsafe_parts(&json["conditions"][0]["body"], &[], &mut found);
    assert_eq!(found, ["`.tags` without `has`", "`+`", "`.n` without `has`"]);
}

/// `UpdatePolicy` in the Verified Permissions API reference: the principal and the resource of a policy cannot change, nor its
/// effect. `CreatePolicy`: names begin with `name/`, are unique, and have at most 150 of these characters.
#[test]
fn only_actions_and_conditions_of_a_stored_policy_ever_differ() {
    let store = stored(&lab("", &every_privilege()));
    let mut names = std::collections::BTreeSet::new();
    for policy in &store.policies {
        let word = policy.effect_word();
        let scope = format!("{word}(principal is {NAMESPACE}::User, action in [");
        let shown: String = policy.text.split_whitespace().collect::<Vec<_>>().join(" ");
        let shown = shown.replace("( ", "(").replace(" )", ")").replace("[ ", "[");
        assert!(shown.starts_with(&scope), "{shown}");
        assert!(
            shown.contains("], resource) when {") || shown.contains("], resource);"),
            "{shown}"
        );
        let name = policy.name();
        assert!(name.starts_with("name/") && name.len() <= 150, "{name}");
        assert!(name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-/_".contains(&b)), "{name}");
        assert!(names.insert(name), "{}", policy.rule);
    }
}

/// `CreateIdentitySource` in the Verified Permissions API reference: `[entityIdPrefix]|[user]`. Tokens have groups and no
/// roles.
#[test]
fn policies_name_users_teams_and_roles_as_the_identity_source_does() {
    let policy = "---\nkind: AccessPolicy\nid: one\nactors: { teams: [TeamA], users: [jo], roles: [Editor], except: { roles: [Reader] } }\n\
                  privileges: [metadata.edit_links]\nresources: { ids: [team/TeamB, user/jane, dataset/january] }\n";
    let store = stored(&lab("", policy));
    let one = store.policies.iter().find(|policy| policy.rule == "policy/one").expect("it");
    assert_eq!(one.source, Source::Document);
    for name in [
        "Lakewright::Team::\"lab|TeamA\"",
        "Lakewright::Team::\"lab|editors\"",
        "Lakewright::Team::\"lab|readers\"",
        "Lakewright::Team::\"lab|TeamB\"",
        "Lakewright::User::\"lab|jo\"",
        "Lakewright::User::\"lab|jane\"",
        "Lakewright::Dataset::\"january\"",
    ] {
        assert!(one.text.contains(name), "{name}: {}", one.text);
    }
    assert!(!one.text.contains("Role"), "{}", one.text);
    let admins = store.policies.iter().find(|policy| policy.rule == "superuser").expect("it");
    assert!(admins.text.contains("Lakewright::Team::\"lab|DAAdministrators\""));
    assert!(Store::of(&mesh(LAB)).is_none());
}

/// "Quotas for Amazon Verified Permissions" and "Differences between Amazon Verified Permissions and the Cedar policy
/// language": one namespace that is neither empty nor one of the three, no empty names.
#[test]
fn the_stored_schema_is_within_the_rules_of_the_service() {
    let store = stored(&lab("", ""));
    let schema: Value = serde_json::from_str(&store.schema).expect("JSON");
    let spaces: Vec<&String> = schema.as_object().expect("namespaces").keys().collect();
    assert_eq!(spaces, [NAMESPACE]);
    assert!(!["", "aws", "amazon", "cedar"].contains(&NAMESPACE.to_lowercase().as_str()));
    assert!(store.schema.len() <= 100_000, "{}", store.schema.len());
    assert!(!store.schema.contains("\"\":"));
    let bytes: usize = store.policies.iter().map(|policy| policy.text.len()).sum();
    assert!(bytes <= 200_000, "{bytes}");
}

#[test]
fn what_a_policy_store_does_not_take_is_an_error_at_its_line() {
    let users = |count: usize| -> String {
        let users: Vec<String> = (0..count).map(|number| format!("user-{number:06}")).collect();
        format!(
            "---\nkind: AccessPolicy\nid: big\nactors: {{ users: [{}] }}\nprivileges: [metadata.delete]\n",
            users.join(", ")
        )
    };
    let errors = |mesh: &Mesh| Store::of(mesh).expect("a policy store").expect_err("an error");
    let big = lab("", &users(400));
    let found = errors(&big);
    assert!(
        matches!(&found[..], [StoreError::TooLarge { rule, bytes, .. }] if rule == "policy/big" && *bytes > 10_000)
    );
    let line = big.access_policies.values().next().map(|policy| policy.header.origin);
    assert_eq!(Some(found[0].origin()), line);
    assert!(found[0].is_limit());
    let long = "u".repeat(700);
    let policy = |actors: &str, rest: &str| {
        lab("", &format!("---\nkind: AccessPolicy\nid: one\nactors: {{ {actors} }}\n{rest}"))
    };
    let found = errors(&policy(&format!("users: [{long}]"), "privileges: [metadata.delete]\n"));
    assert!(matches!(&found[..], [StoreError::LongName { .. }]), "{found:?}");
    let never = "privileges: [platform.manage_policies]\nresources: { types: [dataset] }\n";
    let found = errors(&policy("all_users: true", never));
    assert!(matches!(&found[..], [StoreError::Policy { .. }]), "{found:?}");
    let many: String =
        (0..30).map(|number| users(250).replace("id: big", &format!("id: big-{number}"))).collect();
    let found = errors(&lab("", &many));
    assert!(
        matches!(&found[..], [StoreError::TooLargeTogether { limit: 200_000, .. }]),
        "{found:?}"
    );
    let raised = lab("quotas: { policy_bytes_per_resource: 400000 }\n", &many);
    assert!(Store::of(&raised).expect("a policy store").is_ok());
}

/// The service runs Cedar 4, and some release of it that AWS does not name; the schema is the same for every mesh.
#[test]
fn the_stored_schema_is_the_same_for_every_mesh() {
    let stores: Vec<Store> = meshes().iter().map(stored).collect();
    assert!(stores.iter().all(|store| store.schema == stores[0].schema));
    assert_eq!(stored(&lab("", "")).schema, stores[0].schema);
}
