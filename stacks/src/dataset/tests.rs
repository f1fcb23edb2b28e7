//! Tests of a dataset's place in the catalog. What is expected stands in `docs/stacks/dataset.md`.

use std::collections::{BTreeMap, BTreeSet};

use lakewright_manifest::Mesh;
use lakewright_template::write::value_to_compact_json;
use lakewright_template::{StackKind, Template, Value};

use super::*;
use crate::testing::{
    DEV, SALES, TENANT, dataset, environment, lowered, member, mesh, resources, share, texts,
};

/// A dataset with more lines than `SALES`.
fn with(more: &str) -> Mesh {
    mesh(&[TENANT, DEV, &format!("{SALES}{more}")])
}

fn template(mesh: &Mesh) -> Template {
    lowered(mesh, StackKind::Dataset, "sales").template
}

/// The permissions of a principal, by the kind of resource that they are on.
fn permissions<'t>(
    template: &'t Template,
    principal: &str,
) -> BTreeMap<&'t str, BTreeSet<&'t str>> {
    let mut found: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for resource in resources(template, "AWS::LakeFormation::PrincipalPermissions") {
        let of = |property: &str| resource.properties.get(property).and_then(Value::as_map);
        let who = of("Principal").and_then(|map| map.get("DataLakePrincipalIdentifier"));
        if who.and_then(Value::as_text) != Some(principal) {
            continue;
        }
        let on = of("Resource").and_then(|map| map.iter().next());
        let (on, _) = on.expect("a resource");
        found.insert(on.as_ref(), texts(&resource.properties, "Permissions"));
    }
    found
}

/// The ARN of a team's role in `dev`.
fn role(mesh: &Mesh, team: &str) -> String {
    let environment = environment(mesh, "dev");
    Names::new(mesh).team_role_arn(environment, member(environment, team))
}

#[test]
fn no_tables_are_shared_by_tags_in_another_catalog_or_a_hybrid_location() {
    // "Hybrid access mode considerations and limitations" in the Lake Formation developer guide: opt-ins are by table.
    let has = |more: &str| share::has_tags(dataset(&with(more), "sales"));
    assert!(has(""));
    assert!(has("import: { bucket: old-bucket, hybrid_access: closed }\n"));
    assert!(!has("import: { bucket: old-bucket }\n"), "`open` is the default");
    assert!(!has("import: { bucket: old-bucket, hybrid_access: opt_in }\n"));
    let elsewhere = "import: { bucket: old-bucket, glue_database: old, catalog_account: \"444444444444\", hybrid_access: closed }\n";
    assert!(!has(elsewhere));
}

#[test]
fn nobody_can_pass_a_permission_on() {
    let text = share("s", "dev", "Readers", "permissions: [modify]\nitems: [{ table: orders }]");
    let mesh = mesh(&[TENANT, DEV, SALES, &text]);
    let template = template(&mesh);
    let all = resources(&template, "AWS::LakeFormation::PrincipalPermissions");
    assert!(all.len() >= 9, "role, owner and consumer: {}", all.len());
    for one in all {
        assert!(texts(&one.properties, "PermissionsWithGrantOption").is_empty());
    }
}

#[test]
fn stewards_read_tables_and_neither_change_nor_make_them() {
    let mesh = with("stewards: Readers\n");
    let template = template(&mesh);
    let expected = BTreeMap::from([
        ("Database", BTreeSet::from(["DESCRIBE"])),
        ("Table", BTreeSet::from(["DESCRIBE", "SELECT"])),
    ]);
    assert_eq!(permissions(&template, &role(&mesh, "Readers")), expected);
    let owner = permissions(&template, &role(&mesh, "Owners"));
    assert!(owner["Database"].contains("CREATE_TABLE") && owner["Table"].contains("INSERT"));
}

#[test]
fn a_consumer_of_a_table_sees_the_database_and_no_other_table() {
    let text = share("s", "dev", "Readers", "items: [{ table: orders }]");
    let mesh = mesh(&[TENANT, DEV, SALES, &text]);
    let expected = BTreeMap::from([
        ("Database", BTreeSet::from(["DESCRIBE"])),
        ("TableWithColumns", BTreeSet::from(["SELECT"])),
    ]);
    assert_eq!(permissions(&template(&mesh), &role(&mesh, "Readers")), expected);
}

#[test]
fn a_location_is_registered_by_one_of_those_who_could() {
    let of = |more: &str| {
        let mesh = with(more);
        let template = template(&mesh);
        let owner = permissions(&template, &role(&mesh, "Owners"));
        let registered = resources(&template, "AWS::LakeFormation::Resource").len();
        (registered, owner.contains_key("DataLocation"))
    };
    assert_eq!(of(""), (1, true));
    assert_eq!(of("import: { bucket: old-bucket }\n"), (1, true));
    // Whoever makes tables there needs the permission, whoever has registered the location.
    assert_eq!(of("import: { bucket: old-bucket, register_location: false }\n"), (0, true));
    assert_eq!(of("import: { bucket: old-bucket, registered: false }\n"), (0, false));
}

#[test]
fn an_imported_bucket_and_its_key_are_not_in_the_template() {
    let mesh = with("import: { bucket: old-bucket, kms_key_alias: old-key }\n");
    let template = template(&mesh);
    for kind in ["AWS::S3::Bucket", "AWS::S3::BucketPolicy"] {
        assert!(resources(&template, kind).is_empty(), "{kind}");
    }
    let aliases = resources(&template, "AWS::KMS::Alias");
    let names: Vec<_> = aliases.iter().map(|alias| texts(&alias.properties, "AliasName")).collect();
    assert_eq!(names.len(), 1, "that of the key for logs and bookmarks");
    assert!(!names[0].contains("alias/old-key"), "{names:?}");
}

#[test]
fn a_database_of_another_catalog_gets_a_link_and_no_crawler() {
    let count = |template: &Template, kind: &str| resources(template, kind).len();
    let own = template(&with(""));
    assert_eq!(count(&own, "AWS::Glue::Crawler"), 1);
    let more =
        "import: { bucket: old-bucket, glue_database: old, catalog_account: \"444444444444\" }\n";
    let other = template(&with(more));
    assert_eq!(count(&other, "AWS::Glue::Crawler"), 0, "it writes into its own account's catalog");
    let links = resources(&other, "AWS::Glue::Database");
    assert_eq!(links.len(), 1);
    let link = links[0].properties.get("DatabaseInput").map(value_to_compact_json);
    let target = r#""TargetDatabase":{"CatalogId":"444444444444","DatabaseName":"old"}"#;
    assert!(link.as_ref().is_some_and(|text| text.contains(target)), "{link:?}");
}

#[test]
fn the_crawler_leaves_declared_tables_alone() {
    let template = template(&with(""));
    let crawler = resources(&template, "AWS::Glue::Crawler")[0];
    let targets = crawler.properties.get("Targets").map(value_to_compact_json);
    let text = targets.expect("targets");
    assert!(text.contains(r#""Exclusions":["orders/**"]"#), "{text}");
}

#[test]
fn profiling_runs_by_itself_with_a_schedule_only() {
    let triggers = |more: &str| resources(&template(&with(more)), "AWS::Glue::Trigger").len();
    assert_eq!(triggers(""), 0);
    assert_eq!(triggers("profiling: { schedule: \"cron(0 1 * * ? *)\" }\n"), 1);
}

#[test]
fn the_execution_role_works_on_tables_of_imported_databases_that_are_declared() {
    let of = |more: &str, columns: bool| {
        let sales = if columns {
            SALES.to_owned()
        } else {
            SALES.replace(
                "    columns: [{ name: id, type: bigint }, { name: region, type: string }]\n",
                "",
            )
        };
        let mesh = mesh(&[TENANT, DEV, &format!("{sales}{more}")]);
        let role = Names::new(&mesh).execution_role_arn(environment(&mesh, "dev"));
        let template = template(&mesh);
        permissions(&template, &role).get("Table").map(BTreeSet::len)
    };
    let imported = "import: { bucket: old-bucket, glue_database: old }\n";
    // "Implicit Lake Formation permissions": whoever makes a database has all permissions on it.
    assert_eq!(of("", true), None);
    assert_eq!(of(imported, false), None);
    // ALTER, DESCRIBE and DROP.
    assert_eq!(of(imported, true), Some(3));
}

#[test]
fn the_services_principal_of_logs_has_the_region_and_the_partitions_suffix() {
    // "Encrypt log data in CloudWatch Logs using AWS KMS", and the endpoints of China.
    let principal =
        |region: &str| logs_principal(&Place::parse("111122223333", region).expect("a place"));
    assert_eq!(principal("eu-west-1"), "logs.eu-west-1.amazonaws.com");
    assert_eq!(principal("cn-north-1"), "logs.cn-north-1.amazonaws.com.cn");
}
