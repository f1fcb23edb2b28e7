//! The rules of a run, checked from what the world wrote down. Those about one operation at a time and about data are
//! checked by the world itself.

use std::collections::{BTreeMap, BTreeSet};

use lakewright_deployer::driver::Summary;
use lakewright_fleet::journal::Entry;
use lakewright_fleet::machine::Outcome;
use lakewright_fleet::plan::Plan;
use lakewright_template::StackAddress;
use lakewright_template::assembly::StackEntry;

use crate::world::{Final, Log, Violation, World};

/// The names of all rules, and what each says.
pub const RULES: [(&str, &str); 12] = [
    (
        "one-operation-at-once",
        "no run asks for an operation on a stack during another operation of a run",
    ),
    ("one-run-at-once", "while one run has operations under way, no other run starts one"),
    ("data-is-kept", "no resource that holds data is deleted or replaced"),
    ("record-first", "each request that has an effect is in the journal, and has one effect"),
    (
        "dependencies-first",
        "a stack is changed only when the stacks that it depends on are complete as wanted",
    ),
    ("foreign-untouched", "no request has an effect on a stack of another mesh"),
    ("none-forgotten", "each step of the plan has an outcome or is skipped with a reason"),
    ("outcome-is-true", "a stack that is reported as done is complete as wanted"),
    ("run-ends", "each run ends within two days"),
    ("overtaken-by-nobody", "no run is overtaken where nobody else changes stacks"),
    ("same-end", "an interrupted run that was resumed ends as an undisturbed one"),
    (
        "nothing-twice",
        "an interrupted run that was resumed changes no stack more often than an undisturbed one",
    ),
];

fn broken(rule: &'static str, text: String) -> Violation {
    Violation { rule, text }
}

/// Each step of the plan has an outcome or is skipped.
pub fn none_forgotten(plan: &Plan, summary: &Summary) -> Vec<Violation> {
    let changes = plan.steps.iter().filter(|step| step.is_change()).map(|step| &step.address);
    let forgotten = changes.filter(|address| {
        summary.outcomes.contains_key(*address) == summary.skipped.contains_key(*address)
    });
    forgotten
        .map(|address| broken("none-forgotten", format!("{address} has no end, or two")))
        .collect()
}

/// No run is overtaken where nobody else changes stacks.
pub fn overtaken_by_nobody(summary: &Summary) -> Vec<Violation> {
    let overtaken = summary.outcomes.iter();
    let overtaken = overtaken.filter(|(_, outcome)| matches!(outcome, Outcome::Overtaken(_)));
    overtaken
        .map(|(address, outcome)| broken("overtaken-by-nobody", format!("{address}: {outcome:?}")))
        .collect()
}

/// Each effect has a record in the journal, and only one effect has it.
pub fn record_first(log: &Log, journal: &[Entry]) -> Vec<Violation> {
    let mut recorded: BTreeMap<&str, usize> = BTreeMap::new();
    for entry in journal {
        if let Entry::Intends(intent) = entry {
            recorded.insert(&intent.token, 0);
        }
    }
    let mut violations = Vec::new();
    for effect in &log.effects {
        match recorded.get_mut(effect.token.as_str()) {
            Some(0) => drop(recorded.insert(&effect.token, 1)),
            Some(_) => violations.push(broken("record-first", format!("two effects: {effect:?}"))),
            None => violations.push(broken("record-first", format!("no record: {effect:?}"))),
        }
    }
    violations
}

/// No request has an effect on a stack of another mesh.
pub fn foreign_untouched(log: &Log, mesh: &str) -> Vec<Violation> {
    let foreign = log.effects.iter().filter(|one| one.mesh.as_ref().is_some_and(|of| of != mesh));
    foreign.map(|effect| broken("foreign-untouched", format!("{effect:?}"))).collect()
}

/// A stack is changed only when what it depends on is complete as wanted. `done` has the stacks that were so at the
/// start.
pub fn dependencies_first(
    log: &Log,
    wanted: &BTreeMap<StackAddress, StackEntry>,
    done: &BTreeSet<StackAddress>,
) -> Vec<Violation> {
    let mut since: BTreeMap<&StackAddress, u64> = done.iter().map(|address| (address, 0)).collect();
    for ended in &log.ended {
        let revision = wanted.get(&ended.address).map(|entry| &entry.revision);
        let is_wanted = ended.revision.as_ref() == revision && revision.is_some();
        if is_wanted && matches!(ended.status.as_str(), "CREATE_COMPLETE" | "UPDATE_COMPLETE") {
            since.entry(&ended.address).or_insert(ended.until);
        }
    }
    let mut violations = Vec::new();
    for effect in log.effects.iter().filter(|effect| effect.is_operation) {
        let Some(entry) = wanted.get(&effect.address) else { continue };
        for other in entry.depends_on.iter().filter(|other| wanted.contains_key(*other)) {
            if since.get(other).is_none_or(|since| *since > effect.at) {
                let text =
                    format!("{} was changed at {} before {other}", effect.address, effect.at);
                violations.push(broken("dependencies-first", text));
            }
        }
    }
    violations
}

/// The operations of two runs do not overlap. `runs` has the journal of each.
pub fn one_run_at_once(log: &Log, runs: &[&[Entry]]) -> Vec<Violation> {
    let mut run_of: BTreeMap<&str, usize> = BTreeMap::new();
    for (number, journal) in runs.iter().enumerate() {
        for entry in *journal {
            if let Entry::Intends(intent) = entry {
                run_of.insert(&intent.token, number);
            }
        }
    }
    let mut last = 0;
    let mut violations = Vec::new();
    for effect in &log.effects {
        let Some(run) = run_of.get(effect.token.as_str()) else { continue };
        if *run < last {
            let text = format!("run {run} goes on during run {last}: {effect:?}");
            violations.push(broken("one-run-at-once", text));
        }
        last = last.max(*run);
    }
    violations
}

/// A stack that is reported as done is complete as wanted. Is called when the outcome is reported.
pub fn outcome_is_true(
    world: &mut World,
    entry: Option<&StackEntry>,
    address: &StackAddress,
    outcome: &Outcome,
) {
    let truth = world.truth(address);
    // Somebody else may already change the stack again.
    let is_free = !world.is_busy_for_us(address);
    let is_true = match outcome {
        Outcome::Deleted => truth.is_none(),
        Outcome::Created | Outcome::Updated => truth.as_ref().is_some_and(|(status, revision)| {
            let is_whole = matches!(status.as_str(), "CREATE_COMPLETE" | "UPDATE_COMPLETE");
            (is_whole || is_free && status.ends_with("_IN_PROGRESS"))
                && entry.is_none_or(|entry| revision.as_ref() == Some(&entry.revision))
        }),
        Outcome::RolledBack => {
            truth.as_ref().is_none_or(|(status, _)| !status.ends_with("_IN_PROGRESS"))
        }
        _ => true,
    };
    if !is_true {
        world.breaks(
            "outcome-is-true",
            format!("{address} is {truth:?}, and was reported as {outcome:?}"),
        );
    }
}

/// An interrupted run that was resumed ends as an undisturbed one.
pub fn same_end(
    undisturbed: &BTreeMap<StackAddress, Final>,
    resumed: &BTreeMap<StackAddress, Final>,
) -> Vec<Violation> {
    let all: BTreeSet<&StackAddress> = undisturbed.keys().chain(resumed.keys()).collect();
    let other =
        all.into_iter().filter(|address| undisturbed.get(*address) != resumed.get(*address));
    other
        .map(|address| {
            let (one, two) = (undisturbed.get(address), resumed.get(address));
            broken("same-end", format!("{address}: {one:?} undisturbed, {two:?} resumed"))
        })
        .collect()
}

/// No stack was changed more often than in an undisturbed run. A change that failed may be tried once more by the second
/// run.
pub fn nothing_twice(undisturbed: &World, resumed: &World) -> Vec<Violation> {
    let before = undisturbed.changes();
    let mut violations = Vec::new();
    for (address, count) in resumed.changes() {
        let failed = resumed.log.ended.iter().filter(|ended| {
            ended.address == address
                && !matches!(
                    ended.status.as_str(),
                    "CREATE_COMPLETE" | "UPDATE_COMPLETE" | "DELETE_COMPLETE"
                )
        });
        let failed = failed.count();
        let most = before.get(&address).copied().unwrap_or_default();
        // A creation that failed is deleted before it is tried again.
        if count > most && count > most + 2 * failed {
            violations.push(broken(
                "nothing-twice",
                format!("{address}: {count} changes instead of {most}"),
            ));
        }
    }
    violations
}
