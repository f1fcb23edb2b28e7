use lakewright_template::StackKind;

use super::*;

fn place(number: u64) -> Place {
    Place::parse(&format!("{number:012}"), "eu-west-1").expect("a place")
}

/// Facts: "AWS Batch job environment variables" and "Indexed Job for Parallel Processing with Static Work Assignment".
#[test]
fn the_shard_comes_from_the_option_or_the_environment() {
    let found = |option: Option<&str>, set: &[(&str, &str)]| {
        let get = |name: &str| {
            set.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        };
        let shard = Shard::of_run(option, get);
        shard.map(|shard| shard.map(|shard| shard.to_string())).map_err(|error| error.to_string())
    };
    let is = |text: &str| Ok(Some(text.to_owned()));
    let batch = [("AWS_BATCH_JOB_ARRAY_INDEX", "0"), ("AWS_BATCH_JOB_ARRAY_SIZE", "10")];
    let pod = [("JOB_COMPLETION_INDEX", "7")];
    assert_eq!(found(None, &[]), Ok(None));
    // A job of Batch that is no array has a size at most.
    assert_eq!(found(None, &batch[1..]), Ok(None));
    assert_eq!(found(Some("3/8"), &[]), is("3/8"));
    assert_eq!(found(Some("3/8"), &batch), is("3/8"));
    assert_eq!(found(None, &batch), is("1/10"));
    assert_eq!(found(Some("/10"), &batch), is("1/10"));
    assert_eq!(found(Some("/8"), &pod), is("8/8"));
    for (option, set) in [
        (Some("0/8"), &[][..]),
        (Some("9/8"), &[]),
        (Some("/8"), &[]),
        (Some("/0"), &pod),
        (Some("+1/8"), &[]),
        (Some("1/2/3"), &[]),
        (Some("half"), &[]),
        (Some("/7"), &pod),
        (Some("/9"), &batch),
        (None, &pod),
        (None, &batch[..1]),
        (None, &[("AWS_BATCH_JOB_ARRAY_INDEX", "x"), ("AWS_BATCH_JOB_ARRAY_SIZE", "2")]),
    ] {
        let error = found(option, set).expect_err("no shard");
        assert!(error.contains("expected"), "{error}");
    }
}

#[test]
fn each_place_is_in_one_shard_and_stays_there() {
    let mut counts = [0; 7];
    for number in 0..2_000 {
        let holders: Vec<u32> =
            (1..=7).filter(|index| Shard { index: *index, of: 7 }.holds(&place(number))).collect();
        let [one] = holders[..] else { unreachable!("{number}: {holders:?}") };
        counts[usize::try_from(one - 1).expect("small")] += 1;
    }
    assert!(counts.iter().all(|count| (200..=400).contains(count)), "{counts:?}");
    // The shard of a place by SHA-256 of `111111111111/eu-west-1`, reckoned outside: `sha256sum`, then modulo 8.
    let place = Place::parse("111111111111", "eu-west-1").expect("a place");
    assert!(Shard { index: SHARD_OF_ONES, of: 8 }.holds(&place));
}

const SHARD_OF_ONES: u32 = 6;

/// A plan over two places, of which the first is in shard 1 of 2 and the second in shard 2.
struct Two {
    places: [Place; 2],
}

impl Two {
    fn new() -> Self {
        let of =
            |shard: Shard| (0..1_000).map(place).find(|place| shard.holds(place)).expect("a place");
        Self { places: [1, 2].map(|index| of(Shard { index, of: 2 })) }
    }

    fn at(&self, side: usize, name: &str) -> StackAddress {
        StackAddress::new(self.places[side].clone(), name)
    }

    fn step(&self, side: usize, name: &str, action: Action, after: &[StackAddress]) -> Step {
        let kind = Some(StackKind::parse("team").expect("a kind"));
        Step { address: self.at(side, name), kind, action, after: after.to_vec() }
    }
}

fn names(plan: &Plan) -> Vec<&str> {
    plan.steps.iter().map(|step| step.address.name.as_str()).collect()
}

#[test]
fn a_step_waits_for_a_change_of_another_shard_and_for_nothing_else() {
    let two = Two::new();
    let plan = |data: Action| Plan {
        steps: vec![
            two.step(0, "data", data, &[]),
            two.step(1, "alone", Action::Create, &[]),
            two.step(1, "share", Action::Create, &[two.at(0, "data")]),
            two.step(1, "after", Action::Update, &[two.at(1, "share")]),
            two.step(1, "kept", Action::Keep, &[]),
            two.step(1, "gone", Action::Delete, &[]),
        ],
    };
    let none = BTreeSet::new();
    let second = Shard { index: 2, of: 2 };
    let before = Part::of(&plan(Action::Update), second, &none);
    assert_eq!(names(&before.ready), ["alone", "kept"]);
    let data = two.at(0, "data");
    let waiting = ["share", "after", "gone"].map(|name| (two.at(1, name), data.clone()));
    assert_eq!(before.waiting, BTreeMap::from(waiting));
    assert_eq!(before.places(), BTreeSet::from([two.places[0].clone()]));
    let after = Part::of(&plan(Action::Keep), second, &none);
    assert_eq!(names(&after.ready), ["alone", "share", "after", "kept", "gone"]);
    assert!(after.waiting.is_empty());
    // What failed is not tried again, and neither is what depends on it.
    let failed = BTreeSet::from([two.at(1, "share")]);
    let part = Part::of(&plan(Action::Keep), second, &failed);
    assert_eq!(names(&part.ready), ["alone", "kept", "gone"]);
    let first = Part::of(&plan(Action::Update), Shard { index: 1, of: 2 }, &none);
    assert_eq!(names(&first.ready), ["data"]);
}

/// A chain that changes sides at each step: each round does one step, and the shards never wait for each other.
#[test]
fn shards_in_turn_do_the_whole_plan() {
    let two = Two::new();
    let chain = |count: usize| (0..count).map(|number| two.at(number % 2, &format!("s{number}")));
    let mut plan = Plan::default();
    for (number, address) in chain(9).enumerate() {
        let after: Vec<StackAddress> =
            chain(9).take(number).skip(number.saturating_sub(1)).collect();
        plan.steps.push(two.step(number % 2, &address.name, Action::Create, &after));
    }
    let mut rounds = 0;
    while !plan.is_done() {
        rounds += 1;
        assert!(rounds <= 9);
        for index in [1, 2] {
            let part = Part::of(&plan, Shard { index, of: 2 }, &BTreeSet::new());
            let is_change = |step: &&Step| step.is_change();
            for step in part.ready.steps.iter().filter(is_change) {
                plan.keep(&step.address);
            }
        }
    }
    assert_eq!(rounds, 5);
}
