//! Tests of the statements of a share.

use std::collections::BTreeSet;

use lakewright_manifest::Mesh;

use super::*;
use crate::share::live;
use crate::testing::{DEV, LAB, SALES, TENANT, mesh, services, share, statements, texts};

const UNMANAGED: &str = "kind: ConsumptionRole
id: unmanaged
environment: dev
team: Readers
role_arn: arn:aws:iam::222222222222:role/Unmanaged
managed: false
";

const IMPORT: &str = "import: { bucket: old-bucket, kms_key_alias: old-key }\n";

fn of_lab(dataset_more: &str, more: &str) -> Mesh {
    let sales = format!("{SALES}{dataset_more}");
    mesh(&[TENANT, DEV, LAB, &sales, &share("s", "lab", "Scientists", more)])
}

fn of_dev(dataset_more: &str, more: &str) -> Mesh {
    let sales = format!("{SALES}{dataset_more}");
    mesh(&[TENANT, DEV, &sales, UNMANAGED, &share("s", "dev", "Readers", more)])
}

/// What stands in the consumer's own policies.
fn consumers(mesh: &Mesh) -> Vec<Grant> {
    let names = Names::new(mesh);
    let live = live(mesh, None)[0];
    let role = live.consumer_role(names);
    consumer_grants(names, &live, &role).0
}

fn actions(grants: &[Grant]) -> BTreeSet<&'static str> {
    grants.iter().flat_map(|grant| grant.actions.iter().copied()).collect()
}

// What is expected here stands in `docs/stacks/share.md`, "Who may do what, and why".

#[test]
fn a_table_gives_no_object_and_no_key() {
    let grants = consumers(&of_lab("", "items: [{ table: orders }]"));
    let given = actions(&grants);
    assert_eq!(services(given.iter().copied()), BTreeSet::from(["glue", "lakeformation"]));
    // "Underlying data access control" in the Lake Formation developer guide: what reading a table takes.
    assert!(given.contains("lakeformation:GetDataAccess"));
    assert!(given.iter().all(|action| {
        ["glue:Get", "glue:BatchGet", "lakeformation:GetDataAccess"]
            .iter()
            .any(|begin| action.starts_with(begin))
    }));
}

#[test]
fn in_one_account_objects_take_nothing_on_the_consumers_side() {
    let grants = consumers(&of_dev("", "items: [{ folder: exports }]"));
    assert!(grants.is_empty(), "{grants:?}");
    let grants = consumers(&of_dev("", "items: [{ folder: exports }, { table: orders }]"));
    assert_eq!(services(actions(&grants)), BTreeSet::from(["glue", "lakeformation"]));
}

#[test]
fn across_accounts_a_folder_is_reached_through_its_access_point_alone() {
    let grants = consumers(&of_lab("", "items: [{ folder: exports }]"));
    let of_s3 = grants.iter().filter(|grant| grant.actions[0].starts_with("s3:"));
    let resources: Vec<&str> =
        of_s3.flat_map(|grant| &grant.resources).filter_map(Value::as_text).collect();
    assert_eq!(resources.len(), 2);
    for resource in resources {
        let (before, name) = resource.split_once(":accesspoint/").expect("an access point");
        assert_eq!(before, "arn:aws:s3:eu-west-1:222222222222");
        assert!(name.ends_with("/object/exports/*") || !name.contains('/'), "{name}");
    }
    let list = grants.iter().find(|grant| grant.actions == ["s3:ListBucket"]);
    let lines = list.expect("a list").conditions.lines(|value| value.as_text().map(str::to_owned));
    assert_eq!(lines, ["StringLike s3:prefix exports/*"]);
}

#[test]
fn across_accounts_the_key_is_used_by_its_alias_and_through_s3_only() {
    let mesh = of_lab("", "items: [{ folder: exports }]");
    let grants = consumers(&mesh);
    let of_key: Vec<&Grant> =
        grants.iter().filter(|grant| grant.actions[0].starts_with("kms:")).collect();
    let [grant] = of_key[..] else { unreachable!("one grant: {grants:?}") };
    let lines = grant.conditions.lines(|value| value.as_text().map(str::to_owned));
    let dataset = crate::testing::dataset(&mesh, "sales");
    let environment = crate::testing::environment(&mesh, "dev");
    let alias = Names::new(&mesh).dataset_alias(environment, dataset);
    let expected = [
        "StringEquals kms:ViaService s3.eu-west-1.amazonaws.com".to_owned(),
        format!("ForAnyValue:StringEquals kms:ResourceAliases alias/{alias}"),
    ];
    assert_eq!(lines.into_iter().collect::<BTreeSet<_>>(), BTreeSet::from(expected));
}

#[test]
fn writing_and_deleting_objects_come_with_their_permissions() {
    let given = |permissions: &str| {
        let more = format!("permissions: [{permissions}]\nitems: [{{ folder: exports }}]");
        let grants = consumers(&of_lab("", &more));
        let all = actions(&grants);
        ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "kms:GenerateDataKey"]
            .map(|action| all.contains(action))
    };
    assert_eq!(given("read"), [true, false, false, false]);
    // "PutObject" in the S3 API reference: an upload under a KMS key takes `kms:GenerateDataKey`.
    assert_eq!(given("write"), [true, true, false, true]);
    assert_eq!(given("modify"), [true, true, true, true]);
}

#[test]
fn every_statement_ends_with_the_shares_last_day() {
    let items = "items: [{ folder: exports }, { table: orders }, { bucket: true }]";
    let last = "DateLessThanEquals aws:CurrentTime 2099-12-31T23:59:59Z".to_owned();
    let has_end = |grant: &Grant| {
        grant.conditions.lines(|value| value.as_text().map(str::to_owned)).contains(&last)
    };
    let grants = consumers(&of_lab("", &format!("expires: 2099-12-31\n{items}")));
    assert!(grants.len() >= 5 && grants.iter().all(has_end), "{grants:?}");
    assert!(!consumers(&of_lab("", items)).iter().any(has_end));
}

#[test]
fn a_policy_is_handed_out_for_roles_of_others_only() {
    let policy = |more: &str| {
        let mesh = of_dev("", &format!("{more}items: [{{ table: orders }}]"));
        let handed = unmanaged_policy(Names::new(&mesh), &live(&mesh, None)[0]);
        handed.map(|(arn, _)| arn)
    };
    assert_eq!(policy(""), None);
    let role = policy("consumption_role: unmanaged\n");
    assert_eq!(role.as_deref(), Some("arn:aws:iam::222222222222:role/Unmanaged"));
}

#[test]
fn the_owner_of_an_imported_bucket_adds_statements_for_other_accounts_only() {
    let items = "items: [{ bucket: true }]";
    let policy = |mesh: &Mesh| owner_policy(Names::new(mesh), &live(mesh, None)[0]);
    assert_eq!(policy(&of_lab("", items)), None, "the dataset's stack writes them itself");
    assert_eq!(policy(&of_dev(IMPORT, items)), None, "the role's own policies are enough");
    assert_eq!(policy(&of_lab(IMPORT, "items: [{ table: orders }]")), None);
    let handed = policy(&of_lab(IMPORT, items)).expect("a policy");
    for statement in statements(&handed) {
        for resource in texts(statement, "Resource") {
            let is_of_bucket = ["arn:aws:s3:::old-bucket", "arn:aws:s3:::old-bucket/*"];
            assert!(is_of_bucket.contains(&resource), "{resource}");
        }
    }
}

#[test]
fn the_policy_of_an_imported_key_does_not_ask_for_its_alias() {
    let items = "items: [{ bucket: true }]";
    let mesh = of_lab(IMPORT, items);
    let (alias, found) =
        key_statements(Names::new(&mesh), &live(&mesh, None)[0]).expect("statements");
    assert_eq!(alias, "old-key");
    let keys: Vec<&str> = found
        .iter()
        .flat_map(|statement| statement.conditions.iter())
        .map(|(_, key, _)| &**key)
        .collect();
    assert_eq!(keys, ["kms:ViaService"]);
    let without = "import: { bucket: old-bucket }\n";
    let plain = of_lab(without, items);
    assert_eq!(key_statements(Names::new(&plain), &live(&plain, None)[0]), None);
}
