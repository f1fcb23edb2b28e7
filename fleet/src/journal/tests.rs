use lakewright_template::Place;
use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

fn address(number: u8) -> StackAddress {
    let account = format!("{:012}", number % 3);
    let place = Place::parse(&account, "eu-west-1").expect("a place");
    StackAddress::new(place, format!("p-team-{number}"))
}

fn begun() -> Entry {
    Entry::Begun(Begun {
        run: "run-1".to_owned(),
        mesh: "lab".to_owned(),
        plan: "0123".to_owned(),
        shard: Shard::parse("2/3").ok(),
    })
}

fn outcome() -> impl Strategy<Value = Outcome> {
    let words = [
        Outcome::Created,
        Outcome::Updated,
        Outcome::Unchanged,
        Outcome::Deleted,
        Outcome::Declined,
        Outcome::RolledBack,
    ];
    prop_oneof![
        proptest::sample::select(words.to_vec()),
        ".*".prop_map(Outcome::Refused),
        ".*".prop_map(Outcome::Overtaken),
        ".*".prop_map(Outcome::NeedsAttention),
        ".*".prop_map(Outcome::Unreachable),
    ]
}

fn entry() -> impl Strategy<Value = Entry> {
    let text = || proptest::option::of(".*");
    let intends = (0_u8..6, proptest::sample::select(Operation::ALL.to_vec()), 1_u32..5, text())
        .prop_map(|(stack, operation, count, change_set)| {
            let address = address(stack);
            let token = token("run-1", &address, operation, count);
            Entry::Intends(Intent { address, operation, token, change_set, creates: count == 1 })
        });
    let answered = (0_u8..6, proptest::sample::select(Operation::ALL.to_vec()), 1_u32..5, text())
        .prop_map(|(stack, operation, count, error)| Entry::Answered {
            token: token("run-1", &address(stack), operation, count),
            error,
        });
    prop_oneof![
        5 => intends,
        5 => answered,
        2 => (0_u8..6, outcome()).prop_map(|(stack, outcome)| Entry::Finished { address: address(stack), outcome }),
        1 => text().prop_map(|stopped| Entry::Ended { stopped }),
        1 => Just(Entry::Resumed),
    ]
}

/// The lines of a journal, and what was read after each of them. Entries that contradict those before are left out.
fn written(entries: &[Entry]) -> (Vec<String>, Vec<Replay>) {
    let mut lines = vec![encode("", &begun())];
    let mut replays = vec![Replay::read(lines[0].as_bytes()).expect("a first line")];
    for entry in entries {
        let mut next = replays.last().expect("a replay").clone();
        if next.add(entry).is_err() {
            continue;
        }
        let line = encode(&next.sum, entry);
        next.follow(&line);
        lines.push(line);
        replays.push(next);
    }
    (lines, replays)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn what_is_written_is_read_again(entries in vec(entry(), 0..40)) {
        let (lines, replays) = written(&entries);
        let read = Replay::read(lines.concat().as_bytes()).expect("a journal");
        prop_assert_eq!(&read, replays.last().expect("a replay"));
    }

    /// A run may be killed at each byte.
    #[test]
    fn each_cut_is_read_as_the_lines_before_it(entries in vec(entry(), 0..8)) {
        let (lines, replays) = written(&entries);
        let whole = lines.concat().into_bytes();
        for cut in 0..=whole.len() {
            let read = Replay::read(&whole[..cut]);
            let Some(last) = replays.iter().rfind(|replay| replay.bytes <= cut) else {
                prop_assert_eq!(read, Err(ReplayError::Empty));
                continue;
            };
            let mut read = read.expect("a prefix");
            let rest = cut - last.bytes;
            prop_assert_eq!(read.torn.map(|torn| torn.bytes), (rest > 0).then_some(rest));
            read.torn = None;
            prop_assert_eq!(&read, last);
        }
    }

    #[test]
    fn each_changed_byte_is_found(entries in vec(entry(), 0..5), by in 1_u8..=255) {
        let (lines, _) = written(&entries);
        let whole = lines.concat().into_bytes();
        // Without its line break, the last line is one that the run was killed at.
        for at in 0..whole.len() - 1 {
            let mut changed = whole.clone();
            changed[at] ^= by;
            prop_assert!(Replay::read(&changed).is_err(), "{at}");
        }
    }

    #[test]
    fn each_line_removed_swapped_or_doubled_is_found(entries in vec(entry(), 2..12)) {
        let (lines, _) = written(&entries);
        for at in 0..lines.len() - 1 {
            let mut removed = lines.clone();
            removed.remove(at);
            prop_assert!(Replay::read(removed.concat().as_bytes()).is_err(), "{at} removed");
            let mut swapped = lines.clone();
            swapped.swap(at, at + 1);
            prop_assert!(Replay::read(swapped.concat().as_bytes()).is_err(), "{at} swapped");
        }
        for at in 0..lines.len() {
            let mut doubled = lines.clone();
            doubled.insert(at, lines[at].clone());
            prop_assert!(Replay::read(doubled.concat().as_bytes()).is_err(), "{at} doubled");
        }
    }

    #[test]
    fn outcomes_are_read_from_their_words(outcome in outcome()) {
        prop_assert_eq!(Outcome::parse(outcome.code(), outcome.text()), Some(outcome));
    }

    /// The texts of AWS have any characters.
    #[test]
    fn nothing_hidden_stays_in_any_text(text in ".*", at in 0_usize..40) {
        let secret = "s3cret-external-id";
        let cut = text.char_indices().map(|(at, _)| at).nth(at).unwrap_or(text.len());
        let text = [&text[..cut], secret, &text[cut..]].concat();
        let stripped = Hidden::new([secret.to_owned()]).strip(&text);
        prop_assert!(!stripped.contains(secret), "{stripped}");
    }
}

fn intent(stack: u8, operation: Operation, count: u32) -> Intent {
    let address = address(stack);
    let token = token("run-1", &address, operation, count);
    Intent { address, operation, token, change_set: None, creates: false }
}

#[test]
fn requests_stay_open_until_an_error_or_the_end_of_the_stack() {
    let execute = |stack: u8| intent(stack, Operation::Execute, 1);
    let answered = |stack: u8, error: Option<&str>| Entry::Answered {
        token: execute(stack).token,
        error: error.map(str::to_owned),
    };
    let finished =
        |stack: u8, outcome: Outcome| Entry::Finished { address: address(stack), outcome };
    let mut entries: Vec<Entry> = (0..6).map(|stack| Entry::Intends(execute(stack))).collect();
    entries.extend([
        answered(1, None),
        answered(2, Some("Throttling")),
        finished(3, Outcome::Updated),
        // Whether the request had an effect is not known.
        finished(4, Outcome::Unreachable("the network failed".to_owned())),
        finished(5, Outcome::Refused("no".to_owned())),
        Entry::Ended { stopped: Some("a signal".to_owned()) },
    ]);
    let (lines, _) = written(&entries);
    let replay = Replay::read(lines.concat().as_bytes()).expect("a journal");
    let open: Vec<&StackAddress> = replay.open.keys().collect();
    let mut expected = [address(0), address(1), address(4)];
    expected.sort();
    assert_eq!(open, expected.iter().collect::<Vec<_>>());
    assert_eq!(replay.finished.len(), 3);
    assert_eq!(replay.requests.get(&address(2)), Some(&1));
    assert_eq!((replay.ended, replay.stopped.as_deref()), (true, Some("a signal")));
    assert_eq!(
        replay.begun,
        match begun() {
            Entry::Begun(begun) => begun,
            other => unreachable!("{other:?}"),
        }
    );
}

#[test]
fn records_that_contradict_each_other_are_errors_with_their_line() {
    let first = encode("", &begun());
    let sum = &first[..16];
    let twice = Entry::Intends(intent(1, Operation::Delete, 1));
    let once = encode(sum, &twice);
    for (text, line) in [
        (encode("", &Entry::Resumed), "line 1"),
        ([first.clone(), encode(sum, &begun())].concat(), "line 2"),
        (
            [first.clone(), encode(sum, &Entry::Answered { token: "t".to_owned(), error: None })]
                .concat(),
            "line 2",
        ),
        ([first.clone(), once.clone(), encode(&once[..16], &twice)].concat(), "line 3"),
        ([first.clone(), "\n".to_owned()].concat(), "line 2"),
    ] {
        let error = Replay::read(text.as_bytes()).expect_err("an error").to_string();
        assert!(error.contains(line) && error.contains("expected"), "{error}");
    }
    let json = r#"{"format":2,"is":"begun"}"#;
    let text = format!("{} {json}\n", super::line::sum(super::line::START, json));
    let error = Replay::read(text.as_bytes()).expect_err("another format").to_string();
    assert!(error.contains("got format 2, expected 1"), "{error}");
}

#[test]
fn the_digest_of_a_plan_knows_each_address_and_revision() {
    let of = |stacks: &[(u8, &str)]| {
        let stacks: Vec<(StackAddress, &str)> =
            stacks.iter().map(|(stack, revision)| (address(*stack), *revision)).collect();
        plan_digest(stacks.iter().map(|(address, revision)| (address, *revision)))
    };
    assert_eq!(of(&[(1, "a"), (2, "b")]), of(&[(2, "b"), (1, "a")]));
    for other in
        [&[(1, "a")][..], &[(1, "b"), (2, "a")], &[(1, "a"), (2, "c")], &[(1, "a"), (3, "b")]]
    {
        assert_ne!(of(&[(1, "a"), (2, "b")]), of(other));
    }
}

/// The messages are those of "Troubleshoot Signature Version 4 signing for AWS API requests" and of a validation by
/// CloudFormation; the access key id is the one of AWS's examples.
#[test]
fn texts_of_aws_lose_their_secrets_and_nothing_else() {
    let hidden = Hidden::new(["ext-1".to_owned(), "ext-12".to_owned()]);
    let long = "IQoJb3JpZ2luX2VjE".repeat(12);
    for (text, secret) in [
        ("not allowed with external id ext-12".to_owned(), "ext-1"),
        (format!("SignatureDoesNotMatch: The Canonical String for this request should have been 'POST\n/\nx-amz-security-token:{long}'"), "IQoJ"),
        (format!("token {long}== is expired"), "IQoJ"),
        ("Authorization=AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20261130/x".to_owned(), "AKIAIOSF"),
        (r#"{"StringEquals":{"sts:ExternalId":"other-id"}}"#.to_owned(), "other-id"),
        (r#"{\"sts:ExternalId\": \"other-id\"}"#.to_owned(), "other-id"),
        ("1 validation error detected: Value '{\"Resources\":{\"a\":1}}' at 'templateBody' failed to satisfy constraint".to_owned(), "Resources"),
        ("1 validation error detected: Value '{\"Resources\":{\"a\":1".to_owned(), "Resources"),
    ] {
        let stripped = hidden.strip(&text);
        assert!(!stripped.contains(secret) && stripped.contains("(hidden)"), "{stripped}");
    }
    for kept in [
        "User: arn:aws:sts::111111111111:assumed-role/lakewright-deploy/lakewright is not authorized to perform: sts:AssumeRole",
        "arn:aws:cloudformation:eu-west-1:111111111111:changeSet/lw-0123456789abcdef/1e7d8f3a-0000-4000-8000-000000000000",
        "the externalId is missing",
        "a digest e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "AKIA is not a key",
    ] {
        assert_eq!(hidden.strip(kept), kept);
    }
}
