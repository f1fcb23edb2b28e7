//! `docs/fleet-states.md` has every status that CloudFormation's API knows, and says of each what the code does.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_cloudformation::types::{ChangeSetStatus, ExecutionStatus, HookStatus, StackStatus};
use lakewright_fleet::machine::{Command, Goal, Input, Machine, Outcome};
use lakewright_fleet::status::{ChangeSetStanding, HookStanding, change_set, hook};

const PAGE: &str = include_str!("../../../docs/fleet-states.md");

/// The rows of the table below a heading, without its head.
fn rows(heading: &str) -> Vec<Vec<String>> {
    let (_, part) = PAGE.split_once(heading).expect("the heading");
    let part = part.split("\n## ").next().expect("a part");
    let lines = part.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"));
    let cells = |line: &str| line.split(" | ").map(|cell| cell.replace('`', "")).collect();
    lines.skip(2).map(cells).collect()
}

/// A command in the words of the page.
fn word(command: &Command) -> String {
    let word = match command {
        Command::Wait => "wait",
        Command::CreateChangeSet { creates: true } => "create",
        Command::CreateChangeSet { creates: false } => "update",
        Command::LookAtResources => "look at resources",
        Command::DeleteStack => "delete",
        Command::Finish(Outcome::Created) => "end: created",
        Command::Finish(Outcome::Updated) => "end: updated",
        Command::Finish(Outcome::Unchanged) => "end: unchanged",
        Command::Finish(Outcome::Deleted) => "end: deleted",
        Command::Finish(Outcome::RolledBack) => "end: rolled back",
        Command::Finish(Outcome::Refused(_)) => "end: refused",
        Command::Finish(Outcome::Overtaken(_)) => "end: overtaken",
        Command::Finish(Outcome::NeedsAttention(_)) => "end: needs attention",
        other => return format!("{other:?}"),
    };
    word.to_owned()
}

fn status(status: &str) -> Input {
    Input::Status(Some(status.to_owned()))
}

/// The next step in each column of the page.
fn steps(seen: &Input) -> Vec<String> {
    let after = |goal: Goal, before: &[Input]| {
        let (mut machine, _) = Machine::start(goal);
        machine.skips(Vec::new());
        for input in before {
            machine.next(input.clone());
        }
        word(&machine.next(seen.clone()))
    };
    let look = |goal: Goal| word(&Machine::start(goal).0.next(seen.clone()));
    let runs = [Input::ChangeSetReady, Input::Confirmed(true), Input::Done];
    let creates = [&[Input::Status(None)][..], &runs].concat();
    let updates = [&[status("UPDATE_COMPLETE")][..], &runs].concat();
    let goes_back = [status("UPDATE_ROLLBACK_FAILED"), Input::Done];
    let clears = [status("ROLLBACK_COMPLETE"), Input::Holds(false), Input::Done];
    let deletes = [status("CREATE_COMPLETE"), Input::Done];
    vec![
        look(Goal::Deployed),
        after(Goal::Deployed, &creates),
        after(Goal::Deployed, &updates),
        after(Goal::Deployed, &goes_back),
        after(Goal::Deployed, &clears),
        look(Goal::Gone),
        after(Goal::Gone, &deletes),
    ]
}

#[test]
fn the_page_has_every_status_of_a_stack_and_its_next_step() {
    let rows = rows("## Stacks");
    let mut listed = BTreeSet::new();
    for row in &rows {
        let (name, cells) = row.split_first().expect("a row");
        let seen = match name.as_str() {
            "no stack" => Input::Status(None),
            "any other" => status("SOMETHING_NEW"),
            known => {
                listed.insert(known);
                status(known)
            }
        };
        assert_eq!(steps(&seen), cells, "{name}");
    }
    assert_eq!(rows.len(), listed.len() + 2);
    assert_eq!(listed, StackStatus::values().iter().copied().collect());
}

#[test]
fn the_page_has_every_status_of_a_change_set() {
    let mut listed: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for row in rows("## Change sets") {
        let [name, execution, step] = row.as_slice() else { unreachable!("{row:?}") };
        let all = || ExecutionStatus::values().iter().copied();
        let executions: BTreeSet<&str> =
            if execution == "any" { all().collect() } else { [execution.as_str()].into() };
        for execution in executions {
            let expected = match change_set(name, execution) {
                ChangeSetStanding::Pending => "wait",
                ChangeSetStanding::Ready => "confirm",
                ChangeSetStanding::Failed => "delete the change set",
                ChangeSetStanding::Lost(_) => "end: overtaken",
            };
            assert_eq!(step, expected, "{name} {execution}");
            listed.entry(name.clone()).or_default().insert(execution.to_owned());
        }
    }
    let all: BTreeSet<String> =
        ExecutionStatus::values().iter().map(|one| (*one).to_owned()).collect();
    let names: BTreeSet<&str> = listed.keys().map(String::as_str).collect();
    assert_eq!(names, ChangeSetStatus::values().iter().copied().collect());
    assert!(listed.values().all(|executions| *executions == all), "{listed:?}");
    // A status that nobody knows is not waited for.
    for (status, execution) in
        [("SOMETHING_NEW", "AVAILABLE"), ("CREATE_COMPLETE", "NEW"), ("", "")]
    {
        assert!(matches!(change_set(status, execution), ChangeSetStanding::Lost(_)), "{status}");
    }
}

#[test]
fn the_page_has_every_status_of_a_hook() {
    let rows = rows("## Hooks");
    let listed: BTreeSet<&str> = rows.iter().map(|row| row[0].as_str()).collect();
    assert_eq!(listed, HookStatus::values().iter().copied().collect());
    let of = |wanted: HookStanding| listed.iter().filter(|name| hook(name) == wanted).count();
    assert_eq!([HookStanding::Busy, HookStanding::Passed, HookStanding::Failed].map(of), [1, 1, 2]);
    assert_eq!(hook("SOMETHING_NEW"), HookStanding::Failed);
}
