//! The behaviours of the systems whose access models this crate joins, by their ids.

use std::collections::BTreeSet;
use std::sync::Arc;

use lakewright_manifest::diagnostic::FileId;
use lakewright_manifest::mesh::{Dashboard, Maintenance};
use lakewright_manifest::parse::{Documents, parse};
use lakewright_manifest::resolve::resolve;
use lakewright_manifest::{Date, Id, Mesh, SourceFile, TeamName};
use serde_json::Value;

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

#[test]
fn every_part_of_the_behaviours_has_scenarios() {
    let scenarios: Vec<Value> = serde_json::from_str(SCENARIOS).expect("JSON");
    let ids: BTreeSet<&str> = scenarios.iter().filter_map(|one| one["id"].as_str()).collect();
    // Behaviours about deployed resources, fields of documents, masks, or a platform's own state are shown elsewhere.
    for (part, count) in [("DA-", 17), ("DLA-", 7), ("DH-", 11), ("AT-", 8)] {
        let found = ids.iter().filter(|id| id.starts_with(part)).count();
        assert!(found >= count, "{part}: {found}");
    }
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
                    let question = serde_json::json!({
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
