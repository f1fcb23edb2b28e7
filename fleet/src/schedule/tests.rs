use proptest::prelude::*;

use super::*;

fn place(number: usize) -> Place {
    Place::parse(&format!("{:012}", 100_000_000_000_u64 + number as u64), "eu-west-1")
        .expect("a place")
}

fn step(at: usize, name: &str, kind: StackKind, action: Action, after: &[&StackAddress]) -> Step {
    Step {
        address: StackAddress::new(place(at), name),
        kind: Some(kind),
        action,
        after: after.iter().map(|address| (*address).clone()).collect(),
    }
}

fn update(at: usize, name: &str, after: &[&StackAddress]) -> Step {
    step(at, name, StackKind::Dataset, Action::Update, after)
}

fn wide() -> Limits {
    Limits { per_place: 100, total: 100 }
}

/// All that starts now.
fn started(schedule: &mut Schedule) -> Vec<usize> {
    std::iter::from_fn(|| match schedule.next_step() {
        Some(Next::Start(index)) => Some(index),
        _ => None,
    })
    .collect()
}

#[test]
fn a_step_starts_when_its_own_dependencies_are_done() {
    let a = update(1, "a", &[]);
    let b = update(1, "b", &[]);
    let c = update(2, "c", &[&a.address]);
    let plan = Plan { steps: vec![a, b, c] };
    let mut schedule = Schedule::new(&plan, wide());
    assert_eq!(started(&mut schedule), [0, 1]);
    schedule.done(0, true);
    assert_eq!(started(&mut schedule), [2], "`b` is still under way, and `c` does not need it");
}

#[test]
fn what_needs_a_failed_step_is_skipped_with_the_step_before_it() {
    let a = update(1, "a", &[]);
    let b = update(1, "b", &[&a.address]);
    let c = update(1, "c", &[&b.address]);
    let d = update(1, "d", &[]);
    let (first, second) = (a.address.clone(), b.address.clone());
    let plan = Plan { steps: vec![a, b, c, d] };
    let mut schedule = Schedule::new(&plan, wide());
    assert_eq!(started(&mut schedule), [0, 3]);
    schedule.done(0, false);
    let mut skipped = [schedule.next_step(), schedule.next_step()];
    skipped.sort_by_key(|next| matches!(next, Some(Next::Skip(2, _))));
    assert_eq!(skipped[0], Some(Next::Skip(1, Because::Stack(first))));
    assert_eq!(skipped[1], Some(Next::Skip(2, Because::Stack(second))));
    assert_eq!(schedule.next_step(), None);
}

#[test]
fn a_bootstrap_comes_first_and_a_postponed_one_last() {
    let bootstrap = step(1, "p-bootstrap-b", StackKind::Bootstrap, Action::Update, &[]);
    let dataset = update(1, "d", &[&bootstrap.address]);
    let elsewhere = update(2, "e", &[]);
    let mut plan = Plan { steps: vec![bootstrap.clone(), dataset, elsewhere] };
    let mut schedule = Schedule::new(&plan, wide());
    assert_eq!(started(&mut schedule), [0, 2]);
    schedule.done(0, true);
    assert_eq!(started(&mut schedule), [1]);

    plan.postpone(&bootstrap.address);
    let mut schedule = Schedule::new(&plan, wide());
    assert_eq!(started(&mut schedule), [0, 1]);
    // It waits for the end of the others, not for their success.
    schedule.done(0, false);
    assert_eq!(started(&mut schedule), [2]);
}

#[test]
fn deletions_come_last_and_by_kind() {
    let delete = |name: &str, kind: StackKind| step(1, name, kind, Action::Delete, &[]);
    let plan = Plan {
        steps: vec![
            update(1, "a", &[]),
            delete("x", StackKind::Pipeline),
            delete("y", StackKind::Pipeline),
            delete("z", StackKind::Notebook),
        ],
    };
    let mut schedule = Schedule::new(&plan, wide());
    assert_eq!(started(&mut schedule), [0]);
    schedule.done(0, false);
    assert_eq!(started(&mut schedule), [1, 2]);
    schedule.done(1, true);
    assert_eq!(started(&mut schedule), Vec::<usize>::new());
    schedule.done(2, true);
    assert_eq!(started(&mut schedule), [3]);
}

#[test]
fn a_wave_waits_for_its_gate() {
    let a = update(1, "a", &[]);
    let b = update(2, "b", &[]);
    let c = update(3, "c", &[&b.address]);
    let plan = Plan { steps: vec![a, b, c] };
    let waves = Waves::of(&plan, &BTreeSet::from([place(3)]));
    let mut schedule = Schedule::in_waves(&plan, wide(), &waves);
    assert_eq!(started(&mut schedule), [1], "`c` needs `b`, so `b` is in the wave of `c`");
    schedule.done(1, true);
    assert_eq!(started(&mut schedule), [2]);
    assert_eq!(schedule.next_step(), None);
    schedule.done(2, true);
    assert_eq!(schedule.next_step(), Some(Next::Gate));
    assert_eq!(schedule.next_step(), Some(Next::Gate));
    schedule.open();
    assert_eq!(started(&mut schedule), [0]);
}

#[test]
fn a_deletion_waits_for_the_gate_also_if_nothing_else_follows() {
    let a = update(1, "a", &[]);
    let gone = step(2, "gone", StackKind::Dataset, Action::Delete, &[]);
    let plan = Plan { steps: vec![a, gone] };
    let waves = Waves::of(&plan, &BTreeSet::from([place(1)]));
    let mut schedule = Schedule::in_waves(&plan, wide(), &waves);
    assert_eq!(started(&mut schedule), [0]);
    schedule.done(0, true);
    assert_eq!(schedule.next_step(), Some(Next::Gate));
    schedule.open();
    assert_eq!(started(&mut schedule), [1]);
}

#[test]
fn after_a_stop_nothing_starts_and_everything_is_told() {
    let a = update(1, "a", &[]);
    let b = update(1, "b", &[&a.address]);
    let c = update(2, "c", &[]);
    let plan = Plan { steps: vec![a, b, c] };
    let mut schedule = Schedule::new(&plan, Limits { per_place: 1, total: 1 });
    assert_eq!(started(&mut schedule), [0]);
    schedule.stop("it is morning");
    let why = Because::Stopped("it is morning".to_owned());
    assert_eq!(schedule.next_step(), Some(Next::Skip(2, why.clone())));
    assert_eq!(schedule.next_step(), None);
    schedule.done(0, true);
    assert_eq!(schedule.next_step(), Some(Next::Skip(1, why)));
    assert_eq!(schedule.next_step(), None);
}

/// One step of a random plan: its place, kind, action, dependencies among the steps before it, and whether it succeeds.
type Sketch = (usize, u8, Vec<prop::sample::Index>, bool);

fn drawn(sketches: &[Sketch]) -> Plan {
    let mut steps: Vec<Step> = Vec::new();
    for (number, (at, kind, after, _)) in sketches.iter().enumerate() {
        let (kind, action) = match kind {
            0 => (StackKind::Bootstrap, Action::Update),
            1 => (StackKind::Notebook, Action::Keep),
            _ => (StackKind::Dataset, Action::Create),
        };
        let before: Vec<StackAddress> = match steps.len() {
            0 => Vec::new(),
            count => after.iter().map(|index| steps[index.index(count)].address.clone()).collect(),
        };
        let before: Vec<&StackAddress> = before.iter().collect();
        steps.push(step(*at, &format!("s{number}"), kind, action, &before));
    }
    // Bootstraps come first, as `plan` orders them; they depend on nothing.
    for step in steps.iter_mut().filter(|step| step.kind == Some(StackKind::Bootstrap)) {
        step.after.clear();
    }
    steps.sort_by_key(|step| step.kind != Some(StackKind::Bootstrap));
    Plan { steps }
}

proptest! {
    /// Whatever the plan and the order in which steps end: each change starts once or is skipped once, no step starts
    /// before what it needs, no step of the second wave before the gate, and the limits hold.
    #[test]
    fn each_change_is_started_or_skipped_once(
        sketches in prop::collection::vec(
            (0_usize..4, 0_u8..5, prop::collection::vec(any::<prop::sample::Index>(), 0..3), any::<bool>()),
            0..40,
        ),
        per_place in 1_usize..4,
        total in 1_usize..6,
        picks in prop::collection::vec(any::<prop::sample::Index>(), 200),
        canaries in prop::collection::btree_set(0_usize..4, 0..4),
        stops_at in prop::option::of(0_usize..40),
    ) {
        let plan = drawn(&sketches);
        let succeeds: BTreeMap<String, bool> = sketches
            .iter()
            .enumerate()
            .map(|(number, (_, _, _, good))| (format!("s{number}"), *good))
            .collect();
        let limits = Limits { per_place, total };
        let canaries: BTreeSet<Place> = canaries.into_iter().map(place).collect();
        let waves = Waves::of(&plan, &canaries);
        let mut schedule = Schedule::in_waves(&plan, limits, &waves);
        let mut wave = 0;
        let (mut under_way, mut ended, mut skipped) = (Vec::new(), BTreeMap::new(), BTreeSet::new());
        let mut picks = picks.into_iter().cycle();
        loop {
            match schedule.next_step() {
                Some(Next::Start(index)) => {
                    let step = &plan.steps[index];
                    prop_assert!(step.is_change());
                    let is_canary = canaries.contains(&step.address.place);
                    prop_assert!(!is_canary || waves.of_stack(&step.address) == 0);
                    let is_one_wave = waves.first().is_empty() || waves.later() == 0;
                    prop_assert!(is_one_wave || waves.of_stack(&step.address) == wave);
                    prop_assert!(!under_way.contains(&index) && !ended.contains_key(&index));
                    for needed in &step.after {
                        let other = plan.steps.iter().position(|step| step.address == *needed);
                        let other = other.expect("it is in the plan");
                        let is_kept = !plan.steps[other].is_change();
                        prop_assert!(is_kept || ended.get(&other) == Some(&true));
                    }
                    under_way.push(index);
                    prop_assert!(under_way.len() <= total);
                    let beside = under_way.iter().filter(|one| {
                        plan.steps[**one].address.place == step.address.place
                    });
                    prop_assert!(beside.count() <= per_place);
                    if stops_at == Some(ended.len()) {
                        schedule.stop("enough");
                    }
                }
                Some(Next::Skip(index, _)) => prop_assert!(skipped.insert(index)),
                Some(Next::Gate) => {
                    prop_assert!(under_way.is_empty());
                    schedule.open();
                    wave = 1;
                }
                None if under_way.is_empty() => break,
                None => {
                    let pick = picks.next().expect("picks go on").index(under_way.len());
                    let index = under_way.swap_remove(pick);
                    let is_good = succeeds[&plan.steps[index].address.name];
                    ended.insert(index, is_good);
                    schedule.done(index, is_good);
                }
            }
        }
        let changes: BTreeSet<usize> =
            (0..plan.steps.len()).filter(|index| plan.steps[*index].is_change()).collect();
        let told: BTreeSet<usize> = ended.keys().copied().chain(skipped.iter().copied()).collect();
        prop_assert_eq!(told, changes);
        prop_assert!(ended.keys().all(|index| !skipped.contains(index)));
    }
}
