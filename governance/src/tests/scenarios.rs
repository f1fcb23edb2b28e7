//! The behaviours of the systems whose access models this crate joins, by their ids.

use std::collections::BTreeMap;
use std::sync::Arc;

use lakewright_manifest::diagnostic::FileId;
use lakewright_manifest::mesh::{Dashboard, Maintenance};
use lakewright_manifest::parse::{Documents, parse};
use lakewright_manifest::resolve::resolve;
use lakewright_manifest::{Date, Id, Mesh, SourceFile, TeamName};
use proptest::prelude::{any, prop};
use proptest::{prop_assert_eq, proptest};
use serde_json::{Value, json};

use crate::{Actor, Decider, Decision, Governance, QuestionError};

pub(crate) const LAB: &str = include_str!("lab.yaml");
const SCENARIOS: &str = include_str!("scenarios.json");

/// The mesh in a text.
pub(crate) fn mesh(text: &str) -> Mesh {
    let source = SourceFile { path: "mesh.yaml".to_owned(), text: text.to_owned() };
    let parsed = parse(FileId(0), &source);
    let documents = Documents::of_files(vec![parsed.documents]);
    let (mesh, report) = resolve(&documents, parsed.report);
    mesh.unwrap_or_else(|| panic!("{report:?}\n{text}"))
}

/// `jo@TeamA,TeamB#Editor`: a user, teams and roles.
pub(crate) fn actor(text: &str) -> Actor {
    let (rest, roles) = text.split_once('#').unwrap_or((text, ""));
    let (user, teams) = rest.split_once('@').unwrap_or((rest, ""));
    let teams = teams.split(',').filter(|team| !team.is_empty());
    let roles = roles.split(',').filter(|role| !role.is_empty());
    let actor = teams.fold(Actor::new(user), Actor::member_of);
    roles.fold(actor, Actor::with_role)
}

fn names(value: &Value) -> Vec<TeamName> {
    let names = value.as_array().into_iter().flatten().filter_map(Value::as_str);
    names.map(|name| TeamName::parse(name).expect("a team")).collect()
}

/// The mesh of a scenario. What `check` does not accept yet is set in the resolved mesh.
fn of_scenario(scenario: &Value) -> Mesh {
    let more = scenario["policies"].as_str().map(|text| format!("---\n{text}")).unwrap_or_default();
    let mut mesh = mesh(&format!("{LAB}{more}"));
    let airline = Id::parse("airline").expect("an id");
    let domain = Arc::make_mut(mesh.domains.get_mut(&airline).expect("the domain"));
    for (key, list) in [
        ("domain_owners", &mut domain.owners),
        ("domain_readers", &mut domain.readers),
        ("domain_access", &mut domain.dataset_level_access),
    ] {
        if scenario[key].is_array() {
            *list = names(&scenario[key]);
        }
    }
    match scenario["maintenance"].as_str() {
        Some("read_only") => mesh.tenant.maintenance = Maintenance::ReadOnly,
        Some("no_access") => mesh.tenant.maintenance = Maintenance::NoAccess,
        Some(_) | None => {}
    }
    if let Some(dashboard) = scenario.get("dashboard") {
        let id = Id::parse("figures").expect("an id");
        let dataset = mesh.datasets.values().next().expect("a dataset");
        let mut header = dataset.header.clone();
        header.id = id.clone();
        let team = dashboard["team"].as_str().expect("a team");
        let dashboard = Dashboard {
            header,
            environment: dataset.environment.clone(),
            team: TeamName::parse(team).expect("a team"),
            dashboard_id: "6f1c2a3b".to_owned(),
            shared_with: names(&dashboard["shared_with"]),
        };
        mesh.dashboards.insert(id, Arc::new(dashboard));
    }
    mesh
}

fn answered(governance: &Governance, question: &Value) -> &'static str {
    let text = |key: &str| question[key].as_str().expect("a text");
    let Ok(resource) = governance.resource(text("resource")) else { return "unknown resource" };
    let privilege = governance.privilege(text("privilege")).expect("a privilege");
    let prepared = governance.actor(actor(text("actor")));
    let mut decider = Decider::new(governance);
    match decider.decide(&prepared, privilege, governance.target(&resource)) {
        Ok(verdict) => match verdict.decision {
            Decision::Allow => "allow",
            Decision::Deny => "deny",
            Decision::Unknown => "unknown",
        },
        Err(QuestionError::NotAbout { .. }) => "not about it",
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn each_behaviour_holds() {
    let scenarios: Vec<Value> = serde_json::from_str(SCENARIOS).expect("JSON");
    let mut wrong = Vec::new();
    for scenario in &scenarios {
        let mesh = of_scenario(scenario);
        let day = scenario["as_of"].as_str().map(|day| Date::parse(day).expect("a day"));
        let governance = match Governance::of(&mesh, day.as_ref()) {
            Ok(governance) => governance,
            Err(problems) => panic!("{scenario}: {problems:?}"),
        };
        if let Err(error) = governance.validate() {
            wrong.push(format!("{}: {error}", scenario["id"]));
        }
        for question in scenario["ask"].as_array().into_iter().flatten() {
            let answer = answered(&governance, question);
            if question["answer"] != answer {
                wrong.push(format!("{}: {question} is {answer}", scenario["id"]));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Giving dataset-level access and taking it away again, in any order, leaves the decisions of the last state (DLA-4,
/// DLA-5, DLA-9).
#[test]
fn revoking_returns_to_the_state_before() {
    let answers = |access: &str, readers: &str| -> Vec<&'static str> {
        let scenario = format!("{{\"domain_access\": {access}, \"domain_readers\": {readers}}}");
        let scenario: Value = serde_json::from_str(&scenario).expect("JSON");
        let governance = Governance::of(&of_scenario(&scenario), None).expect("no problem");
        let mut all = Vec::new();
        for who in ["jo@TeamA", "jo@TeamB", "jo@Stewards"] {
            for resource in ["dataset/january", "table/january/sales", "dataset/march"] {
                for privilege in ["data.read", "data.write", "metadata.edit_tags"] {
                    let question = json!({
                        "actor": who, "privilege": privilege, "resource": resource,
                    });
                    all.push(answered(&governance, &question));
                }
            }
        }
        all
    };
    let before = answers("[]", "[\"TeamB\"]");
    assert_ne!(answers("[\"TeamB\"]", "[\"TeamB\"]"), before);
    assert_eq!(answers("[\"TeamB\"]", "[]"), before);
    assert_eq!(answers("[]", "[]"), before);
}

/// The access of a team to the domain: whether it is an owner, and whether it has dataset-level access.
type Access = BTreeMap<&'static str, (bool, bool)>;

/// The answers about each team, in the mesh with these accesses to the domain.
fn reached(access: &Access) -> Vec<[&'static str; 3]> {
    let having = |wanted: &dyn Fn((bool, bool)) -> bool| -> Vec<&str> {
        access.iter().filter(|(_, one)| wanted(**one)).map(|(team, _)| *team).collect()
    };
    let mut owners = having(&|(is_owner, _)| is_owner);
    owners.push("TeamA");
    let scenario = json!({
        "domain_owners": owners,
        "domain_readers": having(&|(is_owner, _)| !is_owner),
        "domain_access": having(&|(_, has_datasets)| has_datasets),
    });
    let governance = Governance::of(&of_scenario(&scenario), None).expect("no problem");
    let answer = |team: &str, privilege: &str, resource: &str| {
        let question = json!({
            "actor": format!("jo@{team}"), "privilege": privilege, "resource": resource,
        });
        answered(&governance, &question)
    };
    let of_team = |team: &str| {
        [
            answer(team, "data.read", "column/january/sales/id"),
            answer(team, "data.write", "dataset/january"),
            answer(team, "lifecycle.give_domain_access", "domain/airline"),
        ]
    };
    GUESTS.into_iter().map(of_team).collect()
}

/// Teams that have nothing to do with the dataset of the domain.
const GUESTS: [&str; 3] = ["Linkers", "Platform", "TeamB"];

proptest! {
    #![proptest_config(proptest::test_runner::Config::with_cases(16))]

    /// After any sequence of giving and revoking, a team has what the table of scenarios says of its access to the domain
    /// (DLA-1, DLA-3, DLA-4, DLA-5), and after the opposite sequence everybody has what they had before.
    #[test]
    fn revoking_in_any_order_returns_to_the_states_before(
        steps in prop::collection::vec((0_usize..3, any::<bool>(), any::<bool>(), any::<bool>()), 1..8)
    ) {
        let mut access = Access::new();
        let mut states = vec![(access.clone(), reached(&access))];
        for (team, is_owner, has_datasets, is_given) in steps {
            let team = GUESTS[team];
            match (is_given, access.get_mut(team)) {
                (true, _) => {
                    access.insert(team, (is_owner, has_datasets));
                }
                // Revoking dataset-level access leaves the access to the domain; revoking that revokes both.
                (false, Some(one)) if has_datasets => one.1 = false,
                (false, _) => {
                    access.remove(team);
                }
            }
            let answers = reached(&access);
            for (team, answers) in GUESTS.iter().zip(&answers) {
                let (is_owner, has_datasets) = access.get(team).copied().unwrap_or_default();
                let word = |is_allowed: bool| if is_allowed { "allow" } else { "deny" };
                let expected = [has_datasets, has_datasets && is_owner, is_owner].map(word);
                prop_assert_eq!(*answers, expected, "{} {:?}", team, &access);
            }
            states.push((access.clone(), answers));
        }
        for (access, answers) in states.into_iter().rev() {
            prop_assert_eq!(reached(&access), answers);
        }
    }
}
