//! Lake Formation permissions, by name and by tag, compared with a naive reading of them, on random
//! catalogs.

use lakewright_access::action::Action;
use lakewright_access::request::{Context, Principal, Request, Truth};
use lakewright_access::world::{OnUnresolved, Piece, StackTemplate, World};
use lakewright_template::place::Place;
use lakewright_template::read;
use proptest::prelude::*;
use serde_json::json;

use super::differential::{ACCOUNT, role};

/// The resource of a permission.
#[derive(Debug, Clone, PartialEq, Eq)]
enum On {
    Database,
    /// One of the tables.
    Table(&'static str),
    AllTables,
    /// A column of the first table.
    Column,
    /// Databases that have one of these tag values.
    TaggedDatabases(Vec<&'static str>),
    /// Tables and columns that have one of these tag values.
    TaggedTables(Vec<&'static str>),
}

/// A catalog: the tag values of the database, its two tables and a column of the first table, and the
/// permissions of one role.
#[derive(Debug, Clone)]
struct Catalog {
    tags: [Option<&'static str>; 4],
    permissions: Vec<(&'static str, On)>,
}

const TABLES: [&str; 3] = ["t", "u", "later"];

fn catalog() -> impl Strategy<Value = Catalog> {
    let tag = || prop::option::weighted(0.6, prop::sample::select(vec!["x", "y", "z"]));
    let values = || {
        let values = prop::sample::select(vec![vec!["x"], vec!["y"], vec!["x", "y"]]);
        values.boxed()
    };
    let on = prop_oneof![
        Just(On::Database),
        Just(On::Table("t")),
        Just(On::Table("u")),
        Just(On::AllTables),
        Just(On::Column),
        values().prop_map(On::TaggedDatabases),
        values().prop_map(On::TaggedTables),
        values().prop_map(On::TaggedTables),
    ];
    let permission = prop::sample::select(vec!["SELECT", "SELECT", "DESCRIBE", "DROP", "ALL"]);
    let permissions = prop::collection::vec((permission, on), 0..4);
    ([tag(), tag(), tag(), tag()], permissions)
        .prop_map(|(tags, permissions)| Catalog { tags, permissions })
}

impl Catalog {
    fn world(&self) -> World {
        let table = |name: &str| json!({ "CatalogId": ACCOUNT, "DatabaseName": "d", "Name": name });
        let columns = || {
            let mut columns = table("t");
            columns["ColumnNames"] = json!(["a"]);
            json!({ "TableWithColumns": columns })
        };
        let database = json!({ "Database": { "CatalogId": ACCOUNT, "Name": "d" } });
        let mut resources = json!({
            "D": { "Type": "AWS::Glue::Database", "Properties": { "CatalogId": ACCOUNT,
                "DatabaseInput": { "Name": "d", "CreateTableDefaultPermissions": [] } } },
        });
        let tagged = [
            database.clone(),
            json!({ "Table": table("t") }),
            json!({ "Table": table("u") }),
            columns(),
        ];
        for (number, (resource, value)) in tagged.into_iter().zip(self.tags).enumerate() {
            let Some(value) = value else { continue };
            resources[format!("Tag{number}")] = json!({
                "Type": "AWS::LakeFormation::TagAssociation",
                "Properties": { "Resource": resource, "LFTags": [{ "TagKey": "k", "TagValues": [value] }] },
            });
        }
        for (number, (permission, on)) in self.permissions.iter().enumerate() {
            let by_tag = |kind: &str, values: &[&str]| {
                json!({ "LFTagPolicy": { "CatalogId": ACCOUNT, "ResourceType": kind,
                    "Expression": [{ "TagKey": "k", "TagValues": values }] } })
            };
            let resource = match on {
                On::Database => database.clone(),
                On::Table(name) => json!({ "Table": table(name) }),
                On::AllTables => {
                    json!({ "Table": { "CatalogId": ACCOUNT, "DatabaseName": "d", "TableWildcard": {} } })
                }
                On::Column => columns(),
                On::TaggedDatabases(values) => by_tag("DATABASE", values),
                On::TaggedTables(values) => by_tag("TABLE", values),
            };
            resources[format!("Permissions{number}")] = json!({
                "Type": "AWS::LakeFormation::PrincipalPermissions",
                "Properties": {
                    "Principal": { "DataLakePrincipalIdentifier": role(ACCOUNT, "one") },
                    "Permissions": [permission], "PermissionsWithGrantOption": [], "Resource": resource,
                },
            });
        }
        let template =
            read::template(&json!({ "Resources": resources }).to_string()).expect("a template");
        let place = Place::parse(ACCOUNT, "eu-west-1").expect("a place");
        let (address, unresolved) = ("stack", OnUnresolved::Fail);
        let stack = StackTemplate { address, place: &place, template: &template, unresolved };
        World::of(vec![Piece::of(stack).expect("a catalog")])
    }

    /// The tag value of a table, or of its column.
    fn tag(&self, table: &str, is_column: bool) -> Option<&'static str> {
        let [database, of_t, of_u, of_column] = self.tags;
        let own = match table {
            "t" if is_column => of_column.or(of_t),
            "t" => of_t,
            "u" => of_u,
            _ => None,
        };
        own.or(database)
    }

    /// Whether a permission covers a whole table, or any part of it.
    fn is_about(&self, on: &On, table: &str, is_whole: bool) -> bool {
        let has = |values: &[&str], is_column| {
            self.tag(table, is_column).is_some_and(|value| values.contains(&value))
        };
        match on {
            On::Table(name) => *name == table,
            On::AllTables => true,
            On::Column => table == "t" && !is_whole,
            // A whole table needs matching tags on all columns; a part of it needs one match.
            On::TaggedTables(values) if is_whole => has(values, false) && has(values, true),
            On::TaggedTables(values) => has(values, false) || has(values, true),
            On::Database | On::TaggedDatabases(_) => false,
        }
    }

    fn is_about_database(&self, on: &On) -> bool {
        match on {
            On::Database => true,
            On::TaggedDatabases(values) => {
                self.tags[0].is_some_and(|value| values.contains(&value))
            }
            _ => false,
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn permissions_by_name_and_by_tag_mean_what_they_say(catalog in catalog()) {
        let world = catalog.world();
        let principal = Principal::role(role(ACCOUNT, "one"));
        let context = Context::new();
        let asked = |action: &str, resource: &str| {
            let resource = format!("arn:aws:glue:eu-west-1:{ACCOUNT}:{resource}");
            let request = Request {
                principal: &principal, action: Action::new(action), resource: &resource, context: &context,
            };
            let truth = if request.action.is_permission() {
                world.lake().gives(&request)
            } else {
                world.lake().also_needs(&request)
            };
            truth == Truth::Yes
        };
        for table in TABLES {
            let resource = format!("table/d/{table}");
            for wanted in ["SELECT", "DROP"] {
                let expected = catalog.permissions.iter().any(|(permission, on)| {
                    (*permission == wanted || *permission == "ALL")
                        && catalog.is_about(on, table, true)
                });
                let got = asked(&format!("lakeformation:{wanted}"), &resource);
                prop_assert_eq!(got, expected, "{} on {}", wanted, table);
            }
            let expected = catalog.permissions.iter().any(|(_, on)| catalog.is_about(on, table, false));
            prop_assert_eq!(asked("glue:GetTable", &resource), expected, "to see {}", table);
        }
        let drops = catalog.permissions.iter().any(|(permission, on)| {
            ["DROP", "ALL"].contains(permission) && catalog.is_about_database(on)
        });
        prop_assert_eq!(asked("lakeformation:DROP", "database/d"), drops);
        prop_assert_eq!(asked("glue:DeleteDatabase", "database/d"), drops);
    }
}
