//! The driver: it awaits, and does what the plan and the machines say.

use std::collections::{BTreeMap, BTreeSet};

use lakewright_template::assembly::AssetMoment;

use crate::cloud::{ChangeSet, Cloud, CloudError, Site, Stack};
use crate::event::{Change, Event};
use crate::machine::{Command, Goal, Input, Machine, Outcome};
use crate::plan::{Action, Observed, Plan};

/// How a whole run ended, by stack.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// The outcomes, by address.
    pub outcomes: BTreeMap<String, Outcome>,
    /// The stacks that were left alone, each with the one that it waits for.
    pub skipped: BTreeMap<String, String>,
}

/// Drives stacks through a cloud.
#[derive(Debug)]
pub struct Driver<'a, C, R, A> {
    /// The cloud.
    pub cloud: &'a C,
    /// Who is told of events.
    pub report: R,
    /// Who is asked whether changes may be made.
    pub ask: A,
}

/// What is known of the stack that is being driven.
#[derive(Default)]
struct Track {
    change_set: String,
    changes: Vec<Change>,
    /// The newest event that has been told.
    last_event: Option<String>,
    /// Whether something was started, so that a status from before is not taken for the end.
    is_running: bool,
    /// Whether an event came since.
    has_moved: bool,
    tries: u32,
}

impl<C: Cloud, R: FnMut(Event), A: FnMut(&str, &[Change]) -> bool> Driver<'_, C, R, A> {
    /// Everything that is there, over several sites.
    pub async fn observe(
        &mut self,
        sites: &[Site],
    ) -> Result<BTreeMap<String, Observed>, CloudError> {
        let mut observed = BTreeMap::new();
        for site in sites {
            for (name, stack) in self.cloud.list(site).await? {
                observed.insert(format!("{}/{}/{name}", site.account, site.region), stack);
            }
        }
        Ok(observed)
    }

    /// Does the steps of a plan one after the other. A stack that fails keeps those that depend on
    /// it from being started, and no others.
    pub async fn run(
        &mut self,
        plan: &Plan,
        stacks: &BTreeMap<String, Stack>,
        sites: &BTreeMap<String, Site>,
    ) -> Result<Summary, CloudError> {
        let mut summary = Summary::default();
        let mut failed: BTreeSet<String> = BTreeSet::new();
        for step in &plan.steps {
            let address = &step.address;
            if let Some(other) = step.after.iter().find(|other| failed.contains(*other)) {
                failed.insert(address.clone());
                let because = other.clone();
                (self.report)(Event::Skipped {
                    address: address.clone(),
                    because: because.clone(),
                });
                summary.skipped.insert(address.clone(), because);
                continue;
            }
            let outcome = match (step.action, stacks.get(address)) {
                (Action::Create | Action::Update, Some(stack)) => {
                    (self.report)(Event::Started { address: address.clone() });
                    self.deploy(stack).await?
                }
                (Action::Keep | Action::Orphan, _) | (Action::Create | Action::Update, None) => {
                    continue;
                }
                (Action::Delete, _) => {
                    let place = address.rsplit_once('/').map_or("", |(place, _)| place);
                    let Some(site) = sites.get(place) else { continue };
                    (self.report)(Event::Started { address: address.clone() });
                    self.delete(site, address).await?
                }
            };
            (self.report)(Event::Finished { address: address.clone(), outcome: outcome.clone() });
            let is_good = matches!(
                outcome,
                Outcome::Created | Outcome::Updated | Outcome::Unchanged | Outcome::Deleted
            );
            if !is_good {
                failed.insert(address.clone());
            }
            summary.outcomes.insert(address.clone(), outcome);
        }
        Ok(summary)
    }

    /// Brings one stack to its template, with the files that it needs.
    pub async fn deploy(&mut self, stack: &Stack) -> Result<Outcome, CloudError> {
        self.upload(stack, AssetMoment::BeforeStack).await?;
        let outcome =
            self.drive(Goal::Deployed, &stack.site, Some(stack), &stack.entry.name).await?;
        if matches!(outcome, Outcome::Created | Outcome::Updated | Outcome::Unchanged) {
            self.upload(stack, AssetMoment::AfterStack).await?;
        }
        Ok(outcome)
    }

    /// Deletes a stack by its address.
    pub async fn delete(&mut self, site: &Site, address: &str) -> Result<Outcome, CloudError> {
        let name = address.rsplit('/').next().unwrap_or(address);
        self.drive(Goal::Gone, site, None, name).await
    }

    async fn upload(&mut self, stack: &Stack, moment: AssetMoment) -> Result<(), CloudError> {
        for asset in stack.entry.assets.iter().filter(|asset| asset.moment == moment) {
            let Some(bytes) = stack.assets.get(&asset.path) else { continue };
            self.cloud.upload(&stack.site, &asset.bucket, &asset.key, bytes.clone()).await?;
            let target = format!("s3://{}/{}", asset.bucket, asset.key);
            (self.report)(Event::Uploaded { address: stack.entry.address(), target });
        }
        Ok(())
    }

    async fn drive(
        &mut self,
        goal: Goal,
        site: &Site,
        stack: Option<&Stack>,
        name: &str,
    ) -> Result<Outcome, CloudError> {
        let address = format!("{}/{}/{name}", site.account, site.region);
        let mut track = Track::default();
        let (mut machine, mut command) = Machine::start(goal);
        loop {
            let input = match command {
                Command::Finish(outcome) => return Ok(outcome),
                Command::Describe => self.look(site, name, &mut track).await?,
                Command::Wait => {
                    self.cloud.pause(track.tries).await;
                    track.tries += 1;
                    self.look(site, name, &mut track).await?
                }
                Command::CreateChangeSet { creates } => {
                    let Some(stack) = stack else { return Ok(Outcome::Unchanged) };
                    let wanted = change_set_name(&stack.entry.digest);
                    match self.cloud.create_change_set(stack, &wanted, creates).await {
                        Ok(given) => {
                            track.change_set = given;
                            track.tries = 0;
                            Input::ChangeSetPending
                        }
                        Err(CloudError::Refused { message, .. }) => {
                            return Ok(Outcome::Refused(message));
                        }
                        Err(other) => return Err(other),
                    }
                }
                Command::DescribeChangeSet => {
                    let found =
                        self.cloud.describe_change_set(site, name, &track.change_set).await?;
                    match found {
                        ChangeSet::Pending => {
                            self.cloud.pause(track.tries).await;
                            track.tries += 1;
                            Input::ChangeSetPending
                        }
                        ChangeSet::Ready(changes) => {
                            track.changes = changes;
                            Input::ChangeSetReady
                        }
                        ChangeSet::Empty => Input::ChangeSetEmpty,
                        ChangeSet::Failed(reason) => Input::ChangeSetFailed(reason),
                    }
                }
                Command::Confirm => {
                    let changes = track.changes.clone();
                    (self.report)(Event::Changes {
                        address: address.clone(),
                        changes: changes.clone(),
                    });
                    Input::Confirmed((self.ask)(&address, &changes))
                }
                Command::DeleteChangeSet => {
                    self.cloud.delete_change_set(site, name, &track.change_set).await?;
                    Input::Done
                }
                Command::ExecuteChangeSet => {
                    self.begin(site, name, &mut track).await?;
                    self.cloud.execute_change_set(site, name, &track.change_set).await?;
                    Input::Done
                }
                Command::DeleteStack => {
                    self.begin(site, name, &mut track).await?;
                    self.cloud.delete_stack(site, name).await?;
                    Input::Done
                }
            };
            command = machine.next(input);
        }
    }

    /// Remembers what has happened so far, before something is started.
    async fn begin(
        &mut self,
        site: &Site,
        name: &str,
        track: &mut Track,
    ) -> Result<(), CloudError> {
        let events = self.cloud.events(site, name, None).await?;
        track.last_event = events.last().map(|(id, _)| id.clone());
        track.is_running = true;
        track.has_moved = false;
        track.tries = 0;
        Ok(())
    }

    /// Tells what happened since the last look, and gives the stack's status.
    async fn look(
        &mut self,
        site: &Site,
        name: &str,
        track: &mut Track,
    ) -> Result<Input, CloudError> {
        let found = self.cloud.describe(site, name).await?;
        if !track.is_running {
            return Ok(Input::Status(found.map(|stack| stack.status)));
        }
        let Some(found) = found else { return Ok(Input::Status(None)) };
        let events = self.cloud.events(site, name, track.last_event.as_deref()).await?;
        for (id, event) in events {
            track.last_event = Some(id);
            track.has_moved = true;
            (self.report)(event);
        }
        // Without an event since the start, this is still the status from before.
        Ok(if track.has_moved { Input::Status(Some(found.status)) } else { Input::Done })
    }
}

/// The name of the change set for a digest. CloudFormation's limit is 128 characters.
fn change_set_name(digest: &str) -> String {
    format!("lakewright-{}", digest.get(..40).unwrap_or(digest))
}
