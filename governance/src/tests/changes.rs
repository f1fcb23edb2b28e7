//! The decisions that differ between two meshes, compared with an enumeration of all requests.

use std::collections::BTreeSet;

use proptest::{prop_assert, prop_assert_eq, proptest};

use super::analysis::everybody;
use super::oracle::{governed, policies};
use super::scenarios::{LAB, mesh};
use crate::changes::{Change, ChangeKind, changes};
use crate::{Actor, Decider, Decision, Governance};

/// What a mesh decides. A resource that it does not have is one without facts.
fn decided(governance: &Governance, actor: &Actor, privilege: &str, resource: &str) -> Decision {
    let (kind, id) = resource.split_once('/').expect("a kind");
    let kind = crate::ResourceKind::named(kind).expect("a kind");
    let facts = crate::Facts::default();
    let known = governance.universe.resources.get(resource).cloned();
    let known = known.unwrap_or_else(|| crate::Resource { kind, id: id.to_owned(), facts });
    let privilege = governance.privilege(privilege).expect("a privilege");
    let prepared = governance.actor(actor.clone());
    let mut decider = Decider::new(governance);
    let verdict = decider.decide(&prepared, privilege, governance.target(&known));
    verdict.expect("it is about it").decision
}

/// Whether a finding is about a user.
fn is_about(change: &Change, actor: &Actor) -> bool {
    change.actor.iter().all(|part| match part.split_once('/').expect("a kind") {
        ("team", team) => actor.teams.contains(team),
        ("role", role) => actor.roles.contains(role),
        (_, user) => actor.user == user,
    })
}

/// The privileges of a finding, with those of its groups about a resource.
fn privileges(governance: &Governance, change: &Change, resource: &str) -> BTreeSet<String> {
    let kind = resource.split_once('/').expect("a kind").0;
    let kind = crate::ResourceKind::named(kind).expect("a kind");
    let known = &governance.privileges;
    let about = known.all().filter(|privilege| known.about(*privilege).contains(&kind));
    let about = about.map(|privilege| known.name(privilege).to_owned());
    let is_listed = |name: &String| {
        change.privileges.iter().any(|listed| match listed.strip_suffix('*') {
            Some(group) => name.starts_with(group),
            None => listed == name,
        })
    };
    about.filter(is_listed).collect()
}

proptest! {
    #![proptest_config(proptest::test_runner::Config::with_cases(6))]

    #[test]
    fn a_decision_differs_exactly_if_a_finding_says_so(before in policies(), after in policies()) {
        let ((_, before), (_, after)) = (governed(&before), governed(&after));
        let found = changes(&before, &after);
        for change in &found {
            prop_assert!(change.kind != ChangeKind::Undecided, "{:?}", change);
            let whom = &change.example.actor;
            for resource in &change.resources {
                for privilege in privileges(&after, change, resource) {
                    let is_allowed = [&before, &after].map(|side| {
                        decided(side, whom, &privilege, resource) == Decision::Allow
                    });
                    let expected = [change.kind == ChangeKind::Lost, change.kind == ChangeKind::Gained];
                    prop_assert_eq!(is_allowed, expected, "{} {} {:?}", privilege, resource, change);
                }
            }
        }
        for actor in everybody() {
            let knowns = [&before, &after].map(|side| side.actor(actor.clone()));
            let mut deciders = [Decider::new(&before), Decider::new(&after)];
            for (name, resource) in &after.universe.resources {
                let Some(old) = before.universe.resources.get(name) else { continue };
                for privilege in after.privileges.all() {
                    if !after.privileges.about(privilege).contains(&resource.kind) {
                        continue;
                    }
                    let [one, other] = &mut deciders;
                    let one = one.decide(&knowns[0], privilege, before.target(old));
                    let other = other.decide(&knowns[1], privilege, after.target(resource));
                    let (one, other) = (one.expect("an answer"), other.expect("an answer"));
                    let kind = match (one.decision, other.decision) {
                        (Decision::Deny, Decision::Allow) => ChangeKind::Gained,
                        (Decision::Allow, Decision::Deny) => ChangeKind::Lost,
                        (_, _) => continue,
                    };
                    let privilege = after.privileges.name(privilege);
                    let is_found = found.iter().any(|change| {
                        change.kind == kind
                            && change.resources.contains(name)
                            && is_about(change, &actor)
                            && privileges(&after, change, name).contains(privilege)
                    });
                    prop_assert!(is_found, "{:?} {} {} {:?}", &actor, privilege, name, kind);
                }
            }
        }
    }
}

fn of(text: &str) -> Governance {
    Governance::of(&mesh(text), None).expect("no problem")
}

/// How, who, but not whom, what, on what.
type Shown<'c> = (ChangeKind, Vec<&'c str>, Vec<&'c str>, Vec<&'c str>, Vec<&'c str>);

fn shown(found: &[Change]) -> Vec<Shown<'_>> {
    fn texts(list: &[String]) -> Vec<&str> {
        list.iter().map(String::as_str).collect()
    }
    let found = found.iter();
    let found = found.map(|one| {
        let Change { kind, actor, but_not, privileges, resources, .. } = one;
        (*kind, texts(actor), texts(but_not), texts(privileges), texts(resources))
    });
    found.collect()
}

#[test]
fn equal_meshes_have_no_changes() {
    assert_eq!(changes(&of(LAB), &of(LAB)), []);
    // Another id and another place of a policy change nothing.
    let policy = |id: &str| {
        format!(
            "{LAB}---\nkind: AccessPolicy\nid: {id}\nactors: {{ teams: [TeamB] }}\nprivileges: [metadata.edit_links]\n"
        )
    };
    assert_eq!(changes(&of(&policy("one")), &of(&policy("another"))), []);
}

/// The expected findings follow from the texts of the policies and from docs/governance.md, "What holds without a policy".
#[test]
fn what_is_gained_and_lost_names_the_actor_the_privileges_and_the_resources() {
    let allowed = format!(
        "{LAB}---\nkind: AccessPolicy\nid: one\nactors: {{ all_users: true, except: {{ users: [jane] }} }}\n\
         privileges: [metadata.edit_links]\nresources: {{ types: [dataset] }}\n"
    );
    let found = changes(&of(LAB), &of(&allowed));
    assert_eq!(
        shown(&found),
        [(
            ChangeKind::Gained,
            vec![],
            vec!["user/jane"],
            vec!["metadata.edit_links"],
            vec!["dataset/january", "dataset/march"]
        )]
    );
    assert_eq!(found[0].rules, [vec![], vec!["policy/one".to_owned()]]);
    assert!(found[0].origins[0].is_empty());
    assert_eq!(found[0].origins[1].len(), 1);
    let back = changes(&of(&allowed), &of(LAB));
    assert_eq!(back.len(), 1);
    assert_eq!(
        (back[0].kind, &back[0].rules),
        (ChangeKind::Lost, &[vec!["policy/one".to_owned()], vec![]])
    );

    // A denial of what only owners may do is lost by owners, each team for its own dataset.
    let denied = format!(
        "{LAB}---\nkind: AccessPolicy\nid: no\neffect: deny\nactors: {{ owners: true }}\n\
         privileges: [metadata.delete]\nresources: {{ types: [dataset] }}\n"
    );
    let found = changes(&of(LAB), &of(&denied));
    let losing = |team, dataset| {
        (ChangeKind::Lost, vec![team], vec![], vec!["metadata.delete"], vec![dataset])
    };
    assert_eq!(
        shown(&found),
        [losing("team/TeamA", "dataset/january"), losing("team/TeamB", "dataset/march")]
    );
    assert_eq!(found[0].rules[1], ["policy/no"]);
}

/// A new dataset gives its owners, the admins of its environment and its stewards what follows from them, and nobody what
/// holds for every dataset.
#[test]
fn a_new_resource_gives_what_follows_from_its_own_facts() {
    let new = format!(
        "{LAB}---\nkind: Dataset\nid: april\nenvironment: dev\nteam: TeamB\ntopics: [flights]\nkeywords: [flights]\n"
    );
    let found = changes(&of(LAB), &of(&new));
    let april = vec!["dataset/april"];
    assert_eq!(
        shown(&found),
        [
            (ChangeKind::Gained, vec!["team/Platform"], vec![], vec!["metadata.*"], april.clone()),
            (ChangeKind::Gained, vec!["team/TeamB"], vec![], vec!["data.*"], april.clone()),
            (
                ChangeKind::Gained,
                vec!["team/TeamB"],
                vec![],
                vec!["lifecycle.edit_dataset"],
                april.clone()
            ),
            (ChangeKind::Gained, vec!["team/TeamB"], vec![], vec!["metadata.*"], april),
        ]
    );
    let gone: Vec<ChangeKind> = changes(&of(&new), &of(LAB)).iter().map(|one| one.kind).collect();
    assert_eq!(gone, [ChangeKind::Lost; 4]);
}

/// More excepted teams than combinations of them could be looked at: they are alike, so each of them is named.
#[test]
fn many_exceptions_are_no_obstacle() {
    let teams: Vec<String> = (0..30).map(|number| format!("Guest{number:02}")).collect();
    let policy = |except: &str| {
        let members = teams.iter().map(|team| format!("  - {{ team: {team} }}\n"));
        let members = members.collect::<Vec<_>>().concat();
        let lab = LAB.replacen(
            "  - { team: Stewards }\n",
            &format!("  - {{ team: Stewards }}\n{members}"),
            1,
        );
        format!(
            "{lab}---\nkind: AccessPolicy\nid: one\nactors: {{ all_users: true{except} }}\n\
             privileges: [metadata.edit_links]\nresources: {{ ids: [dataset/january] }}\n"
        )
    };
    let except = format!(", except: {{ teams: [{}] }}", teams.join(", "));
    let found = changes(&of(&policy("")), &of(&policy(&except)));
    let losers: Vec<String> = teams.iter().map(|team| format!("team/{team}")).collect();
    let actors: Vec<String> = found.iter().flat_map(|one| one.actor.clone()).collect();
    assert_eq!(actors, losers);
    assert!(found.iter().all(|one| one.kind == ChangeKind::Lost), "{found:?}");
}
