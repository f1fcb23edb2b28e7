use std::collections::BTreeSet;

use lakewright_template::StackKind;
use serde_json::Value;

use super::*;
use crate::journal::{Begun, Replay, encode, token};
use crate::plan::Step;

const RUN: &str = "r1";

fn at(name: &str) -> StackAddress {
    StackAddress::parse(&format!("111122223333/eu-west-1/{name}")).expect("an address")
}

fn plan() -> Plan {
    let step = |name: &str| Step {
        address: at(name),
        kind: Some(StackKind::Dataset),
        action: Action::Update,
        after: Vec::new(),
    };
    Plan { steps: vec![step("a"), step("b")] }
}

fn tracer(replay: Option<&Replay>, plan: &Plan) -> Tracer {
    let traced = Traced {
        command: "refresh",
        mesh: "acme".to_owned(),
        run: RUN.to_owned(),
        resumed: replay.map_or(0, |replay| replay.resumed + 1),
        ends: replay.map(|replay| replay.ends.clone()).unwrap_or_default(),
        open: replay.map(|replay| replay.open.clone()).unwrap_or_default(),
        plan,
        waves: Waves::default(),
        version: "1.2.3".to_owned(),
        hidden: Hidden::new(["s3cret".to_owned()]),
    };
    Tracer::new(traced, 1_000)
}

fn intent(name: &str, operation: Operation, count: u32) -> Intent {
    let address = at(name);
    let token = token(RUN, &address, operation, count);
    Intent { address, operation, token, change_set: None, creates: false }
}

/// The spans of lines, by name.
fn spans(lines: &[String]) -> Vec<Value> {
    let line = |line: &String| serde_json::from_str::<Value>(line).expect("JSON");
    let of_line = |line: Value| {
        line["resourceSpans"][0]["scopeSpans"][0]["spans"].as_array().expect("spans").clone()
    };
    lines.iter().map(line).flat_map(of_line).collect()
}

fn named<'s>(spans: &'s [Value], name: &str) -> &'s Value {
    spans
        .iter()
        .find(|span| span["name"] == name)
        .unwrap_or_else(|| unreachable!("{name}: {spans:#?}"))
}

/// When a span began and ended.
fn times(span: &Value) -> [&str; 2] {
    ["startTimeUnixNano", "endTimeUnixNano"].map(|key| span[key].as_str().expect("a text"))
}

/// A whole run of one process.
fn whole() -> Vec<String> {
    let plan = plan();
    let mut tracer = tracer(None, &plan);
    let mut lines = Vec::new();
    let mut take = |line: Option<String>| lines.extend(line);
    let prepare = intent("a", Operation::Prepare, 1);
    take(tracer.event(&Event::Started { address: at("a") }, 2_000));
    take(tracer.entry(&Entry::Intends(prepare.clone()), 3_000));
    take(tracer.entry(&Entry::Answered { token: prepare.token, error: None }, 4_000));
    take(tracer.entry(&Entry::Intends(intent("a", Operation::Execute, 2)), 5_000));
    let failed = Event::Resource {
        address: at("a"),
        logical_id: "Bucket".to_owned(),
        kind: "AWS::S3::Bucket".to_owned(),
        status: "UPDATE_FAILED".to_owned(),
        reason: Some("no access with s3cret".to_owned()),
    };
    take(tracer.event(&failed, 6_000));
    take(tracer.event(&Event::Finished { address: at("a"), outcome: Outcome::RolledBack }, 7_000));
    take(Some(tracer.end(Some("stopped by s3cret"), 8_000)));
    lines
}

/// The forms of ids, numbers and times are those of "JSON Protobuf Encoding" in the OTLP specification.
#[test]
fn spans_have_their_parents_and_times() {
    let spans = spans(&whole());
    let run = named(&spans, "refresh acme");
    let (wave, stack) = (named(&spans, "wave 1"), named(&spans, "a"));
    assert_eq!(run["parentSpanId"], "");
    assert_eq!(wave["parentSpanId"], run["spanId"]);
    assert_eq!(stack["parentSpanId"], wave["spanId"]);
    assert_eq!(stack["status"]["code"], 2);
    assert_eq!(times(wave), ["2000", "7000"]);
    let (create, execute) = (named(&spans, "CreateChangeSet"), named(&spans, "ExecuteChangeSet"));
    for operation in [create, execute] {
        assert_eq!(operation["parentSpanId"], stack["spanId"]);
        assert_eq!(operation["kind"], 3);
    }
    assert_eq!(times(create), ["3000", "5000"]);
    assert_eq!(create["events"][0]["name"], "answered");
    assert_eq!(execute["endTimeUnixNano"], "7000");
    assert_eq!(stack["events"][0]["attributes"][0]["value"]["stringValue"], "Bucket");
    let ids: BTreeSet<&str> = spans.iter().filter_map(|span| span["spanId"].as_str()).collect();
    assert_eq!(ids.len(), spans.len(), "each span has an id of its own");
    assert!(ids.iter().all(|id| id.len() == 16 && id.bytes().all(|b| b.is_ascii_hexdigit())));
    let traces: BTreeSet<&str> = spans.iter().filter_map(|span| span["traceId"].as_str()).collect();
    assert_eq!(traces.iter().map(|id| id.len()).collect::<Vec<_>>(), [32]);
}

#[test]
fn no_text_holds_the_secret() {
    let lines = whole().concat();
    assert!(lines.contains("no access with (hidden)"), "{lines}");
    assert!(!lines.contains("s3cret"), "{lines}");
}

/// A process was killed while CloudFormation worked on `a`. The next one waits for that operation.
#[test]
fn the_process_that_goes_on_ends_the_spans_of_the_killed_one() {
    let plan = plan();
    let mut killed = tracer(None, &plan);
    let begun =
        Begun { run: RUN.to_owned(), mesh: "acme".to_owned(), plan: String::new(), shard: None };
    let entries = [
        Entry::Begun(begun),
        Entry::Intends(intent("a", Operation::Prepare, 1)),
        Entry::Intends(intent("a", Operation::Execute, 2)),
    ];
    killed.event(&Event::Started { address: at("a") }, 2_000);
    let written = entries.iter().filter_map(|entry| killed.entry(entry, 3_000)).collect::<Vec<_>>();
    let written = spans(&written);
    let create = named(&written, "CreateChangeSet");

    let (mut journal, mut sum) = (String::new(), String::new());
    for entry in &entries {
        let line = encode(&sum, entry);
        sum = line.chars().take(16).collect();
        journal.push_str(&line);
    }
    let replay = Replay::read(journal.as_bytes()).expect("a journal");
    let mut next = tracer(Some(&replay), &plan);
    next.event(&Event::Started { address: at("a") }, 10_000);
    let line = next.event(&Event::Finished { address: at("a"), outcome: Outcome::Updated }, 11_000);
    let rest = spans(&[line.expect("spans"), next.end(None, 12_000)]);
    let execute = named(&rest, "ExecuteChangeSet");
    assert_eq!(execute["spanId"], operation_id(&intent("a", Operation::Execute, 2).token));
    assert_eq!(
        named(&rest, "a")["spanId"],
        create["parentSpanId"],
        "the killed process did not end it"
    );
    assert_eq!(execute["traceId"], create["traceId"]);
    let run = named(&rest, "refresh acme");
    assert_eq!(run["parentSpanId"], tracer(None, &plan).process_id(0));
}
