//! How fast decisions are: 1,000 users, 200 teams, 500 policies and 10,000 datasets. Run it in a release build:
//! `cargo test --release -p lakewright-governance -- --ignored --nocapture speed`.

use std::fmt::Write as _;

use cedar_policy::{Authorizer, Context, Request};

use super::scenarios::mesh;
use crate::analysis::uses;
use crate::entities::{of_universe, resource_uid, uid};
use crate::{Actor, Decider, Governance, Privilege, Resource};

fn large(datasets: usize) -> String {
    let mut text = String::from(
        "kind: Tenant\nid: lab\ncentral_account: \"111111111111\"\nhome_region: eu-west-1\npivot_role:\n  \
         external_id: lab-0123456789\n  trusted_roles: [\"arn:aws:iam::111111111111:role/platform\"]\n---\n\
         kind: Organization\nid: org\nteam: T0\n---\nkind: Environment\nid: dev\norganization: org\n\
         account: \"222222222222\"\nregion: eu-west-1\nteam: T0\nteams:\n",
    );
    for team in 1..200 {
        writeln!(text, "  - {{ team: T{team}, permissions: [create_dataset] }}").expect("a string");
    }
    for domain in 0..20 {
        write!(text, "---\nkind: Domain\nid: d{domain}\nowners: [T{domain}]\n").expect("a string");
    }
    for number in 0..datasets {
        write!(
            text,
            "---\nkind: Dataset\nid: s{number}\nenvironment: dev\nteam: T{}\ndomain: d{}\ntopics: [t]\n\
             keywords: [k{}]\n",
            number % 200,
            number % 20,
            number % 50
        )
        .expect("a string");
    }
    let privileges =
        ["edit_tags", "edit_links", "edit_owners", "delete", "edit_entity", "add_tags"];
    for number in 0..500 {
        let effect = if number % 10 == 0 { "deny" } else { "allow" };
        let what = match number % 3 {
            0 => format!("domains: [d{}]", number % 20),
            1 => format!("tags: [k{}]", number % 50),
            _ => format!("ids: [dataset/s{}]", number % datasets),
        };
        write!(
            text,
            "---\nkind: AccessPolicy\nid: p{number}\neffect: {effect}\nactors: {{ teams: [T{}] }}\n\
             privileges: [metadata.{}]\nresources: {{ {what} }}\n",
            number % 200,
            privileges[number % privileges.len()]
        )
        .expect("a string");
    }
    text
}

#[test]
#[ignore = "a measurement"]
#[expect(clippy::disallowed_types, clippy::print_stdout, reason = "a measurement")]
fn speed() {
    let mesh = mesh(&large(10_000));
    let time = |what: &str, count: usize, from: std::time::Instant| {
        let took = from.elapsed();
        println!("{what}: {took:?}, {:?} each", took / u32::try_from(count).unwrap_or(1));
    };
    let from = std::time::Instant::now();
    let governance = Governance::of(&mesh, None).expect("no problem");
    time("prepare", 1, from);
    let actors: Vec<Actor> = (0..1_000)
        .map(|user| {
            let teams = (0..3).map(|team| format!("T{}", (user * 7 + team * 31) % 200));
            teams.fold(Actor::new(format!("u{user}")), Actor::member_of)
        })
        .collect();
    let prepared: Vec<_> = actors.iter().map(|actor| governance.actor(actor.clone())).collect();
    let resources: Vec<&Resource> = governance
        .universe
        .resources
        .values()
        .filter(|resource| resource.kind == crate::ResourceKind::Dataset)
        .collect();
    let targets: Vec<_> = resources.iter().map(|resource| governance.target(resource)).collect();
    let privileges: Vec<Privilege> = governance
        .privileges
        .all()
        .filter(|privilege| governance.privileges.name(*privilege).starts_with("metadata."))
        .filter(|one| governance.privileges.about(*one).contains(&crate::ResourceKind::Dataset))
        .collect();
    let question = |number: usize| {
        let mixed = number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        (
            (mixed >> 7) % prepared.len(),
            (mixed >> 23) % targets.len(),
            (mixed >> 41) % privileges.len(),
        )
    };
    let count = 1_000_000;
    let from = std::time::Instant::now();
    let mut decider = Decider::new(&governance);
    for number in 0..count {
        let (actor, target, privilege) = question(number);
        decider
            .decide(&prepared[actor], privileges[privilege], targets[target])
            .expect("an answer");
    }
    time("decide", count, from);
    println!("Cedar was asked {} times", decider.asked());
    let schema = governance.schema().expect("a schema");
    let policies = governance.policy_set().expect("policies");
    let everything = of_universe(&governance.universe, &actors, &schema).expect("entities");
    let authorizer = Authorizer::new();
    let from = std::time::Instant::now();
    for number in 0..2_000 {
        let (actor, target, privilege) = question(number);
        let request = Request::new(
            uid("User", &actors[actor].user),
            uid("Action", governance.privileges.name(privileges[privilege])),
            resource_uid(resources[target]),
            Context::empty(),
            None,
        );
        authorizer.is_authorized(&request.expect("a request"), &policies, &everything);
    }
    time("whole", 2_000, from);
    let from = std::time::Instant::now();
    let found = uses(&governance).len();
    time("analysis", found, from);
    let from = std::time::Instant::now();
    assert_eq!(governance.validate(), Ok(()));
    time("validate", 1, from);
}
