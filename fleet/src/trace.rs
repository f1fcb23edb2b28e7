//! A run as spans of OpenTelemetry: the run, its waves, their stacks, and the requests to CloudFormation of each. Pure: whoever
//! calls knows the time, and writes the lines.
//!
//! The ids are made from the run's id and from the tokens of its journal. A process that goes on with a run therefore adds its
//! spans to the same trace, and ends the spans of operations and stacks that a killed process began. Spans of a process that was
//! killed are missing where nobody ended them; the format allows that.

mod otlp;

use std::collections::BTreeMap;

use lakewright_template::StackAddress;
use sha2::{Digest as _, Sha256};

use self::otlp::{Attribute, Happening, Kind, Span, SpanStatus};
use crate::event::{Event, Rejection};
use crate::journal::{Entry, Hidden, Intent, Operation};
use crate::machine::Outcome;
use crate::plan::{Action, Plan};
use crate::schedule::Waves;

/// What is traced, before its first event.
#[derive(Debug, Clone)]
pub struct Traced<'p> {
    /// The command that runs, which names the span of the run.
    pub command: &'static str,
    /// The id of the mesh.
    pub mesh: String,
    /// The run's id.
    pub run: String,
    /// How many processes went on with the run before this one.
    pub resumed: u32,
    /// How often the work on each stack has ended before.
    pub ends: BTreeMap<StackAddress, u32>,
    /// The requests of earlier processes whose outcome is not known.
    pub open: BTreeMap<StackAddress, Intent>,
    /// The plan of this process.
    pub plan: &'p Plan,
    /// The waves of the plan.
    pub waves: Waves,
    /// The version of the program.
    pub version: String,
    /// What no text may hold.
    pub hidden: Hidden,
}

/// The work on a stack that has not ended.
#[derive(Debug)]
struct Work {
    begun: u64,
    happenings: Vec<Happening>,
    operation: Option<Sent>,
}

/// A request to CloudFormation, and what came of it so far.
#[derive(Debug)]
struct Sent {
    intent: Intent,
    begun: u64,
    happenings: Vec<Happening>,
    error: Option<String>,
}

/// The spans of one process. Times are nanoseconds since 1970 in UTC.
#[derive(Debug)]
pub struct Tracer {
    command: &'static str,
    mesh: String,
    run: String,
    resumed: u32,
    version: String,
    hidden: Hidden,
    begun: u64,
    actions: BTreeMap<StackAddress, Action>,
    wave_of: Waves,
    ends: BTreeMap<StackAddress, u32>,
    open: BTreeMap<StackAddress, Intent>,
    work: BTreeMap<StackAddress, Work>,
    /// The beginning and the last end of each wave.
    waves: BTreeMap<usize, (u64, u64)>,
    happenings: Vec<Happening>,
    skipped: u64,
    failed: u64,
}

impl Tracer {
    /// A process begins to work at this time.
    pub fn new(traced: Traced<'_>, now: u64) -> Self {
        let Traced { command, mesh, run, resumed, ends, open, plan, waves, version, hidden } =
            traced;
        let changes = plan.steps.iter().filter(|step| step.is_change());
        Self {
            command,
            mesh,
            run,
            resumed,
            version,
            hidden,
            begun: now,
            actions: changes.map(|step| (step.address.clone(), step.action)).collect(),
            wave_of: waves,
            ends,
            open,
            work: BTreeMap::new(),
            waves: BTreeMap::new(),
            happenings: Vec::new(),
            skipped: 0,
            failed: 0,
        }
    }

    /// Takes an event into account. Returns a line with the spans that it ends, if it ends any.
    pub fn event(&mut self, event: &Event, now: u64) -> Option<String> {
        match event {
            Event::Started { address } => {
                self.starts(address, now);
                None
            }
            Event::Resource { address, logical_id, kind, status, reason }
                if status.ends_with("FAILED") =>
            {
                let reason = reason.as_deref().unwrap_or_default();
                self.happens(address, "resource failed", [logical_id, kind, status, reason], now);
                None
            }
            Event::Rejected { address, rejection } => {
                let Rejection { logical_id, kind, reason, .. } = rejection;
                let texts: [&str; 4] = [logical_id, kind, rejection.status(), reason];
                self.happens(address, "resource rejected", texts, now);
                None
            }
            Event::Wave { wave, text } => {
                let attributes = vec![
                    Attribute::number("lakewright.wave", *wave as u64 + 1),
                    Attribute::text("lakewright.text", self.hidden.strip(text)),
                ];
                self.happenings.push(Happening { name: "wave", at: now, attributes });
                None
            }
            Event::Skipped { .. } => {
                self.skipped += 1;
                None
            }
            Event::Finished { address, outcome } => self.finishes(address, outcome, now),
            Event::Resource { .. }
            | Event::Changes { .. }
            | Event::Uploaded { .. }
            | Event::Note { .. }
            | Event::Again { .. } => None,
        }
    }

    /// Takes a record of the journal into account. Returns a line with the spans that it ends, if it ends any.
    pub fn entry(&mut self, entry: &Entry, now: u64) -> Option<String> {
        match entry {
            Entry::Intends(intent) => {
                let next = Sent::new(intent.clone(), now);
                let before = self.work.get_mut(&intent.address)?.operation.replace(next)?;
                Some(self.line(&[self.operation(before, now)]))
            }
            Entry::Answered { token, error } => {
                let error = error.as_ref().map(|error| self.hidden.strip(error));
                let mut works = self.work.values_mut().filter_map(|work| work.operation.as_mut());
                let sent = works.find(|sent| sent.intent.token == *token)?;
                sent.happenings.push(Happening {
                    name: "answered",
                    at: now,
                    attributes: Vec::new(),
                });
                sent.error = error;
                None
            }
            Entry::Begun(_) | Entry::Resumed | Entry::Finished { .. } | Entry::Ended { .. } => None,
        }
    }

    /// The process ends. Returns a line with the spans of the run and its waves, and with those that are still open.
    /// `stopped` is why stacks are left for later.
    pub fn end(mut self, stopped: Option<&str>, now: u64) -> String {
        let mut spans = Vec::new();
        for (address, work) in std::mem::take(&mut self.work) {
            spans.extend(self.stack(&address, work, None, now));
        }
        for (wave, (begun, ended)) in &self.waves {
            spans.push(Span {
                id: self.wave_id(*wave),
                parent: Some(self.process_id(self.resumed)),
                name: format!("wave {}", wave + 1),
                kind: Kind::Internal,
                begun: *begun,
                ended: *ended,
                attributes: vec![Attribute::number("lakewright.wave", *wave as u64 + 1)],
                happenings: Vec::new(),
                status: SpanStatus::Unset,
            });
        }
        let stopped = stopped.map(|reason| self.hidden.strip(reason));
        let mut attributes = vec![
            Attribute::text("lakewright.mesh", self.mesh.clone()),
            Attribute::text("lakewright.run", self.run.clone()),
            Attribute::number("lakewright.stacks.failed", self.failed),
            Attribute::number("lakewright.stacks.skipped", self.skipped),
        ];
        attributes.extend(stopped.map(|reason| Attribute::text("lakewright.stopped", reason)));
        let is_bad = self.failed > 0;
        spans.push(Span {
            id: self.process_id(self.resumed),
            parent: (self.resumed > 0).then(|| self.process_id(0)),
            name: format!("{} {}", self.command, self.mesh),
            kind: Kind::Internal,
            begun: self.begun,
            ended: now,
            attributes,
            happenings: std::mem::take(&mut self.happenings),
            status: if is_bad {
                SpanStatus::Error("stacks failed".to_owned())
            } else {
                SpanStatus::Ok
            },
        });
        self.line(&spans)
    }

    fn starts(&mut self, address: &StackAddress, now: u64) {
        let wave = self.wave_of.of_stack(address);
        let (_, ended) = self.waves.entry(wave).or_insert((now, now));
        *ended = (*ended).max(now);
        // An earlier process may have sent a request, and this one waits for its end.
        let operation = self.open.remove(address).map(|intent| Sent::new(intent, now));
        let work = Work { begun: now, happenings: Vec::new(), operation };
        self.work.insert(address.clone(), work);
    }

    fn happens(&mut self, address: &StackAddress, name: &'static str, texts: [&str; 4], now: u64) {
        let [logical_id, kind, status, reason] = texts;
        let attributes = vec![
            Attribute::text("lakewright.resource", logical_id.to_owned()),
            Attribute::text("lakewright.resource.type", kind.to_owned()),
            Attribute::text("lakewright.resource.status", status.to_owned()),
            Attribute::text("lakewright.reason", self.hidden.strip(reason)),
        ];
        if let Some(work) = self.work.get_mut(address) {
            work.happenings.push(Happening { name, at: now, attributes });
        }
    }

    fn finishes(&mut self, address: &StackAddress, outcome: &Outcome, now: u64) -> Option<String> {
        self.failed += u64::from(is_bad(outcome));
        // A stack whose roles could not be read, for example, ends without having begun.
        let work = self.work.remove(address)?;
        let spans = self.stack(address, work, Some(outcome), now);
        *self.ends.entry(address.clone()).or_default() += 1;
        let wave = self.wave_of.of_stack(address);
        if let Some((_, ended)) = self.waves.get_mut(&wave) {
            *ended = (*ended).max(now);
        }
        Some(self.line(&spans))
    }

    /// The span of a stack, and of its last operation.
    fn stack(
        &self,
        address: &StackAddress,
        work: Work,
        outcome: Option<&Outcome>,
        now: u64,
    ) -> Vec<Span> {
        let mut attributes = of_place(address);
        let action = self.actions.get(address).map(|action| action.as_str().to_owned());
        attributes.extend(action.map(|action| Attribute::text("lakewright.action", action)));
        attributes.extend(
            outcome.map(|outcome| Attribute::text("lakewright.outcome", outcome.code().to_owned())),
        );
        let status = match outcome {
            None => SpanStatus::Unset,
            Some(outcome) if is_bad(outcome) => {
                let text = outcome.text().map(|text| self.hidden.strip(text));
                SpanStatus::Error(text.unwrap_or_else(|| outcome.code().to_owned()))
            }
            Some(_) => SpanStatus::Ok,
        };
        let operation = work.operation.map(|sent| self.operation(sent, now));
        let stack = Span {
            id: self.stack_id(address),
            parent: Some(self.wave_id(self.wave_of.of_stack(address))),
            name: address.name.clone(),
            kind: Kind::Internal,
            begun: work.begun,
            ended: now,
            attributes,
            happenings: work.happenings,
            status,
        };
        operation.into_iter().chain([stack]).collect()
    }

    /// The span of an operation. It lasts until the next one of its stack begins, or the work on the stack ends.
    fn operation(&self, sent: Sent, now: u64) -> Span {
        let Sent { intent, begun, happenings, error } = sent;
        let method = method(intent.operation);
        let mut attributes = of_place(&intent.address);
        attributes.extend([
            Attribute::text("rpc.system", "aws-api".to_owned()),
            Attribute::text("rpc.service", "CloudFormation".to_owned()),
            Attribute::text("rpc.method", method.to_owned()),
            Attribute::text("lakewright.token", intent.token.clone()),
        ]);
        Span {
            id: operation_id(&intent.token),
            parent: Some(self.stack_id(&intent.address)),
            name: method.to_owned(),
            kind: Kind::Client,
            begun,
            ended: now,
            attributes,
            happenings,
            status: error.map_or(SpanStatus::Unset, SpanStatus::Error),
        }
    }

    fn line(&self, spans: &[Span]) -> String {
        otlp::line(&digest::<16>(&["trace", &self.run]), &self.version, spans)
    }

    fn process_id(&self, resumed: u32) -> String {
        digest::<8>(&["process", &self.run, &resumed.to_string()])
    }

    fn wave_id(&self, wave: usize) -> String {
        digest::<8>(&["wave", &self.run, &self.resumed.to_string(), &wave.to_string()])
    }

    fn stack_id(&self, address: &StackAddress) -> String {
        let ends = self.ends.get(address).copied().unwrap_or_default();
        digest::<8>(&["stack", &self.run, &address.to_string(), &ends.to_string()])
    }
}

impl Sent {
    fn new(intent: Intent, begun: u64) -> Self {
        Self { intent, begun, happenings: Vec::new(), error: None }
    }
}

/// The id of an operation's span, made from the token of its request.
fn operation_id(token: &str) -> String {
    digest::<8>(&["operation", token])
}

/// An id of so many bytes, as two hexadecimal digits each. An id of zeros only would not be valid; no text is known whose
/// digest begins with 8 of them.
fn digest<const BYTES: usize>(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        // With its length, no text can pass for the beginning of the next one.
        hash.update(format!("{}:{part}", part.len()));
    }
    crate::journal::hex(&hash.finalize(), BYTES)
}

const fn method(operation: Operation) -> &'static str {
    match operation {
        Operation::Prepare => "CreateChangeSet",
        Operation::Execute => "ExecuteChangeSet",
        Operation::Delete => "DeleteStack",
        Operation::ContinueRollback => "ContinueUpdateRollback",
    }
}

/// Where a stack is, in the words of OpenTelemetry's semantic conventions for cloud resources.
fn of_place(address: &StackAddress) -> Vec<Attribute> {
    vec![
        Attribute::text("cloud.provider", "aws".to_owned()),
        Attribute::text("cloud.account.id", address.place.account.to_string()),
        Attribute::text("cloud.region", address.place.region.to_string()),
        Attribute::text("lakewright.stack", address.name.clone()),
    ]
}

const fn is_bad(outcome: &Outcome) -> bool {
    match outcome {
        Outcome::Created | Outcome::Updated | Outcome::Unchanged | Outcome::Deleted => false,
        Outcome::Declined
        | Outcome::RolledBack
        | Outcome::Refused(_)
        | Outcome::Overtaken(_)
        | Outcome::NeedsAttention(_)
        | Outcome::Unreachable(_) => true,
    }
}

#[cfg(test)]
mod tests;
