//! DataHub's own boot policies, and policies with what has no counterpart.

use lakewright_manifest::Mesh;
use lakewright_manifest::mesh::{Effect, PolicyState};
use serde_json::{Value, json};

use super::*;
use crate::exchange::{Extent, parse};
use crate::tests::scenarios::{LAB, actor, mesh};
use crate::{Decider, Decision, Governance};

/// See `samples/README.md` for its source.
const BOOT: &str = include_str!("samples/policies.json");

fn imported(json: &Value) -> Imported {
    import(json, &Names::default()).expect("policies")
}

fn lab_with(imported: &Imported) -> Mesh {
    mesh(&format!("{LAB}---\n{}", imported.to_yaml()))
}

/// The mesh's own policies, without imported ones of the same id.
fn decisions(mesh: &Mesh) -> Vec<Decision> {
    let governance = Governance::of(mesh, None).expect("policies that apply");
    governance.validate().expect("policies that Cedar accepts");
    let actors =
        ["datahub", "jo", "jo@TeamA", "jo#Admin", "jo#Editor", "jo#Reader", "jane@TeamB#Other"];
    let actors = actors.map(|text| governance.actor(actor(text)));
    let mut decider = Decider::new(&governance);
    let mut all = Vec::new();
    for resource in governance.universe.resources.values() {
        for privilege in governance.privileges.all() {
            if governance.privileges.about(privilege).contains(&resource.kind) {
                for actor in &actors {
                    let target = governance.target(resource);
                    let verdict = decider.decide(actor, privilege, target).expect("a request");
                    all.push(verdict.decision);
                }
            }
        }
    }
    all
}

fn decide(mesh: &Mesh, who: &str, privilege: &str, resource: &str) -> Decision {
    let governance = Governance::of(mesh, None).expect("policies that apply");
    let actor = governance.actor(actor(who));
    let resource = governance.resource(resource).expect("a resource");
    let privilege = governance.privilege(privilege).expect("a privilege");
    let mut decider = Decider::new(&governance);
    decider.decide(&actor, privilege, governance.target(&resource)).expect("a request").decision
}

/// DataHub's documentation of its roles ("About DataHub Roles"), and the boot file itself.
#[test]
fn the_boot_policies_decide_as_in_datahub() {
    let mesh = lab_with(&imported(&parse(BOOT).expect("JSON")));
    let cases = [
        ("jo#Admin", "platform.manage_policies", "tenant/lab", Decision::Allow),
        ("jo#Editor", "platform.manage_policies", "tenant/lab", Decision::Deny),
        ("jo#Editor", "platform.manage_glossaries", "tenant/lab", Decision::Allow),
        ("jo#Editor", "metadata.edit_tags", "table/january/sales", Decision::Allow),
        ("jo#Editor", "metadata.edit_owners", "table/january/sales", Decision::Allow),
        ("jo#Editor", "metadata.edit_owners", "environment/dev", Decision::Deny),
        ("jo#Reader", "metadata.edit_tags", "table/january/sales", Decision::Deny),
        ("jo#Reader", "metadata.dataset.view_profile", "table/january/sales", Decision::Allow),
        ("jo", "metadata.view_entity_page", "environment/dev", Decision::Allow),
        ("jo", "platform.view_analytics", "tenant/lab", Decision::Allow),
        ("jo", "platform.manage_tags", "tenant/lab", Decision::Deny),
        ("datahub", "platform.manage_ownership_types", "tenant/lab", Decision::Allow),
        ("datahub", "metadata.delete_entity", "domain/airline", Decision::Allow),
    ];
    for (who, privilege, resource, expected) in cases {
        assert_eq!(
            decide(&mesh, who, privilege, resource),
            expected,
            "{who} {privilege} {resource}"
        );
    }
}

/// Of the 13 boot policies the one without a privilege is left out (`reader-platform-policy`), and five types of
/// entities that no mesh has are left out of the editors'.
#[test]
fn what_the_boot_policies_lose_is_listed() {
    let Imported { policies, lost } = imported(&parse(BOOT).expect("JSON"));
    assert_eq!(policies.len(), 12);
    let whole: Vec<&str> = lost
        .iter()
        .filter(|one| one.extent == Extent::Policy)
        .map(|one| one.policy.as_str())
        .collect();
    assert_eq!(whole, ["urn:li:dataHubPolicy:reader-platform-policy"]);
    let parts: Vec<&str> = lost
        .iter()
        .filter(|one| one.extent == Extent::Part)
        .map(|one| one.reason.split('`').nth(1).unwrap_or_default())
        .collect();
    assert_eq!(parts, ["chart", "dataFlow", "dataJob", "container", "dataProduct"]);
}

#[test]
fn importing_exporting_and_importing_again_changes_no_decision() {
    let first = imported(&parse(BOOT).expect("JSON"));
    let mesh = lab_with(&first);
    let exported = export(&only(&mesh, &first), &Names::default(), Release::AllowsOnly);
    assert!(exported.refused.is_empty() && exported.lost.is_empty(), "{:?}", exported.lost);
    let again = lab_with(&imported(&json!(exported.policies)));
    assert_eq!(decisions(&mesh), decisions(&again));
    // Without one policy there are other decisions, so the comparison can fail.
    let mut less = exported.policies;
    less.retain(|one| one["urn"] != "urn:li:dataHubPolicy:editor-metadata-policy");
    assert_ne!(decisions(&mesh), decisions(&lab_with(&imported(&json!(less)))));
}

/// A mesh with the imported access policies alone.
fn only(mesh: &Mesh, imported: &Imported) -> Mesh {
    let mut mesh = mesh.clone();
    let ids: Vec<&str> =
        imported.policies.iter().map(|one| one.policy.header.id.as_str()).collect();
    mesh.access_policies.retain(|id, _| ids.contains(&id.as_str()));
    mesh
}

fn policy(more: &Value) -> Value {
    let mut info = json!({
        "displayName": "P",
        "description": "",
        "type": "METADATA",
        "state": "ACTIVE",
        "privileges": ["EDIT_ENTITY_TAGS"],
        "actors": { "users": ["urn:li:corpuser:jo"] },
    });
    for (key, value) in more.as_object().expect("an object") {
        info[key] = value.clone();
    }
    json!([{ "urn": "urn:li:dataHubPolicy:one", "info": info }])
}

fn filter(criterion: &Value) -> Value {
    json!({ "resources": { "filter": { "criteria": [criterion] } } })
}

/// Each would widen the policy if it were ignored.
#[test]
fn what_restricts_a_policy_and_has_no_counterpart_leaves_it_out() {
    let cases = [
        json!({ "effect": "PERMIT" }),
        json!({ "state": "PAUSED" }),
        json!({ "type": "DATA" }),
        json!({ "conditions": ["mfa"] }),
        json!({ "actors": { "users": ["urn:li:corpuser:jo"], "notUsers": ["urn:li:corpuser:al"] } }),
        json!({ "privileges": ["FLY"] }),
        json!({ "actors": { "resourceOwners": true, "resourceOwnersTypes": ["urn:li:ownershipType:x"] } }),
        json!({ "actors": { "users": [] } }),
        filter(
            &json!({ "field": "URN", "values": ["urn:li:dataset:(a"], "condition": "STARTS_WITH" }),
        ),
        filter(&json!({ "field": "TAG", "values": ["urn:li:tag:pii"], "condition": "NOT_EQUALS" })),
        filter(&json!({ "field": "OWNER", "values": ["urn:li:corpuser:jo"] })),
        filter(&json!({ "field": "TYPE", "values": ["chart"] })),
        filter(&json!({ "field": "TYPE", "values": [] })),
        filter(&json!({ "field": "DOMAIN", "values": ["urn:li:domain:6F1E"] })),
        filter(&json!({ "field": "STRUCTURED_PROPERTY", "values": [],
            "structuredPropertyValues": [{ "propertyUrn": "urn:li:structuredProperty:x", "values": ["1"] }] })),
        json!({ "resources": { "privilegeConstraints": { "criteria": [{ "field": "URN", "values": ["x"] }] } } }),
        json!({ "resources": { "resources": ["urn:li:tag:pii"] } }),
        json!({ "resources": { "type": "tag", "resources": [] } }),
        json!({ "resources": { "filter": { "criteria": [
            { "field": "TAG", "values": ["urn:li:tag:pii"] }, { "field": "TAG", "values": ["urn:li:tag:secret"] },
        ] } } }),
    ];
    for case in cases {
        let Imported { policies, lost } = imported(&policy(&case));
        assert!(policies.is_empty(), "{case}: {policies:?}");
        assert!(lost.iter().any(|one| one.extent == Extent::Policy), "{case}: {lost:?}");
    }
    // The policy itself is one that a mesh can have.
    assert_eq!(imported(&policy(&json!({}))).policies.len(), 1);
    let gone = json!([{ "urn": "urn:li:dataHubPolicy:one" }]);
    assert!(imported(&gone).policies.is_empty());
}

/// `getFilter` of DataHub's `PolicyEngine`: stored policies still have the fields before `filter`.
#[test]
fn the_deprecated_fields_select_as_datahub_makes_criteria_of_them() {
    let of = |resources: Value| {
        let imported = imported(&policy(&json!({ "resources": resources })));
        imported.policies.first().map(|one| one.policy.resources.clone()).expect("a policy")
    };
    let listed =
        of(json!({ "type": "tag", "resources": ["urn:li:tag:pii"], "allResources": false }));
    assert_eq!((listed.types, listed.ids), (vec!["tag".to_owned()], vec!["tag/pii".to_owned()]));
    let all = of(json!({ "type": "dataset", "allResources": true }));
    assert_eq!(all.types, ["column", "dataset", "table"]);
    assert_eq!(all.ids, [""; 0]);
}

#[test]
fn wrong_shapes_are_errors_with_their_path() {
    let cases = [
        (json!(1), "`$`: expected an object, got the number `1`"),
        (json!([{ "info": {} }]), "`$[0]`: expected an object with a `urn`"),
        (
            policy(&json!({ "privileges": "EDIT" })),
            "`$[0].info.privileges`: expected a list, got the text `EDIT`",
        ),
        (
            policy(&json!({ "actors": { "users": [7] } })),
            "`$[0].info.actors.users[0]`: expected text",
        ),
        (
            policy(&json!({ "actors": { "allUsers": "yes" } })),
            "`$[0].info.actors.allUsers`: expected true or false",
        ),
        (
            policy(&json!({ "resources": { "filter": { "criteria": {} } } })),
            "`$[0].info.resources.filter.criteria`: expected a list, got an object",
        ),
    ];
    for (json, expected) in cases {
        let error = import(&json, &Names::default()).expect_err("a wrong shape").to_string();
        assert!(error.starts_with(expected), "{error}");
    }
    let error = parse("[{]").expect_err("no JSON").to_string();
    assert!(error.starts_with("1:3: not JSON: "), "{error}");
}

#[test]
fn a_denial_survives_where_policies_have_an_effect_and_refuses_the_export_elsewhere() {
    let denial = policy(&json!({ "effect": "DENY", "actors": { "allUsers": true } }));
    let first = imported(&denial);
    assert_eq!(first.policies[0].policy.effect, Effect::Deny);
    let mesh = only(&lab_with(&first), &first);
    let exported = export(&mesh, &Names::default(), Release::AllowsOnly);
    assert_eq!(exported.refused.len(), 1, "{exported:?}");
    assert!(exported.policies.is_empty());
    let exported = export(&mesh, &Names::default(), Release::WithEffect);
    assert!(exported.refused.is_empty());
    assert_eq!(imported(&json!(exported.policies)).policies[0].policy.effect, Effect::Deny);
}

/// What DataHub cannot express is never written as more.
#[test]
fn what_datahub_cannot_express_is_left_out_of_an_export() {
    let written = |more: &str| {
        let text = format!(
            "{LAB}---\nkind: AccessPolicy\nid: one\nprivileges: [metadata.edit_tags]\n{more}\n"
        );
        let mut mesh = mesh(&text);
        mesh.access_policies.retain(|id, _| id.as_str() == "one");
        export(&mesh, &Names::default(), Release::AllowsOnly)
    };
    for nothing in [
        "actors: { all_users: true, except: { users: [jo] } }",
        "actors: { stewards: true }",
        "actors: { all_users: true }\nresources: { environments: [dev] }",
        "actors: { all_users: true }\nresources: { types: [table] }",
        "actors: { all_users: true }\nresources: { ids: [dataset/january] }",
    ] {
        let exported = written(nothing);
        assert!(
            exported.policies.is_empty() && !exported.lost.is_empty(),
            "{nothing}: {exported:?}"
        );
    }
    let part =
        written("actors: { users: [jo], stewards: true }\nresources: { types: [table, tag] }");
    let criteria = &part.policies[0]["info"]["resources"]["filter"]["criteria"];
    assert_eq!(criteria[0]["values"], json!(["tag"]));
    assert_eq!(part.policies[0]["info"]["actors"]["users"], json!(["urn:li:corpuser:jo"]));
    assert_eq!(part.lost.len(), 2, "{:?}", part.lost);
}

#[test]
fn names_connect_resources_that_both_sides_call_differently() {
    let urn = "urn:li:dataset:(urn:li:dataPlatform:glue,airline.sales,PROD)";
    let names = Names::read(&json!({ urn: "table/january/sales" }).to_string()).expect("names");
    let json = policy(&filter(&json!({ "field": "URN", "values": [urn] })));
    let imported = import(&json, &names).expect("policies");
    assert_eq!(imported.policies[0].policy.resources.ids, ["table/january/sales"]);
    let mesh = only(&lab_with(&imported), &imported);
    let exported = export(&mesh, &names, Release::AllowsOnly);
    let criteria = &exported.policies[0]["info"]["resources"]["filter"]["criteria"];
    assert_eq!(criteria[0]["values"], json!([urn]));
    for wrong in
        ["[]", "{\"a\": \"planet/mars\"}", "{\"a\": \"tag/x\", \"b\": \"tag/x\"}", "{\"a\": 1}"]
    {
        assert!(Names::read(wrong).is_err(), "{wrong}");
    }
}

/// Text of others stays text: it neither ends a comment nor a scalar, and becomes no key.
#[test]
fn texts_of_others_stay_texts() {
    let texts = [
        "a: b",
        "x\n---\nkind: Tenant",
        "\"quoted\" \\ \u{2028}end",
        "{ a, [b] }",
        "yes",
        "# no",
        "é 日本 'x'",
        "- a",
    ];
    for text in texts {
        let json = policy(&json!({ "displayName": text, "description": text,
            "actors": { "users": [format!("urn:li:corpuser:{text}")] }, "privileges": ["EDIT_ENTITY_TAGS", text] }));
        let imported = imported(&json);
        let mesh = lab_with(&imported);
        let found = &mesh.access_policies[&imported.policies[0].policy.header.id];
        assert_eq!((found.header.label.as_str(), found.header.description.as_str()), (text, text));
        assert_eq!(found.actors.users, [text]);
        assert_eq!(found.state, PolicyState::Active);
    }
}

/// The URNs of DataHub's own policies stay, so that an export replaces them.
#[test]
fn policies_keep_their_urns() {
    let boot = parse(BOOT).expect("JSON");
    let urns = |json: &Value| -> Vec<String> {
        let all = json.as_array().into_iter().flatten();
        all.filter_map(|one| one["urn"].as_str()).map(str::to_owned).collect()
    };
    let first = imported(&boot);
    let mesh = only(&lab_with(&first), &first);
    let exported = json!(export(&mesh, &Names::default(), Release::AllowsOnly).policies);
    let mut expected = urns(&boot);
    expected.retain(|urn| !urn.ends_with("reader-platform-policy"));
    // One policy for resources also has a privilege of the platform.
    expected.push("urn:li:dataHubPolicy:1-metadata".to_owned());
    expected.sort_unstable();
    let mut found = urns(&exported);
    found.sort_unstable();
    assert_eq!(found, expected);
}

/// What `acryl-datahub` writes (`samples/make.py`).
#[test]
fn a_proposal_of_the_package_is_read() {
    let imported = imported(&parse(include_str!("samples/proposal.json")).expect("JSON"));
    assert!(imported.lost.is_empty(), "{:?}", imported.lost);
    let policy = &imported.policies[0].policy;
    assert_eq!(policy.actors.teams, [TeamName::parse("Stewards").expect("a team")]);
    assert!(policy.actors.owners);
    assert_eq!(policy.privileges, ["metadata.dataset.edit_column_tags", "metadata.edit_tags"]);
    assert_eq!(policy.resources.types, ["column", "dataset", "table"]);
    assert_eq!(
        policy.resources.domains,
        [lakewright_manifest::Id::parse("airline").expect("an id")]
    );
    let mesh = lab_with(&imported);
    let who = "jo@Stewards";
    assert_eq!(decide(&mesh, who, "metadata.edit_tags", "table/january/sales"), Decision::Allow);
    assert_eq!(decide(&mesh, who, "metadata.edit_tags", "table/march/sales"), Decision::Deny);
}
