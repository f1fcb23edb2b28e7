//! Differences between the real services and what templates might assume (docs/aws-behaviour.md).

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use lakewright_stacks::Synthesized;
use lakewright_template::Value;
use lakewright_template::assembly::StackEntry;
use lakewright_template::write::value_to_compact_json;
use lakewright_template::{StackAddress, StackKind};
use proptest::prelude::*;
use serde_json::Value as Json;

use crate::limits::with;
use crate::run::{example, mesh, root, sources, synthesized};

/// The examples that together have every kind of stack.
const EXAMPLES: [&str; 4] = ["full", "governance", "lab", "minimal"];

fn stacks(name: &str) -> Vec<Synthesized> {
    synthesized(&mesh(&sources(&example(name))))
}

/// The stacks that a stack depends on, directly or indirectly.
fn before<'s>(
    address: &'s StackAddress,
    entries: &BTreeMap<StackAddress, &'s StackEntry>,
    found: &mut BTreeSet<&'s StackAddress>,
) {
    let Some(entry) = entries.get(address) else { return };
    for other in &entry.depends_on {
        if found.insert(other) {
            before(other, entries, found);
        }
    }
}

/// The ARNs in a template that AWS refuses if they do not exist: principals, targets, roles passed to services. Read
/// from the text, independently of the code that derives the order.
fn named(value: &Json, found: &mut BTreeSet<String>) {
    match value {
        Json::String(text) if text.starts_with("arn:") && !text.contains('*') => {
            found.insert(text.clone());
        }
        Json::Array(items) => items.iter().for_each(|item| named(item, found)),
        Json::Object(entries) => {
            let is_statement = entries.contains_key("Effect");
            for (key, item) in entries {
                if !is_statement || key == "Principal" {
                    named(item, found);
                }
            }
        }
        Json::String(_) | Json::Null | Json::Bool(_) | Json::Number(_) => {}
    }
}

#[test]
fn no_stack_names_what_comes_later() {
    for name in EXAMPLES {
        let stacks = stacks(name);
        let entries: BTreeMap<StackAddress, &StackEntry> =
            stacks.iter().map(|stack| (stack.entry.address(), &stack.entry)).collect();
        // The stack that creates each resource, by the names in the templates.
        let mut makers: BTreeMap<String, StackAddress> = BTreeMap::new();
        for stack in &stacks {
            let StackEntry { account, region, .. } = &stack.entry;
            let template: Json = serde_json::from_str(&stack.json).expect("JSON");
            for resource in template["Resources"].as_object().expect("resources").values() {
                let text = |key: &str| resource["Properties"][key].as_str().map(str::to_owned);
                let arn = match resource["Type"].as_str().expect("a type") {
                    "AWS::IAM::Role" => {
                        text("RoleName").map(|name| format!("arn:aws:iam::{account}:role/{name}"))
                    }
                    "AWS::Events::EventBus" => text("Name")
                        .map(|name| format!("arn:aws:events:{region}:{account}:event-bus/{name}")),
                    "AWS::SNS::Topic" => text("TopicName")
                        .map(|name| format!("arn:aws:sns:{region}:{account}:{name}")),
                    "AWS::SQS::Queue" => text("QueueName")
                        .map(|name| format!("arn:aws:sqs:{region}:{account}:{name}")),
                    "AWS::S3::Bucket" => {
                        text("BucketName").map(|name| format!("arn:aws:s3:::{name}"))
                    }
                    _ => None,
                };
                makers.extend(arn.map(|arn| (arn, stack.entry.address())));
            }
        }
        let mut across = 0;
        for stack in &stacks {
            let address = stack.entry.address();
            let mut waits = BTreeSet::new();
            before(&address, &entries, &mut waits);
            assert!(!waits.contains(&address), "{address} waits for itself");
            let template: Json = serde_json::from_str(&stack.json).expect("JSON");
            let mut names = BTreeSet::new();
            named(&template["Resources"], &mut names);
            for arn in names {
                let Some(maker) = makers.get(&arn).filter(|maker| **maker != address) else {
                    continue;
                };
                assert!(waits.contains(maker), "{address} names {arn} of {maker}");
                across += usize::from(maker.place.account != stack.entry.account);
            }
        }
        // Each environment of another account names the event bus of the platform.
        assert!(across > 0, "{name}");
    }
}

#[test]
fn environments_wait_for_the_bus_that_their_rules_send_to() {
    let stacks = stacks("lab");
    let environments: Vec<_> =
        stacks.iter().filter(|stack| stack.entry.kind == StackKind::Environment).collect();
    assert_eq!(environments.len(), 2);
    for environment in environments {
        let waits = &environment.entry.depends_on;
        assert!(
            waits.iter().any(|other| other.name == "lab-platform-lab"),
            "{}: {waits:?}",
            environment.entry.name
        );
    }
}

#[test]
fn no_tag_changes_with_a_template() {
    let change = |from: &str, to: &str| {
        let mut files = sources(&example("lab"));
        let changed = files.iter_mut().find(|file| file.text.contains(from));
        let changed = changed.expect("the text");
        changed.text = changed.text.replacen(from, to, 1);
        synthesized(&mesh(&files))
    };
    let before = stacks("lab");
    let after = change("label: dpdataset", "label: Another label");
    let mut changed = Vec::new();
    for (one, other) in before.iter().zip(&after) {
        assert_eq!(one.entry.tags, other.entry.tags, "{}", one.entry.name);
        if one.entry.revision == other.entry.revision {
            assert_eq!(one.json, other.json);
            continue;
        }
        changed.push(one.entry.name.as_str());
        // Only the lines with the label differ, and the revision.
        let lines = one.json.lines().zip(other.json.lines());
        let differing: Vec<&str> =
            lines.filter(|(one, other)| one != other).map(|(_, other)| other.trim()).collect();
        assert_eq!(differing.len(), 2, "{differing:?}");
        assert!(differing[0].starts_with("\"Description\": "), "{differing:?}");
        assert_eq!(differing[1], format!("\"Value\": \"{}\"", other.entry.revision));
    }
    assert_eq!(changed, ["lab-dataset-dpdataset"]);
}

/// A Lake Formation permission in a template.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Given {
    stack: String,
    logical_id: String,
    permissions: Vec<String>,
    kind: String,
}

/// The permissions by principal and resource. CloudFormation refuses a pair that occurs twice.
fn permissions(stacks: &[Synthesized]) -> BTreeMap<(String, String), Given> {
    let mut found = BTreeMap::new();
    for stack in stacks {
        let resources = stack.lowered.template.resources.iter();
        for (id, resource) in
            resources.filter(|(_, one)| one.kind == "AWS::LakeFormation::PrincipalPermissions")
        {
            let property = |key: &str| resource.properties.get(key).expect("a property");
            let text = |key: &str| value_to_compact_json(property(key));
            let rights = property("Permissions").as_list().expect("a list");
            let on = property("Resource").as_map().expect("a resource").iter().next();
            let given = Given {
                stack: stack.entry.address().to_string(),
                logical_id: id.to_string(),
                permissions: rights.iter().filter_map(Value::as_text).map(str::to_owned).collect(),
                kind: on.expect("one kind").0.to_string(),
            };
            // The template refers to a role of its own stack by logical id, so the stack is part of the key.
            let place = format!("{}/{}", stack.entry.account, stack.entry.region);
            let key = (format!("{place} {}", text("Principal")), text("Resource"));
            let other = found.insert(key, given.clone());
            assert_eq!(other, None, "the pair of {given:?} stands twice");
        }
    }
    found
}

/// A share of the randomly generated meshes.
#[derive(Debug, Clone)]
struct Shared {
    consumer: usize,
    tables: BTreeSet<usize>,
    permissions: &'static str,
    is_part: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct Random {
    owner: &'static str,
    stewards: &'static str,
    shares: Vec<Shared>,
}

const CONSUMERS: [(&str, &str); 3] = [("dev", "Readers"), ("far", "Consumers"), ("far", "Others")];

pub(crate) fn random() -> impl Strategy<Value = Random> {
    let share = (
        0..CONSUMERS.len(),
        prop::collection::btree_set(0..3_usize, 1..3),
        prop::sample::select(vec!["read", "read, write", "read, modify"]),
        prop::bool::weighted(0.3),
    );
    let share = share.prop_map(|(consumer, tables, permissions, is_part)| Shared {
        consumer,
        tables,
        permissions: if is_part { "read" } else { permissions },
        is_part,
    });
    (
        prop::sample::select(vec!["Owners", "Writers"]),
        prop::sample::select(vec!["", "Readers", "Writers", "Owners"]),
        prop::collection::vec(share, 0..4),
    )
        .prop_map(|(owner, stewards, shares)| Random { owner, stewards, shares })
}

impl Random {
    pub(crate) fn stacks(&self) -> Vec<Synthesized> {
        use std::fmt::Write as _;
        let mut text = String::from(
            "kind: Environment\nid: far\norganization: org\naccount: \"333333333333\"\nregion: eu-west-1\nteam: Owners\n\
             teams:\n  - { team: Consumers, permissions: [create_share, run_athena_query] }\n  \
             - { team: Others, permissions: [create_share, run_athena_query] }\n---\n",
        );
        let stewards = match self.stewards {
            "" => String::new(),
            team => format!("stewards: {team}\n"),
        };
        write!(
            text,
            "kind: Dataset\nid: data\nenvironment: dev\nteam: {}\n{stewards}topics: [T]\nkeywords: [k]\ntables:\n",
            self.owner
        )
        .expect("a string takes all");
        for table in 0..3 {
            writeln!(
                text,
                "  - {{ name: t{table}, columns: [{{ name: a, type: int }}, {{ name: b, type: int }}] }}"
            )
            .expect("a string takes all");
        }
        for (number, share) in self.shares.iter().enumerate() {
            let (environment, team) = CONSUMERS[share.consumer];
            let part = if share.is_part { ", columns: [a]" } else { "" };
            let items: Vec<String> =
                share.tables.iter().map(|table| format!("{{ table: t{table}{part} }}")).collect();
            write!(
                text,
                "---\nkind: Share\nid: s{number}\ndataset: data\nenvironment: {environment}\nteam: {team}\n\
                 items: [{}]\npermissions: [{}]\nstatus: approved\napproved_by: {}\n",
                items.join(", "),
                share.permissions,
                self.owner
            )
            .expect("a string takes all");
        }
        let mut files = with(text);
        let teams = "  - team: Readers\n    permissions: [create_share, run_athena_query]\n";
        let writers = "  - team: Writers\n    permissions: [create_dataset, run_athena_query]\n";
        files[0].text = files[0].text.replacen(teams, &format!("{teams}{writers}"), 1);
        assert!(files[0].text.contains("Writers"));
        synthesized(&mesh(&files))
    }
}

/// The registry says how a type is replaced: this one is deleted before it is created again, so a change of the
/// permissions under one logical id does not conflict with itself.
#[test]
fn permissions_are_replaced_by_deleting_them_first() {
    let path = root().join("template/data/schemas/lakeformation-principalpermissions.json");
    let schema: Json =
        serde_json::from_str(&fs::read_to_string(path).expect("a schema")).expect("JSON");
    assert_eq!(schema["replacementStrategy"], "delete_then_create");
    let identifier = ["/properties/PrincipalIdentifier", "/properties/ResourceIdentifier"];
    assert_eq!(schema["primaryIdentifier"], serde_json::json!(identifier));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn no_permission_of_a_pair_moves_or_loses_a_right_to_read(one in random(), other in random()) {
        let before = permissions(&one.stacks());
        let after = permissions(&other.stacks());
        for (pair, given) in &before {
            let Some(then) = after.get(pair) else { continue };
            prop_assert_eq!(&given.stack, &then.stack);
            prop_assert_eq!(&given.logical_id, &then.logical_id, "the pair {:?} moved", pair);
            // A resource for reading has SELECT alone, so write permissions change independently of it.
            if given.kind == "TableWithColumns" || given.kind == "DataCellsFilter" {
                prop_assert_eq!(&given.permissions, &["SELECT".to_owned()]);
                prop_assert_eq!(&then.permissions, &given.permissions);
            }
        }
    }
}

#[test]
fn keys_and_their_aliases_stay_together() {
    let mut keys = 0;
    for name in EXAMPLES {
        for stack in stacks(name) {
            let resources = &stack.lowered.template.resources;
            for alias in resources.values().filter(|one| one.kind == "AWS::KMS::Alias") {
                let target = alias.properties.get("TargetKeyId").expect("a key").as_intrinsic();
                let Some(lakewright_template::Intrinsic::Ref(key)) = target else {
                    unreachable!("aliases name keys of their own stack")
                };
                assert_eq!(resources[key].deletion_policy, alias.deletion_policy, "{key}");
                keys += 1;
            }
        }
    }
    assert!(keys > 10);
}

#[test]
fn a_crawler_leaves_declared_tables_alone_and_they_carry_what_it_compares() {
    let stacks = stacks("full");
    let ledger = stacks.iter().find(|stack| stack.entry.name == "full-mesh-dataset-ledger");
    let template: Json = serde_json::from_str(&ledger.expect("the dataset").json).expect("JSON");
    let of = |kind: &str| -> Vec<Json> {
        let all = template["Resources"].as_object().expect("resources").values();
        all.filter(|one| one["Type"] == kind).map(|one| one["Properties"].clone()).collect()
    };
    let crawler = &of("AWS::Glue::Crawler")[0];
    let excluded = &crawler["Targets"]["S3Targets"][0]["Exclusions"];
    assert_eq!(*excluded, serde_json::json!(["accounts/**", "curated/postings/**"]));
    for table in of("AWS::Glue::Table") {
        // Source: cloud-intelligence-dashboards-data-collection #463 (2026-09).
        let parameters = &table["TableInput"]["Parameters"];
        assert_eq!(parameters["compressionType"], "none");
        assert_eq!(parameters["typeOfData"], "file");
    }
}

#[test]
fn rows_are_told_by_columns_of_simple_types() {
    use crate::run::resolved;
    let found = |rows: &str| -> Vec<String> {
        let text = format!(
            "kind: Dataset\nid: data\nenvironment: dev\nteam: Owners\ntopics: [T]\nkeywords: [k]\n\
             tables:\n\
             - name: t\n  \
               columns: [{{ name: lines, type: \"array<string>\" }}, {{ name: country, type: varchar(2) }}, {{ name: id, type: bigint }},\n    \
               {{ name: paid, type: boolean }}, {{ name: at, type: timestamp }}, {{ name: customer, type: \"struct<id:int,of:struct<name:string>>\" }}]\n  \
               partitions: [{{ name: year, type: int }}, {{ name: day, type: date }}]\n\
             ---\nkind: Share\nid: s\ndataset: data\nenvironment: dev\nteam: Readers\nstatus: approved\napproved_by: Owners\n\
             items: [{{ table: t, rows: \"{rows}\" }}]\n"
        );
        let (_, report) = resolved(&with(text));
        report.iter().map(|diagnostic| diagnostic.message.clone()).collect()
    };
    for right in [
        "country = 'lines'",
        "year > 2010 and country != 'US'",
        "(country between 'Z' and 'U') and (year = 2018)",
        "(country like '%ited%') and (year > 2000)",
        "year > 2010 and customer.id <> 1",
        "customer.of.name IN ('a', 'b') OR customer IS NOT NULL OR id IS NULL",
        "paid = true",
    ] {
        assert_eq!(found(right), Vec::<String>::new(), "{right}");
    }
    let number =
        "column `id` of table `t` is of type `bigint` and is compared with a text in single quotes";
    for (wrong, expected) in [
        (
            "lines = 'a'",
            "rows of table `t` cannot be told by column `lines` of type `array<string>`",
        ),
        (
            "at > '2026-01-01'",
            "rows of table `t` cannot be told by column `at` of type `timestamp`",
        ),
        ("day = '2026-01-01'", "rows of table `t` cannot be told by column `day` of type `date`"),
        (
            "customer = 'a'",
            "rows of table `t` cannot be told by column `customer` of type `struct<id:int,of:struct<name:string>>`",
        ),
        ("customer.nam = 'a'", "column `customer` of table `t` has no field `nam`"),
        (
            "year IS NOT NULL",
            "`year` is a partition key, and Lake Formation does not compare these with NULL",
        ),
        ("id = 'a' OR id = 'b'", number),
        ("id IN (1, 'b')", number),
        (
            "country > 1",
            "column `country` of table `t` is of type `varchar(2)` and is compared with a number",
        ),
        (
            "customer.id LIKE '1%'",
            "column `customer.id` of table `t` is of type `int` and is compared with a text in single quotes",
        ),
    ] {
        assert_eq!(found(wrong), [expected], "{wrong}");
    }
}

#[test]
fn one_environment_of_an_account_and_region_has_the_settings_of_all() {
    // There is one set of settings per account and region: two stacks would remove each other's administrators.
    let other = "kind: Environment\nid: zweite\norganization: org\naccount: \"222222222222\"\nregion: eu-west-1\n\
                 team: Linkers\n";
    let stacks = synthesized(&mesh(&with(other.to_owned())));
    let kind = "AWS::LakeFormation::DataLakeSettings";
    let with_settings: Vec<(&str, usize)> = stacks
        .iter()
        .flat_map(|stack| {
            let all = stack.lowered.template.resources.values().filter(|one| one.kind == kind);
            all.map(|one| {
                let admins = one.properties.get("Admins").and_then(Value::as_list);
                (stack.entry.id.as_str(), admins.map_or(0, <[Value]>::len))
            })
        })
        .collect();
    // The execution role, the deploy role, and the pivot roles of the two environments.
    assert_eq!(with_settings, [("dev", 4)]);
}

#[test]
fn whoever_deploys_may_alter_tables_of_an_imported_database_before_any_is_made() {
    let text = "kind: Dataset\nid: theirs\nenvironment: dev\nteam: Owners\ntopics: [T]\nkeywords: [k]\n\
                import: { bucket: their-bucket, glue_database: their_database }\n\
                tables: [{ name: t, columns: [{ name: id, type: bigint }] }]\n";
    let stacks = synthesized(&mesh(&with(text.to_owned())));
    let dataset = stacks.iter().find(|stack| stack.entry.id == "theirs").expect("the dataset");
    let resources = &dataset.lowered.template.resources;
    let of = |kind: &str| -> Vec<&str> {
        resources.iter().filter(|(_, one)| one.kind == kind).map(|(id, _)| id.as_str()).collect()
    };
    let given: Vec<&str> = of("AWS::LakeFormation::PrincipalPermissions")
        .into_iter()
        .filter(|id| {
            let (_, one) = resources.iter().find(|(other, _)| other.as_str() == *id).expect("it");
            let principal = one.properties.get("Principal").map(value_to_compact_json);
            principal.is_some_and(|text| text.contains("execution"))
        })
        .collect();
    assert_eq!(given.len(), 2, "on the database and on its tables");
    let [table] = of("AWS::Glue::Table")[..] else { unreachable!("one table is declared") };
    // The table depends on both, directly or indirectly.
    let mut waits = BTreeSet::new();
    let mut next = vec![table.to_owned()];
    while let Some(id) = next.pop() {
        let found = resources.iter().find(|(other, _)| other.as_str() == id);
        for other in found.into_iter().flat_map(|(_, one)| one.depends_on.iter()) {
            if waits.insert(other.to_string()) {
                next.push(other.to_string());
            }
        }
    }
    assert!(given.iter().all(|id| waits.contains(*id)), "{given:?} {waits:?}");
}

#[test]
fn tables_are_shared_only_with_environments_that_have_a_catalog() {
    let found = |item: &str| -> Vec<String> {
        let text = format!(
            "kind: Environment\nid: bare\norganization: org\naccount: \"333333333333\"\nregion: eu-west-1\n\
             team: Owners\nfeatures: {{ datasets: false }}\nteams: [{{ team: Readers, permissions: [create_share] }}]\n\
             ---\nkind: Dataset\nid: data\nenvironment: dev\nteam: Owners\ntopics: [T]\nkeywords: [k]\n\
             tables: [{{ name: t }}]\nfolders: [{{ id: f, prefix: f/ }}]\n\
             ---\nkind: Share\nid: s\ndataset: data\nenvironment: bare\nteam: Readers\nstatus: approved\n\
             approved_by: Owners\nitems: [{item}]\n"
        );
        let (_, report) = crate::run::resolved(&with(text));
        report.iter().map(|diagnostic| diagnostic.message.clone()).collect()
    };
    assert_eq!(found("{ folder: f }"), [""; 0]);
    assert_eq!(
        found("{ table: t }"),
        ["the share `s` needs the feature `datasets`, which environment `bare` has off"]
    );
}
