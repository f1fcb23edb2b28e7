//! The analysis of policies, compared with an enumeration of all requests.

use lakewright_manifest::mesh::Effect;
use proptest::{prop_assert_eq, proptest};

use super::oracle::{governed, policies};
use super::scenarios::{LAB, mesh};
use crate::analysis::{Use, uses};
use crate::index::Bits;
use crate::{Actor, Decider, Decision, Governance, Source};

const TEAMS: [&str; 6] = ["TeamA", "TeamB", "Stewards", "Platform", "Linkers", "DAAdministrators"];

/// Every user of the lab whom a policy can tell from another one.
pub(super) fn everybody() -> Vec<Actor> {
    let mut all = Vec::new();
    for user in ["somebody", "jane", "jo"] {
        for role in [None, Some("Editor")] {
            for teams in 0..(1_usize << TEAMS.len()) {
                let of = TEAMS.iter().enumerate().filter(|(bit, _)| teams & (1 << bit) != 0);
                let actor = of.fold(Actor::new(user), |actor, (_, team)| actor.member_of(*team));
                all.push(role.into_iter().fold(actor, Actor::with_role));
            }
        }
    }
    all
}

/// The rules without which some request has another decision.
fn effective(governance: &Governance) -> Vec<bool> {
    let mut found = vec![false; governance.rules.len()];
    let mut bits = Bits::empty(governance.rules.len());
    for actor in everybody() {
        let known = governance.index.actor(&actor);
        for place in governance.places.values() {
            for privilege in governance.privileges.all() {
                let Some(about) = governance.index.about(privilege, place.kind) else { continue };
                governance.index.matching(&known, about, place, &mut bits);
                let rules: Vec<usize> = bits.iter().collect();
                let is_denial = |rule: &usize| governance.rules[*rule].effect == Effect::Deny;
                let denials = rules.iter().filter(|rule| is_denial(rule)).count();
                let grants = rules.len() - denials;
                for rule in rules {
                    let changes = if is_denial(&rule) {
                        denials == 1 && grants > 0
                    } else {
                        denials == 0 && grants == 1
                    };
                    found[rule] |= changes;
                }
            }
        }
    }
    found
}

proptest! {
    #![proptest_config(proptest::test_runner::Config::with_cases(12))]

    #[test]
    fn a_policy_has_an_effect_exactly_if_some_request_shows_one(drawn in policies()) {
        let (_, governance) = governed(&drawn);
        let expected = effective(&governance);
        for (rule, found) in uses(&governance).iter().enumerate() {
            let is_effective = matches!(found, Use::Effective(_));
            prop_assert_eq!(is_effective, expected[rule], "{} {:?}", governance.rules[rule].id, found);
        }
    }
}

#[test]
fn each_use_has_its_example() {
    let policy = |id: &str, rest: &str| format!("---\nkind: AccessPolicy\nid: {id}\n{rest}\n");
    let text = [
        LAB.to_owned(),
        policy("useful", "actors: { teams: [TeamB] }\nprivileges: [metadata.edit_links]"),
        policy("same", "actors: { teams: [TeamB] }\nprivileges: [metadata.edit_links]\nresources: { types: [dataset] }"),
        policy("nobody", "actors: { all_users: true }\nprivileges: [metadata.edit_links]\nresources: { tags: [none] }"),
        policy("off", "state: inactive\nactors: { all_users: true }\nprivileges: [metadata.edit_links]"),
        policy("shadowed", "actors: { teams: [TeamB] }\nprivileges: [metadata.delete]"),
        policy("deny", "effect: deny\nactors: { all_users: true }\nprivileges: [metadata.delete]"),
        policy("again", "effect: deny\nactors: { teams: [TeamA] }\nprivileges: [metadata.delete]"),
        policy("idle", "effect: deny\nactors: { users: [jo], except: { teams: [TeamA, TeamB, Platform, DAAdministrators] } }\nprivileges: [metadata.edit_owners]\nresources: { types: [dataset] }"),
    ]
    .concat();
    let governance = Governance::of(&mesh(&text), None).expect("no problem");
    let uses = uses(&governance);
    let of = |id: &str| {
        let at = governance.rules.iter().position(|rule| rule.id == id);
        uses[at.expect("a rule")].clone()
    };
    assert_eq!(
        of("policy/same"),
        Use::Implied(vec!["implied/owners".to_owned(), "policy/useful".to_owned()])
    );
    assert_eq!(of("policy/nobody"), Use::MatchesNothing);
    assert_eq!(of("policy/off"), Use::Inactive);
    assert_eq!(of("policy/shadowed"), Use::Shadowed(vec!["policy/deny".to_owned()]));
    assert_eq!(of("policy/again"), Use::Implied(vec!["policy/deny".to_owned()]));
    assert_eq!(of("policy/idle"), Use::DeniesNothing);
    let Use::Effective(example) = of("policy/useful") else { panic!("it has an effect") };
    let privilege = governance.privilege(&example.privilege).expect("a privilege");
    let resource = governance.resource(&example.resource).expect("a resource");
    let mut decider = Decider::new(&governance);
    let actor = governance.actor(example.actor);
    let verdict =
        decider.decide(&actor, privilege, governance.target(&resource)).expect("an answer");
    assert_eq!(verdict.decision, Decision::Allow);
    assert_eq!(verdict.rules.len(), 1);
}

#[test]
fn each_active_policy_of_the_example_has_an_effect() {
    let text = [
        include_str!("../../../examples/governance/mesh.yaml"),
        "---\n",
        include_str!("../../../examples/governance/policies.yaml"),
        "---\n",
        include_str!("../../../examples/governance/forms.yaml"),
    ]
    .concat();
    let governance = Governance::of(&mesh(&text), None).expect("no problem");
    assert_eq!(governance.validate(), Ok(()));
    for (rule, found) in governance.rules.iter().zip(uses(&governance)) {
        if rule.source != Source::Document {
            continue;
        }
        let is_effective = matches!(found, Use::Effective(_));
        assert_eq!(is_effective, rule.is_active, "{} {found:?}", rule.id);
    }
}
