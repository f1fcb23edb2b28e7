//! The trace of a run: a file of lines for collectors of OpenTelemetry.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use lakewright_fleet::event::Event;
use lakewright_fleet::journal::{Entry, Hidden, Journal, JournalError};
use lakewright_fleet::plan::Plan;
use lakewright_fleet::schedule::Waves;
use lakewright_fleet::trace::{Traced, Tracer};

use super::Deployment;
use crate::exit::Failure;

/// A trace that is written while the run goes on. A run that cannot write it goes on without it.
pub(super) struct Trace {
    path: PathBuf,
    state: RefCell<State>,
}

struct State {
    file: File,
    /// `None` once the process has ended its spans.
    tracer: Option<Tracer>,
    /// Why lines are missing, if some are.
    broken: Option<io::Error>,
}

impl Trace {
    /// Opens the file, and adds to it if it exists: a process that goes on with a run adds its spans to those of the run.
    pub(super) fn begin(path: &Path, traced: Traced<'_>) -> Result<Self, Failure> {
        let file = OpenOptions::new().append(true).create(true).open(path);
        let file = file.map_err(|error| {
            Failure::usage(format!("{} cannot be written: {error}", path.display()))
        })?;
        let state =
            RefCell::new(State { file, tracer: Some(Tracer::new(traced, now())), broken: None });
        Ok(Self { path: path.to_owned(), state })
    }

    pub(super) fn event(&self, event: &Event) {
        self.take(|tracer| tracer.event(event, now()));
    }

    pub(super) fn entry(&self, entry: &Entry) {
        self.take(|tracer| tracer.entry(entry, now()));
    }

    fn take(&self, work: impl FnOnce(&mut Tracer) -> Option<String>) {
        let mut state = self.state.borrow_mut();
        let line = state.tracer.as_mut().and_then(work);
        state.write(line);
    }

    /// Ends the spans of this process. Returns what to tell people if lines are missing.
    pub(super) fn end(&self, stopped: Option<&str>) -> Option<String> {
        let mut state = self.state.borrow_mut();
        let line = state.tracer.take().map(|tracer| tracer.end(stopped, now()));
        state.write(line);
        let error = state.broken.as_ref()?;
        Some(format!("the trace in {} is not complete: {error}", self.path.display()))
    }
}

/// The records of a run that keeps no journal of its own.
impl Journal for Trace {
    fn write(&self, entry: &Entry) -> Result<(), JournalError> {
        self.entry(entry);
        Ok(())
    }
}

impl Deployment<'_> {
    /// What is traced of a run that goes on with no other one and has no canaries. `command` names it.
    pub(super) fn traced<'p>(&self, command: &'static str, plan: &'p Plan) -> Traced<'p> {
        Traced {
            command,
            mesh: self.id.clone(),
            run: self.lease.id().to_owned(),
            resumed: 0,
            ends: BTreeMap::new(),
            open: BTreeMap::new(),
            plan,
            waves: Waves::default(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            hidden: Hidden::new([self.mesh.tenant.pivot_role.external_id.clone()]),
        }
    }
}

impl State {
    fn write(&mut self, line: Option<String>) {
        let Some(line) = line else { return };
        if let Err(error) = self.file.write_all(line.as_bytes()) {
            self.broken.get_or_insert(error);
        }
    }
}

/// Nanoseconds since 1970 in UTC. 64 bits last until 2554.
fn now() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_nanos()).unwrap_or(u64::MAX)
}
