//! The lines for programs, compared with their schema.

use std::collections::BTreeSet;

use lakewright_fleet::schedule::Because;

use super::*;

fn at() -> StackAddress {
    StackAddress::parse("111111111111/eu-west-1/team-a").expect("an address")
}

/// The definition in the schema that an event belongs to. A new event has to be put into `all` as well.
const fn definition(event: &Event) -> &'static str {
    match event {
        Event::Started { .. } => "started",
        Event::Changes { .. } => "changes",
        Event::Resource { .. } | Event::Rejected { .. } => "resource",
        Event::Uploaded { .. } => "uploaded",
        Event::Finished { .. } => "finished",
        Event::Note { .. } | Event::Again { .. } => "note",
        Event::Wave { .. } => "wave",
        Event::Skipped { .. } => "skipped",
    }
}

/// At least one event of each kind, and an end of each kind.
fn all() -> Vec<Event> {
    let reason = || "no access".to_owned();
    let outcomes = [
        Outcome::Created,
        Outcome::Updated,
        Outcome::Unchanged,
        Outcome::Deleted,
        Outcome::Declined,
        Outcome::RolledBack,
        Outcome::Refused(reason()),
        Outcome::Overtaken(reason()),
        Outcome::NeedsAttention(reason()),
        Outcome::Unreachable(reason()),
    ];
    let skips = [Because::Stack(at()), Because::Stopped(reason()), Because::SetAside];
    let text = reason;
    let mut events = vec![
        Event::Started { address: at() },
        Event::Changes { address: at(), changes: vec![Change::default()] },
        Event::Resource {
            address: at(),
            logical_id: "Role".to_owned(),
            kind: "AWS::IAM::Role".to_owned(),
            status: "CREATE_FAILED".to_owned(),
            reason: Some(reason()),
        },
        Event::Rejected { address: at(), rejection: Rejection::default() },
        Event::Rejected {
            address: at(),
            rejection: Rejection {
                name: Some("NAME_CONFLICT_VALIDATION".to_owned()),
                path: Some("/Resources/Role".to_owned()),
                is_warning: true,
                ..Rejection::default()
            },
        },
        Event::Uploaded { address: at(), target: "s3://bucket/key".to_owned() },
        Event::Note { address: at(), text: text() },
        Event::Wave { wave: 1, text: text() },
        Event::Again { address: at() },
    ];
    events.extend(outcomes.map(|outcome| Event::Finished { address: at(), outcome }));
    events.extend(skips.map(|because| Event::Skipped { address: at(), because }));
    events
}

#[test]
fn each_event_has_the_shape_of_the_schema() {
    let text = include_str!("../../../../docs/output/deployment.schema.json");
    let schema: Value = serde_json::from_str(text).expect("JSON");
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    let mut seen = BTreeSet::new();
    let lines =
        Lines::from([(at(), BTreeMap::from([("*".to_owned(), vec!["m.yaml:1:1".to_owned()])]))]);
    for event in all() {
        let line = line(&event, &lines, Some(Duration::from_secs(1)));
        let errors: Vec<String> =
            validator.iter_errors(&line).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{errors:?}\n{line:#}");
        assert_eq!(line["event"], definition(&event), "{line:#}");
        seen.insert(definition(&event));
    }
    // The others are no events of a driver: what comes before the run, and its end.
    let others = ["diagnostic", "end", "place", "plan", "warnings"];
    let known = schema["$defs"].as_object().expect("definitions").keys();
    let known: BTreeSet<&str> =
        known.map(String::as_str).filter(|name| !others.contains(name)).collect();
    assert_eq!(seen, known);
}
