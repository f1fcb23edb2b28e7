//! Wrong translations of rules to Cedar: the naive evaluation of the documents tells each from the right one.

use cedar_policy::{Authorizer, Context, Policy, PolicySet, Request};
use lakewright_manifest::Mesh;
use lakewright_manifest::mesh::Effect;

use super::oracle::{ACTORS, PRIVILEGES, RESOURCES, is_about, naive, thing};
use super::scenarios::{LAB, actor, mesh};
use crate::entities::{of_universe, resource_uid, uid};
use crate::policy::policy;
use crate::{Decision, Governance, ResourceKind, Rule, Source};

const POLICIES: &str = "---
kind: AccessPolicy
id: p1
actors: { teams: [TeamB], except: { users: [jane] } }
privileges: [metadata.edit_tags]
resources: { tags: [pii] }
---
kind: AccessPolicy
id: p2
effect: deny
actors: { all_users: true, except: { teams: [Stewards], roles: [Editor] } }
privileges: [metadata.edit_entity]
resources: { domains: [airline], types: [dataset] }
---
kind: AccessPolicy
id: p3
actors: { roles: [Editor] }
privileges: [metadata.delete_entity]
resources: { ids: [dataset/march, domain/airline] }
---
kind: AccessPolicy
id: p4
actors: { stewards: true, users: [jo] }
privileges: [metadata.edit_entity]
resources: { environments: [dev], types: [dataset] }
---
kind: AccessPolicy
id: p5
actors: { users: [jane] }
privileges: [platform.manage_policies]
";

/// The name of a wrong translation, and what it does to a rule.
type Mutant = (&'static str, fn(&mut Rule));

/// The ways to translate a rule wrongly. A way that does not change a rule is no mutant of it.
const MUTANTS: [Mutant; 15] = [
    ("another effect", |rule| {
        rule.effect = if rule.effect == Effect::Deny { Effect::Allow } else { Effect::Deny };
    }),
    ("everyone", |rule| rule.actors.everyone = true),
    ("no teams", |rule| rule.actors.teams.clear()),
    ("no users", |rule| rule.actors.users.clear()),
    ("no roles", |rule| rule.actors.roles.clear()),
    ("no relations", |rule| rule.actors.relations.clear()),
    ("no excepted teams", |rule| rule.actors.except_teams.clear()),
    ("no excepted users", |rule| rule.actors.except_users.clear()),
    ("no excepted roles", |rule| rule.actors.except_roles.clear()),
    ("all kinds", |rule| rule.resources.kinds.clear()),
    ("other kinds", |rule| {
        if !rule.resources.kinds.is_empty() {
            rule.resources.kinds = vec![ResourceKind::Table];
        }
    }),
    ("all names", |rule| rule.resources.names.clear()),
    ("all domains", |rule| rule.resources.domains.clear()),
    ("all tags", |rule| rule.resources.tags.clear()),
    ("no privileges that are implied", |rule| {
        let first = rule.privileges.iter().next().copied();
        rule.privileges = first.into_iter().collect();
    }),
];

/// Whether Cedar decides some request otherwise than the documents say.
fn differs(governance: &Governance, mesh: &Mesh, policies: &PolicySet) -> bool {
    let schema = governance.schema().expect("a schema");
    for who in ACTORS.map(actor) {
        let entities = of_universe(&governance.universe, std::slice::from_ref(&who), &schema);
        let entities = entities.expect("entities");
        for name in RESOURCES {
            let resource = governance.resource(name).expect("a resource");
            for asked in PRIVILEGES.into_iter().filter(|asked| is_about(asked, thing(name).kind)) {
                let request = Request::new(
                    uid("User", &who.user),
                    uid("Action", asked),
                    resource_uid(&resource),
                    Context::empty(),
                    None,
                );
                let request = request.expect("a request");
                let response = Authorizer::new().is_authorized(&request, policies, &entities);
                let is_allowed = response.decision() == cedar_policy::Decision::Allow;
                if is_allowed != (naive(mesh, &who, asked, name) == Decision::Allow) {
                    return true;
                }
            }
        }
    }
    false
}

#[test]
fn each_wrong_translation_is_caught() {
    let mesh = mesh(&format!("{LAB}{POLICIES}"));
    let governance = Governance::of(&mesh, None).expect("no problem");
    assert!(!differs(&governance, &mesh, &governance.policy_set().expect("policies")));
    let mut caught = 0;
    for (number, rule) in governance.rules.iter().enumerate() {
        if rule.source != Source::Document {
            continue;
        }
        for (what, mutate) in MUTANTS {
            let mut wrong = rule.clone();
            mutate(&mut wrong);
            if format!("{wrong:?}") == format!("{rule:?}") {
                continue;
            }
            // A rule that can no longer apply is refused.
            let Ok(wrong) = policy(&wrong, &governance.privileges) else { continue };
            let others = governance.policies.iter().enumerate();
            let others = others.filter(|(other, _)| *other != number);
            let others = others.filter_map(|(_, policy)| policy.clone());
            let all: Vec<Policy> = others.chain([wrong]).collect();
            let all = PolicySet::from_policies(all).expect("policies");
            assert!(differs(&governance, &mesh, &all), "{}: {what}", rule.id);
            caught += 1;
        }
    }
    assert!(caught >= 20, "{caught}");
}
