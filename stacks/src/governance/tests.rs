//! The stacks of a policy store, from documents.

use std::collections::BTreeSet;

use lakewright_template::{StackKind, Value};

use crate::testing::{DEV, TENANT, lowered, mesh, planned, resources, texts};
use crate::{GovernanceStack, Plan};

const STORE: &str = "governance:\n  identity_provider:\n    oidc: { issuer: \"https://login.example.com\", audiences: [portal] }\n";

/// The mesh with a policy store and further lines of the tenant.
fn tenant(lines: &str) -> String {
    let own = format!("home_region: eu-west-1\n{STORE}{lines}");
    TENANT.replacen("home_region: eu-west-1\n", &own, 1)
}

fn policy(id: &str) -> String {
    format!(
        "kind: AccessPolicy\nid: {id}\nlabel: Links of {id}\nactors: {{ teams: [Readers] }}\nprivileges: [metadata.edit_links]\n"
    )
}

/// `docs/stacks/governance.md`.
#[test]
fn only_a_tenant_that_asks_for_it_has_a_policy_store() {
    let of = |tenant: &str, policies: &[&str]| -> Vec<String> {
        let texts: Vec<&str> = [tenant, DEV].into_iter().chain(policies.iter().copied()).collect();
        let stacks = planned(&mesh(&texts)).into_iter();
        stacks.filter(|(kind, _)| *kind == StackKind::Governance).map(|(_, id)| id).collect()
    };
    let one = policy("editors");
    assert!(of(TENANT, &[&one]).is_empty());
    assert_eq!(of(&tenant(""), &[]), ["base"]);
    // `placement` pins the stack of this policy.
    assert_eq!(of(&tenant(""), &[&one]), ["base", "base/6"]);
}

#[test]
fn the_store_is_made_with_what_is_built_in_and_documents_are_in_another_stack() {
    let editors = policy("editors");
    let tenant = tenant("");
    let mesh = mesh(&[&tenant, DEV, &editors]);
    let store = lowered(&mesh, StackKind::Governance, "base").template;
    let policies = lowered(&mesh, StackKind::Governance, "base/6").template;
    let count = |template, kind: &str| {
        resources(template, &format!("AWS::VerifiedPermissions::{kind}")).len()
    };
    let kinds = ["PolicyStore", "PolicyStoreAlias", "IdentitySource"];
    assert_eq!(kinds.map(|kind| count(&store, kind)), [1, 1, 1]);
    assert_eq!(kinds.map(|kind| count(&policies, kind)), [0, 0, 0]);
    assert!(count(&store, "Policy") > 40);
    let of_document = resources(&policies, "AWS::VerifiedPermissions::Policy");
    assert_eq!(of_document.len(), 1);
    assert_eq!(
        texts(&of_document[0].properties, "Name"),
        BTreeSet::from(["name/permit/policy/editors"])
    );
    let definition = of_document[0].properties.get("Definition").and_then(Value::as_map);
    let fixed = definition.and_then(|map| map.get("Static")).and_then(Value::as_map);
    assert_eq!(
        texts(fixed.expect("a static policy"), "Description"),
        BTreeSet::from(["Links of editors"])
    );
    // The id of the store is generated, so it comes from a parameter that the stack of the store writes.
    let path = policies.parameters.values().next().and_then(|one| one.attributes.get("Default"));
    let parameter = resources(&store, "AWS::SSM::Parameter")[0];
    assert_eq!(parameter.properties.get("Name"), path);
    // No role, and no policy of one.
    for template in [&store, &policies] {
        assert!(template.resources.values().all(|one| !one.kind.starts_with("AWS::IAM::")));
    }
}

/// `UpdatePolicy` in the Verified Permissions API reference: the effect of a policy cannot change. So a policy with another
/// effect is another resource with another name, which exists before the old one is deleted.
#[test]
fn a_policy_with_another_effect_is_another_resource() {
    let tenant = tenant("");
    let of = |text: &str| {
        let mesh = mesh(&[&tenant, DEV, text]);
        let template = lowered(&mesh, StackKind::Governance, "base/6").template;
        let id = template.resources.keys().next().cloned().expect("a policy");
        (
            id,
            resources(&template, "AWS::VerifiedPermissions::Policy")[0]
                .properties
                .get("Name")
                .cloned(),
        )
    };
    let allow = policy("editors");
    let deny = allow.replace("actors:", "effect: deny\nactors:");
    let other = allow.replace("edit_links", "edit_owners");
    assert_ne!(of(&allow).0, of(&deny).0);
    assert_ne!(of(&allow).1, of(&deny).1);
    assert_eq!(of(&allow), of(&other));
}

/// `placement::MOST`, at the line of the policy beyond it.
#[test]
fn a_stack_that_is_full_is_an_error_at_the_policy_beyond() {
    let tenant = tenant("quotas: { policy_bytes_per_resource: 100000000 }\n");
    let ids = (0..10_000).map(|number| format!("p{number}"));
    let same = ids.filter(|id| super::placement::stack_of(&format!("policy/{id}")) == 1);
    let policies: Vec<String> =
        same.take(super::placement::MOST + 1).map(|id| policy(&id)).collect();
    let texts: Vec<&str> =
        [tenant.as_str(), DEV].into_iter().chain(policies.iter().map(String::as_str)).collect();
    let full = mesh(&texts[..texts.len() - 1]);
    assert!(GovernanceStack::all(&full).is_ok());
    let mesh = mesh(&texts);
    let report = Plan::of(&mesh, None).report;
    let found: Vec<_> = report.iter().filter(|one| one.code.as_str() == "limit-exceeded").collect();
    assert_eq!(found.len(), 1);
    assert!(found[0].message.contains("has 401 policies, and takes 400"), "{}", found[0].message);
}
