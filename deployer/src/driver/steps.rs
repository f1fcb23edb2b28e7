//! One stack, step by step: carries out the machine's commands and passes the results back.

use lakewright_template::assembly::StackEntry;
use lakewright_template::{StackAddress, holds_data};

use super::waits::For;
use super::{Driver, MADE, failure};
use crate::again::{LOOKS, is_passing};
use crate::cloud::{Access, ChangeSet, Cloud, CloudError, Created, Site, Stack, StackEvent};
use crate::{protection, taken};
use lakewright_fleet::event::{Change, Event, Rejection};
use lakewright_fleet::journal::{self, Entry, Intent, Operation};
use lakewright_fleet::machine::{Command, Goal, Input, Machine, Outcome};
use lakewright_fleet::status::{Standing, standing};
use tokio::time::Instant;

/// Whether an operation was started. If so, an old status does not count as its end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Started {
    #[default]
    Nothing,
    /// Started, and no event has arrived since.
    Something,
    /// Started, and events have arrived since.
    Moving,
}

/// What is known about the stack that is being deployed or deleted.
#[expect(clippy::struct_excessive_bools, reason = "independent facts, which are learnt one by one")]
#[derive(Default)]
pub(super) struct Track {
    change_set: String,
    pub(super) changes: Vec<Change>,
    /// The id of the newest event that was reported.
    pub(super) last_event: Option<String>,
    pub(super) started: Started,
    /// How many looks there were since the change set or the operation was begun.
    pub(super) tries: u32,
    /// When CloudFormation began with the change set or the operation; `None` once it is known how long that took.
    pub(super) begun: Option<Instant>,
    /// Whether the stack was last deployed in express mode.
    pub(super) is_express: bool,
    /// Whether the stack is protected from deletion.
    pub(super) is_protected: bool,
    /// The reasons of failed resources.
    pub(super) reasons: Vec<String>,
    /// Whether the change set creates the stack.
    pub(super) creates: bool,
    /// Whether the operation deletes the stack.
    pub(super) deletes: bool,
    /// The token of the operation that was started.
    pub(super) token: String,
    /// The newest status of the stack itself among the operation's events.
    pub(super) said: Option<String>,
    /// Whether that event has the operation's token.
    pub(super) is_said_by_token: bool,
    /// How many looks at the operation's events there were.
    pub(super) looks: u32,
    /// How many looks in a row found another status than the events say.
    pub(super) differs: u32,
    /// The stack's ARN, once it is known: it names this stack even if somebody gives its name to another one.
    pub(super) id: Option<String>,
}

/// How often the events of a stack with an operation are read again for the token of an earlier run.
const EVENT_LOOKS: u32 = 5;
/// How often a run looks for events of an operation that it may have begun itself.
const OWN_LOOKS: u32 = 3;

/// What came of the request for a change set.
#[derive(Debug)]
enum Prepared {
    /// CloudFormation creates it, or it was there already.
    Begun(Created),
    /// CloudFormation refused it, for this reason.
    Refused(String),
}

impl Track {
    /// The stack's ARN if it is known, else its name.
    pub(super) fn name<'t>(&'t self, name: &'t str) -> &'t str {
        self.id.as_deref().unwrap_or(name)
    }

    /// Notes the failure of a request to start an operation. After a refusal nothing was started; without a response that is
    /// unknown.
    fn answered(&mut self, error: CloudError) -> CloudError {
        if !matches!(error, CloudError::Network { .. }) {
            self.started = Started::Nothing;
        }
        error
    }
}

impl<C: Cloud, R: FnMut(Event), A: FnMut(&StackAddress, &[Change]) -> bool> Driver<'_, C, R, A> {
    /// Deploys or deletes one stack. If a request fails after CloudFormation has started, the outcome says that its end is
    /// unknown.
    pub(super) async fn drive(
        &self,
        goal: Goal,
        site: &Site,
        stack: Option<&Stack>,
        name: &str,
    ) -> Result<(Outcome, Vec<String>), CloudError> {
        let mut track = Track::default();
        let driven = self.step_by_step(goal, site, stack, name, &mut track).await;
        self.cloud.done(&site.address(name));
        match driven {
            Ok(outcome) => Ok((outcome, track.reasons)),
            Err(error) if track.started == Started::Nothing => Err(error),
            Err(error) => {
                let went = "CloudFormation has begun with the stack and goes on by itself; run again to see how it ended";
                Ok((failure(&error).also(went), track.reasons))
            }
        }
    }

    async fn step_by_step(
        &self,
        goal: Goal,
        site: &Site,
        stack: Option<&Stack>,
        name: &str,
        track: &mut Track,
    ) -> Result<Outcome, CloudError> {
        let address = site.address(name);
        let (mut machine, mut command) = self.resume(goal, site, &address, track).await?;
        loop {
            if let Some(reason) = self.lost_before(&command) {
                return Ok(Outcome::Overtaken(reason));
            }
            let input = match command {
                Command::Finish(outcome) => {
                    self.tell_validation(site, name, track).await;
                    if let (Outcome::Created | Outcome::Updated, Some(stack)) = (&outcome, stack) {
                        self.protect(stack, track).await;
                    }
                    return Ok(outcome);
                }
                Command::Describe => self.look(site, name, track).await?,
                Command::Wait => {
                    self.wait(site, For::Operation, track).await;
                    self.look(site, name, track).await?
                }
                Command::CreateChangeSet { creates } => {
                    let Some(stack) = stack else { return Ok(Outcome::Unchanged) };
                    track.creates = creates;
                    if creates {
                        // An ARN from before is of a stack that was deleted.
                        track.id = None;
                    }
                    match self.prepare(stack, track).await? {
                        Prepared::Begun(Created { change_set, stack_id }) => {
                            track.change_set = change_set;
                            track.id = stack_id.or(track.id.take());
                            track.tries = 0;
                            track.begun = Some(Instant::now());
                            Input::ChangeSetPending
                        }
                        Prepared::Refused(reason) => return Ok(Outcome::Refused(reason)),
                    }
                }
                Command::DescribeChangeSet => self.weigh(site, name, stack, track).await?,
                Command::Confirm => {
                    self.mark_links(site, name, track).await;
                    let changes = track.changes.clone();
                    self.tell(Event::Changes {
                        address: address.clone(),
                        changes: changes.clone(),
                    });
                    Input::Confirmed((self.ask.borrow_mut())(&address, &changes))
                }
                Command::DeleteChangeSet => {
                    // A failure to delete the change set does not replace the reason why it was not executed.
                    let cleared = self.cloud.delete_change_set(site, name, &track.change_set).await;
                    if let Err(error) = cleared {
                        let text = format!("what was prepared is left there: {error}");
                        self.tell(Event::Note { address: address.clone(), text });
                    }
                    Input::Done
                }
                Command::ExecuteChangeSet => self.execute(site, name, track).await?,
                Command::LookAtResources => {
                    let resources = self.cloud.resources(site, track.name(name)).await?;
                    Input::Holds(resources.iter().any(|one| holds_data(&one.kind)))
                }
                Command::ContinueRollback { skip } => {
                    self.begin(site, name, track, false).await?;
                    let token = self.intend(&address, Operation::ContinueRollback, track)?;
                    let stack = track.name(name);
                    let result = self.cloud.continue_rollback(site, stack, &skip, &token).await;
                    self.answered(&token, result.as_ref().err())?;
                    result.map_err(|error| track.answered(error))?;
                    Input::Done
                }
                Command::DeleteStack => {
                    // Whoever deletes it was asked, or has allowed it.
                    if track.is_protected && goal == Goal::Gone {
                        self.cloud.protect(site, track.name(name), false).await?;
                    }
                    self.begin(site, name, track, false).await?;
                    track.deletes = true;
                    let token = self.intend(&address, Operation::Delete, track)?;
                    let removed = self.remove(site, track.name(name), &token).await;
                    self.answered(&token, removed.as_ref().err())?;
                    removed.map_err(|error| track.answered(error))?;
                    Input::Done
                }
            };
            if track.is_express {
                machine.was_express();
            }
            command = machine.next(input);
        }
    }

    /// The state machine of a stack. If an earlier run sent a request for it whose outcome is not known, and the stack's
    /// events have the request's token, the operation was begun: then this run waits for its end.
    async fn resume(
        &self,
        goal: Goal,
        site: &Site,
        address: &StackAddress,
        track: &mut Track,
    ) -> Result<(Machine, Command), CloudError> {
        // A second try is a new request.
        let intent = self.open.borrow_mut().remove(address);
        let is_absent = self.absent.borrow_mut().remove(address) && goal == Goal::Deployed;
        let Some(intent) = intent else {
            let (mut machine, first) = Machine::start(goal);
            let first = if is_absent { machine.next(Input::Status(None)) } else { first };
            return Ok((machine, first));
        };
        // A deletion also clears a stack whose creation was rolled back, before it is created again.
        let can_resume = match intent.operation {
            Operation::Execute | Operation::ContinueRollback => goal == Goal::Deployed,
            Operation::Delete => true,
            Operation::Prepare => false,
        };
        if !can_resume {
            return Ok(Machine::start(goal));
        }
        let is_its = |event: &StackEvent| event.token.as_ref() == Some(&intent.token);
        let mut tries = 0;
        let (events, first) = loop {
            let events = self.cloud.events(site, &address.name, None).await?;
            if let Some(first) = events.iter().position(is_its) {
                break (events, first);
            }
            // The operation may have begun so shortly before that its first event is not shown yet.
            let found = self.cloud.describe(site, &address.name).await?;
            let is_busy = found.is_some_and(|stack| standing(&stack.status) == Standing::Busy);
            if !is_busy || tries == EVENT_LOOKS {
                return Ok(Machine::start(goal));
            }
            self.cloud.pause(tries).await;
            tries += 1;
        };
        track.token.clone_from(&intent.token);
        track.last_event = first.checked_sub(1).map(|before| events[before].id.clone());
        track.started = Started::Moving;
        track.creates = intent.creates;
        track.deletes = intent.operation == Operation::Delete;
        if let Some(change_set) = &intent.change_set {
            track.change_set.clone_from(change_set);
        }
        Ok(match (intent.operation, goal) {
            (Operation::Delete, Goal::Deployed) => Machine::resume_clearing(),
            _ => Machine::resume(goal, intent.creates),
        })
    }

    /// Executes the change set.
    async fn execute(
        &self,
        site: &Site,
        name: &str,
        track: &mut Track,
    ) -> Result<Input, CloudError> {
        self.begin(site, name, track, track.creates).await?;
        track.deletes = false;
        let token = self.intend(&site.address(name), Operation::Execute, track)?;
        let stack = track.name(name);
        let result = self.cloud.execute_change_set(site, stack, &track.change_set, &token).await;
        let result = match result {
            // If the first answer was lost, the request that was sent again finds its own change set executed.
            Err(CloudError::Overtaken { .. }) if self.has_begun(site, name, track).await? => Ok(()),
            other => other,
        };
        self.answered(&token, result.as_ref().err())?;
        match result {
            Ok(()) => Ok(Input::Done),
            Err(error @ CloudError::Overtaken { .. }) => {
                Ok(Input::ChangeSetLost(error.to_string()))
            }
            Err(error) => Err(track.answered(error)),
        }
    }

    /// Whether the operation with this run's token has begun. Its first event may be shown a moment later.
    async fn has_begun(&self, site: &Site, name: &str, track: &Track) -> Result<bool, CloudError> {
        for tries in 0..OWN_LOOKS {
            let events = self.cloud.events(site, track.name(name), None).await?;
            if events.iter().any(|event| event.token.as_ref() == Some(&track.token)) {
                return Ok(true);
            }
            self.cloud.pause(tries).await;
        }
        Ok(false)
    }

    /// Writes down that a request is sent next. Returns its token.
    fn intend(
        &self,
        address: &StackAddress,
        operation: Operation,
        track: &mut Track,
    ) -> Result<String, CloudError> {
        let count = {
            let mut requests = self.requests.borrow_mut();
            let count = requests.entry(address.clone()).or_default();
            *count += 1;
            *count
        };
        let token = journal::token(self.lease.id(), address, operation, count);
        let change_set = (operation == Operation::Execute).then(|| track.change_set.clone());
        self.note_down(&Entry::Intends(Intent {
            address: address.clone(),
            operation,
            token: token.clone(),
            change_set,
            creates: track.creates,
        }))?;
        track.token.clone_from(&token);
        Ok(token)
    }

    /// Writes down what CloudFormation answered. Without an answer nothing is written: the outcome is not known then.
    fn answered(&self, token: &str, error: Option<&CloudError>) -> Result<(), CloudError> {
        if matches!(error, Some(CloudError::Network { .. })) {
            return Ok(());
        }
        let error = error.map(ToString::to_string);
        self.note_down(&Entry::Answered { token: token.to_owned(), error })
    }

    fn note_down(&self, entry: &Entry) -> Result<(), CloudError> {
        self.journal.write(entry).map_err(|error| {
            self.stop.ask(&error.to_string());
            let what = "go on without a record of what is done".to_owned();
            CloudError::Refused { what, message: error.to_string() }
        })
    }

    /// The reason why a changing command must not be carried out: the run lost its lease.
    fn lost_before(&self, command: &Command) -> Option<String> {
        match command {
            Command::ExecuteChangeSet | Command::DeleteStack | Command::ContinueRollback { .. } => {
                self.lease.lost()
            }
            Command::Describe
            | Command::Wait
            | Command::CreateChangeSet { .. }
            | Command::DescribeChangeSet
            | Command::Confirm
            | Command::LookAtResources
            | Command::DeleteChangeSet
            | Command::Finish(_) => None,
        }
    }

    /// Reads the state of the change set.
    async fn weigh(
        &self,
        site: &Site,
        name: &str,
        stack: Option<&Stack>,
        track: &mut Track,
    ) -> Result<Input, CloudError> {
        self.wait(site, For::ChangeSet, track).await;
        let found = self.cloud.describe_change_set(site, name, &track.change_set).await?;
        if !matches!(found, ChangeSet::Pending) {
            self.took(site, For::ChangeSet, track);
        }
        Ok(match found {
            ChangeSet::Pending => Input::ChangeSetPending,
            ChangeSet::Ready(changes) => {
                track.changes = changes;
                self.tell_warnings(site, name, track).await;
                match self.taken(stack, &track.changes).await {
                    None => Input::ChangeSetReady,
                    Some(reason) => Input::ChangeSetFailed(reason),
                }
            }
            ChangeSet::Empty => Input::ChangeSetEmpty,
            ChangeSet::Lost(reason) => Input::ChangeSetLost(reason),
            ChangeSet::Failed(reason) => {
                if track.creates && self.is_made(site, name).await? {
                    return Ok(Input::ChangeSetLost(MADE.to_owned()));
                }
                let template = stack.map(|stack| stack.template.as_str());
                let reason = self.explained(site, name, track, reason, template).await;
                Input::ChangeSetFailed(reason)
            }
        })
    }

    /// Whether somebody else creates this stack, which did not exist before. Its resources then have the names that this run
    /// needs.
    async fn is_made(&self, site: &Site, name: &str) -> Result<bool, CloudError> {
        let found = self.cloud.describe(site, name).await?;
        Ok(found.is_some_and(|stack| standing(&stack.status) != Standing::Absent))
    }

    /// Creates a change set. Retries while a role that was just created is unknown.
    async fn prepare(&self, stack: &Stack, track: &mut Track) -> Result<Prepared, CloudError> {
        let wanted = change_set_name(&stack.entry.digest);
        let token = self.intend(&stack.entry.address(), Operation::Prepare, track)?;
        for tries in 0.. {
            let result = self.cloud.create_change_set(stack, &wanted, track.creates, &token).await;
            match result {
                Ok(given) => {
                    self.answered(&token, None)?;
                    return Ok(Prepared::Begun(given));
                }
                Err(CloudError::Refused { message, .. })
                    if is_passing(&message) && tries < LOOKS =>
                {
                    self.cloud.pause(tries).await;
                }
                Err(error) => {
                    self.answered(&token, Some(&error))?;
                    return match error {
                        CloudError::Refused { message, .. } => Ok(Prepared::Refused(message)),
                        other => Err(other),
                    };
                }
            }
        }
        unreachable!("the last try gives an answer")
    }

    /// Deletes a stack. Retries while a role that was just created is unknown.
    async fn remove(&self, site: &Site, stack: &str, token: &str) -> Result<(), CloudError> {
        for tries in 0.. {
            match self.cloud.delete_stack(site, stack, token).await {
                Err(CloudError::Refused { message, .. })
                    if is_passing(&message) && tries < LOOKS =>
                {
                    self.cloud.pause(tries).await;
                }
                other => return other,
            }
        }
        unreachable!("the last try gives an answer")
    }

    /// Why a change set failed. Only its events have the validation failures of each resource, and they are deleted with the
    /// change set.
    async fn explained(
        &self,
        site: &Site,
        name: &str,
        track: &Track,
        reason: String,
        template: Option<&str>,
    ) -> String {
        match self.cloud.validation_failures(site, name, Some(&track.change_set)).await {
            Ok(found) => {
                let (warnings, failures): (Vec<Rejection>, Vec<Rejection>) =
                    found.into_iter().partition(|one| one.is_warning);
                self.tell_rejections(site, name, warnings);
                if failures.is_empty() {
                    return reason;
                }
                let template = template.unwrap_or_default();
                let help = taken::help(
                    template,
                    &site.place.region,
                    &failures,
                    self.policy.imports_existing,
                );
                let what = match failures.len() {
                    1 => "1 resource".to_owned(),
                    several => format!("{several} resources"),
                };
                self.tell_rejections(site, name, failures);
                format!("{what} did not pass CloudFormation's validation, as said above{help}")
            }
            Err(error) if reason.to_lowercase().contains("validation") => {
                format!("{reason} Which resource is not told: {error}")
            }
            Err(_) => reason,
        }
    }

    /// Reports the resources that failed validation during the operation. The stack's own event only refers to
    /// `DescribeEvents`.
    async fn tell_validation(&self, site: &Site, name: &str, track: &Track) {
        if !track.reasons.iter().any(|reason| reason.contains("DescribeEvents")) {
            return;
        }
        match self.cloud.validation_failures(site, name, None).await {
            Ok(failures) => self.tell_rejections(site, name, failures),
            Err(error) => {
                let address = site.address(name);
                let text = format!("which resource is not told: {error}");
                self.tell(Event::Note { address, text });
            }
        }
    }

    /// Reports what CloudFormation's validation and hooks warn of, although the change set can be executed.
    async fn tell_warnings(&self, site: &Site, name: &str, track: &Track) {
        let found =
            self.cloud.validation_failures(site, track.name(name), Some(&track.change_set)).await;
        match found {
            Ok(found) => {
                let warnings = found.into_iter().filter(|one| one.is_warning).collect();
                self.tell_rejections(site, name, warnings);
            }
            Err(error) => {
                let text = format!("what CloudFormation warns of is not told: {error}");
                self.tell(Event::Note { address: site.address(name), text });
            }
        }
    }

    /// Protects a stack that holds data from deletion, once it is there. Without the protection the stack is as good, so a
    /// failure is a note.
    async fn protect(&self, stack: &Stack, track: &Track) {
        let StackEntry { name, kind, .. } = &stack.entry;
        let is_wanted = !track.is_protected
            && matches!(stack.site.access, Access::Deployer { .. })
            && protection::is_wanted(*kind, &stack.template).unwrap_or_default();
        if !is_wanted {
            return;
        }
        let protected = self.cloud.protect(&stack.site, track.name(name), true).await;
        if let Err(error) = protected {
            let text = format!("it is not protected from deletion: {error}");
            self.tell(Event::Note { address: stack.entry.address(), text });
        }
    }

    fn tell_rejections(&self, site: &Site, name: &str, rejections: Vec<Rejection>) {
        for rejection in rejections {
            self.tell(Event::Rejected { address: site.address(name), rejection });
        }
    }
}

/// The name of the change set for a digest: 51 characters. CloudFormation's limit is 128.
fn change_set_name(digest: &str) -> String {
    format!("lakewright-{}", digest.get(..40).unwrap_or(digest))
}
