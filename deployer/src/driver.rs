//! The driver: it awaits, and does what the plan and the machines say.

use std::collections::{BTreeMap, BTreeSet};

use lakewright_template::assembly::AssetEntry;
use lakewright_template::resolve::Place;

use crate::again::{LOOKS, is_passing};
use crate::cloud::{Access, ChangeSet, Cloud, CloudError, Site, Stack};
use crate::duties::{Duties, Hybrid};
use crate::event::{Change, Event, Rejection};
use crate::lease::Lease;
use crate::machine::{Command, Goal, Input, Machine, Outcome};
use crate::plan::{Action, Observed, Plan};
use crate::status::{Standing, standing};
use crate::{lakeformation, preflight, taken};

/// The message about a stack that another run has created since this one checked.
pub(crate) const MADE: &str =
    "another run makes the stack, or has just made it; run again when that is done";

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
    /// Where Lake Formation's defaults have been looked at in this run.
    pub closed: BTreeSet<Site>,
    /// The lease on the mesh. A run that loses it changes nothing more.
    pub lease: &'a Lease,
    /// Whether change sets import existing resources with static names.
    pub imports_existing: bool,
}

/// Whether something was started, so that a status from before is not taken for the end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Started {
    #[default]
    Nothing,
    /// Something, and no event came since.
    Something,
    /// Something, and events came since.
    Moving,
}

/// What is known of the stack that is being driven.
#[derive(Default)]
struct Track {
    change_set: String,
    changes: Vec<Change>,
    /// The newest event that has been told.
    last_event: Option<String>,
    started: Started,
    tries: u32,
    /// Whether the stack was last changed in express mode.
    is_express: bool,
    /// Why resources failed.
    reasons: Vec<String>,
    /// Whether the change set makes the stack.
    creates: bool,
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

    /// Does the steps of a plan one after the other. A stack that fails keeps those that depend on it from being
    /// started, and no others. A stack that another run is changing ends this run, because the two would collide at
    /// other stacks too.
    pub async fn run(
        &mut self,
        plan: &Plan,
        stacks: &BTreeMap<String, Stack>,
        sites: &BTreeMap<String, Site>,
    ) -> Summary {
        let mut summary = Summary::default();
        let mut failed: BTreeSet<String> = BTreeSet::new();
        let mut overtaken: Option<&str> = None;
        for step in &plan.steps {
            let address = &step.address;
            if let Some(other) = overtaken.filter(|_| step.is_change()) {
                summary.skipped.insert(address.clone(), other.to_owned());
                continue;
            }
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
                    self.deploy(stack, sites).await
                }
                (Action::Keep | Action::Orphan | Action::Foreign, _)
                | (Action::Create | Action::Update, None) => continue,
                (Action::Delete, _) => {
                    let place = address.rsplit_once('/').map_or("", |(place, _)| place);
                    let Some(site) = sites.get(place) else { continue };
                    (self.report)(Event::Started { address: address.clone() });
                    self.delete(site, address).await
                }
            };
            // What one stack meets is no reason to leave others alone that do not depend on it.
            let outcome = outcome.unwrap_or_else(|error| failure(&error));
            (self.report)(Event::Finished { address: address.clone(), outcome: outcome.clone() });
            if !is_good(&outcome) {
                failed.insert(address.clone());
            }
            if matches!(outcome, Outcome::Overtaken(_)) {
                let text = "nothing more is changed by this run".to_owned();
                (self.report)(Event::Note { address: address.clone(), text });
                overtaken = Some(address);
            }
            summary.outcomes.insert(address.clone(), outcome);
        }
        summary
    }

    /// Brings one stack to its template, with the files that it needs and with what CloudFormation does not do.
    pub async fn deploy(
        &mut self,
        stack: &Stack,
        sites: &BTreeMap<String, Site>,
    ) -> Result<Outcome, CloudError> {
        let place =
            Place { account: stack.entry.account.clone(), region: stack.entry.region.clone() };
        let duties = match stack.site.access {
            Access::Deployer { .. } => Duties::of(&stack.template, &place),
            // A bootstrap stack has none, and its owner's rights are not ours to use for more.
            Access::Owner { .. } => Duties::default(),
        };
        if let Some(reason) = self.lease.lost() {
            return Ok(Outcome::Overtaken(reason));
        }
        if let Some(reason) = self.before(stack, &duties, sites).await? {
            return Ok(Outcome::Refused(reason));
        }
        self.upload(stack).await?;
        let name = &stack.entry.name;
        let goal = Goal::Deployed;
        let (mut outcome, mut reasons) = self.drive(goal, &stack.site, Some(stack), name).await?;
        let passing = reasons.iter().find(|reason| is_passing(reason)).cloned();
        if let (Outcome::RolledBack, Some(reason)) = (&outcome, passing) {
            self.note(stack, format!("is run once more, as this goes away by itself: {reason}"));
            (outcome, reasons) = self.drive(goal, &stack.site, Some(stack), name).await?;
        }
        let mut attention = Vec::new();
        // CloudFormation calls an update complete whose clean-up failed.
        if outcome == Outcome::Updated && !reasons.is_empty() {
            attention.push(format!(
                "it was updated, and what it no longer has could not all be removed: {}",
                reasons.join("; ")
            ));
        }
        let is_changed = matches!(outcome, Outcome::Created | Outcome::Updated);
        if is_changed || outcome == Outcome::Unchanged {
            match self.after(stack, &duties).await {
                Ok(open) => attention.extend(open),
                Err(error) if is_changed => {
                    let went =
                        "CloudFormation has changed the stack; run again for what comes after it";
                    return Ok(failure(&error).also(went));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(if attention.is_empty() {
            outcome
        } else {
            Outcome::NeedsAttention(attention.join("; "))
        })
    }

    fn note(&mut self, stack: &Stack, text: String) {
        (self.report)(Event::Note { address: stack.entry.address(), text });
    }

    /// What keeps a stack from being changed: dead administrators, and roles that its policies name and that are not
    /// there. Before the first database, the defaults of Lake Formation are closed.
    async fn before(
        &mut self,
        stack: &Stack,
        duties: &Duties,
        sites: &BTreeMap<String, Site>,
    ) -> Result<Option<String>, CloudError> {
        let site = &stack.site;
        if !duties.administrators.is_empty() {
            let dead = lakeformation::dead_administrators(self.cloud, site).await?;
            if !dead.is_empty() {
                return Ok(Some(format!(
                    "administrators of Lake Formation in account {} do not exist any more, and with one of them in the \
                     list it takes no change: {}; take them out under \"Administrative roles and tasks\"",
                    site.account,
                    dead.join(", ")
                )));
            }
        }
        if !duties.databases.is_empty() {
            self.close_defaults(stack).await?;
        }
        // What an earlier stack of this run made may not be seen at once.
        let mut missing = duties.principals.clone();
        for tries in 0..5 {
            let left = match preflight::missing_roles(self.cloud, sites, &missing).await {
                Ok(left) => left,
                // Another account may not be ready for the question; AWS will say what it misses.
                Err(error @ (CloudError::Access { .. } | CloudError::Network { .. })) => {
                    self.note(stack, format!("whether its roles exist is not known: {error}"));
                    return Ok(None);
                }
                Err(error) => return Err(error),
            };
            missing = left.into_iter().collect();
            if missing.is_empty() {
                return Ok(None);
            }
            self.cloud.pause(tries).await;
        }
        let missing: Vec<String> = missing.into_iter().collect();
        Ok(Some(format!(
            "its policies name roles that do not exist, which AWS refuses: {}",
            missing.join(", ")
        )))
    }

    /// What CloudFormation does not do, when the stack is there. Gives what is open that should not be.
    async fn after(
        &mut self,
        stack: &Stack,
        duties: &Duties,
    ) -> Result<Option<String>, CloudError> {
        let is_about_nothing = duties.databases.is_empty()
            && duties.tables.is_empty()
            && duties.permissions.is_empty();
        if is_about_nothing && duties.administrators.is_empty() {
            return Ok(None);
        }
        self.close_defaults(stack).await?;
        if is_about_nothing {
            return Ok(None);
        }
        let (open, missing) = lakeformation::secure(self.cloud, &stack.site, duties).await?;
        for text in missing {
            self.note(stack, text);
        }
        Ok((!open.is_empty()).then(|| open.join("; ")))
    }

    /// Looks at stacks that need no change. Their files may be gone, or were never there when somebody else deployed
    /// their templates. Their databases may have been opened since, or an earlier run may have ended before it closed
    /// them: one question for each account and region, and more only where something is open.
    pub async fn look_again(&mut self, plan: &Plan, stacks: &BTreeMap<String, Stack>) -> Summary {
        let mut summary = Summary::default();
        let mut open: BTreeMap<Site, BTreeSet<String>> = BTreeMap::new();
        let kept = plan.steps.iter().filter(|step| step.action == Action::Keep);
        let mut there: BTreeSet<(String, String)> = BTreeSet::new();
        for stack in kept.filter_map(|step| stacks.get(&step.address)) {
            let place =
                Place { account: stack.entry.account.clone(), region: stack.entry.region.clone() };
            if let Err(error) = self.upload_missing(stack, &mut there).await {
                self.end(stack, failure(&error), &mut summary);
                continue;
            }
            if !stack.template.contains("\"AWS::Glue::") {
                continue;
            }
            let duties = Duties::of(&stack.template, &place);
            if duties.databases.is_empty()
                && duties.tables.is_empty()
                && duties.hybrid == Hybrid::Off
            {
                continue;
            }
            let looked = self.look_at(stack, &duties, &mut open).await;
            let outcome = match looked {
                Ok(None) => continue,
                Ok(Some(text)) => Outcome::NeedsAttention(text),
                Err(error) => failure(&error),
            };
            self.end(stack, outcome, &mut summary);
        }
        summary
    }

    fn end(&mut self, stack: &Stack, outcome: Outcome, summary: &mut Summary) {
        let address = stack.entry.address();
        (self.report)(Event::Finished { address: address.clone(), outcome: outcome.clone() });
        summary.outcomes.insert(address, outcome);
    }

    async fn look_at(
        &mut self,
        stack: &Stack,
        duties: &Duties,
        open: &mut BTreeMap<Site, BTreeSet<String>>,
    ) -> Result<Option<String>, CloudError> {
        self.close_defaults(stack).await?;
        if !open.contains_key(&stack.site) {
            let found = lakeformation::open_databases(self.cloud, &stack.site).await?;
            open.insert(stack.site.clone(), found);
        }
        let is_open =
            open.get(&stack.site).is_some_and(|open| !open.is_disjoint(&duties.databases));
        if is_open {
            self.note(stack, "its database was open to everybody with IAM permissions".to_owned());
        }
        // In databases of others only single tables are the mesh's, and opt-ins are of single principals.
        let has_more = !duties.tables.is_empty() || duties.hybrid != Hybrid::Off;
        if is_open || has_more { self.after(stack, duties).await } else { Ok(None) }
    }

    async fn close_defaults(&mut self, stack: &Stack) -> Result<(), CloudError> {
        if self.closed.contains(&stack.site) {
            return Ok(());
        }
        let had_to = lakeformation::close_defaults(self.cloud, &stack.site).await?;
        self.sees_permissions(&stack.site).await?;
        self.closed.insert(stack.site.clone());
        if had_to {
            let Site { account, region, .. } = &stack.site;
            self.note(
                stack,
                format!("Lake Formation's default permissions are off now in {account} {region}"),
            );
        }
        Ok(())
    }

    /// Whoever is no administrator is shown no permission of others, and would find everything closed.
    async fn sees_permissions(&self, site: &Site) -> Result<(), CloudError> {
        let Access::Deployer { role, .. } = &site.access else { return Ok(()) };
        // The settings may have been made a moment ago.
        for tries in 0..3 {
            if lakeformation::is_administrator(self.cloud, site, role).await? {
                return Ok(());
            }
            self.cloud.pause(tries).await;
        }
        Err(CloudError::Refused {
            what: format!("see who has permissions in account {} in {}", site.account, site.region),
            message: format!(
                "{role} is not among the administrators of Lake Formation any more: add it again under \"Administrative roles and tasks\""
            ),
        })
    }

    /// Deletes a stack by its address.
    pub async fn delete(&mut self, site: &Site, address: &str) -> Result<Outcome, CloudError> {
        let name = address.rsplit('/').next().unwrap_or(address);
        Ok(self.drive(Goal::Gone, site, None, name).await?.0)
    }

    /// Uploads the files of a stack. It comes before the stack, so that a stack which is there has them.
    async fn upload(&mut self, stack: &Stack) -> Result<(), CloudError> {
        for asset in &stack.entry.assets {
            self.put(stack, asset).await?;
        }
        Ok(())
    }

    /// Uploads those files of a stack that are not there. Stacks may share a file, which is looked for once.
    async fn upload_missing(
        &mut self,
        stack: &Stack,
        there: &mut BTreeSet<(String, String)>,
    ) -> Result<(), CloudError> {
        for asset in &stack.entry.assets {
            if !there.insert((asset.bucket.clone(), asset.key.clone())) {
                continue;
            }
            if !self.cloud.has_object(&stack.site, &asset.bucket, &asset.key).await? {
                self.put(stack, asset).await?;
                let target = format!("s3://{}/{}", asset.bucket, asset.key);
                self.note(stack, format!("its file {target} was not there, and is uploaded"));
            }
        }
        Ok(())
    }

    async fn put(&mut self, stack: &Stack, asset: &AssetEntry) -> Result<(), CloudError> {
        let target = format!("s3://{}/{}", asset.bucket, asset.key);
        let Some(bytes) = stack.assets.get(&asset.path) else {
            let message = format!("{} is not among the stack's files", asset.path);
            return Err(CloudError::Refused { what: format!("upload {target}"), message });
        };
        self.cloud.upload(&stack.site, &asset.bucket, &asset.key, bytes.clone()).await?;
        (self.report)(Event::Uploaded { address: stack.entry.address(), target });
        Ok(())
    }

    /// Drives a stack to its end. Once CloudFormation has begun, a request that fails says nothing of how that ends.
    async fn drive(
        &mut self,
        goal: Goal,
        site: &Site,
        stack: Option<&Stack>,
        name: &str,
    ) -> Result<(Outcome, Vec<String>), CloudError> {
        let mut track = Track::default();
        match self.step_by_step(goal, site, stack, name, &mut track).await {
            Ok(outcome) => Ok((outcome, track.reasons)),
            Err(error) if track.started == Started::Nothing => Err(error),
            Err(error) => {
                let went = "CloudFormation has begun with the stack and goes on by itself; run again to see how it ended";
                Ok((failure(&error).also(went), track.reasons))
            }
        }
    }

    async fn step_by_step(
        &mut self,
        goal: Goal,
        site: &Site,
        stack: Option<&Stack>,
        name: &str,
        track: &mut Track,
    ) -> Result<Outcome, CloudError> {
        let address = format!("{}/{}/{name}", site.account, site.region);
        let (mut machine, mut command) = Machine::start(goal);
        loop {
            if let Some(reason) = self.lost_before(&command) {
                return Ok(Outcome::Overtaken(reason));
            }
            let input = match command {
                Command::Finish(outcome) => {
                    self.tell_validation(site, name, track).await;
                    return Ok(outcome);
                }
                Command::Describe => self.look(site, name, track).await?,
                Command::Wait => {
                    self.cloud.pause(track.tries).await;
                    track.tries += 1;
                    self.look(site, name, track).await?
                }
                Command::CreateChangeSet { creates } => {
                    let Some(stack) = stack else { return Ok(Outcome::Unchanged) };
                    track.creates = creates;
                    match self.prepare(stack, creates).await? {
                        Ok(given) => {
                            track.change_set = given;
                            track.tries = 0;
                            Input::ChangeSetPending
                        }
                        Err(message) => return Ok(Outcome::Refused(message)),
                    }
                }
                Command::DescribeChangeSet => self.weigh(site, name, stack, track).await?,
                Command::Confirm => {
                    let changes = track.changes.clone();
                    (self.report)(Event::Changes {
                        address: address.clone(),
                        changes: changes.clone(),
                    });
                    Input::Confirmed((self.ask)(&address, &changes))
                }
                Command::DeleteChangeSet => {
                    // Why there was nothing to run has been said, and stays the reason.
                    let cleared = self.cloud.delete_change_set(site, name, &track.change_set).await;
                    if let Err(error) = cleared {
                        let text = format!("what was prepared is left there: {error}");
                        (self.report)(Event::Note { address: address.clone(), text });
                    }
                    Input::Done
                }
                Command::ExecuteChangeSet => {
                    self.begin(site, name, track).await?;
                    match self.cloud.execute_change_set(site, name, &track.change_set).await {
                        Ok(()) => Input::Done,
                        Err(error @ CloudError::Overtaken { .. }) => {
                            Input::ChangeSetLost(error.to_string())
                        }
                        Err(error) => {
                            // A refusal is an answer: nothing was begun.
                            if !matches!(error, CloudError::Network { .. }) {
                                track.started = Started::Nothing;
                            }
                            return Err(error);
                        }
                    }
                }
                Command::DeleteStack => {
                    self.begin(site, name, track).await?;
                    let removed = self.remove(site, name).await;
                    if matches!(&removed, Err(error) if !matches!(error, CloudError::Network { .. }))
                    {
                        track.started = Started::Nothing;
                    }
                    removed?;
                    Input::Done
                }
            };
            if track.is_express {
                machine.was_express();
            }
            command = machine.next(input);
        }
    }

    /// Why a command is not done that changes something: another run may have begun.
    fn lost_before(&self, command: &Command) -> Option<String> {
        match command {
            Command::ExecuteChangeSet | Command::DeleteStack => self.lease.lost(),
            Command::Describe
            | Command::Wait
            | Command::CreateChangeSet { .. }
            | Command::DescribeChangeSet
            | Command::Confirm
            | Command::DeleteChangeSet
            | Command::Finish(_) => None,
        }
    }

    /// Looks at the change set.
    async fn weigh(
        &mut self,
        site: &Site,
        name: &str,
        stack: Option<&Stack>,
        track: &mut Track,
    ) -> Result<Input, CloudError> {
        let found = self.cloud.describe_change_set(site, name, &track.change_set).await?;
        Ok(match found {
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

    /// Whether a stack that was not there is made by somebody else: what that makes has the names that this run wanted.
    async fn is_made(&self, site: &Site, name: &str) -> Result<bool, CloudError> {
        let found = self.cloud.describe(site, name).await?;
        Ok(found.is_some_and(|stack| standing(&stack.status) != Standing::Absent))
    }

    /// Makes a change set, and waits for roles that were just made; or gives why CloudFormation takes none.
    async fn prepare(
        &mut self,
        stack: &Stack,
        creates: bool,
    ) -> Result<Result<String, String>, CloudError> {
        let wanted = change_set_name(&stack.entry.digest);
        for tries in 0.. {
            match self.cloud.create_change_set(stack, &wanted, creates).await {
                Ok(given) => return Ok(Ok(given)),
                Err(CloudError::Refused { message, .. })
                    if is_passing(&message) && tries < LOOKS =>
                {
                    self.cloud.pause(tries).await;
                }
                Err(CloudError::Refused { message, .. }) => return Ok(Err(message)),
                Err(other) => return Err(other),
            }
        }
        unreachable!("the last try gives an answer")
    }

    /// Deletes a stack, and waits for a role that was just made.
    async fn remove(&mut self, site: &Site, name: &str) -> Result<(), CloudError> {
        for tries in 0.. {
            match self.cloud.delete_stack(site, name).await {
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

    /// Why a change set of a template failed. What CloudFormation's own validation says of each resource is told by its
    /// events only, and these go with the change set.
    async fn explained(
        &mut self,
        site: &Site,
        name: &str,
        track: &Track,
        reason: String,
        template: Option<&str>,
    ) -> String {
        match self.cloud.validation_failures(site, name, Some(&track.change_set)).await {
            Ok(failures) if failures.is_empty() => reason,
            Ok(failures) => {
                let template = template.unwrap_or_default();
                let help = taken::help(template, &site.region, &failures, self.imports_existing);
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

    /// Tells what a change did not pass that ran: the stack's own event only says where to ask.
    async fn tell_validation(&mut self, site: &Site, name: &str, track: &Track) {
        if !track.reasons.iter().any(|reason| reason.contains("DescribeEvents")) {
            return;
        }
        match self.cloud.validation_failures(site, name, None).await {
            Ok(failures) => self.tell_rejections(site, name, failures),
            Err(error) => {
                let address = format!("{}/{}/{name}", site.account, site.region);
                let text = format!("which resource is not told: {error}");
                (self.report)(Event::Note { address, text });
            }
        }
    }

    fn tell_rejections(&mut self, site: &Site, name: &str, rejections: Vec<Rejection>) {
        for Rejection { logical_id, kind, reason } in rejections {
            (self.report)(Event::Resource {
                address: format!("{}/{}/{name}", site.account, site.region),
                logical_id,
                kind,
                status: Rejection::STATUS.to_owned(),
                reason: Some(reason),
            });
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
        track.started = Started::Something;
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
        track.is_express = found.as_ref().is_some_and(|stack| stack.is_express);
        if track.started == Started::Nothing {
            return Ok(Input::Status(found.map(|stack| stack.status)));
        }
        let Some(found) = found else { return Ok(Input::Status(None)) };
        let events = self.cloud.events(site, name, track.last_event.as_deref()).await?;
        for (id, event) in events {
            track.last_event = Some(id);
            track.started = Started::Moving;
            if let Event::Resource { status, reason: Some(reason), .. } = &event
                && status.ends_with("FAILED")
            {
                track.reasons.push(reason.clone());
            }
            (self.report)(event);
        }
        // Without an event since the start, this is still the status from before.
        let is_moving = track.started == Started::Moving;
        Ok(if is_moving { Input::Status(Some(found.status)) } else { Input::Done })
    }
}

/// Whether what waits for a stack may go on.
pub fn is_good(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Created | Outcome::Updated | Outcome::Unchanged | Outcome::Deleted)
}

/// How it ends for a stack when a request fails.
pub fn failure(error: &CloudError) -> Outcome {
    match error {
        CloudError::Refused { .. } => Outcome::Refused(error.to_string()),
        CloudError::Overtaken { .. } => Outcome::Overtaken(error.to_string()),
        CloudError::Access { .. } | CloudError::Network { .. } => {
            Outcome::Unreachable(error.to_string())
        }
    }
}

/// The name of the change set for a digest. CloudFormation's limit is 128 characters.
fn change_set_name(digest: &str) -> String {
    format!("lakewright-{}", digest.get(..40).unwrap_or(digest))
}
