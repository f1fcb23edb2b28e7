//! What is where, and what a refresh would do with it.

use lakewright_deployer::duties::Duties;
use lakewright_deployer::lease::Run;
use lakewright_deployer::leftovers::{Receivers, receivers};
use lakewright_fleet::plan::{Action, Observed, Step};
use lakewright_fleet::status::{Standing, standing};
use lakewright_manifest::RegionName;
use lakewright_template::{AccountId, StackKind};

use super::Deployment;
use super::seen::{Known, Seen};
use crate::exit::{Exit, Failure};
use crate::show::status::{Alarms, Row, Shown, State};
use crate::ui::Ui;

/// Which stacks are shown.
#[derive(Debug, Clone, Default)]
pub(crate) struct Filter {
    /// Those of an account.
    pub(crate) account: Option<AccountId>,
    /// Those of a region.
    pub(crate) region: Option<RegionName>,
    /// Those of a kind.
    pub(crate) kind: Option<StackKind>,
}

impl Filter {
    fn takes(&self, row: &Row) -> bool {
        let place = &row.address.place;
        self.account.as_ref().is_none_or(|account| *account == place.account)
            && self.region.as_ref().is_none_or(|region| region.as_str() == place.region.as_str())
            && self.kind.is_none_or(|kind| row.kind == Some(kind))
    }
}

impl Deployment<'_> {
    /// Shows the stacks. `differs` is the exit code if a refresh would change one of them.
    pub(crate) fn status(
        mut self,
        filter: &Filter,
        differs: Exit,
        ui: &mut Ui,
    ) -> Result<Exit, Failure> {
        let seen = self.observe()?;
        let (plan, notes, refusals) = self.shown_plan(&seen)?;
        let rows = plan.steps.iter().map(|step| self.row(step, seen.observed.get(&step.address)));
        let mut rows: Vec<Row> = rows.filter(|row| filter.takes(row)).collect();
        rows.sort_by(|one, other| one.address.cmp(&other.address));
        let notes: Vec<String> = notes.into_iter().chain(refusals).collect();
        let run = self.current_run(&seen);
        let alarms = self.alarms();
        Shown { rows: &rows, alarms: &alarms, run, notes: &notes }.show(ui);
        Ok(exit(&rows, differs))
    }

    fn row(&self, step: &Step, there: Option<&Observed>) -> Row {
        let Step { address, kind, action, after: _ } = step;
        // A deleted stack belongs to nobody.
        let there = there.filter(|stack| stack.status != "DELETE_COMPLETE");
        Row {
            address: address.clone(),
            kind: *kind,
            subject: self.subject(address, there),
            status: there.map(|stack| stack.status.clone()),
            changed: there.and_then(|stack| stack.told.changed.clone()),
            operation: there.and_then(|stack| stack.told.operation.clone()),
            is_protected: there.map(|stack| stack.is_protected),
            action: *action,
            state: there.map_or(State::Settled, |stack| state(&stack.status)),
        }
    }

    /// The run that holds the lease, and whether something was heard of it lately.
    fn current_run<'s>(&self, seen: &'s Seen) -> Option<(&'s Run, bool)> {
        let Known::Read(record) = &seen.record else { return None };
        let run = record.run.as_ref().filter(|run| !run.has_ended)?;
        Some((run, self.lease.check(record).is_err()))
    }

    /// The topics for alarms with the numbers of their receivers.
    fn alarms(&self) -> Vec<Alarms> {
        let mut found = Vec::new();
        let platforms = self.stacks.values();
        for stack in platforms.filter(|stack| stack.entry.kind == StackKind::Platform) {
            let topics = match Duties::of(&stack.template, &stack.entry.place()) {
                Ok(duties) => duties.topics,
                Err(error) => {
                    let topic = stack.entry.address().to_string();
                    let receivers = Err(error.to_string());
                    found.push(Alarms { topic, receivers });
                    continue;
                }
            };
            for topic in topics {
                let counted = self.runtime.block_on(receivers(&self.aws, &stack.site, &topic));
                let counted = counted.map(|Receivers { confirmed, pending }| (confirmed, pending));
                let receivers = counted.map_err(|error| error.to_string());
                found.push(Alarms { topic, receivers });
            }
        }
        found
    }
}

fn state(status: &str) -> State {
    match standing(status) {
        Standing::Busy => State::Busy,
        Standing::Stuck(advice) => State::Stuck(advice),
        Standing::Absent | Standing::Whole | Standing::Undone => State::Settled,
    }
}

/// The exit code for the worst of the stacks that are shown.
fn exit(rows: &[Row], differs: Exit) -> Exit {
    let changes = |row: &Row| {
        matches!(row.action, Action::Create | Action::Update | Action::Delete | Action::Foreign)
    };
    if rows.iter().any(|row| matches!(row.state, State::Stuck(_))) {
        Exit::Attention
    } else if rows.iter().any(changes) {
        differs
    } else {
        Exit::Done
    }
}

#[cfg(test)]
mod tests {
    use lakewright_template::{Place, StackAddress};

    use super::*;

    fn row(account: &str, action: Action, status: &str) -> Row {
        let place = Place::parse(account, "eu-west-1").expect("a place");
        Row {
            address: StackAddress::new(place, "lab-team-a"),
            kind: Some(StackKind::Team),
            subject: "team/dev/A".to_owned(),
            status: Some(status.to_owned()),
            changed: None,
            operation: None,
            is_protected: Some(false),
            action,
            state: state(status),
        }
    }

    /// Source of the statuses: "Stack status codes" in the CloudFormation user guide.
    #[test]
    fn a_stack_that_is_stuck_comes_before_one_that_changes() {
        let kept = row("111122223333", Action::Keep, "UPDATE_COMPLETE");
        let changed = row("111122223333", Action::Update, "UPDATE_COMPLETE");
        let stuck = row("111122223333", Action::Update, "UPDATE_ROLLBACK_FAILED");
        let busy = row("111122223333", Action::Keep, "UPDATE_IN_PROGRESS");
        assert_eq!(busy.state, State::Busy);
        assert_eq!(exit(&[kept, busy], Exit::Differs), Exit::Done);
        let kept = row("111122223333", Action::Keep, "UPDATE_COMPLETE");
        assert_eq!(exit(&[kept, changed], Exit::Differs), Exit::Differs);
        let changed = row("111122223333", Action::Update, "UPDATE_COMPLETE");
        assert_eq!(exit(&[changed, stuck], Exit::Differs), Exit::Attention);
    }

    #[test]
    fn filters_take_what_all_of_them_accept() {
        let one = row("111122223333", Action::Keep, "UPDATE_COMPLETE");
        let other = row("444455556666", Action::Keep, "UPDATE_COMPLETE");
        let account = AccountId::parse("111122223333").ok();
        let filter = Filter { account, ..Filter::default() };
        assert!(filter.takes(&one) && !filter.takes(&other));
        let filter = Filter { kind: Some(StackKind::Dataset), ..filter };
        assert!(!filter.takes(&one));
    }
}
