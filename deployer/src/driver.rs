//! The driver: the asynchronous part, which carries out the plan and the commands of the state machines.

mod steps;

use std::collections::{BTreeMap, BTreeSet};

use lakewright_template::StackAddress;
use lakewright_template::assembly::AssetEntry;
use lakewright_template::place::Place;

use crate::again::is_passing;
use crate::cloud::{Access, Cloud, CloudError, Site, Stack};
use crate::duties::{Duties, Hybrid};
use crate::event::{Change, Event};
use crate::lease::Lease;
use crate::machine::{Goal, Outcome};
use crate::plan::{Action, Observed, Plan, Step};
use crate::{lakeformation, preflight};

/// The message about a stack that another run has created since this one checked.
pub(crate) const MADE: &str =
    "another run makes the stack, or has just made it; run again when that is done";

/// The result of a whole run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// The outcomes, by stack address.
    pub outcomes: BTreeMap<StackAddress, Outcome>,
    /// The skipped stacks, each with the stack that caused it.
    pub skipped: BTreeMap<StackAddress, StackAddress>,
}

/// Deploys and deletes stacks through a [`Cloud`].
#[derive(Debug)]
pub struct Driver<'a, C, R, A> {
    /// The cloud.
    pub cloud: &'a C,
    /// The callback that receives events.
    pub report: R,
    /// The callback that confirms the changes of a stack, given by its address.
    pub ask: A,
    /// The sites where this run has already closed Lake Formation's defaults.
    pub closed: BTreeSet<Site>,
    /// The lease on the mesh. A run that loses it changes nothing more.
    pub lease: &'a Lease,
    /// Whether change sets import existing resources with static names.
    pub imports_existing: bool,
}

impl<C: Cloud, R: FnMut(Event), A: FnMut(&StackAddress, &[Change]) -> bool> Driver<'_, C, R, A> {
    /// All deployed stacks of several sites, by address.
    pub async fn observe(
        &mut self,
        sites: &[Site],
    ) -> Result<BTreeMap<StackAddress, Observed>, CloudError> {
        let mut observed = BTreeMap::new();
        for site in sites {
            for (name, stack) in self.cloud.list(site).await? {
                observed.insert(site.address(&name), stack);
            }
        }
        Ok(observed)
    }

    /// Performs the steps of a plan in order. If a stack fails, only the stacks that depend on it are skipped. If
    /// another run is changing a stack, this run changes nothing more, because the two would collide at other stacks
    /// too.
    pub async fn run(
        &mut self,
        plan: &Plan,
        stacks: &BTreeMap<StackAddress, Stack>,
        sites: &BTreeMap<Place, Site>,
    ) -> Summary {
        let mut summary = Summary::default();
        let mut failed: BTreeSet<StackAddress> = BTreeSet::new();
        let mut overtaken: Option<&StackAddress> = None;
        for step in &plan.steps {
            let address = &step.address;
            if let Some(other) = overtaken.filter(|_| step.is_change()) {
                summary.skipped.insert(address.clone(), other.clone());
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
            let outcome = match (step.action, stacks.get(address), sites.get(&address.place)) {
                (Action::Keep | Action::Orphan | Action::Foreign, _, _) => continue,
                (Action::Create | Action::Update, Some(stack), _) => {
                    (self.report)(Event::Started { address: address.clone() });
                    self.deploy(stack, sites).await
                }
                (Action::Create | Action::Update, None, _) => Err(undoable(step, NO_STACK)),
                (Action::Delete, _, Some(site)) => {
                    (self.report)(Event::Started { address: address.clone() });
                    self.delete(site, address).await
                }
                (Action::Delete, _, None) => Err(undoable(step, NO_SITE)),
            };
            // The failure of one stack does not stop the stacks that do not depend on it.
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

    /// Deploys one stack: its checks and files first, then its template, then what CloudFormation does not do.
    pub async fn deploy(
        &mut self,
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
            (outcome, reasons) = self.drive(goal, &stack.site, Some(stack), name).await?;
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

    fn note(&mut self, stack: &Stack, text: String) {
        (self.report)(Event::Note { address: stack.entry.address(), text });
    }

    /// Checks before a stack changes. Returns the reason why it cannot: administrators that no longer exist, or
    /// missing roles that its policies name. Closes the defaults of Lake Formation before the first database.
    async fn before(
        &mut self,
        stack: &Stack,
        duties: &Duties,
        sites: &BTreeMap<Place, Site>,
    ) -> Result<Option<String>, CloudError> {
        let site = &stack.site;
        if !duties.administrators.is_empty() {
            let dead = lakeformation::dead_administrators(self.cloud, site).await?;
            if !dead.is_empty() {
                return Ok(Some(format!(
                    "administrators of Lake Formation in account {} do not exist any more, and with one of them in the \
                     list it takes no change: {}; take them out under \"Administrative roles and tasks\"",
                    site.place.account,
                    dead.join(", ")
                )));
            }
        }
        if !duties.databases.is_empty() {
            self.close_defaults(stack).await?;
        }
        // IAM may not show a role at once that an earlier stack of this run created.
        let mut missing = duties.principals.clone();
        for tries in 0..5 {
            let left = match preflight::missing_roles(self.cloud, sites, &missing).await {
                Ok(left) => left,
                // The other account may not allow the check yet. CloudFormation reports a missing role then.
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

    /// The work after a stack's deployment that CloudFormation does not do. Returns what remains open to everybody.
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

    /// Checks unchanged stacks. Uploads files that are missing, for example because somebody else deployed the
    /// template. Closes databases that were opened since, or that an earlier run left open: one request per account
    /// and region, and more only where something is open.
    pub async fn look_again(
        &mut self,
        plan: &Plan,
        stacks: &BTreeMap<StackAddress, Stack>,
    ) -> Summary {
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
            (self.report)(Event::Finished { address: address.clone(), outcome: outcome.clone() });
            summary.outcomes.insert(address, outcome);
        }
        summary
    }

    /// Looks at one unchanged stack. Returns what remains open to everybody.
    async fn look_at(
        &mut self,
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

    async fn close_defaults(&mut self, stack: &Stack) -> Result<(), CloudError> {
        if self.closed.contains(&stack.site) {
            return Ok(());
        }
        let had_to = lakeformation::close_defaults(self.cloud, &stack.site).await?;
        self.sees_permissions(&stack.site).await?;
        self.closed.insert(stack.site.clone());
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
    pub async fn delete(
        &mut self,
        site: &Site,
        address: &StackAddress,
    ) -> Result<Outcome, CloudError> {
        let name = address.name.as_str();
        Ok(self.drive(Goal::Gone, site, None, name).await?.0)
    }

    /// Uploads the files of a stack. This comes before the stack, so that an existing stack always has its files.
    async fn upload(&mut self, stack: &Stack) -> Result<(), CloudError> {
        for asset in &stack.entry.assets {
            self.put(stack, asset).await?;
        }
        Ok(())
    }

    /// Uploads the missing files of a stack. A file that several stacks share is looked for once.
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
}

/// Why nothing can be done about a step's stack.
const NO_SITE: &str = "nobody is known who may look into its account and region";
/// The same of a stack that is to be made.
const NO_STACK: &str = "it is not among the stacks of the mesh";

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
        CloudError::Refused { .. } => Outcome::Refused(error.to_string()),
        CloudError::Overtaken { .. } => Outcome::Overtaken(error.to_string()),
        CloudError::Access { .. } | CloudError::Network { .. } => {
            Outcome::Unreachable(error.to_string())
        }
    }
}
