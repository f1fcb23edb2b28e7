//! The lease on a mesh: only one run may change the mesh at a time. It is stored in the record of deployments, so it
//! needs no permission that a deployment lacks. A run writes its entry before its first change, renews it each
//! minute, and marks it as ended at the end. Each write is conditional on the version that was read, so only one of
//! two concurrent runs succeeds. The entry of an ended run stays in the record: an `ETag` depends on the content
//! alone (S3 API reference), so otherwise a run that read the record earlier would take it for unchanged.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::fmt;
use std::future::Future;
use std::pin::pin;
use std::rc::Rc;
use std::time::{Duration, SystemTime};

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use lakewright_fleet::plan::Observed;
use serde_json::{Value, json};

use crate::cloud::{Cloud, CloudError};
use crate::record::{self, Record, Shelf, Spot};

/// The interval, in seconds, between two renewals of a run's entry.
const AGAIN_AFTER: i64 = 60;
/// A run counts as ended if its entry is this old, in seconds: it was killed, or has no network. Clocks of two
/// machines that both reach AWS normally differ by less.
const GONE_AFTER: i64 = 600;
/// A run changes nothing more when its entry is this old, in seconds: sooner than another one may begin, because two clocks
/// differ and a request takes time to arrive.
const LOST_AFTER: i64 = 540;
/// How much the clocks of AWS and of a machine may differ, in seconds: in most cases, AWS denies requests whose time stamp is
/// five minutes old ("AWS Signature Version 4 for API requests" in the IAM user guide).
const CLOCKS: i64 = 300;

/// Tells the time, in seconds since 1970.
#[derive(Clone)]
pub struct Clock(Rc<dyn Fn() -> i64>);

impl Clock {
    /// The clock of the machine.
    pub fn system() -> Self {
        Self::new(now)
    }

    /// A clock that somebody else sets, such as a simulation.
    pub fn new(time: impl Fn() -> i64 + 'static) -> Self {
        Self(Rc::new(time))
    }

    fn now(&self) -> i64 {
        (self.0)()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}

/// A run's entry in the record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Identifies the run; contains no data about the machine.
    pub id: String,
    /// When it started, in seconds since 1970.
    pub begun: i64,
    /// When it last renewed its entry or marked it as ended, in seconds since 1970.
    pub heard: i64,
    /// Whether it has ended.
    pub has_ended: bool,
}

/// A run's entry that is not as it was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("its `run` is not as it was written: {0}")]
pub(crate) struct RunError(Value);

impl Run {
    /// Whether it counts as running. An entry from far in the future is no sign of life: the clock that wrote it was
    /// wrong.
    fn is_alive(&self, now: i64) -> bool {
        !self.has_ended && now.saturating_sub(self.heard).saturating_abs() < GONE_AFTER
    }

    /// Whether a stack may have been changed since the run began, as CloudFormation says. A stack of which it is not known
    /// counts.
    pub fn may_have_changed(&self, stack: &Observed) -> bool {
        let changed = stack.told.changed.as_deref();
        let changed = changed.and_then(|time| DateTime::from_str(time, Format::DateTime).ok());
        changed.is_none_or(|time| time.secs().saturating_add(CLOCKS) >= self.begun)
    }

    /// When it started and when its entry was last written, for people.
    fn times(&self) -> String {
        format!(
            "it began at {} and was last heard of at {}",
            written(self.begun),
            written(self.heard)
        )
    }

    /// The entry as it is written.
    pub fn to_json(&self) -> Value {
        json!({
            "id": self.id,
            "begun": written(self.begun),
            "heard": written(self.heard),
            "has_ended": self.has_ended,
        })
    }

    /// Reads what [`Self::to_json`] wrote; `None` if the record has no run.
    pub(crate) fn parse(value: &Value) -> Result<Option<Self>, RunError> {
        if value.is_null() {
            return Ok(None);
        }
        let broken = || RunError(value.clone());
        let text = |name: &str| value[name].as_str().ok_or_else(broken);
        let time = |name: &str| {
            let read = DateTime::from_str(text(name)?, Format::DateTime);
            read.map(|time| time.secs()).map_err(|_| broken())
        };
        Ok(Some(Self {
            id: text("id")?.to_owned(),
            begun: time("begun")?,
            heard: time("heard")?,
            has_ended: value["has_ended"].as_bool().ok_or_else(broken)?,
        }))
    }
}

/// The lease of this run.
#[derive(Debug)]
pub struct Lease {
    clock: Clock,
    shelf: Shelf,
    mesh: String,
    id: String,
    begun: i64,
    /// When this run last wrote its entry; `None` while it does not hold the lease.
    heard: Cell<Option<i64>>,
    /// When this run last tried to write its entry.
    tried: Cell<i64>,
    /// Why this run has lost the lease; `None` if it has not.
    lost: RefCell<Option<String>>,
}

impl Lease {
    /// A lease for this run, not taken yet.
    pub fn new(shelf: Shelf, mesh: &str) -> Self {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let clock = Clock::system();
        Self {
            begun: clock.now(),
            clock,
            shelf,
            mesh: mesh.to_owned(),
            id: format!("{:x}-{:x}", since.as_nanos(), std::process::id()),
            heard: Cell::new(None),
            tried: Cell::new(0),
            lost: RefCell::new(None),
        }
    }

    /// The lease of a run that goes on: under its own id it takes the lease that it had, whatever is left of its time.
    pub fn resumed(shelf: Shelf, mesh: &str, run: &str) -> Self {
        Self { id: run.to_owned(), ..Self::new(shelf, mesh) }
    }

    /// Tells the time by another clock.
    #[must_use]
    pub fn with_clock(self, clock: Clock) -> Self {
        Self { begun: clock.now(), clock, ..self }
    }

    /// The run's id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Fails if the run may not begin. Returns the note about an abandoned run, if any.
    pub fn check(&self, record: &Record) -> Result<Option<String>, CloudError> {
        let other = record.run.as_ref().filter(|run| run.id != self.id && !run.has_ended);
        let Some(other) = other else { return Ok(None) };
        if other.is_alive(self.clock.now()) {
            return Err(CloudError::Overtaken {
                what: "change the stacks of the mesh".to_owned(),
                message: format!(
                    "another deployment of the mesh is running: {}; run again when it is done, or when nothing was heard of it for \
                     {} minutes",
                    other.times(),
                    GONE_AFTER / 60
                ),
            });
        }
        Ok(Some(format!(
            "takes over from a deployment that was stopped before its end: {}",
            other.times()
        )))
    }

    /// A run in the record that was stopped before its end, and is not this one.
    pub fn abandoned<'r>(&self, record: &'r Record) -> Option<&'r Run> {
        let run = record.run.as_ref().filter(|run| run.id != self.id && !run.has_ended);
        run.filter(|run| !run.is_alive(self.clock.now()))
    }

    /// Takes the lease and records where the mesh will have stacks. Returns the note about an abandoned run, if any.
    pub async fn take(
        &self,
        cloud: &impl Cloud,
        record: &mut Record,
        spots: BTreeSet<Spot>,
    ) -> Result<Option<String>, CloudError> {
        let said = self.check(record)?;
        self.write(cloud, record, spots).await?;
        Ok(said)
    }

    /// Releases the lease and records where the mesh has stacks. A record with another run's entry is left unchanged.
    pub async fn release(
        &self,
        cloud: &impl Cloud,
        record: &mut Record,
        spots: BTreeSet<Spot>,
    ) -> Result<(), CloudError> {
        self.heard.set(None);
        if record.run.as_ref().is_some_and(|run| run.id != self.id) {
            return Ok(());
        }
        self.put(cloud, record, spots, true).await
    }

    /// Why the run has lost the lease, if it has.
    pub fn lost(&self) -> Option<String> {
        if let Some(reason) = &*self.lost.borrow() {
            return Some(reason.clone());
        }
        let heard = self.heard.get()?;
        (self.clock.now().saturating_sub(heard) >= LOST_AFTER).then(|| {
            format!(
                "for {} minutes this run could not write that it goes on, so another one may have begun; run again",
                LOST_AFTER / 60
            )
        })
    }

    /// Awaits `work` and renews the lease each minute meanwhile.
    pub async fn during<T>(
        &self,
        cloud: &impl Cloud,
        record: &mut Record,
        work: impl Future<Output = T>,
    ) -> T {
        let mut work = pin!(work);
        loop {
            let next =
                self.tried.get().saturating_add(AGAIN_AFTER).saturating_sub(self.clock.now());
            let wait = Duration::from_secs(u64::try_from(next).unwrap_or_default());
            match tokio::time::timeout(wait, work.as_mut()).await {
                Ok(done) => return done,
                Err(_) => self.refresh(cloud, record).await,
            }
        }
    }

    async fn refresh(&self, cloud: &impl Cloud, record: &mut Record) {
        self.tried.set(self.clock.now());
        if self.heard.get().is_none() || self.lost.borrow().is_some() {
            return;
        }
        let spots = record.spots.clone();
        // Other errors may be transient. They count once the entry is too old, see `lost`.
        if let Err(CloudError::Overtaken { message, .. }) = self.write(cloud, record, spots).await {
            // If the response to a write was lost, the SDK repeats the write, which then conflicts with the first
            // one.
            match record::read(cloud, &self.shelf, &self.mesh).await {
                Ok(read) if read.run.as_ref().is_some_and(|run| self.goes_on_as(run)) => {
                    self.heard.set(read.run.as_ref().map(|run| run.heard));
                    *record = read;
                }
                Ok(_) | Err(_) => *self.lost.borrow_mut() = Some(message),
            }
        }
    }

    /// Whether an entry is this run's, and nobody has marked it as ended.
    fn goes_on_as(&self, run: &Run) -> bool {
        run.id == self.id && !run.has_ended
    }

    async fn write(
        &self,
        cloud: &impl Cloud,
        record: &mut Record,
        spots: BTreeSet<Spot>,
    ) -> Result<(), CloudError> {
        let heard = self.clock.now();
        self.tried.set(heard);
        self.put(cloud, record, spots, false).await?;
        self.heard.set(Some(heard));
        Ok(())
    }

    async fn put(
        &self,
        cloud: &impl Cloud,
        record: &mut Record,
        spots: BTreeSet<Spot>,
        has_ended: bool,
    ) -> Result<(), CloudError> {
        let run =
            Run { id: self.id.clone(), begun: self.begun, heard: self.clock.now(), has_ended };
        record::write(cloud, &self.shelf, &self.mesh, record, (spots, run)).await
    }
}

/// Marks a run as ended from outside it, for example when it is interrupted. Retries, because the run may write its
/// entry at the same time.
pub async fn release(
    cloud: &impl Cloud,
    shelf: &Shelf,
    mesh: &str,
    id: &str,
) -> Result<(), CloudError> {
    const TRIES: u32 = 3;
    let mut tries = 0;
    loop {
        let mut record = record::read(cloud, shelf, mesh).await?;
        let run = record.run.clone().filter(|run| run.id == id && !run.has_ended);
        let Some(run) = run else { return Ok(()) };
        let ended = Run { heard: now(), has_ended: true, ..run };
        let spots = record.spots.clone();
        tries += 1;
        match record::write(cloud, shelf, mesh, &mut record, (spots, ended)).await {
            Err(CloudError::Overtaken { .. }) if tries < TRIES => {}
            other => return other,
        }
    }
}

/// The current time, in seconds since 1970.
fn now() -> i64 {
    DateTime::from(SystemTime::now()).secs()
}

/// A time in RFC 3339, for people and programs.
fn written(seconds: i64) -> String {
    DateTime::from_secs(seconds).fmt(Format::DateTime).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The format is RFC 3339, as `date -u +%FT%TZ` prints it.
    #[test]
    fn a_run_is_read_as_it_was_written() {
        let (begun, heard) = (1_700_000_000, 1_700_000_060);
        let run = Run { id: "a".to_owned(), begun, heard, has_ended: true };
        assert_eq!(run.to_json()["begun"], "2023-11-14T22:13:20Z");
        assert_eq!(Run::parse(&run.to_json()), Ok(Some(run)));
        assert_eq!(Run::parse(&Value::Null), Ok(None));
        for broken in [json!({}), json!({ "id": "a", "begun": "now", "heard": "now" }), json!("a")]
        {
            assert!(Run::parse(&broken).is_err(), "{broken}");
        }
    }

    #[test]
    fn a_run_counts_as_ended_after_ten_minutes_without_a_word() {
        let run = Run { id: "a".to_owned(), begun: 0, heard: 1000, has_ended: false };
        assert!(run.is_alive(1000) && run.is_alive(1599));
        assert!(!run.is_alive(1600));
        // A clock that is slightly slow does not end the run.
        assert!(run.is_alive(700) && !run.is_alive(0));
        assert!(!Run { has_ended: true, ..run }.is_alive(1000));
    }

    /// A run must know that it has lost its lease before another one may begin, whatever the two clocks show.
    #[test]
    fn a_run_stops_before_another_one_may_begin() {
        let time = Rc::new(Cell::new(1_000));
        let told = Rc::clone(&time);
        let access = crate::cloud::Access::Owner { role: "r".to_owned() };
        let place = lakewright_template::Place::parse("111111111111", "eu-west-1");
        let site = crate::cloud::Site { place: place.expect("a place"), access };
        let shelf = Shelf { site, bucket: "b".to_owned(), key: "k".to_owned() };
        let lease = Lease::new(shelf, "m").with_clock(Clock::new(move || told.get()));
        lease.heard.set(Some(1_000));
        let run = Run { id: "a".to_owned(), begun: 0, heard: 1_000, has_ended: false };
        for seconds in 0..700 {
            time.set(1_000 + seconds);
            assert!(lease.lost().is_some() || run.is_alive(1_000 + seconds + 30), "{seconds}");
        }
        assert!(lease.lost().is_some());
    }

    /// 1,700,000,000 is 2023-11-14T22:13:20Z, as `date -u -d @1700000000 +%FT%TZ` prints it.
    #[test]
    fn what_changed_since_a_run_began_is_known_from_the_stack() {
        let run = Run { id: "a".to_owned(), begun: 1_700_000_000, heard: 0, has_ended: false };
        let stack = |changed: Option<&str>| Observed {
            status: "UPDATE_COMPLETE".to_owned(),
            tags: std::collections::BTreeMap::new(),
            revision: None,
            is_express: false,
            id: None,
            last_operation: None,
            is_protected: false,
            told: lakewright_fleet::plan::Told {
                changed: changed.map(str::to_owned),
                ..lakewright_fleet::plan::Told::default()
            },
        };
        assert!(run.may_have_changed(&stack(Some("2023-11-14T22:13:20Z"))));
        // The clocks of the machine and of AWS differ.
        assert!(run.may_have_changed(&stack(Some("2023-11-14T22:08:20Z"))));
        assert!(!run.may_have_changed(&stack(Some("2023-11-14T22:08:19Z"))));
        assert!(run.may_have_changed(&stack(None)));
    }
}
