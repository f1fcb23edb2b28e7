//! How fast requests may be sent, and how many operations may be under way: learnt from what AWS refuses. Pure: whoever asks
//! says what time it is.
//!
//! AWS does not publish the request rates of CloudFormation, so a run starts low. Public reports: `DescribeStacks` is said to
//! be refused from 5 in a second on (aws/aws-sam-cli#2671), 5 `CreateStack` in one second were too many
//! (Sceptre/sceptre#910), and of 10 stacks updated at once 3 or 4 were refused, of 7 none
//! (jenkinsci/pipeline-aws-plugin#245).
//!
//! Until the first refusal a run has a window: so many requests may be under way at once. Each answer widens it by [`WIDER`] if
//! it is used, as in the slow start of TCP (RFC 5681, section 3.1). So the number of requests in a second follows the time that
//! AWS takes to answer, and grows by half in this time. The first refusal ends this: the allowance for bursts is used up then,
//! and what AWS allows in the long run is learnt from the start on.

use std::time::Duration;

/// The rates at which a run starts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rates {
    /// Requests in a second after the first refusal, and always before it.
    pub start: f64,
    /// Requests that may follow each other without a wait after the first refusal, and be under way at once at the start.
    pub burst: f64,
    /// Requests in a second that are never exceeded after the first refusal; before it, requests under way at once.
    pub most: f64,
}

impl Rates {
    /// For requests that read.
    pub const READS: Self = Self { start: 4.0, burst: 4.0, most: 200.0 };
    /// For requests that change something.
    pub const CHANGES: Self = Self { start: 2.0, burst: 2.0, most: 100.0 };
}

/// By how many requests each answer widens a window that is used.
const WIDER: f64 = 0.5;
/// The lowest rate, in requests in a second.
const LEAST: f64 = 0.05;
/// By how much each success raises the rate before AWS has refused a request for its rate alone, as a part of the rate.
const START: f64 = 0.06;
/// The same when AWS allows clearly more than at the last refusal.
const FREE: f64 = 0.03;
/// By how much each success raises the rate near the limit, as a part of the limit: the rate at which AWS last refused a
/// request. Together with [`CLOSER`], it takes about 50 successes from the rate after a refusal to the limit.
const STEP: f64 = 0.0015;
/// The part of the distance to the limit that each success adds.
const CLOSER: f64 = 0.01;
/// The part of the rate that is left after a refusal.
const LOWERED: f64 = 0.88;
/// The same while the rate is far above the limit.
const HALVED: f64 = 0.5;
/// Above this multiple of the limit, AWS allows clearly more than at the last refusal.
const OUTGROWN: f64 = 1.1;
/// Fewer successes than this between two refusals mean that the rate is far above the limit, and so do more refusals than
/// successes.
const FEW: u32 = 8;
/// Refusals this soon after another one are answers to requests that were sent before the rate was lowered.
const SAME: Duration = Duration::from_millis(500);
/// Differences between sums of fractions that mean nothing.
const ROUNDING: f64 = 1e-9;

/// A bucket of tokens, one for each request. Its rate rises with successes and falls when AWS refuses a request because of the
/// rate.
#[derive(Debug, Clone)]
pub struct Pace {
    rates: Rates,
    rate: f64,
    tokens: f64,
    /// When the tokens were counted.
    counted: Duration,
    /// No request before this time.
    blocked: Duration,
    /// The rate at which AWS last refused a request.
    limit: Option<f64>,
    /// When the rate was last lowered because AWS refused a request.
    refused: Option<Duration>,
    /// Successes since the rate was last lowered.
    successes: u32,
    /// Refusals since then.
    refusals: u32,
    /// The requests before the first refusal.
    opening: Option<Opening>,
}

/// The requests before the first refusal.
#[derive(Debug, Clone, Copy)]
struct Opening {
    /// How many may be under way at once.
    window: f64,
    /// How many are.
    under_way: f64,
}

impl Opening {
    /// Whether there is room for one more.
    fn has_room(&self) -> bool {
        self.under_way + 1.0 <= self.window + ROUNDING
    }

    /// Whether so many requests are under way that the window holds others back, or soon will.
    fn is_used(&self) -> bool {
        self.under_way * 2.0 > self.window
    }
}

impl Pace {
    /// A pace that knows no limit yet.
    pub fn new(rates: Rates) -> Self {
        Self {
            rates,
            rate: rates.start,
            tokens: 0.0,
            counted: Duration::ZERO,
            blocked: Duration::ZERO,
            limit: None,
            refused: None,
            successes: 0,
            refusals: 0,
            opening: Some(Opening { window: rates.burst.max(1.0), under_way: 0.0 }),
        }
    }

    /// The rate, in requests in a second.
    pub fn rate(&self) -> f64 {
        self.rate
    }

    /// Lets a request begin. Each one that begins has one answer: [`Self::succeeded`], [`Self::throttled`] or [`Self::lost`].
    ///
    /// # Errors
    ///
    /// The request may not be sent yet. The error is how long to wait before asking again; before the first refusal an answer
    /// may come earlier, and with it the turn of the next request.
    pub fn ask(&mut self, now: Duration) -> Result<(), Duration> {
        self.count(now);
        if let Some(wait) = self.blocked.checked_sub(now).filter(|wait| !wait.is_zero()) {
            return Err(wait);
        }
        let has_room = self.opening.as_ref().is_some_and(Opening::has_room);
        if !has_room {
            let missing = 1.0 - self.tokens;
            if missing > ROUNDING {
                let wait = Duration::from_secs_f64(missing / self.rate);
                return Err(wait.max(Duration::from_micros(1)));
            }
            self.tokens -= 1.0;
        }
        if let Some(opening) = &mut self.opening {
            opening.under_way += 1.0;
        }
        Ok(())
    }

    /// A request was not refused because of the rate. The rate rises only if it is what holds requests back.
    pub fn succeeded(&mut self, now: Duration) {
        self.count(now);
        self.successes = self.successes.saturating_add(1);
        if let Some(opening) = &mut self.opening {
            if opening.is_used() {
                opening.window = (opening.window + WIDER).min(self.rates.most);
            }
            opening.under_way = (opening.under_way - 1.0).max(0.0);
            return;
        }
        if self.tokens >= 1.0 {
            return;
        }
        let step = match self.limit {
            None => self.rate * START,
            Some(limit) if self.rate > limit * OUTGROWN => self.rate * FREE,
            Some(limit) => limit * STEP + (limit - self.rate).max(0.0) * CLOSER,
        };
        self.rate = (self.rate + step).min(self.rates.most);
    }

    /// A request has no answer: the network failed. It says nothing about the rate.
    pub fn lost(&mut self) {
        if let Some(opening) = &mut self.opening {
            opening.under_way = (opening.under_way - 1.0).max(0.0);
        }
    }

    /// AWS refused a request because of the rate, and perhaps said how long to wait.
    pub fn throttled(&mut self, now: Duration, retry_after: Option<Duration>) {
        self.count(now);
        self.tokens = self.tokens.min(0.0);
        if let Some(wait) = retry_after {
            self.blocked = self.blocked.max(now.saturating_add(wait));
        }
        if self.refused.is_some_and(|before| now < before.saturating_add(SAME)) {
            self.refusals = self.refusals.saturating_add(1);
            return;
        }
        let (successes, refusals) = (self.successes, self.refusals);
        self.refused = Some(now);
        (self.successes, self.refusals) = (0, 0);
        // The burst that AWS allows is used up. It says nothing about the rate.
        if self.opening.take().is_some() {
            return;
        }
        let is_far = self.limit.is_none() || successes < FEW || refusals > successes;
        self.limit = Some(self.rate);
        self.rate = (self.rate * if is_far { HALVED } else { LOWERED }).max(LEAST);
    }

    /// Counts the tokens that have come since the last count.
    fn count(&mut self, now: Duration) {
        let since = now.saturating_sub(self.counted).as_secs_f64();
        self.tokens = since.mul_add(self.rate, self.tokens).min(self.rates.burst.max(1.0));
        self.counted = self.counted.max(now);
    }
}

/// Refusals this soon after another one are answers to requests that were sent before the budget was lowered.
const SAME_FULL: Duration = Duration::from_secs(5);

/// The budget of operations that are under way at once in one account and region. It falls when CloudFormation says that there
/// are too many, and rises by one each time that as many operations as it has have ended well.
#[derive(Debug, Clone)]
pub struct Room {
    /// The budget is never higher.
    limit: usize,
    budget: usize,
    taken: usize,
    /// Operations that ended well since the budget last changed.
    successes: usize,
    full: Option<Duration>,
}

impl Room {
    /// A budget that starts at the limit, at least 1.
    pub fn new(limit: usize) -> Self {
        let limit = limit.max(1);
        Self { limit, budget: limit, taken: 0, successes: 0, full: None }
    }

    /// How many operations may be under way at once.
    pub fn budget(&self) -> usize {
        self.budget
    }

    /// Whether one more operation may begin. Then it is counted until [`Self::give_back`].
    pub fn take(&mut self) -> bool {
        let is_free = self.taken < self.budget;
        self.taken += usize::from(is_free);
        is_free
    }

    /// Counts an operation that begins although there is no room.
    pub fn take_anyway(&mut self) {
        self.taken += 1;
    }

    /// An operation has ended, or was not begun.
    pub fn give_back(&mut self) {
        self.taken = self.taken.saturating_sub(1);
    }

    /// An operation ended, and CloudFormation had room for it.
    pub fn succeeded(&mut self) {
        self.successes += 1;
        if self.successes >= self.budget && self.budget < self.limit {
            self.budget += 1;
            self.successes = 0;
        }
    }

    /// CloudFormation refused an operation because too many are under way.
    pub fn full(&mut self, now: Duration) {
        if self.full.is_some_and(|before| now < before.saturating_add(SAME_FULL)) {
            return;
        }
        // The refused operation is one of those taken.
        let begun = self.taken.saturating_sub(1).min(self.budget);
        self.budget = (begun * 3 / 4).max(1);
        self.full = Some(now);
        self.successes = 0;
    }
}

#[cfg(test)]
mod tests;
