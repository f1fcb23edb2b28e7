//! A review that every form shows in its tests.

use std::sync::Arc;

use lakewright_access::document::Origin;
use lakewright_diff::access::{Deciding, Witness};
use lakewright_diff::decisions::{DecisionChange, DecisionExample, DecisionKind};
use lakewright_diff::disagreement::{Disagreement, DisagreementKind};
use lakewright_diff::review::{Alike, Move, StackRefactoring};
use lakewright_manifest::render::Style;
use lakewright_template::{LogicalId, Map, Value};

use super::*;

pub(super) const TEAM_A: &str = "arn:aws:iam::222222222222:role/team-a";
pub(super) const TEAM_B: &str = "arn:aws:iam::222222222222:role/team-b";

/// The names of the mesh in the tests.
pub(super) struct Names;

pub(super) const NAMES: Names = Names;

impl Named for Names {
    fn principal(&self, principal: &str) -> Option<String> {
        (principal == TEAM_A).then(|| "team/science/TeamA".to_owned())
    }

    fn stack(&self, stack: &str) -> Option<String> {
        let is_sales = stack == "222222222222/eu-west-1/sales";
        is_sales.then(|| "dataset/sales (222222222222, eu-west-1)".to_owned())
    }
}

/// Requests that only the side after the change allows.
pub(super) fn reach(actions: &[&str], resource: &str) -> Reach {
    Reach {
        actions: actions.iter().map(|action| (*action).to_owned()).collect(),
        resource: resource.to_owned(),
        conditions: Vec::new(),
        witness: Witness {
            action: actions[0].to_owned(),
            resource: resource.replace('*', "x"),
            context: Vec::new(),
        },
        decisions: (Answer::Denied, Answer::Allowed),
        statements: Vec::new(),
        because: Vec::new(),
        reason: String::new(),
    }
}

pub(super) fn resource(id: &str, fate: Fate, data: DataEffect) -> ResourceChange {
    ResourceChange {
        logical_id: LogicalId::parameter(id),
        resource_type: "AWS::S3::Bucket".into(),
        kind: match fate {
            Fate::Created => ChangeKind::Added,
            Fate::Deleted | Fate::Retained => ChangeKind::Removed,
            _ => ChangeKind::Changed,
        },
        properties: Vec::new(),
        attributes: Vec::new(),
        outcome: Outcome { fate, data, reasons: Vec::new() },
        lines_before: Vec::new(),
        lines_after: Vec::new(),
    }
}

pub(super) fn property(path: &str, before: Option<Value>, after: Option<Value>) -> PropertyChange {
    PropertyChange { path: path.to_owned(), before, after, update: Update::InPlace }
}

/// Requests that one of the sides allows, by a policy.
pub(super) fn decision(kind: DecisionKind, actor: &[&str], resource: &str) -> DecisionChange {
    let one = |text: &str| vec![text.to_owned()];
    let sides = |text: &str| match kind {
        DecisionKind::Lost => [one(text), Vec::new()],
        DecisionKind::Gained | DecisionKind::Unknown => [Vec::new(), one(text)],
    };
    let teams = actor.iter().filter_map(|part| part.strip_prefix("team/"));
    DecisionChange {
        kind,
        actor: actor.iter().map(|part| (*part).to_owned()).collect(),
        but_not: Vec::new(),
        privileges: one("metadata.edit_tags"),
        resources: one(resource),
        example: DecisionExample {
            user: "somebody".to_owned(),
            member_of: teams.map(str::to_owned).collect(),
            roles: Vec::new(),
            privilege: "metadata.edit_tags".to_owned(),
            resource: resource.to_owned(),
        },
        policies: sides("policy/one"),
        lines: sides("policies.yaml:3:1"),
    }
}

/// A review with a finding of every kind, and with texts that are markup somewhere.
pub(super) fn sample() -> Review {
    let mut gained = reach(&["s3:GetObject"], "arn:aws:s3:::bucket/exports/*");
    gained.because = vec!["mesh/my shares.yaml:12:3".to_owned()];
    gained.witness.context = vec![("aws:SecureTransport".to_owned(), vec!["true".to_owned()])];
    gained.statements = vec![Deciding {
        is_after: true,
        origin: Origin {
            stack: Arc::from("222222222222/eu-west-1/sales"),
            logical_id: "Policy".to_owned(),
            property: "PolicyDocument",
        },
        sid: "Read`@team`".to_owned(),
        is_allow: true,
    }];
    let mut lost = reach(&["s3:PutObject"], "arn:aws:s3:::bucket/*");
    lost.decisions = (Answer::Allowed, Answer::Denied);
    let mut replaced = resource("Data", Fate::Updated(Update::Replaces), DataEffect::Lost);
    replaced.outcome.reasons = vec!["`/BucketName` is create-only".to_owned()];
    replaced.properties =
        vec![property("/BucketName", Some("old".into()), Some("<script>alert(1)</script>".into()))];
    replaced.lines_after = vec!["mesh/datasets.yaml:7:1".to_owned()];
    let failing = resource("Key", Fate::Updated(Update::Fails), DataEffect::None);
    let mut updated = resource("Logs", Fate::Updated(Update::InPlace), DataEffect::None);
    updated.properties = vec![property("/Tags/0/Value", None, Some("```\n@everyone".into()))];
    let change = |principal: &str, relation| AccessChange {
        principal: principal.to_owned(),
        relation,
        gained: Vec::new(),
        lost: Vec::new(),
        unknown: Vec::new(),
    };
    Review {
        stacks: vec![
            StackChange {
                stack: "222222222222/eu-west-1/sales".to_owned(),
                kind: ChangeKind::Changed,
                resources: vec![replaced, failing, updated],
                others: vec![property("/Outputs/Name/Value", Some(Value::Null), None)],
            },
            StackChange {
                stack: "apps/my [app](x).yaml".to_owned(),
                kind: ChangeKind::Added,
                resources: vec![resource("New", Fate::Created, DataEffect::None)],
                others: Vec::new(),
            },
        ],
        alike: Vec::new(),
        equal: 3,
        access: vec![
            AccessChange { gained: vec![gained], ..change(TEAM_A, Relation::Broader) },
            AccessChange { lost: vec![lost], ..change(TEAM_B, Relation::Narrower) },
        ],
        decisions: Some(vec![
            decision(DecisionKind::Gained, &["team/`@team`"], "dataset/<script>"),
            decision(DecisionKind::Lost, &[], "dataset/january"),
        ]),
        moves: vec![Move {
            resource_type: "AWS::S3::Bucket".to_owned(),
            from: ("a.yaml".to_owned(), "One".to_owned()),
            to: ("b.yaml".to_owned(), "Two".to_owned()),
            obstacles: vec!["a stack policy".to_owned()],
        }],
        refactorings: vec![StackRefactoring {
            stacks: vec!["a.yaml".to_owned(), "b.yaml".to_owned()],
            request: Map::new().with("EnableStackCreation", false),
        }],
        detours: vec!["First deploy a.yaml without `One`".to_owned()],
        disagreements: Vec::new(),
        notes: vec!["one template was left out".to_owned()],
    }
}

pub(super) fn shown(review: &Review) -> Shown<'_> {
    Shown { review, before: "git:main:mesh/", after: "mesh", named: &NAMES }
}

#[test]
fn the_summary_counts_what_matters() {
    let review = sample();
    assert_eq!(
        shown(&review).summary(),
        "2 stacks change (1 replaced, 0 deleted, 1 cannot be updated, 1 moved); 1 principal gains access, 1 loses access; \
         data could be lost in 1 resource; access governance: 1 newly allowed, 1 no longer allowed"
    );
    let equal = Review { notes: vec!["a note".to_owned()], equal: 4, ..Review::default() };
    assert_eq!(shown(&equal).summary(), "no changes");
}

#[test]
fn unknown_access_is_counted_and_shown_with_what_is_gained() {
    let mut review = sample();
    review.access[1].relation = Relation::Unknown;
    review.access[1].unknown = std::mem::take(&mut review.access[1].lost);
    let shown = shown(&review);
    assert!(shown.summary().contains("1 principal gains access, 1 may gain access, 0 lose access"));
    let sections = shown.sections();
    assert_eq!(sections.gained.len(), 2);
    assert!(sections.lost.is_empty());
}

#[test]
fn everybody_and_strong_actions_come_first() {
    let mut review = sample();
    let mut strong = review.access[0].clone();
    strong.principal = TEAM_B.to_owned();
    strong.gained = vec![reach(&["s3:PutBucketPolicy"], "arn:aws:s3:::bucket")];
    let mut everybody = review.access[0].clone();
    everybody.principal = "*".to_owned();
    review.access.extend([strong, everybody]);
    let sections = shown(&review).sections();
    let order: Vec<&str> =
        sections.gained.iter().map(|entry| entry.entry.change.principal.as_str()).collect();
    assert_eq!(order, ["*", TEAM_B, TEAM_A]);
}

/// The words of twelve hexadecimal digits in a text.
fn ids_in(text: &str) -> BTreeSet<String> {
    let is_hex = |one: char| one.is_ascii_digit() || ('a'..='f').contains(&one);
    let words = text.split(|one: char| !one.is_ascii_alphanumeric());
    let ids = words.filter(|word| word.len() == 12 && word.chars().all(is_hex));
    // The accounts of the sample have as many digits.
    ids.filter(|word| *word != "222222222222").map(str::to_owned).collect()
}

#[test]
fn every_form_has_the_same_findings() {
    let review = sample();
    let shown = shown(&review);
    let ids = shown.ids();
    // Four resources, one output, two principals, two decisions.
    assert_eq!(ids.len(), 9);
    let forms = [
        ("terminal", terminal::text(&shown, Style::Plain, 100)),
        ("markdown", markdown::text(&shown)),
        ("json", json::text(&shown)),
        ("sarif", sarif::text(&shown)),
        ("cdk-report", cdk::text(&shown)),
        ("html", html::page(&shown, None).map_err(|error| error.message).expect("a page")),
    ];
    for (form, text) in forms {
        assert_eq!(ids_in(&text), ids, "{form}\n{text}");
    }
}

#[test]
fn every_form_has_what_a_change_set_says_otherwise() {
    let mut review = sample();
    let one = |resource: Option<(String, String)>, kind: DisagreementKind| Disagreement {
        stack: "222222222222/eu-west-1/sales".to_owned(),
        resource,
        kind,
        details: vec!["the change set: /Properties/<Name> changes".to_owned()],
        lines: vec!["mesh/my shares.yaml:12:3".to_owned()],
    };
    let bucket = ("Data".to_owned(), "AWS::S3::Bucket".to_owned());
    review.disagreements = vec![
        one(Some(bucket), DisagreementKind::OnlyServiceReplaces),
        one(None, DisagreementKind::ServiceRefuses),
    ];
    let shown = shown(&review);
    let ids = shown.ids();
    // Four resources, one output, two principals, two decisions, two disagreements.
    assert_eq!(ids.len(), 11);
    assert!(shown.summary().ends_with("change sets differ in 2 findings"), "{}", shown.summary());
    let forms = [
        ("terminal", terminal::text(&shown, Style::Plain, 100)),
        ("markdown", markdown::text(&shown)),
        ("json", json::text(&shown)),
        ("sarif", sarif::text(&shown)),
        ("cdk-report", cdk::text(&shown)),
        ("html", html::page(&shown, None).map_err(|error| error.message).expect("a page")),
    ];
    for (form, text) in forms {
        assert_eq!(ids_in(&text), ids, "{form}\n{text}");
        assert!(text.contains("refuses the change of"), "{form}\n{text}");
    }
}

#[test]
fn one_of_the_stacks_that_change_alike_is_shown() {
    let mut review = sample();
    let names = ["fleet/one.yaml", "fleet/three.yaml", "fleet/two.yaml"];
    let members: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    review.stacks.extend(members.iter().map(|stack| StackChange {
        stack: stack.clone(),
        kind: ChangeKind::Changed,
        resources: vec![resource("Data", Fate::Deleted, DataEffect::Lost)],
        others: vec![property("/Outputs/Name/Value", None, Some("x".into()))],
    }));
    let representative = members[0].clone();
    review.alike = vec![Alike { representative, members }];
    let shown = shown(&review);
    // The three stacks have two findings together.
    assert_eq!(shown.ids().len(), 11);
    // All of them are counted.
    assert!(shown.summary().contains("3 deleted"), "{}", shown.summary());
    let html = html::page(&shown, None).map_err(|error| error.message).expect("a page");
    for (form, text) in [
        ("terminal", terminal::text(&shown, Style::Plain, 160)),
        ("markdown", markdown::text(&shown)),
        ("html", html),
    ] {
        assert_eq!(ids_in(&text), shown.ids(), "{form}\n{text}");
        assert!(text.contains("2 more stacks alike"), "{form}\n{text}");
        assert!(names.iter().all(|name| text.contains(name)), "{form}\n{text}");
    }
    let json = json::document(&shown);
    assert_eq!(json["stacks"].as_array().map(Vec::len), Some(5));
    let class = serde_json::json!([{ "members": names, "representative": names[0] }]);
    assert_eq!(json["classes"], class);
}

#[test]
fn one_of_the_principals_that_gain_access_alike_is_shown() {
    let mut review = sample();
    review.access = ["a", "b", "c", "d"]
        .iter()
        .map(|name| AccessChange {
            principal: format!("arn:aws:iam::111111111111:role/{name}"),
            relation: Relation::Broader,
            gained: vec![reach(&["s3:GetObject"], &format!("arn:aws:s3:::bucket-{name}/*"))],
            lost: Vec::new(),
            unknown: Vec::new(),
        })
        .collect();
    let shown = shown(&review);
    let text = terminal::text(&shown, Style::Plain, 160);
    assert!(text.contains("read objects under s3://bucket-a/*; 3 more principals alike"), "{text}");
    let list = "alike: role arn:aws:iam::111111111111:role/b (s3://bucket-b/*), ";
    assert!(text.contains(list), "{text}");
    for text in [text, markdown::text(&shown)] {
        assert_eq!(text.matches("can now").count(), 1, "{text}");
    }
    let document = json::document(&shown);
    assert_eq!(document["access"].as_array().map(Vec::len), Some(4));
    let [class] = document["accessClasses"].as_array().expect("a list").as_slice() else {
        unreachable!("one group: {document:#}");
    };
    assert_eq!(
        (&class["how"], &class["representative"]),
        (&"gained".into(), &document["access"][0]["principal"])
    );
    let members = class["members"].as_array().expect("a list").iter();
    let of_access = document["access"].as_array().expect("a list").iter();
    let ids: Vec<&serde_json::Value> = members.map(|member| &member["finding"]).collect();
    assert_eq!(ids, of_access.map(|one| &one["finding"]).collect::<Vec<_>>());
    // Every principal has its own result, with the id that it had before.
    let log = sarif::log(&shown);
    let results = log["runs"][0]["results"].as_array().expect("results").iter();
    let alike = results.filter(|result| result["properties"]["alikeTo"] == *ids[0]);
    let alike: Vec<_> =
        alike.map(|result| &result["partialFingerprints"]["lakewrightFinding/v1"]).collect();
    assert_eq!(alike, ids[1..]);
}

#[test]
fn an_id_depends_on_what_a_finding_is_about_and_not_on_its_values() {
    let review = sample();
    let before = shown(&review).ids();
    let mut later = review.clone();
    later.stacks[0].resources[0].properties.clear();
    later.stacks[0].resources[0].lines_after = vec!["elsewhere.yaml:1:1".to_owned()];
    later.access[0].gained[0].because.clear();
    assert_eq!(shown(&later).ids(), before);
    later.access[0].principal = TEAM_B.to_owned();
    later.stacks[0].stack = "other".to_owned();
    assert_eq!(shown(&later).ids().intersection(&before).count(), 4);
}
