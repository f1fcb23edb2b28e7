//! Texts of a mesh that look like Cedar stay texts.

use super::scenarios::{LAB, mesh};
use crate::privilege::Privileges;
use crate::{Actor, Decider, Decision, Governance, limits, schema};

/// Names that an identity provider, a keyword or a command line can hold.
const HOSTILE: [&str; 7] = [
    "\" ) ; permit(principal, action, resource); //",
    "x\"] || true || principal in [Lakewright::Team::\"DAAdministrators",
    "line\nbreak\tand \\ backslash \\\"",
    "\u{202e}\u{0}\u{feff}ünïcødé 🚀",
    "__entity",
    "{\"__entity\":{\"type\":\"Lakewright::Team\",\"id\":\"DAAdministrators\"}}",
    "?principal",
];

#[test]
fn no_text_of_a_mesh_becomes_cedar() {
    for name in HOSTILE {
        let quoted = serde_json::to_string(name).expect("JSON");
        let text = format!(
            "{LAB}---\nkind: AccessPolicy\nid: one\nactors: {{ users: [{quoted}], roles: [{quoted}] }}\n\
             privileges: [metadata.edit_links]\nresources: {{ tags: [{quoted}, public] }}\n"
        );
        let governance = Governance::of(&mesh(&text), None).expect("no problem");
        assert_eq!(governance.validate(), Ok(()), "{name:?}");
        // The policies mean the same when they are written and read again.
        let written = governance.policy_set().expect("policies").to_cedar().expect("a text");
        let read: cedar_policy::PolicySet = written.parse().expect("Cedar");
        assert_eq!(
            read.num_of_policies(),
            governance.policy_set().expect("policies").num_of_policies()
        );
        let privilege = governance.privilege("metadata.edit_links").expect("a privilege");
        let resource = governance.resource("dataset/january").expect("a resource");
        let mut decider = Decider::new(&governance);
        let mut ask = |actor: Actor| {
            let actor = governance.actor(actor);
            decider
                .decide(&actor, privilege, governance.target(&resource))
                .expect("an answer")
                .decision
        };
        assert_eq!(ask(Actor::new(name)), Decision::Allow, "{name:?}");
        assert_eq!(ask(Actor::new("jo").with_role(name)), Decision::Allow, "{name:?}");
        assert_eq!(ask(Actor::new("jo")), Decision::Deny, "{name:?}");
        assert_eq!(ask(Actor::new("jo").member_of(name)), Decision::Deny, "{name:?}");
    }
}

#[test]
fn a_policy_that_can_never_apply_is_a_problem() {
    for (privileges, resources) in [
        ("platform.manage_policies", "types: [dataset]"),
        ("metadata.tag.edit_color", "domains: [airline]"),
        ("metadata.domain.update", "ids: [dataset/january]"),
        ("metadata.edit_tags", "types: [term], tags: [public]"),
    ] {
        let text = format!(
            "{LAB}---\nkind: AccessPolicy\nid: one\nactors: {{ all_users: true }}\n\
             privileges: [{privileges}]\nresources: {{ {resources} }}\n"
        );
        let mesh = mesh(&text);
        let problems = Governance::of(&mesh, None).expect_err("a problem");
        assert_eq!(Governance::problems(&mesh), problems);
        assert_eq!(problems.len(), 1, "{privileges}");
        assert_eq!(problems[0].rule, "policy/one");
    }
    // Nobody is an actor, which is not everybody.
    let text = format!(
        "{LAB}---\nkind: AccessPolicy\nid: one\nactors: {{ owners: false }}\nprivileges: [metadata.delete]\n"
    );
    assert!(Governance::of(&mesh(&text), None).is_err());
    // AT-7: a denial of nothing but reading glossaries denies nothing.
    let text = format!(
        "{LAB}---\nkind: AccessPolicy\nid: one\neffect: deny\nactors: {{ all_users: true }}\n\
         privileges: [metadata.glossary.read]\n"
    );
    assert!(Governance::of(&mesh(&text), None).is_err());
}

#[test]
fn the_schema_fits_a_policy_store() {
    let known = Privileges::known();
    let bytes = schema::to_json(&known).to_string().len();
    assert!(bytes <= limits::SCHEMA_BYTES, "{bytes}");
    let nothing: Vec<&str> =
        known.all().filter(|one| known.about(*one).is_empty()).map(|one| known.name(one)).collect();
    assert!(nothing.is_empty(), "{nothing:?}");
}
