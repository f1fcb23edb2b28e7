//! The state machine that deploys or deletes one stack. Pure: its input is what CloudFormation answers, its
//! output the next command.

use crate::status::{AFTER_EXPRESS, Standing, standing};

/// The goal for a stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Goal {
    /// The stack has the wanted template and tags.
    Deployed,
    /// The stack does not exist.
    Gone,
}

/// The next command for the driver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Get the stack's status.
    Describe,
    /// Wait, then get the stack's status.
    Wait,
    /// Create a change set.
    CreateChangeSet {
        /// Whether the change set creates the stack.
        creates: bool,
    },
    /// Get the state of the change set; wait while CloudFormation is creating it.
    DescribeChangeSet,
    /// Ask for confirmation of the changes.
    Confirm,
    /// Delete the change set, because it is empty, failed or was declined.
    DeleteChangeSet,
    /// Execute the change set.
    ExecuteChangeSet,
    /// Delete the stack.
    DeleteStack,
    /// Look whether the stack has resources that hold data.
    LookAtResources,
    /// Go on with the rollback of an update, and leave the resources with these logical ids as they are.
    ContinueRollback {
        /// The logical ids.
        skip: Vec<String>,
    },
    /// Stop, with this outcome.
    Finish(Outcome),
}

/// How the work on a stack ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The stack was created.
    Created,
    /// The stack was updated.
    Updated,
    /// There was nothing to change.
    Unchanged,
    /// The stack was deleted.
    Deleted,
    /// The changes were not confirmed.
    Declined,
    /// CloudFormation failed and rolled everything back.
    RolledBack,
    /// CloudFormation refused the change before it changed anything.
    Refused(String),
    /// Somebody else changes the stack, or deleted the change set before it was executed.
    Overtaken(String),
    /// A person must look at the stack. The text is the advice.
    NeedsAttention(String),
    /// AWS could not be reached, or denied the caller access.
    Unreachable(String),
}

impl Outcome {
    /// This failure, with more text. Outcomes without a text stay as they are.
    #[must_use]
    pub fn also(self, text: &str) -> Self {
        let said = |reason: String| format!("{reason}; {text}");
        match self {
            Self::Refused(reason) => Self::Refused(said(reason)),
            Self::Overtaken(reason) => Self::Overtaken(said(reason)),
            Self::NeedsAttention(reason) => Self::NeedsAttention(said(reason)),
            Self::Unreachable(reason) => Self::Unreachable(said(reason)),
            other => other,
        }
    }
}

/// What the driver reports to the machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// The stack's status; `None` if it does not exist.
    Status(Option<String>),
    /// CloudFormation is creating the change set.
    ChangeSetPending,
    /// The change set can be executed.
    ChangeSetReady,
    /// The change set has no changes.
    ChangeSetEmpty,
    /// CloudFormation could not create the change set.
    ChangeSetFailed(String),
    /// The change set does not exist any more, or cannot be executed any more.
    ChangeSetLost(String),
    /// The answer to [`Command::Confirm`].
    Confirmed(bool),
    /// The answer to [`Command::LookAtResources`]: whether a resource that holds data is there.
    Holds(bool),
    /// A command without a result was carried out.
    Done,
}

/// The state machine of one stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Machine {
    goal: Goal,
    state: State,
    is_express: bool,
    /// The resources to leave as they are if the rollback of an update has failed; `None` if nobody has asked to go on with
    /// it.
    skip: Option<Vec<String>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum State {
    /// The stack's status is unknown so far.
    Looking,
    /// The creation of the stack was rolled back, and its resources are looked at.
    Weighing,
    /// CloudFormation goes on with the rollback of an update; then the stack is updated.
    GoingBack,
    /// The stack is being deleted because its creation was rolled back; then it is created again.
    Clearing,
    /// The change set is being created.
    Preparing { creates: bool },
    /// Waiting for confirmation.
    Asking { creates: bool },
    /// The change set is being deleted; then the work ends with this outcome.
    Discarding(Outcome),
    /// The change set is being executed.
    Running { creates: bool },
    /// The stack is being deleted.
    Deleting,
}

impl Machine {
    /// A new state machine for a stack, and its first command.
    pub fn start(goal: Goal) -> (Self, Command) {
        let state = State::Looking;
        (Self { goal, state, is_express: false, skip: None }, Command::Describe)
    }

    /// A state machine for a stack on which an earlier run has begun an operation, and its first command. `creates` is
    /// whether the operation creates the stack.
    pub fn resume(goal: Goal, creates: bool) -> (Self, Command) {
        let state = match goal {
            Goal::Deployed => State::Running { creates },
            Goal::Gone => State::Deleting,
        };
        (Self { goal, state, is_express: false, skip: None }, Command::Describe)
    }

    /// A state machine for a stack that an earlier run has begun to delete because its creation was rolled back, and its
    /// first command.
    pub fn resume_clearing() -> (Self, Command) {
        (
            Self { goal: Goal::Deployed, state: State::Clearing, is_express: false, skip: None },
            Command::Describe,
        )
    }

    /// Notes that the stack was last deployed in express mode, whose updates CloudFormation does not roll
    /// back.
    pub fn was_express(&mut self) {
        self.is_express = true;
    }

    /// Notes that somebody asked to go on with a rollback that has failed, and named the resources to leave as they are.
    pub fn skips(&mut self, resources: Vec<String>) {
        self.skip = Some(resources);
    }

    /// The next command, given the result of the one before.
    pub fn next(&mut self, input: Input) -> Command {
        let state = std::mem::replace(&mut self.state, State::Looking);
        let is_half_way = matches!(
            &input,
            Input::Status(Some(status))
                if status == "UPDATE_FAILED" || status == "UPDATE_ROLLBACK_FAILED"
        );
        let (state, command) = self.step(state, input);
        self.state = state;
        match command {
            Command::Finish(Outcome::NeedsAttention(_)) if is_half_way && self.is_express => {
                Command::Finish(Outcome::NeedsAttention(AFTER_EXPRESS.to_owned()))
            }
            command => command,
        }
    }

    fn step(&self, state: State, input: Input) -> (State, Command) {
        match (state, input) {
            (State::Looking, Input::Status(status)) => self.looked(status.as_deref()),
            (State::Looking, _) => (State::Looking, Command::Describe),
            (State::Weighing, Input::Holds(false)) => (State::Clearing, Command::DeleteStack),
            (State::Weighing, Input::Holds(true)) => {
                finish(Outcome::NeedsAttention(LEFT_DATA.to_owned()))
            }
            (State::Weighing, _) => (State::Weighing, Command::LookAtResources),
            (State::GoingBack, Input::Status(status)) => {
                went_back(status.as_deref().unwrap_or("DELETE_COMPLETE"))
            }
            (State::GoingBack, _) => (State::GoingBack, Command::Wait),
            (State::Clearing, Input::Status(status)) => match status.as_deref().map(standing) {
                None | Some(Standing::Absent) => prepare(true),
                Some(Standing::Busy | Standing::Undone) => (State::Clearing, Command::Wait),
                Some(Standing::Whole | Standing::Stuck(_)) => {
                    finish(Outcome::NeedsAttention("it could not be deleted".to_owned()))
                }
            },
            (State::Clearing, _) => (State::Clearing, Command::Wait),
            (State::Preparing { creates }, Input::ChangeSetReady) => {
                (State::Asking { creates }, Command::Confirm)
            }
            (State::Preparing { .. }, Input::ChangeSetEmpty) => {
                (State::Discarding(Outcome::Unchanged), Command::DeleteChangeSet)
            }
            (State::Preparing { .. }, Input::ChangeSetFailed(reason)) => {
                (State::Discarding(Outcome::Refused(reason)), Command::DeleteChangeSet)
            }
            // CloudFormation itself deletes change sets that another change has invalidated.
            (
                State::Preparing { .. } | State::Asking { .. } | State::Running { .. },
                Input::ChangeSetLost(reason),
            ) => finish(Outcome::Overtaken(reason)),
            (State::Preparing { creates }, _) => {
                (State::Preparing { creates }, Command::DescribeChangeSet)
            }
            (State::Asking { creates }, Input::Confirmed(true)) => {
                (State::Running { creates }, Command::ExecuteChangeSet)
            }
            (State::Asking { .. }, _) => {
                (State::Discarding(Outcome::Declined), Command::DeleteChangeSet)
            }
            (State::Discarding(outcome), _) => finish(outcome),
            (State::Running { creates }, Input::Status(status)) => {
                ran(creates, status.as_deref().unwrap_or("DELETE_COMPLETE"))
            }
            (State::Running { creates }, _) => (State::Running { creates }, Command::Wait),
            (State::Deleting, Input::Status(status)) => match status.as_deref().map(standing) {
                None | Some(Standing::Absent) => finish(Outcome::Deleted),
                Some(Standing::Busy) => (State::Deleting, Command::Wait),
                Some(Standing::Stuck(advice)) => finish(Outcome::NeedsAttention(advice.to_owned())),
                Some(Standing::Whole | Standing::Undone) => {
                    finish(Outcome::Refused("CloudFormation did not delete it".to_owned()))
                }
            },
            (State::Deleting, _) => (State::Deleting, Command::Wait),
        }
    }

    /// Whether to go on with a rollback: somebody asked for it, and CloudFormation can do it.
    fn may_go_back(&self) -> bool {
        self.skip.is_some() && !self.is_express
    }

    fn looked(&self, status: Option<&str>) -> (State, Command) {
        let standing = status.map_or(Standing::Absent, standing);
        match (self.goal, standing) {
            // Another run's deletion leads to the same goal; other operations must end first.
            (Goal::Gone, Standing::Busy) => (State::Looking, Command::Wait),
            (Goal::Deployed, Standing::Busy) => finish(Outcome::Overtaken(format!(
                "something else changes it just now ({}); run again when that is done",
                status.unwrap_or_default()
            ))),
            (Goal::Deployed, Standing::Absent) => prepare(true),
            (Goal::Deployed, Standing::Whole) => prepare(false),
            // Most such stacks have no resources any more. Those that are left may hold data.
            (Goal::Deployed, Standing::Undone) => (State::Weighing, Command::LookAtResources),
            (Goal::Deployed, Standing::Stuck(_))
                if status == Some("UPDATE_ROLLBACK_FAILED") && self.may_go_back() =>
            {
                let skip = self.skip.clone().unwrap_or_default();
                (State::GoingBack, Command::ContinueRollback { skip })
            }
            (Goal::Deployed, Standing::Stuck(advice)) => {
                finish(Outcome::NeedsAttention(advice.to_owned()))
            }
            (Goal::Gone, Standing::Absent) if status.is_none() => finish(Outcome::Unchanged),
            // A failed deletion is tried again, because the obstacle may be gone.
            (Goal::Gone, _) => (State::Deleting, Command::DeleteStack),
        }
    }
}

/// The advice for a stack whose creation was rolled back and that still has resources with data.
const LEFT_DATA: &str = "its creation was rolled back, and resources that hold data are left of it; look whether somebody needs \
    the data, then delete the stack";

/// The next step after the rollback of an update was asked for again.
fn went_back(status: &str) -> (State, Command) {
    match (status, standing(status)) {
        ("UPDATE_ROLLBACK_COMPLETE", _) => prepare(false),
        (_, Standing::Busy) => (State::GoingBack, Command::Wait),
        (_, Standing::Stuck(advice)) => finish(Outcome::NeedsAttention(advice.to_owned())),
        (_, Standing::Absent | Standing::Whole | Standing::Undone) => finish(Outcome::Overtaken(
            format!("something else has changed it meanwhile ({status}); run again"),
        )),
    }
}

fn prepare(creates: bool) -> (State, Command) {
    (State::Preparing { creates }, Command::CreateChangeSet { creates })
}

fn finish(outcome: Outcome) -> (State, Command) {
    (State::Looking, Command::Finish(outcome))
}

fn ran(creates: bool, status: &str) -> (State, Command) {
    match status {
        "CREATE_COMPLETE" if creates => finish(Outcome::Created),
        // The update ends only when the clean-up has deleted replaced and removed resources, because their
        // access ends then.
        "UPDATE_COMPLETE" => finish(Outcome::Updated),
        "ROLLBACK_COMPLETE" | "UPDATE_ROLLBACK_COMPLETE" | "DELETE_COMPLETE" => {
            finish(Outcome::RolledBack)
        }
        other => match standing(other) {
            Standing::Stuck(advice) => finish(Outcome::NeedsAttention(advice.to_owned())),
            // Just after a change set was started, CloudFormation may still report the old status.
            Standing::Busy | Standing::Absent | Standing::Whole | Standing::Undone => {
                (State::Running { creates }, Command::Wait)
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(status: &str) -> Input {
        Input::Status(Some(status.to_owned()))
    }

    fn run(goal: Goal, inputs: Vec<Input>) -> Vec<Command> {
        let (mut machine, first) = Machine::start(goal);
        std::iter::once(first).chain(inputs.into_iter().map(|input| machine.next(input))).collect()
    }

    #[test]
    fn a_new_stack_is_made() {
        let commands = run(
            Goal::Deployed,
            vec![
                Input::Status(None),
                Input::ChangeSetPending,
                Input::ChangeSetReady,
                Input::Confirmed(true),
                Input::Done,
                status("CREATE_IN_PROGRESS"),
                status("CREATE_COMPLETE"),
            ],
        );
        assert_eq!(
            commands,
            [
                Command::Describe,
                Command::CreateChangeSet { creates: true },
                Command::DescribeChangeSet,
                Command::Confirm,
                Command::ExecuteChangeSet,
                Command::Wait,
                Command::Wait,
                Command::Finish(Outcome::Created),
            ]
        );
    }

    #[test]
    fn what_was_undone_makes_room_and_nothing_else_is_deleted() {
        let commands = run(
            Goal::Deployed,
            vec![
                status("ROLLBACK_COMPLETE"),
                Input::Holds(false),
                Input::Done,
                status("DELETE_IN_PROGRESS"),
                Input::Status(None),
            ],
        );
        assert_eq!(commands[1..3], [Command::LookAtResources, Command::DeleteStack]);
        assert_eq!(commands[5], Command::CreateChangeSet { creates: true });
        // A bucket with data that the rollback left is not deleted with the stack.
        let commands = run(Goal::Deployed, vec![status("ROLLBACK_COMPLETE"), Input::Holds(true)]);
        assert_eq!(commands[2], Command::Finish(Outcome::NeedsAttention(LEFT_DATA.to_owned())));
        for stuck in ["UPDATE_ROLLBACK_FAILED", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED"]
        {
            let commands = run(Goal::Deployed, vec![status(stuck)]);
            assert!(
                matches!(commands[1], Command::Finish(Outcome::NeedsAttention(_))),
                "{stuck}: {commands:?}"
            );
        }
    }

    #[test]
    fn an_update_that_is_put_back_is_a_failure() {
        let start = || {
            vec![
                status("CREATE_COMPLETE"),
                Input::ChangeSetReady,
                Input::Confirmed(true),
                Input::Done,
            ]
        };
        let end = |last: &str| {
            let mut inputs = start();
            inputs.push(status("UPDATE_IN_PROGRESS"));
            inputs.push(status(last));
            run(Goal::Deployed, inputs).pop()
        };
        assert_eq!(end("UPDATE_ROLLBACK_COMPLETE"), Some(Command::Finish(Outcome::RolledBack)));
        assert_eq!(end("UPDATE_COMPLETE"), Some(Command::Finish(Outcome::Updated)));
        assert!(matches!(
            end("UPDATE_ROLLBACK_FAILED"),
            Some(Command::Finish(Outcome::NeedsAttention(_)))
        ));
        // The status from before the start does not count as the end.
        let mut inputs = start();
        inputs.push(status("CREATE_COMPLETE"));
        assert_eq!(run(Goal::Deployed, inputs).pop(), Some(Command::Wait));
    }

    #[test]
    fn nothing_to_change_and_no_are_ends() {
        let commands = run(
            Goal::Deployed,
            vec![status("UPDATE_COMPLETE"), Input::ChangeSetEmpty, Input::Done],
        );
        assert_eq!(commands[2..], [Command::DeleteChangeSet, Command::Finish(Outcome::Unchanged)]);
        let commands = run(
            Goal::Deployed,
            vec![
                status("UPDATE_COMPLETE"),
                Input::ChangeSetReady,
                Input::Confirmed(false),
                Input::Done,
            ],
        );
        assert_eq!(commands[3..], [Command::DeleteChangeSet, Command::Finish(Outcome::Declined)]);
    }

    #[test]
    fn what_somebody_else_does_ends_it_with_a_word() {
        // A change set that somebody deletes, or that another change invalidates: while it is created,
        // confirmed and executed.
        let gone = || Input::ChangeSetLost("somebody deleted it".to_owned());
        let begin = [status("CREATE_COMPLETE"), Input::ChangeSetPending];
        let further = [Input::ChangeSetReady, Input::Confirmed(true)];
        for count in 0..=further.len() {
            let mut inputs: Vec<Input> = begin.iter().chain(&further[..count]).cloned().collect();
            inputs.push(gone());
            let last = run(Goal::Deployed, inputs).pop();
            let overtaken = Outcome::Overtaken("somebody deleted it".to_owned());
            assert_eq!(last, Some(Command::Finish(overtaken)), "{count}");
        }
        // A stack that somebody else is changing.
        for busy in ["UPDATE_IN_PROGRESS", "CREATE_IN_PROGRESS", "UPDATE_ROLLBACK_IN_PROGRESS"] {
            let last = run(Goal::Deployed, vec![status(busy)]).pop();
            let Some(Command::Finish(Outcome::Overtaken(text))) = last else {
                unreachable!("{busy}: {last:?}")
            };
            assert!(text.contains(busy), "{text}");
        }
    }

    /// `RollbackStack` is not supported after an express deployment: cdklabs/aws-cdk-notices, issue 1167.
    #[test]
    fn after_an_express_deployment_no_rollback_is_advised() {
        let advice = |is_express: bool| {
            let (mut machine, _) = Machine::start(Goal::Deployed);
            if is_express {
                machine.was_express();
            }
            let command = machine.next(status("UPDATE_FAILED"));
            let Command::Finish(Outcome::NeedsAttention(text)) = command else {
                unreachable!("{command:?}")
            };
            text
        };
        assert!(advice(false).contains("rollback-stack"));
        assert!(!advice(true).contains("rollback-stack"), "{}", advice(true));
    }

    /// "Continue rolling back an update" in the CloudFormation user guide: the stack is UPDATE_ROLLBACK_IN_PROGRESS, then
    /// UPDATE_ROLLBACK_COMPLETE, and can be updated.
    #[test]
    fn a_failed_rollback_goes_on_only_if_somebody_asked_for_it() {
        let skip = vec!["Queue".to_owned()];
        let going = |asked: bool, is_express: bool, inputs: &[Input]| {
            let (mut machine, _) = Machine::start(Goal::Deployed);
            if asked {
                machine.skips(skip.clone());
            }
            if is_express {
                machine.was_express();
            }
            let commands = inputs.iter().map(|input| machine.next(input.clone()));
            commands.collect::<Vec<Command>>()
        };
        let stuck = status("UPDATE_ROLLBACK_FAILED");
        let commands = going(
            true,
            false,
            &[
                stuck.clone(),
                Input::Done,
                status("UPDATE_ROLLBACK_IN_PROGRESS"),
                status("UPDATE_ROLLBACK_COMPLETE"),
            ],
        );
        let asked = Command::ContinueRollback { skip: skip.clone() };
        let update = Command::CreateChangeSet { creates: false };
        assert_eq!(commands, [asked, Command::Wait, Command::Wait, update]);
        for (asked, is_express) in [(false, false), (true, true)] {
            let commands = going(asked, is_express, std::slice::from_ref(&stuck));
            let [Command::Finish(Outcome::NeedsAttention(advice))] = commands.as_slice() else {
                unreachable!("{commands:?}")
            };
            assert_eq!(*advice == AFTER_EXPRESS, is_express, "{advice}");
        }
        let again = going(true, false, &[stuck.clone(), Input::Done, stuck]);
        assert!(matches!(again[2], Command::Finish(Outcome::NeedsAttention(_))), "{again:?}");
    }

    #[test]
    fn deletion_ends_when_the_stack_is_gone() {
        let commands = run(
            Goal::Gone,
            vec![
                status("CREATE_COMPLETE"),
                Input::Done,
                status("DELETE_IN_PROGRESS"),
                Input::Status(None),
            ],
        );
        assert_eq!(commands.last(), Some(&Command::Finish(Outcome::Deleted)));
        let commands =
            run(Goal::Gone, vec![status("CREATE_COMPLETE"), Input::Done, status("DELETE_FAILED")]);
        assert!(matches!(commands.last(), Some(Command::Finish(Outcome::NeedsAttention(_)))));
    }
}
