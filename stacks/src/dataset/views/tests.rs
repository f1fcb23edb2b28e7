//! What a table with masks becomes. The definer's rights are those of "Prerequisites for creating views" in the Lake Formation
//! developer guide; that the team has nothing on the table is the point of it.

use std::collections::{BTreeMap, BTreeSet};

use lakewright_manifest::Mesh;
use lakewright_manifest::name::CatalogName;
use lakewright_synth::{Cause, Lowered, Stack, StackSpec};
use lakewright_template::write::value_to_compact_json;
use lakewright_template::{Template, Value};

use super::*;
use crate::dataset::{Reached, TablesBy};
use crate::testing::{
    DEV, SALES, TENANT, dataset, environment, member, mesh, resources, team, texts,
};

const DATABASE: &str = "sales_db";

/// A stack with the views of the table `orders` that a mesh's team `Readers` has, with these columns and rows.
fn made(mesh: &Mesh, columns: &[(&str, Option<Mask>)], rows: Option<&Condition>) -> Lowered {
    let (place, sales) = (environment(mesh, "dev"), dataset(mesh, "sales"));
    let names = Names::new(mesh);
    let reached = Reached::default();
    let context = Context {
        names,
        environment: place,
        dataset: sales,
        tables_by: TablesBy::Name,
        reached: &reached,
        place: Names::place(place),
        target: "dataset/sales".to_owned(),
    };
    let mut stack = Stack::new(StackSpec {
        name: "test".to_owned(),
        place: Names::place(place),
        description: String::new(),
        tags: BTreeMap::new(),
        managed_policies_per_role: 10,
        trust_policy_characters: 2_048,
        event_bus_policy_characters: 10_240,
    });
    let (name, table) = sales.tables.iter().next().expect("the table");
    let columns: BTreeMap<CatalogName, Option<Mask>> = columns
        .iter()
        .map(|(name, mask)| (CatalogName::parse(name).expect("a name"), *mask))
        .collect();
    let readers = team("Readers");
    let views: Vec<TeamView<'_>> = (!columns.is_empty())
        .then(|| TeamView {
            team: &readers,
            name,
            table,
            columns: &columns,
            rows,
            consumers: vec![names.team_role(place, member(place, "Readers"))],
            origins: BTreeSet::new(),
        })
        .into_iter()
        .collect();
    let mut chain = PermissionChain::after(Vec::new(), "dataset/sales");
    let database = DatabaseHandle::imported(DATABASE);
    let mut root = stack.root(Cause::default());
    masked_views(&mut root, &context, &database, &mut chain, &views);
    drop(root);
    stack.lower().expect("a stack without problems")
}

fn base() -> Mesh {
    mesh(&[TENANT, DEV, SALES])
}

const MASKED: [(&str, Option<Mask>); 2] = [("id", None), ("region", Some(Mask::Redact))];

/// The Lake Formation permissions whose principal contains a text: on what, and which.
fn permissions(template: &Template, principal: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut found = BTreeMap::new();
    for resource in resources(template, "AWS::LakeFormation::PrincipalPermissions") {
        let who = resource.properties.get("Principal").map(value_to_compact_json);
        if !who.unwrap_or_default().contains(principal) {
            continue;
        }
        let on = resource.properties.get("Resource").and_then(Value::as_map).expect("a resource");
        let (kind, on) = on.iter().next().expect("one kind of resource");
        let name = on.as_map().and_then(|map| map.get("Name")).and_then(Value::as_text);
        let given = texts(&resource.properties, "Permissions");
        let given = given.into_iter().map(str::to_owned).collect();
        found.insert(format!("{kind} {}", name.unwrap_or("*")), given);
    }
    found
}

/// The views of a template by name: each with its definition as text.
fn views(template: &Template) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for table in resources(template, "AWS::Glue::Table") {
        let input = table.properties.get("TableInput").and_then(Value::as_map).expect("an input");
        if let Some(view) = input.get("ViewDefinition") {
            let name = input.get("Name").and_then(Value::as_text).expect("a name");
            found.insert(name.to_owned(), value_to_compact_json(view));
        }
    }
    found
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn name_of_view(mesh: &Mesh, ending: &str) -> String {
    let (place, sales) = (environment(mesh, "dev"), dataset(mesh, "sales"));
    Names::new(mesh).view(place, sales, "orders", &team("Readers"), ending)
}

#[test]
fn a_team_with_a_mask_reads_views_and_has_nothing_on_the_table() {
    let mesh = base();
    let template = made(&mesh, &MASKED, None).template;
    let place = environment(&mesh, "dev");
    let role = Names::new(&mesh).team_role_arn(place, member(place, "Readers"));
    let (athena, spark) = (name_of_view(&mesh, ""), name_of_view(&mesh, "_spark"));
    let expected = BTreeMap::from([
        (format!("TableWithColumns {athena}"), set(&["SELECT"])),
        (format!("TableWithColumns {spark}"), set(&["SELECT"])),
    ]);
    assert_eq!(permissions(&template, &role), expected);
    let views = views(&template);
    let names: Vec<&String> = views.keys().collect();
    assert_eq!(names, [&athena, &spark]);
    for (name, view) in &views {
        assert!(view.contains(r#""IsProtected":true"#), "{view}");
        assert_eq!(view.contains("ValidationConnection"), *name == athena, "{view}");
        let table = "arn:aws:glue:eu-west-1:222222222222:table/";
        assert!(view.contains(&format!("\"SubObjects\":[\"{table}")), "{view}");
        assert!(view.contains("/orders\"]"), "{view}");
    }
    assert!(views[&athena].contains(r#"regexp_replace(base.\"region\""#), "{}", views[&athena]);
    assert!(views[&athena].contains(r#"base.\"id\" AS \"id\""#), "{}", views[&athena]);
    assert!(views[&spark].contains("regexp_replace(base.`region`"), "{}", views[&spark]);
}

#[test]
fn the_definer_reads_the_tables_and_makes_views_and_nobody_but_services_is_it() {
    let mesh = base();
    let lowered = made(&mesh, &MASKED, None);
    let template = &lowered.template;
    let of_definer: BTreeMap<String, BTreeSet<String>> = permissions(template, "Definer");
    let given: BTreeSet<String> = of_definer.into_values().flatten().collect();
    assert_eq!(given, set(&["CREATE_TABLE", "DESCRIBE", "SELECT"]));
    let roles = resources(template, "AWS::IAM::Role");
    assert_eq!(roles.len(), 1);
    let trust = roles[0].properties.get("AssumeRolePolicyDocument").map(value_to_compact_json);
    let trust = trust.expect("a trust policy");
    for service in ["glue.amazonaws.com", "lakeformation.amazonaws.com"] {
        assert!(trust.contains(service), "{trust}");
    }
    assert!(!trust.contains("\"AWS\"") && !trust.contains("Federated"), "{trust}");
    assert!(roles[0].properties.get("PermissionsBoundary").is_some());
    // The grant option alone gives nothing: IAM lets the definer grant no permission. It reads no object either.
    let policies = resources(template, "AWS::IAM::RolePolicy");
    assert_eq!(policies.len(), 1);
    let text = policies[0].properties.get("PolicyDocument").map(value_to_compact_json);
    let text = text.expect("a policy");
    for absent in ["GrantPermissions", "s3:", "kms:", "iam:", "sts:"] {
        assert!(!text.contains(absent), "{absent}: {text}");
    }
    for present in ["glue:PassConnection", "glue:CreateTable", "lakeformation:GetDataAccess"] {
        assert!(text.contains(present), "{present}: {text}");
    }
}

#[test]
fn a_table_that_is_not_masked_makes_nothing_for_views() {
    let mesh = base();
    assert!(made(&mesh, &[], None).template.resources.is_empty());
}

#[test]
fn columns_and_rows_that_a_team_does_not_see_are_not_in_its_views() {
    let mesh = base();
    let rows = Condition::parse("region = 'EU'").expect("a condition");
    let columns = [("region", Some(Mask::Hash))];
    for view in views(&made(&mesh, &columns, Some(&rows)).template).values() {
        assert!(view.contains("= 'EU')"), "{view}");
        assert!(!view.contains("\\\"id\\\"") && !view.contains("`id`"), "{view}");
    }
}

#[test]
fn what_is_intended_names_the_definer_and_the_team() {
    let mesh = base();
    let lowered = made(&mesh, &MASKED, None);
    let who: BTreeSet<&str> =
        lowered.records.iter().map(|(record, _)| record.principal.as_str()).collect();
    for name in ["definer/sales", "team/dev/Readers"] {
        assert!(who.contains(name), "{name}: {who:?}");
    }
}
