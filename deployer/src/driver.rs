//! The driver: it awaits, and does what the plan and the machines say.

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
use crate::plan::{Action, Observed, Plan};
use crate::{lakeformation, preflight};

/// The message about a stack that another run has created since this one checked.
pub(crate) const MADE: &str =
    "another run makes the stack, or has just made it; run again when that is done";

/// How a whole run ended, by stack.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// The outcomes, by address.
    pub outcomes: BTreeMap<StackAddress, Outcome>,
    /// The stacks that were left alone, each with the one that it waits for.
    pub skipped: BTreeMap<StackAddress, StackAddress>,
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

impl<C: Cloud, R: FnMut(Event), A: FnMut(&StackAddress, &[Change]) -> bool> Driver<'_, C, R, A> {
    /// Everything that is there, over several sites.
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

    /// Does the steps of a plan one after the other. A stack that fails keeps those that depend on it from being
    /// started, and no others. A stack that another run is changing ends this run, because the two would collide at
    /// other stacks too.
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
            let outcome = match (step.action, stacks.get(address)) {
                (Action::Create | Action::Update, Some(stack)) => {
                    (self.report)(Event::Started { address: address.clone() });
                    self.deploy(stack, sites).await
                }
                (Action::Keep | Action::Orphan | Action::Foreign, _)
                | (Action::Create | Action::Update, None) => continue,
                (Action::Delete, _) => {
                    let Some(site) = sites.get(&address.place) else { continue };
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
        sites: &BTreeMap<Place, Site>,
    ) -> Result<Outcome, CloudError> {
        let place = stack.entry.place();
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
    pub async fn look_again(
        &mut self,
        plan: &Plan,
        stacks: &BTreeMap<StackAddress, Stack>,
    ) -> Summary {
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
            let Place { account, region } = &stack.site.place;
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
            what: format!(
                "see who has permissions in account {} in {}",
                site.place.account, site.place.region
            ),
            message: format!(
                "{role} is not among the administrators of Lake Formation any more: add it again under \"Administrative roles and tasks\""
            ),
        })
    }

    /// Deletes a stack by its address.
    pub async fn delete(
        &mut self,
        site: &Site,
        address: &StackAddress,
    ) -> Result<Outcome, CloudError> {
        let name = address.name.as_str();
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
