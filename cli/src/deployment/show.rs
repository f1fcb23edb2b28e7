//! Shows plans and progress, for people and programs.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use lakewright_analysis::words::count;
use lakewright_deployer::driver::Summary;
use lakewright_deployer::leftovers::stays;
use lakewright_fleet::event::{Change, Event, Rejection};
use lakewright_fleet::machine::Outcome;
use lakewright_fleet::plan::{Action, Plan, Step};
use lakewright_fleet::schedule::Waves;
use lakewright_template::StackAddress;
use lakewright_template::read::{self, ReadError};
use serde_json::{Value, json};

use super::ends::{why_skipped, word, wrong};
use super::live::Live;
use super::stop::Progress;
use super::verb;
use super::view::View;
use crate::progress::duration;
use crate::ui::Ui;

/// The manifest lines to show with failures: of each part of a stack, and of the whole stack with the key `*`.
pub(super) type Lines = BTreeMap<StackAddress, BTreeMap<String, Vec<String>>>;

/// The logical ids of resources that a run creates or replaces, by the address of their stack.
pub(super) type Made = BTreeMap<StackAddress, BTreeSet<String>>;

/// What is said of a stack that failed or was skipped, when a person asks for it.
const AGAIN: &str = "is tried once more";

/// Shows a plan in waves, with notes. A plan that was asked for is data; a plan before a confirmation is not. `review` is the
/// document of the plan's review; null if it has none.
pub(super) fn plan(
    (plan, waves): (&Plan, &Waves),
    notes: &[String],
    review: &Value,
    is_data: bool,
    ui: &mut Ui,
) {
    let wave = |step: &Step| {
        let has_one = waves.has_canaries() && step.is_change();
        has_one.then(|| waves.of_stack(&step.address) + 1)
    };
    if ui.is_json() {
        let steps: Vec<Value> = plan
            .steps
            .iter()
            .map(|step| {
                json!({
                    "stack": step.address,
                    "kind": step.kind,
                    "action": step.action.as_str(),
                    "wave": wave(step),
                })
            })
            .collect();
        let plan = json!({
            "version": 1,
            "event": "plan",
            "steps": steps,
            "notes": notes,
            "review": review,
        });
        ui.line_document(plan);
        return;
    }
    let of = |action| plan.count(action);
    let steps = plan.steps.iter().filter(|step| step.action != Action::Keep);
    let mut said: Vec<String> = steps
        .map(|step| {
            let wave = wave(step).map(|wave| format!(" (wave {wave})")).unwrap_or_default();
            format!("  {:<15} {}{wave}", verb(step.action), step.address)
        })
        .collect();
    said.push(format!(
        "{} to create, {} to update, {} to delete, {} unchanged",
        of(Action::Create),
        of(Action::Update),
        of(Action::Delete),
        of(Action::Keep)
    ));
    match of(Action::Orphan) {
        0 => {}
        1 => said.push(
            "1 stack is no longer in the mesh and stays deployed; to delete it: `lakewright destroy MESH --stack ADDRESS`"
                .to_owned(),
        ),
        several => said.push(format!(
            "{several} stacks are no longer in the mesh and stay deployed; to delete one of them: `lakewright destroy MESH --stack ADDRESS`"
        )),
    }
    for text in said.iter().chain(notes) {
        if is_data {
            ui.prose(&format!("{text}\n"));
        } else {
            ui.note(text);
        }
    }
}

/// The logical ids of resources with data that a change set replaces or removes, and of resources that it imports
/// although somebody else created them.
pub(super) fn at_risk(changes: &[Change]) -> Vec<&str> {
    let is_at_risk = |change: &&Change| {
        let is_certain = change.replacement.as_deref() != Some("Conditional");
        change.action == "Import" || (is_certain && change.touches_data())
    };
    changes.iter().filter(is_at_risk).map(|change| change.logical_id.as_str()).collect()
}

/// Whether a change creates or may replace a resource.
fn is_made(change: &Change) -> bool {
    change.action == "Add"
        || (change.action == "Modify" && change.replacement.as_deref() != Some("False"))
}

/// Shows the events of a run.
pub(super) struct Shower<'u> {
    ui: &'u mut Ui,
    lines: &'u Lines,
    progress: &'u Progress,
    actions: BTreeMap<StackAddress, Action>,
    made: Made,
    all: usize,
    done: usize,
    live: Live,
    /// The time at which work on each stack under way began.
    started: BTreeMap<StackAddress, Instant>,
    /// The view that shows the events instead of lines.
    view: Option<&'u View>,
    /// The events that are printed when the view is closed, each with the time that its stack took.
    later: Vec<(Event, Option<Duration>)>,
}

impl<'u> Shower<'u> {
    pub(super) fn new(
        plan: &Plan,
        lines: &'u Lines,
        progress: &'u Progress,
        ui: &'u mut Ui,
    ) -> Self {
        let actions: BTreeMap<StackAddress, Action> = plan
            .steps
            .iter()
            .filter(|step| step.is_change())
            .map(|step| (step.address.clone(), step.action))
            .collect();
        Self {
            live: Live::new(actions.len(), ui),
            ui,
            lines,
            progress,
            all: actions.len(),
            actions,
            made: Made::new(),
            done: 0,
            started: BTreeMap::new(),
            view: None,
            later: Vec::new(),
        }
    }

    /// Shows the events in a view. What failed is printed at the end, when the view is closed.
    pub(super) fn in_view(mut self, view: Option<&'u View>) -> Self {
        self.view = view;
        self
    }

    /// The number of stacks to change.
    pub(super) fn all(&self) -> usize {
        self.all
    }

    /// The manifest lines as text to append to a failure.
    fn asked(&self, address: &StackAddress, part: &str) -> String {
        asked(self.lines, address, part)
    }

    /// The resources that this run created or replaced.
    pub(super) fn into_made(self) -> Made {
        self.made
    }

    /// Records the state that Ctrl-C, the durations and the final notes need.
    fn watch(&mut self, event: &Event) {
        match event {
            Event::Started { address } => {
                self.progress.start(address);
                self.live.starts();
                self.started.insert(address.clone(), Instant::now());
            }
            Event::Finished { address, outcome } => {
                self.progress.end(address);
                self.live.ends(self.started.contains_key(address), wrong(outcome).is_none());
            }
            Event::Skipped { .. } => self.live.ends(false, false),
            Event::Changes { address, changes } => {
                let made = changes.iter().filter(|change| is_made(change));
                let made = made.map(|change| change.logical_id.clone());
                self.made.entry(address.clone()).or_default().extend(made);
            }
            Event::Again { .. } => self.live.again(),
            Event::Resource { .. }
            | Event::Rejected { .. }
            | Event::Uploaded { .. }
            | Event::Wave { .. }
            | Event::Note { .. } => {}
        }
    }

    pub(super) fn event(&mut self, event: &Event) {
        self.progress.hold();
        self.watch(event);
        let took = match event {
            Event::Finished { address, .. } => self.started.remove(address),
            _ => None,
        };
        let took = took.map(|started| started.elapsed());
        if let Some(view) = self.view {
            view.event(event);
            if is_kept(event) {
                self.later.push((event.clone(), took));
            }
            return;
        }
        self.print(event, took);
    }

    fn print(&mut self, event: &Event, took: Option<Duration>) {
        if self.ui.is_json() {
            self.ui.line_document(line(event, self.lines, took));
            return;
        }
        match event {
            Event::Started { address } => {
                self.done += 1;
                let action = self.actions.get(address).copied().map_or("", verb);
                let text = format!("[{}/{}] {action} {address}", self.done, self.all);
                self.live.note(&text, self.ui);
            }
            Event::Resource { address, logical_id, kind, status, reason } => {
                if status.ends_with("FAILED") {
                    let reason = reason.as_deref().unwrap_or("no reason given");
                    let asked = self.asked(address, logical_id);
                    let text = format!("{address}: {logical_id} ({kind}): {reason}{asked}");
                    self.live.error(&text, self.ui);
                }
            }
            Event::Rejected { address, rejection } => self.rejected(address, rejection),
            Event::Finished { address, outcome } => match (wrong(outcome), took) {
                (None, Some(took)) => {
                    let text = format!("  {address} {} in {}", word(outcome), duration(took));
                    self.live.note(&text, self.ui);
                }
                (None, None) => {}
                (Some(text), _) => {
                    let asked = self.asked(address, "*");
                    self.live.error(&format!("{address}: {text}{asked}"), self.ui);
                }
            },
            Event::Skipped { address, because } => {
                self.done += 1;
                let is_going = self.actions.get(address) == Some(&Action::Delete);
                let why = why_skipped(because, is_going);
                self.live.error(&format!("{address} is skipped: {why}"), self.ui);
            }
            Event::Note { address, text } => {
                self.live.note(&format!("{address}: {text}"), self.ui);
            }
            Event::Changes { address, changes } => {
                for change in changes.iter().filter(|change| change.action == "Import") {
                    let Change { logical_id, kind, .. } = change;
                    let text =
                        format!("{address} imports {logical_id} ({kind}), which exists already");
                    self.live.note(&text, self.ui);
                }
            }
            Event::Again { address } => {
                self.done = self.done.saturating_sub(1);
                self.live.note(&format!("{address} {AGAIN}"), self.ui);
            }
            Event::Wave { wave, text } => {
                self.live.note(&format!("wave {}: {text}", wave + 1), self.ui);
            }
            Event::Uploaded { .. } => {}
        }
        self.live.draw();
    }

    /// Shows what CloudFormation's validation or a hook refused, or warns of, at the manifest line that asked for it.
    fn rejected(&mut self, address: &StackAddress, rejection: &Rejection) {
        let Rejection { logical_id, kind, reason, .. } = rejection;
        let part = part_of(rejection);
        let asked = self.asked(address, logical_id);
        let text = format!("{address}: {logical_id} ({kind}){part}: {reason}{asked}");
        if rejection.is_warning {
            self.ui.note(&format!("warning: {text}"));
        } else {
            self.ui.error(&text);
        }
    }

    /// Shows how the run ended.
    pub(super) fn end(&mut self, summary: &Summary) {
        for (event, took) in std::mem::take(&mut self.later) {
            self.print(&event, took);
        }
        let number = |wanted: fn(&Outcome) -> bool| {
            summary.outcomes.values().filter(|outcome| wanted(outcome)).count()
        };
        let good = number(|outcome| wrong(outcome).is_none());
        let bad = summary.outcomes.len() - good;
        if self.ui.is_json() {
            let outcomes: BTreeMap<String, &str> = summary
                .outcomes
                .iter()
                .map(|(address, outcome)| (address.to_string(), word(outcome)))
                .collect();
            let skipped = summary.skipped.iter();
            let skipped: BTreeMap<String, String> = skipped
                .map(|(address, because)| (address.to_string(), because.to_string()))
                .collect();
            let end = json!({
                "version": 1,
                "event": "end",
                "outcomes": outcomes,
                "skipped": skipped,
            });
            self.ui.line_document(end);
            return;
        }
        self.live.clear();
        let text = format!(
            "{} done: {} created, {} updated, {} unchanged, {} deleted; {bad} failed, {} skipped, in {}",
            count(good, "stack"),
            number(|outcome| matches!(outcome, Outcome::Created)),
            number(|outcome| matches!(outcome, Outcome::Updated)),
            number(|outcome| matches!(outcome, Outcome::Unchanged)),
            number(|outcome| matches!(outcome, Outcome::Deleted)),
            summary.skipped.len(),
            self.live.elapsed()
        );
        self.live.note(&text, self.ui);
        if bad > 0 && good == 0 {
            self.ui.note("no stack was changed, except as the errors say");
        }
    }
}

/// The manifest lines that asked for a part of a stack, or else for the whole stack.
fn because<'l>(lines: &'l Lines, address: &StackAddress, part: &str) -> &'l [String] {
    let stack = lines.get(address);
    let lines = stack.and_then(|parts| parts.get(part).or_else(|| parts.get("*")));
    lines.map(Vec::as_slice).unwrap_or_default()
}

/// These lines as text to append to what is said of the part.
pub(super) fn asked(lines: &Lines, address: &StackAddress, part: &str) -> String {
    match because(lines, address, part) {
        [] => String::new(),
        [one] => format!(" (asked for at {one})"),
        [one, others @ ..] => {
            format!(" (asked for at {one} and {})", count(others.len(), "more line"))
        }
    }
}

/// Whether an event is printed after the live view is closed: all but the beginnings and the good ends.
fn is_kept(event: &Event) -> bool {
    match event {
        Event::Started { .. } | Event::Uploaded { .. } => false,
        Event::Resource { status, .. } => status.ends_with("FAILED"),
        Event::Finished { outcome, .. } => wrong(outcome).is_some(),
        Event::Changes { .. }
        | Event::Rejected { .. }
        | Event::Note { .. }
        | Event::Wave { .. }
        | Event::Again { .. }
        | Event::Skipped { .. } => true,
    }
}

/// The part of the resource that a rejection is about, as text to append to the resource; empty for the whole resource.
fn part_of(rejection: &Rejection) -> String {
    let whole = format!("/Resources/{}", rejection.logical_id);
    let part = rejection.path.as_deref().and_then(|path| path.strip_prefix(&whole));
    let part = part.filter(|part| part.is_empty() || part.starts_with('/'));
    let part = part.or(rejection.path.as_deref()).filter(|part| !part.is_empty());
    part.map(|part| format!(" at {part}")).unwrap_or_default()
}

fn to_json(event: &Event) -> Value {
    match event {
        Event::Started { address } => json!({ "version": 1, "event": "started", "stack": address }),
        Event::Changes { address, changes } => {
            let changes: Vec<Value> = changes
                .iter()
                .map(|change| {
                    json!({
                        "action": change.action,
                        "logical_id": change.logical_id,
                        "type": change.kind,
                        "replacement": change.replacement,
                    })
                })
                .collect();
            json!({ "version": 1, "event": "changes", "stack": address, "changes": changes })
        }
        Event::Resource { address, logical_id, kind, status, reason } => json!({
            "version": 1,
            "event": "resource",
            "stack": address,
            "logical_id": logical_id,
            "type": kind,
            "status": status,
            "reason": reason,
            "validation": null,
            "path": null,
        }),
        Event::Rejected { address, rejection } => json!({
            "version": 1,
            "event": "resource",
            "stack": address,
            "logical_id": rejection.logical_id,
            "type": rejection.kind,
            "status": rejection.status(),
            "reason": rejection.reason,
            "validation": rejection.name,
            "path": rejection.path,
        }),
        Event::Uploaded { address, target } => {
            json!({ "version": 1, "event": "uploaded", "stack": address, "target": target })
        }
        Event::Finished { address, outcome } => json!({
            "version": 1,
            "event": "finished",
            "stack": address,
            "outcome": word(outcome),
            "message": wrong(outcome),
        }),
        Event::Note { address, text } => {
            json!({ "version": 1, "event": "note", "stack": address, "text": text })
        }
        // Only a person at the live view asks for it, and there are no lines for programs then.
        Event::Again { address } => {
            json!({ "version": 1, "event": "note", "stack": address, "text": AGAIN })
        }
        Event::Wave { wave, text } => {
            json!({ "version": 1, "event": "wave", "wave": wave + 1, "text": text })
        }
        Event::Skipped { address, because } => {
            json!({
                "version": 1,
                "event": "skipped",
                "stack": address,
                "because": because.to_string(),
            })
        }
    }
}

/// An event as a line for programs, with the manifest lines that asked for what it is about. `took` is how long the work on its
/// stack took.
fn line(event: &Event, lines: &Lines, took: Option<Duration>) -> Value {
    let mut told = to_json(event);
    match event {
        Event::Resource { address, logical_id, .. } => {
            told["because"] = json!(because(lines, address, logical_id));
        }
        Event::Rejected { address, rejection } => {
            told["because"] = json!(because(lines, address, &rejection.logical_id));
        }
        Event::Finished { address, .. } => {
            told["because"] = json!(because(lines, address, "*"));
            told["seconds"] = json!(took.map(|took| took.as_secs()));
        }
        Event::Started { .. }
        | Event::Changes { .. }
        | Event::Uploaded { .. }
        | Event::Note { .. }
        | Event::Wave { .. }
        | Event::Again { .. }
        | Event::Skipped { .. } => {}
    }
    told
}

/// Prints one event for programs.
pub(super) fn one(event: &Event, ui: &mut Ui) {
    ui.line_document(line(event, &Lines::new(), None));
}

/// The names of a template's buckets of artifacts that are not retained.
pub(super) fn artifact_buckets(template: &str) -> Result<Vec<String>, ReadError> {
    let template = read::template(template)?;
    let buckets = template
        .resources
        .values()
        .filter(|resource| resource.kind == "AWS::S3::Bucket" && !stays(resource.deletion_policy));
    let names = buckets.filter_map(|bucket| bucket.properties.get("BucketName")?.as_text());
    Ok(names.filter(|name| name.ends_with("-artifacts")).map(str::to_owned).collect())
}

#[cfg(test)]
mod tests;
