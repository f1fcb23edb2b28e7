//! A deployment from its plan to its end.

use std::collections::{BTreeMap, BTreeSet};
use std::io::IsTerminal as _;

use lakewright_analysis::Error;
use lakewright_analysis::words::count;
use lakewright_deployer::aws::Aws;
use lakewright_deployer::driver::{Driver, Policy, Stop, Summary};
use lakewright_deployer::lease::Lease;
use lakewright_deployer::paced::Paced;
use lakewright_deployer::record::{Opening, Record};
use lakewright_deployer::renew::{renew, roles};
use lakewright_deployer::taken::is_importable;
use lakewright_fleet::event::{Change, Event};
use lakewright_fleet::machine::Outcome;
use lakewright_fleet::plan::{Action, Plan, Step, plan};
use lakewright_fleet::schedule::Waves;
use lakewright_manifest::mesh::Maintenance;
use lakewright_template::{Place, StackAddress};
use serde_json::Value;

use super::allow::{Circumstances, Needed};
use super::lock::Lock;
use super::prune::Pruning;
use super::request::{Mode, Request};
use super::review::{CHANGED, PlanReview};
use super::saved::{Purpose, SavedPlan};
use super::seen::{Gone, Known, Seen};
use super::select::{SelectError, Selected, Selection, select};
use super::show::Made;
use super::signals::stopping;
use super::trace::Trace;
use super::view::{View, Watching, aside, restore};
use super::{Deployment, ask, ask_in_full, exit, show, unreachable};
use crate::exit::{Exit, Failure};
use crate::progress::clear;
use crate::ui::Ui;

/// A plan, and everything that is said of it before a question.
#[derive(Debug)]
pub(super) struct Planned {
    /// The chosen steps.
    pub(super) plan: Plan,
    /// The stacks that are not chosen, which stay as they are.
    left: Vec<Step>,
    /// The deletions of `--prune`.
    pruning: Pruning,
    notes: Vec<String>,
    /// Why the plan cannot be carried out.
    refusals: Vec<String>,
}

/// What a plan is made of.
#[derive(Clone, Copy)]
struct Wish<'a> {
    /// Whether stacks that the mesh no longer has are deleted.
    prune: bool,
    /// The stacks that are chosen.
    selection: &'a Selection,
    /// The `Id` of policies that are put again.
    policy_id: &'a str,
    /// Whether nothing is changed.
    is_looking: bool,
}

/// How a run ended.
#[derive(Debug)]
struct Ended {
    exit: Exit,
    /// Whether CloudFormation refused stacks because resources that it may import have their names.
    has_taken_names: bool,
}

impl Planned {
    /// The plan with the stacks that are not chosen as stacks that stay.
    fn whole(&self) -> Plan {
        let left = self.left.iter().filter(|step| step.action != Action::Foreign);
        let left = left.map(|step| match step.action {
            Action::Keep => step.clone(),
            Action::Create | Action::Update | Action::Delete | Action::Orphan | Action::Foreign => {
                Step { action: Action::Orphan, ..step.clone() }
            }
        });
        Plan { steps: self.plan.steps.iter().cloned().chain(left).collect() }
    }

    /// The steps before those of `--prune`.
    fn without_pruned(&self) -> Plan {
        let pruned = &self.pruning.plan.steps;
        let is_pruned = |step: &&Step| pruned.iter().any(|one| one.address == step.address);
        let steps = self.plan.steps.iter().filter(|step| !is_pruned(step));
        Plan { steps: steps.cloned().collect() }
    }
}

impl Deployment<'_> {
    /// Plans, asks and deploys.
    pub(crate) fn run(mut self, request: Request<'_>, ui: &mut Ui) -> Result<Exit, Failure> {
        let is_looking = request.mode.is_looking();
        loop {
            let mut seen = self.observe()?;
            let mut planned = self.planned(&seen, request)?;
            let whole = planned.whole();
            let is_reviewed = planned.refusals.is_empty() && !planned.plan.is_done();
            let review = is_reviewed.then(|| self.review(&whole, &seen.observed, request));
            let review = review.transpose()?;
            let needed = self.needed_for(&planned, review.as_ref(), &seen)?;
            if is_looking {
                planned.notes.extend(needed.notes());
            }
            show_all(&planned, review.as_ref(), is_looking, ui);
            if !planned.refusals.is_empty() {
                return Ok(Exit::No);
            }
            let saved = |review: Option<&PlanReview>| {
                let review = review.map(PlanReview::saved);
                let Planned { plan, .. } = &planned;
                SavedPlan::of(&self.id, &self.stacks, plan, &seen.observed, review, request.purpose)
            };
            match request.mode {
                Mode::Show => return Ok(Exit::Done),
                Mode::Write(path) => {
                    saved(review.as_ref()).write(path)?;
                    ui.note(&format!("the plan is in {}", path.display()));
                    return Ok(Exit::Done);
                }
                Mode::Try => return self.try_out(&planned.plan, &seen, ui),
                Mode::Apply(file) => {
                    let moved = file.moved(&saved(review.as_ref()));
                    if !moved.is_empty() {
                        return Ok(say_moved(&moved, ui));
                    }
                }
                Mode::Deploy => {}
            }
            let Some(review) = review else { return self.keep_up(&planned.plan, &mut seen, ui) };
            self.is_free(&seen)?;
            if let Some(exit) = self.not_permitted(needed, request, ui)? {
                return Ok(exit);
            }
            if self.is_still_so(&whole, &seen, &review)? {
                let lock = review.lock(request.allow);
                let ended = self.go(&planned, &mut seen, (request, &lock), ui)?;
                if ended.has_taken_names && self.takes_in(request, ui)? {
                    continue;
                }
                return Ok(ended.exit);
            }
            if self.options.yes || matches!(request.mode, Mode::Apply(_)) {
                ui.error(CHANGED);
                return Ok(Exit::Declined);
            }
            ui.note("somebody has changed the stacks since the review was made; nothing was changed by this run, and this is the plan now:");
        }
    }

    /// The plan of all stacks, its notes, and the reasons for which it cannot be carried out: what `deploy --plan` shows.
    pub(super) fn shown_plan(
        &mut self,
        seen: &Seen,
    ) -> Result<(Plan, Vec<String>, Vec<String>), Failure> {
        let selection = Selection::default();
        let run = self.lease.id().to_owned();
        let wish = Wish { prune: false, selection: &selection, policy_id: &run, is_looking: true };
        let Planned { plan, notes, refusals, .. } = self.planned_as(seen, wish)?;
        Ok((plan, notes, refusals))
    }

    fn planned(&mut self, seen: &Seen, request: Request<'_>) -> Result<Planned, Failure> {
        let Purpose { policy_id, prune, selection, .. } = request.purpose;
        let is_looking = request.mode.is_looking();
        self.planned_as(seen, Wish { prune: *prune, selection, policy_id, is_looking })
    }

    /// The plan, the notes on it, and the reasons for which it cannot be carried out.
    fn planned_as(&mut self, seen: &Seen, wish: Wish<'_>) -> Result<Planned, Failure> {
        let entries: Vec<_> = self.stacks.values().map(|stack| stack.entry.clone()).collect();
        let mut plan = plan(&self.id, &entries, &seen.observed).map_err(Error::Circle)?;
        let left_to_owners = self.leave_enough(&mut plan, seen)?;
        self.narrow_last(&mut plan, &seen.sites)?;
        let pruning = if wish.prune { self.pruning(&mut plan, seen)? } else { Pruning::default() };
        self.keeper_first(&mut plan, seen);
        let Selected { plan: mut chosen, left } = select(plan, &self.ids(seen), wish.selection)
            .map_err(|error| Failure::usage(error.to_string()))?;
        let renewed = self.renewed(&mut chosen, &left, wish.policy_id)?;
        let owned = self.of_owners(&chosen);
        let mut notes = self.owner_notes(&owned);
        notes.extend(left_to_owners);
        notes.extend(pruning.notes());
        notes.extend(self.unknown(seen));
        notes.extend(self.untagged());
        if renewed > 0 {
            notes.push(format!(
                "{} with policies that name a role which this run makes: they are put again, as AWS would keep the id of one that was there before",
                count(renewed, "stack")
            ));
        }
        let taken = self.taken(&chosen);
        notes.extend(taken.unknown);
        notes.extend(self.busy(seen).filter(|_| wish.is_looking));
        notes.extend(self.resting().filter(|_| wish.is_looking));
        let refusals = self.refusals(&chosen, &seen.observed, &owned);
        let refusals = if refusals.is_empty() { taken.first } else { refusals };
        let pruning = pruning.within(&chosen);
        Ok(Planned { plan: chosen, left, pruning, notes, refusals })
    }

    /// Before the record can be read, every change needs the stack that keeps it.
    fn keeper_first(&self, plan: &mut Plan, seen: &Seen) {
        if matches!(seen.record, Known::Read(_)) {
            return;
        }
        for step in &mut plan.steps {
            let is_change = matches!(step.action, Action::Create | Action::Update);
            if is_change && step.address != self.keeper && !step.after.contains(&self.keeper) {
                step.after.push(self.keeper.clone());
            }
        }
    }

    /// Makes a plan update the stacks whose policies name roles that it makes. Returns their number. Fails if such a stack
    /// is not chosen: its policies would name a role that is not there any more, and no later run would know.
    fn renewed(
        &mut self,
        chosen: &mut Plan,
        left: &[Step],
        policy_id: &str,
    ) -> Result<usize, Failure> {
        let kept = left.iter().filter(|step| step.action == Action::Keep).cloned();
        let others = chosen.steps.len();
        chosen.steps.extend(kept);
        let renewed = renew(chosen, &mut self.stacks, policy_id)
            .map_err(|error| Failure::unexpected(error.to_string()))?;
        let not_chosen = chosen.steps.split_off(others).into_iter();
        let not_chosen = not_chosen.filter(|step| step.action == Action::Update);
        let stacks: BTreeSet<StackAddress> = not_chosen.map(|step| step.address).collect();
        if stacks.is_empty() {
            return Ok(renewed);
        }
        let advice = "choose them as well, as their policies name a role that this run makes";
        Err(Failure::usage(SelectError::NotChosen { stacks, advice }.to_string()))
    }

    /// The ids of the documents that stacks are for.
    fn ids(&self, seen: &Seen) -> BTreeMap<StackAddress, String> {
        let tagged = seen.observed.iter().filter_map(|(address, stack)| {
            Some((address.clone(), stack.tags.get("lakewright:id")?.clone()))
        });
        let wanted = self.stacks.iter();
        let wanted = wanted.map(|(address, stack)| (address.clone(), stack.entry.id.clone()));
        tagged.chain(wanted).collect()
    }

    /// What a plan has to be allowed.
    fn needed_for(
        &self,
        planned: &Planned,
        review: Option<&PlanReview>,
        seen: &Seen,
    ) -> Result<Needed, Failure> {
        let Some(review) = review else { return Ok(Needed::default()) };
        let mut made = BTreeSet::new();
        let created = planned.plan.steps.iter().filter(|step| step.action == Action::Create);
        for stack in created.filter_map(|step| self.stacks.get(&step.address)) {
            made.extend(roles(stack).map_err(|error| Failure::unexpected(error.to_string()))?);
        }
        let circumstances = Circumstances {
            is_first: review.is_first(),
            accounts: seen.sites.keys().map(|place| place.account.to_string()).collect(),
            made,
        };
        let mut needed = review.needed(&circumstances);
        planned.pruning.add_needed(&mut needed);
        Ok(needed)
    }

    /// The exit of a run that may not go on: nobody allowed what it does, or nobody confirmed it.
    fn not_permitted(
        &self,
        needed: Needed,
        request: Request<'_>,
        ui: &mut Ui,
    ) -> Result<Option<Exit>, Failure> {
        let needed = match (request.mode, request.approval) {
            (Mode::Apply(file), Some(approval)) => {
                file.approved_by(approval)?;
                Needed::default()
            }
            _ => needed.without(request.allow),
        };
        let asks_nobody = self.options.yes || matches!(request.mode, Mode::Apply(_));
        if asks_nobody && !needed.is_empty() {
            for error in needed.errors() {
                ui.error(&error);
            }
            return Ok(Some(Exit::No));
        }
        let is_confirmed = if needed.is_empty() {
            self.confirm("Deploy?", ui)
        } else {
            let question = format!("{} Deploy? Type `yes` in full.", needed.question());
            self.confirm_by(ask_in_full, &question, ui)
        };
        if !is_confirmed {
            ui.note("nothing was changed");
        }
        Ok((!is_confirmed).then_some(Exit::Declined))
    }

    /// Asks whether resources that have the names of new stacks' resources are taken in. Then the next round imports them,
    /// after its own questions.
    fn takes_in(&mut self, request: Request<'_>, ui: &mut Ui) -> Result<bool, Failure> {
        let asks = matches!(request.mode, Mode::Deploy)
            && !self.options.yes
            && !self.settings.imports_existing
            && std::io::stdin().is_terminal();
        let question = "Resources that exist already have names that new stacks need. They are of earlier stacks, or somebody else's. Take \
                        them into the new stacks?";
        if !asks || !self.confirm(question, ui) {
            return Ok(false);
        }
        self.settings.imports_existing = true;
        let connecting = Aws::connect(&self.settings);
        self.aws = self.runtime.block_on(connecting).map_err(|error| unreachable(&error))?;
        self.lease = Lease::new(self.shelf.clone(), &self.id);
        Ok(true)
    }

    /// Carries out a plan that was confirmed.
    fn go(
        &self,
        planned: &Planned,
        seen: &mut Seen,
        (request, lock): (Request<'_>, &Lock),
        ui: &mut Ui,
    ) -> Result<Ended, Failure> {
        let traced = || self.traced("deploy", &planned.plan);
        let trace = request.trace.map(|path| Trace::begin(path, traced())).transpose()?;
        self.begin_record(seen, ui)?;
        let kept = self.look_again(&planned.plan, seen, ui);
        let steps = planned.without_pruned();
        let shown = (request.watching, trace.as_ref(), lock);
        let (mut summary, made) = self.carry_out(&steps, seen, shown, ui);
        summary.outcomes.extend(kept.outcomes);
        // `deploy` deletes stacks with data only with `--prune`.
        let is_gone = |(_, outcome): &(&StackAddress, &Outcome)| **outcome == Outcome::Deleted;
        let gone = summary.outcomes.iter().filter(is_gone);
        let mut gone: Gone = gone.map(|(address, _)| (address.clone(), Vec::new())).collect();
        let Pruning { plan, prepared, .. } = &planned.pruning;
        if exit(&summary) != Exit::Done && !plan.steps.is_empty() {
            ui.note("stacks that the mesh no longer has are not deleted, because other stacks were not deployed");
        } else if !plan.steps.is_empty() {
            let (pruned, removed) = self.tear_down(plan, prepared, trace.as_ref(), seen, ui);
            summary.outcomes.extend(pruned.outcomes);
            summary.skipped.extend(pruned.skipped);
            gone.extend(removed);
        }
        if let Some(text) = trace.and_then(|trace| trace.end(summary.stopped().as_deref())) {
            ui.note(&text);
        }
        let exit = exit(&summary);
        if exit == Exit::Done {
            self.close_record(seen, &gone, ui);
        } else {
            self.leave_record(seen, ui);
        }
        self.mails(ui);
        self.invitations(&summary, &made, ui);
        let has_taken_names = summary.outcomes.values().any(is_importable);
        Ok(Ended { exit, has_taken_names })
    }

    /// If no stack has to change, uploads missing files and closes databases that were opened since the last
    /// deployment. Changes nothing without `--yes`.
    fn keep_up(&self, plan: &Plan, seen: &mut Seen, ui: &mut Ui) -> Result<Exit, Failure> {
        if !self.options.yes {
            ui.note("with `--yes`, `deploy` uploads missing files, and closes databases that were opened since the last deployment");
            self.mails(ui);
            return Ok(Exit::Done);
        }
        self.begin_record(seen, ui)?;
        let exit = exit(&self.look_again(plan, seen, ui));
        if exit == Exit::Done {
            self.close_record(seen, &Gone::new(), ui);
        } else {
            self.leave_record(seen, ui);
        }
        self.mails(ui);
        Ok(exit)
    }

    /// The note of a plan if the tenant is in maintenance.
    pub(super) fn resting(&self) -> Option<String> {
        (self.mesh.tenant.maintenance != Maintenance::Off).then(|| {
            "the tenant is in maintenance: `deploy` ends with 8 and changes nothing, but for an administrator's run with `--admin`"
                .to_owned()
        })
    }

    /// Executes a plan. Returns the outcome of each stack, and the resources that were created or replaced.
    fn carry_out(
        &self,
        plan: &Plan,
        seen: &mut Seen,
        (watching, trace, lock): (Watching, Option<&Trace>, &Lock),
        ui: &mut Ui,
    ) -> (Summary, Made) {
        let title = format!("Deployment of {}", self.id);
        let view = watching.open(&title, plan, &Waves::default(), ui);
        let view = view.as_ref();
        let mut shower = show::Shower::new(plan, &self.lines, &self.progress, ui).in_view(view);
        self.progress.begin(shower.all());
        let (yes, is_terminal) = (self.options.yes, std::io::stdin().is_terminal());
        let summary = {
            let stop = Stop::default();
            let report = |event: Event| {
                if let Some(trace) = trace {
                    trace.event(&event);
                }
                shower.event(&event);
                if let Some(note) = lock.note(&event) {
                    shower.event(&note);
                }
            };
            let ask = |address: &StackAddress, changes: &[Change]| {
                let missed = lock.missed(address, changes);
                let missed = missed.iter().map(|change| change.logical_id.as_str());
                let mut at_risk: BTreeSet<&str> = missed.collect();
                if yes {
                    return at_risk.is_empty();
                }
                at_risk.extend(show::at_risk(changes));
                let question = || {
                    let which: Vec<&str> = at_risk.iter().copied().collect();
                    let which = which.join(", ");
                    format!("{address}: data may be lost or taken in ({which}). Go on?")
                };
                at_risk.is_empty()
                    || (is_terminal
                        && self.progress.asking(address, || aside(view, || ask_below(&question()))))
            };
            let lost = || self.lease.lost();
            let aws = self.aws.paced();
            let renew = |place: &Place| aws.renew(place);
            let ended = || stop.reason();
            let cloud = Paced::new(&aws, self.options.pace.patience())
                .with_stop(&lost)
                .with_end(&ended)
                .with_renewal(&renew);
            let driver = Driver::new(&cloud, report, ask, &self.lease, &stop);
            let driver = driver.with_policy(self.policy()).without(seen.absent(plan));
            let driver = match trace {
                Some(trace) => driver.with_journal(trace),
                None => driver,
            };
            let Seen { sites, spots, record, .. } = seen;
            if matches!(record, Known::Read(_)) {
                let run = driver.run(plan, &self.stacks, sites);
                self.held(record, self.seen_by(view, &stop, run))
            } else {
                let (mesh, keeper) = (&*self.id, &self.keeper);
                let opening = Opening { shelf: &self.shelf, mesh, keeper, spots: &*spots };
                let mut read = Record::default();
                let running =
                    driver.run_with_record(plan, &self.stacks, sites, &opening, &mut read);
                let summary = self.runtime.block_on(self.seen_by(view, &stop, running));
                if read.version.is_some() {
                    *record = Known::Read(read);
                }
                summary
            }
        };
        restore();
        shower.end(&summary);
        (summary, shower.into_made())
    }

    /// Awaits a run, and keeps its live view up to date. Without a view, Ctrl-C ends the program, and nothing else is
    /// awaited.
    async fn seen_by<T>(
        &self,
        view: Option<&View>,
        stop: &Stop,
        run: impl Future<Output = T>,
    ) -> T {
        match view {
            Some(_) => stopping(stop, None, view, || self.progress.end_program(), run).await,
            None => run.await,
        }
    }

    pub(super) fn policy(&self) -> Policy {
        Policy {
            limits: self.options.pace.limits(),
            failures: self.options.pace.failures,
            imports_existing: self.settings.imports_existing,
            ..Policy::default()
        }
    }
}

/// Asks a question in place of the status line.
fn ask_below(question: &str) -> bool {
    if std::io::stderr().is_terminal() {
        clear();
    }
    ask(question)
}

/// Shows a plan, its review and why it cannot be carried out.
fn show_all(planned: &Planned, review: Option<&PlanReview>, is_data: bool, ui: &mut Ui) {
    let document = review.filter(|_| ui.is_json());
    let document = document.map_or(Value::Null, PlanReview::document);
    show::plan((&planned.plan, &Waves::default()), &planned.notes, &document, is_data, ui);
    for text in &planned.refusals {
        ui.error(text);
    }
    if let Some(review) = review {
        review.show(is_data, ui);
    }
}

/// Says why a plan from a file is not carried out.
fn say_moved(moved: &[String], ui: &mut Ui) -> Exit {
    for text in moved {
        ui.error(text);
    }
    ui.error(
        "the plan is not carried out, and nothing was changed: make a new plan with `--plan-out`",
    );
    Exit::Declined
}
