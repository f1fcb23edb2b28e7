//! The driver: the asynchronous part, which carries out the plan and the commands of the state machines.

mod before;
mod confirm;
mod look;
mod steps;
mod stop;
mod taken;
mod waits;
mod watch;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use self::waits::Waits;

use futures_util::stream::{FuturesUnordered, StreamExt as _};
use lakewright_template::StackAddress;
use lakewright_template::assembly::AssetEntry;
use lakewright_template::place::Place;

use crate::again::is_passing;
use crate::alarms::Watch;
use crate::at_once::by_place;
use crate::cloud::{Access, Cloud, CloudError, Site, Stack};
use crate::duties::{Duties, Hybrid};
use crate::lakeformation;
use crate::lease::Lease;
use lakewright_fleet::event::{Change, Event};
use lakewright_fleet::journal::{Entry, Intent, Journal, NoJournal};
use lakewright_fleet::machine::{Goal, Outcome};
use lakewright_fleet::plan::{Action, Observed, Plan, Step};
use lakewright_fleet::schedule::{Because, Limits, Next, Schedule, Waves};
pub use stop::{Stop, Wish};
use tokio::sync::OnceCell;

/// The message about a stack that another run has created since this one checked.
pub(crate) const MADE: &str =
    "another run makes the stack, or has just made it; run again when that is done";

/// The result of a whole run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// The outcomes, by stack address.
    pub outcomes: BTreeMap<StackAddress, Outcome>,
    /// The skipped stacks, each with the reason.
    pub skipped: BTreeMap<StackAddress, Because>,
}

impl Summary {
    /// Why stacks are left for a later run, if there are any.
    pub fn stopped(&self) -> Option<String> {
        self.skipped.values().find_map(|because| match because {
            Because::Stopped(reason) => Some(reason.clone()),
            Because::Stack(_) | Because::SetAside => None,
        })
    }
}

/// How a run goes on, or stops.
#[derive(Debug, Clone, Default)]
pub struct Policy {
    /// How many stacks are deployed at once.
    pub limits: Limits,
    /// After more failed stacks than this, no further stack is started; `None` for no such limit.
    pub failures: Option<usize>,
    /// The accounts and regions of the canaries. Other stacks, except those that they need, start when all of these have ended
    /// well.
    pub canaries: BTreeSet<Place>,
    /// What a run looks at before it begins with the second wave.
    pub watch: Watch,
    /// Whether change sets import existing resources with static names.
    pub imports_existing: bool,
    /// Whether a stack that somebody else changes is set aside with what depends on it, and the others go on. Otherwise the
    /// run starts nothing more.
    pub sets_aside: bool,
}

/// Deploys and deletes stacks through a [`Cloud`].
pub struct Driver<'a, C, R, A> {
    pub(crate) cloud: &'a C,
    /// The callback that receives events.
    report: RefCell<R>,
    /// The callback that confirms the changes of a stack, given by its address.
    ask: RefCell<A>,
    /// The sites where this run has closed Lake Formation's defaults.
    closed: RefCell<BTreeMap<Site, Rc<OnceCell<()>>>>,
    /// The lease on the mesh. A run that loses it changes nothing more.
    pub(crate) lease: &'a Lease,
    policy: Policy,
    journal: &'a dyn Journal,
    /// The requests of an earlier run whose outcome is not known, by stack.
    open: RefCell<BTreeMap<StackAddress, Intent>>,
    /// How many requests of this run have a token, by stack.
    requests: RefCell<BTreeMap<StackAddress, u32>>,
    /// Stacks that the run's listing did not have. Each is told once.
    absent: RefCell<BTreeSet<StackAddress>>,
    /// Roles that were found.
    roles: RefCell<BTreeSet<String>>,
    /// How long change sets and operations take.
    waits: Waits,
    /// Why no further stack is started.
    stop: &'a Stop,
}

impl<C, R, A> std::fmt::Debug for Driver<'_, C, R, A> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Driver").field("policy", &self.policy).finish_non_exhaustive()
    }
}

impl<'a, C: Cloud, R: FnMut(Event), A: FnMut(&StackAddress, &[Change]) -> bool>
    Driver<'a, C, R, A>
{
    /// A driver that keeps no journal.
    pub fn new(cloud: &'a C, report: R, ask: A, lease: &'a Lease, stop: &'a Stop) -> Self {
        Self {
            cloud,
            report: RefCell::new(report),
            ask: RefCell::new(ask),
            closed: RefCell::default(),
            lease,
            policy: Policy::default(),
            journal: &NoJournal,
            open: RefCell::default(),
            requests: RefCell::default(),
            absent: RefCell::default(),
            roles: RefCell::default(),
            waits: Waits::default(),
            stop,
        }
    }

    /// Sets how the run goes on.
    #[must_use]
    pub fn with_policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// Writes each request that changes something into a journal first.
    #[must_use]
    pub fn with_journal(mut self, journal: &'a dyn Journal) -> Self {
        self.journal = journal;
        self
    }

    /// Goes on with a run. `open` has its requests whose outcome is not known, and `requests` how many each stack has
    /// had, so that no token is used twice.
    #[must_use]
    pub fn going_on(
        mut self,
        open: BTreeMap<StackAddress, Intent>,
        requests: BTreeMap<StackAddress, u32>,
    ) -> Self {
        self.open = RefCell::new(open);
        self.requests = RefCell::new(requests);
        self
    }

    /// Names stacks that do not exist by the listing that the plan was made from, so that they need not be looked for. If
    /// somebody has created one since, CloudFormation refuses to create it.
    #[must_use]
    pub fn without(mut self, absent: BTreeSet<StackAddress>) -> Self {
        self.absent = RefCell::new(absent);
        self
    }

    pub(crate) fn tell(&self, event: Event) {
        (self.report.borrow_mut())(event);
    }

    /// Performs the steps of a plan, each as soon as the steps that it depends on are done. If a stack fails, only the
    /// stacks that depend on it are skipped. If somebody else is changing a stack, the policy says what becomes of the
    /// others. A run that has lost its lease changes nothing more.
    pub async fn run(
        &self,
        plan: &Plan,
        stacks: &BTreeMap<StackAddress, Stack>,
        sites: &BTreeMap<Place, Site>,
    ) -> Summary {
        let waves = Waves::of(plan, &self.policy.canaries);
        let mut schedule = Schedule::in_waves(plan, self.policy.limits, &waves);
        let changes = plan.steps.iter().filter(|step| step.is_change()).count();
        // Also what a person has set aside.
        let has_untried = |summary: &Summary| {
            summary.skipped.keys().any(|address| waves.first().contains(address))
        };
        if let Some(reason) = self.held_back_at_first(&waves, sites).await {
            schedule.stop(&reason);
        }
        let mut summary = Summary::default();
        let (mut failures, mut set_aside) = (0, 0);
        let mut under_way = FuturesUnordered::new();
        loop {
            if let Some(reason) = self.stop.reason() {
                schedule.stop(&reason);
            }
            self.heed(plan, &mut schedule, &mut summary, &mut failures);
            let is_over = summary.outcomes.len() + summary.skipped.len() >= changes;
            let is_held = self.stop.is_held() && !is_over;
            let next = if is_held { None } else { schedule.next_step() };
            match next {
                Some(Next::Start(index)) => {
                    let step = &plan.steps[index];
                    under_way.push(async move { (index, self.step(step, stacks, sites).await) });
                    continue;
                }
                Some(Next::Skip(index, because)) => {
                    let address = plan.steps[index].address.clone();
                    self.tell(Event::Skipped {
                        address: address.clone(),
                        because: because.clone(),
                    });
                    summary.skipped.insert(address, because);
                    continue;
                }
                Some(Next::Gate) if failures + set_aside > 0 || has_untried(&summary) => {
                    schedule.stop("a stack of the first wave was not deployed");
                    continue;
                }
                Some(Next::Gate) => {
                    match self.held_back(sites, true).await {
                        None => schedule.open(),
                        Some(reason) => schedule.stop(&reason),
                    }
                    continue;
                }
                None => {}
            }
            let (index, outcome) = tokio::select! {
                biased;
                Some(ended) = under_way.next() => ended,
                () = self.stop.changed(), if is_held || schedule.under_way() > 0 => continue,
                else => break,
            };
            let address = &plan.steps[index].address;
            let is_good = is_good(&outcome);
            schedule.done(index, is_good);
            let is_overtaken = matches!(outcome, Outcome::Overtaken(_));
            let is_set_aside =
                is_overtaken && self.policy.sets_aside && self.lease.lost().is_none();
            failures += usize::from(!is_good && !is_set_aside);
            set_aside += usize::from(is_set_aside);
            if self.policy.failures.is_some_and(|most| failures > most) {
                schedule.stop("more stacks failed than this run may lose");
            }
            if is_overtaken && !is_set_aside {
                let text = "nothing more is changed by this run".to_owned();
                self.tell(Event::Note { address: address.clone(), text });
                schedule.overtaken(address);
            }
            summary.outcomes.insert(address.clone(), outcome);
        }
        summary
    }

    /// Performs one step, and reports its start and end.
    async fn step(
        &self,
        step: &Step,
        stacks: &BTreeMap<StackAddress, Stack>,
        sites: &BTreeMap<Place, Site>,
    ) -> Outcome {
        let address = &step.address;
        let outcome = match (step.action, stacks.get(address), sites.get(&address.place)) {
            (Action::Keep | Action::Orphan | Action::Foreign, _, _) => Ok(Outcome::Unchanged),
            (Action::Create | Action::Update, Some(stack), _) => {
                self.tell(Event::Started { address: address.clone() });
                self.deploy(stack, sites).await
            }
            (Action::Create | Action::Update, None, _) => Err(undoable(step, NO_STACK)),
            (Action::Delete, _, Some(site)) => {
                self.tell(Event::Started { address: address.clone() });
                self.delete(site, address).await
            }
            (Action::Delete, _, None) => Err(undoable(step, NO_SITE)),
        };
        // The failure of one stack does not stop the stacks that do not depend on it.
        let outcome = outcome.unwrap_or_else(|error| failure(&error));
        let written = self
            .journal
            .write(&Entry::Finished { address: address.clone(), outcome: outcome.clone() });
        if let Err(error) = written {
            self.stop.ask(&error.to_string());
        }
        self.tell(Event::Finished { address: address.clone(), outcome: outcome.clone() });
        outcome
    }

    /// Deploys one stack: its checks and files first, then its template, then what CloudFormation does not do.
    pub async fn deploy(
        &self,
        stack: &Stack,
        sites: &BTreeMap<Place, Site>,
    ) -> Result<Outcome, CloudError> {
        let duties = match stack.site.access {
            Access::Deployer { .. } => duties_of(stack)?,
            // A bootstrap stack has no duties, and the owner's permissions are not used for anything else.
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
            // The other change ends meanwhile, and reads show the end of the rollback then.
            self.cloud.pause(5).await;
            (outcome, reasons) = self.drive(goal, &stack.site, Some(stack), name).await?;
        }
        if outcome == Outcome::RolledBack {
            self.tell_alarms(stack, reasons.is_empty()).await;
        }
        let mut attention = Vec::new();
        // CloudFormation reports `UPDATE_COMPLETE` even if the clean-up after the update failed.
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

    fn note(&self, stack: &Stack, text: String) {
        self.tell(Event::Note { address: stack.entry.address(), text });
    }

    /// The work after a stack's deployment that CloudFormation does not do. Returns what remains open to everybody.
    async fn after(&self, stack: &Stack, duties: &Duties) -> Result<Option<String>, CloudError> {
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

    /// Checks unchanged stacks. Uploads files that are missing, for example because somebody else deployed the
    /// template. Closes databases that were opened since, or that an earlier run left open: one request per account
    /// and region, and more only where something is open.
    pub async fn look_again(&self, plan: &Plan, stacks: &BTreeMap<StackAddress, Stack>) -> Summary {
        let mut summary = Summary::default();
        let mut open: BTreeMap<Site, BTreeSet<String>> = BTreeMap::new();
        let mut there: BTreeSet<(String, String)> = BTreeSet::new();
        for step in plan.steps.iter().filter(|step| step.action == Action::Keep) {
            let looked = match stacks.get(&step.address) {
                Some(stack) => self.look_at(stack, &mut there, &mut open).await,
                None => Err(undoable(step, NO_STACK)),
            };
            let outcome = match looked {
                Ok(None) => continue,
                Ok(Some(text)) => Outcome::NeedsAttention(text),
                Err(error) => failure(&error),
            };
            let address = step.address.clone();
            self.tell(Event::Finished { address: address.clone(), outcome: outcome.clone() });
            summary.outcomes.insert(address, outcome);
        }
        summary
    }

    /// Looks at one unchanged stack. Returns what remains open to everybody.
    async fn look_at(
        &self,
        stack: &Stack,
        there: &mut BTreeSet<(String, String)>,
        open: &mut BTreeMap<Site, BTreeSet<String>>,
    ) -> Result<Option<String>, CloudError> {
        self.upload_missing(stack, there).await?;
        // A quick check first: most templates make nothing that could be open.
        if !stack.template.contains("\"AWS::Glue::") {
            return Ok(None);
        }
        let duties = &duties_of(stack)?;
        if duties.databases.is_empty() && duties.tables.is_empty() && duties.hybrid == Hybrid::Off {
            return Ok(None);
        }
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
        // `open_databases` does not cover the mesh's tables in databases of others, nor opt-ins, so these are always
        // checked.
        let has_more = !duties.tables.is_empty() || duties.hybrid != Hybrid::Off;
        if is_open || has_more { self.after(stack, duties).await } else { Ok(None) }
    }

    async fn close_defaults(&self, stack: &Stack) -> Result<(), CloudError> {
        // Other stacks of the same place wait for the first one that does it.
        let cell = Rc::clone(self.closed.borrow_mut().entry(stack.site.clone()).or_default());
        cell.get_or_try_init(|| self.close_once(stack)).await.cloned()
    }

    async fn close_once(&self, stack: &Stack) -> Result<(), CloudError> {
        let had_to = lakeformation::close_defaults(self.cloud, &stack.site).await?;
        self.sees_permissions(&stack.site).await?;
        if had_to {
            let Place { account, region } = &stack.site.place;
            self.note(
                stack,
                format!("Lake Formation's default permissions are off now in {account} {region}"),
            );
        }
        Ok(())
    }

    /// Fails unless the deploy role is an administrator of Lake Formation. Other callers see no permissions of
    /// others, so everything would look closed.
    async fn sees_permissions(&self, site: &Site) -> Result<(), CloudError> {
        let Access::Deployer { role, .. } = &site.access else { return Ok(()) };
        // The settings may have changed a moment ago.
        for tries in 0..3 {
            if lakeformation::is_administrator(self.cloud, site, role).await? {
                return Ok(());
            }
            self.cloud.pause(tries).await;
        }
        Err(CloudError::Refused {
            what: format!(
                "see who has permissions in account {} in {}",
                site.place.account, site.place.region
            ),
            message: format!(
                "{role} is not among the administrators of Lake Formation any more: add it again under \"Administrative roles and tasks\""
            ),
        })
    }

    /// Deletes a stack, given as `account/region/name`.
    pub async fn delete(&self, site: &Site, address: &StackAddress) -> Result<Outcome, CloudError> {
        let name = address.name.as_str();
        Ok(self.drive(Goal::Gone, site, None, name).await?.0)
    }

    /// Uploads the files of a stack. This comes before the stack, so that an existing stack always has its files.
    async fn upload(&self, stack: &Stack) -> Result<(), CloudError> {
        for asset in &stack.entry.assets {
            self.put(stack, asset).await?;
        }
        Ok(())
    }

    /// Uploads the missing files of a stack. A file that several stacks share is looked for once.
    async fn upload_missing(
        &self,
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

    async fn put(&self, stack: &Stack, asset: &AssetEntry) -> Result<(), CloudError> {
        let target = format!("s3://{}/{}", asset.bucket, asset.key);
        let Some(bytes) = stack.assets.get(&asset.path) else {
            let message = format!("{} is not among the stack's files", asset.path);
            return Err(CloudError::Refused { what: format!("upload {target}"), message });
        };
        self.cloud.upload(&stack.site, &asset.bucket, &asset.key, bytes.clone()).await?;
        self.tell(Event::Uploaded { address: stack.entry.address(), target });
        Ok(())
    }
}

/// Why nothing can be done about a step's stack.
const NO_SITE: &str = "nobody is known who may look into its account and region";
/// The same of a stack that is to be made.
const NO_STACK: &str = "it is not among the stacks of the mesh";

/// The stacks of several sites by name, in the order of the sites. Many are listed at the same time.
pub async fn list_all<'s>(
    cloud: &impl Cloud,
    sites: impl IntoIterator<Item = &'s Site>,
) -> Vec<Result<BTreeMap<String, Observed>, CloudError>> {
    by_place(sites.into_iter().map(|site| (&site.place, cloud.list(site)))).await
}

fn undoable(step: &Step, reason: &str) -> CloudError {
    let what = format!("{} {}", step.action.as_str(), step.address);
    CloudError::Refused { what, message: reason.to_owned() }
}

fn duties_of(stack: &Stack) -> Result<Duties, CloudError> {
    Duties::of(&stack.template, &stack.entry.place()).map_err(|error| CloudError::Refused {
        what: format!("see what {} needs beside CloudFormation", stack.entry.address()),
        message: error.to_string(),
    })
}

/// Whether the stacks that depend on this one may be deployed.
pub fn is_good(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Created | Outcome::Updated | Outcome::Unchanged | Outcome::Deleted)
}

/// The outcome for a stack when a request fails.
pub fn failure(error: &CloudError) -> Outcome {
    match error {
        CloudError::Refused { .. } | CloudError::Full { .. } => Outcome::Refused(error.to_string()),
        CloudError::Overtaken { .. } => Outcome::Overtaken(error.to_string()),
        CloudError::Access { .. } | CloudError::Network { .. } | CloudError::Throttled { .. } => {
            Outcome::Unreachable(error.to_string())
        }
    }
}
