//! Refreshes a mesh: observe, skip what is unchanged, deploy the rest, write down what was done.

mod canary;
mod part;
mod prepared;
mod report;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};
use lakewright_analysis::Error;
use lakewright_analysis::words::count;
use lakewright_deployer::alarms::Watch;
use lakewright_deployer::driver::{Driver, Policy, Stop, Summary};
use lakewright_deployer::journal::{FileError, JournalFile};
use lakewright_deployer::lease::Lease;
use lakewright_deployer::paced::Paced;
use lakewright_deployer::record::{self, Opening, Record, Shelf};
use lakewright_deployer::renew::renew;
use lakewright_fleet::event::{Change, Event};
use lakewright_fleet::journal::{Begun, Entry, Hidden, Intent, Journal, JournalError, plan_digest};
use lakewright_fleet::machine::Outcome;
use lakewright_fleet::plan::{Action, Plan, plan};
use lakewright_fleet::schedule::Waves;
use lakewright_fleet::trace::Traced;
use lakewright_stacks::Names;
use lakewright_template::{Place, StackAddress};
use serde_json::Value;

pub(crate) use self::part::Part;
pub(crate) use self::prepared::Prepared;
use self::report::Night as Told;
use super::pace::Pace;
use super::seen::{Gone, Known, Seen, before};
use super::signals::{end_refresh, stopping};
use super::trace::Trace;
use super::view::{Watching, restore};
use super::{Deployment, exit, show, unreachable};
use crate::exit::{Exit, Failure};
use crate::ui::Ui;

/// How often a run that waits for another one looks again.
const LOOK_AGAIN: Duration = Duration::from_secs(15);

/// What a run may do although nobody is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Allowed {
    /// Changes that replace or delete what holds data.
    DataLoss,
}

/// How a run goes on, and what it writes down.
#[derive(Debug, Clone, Args)]
pub(crate) struct Night {
    #[command(flatten)]
    pace: Pace,
    /// Start no further stack after this many minutes [default: no limit]
    #[arg(long, value_name = "MINUTES")]
    minutes: Option<u64>,
    /// Refresh this account, or account and region, before all others, which start only if nothing failed in it
    #[arg(long, value_name = "ACCOUNT[/REGION]", value_parser = part::parse)]
    canary: Vec<part::Where>,
    /// After the canaries, watch the alarms of their environments for so long before the others start; they start only if all
    /// alarms are OK then [default: look at the alarms once]
    #[arg(
        long,
        value_name = "MINUTES",
        default_value_t = 0,
        hide_default_value = true,
        requires = "canary"
    )]
    canary_minutes: u64,
    /// Wait this long for another run to end [default: not at all]
    #[arg(long, value_name = "MINUTES", default_value_t = 0, hide_default_value = true)]
    wait: u64,
    /// Make these changes although nobody is asked
    #[arg(long, value_name = "WHAT", value_delimiter = ',')]
    allow: Vec<Allowed>,
    /// Write each request that changes something into this new file first, so that `--resume` can go on
    #[arg(long, value_name = "FILE", conflicts_with = "resume")]
    journal: Option<PathBuf>,
    /// Go on with the run that wrote this file
    #[arg(long, value_name = "FILE")]
    resume: Option<PathBuf>,
    /// Write a report of the run into this file: HTML if its name ends so, else Markdown
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Add the spans of the run to this file, a line of OTLP/JSON each, for collectors of OpenTelemetry
    #[arg(long, value_name = "FILE")]
    trace: Option<PathBuf>,
    #[command(flatten)]
    watching: Watching,
}

/// The journal of a run, and what an earlier part of the run left open.
#[derive(Default)]
struct Written {
    file: Option<JournalFile>,
    open: BTreeMap<StackAddress, Intent>,
    requests: BTreeMap<StackAddress, u32>,
    /// The stacks that the earlier part created.
    made: BTreeSet<StackAddress>,
    /// How often the work on each stack has ended, and how many processes went on with the run.
    ends: BTreeMap<StackAddress, u32>,
    resumed: u32,
    trace: Option<Trace>,
}

impl Journal for Written {
    fn write(&self, entry: &Entry) -> Result<(), JournalError> {
        if let Some(file) = &self.file {
            file.write(entry)?;
        }
        if let Some(trace) = &self.trace {
            trace.entry(entry);
        }
        Ok(())
    }
}

impl Deployment<'_> {
    /// Refreshes a part of the mesh, or all of it.
    pub(crate) fn refresh(
        mut self,
        part: &Part,
        night: &Night,
        ui: &mut Ui,
    ) -> Result<Exit, Failure> {
        let begun = Instant::now();
        let all = self.stacks.keys().map(|address| &address.place);
        let canaries = canary::places(&night.canary, all)?;
        let whole = self.lease_of(part);
        let mut written = self.written(part, night, ui)?;
        let (mut seen, plan, mut notes) =
            self.free_and_planned(whole.as_ref(), night, &written, ui)?;
        notes.extend(self.unknown(&seen));
        notes.extend(self.untagged());
        let waves = Waves::of(&plan, &canaries);
        show::plan((&plan, &waves), &notes, &Value::Null, false, ui);
        let refusals = self.refusals(&plan, &seen.observed, &[]);
        for text in &refusals {
            ui.error(text);
        }
        if !refusals.is_empty() {
            return Ok(Exit::No);
        }
        written.trace = self.trace(night, &plan, &waves, &written)?;
        let mut told =
            Told::new(&self.id, self.lease.id(), &plan, &self.mesh.tenant.pivot_role.external_id);
        let exit = if plan.is_done() {
            ui.note("every stack is up to date");
            Exit::Done
        } else {
            self.begin_record(&mut seen, ui)?;
            let planned = (&plan, &waves, canaries);
            let summary = self.carry_through(planned, &mut seen, night, &written, &mut told, ui);
            told.end(&summary);
            match ended(&summary) {
                Exit::Done if part.is_all() => {
                    self.close_record(&mut seen, &Gone::new(), ui);
                    Exit::Done
                }
                other => {
                    self.leave_record(&mut seen, ui);
                    other
                }
            }
        };
        // The report comes first: it is needed most when the journal cannot be written.
        let reported = match &night.report {
            Some(path) => told
                .write(path, begun.elapsed())
                .map(|()| ui.note(&format!("the report is in {}", path.display()))),
            None => Ok(()),
        };
        let stopped = told.stopped();
        if let Some(text) = written.trace.as_ref().and_then(|trace| trace.end(stopped.as_deref())) {
            ui.note(&text);
        }
        written
            .write(&Entry::Ended { stopped })
            .map_err(|error| Failure::unexpected(error.to_string()))?;
        // The run has ended whether or not its report could be written.
        reported.map(|()| exit)
    }

    /// The trace of the run, if somebody wants one.
    fn trace(
        &self,
        night: &Night,
        plan: &Plan,
        waves: &Waves,
        written: &Written,
    ) -> Result<Option<Trace>, Failure> {
        let Some(path) = &night.trace else { return Ok(None) };
        let traced = Traced {
            resumed: written.resumed,
            ends: written.ends.clone(),
            open: written.open.clone(),
            waves: waves.clone(),
            ..self.traced("refresh", plan)
        };
        Trace::begin(path, traced).map(Some)
    }

    /// Takes a lease of its own for a part of the mesh, so that several machines refresh one part each. Returns where
    /// the record of the whole mesh is, which a run of the whole mesh has its lease in.
    fn lease_of(&mut self, part: &Part) -> Option<Shelf> {
        let name = part.name()?;
        let whole = self.shelf.clone();
        self.shelf.key = Names::new(self.mesh).part_record_key(&name);
        self.lease = Lease::new(self.shelf.clone(), &self.id);
        // Other accounts and regions are not even looked at: one that is closed stops no other.
        self.stacks.retain(|address, _| part.holds(&address.place));
        self.targets.retain(|address, _| part.holds(&address.place));
        Some(whole)
    }

    /// Observes and plans. While another run changes the mesh, waits as long as it may, and then looks again.
    fn free_and_planned(
        &mut self,
        whole: Option<&Shelf>,
        night: &Night,
        written: &Written,
        ui: &mut Ui,
    ) -> Result<(Seen, Plan, Vec<String>), Failure> {
        let begun = Instant::now();
        let mut is_told = false;
        loop {
            let seen = self.observe()?;
            let free = self.is_free(&seen).and_then(|()| self.is_whole_free(whole));
            match free {
                Ok(()) => {
                    let (plan, notes) = self.planned_changes(&seen, written)?;
                    return Ok((seen, plan, notes));
                }
                Err(error) if waits(&error, begun.elapsed(), minutes(night.wait)) => {
                    if !is_told {
                        ui.note(&format!("waits for its end: {}", error.message));
                        is_told = true;
                    }
                    std::thread::sleep(LOOK_AGAIN);
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Fails if a run changes the whole mesh.
    fn is_whole_free(&self, whole: Option<&Shelf>) -> Result<(), Failure> {
        let Some(place) = whole else { return Ok(()) };
        let record = self.runtime.block_on(record::read(&self.aws, place, &self.id));
        let record = record.map_err(|error| unreachable(&error))?;
        self.lease.check(&record).map(drop).map_err(|error| before(&error))
    }

    /// The plan, and notes on it: stacks that the mesh no longer has, and bootstraps of other accounts, stay as they are.
    fn planned_changes(
        &mut self,
        seen: &Seen,
        written: &Written,
    ) -> Result<(Plan, Vec<String>), Failure> {
        let entries: Vec<_> = self.stacks.values().map(|stack| stack.entry.clone()).collect();
        let mut plan = plan(&self.id, &entries, &seen.observed).map_err(Error::Circle)?;
        let mut made: BTreeMap<StackAddress, Action> = BTreeMap::new();
        let left = self.left_by_another(seen);
        for step in &mut plan.steps {
            if step.action == Action::Delete {
                step.action = Action::Orphan;
            }
            if step.action != Action::Keep {
                continue;
            }
            // CloudFormation has finished what the earlier part of the run began. What comes after it was not done.
            if written.open.contains_key(&step.address) || left.contains_key(&step.address) {
                step.action = Action::Update;
            }
            // Policies that name the roles of these may not be put again yet.
            let is_made = left.get(&step.address).copied().unwrap_or_default();
            if is_made || written.made.contains(&step.address) {
                made.insert(step.address.clone(), step.action);
                step.action = Action::Create;
            }
        }
        let mut notes = Vec::new();
        for address in self.of_owners(&plan).into_iter().cloned().collect::<Vec<_>>() {
            plan.keep(&address);
            notes.push(format!(
                "{address} is not what the mesh asks for, and stays as it is: only its account's owner changes it"
            ));
        }
        self.load_templates(&plan)?;
        self.narrow_last(&mut plan, &seen.sites)?;
        let id = self.lease.id().to_owned();
        renew(&mut plan, &mut self.stacks, &id)
            .map_err(|error| Failure::unexpected(error.to_string()))?;
        for step in &mut plan.steps {
            step.action = made.remove(&step.address).unwrap_or(step.action);
        }
        self.unload_templates(&plan);
        Ok((plan, notes))
    }

    /// The stacks that a run has changed which was stopped before its end, if it may be so, and whether it created them. What
    /// comes after their operations was perhaps not done, and this run does not have the journal of the other one.
    fn left_by_another(&self, seen: &Seen) -> BTreeMap<StackAddress, bool> {
        let Known::Read(record) = &seen.record else { return BTreeMap::new() };
        let Some(run) = self.lease.abandoned(record) else { return BTreeMap::new() };
        let changed = seen.observed.iter().filter(|(_, stack)| run.may_have_changed(stack));
        let created = changed.map(|(address, stack)| {
            let is_created = stack.told.operation.as_deref() == Some("CREATE_STACK");
            (address.clone(), is_created)
        });
        created.collect()
    }

    /// The journal of the run. A resumed run goes on under its own id, so that CloudFormation knows its requests.
    fn written(&mut self, part: &Part, night: &Night, ui: &mut Ui) -> Result<Written, Failure> {
        let failed = |error: FileError| Failure::usage(error.to_string());
        let hidden = Hidden::new([self.mesh.tenant.pivot_role.external_id.clone()]);
        let wanted = self.stacks.iter().filter(|(address, _)| part.holds(&address.place));
        let begun = Begun {
            run: self.lease.id().to_owned(),
            mesh: self.id.clone(),
            plan: plan_digest(wanted.map(|(address, stack)| (address, &*stack.entry.revision))),
            shard: part.shard().copied(),
        };
        if let Some(path) = &night.journal {
            let file = JournalFile::create(path, &begun, hidden).map_err(failed)?;
            return Ok(Written { file: Some(file), ..Written::default() });
        }
        let Some(path) = &night.resume else { return Ok(Written::default()) };
        let (file, replay) = JournalFile::open(path, hidden).map_err(failed)?;
        let is_of_this = Begun { run: replay.begun.run.clone(), ..begun } == replay.begun;
        if !is_of_this {
            return Err(Failure::usage(format!(
                "{} is the journal of another mesh or of another part of it, or the mesh has changed since; \
                 begin a new run with `--journal` and another file: it finds out what was done",
                path.display()
            )));
        }
        if replay.torn.is_some() {
            ui.note("the journal ends in the middle of a record, which was not finished and is left out");
        }
        ui.note(&format!(
            "goes on with run {}: {} ended, {} without a known outcome",
            replay.begun.run,
            count(replay.finished.len(), "stack"),
            count(replay.open.len(), "request"),
        ));
        file.write(&Entry::Resumed).map_err(|error| Failure::unexpected(error.to_string()))?;
        self.lease = Lease::resumed(self.shelf.clone(), &self.id, &replay.begun.run);
        let created = replay.finished.into_iter();
        let created = created.filter(|(_, outcome)| *outcome == Outcome::Created);
        let created = created.map(|(address, _)| address);
        let begun = replay.open.values().filter(|intent| intent.creates);
        let begun = begun.map(|intent| intent.address.clone());
        let made = created.chain(begun).collect();
        Ok(Written {
            file: Some(file),
            open: replay.open,
            requests: replay.requests,
            made,
            ends: replay.ends,
            resumed: replay.resumed + 1,
            trace: None,
        })
    }

    /// Carries out the plan.
    fn carry_through(
        &self,
        (plan, waves, canaries): (&Plan, &Waves, BTreeSet<Place>),
        seen: &mut Seen,
        night: &Night,
        written: &Written,
        told: &mut Told,
        ui: &mut Ui,
    ) -> Summary {
        let alarms = canary::alarms(plan, &canaries, waves, self.mesh);
        let policy = night.policy(canaries, alarms);
        let title = format!("Refresh of {}", self.id);
        let view = night.watching.open(&title, plan, waves, ui);
        let view = view.as_ref();
        let mut shower = show::Shower::new(plan, &self.lines, &self.progress, ui).in_view(view);
        let stop = Stop::default();
        let may_lose = night.allow.contains(&Allowed::DataLoss);
        // What an earlier part of the run did may not be shown yet.
        let absent = if night.resume.is_none() { seen.absent(plan) } else { BTreeSet::new() };
        let summary = {
            let mut report = |event: Event| {
                if let Some(trace) = &written.trace {
                    trace.event(&event);
                }
                told.event(&event);
                shower.event(&event);
                if let Some(note) = withheld(&event).filter(|_| !may_lose) {
                    told.event(&note);
                    shower.event(&note);
                }
            };
            if let Some(text) = canary::said(waves) {
                report(Event::Wave { wave: 0, text });
            }
            let ask = |_: &StackAddress, changes: &[Change]| {
                may_lose || !changes.iter().any(Change::touches_data)
            };
            let lost = || self.lease.lost();
            let aws = self.aws.paced();
            let renew = |place: &Place| aws.renew(place);
            let ended = || stop.reason();
            let cloud = Paced::new(&aws, night.pace.patience())
                .with_stop(&lost)
                .with_end(&ended)
                .with_renewal(&renew);
            let driver = Driver::new(&cloud, report, ask, &self.lease, &stop)
                .with_policy(policy)
                .with_journal(written)
                .going_on(written.open.clone(), written.requests.clone())
                .without(absent);
            let Seen { sites, spots, record, .. } = seen;
            let until = night.minutes.map(minutes);
            if let Known::Read(record) = record {
                let run = driver.run(plan, &self.stacks, sites);
                let run = stopping(&stop, until, view, end_refresh, run);
                self.runtime.block_on(self.lease.during(&self.aws, record, run))
            } else {
                let (mesh, keeper) = (&*self.id, &self.keeper);
                let opening = Opening { shelf: &self.shelf, mesh, keeper, spots: &*spots };
                let mut read = Record::default();
                let run = driver.run_with_record(plan, &self.stacks, sites, &opening, &mut read);
                let run = stopping(&stop, until, view, end_refresh, run);
                let summary = self.runtime.block_on(run);
                if read.version.is_some() {
                    *record = Known::Read(read);
                }
                summary
            }
        };
        restore();
        shower.end(&summary);
        summary
    }
}

impl Night {
    fn policy(&self, canaries: BTreeSet<Place>, alarms: BTreeMap<Place, Vec<String>>) -> Policy {
        Policy {
            limits: self.pace.limits(),
            failures: self.pace.failures,
            canaries,
            watch: Watch { wait: minutes(self.canary_minutes), alarms },
            imports_existing: false,
            sets_aside: true,
        }
    }
}

/// The note on a stack whose changes may lose data, and that is not changed for this reason.
fn withheld(event: &Event) -> Option<Event> {
    let Event::Changes { address, changes } = event else { return None };
    let lost = changes.iter().filter(|change| change.touches_data());
    let lost = lost.map(|Change { logical_id, kind, .. }| format!("{logical_id} ({kind})"));
    let lost: Vec<String> = lost.collect();
    let text = format!(
        "it is not changed, as data of these may be lost: {}; `--allow data-loss` allows it",
        lost.join(", ")
    );
    (!lost.is_empty()).then(|| Event::Note { address: address.clone(), text })
}

fn minutes(number: u64) -> Duration {
    Duration::from_secs(number.saturating_mul(60))
}

/// Whether a run looks again that may not begin. Only another run ends by itself: access that is denied stays so.
fn waits(error: &Failure, waited: Duration, most: Duration) -> bool {
    error.exit == Exit::Declined && waited < most
}

/// The exit of a run: one that was stopped before its end, without a failure, is declined.
fn ended(summary: &Summary) -> Exit {
    match exit(summary) {
        Exit::Done if !summary.skipped.is_empty() => Exit::Declined,
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use lakewright_deployer::cloud::CloudError;

    use super::*;

    #[test]
    fn a_run_waits_for_another_run_and_for_nothing_else() {
        let error = |make: fn(String, String) -> CloudError| {
            before(&make("look".to_owned(), "no".to_owned()))
        };
        let other = error(|what, message| CloudError::Overtaken { what, message });
        assert!(waits(&other, Duration::ZERO, minutes(15)));
        assert!(!waits(&other, minutes(15), minutes(15)));
        assert!(!waits(&other, Duration::ZERO, minutes(0)));
        for error in [
            error(|what, message| CloudError::Access { what, message }),
            error(|what, message| CloudError::Network { what, message }),
            error(|what, message| CloudError::Refused { what, message }),
        ] {
            assert!(!waits(&error, Duration::ZERO, minutes(15)), "{error:?}");
        }
    }
}
