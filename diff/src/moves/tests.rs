use std::collections::BTreeSet;

use lakewright_template::{Place, Template, Text, Value, read};

use super::*;
use crate::change::PropertyChange;
use crate::update::{DataEffect, Outcome, Update};

const A: &str = "111122223333/eu-west-1/a";
const B: &str = "111122223333/eu-west-1/b";
const ELSEWHERE: &str = "444455556666/eu-west-1/b";

/// The stacks of one side: an address and a template each.
type Side<'s> = [(&'s str, &'s str)];

struct Read {
    stacks: Vec<(String, Place, Template)>,
    none: BTreeMap<String, Vec<String>>,
}

impl Read {
    fn of(side: &Side<'_>) -> Self {
        let read = |(address, text): &(&str, &str)| {
            let mut parts = address.split('/');
            let (account, region) =
                (parts.next().expect("an account"), parts.next().expect("a region"));
            let place = Place::parse(account, region).expect("a place");
            ((*address).to_owned(), place, read::template(text).expect("a template"))
        };
        Self { stacks: side.iter().map(read).collect(), none: BTreeMap::new() }
    }

    fn stacks(&self) -> Vec<Stack<'_>> {
        let lines = &self.none;
        let all = self.stacks.iter();
        all.map(|(address, place, template)| Stack { address, place, template, lines }).collect()
    }
}

fn resource(id: &LogicalId, entry: &ResourceEntry, kind: ChangeKind) -> ResourceChange {
    let (fate, data) = match (kind, entry.deletion_policy) {
        (ChangeKind::Added, _) => (Fate::Created, DataEffect::None),
        (ChangeKind::Changed, _) => (Fate::Updated(Update::InPlace), DataEffect::None),
        (ChangeKind::Removed, Some(DeletionPolicy::Retain)) => {
            (Fate::Retained, DataEffect::Orphaned)
        }
        (ChangeKind::Removed, _) => (Fate::Deleted, DataEffect::Lost),
    };
    ResourceChange {
        logical_id: id.clone(),
        resource_type: entry.kind.clone(),
        kind,
        properties: Vec::<PropertyChange>::new(),
        attributes: Vec::new(),
        outcome: Outcome { fate, data, reasons: Vec::new() },
        lines_before: Vec::new(),
        lines_after: Vec::new(),
    }
}

/// The resources that differ, without their properties.
fn changes(before: &[Stack<'_>], after: &[Stack<'_>]) -> Vec<StackChange> {
    let find = |side: &[Stack<'_>], address: &str| -> Option<Template> {
        side.iter().find(|stack| stack.address == address).map(|stack| stack.template.clone())
    };
    let addresses: BTreeSet<&str> = before.iter().chain(after).map(|stack| stack.address).collect();
    let change = |address: &str| {
        let (old, new) = (find(before, address), find(after, address));
        let kind = match (&old, &new) {
            (Some(_), Some(_)) => ChangeKind::Changed,
            (Some(_), None) => ChangeKind::Removed,
            (None, _) => ChangeKind::Added,
        };
        let (old, new) = (old.unwrap_or_default(), new.unwrap_or_default());
        let mut resources = Vec::new();
        for (id, entry) in &old.resources {
            match new.resources.get(id) {
                None => resources.push(resource(id, entry, ChangeKind::Removed)),
                Some(other) if other != entry => {
                    resources.push(resource(id, other, ChangeKind::Changed));
                }
                Some(_) => {}
            }
        }
        let added = new.resources.iter().filter(|(id, _)| !old.resources.contains_key(*id));
        resources.extend(added.map(|(id, entry)| resource(id, entry, ChangeKind::Added)));
        resources.sort_by(|one, other| one.logical_id.cmp(&other.logical_id));
        StackChange { stack: address.to_owned(), kind, resources, others: Vec::new() }
    };
    addresses.into_iter().map(change).collect()
}

fn found(before: &Side<'_>, after: &Side<'_>) -> (Moves, Vec<StackChange>) {
    let (before, after) = (Read::of(before), Read::of(after));
    let (before, after) = (before.stacks(), after.stacks());
    let mut changes = changes(&before, &after);
    (find(&before, &after, &mut changes), changes)
}

/// The moves as `stack#id -> stack#id`, with the stacks' names.
fn shown(moves: &[Move]) -> Vec<String> {
    let name = |address: &str| address.rsplit('/').next().unwrap_or_default().to_owned();
    let shown = |one: &Move| {
        format!("{}#{} -> {}#{}", name(&one.from.0), one.from.1, name(&one.to.0), one.to.1)
    };
    moves.iter().map(shown).collect()
}

fn obstacles(before: &Side<'_>, after: &Side<'_>) -> Vec<Vec<String>> {
    found(before, after).0.moves.into_iter().map(|one| one.obstacles).collect()
}

/// The obstacle that every move has, and no other.
fn the_obstacle(before: &Side<'_>, after: &Side<'_>) -> String {
    let all = obstacles(before, after);
    let first = all.first().expect("a move").clone();
    assert_eq!(first.len(), 1, "{all:?}");
    first.into_iter().next().expect("an obstacle")
}

fn outcome<'c>(changes: &'c [StackChange], stack: &str, id: &str) -> &'c Outcome {
    let change = changes.iter().find(|change| change.stack == stack).expect("the stack");
    let mut resources = change.resources.iter();
    &resources.find(|one| one.logical_id.as_str() == id).expect("the resource").outcome
}

const TOPIC: &str = "  Topic: {Type: AWS::SNS::Topic, Properties: {DisplayName: Other}}\n";
const BUCKET: &str =
    "  Bucket: {Type: AWS::S3::Bucket, DeletionPolicy: Retain, Properties: {BucketName: data}}\n";

fn template(resources: &[&str]) -> String {
    format!("Resources:\n{}", resources.concat())
}

#[test]
fn a_bucket_of_the_same_name_in_another_stack_moves() {
    let (both, one) = (template(&[TOPIC, BUCKET]), template(&[TOPIC]));
    let before = [(A, both.as_str()), (B, one.as_str())];
    let after = [(A, one.as_str()), (B, both.as_str())];
    let (moves, changes) = found(&before, &after);
    assert_eq!(shown(&moves.moves), ["a#Bucket -> b#Bucket"]);
    assert_eq!(moves.moves.first().map(|one| one.obstacles.clone()), Some(Vec::new()));
    assert!(moves.notes.is_empty() && moves.renamed_stacks.is_empty());
    let (left, arrives) = (outcome(&changes, A, "Bucket"), outcome(&changes, B, "Bucket"));
    assert_eq!((left.fate, left.data), (Fate::Moved, DataEffect::Orphaned));
    assert_eq!((arrives.fate, arrives.data), (Fate::Moved, DataEffect::None));
    assert!(left.reasons.iter().any(|reason| reason.contains("keeps this one")), "{left:?}");
    assert!(arrives.reasons.iter().any(|reason| reason.contains("`Bucket` of")), "{arrives:?}");
}

/// Without a deletion policy CloudFormation deletes what leaves a template. Source: "DeletionPolicy attribute" in the
/// CloudFormation template reference.
#[test]
fn a_move_still_says_what_a_deployment_alone_loses() {
    let bucket = BUCKET.replace("DeletionPolicy: Retain, ", "");
    let (both, one) = (template(&[TOPIC, &bucket]), template(&[TOPIC]));
    let (_, changes) = found(&[(A, &both), (B, &one)], &[(A, &one), (B, &both)]);
    let left = outcome(&changes, A, "Bucket");
    assert_eq!((left.fate, left.data), (Fate::Moved, DataEffect::Lost));
    assert!(left.reasons.iter().any(|reason| reason.contains("deletes this one")), "{left:?}");
}

/// Source: the integration test "detects refactoring changes and executes the refactor" of aws/aws-cdk-cli renames a queue
/// inside one stack.
#[test]
fn a_renamed_logical_id_is_a_move_inside_its_stack_and_references_follow() {
    let queue = |id: &str| {
        template(&[
            &format!("  {id}: {{Type: AWS::SQS::Queue, Properties: {{DelaySeconds: 5}}}}\n"),
            "  Topic:\n    Type: AWS::SNS::Topic\n    Properties:\n      DisplayName: !Sub '${",
            id,
            ".QueueName}'\n",
        ])
    };
    let (moves, _) = found(&[(A, &queue("Old"))], &[(A, &queue("New"))]);
    assert_eq!(shown(&moves.moves), ["a#Old -> a#New"]);
    assert_eq!(moves.moves.first().map(|one| one.obstacles.clone()), Some(Vec::new()));
}

#[test]
fn names_of_parts_that_the_place_tells_are_names() {
    let named = |name: &str| {
        template(&[
            TOPIC,
            "  Bucket: {Type: AWS::S3::Bucket, Properties: {BucketName: ",
            name,
            "}}\n",
        ])
    };
    let one = template(&[TOPIC]);
    let (moves, _) = found(
        &[(A, &named("!Sub 'x-${AWS::AccountId}-${AWS::Region}'")), (B, &one)],
        &[(A, &one), (B, &named("x-111122223333-eu-west-1"))],
    );
    assert_eq!(shown(&moves.moves), ["a#Bucket -> b#Bucket"]);
}

/// Source: `DatabaseInput` in the reference of `AWS::Glue::Database`.
#[test]
fn a_database_moves_by_the_name_inside_its_input() {
    let database = |about: &str| {
        template(&[
            TOPIC,
            "  Db: {Type: AWS::Glue::Database, Properties: {CatalogId: '1', DatabaseInput: {Name: sales, Description: ",
            about,
            "}}}\n",
        ])
    };
    let (old, new, one) = (database("old"), database("new"), template(&[TOPIC]));
    let before = [(A, old.as_str()), (B, one.as_str())];
    let after = [(A, one.as_str()), (B, new.as_str())];
    let (moves, _) = found(&before, &after);
    assert_eq!(shown(&moves.moves), ["a#Db -> b#Db"]);
    let obstacle = the_obstacle(&before, &after);
    assert!(obstacle.contains("`DatabaseInput` changes as well"), "{obstacle}");
}

#[test]
fn equal_properties_are_one_resource_only_if_no_other_has_them() {
    let queue =
        |id: &str| format!("  {id}: {{Type: AWS::SQS::Queue, Properties: {{DelaySeconds: 5}}}}\n");
    let one = template(&[TOPIC]);
    let single = template(&[TOPIC, &queue("Q")]);
    let renamed = template(&[TOPIC, &queue("R")]);
    let (moves, _) = found(&[(A, &single), (B, &one)], &[(A, &one), (B, &renamed)]);
    assert_eq!(shown(&moves.moves), ["a#Q -> b#R"]);

    let two = template(&[TOPIC, &queue("R"), &queue("S")]);
    let (moves, changes) = found(&[(A, &single), (B, &one)], &[(A, &one), (B, &two)]);
    assert!(moves.moves.is_empty(), "{moves:?}");
    let note = moves.notes.first().expect("a note");
    for word in ["AWS::SQS::Queue", "`Q` of", "`R` of", "`S` of", "removed and added"] {
        assert!(note.contains(word), "{note}");
    }
    assert_eq!(outcome(&changes, A, "Q").fate, Fate::Deleted);
    assert_eq!(outcome(&changes, B, "R").fate, Fate::Created);
}

#[test]
fn references_inside_a_stack_do_not_count_as_properties() {
    let pair = |bucket: &str, policy: &str| {
        template(&[
            TOPIC,
            &format!("  {bucket}: {{Type: AWS::S3::Bucket, Properties: {{BucketName: data}}}}\n"),
            &format!(
                "  {policy}: {{Type: AWS::S3::BucketPolicy, Properties: {{Bucket: !Ref {bucket}, PolicyDocument: {{}}}}}}\n"
            ),
        ])
    };
    let one = template(&[TOPIC]);
    let (moves, _) = found(
        &[(A, &pair("Data", "Policy")), (B, &one)],
        &[(A, &one), (B, &pair("Store", "StorePolicy"))],
    );
    assert_eq!(shown(&moves.moves), ["a#Data -> b#Store", "a#Policy -> b#StorePolicy"]);
    assert!(moves.moves.iter().all(|one| one.obstacles.is_empty()), "{moves:?}");
}

#[test]
fn a_resource_that_its_stack_names_is_another_one_in_another_stack() {
    let bucket =
        "  Bucket: {Type: AWS::S3::Bucket, Properties: {BucketName: !Sub '${AWS::StackName}-x'}}\n";
    let (both, one) = (template(&[TOPIC, bucket]), template(&[TOPIC]));
    let (moves, _) = found(&[(A, &both), (B, &one)], &[(A, &one), (B, &both)]);
    assert!(moves.moves.is_empty(), "{moves:?}");
}

/// Source of this and the next tests: "Stack refactoring considerations" in "Stack refactoring", CloudFormation user guide.
#[test]
fn a_pseudo_parameter_that_differs_between_the_stacks_is_an_obstacle() {
    let bucket = BUCKET.replace("data}", "data, Tags: [{Key: s, Value: !Ref 'AWS::StackName'}]}");
    let (both, one) = (template(&[TOPIC, &bucket]), template(&[TOPIC]));
    let obstacle = the_obstacle(&[(A, &both), (B, &one)], &[(A, &one), (B, &both)]);
    assert!(obstacle.contains("`AWS::StackName`"), "{obstacle}");
    let same = bucket.replace("StackName", "Region");
    let (both, one) = (template(&[TOPIC, &same]), template(&[TOPIC]));
    assert_eq!(
        obstacles(&[(A, &both), (B, &one)], &[(A, &one), (B, &both)]),
        [Vec::<String>::new()]
    );
}

#[test]
fn other_changes_in_the_stacks_are_an_obstacle() {
    let (both, one) = (template(&[TOPIC, BUCKET]), template(&[TOPIC]));
    let changed = both.replace("Other", "Changed");
    let obstacle = the_obstacle(&[(A, &both), (B, &one)], &[(A, &one), (B, &changed)]);
    assert!(obstacle.contains("`Topic` is changed") && obstacle.contains(B), "{obstacle}");
    let more = format!("{one}  More: {{Type: AWS::SNS::Topic}}\n");
    let obstacle = the_obstacle(&[(A, &both), (B, &one)], &[(A, &more), (B, &both)]);
    assert!(obstacle.contains("`More` is added"), "{obstacle}");
    let obstacle = the_obstacle(
        &[(A, &format!("{both}  More: {{Type: AWS::SNS::Topic}}\n")), (B, &one)],
        &[(A, &one), (B, &both)],
    );
    assert!(obstacle.contains("`More` is removed"), "{obstacle}");
}

#[test]
fn a_new_parameter_is_an_obstacle_and_a_new_output_is_none() {
    let (both, one) = (template(&[TOPIC, BUCKET]), template(&[TOPIC]));
    let output = format!("{one}Outputs:\n  X: {{Value: y}}\n");
    assert_eq!(
        obstacles(&[(A, &both), (B, &one)], &[(A, &output), (B, &both)]),
        [Vec::<String>::new()]
    );
    let parameter = format!("{one}Parameters:\n  X: {{Type: String}}\n");
    let obstacle = the_obstacle(&[(A, &both), (B, &one)], &[(A, &parameter), (B, &both)]);
    assert!(obstacle.contains("`Parameters` differs"), "{obstacle}");
}

#[test]
fn a_stack_that_would_be_empty_is_an_obstacle() {
    let (bucket, topic) = (template(&[BUCKET]), template(&[TOPIC]));
    let both = template(&[TOPIC, BUCKET]);
    let obstacle = the_obstacle(&[(A, &bucket), (B, &topic)], &[(B, &both)]);
    assert!(obstacle.contains("no empty stacks"), "{obstacle}");
}

#[test]
fn more_than_five_stacks_are_an_obstacle() {
    let stack = |number: usize| format!("111122223333/eu-west-1/s{number}");
    let addresses: Vec<String> = (0..7).map(stack).collect();
    let bucket = |number: usize| {
        format!("  B{number}: {{Type: AWS::S3::Bucket, Properties: {{BucketName: b{number}}}}}\n")
    };
    // Each stack gives its bucket to the next one.
    for (count, expected) in [(5, 0), (6, 1)] {
        let side = |shift: usize| -> Vec<(String, String)> {
            let one = |place: usize| {
                let own = if shift == 0 { place } else { (place + count - 1) % count };
                (addresses[place].clone(), template(&[TOPIC, &bucket(own)]))
            };
            (0..count).map(one).collect()
        };
        let (before, after) = (side(0), side(1));
        let before: Vec<(&str, &str)> =
            before.iter().map(|(a, t)| (a.as_str(), t.as_str())).collect();
        let after: Vec<(&str, &str)> =
            after.iter().map(|(a, t)| (a.as_str(), t.as_str())).collect();
        let all = obstacles(&before, &after);
        assert_eq!(all.len(), count);
        assert!(all.iter().all(|own| own.len() == expected), "{all:?}");
    }
}

/// Source: "Resource limitations" in "Stack refactoring", CloudFormation user guide.
#[test]
fn a_type_without_updates_is_an_obstacle_also_for_what_moves_with_it() {
    let query = "  Query: {Type: AWS::Athena::NamedQuery, Properties: {Database: d, QueryString: select}}\n";
    let (all, one) = (template(&[TOPIC, BUCKET, query]), template(&[TOPIC]));
    let (moves, _) = found(&[(A, &all), (B, &one)], &[(A, &one), (B, &all)]);
    assert_eq!(shown(&moves.moves), ["a#Bucket -> b#Bucket", "a#Query -> b#Query"]);
    let obstacles: Vec<&str> =
        moves.moves.iter().flat_map(|one| one.obstacles.iter().map(String::as_str)).collect();
    assert_eq!(obstacles.len(), 2, "{obstacles:?}");
    assert!(
        obstacles[0].contains("all moves of its stacks at once")
            && obstacles[0].contains("`Query`")
    );
    assert!(obstacles[1].contains("`IMMUTABLE`"), "{obstacles:?}");
}

#[test]
fn a_name_in_another_account_is_listed_and_keeps_its_fate() {
    let (both, one) = (template(&[TOPIC, BUCKET]), template(&[TOPIC]));
    let before = [(A, both.as_str()), (ELSEWHERE, one.as_str())];
    let after = [(A, one.as_str()), (ELSEWHERE, both.as_str())];
    let (moves, changes) = found(&before, &after);
    let obstacle = the_obstacle(&before, &after);
    assert!(obstacle.contains("different accounts or regions"), "{obstacle}");
    assert_eq!(outcome(&changes, A, "Bucket").fate, Fate::Retained);
    assert_eq!(outcome(&changes, ELSEWHERE, "Bucket").fate, Fate::Created);
    let (before, after) = (Read::of(&before), Read::of(&after));
    let said = detour(&moves.moves, &before.stacks(), &after.stacks());
    assert!(said.len() == 1 && said[0].contains("copy the data"), "{said:?}");
}

#[test]
fn a_renamed_stack_is_told_and_leads_through_an_import() {
    let all = template(&[
        TOPIC,
        BUCKET,
        "  Role: {Type: AWS::IAM::Role, Properties: {RoleName: r, AssumeRolePolicyDocument: {}}}\n",
    ]);
    let (before, after) = ([(A, all.as_str())], [(B, all.as_str())]);
    let (moves, _) = found(&before, &after);
    assert_eq!(moves.moves.len(), 3);
    assert_eq!(moves.renamed_stacks, [(A.to_owned(), B.to_owned())]);
    assert!(
        moves.notes[0].contains("becomes") && moves.notes[0].contains('3'),
        "{:?}",
        moves.notes
    );
    let (before, after) = (Read::of(&before), Read::of(&after));
    let said = detour(&moves.moves, &before.stacks(), &after.stacks());
    assert_eq!(said.len(), 3, "{said:?}");
    assert!(said[0].contains("`DeletionPolicy: Retain` on `Role`, `Topic`"), "{said:?}");
    assert!(
        said[1].contains(&format!("First delete the stack {A}: `Bucket`, `Role`, `Topic` stay")),
        "{said:?}"
    );
    assert!(
        said[2].contains("`IMPORT`") && said[2].contains("`Bucket` by `BucketName`"),
        "{said:?}"
    );
    assert!(refactorings(&moves.moves, &before.stacks()).is_empty());
}

/// Source: the handlers in the schemas, and the warning in "Moving resources between stacks", CloudFormation user guide.
#[test]
fn what_cannot_be_imported_is_named() {
    let settings = "  Settings: {Type: AWS::LakeFormation::DataLakeSettings, Properties: {MutationType: APPEND}}\n";
    let cluster = "  Cluster: {Type: MongoDB::Atlas::Cluster, DeletionPolicy: Retain, Properties: {Name: c}}\n";
    let (all, one) = (template(&[TOPIC, settings, cluster]), template(&[TOPIC]));
    let (before, after) =
        ([(A, all.as_str()), (B, one.as_str())], [(A, one.as_str()), (B, all.as_str())]);
    let (moves, _) = found(&before, &after);
    let (before, after) = (Read::of(&before), Read::of(&after));
    let said = detour(&moves.moves, &before.stacks(), &after.stacks()).join("\n");
    assert!(said.contains("`Settings` of 111122223333/eu-west-1/a cannot be imported"), "{said}");
    assert!(said.contains("It holds no data"), "{said}");
    assert!(said.contains("Whether MongoDB::Atlas::Cluster can be imported is unknown"), "{said}");
    assert!(!said.contains("on `Cluster`"), "{said}");
}

/// Source: `CreateStackRefactor`, `ResourceMapping`, `ResourceLocation` and `StackDefinition` in the CloudFormation API reference.
#[test]
fn the_request_has_the_mappings_and_the_templates_after_the_change() {
    let (both, one) = (template(&[TOPIC, BUCKET]), template(&[TOPIC]));
    let renamed = both.replace("  Bucket:", "  Store:");
    let (before, after) = ([(A, both.as_str())], [(A, one.as_str()), (B, renamed.as_str())]);
    // The topic of the new stack is an addition; without it nothing but the bucket moves.
    let alone = renamed.replace(TOPIC, "");
    let (moves, _) = found(&before, &after);
    assert!(moves.moves.iter().all(|one| !one.obstacles.is_empty()), "{moves:?}");
    let after = [after[0], (B, alone.as_str())];
    let (moves, _) = found(&before, &after);
    let (before, after) = (Read::of(&before), Read::of(&after));
    let all = refactorings(&moves.moves, &before.stacks());
    let [refactoring] = all.as_slice() else { panic!("{all:?}") };
    assert!(refactoring.creates_stacks);
    let request = refactoring.request(&after.stacks());
    assert_eq!(request.get("EnableStackCreation"), Some(&Value::Bool(true)));
    let mappings = request.get("ResourceMappings").and_then(Value::as_list).expect("a list");
    let location = |stack: &'static str, id: &'static str| {
        lakewright_template::Map::new().with("LogicalResourceId", id).with("StackName", stack)
    };
    let mapping = lakewright_template::Map::new()
        .with("Source", location("a", "Bucket"))
        .with("Destination", location("b", "Store"));
    assert_eq!(mappings, [Value::from(mapping)]);
    let definitions = request.get("StackDefinitions").and_then(Value::as_list).expect("a list");
    let names: Vec<Option<&str>> = definitions
        .iter()
        .map(|one| one.as_map().and_then(|map| map.get("StackName")).and_then(Value::as_text))
        .collect();
    assert_eq!(names, [Some("a"), Some("b")]);
    let body =
        definitions[1].as_map().and_then(|map| map.get("TemplateBody")).and_then(Value::as_text);
    assert_eq!(read::template(body.expect("a body")).expect("a template").resources.len(), 1);
}

#[test]
fn a_fleet_that_renames_an_id_in_each_stack_has_a_move_in_each() {
    let queue = |id: &str| template(&[TOPIC, &format!("  {id}: {{Type: AWS::SQS::Queue}}\n")]);
    let (old, new) = (queue("Old"), queue("New"));
    let (moves, _) = found(&[(A, &old), (B, &old)], &[(A, &new), (B, &new)]);
    assert_eq!(shown(&moves.moves), ["a#Old -> a#New", "b#Old -> b#New"]);
    let kinds: Vec<Text> = moves.moves.iter().map(|one| one.resource_type.clone().into()).collect();
    assert_eq!(kinds, ["AWS::SQS::Queue", "AWS::SQS::Queue"]);
}
