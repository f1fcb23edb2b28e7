//! A [`Cloud`] whose requests to CloudFormation wait for their turn, and are sent again when AWS refuses them because of their
//! rate.
//!
//! Each account and region has a [`Pace`] for requests that read and one for requests that change something, and a [`Room`]
//! of stacks that are changed at once. Requests wait in the order in which they came. Requests to S3 and to other services
//! have limits of their own and pass through.
//!
//! The adapter must not send throttled requests again by itself: this module would not learn of them.

mod requests;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use lakewright_fleet::pace::{Pace, Rates, Room};
use lakewright_fleet::plan::Observed;
use lakewright_fleet::status::{Standing, standing};
use lakewright_template::{Place, StackAddress};
use tokio::sync::{Mutex, Notify};
use tokio::time::Instant;

use crate::cloud::{CloudError, Site};

/// The limits of a run, and how long it tries.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Patience {
    /// How many stacks of one account and region are changed at once.
    pub stacks: usize,
    /// The rates of requests that read.
    pub reads: Rates,
    /// The rates of requests that change something.
    pub changes: Rates,
    /// How long a throttled request is sent again, from its first refusal.
    pub throttled: Duration,
    /// How long a request without an answer is sent again, from its first failure.
    pub network: Duration,
    /// How long a change waits for room in its account, and is sent again while the account is full.
    pub full: Duration,
    /// The seed of the random part of waits.
    pub seed: u64,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            stacks: 50,
            reads: Rates::READS,
            changes: Rates::CHANGES,
            throttled: Duration::from_mins(10),
            network: Duration::from_mins(2),
            full: Duration::from_mins(20),
            seed: 0,
        }
    }
}

/// The first wait after a throttled or lost request, and the longest.
const SOON: (Duration, Duration) = (Duration::from_millis(300), Duration::from_secs(20));
/// The first wait when an account is full, and the longest.
const LATER: (Duration, Duration) = (Duration::from_secs(5), Duration::from_mins(1));
/// For so long after a request, CloudFormation may still show the status from before.
const STALE: Duration = Duration::from_secs(10);
/// How often a stack that waits for room asks whether the run was stopped.
const STOPPED: Duration = Duration::from_secs(1);

/// A kind of request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Sort {
    /// It changes nothing.
    Read,
    /// It changes something. With a token it may be sent again without a second effect.
    Change { has_token: bool },
}

impl Sort {
    /// Whether the request may be sent again although it may have had an effect.
    const fn is_repeatable(self) -> bool {
        matches!(self, Self::Read | Self::Change { has_token: true })
    }
}

/// The requests of one kind in one account and region.
#[derive(Debug)]
struct Lane {
    /// Whose turn it is. Tokio's mutex is taken in the order in which it was asked for.
    turn: Mutex<()>,
    pace: RefCell<Pace>,
    /// Wakes the request whose turn it is: an answer may have made room for it.
    answered: Notify,
}

impl Lane {
    /// Notes what an answer says of the rate.
    fn heard<T>(&self, now: Duration, result: &Result<T, CloudError>) {
        let mut pace = self.pace.borrow_mut();
        match result {
            Err(CloudError::Throttled { after, .. }) => pace.throttled(now, *after),
            Err(CloudError::Network { .. }) => pace.lost(),
            Ok(_) | Err(_) => pace.succeeded(now),
        }
        drop(pace);
        self.answered.notify_one();
    }

    /// A request whose turn it was is not sent.
    fn not_sent(&self) {
        self.pace.borrow_mut().lost();
        self.answered.notify_one();
    }
}

/// The stacks that are changed at once in one account and region.
#[derive(Debug)]
struct Space {
    turn: Mutex<()>,
    room: RefCell<Room>,
    freed: Notify,
}

/// The right to change a stack, until it is dropped.
#[derive(Debug)]
struct Permit(Rc<Space>);

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.room.borrow_mut().give_back();
        self.0.freed.notify_one();
    }
}

/// A stack that CloudFormation is changing.
#[derive(Debug)]
struct Held {
    permit: Permit,
    since: Duration,
    /// Whether CloudFormation showed that the operation is in progress.
    was_busy: bool,
}

/// Paces the requests to another [`Cloud`].
pub struct Paced<'a, C> {
    cloud: &'a C,
    patience: Patience,
    started: Instant,
    /// The lanes, by place and whether they change something.
    lanes: RefCell<BTreeMap<(Place, bool), Rc<Lane>>>,
    spaces: RefCell<BTreeMap<Place, Rc<Space>>>,
    held: RefCell<BTreeMap<StackAddress, Held>>,
    random: Cell<u64>,
    /// Why nothing more may be changed, such as a lost lease.
    stop: Option<&'a dyn Fn() -> Option<String>>,
    /// Why no further operation is begun, such as a signal. What is under way goes on.
    end: Option<&'a dyn Fn() -> Option<String>>,
    /// Renews the credentials for an account and region.
    renew: Option<&'a dyn Fn(&Place)>,
}

impl<C> std::fmt::Debug for Paced<'_, C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Paced").field("patience", &self.patience).finish_non_exhaustive()
    }
}

impl<'a, C> Paced<'a, C> {
    /// Paces the requests to this cloud.
    pub fn new(cloud: &'a C, patience: Patience) -> Self {
        Self {
            cloud,
            patience,
            started: Instant::now(),
            lanes: RefCell::default(),
            spaces: RefCell::default(),
            held: RefCell::default(),
            random: Cell::new(patience.seed),
            stop: None,
            end: None,
            renew: None,
        }
    }

    /// Asks before each request that changes something whether it still may, as the request may have waited for long.
    #[must_use]
    pub fn with_stop(mut self, stop: &'a dyn Fn() -> Option<String>) -> Self {
        self.stop = Some(stop);
        self
    }

    /// Asks whether the run begins no further operation while a stack waits for room: such a stack stays as it is.
    #[must_use]
    pub fn with_end(mut self, end: &'a dyn Fn() -> Option<String>) -> Self {
        self.end = Some(end);
        self
    }

    /// Calls this with the account and region whose credentials AWS calls expired, and sends the request once more.
    #[must_use]
    pub fn with_renewal(mut self, renew: &'a dyn Fn(&Place)) -> Self {
        self.renew = Some(renew);
        self
    }

    /// Gives back the room of a stack. A short operation may never be seen in progress, and a run may stop looking before
    /// the operation has ended. CloudFormation had room for it.
    fn leave(&self, address: &StackAddress) {
        let held = self.held.borrow_mut().remove(address);
        if let Some(held) = held {
            held.permit.0.room.borrow_mut().succeeded();
        }
    }

    fn now(&self) -> Duration {
        self.started.elapsed()
    }

    fn lane(&self, place: &Place, is_change: bool) -> Rc<Lane> {
        let rates = if is_change { self.patience.changes } else { self.patience.reads };
        let new = || Lane {
            turn: Mutex::new(()),
            pace: RefCell::new(Pace::new(rates)),
            answered: Notify::new(),
        };
        let mut lanes = self.lanes.borrow_mut();
        Rc::clone(lanes.entry((place.clone(), is_change)).or_insert_with(|| Rc::new(new())))
    }

    fn space(&self, place: &Place) -> Rc<Space> {
        let stacks = self.patience.stacks;
        let new = || Space {
            turn: Mutex::new(()),
            room: RefCell::new(Room::new(stacks)),
            freed: Notify::new(),
        };
        let mut spaces = self.spaces.borrow_mut();
        Rc::clone(spaces.entry(place.clone()).or_insert_with(|| Rc::new(new())))
    }

    /// A wait that doubles with each try, of which the second half is random: so requests that were refused together do not
    /// come again together.
    fn wait(&self, (first, longest): (Duration, Duration), tries: u32) -> Duration {
        let grown = first.saturating_mul(1 << tries.min(10)).min(longest);
        grown.mul_f64(f64::midpoint(1.0, self.random()))
    }

    /// A number from 0 to 1: the generator `SplitMix64`.
    fn random(&self) -> f64 {
        let state = self.random.get().wrapping_add(0x9e37_79b9_7f4a_7c15);
        self.random.set(state);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let high = u32::try_from((mixed ^ (mixed >> 31)) >> 32).unwrap_or_default();
        f64::from(high) / f64::from(u32::MAX)
    }

    /// Waits until the request may be sent.
    async fn turn(&self, lane: &Lane) {
        let _turn = lane.turn.lock().await;
        loop {
            let asked = lane.pace.borrow_mut().ask(self.now());
            match asked {
                Ok(()) => return,
                Err(wait) => {
                    drop(tokio::time::timeout(wait, lane.answered.notified()).await);
                }
            }
        }
    }

    /// The error if nothing more may be changed.
    fn may(&self, sort: Sort) -> Result<(), CloudError> {
        let stop = self.stop.filter(|_| sort != Sort::Read);
        match stop.and_then(|stop| stop()) {
            None => Ok(()),
            Some(message) => {
                Err(CloudError::Overtaken { what: "go on with a change".to_owned(), message })
            }
        }
    }

    /// Sends a request when it is its turn, and again while AWS refuses it because of the rate, or gives no answer.
    async fn send<T>(
        &self,
        place: &Place,
        sort: Sort,
        request: impl AsyncFn() -> Result<T, CloudError>,
    ) -> Result<T, CloudError> {
        let lane = self.lane(place, sort != Sort::Read);
        let mut failed = None;
        let mut tries = 0;
        let mut is_renewed = false;
        loop {
            self.turn(&lane).await;
            if let Err(error) = self.may(sort) {
                lane.not_sent();
                return Err(error);
            }
            let result = request().await;
            let now = self.now();
            lane.heard(now, &result);
            // A request with expired credentials has no effect.
            let is_expired = matches!(&result, Err(error) if error.is_expired());
            if let Some(renew) = self.renew.filter(|_| is_expired && !is_renewed) {
                renew(place);
                is_renewed = true;
                continue;
            }
            let limit = match &result {
                Err(CloudError::Throttled { .. }) => self.patience.throttled,
                Err(CloudError::Network { .. }) if sort.is_repeatable() => self.patience.network,
                Ok(_) | Err(_) => return result,
            };
            let since = *failed.get_or_insert(now);
            let wait = self.wait(SOON, tries);
            if now.saturating_add(wait) > since.saturating_add(limit) {
                return result;
            }
            tokio::time::sleep(wait).await;
            tries += 1;
        }
    }

    /// Waits for room to change a stack. After the longest wait it goes on without: then CloudFormation says whether there is
    /// room.
    ///
    /// # Errors
    ///
    /// The run was stopped meanwhile, or may change nothing more.
    async fn enter(&self, address: &StackAddress) -> Result<Permit, CloudError> {
        let before = self.held.borrow_mut().remove(address);
        if let Some(held) = before {
            return Ok(held.permit);
        }
        let space = self.space(&address.place);
        {
            let _turn = space.turn.lock().await;
            let until = Instant::now() + self.patience.full;
            loop {
                let is_free = space.room.borrow_mut().take();
                if is_free {
                    break;
                }
                self.may(Sort::Change { has_token: true })?;
                self.goes_on(address)?;
                let then = until.min(Instant::now() + STOPPED);
                drop(tokio::time::timeout_at(then, space.freed.notified()).await);
                if Instant::now() >= until {
                    space.room.borrow_mut().take_anyway();
                    break;
                }
            }
        }
        Ok(Permit(space))
    }

    /// The error if a stack waits for room, and the run begins no further operation.
    fn goes_on(&self, address: &StackAddress) -> Result<(), CloudError> {
        match self.end.and_then(|end| end()) {
            None => Ok(()),
            Some(reason) => Err(CloudError::Overtaken {
                what: format!("change stack {}", address.name),
                message: format!(
                    "the run was stopped while the stack waited for others of its account, and nothing of it was changed: {reason}"
                ),
            }),
        }
    }

    /// Sends a request that begins an operation on a stack, when there is room for it.
    async fn operate(
        &self,
        address: &StackAddress,
        request: impl AsyncFn() -> Result<(), CloudError>,
    ) -> Result<(), CloudError> {
        let mut waited = Duration::ZERO;
        let mut tries = 0;
        loop {
            let permit = self.enter(address).await?;
            let sort = Sort::Change { has_token: true };
            let result = self.send(&address.place, sort, &request).await;
            let now = self.now();
            match &result {
                Err(CloudError::Full { .. }) => permit.0.room.borrow_mut().full(now),
                // Without an answer, the operation may have begun.
                Ok(()) | Err(CloudError::Network { .. }) => {
                    let held = Held { permit, since: now, was_busy: false };
                    self.held.borrow_mut().insert(address.clone(), held);
                    return result;
                }
                Err(_) => return result,
            }
            // Others may use the room meanwhile.
            drop(permit);
            self.goes_on(address)?;
            let wait = self.wait(LATER, tries);
            waited = waited.saturating_add(wait);
            if waited > self.patience.full {
                return result;
            }
            tokio::time::sleep(wait).await;
            tries += 1;
        }
    }

    /// Notes the status of a stack. When the operation on it has ended, there is room for another one.
    fn looked(&self, address: &StackAddress, found: Option<&Observed>) {
        let is_busy = found.is_some_and(|stack| standing(&stack.status) == Standing::Busy);
        let now = self.now();
        let mut all = self.held.borrow_mut();
        let Some(held) = all.get_mut(address) else { return };
        if is_busy {
            held.was_busy = true;
        } else if held.was_busy || now >= held.since.saturating_add(STALE) {
            held.permit.0.room.borrow_mut().succeeded();
            all.remove(address);
        }
    }
}

/// The address of a stack that is given by its name or its ARN.
fn address(site: &Site, stack: &str) -> StackAddress {
    // arn:PARTITION:cloudformation:REGION:ACCOUNT:stack/NAME/ID
    let of_arn = stack.strip_prefix("arn:").and_then(|rest| rest.split('/').nth(1));
    site.address(of_arn.unwrap_or(stack))
}

#[cfg(test)]
mod tests;
