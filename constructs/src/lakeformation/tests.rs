use std::collections::BTreeSet;

use lakewright_synth::Problem;
use lakewright_template::DeletionPolicy;

use super::*;
use crate::role::ImportedRole;
use crate::testing::{
    Built, ELSEWHERE, HERE, account, built, place, reader, role, tried, waits_for,
};

const PERMISSIONS: &str = "AWS::LakeFormation::PrincipalPermissions";

fn read(permissions: &[Permission]) -> PermissionSet<'_> {
    PermissionSet { access: "read", permissions, with_grant_option: false }
}

fn table(name: &str) -> Catalog {
    let (account, database) = (account(HERE), "orders".to_owned());
    Catalog::Table { account, database, table: name.to_owned() }
}

fn chain() -> PermissionChain {
    PermissionChain::after(Vec::new(), "dataset/orders")
}

/// A stack with one permission, and the permission's logical id.
fn one(to: &ImportedRole, on: &Catalog, set: PermissionSet<'_>) -> (Built, String) {
    let mut last: Vec<String> = Vec::new();
    let stack = built(|scope| {
        let mut chain = chain();
        chain.grant(scope, to, on, set);
        last.extend(chain.last().iter().map(ToString::to_string));
    });
    (stack, last.concat())
}

fn tag() -> TableTag {
    let values = [("days", "t-1"), ("lines", "t-2")];
    TableTag {
        account: account(HERE),
        database: "orders".to_owned(),
        key: "orders-tables".to_owned(),
        values: values.map(|(table, value)| (table.to_owned(), value.to_owned())).into(),
    }
}

/// Every kind of catalog resource, with its form in a template.
fn catalog() -> Vec<(Catalog, &'static str)> {
    let here = || account(HERE);
    let (database, table) = (|| "orders".to_owned(), || "lines".to_owned());
    vec![
        (
            Catalog::Database { account: account(ELSEWHERE), name: database() },
            r#"{"Database":{"CatalogId":"444455556666","Name":"orders"}}"#,
        ),
        (
            Catalog::Location { account: here(), arn: "arn:aws:s3:::orders-data".to_owned() },
            r#"{"DataLocation":{"CatalogId":"111122223333","ResourceArn":"arn:aws:s3:::orders-data"}}"#,
        ),
        (
            Catalog::Filter {
                account: here(),
                database: database(),
                table: table(),
                filter: "eu".to_owned(),
                cells: "columns id; rows all".to_owned(),
            },
            r#"{"DataCellsFilter":{"DatabaseName":"orders","Name":"eu","TableCatalogId":"111122223333","TableName":"lines"}}"#,
        ),
        (
            Catalog::Columns { account: here(), database: database(), table: table() },
            r#"{"TableWithColumns":{"CatalogId":"111122223333","ColumnWildcard":{},"DatabaseName":"orders","Name":"lines"}}"#,
        ),
        (
            Catalog::Table { account: here(), database: database(), table: table() },
            r#"{"Table":{"CatalogId":"111122223333","DatabaseName":"orders","Name":"lines"}}"#,
        ),
        (
            Catalog::Tagged { tag: tag(), tables: vec![table()] },
            r#"{"LFTagPolicy":{"CatalogId":"111122223333","Expression":[{"TagKey":"orders-tables","TagValues":["t-2"]}],"ResourceType":"TABLE"}}"#,
        ),
        (
            Catalog::Tables { account: here(), database: database() },
            r#"{"Table":{"CatalogId":"111122223333","DatabaseName":"orders","TableWildcard":{}}}"#,
        ),
    ]
}

/// "AWS::LakeFormation::DataLakeSettings" in the CloudFormation template reference: `APPEND` keeps the administrators that
/// are there, `REPLACE` removes them. The entries may serve other stacks, so the resource is retained.
#[test]
fn administrators_are_added_and_nobody_elses_are_removed() {
    let admin = "arn:aws:iam::111122223333:role/pivot".to_owned();
    let stack = built(|scope| {
        let admins = vec![(admin.clone(), "pivot-role/finance".to_owned())];
        scope.add("Settings", Settings { admins, target: "environment/finance".to_owned() });
    });
    let kind = "AWS::LakeFormation::DataLakeSettings";
    assert_eq!(stack.property(kind, "MutationType"), r#""APPEND""#);
    assert_eq!(
        stack.property(kind, "Admins"),
        r#"[{"DataLakePrincipalIdentifier":"arn:aws:iam::111122223333:role/pivot"}]"#
    );
    let kept = Some(DeletionPolicy::RetainExceptOnCreate);
    assert_eq!(stack.one(kind).deletion_policy, kept);
    let records = stack.records();
    assert_eq!(records.len(), 1);
    assert_eq!((records[0].access, &records[0].principal_arn), ("administer", &admin));
    assert_eq!(records[0].resources, ["arn:aws:glue:eu-west-1:111122223333:catalog"]);
}

/// "Requirements for roles used to register locations" in the Lake Formation developer guide: the service-linked role, or a
/// role of one's own. "Hybrid access mode": IAM permissions go on working beside those of Lake Formation.
#[test]
fn a_location_is_read_with_the_given_role_and_is_hybrid_only_on_demand() {
    let location = |hybrid| {
        built(|scope| {
            let bucket = Expr::known_arn("arn:aws:s3:::orders-data");
            let role = role(scope);
            scope.add("Location", Location { bucket, role, hybrid });
        })
    };
    let kind = "AWS::LakeFormation::Resource";
    let closed = location(false);
    assert_eq!(closed.property(kind, "RoleArn"), r#"{"Fn::GetAtt":["Role","Arn"]}"#);
    assert_eq!(closed.property(kind, "UseServiceLinkedRole"), "false");
    assert_eq!(closed.property(kind, "HybridAccessEnabled"), "");
    assert_eq!(location(true).property(kind, "HybridAccessEnabled"), "true");
}

/// "AWS::LakeFormation::DataCellsFilter" in the CloudFormation template reference: "You must specify either a `ColumnNames`
/// list or the `ColumnWildCard`", and a row filter is an expression or the wildcard of all rows.
#[test]
fn a_filter_has_the_named_cells_or_says_that_it_has_all() {
    let filter = |columns: &[&str], rows: Option<&str>| DataFilter {
        name: "eu".to_owned(),
        account: account(HERE),
        database: "orders".to_owned(),
        table: "lines".to_owned(),
        columns: columns.iter().map(|column| (*column).to_owned()).collect(),
        rows: rows.map(ToOwned::to_owned),
        after: Vec::new(),
    };
    let kind = "AWS::LakeFormation::DataCellsFilter";
    let properties = |filter: DataFilter| {
        let cells = filter.cells();
        let stack = built(|scope| {
            scope.add("Filter", filter);
        });
        let property = |name| stack.property(kind, name);
        [property("ColumnNames"), property("ColumnWildcard"), property("RowFilter"), cells]
    };
    assert_eq!(
        properties(filter(&["amount", "id"], Some("region = 'EU'"))),
        [
            r#"["amount","id"]"#,
            "",
            r#"{"FilterExpression":"region = 'EU'"}"#,
            "columns amount id; rows region = 'EU'"
        ]
    );
    assert_eq!(
        properties(filter(&[], None)),
        ["", r#"{"ExcludedColumnNames":[]}"#, r#"{"AllRowsWildcard":{}}"#, "columns all; rows all"]
    );
}

/// "AWS::LakeFormation::PrincipalPermissions" in the CloudFormation template reference: `Resource`, and
/// `PermissionsWithGrantOption`, what the principal may grant to others.
#[test]
fn a_permission_is_on_one_catalog_resource_and_is_passed_on_only_on_demand() {
    for (on, expected) in catalog() {
        let (stack, _) = one(&reader(HERE), &on, read(&[Permission::Select]));
        assert_eq!(stack.property(PERMISSIONS, "Resource"), expected);
        assert_eq!(
            stack.property(PERMISSIONS, "Principal"),
            r#"{"DataLakePrincipalIdentifier":"arn:aws:iam::111122223333:role/reader"}"#
        );
        assert_eq!(stack.property(PERMISSIONS, "Permissions"), r#"["SELECT"]"#);
        assert_eq!(stack.property(PERMISSIONS, "PermissionsWithGrantOption"), "[]");
    }
    let rights = [Permission::Describe, Permission::Alter];
    let passed = PermissionSet { with_grant_option: true, ..read(&rights) };
    let (stack, _) = one(&reader(HERE), &table("lines"), passed);
    let names = r#"["ALTER","DESCRIBE"]"#;
    assert_eq!(stack.property(PERMISSIONS, "Permissions"), names);
    assert_eq!(stack.property(PERMISSIONS, "PermissionsWithGrantOption"), names);
}

/// `docs/adr/0014-permissions-by-pair.md`: in the schema of `AWS::LakeFormation::PrincipalPermissions` the identifier is the
/// principal and the resource, and not the rights; the logical id is derived from the same pair. CloudFormation accepts one
/// resource for each pair, so a second one is an error of synthesis.
#[test]
fn each_pair_has_one_logical_id_and_one_permission_whatever_the_rights() {
    let mut ids = BTreeSet::new();
    for to in [reader(HERE), reader(ELSEWHERE)] {
        for (on, _) in catalog() {
            let (_, id) = one(&to, &on, read(&[Permission::Select]));
            let write = PermissionSet {
                access: "write",
                permissions: &[Permission::Delete, Permission::Insert],
                with_grant_option: true,
            };
            assert_eq!(one(&to, &on, write).1, id);
            assert!(ids.insert(id), "{on:?} has the id of another pair");
        }
    }
    let twice = tried(place(), |scope| {
        let mut chain = chain();
        for right in [Permission::Select, Permission::Insert] {
            chain.grant(scope, &reader(HERE), &table("lines"), read(&[right]));
        }
    });
    let errors = twice.err().unwrap_or_default();
    assert!(
        matches!(errors.first().map(|error| &error.problem), Some(Problem::DuplicatePath(_))),
        "{errors:?}"
    );
}

/// `docs/stacks/dataset.md`: permissions are granted one after the other, because Lake Formation refuses concurrent changes
/// of one catalog resource.
#[test]
fn each_permission_waits_for_the_one_before() {
    let mut steps: Vec<LogicalId> = Vec::new();
    let mut before: Vec<LogicalId> = Vec::new();
    let mut between: Vec<LogicalId> = Vec::new();
    let stack = built(|scope| {
        let database = crate::glue::Database {
            name: "orders".to_owned(),
            description: String::new(),
            location: "s3://orders-data/".to_owned(),
            retain: true,
            link: None,
            after: Vec::new(),
        };
        let first = scope.add("Database", database.clone());
        before.extend(first.logical_id().cloned());
        let mut chain = PermissionChain::after(before.clone(), "dataset/orders");
        for name in ["days", "hours"] {
            chain.grant(scope, &reader(HERE), &table(name), read(&[Permission::Select]));
            steps.extend(chain.last().to_vec());
        }
        let second = scope.add("Other", database);
        between.extend(second.logical_id().cloned());
        for id in &between {
            chain.wait_for(id);
        }
        chain.grant(scope, &reader(HERE), &table("lines"), read(&[Permission::Select]));
        steps.extend(chain.last().to_vec());
    });
    let names =
        |ids: &[LogicalId]| -> BTreeSet<String> { ids.iter().map(ToString::to_string).collect() };
    let waits = |step: usize| names(&stack.resource(&steps[step]).depends_on);
    assert_eq!(steps.len(), 3);
    assert_eq!(waits(0), names(&before));
    assert_eq!(waits(1), names(&steps[..1]));
    assert_eq!(waits(2), names(&[steps[1].clone(), between[0].clone()]));
}

/// "Lake Formation permissions reference" in its developer guide has the names of the permissions. "Resource types defined
/// by AWS Glue" in the service authorization reference has the ARNs.
#[test]
fn a_permission_is_recorded_with_its_tables_and_cells() {
    let table = "arn:aws:glue:eu-west-1:111122223333:table/orders/lines";
    let arns = [
        "arn:aws:glue:eu-west-1:444455556666:database/orders",
        "arn:aws:s3:::orders-data",
        table,
        table,
        table,
        table,
        "arn:aws:glue:eu-west-1:111122223333:table/orders/*",
    ];
    for ((on, _), arn) in catalog().into_iter().zip(arns) {
        let (stack, _) = one(&reader(HERE), &on, read(&[Permission::Select]));
        let records = stack.records();
        assert_eq!(records.len(), 1, "{on:?}");
        assert_eq!(records[0].principal, "team/finance/Readers");
        assert_eq!(records[0].actions, ["lakeformation:SELECT"]);
        assert_eq!(records[0].resources, [arn], "{on:?}");
        let cells = records[0].conditions.join(", ");
        let expected = match on {
            Catalog::Filter { .. } => "StringEquals lakeformation:cells columns id; rows all",
            Catalog::Columns { .. }
            | Catalog::Database { .. }
            | Catalog::Location { .. }
            | Catalog::Table { .. }
            | Catalog::Tagged { .. }
            | Catalog::Tables { .. } => "",
        };
        assert_eq!(cells, expected);
    }
}

/// "Lake Formation tag-based access control" in its developer guide: a tag is created with its values before it is assigned,
/// and a permission by tag covers every table with one of the values.
#[test]
fn a_table_has_its_own_value_of_a_tag_that_exists_by_then() {
    let stack = built(|scope| {
        let mut chain = chain();
        chain.tag(&mut scope.child("Tag"), &tag());
        chain.tag_table(&mut scope.child("Lines"), &tag(), "lines");
        // A table without a value is not covered by the tag.
        chain.tag_table(&mut scope.child("Others"), &tag(), "others");
    });
    assert_eq!(stack.property("AWS::LakeFormation::Tag", "TagValues"), r#"["t-1","t-2"]"#);
    let kind = "AWS::LakeFormation::TagAssociation";
    assert_eq!(
        stack.property(kind, "LFTags"),
        r#"[{"CatalogId":"111122223333","TagKey":"orders-tables","TagValues":["t-2"]}]"#
    );
    assert_eq!(
        stack.property(kind, "Resource"),
        r#"{"Table":{"CatalogId":"111122223333","DatabaseName":"orders","Name":"lines"}}"#
    );
    assert_eq!(waits_for(stack.one(kind)), ["Tag"]);
}
