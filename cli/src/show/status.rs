//! Shows the deployed stacks of a mesh.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use lakewright_analysis::words::count;
use lakewright_deployer::lease::Run;
use lakewright_fleet::plan::Action;
use lakewright_template::{Place, StackAddress, StackKind};
use serde_json::{Value, json};

use super::table::table;
use crate::ui::Ui;
use crate::width::width;

/// What the status of a stack means for the next operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// The next operation can begin.
    Settled,
    /// An operation is in progress.
    Busy,
    /// A person must look at it. The text is the advice.
    Stuck(&'static str),
}

/// A stack.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) address: StackAddress,
    pub(crate) kind: Option<StackKind>,
    /// The document that it belongs to, such as `dataset/sales`.
    pub(crate) subject: String,
    /// CloudFormation's status; `None` if the stack does not exist.
    pub(crate) status: Option<String>,
    /// When it was last changed, in RFC 3339.
    pub(crate) changed: Option<String>,
    /// The type of its last operation.
    pub(crate) operation: Option<String>,
    /// Whether it is protected from deletion.
    pub(crate) is_protected: Option<bool>,
    /// What a refresh would do with it.
    pub(crate) action: Action,
    pub(crate) state: State,
}

/// A topic for alarms.
#[derive(Debug, Clone)]
pub(crate) struct Alarms {
    /// Its ARN, or the stack whose topics are not known.
    pub(crate) topic: String,
    /// The numbers of confirmed and unconfirmed receivers, or why they are not known.
    pub(crate) receivers: Result<(u64, u64), String>,
}

/// Everything that `status` shows.
#[derive(Debug)]
pub(crate) struct Shown<'s> {
    pub(crate) rows: &'s [Row],
    pub(crate) alarms: &'s [Alarms],
    /// The run that holds the lease, and whether something was heard of it lately.
    pub(crate) run: Option<(&'s Run, bool)>,
    pub(crate) notes: &'s [String],
}

impl Shown<'_> {
    pub(crate) fn show(&self, ui: &mut Ui) {
        if ui.is_json() {
            ui.data(&format!("{:#}\n", self.document()));
            return;
        }
        ui.data(&self.text(width()));
        for note in self.notes {
            ui.note(note);
        }
    }

    fn document(&self) -> Value {
        let run = self.run.map(|(run, is_active)| {
            let mut document = run.to_json();
            document["is_active"] = is_active.into();
            document
        });
        json!({
            "version": 1,
            "stacks": self.rows.iter().map(Row::document).collect::<Vec<Value>>(),
            "alarms": self.alarms.iter().map(Alarms::document).collect::<Vec<Value>>(),
            "run": run,
            "notes": self.notes,
        })
    }

    /// A table for each account and region, and what else there is to say.
    fn text(&self, width: usize) -> String {
        let mut places: BTreeMap<&Place, Vec<[String; 3]>> = BTreeMap::new();
        for row in self.rows {
            places.entry(&row.address.place).or_default().push(row.cells());
        }
        let mut text = String::new();
        for (Place { account, region }, rows) in &places {
            writeln!(text, "{account} {region}").expect("a string takes all");
            text.push_str(&table(["STACK", "STATUS", "A REFRESH"], rows, width).concat());
            text.push('\n');
        }
        for alarms in self.alarms {
            text.push_str(&alarms.sentence());
            text.push('\n');
        }
        if let Some((run, is_active)) = self.run {
            let what = if is_active { "changes the mesh" } else { "was stopped before its end" };
            let document = run.to_json();
            let time = |name: &str| document[name].as_str().unwrap_or("?").to_owned();
            let (id, begun, heard) = (&run.id, time("begun"), time("heard"));
            writeln!(text, "run {id} {what}: it began at {begun} and was last heard of at {heard}")
                .expect("a string takes all");
        }
        text.push_str(&self.summary());
        text.push('\n');
        text
    }

    fn summary(&self) -> String {
        let mut actions: BTreeMap<Action, usize> = BTreeMap::new();
        for row in self.rows {
            *actions.entry(row.action).or_default() += 1;
        }
        let parts = actions.iter().map(|(action, number)| format!("{number} {}", action.as_str()));
        let parts: Vec<String> = parts.collect();
        let of = |is_it: fn(&Row) -> bool| self.rows.iter().filter(|row| is_it(row)).count();
        let busy = of(|row| row.state == State::Busy);
        let stuck = of(|row| matches!(row.state, State::Stuck(_)));
        let stacks = count(self.rows.len(), "stack");
        let parts =
            if parts.is_empty() { String::new() } else { format!(": {}", parts.join(", ")) };
        let busy = if busy == 0 { String::new() } else { format!("; {busy} busy") };
        let stuck = if stuck == 0 { String::new() } else { format!("; {stuck} stuck") };
        format!("{stacks}{parts}{busy}{stuck}")
    }
}

impl Row {
    /// The stack, its status, and everything else.
    fn cells(&self) -> [String; 3] {
        let mut said = match self.state {
            State::Settled => vec![self.action.as_str().to_owned()],
            State::Busy => vec!["busy".to_owned(), self.action.as_str().to_owned()],
            State::Stuck(advice) => vec![format!("stuck: {advice}")],
        };
        let last = match (&self.operation, &self.changed) {
            (Some(operation), Some(changed)) => Some(format!("{operation} at {changed}")),
            (None, Some(changed)) => Some(format!("changed at {changed}")),
            (Some(operation), None) => Some(operation.clone()),
            (None, None) => None,
        };
        said.extend(last);
        if self.is_protected == Some(true) {
            said.push("protected".to_owned());
        }
        let status = self.status.as_deref().unwrap_or("-").to_owned();
        [self.address.name.clone(), status, said.join("; ")]
    }

    fn document(&self) -> Value {
        let (state, advice) = match self.state {
            State::Settled => ("settled", None),
            State::Busy => ("busy", None),
            State::Stuck(advice) => ("stuck", Some(advice)),
        };
        json!({
            "address": self.address.to_string(),
            "account": self.address.place.account,
            "region": self.address.place.region,
            "name": self.address.name,
            "kind": self.kind,
            "subject": self.subject,
            "status": self.status,
            "changed": self.changed,
            "operation": self.operation,
            "is_protected": self.is_protected,
            "action": self.action.as_str(),
            "state": state,
            "advice": advice,
        })
    }
}

impl Alarms {
    fn sentence(&self) -> String {
        let Self { topic, receivers } = self;
        match receivers {
            Ok((0, 0)) => format!("alarms of {topic} reach nobody"),
            Ok((confirmed, pending)) => {
                format!("alarms of {topic}: {confirmed} confirmed, {pending} not confirmed yet")
            }
            Err(reason) => format!("who gets alarms of {topic} is not known: {reason}"),
        }
    }

    fn document(&self) -> Value {
        let Self { topic, receivers } = self;
        match receivers {
            Ok((confirmed, pending)) => {
                json!({ "topic": topic, "confirmed": confirmed, "pending": pending, "unknown": null })
            }
            Err(reason) => {
                json!({ "topic": topic, "confirmed": null, "pending": null, "unknown": reason })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(name: &str, state: State, action: Action) -> Row {
        let place = Place::parse("222222222222", "us-east-1").expect("a place");
        Row {
            address: StackAddress::new(place, name),
            kind: Some(StackKind::Dataset),
            subject: "dataset/sales".to_owned(),
            status: Some("UPDATE_COMPLETE".to_owned()),
            changed: Some("2026-11-30T17:35:18Z".to_owned()),
            operation: Some("UPDATE_STACK".to_owned()),
            is_protected: Some(true),
            action,
            state,
        }
    }

    #[test]
    fn stacks_stand_below_their_account_and_region() {
        let rows = [row("lab-dataset-sales", State::Settled, Action::Keep)];
        let shown = Shown { rows: &rows, alarms: &[], run: None, notes: &[] };
        assert_eq!(
            shown.text(200),
            "222222222222 us-east-1\n\
             STACK              STATUS           A REFRESH\n\
             lab-dataset-sales  UPDATE_COMPLETE  keep; UPDATE_STACK at 2026-11-30T17:35:18Z; protected\n\
             \n\
             1 stack: 1 keep\n"
        );
    }

    #[test]
    fn a_stack_that_is_stuck_shows_the_advice() {
        let rows = [row("a", State::Stuck("look at it"), Action::Update)];
        let shown = Shown { rows: &rows, alarms: &[], run: None, notes: &[] };
        assert!(shown.text(200).contains("stuck: look at it"), "{}", shown.text(200));
        assert_eq!(shown.document()["stacks"][0]["advice"], "look at it");
        let unknown = Alarms { topic: "t".to_owned(), receivers: Err("no right".to_owned()) };
        assert_eq!(unknown.sentence(), "who gets alarms of t is not known: no right");
    }
}
