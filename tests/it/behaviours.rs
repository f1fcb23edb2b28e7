//! The behaviours of data.all, DataHub and Atlan by their ids: where each of them is tested.
//!
//! Decisions are in `governance/src/tests/scenarios.json`. What is about documents is here; the rest is tested beside
//! what it is about.

use std::collections::BTreeSet;
use std::fs;

use lakewright_manifest::{Code, Severity, SourceFile};
use lakewright_template::StackKind;
use serde_json::Value;

use crate::run::{BASE, example, mesh, resolved, root, sources, synthesized};

/// The number of behaviours of each system.
const ALL: [(&str, usize); 4] = [("DA", 31), ("DLA", 10), ("DH", 11), ("AT", 11)];

/// The tests of the behaviours that are no decisions: the id, a file and a function in it.
const ELSEWHERE: [(&str, &str, &str); 24] = [
    ("DA-7", "tests/it/codes.rs", "what_cannot_be_edited_is_refused_at_the_change"),
    ("DA-13", "tests/it/behaviours.rs", "documents_that_break_a_behaviour_are_refused"),
    ("DA-14", "tests/it/team_rights.rs", "no_role_of_a_team_writes_who_is_let_in"),
    ("DA-14", "tests/it/proof.rs", "what_belongs_to_others_is_not_used_by_name"),
    ("DA-15", "tests/it/behaviours.rs", "resources_of_an_environment_carry_its_team"),
    ("DA-16", "tests/it/proof/questions.rs", "data_takes_both_iam_and_lake_formation"),
    (
        "DA-18",
        "tests/it/proof/intent.rs",
        "documents_of_every_kind_give_what_they_mean_and_nothing_of_what_is_called_alike",
    ),
    ("DA-19", "tests/it/behaviours.rs", "documents_that_break_a_behaviour_are_refused"),
    (
        "DA-19",
        "tests/it/datasets.rs",
        "the_owner_of_an_imported_key_is_handed_the_statements_for_other_accounts",
    ),
    ("DA-20", "tests/it/proof.rs", "the_pivot_role_needs_the_external_id_and_a_trusted_role"),
    ("DA-22", "tests/it/codes.rs", "items_of_a_share_come_and_go_by_themselves"),
    (
        "DA-25",
        "tests/it/deploy/drift.rs",
        "a_permission_of_lake_formation_that_was_revoked_is_access_lost",
    ),
    (
        "DA-27",
        "tests/it/deploy/prune.rs",
        "what_left_the_mesh_goes_and_data_only_when_it_is_allowed",
    ),
    ("DA-28", "tests/it/behaviours.rs", "documents_that_break_a_behaviour_are_refused"),
    ("DA-29", "tests/it/behaviours.rs", "documents_that_break_a_behaviour_are_refused"),
    (
        "DA-31",
        "stacks/src/platform/firewall.rs",
        "without_a_list_everybody_comes_in_and_with_one_nobody_else",
    ),
    (
        "DLA-6",
        "tests/it/data_policies.rs",
        "datasets_that_others_govern_are_covered_as_far_as_they_existed",
    ),
    (
        "DLA-7",
        "tests/it/data_policies.rs",
        "datasets_that_others_govern_are_covered_as_far_as_they_existed",
    ),
    ("DLA-9", "governance/src/tests/scenarios.rs", "revoking_returns_to_the_state_before"),
    ("AT-6", "masks/tests/engines.rs", "masks_give_in_presto_what_the_table_says"),
    ("DA-5", "tests/it/behaviours.rs", "documents_that_break_a_behaviour_are_refused"),
    ("DA-12", "tests/it/datasets.rs", "any_teams_of_the_mesh_are_stewards"),
    ("DA-17", "tests/it/codes.rs", "what_cannot_be_edited_is_refused_at_the_change"),
    ("DA-21", "tests/it/codes.rs", "items_of_a_share_come_and_go_by_themselves"),
];

#[test]
fn every_behaviour_has_a_test() {
    let text = fs::read_to_string(root().join("governance/src/tests/scenarios.json"));
    let scenarios: Vec<Value> = serde_json::from_str(&text.expect("a file")).expect("JSON");
    let mut tested: BTreeSet<String> =
        scenarios.iter().map(|one| one["id"].as_str().expect("an id").to_owned()).collect();
    for (id, file, function) in ELSEWHERE {
        let text = fs::read_to_string(root().join(file)).expect("a file");
        assert!(text.contains(&format!("fn {function}()")), "{id}: {function} is not in {file}");
        tested.insert(id.to_owned());
    }
    let all: BTreeSet<String> = ALL
        .into_iter()
        .flat_map(|(system, count)| (1..=count).map(move |number| format!("{system}-{number}")))
        .collect();
    let missing: Vec<&String> = all.difference(&tested).collect();
    let unknown: Vec<&String> = tested.difference(&all).collect();
    assert!(
        missing.is_empty() && unknown.is_empty(),
        "without a test: {missing:?}; unknown: {unknown:?}"
    );
}

/// The ids of the behaviours, documents beside the base mesh, and the findings.
#[test]
fn documents_that_break_a_behaviour_are_refused() {
    const DATASET: &str = "kind: Dataset\nid: data\nenvironment: dev\nteam: Owners\n";
    const NOTEBOOK: &str =
        "kind: Notebook\nid: book\nenvironment: dev\nteam: Owners\ninternet_access: true\n";
    let found = |text: &str| -> Vec<&'static str> {
        let sources = [("base.yaml", BASE), ("more.yaml", text)]
            .map(|(path, text)| SourceFile { path: path.to_owned(), text: text.to_owned() });
        let (_, report) = resolved(&sources);
        // The base mesh has the account numbers of the examples, which is a warning.
        let codes = report.iter().map(|one| one.code);
        codes.filter(|code| code.severity() == Severity::Error).map(Code::as_str).collect()
    };
    let words = "topics: [T]\nkeywords: [k]\n";
    let cases: [(&str, String, &[&str]); 15] = [
        ("DA-5", "kind: Organization\nid: two\nteam: Limited\n".to_owned(), &["tenant-permission"]),
        ("DA-13", format!("{DATASET}{words}confidentiality: unclassified\n"), &[]),
        ("DA-13", format!("{DATASET}{words}confidentiality: official\n"), &[]),
        ("DA-13", format!("{DATASET}{words}confidentiality: secret\n"), &[]),
        ("DA-13", format!("{DATASET}{words}confidentiality: public\n"), &["invalid-value"]),
        ("DA-13", format!("{DATASET}keywords: [k]\n"), &["missing-topic"]),
        ("DA-13", format!("{DATASET}topics: [T]\n"), &["missing-topic"]),
        (
            "DA-19",
            format!("{DATASET}{words}import: {{ glue_database: theirs }}\n"),
            &["missing-field"],
        ),
        ("DA-19", format!("{DATASET}{words}import: {{ bucket: theirs }}\n"), &[]),
        ("DA-28", format!("{NOTEBOOK}instance_type: ml.t3.medium\n"), &[]),
        ("DA-28", format!("{NOTEBOOK}instance_type: ml.p3.2xlarge\n"), &["invalid-value"]),
        ("DA-28", format!("{NOTEBOOK}volume_size: 256\n"), &[]),
        ("DA-28", format!("{NOTEBOOK}volume_size: 100\n"), &["invalid-value"]),
        ("DA-29", format!("{NOTEBOOK}network: nowhere\n"), &["still-in-use"]),
        ("DA-29", NOTEBOOK.to_owned(), &[]),
    ];
    for (id, text, expected) in cases {
        assert_eq!(found(&text), expected, "{id}: {text}");
    }
}

/// DA-15, with the tag `Team` of each resource that has tags.
#[test]
fn resources_of_an_environment_carry_its_team() {
    let mesh = mesh(&sources(&example("lab")));
    let mut seen = 0;
    for stack in synthesized(&mesh) {
        if stack.entry.kind != StackKind::Environment {
            continue;
        }
        let environment =
            mesh.environments.values().find(|one| one.header.id.as_str() == stack.entry.id);
        let team = environment.expect("the environment").team.as_str();
        let template: Value = serde_json::from_str(&stack.json).expect("JSON");
        for (id, resource) in template["Resources"].as_object().expect("resources") {
            let Some(tags) = resource["Properties"]["Tags"].as_array() else { continue };
            let found = tags.iter().find(|tag| tag["Key"] == "Team");
            assert_eq!(found.map(|tag| &tag["Value"]), Some(&Value::from(team)), "{id}");
            seen += 1;
        }
    }
    assert!(seen > 5, "{seen}");
}
