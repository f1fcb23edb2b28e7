//! The review of a deployment: what it does to the deployed stacks, and who gains access. And what is deployed, as a side
//! of `lakewright diff`.

use std::collections::{BTreeMap, BTreeSet};

use lakewright_analysis::progress::Unwatched;
use lakewright_analysis::review::{self, DeployedStack, Reviewed, review_deployment};
use lakewright_analysis::subject::{Keep, Subject};
use lakewright_deployer::cloud::{CloudError, Site};
use lakewright_deployer::driver::list_all;
use lakewright_deployer::templates::{self, Source, has_resources, is_settled};
use lakewright_diff::disagreement::Service;
use lakewright_fleet::plan::{Action, Observed, Plan, Step};
use lakewright_stacks::DeployTarget;
use lakewright_template::StackAddress;
use lakewright_template::digest::sha256;
use serde_json::Value;

use super::allow::{Allow, Circumstances, Needed};
use super::lock::Lock;
use super::request::Request;
use super::saved::SavedReview;
use super::seen::Seen;
use super::{Deployment, deployer, unreachable};
use crate::exit::Failure;
use crate::show::review::names::Names;
use crate::show::review::{Shown, json, terminal};
use crate::ui::Ui;
use crate::width::{error_width, width};

/// The error of a run without a question, if the stacks are not those of its review any more.
pub(super) const CHANGED: &str = "another deployment of the mesh or somebody else has changed its stacks since the review was made, so \
                                  it says something else now; nothing was changed: run again";

/// The deployed templates that a review is made from.
#[derive(Debug, Default, PartialEq, Eq)]
struct Before {
    /// The stacks whose template is the mesh's own, by their revisions.
    kept: BTreeSet<StackAddress>,
    /// The templates of the other stacks, as CloudFormation has them.
    read: BTreeMap<StackAddress, String>,
}

/// The review of a plan, and what it was made from.
#[derive(Debug)]
pub(super) struct PlanReview {
    before: Before,
    reviewed: Reviewed,
    /// The mesh, as the user named it.
    mesh: String,
}

impl PlanReview {
    fn shown<'r>(&'r self, named: &'r Names<'r>) -> Shown<'r> {
        Shown { review: &self.reviewed.review, before: "deployed", after: &self.mesh, named }
    }

    /// The document for programs.
    pub(super) fn document(&self) -> Value {
        json::document(&self.shown(&Names(&self.reviewed)))
    }

    /// Whether nothing of the mesh is deployed yet.
    pub(super) fn is_first(&self) -> bool {
        self.before == Before::default()
    }

    /// What the review has to be allowed.
    pub(super) fn needed(&self, circumstances: &Circumstances) -> Needed {
        Needed::of(&self.reviewed, circumstances)
    }

    /// What CloudFormation's change sets may do to data.
    pub(super) fn lock(&self, allowed: &[Allow]) -> Lock {
        Lock::of(&self.reviewed, allowed)
    }

    /// The review without its content, for a plan in a file. How the user named the mesh makes no difference.
    pub(super) fn saved(&self) -> SavedReview {
        let names = Names(&self.reviewed);
        let shown = Shown { after: "", ..self.shown(&names) };
        let document = json::document(&shown).to_string();
        SavedReview { digest: sha256(document.as_bytes()), findings: shown.ids() }
    }

    /// Shows the review to people. A review that was asked for is data; one before a confirmation is not.
    pub(super) fn show(&self, is_data: bool, ui: &mut Ui) {
        if ui.is_json() {
            return;
        }
        let names = Names(&self.reviewed);
        let shown = self.shown(&names);
        // Before a first deployment, every resource and all access would be new.
        if self.is_first() {
            let text = format!(
                "{}; nothing of the mesh is deployed yet, and `lakewright access MESH` shows who will have access",
                shown.summary()
            );
            if is_data {
                ui.prose(&format!("{text}\n"));
            } else {
                ui.note(&text);
            }
        } else if is_data {
            ui.data(&format!("\n{}", terminal::text(&shown, ui.data_style(), width())));
        } else {
            let width = error_width().unwrap_or_else(width);
            ui.note_lines(&format!("\n{}", terminal::text(&shown, ui.note_style(), width)));
        }
    }
}

/// Every deployed stack of a mesh with its template, and notes on what was left out.
#[derive(Debug, Default)]
pub(crate) struct AllDeployed {
    /// The subject and the template of each stack, by its address.
    stacks: BTreeMap<StackAddress, (String, String)>,
    /// What was left out, and what may be otherwise, each in a sentence.
    pub(crate) notes: Vec<String>,
    /// What CloudFormation's own change sets say of the stacks that differ from the mesh, if they were asked for.
    pub(crate) services: Vec<Service>,
}

impl AllDeployed {
    /// The template of a stack.
    pub(super) fn template(&self, address: &StackAddress) -> Option<&str> {
        self.stacks.get(address).map(|(_, text)| text.as_str())
    }

    /// The stacks.
    pub(crate) fn stacks(&self) -> Vec<DeployedStack<'_>> {
        let stacks = self.stacks.iter();
        let stacks = stacks.map(|(address, (subject, text))| DeployedStack {
            address,
            subject: subject.clone(),
            text,
        });
        stacks.collect()
    }
}

impl Deployment<'_> {
    /// Reviews what a plan changes. The templates of stacks that the plan keeps are not read if the stack has the mesh's
    /// revision.
    pub(super) fn review(
        &self,
        plan: &Plan,
        observed: &BTreeMap<StackAddress, Observed>,
        request: Request<'_>,
    ) -> Result<PlanReview, Failure> {
        let before = self.before(plan, observed)?;
        let sources = self.sources.to_vec();
        let made = Subject::of_plan(
            self.mesh,
            Some(&request.purpose.day),
            Keep::Grants,
            sources,
            &Unwatched,
        )?;
        // The stacks of the plan were made from the same mesh.
        let mesh = made.subject.ok_or_else(|| Failure::unexpected("the mesh has errors"))?;
        let mut reviewed = review_deployment(mesh, &self.sides(plan, &before, observed))?;
        reviewed.review.notes.extend(unsettled(before.read.keys(), observed));
        Ok(PlanReview { before, reviewed, mesh: request.mesh.to_owned() })
    }

    /// Whether the deployed stacks are still those of a review.
    pub(super) fn is_still_so(
        &self,
        plan: &Plan,
        seen: &Seen,
        review: &PlanReview,
    ) -> Result<bool, Failure> {
        let mut observed = BTreeMap::new();
        let lists = self.runtime.block_on(list_all(&self.aws, seen.sites.values()));
        for (site, listed) in seen.sites.values().zip(lists) {
            let listed = match listed {
                Err(error @ CloudError::Access { .. }) => self.list_as_owner(site, &error)?,
                other => other.map_err(|error| unreachable(&error))?,
            };
            observed.extend(listed.into_iter().map(|(name, stack)| (site.address(&name), stack)));
        }
        Ok(self.before(plan, &observed)? == review.before)
    }

    /// The deployed templates of a plan's stacks.
    fn before(
        &self,
        plan: &Plan,
        observed: &BTreeMap<StackAddress, Observed>,
    ) -> Result<Before, Failure> {
        let (mut kept, mut unread) = (BTreeSet::new(), Vec::new());
        for Step { address, action, .. } in &plan.steps {
            let there = observed.get(address).filter(|stack| has_resources(&stack.status));
            let Some(there) = there else { continue };
            let wanted = self.stacks.get(address).map(|stack| &stack.entry.revision);
            if *action == Action::Keep && wanted.is_some() && wanted == there.revision.as_ref() {
                kept.insert(address.clone());
            } else {
                unread.push(address);
            }
        }
        Ok(Before { kept, read: self.read_templates(&unread)? })
    }

    /// The stacks before and after a plan.
    fn sides<'s>(
        &'s self,
        plan: &'s Plan,
        before: &'s Before,
        observed: &BTreeMap<StackAddress, Observed>,
    ) -> review::Deployment<'s> {
        let mut sides = review::Deployment::default();
        for Step { address, action, .. } in &plan.steps {
            let wanted = self.stacks.get(address);
            let own = || wanted.map(|stack| stack.template.as_str());
            let read = before.read.get(address).map(String::as_str);
            let old = if before.kept.contains(address) { own() } else { read };
            let one = |text: &'s str| DeployedStack {
                address,
                subject: self.subject(address, observed.get(address)),
                text,
            };
            match action {
                Action::Keep | Action::Orphan | Action::Foreign => {
                    sides.unchanged.extend(old.map(one));
                }
                Action::Delete => sides.before.extend(old.map(one)),
                Action::Create | Action::Update => {
                    sides.before.extend(old.map(one));
                    sides.after.extend(own().map(one));
                }
            }
        }
        sides
    }

    /// Every deployed stack of the mesh, also those that the mesh no longer has, with its template.
    pub(crate) fn all_deployed(&mut self) -> Result<AllDeployed, Failure> {
        let seen = self.observe()?;
        let mut notes = self.unknown(&seen);
        let mut unread = Vec::new();
        for (address, stack) in &seen.observed {
            let is_named = self.stacks.contains_key(address);
            if !has_resources(&stack.status) || !(is_named || self.is_ours(address, stack)) {
                continue;
            }
            match stack.tags.get("lakewright:mesh") {
                Some(other) if *other != self.id => notes.push(format!(
                    "{address} is the mesh `{other}`'s, as its tag says, and is left out"
                )),
                _ => unread.push(address),
            }
        }
        let read = self.read_templates(&unread)?;
        notes.extend(unsettled(read.keys(), &seen.observed));
        let stacks = read.into_iter().map(|(address, text)| {
            let subject = self.subject(&address, seen.observed.get(&address));
            (address, (subject, text))
        });
        Ok(AllDeployed { stacks: stacks.collect(), notes, services: Vec::new() })
    }

    /// The document that a stack belongs to, such as `dataset/sales`: of a stack that the mesh no longer has, by its tags.
    pub(super) fn subject(&self, address: &StackAddress, stack: Option<&Observed>) -> String {
        if let Some(wanted) = self.stacks.get(address) {
            return format!("{}/{}", wanted.entry.kind, wanted.entry.id);
        }
        let tag = |name: &str| stack.and_then(|stack| stack.tags.get(name));
        match (tag("lakewright:kind"), tag("lakewright:id")) {
            (Some(kind), Some(id)) => format!("{kind}/{id}"),
            _ => address.to_string(),
        }
    }

    /// The deploy role that reads a stack: its own, or another one of the same account and region.
    pub(super) fn reader(&self, address: &StackAddress) -> Option<Site> {
        let place = &address.place;
        let other = || self.targets.iter().find(|(other, _)| other.place == *place);
        let site = |target: &DeployTarget| Site { place: place.clone(), access: deployer(target) };
        let own = self.targets.get(address).map(site);
        own.or_else(|| self.site_of(address)).or_else(|| other().map(|(_, target)| site(target)))
    }

    /// The templates of deployed stacks. Fails if one of them cannot be read: what a deployment changes would not be known.
    pub(super) fn read_templates(
        &self,
        addresses: &[&StackAddress],
    ) -> Result<BTreeMap<StackAddress, String>, Failure> {
        let mut sources = Vec::with_capacity(addresses.len());
        for address in addresses {
            let site = self.reader(address).ok_or_else(|| {
                Failure::unexpected(format!("no role of the mesh reads {address}"))
            })?;
            let owner = self.owner(&site);
            sources.push(Source { address: (*address).clone(), site, owner });
        }
        let reading = templates::read(&self.aws, &sources);
        self.runtime.block_on(reading).map_err(|error| {
            let advice = if matches!(error, CloudError::Access { .. }) {
                "; `--owner-role NAME` reads them as a role of the accounts' owners"
            } else {
                ""
            };
            let message = format!(
                "{error}\nwithout the templates of all deployed stacks, nobody can say what changes; nothing was changed{advice}"
            );
            Failure { message, ..unreachable(&error) }
        })
    }
}

/// Notes on stacks whose resources may not be those of their templates.
pub(super) fn unsettled<'s>(
    stacks: impl Iterator<Item = &'s StackAddress>,
    observed: &BTreeMap<StackAddress, Observed>,
) -> Vec<String> {
    let statuses = stacks.filter_map(|address| Some((address, &observed.get(address)?.status)));
    let unsettled = statuses.filter(|(_, status)| !is_settled(status));
    let note = |(address, status): (&StackAddress, &String)| {
        format!("{address} is {status}: its resources may be others than those of its template")
    };
    unsettled.map(note).collect()
}
