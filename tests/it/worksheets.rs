//! The databases that worksheets query.

use lakewright_manifest::SourceFile;
use serde_json::Value;

use crate::run::{BASE, BASE_DATASET, example, mesh, resolved, sources, synthesized};

const SHARE: &str = "kind: Share
id: to-readers
dataset: sales
environment: dev
team: Readers
items: [{ table: orders }]
status: approved
approved_by: Owners
";

/// The base mesh with a share, an environment in another account, and a worksheet of the environment's own team.
fn with(environment: &str, database: &str) -> Vec<SourceFile> {
    let far = "kind: Environment\nid: far\norganization: org\naccount: \"333333333333\"\nregion: eu-west-1\nteam: Owners\n";
    let worksheet = format!(
        "kind: Worksheet\nid: totals\nenvironment: {environment}\nteam: Owners\nquery: SELECT 1\n{database}"
    );
    let files = [BASE, BASE_DATASET, SHARE, far, &worksheet];
    let numbered = files.into_iter().enumerate();
    numbered
        .map(|(number, text)| SourceFile { path: format!("{number}.yaml"), text: text.to_owned() })
        .collect()
}

/// The properties of each resource of a type.
fn of_type(sources: &[SourceFile], kind: &str) -> Vec<Value> {
    let mut found = Vec::new();
    for stack in synthesized(&mesh(sources)) {
        let template: Value = serde_json::from_str(&stack.json).expect("JSON");
        let resources = template["Resources"].as_object().expect("resources");
        let resources = resources.values().filter(|one| one["Type"] == kind);
        found.extend(resources.map(|one| one["Properties"].clone()));
    }
    found
}

/// The database of the only named query.
fn queried(sources: &[SourceFile]) -> Value {
    let queries = of_type(sources, "AWS::Athena::NamedQuery");
    assert_eq!(queries.len(), 1, "{queries:?}");
    queries[0]["Database"].clone()
}

/// The findings about a worksheet's database, with their help.
fn found(sources: &[SourceFile]) -> Vec<(String, String)> {
    let (mesh, mut report) = resolved(sources);
    if let Some(mesh) = &mesh {
        report.extend(lakewright_stacks::Plan::of(mesh, None).report);
    }
    let findings = report.iter().filter(|one| one.code.as_str() != "crawled-table-share");
    findings
        .map(|one| (one.code.as_str().to_owned(), one.help.clone().unwrap_or_default()))
        .collect()
}

/// Source: "AWS::Athena::NamedQuery" in the CloudFormation template reference, `Database`: "The database to which the query
/// belongs", by its name in the catalog, which `AWS::Glue::Database` has as `Name`.
#[test]
fn a_worksheet_names_a_dataset_or_a_share_and_gets_its_database() {
    let dataset = with("dev", "database: dataset/sales\n");
    let databases = of_type(&dataset, "AWS::Glue::Database");
    let name = |is_link: bool| {
        let mut inputs = databases.iter().map(|one| &one["DatabaseInput"]);
        let of = inputs.find(|one| one["TargetDatabase"].is_object() == is_link);
        of.expect("a database")["Name"].clone()
    };
    assert_eq!(queried(&dataset), name(false));
    assert_eq!(queried(&with("dev", "database: share/to-readers\n")), name(true));
    assert_eq!(queried(&with("dev", "")), "default");
    assert_eq!(queried(&with("dev", "database: somebody_elses\n")), "somebody_elses");
    for right in ["dataset/sales", "share/to-readers", "default"] {
        assert_eq!(found(&with("dev", &format!("database: {right}\n"))), [], "{right}");
    }
    let by_name = format!("database: {}\n", name(false).as_str().expect("a name"));
    assert_eq!(found(&with("dev", &by_name)), []);
}

#[test]
fn a_database_that_the_mesh_does_not_know_is_a_warning_with_what_was_meant() {
    for (written, meant) in [
        ("sales", "did you mean `dataset/sales`?"),
        ("lakewright_sales", "did you mean `dataset/sales`?"),
        ("to_readers", "did you mean `share/to-readers`?"),
        ("does_not_exist", "name a dataset's as `dataset/ID`"),
    ] {
        let found = found(&with("dev", &format!("database: {written}\n")));
        let [(code, help)] = found.as_slice() else { panic!("{written}: {found:?}") };
        assert_eq!(code, "unknown-database", "{written}");
        assert!(help.starts_with(meant), "{written}: {help}");
    }
}

/// Athena resolves a named query's database in the catalog of its own account and region.
#[test]
fn a_worksheet_refers_to_what_is_in_its_own_catalog() {
    for (environment, database, expected) in [
        ("dev", "dataset/sale", "unknown-reference"),
        ("dev", "share/nothing-like-it", "still-in-use"),
        ("far", "dataset/sales", "invalid-value"),
        ("far", "share/to-readers", "invalid-value"),
        ("dev", "dataset/", "invalid-value"),
        ("dev", "table/sales", "invalid-value"),
    ] {
        let found = found(&with(environment, &format!("database: {database}\n")));
        let codes: Vec<&str> = found.iter().map(|(code, _)| code.as_str()).collect();
        assert_eq!(codes, [expected], "{environment} {database}");
    }
    let mut without_table = with("dev", "database: share/to-readers\n");
    let share = without_table.iter_mut().find(|one| one.text == SHARE).expect("the share");
    share.text = SHARE.replace("table: orders", "bucket: true");
    assert_eq!(found(&without_table)[0].0, "invalid-value");
}

#[test]
fn the_examples_worksheets_run_against_databases_that_are_there() {
    for name in crate::run::EXAMPLES {
        let sources = sources(&example(name));
        let report = lakewright_stacks::Plan::of(&mesh(&sources), None).report;
        let codes: Vec<&str> = report.iter().map(|one| one.code.as_str()).collect();
        assert!(!codes.contains(&"unknown-database"), "{name}");
    }
}
