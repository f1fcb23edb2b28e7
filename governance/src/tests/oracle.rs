//! A naive evaluation of what documents say, in the words of the manifest, compared with Cedar's decisions.

use std::fmt::Write as _;

use cedar_policy::{Authorizer, Context, Request};
use lakewright_manifest::Mesh;
use lakewright_manifest::mesh::{AccessPolicy, Effect, PolicyState};
use proptest::prelude::{Strategy, any, prop};
use proptest::{prop_assert, prop_assert_eq, proptest};

use super::scenarios::{LAB, actor, mesh};
use crate::entities::{of_universe, resource_uid, uid};
use crate::{Actor, Decider, Decision, Governance};

pub(super) const PRIVILEGES: [&str; 9] = [
    "metadata.dataset.edit_column_tags",
    "metadata.delete_entity",
    "metadata.edit_entity",
    "metadata.edit_tags",
    "metadata.get_entity",
    "metadata.glossary.read",
    "metadata.view_entity_page",
    "platform.manage_policies",
    "platform.view_analytics",
];
const GROUPS: [&str; 2] = ["metadata.*", "platform.*"];
pub(super) const RESOURCES: [&str; 9] = [
    "tenant/lab",
    "environment/dev",
    "domain/airline",
    "dataset/january",
    "table/january/sales",
    "column/january/sales/email",
    "dataset/march",
    "term/Revenue",
    "tag/pii",
];
pub(super) const ACTORS: [&str; 9] = [
    "jo",
    "jane",
    "jo@TeamA",
    "jo@TeamB",
    "jane@TeamB,Stewards",
    "jo@Platform#Editor",
    "jo@DAAdministrators",
    "jo@Linkers#Editor",
    "jane@TeamA,TeamB,Stewards,Platform",
];

/// One access policy as text, from numbers.
fn policy(number: usize, from: &[usize; 8]) -> String {
    let [effect, who, except, first, second, what, which, state] = *from;
    let effect = ["allow", "deny"][effect % 2];
    let who = [
        "all_users: true",
        "teams: [TeamA]",
        "teams: [TeamB, Linkers]",
        "users: [jane]",
        "roles: [Editor]",
        "owners: true",
        "stewards: true, users: [jo]",
        "connection_admins: true",
    ][who % 8];
    let except = [
        "",
        "",
        "",
        ", except: { teams: [Stewards] }",
        ", except: { users: [jane], roles: [Editor] }",
    ][except % 5];
    let all: Vec<&str> = PRIVILEGES.into_iter().chain(GROUPS).collect();
    let (first, second) = (all[first % all.len()], all[second % all.len()]);
    let resources = [
        "",
        "",
        "types: [dataset, column]",
        "ids: [dataset/january, domain/airline]",
        "domains: [airline]",
        "tags: [pii, public]",
        "environments: [dev]",
        "types: [table], domains: [airline]",
        "ids: [term/Revenue]",
    ];
    let resources = resources[(what + which) % resources.len()];
    let resources = if resources.is_empty() {
        String::new()
    } else {
        format!("resources: {{ {resources} }}\n")
    };
    let state = if state % 6 == 0 { "inactive" } else { "active" };
    let mut text = String::new();
    write!(
        text,
        "---\nkind: AccessPolicy\nid: p{number}\nstate: {state}\neffect: {effect}\nactors: {{ {who}{except} }}\n\
         privileges: [\"{first}\", \"{second}\"]\n{resources}"
    )
    .expect("a string takes all");
    text
}

pub(super) fn policies() -> impl Strategy<Value = Vec<[usize; 8]>> {
    prop::collection::vec(prop::array::uniform8(any::<u16>().prop_map(usize::from)), 0..7)
}

/// The lab with these policies. Policies that could never apply are left out.
pub(super) fn governed(policies: &[[usize; 8]]) -> (Mesh, Governance) {
    let mut text = LAB.to_owned();
    for (number, from) in policies.iter().enumerate() {
        let more = format!("{text}{}", policy(number, from));
        if Governance::of(&mesh(&more), None).is_ok() {
            text = more;
        }
    }
    let mesh = mesh(&text);
    let governance = Governance::of(&mesh, None).expect("each policy was tried");
    (mesh, governance)
}

pub(super) struct Thing<'a> {
    pub(super) kind: &'a str,
    owners: &'a [&'a str],
    stewards: &'a [&'a str],
    environment: bool,
    domain: bool,
    tags: &'a [&'a str],
}

/// The facts of the lab, written down by hand.
pub(super) fn thing(name: &str) -> Thing<'static> {
    let january = |kind, tags| Thing {
        kind,
        owners: &["TeamA"],
        stewards: &["Stewards"],
        environment: true,
        domain: true,
        tags,
    };
    let nobody = |kind| Thing {
        kind,
        owners: &[],
        stewards: &[],
        environment: false,
        domain: false,
        tags: &[],
    };
    match name {
        "tenant/lab" => nobody("tenant"),
        "environment/dev" => Thing { owners: &["Platform"], ..nobody("environment") },
        "domain/airline" => Thing { owners: &["TeamA"], ..nobody("domain") },
        "dataset/january" => january("dataset", &["flights", "public"]),
        "table/january/sales" => january("table", &[]),
        "column/january/sales/email" => january("column", &["pii"]),
        "dataset/march" => Thing {
            owners: &["TeamB"],
            stewards: &[],
            domain: false,
            ..january("dataset", &["flights"])
        },
        "term/Revenue" => nobody("term"),
        "tag/pii" => nobody("tag"),
        other => panic!("{other}"),
    }
}

pub(super) fn is_about(privilege: &str, kind: &str) -> bool {
    match privilege {
        "metadata.dataset.edit_column_tags" => ["dataset", "table", "column"].contains(&kind),
        "metadata.glossary.read" => kind == "term",
        name => name.starts_with("platform.") == (kind == "tenant"),
    }
}

fn gives(written: &str, asked: &str, effect: Effect) -> bool {
    let edits = ["metadata.edit_tags", "metadata.dataset.edit_column_tags"];
    let read = ["metadata.edit_entity", "metadata.delete_entity", "metadata.view_entity_page"];
    written == asked
        || written.strip_suffix('*').is_some_and(|group| asked.starts_with(group))
        || (written == "metadata.edit_entity" && edits.contains(&asked))
        || (effect == Effect::Allow && asked == "metadata.get_entity" && read.contains(&written))
}

fn matches(policy: &AccessPolicy, who: &Actor, asked: &str, name: &str) -> bool {
    let thing = thing(name);
    let actors = &policy.actors;
    let is_one_of = |teams: &[&str]| teams.iter().any(|team| who.teams.contains(*team));
    let listed = actors.all_users
        || actors.teams.iter().any(|team| who.teams.contains(team.as_str()))
        || actors.users.contains(&who.user)
        || actors.roles.iter().any(|role| who.roles.contains(role))
        || (actors.owners && is_one_of(thing.owners))
        || (actors.stewards && is_one_of(thing.stewards))
        || (actors.connection_admins
            && (thing.environment || thing.kind == "environment")
            && is_one_of(&["Platform"]));
    let except = &actors.except;
    let excepted = except.teams.iter().any(|team| who.teams.contains(team.as_str()))
        || except.users.contains(&who.user)
        || except.roles.iter().any(|role| who.roles.contains(role));
    let resources = &policy.resources;
    let selected = (resources.types.is_empty()
        || resources.types.iter().any(|kind| kind == thing.kind))
        && (resources.ids.is_empty() || resources.ids.iter().any(|id| id == name))
        && (resources.domains.is_empty() || thing.domain)
        && (resources.environments.is_empty() || thing.environment)
        && (resources.tags.is_empty()
            || resources.tags.iter().any(|tag| thing.tags.contains(&tag.as_str())));
    let reading = ["metadata.get_entity", "metadata.glossary.read", "metadata.view_entity_page"];
    let is_free = policy.effect == Effect::Deny && thing.kind == "term" && reading.contains(&asked);
    policy.state == PolicyState::Active
        && listed
        && !excepted
        && selected
        && !is_free
        && policy.privileges.iter().any(|written| gives(written, asked, policy.effect))
}

/// What holds without any policy.
fn implied(who: &Actor, asked: &str, name: &str) -> bool {
    let thing = thing(name);
    let is_one_of = |teams: &[&str]| teams.iter().any(|team| who.teams.contains(*team));
    let is_metadata = asked.starts_with("metadata.");
    let catalog = ["metadata.get_entity", "metadata.view_entity_page"].contains(&asked);
    is_one_of(&["DAAdministrators"])
        || (is_metadata && is_one_of(thing.owners))
        || (is_metadata
            && (thing.environment || thing.kind == "environment")
            && is_one_of(&["Platform"]))
        || (catalog && ["dataset", "table", "column"].contains(&thing.kind))
        || (thing.kind == "term" && (catalog || asked == "metadata.glossary.read"))
        || asked == "platform.view_analytics"
}

pub(super) fn naive(mesh: &Mesh, who: &Actor, asked: &str, name: &str) -> Decision {
    let matching: Vec<Effect> = mesh
        .access_policies
        .values()
        .filter(|policy| matches(policy, who, asked, name))
        .map(|policy| policy.effect)
        .collect();
    if matching.contains(&Effect::Deny) {
        return Decision::Deny;
    }
    if matching.contains(&Effect::Allow) || implied(who, asked, name) {
        return Decision::Allow;
    }
    Decision::Deny
}

proptest! {
    #![proptest_config(proptest::test_runner::Config::with_cases(48))]

    /// Three ways give the same decision: the documents read by hand, Cedar with everything, and the decider, which shows
    /// Cedar only the rules and entities that matter.
    #[test]
    fn decisions_are_what_documents_say(drawn in policies()) {
        let (mesh, governance) = governed(&drawn);
        let schema = governance.schema().expect("a schema");
        let policies = governance.policy_set().expect("policies");
        // Every policy, and one of each shape.
        prop_assert_eq!(governance.validate_set(&policies), Ok(()));
        prop_assert_eq!(governance.validate(), Ok(()));
        let mut decider = Decider::new(&governance);
        for who in ACTORS.map(actor) {
            let everything = of_universe(&governance.universe, std::slice::from_ref(&who), &schema)
                .expect("entities");
            let prepared = governance.actor(who.clone());
            for name in RESOURCES {
                let resource = governance.resource(name).expect("a resource");
                for asked in PRIVILEGES {
                    if !is_about(asked, thing(name).kind) {
                        continue;
                    }
                    let request = Request::new(
                        uid("User", &who.user),
                        uid("Action", asked),
                        resource_uid(&resource),
                        Context::empty(),
                        Some(&schema),
                    );
                    let response = Authorizer::new().is_authorized(
                        &request.expect("a request of the schema"), &policies, &everything);
                    prop_assert!(response.diagnostics().errors().next().is_none());
                    let whole = match response.decision() {
                        cedar_policy::Decision::Allow => Decision::Allow,
                        cedar_policy::Decision::Deny => Decision::Deny,
                    };
                    let privilege = governance.privilege(asked).expect("a privilege");
                    let verdict = decider.decide(&prepared, privilege, governance.target(&resource));
                    let verdict = verdict.expect("it is about it");
                    prop_assert_eq!(verdict.decision, whole, "{:?} {} {}", &who, asked, name);
                    prop_assert_eq!(
                        whole, naive(&mesh, &who, asked, name), "{:?} {} {}", &who, asked, name);
                }
            }
        }
    }
}
